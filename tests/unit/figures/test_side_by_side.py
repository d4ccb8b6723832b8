"""Two sequences side by side, and what each token adds."""

import numpy as np
import pytest

from rnnviz.analysis.saliency import Saliency
from rnnviz.figures.colors import contrast
from rnnviz.figures.hidden_states import View
from rnnviz.figures.side_by_side import Pair, compared_margins, compared_states, saliency_strips
from rnnviz.figures.theme import DARK, LIGHT
from rnnviz.figures.tinted_text import tint
from tests.sampling import each_row

NAN = float("nan")
FIRST = np.array([[0.5, -0.25], [1.0, 0.0], [0.0, 0.25]])
SECOND = np.array([[0.5, -0.25], [NAN, NAN], [-1.0, 0.25]])
WORDS = ["i", "not→–", "<b>"]
PAIR = Pair(FIRST, SECOND, WORDS)


def test_the_third_picture_is_the_second_less_the_first():
    first, second, third = compared_states(PAIR).figure.data
    assert np.array(first.z) == pytest.approx(FIRST.T)
    assert np.isnan(np.array(second.z)[:, 1]).all()
    assert np.array(third.z)[:, [0, 2]] == pytest.approx((SECOND - FIRST).T[:, [0, 2]])


def test_all_three_are_on_one_scale_and_on_one_axis_of_words():
    picture = compared_states(PAIR, view=View("c", "Cell state", bounded=False))
    assert len({(one.zmin, one.zmax) for one in picture.figure.data}) == 1
    assert picture.figure.data[0].zmax == -picture.figure.data[0].zmin == 1
    assert [one.yaxis for one in picture.figure.data] == ["y", "y2", "y3"]
    assert picture.figure.layout.xaxis.ticktext[2] == "&lt;b&gt;"
    domains = [picture.figure.layout[f"yaxis{k}"].domain for k in ("", 2, 3)]
    assert domains[0][0] >= domains[1][1] >= domains[1][0] >= domains[2][1]


def test_two_bars_stand_at_every_word_and_a_gap_where_there_is_none():
    pair = Pair(np.array([1.0, -2.0]), np.array([0.5, NAN]), ["a", "b"], ("before", "after"))
    picture = compared_margins(pair, "Lead of “<i>”")
    assert [bar.name for bar in picture.figure.data] == ["before", "after"]
    assert list(picture.figure.data[0].y) == [1, -2]
    assert np.isnan(picture.figure.data[1].y[1])
    low, high = picture.figure.layout.yaxis.range
    assert low == -high
    assert high >= 2
    assert "&lt;i&gt;" in picture.figure.layout.title.text
    assert picture.figure.layout.yaxis.title.text == "margin (logits)"
    assert compared_margins(pair, "", unit="value").figure.layout.yaxis.title.text == "(value)"


def test_nothing_known_can_be_drawn():
    nothing = np.full((2, 3), NAN)
    assert compared_states(Pair(nothing, nothing, ["a", "b"])).figure.to_json()
    assert compared_margins(Pair(nothing[:, 0], nothing[:, 0], ["a", "b"]), "m").figure.to_json()


def saliency(count=3):
    rng = np.random.default_rng(0)
    shares = rng.normal(size=(3, count))
    shares[1, 0] = NAN
    return Saliency(*shares, whole=2.0, empty=0.5)


def test_three_methods_stand_below_each_other_in_one_unit():
    found = saliency()
    picture = saliency_strips(found, ["a", "b", "c"], "the lead of <b>")
    strips, _ = picture.figure.data
    assert np.array(strips.z)[0] == pytest.approx(found.gradient_input, abs=1e-6)
    assert np.array(strips.z)[2] == pytest.approx(found.integrated, abs=1e-6)
    assert strips.zmax == -strips.zmin >= np.nanmax(np.abs(strips.z)) - 1e-6
    assert "&lt;b&gt;" in picture.figure.layout.title.text


def test_whether_the_integrated_gradients_are_complete_is_said():
    found = saliency()
    (note,) = saliency_strips(found, ["a", "b", "c"], "m").figure.layout.annotations
    assert f"sum {found.integrated.sum():.5g}".replace("-", "−") in note.text
    assert "m(x) − m(0) = 1.5" in note.text


def numbers_of(shares, theme=LIGHT):
    found = Saliency(*np.array(shares, float), whole=2.0, empty=0.5)
    drawn = saliency_strips(found, ["a"] * len(shares[0]), "m", theme)
    return drawn.figure.data[1:]


@each_row(
    ("scale", "shown"),
    [
        (30, ["−30", "4"]),
        (8, ["−8.0", "1.0"]),
        (3, ["−3.0", "0.4"]),
        (0.08, ["−0.080", "0.010"]),
        (0.05, ["−0.050", "0.007"]),
    ],
)
def test_numbers_have_the_digits_of_their_scale(scale, shown):
    (numbers,) = numbers_of([[-scale, scale * 0.13], [NAN, 0], [0, 0]])
    assert list(numbers.text[:2]) == shown
    assert numbers.text[2] == ""


def test_numbers_are_written_only_where_they_have_room():
    (few,), (more,) = (numbers_of(np.full((3, count), -0.5)) for count in (4, 7))
    assert few.textfont.size > more.textfont.size
    assert not numbers_of(np.full((3, 11), -0.5))
    (whole,) = numbers_of(np.full((3, 16), 8.0))
    assert whole.text[0] == "8"
    assert not numbers_of(np.full((3, 40), 1.0))


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_numbers_are_easy_to_read_on_every_colour(theme):
    shares = [[-1.0, -0.5, 0.0, 0.5, 1.0]] * 3
    (numbers,) = numbers_of(shares, theme)
    for share, color in zip(shares[0], numbers.textfont.color, strict=False):
        assert contrast(color, tint(share, theme)) > 4.5


def test_of_few_units_none_is_halved_by_a_label():
    pair = Pair(FIRST[:, :1], SECOND[:, :1], WORDS)
    assert compared_states(pair).figure.layout.yaxis3.dtick == 1


def test_a_changed_word_that_would_touch_the_next_one_is_slanted():
    words = ["right→–", "now", "i", "am", "not", "at", "all", "happy"]
    pair = Pair(np.ones(8), np.ones(8), words)
    assert compared_margins(pair, "m").figure.layout.xaxis.tickangle < 0
    assert (
        compared_margins(
            pair._replace(words=["right", *words[1:]]), "m"
        ).figure.layout.xaxis.tickangle
        == 0
    )
