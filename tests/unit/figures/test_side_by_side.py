"""Two sequences side by side, and what each token adds."""

import numpy as np

from rnnviz.analysis.saliency import Saliency
from rnnviz.figures.color_math import ink
from rnnviz.figures.heatmap_labels import tint
from rnnviz.figures.hidden_states import View
from rnnviz.figures.side_by_side import Pair, compared_margins, compared_states, saliency_strips
from rnnviz.figures.theme import LIGHT
from tests.sampling import each_row

NAN = float("nan")
FIRST = np.array([[0.5, -0.25], [1.0, 0.0], [0.0, 0.25]])
SECOND = np.array([[0.5, -0.25], [NAN, NAN], [-1.0, 0.25]])
PAIR = Pair(FIRST, SECOND, ["i", "not→–", "<b>"])


def test_both_and_the_second_minus_the_first_are_on_one_scale_below_each_other():
    drawn = compared_states(PAIR, view=View("c", "Cell state", bounded=False)).figure
    for heatmap, states in zip(drawn.data, (FIRST, SECOND, SECOND - FIRST), strict=True):
        np.testing.assert_allclose(heatmap.z, states.T)
        assert heatmap.zmax == -heatmap.zmin == 1
    assert [one.yaxis for one in drawn.data] == ["y", "y2", "y3"]
    assert drawn.layout.xaxis.ticktext[2] == "&lt;b&gt;"
    axes = [drawn.layout[f"yaxis{k}"] for k in ("", 2, 3)]
    assert [axis.title.text for axis in axes] == [
        "unit, as typed", "unit, changed", "unit, difference",
    ]  # fmt: skip
    first, second, third = (axis.domain for axis in axes)
    assert first[0] >= second[1] >= second[0] >= third[1]
    assert {axis.dtick for axis in axes} == {1}, "of few units none is halved by a label"


def test_two_bars_are_at_every_word_and_a_gap_where_there_is_none():
    pair = Pair(np.array([1.0, -2.0]), np.array([0.5, NAN]), ["a", "b"], ("before", "after"))
    drawn = compared_margins(pair, "Lead of “<i>”").figure
    assert [bar.name for bar in drawn.data] == ["before", "after"]
    assert list(drawn.data[0].y) == [1, -2]
    assert drawn.data[1].y[0] == 0.5
    assert np.isnan(drawn.data[1].y[1])
    low, high = drawn.layout.yaxis.range
    assert low == -high <= -2
    title = drawn.layout.title.text
    assert "&lt;i&gt;" in title
    assert title.index(LIGHT.muted) < title.index("before") < title.index(LIGHT.forward)
    assert drawn.layout.yaxis.title.text == "margin (logits)"
    assert compared_margins(pair, "", unit="value").figure.layout.yaxis.title.text == "(value)"


def test_nothing_known_can_be_drawn():
    nothing = np.full((2, 3), NAN)
    assert compared_states(Pair(nothing, nothing, ["a", "b"])).figure
    assert compared_margins(Pair(nothing[:, 0], nothing[:, 0], ["a", "b"]), "m").figure


@each_row(("word", "slanted"), [("right→–", True), ("right", False)])
def test_a_changed_word_that_would_touch_the_next_one_is_slanted(word, slanted):
    words = [word, "now", "i", "am", "not", "at", "all", "happy"]
    drawn = compared_margins(Pair(np.ones(8), np.ones(8), words), "m").figure
    assert (drawn.layout.xaxis.tickangle < 0) == slanted


def saliency_of(contributions):
    saliency = Saliency(*np.array(contributions, float), whole=2.0, empty=0.5)
    words = ["a"] * len(contributions[0])
    return saliency, saliency_strips(saliency, words, "the lead of <b>").figure


def test_three_methods_are_below_each_other_and_say_whether_they_are_complete():
    contributions = np.random.default_rng(0).normal(size=(3, 3))
    contributions[1, 0] = NAN
    saliency, drawn = saliency_of(contributions)
    strips = drawn.data[0]
    np.testing.assert_allclose(strips.z, contributions, rtol=1e-6)
    assert drawn.layout.yaxis.ticktext == ("gradient × input", "occlusion", "integrated")
    assert drawn.layout.yaxis.range == (2.5, -0.5)
    assert strips.zmax == -strips.zmin >= np.nanmax(np.abs(contributions)) - 1e-6
    assert "&lt;b&gt;" in drawn.layout.title.text
    texts, limit = drawn.data[1], strips.zmax
    assert texts.textfont.color == tuple(
        ink(tint(value / limit, LIGHT)) for value in contributions.ravel()
    )
    (note,) = drawn.layout.annotations
    total = contributions[2].sum()
    assert note.text == (
        f"integrated: sum {total:.5g}, m(x) − m(0) = 1.5, off by {saliency.gap:.1e}"
    ).replace("-", "−")


def test_integrated_gradients_that_can_t_be_told_are_not_drawn():
    _, drawn = saliency_of(np.array([[1.0, 2.0], [0.5, 0.5], [NAN, NAN]]))
    assert np.isnan(drawn.data[0].z[2]).all()
    (note,) = drawn.layout.annotations
    assert note.text == "integrated: not drawn, the sum is off by more than 1%"


@each_row(
    ("scale", "shown"),
    [
        (30, ("−30", "4", "")),
        (8, ("−8.0", "1.0", "")),
        (3, ("−3.0", "0.4", "")),
        (0.08, ("−0.080", "0.010", "")),
        (0.05, ("−0.050", "0.007", "")),
    ],
)
def test_numbers_have_the_digits_of_their_scale(scale, shown):
    _, drawn = saliency_of([[-scale, scale * 0.13], [NAN, 0], [0, 0]])
    assert drawn.data[1].text[:3] == shown


@each_row(
    ("count", "value", "size"), [(4, -0.5, 14), (7, -0.5, 12), (11, -0.5, None), (40, 1.0, None)]
)
def test_numbers_are_written_only_where_they_fit(count, value, size):
    _, drawn = saliency_of(np.full((3, count), value))
    assert [numbers.textfont.size for numbers in drawn.data[1:]] == [size] * (size is not None)
    _, whole = saliency_of(np.full((3, 16), 8.0))
    assert whole.data[1].text[0] == "8"
