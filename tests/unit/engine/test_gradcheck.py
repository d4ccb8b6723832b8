"""Every parameter's gradient against complex-step differences, which share no formula with it."""

import numpy as np
import pytest

from rnnviz.config import Gradient, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.gradcheck import (
    GradientCheck,
    check_gradient,
    complex_step_gradient,
    relative_errors,
)
from rnnviz.engine.training import record
from rnnviz.session import Session
from tests.sampling import each_row, pairwise
from tests.unit.engine.networks import CELLS, architecture, examples, network, phrase

#: Sequences of one length, and of many side by side.
LENGTHS = {"T=1": [1], "T=2": [2], "T=5": [5], "T=10": [10], "masked": [5, 1, 4, 2]}


def trained():
    """The default network in the middle of its training, where no gradient is negligible."""
    session = Session(RunConfig(hidden=12, init_scale=0.1))
    session.player.advance(25)
    return session.state.parameters


def errors_of(parameters, batch, gradient=Gradient.EXACT):
    found = record(parameters, batch, gradient).gradient
    return relative_errors(found, complex_step_gradient(parameters, batch))


@pairwise(layers=[1, 2, 3], lengths=LENGTHS, cell=CELLS, every={"last": False, "every": True})
def test_the_exact_gradient_agrees_for_every_parameter(cell, layers, lengths, every):
    of = architecture(cell, layers)
    errors = errors_of(network(of), collate(examples(of, lengths, every)))
    assert len(errors) == len(network(of).named())
    assert max(errors.values()) < 1e-9


@pairwise(layers=[1, 2], lengths=LENGTHS, cell=CELLS)
def test_it_agrees_from_the_decoder_back_into_the_encoder(cell, layers, lengths):
    of = architecture(cell, layers, encoder=True)
    errors = errors_of(network(of), collate(examples(of, lengths, every=True)))
    assert {name[:4] for name in errors} >= {"enc.", "dec."}
    assert max(errors.values()) < 1e-9


@pytest.mark.parametrize("every", [False, True], ids=["last", "every"])
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_it_agrees_for_values_and_the_squared_error(cell, every):
    of = architecture(cell, 2, squared=True)
    batch = collate(examples(of, [5, 1, 4, 2], every, values=True))
    assert max(errors_of(network(of), batch).values()) < 1e-9


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_it_agrees_where_only_some_columns_of_a_large_vocabulary_are_there(cell):
    of = architecture(cell)._replace(inputs=300)
    parameters = network(of)
    batch = collate([phrase([299, 0, 299], 1), phrase([7], 2)])
    touched = np.concatenate([v.ravel() for k, v in _numbers(parameters).items() if "W_x" not in k])
    columns = [v[:, [0, 7, 8, 299]].ravel() for k, v in _numbers(parameters).items() if "W_x" in k]
    entries = np.concatenate([touched, *columns])
    truth = complex_step_gradient(parameters, batch, entries)
    found = record(parameters, batch).gradient
    assert max(relative_errors(found, truth).values()) < 1e-9
    for name, array in found.named().items():
        assert "W_x" not in name or not array[:, [1, 8, 298]].any()


def _numbers(parameters):
    return parameters.like(np.arange(parameters.theta.size)).named()


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
    check = check_gradient(
        parameters, collate(examples(of, [5, 1, 4, 2], every=True)), Gradient.EXACT
    )
    assert not check.wrong, check.errors


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


def test_an_error_in_one_weight_is_found():
    parameters, batch = trained(), collate([phrase([1, 2, 3], 1)])
    truth = complex_step_gradient(parameters, batch)
    found = record(parameters, batch).gradient
    found["W_hh"][3, 4] += 1e-6 * np.abs(truth["W_hh"]).max()
    errors = relative_errors(found, truth)
    assert errors["W_hh"] > 1e-8
    assert errors["W_xh"] < 1e-12


def test_a_gradient_cut_on_its_way_is_not_the_gradient_of_the_loss():
    parameters, batch = trained(), collate([phrase([1, 2, 3, 4], 1)])
    truth = complex_step_gradient(parameters, batch)
    cut = record(parameters, batch, truncate=2).gradient
    assert relative_errors(cut, truth)["W_hh"] > 1e-3


# The check on demand


def on(session, text):
    return session.state.parameters, session.inspect(text).trace.batch


@each_row("text", ["bad", "not bad", "i am not at all happy"])
def test_the_exact_gradient_is_found_right(learned, text):
    check = check_gradient(*on(learned, text), Gradient.EXACT)
    assert check.worst < 1e-12
    assert check.wrong == {}
    assert check.entries == check.total == learned.state.parameters.theta.size


def test_the_notebooks_gradient_is_found_wrong_where_it_is(learned):
    check = check_gradient(*on(learned, "i am not at all happy"), Gradient.NOTEBOOK)
    assert set(check.wrong) == {"W_xh", "W_hh", "b_h"}
    assert check.wrong["W_hh"] > 0.1
    assert max(check.errors["W_hy"], check.errors["b_y"]) < 1e-12


def test_a_large_network_is_checked_at_entries_of_every_parameter():
    session = Session(RunConfig(hidden=256, init_scale=0.05))
    check = check_gradient(*on(session, "i am not at all happy"), Gradient.EXACT)
    assert 1000 <= check.entries < check.total / 10
    assert set(check.errors) == {"W_xh", "W_hh", "b_h", "W_hy", "b_y"}
    assert check.worst < 1e-10
    wrong = check_gradient(*on(session, "i am not at all happy"), Gradient.NOTEBOOK)
    assert {"W_hh", "W_xh", "b_h"} <= set(wrong.wrong)


def test_a_run_in_single_precision_is_checked_in_double():
    session = Session(RunConfig(hidden=12, init_scale=0.1, dtype="float32"))
    check = check_gradient(*on(session, "i am not at all happy"), Gradient.EXACT)
    assert check.worst < 1e-12


def test_an_error_that_is_no_number_counts_as_wrong():
    check = GradientCheck({"W_hh": float("nan"), "b_y": 1e-9}, 1, 1)
    assert list(check.wrong) == ["W_hh"]


def test_entries_that_were_not_found_do_not_count(learned):
    parameters, batch = on(learned, "not bad")
    truth = complex_step_gradient(parameters, batch, entries=np.array([3, 5]))
    assert np.isnan(truth.theta).sum() == truth.theta.size - 2
    assert max(relative_errors(record(parameters, batch).gradient, truth).values()) < 1e-12
