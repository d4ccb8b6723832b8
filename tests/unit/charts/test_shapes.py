"""Colours as numbers, and a sentence instead of a picture."""

import numpy as np
import pytest

from rnnviz.charts.shapes import contrast, faint, ink, mixed, rgb, sentence, sparse
from rnnviz.charts.theme import DARK, LIGHT
from tests.sampling import each_row

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


@each_row(("share", "color"), [(0, "#000000"), (1, "#ff8040"), (0.5, "#804020"), (0.25, "#402010")])
def test_a_mixture_lies_between_its_ends(share, color):
    assert mixed("#000000", "#ff8040", share) == color
    assert rgb("#0a80ff").tolist() == [10, 128, 255]
    assert faint("#0a80ff", 0.22) == "rgba(10,128,255,0.22)"


def test_contrast_is_that_of_the_guidelines():
    """21 between black and white, 1 between equal ones, 4.54 for this grey on white (WCAG)."""
    assert contrast("#000000", "#ffffff") == contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#123456", "#123456") == 1
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@THEMES
def test_ink_is_legible_on_every_tint(theme):
    for share in np.linspace(-1, 1, 21):
        color = mixed(theme.neutral, theme.positive if share > 0 else theme.negative, abs(share))
        assert contrast(ink(color), color) >= 4.5
        assert theme is DARK or abs(share) > 0.5 or ink(color) == "#000000"


# A sentence in the place of a picture


def test_the_sentence_is_whole_and_the_readers_words_in_it_are_no_tags():
    said = f"{'long ' * 60}<b>x</b>"
    drawn = sentence("Title", said)
    assert drawn.figure.layout.title.text == "Title"
    assert drawn.layout["meta"]["sentence"] == said.replace("<", "&lt;").replace(">", "&gt;")
    assert drawn.figure.layout.annotations[0].text == drawn.layout["meta"]["sentence"]
    assert not drawn.figure.data


def test_of_many_names_some_are_left_evenly_back_from_the_last():
    assert sparse(("a", "b", "c", "d", "e"), 3) == ("a", "", "c", "", "e")
    assert sparse(("a", "b", "c", "d", "e"), 1) == ("", "", "", "", "e")
    assert sparse(("a", "b"), 4) == ("a", "b")
