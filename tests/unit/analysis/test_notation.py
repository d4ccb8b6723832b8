"""How numbers, words and entries are written."""

import numpy as np

from rnnviz.analysis.notation import Names, added, number, quoted, written_step
from tests.sampling import each_row

NAMES = Names(vocabulary=("bad", "good"), classes=("no", "yes"))


@each_row(
    ("name", "index", "written"),
    [
        ("W_xh", (3, 1), "W_xh[3, “good”]"),
        ("W_hh", (3, 1), "W_hh[3, 1]"),
        ("b_h", (3,), "b_h[3]"),
        ("W_hy", (1, 3), "W_hy[“yes”, 3]"),
        ("b_y", (0,), "b_y[“no”]"),
    ],
)
def test_rows_and_columns_have_the_names_of_what_they_stand_for(name, index, written):
    assert NAMES.entry(name, index) == written


def test_a_long_word_is_shortened():
    assert quoted("x" * 16) == f"“{'x' * 16}”"
    assert quoted("x" * 17) == f"“{'x' * 15}…”"


@each_row(("value", "written"), [(-0.123456, "−0.1235"), (0.0, "0"), (-0.0, "0"), (2.0, "2")])
def test_a_number_is_short_and_has_a_true_minus(value, written):
    assert number(value) == written


@each_row(
    ("values", "written"),
    [
        ([0.7, 1.0], "0.7*"),
        ([-0.31, 0.0], "−0.31"),
        ([0.7, 0.5], "0.7,0.5"),
        ([1.0, 0.0, -1.0], "1,0,−1"),
        ([0.5], "0.5"),
    ],
)
def test_a_step_is_written_as_it_is_typed(values, written):
    assert written_step(np.array(values)) == written


def test_a_sum_shows_its_signs():
    assert added([-0.5, 0.25, -2.0]) == "−0.5 + 0.25 − 2"
