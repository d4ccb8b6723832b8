"""One step of the network as a map of its whole state."""

import numpy as np
import pytest

from rnnviz.analysis import flow_map
from rnnviz.analysis.flow_map import FlowMap, state_size, states_of
from rnnviz.config import Activation, CellKind, Loss
from rnnviz.engine.batch import collate
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from tests.sampling import pairwise, singly
from tests.unit.engine.networks import CELLS, HIDDEN, INPUTS, architecture, examples, network

STEP = 1e-30
cells = pytest.mark.parametrize("cell", CELLS, ids="-".join)
layers = pytest.mark.parametrize("layers", [1, 2, 3])


def some_states(of, count=5, seed=7):
    return 0.6 * np.random.default_rng(seed).standard_normal((count, state_size(of)))


def some_inputs(count=5, seed=8):
    return np.random.default_rng(seed).standard_normal((count, INPUTS))


def complex_step(parameters, states, inputs):
    """d s_t / d s_{t-1}, one column a number of the state, without a difference."""
    flow = FlowMap(Parameters(parameters.architecture, parameters.theta.astype(complex)))
    columns = []
    for number in range(states.shape[1]):
        moved = states.astype(complex)
        moved[:, number] += 1j * STEP
        columns.append(flow.step(moved, inputs).imag / STEP)
    return np.stack(columns, axis=-1)


def central(flow, states, inputs, step=1e-6):
    columns = []
    for number in range(states.shape[1]):
        there, back = states.copy(), states.copy()
        there[:, number] += step
        back[:, number] -= step
        columns.append((flow.step(there, inputs) - flow.step(back, inputs)) / (2 * step))
    return np.stack(columns, axis=-1)


@pairwise(cells, layers, encoder={"alone": False, "after an encoder": True})
def test_token_by_token_it_goes_where_the_whole_pass_went(cell, layers, encoder):
    of = architecture(cell, layers, encoder)
    parameters, given = network(of), examples(of, [7, 3], every=True)
    trace = record(parameters, collate(given))
    flow = FlowMap(parameters)
    for sequence, length in enumerate((7, 3)):
        path = states_of(trace, sequence)
        assert path.before.shape == path.after.shape == (length, flow.size)
        np.testing.assert_allclose(flow.step(path.before, path.inputs), path.after, atol=1e-14)
        np.testing.assert_array_equal(path.before[1:], path.after[:-1])
        np.testing.assert_array_equal(path.inputs, np.eye(INPUTS)[given[sequence].inputs])
        assert path.before[0].any() == encoder
        np.testing.assert_array_equal(path.whole[:-1], path.before)
        np.testing.assert_array_equal(path.whole[1:], path.after)


@singly(cells, layers)
def test_the_jacobian_is_that_of_complex_steps(cell, layers):
    of = architecture(cell, layers)
    parameters, states, inputs = network(of), some_states(of), some_inputs()
    found = FlowMap(parameters).jacobian(states, inputs)
    if cell[1] is Activation.RELU:
        wanted, tolerance = central(FlowMap(parameters), states, inputs), 1e-8
    else:
        wanted, tolerance = complex_step(parameters, states, inputs), 1e-13
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)


def test_of_an_elman_network_it_is_the_slope_times_the_recurrent_weights():
    of = architecture()
    parameters, states = network(of), some_states(of)
    flow, x = FlowMap(parameters), some_inputs()[0]
    h, W_hh = flow.step(states, x), parameters["W_hh"]
    wanted_h = np.tanh(states @ W_hh.T + parameters["W_xh"] @ x + parameters["b_h"])
    np.testing.assert_allclose(h, wanted_h, rtol=0, atol=1e-14)
    wanted = (1 - h**2)[:, :, None] * W_hh
    np.testing.assert_allclose(flow.jacobian(states, x), wanted, rtol=0, atol=1e-14)


@cells
def test_one_input_for_all_states_is_the_same_for_each(cell):
    of = architecture(cell, 2)
    flow, states, x = FlowMap(network(of)), some_states(of), some_inputs()[0]
    each = np.tile(x, (len(states), 1))
    np.testing.assert_array_equal(flow.step(states, x), flow.step(states, each))
    np.testing.assert_array_equal(flow.jacobian(states, x), flow.jacobian(states, each))


@cells
def test_many_states_are_read_in_parts(cell, monkeypatch):
    of = architecture(cell, 2)
    flow, states, inputs = FlowMap(network(of)), some_states(of, 11), some_inputs(11)
    at_once = flow.step(states, inputs), flow.jacobian(states, inputs)
    sizes, read = [], flow_map._pass
    monkeypatch.setattr(flow_map, "_BYTES", 8 * 3 * (2 * INPUTS + 2 * 24 * HIDDEN))
    monkeypatch.setattr(flow_map, "_pass", lambda p, s, x: sizes.append(len(s)) or read(p, s, x))
    in_parts = flow.step(states, inputs), flow.jacobian(states, inputs)
    assert sizes == [3, 3, 3, 2] * 2
    for one, other in zip(at_once, in_parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-14)


@cells
def test_of_a_large_vocabulary_only_what_is_there_is_read(cell):
    words = 400
    wide = network(Architecture(words, HIDDEN, 3, *cell, 2))
    flow, states = FlowMap(wide), some_states(wide.architecture)
    for used, value in (([0], 0), ([3], 1.5), ([3, 399], 1.5)):
        x = np.zeros(words)
        x[used] = value
        narrow = Parameters(wide.architecture._replace(inputs=len(used)))
        for name, array in narrow.named().items():
            whole = wide[name]
            array[...] = whole if whole.shape == array.shape else whole[:, used]
        same = FlowMap(narrow)
        np.testing.assert_allclose(flow.step(states, x), same.step(states, x[used]), atol=1e-14)
        wanted = same.jacobian(states, x[used])
        np.testing.assert_allclose(flow.jacobian(states, x), wanted, atol=1e-14)


def test_the_path_of_a_large_vocabulary_has_all_its_columns():
    of = Architecture(400, 3, 2)
    parameters = network(of)
    (example,) = examples(of, [4])
    path = states_of(record(parameters, collate([example])))
    np.testing.assert_array_equal(path.inputs, np.eye(400)[example.inputs])
    np.testing.assert_allclose(
        FlowMap(parameters).step(path.before, path.inputs), path.after, rtol=0, atol=1e-14
    )


@singly(cells, squared={"classes": False, "values": True})
def test_the_answers_at_a_state_are_those_after_the_token_that_led_there(cell, squared):
    of = architecture(cell, 2, squared=squared)
    parameters = network(of)
    trace = record(parameters, collate(examples(of, [6], every=True)))
    flow, path = FlowMap(parameters), states_of(trace)

    np.testing.assert_allclose(flow.answers(path.after), trace.probs, rtol=0, atol=1e-14)


def test_a_run_in_single_precision_is_followed_in_double():
    single = network(architecture())
    single = Parameters(single.architecture, single.theta.astype(np.float32))
    states = some_states(single.architecture)
    assert FlowMap(single).step(states, np.zeros(INPUTS)).dtype == float


def test_a_single_state_of_a_network_with_two_classes():
    of = Architecture(2, 3, 2, CellKind.GRU)
    flow = FlowMap(network(of))
    assert flow.step(np.zeros((1, 3)), np.zeros(2)).shape == (1, 3)
    assert flow.jacobian(np.zeros((1, 3)), np.zeros(2)).shape == (1, 3, 3)


def test_an_architecture_has_so_many_numbers_in_its_state():
    assert state_size(Architecture(2, 5, 2, CellKind.LSTM, layers=3)) == 30
    assert state_size(Architecture(2, 5, 2, layers=3, loss=Loss.SQUARED_ERROR)) == 15
