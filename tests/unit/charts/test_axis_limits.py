"""Where scales end, and that they keep still."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.charts.axis_limits import Scale, StickyScale, decades, nice_limit, typical
from tests.sampling import each_row

sizes = st.floats(1e-300, 1e300)
several = st.lists(st.floats(1e-150, 1e150), min_size=1)


@given(sizes)
def test_a_limit_is_the_next_of_1_2_or_5_times_a_power_of_ten(value):
    limit = nice_limit(value)
    assert value <= limit * (1 + 1e-9)
    assert limit <= 2.5 * value * (1 + 1e-9)
    assert f"{limit:.6e}"[:8] in ("1.000000", "2.000000", "5.000000")
    assert nice_limit(limit) == pytest.approx(limit, rel=1e-9)


@each_row("value", [0.0, 5e-324, -3.0, math.nan, math.inf, 1.1e308, 1.7e308])
def test_what_has_no_size_gets_the_limit_1(value):
    assert nice_limit(value) == 1.0


@given(several)
def test_decades_cover_every_value_with_little_room_beside(values):
    low, high = decades(values)
    logs = [math.log10(value) for value in values]
    assert 0 < min(logs) - low <= 2.3 + 1e-9
    assert 0 < high - max(logs) <= 2.3 + 1e-9
    assert high - low >= 2
    assert decades([0.0, *values]) == [low, high]


def test_decades_keep_still_between_two_labels_and_are_a_range_without_a_size():
    assert decades([1.001]) == decades([99.9]) == [-0.3, 2.3]
    for values in ([], [0.0, 0.0], [0.0, math.nan, math.inf]):
        assert decades(values) == [-0.3, 2.3]


@given(st.lists(sizes, min_size=1))
def test_a_sticky_limit_has_room_for_every_value_and_is_at_most_five_times_too_large(values):
    scale = StickyScale()
    for value in values:
        limit = scale.nice_limit(value)
        assert nice_limit(value) <= limit <= 5 * nice_limit(value) * (1 + 1e-9)


def test_a_sticky_limit_grows_at_once_and_shrinks_where_less_than_a_fifth_is_enough():
    scale, alone = StickyScale(), Scale()
    values = (0.9, 1.1, 0.5, 0.4, 0.21, 0.2, 0.19)
    assert [scale.nice_limit(v) for v in values] == [1.0, 2.0, 2.0, 2.0, 2.0, 0.2, 0.2]
    assert [alone.nice_limit(v) for v in values] == [1.0, 2.0, 0.5, 0.5, 0.5, 0.2, 0.2]


@each_row("nothing", [0.0, math.nan, math.inf])
def test_what_has_no_size_moves_no_sticky_scale(nothing):
    scale = StickyScale()
    limits = [scale.nice_limit(value) for value in (nothing, 0.002, nothing, 0.001)]
    assert limits == [1.0, 0.002, 0.002, 0.002]
    first = scale.decades([1e-9, 1e-5])
    assert scale.decades([nothing]) == first


@given(st.lists(several, min_size=1))
def test_each_end_of_sticky_decades_is_at_most_four_further_out(pictures):
    scale = StickyScale()
    for values in pictures:
        (low, high), (least, most) = scale.decades(values), decades(values)
        assert least - 4 - 1e-6 <= low <= least < most <= high <= most + 4 + 1e-6


def test_sticky_decades_keep_still_while_values_waver():
    scale = StickyScale()
    first = scale.decades([1e-5, 1.5])
    assert [scale.decades([low, 1.5]) for low in (1e-4, 2e-3, 1e-5)] == [first] * 3
    assert scale.decades([1e-7, 1.5]) == [first[0] - 2, first[1]]
    assert scale.decades([0.5, 0.6]) == [decades([0.5])[0], first[1]]
    assert StickyScale().powers(-19.5, 0.4) == [-20.3, 2.3]


nothing_or = st.just(0.0) | st.floats(1e-9, 1e6)


@given(st.lists(st.tuples(nothing_or.map(lambda size: -size), nothing_or), min_size=1))
def test_tenths_hold_both_ends_and_leave_little_room(pairs):
    scale = StickyScale()
    for low, high in pairs:
        (first, last), (least, most) = Scale().tenths(low, high), scale.tenths(low, high)
        room = 1e-6 * (high - low)
        assert least <= first <= low + room
        assert high - room <= last <= most
        assert 0 < last - first <= 1.51 * max(high - low, nice_limit(high - low) / 10)
        assert most - least <= 5.01 * (last - first)


@each_row("ends", [(-1e308, 1e308), (-math.inf, math.inf), (0.0, math.inf)])
def test_the_length_of_an_axis_is_finite(ends):
    first, last = Scale().tenths(*ends)
    assert 0 < last - first < math.inf


def test_sticky_tenths_keep_still_on_each_axis_by_itself():
    scale = StickyScale()
    wide, narrow = scale.tenths(-17.3, 0.3, "x"), scale.tenths(-0.1, 0.1, "y")
    assert wide == pytest.approx([-18, 2])
    assert (scale.tenths(-16.1, 0.1, "x"), scale.tenths(-0.05, 0.05, "y")) == (wide, narrow)


def test_two_scales_of_one_figure_have_their_own_limits():
    scale = StickyScale()
    assert [scale.nice_limit(0.9), scale.nice_limit(1.8, name="difference")] == [1.0, 2.0]
    assert [scale.nice_limit(0.9), scale.nice_limit(0.9, name="difference")] == [1.0, 2.0]


@each_row(
    ("arrays", "limit"),
    [
        ([[1.0, -1.0] * 50 + [1000.0]], 1),
        ([[0.0] * 1000 + [2.0, -2.0]], 2),
        ([[1.0] * 5, [[-3.0] * 50, [3.0] * 50]], 3),
        ([np.zeros(5)], 0),
        ([np.zeros(0)], 0),
    ],
    ids=["outlier", "zeros", "several", "only zeros", "empty"],
)
def test_the_limit_is_the_typical_size_of_numbers_other_than_zero(arrays, limit):
    assert typical(*map(np.array, arrays)) == limit
