"""Records of the gradients over the epochs of a run."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe import epoch_series, work
from rnnviz.probe.epoch_series import Record
from rnnviz.probe.gradient_flow import Objective, next_steps, token_contribution
from rnnviz.probe.memory_gauge import eigenvalues, recurrent
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.questions.feed.measure import EPOCH_STEPS as STEPS
from rnnviz.questions.feed.measure import FeedLab
from rnnviz.questions.reach.measure import ReachLab
from rnnviz.questions.right.measure import RightLab
from rnnviz.run.schedule import Position
from rnnviz.tasks.data_source import PRESETS
from tests.sampling import each_row

CONFIG = RunConfig(hidden=6, init_scale=0.3, epochs=60)
PRESET = [(task, p) for task, presets in PRESETS.items() for p in presets]


@pytest.fixture
def run():
    session = Session(CONFIG)
    session.player.advance(10)
    return session


class Clock:
    """A clock that only goes on when it is told to."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (epoch_series, work):
        monkeypatch.setattr(module, "time", clock)
    return clock


class Slow:
    """A measure of which each evaluation takes a second; it keeps the epochs."""

    def __init__(self, clock):
        self.clock, self.epochs = clock, []

    def __call__(self, query):
        self.clock.now += 1
        self.epochs.append(query.state.epoch)
        return query.state.epoch


def query_of(session):
    return session.gradient_query(session.inspect(), Objective.LOSS)


def series(record, session):
    return record.series(session.run, query_of(session))


def develop(record, session, budget):
    return spend(budget, record.develop(session.run, query_of(session)))


def developed(record, session):
    while develop(record, session, 0.05):
        pass
    return series(record, session)


def epochs(record, session):
    return series(record, session).epochs.tolist()


# When a row is made


def test_the_epoch_shown_is_there_at_once_and_a_slow_record_takes_its_share_of_the_time(clock, run):
    measure = Slow(clock)
    record = Record(measure)
    assert epochs(record, run) == measure.epochs == [10]
    for later in (0, 0.1, 3.8):
        clock.now += later
        assert epochs(record, run) == [10], "one second in five"
    clock.now += 0.2
    assert len(epochs(record, run)) == 2
    assert len(measure.epochs) == 2


def test_while_it_waits_a_run_that_plays_shows_the_rows_that_there_are(clock, run):
    record = Record(Slow(clock))
    series(record, run)
    run.player.advance(1)
    # The row of the epoch before is a snapshot's, and stays.
    assert epochs(record, run) == [10]
    clock.now += 4
    assert epochs(record, run) == [10, 11], "the epoch shown comes first"


def test_without_any_row_it_does_not_wait(clock, run):
    record = Record(Slow(clock))
    series(record, run)
    run.ask("not good")
    assert epochs(record, run) == [10]


def test_developed_it_goes_from_coarse_to_fine_and_ends(clock, run):
    measure = Slow(clock)
    record = Record(measure)
    assert develop(record, run, 0) is True
    assert len(measure.epochs) == 1
    assert develop(record, run, 1.5) is True
    assert len(measure.epochs) == 3
    assert develop(record, run, 99) is False
    assert measure.epochs[0] == 10
    assert sorted(measure.epochs) == epochs(record, run) == [*range(11)]
    early = sorted(measure.epochs[:4])
    assert np.diff(early).min() > 1, "far from each other"
    assert develop(record, run, 99) is False
    assert len(measure.epochs) == 11, "each once"


# Which rows there are


def test_of_many_epochs_some_are_kept_and_the_one_shown_while_it_is(run, monkeypatch):
    monkeypatch.setattr(epoch_series, "EPOCHS", 3)
    record = Record(lambda query: query.state.epoch)
    assert developed(record, run).epochs.tolist() == [0, 4, 8, 10]
    run.player.go_to(Position(5))
    assert developed(record, run).epochs.tolist() == [0, 4, 5, 8]


def test_another_phrase_is_another_record_and_a_step_inside_an_epoch_has_no_row(run):
    record = run.lab(FeedLab).shares
    assert developed(record, run).epochs.tolist() == [*range(11)]
    run.player.step_phrase()
    assert developed(record, run).epochs.tolist() == [*range(11)]
    run.ask("not good")
    assert len(epochs(record, run)) <= 2
    assert series(record, run).column("W_hh").shape[1] == 2


def test_rows_before_a_changed_setting_stay_and_later_ones_have_it(run):
    record = Record(lambda query: (query.state.epoch, query.config.lr))
    before = developed(record, run).rows[4]
    run.configure(replace(CONFIG, lr=0.5))
    run.player.advance(2)
    rows = developed(record, run).rows
    assert rows[4] is before
    assert [lr for _, lr in rows] == [CONFIG.lr] * 10 + [0.5] * 3


# What a row is


def records_of(session):
    """The records of the questions about gradients."""
    reach, feed, right = (session.lab(kind) for kind in (ReachLab, FeedLab, RightLab))
    return reach.eigenvalues, feed.shares, feed.clipping, right.comparisons


@each_row("layer", [0, 1])
def test_the_eigenvalues_are_those_of_the_layer_that_is_looked_at(layer):
    session = Session(RunConfig(cell="gru", hidden=4, layers=2, epochs=3))
    session.layer = layer
    weights = session.state.parameters[f"W_hn.{layer + 1}"]
    row = series(session.lab(ReachLab).eigenvalues, session).rows[0]
    np.testing.assert_array_equal(row, eigenvalues(weights)[:8])


def test_a_row_is_what_was_there_at_its_epoch(run):
    eigen, shares, clipping, comparisons = (
        developed(record, run).rows[3] for record in records_of(run)
    )
    run.player.go_to(Position(3))
    np.testing.assert_array_equal(eigen, eigenvalues(recurrent(run.state.parameters))[:8])
    contribution = token_contribution(run.inspect().unrolled(0), run.state.parameters)
    np.testing.assert_allclose(shares.W_hh, contribution.W_hh)
    np.testing.assert_allclose(shares.W_xh, contribution.W_xh)
    steps = next_steps(query_of(run), STEPS)
    np.testing.assert_array_equal(clipping.entries, steps.entries)
    np.testing.assert_array_equal(clipping.angles, steps.angles)
    shares = (clipping.clipped, clipping.entry_share)
    assert shares == ((steps.entries > 0).mean(), steps.entries.mean())
    found = run.lab(RightLab).compare(query_of(run))
    assert (comparisons.errors, comparisons.cosines) == (found.errors, found.cosines)


def test_the_angle_is_that_of_the_step_that_clipping_turns_most():
    session = Session(RunConfig(hidden=6, init_scale=0.3, clip=0.01, epochs=60))
    angles = next_steps(query_of(session), STEPS).angles
    assert angles.max() > np.median(angles) > 0
    row = series(session.lab(FeedLab).clipping, session).rows[0]
    assert row.largest_angle == angles.max()


@each_row(("task", "preset"), PRESET, ids=lambda value: getattr(value, "label", value))
def test_every_preset_has_every_record(task, preset):
    session = Session(preset.config())
    session.run.train(session.run.batch)
    eigen, shares, clipping, comparisons = records_of(session)
    steps = len(session.inspect().unrolled(0))
    assert series(shares, session).column("W_hh").shape == (1, steps)
    assert np.isfinite(series(eigen, session).rows[0]).all()
    assert 0 <= series(clipping, session).rows[0].clipped <= 1
    if session.config.cell == "elman":
        assert series(comparisons, session).rows[0].errors


def test_the_map_is_measured_again_where_a_reset_run_comes_by():
    session = Session(CONFIG)
    session.player.advance(20)

    def drawn():
        return session.memory.past(session.run, session.gradient_query(), 9.0)[1]

    before = drawn()
    session.player.reset()
    drawn()
    session.player.advance(20)
    after = drawn()
    assert after.epochs.tolist() == before.epochs.tolist() == session.run.stored
    np.testing.assert_array_equal(after.norms, before.norms)
