"""Questions about the gradients of a run, and what is kept of the answers."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.health import health
from rnnviz.analysis.memory_gauge import eigenvalues, recurrent
from rnnviz.analysis.token_contribution import token_contribution
from rnnviz.config import RunConfig
from rnnviz.engine.training import train_examples
from rnnviz.lab import gradients as module
from rnnviz.lab.gradients import PAST_STEPS, next_steps, row_of
from rnnviz.presets import PRESETS
from rnnviz.session import Session
from rnnviz.training.schedule import Position
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


def past(session, budget=0.0):
    return session.gradients.past(session.run, query_of(session), budget)


def developed(session):
    while session.gradients.develop(session.run, query_of(session), 0.05):
        pass
    return past(session)


QUESTIONS = ["lag", "jacobians", "connectivity", "next_steps", "compare", "by_length"]


def test_an_answer_is_kept_until_what_it_is_about_changes(run):
    def answers(text=None):
        return {name: getattr(run.gradients, name)(query_of(run, text)) for name in QUESTIONS}

    first, second, other = answers(), answers(), answers("not good")
    assert all(first[name] is second[name] for name in QUESTIONS)
    differing = {name for name in QUESTIONS if other[name] is not first[name]}
    assert differing == {"jacobians", "connectivity"}
    for _ in range(2):
        run.player.advance(1)
        later = answers()
        assert all(first[name] is not later[name] for name in QUESTIONS)
    assert len(run.gradients._memo._results) == len(QUESTIONS)


def test_the_lag_is_that_of_all_training_sequences_and_of_its_objective(run):
    loss = run.gradients.lag(query_of(run))
    assert loss.sequences == len(run.dataset.train)
    assert len(loss.median) == max(len(example.inputs) for example in run.dataset.train)
    margin = run.gradients.lag(query_of(run)._replace(objective=Objective.MARGIN))
    assert margin.objective is Objective.MARGIN
    assert not np.allclose(loss.median, margin.median)


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
    work = run.state.parameters.theta.size * max(len(e.inputs) for e in run.dataset.train)
    for limit, count in ((12 * work, 12), (work // 2, 6), (1, 2)):
        monkeypatch.setattr(module, "_WORK", limit)
        assert len(next_steps(query_of(run), 12).entries) == count
    monkeypatch.undo()
    for _ in range(56):
        run.player.step_phrase()
    assert len(next_steps(query_of(run), 32).entries) == 2


# Over the epochs


def test_the_epoch_shown_and_one_more_are_there_at_once_and_in_the_end_every_snapshot(run):
    """Also when a step inside an epoch is shown, and anew for another phrase."""
    assert run.gradients.develop(run.run, query_of(run), 0)
    assert len(run.gradients._past) == 0
    epochs = past(run).epochs.tolist()
    assert (len(epochs), epochs[-1]) == (2, 10)
    assert developed(run).epochs.tolist() == list(range(11))
    run.player.step_phrase()
    assert developed(run).epochs.tolist() == list(range(11))
    run.ask("not good")
    assert len(past(run).epochs) <= 2


@each_row("layer", [0, 1])
def test_the_eigenvalues_are_those_of_the_layer_that_is_looked_at(layer):
    session = Session(RunConfig(cell="gru", hidden=4, layers=2, epochs=3))
    session.layer = layer
    weights = session.state.parameters[f"W_hn.{layer + 1}"]
    np.testing.assert_array_equal(past(session).eigenvalues[0], eigenvalues(weights)[:8])


def test_a_row_is_what_was_there_at_its_epoch(run):
    row = developed(run).rows[3]
    run.player.go_to(Position(3))
    expected = eigenvalues(recurrent(run.state.parameters))[:8]
    np.testing.assert_array_equal(row.eigenvalues, expected)
    contribution = token_contribution(run.inspect().unrolled(0))
    np.testing.assert_allclose(row.shares.W_hh, contribution.W_hh)
    steps = next_steps(query_of(run), PAST_STEPS)
    assert (row.steps, row.entries) == (steps.clipped, steps.entries.mean())
    assert (row.angle, row.ratios) == (np.median(steps.angles), steps.ratio)
    comparison = run.gradients.compare(query_of(run))
    assert (row.errors, row.cosines) == (comparison.errors, comparison.cosines)


def test_an_epoch_shown_between_snapshots_is_there_while_it_is_shown(run, monkeypatch):
    monkeypatch.setattr(module, "EPOCHS", 3)
    assert developed(run).epochs.tolist() == [0, 4, 8, 10]
    run.player.go_to(Position(5))
    assert past(run).epochs.tolist() == [0, 4, 5, 8]


def test_settings_of_their_time_hold(run):
    before = developed(run).rows[4]
    run.configure(replace(CONFIG, lr=0.5))
    run.player.advance(2)
    rows = developed(run).rows
    assert rows[4] is before
    wider = [ratio / rows[9].ratios[name] for name, ratio in rows[12].ratios.items()]
    assert np.median(wider) > 5


# Every task


@each_row(("task", "preset"), PRESET, ids=lambda value: getattr(value, "label", value))
def test_every_preset_can_be_asked_everything(task, preset):
    session = Session(preset.config())
    session.run.train(session.run.batch)
    query = session.gradient_query(session.inspect(), Objective.LOSS)
    assert np.isfinite(session.gradients.lag(query).median).all()
    steps = len(session.inspect().unrolled(0))
    assert session.gradients.connectivity(query).sizes.shape[1] == steps
    row = row_of(query)
    assert len(row.shares.W_hh) == steps
    assert bool(row.errors) == bool(row.cosines) == (session.config.cell == "elman")
    state = session.state
    assert len(health(state.parameters, query.trace, session.settings, state.slots)) == 6
