"""The gradient through time and at every parameter."""

import math

import numpy as np
import pytest

from rnnviz.analysis.gradients import Flow, Objective
from rnnviz.analysis.memory_gauge import GradientMap
from rnnviz.figures.gradients import bptt_profile, gradient_map, parameter_norm_bars
from rnnviz.figures.training_curves import metric_curve
from rnnviz.training.history import Course
from tests.sampling import each_row

NORMS = {"W_xh": 0.5, "W_hh": 1e-9, "b_h": 0.0, "W_hy": 2.0, "b_y": 0.7}


def flow_of(*norms, objective=Objective.LOSS):
    return Flow(objective, np.array(norms))


def words_of(flow):
    return ["bad"] * len(flow.norms)


def profile(*norms):
    flow = flow_of(*norms)
    return bptt_profile(flow, words_of(flow))


def test_every_word_has_its_point_on_a_log_axis():
    drawn = profile(0.001, 0.1, 1.0)
    assert list(drawn.figure.data[0].x) == [0, 1, 2]
    assert list(drawn.figure.data[0].y) == [0.001, 0.1, 1.0]
    assert drawn.figure.layout.yaxis.type == "log"


@each_row("norms", [(0.0, 0.5), (0.0, 0.0), (0.0, 1e-160, 3.0), (1e-12,), (1e5, 1e-5)])
def test_every_point_is_in_sight_exact_zeros_too(norms):
    drawn = profile(*norms)
    low, high = drawn.figure.layout.yaxis.range
    assert all(low - 1e-9 <= math.log10(y) <= high for y in drawn.figure.data[0].y)


def test_a_zero_lies_below_all_others():
    y = profile(0.0, 1e-7, 1.0).figure.data[0].y
    assert y[0] < y[1] < y[2]


def test_a_hover_has_the_exact_number():
    norms = (1 / 3, 0.0, 1e-17)
    shown = profile(*norms).figure.data[0].customdata
    assert tuple(float(text) for text in shown) == norms


@each_row(("count", "every"), [(1, 1), (6, 1), (8, 2), (12, 2)])
def test_numbers_that_have_no_room_side_by_side_are_left_out(count, every):
    texts = profile(*[0.0031] * count).figure.data[0].text
    assert [place for place, text in enumerate(texts) if text] == [
        *range((count - 1) % every, count, every)
    ]
    assert texts[-1] == "0.0031"


def test_numbers_stay_at_their_words_while_the_gradient_flows():
    flow = flow_of(*[0.0031] * 8)
    whole, part = (bptt_profile(flow, words_of(flow), since=since) for since in (0, 3))
    assert part.figure.data[0].text == whole.figure.data[0].text[3:]


def test_of_many_letters_those_that_are_named_have_their_numbers(history_of):
    text = "the fox went to the river to look for the moon"
    seen = GradientMap(np.arange(2), np.ones((2, len(text))))
    course = Course(history_of(1), 1)
    drawn = gradient_map(seen, course, list(text), "dL/dh").figure.layout.yaxis
    assert [drawn.ticktext[k] for k in (0, 1, 2)] == ["1 t", "5 f", "9 w"]
    assert (
        gradient_map(seen, course, list(text[:9]), "dL/dh").figure.layout.yaxis.ticktext[1] == "h"
    )
    for count, named in ((14, 14), (15, 8), (60, 12)):
        rows = gradient_map(seen, course, ["so"] * count, "dL/dh").figure.layout.yaxis.tickvals
        assert len(rows) == named


def test_a_gradient_of_zero_is_drawn_whole_beside_its_name():
    figure = parameter_norm_bars({"W_xh": 0.1, "W_hh": 0.0})
    low = figure.figure.layout.xaxis.range[0]
    assert low + 0.1 < np.log10(figure.figure.data[0].x[1]) < low + 0.3
    assert figure.figure.data[0].text[1] == "0"


def test_points_before_a_token_are_not_drawn_yet_and_nothing_jumps():
    flow = flow_of(1e-9, 0.1, 1.0)
    whole, part = (bptt_profile(flow, words_of(flow), since=since) for since in (0, 2))
    assert list(part.figure.data[0].x) == [2]
    assert list(part.figure.data[0].y) == [1.0]
    assert part.figure.layout == whole.figure.layout


def test_a_zero_is_written_as_0():
    assert list(profile(0.0, 0.123456).figure.data[0].text) == ["0", "0.12"]


@each_row(("objective", "symbol"), [(Objective.LOSS, "dL/dh"), (Objective.MARGIN, "dm/dh")])
def test_title_and_axis_say_of_what_it_is_the_gradient(objective, symbol):
    drawn = bptt_profile(flow_of(1.0, objective=objective), ["bad"])
    assert f"Gradient of the {objective}" in drawn.figure.layout.title.text
    assert drawn.figure.layout.yaxis.title.text == f"||{symbol}|| (L2)"
    assert symbol in drawn.figure.data[0].hovertemplate


def test_equal_words_keep_their_own_points():
    drawn = bptt_profile(flow_of(1.0, 2.0, 3.0), ["not", "<b>", "not"])
    assert drawn.figure.layout.xaxis.ticktext == ("not", "&lt;b&gt;", "not")
    assert drawn.figure.layout.xaxis.tickvals == (0, 1, 2)


def test_a_long_phrase_has_no_numbers_that_would_overlap():
    assert "text" in profile(*[1.0] * 7).figure.data[0].mode
    assert "text" not in profile(*[1.0] * 40).figure.data[0].mode


def test_every_parameter_has_its_row_in_the_order_of_the_formulas():
    drawn = parameter_norm_bars(NORMS)
    assert list(drawn.figure.data[0].y) == list(NORMS)
    assert drawn.figure.layout.yaxis.range == (4.5, -0.5)


def test_a_long_name_has_the_room_that_it_needs():
    short, long = (parameter_norm_bars({name: 1.0}) for name in ("W_hn.1", "dec.W_hn.1"))
    assert short.figure.layout.margin.l == 64
    assert long.figure.layout.margin.l == 84


@each_row("norms", [NORMS, dict.fromkeys(NORMS, 0.0)], ids=["some", "all zero"])
def test_every_parameter_is_in_sight_exact_zeros_too(norms):
    drawn = parameter_norm_bars(norms)
    low, high = drawn.figure.layout.xaxis.range
    assert drawn.figure.layout.xaxis.type == "log"
    assert all(low - 1e-9 <= math.log10(x) <= high for x in drawn.figure.data[0].x)


def test_a_parameter_s_number_is_exact_on_hover_and_short_beside_it():
    (dots,) = parameter_norm_bars(NORMS | {"W_xh": 1 / 3}).figure.data
    assert float(dots.customdata[0]) == 1 / 3
    assert list(dots.text) == ["0.33", "1e-09", "0", "2", "0.7"]


def test_the_title_says_that_it_is_before_clipping():
    drawn = parameter_norm_bars(NORMS)
    assert "before clipping" in drawn.figure.layout.title.text
    assert drawn.figure.layout.xaxis.title.text == "||dL/dW|| (L2)"


def test_heights_do_not_depend_on_the_data():
    assert profile(1.0).figure.layout.height == profile(*[1e-9] * 50).figure.layout.height
    zeros = dict.fromkeys(NORMS, 0.0)
    assert (
        parameter_norm_bars(NORMS).figure.layout.height
        == parameter_norm_bars(zeros).figure.layout.height
    )


# The gradient through time, over the epochs


@pytest.fixture
def mapped(history_of):
    norms = np.array([[1e-6, 1e-3, 1.0], [1e-2, 0.1, 0.5]])
    seen = GradientMap(np.array([0, 8]), norms)
    course, words = Course(history_of(9), 30, shown=8), ["not", "<b>so</b>", "bad"]
    return gradient_map(seen, course, words, "dL/dh")


def test_the_map_has_a_column_an_epoch_and_a_row_a_word(mapped):
    (heatmap,) = mapped.figure.data
    assert list(heatmap.x) == [0, 8]
    assert np.shape(heatmap.z) == (3, 2)
    assert list(mapped.figure.layout.yaxis.ticktext) == ["not", "&lt;b&gt;so&lt;/…", "bad"]
    low, high = mapped.figure.layout.yaxis.range
    assert low > high


def test_the_map_is_coloured_by_the_logarithm_between_powers_of_ten(mapped):
    (heatmap,) = mapped.figure.data
    assert np.allclose(heatmap.z, [[-6, -2], [-3, -1], [0, np.log10(0.5)]], atol=1e-6)
    assert (heatmap.zmin, heatmap.zmax) == (-6, 0)
    assert list(heatmap.colorbar.ticktext) == ["1e-6", "1e0"]


def test_the_map_marks_the_present_epoch_on_the_axis_of_the_run(mapped, history_of):
    assert mapped.figure.layout.shapes[-1].x0 == 8
    curves = metric_curve(Course(history_of(9), 30))
    assert mapped.figure.layout.xaxis.range == curves.figure.layout.xaxis.range
    assert mapped.figure.layout.margin == curves.figure.layout.margin


def test_the_map_spans_at_most_twelve_powers_and_shows_nothing_as_nothing(history_of):
    seen = GradientMap(np.array([0]), np.array([[0.0, 1e-200, 2.0]]))
    (heatmap,) = gradient_map(seen, Course(history_of(1), 9), ["a", "b", "c"], "dL/dh").figure.data
    assert (heatmap.zmin, heatmap.zmax) == (-11, 1)
    assert np.isfinite(heatmap.z).all()
    assert (heatmap.z[0][0], heatmap.z[1][0]) == (-11, -11)


def test_a_map_without_any_gradient_can_be_drawn(history_of):
    seen = GradientMap(np.array([0]), np.zeros((1, 2)))
    (heatmap,) = gradient_map(seen, Course(history_of(1), 9), ["a", "b"], "dL/dh").figure.data
    assert heatmap.zmin < heatmap.zmax
