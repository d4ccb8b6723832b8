"""Questions about the gradients of a run, and what is kept of the answers."""

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.training import train_examples
from rnnviz.probe import gradient_flow as module
from rnnviz.probe import work as chunks
from rnnviz.probe.epoch_series import EpochSeries, flow
from rnnviz.probe.gradient_flow import (
    Comparison,
    NextStepStats,
    Objective,
    TokenContribution,
    next_steps,
)
from rnnviz.probe.health import health
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.questions.feed.measure import FeedLab
from rnnviz.questions.reach.measure import ReachLab
from rnnviz.questions.right.measure import RightLab
from rnnviz.tasks.data_source import PRESETS
from tests.lag_profile import lag_profile
from tests.sampling import each_row

CONFIG = RunConfig(hidden=6, init_scale=0.3, epochs=60)
PRESET = [(task, p) for task, presets in PRESETS.items() for p in presets]


@pytest.fixture
def run():
    session = Session(CONFIG)
    session.player.advance(10)
    return session


def query_of(session, text=None):
    return session.gradient_query(session.inspect(text), Objective.LOSS)


#: What is asked of the phrase, and of the run alone.
OF_PHRASE = {"reach", "jacobians", "connectivity", "by_token"}
QUESTIONS = [*OF_PHRASE, "lag", "next_steps", "compare", "by_length"]


def labs_of(session):
    """The labs of the three questions about gradients."""
    return [session.lab(kind) for kind in (ReachLab, FeedLab, RightLab)]


def asked(session, name):
    """The analysis of that name, of the lab that has it."""
    return next(getattr(lab, name) for lab in labs_of(session) if hasattr(lab, name))


def test_an_answer_is_kept_until_what_it_is_about_changes(run):
    def answers(text=None):
        return {name: asked(run, name)(query_of(run, text)) for name in QUESTIONS}

    first, second, other = answers(), answers(), answers("not good")
    assert all(first[name] is second[name] for name in QUESTIONS)
    differing = {name for name in QUESTIONS if other[name] is not first[name]}
    assert differing == OF_PHRASE
    for _ in range(2):
        run.player.advance(1)
        later = answers()
        assert all(first[name] is not later[name] for name in QUESTIONS)
    # The lag is made of pieces, which are kept, too.
    assert sum(len(lab._memo._results) for lab in labs_of(run)) == len(QUESTIONS) + 1


def test_of_much_data_the_lag_is_that_of_a_random_sample_first(run, monkeypatch):
    query = query_of(run)
    monkeypatch.setattr(chunks, "_CHUNK", 60 * query.state.parameters.theta.size)
    coarse, every = run.lab(ReachLab).lag(query), len(run.dataset.train)
    assert 5 < coarse.sequences < every / 2
    assert run.lab(ReachLab).lag(query) is coarse
    while spend(1e-5, run.lab(ReachLab).read_on(query)):
        assert coarse.sequences < run.lab(ReachLab).lag(query).sequences < every
    found = run.lab(ReachLab).lag(query)
    whole = lag_profile(query.state.parameters, query.examples, query.objective)
    assert found.sequences == whole.sequences == every
    for name in ("median", "low", "high", "bound"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=1e-12)


def test_the_lag_is_that_of_all_training_sequences_and_of_its_objective(run):
    """Of two classes both objectives have the same direction, and so the same shares."""
    loss = run.lab(ReachLab).lag(query_of(run))
    assert loss.sequences == len(run.dataset.train)
    assert len(loss.median) == max(len(example.inputs) for example in run.dataset.train)
    margin = run.lab(ReachLab).lag(query_of(run)._replace(objective=Objective.MARGIN))
    assert margin.objective is Objective.MARGIN
    np.testing.assert_allclose(loss.median, margin.median)


def test_the_reach_is_of_the_last_answer_alone():
    """Earlier answers add gradients at other lags: the lag profile leaves them out, too."""
    session = Session(RunConfig(task="brackets", hidden=6, init="xavier", batch=16, epochs=9))
    query, example = query_of(session), session.inspect().example
    profile = session.lab(ReachLab).lag(query._replace(examples=[example]))
    found = session.lab(ReachLab).reach(query)
    np.testing.assert_allclose(found.norms[::-1], profile.median, rtol=1e-9)
    assert not np.allclose(found.norms, flow(query).norms)
    margin = query._replace(objective=Objective.MARGIN)
    assert session.lab(ReachLab).reach(margin).objective is Objective.MARGIN


def test_with_one_answer_the_reach_is_the_gradient_of_the_phrase_as_shares(run):
    query = query_of(run)
    norms = flow(query).norms
    np.testing.assert_allclose(run.lab(ReachLab).reach(query).norms, norms / norms[-1], rtol=1e-12)


# The next steps


def test_the_first_step_surveyed_is_the_one_that_training_takes(run):
    steps = next_steps(query_of(run), 4)
    config = run.run.schedule.last
    after = train_examples(run.state, run.run._borrow_buffers(), config, 1)
    for name, before in run.state.parameters.named().items():
        moved = np.linalg.norm(after.parameters[name] - before) / np.linalg.norm(before)
        assert steps.ratios[name][0] == pytest.approx(moved, rel=1e-9)
    assert len(steps.entries) == 4


def test_of_a_large_network_and_at_the_end_of_an_epoch_fewer_steps_are_surveyed(run, monkeypatch):
    longest = max(len(e.inputs) for e in run.dataset.train)
    work = run.state.parameters.theta.size * (longest + module._STEP)
    for limit, count in ((12 * work, 12), (work // 2, 6), (1, 2)):
        monkeypatch.setattr(module, "_WORK", limit)
        assert len(next_steps(query_of(run), 12).entries) == count
    monkeypatch.undo()
    for _ in range(56):
        run.player.step_phrase()
    assert len(next_steps(query_of(run), 32).entries) == 2


# Every task


@each_row(("task", "preset"), PRESET, ids=lambda value: getattr(value, "label", value))
def test_every_preset_can_be_asked_everything(task, preset):
    session = Session(preset.config())
    session.run.train(session.run.batch)
    query = session.gradient_query(session.inspect(), Objective.LOSS)
    assert np.isfinite(session.lab(ReachLab).lag(query).median).all()
    steps = len(session.inspect().unrolled(0))
    assert session.lab(ReachLab).connectivity(query)[1].shape[1] == steps
    state = session.state
    assert len(health(state.parameters, query.trace, session.settings, state.slots)) == 6


# Rows over the epochs


def series(*epochs, of):
    return EpochSeries(np.array(epochs, int), tuple(map(of, epochs)))


def test_a_series_has_one_number_or_array_for_every_epoch():
    clipping = series(0, 2, 4, of=lambda e: NextStepStats(np.zeros(2), np.array([0.0, e]), {}))
    assert clipping.column("largest_angle").tolist() == [0, 2, 4]
    shares = series(0, 2, of=lambda e: TokenContribution(np.full(3, e), np.zeros(3)))
    assert shares.column("W_hh").tolist() == [[0] * 3, [2] * 3]


def test_a_table_has_the_numbers_of_each_parameter():
    def row(epoch):
        return Comparison({}, {}, {}, {"W_hh": epoch + 0.5, "b_y": 1.0})

    table = series(0, 2, of=row).table("errors")
    assert {name: column.tolist() for name, column in table.items()} == {
        "W_hh": [0.5, 2.5], "b_y": [1, 1],
    }  # fmt: skip
    assert len(series(of=row).table("errors")) == len(series(of=row).column("errors")) == 0


def test_the_nearest_epoch_is_found_on_both_sides():
    numbers = series(0, 10, 20, of=int)
    assert [numbers.nearest(epoch) for epoch in (0, 4, 6, 14, 16, 99)] == [0, 0, 1, 1, 2, 2]
