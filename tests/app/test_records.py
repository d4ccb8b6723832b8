"""The records behind the charts, as tables."""

import math

import numpy as np

from rnnviz.analysis.connectivity import Connectivity
from rnnviz.analysis.exact_vs_notebook import ByLength, Comparison
from rnnviz.analysis.gradient_history import GradientRow, GradientSeries
from rnnviz.analysis.gradient_over_lag import LagProfile
from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.jacobians import Products, StateSpectra
from rnnviz.analysis.optimizer_step_stats import NextStepStats
from rnnviz.analysis.token_contribution import TokenContribution
from rnnviz.app import gradient_tables as tables
from rnnviz.engine.gradcheck import GradientCheck
from tests.sampling import each_row

INF = math.inf


def comparison(error):
    names = ("W_hh", "b_y")
    columns = ((1.0, 2.0), (3.0, 2.0), (-0.25, 1.0), (error, 0.0))
    return Comparison(*(dict(zip(names, values, strict=True)) for values in columns))


def entry(e):
    shares = TokenContribution(np.array([0.25, 0.75]), np.array([1.0, 0.0]))
    errors, cosines = {"W_hh": e, "b_y": 0.0}, {"W_hh": 1 - e, "b_y": 1.0}
    return GradientRow(np.array([e + 1j]), shares, e, e / 4, 10 * e, {}, errors, cosines)


HISTORY = GradientSeries(np.array([0, 7]), (entry(0.0), entry(0.5)))
SIZES = np.array([1.0, 1e-300, 0])
PROFILE = LagProfile(
    Objective.LOSS, SIZES, 2 * SIZES, SIZES / 2, 3 * SIZES, 9, None, np.dtype(float)
)
BY_LENGTH = ByLength(np.array([1, 3]), np.array([4, 9]), (comparison(0.0), comparison(0.1)))
CONNECTIVITY = Connectivity(np.array([0, 1]), np.array([[1.0, 0], [1e-200, 2]]))
PRODUCTS = Products(np.array([1, 2]), np.array([-1.0, 0]), np.array([-INF, 0]))
SPECTRA = StateSpectra(np.array([0, 2]), np.array([[1j, 2], [3, 4]]))
RATIOS = {"W_hh": np.arange(11.0), "b_h": np.array([INF, 2.0]), "b_y": np.array([INF])}
PARAMETER = "parameter relative_error cosine"


@each_row(
    ("table", "columns", "rows"),
    [
        # What lies below the picture's scale is exact here, and an error of zero is zero.
        (
            tables.lag_table(PROFILE)[["lag", "median", "mean"]], "lag median mean",
            [(0, 1, 2), (1, 1e-300, 2e-300), (2, 0, 0)],
        ),
        (
            tables.by_length_table(BY_LENGTH), f"length sequences {PARAMETER}",
            [
                (1, 4, "W_hh", 0, -0.25), (1, 4, "b_y", 0, 1),
                (3, 9, "W_hh", 0.1, -0.25), (3, 9, "b_y", 0, 1),
            ],
        ),
        (
            tables.errors_table(HISTORY), f"epoch {PARAMETER}",
            [(0, "W_hh", 0, 1), (0, "b_y", 0, 1), (7, "W_hh", 0.5, 0.5), (7, "b_y", 0, 1)],
        ),
        (
            tables.pairs_table(comparison(0.5)),
            "parameter ||exact|| ||notebook|| cosine relative_error",
            [("W_hh", 1, 3, -0.25, 0.5), ("b_y", 2, 2, 1, 0)],
        ),
        (
            tables.connectivity_table(CONNECTIVITY, ["a", " "]),
            "answer_after_token answer_after token word C",
            [
                (1, "a", 1, "a", 1), (1, "a", 2, "␣", 0),
                (2, "␣", 1, "a", 1e-200), (2, "␣", 2, "␣", 2),
            ],
        ),
        (
            tables.products_table(PRODUCTS, "abc"), "token word log10_largest log10_smallest",
            [(2, "b", -1, -INF), (3, "c", 0, 0)],
        ),
        (
            tables.exponents_table(np.array([0.1, -INF])), "exponent nats_a_token",
            [(1, 0.1), (2, -INF)],
        ),
        (
            tables.state_spectrum_table(SPECTRA, "abc"), "token word real_part imaginary_part",
            [(1, "a", 0, 1), (1, "a", 2, 0), (3, "c", 3, 0), (3, "c", 4, 0)],
        ),
        (
            tables.spectrum_table(np.array([9 + 0j]), HISTORY), "epoch real_part imaginary_part",
            [("shown", 9, 0), ("0", 0, 1), ("7", 0.5, 1)],
        ),
        (
            tables.shares_table(HISTORY, "W_hh", "ab"), "epoch token word share",
            [(0, 1, "a", 0.25), (0, 2, "b", 0.75), (7, 1, "a", 0.25), (7, 2, "b", 0.75)],
        ),
        (
            tables.clipping_table(HISTORY), "epoch share_of_steps share_of_entries angle_(°)",
            [(0, 0, 0, 0), (7, 0.5, 0.125, 5)],
        ),
        (
            tables.ratios_table(NextStepStats(np.zeros(1), np.zeros(1), RATIOS)),
            "parameter 10_%_of_steps_below median 90_%_of_steps_below",
            [("W_hh", 1, 5, 9), ("b_h", 2, 2, 2)],
        ),
        (
            tables.check_table(GradientCheck({"W_hh": 0.0, "b_y": 1e-17}, 9, 9)),
            "parameter relative_error", [("W_hh", 0), ("b_y", 1e-17)],
        ),
        (tables.check_table(None), "parameter relative_error", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_table_has_the_numbers_of_its_record(table, columns, rows):
    assert [title.replace(" ", "_") for title in table.columns] == columns.split()
    assert [tuple(row) for row in table.itertuples(index=False)] == rows


def test_a_bound_that_is_not_known_has_no_column():
    columns = ["lag", "median", "mean", "10 % of sequences below", "90 % of sequences below", "fit"]
    assert [*tables.lag_table(PROFILE)] == columns
