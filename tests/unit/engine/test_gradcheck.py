"""Every parameter's gradient against complex-step differences, which share no formula with it."""

import numpy as np
import pytest

from rnnviz.cells import CELLS as TEXTS
from rnnviz.config import Activation, Gradient, RunConfig, SettingError
from rnnviz.engine import operations
from rnnviz.engine.batch import collate
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.derived_cell import cell_of
from rnnviz.engine.equations import equations_of
from rnnviz.engine.gradcheck import (
    TOLERANCE,
    GradientCheck,
    check_gradient,
    complex_step_gradient,
    own_cell,
    relative_errors,
)
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from rnnviz.probe.session import Session
from rnnviz.tasks.dataset import Example
from tests.sampling import each_row, pairwise
from tests.unit.engine.networks import CELLS, architecture, examples, network, phrase

#: One sequence, and batches of many lengths, with few and with most rows in use.
LENGTHS = {
    **{f"T={n}": [n] for n in (1, 2, 5, 10)},
    "ragged": [5, 1, 4, 2],
    "almost full": [5, 4, 5, 5],
}


def trained():
    """The default network in the middle of its training, where no gradient is negligible."""
    session = Session(RunConfig(hidden=12, init_scale=0.1))
    session.player.advance(25)
    return session.state.parameters


def errors_of(parameters, batch, gradient=Gradient.EXACT):
    analytic = record(parameters, batch, gradient).gradient
    return relative_errors(analytic, complex_step_gradient(parameters, batch))


KINDS = {
    "last": ({}, {}),
    "every": ({}, {"every": True}),
    "encoder": ({"encoder": True}, {"every": True}),
    "values": ({"squared": True}, {"every": True, "values": True}),
    "last value": ({"squared": True}, {"values": True}),
}


@pairwise(layers=[1, 2, 3], lengths=LENGTHS, cell=CELLS, kind=KINDS)
def test_the_exact_gradient_agrees_for_every_parameter(cell, layers, lengths, kind):
    options, data = kind
    of = architecture(cell, layers, **options)
    errors = errors_of(network(of), collate(examples(of, lengths, **data)))
    assert len(errors) == len(network(of).named())
    assert max(errors.values()) < 1e-9


def test_rounding_of_a_gradient_that_is_zero_is_measured_by_the_whole_gradient():
    truth = network(architecture(CELLS[0]))
    truth.named()["b_h"][...] = 0
    gradient = truth.copy()
    gradient.named()["b_h"][0] = 1e-18
    assert 0 < relative_errors(gradient, truth)["b_h"] < 1e-16
    gradient.named()["b_h"][0] = 1e-3
    assert relative_errors(gradient, truth)["b_h"] > 1e-6


def test_where_a_network_is_sure_of_its_answers_rounding_is_no_error():
    """At 1 − 1e-16 a probability is rounded, and all of the gradient with it."""
    of = architecture(CELLS[0])
    parameters, batch = network(of), collate(examples(of, [3, 2]))
    sure = batch._replace(targets=record(parameters, batch).probs.argmax(axis=1))
    parameters.W_hy[...] *= 400
    check = check_gradient(parameters, sure, Gradient.EXACT)
    assert check.finite and not check.wrong
    assert check_gradient(parameters, sure, Gradient.NOTEBOOK).entries == check.entries
    # A wrong gradient is still found where the answers are not sure.
    assert check_gradient(network(of), batch, Gradient.NOTEBOOK).wrong


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_it_agrees_where_only_some_columns_of_a_wide_vocabulary_are_used(cell):
    of = architecture(cell)._replace(inputs=300)
    parameters = network(of)
    batch = collate([phrase([299, 0, 299], 1), phrase([7], 2)])
    indices = parameters.like(np.arange(parameters.theta.size)).named()
    entries = [a[:, [0, 7, 8, 299]] if "W_x" in name else a for name, a in indices.items()]
    some = np.concatenate([a.ravel() for a in entries])
    truth = complex_step_gradient(parameters, batch, some)
    gradient = record(parameters, batch).gradient
    assert max(relative_errors(gradient, truth, some).values()) < 1e-9
    for name, array in gradient.named().items():
        assert "W_x" not in name or not array[:, [1, 8, 298]].any()


@each_row("layers", [1, 2])
def test_it_agrees_where_a_sum_is_exactly_zero_and_the_unit_at_its_kink(layers):
    of = architecture(CELLS[1], layers)
    parameters = network(of)
    for name, array in parameters.named().items():
        if name.startswith("b_h"):
            array[:] = 0
        elif name.startswith(("W_xh", "W_hh")):
            # Unit 0 always reads nothing, unit 1 until it reads what unit 2 has remembered.
            array[0] = 0
            array[1] = np.where(np.arange(array.shape[1]) == 2, array[1], 0)
    errors = errors_of(parameters, collate(examples(of, [5, 1, 4, 2], every=True)))
    assert max(errors.values()) < 1e-9


def test_the_missing_transpose_shows_from_the_third_token_in_w_hh():
    parameters, errors = trained(), {}
    for steps in (1, 2, 3, 10):
        batch = collate([phrase(np.arange(steps) * 7 % 18, 0)])
        errors[steps] = errors_of(parameters, batch, Gradient.NOTEBOOK)
    assert max(errors[1].values()) < 1e-12
    assert errors[2]["W_hh"] < 1e-12
    assert errors[3]["W_hh"] > 0.01
    assert errors[10]["W_hh"] > 0.1
    assert max(errors[10][name] for name in ("W_hy", "b_y")) < 1e-12


def test_an_error_in_one_weight_is_found_unless_its_entry_was_not_computed():
    parameters, batch = trained(), collate([phrase([1, 2, 3], 1)])
    truth = complex_step_gradient(parameters, batch)
    gradient = record(parameters, batch).gradient
    gradient["W_hh"][3, 4] += 1e-6 * np.abs(truth["W_hh"]).max()
    errors = relative_errors(gradient, truth)
    assert errors["W_hh"] > 1e-8
    assert errors["W_xh"] < 1e-12
    entries = np.array([3, 5])
    some = complex_step_gradient(parameters, batch, entries)
    assert np.isnan(some.theta).sum() == some.theta.size - 2
    assert max(relative_errors(gradient, some, entries).values()) < 1e-12


# The check on demand


def check(session, text, gradient=Gradient.EXACT):
    return check_gradient(session.state.parameters, session.inspect(text).trace.batch, gradient)


@each_row("text", ["bad", "i am not at all happy"])
def test_the_exact_gradient_is_right_and_the_notebooks_wrong(learned, text):
    exact, notebook = (check(learned, text, gradient) for gradient in Gradient)
    assert exact.worst < 1e-12
    assert exact.wrong == {}
    assert exact.finite
    assert exact.entries == exact.total == learned.state.parameters.theta.size
    if text != "bad":
        assert set(notebook.wrong) == {"W_xh", "W_hh", "b_h"}
        assert notebook.wrong["W_hh"] > 0.1
        assert max(notebook.errors["W_hy"], notebook.errors["b_y"]) < 1e-12


def test_a_large_network_is_checked_at_entries_of_every_parameter():
    session = Session(RunConfig(hidden=256, init_scale=0.05))
    exact, notebook = (check(session, "i am not at all happy", g) for g in Gradient)
    assert 1000 <= exact.entries < exact.total / 10
    assert set(exact.errors) == {"W_xh", "W_hh", "b_h", "W_hy", "b_y"}
    assert exact.worst < 1e-10
    assert {"W_hh", "W_xh", "b_h"} <= set(notebook.wrong)


def test_a_run_in_single_precision_is_checked_in_double():
    session = Session(RunConfig(hidden=12, init_scale=0.1, dtype="float32"))
    assert check(session, "i am not at all happy").worst < 1e-12


def test_an_error_that_is_nan_counts_as_wrong():
    assert list(GradientCheck({"W_hh": float("nan"), "b_y": 1e-9}, 1, 1).wrong) == ["W_hh"]


@each_row("wrong", [np.nan, np.inf, -np.inf])
@each_row("both", [False, True])
def test_numbers_that_are_not_finite_never_agree(wrong, both):
    truth = network(architecture(CELLS[0]))
    gradient = truth.copy()
    gradient["b_h"][1] = wrong
    truth["b_h"][1] = wrong if both else truth["b_h"][1]
    found = GradientCheck(relative_errors(gradient, truth), 1, 1)
    assert [*found.wrong] == ["b_h"]
    assert not found.worst <= TOLERANCE


def test_a_network_that_is_not_finite_has_no_right_gradient():
    session = Session(RunConfig(hidden=4))
    session.state.parameters["W_hh"][...] = np.nan
    found = check(session, "i am not at all happy")
    assert {"W_hh", "b_h", "W_hy"} <= set(found.wrong)
    assert not found.finite, "nothing can be said of the gradient"


def test_in_an_entry_that_is_not_checked_any_number_is_ignored():
    truth = network(architecture(CELLS[0]))
    gradient = truth.copy()
    gradient.theta[5] = np.nan
    assert max(relative_errors(gradient, truth, np.array([3, 4])).values()) == 0


# Cells of one's own, and numbers in equations


@each_row("cell", TEXTS.values(), ids=list(TEXTS))
def test_the_text_of_every_cell_is_confirmed_by_the_engine(cell):
    found = own_cell(cell.standalone)
    assert found.equations.states == equations_of(cell).states


@each_row("a", [2, 4, 5, 10])
@each_row("function", ["relu", "tanh"])
def test_a_cell_whose_state_grows_is_no_wrong_one(a, function):
    text = TEXTS["leaky"].standalone.replace("a = 0.2", f"a = {a}").replace("relu", function)
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
            "line 3, .*: sqrt needs .*; q is not, at",
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
        "h = exp(exp(exp(6 + h))) / (1 + exp(U @ h)) + W @ x",
        "h = exp(exp(exp(6 + h))) * sqrt(1 + (W @ x) ** 2)",
        "h = exp(exp(exp(6 + h))) / (W @ x) + (W @ x) / 2",
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
    with pytest.raises(CellError, match="large numbers that cancel out, or a function at its ends"):
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
    "h = where(h > 0, 1, 2) ** -1 + W_xh @ x",
    "h = tanh(where(h > 0, 100, 300) ** 8 * 1e-20 * (W_xh @ x))",
    "p = -L_2 + h\nh = max(V_0 @ p, 2 * (p - L_2)) + W_1 @ x",
    # Its numbers are so large that a sine of them is rounding.
    """
    a1 = (1.2 + (((a1 ** 4) * h + sigmoid((c ** 4)))) ** 2) ** 1 + W_xx @ x
    c = (((2 * (K_6 @ h)) + sin(R_7 @ a1)) + (c ** 4))
    h = (((2 * (K_6 @ h)) + sin(R_7 @ a1)) + (c ** 4))
    """,
)


@pytest.mark.filterwarnings("error")
@each_row("text", UNUSUAL)
def test_unusual_texts_are_confirmed_too(text):
    assert own_cell(text).equations.states


@each_row(
    ("text", "said"),
    [
        ("q = b_1\nh = h + q + W_1 @ x", "q is only another name for b_1: write b_1"),
        ("s = q + h\nq = cos(b_1)\nh = s + W_1 @ x", "line 2, .*q is .* the same at every token"),
        (
            "h = h + W_1 @ x + (h - h) * (U_1 @ h)",
            "column 30: U_1 has no effect",
        ),
        ("a = 1 / relu(W_1 @ x)\nb = relu(a - b_v) * h\nh = b - b_h", "not finite.*above 0"),
    ],
)
def test_lines_and_weights_that_cannot_be_used_are_refused(text, said):
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
        (
            "leaky",
            "a=2000000",
            "write a=0.2, not a=2000000: a number between -1,000,000 and 1,000,000.",
        ),
        ("leaky", "a", "write a=0.2"),
        ("leaky", "a=0", "with a=0, x has no effect, so the cell has no input"),
        ("leaky", "a=-1000000", "with a=-1000000, 1 - a is too large a number"),
        ("cornn", "dt=0", "with dt=0, y never depends on z."),
    ],
)
def test_other_numbers_are_refused(kind, constants, said):
    with pytest.raises(SettingError, match=said):
        cell_of(kind, Activation.TANH, "", constants)


def test_of_a_huge_network_over_a_long_sequence_a_few_entries_are_checked():
    of = Architecture(3, 64, 2, "lstm", layers=3)
    parameters = Parameters(of, np.random.default_rng(0).normal(0, 0.1, Parameters(of).theta.shape))
    batch = collate([Example("", np.zeros(100, int), np.array([0]))])
    cost = 100 * parameters.theta.size
    check = check_gradient(parameters, batch, Gradient.EXACT)
    assert len(check.errors) <= check.entries <= max(2 * len(check.errors), 2 * 800_000_000 // cost)
    assert not check.wrong
