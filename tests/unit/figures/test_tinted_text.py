"""Text tinted by a unit."""

import re

import numpy as np
import pytest

from rnnviz.figures.colors import contrast, ink
from rnnviz.figures.theme import DARK, LIGHT
from rnnviz.figures.tinted_text import Line, tint, tinted_text
from tests.sampling import each_row

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def spans(html):
    return re.findall(
        r'<span style="background:(#\w{6});color:(#\w{6})" title="(.*?)">(.*?)<', html
    )


@THEMES
@each_row("share", np.linspace(-1, 1, 21))
def test_ink_is_legible_on_every_tint(theme, share):
    ground = tint(share, theme)
    assert contrast(ink(ground), ground) >= 4.5


def test_ink_is_dark_in_the_middle_of_the_light_scale():
    assert all(ink(tint(share, LIGHT)) == "#000000" for share in (-0.5, -0.2, 0, 0.2, 0.5))


@THEMES
def test_the_ends_and_the_middle_are_those_of_every_signed_picture(theme):
    assert tint(1, theme) == tint(7, theme) == theme.positive
    assert tint(-1, theme) == tint(-7, theme) == theme.negative
    assert tint(0, theme) == tint(float("nan"), theme) == theme.neutral


def test_contrast_is_that_of_black_on_white():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)


def test_every_token_has_its_tint_and_its_exact_value():
    line = Line(("not", "good"), np.array([-0.25, 0.5]))
    first, second = spans(tinted_text([line], "unit 3: h", 0.5))
    assert first[:2] == (tint(-0.5, LIGHT), ink(tint(-0.5, LIGHT)))
    assert second[0] == LIGHT.positive
    assert first[2] == "unit 3: h = -0.250000 after “not”"
    assert (first[3], second[3]) == ("not", "good")


def test_a_user_s_text_is_only_text():
    evil = '<img src=x onerror="alert(1)">&amp;'
    html = tinted_text([Line((evil,), np.array([0.1]), evil)], evil, 1.0)
    assert "<img" not in html
    assert html.count("&lt;img") == 4
    assert "&amp;amp;" in html


def test_marked_words_are_underlined_and_spaces_can_be_seen():
    html = tinted_text([Line(("a", " "), np.zeros(2), marked=frozenset({1}))], "h", 1.0, gap="")
    assert html.count("<u>") == 1
    assert "<u><span" in html
    assert "␣</span></u>" in html


def test_a_silent_unit_is_neutral():
    html = tinted_text([Line(("a",), np.zeros(1))], "h", 0.0)
    assert spans(html)[0][0] == LIGHT.neutral
