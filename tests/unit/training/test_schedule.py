"""Places, changes, and the settings that are in force."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import ClipBy, RunConfig, SettingError
from rnnviz.training.schedule import (
    CHANGEABLE,
    EDIT,
    MAX_CHANGES,
    Change,
    Position,
    Schedule,
    read_changes,
)
from rnnviz.training.weight_edits import scale, silence
from tests.sampling import each_row

positions = st.builds(Position, st.integers(0, 99_999), st.integers(0, 57))
changes = st.one_of(
    st.builds(Change, positions, st.just("lr"), st.floats(1e-5, 100)),
    st.builds(Change, positions, st.just("clip"), st.floats(1e-4, 1000)),
    st.builds(Change, positions, st.just("clip_by"), st.sampled_from(ClipBy)),
    st.builds(
        Change, positions, st.just(EDIT), st.builds(silence, st.integers(1, 3), st.integers(0, 9))
    ),
)


def lr(config, value):
    return replace(config, lr=value)


# Places


@given(positions)
def test_a_place_is_read_as_it_is_written(position):
    assert Position.parse(str(position)) == position


def test_places_are_in_the_order_in_which_a_run_passes_them():
    assert Position(3) < Position(3, 1) < Position(3, 57) < Position(4)


@each_row("text", ["", "x", "-1", "1.5", "1/", "/2", "1/2/3", "1e3", "9" * 30, "١٢", "1/-2", "nan"])
def test_what_is_no_place_gets_a_sentence(text):
    with pytest.raises(
        SettingError, match=r"is not a position in a run: write an epoch.*sequences more\."
    ):
        Position.parse(text)


# Changes


@given(changes)
def test_a_change_is_read_as_it_is_written(change):
    assert Change.parse(str(change)) == change


@given(st.lists(changes, max_size=5))
def test_changes_are_read_in_the_order_of_their_places(given_changes):
    text = Schedule(RunConfig(), tuple(given_changes)).text()
    found, problems = read_changes(text)
    assert problems == []
    assert list(found) == sorted(given_changes, key=lambda change: change.position)


@given(st.text())
def test_any_text_is_read_without_an_exception(text):
    found, problems = read_changes(text)
    assert len(found) + len(problems) >= bool(text.strip())
    assert all(problem.endswith((".", "read.")) for problem in problems)


@each_row(
    ("text", "said"),
    [
        ("120", "write epoch:setting=value, such as 120:lr=0.005"),
        ("120:hidden=8", "what can change on the way is optimizer, lr, clip_by, clip"),
        ("120:epochs=8", "what can change on the way is"),
        ("x:lr=0.1", "is not a position in a run"),
        ("120:lr=fast", "Learning rate (lr) can't be 'fast'"),
        ("120:lr=1000", "a number from 1e-05 to 100"),
        ("120:clip_by=length", "one of value, norm, off"),
    ],
)
def test_a_change_that_can_not_be_is_left_out_with_a_sentence(text, said):
    found, (problem,) = read_changes(f"5:lr=0.1,{text}")
    assert [str(change) for change in found] == ["5:lr=0.1"]
    assert said in problem
    assert problem.endswith("It is left out.")


def test_more_changes_than_a_link_can_carry_are_not_read():
    text = ",".join(f"{i}:lr=0.1" for i in range(MAX_CHANGES + 20))
    found, problems = read_changes(text)
    assert len(found) == MAX_CHANGES
    assert problems == [f"Of {MAX_CHANGES + 20} changes the first {MAX_CHANGES} are read."]


def test_only_what_decides_the_weights_and_needs_no_new_start_is_changeable():
    assert CHANGEABLE == ("optimizer", "lr", "clip_by", "clip", "truncate")


def test_a_change_is_named_as_the_reader_knows_it():
    change = Change(Position(3), "lr", 0.005)
    assert (change.label, change.shown) == ("Learning rate", "0.005")
    assert Change(Position(3), "clip_by", ClipBy.OFF).shown == "off"


# Schedules


def test_settings_are_in_force_from_their_place_on():
    start = RunConfig(lr=0.1)
    schedule = Schedule(start).changed(Position(3, 7), lr(start, 0.2))
    schedule = schedule.changed(Position(9), replace(start, lr=0.2, clip=5))
    assert schedule.at(Position(3, 6)) == start
    assert schedule.at(Position(3, 7)) == schedule.at(Position(8, 57)) == lr(start, 0.2)
    assert schedule.at(Position(9)) == schedule.last == replace(start, lr=0.2, clip=5)
    assert schedule.text() == "3/7:lr=0.2,9:clip=5.0"


def test_the_next_change_is_after_the_place():
    changes = Change(Position(2), "lr", 1.0), Change(Position(4, 5), "clip", 2.0)
    schedule = Schedule(RunConfig(), changes)
    assert schedule.next_change(Position(0)) == Position(2)
    assert (
        schedule.next_change(Position(2)) == schedule.next_change(Position(4, 4)) == Position(4, 5)
    )
    assert schedule.next_change(Position(4, 5)) is None


def test_what_is_changed_twice_at_one_place_is_one_change():
    start = RunConfig()
    schedule = (
        Schedule(start).changed(Position(3), lr(start, 0.5)).changed(Position(3), lr(start, 0.7))
    )
    assert schedule.text() == "3:lr=0.7"
    assert schedule.changed(Position(3), start).changes == ()


def test_a_change_makes_those_after_it_void():
    start = RunConfig()
    schedule = Schedule(start).changed(Position(3), lr(start, 0.5)).changed(Position(9), start)
    assert schedule.changed(Position(5), lr(start, 0.7)).text() == "3:lr=0.5,5:lr=0.7"


def test_at_the_start_a_change_is_a_setting_of_the_start():
    assert Schedule(RunConfig()).changed(Position(0), RunConfig(lr=0.5)) == Schedule(
        RunConfig(lr=0.5)
    )


def test_the_number_of_epochs_holds_for_all_of_a_run():
    schedule = Schedule(RunConfig()).changed(Position(5), RunConfig(epochs=7, lr=0.5))
    assert schedule.start.epochs == schedule.at(Position(1)).epochs == schedule.last.epochs == 7
    assert schedule.text() == "5:lr=0.5"


@each_row(
    ("here", "there", "last"),
    [
        ((), (), math.inf),
        ((Change(Position(3), "lr", 0.5),), (), 3),
        ((Change(Position(3), "lr", 0.5),), (Change(Position(3), "lr", 0.7),), 3),
        (
            (Change(Position(3), "lr", 0.5), Change(Position(8, 2), "clip", 2.0)),
            (Change(Position(3), "lr", 0.5), Change(Position(9), "clip", 2.0)),
            8,
        ),
    ],
)
def test_two_ways_share_the_weights_up_to_where_they_part(here, there, last):
    ways = Schedule(RunConfig(), here), Schedule(RunConfig(epochs=7), there)
    assert ways[0].shared(ways[1]) == ways[1].shared(ways[0]) == last


def test_other_settings_at_the_start_share_nothing():
    assert Schedule(RunConfig()).shared(Schedule(RunConfig(seed=1))) == -1


# Edits of the weights

ONE, TWO, THREE = silence(1, 2), scale(0.5), silence(1, 0)


def test_an_edit_changes_no_setting():
    schedule = Schedule(RunConfig()).edited(Position(3), [ONE, TWO])
    assert schedule.last == RunConfig()
    assert schedule.edits(Position(3)) == (ONE, TWO)
    assert schedule.edits(Position(2)) == schedule.edits(Position(3, 1)) == ()
    assert schedule.next_change(Position(1)) == Position(3)
    assert schedule.text() == "3:edit=silence 1 2,3:edit=scale 0.5"


def test_other_settings_at_the_place_of_an_edit_leave_it_and_later_ones_go():
    schedule = Schedule(RunConfig()).edited(Position(3), [ONE]).edited(Position(5), [TWO])
    changed = schedule.changed(Position(3), lr(RunConfig(), 0.5))
    assert changed.edits(Position(3)) == (ONE,)
    assert changed.edits(Position(5)) == ()
    assert changed.at(Position(3)).lr == 0.5
    earlier = schedule.changed(Position(2), lr(RunConfig(), 0.5))
    assert earlier.edits(Position(3)) == ()


def test_at_the_start_edits_stay_too():
    schedule = Schedule(RunConfig()).edited(Position(0), [ONE])
    changed = schedule.changed(Position(0), lr(RunConfig(), 0.5))
    assert changed.start.lr == 0.5
    assert changed.edits(Position(0)) == (ONE,)


@each_row(("position", "last"), [(Position(4), 3), (Position(4, 7), 4), (Position(0), -1)])
def test_after_an_edit_nothing_is_shared(position, last):
    schedule = Schedule(RunConfig())
    assert schedule.shared(schedule.edited(position, [ONE])) == last
    assert schedule.edited(position, [ONE]).shared(schedule.edited(position, [ONE])) == math.inf
    assert schedule.edited(position, [ONE]).shared(schedule.edited(position, [THREE])) == last


@each_row(("position", "last"), [(Position(4), 3), (Position(4, 7), 4), (Position(0), -1)])
def test_the_same_edit_twice_or_in_another_order_is_another_way(position, last):
    schedule = Schedule(RunConfig())
    once, twice = (schedule.edited(position, [TWO] * n) for n in (1, 2))
    assert once.shared(twice) == twice.shared(once) == last
    orders = [schedule.edited(position, edits) for edits in ([ONE, TWO], [TWO, ONE])]
    assert orders[0].shared(orders[1]) == last


def test_where_ways_part_the_earliest_change_decides():
    """A change of a setting and an edit at one position: the edit is felt at once."""
    schedule = Schedule(RunConfig())
    slower = schedule.changed(Position(4), lr(RunConfig(), 0.5))
    edited = schedule.edited(Position(4), [ONE])
    assert slower.shared(edited) == edited.shared(slower) == 3
    both = edited.changed(Position(4), lr(RunConfig(), 0.5))
    assert both.shared(edited) == 4
    assert edited.shared(schedule.edited(Position(9), [ONE])) == 3
    ways = [slower.edited(Position(4), edits) for edits in ([ONE], [TWO])]
    faster = schedule.changed(Position(4), lr(RunConfig(), 0.9)).edited(Position(4), [TWO])
    assert ways[0].shared(ways[1]) == ways[0].shared(faster) == 3


@each_row("text", ["3:edit=", "3:edit=kill", "x:edit=silence 1 2", "3:edit"])
def test_what_is_no_edit_gets_a_sentence(text):
    with pytest.raises(SettingError):
        Change.parse(text)
