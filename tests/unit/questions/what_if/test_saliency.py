"""Each token's contribution to the answer: by hand, by complex steps, and complete."""

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.batch import Batch, Sequences, collate
from rnnviz.engine.bptt import bind
from rnnviz.engine.parameters import Architecture
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from rnnviz.probe.passes import copies_at_once
from rnnviz.probe.session import Session
from rnnviz.questions.what_if import saliency as module
from rnnviz.questions.what_if.saliency import INCOMPLETE, input_gradients, logit_margin, saliency
from tests.sampling import each_row, pairwise, singly
from tests.unit.engine.networks import CELLS, examples, network
from tests.unit.probe.known import CASES, KIND, KINDS, case_of, letters, tally

LAYERS = pytest.mark.parametrize("layers", [1, 3])


def case(cell, layers, kind, length=4):
    """A network, an example, and its trace."""
    of = case_of(cell, layers, kind)
    (example,) = examples(of, [length], *kind[:2])
    return network(of), example, record(network(of), collate([example]))


def explained(parameters, example, every=False):
    trace = record(parameters, collate([example]))
    return saliency(parameters, example, logit_margin(trace, ("A", "B", "C"), every))


def m(answer, trace):
    return (answer.weights * trace.logits).sum()


@each_row("c", [0.0, 0.5, 1.0, 2.0])
def test_a_linear_network_by_hand(c):
    """Reading "abc": m = c^2 w_a + c w_b + w_c + bias, with w = 1, 2, 4 and bias 0.5."""
    found = explained(tally(c), letters("abc"))
    parts = [c**2, 2 * c, 4]
    assert found.whole == pytest.approx(sum(parts) + 0.5)
    assert found.empty == pytest.approx(0.5)
    assert found.gradient_input == pytest.approx(parts)
    assert found.integrated == pytest.approx(parts)
    assert found.gap == pytest.approx(0, abs=1e-12)
    assert found.occlusion == pytest.approx(sum(parts) - np.array([2 * c + 4, c + 4, c + 2]))


@pairwise(CASES, LAYERS, KIND)
def test_the_gradient_of_the_inputs_is_that_of_complex_steps(cell, layers, kind):
    parameters, _, trace = case(cell, layers, kind)
    answer = logit_margin(trace, ("A", "B", "C"), every=True)
    seeded = Trace(trace.architecture, trace.batch)
    bound = bind(parameters, seeded)
    bound.forward()
    seeded.dlogits[...] = answer.weights
    bound.carry()
    found = input_gradients(parameters, seeded)
    assert len(found) == len(trace.stacks)
    for stack, gradient in enumerate(found):
        for t, d in np.ndindex(gradient.shape[0], gradient.shape[2]):
            expected = complex_step(parameters, trace.batch, answer, (stack, t, d))
            assert gradient[t, 0, d] == pytest.approx(expected, abs=1e-12)


def complex_step(parameters, batch, answer, index):
    """Im m(x + i e) / e, with e at one input."""
    stack, t, d = index
    trace = Trace(parameters.architecture, batch, complex)
    trace.stacks[stack].layers[0].x[t, 0, d] += 1e-30j
    bind(parameters.like(parameters.theta.astype(complex)), trace).forward()
    return m(answer, trace).imag / 1e-30


@pairwise(CASES, LAYERS, KIND, every=[False, True])
def test_integrated_gradients_are_complete(cell, layers, kind, every):
    parameters, example, _ = case(cell, layers, kind)
    found = explained(parameters, example, every)
    assert found.whole != pytest.approx(found.empty)
    # The gradient of ReLU jumps along the path, where quadrature is less exact.
    error = abs(found.gap) / np.abs(found.integrated).sum()
    assert error < (0.02 if cell[1] == "relu" else 1e-9)


def test_a_kink_in_the_path_is_closed_in_until_the_sum_is_right():
    """However short the interval around it, its error is a share of the interval's length."""
    (relu,) = (cell for cell in CELLS if cell[1] == "relu")
    parameters, example, _ = case(relu, 1, (True, True, False))
    found = explained(parameters, example)
    assert abs(found.gap) < INCOMPLETE * abs(found.whole - found.empty)


def test_where_the_path_is_steep_it_is_divided_until_the_sum_is_right(monkeypatch):
    """Twice the first weights: three layers make cliffs of them. Four intervals are not enough."""
    config = RunConfig(task="recall", lag=12, layers=3, hidden=8, init="xavier", seed=1)
    session = Session(config)
    parameters, example = session.state.parameters.copy(), session.inspect().example
    parameters.theta[...] *= 2
    answer = logit_margin(record(parameters, collate([example])), session.dataset.classes, False)
    found = saliency(parameters, example, answer)
    assert found.whole - found.empty == pytest.approx(-3.6005, abs=1e-4)
    assert abs(found.gap) < INCOMPLETE * abs(found.whole - found.empty)
    for limit in ("_MOST", "_WORK"):
        with monkeypatch.context() as few:
            few.setattr(module, limit, 4)
            given_up = saliency(parameters, example, answer)
            assert np.isnan(given_up.integrated).all()


@singly(CASES, KIND)
def test_m_is_that_of_the_forward_pass(cell, kind):
    parameters, example, trace = case(cell, 1, kind)
    answer = logit_margin(trace, ("A", "B", "C"), every=False)
    found = saliency(parameters, example, answer)
    assert found.whole == pytest.approx(m(answer, trace))
    zero = Trace(trace.architecture, trace.batch)
    for stack in zero.stacks:
        stack.layers[0].x[...] = 0
    bind(parameters, zero).forward()
    assert found.empty == pytest.approx(m(answer, zero))


@CASES
def test_occlusion_leaves_out_one_token(cell):
    parameters, example, trace = case(cell, 1, KINDS["every"])
    answer = logit_margin(trace, ("A", "B", "C"), every=False)
    found = saliency(parameters, example, answer)
    for t in range(4):
        read = Sequences(np.delete(example.inputs, t)[:, None], (1, 1, 1))
        shorter = record(parameters, Batch(read, np.zeros(1, int), np.array([2]), np.zeros(1, int)))
        lost = found.whole - (answer.weights[-1] * shorter.logits[0]).sum()
        assert found.occlusion[t] == pytest.approx(lost, abs=1e-12)


def test_tokens_that_can_t_be_left_out_have_no_occlusion(monkeypatch):
    parameters, example, _ = case(CELLS[0], 1, KINDS["verdict"], length=1)
    assert np.isnan(explained(parameters, example).occlusion).all()
    parameters, example, _ = case(CELLS[0], 1, KINDS["translation"])
    decoder = np.isnan(explained(parameters, example).occlusion)
    assert decoder.tolist() == [False] * len(example.source) + [True] * 4
    every = explained(tally(0.5), letters("abcab")).occlusion
    monkeypatch.setattr("rnnviz.questions.what_if.saliency.LEFT_OUT", 3)
    some = explained(tally(0.5), letters("abcab")).occlusion
    assert some == pytest.approx(np.where([1, 0, 1, 0, 1], every, np.nan), nan_ok=True)


@KIND
def test_with_little_memory_a_sequence_is_read_one_copy_at_a_time(monkeypatch, kind):
    parameters, example, _ = case(CELLS[3], 2, kind)
    together = explained(parameters, example)
    monkeypatch.setattr("rnnviz.probe.passes._NUMBERS", 1)
    one_by_one = explained(parameters, example)
    assert one_by_one.integrated == pytest.approx(together.integrated)
    assert one_by_one.occlusion == pytest.approx(together.occlusion, nan_ok=True)
    assert one_by_one.whole == pytest.approx(together.whole)


def test_the_answer_is_the_last_margin_and_has_a_name():
    _, example, trace = case(CELLS[0], 1, KINDS["every"])
    found = logit_margin(trace, ("A", "B", "C"), every=False)
    assert found.name == f"the lead of {'ABC'[example.targets[-1]]}"
    assert not found.weights[:-1].any()
    assert sorted(found.weights[-1]) == [-1, 0, 1]
    assert found.weights[-1, example.targets[-1]] == 1
    values = case(CELLS[0], 1, KINDS["values"])[2]
    assert logit_margin(values, ("A", "B", "C"), every=True, channel=1).name == "the answer B"


def test_copies_of_a_wide_vocabulary_are_few_at_once():
    """Their inputs and outputs are larger than the states of a small network."""
    narrow, wide = Architecture(18, 64, 2), Architecture(5000, 2, 5000, source=5000)
    assert copies_at_once(narrow, 7) > 64
    assert copies_at_once(wide, 200) == 1
