"""The gradient through time and at every parameter."""

import math

import numpy as np
import pytest

from rnnviz.analysis.gradients import Flow, Objective
from rnnviz.analysis.memory_gauge import GradientMap
from rnnviz.figures.gradients import bptt_profile, gradient_map
from rnnviz.figures.training_curves import metric_curve
from rnnviz.training.history import Course
from tests.sampling import each_row


def profile(*norms, since=0, objective=Objective.LOSS):
    words = ["not", "<b>", *["bad"] * len(norms)][: len(norms)]
    return bptt_profile(Flow(objective, np.array(norms)), words, since=since).figure


def test_every_word_has_its_point_with_its_number_short_above_and_exact_on_hover():
    drawn = profile(1 / 3, 0.0, 1e-17)
    (points,) = drawn.data
    assert list(points.x) == [0, 1, 2]
    assert (points.y[0], points.y[2]) == (1 / 3, 1e-17)
    assert list(points.text) == ["0.33", "0", "10⁻¹⁷"]
    assert list(points.customdata) == [repr(1 / 3), "0.0", "1e-17"]
    assert drawn.layout.yaxis.type == "log"
    assert drawn.layout.xaxis.ticktext == ("not", "&lt;b&gt;", "bad")


@each_row("norms", [(0.0, 1e-7, 0.5), (0.0, 0.0), (0.0, 1e-160, 3.0), (1e-12,), (1e5, 1e-5)])
def test_every_point_is_in_sight_and_exact_zeros_are_below_all_others(norms):
    drawn = profile(*norms)
    low, high = drawn.layout.yaxis.range
    y = drawn.data[0].y
    assert all(low - 1e-9 <= math.log10(value) <= high for value in y)
    zeros = {value for value, norm in zip(y, norms, strict=True) if not norm}
    assert all(value > max(zeros, default=0) for value in set(y) - zeros)


@each_row(("count", "every"), [(1, 1), (6, 1), (8, 2), (12, 2)])
def test_numbers_that_would_overlap_are_left_out(count, every):
    texts = profile(*[0.0031] * count).data[0].text
    assert [t for t, text in enumerate(texts) if text] == [
        *range((count - 1) % every, count, every)
    ]
    assert texts[-1] == "0.0031"
    assert profile(*[0.0031] * count, since=count // 2).data[0].text == texts[count // 2 :]
    assert "text" not in profile(*[1.0] * 40).data[0].mode


def test_points_before_a_token_are_not_drawn_yet_and_nothing_jumps():
    whole, part = (profile(1e-9, 0.1, 1.0, since=since) for since in (0, 2))
    assert list(part.data[0].x) == [2]
    assert list(part.data[0].y) == [1.0]
    assert part.layout == whole.layout
    assert whole.layout.height == profile(*[1e-9] * 50).layout.height


@each_row(("objective", "symbol"), [(Objective.LOSS, "dL/dh"), (Objective.MARGIN, "dm/dh")])
def test_title_and_axis_say_of_what_it_is_the_gradient(objective, symbol):
    drawn = profile(1.0, objective=objective)
    assert f"Gradient of the {objective}" in drawn.layout.title.text
    assert drawn.layout.yaxis.title.text == f"||{symbol}|| (L2)"
    assert symbol in drawn.data[0].hovertemplate


# The gradient through time, over the epochs


def mapped(history_of, norms, words=("a", "b", "c"), shown=None):
    norms = np.array(norms, float)
    recorded = GradientMap(8 * np.arange(len(norms)), norms)
    return gradient_map(recorded, Course(history_of(9), 30, shown=shown), words, "dL/dh").figure


def test_the_map_has_a_column_an_epoch_and_a_row_a_word_coloured_by_powers_of_ten(history_of):
    norms = [[1e-6, 1e-3, 1.0], [1e-2, 0.1, 0.5]]
    drawn = mapped(history_of, norms, ["not", "<b>so</b>", "bad"], shown=8)
    (heatmap,) = drawn.data
    assert list(heatmap.x) == [0, 8]
    assert np.array(heatmap.z) == pytest.approx(np.log10(norms).T, abs=1e-6)
    assert (heatmap.zmin, heatmap.zmax) == (-6, 0)
    assert list(heatmap.colorbar.ticktext) == ["10⁻⁶", "1"]
    assert list(drawn.layout.yaxis.ticktext) == ["not", "&lt;b&gt;so&lt;/…", "bad"]
    assert drawn.layout.yaxis.range == (3.5, 0.5)
    assert drawn.layout.shapes[-1].x0 == 8
    curves = metric_curve(Course(history_of(9), 30)).figure.layout
    assert drawn.layout.xaxis.range == curves.xaxis.range
    assert drawn.layout.margin == curves.margin


def test_the_map_spans_at_most_twelve_powers_and_shows_zeros_as_the_smallest(history_of):
    (heatmap,) = mapped(history_of, [[0.0, 1e-200, 2.0]]).data
    assert (heatmap.zmin, heatmap.zmax) == (-11, 1)
    assert np.ravel(heatmap.z) == pytest.approx([-11, -11, math.log10(2)])
    (heatmap,) = mapped(history_of, [[0.0, 0.0, 0.0]]).data
    assert heatmap.zmin < heatmap.zmax


def test_of_many_words_some_are_named_and_letters_have_their_numbers(history_of):
    text = "the fox went to the river to look for the moon"
    names = [mapped(history_of, [[1]], list(text[:n])).layout.yaxis.ticktext for n in (9, 46)]
    assert (names[0][1], names[1][:3]) == ("h", ("1 t", "5 f", "9 w"))
    for count, named in ((14, 14), (15, 8), (60, 12)):
        rows = mapped(history_of, [[1]], ["so"] * count).layout.yaxis.tickvals
        assert len(rows) == named
