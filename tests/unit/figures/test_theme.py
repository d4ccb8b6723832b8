"""Scales that keep still, and text that is only text."""

import html
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.figures.axes import (
    NARROW,
    axis,
    column_font,
    log_axis,
    signed_axis,
    whole,
    words_axis,
    words_margin,
)
from rnnviz.figures.axis_limits import decades
from rnnviz.figures.legends import scale_words
from rnnviz.figures.picture import compact
from rnnviz.figures.theme import DARK, LIGHT, picture, plain
from tests.sampling import each_row


@each_row(
    ("text", "drawn"),
    [
        ("bad", "bad"),
        ("<b>bad</b>", "&lt;b&gt;bad&lt;/b&gt;"),
        ("good & bad", "good &amp; bad"),
        ("&lt;", "&amp;lt;"),
        ("$x$", "$x$"),
        ("😀", "😀"),
    ],
)
def test_a_text_is_drawn_as_typed(text, drawn):
    assert plain(text) == drawn


@given(st.text())
def test_no_text_is_markup_and_none_is_long(text):
    shown = plain(text)
    assert "<" not in shown
    assert ">" not in shown
    assert len(html.unescape(shown)) <= 24 or html.unescape(shown) == text[:23] + "…"


@given(st.text(max_size=24))
def test_a_short_text_is_shown_in_full(text):
    assert plain(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


def test_a_text_may_be_longer_where_there_is_room():
    assert plain("x" * 40, 40) == "x" * 40
    assert plain("x" * 41, 40) == "x" * 39 + "…"


def test_a_scale_in_words_has_both_ends_in_their_colors():
    shown = scale_words("h", 0.5, DARK)
    assert shown.index(DARK.negative) < shown.index("−0.5")
    assert shown.index(DARK.positive) < shown.index("+0.5")


def test_a_long_word_is_cut_before_it_is_escaped():
    assert plain("<" * 100) == "&lt;" * 23 + "…"


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_signed_values_are_blue_below_zero_and_red_above(theme):
    places, colors = zip(*theme.diverging, strict=True)
    assert places == (0, 0.5, 1)
    below, _, above = (tuple(bytes.fromhex(color[1:])) for color in colors)
    assert max(below) == below[2]
    assert max(above) == above[0]


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_no_two_colors_of_a_theme_are_the_same(theme):
    colors = asdict(theme).values()
    assert len(set(colors)) == len(colors)


def test_long_numbers_beside_an_axis_are_written_short():
    small, large = (signed_axis("m", limit, LIGHT) for limit in (575.0, 2.3e11))
    assert "tickformat" not in small
    assert large["tickformat"] == "~g"
    assert large["range"] == [-2.3e11, 2.3e11]


def test_equal_words_keep_their_own_places():
    below = words_axis(["bad", "not", "bad"], LIGHT)
    assert below["ticktext"] == ["bad", "not", "bad"]
    assert below["tickvals"] == [0, 1, 2]
    assert below["range"] == [-0.5, 2.5]


@each_row("count", [1, 39, 40, 41, 200])
def test_of_many_words_not_all_are_named_but_each_at_its_own_place(count):
    below = words_axis([str(place) for place in range(count)], LIGHT)
    assert below["ticktext"] == [str(place) for place in below["tickvals"]]
    assert min(count, 10) <= len(below["ticktext"]) <= 50
    assert below["range"] == [-0.5, count - 0.5]


def test_labels_are_slanted_only_where_they_have_no_room_side_by_side():
    assert words_axis(["bad"] * 3, LIGHT)["tickangle"] == 0
    assert words_axis(["terrible"] * 20, LIGHT)["tickangle"] < 0
    assert words_axis(["b"] * 200, LIGHT)["tickangle"] == 0
    assert words_axis(["bad"] * 12, LIGHT)["tickangle"] < 0
    assert words_axis(["bad"] * 12, LIGHT, width=600)["tickangle"] == 0


@each_row("count", [21, 38, 48, 60])
def test_letters_are_all_named_so_that_they_can_be_read(count):
    text = ("the fox went to the river to look for the moon. " * 2)[:count]
    below = words_axis(list(text), LIGHT)
    assert "".join(below["ticktext"]) == text.replace(" ", "␣")
    assert below["tickangle"] == 0
    assert words_margin(list(text))["b"] == words_margin(["a"])["b"]


def test_a_letter_that_is_changed_leaves_its_neighbours_their_room():
    few, many = ([*"the fox went to"[:count], "x→<", "t"] for count in (3, 15))
    assert words_axis(few, LIGHT)["ticktext"] == ["t", "h", "e", "x→&lt;", "t"]
    assert words_axis(many, LIGHT)["ticktext"][-3:] == ["o", "x<br>→&lt;", "t"]
    assert words_axis(many, LIGHT)["tickangle"] == 0


def test_letters_become_smaller_only_where_they_must():
    assert "tickfont" not in words_axis(["a"] * 30, LIGHT)
    sizes = [words_axis(["a"] * count, LIGHT)["tickfont"]["size"] for count in (40, 60)]
    assert 14 > sizes[0] > sizes[1] >= 10


def test_a_log_axis_names_its_powers_as_large_as_other_numbers_are():
    below = log_axis("", LIGHT, [-4.3, 2.3])
    assert list(below["tickvals"]) == pytest.approx([1e-4, 1e-2, 1, 100])
    names = ["10<sup>−4</sup>", "10<sup>−2</sup>", "1", "10<sup>2</sup>"]
    assert below["ticktext"] == names
    assert log_axis("", LIGHT, [-0.3, 2.3])["ticktext"] == ["1", "10", "10<sup>2</sup>"]


@given(st.lists(st.floats(5e-324, 1.7e308), min_size=1))
def test_a_log_axis_over_any_sizes_has_labels_that_are_numbers(values):
    below = log_axis("", LIGHT, decades(values))
    assert len(below["ticktext"]) == len(below["tickvals"]) <= 7
    assert all(0 < value < math.inf for value in below["tickvals"])


def test_no_name_is_longer_than_there_is_room_below_its_column():
    drawn = words_axis(["n'aimons→dessines", "maison→rouge"] * 2, LIGHT)
    assert drawn["ticktext"] == ["n'aimons→dess…", "maison→rouge"] * 2
    assert drawn["tickangle"] == -40


def test_signs_in_narrow_columns_are_equally_wide_and_keep_apart():
    assert column_font(["a", "b"], 20) == {"size": 14}
    assert column_font(["a", "bc"], 60) == {"size": 14}
    close = column_font(["a", "b"], 40)
    assert "monospace" in close["family"]
    assert 0.6 * close["size"] <= NARROW / 40
    assert column_font(["a"], 60)["size"] == 11


def test_few_things_are_counted_in_whole_numbers():
    assert whole(1) == whole(5) == {"dtick": 1}
    assert whole(6) == {}


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_said_to_the_pointer_stands_on_the_theme_s_ground(theme):
    assert picture([], "", 100, theme).figure.layout.plot_bgcolor == theme.background


def test_a_figure_keeps_its_height_and_the_reader_s_zoom():
    drawn = picture([], "Title", 321, LIGHT, yaxis=axis("loss (nats)", LIGHT))
    assert (drawn.figure.layout.height, drawn.figure.layout.uirevision) == (321, "keep")
    assert drawn.figure.layout.title.text == "Title"
    assert drawn.figure.layout.yaxis.title.text == "loss (nats)"


def test_numbers_travel_as_contiguous_float32():
    found = compact(np.arange(6.0).reshape(2, 3).T)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    assert found.tolist() == [[0, 3], [1, 4], [2, 5]]
