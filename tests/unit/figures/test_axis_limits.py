"""Where scales end, and that they keep still."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.figures.axis_limits import Scale, StickyScale, decades, nice_limit, tenths
from tests.sampling import each_row

positive = st.floats(1e-300, 1e300)


@given(positive)
def test_a_rung_is_never_below_the_value_and_at_most_two_and_a_half_times_it(value):
    rung = nice_limit(value)
    assert value <= rung * (1 + 1e-9)
    assert rung <= 2.5 * value * (1 + 1e-9)


@given(positive)
def test_a_rung_is_1_2_or_5_times_a_power_of_ten(value):
    assert f"{nice_limit(value):.6e}"[:8] in ("1.000000", "2.000000", "5.000000")


@given(positive)
def test_a_rung_s_own_rung_is_itself(value):
    assert nice_limit(nice_limit(value)) == pytest.approx(nice_limit(value), rel=1e-9)


@given(positive, positive)
def test_a_larger_value_has_no_lower_rung(one, other):
    low, high = sorted((one, other))
    assert nice_limit(low) <= nice_limit(high) * (1 + 1e-9)


@each_row("value", [0.0, 5e-324, -3.0, math.nan, math.inf])
def test_what_has_no_size_gets_the_rung_1(value):
    assert nice_limit(value) == 1.0


@given(st.lists(st.floats(1e-150, 1e150), min_size=1))
def test_decades_cover_every_value(values):
    low, high = decades(values)
    assert all(low < math.log10(value) < high for value in values)


@given(st.lists(st.floats(1e-150, 1e150), min_size=1))
def test_decades_leave_little_room_beside_the_values(values):
    low, high = decades(values)
    logs = [math.log10(value) for value in values]
    assert min(logs) - low <= 2.3 + 1e-9
    assert high - max(logs) <= 2.3 + 1e-9
    assert high - low >= 2


@given(st.floats(1.001, 99.9), st.floats(1.001, 99.9))
def test_decades_keep_still_while_a_value_stays_between_two_labels(one, other):
    assert decades([one]) == decades([other])


@each_row("values", [[], [0.0, 0.0], [0.0, math.nan, math.inf]])
def test_decades_of_nothing_positive_are_still_a_range(values):
    low, high = decades(values)
    assert low < high


def test_decades_pass_over_zeros():
    assert decades([0.0, 3.0]) == decades([3.0])


@given(st.lists(positive, min_size=1))
def test_a_held_scale_has_room_for_every_value_and_at_most_five_times_its_rung(values):
    scale = StickyScale()
    for value in values:
        held = scale.nice_limit(value)
        assert nice_limit(value) <= held <= 5 * nice_limit(value) * (1 + 1e-9)


@given(st.lists(st.floats(0.21, 1.0), min_size=1))
def test_a_held_scale_keeps_still_while_values_waver(values):
    scale = StickyScale()
    first = scale.nice_limit(1.0)
    assert {scale.nice_limit(value) for value in values} == {first}


def test_a_held_scale_grows_at_once_and_shrinks_where_less_than_a_fifth_is_enough():
    scale = StickyScale()
    ends = [scale.nice_limit(value) for value in (0.9, 1.1, 0.5, 0.4, 0.2, 0.19)]
    assert ends == [1.0, 2.0, 2.0, 2.0, 0.2, 0.2]


@each_row("nothing", [0.0, math.nan, math.inf])
def test_what_has_no_size_moves_no_held_scale(nothing):
    scale = StickyScale()
    assert [scale.nice_limit(value) for value in (nothing, 0.002, nothing, 0.001)] == [
        1.0, 0.002, 0.002, 0.002,
    ]  # fmt: skip
    first = scale.decades([1e-9, 1e-5])
    assert scale.decades([nothing]) == first


def test_a_scale_only_grows_while_its_largest_value_is_not_known():
    scale = StickyScale()
    ends = [
        scale.nice_limit(3e-3),
        scale.nice_limit(1e-6, grows=True),
        scale.nice_limit(0.7, grows=True),
    ]
    assert ends == [0.005, 0.005, 1.0]
    assert scale.nice_limit(1e-6) == 1e-6


@given(st.lists(st.lists(st.floats(1e-150, 1e150), min_size=1), min_size=1))
def test_each_end_of_held_decades_is_at_most_four_further_out(pictures):
    scale = StickyScale()
    for values in pictures:
        (low, high), (least, most) = scale.decades(values), decades(values)
        assert least - 4 - 1e-6 <= low <= least < most <= high <= most + 4 + 1e-6


def test_held_decades_keep_still_while_values_waver():
    scale = StickyScale()
    first = scale.decades([1e-5, 1.5])
    assert [scale.decades([low, 1.5]) for low in (1e-4, 2e-3, 1e-5)] == [first] * 3
    assert scale.decades([1e-7, 1.5]) == [first[0] - 2, first[1]]
    assert scale.decades([0.5, 0.6]) == [decades([0.5])[0], first[1]]


nothing_or = st.just(0.0) | st.floats(1e-9, 1e6)


@given(st.lists(st.tuples(nothing_or.map(lambda size: -size), nothing_or), min_size=1))
def test_tenths_hold_both_ends_and_leave_little_room(pairs):
    scale = StickyScale()
    for low, high in pairs:
        (first, last), (least, most) = tenths(low, high), scale.tenths(low, high)
        room = 1e-6 * (high - low)
        assert least <= first <= low + room
        assert high - room <= last <= most
        assert 0 < last - first <= 1.51 * max(high - low, nice_limit(high - low) / 10)
        assert most - least <= 5.01 * (last - first)


def test_tenths_keep_still_while_ends_waver():
    scale = StickyScale()
    first = scale.tenths(-17.3, 0.3)
    assert first == pytest.approx([-18, 2])
    assert scale.tenths(-16.1, 0.1) == first


def test_powers_are_even():
    assert StickyScale().powers(-19.5, 0.4) == [-20.3, 2.3]


def test_two_axes_are_held_each_by_itself():
    scale = StickyScale()
    wide, narrow = scale.tenths(-9, 9, "x"), scale.tenths(-0.1, 0.1, "y")
    assert (scale.tenths(-8, 8, "x"), scale.tenths(-0.05, 0.05, "y")) == (wide, narrow)


def test_without_a_memory_a_picture_is_alone():
    scale = Scale()
    assert [scale.nice_limit(value) for value in (1.0, 0.3)] == [1.0, 0.5]
