"""What is left of a token in the memory, and of the gradient, as shares."""

import tracemalloc

import numpy as np
import pytest

from rnnviz.cells import cell_names
from rnnviz.config import Gradient, RunConfig, TaskName
from rnnviz.engine.batch import collate
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import record
from rnnviz.probe.comparison import RetentionLab
from rnnviz.probe.memory_gauge import BackwardRule
from rnnviz.probe.retention import (
    FORGOTTEN,
    Retention,
    gradient_shares,
    memory_shares,
    memory_states,
    other_inputs,
)
from rnnviz.probe.session import Session
from rnnviz.tasks.data_source import PRESETS
from rnnviz.tasks.dataset import Example


def measured(session, token=0, layer=-1):
    parameters, probe = session.state.parameters, session.inspect()
    others = other_inputs(session.dataset, probe.example, token)
    memory = memory_shares(parameters, probe.example, token, others, layer)
    gradient = gradient_shares(parameters, probe.trace, BackwardRule(layer=layer))
    return Retention(token, memory, gradient)


def preset(label, epochs=0):
    (found,) = (one for one in PRESETS[TaskName.RECALL] if one.label == label)
    session = Session(found.config())
    session.player.advance(epochs)
    return session


@pytest.mark.parametrize("kept", [0.5, 1.0, 1.25])
def test_a_cell_that_keeps_a_share_of_its_state_keeps_that_share_of_a_token(kept):
    """h_t = a h_{t-1} + W x: a to the power of the tokens between, there and back."""
    equations = f"h = {kept} * h + W @ x"
    session = Session(RunConfig(cell="own", equations=equations, hidden=5))
    session.ask("i am not very happy")
    found = measured(session, 1)
    assert np.isnan(found.memory[0])
    np.testing.assert_allclose(found.memory[1:], kept ** np.arange(4.0))
    np.testing.assert_allclose(found.gradient, kept ** np.arange(4.0, -1, -1))
    assert found.lasts == 3


def test_an_elman_cell_by_hand():
    session = Session(RunConfig(hidden=4, init_scale=0.6))
    session.ask("i am not bad")
    own, probe = session.state.parameters, session.inspect()

    def states(tokens):
        h, path = np.zeros(4), []
        for token in tokens:
            h = np.tanh(own["W_xh"][:, token] + own["W_hh"] @ h + own["b_h"])
            path.append(h)
        return np.array(path)

    read = probe.example.inputs
    paths = [states([*read[:1], k, *read[2:]]) for k in range(18) if k != read[1]]
    away = np.mean([np.linalg.norm(path - states(read), axis=1) for path in paths], axis=0)
    np.testing.assert_allclose(measured(session, 1).memory[1:], (away / away[1])[1:])
    backs, path = [np.array([1.0, -1.0]) @ own["W_hy"]], states(read)
    for h in path[:0:-1]:
        backs.append(own["W_hh"].T @ ((1 - h**2) * backs[-1]))
    norms = np.linalg.norm(backs[::-1], axis=1)
    np.testing.assert_allclose(measured(session, 1).gradient, norms / norms[-1])


def test_at_lag_20_the_lstm_keeps_nearly_half_of_the_letter_and_elman_nothing():
    elman, lstm = (measured(preset(label)) for label in ("Elman, lag 20", "LSTM, lag 20"))
    assert elman.memory[-1] < 1e-15
    assert elman.gradient[0] < 1e-17
    assert lstm.memory[-1] == pytest.approx(0.44, abs=0.01)
    assert lstm.gradient[0] == pytest.approx(0.41, abs=0.01)
    assert (elman.lasts, lstm.lasts) == (1, 20)


def test_the_gradient_is_that_of_the_rule_of_the_training():
    session = Session(RunConfig(hidden=5, init_scale=0.4))
    session.ask("i am not good")
    parameters, trace = session.state.parameters, session.inspect().trace
    exact, notebook, cut = (
        gradient_shares(parameters, trace, rule)
        for rule in (BackwardRule(), BackwardRule(Gradient.NOTEBOOK), BackwardRule(truncate=2))
    )
    assert not np.allclose(exact, notebook)
    assert (cut > 0).tolist() == [False, False, True, True]
    data = RunConfig(hidden=5, init_scale=0.4, gradient="notebook", truncate=2)
    session = Session(data)
    session.ask("i am not good")
    found = session.lab(RetentionLab).now(session, session.inspect(), 0)
    rule = BackwardRule(Gradient.NOTEBOOK, 2)
    np.testing.assert_allclose(found.gradient, gradient_shares(parameters, trace, rule))


def test_a_sure_answer_has_the_same_shares_as_an_unsure_one():
    session = Session(RunConfig(hidden=5, init_scale=0.4))
    session.ask("i am not good")
    parameters, example = session.state.parameters.copy(), session.inspect().example
    before = gradient_shares(parameters, record(parameters, collate([example])))
    parameters["b_y"][example.target] = 1e4
    after = gradient_shares(parameters, record(parameters, collate([example])))
    np.testing.assert_allclose(after, before)


@pytest.mark.parametrize(
    ("cell", "names"),
    [("elman", ["h"]), ("gru", ["h"]), ("lstm", ["c"]), ("peephole", ["c"]), ("leaky", ["s"]),
     ("lru", ["p", "q"]), ("cornn", ["z", "y"]), ("slstm", ["c"])],
)  # fmt: skip
def test_the_memory_is_the_state_that_keeps_and_its_other_part(cell, names):
    assert memory_states(Session(RunConfig(cell=cell)).state.parameters.architecture.cell) == names


@pytest.mark.parametrize(
    "equations",
    ["h = W_h @ x + z\nz = W_z @ x", "h = W @ x + U @ z\nz = tanh(V @ x)",
     "h = tanh(W @ x + p)\np = q\nq = V @ x"],
)  # fmt: skip
def test_a_cell_whose_output_is_no_state_has_all_states_as_its_memory(equations):
    session = Session(RunConfig(cell="own", equations=equations, hidden=4, init_scale=0.5))
    cell = session.state.parameters.architecture.cell
    assert memory_states(cell) == cell.states and "h" not in cell.states
    found = measured(session, 1)
    assert len(found.memory) == len(found.gradient)
    assert 1 in found.gradient, "the answer reads the state before its token"


@pytest.mark.parametrize("cell", [name for name in cell_names() if name != "own"])
@pytest.mark.parametrize("layers", [1, 2])
def test_every_cell_is_measured_in_every_layer(cell, layers):
    session = Session(RunConfig(cell=cell, layers=layers, hidden=4, init_scale=0.5))
    for layer in range(layers):
        found = measured(session, 1, layer)
        assert found.memory[1] == 1 == found.gradient[-1]
        assert np.isfinite(found.memory[1:]).all()


@pytest.mark.parametrize("task", TaskName)
def test_every_task_is_measured_up_to_its_last_answer(task):
    session = Session(RunConfig(task=task, hidden=4, init_scale=0.5))
    found, probe = measured(session, 1), session.inspect()
    assert len(found.memory) == len(found.gradient) == len(probe.unrolled(-1))
    assert found.memory[1] == 1
    assert np.isfinite(found.memory[1:]).all()
    assert np.nanmax(found.gradient) >= 1


def test_with_nothing_else_to_read_there_is_nothing_to_compare():
    session = Session(RunConfig(hidden=4))
    probe = session.inspect()
    memory = memory_shares(session.state.parameters, probe.example, 0, np.empty(0, int))
    assert np.isnan(memory).all()
    assert Retention(0, memory, memory).lasts == 0


def test_it_lasts_until_less_than_a_twentieth_is_left_for_good():
    left = np.array([np.nan, 1.0, 0.01, FORGOTTEN, 0.04, 0.0])
    assert Retention(1, left, left).lasts == 2


@pytest.mark.parametrize("task", ["sentiment", "translation"])
def test_with_little_memory_few_others_are_read_at_once(monkeypatch, task):
    session = Session(RunConfig(task=task, hidden=4, init_scale=0.5))
    together = measured(session, 1)
    monkeypatch.setattr("rnnviz.probe.passes._NUMBERS", 1)
    np.testing.assert_allclose(measured(session, 1).memory, together.memory)


def test_a_large_vocabulary_takes_little_memory():
    """All answers to a phrase with 64 others in a token's place would take 470 MB here."""
    of = Session(RunConfig(task="characters", hidden=4)).state.parameters.architecture
    parameters, read = Parameters(of._replace(inputs=3000, outputs=3000)), np.arange(100)
    tracemalloc.start()
    memory_shares(parameters, Example("", read, read), 0, np.arange(1, 65))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 25_000_000
