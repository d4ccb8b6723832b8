"""The settings of a sweep: what is written is what is trained, and what can't be is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import SETTINGS, RunConfig, SettingError
from rnnviz.sweeps.grid import MOST_RUNS, Range, axis_of, grid

NUMERIC = [row for row in SETTINGS.values() if row.kind in (int, float)]


def values(name, text):
    return axis_of(SETTINGS[name], text)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("lag", "5, 10,5", [5, 10]),
        ("lag", "1..50:log:4", [1, 4, 14, 50]),
        ("lag", "1..3:9", [1, 2, 3]),
        ("lag", "5,10..20:3", [5, 10, 15, 20]),
        ("lag", "7..7:3", [7]),
        ("lr", "0.003..0.3:log:3", [0.003, 0.03, 0.3]),
        ("lr", "1e-3..1e-1:2", [0.001, 0.1]),
        ("lr", "0.5..0.9:1", [0.5]),
        ("cell", "elman,lstm", ["elman", "lstm"]),
        ("constants", "a=0.1, b=1; a=0.2", ["a=0.1, b=1", "a=0.2"]),
        ("data_seed", "-1..1:3", [-1, 0, 1]),
    ],
)
def test_lists_and_ranges(name, text, expected):
    assert values(name, text) == expected


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("lr", "0.1,1000", r"Learning rate \(lr\) can't be '1000'"),
        ("lr", "0.1..1000:3", r"Learning rate \(lr\) can't be '1000'"),
        ("lr", "0.3..0.1:3", r"lr.*0\.3\.\.0\.1:3.*smaller end"),
        ("lr", "0.1..0.3:lin:3", r"lr.*write a range as"),
        ("lr", "0.1..0.3:0", "from 1 to"),
        ("lr", "0.1..0.3:999999", "from 1 to"),
        ("lr", "1..9:60000,10..90:60000", "at most 100,000 values"),
        ("lr", ",".join(["0.1..0.9:100000"] * 900), "at most 100,000 values"),
        ("lr", "0.1,0.2..0.3", "say how many"),
        ("hidden", "3..5:9999999", "a range has from 1 to 100,000 values"),
        ("weight_decay", "0..1:log:3", "above 0"),
        ("lag", "1..2.5:3", r"Lag \(lag\) can't be '2.5'"),
        ("cell", "elman..lstm:2", r"Cell \(cell\) can't be 'elman..lstm:2'"),
        ("lr", ".." * 40_000 + ":x", r"Learning rate \(lr\) can't be '\.\."),
        ("lag", "", r"Lag \(lag\) can't be ''"),
    ],
)
def test_what_can_not_be_used_is_named(name, text, said):
    with pytest.raises(SettingError, match=said):
        values(name, text)


def numbers(row):
    low, high = max(row.low, -1e6), min(row.high, 1e6)
    if row.kind is int:
        return st.integers(int(low), int(high))
    return st.floats(low, high, allow_subnormal=False)


@given(st.data())
def test_a_range_has_both_ends_and_rises_evenly_between_them(data):
    row = data.draw(st.sampled_from(NUMERIC))
    low, high = sorted(data.draw(st.tuples(numbers(row), numbers(row))))
    count, log = data.draw(st.integers(2, 30)), data.draw(st.booleans()) and low > 0
    found = axis_of(row, f"{low!r}..{high!r}{':log' * log}:{count}")
    assert (found[0], found[-1]) == (low, high) and len(found) <= count
    assert all(row.parse(value) == value for value in found) and found == sorted({*found})
    for k, value in enumerate(found) if len(found) == count else ():
        share = k / (count - 1)
        exact = low * (high / low) ** share if log else low + (high - low) * share
        tolerance = 0.5 if row.kind is int else 1e-5 * max(abs(low), abs(high))
        assert abs(value - exact) <= tolerance + 1e-5 * abs(exact)


@given(st.data())
def test_a_draw_is_a_value_of_its_range(data):
    row = data.draw(st.sampled_from(NUMERIC))
    low, high = sorted(data.draw(st.tuples(numbers(row), numbers(row))))
    span = Range(row, low, high, log=data.draw(st.booleans()) and low > 0)
    for share in (0.0, data.draw(st.floats(0, 1, exclude_max=True)), math.nextafter(1, 0)):
        value = span.drawn(share)
        assert low <= value <= high and row.parse(value) == value


@given(st.sampled_from([*SETTINGS.values()]), st.text("0123456789.,:;-elogman ", max_size=24))
def test_any_text_is_values_or_a_sentence(row, text):
    try:
        found = axis_of(row, text)
    except SettingError as problem:
        assert f"({row.name})" in str(problem)
    else:
        assert isinstance(found, Range) or all(row.parse(value) == value for value in found)


def test_all_combinations_are_trained_each_once_and_the_first_seeds_first():
    found = grid({"cell": ["elman", "lstm"], "activation": ["tanh", "relu"]}, seeds=2)
    assert [(c.cell, c.activation, c.seed) for c in found] == [
        (cell, activation, seed) for seed in (0, 1)
        for cell, activation in (("elman", "tanh"), ("elman", "relu"), ("lstm", "tanh"))
    ]  # fmt: skip


def test_the_other_settings_are_those_of_the_base():
    (found,) = grid({"lr": [0.5]}, base=RunConfig(hidden=7, seed=4))
    assert found == RunConfig(hidden=7, seed=4, lr=0.5)


def test_a_setting_that_needs_another_one_keeps_its_value_there():
    found = grid({"forget_bias": [3.0], "cell": ["lstm", "gru"]})
    assert [config.forget_bias for config in found] == [3.0, 3.0]


def test_the_same_seed_draws_the_same_and_more_draws_begin_with_the_same():
    axes = {"lr": values("lr", "0.001..1:log"), "hidden": [4, 8], "lag": values("lag", "1..50")}
    axes["task"] = ["recall"]
    found = grid(axes, draws=20)
    assert len({*found}) == 20 and grid(axes, draws=30)[:20] == found
    assert grid({**axes, "seed": [1]}, draws=20)[0].lr != found[0].lr
    assert min(c.lr for c in found) < 0.03 and max(c.lr for c in found) > 0.1
    assert [*grid(axes, draws=3, seeds=2)][3:] == [*grid({**axes}, draws=3, seeds=2)][3:]


def test_when_all_are_drawn_it_ends():
    assert len(grid({"hidden": [2, 3], "layers": [1, 2]}, draws=50)) == 4


@pytest.mark.parametrize(
    ("axes", "options", "said"),
    [
        ({"lag": [5, 10]}, {}, "Lag .* has no effect"),
        ({"cell": ["gru", "lstm"], "gradient": ["notebook"]}, {}, "Gradient .* has no effect"),
        ({"seed": [1, 2]}, {"seeds": 2}, "several values"),
        ({"lr": axis_of(SETTINGS["lr"], "0.1..1")}, {}, r"0\.1\.\.1:5"),
        ({"cell": ["leaky"], "constants": ["q=1"]}, {}, "'q' is unknown"),
        ({"lr": [0.1]}, {"draws": 3}, "Random draws need a setting with several values"),
        ({"hidden": [0]}, {}, "Hidden units .* can't be '0'"),
        ({"seed": [2**31 - 1]}, {"seeds": 2}, "Seed"),
        ({"hidden": range(1, 200), "lr": [0.1] * 600}, {}, "too many"),
    ],
)
def test_combinations_are_checked_before_any_is_trained(axes, options, said):
    with pytest.raises(SettingError, match=said):
        grid(axes, **options)


def test_the_largest_sweep_is_limited():
    with pytest.raises(SettingError, match=f"{MOST_RUNS:,}"):
        grid({"lr": [0.1]}, seeds=MOST_RUNS + 1)
