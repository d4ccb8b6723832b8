"""How far the gradient reaches back: a phrase, the training sequences, the rounding error."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.charts.shapes import Second
from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.probe.gradient_flow import Flow, Objective
from rnnviz.probe.jacobians import Products
from rnnviz.probe.lengths import LengthProfile
from rnnviz.probe.memory_gauge import LagProfile
from rnnviz.questions.reach.pictures import (
    connectivity_map,
    exponent_curve,
    length_curve,
    product_curves,
    reach_curve,
    state_spectrum,
    weight_spectrum,
)
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name

WORDS = ["so", "<b>", "c", "d", "e"]
LAGS = np.arange(5.0)


def profile(median, bound=None, objective=Objective.LOSS, dtype=float):
    median = np.array(median, float)
    low, high, dtype = median / 2, 2 * median, np.dtype(dtype)
    return LagProfile(objective, median, low, high, 40, bound, dtype)


def drawn(trained, norms=0.2 ** LAGS[::-1], words=WORDS):
    return reach_curve(Flow(trained.objective, np.array(norms)), trained, words[: len(norms)])


def notes(picture):
    return [note.text for note in picture.figure.layout.annotations]


def named(picture, start):
    return next(one for name, one in by_name(picture).items() if name.startswith(start))


def test_phrase_band_and_fit_stand_on_the_words_from_the_last_one_back():
    reach = drawn(profile(0.1**LAGS))
    phrase, band, fit = (named(reach, start) for start in ("this", "80%", "band's fit"))
    assert list(phrase.x) == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(phrase.y, 0.2 ** LAGS[::-1])
    assert list(phrase.customdata[1]) == ["3", repr(0.2**3)]
    low = reach.figure.data[0]
    assert (band.name, band.fill) == ("80% of 40 training phrases", "tonexty")
    # The profile counts from the last word: the first of its numbers stands there.
    for one, factor in ((low, 0.5), (band, 2), (fit, 1)):
        np.testing.assert_allclose(dict(zip(one.x, one.y, strict=True))[4], factor)
        np.testing.assert_allclose(one.y, factor * 0.1 ** (4 - np.array(one.x)))
    assert fit.customdata[1][0] == 3, "tokens back"
    assert fit.name == "band's fit, half-life 0.3"
    layout = reach.figure.layout
    columns = dict(layout.meta["columns"])
    assert list(columns["lag of the place"]) == [4, 3, 2, 1, 0]
    assert list(columns["lag of the band"]) == LAGS.tolist()
    assert (layout.yaxis.type, layout.meta["x"]) == ("log", "token")
    assert list(layout.xaxis.ticktext[:2]) == ["so", "&lt;b&gt;"]
    assert notes(reach) == ["0.0016", "1"]


@each_row(
    ("median", "said"),
    [
        ([1, 1, 1], "half-life ∞"),
        ([1, 0.5], "half-life unknown from so few"),
        (0.999 ** np.arange(4), "half-life 693"),
    ],
)
def test_the_fit_says_what_is_known_of_the_half_life(median, said):
    assert said in named(drawn(profile(median), [1.0] * len(median)), "band's fit").name


@each_row(("reach", "known"), [(3, 5), (5, 3)])
def test_phrase_and_training_sequences_need_not_be_equally_long(reach, known):
    curve = drawn(profile(0.1 ** np.arange(float(known))), 0.5 ** np.arange(reach)[::-1])
    fit = named(curve, "band's fit")
    assert sorted(fit.x) == [*range(max(0, reach - known), reach)]
    assert dict(zip(fit.x, fit.y, strict=True))[reach - 1] == pytest.approx(1)


def test_behind_the_last_answer_there_is_no_point_and_lags_count_from_it():
    curve = drawn(profile(0.1**LAGS), [0.25, 0.5, 1.0, 0, 0])
    phrase, fit = named(curve, "this"), named(curve, "band's fit")
    assert (list(phrase.x), [back for back, _ in phrase.customdata]) == ([0, 1, 2], ["2", "1", "0"])
    assert dict(zip(fit.x, fit.y, strict=True))[2] == pytest.approx(1)
    assert curve.figure.layout.xaxis.range == (-0.5, 4.5)


def test_a_bound_is_drawn_where_there_is_one_and_does_not_squeeze_what_was_measured():
    assert "bound" not in by_name(drawn(profile(0.1**LAGS)))
    curve = drawn(profile(0.1**LAGS, bound=2.0**LAGS))
    bound = by_name(curve)["bound"]
    assert dict(zip(bound.x, bound.y, strict=True)) == {4: 1, 3: 2, 2: 4, 1: 8, 0: 16}
    near, far = (drawn(profile(0.1**LAGS, bound=b**LAGS)) for b in (1.0, 1e9))
    assert far.figure.layout.yaxis.range[1] == near.figure.layout.yaxis.range[1]


@each_row(("dtype", "share"), [("float32", 0.01), ("float64", 1e-4)])
def test_the_region_of_the_rounding_is_in_sight_where_a_share_comes_near_it(dtype, share):
    far = drawn(profile(0.1**LAGS)).figure.layout
    assert len(far.shapes) == 1
    assert far.yaxis.range == (-6.3, 2.3)
    curve = drawn(profile(share**LAGS, dtype=dtype))
    region, level, _ = curve.figure.layout.shapes
    low, high = curve.figure.layout.yaxis.range
    assert region.y1 == level.y0 == pytest.approx(np.finfo(dtype).eps)
    assert math.log10(region.y0) == pytest.approx(low)
    assert low + 1.5 < math.log10(level.y0) < high
    assert notes(curve)[0] == f"lost in rounding ({dtype})"


@each_row("norms", [[0, 0, 0], [0, 0, 1], [1], [1e-320, 1e-322], [0, 0, 1e9]])
def test_every_size_is_in_sight_and_a_gradient_of_zero_says_so(norms):
    curve = drawn(profile(norms[::-1]), norms)
    low, high = curve.figure.layout.yaxis.range
    phrase = named(curve, "this")
    assert all(low - 1e-9 <= math.log10(y) <= high for y in phrase.y)
    assert [float(size) for _, size in phrase.customdata] == norms
    ends = {norms[0], norms[-1]}
    assert ("0" in notes(curve)) == (0 in ends)
    fitted = len([v for v in norms if v]) > 1
    assert any(name.startswith("band's fit") for name in by_name(curve)) == fitted


def test_of_the_margin_and_of_sizes_that_are_not_finite_it_says_so():
    margin = profile([1, 0.5], objective=Objective.MARGIN)
    flow = Flow(Objective.MARGIN, np.array([0.5, np.nan]))
    curve = reach_curve(flow, margin, "ab", DARK, symbol="dm/dh")
    assert (
        curve.figure.layout.title.text == "Gradient of the logit margin: share that is left, dm/dh"
    )
    assert named(curve, "this").line.color == DARK.magnitude
    assert len(notes(curve)) == 1, "a size that is no number has no note"
    far = replace(margin, high=np.array([1e9, 1e9]))
    assert drawn(far, [1, 1]).figure.layout.yaxis.range[1] > 9


def test_a_gradient_of_exactly_zero_is_marked_at_the_bottom_where_it_begins_and_ends():
    curve = drawn(profile([1.0, 0.5, 0.25, 0.125, 0.1]), [0, 0, 0, 0.5, 1.0])
    low, _ = curve.figure.layout.yaxis.range
    marks = [note for note in curve.figure.layout.annotations if note.text == "0"]
    assert [(mark.x, mark.y) for mark in marks] == [(0, low), (2, low)]


def test_the_number_of_the_first_word_has_room_below_its_point_or_above_a_low_one():
    high, low = (
        drawn(profile(0.5**LAGS), 0.5 ** LAGS[::-1]),
        drawn(profile(1e-9**LAGS), 1e-9 ** LAGS[::-1]),
    )
    noted = [note for one in (high, low) for note in one.figure.layout.annotations]
    anchors = {note.text: note.yanchor for note in noted}
    assert (anchors["0.062"], anchors["10⁻³⁶"]) == ("top", "bottom")


# Eigenvalues in the plane, and exponents


NOW = np.array([0.5 + 0.5j, 0.5 - 0.5j, -0.1])


def spectrum(trail, epochs, now=NOW, shown=None):
    return weight_spectrum(now, np.array(trail, complex), np.array(epochs, int), shown).figure


def test_looking_back_what_is_later_is_faint():
    trail = [[0.1, 0.0], [0.3, -0.2j], [0.4, 0.1]]
    opacity = spectrum(trail, [0, 40, 80], shown=40).data[0].marker.opacity
    assert opacity[:4] == (1, 1, 1, 1)
    assert max(opacity[4:]) < 0.3
    assert spectrum(trail, [0, 40, 80], shown=80).data[0].marker.opacity == (1,) * 6


def test_eigenvalues_and_their_trail_are_by_the_unit_circle_with_exact_values_on_hover():
    drawn = spectrum([[0.1, 0.0], [0.3, -0.2j]], [0, 40])
    past, now = drawn.data
    np.testing.assert_allclose(now.x, NOW.real)
    np.testing.assert_allclose(now.y, NOW.imag)
    np.testing.assert_array_equal(now.customdata, [[0.5, 0.5], [0.5, -0.5], [-0.1, 0]])
    np.testing.assert_allclose(past.x, [0.1, 0, 0.3, 0], rtol=1e-6)
    np.testing.assert_array_equal(past.customdata[2:], [[0.3, 0], [0, -0.2]])
    assert list(past.marker.color) == list(past.text) == [0, 0, 40, 40]
    circle = drawn.layout.shapes[0]
    assert (circle.x0, circle.y0, circle.x1, circle.y1) == (-1, -1, 1, 1)
    assert drawn.layout.yaxis.scaleanchor == "x"


@each_row(("size", "end"), [(0.001, 1.1), (1.2, 1.65), (1.4, 1.65), (10.2, 16.5), (70, 88)])
def test_the_axes_hold_all_and_move_seldom(size, end):
    layout = spectrum([], [], now=NOW * 0 + size).layout
    assert layout.xaxis.range == layout.yaxis.range == pytest.approx((-end, end))


@each_row(
    ("epochs", "scale", "step"),
    [
        ([], (0, 1), 1), ([0], (0, 1), 1), ([3], (3, 4), 1), ([0, 1], (0, 1), 1),
        ([0, 2, 5], (0, 5), 1), ([0, 600], (0, 600), None),
    ],
)  # fmt: skip
def test_the_scale_of_the_epochs_has_no_halves_and_begins_with_one_that_there_is(
    epochs, scale, step
):
    marker = spectrum(np.full((len(epochs), 2), 0.1), epochs).data[0].marker
    assert (marker.cmin, marker.cmax) == scale
    assert marker.colorbar.dtick == step


def circles(eigenvalues, words, bridge=0, tokens=(0, 1)):
    values = np.array(eigenvalues, complex)
    drawn = state_spectrum(np.array(tokens), values, words, bridge).figure
    *planes, largest = drawn.data
    return planes, largest, drawn.layout


@each_row(("bridge", "words"), [(0, ["<b>", "x"]), (2, ["i", "<b>", "x", "c"])])
def test_each_token_has_its_eigenvalues_around_a_unit_circle_in_its_column(bridge, words):
    planes, largest, layout = circles([[0.5j, 0.1], [1.25, -0.2]], words, bridge)
    np.testing.assert_allclose([one.x for one in planes], [[0, 0.1], [1.25, -0.2]], atol=1e-7)
    np.testing.assert_allclose([one.y for one in planes], [[0.5, 0], [0, 0]], atol=1e-7)
    assert list(largest.x) == [bridge, 1 + bridge]
    assert list(largest.text) == ["0.5", "1.2"]
    assert [float(size) for size in largest.customdata] == [0.5, 1.25]
    for one, circle, token in zip(planes, layout.shapes, largest.x, strict=True):
        assert (circle.xref, circle.yref) == (one.xaxis, one.yaxis)
        assert (circle.x0, circle.y1, circle.type) == (-1, 1, "circle")
        domain = layout[f"xaxis{one.xaxis[1:]}"].domain
        assert sum(domain) / 2 == pytest.approx((token + 0.5) / len(words))
        assert layout[f"yaxis{one.yaxis[1:]}"].scaleanchor == one.xaxis


def test_what_is_far_outside_is_drawn_at_the_edge_in_its_direction():
    ((one,), _, layout) = circles([[3 + 4j, -1.4, 1.39]], ["a"], tokens=[0])
    np.testing.assert_allclose(one.x, [1.4 * 0.6, -1.4, 1.39], rtol=1e-6)
    np.testing.assert_allclose(one.y, [1.4 * 0.8, 0, 0], rtol=1e-6)
    assert list(one.customdata[0]) == [3, 4], "hovering says where it is"
    assert layout.xaxis2.range == layout.yaxis2.range == (-1.4, 1.4)


def test_of_no_tokens_nothing_is_drawn():
    planes, largest, layout = circles(np.zeros((0, 4)), ["a", "b"], tokens=np.zeros(0, int))
    assert (planes, len(largest.x), layout.shapes) == ([], 0, ())


def test_exponents_say_over_how_many_tokens_and_what_is_gone_does_not_squeeze_the_rest():
    drawn = exponent_curve(np.array([0.1, -1.0, -30.0, -np.inf]), 9).figure
    assert drawn.layout.xaxis.title.text == "finite-time: 9 tokens"
    assert list(drawn.data[0].x) == [1, 2, 3, 4]
    assert list(drawn.data[0].y)[1:3] == [-1, -30]
    assert list(drawn.data[0].customdata) == ["0.1", "-1.0", "-30.0", "-inf"]
    low, high = drawn.layout.yaxis.range
    assert -2 < low < -1 < 0.1 < high
    assert exponent_curve(np.array([0.1]), 1).figure.layout.xaxis.title.text.endswith(": 1 token")


def test_the_exponents_of_a_broken_network_are_a_sentence():
    drawn = exponent_curve(np.full(3, np.nan), 4).figure
    assert not drawn.data
    assert "there are no exponents" in drawn.layout.annotations[0].text


def test_the_exponents_at_another_moment_are_faint():
    now, then = np.array([0.5, -1.0]), np.array([0.25, -3.0])
    drawn = exponent_curve(now, 4, second=Second(then, "epoch 3")).figure
    first, second = drawn.data
    np.testing.assert_allclose(first.y, now)
    np.testing.assert_allclose(second.y, then)
    assert (second.mode, second.opacity, first.opacity) == ("lines", 0.55, None)
    assert second.hovertemplate.startswith("epoch 3, exponent")
    assert drawn.layout.yaxis.range[0] < -3, "both are in sight"


# A second network


LSTM = Second(None, "lstm", network=True)


def test_the_shares_of_a_second_network_are_dashed_and_hollow_over_both_bands():
    other = profile(0.5**LAGS)
    second = LSTM._replace(values=(0.6 ** LAGS[::-1], other))
    flow = Flow(Objective.LOSS, 0.2 ** LAGS[::-1])
    curve = reach_curve(flow, profile(0.1**LAGS), WORDS, name="elman", second=second)
    first, drawn = named(curve, "elman"), named(curve, "lstm")
    np.testing.assert_allclose(drawn.y, 0.6 ** LAGS[::-1])
    assert (drawn.line.dash, drawn.marker.symbol) == ("dash", "triangle-left-open")
    assert (first.line.dash, first.marker.symbol) == (None, "triangle-left")
    edges = [one for one in curve.figure.data if one.line.dash == "dash" and not one.name]
    assert [edge.y[-1] for edge in edges] == [0.5, 2]
    assert not any("fit" in name or "bound" in name for name in by_name(curve))


def test_the_eigenvalues_of_a_second_network_are_crosses_in_the_place_of_the_trail():
    second = LSTM._replace(values=np.array([1.5j, -0.5]))
    trail = np.array([[0.1, 0.2]], complex)
    drawn = weight_spectrum(NOW, trail, np.array([0]), name="elman", second=second).figure
    past, rings, crosses = drawn.data
    assert not len(past.x) and len(rings.x) == len(NOW)
    assert (crosses.marker.symbol, list(crosses.y)) == ("x-thin", [1.5, 0])
    assert drawn.layout.xaxis.title.text == "● elman, × lstm"
    assert not past.marker.showscale
    assert drawn.layout.yaxis.range[1] > 1.5
    alone = weight_spectrum(NOW[:0], trail[:0], np.array([], int), name="lru", second=second)
    assert len(alone.figure.data[2].x) == 2, "of the cell that has such weights"


def test_the_eigenvalues_of_one_step_are_those_of_the_words_of_both():
    values = np.array([[0.5, 0.1], [2j, 0]])
    second = LSTM._replace(values=(np.array([1, 2]), np.array([[0.25, 0, 0], [0.75, 0, 0]])))
    drawn = state_spectrum(np.array([0, 1]), values, "abc", name="elman", second=second).figure
    *circles, largest = drawn.data
    assert [one.marker.symbol for one in circles] == [None, None, "x-thin"]
    assert (circles[2].xaxis, list(circles[2].x)) == ("x3", [0.25, 0, 0])
    assert list(largest.text) == ["0.5 | –", "2 | 0.25"]


def test_the_fan_and_the_exponents_of_a_second_network_are_dashed():
    second = LSTM._replace(values=products([2.0, 0.0], [-3.0, 0.0]))
    drawn = product_curves(products([-1.0, 0.0], [-2.0, 0.0]), "ab", name="elman", second=second)
    lines = by_name(drawn)
    assert lines.keys() == {f"{of}, kept {end}" for of in ("elman", "lstm")
                            for end in ("best", "worst")}  # fmt: skip
    assert {lines[f"lstm, kept {end}"].line.dash for end in ("best", "worst")} == {"dash"}
    assert {lines[f"elman, kept {end}"].line.dash for end in ("best", "worst")} == {"solid"}
    second = LSTM._replace(values=np.array([-3.0]))
    curve = exponent_curve(np.array([0.5, -1.0]), 4, name="elman", second=second).figure
    assert curve.data[1].line.dash == "dash"


# Products of Jacobians, and connectivity


# Products


def products(largest, smallest):
    return Products(np.arange(len(largest)), np.array(largest), np.array(smallest))


def test_best_and_worst_kept_enclose_a_fan_above_the_words():
    drawn = product_curves(products([-2.0, -1.0, 0.0], [-9.0, -4.0, 0.0]), ["a", "b", "c"])
    best, worst = drawn.figure.data
    assert (best.name, worst.name) == ("kept best", "kept worst")
    assert list(best.x) == [0, 1, 2]
    assert drawn.figure.layout.xaxis.range == (-0.5, 2.5), "the columns of the words"
    assert list(best.y) == [-2, -1, 0]
    assert list(worst.y) == [-9, -4, 0]
    assert list(worst.customdata[0]) == ["a", "-9.0"]
    assert best.line.color == LIGHT.magnitude
    assert (best.fill, worst.fill) == (None, "tonexty")
    assert worst.line.dash == "dash", "both are seen where they coincide"


@each_row(("best", "worst", "low"), [(-0.1, -0.2, -4.3), (-1, -7, -8.3), (-1, -50, -20.3)])
def test_the_axis_of_the_products_reaches_down_to_the_smallest_but_not_for_ever(best, worst, low):
    drawn = product_curves(products([best, 0.0], [worst, 0.0]), ["a", "b"])
    assert drawn.figure.layout.yaxis.range == (low, 0.3)


def test_a_product_of_which_nothing_is_left_is_below_the_axis():
    deeper = product_curves(products([-90.0, 0.0], [-np.inf, 0.0]), ["a", "b"])
    assert deeper.figure.layout.yaxis.range[0] < -90
    worst = by_name(deeper)["kept worst"]
    assert worst.y[0] < deeper.figure.layout.yaxis.range[0], "the fan goes on below the picture"
    assert worst.customdata[0][1] == "-inf"


def test_those_of_a_second_moment_are_faint_and_in_sight():
    second = Second(products([2.0, 0.0], [-3.0, 0.0]), "epoch 3")
    drawn = product_curves(products([-1.0, 0.0], [-2.0, 0.0]), ["a", "b"], second=second)
    best, worst = (by_name(drawn)[f"{name} at epoch 3"] for name in ("best", "worst"))
    assert (list(best.y), list(worst.y)) == ([2, 0], [-3, 0])
    assert best.opacity == worst.opacity == 0.55
    assert drawn.figure.layout.yaxis.range[1] >= 2


def test_what_is_not_known_has_a_gap():
    worst = by_name(product_curves(products([0.0, 0.0], [np.nan, 0.0]), "ab"))["kept worst"]
    assert np.isnan(worst.y[0])


def test_of_an_encoder_and_a_decoder_the_decoders_words_are_named():
    drawn = product_curves(products([-1.0, 0.0], [-1.0, 0.0]), ["i", "am", "<s>", "je"], bridge=2)
    assert [word for word, _ in by_name(drawn)["kept best"].customdata] == ["&lt;s&gt;", "je"]
    assert list(by_name(drawn)["kept best"].x) == [2, 3], "in their columns"


# Connectivity


def test_each_answer_has_its_row_and_nothing_is_drawn_after_it():
    sizes = np.array([[1.0, 0, 0], [0.1, 1, 0], [1.25e-30, 0.1, 1]])
    drawn = connectivity_map(np.arange(3), sizes, ["a", "b", " "]).figure
    z, hovers = np.array(drawn.data[0].z), drawn.data[0].customdata
    np.testing.assert_allclose(np.diag(z), 0)
    assert drawn.layout.xaxis.range == (-0.5, 2.5), "time runs right"
    assert z[1, 0] == pytest.approx(-1)
    assert z[2, 0] == -12, "the scale ends there"
    assert np.isnan(z[0, 1:]).all()
    assert hovers[2][0] == "3 ␣, token 1 a: C = 1.25e-30"
    assert hovers[0][2] == "1 a, token 3 ␣: C = 0.0"
    assert list(drawn.layout.yaxis.ticktext) == ["a", "b", "␣"]
    nothing = connectivity_map(np.array([1]), np.zeros((1, 2)), ["a", "b"])
    assert np.isnan(np.array(nothing.figure.data[0].z)).all()


def test_what_is_lost_for_good_is_marked_at_the_bottom():
    layout = product_curves(products([-2.0, -1.0, 0.0], [-np.inf, -4.0, 0.0]), "abc").figure.layout
    (mark,) = layout.annotations
    assert (mark.text, mark.x, mark.y) == ("0", 0, layout.yaxis.range[0])


# Score by length


PROFILE = LengthProfile(
    lengths=np.array([10, 20, 40]),
    counts=np.array([12, 200, 200]),
    scores=np.array([0.5, 1.0, 0.25]),
    losses=np.array([0.7, 0.01, np.nan]),
    intervals=np.array([[0.25, 0.75], [0.98, 1.0], [0.2, 0.31]]),
    guess=0.25,
    trained=20,
    new=True,
)


def test_scores_intervals_guessing_and_the_length_learned_are_drawn():
    drawn = length_curve(PROFILE, "lag", "accuracy").figure
    (points,) = drawn.data
    assert (list(points.x), list(points.y)) == ([10, 20, 40], [0.5, 1, 0.25])
    np.testing.assert_allclose(points.y + points.error_y.array, [0.75, 1, 0.31])
    np.testing.assert_allclose(points.y - points.error_y.arrayminus, [0.25, 0.98, 0.2])
    assert list(points.customdata[2]) == ["0.25", "0.2", "0.31", "nan", 200]
    learned, guess = drawn.layout.shapes
    assert (learned.x0, guess.y0) == (20, 0.25)
    assert drawn.layout.annotations[0].text == "longest learned: 20"
    assert list(drawn.layout.xaxis.tickvals) == [40, 20, 10]
    assert drawn.layout.xaxis.range[0] > drawn.layout.xaxis.range[1], "back is to the left"
    assert drawn.layout.title.text == "Accuracy by lag: at 40 not clearly better than guessing"
    assert drawn.layout.xaxis.title.text.startswith("lag")


def test_what_is_not_known_is_not_claimed():
    def title(**changes):
        drawn = length_curve(replace(PROFILE, **changes), "bits", "accuracy").figure
        return drawn.layout.title.text, len(drawn.layout.shapes)

    assert title(guess=None) == ("Accuracy by length", 1)
    assert title(new=False) == ("Accuracy by length", 2)
    assert title(guess=0.1) == ("Accuracy by length: better than guessing from 20 to 40", 2)
    waiting = length_curve(None, "bits", "accuracy").figure
    assert "paused" in waiting.layout.annotations[0].text


def test_the_axis_of_a_series_counts_the_steps_before_the_last():
    trained = profile(0.5**LAGS)
    flow = Flow(trained.objective, 0.5 ** np.arange(17.0)[::-1])
    drawn = reach_curve(flow, trained, [f"1998-{k:02d}" for k in range(17)], lags=True).layout
    assert drawn["xaxis"]["tickvals"] == [16, 14, 12, 10, 8, 6, 4, 2, 0]
    assert drawn["xaxis"]["ticktext"] == ["0", "2", "4", "6", "8", "10", "12", "14", "16"]
    assert drawn["meta"]["ticks"]
    words = reach_curve(flow, trained, ["a"] * 17).layout
    assert not words["meta"]["ticks"]
    assert words["xaxis"]["ticktext"][0] == "a"
