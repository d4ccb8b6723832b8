"""Where scales end, and that they keep still."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.figures.scale import HeldScale, decades, ladder

positive = st.floats(1e-300, 1e300)


@given(positive)
def test_a_rung_is_never_below_the_value_and_at_most_two_and_a_half_times_it(value):
    rung = ladder(value)
    assert value <= rung * (1 + 1e-9)
    assert rung <= 2.5 * value * (1 + 1e-9)


@given(positive)
def test_a_rung_is_1_2_or_5_times_a_power_of_ten(value):
    assert f"{ladder(value):.6e}"[:8] in ("1.000000", "2.000000", "5.000000")


@given(positive)
def test_a_rung_s_own_rung_is_itself(value):
    assert ladder(ladder(value)) == pytest.approx(ladder(value), rel=1e-9)


@given(positive, positive)
def test_a_larger_value_has_no_lower_rung(one, other):
    low, high = sorted((one, other))
    assert ladder(low) <= ladder(high) * (1 + 1e-9)


@pytest.mark.parametrize("value", [0.0, 5e-324, -3.0, math.nan, math.inf])
def test_what_has_no_size_gets_the_rung_1(value):
    assert ladder(value) == 1.0


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


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [0.0, math.nan, math.inf]])
def test_decades_of_nothing_positive_are_still_a_range(values):
    low, high = decades(values)
    assert low < high


def test_decades_pass_over_zeros():
    assert decades([0.0, 3.0]) == decades([3.0])


@given(st.lists(positive, min_size=1))
def test_a_held_scale_has_room_for_every_value_and_at_most_five_times_its_rung(values):
    scale = HeldScale()
    for value in values:
        held = scale.ladder(value)
        assert ladder(value) <= held <= 5 * ladder(value) * (1 + 1e-9)


@given(st.lists(st.floats(0.21, 1.0), min_size=1))
def test_a_held_scale_keeps_still_while_values_waver(values):
    scale = HeldScale()
    first = scale.ladder(1.0)
    assert {scale.ladder(value) for value in values} == {first}


def test_a_held_scale_grows_at_once_and_shrinks_where_a_fifth_is_enough():
    scale = HeldScale()
    ends = [scale.ladder(value) for value in (0.9, 1.1, 0.25, 0.2, 0.19)]
    assert ends == [1.0, 2.0, 2.0, 0.2, 0.2]


@given(st.lists(st.lists(st.floats(1e-150, 1e150), min_size=1), min_size=1))
def test_held_decades_cover_every_value_and_are_at_most_four_more(pictures):
    scale = HeldScale()
    for values in pictures:
        (low, high), (least, most) = scale.decades(values), decades(values)
        assert low <= least < most <= high
        assert high - low <= most - least + 4 + 1e-9


def test_held_decades_keep_still_while_values_waver():
    scale = HeldScale()
    first = scale.decades([1e-5, 1.5])
    assert [scale.decades([low, 1.5]) for low in (1e-4, 2e-3, 1e-5)] == [first] * 3
    assert scale.decades([1e-7, 1.5])[0] < first[0]
    assert scale.decades([0.5, 1.5]) == decades([0.5, 1.5])


@given(st.lists(st.tuples(st.floats(-1e6, 0), st.floats(0, 1e6)), min_size=1))
def test_held_quarters_cover_both_ends(pairs):
    scale = HeldScale()
    for low, high in pairs:
        held = scale.quarters(low, high)
        room = 1e-9 * (high - low)
        assert held[0] - room <= low <= high <= held[1] + room
        assert 0 < held[1] - held[0] <= 12 * ladder(high - low)


def test_quarters_keep_still_while_ends_waver():
    scale = HeldScale()
    first = scale.quarters(-17.3, 0.3)
    assert first == [-20.0, 5.0]
    assert scale.quarters(-16.1, 0.1) == first
