"""One step of the network as a map of its whole state."""

import numpy as np
import pytest

from rnnviz.config import Activation, Loss
from rnnviz.engine.batch import collate
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from rnnviz.probe import state_transition
from rnnviz.probe.state_transition import StateTransition, state_size, states_of
from tests.sampling import pairwise, singly
from tests.unit.engine.networks import CELLS, HIDDEN, INPUTS, architecture, examples, network

cells = pytest.mark.parametrize("cell", CELLS, ids="-".join)
layers = pytest.mark.parametrize("layers", [1, 2, 3])


def some_states(of, count=5):
    return 0.6 * np.random.default_rng(7).standard_normal((count, state_size(of)))


def some_inputs(count=5):
    return np.random.default_rng(8).standard_normal((count, INPUTS))


def close(one, other, atol=1e-14):
    np.testing.assert_allclose(one, other, rtol=0, atol=atol)


def differences(flow, states, inputs, step):
    """D s_t / d s_{t-1}: exact by a complex step, or with an error of O(step^2) by central ones."""
    columns = []
    for i in range(states.shape[1]):
        e = step * np.eye(states.shape[1])[i]
        if np.iscomplex(step):
            columns.append(flow.step(states + e, inputs).imag / abs(step))
        else:
            both = flow.step(states + e, inputs), flow.step(states - e, inputs)
            columns.append((both[0] - both[1]) / (2 * step))
    return np.stack(columns, axis=-1)


@pairwise(cells, layers, encoder={"alone": False, "after an encoder": True})
def test_its_steps_are_those_of_the_forward_pass(cell, layers, encoder):
    of = architecture(cell, layers, encoder)
    parameters, batch = network(of), examples(of, [7, 3], every=True)
    trace, flow = record(parameters, collate(batch)), StateTransition(parameters)
    for sequence, length in enumerate((7, 3)):
        path = states_of(trace, sequence)
        assert path.before.shape == path.after.shape == (length, flow.size)
        close(flow.step(path.before, path.inputs), path.after)
        np.testing.assert_array_equal(path.before[1:], path.after[:-1])
        np.testing.assert_array_equal(path.inputs, np.eye(INPUTS)[batch[sequence].inputs])
        assert path.before[0].any() == encoder
        assert (np.abs(path.whole) <= flow.bound).all()
        np.testing.assert_array_equal(path.whole, [path.before[0], *path.after])


@singly(cells, layers)
def test_the_jacobian_is_that_of_complex_steps(cell, layers):
    of = architecture(cell, layers)
    parameters, states, inputs = network(of), some_states(of), some_inputs()
    if cell[1] is Activation.RELU:
        expected, atol = differences(StateTransition(parameters), states, inputs, 1e-6), 1e-8
    else:
        analytic = StateTransition(parameters.like(parameters.theta.astype(complex)))
        expected, atol = differences(analytic, states, inputs, 1e-30j), 1e-13
    assert np.abs(expected).max() > 0.1
    close(StateTransition(parameters).jacobian(states, inputs), expected, atol)


@cells
def test_states_may_share_an_input_and_are_read_in_parts(cell, monkeypatch):
    of = architecture(cell, 2)
    flow, states, inputs = StateTransition(network(of)), some_states(of, 11), some_inputs(11)
    x = inputs[0]
    np.testing.assert_array_equal(flow.step(states, x), flow.step(states, np.tile(x, (11, 1))))
    at_once = flow.step(states, inputs), flow.jacobian(states, inputs)
    sizes, read = [], state_transition._pass
    monkeypatch.setattr(state_transition, "_BYTES", 8 * 3 * (2 * INPUTS + 2 * 24 * HIDDEN))
    monkeypatch.setattr(
        state_transition, "_pass", lambda p, s, x: sizes.append(len(s)) or read(p, s, x)
    )
    in_parts = flow.step(states, inputs), flow.jacobian(states, inputs)
    assert sizes == [3, 3, 3, 2] * 2
    for one, other in zip(at_once, in_parts, strict=True):
        close(one, other)


@cells
def test_in_a_large_vocabulary_only_the_columns_that_are_not_zero_are_read(cell):
    wide = network(Architecture(400, HIDDEN, 3, *cell, 2))
    flow, states = StateTransition(wide), some_states(wide.architecture)
    for used, value in (([0], 0), ([3], 1.5), ([3, 399], 1.5)):
        x = np.zeros(400)
        x[used] = value
        narrow = Parameters(wide.architecture._replace(inputs=len(used)))
        for name, array in narrow.named().items():
            whole = wide[name]
            array[...] = whole if whole.shape == array.shape else whole[:, used]
        same = StateTransition(narrow)
        close(flow.step(states, x), same.step(states, x[used]))
        close(flow.jacobian(states, x), same.jacobian(states, x[used]))
    (example,) = examples(wide.architecture, [4])
    path = states_of(record(wide, collate([example])))
    np.testing.assert_array_equal(path.inputs, np.eye(400)[example.inputs])
    close(flow.step(path.before, path.inputs), path.after)


@singly(cells, squared={"classes": False, "values": True})
def test_the_answers_at_a_state_are_those_of_the_trace(cell, squared):
    of = architecture(cell, 2, squared=squared)
    parameters = network(of)
    trace = record(parameters, collate(examples(of, [6], every=True)))
    close(StateTransition(parameters).answers(states_of(trace).after), trace.probs)


def test_sizes_and_precision():
    single = Parameters(architecture(), network(architecture()).theta.astype(np.float32))
    assert (
        StateTransition(single).step(some_states(single.architecture), np.zeros(INPUTS)).dtype
        == float
    )
    flow = StateTransition(network(Architecture(2, 3, 2, "gru")))
    assert flow.jacobian(np.zeros((1, 3)), np.zeros(2)).shape == (1, 3, 3)
    assert state_size(Architecture(2, 5, 2, "lstm", layers=3)) == 30
    assert state_size(Architecture(2, 5, 2, layers=3, loss=Loss.SQUARED_ERROR)) == 15
