"""Every cell as the engine runs it: against complex steps, and against its readable script."""

from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings

from rnnviz.cells import CELLS, CellText
from rnnviz.config import Gradient
from rnnviz.engine import parameters as module
from rnnviz.engine.batch import collate
from rnnviz.engine.cell_check import compiled
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.equations import equations_of
from rnnviz.engine.gradcheck import complex_step_gradient
from rnnviz.engine.layer_buffers import Layer
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from tests.sampling import pairwise
from tests.unit.engine.networks import examples
from tests.unit.engine.test_cell_check import ODD, cell_of, texts

TEXTS = [*CELLS.values(), *(CellText(f"odd {k}", text) for k, text in enumerate(ODD[:-1]))]
#: Without the last one, which divides by a state: here all begin with zero.


GATES = Layer.gates


def unwritten(layer, count):
    """What nobody writes must not be read."""
    array = GATES(layer, count)
    if not layer.ragged:
        array.fill(np.nan)
    return array


@pytest.fixture
def use(monkeypatch):
    """Makes a text the cell of every network, and returns random weights."""
    return partial(used, monkeypatch)


def used(monkeypatch, text, layers=1, encoder=False):
    cell = DerivedCell(text)
    monkeypatch.setattr(Layer, "gates", unwritten)
    monkeypatch.setattr(module, "cell_of", lambda *kind: cell)
    of = Architecture(4, 3, 3, layers=layers, source=5 if encoder else 0)
    weights = Parameters(of)
    weights.theta[...] = np.random.default_rng(1).normal(size=weights.theta.size) * 0.2
    return weights


#: Layers, an answer after every token, and an encoder.
KINDS = [(1, False, False), (2, True, False), (1, True, True), (2, False, True)]


@pairwise(text=TEXTS, lengths=[[1], [5], [9, 9, 9], [6, 4, 1]], kind=KINDS)
def test_the_gradient_of_every_parameter_is_that_of_the_complex_step(use, text, lengths, kind):
    layers, every, encoder = kind
    weights = use(text, layers, encoder)
    batch = collate(examples(weights.architecture, lengths, every=every or encoder))
    with np.errstate(all="ignore"):
        truth = complex_step_gradient(weights, batch)
        found = record(weights, batch, Gradient.EXACT).gradient
    assert np.isfinite(truth.theta).all()
    scale = np.abs(truth.theta).max()
    for name, expected in truth.named().items():
        assert np.abs(found[name] - expected).max() < 1e-9 * scale, name


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.name)
def test_its_states_are_those_of_the_script(use, text):
    weights = use(text)
    (example,) = examples(weights.architecture, [7])
    trace = record(weights, collate([example]))
    layer, x = trace.last, np.eye(4)[example.inputs]
    first = np.zeros((len(equations_of(text).states), 3))
    with np.errstate(all="ignore"):
        lines = compiled(text)["forward"](x, first, **weights.by_layer()[0])
    for name, line in zip(equations_of(text).nodes, lines, strict=True):
        if name in layer.arrays and layer.arrays[name].ndim == 3:
            np.testing.assert_allclose(layer.arrays[name][:, 0], line[:-1], rtol=1e-12, atol=1e-14)
    assert {*equations_of(text).states, equations_of(text).out} <= {*layer.arrays}


@pytest.mark.parametrize(
    "text",
    [
        "c = sigmoid(W_x @ x + W_c @ c)\nh = tanh(p_g / c + W_h @ h)",
        "c = sigmoid(W_x @ x + W_c @ c)\nh = tanh(W_a @ (p_g / c) + W_h @ h)",
        'h = sigmoid(W_x @ x + W_h @ h)\nc = 0.5 * c + log(p_c ** 2 * h)\nout = "c"',
        "u = W_x @ x\nh = tanh(p_g / u + W_h @ h)",
        "u = W_x @ x\nh = tanh(W_a @ (1 / u) + W_h @ h)",
        "u = W_x @ x\nh = tanh(1 / u * (V @ x) + W_h @ h)",
        "u = W_x @ x\na = V @ x + 1 / u\nh = tanh(W_a @ a + W_h @ h)",
        'u = W_x @ x\nh = tanh(W_r @ r + W_h @ h + b_h)\nr = 1 / u\nout = "h"',
    ],
)
@pytest.mark.parametrize("lengths", [[6, 4, 1], [6, 6, 5]])
def test_a_function_that_accepts_no_0_is_not_summed_where_sequences_have_ended(use, text, lengths):
    weights = use(CellText("own", text), layers=2, encoder=True)
    batch = collate(examples(weights.architecture, lengths))
    with np.errstate(all="ignore"):
        truth = complex_step_gradient(weights, batch).theta
        found = record(weights, batch, Gradient.EXACT).gradient.theta
    assert np.isfinite(truth).all()
    assert np.abs(found - truth).max() < 1e-9 * np.abs(truth).max()


@settings(max_examples=50, derandomize=True)
@given(texts())
def test_random_cells_run_as_they_are_written(text):
    cell = cell_of(text)
    with pytest.MonkeyPatch.context() as patch:
        weights = used(patch, cell)
        batch = collate(examples(weights.architecture, [4, 2]))
        with np.errstate(all="ignore"):
            truth = complex_step_gradient(weights, batch).theta
            found = record(weights, batch, Gradient.EXACT).gradient.theta
    assume(np.isfinite(truth).all())
    assert np.abs(found - truth).max() < 1e-9 * np.abs(truth).max()
