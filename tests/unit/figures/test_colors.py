"""Colours as numbers."""

import pytest

from rnnviz.figures.colors import contrast, faint, ink, mixed, rgb
from tests.sampling import each_row


def test_a_colour_is_three_numbers():
    assert rgb("#0a80ff").tolist() == [10, 128, 255]


@each_row(("share", "color"), [(0, "#000000"), (1, "#ff8040"), (0.5, "#804020"), (0.25, "#402010")])
def test_a_mixture_lies_between_its_ends(share, color):
    assert mixed("#000000", "#ff8040", share) == color


def test_a_faint_colour_lets_through_what_is_behind():
    assert faint("#0a80ff", 0.22) == "rgba(10,128,255,0.22)"


def test_contrast_is_that_of_the_guidelines():
    """21 between black and white, 1 between equal ones, 4.54 for this grey on white (WCAG)."""
    assert contrast("#000000", "#ffffff") == contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#123456", "#123456") == 1
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@each_row(("ground", "color"), [("#ffffff", "#000000"), ("#202020", "#ffffff")])
def test_ink_is_the_one_that_is_seen_better(ground, color):
    assert ink(ground) == color
