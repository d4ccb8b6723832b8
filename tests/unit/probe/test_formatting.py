"""Numbers, words and entries as text."""

import numpy as np

from rnnviz.probe.formatting import Names, number, own_number, quoted, written_step
from tests.sampling import each_row

NAMES = Names(vocabulary=("bad", "good"), classes=("no", "yes"), source=("eins", "zwei"))


@each_row(
    ("text", "expected"),
    [
        (NAMES.entry("W_xh", (3, 1)), "W_xh[3, “good”]"),
        (NAMES.entry("enc.W_xh.1", (3, 1)), "enc.W_xh.1[3, “zwei”]"),
        (NAMES.entry("W_xh.2", (3, 1)), "W_xh.2[3, 1]"),
        (NAMES.entry("W_hh", (3, 1)), "W_hh[3, 1]"),
        (NAMES.entry("b_h", (3,)), "b_h[3]"),
        (NAMES.entry("W_hy", (1, 3)), "W_hy[“yes”, 3]"),
        (NAMES.entry("b_y", (0,)), "b_y[“no”]"),
        (quoted("x" * 16), f"“{'x' * 16}”"),
        (quoted("x" * 17), f"“{'x' * 15}…”"),
        (number(-0.123456), "−0.1235"),
        (number(-0.0), "0"),
        (number(2.0), "2"),
        (number(-1.23e-7, 2), "−1.2·10⁻⁷"),
        (number(1e-6), "10⁻⁶"),
        (number(-1e-12, 2, "+"), "−10⁻¹²"),
        (number(1e-6, 2, "+"), "+10⁻⁶"),
        (number(1.1e6, 2), "1.1·10⁶"),
        (number(np.nan), "–"),
        (number(np.inf), "∞"),
        (number(-np.inf), "−∞"),
        (written_step(np.array([0.7, 1.0])), "0.7*"),
        (written_step(np.array([-0.31, 0.0])), "−0.31"),
        (written_step(np.array([0.7, 0.5])), "0.7,0.5"),
        (written_step(np.array([1.0, 0.0, -1.0])), "1,0,−1"),
        (written_step(np.array([0.5])), "0.5"),
    ],
)
def test_text(text, expected):
    assert text == expected


@each_row(
    ("value", "text"),
    [(23456.7, "23,457"), (-4.2, "−4.20"), (0.01234, "0.0123"), (610.0, "610"), (0, "0"),
     (1e-7, "10⁻⁷"), (2.5e12, "2.5·10¹²"), (float("inf"), "∞"), (float("nan"), "–")],
)  # fmt: skip
def test_numbers_of_a_table_are_written_out(value, text):
    assert own_number(value) == text
