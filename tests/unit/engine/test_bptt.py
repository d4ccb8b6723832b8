"""The passes: against networks written formula by formula, and every view of one trace."""

import numpy as np
import pytest

from rnnviz.config import Gradient, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.bptt import bind, bind_forward
from rnnviz.engine.initializers import initial_parameters
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from rnnviz.tasks.example import Example
from tests.sampling import each_row, pairwise, singly
from tests.unit.engine.networks import CELLS, HIDDEN, architecture, examples, network, phrase

ELMAN, RELU, GRU, LSTM = CELLS


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def by_hand(named, cell, xs, states=None):
    """The states h after every x, by the formulas of the cell."""
    h = c = np.zeros(HIDDEN) if states is None else None
    if states is not None:
        h, c = states

    def total(gate):
        return named[f"W_x{gate}"] @ x + named[f"W_h{gate}"] @ h + named[f"b_{gate}"]

    found = []
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
        found.append(h)
    return np.array(found), (h, c)


def layer_of(parameters, number, stack=""):
    """The parameters of one layer under their plain names."""
    names = parameters.named()
    ending = f".{number}"
    return {
        name.removeprefix(stack).removesuffix(ending): array
        for name, array in names.items()
        if name.startswith(stack) and name.endswith(ending)
    }


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_the_states_of_two_layers_are_those_of_the_formulas(cell):
    of = architecture(cell, 2)
    parameters, tokens = network(of), [3, 1, 2, 1, 0, 2]
    trace = record(parameters, collate([phrase(tokens, 1)]))
    below, _ = by_hand(layer_of(parameters, 1), cell, np.eye(of.inputs)[tokens])
    above, _ = by_hand(layer_of(parameters, 2), cell, below)
    np.testing.assert_allclose(trace.layers[0].h[:, 0], below, rtol=0, atol=1e-14)
    np.testing.assert_allclose(trace.layers[1].h[:, 0], above, rtol=0, atol=1e-14)
    logits = parameters.W_hy @ above[-1] + parameters.b_y
    np.testing.assert_allclose(trace.logits[0], logits, rtol=0, atol=1e-13)
    np.testing.assert_allclose(trace.probs[0], np.exp(logits) / np.exp(logits).sum(), rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_the_decoder_begins_where_the_encoder_ends(cell):
    of = architecture(cell, 2, encoder=True)
    parameters, given = network(of), examples(of, [4, 1, 3], every=True)
    trace = record(parameters, collate(given))
    columns = trace.batch.owners[: len(given)]
    for b, example in enumerate(given[i] for i in columns):
        xs, ys = np.eye(of.source)[example.source], np.eye(of.inputs)[example.inputs]
        for number in (1, 2):
            xs, last = by_hand(layer_of(parameters, number, "enc."), cell, xs)
            ys, _ = by_hand(layer_of(parameters, number, "dec."), cell, ys, last)
        np.testing.assert_allclose(trace.last.h[: len(ys), b], ys, rtol=0, atol=1e-13)


@each_row("gradient", Gradient)
def test_the_gradient_goes_back_by_the_formula(gradient):
    parameters = network(architecture())
    trace = record(parameters, collate([phrase([3, 1, 2, 1], 2)]), gradient)
    h, dh_all, da_all = trace.last.h, trace.last.dh, trace.last.arrays["da"]
    W_hh = parameters["W_hh"]
    back = W_hh.T if gradient is Gradient.EXACT else W_hh
    dh = parameters.W_hy.T @ (trace.probs[0] - [0, 0, 1])
    for t in (3, 2, 1, 0):
        np.testing.assert_allclose(dh_all[t, 0], dh, rtol=1e-12)
        da = (1 - h[t, 0] ** 2) * dh
        np.testing.assert_allclose(da_all[t, 0], da, rtol=1e-12)
        dh = back @ da


@singly(every=[False, True], cell=CELLS)
def test_sequences_side_by_side_are_read_as_each_alone(cell, every):
    of = architecture(cell, 2)
    parameters, given = network(of), examples(of, [5, 2, 4, 2], every)
    together = record(parameters, collate(given))
    for i, example in enumerate(given):
        alone = record(parameters, collate([example]))
        rows = np.flatnonzero(together.batch.owners == i)
        np.testing.assert_allclose(together.probs[rows], alone.probs, rtol=0, atol=1e-14)
    summed = sum(
        record(parameters, collate([e])).gradient.theta * len(e.targets) for e in given
    ) / len(together.logits)
    np.testing.assert_allclose(together.gradient.theta, summed, rtol=0, atol=1e-13)


@singly(cut=[1, 2, 3], cell=CELLS)
def test_a_cut_keeps_what_comes_later_from_what_was_before(cell, cut):
    of = architecture(cell)
    given = examples(of, [7], every=True)
    whole = record(network(of), collate(given))
    pieces = record(network(of), collate(given), truncate=cut)
    np.testing.assert_array_equal(pieces.probs, whole.probs)
    for start in range(0, 7, cut):
        # Inside a piece the gradient is that of the piece's own answers.
        alone = Trace(of, collate(given))
        there = bind(network(of), alone)
        there.forward()
        there.backward(1 / 7)
        alone.dlogits[[t for t in range(7) if not start <= t < start + cut]] = 0
        there.carry()
        span = slice(start, start + cut)
        np.testing.assert_allclose(pieces.last.dh[span], alone.last.dh[span], rtol=0, atol=1e-14)


@pairwise(cell=CELLS, layers=[1, 2, 3], cut=[1, 3, 4])
def test_a_cut_gradient_is_that_of_pieces_which_begin_with_the_states_before(cell, layers, cut):
    of = architecture(cell, layers=layers)
    (given,) = examples(of, [7], every=True)
    whole = record(network(of), collate([given]), truncate=cut)
    total = np.zeros_like(whole.gradient.theta)
    for start in range(0, 7, cut):
        total += gradient_of_piece(network(of), piece_of(given, start, cut), whole.layers, start)
    np.testing.assert_allclose(whole.gradient.theta, total, rtol=0, atol=1e-14)


def gradient_of_piece(parameters, piece, layers, at):
    """dL/dtheta of a piece of 7 answers that begins with the states before token ``at``."""
    trace = Trace(parameters.architecture, collate([piece]))
    for own, other in zip(trace.stacks[0].layers, layers, strict=True):
        for name in parameters.architecture.cell.states:
            own.arrays[f"{name}_before"][0] = other.arrays[f"{name}_before"][at]
    there = bind(parameters, trace)
    there.forward()
    there.backward(1 / 7)
    return trace.gradient.theta


def piece_of(given, start, cut, source=None):
    """The answers from a token on, ``cut`` of them."""
    part = slice(start, start + cut)
    return Example("", given.inputs[part], given.targets[part], source)


@pairwise(cell=CELLS, layers=[1, 2], cut=[1, 3, 4])
def test_of_an_encoder_the_last_piece_hears_the_decoders_first_one(cell, layers, cut):
    of = architecture(cell, layers=layers, encoder=True)
    parameters = network(of)
    (given,) = examples(of, [7], every=True)
    source = np.array([2, 0, 1, 1, 2, 0, 2, 1])
    given = Example("", given.inputs, given.targets, source)
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
def test_the_way_there_alone_takes_no_memory_for_the_way_back(cell, encoder):
    of = architecture(cell, layers=2, encoder=encoder)
    batch = collate(examples(of, [5, 3], every=True))
    there, both = Trace(of, batch), Trace(of, batch)
    bind_forward(network(of), there)()
    bind(network(of), both).forward()
    one = there.layers[0].empty().nbytes
    assert there.nbytes <= both.nbytes - 2 * one * len(there.layers)
    assert there.probs.tobytes() == both.probs.tobytes()


def test_backward_is_linear_in_its_scale():
    of = architecture()
    trace = Trace(of, collate([phrase([1, 2, 0], 1)]))
    there = bind(network(of), trace)
    there.forward()
    there.backward(1.0)
    whole = trace.last.dh.copy()
    there.backward(0.25)
    np.testing.assert_allclose(trace.last.dh, whole / 4, rtol=1e-14)


@singly(cell=CELLS, precision=["float64", "float32"])
def test_a_long_way_back_ends_in_exact_zeros_instead_of_denormals(cell, precision):
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
    arrays = trace.last.h, trace.last.dh, trace.last.arrays["da"], trace.probs, trace.last.z
    for array in (*arrays, trace.targets):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_the_loss_is_that_of_the_target():
    trace = record(network(architecture()), collate([phrase([0, 3], 2)]))
    assert trace.loss[0] == pytest.approx(-np.log(trace.probs[0, 2]))


@pairwise(cell=CELLS, lengths=[[4], [5, 3, 3, 1]], every=[False, True], encoder=[False, True])
def test_a_thin_trace_has_the_same_answers_and_takes_less_memory(cell, lengths, every, encoder):
    of = architecture(cell, layers=3, encoder=encoder)
    batch = collate(examples(of, lengths, every=every))
    whole, thin = Trace(of, batch), Trace(of, batch, thin=True)
    for trace in (whole, thin):
        forward = bind_forward(network(of), trace)
        for _ in range(2):
            forward()
    assert thin.probs.tobytes() == whole.probs.tobytes()
    for own, other in zip(thin.layers, whole.layers, strict=True):
        assert own.h.tobytes() == other.h.tobytes()
    assert (thin.nbytes < whole.nbytes) != encoder


def test_a_thin_trace_has_the_same_answers_after_other_weights():
    of = architecture(CELLS[3], layers=2)
    batch, parameters = collate(examples(of, [5, 3])), network(of)
    thin = Trace(of, batch, thin=True)
    forward = bind_forward(parameters, thin)
    for seed in (3, 4):
        parameters.theta[...] = network(of, seed=seed).theta
        forward()
        assert thin.probs.tobytes() == record(network(of, seed=seed), batch).probs.tobytes()
