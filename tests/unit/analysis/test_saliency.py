"""Each token's share in the answer: on paper, against complex steps, and complete."""

import numpy as np
import pytest

from rnnviz.analysis.saliency import Answer, input_gradients, logit_margin, saliency
from rnnviz.engine.batch import Batch, Sequences, collate
from rnnviz.engine.bptt import bind
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from tests.sampling import each_row, pairwise, singly
from tests.unit.analysis.by_hand import phrase, tally
from tests.unit.engine.networks import CELLS, architecture, examples, network

KINDS = {
    "verdict": (False, False, False),
    "every": (True, False, False),
    "values": (True, True, False),
    "translation": (True, False, True),
}
CASES = pytest.mark.parametrize("cell", CELLS, ids="-".join)
KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
LAYERS = pytest.mark.parametrize("layers", [1, 3])


def case(cell, layers, kind, length=4):
    every, values, encoder = kind
    of = architecture(cell, layers, encoder, squared=values)
    (example,) = examples(of, [length], every, values)
    return network(of), example


def explained(parameters, example, every=False):
    trace = record(parameters, collate([example]))
    return saliency(parameters, example, logit_margin(trace, ("A", "B", "C"), every))


@each_row("c", [0.0, 0.5, 1.0, 2.0])
def test_on_a_linear_network_all_of_it_can_be_worked_out(c):
    """Reading "abc": m = c^2 w_a + c w_b + w_c + bias, with w = 1, 2, 4 and bias 0.5."""
    found = explained(tally(c), phrase("abc"))
    shares = [c**2, 2 * c, 4]
    assert found.whole == pytest.approx(sum(shares) + 0.5)
    assert found.empty == pytest.approx(0.5)
    assert found.gradient_input == pytest.approx(shares)
    assert found.integrated == pytest.approx(shares)
    assert found.gap == pytest.approx(0, abs=1e-12)
    without = [2 * c + 4, c + 4, c + 2]
    assert found.occlusion == pytest.approx(sum(shares) - np.array(without))


@pairwise(CASES, LAYERS, KIND)
def test_the_gradient_of_the_inputs_is_that_of_complex_steps(cell, layers, kind):
    parameters, example = case(cell, layers, kind)
    trace = record(parameters, collate([example]))
    answer = logit_margin(trace, ("A", "B", "C"), every=True)
    seeded = Trace(trace.architecture, trace.batch)
    there = bind(parameters, seeded)
    there.forward()
    seeded.dlogits[...] = answer.weights
    there.carry()
    found = input_gradients(parameters, seeded)
    assert len(found) == len(trace.stacks)
    for stack, gradient in enumerate(found):
        for t, d in np.ndindex(gradient.shape[0], gradient.shape[2]):
            nudged = complex_answer(parameters, trace.batch, answer, (stack, t, d))
            assert gradient[t, 0, d] == pytest.approx(nudged, abs=1e-12)


def complex_answer(parameters, batch, answer, place):
    """Im m(x + i e) / e, with e at one place of the inputs."""
    stack, t, d = place
    trace = Trace(parameters.architecture, batch, complex)
    trace.stacks[stack].layers[0].x[t, 0, d] += 1e-30j
    shifted = parameters.like(parameters.theta.astype(complex))
    bind(shifted, trace).forward()
    return (answer.weights * trace.logits).sum().imag / 1e-30


@pairwise(CASES, LAYERS, KIND, every=[False, True])
def test_integrated_gradients_are_complete(cell, layers, kind, every):
    parameters, example = case(cell, layers, kind)
    found = explained(parameters, example, every)
    assert found.whole != pytest.approx(found.empty)
    # A rectifier's gradient jumps on the way, where quadrature is less exact.
    error = abs(found.gap) / np.abs(found.integrated).sum()
    assert error < (0.02 if cell[1] == "relu" else 1e-9)


@singly(CASES, KIND)
def test_m_is_that_of_the_trace_and_of_inputs_of_zero(cell, kind):
    parameters, example = case(cell, 1, kind)
    trace = record(parameters, collate([example]))
    answer = logit_margin(trace, ("A", "B", "C"), every=False)
    found = saliency(parameters, example, answer)
    assert found.whole == pytest.approx((answer.weights * trace.logits).sum())
    quiet = Trace(trace.architecture, trace.batch)
    for stack in quiet.stacks:
        stack.layers[0].x[...] = 0
    bind(parameters, quiet).forward()
    assert found.empty == pytest.approx((answer.weights * quiet.logits).sum())


@singly(CASES, KIND)
def test_gradient_times_input_is_the_limit_of_a_little_less_of_a_token(cell, kind):
    parameters, example = case(cell, 1, kind)
    trace = record(parameters, collate([example]))
    answer = logit_margin(trace, ("A", "B", "C"), every=False)
    found = saliency(parameters, example, answer)
    little, t = 1e-6, found.gradient_input.size - 1
    less = Trace(trace.architecture, trace.batch)
    less.stacks[-1].layers[0].x[-1] *= 1 - little
    bind(parameters, less).forward()
    drop = found.whole - (answer.weights * less.logits).sum()
    assert drop / little == pytest.approx(found.gradient_input[t], rel=1e-3, abs=1e-5)


@CASES
def test_occlusion_leaves_out_one_token(cell):
    parameters, example = case(cell, 1, KINDS["every"])
    trace = record(parameters, collate([example]))
    answer = logit_margin(trace, ("A", "B", "C"), every=False)
    found = saliency(parameters, example, answer)
    for t in range(4):
        read = Sequences(np.delete(example.inputs, t)[:, None], (1, 1, 1))
        batch = Batch(read, np.zeros(1, int), np.array([2]), np.zeros(1, int))
        shorter = record(parameters, batch)
        lost = found.whole - (answer.weights[-1] * shorter.logits[0]).sum()
        assert found.occlusion[t] == pytest.approx(lost, abs=1e-12)


def test_of_one_token_nothing_can_be_left_out():
    parameters, example = case(CELLS[0], 1, KINDS["verdict"], length=1)
    found = explained(parameters, example)
    assert np.isnan(found.occlusion).all()
    assert found.integrated.sum() == pytest.approx(found.whole - found.empty, abs=1e-8)


def test_a_decoder_s_own_tokens_are_not_left_out():
    parameters, example = case(CELLS[0], 1, KINDS["translation"])
    found = explained(parameters, example)
    read = len(example.source)
    assert np.isnan(found.occlusion[read:]).all()
    assert not np.isnan(found.occlusion[:read]).any() or read == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_sequence_is_read_a_few_times_at_once(monkeypatch, kind):
    parameters, example = case(CELLS[3], 2, KINDS[kind])
    together = explained(parameters, example)
    monkeypatch.setattr("rnnviz.analysis.passes._NUMBERS", 1)
    one_by_one = explained(parameters, example)
    assert one_by_one.integrated == pytest.approx(together.integrated)
    assert one_by_one.occlusion == pytest.approx(together.occlusion, nan_ok=True)
    assert one_by_one.whole == pytest.approx(together.whole)


def test_of_a_very_long_sequence_some_tokens_are_left_out(monkeypatch):
    every = explained(tally(0.5), phrase("abcab")).occlusion
    monkeypatch.setattr("rnnviz.analysis.saliency.LEFT_OUT", 3)
    some = explained(tally(0.5), phrase("abcab")).occlusion
    assert np.flatnonzero(~np.isnan(some)).tolist() == [0, 2, 4]
    assert some[[0, 2, 4]] == pytest.approx(every[[0, 2, 4]])


def test_what_is_explained_has_a_name():
    parameters, example = case(CELLS[0], 1, KINDS["every"])
    trace = record(parameters, collate([example]))
    found = logit_margin(trace, ("A", "B", "C"), every=False)
    assert isinstance(found, Answer)
    assert found.name == f"the lead of {'ABC'[example.targets[-1]]}"
    assert found.weights[:-1].any() == False  # noqa: E712
    assert found.weights[-1].sum() == 0
