"""Questions about the gradients of a run, and what is kept of the answers."""

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

PRESET = [(task, p) for task, presets in PRESETS.items() for p in presets]


@pytest.fixture
def run():
    session = Session(RunConfig(hidden=6, init_scale=0.3, epochs=60))
    session.player.advance(10)
    return session


def query_of(session, text=None):
    return session.gradient_query(session.inspect(text), Objective.LOSS)


QUESTIONS = ["lag", "jacobians", "connectivity", "next_steps", "compare", "by_length"]


@each_row("question", QUESTIONS)
def test_an_answer_is_kept_until_the_network_changes(run, question):
    ask = getattr(run.gradients, question)
    first = ask(query_of(run))
    assert ask(query_of(run)) is first
    run.player.advance(1)
    assert ask(query_of(run)) is not first


@pytest.mark.parametrize("question", ["jacobians", "connectivity"])
def test_what_is_asked_of_a_phrase_is_asked_anew_of_another(run, question):
    ask = getattr(run.gradients, question)
    first = ask(query_of(run))
    assert ask(query_of(run, "not good")) is not first


def test_the_lag_is_asked_anew_of_another_objective(run):
    loss = run.gradients.lag(query_of(run))
    margin = run.gradients.lag(query_of(run)._replace(objective=Objective.MARGIN))
    assert margin.objective is Objective.MARGIN
    assert not np.allclose(loss.median, margin.median)


def test_the_lag_is_that_of_all_training_sequences(run):
    found = run.gradients.lag(query_of(run))
    assert found.sequences == len(run.dataset.train)
    assert len(found.median) == max(len(example.inputs) for example in run.dataset.train)


def test_little_is_kept(run):
    for _ in range(3):
        for question in QUESTIONS:
            getattr(run.gradients, question)(query_of(run))
        run.player.advance(1)
    assert len(run.gradients._memo._results) == len(QUESTIONS)


# The next steps


def test_the_first_step_surveyed_is_the_one_that_training_takes(run):
    query = query_of(run)
    seen = next_steps(query, 4)
    after = train_examples(run.state, run.run._borrow_buffers(), run.config, 1)
    for name, before in run.state.parameters.named().items():
        moved = np.linalg.norm(after.parameters[name] - before) / np.linalg.norm(before)
        assert seen.ratios[name][0] == pytest.approx(moved, rel=1e-9)
    assert len(seen.entries) == 4


def test_at_the_end_of_an_epoch_only_what_is_left_is_surveyed(run):
    for _ in range(56):
        run.player.step_phrase()
    assert len(next_steps(query_of(run), 32).entries) == 2


def test_of_a_large_network_fewer_steps_are_surveyed(run, monkeypatch):
    theta, longest = run.state.parameters.theta.size, 10
    monkeypatch.setattr(module, "_WORK", theta * longest // 2)
    assert len(next_steps(query_of(run), 12).entries) == 6
    monkeypatch.setattr(module, "_WORK", 1)
    assert len(next_steps(query_of(run), 12).entries) == 2


# Over the epochs


def pages(session, budget=0.0):
    return session.gradients.past(session.run, query_of(session), budget)


def develop(session):
    while session.gradients.develop(session.run, query_of(session), 0.05):
        pass
    return pages(session)


def test_at_once_the_epoch_shown_and_one_more_are_there(run):
    assert 1 <= len(pages(run).epochs) <= 2
    assert 10 in pages(run).epochs


def test_in_the_end_every_snapshot_is_there(run):
    assert develop(run).epochs.tolist() == list(range(11))


@each_row("layer", [0, 1])
def test_the_eigenvalues_are_those_of_the_layer_that_is_looked_at(layer):
    session = Session(RunConfig(cell="gru", hidden=4, layers=2, epochs=3))
    session.layer = layer
    weights = session.state.parameters[f"W_hn.{layer + 1}"]
    np.testing.assert_array_equal(pages(session).eigenvalues[0], eigenvalues(weights)[:8])


def test_without_time_nothing_is_developed_but_it_is_known_that_something_lacks(run):
    assert run.gradients.develop(run.run, query_of(run), 0)
    assert len(run.gradients._past) == 0


def test_an_entry_is_what_was_there_at_its_epoch(run):
    found = develop(run)
    run.player.go_to(Position(3))
    state, row = run.state, found.rows[3]
    wanted = eigenvalues(recurrent(state.parameters))[:8]
    np.testing.assert_array_equal(row.eigenvalues, wanted)
    unrolled = run.inspect().unrolled(0)
    np.testing.assert_allclose(row.shares.W_hh, token_contribution(unrolled).W_hh)
    assert row.ratios == next_steps(query_of(run), PAST_STEPS).ratio
    beside = run.gradients.compare(query_of(run))
    assert row.errors["W_hh"] == beside.errors["W_hh"]
    assert row.cosines["W_hh"] == beside.cosines["W_hh"]


def test_an_epoch_shown_between_snapshots_is_there_while_it_is_shown(run, monkeypatch):
    monkeypatch.setattr(module, "EPOCHS", 3)
    develop(run)
    assert pages(run).epochs.tolist() == [0, 4, 8, 10]
    run.player.go_to(Position(5))
    assert pages(run).epochs.tolist() == [0, 4, 5, 8]


def test_inside_an_epoch_only_whole_epochs_are_there(run):
    run.player.step_phrase()
    assert develop(run).epochs.tolist() == list(range(11))


def test_another_phrase_begins_anew(run):
    develop(run)
    run.ask("not good")
    assert len(pages(run).epochs) <= 2


def test_settings_of_their_time_hold(run):
    before = develop(run).rows[4]
    run.configure(RunConfig(hidden=6, init_scale=0.3, epochs=60, lr=0.5))
    run.player.advance(2)
    found = develop(run)
    assert found.rows[4] is before
    wider = {
        name: ratio / found.rows[9].ratios[name] for name, ratio in found.rows[12].ratios.items()
    }
    assert np.median(list(wider.values())) > 5


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
    signs = health(state.parameters, query.trace, session.settings, state.slots)
    assert len(signs) == 6
