"""Cells that readers may write: states that are read at once, values without effect on the loss."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.charts.texts import explanation
from rnnviz.config import Loss, RunConfig
from rnnviz.engine.parameters import Architecture
from rnnviz.engine.training import TrainState
from rnnviz.probe.unrolled import Phase
from rnnviz.questions.step.arithmetic import formula, terms
from rnnviz.questions.step.inside_cell import inside_cell
from rnnviz.questions.step.measure import largest_changes, step_cell, step_record
from rnnviz.questions.step.pictures import marked, operation, share, step_pass
from rnnviz.questions.step.tab import caption_fields, caption_key
from tests.sampling import pairwise
from tests.unit.engine.networks import HIDDEN, INPUTS, OUTPUTS, SOURCE, examples, network
from tests.unit.probe.known import KIND, LETTERS
from tests.unit.questions.step.test_every_cell import focuses

TEXTS = [
    "q = sigmoid(W_q @ x + 0.3 * q + b_q)\nh = 0.5 * h + 0.1 * q + W_1 @ x",
    'q = 0.5 * h\nh = tanh(W_1 @ x + 0.3 * q + U @ q)\nout = "q"',
    "p = tanh(W_p @ x + L_p)\nh = where(p > 0.1, 0.5 * h + W_1 @ x, b_1 - h)",
    "p = tanh(W_p @ x)\nh = p + W_1 @ x + 0.5 * h",
    "p = 0.5 * p + W_p @ x\nh = where(p > 0.1, W_1 @ x, L_h) + b_2",
    "h = where(h > 0.1, W_2 @ x, L_2)",
    "s = W_s @ x + V_s @ x\np = s\nh = max(s, h)",
]
EVERY = pytest.mark.parametrize("text", TEXTS)
LAYERS = pytest.mark.parametrize("layers", [1, 2])


def step_of(text, layers, kind, **settings):
    _, values, encoder = kind
    loss = Loss.SQUARED_ERROR if values else Loss.CROSS_ENTROPY
    source = SOURCE if encoder else 0
    of = Architecture(
        INPUTS, HIDDEN, OUTPUTS, "own", layers=layers, source=source, loss=loss,
        equations=text,
    )  # fmt: skip
    config = RunConfig(cell="own", equations=text, layers=layers, clip=0.1, **settings)
    return step_record(TrainState(network(of)), examples(of, [4], *kind[:2]), config, LETTERS)


@pairwise(EVERY, LAYERS, KIND, settings=[{}, {"truncate": 2}, {"gradient": "notebook"}])
def test_terms_and_vectors_add_up_and_everything_is_told(text, layers, kind, settings):
    step = step_of(text, layers, kind, **settings)
    for focus in focuses(step, layers, units=(1,)):
        found = terms(step, focus)
        assert abs(found.values.sum() - found.recorded) <= 1e-12, focus
        rows = operation(step, focus)
        so_far = rows[0].values
        for row in rows[1:]:
            turned = {"+": so_far + row.values, "−": so_far - row.values, "=": so_far}
            so_far = turned.get(row.sign, so_far * row.values if row.sign == "·" else row.values)
            if row.sign == "=":
                np.testing.assert_allclose(so_far, row.values, rtol=0, atol=1e-12)
        assert all(formula(step, focus))
        assert "{" not in explanation(
            f"step/{caption_key(step, focus)}", **caption_fields(step, focus)
        )
    assert inside_cell(step, focus).layout["meta"]["symbols"]


@pairwise(EVERY, LAYERS, KIND)
def test_gradients_and_shares_are_the_engine_s(text, layers, kind):
    step = step_of(text, layers, kind)
    so_far = np.zeros_like(step.before.theta)
    for moment in step.moments:
        so_far += share(step, moment)[0].theta
    np.testing.assert_allclose(so_far, step.trace.gradient.theta, rtol=0, atol=1e-13)
    for found in (step_cell(step, layer) for layer in range(layers)):
        for part in found.parts.by_name.values():
            adjoint = found.parts.gradient(part)
            own, recorded = found.gradients(adjoint), found.recorded(adjoint)
            np.testing.assert_allclose(own, recorded, rtol=0, atol=1e-13)


def test_after_one_token_a_cell_without_a_bias_is_followed_by_what_reads_the_input():
    """The state before the token is 0, and so is the gradient of the matrix that reads it."""
    text = "h = tanh(W_1 @ x + U @ h)"
    of = Architecture(9, HIDDEN, OUTPUTS, "own", equations=text)
    (one,) = examples(of, [1])
    step = step_record(TrainState(network(of)), [replace(one, inputs=np.array([8]))],
                       RunConfig(cell="own", equations=text),
                       LETTERS._replace(vocabulary=tuple("abcdefghi")))  # fmt: skip
    for focus in focuses(step, 1, units=(1,)):
        assert marked(step, focus) == 1
        rows = operation(step, focus)
        if focus.moment.phase in (Phase.CLIP, Phase.UPDATE):
            assert rows[0].label.lstrip("d").startswith("W_1[1")
            assert rows[0].cells == tuple("abcdefghi")
        assert step_pass(step, focus)


def test_a_matrix_is_told_by_what_it_reads_and_not_by_its_name():
    text = "h = tanh(W_in @ x + W_xx @ h)"
    of = Architecture(INPUTS, 9, OUTPUTS, "own", equations=text)
    config = RunConfig(cell="own", equations=text)
    step = step_record(TrainState(network(of)), examples(of, [4]), config, LETTERS)
    for focus in focuses(step, 1, units=(8,)):
        assert terms(step, focus)
    assert step.names.entry("W_xx", (1, 8)) == "W_xx[1, 8]"
    assert step.names.entry("W_in", (1, 0)) == "W_in[1, “a”]"
    assert largest_changes(step)
