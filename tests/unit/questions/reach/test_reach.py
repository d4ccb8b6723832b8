"""How far back the gradient reaches: a phrase, the training sequences, the rounding error."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.charts.theme import DARK
from rnnviz.probe.gradients import Flow, Objective
from rnnviz.probe.memory_gauge import LagProfile
from rnnviz.questions.reach.pictures import reach_curve
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name

WORDS = ["so", "<b>", "c", "d", "e"]
LAGS = np.arange(5.0)


def profile(median, bound=None, objective=Objective.LOSS, dtype=float):
    median = np.array(median, float)
    low, high, dtype = median / 2, 2 * median, np.dtype(dtype)
    return LagProfile(objective, median, 1.5 * median, low, high, 40, bound, dtype)


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
    assert fit.name == "band's fit, half-life 0.3 (95%: 0.3 to 0.3)"
    layout = reach.figure.layout
    columns = dict(layout.meta["columns"])
    assert list(columns["lag of the place"]) == [4, 3, 2, 1, 0]
    assert list(columns["lag of the band"]) == LAGS.tolist()
    assert (layout.yaxis.type, layout.meta["x"]) == ("log", "token")
    assert list(layout.xaxis.ticktext[:2]) == ["so", "&lt;b&gt;"]
    assert notes(reach)[1:] == ["0.0016", "1"]


@each_row(
    ("median", "said"),
    [
        ([1, 1, 1], "half-life ∞ (95%: ∞ to ∞)"),
        ([1, 0.5], "half-life unknown from so few"),
        (0.999 ** np.arange(4), "half-life 693 (95%: 693 to 693)"),
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


@each_row("dtype", ["float32", "float64"])
def test_the_region_of_the_rounding_and_its_name_are_in_sight(dtype):
    curve = drawn(profile(0.1**LAGS, dtype=dtype))
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
    assert ("0" in notes(curve)[1:]) == (0 in ends)
    fitted = len([v for v in norms if v]) > 1
    assert any(name.startswith("band's fit") for name in by_name(curve)) == fitted


def test_of_the_margin_and_of_sizes_that_are_not_finite_it_says_so():
    margin = profile([1, 0.5], objective=Objective.MARGIN)
    curve = reach_curve(Flow(Objective.MARGIN, np.array([0.5, np.nan])), margin, "ab", DARK)
    assert "logit margin, ||dm/dh_t||" in curve.figure.layout.title.text
    assert named(curve, "this").line.color == DARK.magnitude
    assert len(notes(curve)) == 2, "a size that is no number has no note"
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
        drawn(profile(1e-4**LAGS), 1e-4 ** LAGS[::-1]),
    )
    assert [one.figure.layout.annotations[1].yanchor for one in (high, low)] == ["top", "bottom"]
