"""Palettes, the common layout, axes, and text that is only text."""

import math
from dataclasses import asdict

import numpy as np
import pytest

from rnnviz.charts import axes
from rnnviz.charts.axes import log_axis, words_axis, words_margin
from rnnviz.charts.axis_limits import decades
from rnnviz.charts.shapes import contrast
from rnnviz.charts.theme import DARK, LIGHT, picture, plain
from tests.sampling import each_row

FOX = "the fox went to the river to look for the moon. " * 2


@each_row(
    ("text", "drawn"),
    [
        ("<b>bad</b>", "&lt;b&gt;bad&lt;/b&gt;"),
        ("good & bad", "good &amp; bad"),
        ("&lt;", "&amp;lt;"),
        ("$x$ 😀", "$x$ 😀"),
        ("x" * 24, "x" * 24),
        ("x" * 25, "x" * 23 + "…"),
        ("<" * 100, "&lt;" * 23 + "…"),
    ],
)
def test_a_text_is_drawn_as_typed_and_cut_before_it_is_escaped(text, drawn):
    assert plain(text) == drawn
    assert plain("x" * 41, 40) == "x" * 39 + "…"


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_colors_of_a_theme_differ_and_signed_values_are_blue_and_red(theme):
    colors = asdict(theme).values()
    assert len(set(colors)) == len(colors)
    shares, colors = zip(*theme.diverging, strict=True)
    assert shares == (0, 0.5, 1)
    below, _, above = (tuple(bytes.fromhex(color[1:])) for color in colors)
    assert max(below) == below[2]
    assert max(above) == above[0]


def test_a_figure_has_its_height_its_title_and_the_background_of_the_page():
    layout = picture([], "Title", 321, DARK, yaxis=axes.axis("loss (nats)", DARK)).figure.layout
    assert layout.height == 321
    assert layout.plot_bgcolor == DARK.background
    assert layout.title.text == "Title"
    assert layout.yaxis.title.text == "loss (nats)"


def test_few_things_are_counted_in_whole_numbers_and_long_numbers_are_written_short():
    assert [axes.whole(count) for count in (1, 5, 6)] == [{"dtick": 1}, {"dtick": 1}, {}]
    small, large = (axes.signed_axis("m", limit, LIGHT) for limit in (575.0, 2.3e11))
    assert "tickformat" not in small
    assert (large["tickformat"], large["range"]) == ("~g", [-2.3e11, 2.3e11])


def test_a_log_axis_names_its_powers_as_large_as_other_numbers_are():
    below = log_axis("", LIGHT, [-4.3, 2.3])
    assert list(below["tickvals"]) == pytest.approx([1e-4, 1e-2, 1, 100])
    names = ["10<sup>−4</sup>", "10<sup>−2</sup>", "1", "10<sup>2</sup>"]
    assert below["ticktext"] == names
    assert log_axis("", LIGHT, [-0.3, 2.3])["ticktext"] == ["1", "10", "10<sup>2</sup>"]


@each_row("values", [[5e-324], [1.7e308], [5e-324, 1.7e308], [1e-5, 0.3], [1.0, 1e13]])
def test_a_log_axis_over_any_sizes_has_labels_that_are_numbers(values):
    below = log_axis("", LIGHT, decades(values))
    assert len(below["ticktext"]) == len(below["tickvals"]) <= 7
    assert all(0 < value < math.inf for value in below["tickvals"])


# Tokens side by side


@each_row("count", [1, 3, 39, 40, 41, 200])
def test_of_many_words_not_all_are_named_but_each_at_its_own_position(count):
    below = words_axis([f"w{t}" for t in range(count)], LIGHT)
    assert below["ticktext"] == [f"w{t}" for t in below["tickvals"]]
    assert min(count, 10) <= len(below["ticktext"]) <= 20
    assert below["range"] == [-0.5, count - 0.5]
    assert words_axis(["bad", "not", "bad"], LIGHT)["tickvals"] == [0, 1, 2]


@each_row(
    ("words", "width", "slanted"),
    [
        (["bad"] * 3, axes.NARROW, False),
        (["terrible"] * 20, axes.NARROW, True),
        (["b"] * 200, axes.NARROW, False),
        (["bad"] * 12, axes.NARROW, True),
        (["bad"] * 12, 600, False),
    ],
)
def test_labels_are_slanted_only_where_they_would_overlap(words, width, slanted):
    assert (words_axis(words, LIGHT, width)["tickangle"] < 0) == slanted
    assert words_margin(words, width)["b"] == (70 if slanted else 32)
    assert words_axis(["n'aimons→dessines"], LIGHT)["ticktext"] == ["n'aimons→dess…"]


@each_row("count", [21, 38, 48, 60])
def test_letters_are_all_named_so_that_they_can_be_read(count):
    text = FOX[:count]
    below = words_axis(list(text), LIGHT)
    assert "".join(below["ticktext"]) == text.replace(" ", "␣")
    assert below["tickangle"] == 0
    assert words_margin(list(text))["b"] == words_margin(["a"])["b"]


def test_letters_shrink_only_where_they_must():
    assert "tickfont" not in words_axis(["a"] * 30, LIGHT)
    sizes = [words_axis(["a"] * count, LIGHT)["tickfont"]["size"] for count in (40, 60)]
    assert sizes == [12, 10]


def test_signs_in_narrow_columns_are_equally_wide_and_keep_apart():
    assert axes.column_font(["a", "b"], 20) == {"size": 14}
    assert axes.column_font(["a", "bc"], 60) == {"size": 14}
    close = axes.column_font(["a", "b"], 40)
    assert "monospace" in close["family"]
    assert 0.6 * close["size"] <= axes.NARROW / 40
    assert axes.column_font(["a"], 60)["size"] == 11


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_color_of_a_text_is_legible_on_the_background(theme):
    texts = (
        "text", "muted", "train", "test", "magnitude", "forward", "negative", "positive",
        "you_text",
    )  # fmt: skip
    faint = {k: contrast(getattr(theme, k), theme.background) for k in texts}
    assert {k: ratio for k, ratio in faint.items() if ratio < 4.5} == {}


# What is seen without one kind of cone, of linear RGB (Machado, Oliveira and Fernandes 2009).
SEEN = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                [0.0193339, 0.1191920, 0.9503041]]) / [[0.95047], [1.0], [1.08883]]  # fmt: skip


def lab(color, seen):
    """CIE 1976 L*, a*, b* of a colour as it is seen."""
    parts = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    x, y, z = XYZ @ np.clip(np.array(seen) @ linear, 0, 1)
    fx, fy, fz = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("seen", SEEN.values(), ids=SEEN.keys())
def test_the_colour_blind_tell_apart_what_only_the_colour_tells(seen, theme):
    """All else is told by a dash, a shape or a place, too."""
    for one, other in (("positive", "negative"), ("forward", "magnitude"), ("train", "test")):
        colors = (lab(getattr(theme, name), seen) for name in (one, other))
        assert np.linalg.norm(np.subtract(*colors)) > 23, (one, other)
