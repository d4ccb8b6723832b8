"""Cells of one's own, and numbers in equations."""

import pytest

from rnnviz.cells import CELLS
from rnnviz.config import Activation, SettingError
from rnnviz.engine import operations
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.derived_cell import cell_of
from rnnviz.engine.equations import equations_of
from rnnviz.engine.gradcheck import own_cell
from tests.sampling import each_row


@each_row("cell", CELLS.values(), ids=list(CELLS))
def test_the_text_of_every_cell_is_confirmed_by_the_engine(cell):
    found = own_cell(cell.standalone)
    assert found.equations.states == equations_of(cell).states


@each_row("a", [2, 4, 5, 10])
@each_row("function", ["relu", "tanh"])
def test_a_cell_whose_state_grows_is_no_wrong_one(a, function):
    text = CELLS["leaky"].standalone.replace("a = 0.2", f"a = {a}").replace("relu", function)
    assert own_cell(text).equations.constants == {"a": a}


def test_a_text_that_the_engine_computes_wrongly_is_refused(monkeypatch):
    monkeypatch.setitem(operations.CALLS, "tanh", "sin")
    with pytest.raises(CellError, match="differs from the complex step"):
        own_cell("h = tanh(W_xh @ x + U @ h + b_wrong)")


def test_a_gradient_that_is_not_finite_confirms_no_cell(monkeypatch):
    monkeypatch.setitem(operations.CALLS, "tanh", "log")
    with pytest.raises(CellError, match="its values are not finite numbers"):
        own_cell("h = tanh(-5 - softplus(W_xh @ x + U @ h + b_nan))")


@each_row(
    ("text", "where"),
    [
        ("h = log(h) + W @ x", "line 1, .*: log needs .*; h is not, at token 1$"),
        ("h = W @ x / h", "line 1, .*: / needs .*; h is not, at token 1$"),
        ("h = W @ x + sqrt(h - 1)", "line 1, .*: sqrt needs .*; h is not, at token 1$"),
        (
            "z = log(3 + W_1 @ x)\n# q\nq = sqrt(U @ h - 1) / (2 + z)\nh = z * h + q",
            "line 3, .*: sqrt and / need .*; q is not, at",
        ),
        ("h = log(W @ x) + U @ h", "line 1, .*: log needs .*; h is not, at token [123]$"),
        ("h = W @ x + 1 / (h * h)", "line 1, .*: / needs .*; h is not, at token 1$"),
        ("h = W @ x + (h - 1) ** 0.5", r"line 1, .*: \*\* needs .*; h is not, at token 1$"),
    ],
)
def test_where_numbers_are_not_finite_the_text_is_told_and_not_the_engine(text, where):
    with pytest.raises(CellError, match=where) as refused:
        own_cell(text)
    assert "its values are not finite numbers: " in str(refused.value)
    assert " arguments that stay above 0; " in str(refused.value)


@each_row(
    "text",
    [
        "h = W @ x + U @ h + exp(1e6 * h * h + 3e2)",
        "h = exp(exp(h + 3)) ** 2 * exp(W @ x + U @ h)",
        "h = exp(exp(exp(2 * h * h + 1 + W @ x)))",
    ],
)
def test_numbers_that_become_too_large_are_not_said_to_be_below_0(text):
    with pytest.raises(
        CellError, match=r"line 1, .* they become too large; h is not, at token [12]$"
    ):
        own_cell(text)


def test_the_line_whose_gradient_is_not_finite_is_told():
    text = "g = sigmoid(W_g @ x)\ns = sigmoid(h ** -2)\nh = tanh(W @ x + U @ h) * s + g"
    said = r"line 2, .* its gradients are .*: \*\* needs .*; that through s is not, at token 1$"
    with pytest.raises(CellError, match=said):
        own_cell(text)


@each_row(
    "text",
    [
        "h = (W @ x + U @ h) * 1000000 - (W @ x + U @ h) * 999999.999999",
        "h = (1 + W @ x + U @ h) ** 8 - (1 + W @ x + U @ h) ** 8 * 0.9999999999",
    ],
)
def test_what_cancels_out_is_said_to_leave_rounding_errors(text):
    with pytest.raises(CellError, match="large numbers that cancel out leave rounding errors"):
        own_cell(text)


#: What the engine calls arrays that are no lines.
ARRAYS = (
    "number", "P", "W", "E", "U", "K", "once", "back", "row", "to", "carry", "then", "gates",
    "errors", "temporary", "vectors", "value", "once_a", "numbers", "all",
)  # fmt: skip


@each_row("name", ARRAYS)
def test_a_line_may_have_any_name(name):
    texts = (
        f'{name} = tanh(W_1 @ x + U_1 @ {name} + b_1)\nout = "{name}"',
        f"{name} = sigmoid(W_1 @ x + b_1)\nh = {name} * h * v_1 + tanh(U_2 @ ({name} * h))",
        f"{name} = {name} * 0.5 + W_1 @ x\nh = tanh(W_3 @ {name} + U_1 @ h)",
    )
    for text in texts:
        assert name in own_cell(text).equations.nodes


#: Sums, old states under other names, lines of weights, comparisons and large values.
UNUSUAL = (
    "h = 0.5 * h + W_2 @ x + W_1 @ x",
    "h = R_0 @ (W_1 @ x) + V_1 @ (W_1 @ x) + 0.5 * h",
    "q = softplus(b_1)\nh = 0.5 * h + q + W_1 @ x",
    "s = W_s @ x\np = s\nh = max(s, h)",
    "s = q\nq = W_1 @ x\nh = s + q",
    "s = s + (1 - U_1 * (W_2 @ x - q_))\nh = s",
    "h = where(h > 0.1, W_2 @ x, L_2)",
    "p = where(p > 0.1, W_1 @ x, b_1)\nh = tanh(p)",
    'q = s\ns = U_1 @ h\nh = where(W_2 @ x > 0.1, b_1 / (1 + h * h) - h, s)\nout = "q"',
    "h = where(W_1 @ x > 0.1, U_1 @ h, b_1) + where(-(W_1 @ x) > 0.1, 1 - U_1 @ h, W_2)",
    "h = where(h > 0.1, 1, L_2) + W_1 @ x",
    "r = where(h > 0.1, U_1 @ h, h - U_1 @ h)\nh = W_2 @ x * r",
    "h = max(U_1 / (2 + h) + W_2 @ x / (2 + h), 2)",
    "p = -L_2 + h\nh = max(V_0 @ p, 2 * (p - L_2)) + W_1 @ x",
)


@each_row("text", UNUSUAL)
def test_unusual_texts_are_confirmed_too(text):
    assert own_cell(text).equations.states


@each_row(
    ("text", "said"),
    [
        ("q = b_1\nh = h + q + W_1 @ x", "q is only another name of b_1: write b_1"),
        ("s = q + h\nq = cos(b_1)\nh = s + W_1 @ x", "line 2, .*q is .* the same at every token"),
        ("h = h + W_1 @ x + (h - h) * (U_1 @ h)", "U_1 has no effect: leave it out"),
    ],
)
def test_lines_and_weights_without_effect_are_refused(text, said):
    with pytest.raises(CellError, match=said):
        own_cell(text)


def test_numbers_in_equations_can_be_set():
    cell = cell_of("cornn", Activation.TANH, "", "dt=0.5, eps = 2")
    assert cell.equations.constants == {"dt": 0.5, "gamma": 1.3, "eps": 2.0}
    assert cell_of("cornn", Activation.TANH).equations.constants["dt"] == 0.1


@each_row(
    ("kind", "constants", "said"),
    [
        ("leaky", "b=1", "'b' is unknown; leaky has a"),
        ("gru", "a=1", "'a' is unknown; gru has none"),
        ("leaky", "a=x", "write a=0.2, not a=x"),
        ("leaky", "a=nan", "write a=0.2"),
        ("leaky", "a=2000000", "write a=0.2, not a=2000000: a number of at most 1,000,000."),
        ("leaky", "a", "write a=0.2"),
        ("leaky", "a=0", "with a=0 a part of the cell vanishes"),
    ],
)
def test_other_numbers_are_refused(kind, constants, said):
    with pytest.raises(SettingError, match=said):
        cell_of(kind, Activation.TANH, "", constants)
