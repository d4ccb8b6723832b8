"""Every parameter's gradient against complex-step differences, which share no formula with it."""

import numpy as np
import pytest

from rnnviz.config import Gradient, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.gradcheck import (
    TOLERANCE,
    GradientCheck,
    check_gradient,
    complex_step_gradient,
    relative_errors,
)
from rnnviz.engine.training import record
from rnnviz.probe.session import Session
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
