"""The records behind the charts, as tables."""

import math

import numpy as np

from rnnviz.analysis.connectivity import Connectivity
from rnnviz.analysis.gradient_comparison import ByLength, Comparison
from rnnviz.analysis.gradient_history import GradientRow, GradientSeries
from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.jacobians import Products, StateSpectra
from rnnviz.analysis.lag import LagProfile
from rnnviz.analysis.optimizer_step_stats import NextStepStats
from rnnviz.analysis.token_contribution import TokenContribution
from rnnviz.app.gradient_tables import (
    by_length_table,
    check_table,
    clipping_table,
    connectivity_table,
    errors_table,
    exponents_table,
    lag_table,
    pairs_table,
    products_table,
    ratios_table,
    shares_table,
    spectrum_table,
    state_spectrum_table,
)
from rnnviz.engine.gradcheck import GradientCheck


def rows(table):
    return [tuple(row) for row in table.itertuples(index=False)]


def comparison(error):
    return Comparison(
        {"W_hh": 1.0, "b_y": 2.0},
        {"W_hh": 3.0, "b_y": 2.0},
        {"W_hh": -0.25, "b_y": 1.0},
        {"W_hh": error, "b_y": 0.0},
    )


def pages():
    entries = tuple(
        GradientRow(
            np.array([e + 1j]),
            TokenContribution(np.array([0.25, 0.75]), np.array([1.0, 0.0])),
            e,
            e / 4,
            10 * e,
            {},
            {"W_hh": e, "b_y": 0.0},
            {"W_hh": 1 - e, "b_y": 1.0},
        )
        for e in (0.0, 0.5)
    )
    return GradientSeries(np.array([0, 7]), entries)


def test_sizes_over_the_lag_below_the_picture_are_exact():
    sizes = np.array([1.0, 1e-300, 0])
    seen = LagProfile(
        Objective.LOSS, sizes, 2 * sizes, sizes / 2, 3 * sizes, 9, None, np.dtype(float)
    )
    table = lag_table(seen)
    assert rows(table[["lag", "median", "mean"]]) == [(0, 1, 2), (1, 1e-300, 2e-300), (2, 0, 0)]
    assert "bound" not in table
    assert table.columns[3:5].tolist() == ["10 % of sequences below", "90 % of sequences below"]


def test_an_error_of_zero_is_zero():
    seen = ByLength(np.array([1, 3]), np.array([4, 9]), (comparison(0.0), comparison(0.1)))
    assert by_length_table(seen).columns.tolist() == [
        "length", "sequences", "parameter", "relative error", "cosine",
    ]  # fmt: skip
    assert rows(by_length_table(seen)) == [
        (1, 4, "W_hh", 0, -0.25),
        (1, 4, "b_y", 0, 1),
        (3, 9, "W_hh", 0.1, -0.25),
        (3, 9, "b_y", 0, 1),
    ]


def test_errors_and_cosines_over_the_epochs():
    assert rows(errors_table(pages())) == [
        (0, "W_hh", 0, 1),
        (0, "b_y", 0, 1),
        (7, "W_hh", 0.5, 0.5),
        (7, "b_y", 0, 1),
    ]


def test_both_gradients_with_cosine_and_error():
    table = pairs_table(comparison(0.5))
    assert table.columns.tolist() == [
        "parameter", "||exact||", "||notebook||", "cosine", "relative error",
    ]  # fmt: skip
    assert rows(table) == [("W_hh", 1, 3, -0.25, 0.5), ("b_y", 2, 2, 1, 0)]


def test_connectivity_below_the_scale_is_exact_and_every_cell_has_its_tokens():
    seen = Connectivity(np.array([0, 1]), np.array([[1.0, 0], [1e-200, 2]]))
    assert rows(connectivity_table(seen, ["a", " "])) == [
        (1, "a", 1, "a", 1),
        (1, "a", 2, "␣", 0),
        (2, "␣", 1, "a", 1e-200),
        (2, "␣", 2, "␣", 2),
    ]


def test_products_exponents_and_spectra():
    seen = Products(np.array([1, 2]), np.array([-1.0, 0]), np.array([-math.inf, 0]))
    assert rows(products_table(seen, "abc")) == [(2, "b", -1, -math.inf), (3, "c", 0, 0)]
    assert rows(exponents_table(np.array([0.1, -math.inf]))) == [(1, 0.1), (2, -math.inf)]
    spectra = StateSpectra(np.array([0, 2]), np.array([[1j, 2], [3, 4]]))
    assert rows(state_spectrum_table(spectra, "abc")) == [
        (1, "a", 0, 1),
        (1, "a", 2, 0),
        (3, "c", 3, 0),
        (3, "c", 4, 0),
    ]
    found = rows(spectrum_table(np.array([9 + 0j]), pages()))
    assert found == [("shown", 9, 0), ("0", 0, 1), ("7", 0.5, 1)]


def test_what_is_looked_at_over_the_epochs():
    assert rows(shares_table(pages(), "W_hh", "ab"))[:2] == [(0, 1, "a", 0.25), (0, 2, "b", 0.75)]
    assert rows(clipping_table(pages())) == [(0, 0, 0, 0), (7, 0.5, 0.125, 5)]


def test_ratios_are_quantiles_of_the_steps_that_have_one():
    ratios = {
        "W_hh": np.arange(11.0),
        "b_h": np.array([math.inf, 2.0]),
        "b_y": np.array([math.inf]),
    }
    seen = NextStepStats(np.zeros(1), np.zeros(1), ratios)
    assert rows(ratios_table(seen)) == [("W_hh", 1, 5, 9), ("b_h", 2, 2, 2)]
    assert len(ratios_table(NextStepStats(np.zeros(1), np.zeros(1), {}))) == 0


def test_the_check_as_far_as_it_was_made():
    assert rows(check_table(GradientCheck({"W_hh": 0.0, "b_y": 1e-17}, 9, 9))) == [
        ("W_hh", 0),
        ("b_y", 1e-17),
    ]
    assert check_table(None).empty
