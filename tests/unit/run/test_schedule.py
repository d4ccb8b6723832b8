"""Positions, changes, and the settings that are in force."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import ClipBy, RunConfig, SettingError
from rnnviz.run.schedule import (
    CHANGEABLE,
    EDIT,
    MAX_CHANGES,
    Change,
    Position,
    Schedule,
    read_changes,
)
from rnnviz.run.weight_edits import scale, silence
from tests.sampling import each_row

START = RunConfig()
ONE, TWO = silence(1, 2), scale(0.5)
positions = st.builds(Position, st.integers(0, 99_999), st.integers(0, 57))
values = {
    "lr": st.floats(1e-5, 100),
    "clip": st.floats(1e-4, 1000),
    "clip_by": st.sampled_from(ClipBy),
    EDIT: st.builds(silence, st.integers(1, 3), st.integers(0, 9)),
}
changes = st.one_of(st.builds(Change, positions, st.just(n), v) for n, v in values.items())


def lr(value):
    return replace(START, lr=value)


def schedule_of(*marks, start=START):
    """A schedule with these changes, each written as in a link."""
    return Schedule(start, tuple(map(Change.parse, marks)))


# Positions and changes


@given(positions, positions)
def test_a_position_is_read_as_it_is_written_and_ordered_as_a_run_passes_it(first, second):
    assert Position.parse(str(first)) == first
    key = first.epoch * 58 + first.offset, second.epoch * 58 + second.offset
    assert (first < second) == (key[0] < key[1])


@each_row("text", ["", "x", "-1", "1.5", "1/", "/2", "1/2/3", "1e3", "9" * 30, "١٢", "1/-2", "nan"])
def test_what_is_no_position_gets_a_sentence(text):
    with pytest.raises(
        SettingError, match=r"is not a position in a run: write an epoch.*sequences more\."
    ):
        Position.parse(text)


@given(st.lists(changes, max_size=5))
def test_changes_are_read_as_they_are_written_in_the_order_of_their_positions(given_changes):
    found, problems = read_changes(Schedule(START, tuple(given_changes)).text())
    assert problems == []
    assert list(found) == sorted(given_changes, key=lambda c: (c.position, c.name != "edit"))


@given(st.text())
def test_any_text_is_read_without_an_exception(text):
    found, problems = read_changes(text)
    assert len(found) + len(problems) >= bool(text.strip())
    assert all(problem.endswith((".", "read.")) for problem in problems)


@each_row(
    ("text", "said"),
    [
        ("120", "write epoch:setting=value, such as 120:lr=0.005"),
        (
            "120:hidden=8",
            f"what can change during a run is {', '.join(CHANGEABLE)}, and the weights",
        ),
        ("120:epochs=8", "what can change during a run is optimizer, lr, weight_decay, dropout,"),
        ("x:lr=0.1", "is not a position in a run"),
        ("120:lr=fast", "Learning rate (lr) can't be 'fast'"),
        ("120:lr=1000", "a number from 1e-05 to 100"),
        ("120:clip_by=length", "one of value, norm, off"),
        ("3:edit=kill", "'kill' is not an edit of the weights"),
        ("3:edit=", "is not an edit of the weights"),
        ("3:edit", "is not a change"),
        ("x:edit=silence 1 2", "is not a position in a run"),
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


def test_a_change_is_named_as_the_reader_knows_it():
    change = Change(Position(3), "lr", 0.005)
    assert (change.label, change.shown) == ("Learning rate", "0.005")
    assert Change(Position(3), "clip_by", ClipBy.OFF).shown == "off"
    assert Change(Position(3), EDIT, ONE).label == "Weights:"


# Schedules


def test_settings_are_in_force_from_their_position_on():
    schedule = Schedule(START).changed(Position(3, 7), lr(0.2))
    schedule = schedule.changed(Position(9), replace(START, lr=0.2, clip=5))
    assert schedule.at(Position(3, 6)) == START
    assert schedule.at(Position(3, 7)) == schedule.at(Position(8, 57)) == lr(0.2)
    assert schedule.at(Position(9)) == schedule.last == replace(START, lr=0.2, clip=5)
    assert schedule.text() == "3/7:lr=0.2,9:clip=5.0"
    following = [schedule.next_change(p) for p in (Position(0), Position(3, 7), Position(9))]
    assert following == [Position(3, 7), Position(9), None]


@each_row(
    ("position", "config", "text"),
    [
        (Position(12), START, "3:lr=0.5,9:lr=0.2,12:lr=0.01"),
        (Position(9), lr(0.7), "3:lr=0.5,9:lr=0.7"),
        (Position(9), lr(0.5), "3:lr=0.5"),
        (Position(5), lr(0.7), "3:lr=0.5,5:lr=0.7"),
        (Position(0), lr(0.7), ""),
    ],
)
def test_a_change_replaces_those_at_its_position_and_after_it(position, config, text):
    schedule = schedule_of("3:lr=0.5", "9:lr=0.2").changed(position, config)
    assert schedule.text() == text.replace("12:lr=0.01", f"12:lr={START.lr}")
    assert schedule.start == (config if position == Position(0) else START)


def test_the_number_of_epochs_holds_for_all_of_a_run():
    schedule = Schedule(START).changed(Position(5), RunConfig(epochs=7, lr=0.5))
    assert schedule.start.epochs == schedule.at(Position(1)).epochs == schedule.last.epochs == 7
    assert schedule.text() == "5:lr=0.5"


@each_row(
    ("here", "there", "last"),
    [
        ("", "", math.inf),
        ("3:lr=0.5", "", 3),
        ("3:lr=0.5", "3:lr=0.7", 3),
        ("3:lr=0.5,8/2:clip=2.0", "3:lr=0.5,9:clip=2.0", 8),
        # An edit where an epoch begins changes the weights of that epoch.
        ("4:edit=scale 0.5", "", 3),
        ("4/7:edit=scale 0.5", "", 4),
        ("0:edit=scale 0.5", "", -1),
        ("4:edit=scale 0.5", "4:edit=scale 0.5", math.inf),
        ("4:edit=scale 0.5", "4:edit=silence 1 0", 3),
        ("4:edit=scale 0.5", "4:edit=scale 0.5,4:edit=scale 0.5", 3),
        ("4/7:edit=scale 0.5", "4/7:edit=scale 0.5,4/7:edit=scale 0.5", 4),
        ("4:edit=scale 0.5,4:edit=silence 1 0", "4:edit=silence 1 0,4:edit=scale 0.5", 3),
        # Of a setting and an edit at one position the edit is felt at once.
        ("4:lr=0.5", "4:edit=scale 0.5", 3),
        ("4:edit=scale 0.5,4:lr=0.5", "4:edit=scale 0.5", 4),
        ("4:edit=scale 0.5", "9:edit=scale 0.5", 3),
        ("4:lr=0.5,4:edit=scale 0.5", "4:lr=0.5,4:edit=scale 0.7", 3),
        ("4:lr=0.5,4:edit=scale 0.5", "4:lr=0.9,4:edit=scale 0.7", 3),
    ],
)
def test_two_ways_share_the_weights_up_to_where_they_part(here, there, last):
    one, other = (
        schedule_of(*filter(None, text.split(",")), start=RunConfig(epochs=n))
        for n, text in enumerate((here, there))
    )
    assert one.shared(other) == other.shared(one) == last
    assert one.shared(Schedule(RunConfig(seed=1), other.changes)) == -1


# Edits of the weights


def test_an_edit_changes_no_setting():
    schedule = Schedule(START).edited(Position(3), [ONE, TWO])
    assert schedule.last == START
    assert schedule.edits(Position(3)) == (ONE, TWO)
    assert schedule.edits(Position(2)) == schedule.edits(Position(3, 1)) == ()
    assert schedule.next_change(Position(1)) == Position(3)
    assert schedule.text() == "3:edit=silence 1 2,3:edit=scale 0.5"


def test_a_link_keeps_the_order_of_a_setting_and_an_edit_at_one_position():
    schedule = Schedule(START).changed(Position(3), lr(0.5)).edited(Position(3), [TWO, ONE])
    assert schedule.text() == "3:edit=scale 0.5,3:edit=silence 1 2,3:lr=0.5"
    again = Schedule(START, read_changes(schedule.text())[0])
    assert again.changed(Position(3), lr(0.5)).text() == schedule.text()


@each_row("position", [Position(3), Position(0)])
def test_other_settings_at_the_position_of_an_edit_leave_it_and_later_ones_go(position):
    schedule = Schedule(START).edited(position, [ONE]).edited(Position(5), [TWO])
    changed = schedule.changed(position, lr(0.5))
    assert (changed.edits(position), changed.edits(Position(5))) == ((ONE,), ())
    assert changed.at(position).lr == 0.5
    assert schedule.changed(Position(4), lr(0.5)).edits(Position(5)) == ()
