"""The passes: against networks written formula by formula."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.cancellation import cancellable
from rnnviz.config import Gradient, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.bptt import bind, bind_forward
from rnnviz.engine.parameters import Architecture, Parameters, initial_parameters
from rnnviz.engine.plan import ERRORS
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import backward_again, record
from rnnviz.tasks.dataset import Example
from tests.sampling import pairwise, singly
from tests.unit.engine.networks import (
    CELLS,
    HIDDEN,
    OTHERS,
    architecture,
    examples,
    network,
    phrase,
)

ELMAN, RELU, GRU, LSTM = CELLS


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def by_hand(named, cell, xs, states=None):
    """The states h after every x, and the last states, by the formulas of the cell."""
    h, c = states or (np.zeros(HIDDEN), np.zeros(HIDDEN))

    def total(gate):
        return named[f"W_x{gate}"] @ x + named[f"W_h{gate}"] @ h + named[f"b_{gate}"]

    hs = []
    for x in xs:
        if cell == GRU:
            r, z = sigmoid(total("r")), sigmoid(total("z"))
            memory = named["W_hn"] @ h + named["b_hn"]
            n = np.tanh(named["W_xn"] @ x + named["b_xn"] + r * memory)
            h = (1 - z) * n + z * h
        elif cell == LSTM:
            i, f, o = (sigmoid(total(gate)) for gate in "ifo")
            c = f * c + i * np.tanh(total("g"))
            h = o * np.tanh(c)
        else:
            h = np.tanh(total("h")) if cell == ELMAN else np.maximum(total("h"), 0)
        hs.append(h)
    return np.array(hs), (h, c)


def layer_of(parameters, number, stack):
    """The parameters of one layer under their plain names."""
    return {
        name.removeprefix(stack).removesuffix(f".{number}"): array
        for name, array in parameters.named().items()
        if name.startswith(stack) and name.endswith(f".{number}")
    }


@pairwise(cell=CELLS, encoder=[False, True])
def test_states_and_logits_are_those_of_the_formulas(cell, encoder):
    of = architecture(cell, 2, encoder=encoder)
    parameters, given = network(of), examples(of, [4, 1, 3], every=True)
    trace = record(parameters, collate(given))
    for b, owner in enumerate(trace.batch.owners[: len(given)]):
        hs, last = np.eye(of.inputs)[given[owner].inputs], None
        xs = np.eye(of.source)[given[owner].source] if encoder else None
        for k in (0, 1):
            if encoder:
                xs, last = by_hand(layer_of(parameters, k + 1, "enc."), cell, xs)
            named = layer_of(parameters, k + 1, "dec." if encoder else "")
            hs, _ = by_hand(named, cell, hs, last)
            layer = trace.stacks[-1].layers[k]
            np.testing.assert_allclose(layer.h[: len(hs), b], hs, rtol=0, atol=1e-13)
        logits = hs @ parameters.W_hy.T + parameters.b_y
        rows = np.flatnonzero(trace.batch.owners == owner)
        np.testing.assert_allclose(trace.logits[rows], logits, rtol=0, atol=1e-13)


@pairwise(cell=CELLS, layers=[1, 2, 3], cut=[1, 3, 4], every=[False, True])
def test_a_cut_gradient_is_that_of_pieces_which_begin_with_the_states_before(
    cell, layers, cut, every
):
    of = architecture(cell, layers=layers)
    (given,) = examples(of, [7], every=True)
    starts = [*range(0, 7, cut)]
    if not every:
        given, starts = Example("", given.inputs, given.targets[-1:]), starts[-1:]
    whole = record(network(of), collate([given]), truncate=cut)
    total = np.zeros_like(whole.gradient.theta)
    for start in starts:
        piece = piece_of(given, start, cut)
        total += gradient_of_piece(network(of), piece, whole.layers, start, 7 if every else 1)
    np.testing.assert_allclose(whole.gradient.theta, total, rtol=0, atol=1e-14)
    assert every or not whole.last.dh[: starts[-1]].any()


def gradient_of_piece(parameters, piece, layers, at, outputs=7):
    """dL/dtheta of a piece of ``outputs`` that begins with the states before token ``at``."""
    trace = Trace(parameters.architecture, collate([piece]))
    for own, other in zip(trace.stacks[0].layers, layers, strict=True):
        for name in parameters.architecture.cell.states:
            own.arrays[f"{name}_before"][0] = other.arrays[f"{name}_before"][at]
    bound = bind(parameters, trace)
    bound.forward()
    bound.backward(1 / outputs)
    return trace.gradient.theta


def piece_of(given, start, cut, source=None):
    """The tokens and targets from ``start`` on, ``cut`` of them."""
    part = slice(start, start + cut)
    targets = given.targets[part] if len(given.targets) > 1 else given.targets
    return Example("", given.inputs[part], targets, source)


@pairwise(cell=CELLS, layers=[1, 2], cut=[1, 3, 4])
def test_the_encoders_last_piece_gets_the_gradient_of_the_decoders_first(cell, layers, cut):
    of = architecture(cell, layers=layers, encoder=True)
    parameters = network(of)
    source = np.array([2, 0, 1, 1, 2, 0, 2, 1])
    given = replace(*examples(of, [7], every=True), source=source)
    whole = record(parameters, collate([given]), truncate=cut)
    encoder, decoder = (stack.layers for stack in whole.stacks)
    read = (len(source) - 1) // cut * cut
    total = gradient_of_piece(parameters, piece_of(given, 0, cut, source[read:]), encoder, read)
    alone = Parameters(of._replace(source=0))
    alone.theta[:] = parameters.theta[-len(alone.theta) :]
    for start in range(cut, 7, cut):
        piece = piece_of(given, start, cut)
        total[-len(alone.theta) :] += gradient_of_piece(alone, piece, decoder, start)
    np.testing.assert_allclose(whole.gradient.theta, total, rtol=0, atol=1e-14)


@singly(cell=CELLS, encoder=[False, True])
def test_a_forward_pass_takes_no_memory_for_gradients(cell, encoder):
    of = architecture(cell, layers=2, encoder=encoder)
    batch = collate(examples(of, [5, 3], every=True))
    forward, both = Trace(of, batch), Trace(of, batch)
    bind_forward(network(of), forward)()
    bind(network(of), both).forward()
    one = forward.layers[0].empty().nbytes
    assert forward.nbytes <= both.nbytes - 2 * one * len(forward.layers)
    assert forward.probs.tobytes() == both.probs.tobytes()


@singly(cell=CELLS, precision=["float64", "float32"])
def test_a_long_backward_pass_ends_in_exact_zeros_instead_of_denormals(cell, precision):
    of = Architecture(5, 7, 2, *cell)
    config = RunConfig(init_scale=1e-3, dtype=precision, cell=cell[0], forget_bias=-5)
    trace = record(initial_parameters(of, config), collate([phrase(np.arange(800) % 5, 1)]))
    sizes = np.abs(trace.last.dh[:, 0]).max(axis=1)
    tiny = np.finfo(precision).tiny
    assert sizes.dtype == precision
    assert sizes[0] == 0
    assert ((sizes == 0) | (sizes > tiny)).all()
    assert (sizes[-5:] > 0).all()


def test_a_frozen_trace_cannot_be_written():
    trace = record(network(architecture()), collate([phrase([0, 1], 0)]))
    arrays = trace.last.h, trace.last.dh, trace.last.arrays[ERRORS], trace.probs, trace.last.z
    for array in (*arrays, trace.targets):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pairwise(cell=CELLS, lengths=[[4], [5, 3, 3, 1]], every=[False, True], encoder=[False, True])
def test_a_thin_trace_has_the_same_outputs_and_takes_less_memory(cell, lengths, every, encoder):
    of = architecture(cell, layers=3, encoder=encoder)
    batch, parameters = collate(examples(of, lengths, every=every)), network(of)
    traces = Trace(of, batch), Trace(of, batch, thin=True)
    kernels = [bind_forward(parameters, trace) for trace in traces]
    for seed in (3, 4):
        parameters.theta[...] = network(of, seed).theta
        for kernel in kernels:
            kernel()
        for own, other in zip(*(trace.layers for trace in traces), strict=True):
            assert own.h.tobytes() == other.h.tobytes()
        assert traces[0].probs.tobytes() == traces[1].probs.tobytes()
    assert (traces[1].nbytes < traces[0].nbytes) != encoder
    if not encoder:
        with pytest.raises(ValueError, match="A thin trace has no backward pass"):
            bind(parameters, traces[1])


@pairwise(
    cell=[*CELLS, *OTHERS],
    layers=[1, 2],
    encoder=[False, True],
    read=[((5,), False), ((5,), True), ((4, 2, 4), True)],
    rule=[(Gradient.EXACT, 0), (Gradient.EXACT, 2), (Gradient.NOTEBOOK, 0)],
)
def test_another_backward_pass_is_that_of_a_new_trace(cell, layers, encoder, read, rule):
    of, (lengths, every) = architecture(cell, layers, encoder), read
    parameters, batch = network(of), collate(examples(of, lengths, every))

    def seed(trace):
        trace.dlogits[...] = 1 + trace.logits

    first, known = record(parameters, batch), record(parameters, batch)
    again = backward_again(parameters, first, seed, *rule)
    new = record(parameters, batch, *rule, seed)
    np.testing.assert_array_equal(again.gradient.theta, new.gradient.theta)
    for one, other, own, left in zip(
        again.layers, new.layers, first.layers, known.layers, strict=True
    ):
        for name, array in other.arrays.items():
            np.testing.assert_array_equal(one.arrays[name], array, name)
            np.testing.assert_array_equal(own.arrays[name], left.arrays[name], name)
        np.testing.assert_array_equal(one.dh, other.dh)
        assert one.h is own.h and not one.dh.flags.writeable


def test_another_backward_pass_can_be_cancelled_too():
    of = architecture()
    trace = record(parameters := network(of), collate(examples(of, [3])))
    with cancellable(lambda: 1 / 0), pytest.raises(ZeroDivisionError):
        backward_again(parameters, trace, lambda again: None)
