"""Calls are merged only where none reads what another of them writes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.config import Gradient, Loss
from rnnviz.engine import gradcheck
from rnnviz.engine.batch import collate
from rnnviz.engine.cell_check import compiled
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.gradcheck import check_gradient, own_cell
from rnnviz.engine.memory import Stored
from rnnviz.engine.operations import Op, Operand, merged
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from rnnviz.tasks.dataset import Example
from tests.shared_cells import sums
from tests.unit.engine.networks import examples, network

#: One pre-activation is a term of the next; gates of one product are needed in several stages; a
#: vector is added and subtracted; blends whose parts contain 1 - z, or a value like it; powers.
CHAINS = [
    "a = W @ x\nb = tanh(U @ h)\np = relu(K @ h + b)\nc = V @ h + a*p\nh = sin(c*a + 0.5)",
    "b = tanh(U @ h + W @ x)\np = K @ h - b\nc = V @ h - p\nd = S @ h - c\n"
    "h = tanh(c)*tanh(p)*d*0.3",
    "r = sigmoid(U @ h + A @ x)\nz = sigmoid(K @ h + B @ x + r)\nh = tanh(V @ h + W @ x + z)",
    "p = K @ h + W @ x\nc = V @ h + p\nd = S @ h + c\ne = M @ h + d\nh = tanh(e)",
    "p = K @ h + W @ x\nc = V @ h - p\nh = tanh(p) * sigmoid(c)",
    "e = E @ x\na = W @ e + u_h*h\nh = where(a > 2, cos(V @ e), tanh(a))",
    "e = E @ x\na = W @ e + u_h*h\nh = tanh(a) + relu(a - 1)*tanh(V @ e)",
    "e = tanh(E @ x)\nz = sigmoid(W @ e + u_z*h)\nh = z*h + (1 - z)*tanh(V @ e)",
    "e = E @ x\na = A @ x + W @ e\nc = C @ x + V @ e + u_h*h\nh = tanh(a*c)",
    "e = E @ x\nc = C @ x + V @ e + u_h*h\na = A @ x + W @ e\nh = tanh(a*c) + 0.1*cos(a)",
    "h = tanh(W @ x + U @ h) + relu(V @ x + b_h + K @ h - b_h - b_h - 2)*0.5",
    "h = tanh(W @ x + U @ h - b_h + K @ x + b_h)",
    "h = tanh(W @ x + U @ h - (W @ x) + b - (U @ h)*2)",
    "z = sigmoid(W @ x + U @ h)\nh = z*(h - z) + (1 - z)*tanh(V @ x)",
    "z = sigmoid(W @ x + U @ h)\nh = z*(1 - z) + (1 - z)*tanh(V @ h)",
    "z = sigmoid(W @ x)\nh = z*h + (1 - z)*(2 - z)",
    "z = sigmoid(W @ x)\nh = z*h + (1 - z)*(1 - z)",
    "z = sigmoid(W @ x)\np = V @ x + b\nh = z*(p - z) + (1 - z)*tanh(U @ h)",
    "z = sigmoid(W @ x)\nn = V @ x\nh = z*h + (1 - z)*(z*(2 - z) + (1 - z)*tanh(n))",
    "c = tanh(W @ x + U @ h)\nh = tanh(V @ c**3 + K @ c**5)",
    "c = tanh(W @ x)\nh = 0.5*h + c**4 * c**3",
]


def gate(name, k):
    return Operand(Stored(name), k, k + 1)


def test_a_call_that_reads_what_the_one_before_writes_is_not_merged_with_it():
    dependent = [Op("multiply", (gate("e", 1), gate("e", 0)), gate("e", 1)),
                 Op("multiply", (gate("e", 2), gate("e", 1)), gate("e", 2))]  # fmt: skip
    assert merged(dependent) == dependent
    # What the first one reads may be written after it.
    (both,) = merged(dependent[::-1])
    assert both.out == Operand(Stored("e"), 1, 3)


@pytest.mark.parametrize("text", CHAINS)
@pytest.mark.parametrize("seed", range(4))
def test_chains_of_sums_are_those_of_their_equations(text, seed):
    own_cell(text)
    of = Architecture(4, 5, 3, "own", loss=Loss.SQUARED_ERROR, equations=text)
    parameters, some = network(of, seed, 0.4), examples(of, [3, 5], values=True, seed=seed)
    assert check_gradient(parameters, collate(some), Gradient.EXACT).wrong == {}
    script = compiled(of.cell.text)
    for one in some:
        first = np.zeros((len(script["STATES"]), 5))
        weights = {name: parameters[name] for name in script["SHAPES"]}
        lines = script["forward"](one.inputs, first, **weights)
        h = lines[script["LINES"].index(script["OUT"])][len(one.inputs) - 1]
        logits = record(parameters, collate([one])).logits
        np.testing.assert_allclose(logits[0], parameters.W_hy @ h + parameters.b_y, atol=1e-13)


def test_a_cell_whose_programs_are_not_its_equations_is_refused(monkeypatch):
    def wrong(cell):
        script = compiled(cell)
        forward = script["forward"]
        return {**script, "forward": lambda *args, **kwargs: tuple(
            1.1 * line for line in forward(*args, **kwargs))}  # fmt: skip

    monkeypatch.setattr(gradcheck, "compiled", wrong)
    with pytest.raises(CellError, match="something else than its equations"):
        own_cell("h = tanh(W @ x + U @ h)  # a text of this test alone")


@settings(max_examples=150, deadline=None)
@given(sums(), st.integers(0, 9))
def test_any_sums_of_products_are_those_of_their_equations(text, seed):
    try:
        cell = own_cell(text)
    except CellError as problem:
        # Refused for its text or for rounding, never for the programs.
        assert "its equations" not in str(problem), text
        assert "differs from the complex step" not in str(problem), text
        return
    of = Architecture(4, 3, 2, "own", loss=Loss.SQUARED_ERROR, equations=text)
    parameters, (one,) = network(of, seed, 0.4), examples(of, [4], values=True, seed=seed)
    assert check_gradient(parameters, collate([one]), Gradient.EXACT).wrong == {}, text
    script = compiled(cell.text)
    weights = {name: parameters[name] for name in script["SHAPES"]}
    lines = script["forward"](one.inputs, np.zeros((len(script["STATES"]), 3)), **weights)
    h = lines[script["LINES"].index(script["OUT"])][3]
    logits = record(parameters, collate([one])).logits
    np.testing.assert_allclose(logits[0], parameters.W_hy @ h + parameters.b_y, atol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        'a = W @ x + U @ h + b_a\nh = tanh(a)\nout = "a"',
        's = W @ x + h\nh = tanh(2 * s)\nout = "s"',
    ],
)
def test_an_output_that_is_a_sum_itself_keeps_the_gradient_that_arrives(text):
    of = Architecture(3, 4, 2, "own", equations=text)
    parameters = Parameters(of, np.random.default_rng(0).normal(size=Parameters(of).theta.shape))
    batch = collate([Example("", np.array([0, 2, 1]), np.array([1]))])
    assert check_gradient(parameters, batch, Gradient.EXACT).worst < 1e-9
    own_cell(text)
