"""A run and its past: every position is reached again with the very same weights."""

import weakref
from contextlib import suppress
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from rnnviz.cancellation import cancellable
from rnnviz.config import OptimizerKind, RunConfig
from rnnviz.engine.training import TrainBuffers, begin, train_examples, train_on
from rnnviz.run import run as module
from rnnviz.run import snapshots
from rnnviz.run.run import TrainingRun, position_of
from rnnviz.run.schedule import EDIT, Change, Position, Schedule
from rnnviz.run.weight_edits import apply_edits, noise, scale, set_weight, silence
from rnnviz.tasks.sentiment import sentiment
from tests.sampling import each_row, singly

CONFIG = RunConfig(hidden=4, init_scale=0.1, lr=0.05, epochs=500)
CHANGES = (
    Change(Position(2), "lr", 0.2),
    Change(Position(3, 20), "clip", 0.05),
    Change(Position(3, 40), "clip_by", "norm"),
    Change(Position(7, 1), "lr", 0.01),
)


def new_run(*changes, config=CONFIG):
    return TrainingRun(sentiment(), Schedule(config, changes))


def go(run, epochs, stride=58):
    for _ in range(epochs):
        left = run.examples
        while left:
            assert run.train(min(stride, left))
            left -= min(stride, left)


def trained(epochs, offset=0, *changes, config=CONFIG):
    run = new_run(*changes, config=config)
    go(run, epochs)
    if offset:
        assert run.train(offset)
    return run


def weights(state):
    return state.parameters.theta.tobytes()


def every_byte(state):
    slots = [array.tobytes() for array in state.slots.arrays]
    return position_of(state), weights(state), state.slots.kind, state.slots.steps, slots


def record_of(run):
    """All that a run remembers, for comparison."""
    return (
        run.position,
        weights(run.state),
        run.history.column("train_loss").tolist(),
        [weights(run.at(Position(epoch))) for epoch in range(run.position.epoch + 1)],
    )


STORES = {
    "3 snapshots": {"MOST_SNAPSHOTS": 3},
    "7 snapshots": {"MOST_SNAPSHOTS": 7},
    "all snapshots": {},
    "in a file": {"MEMORY_BYTES": 0},
    "of a large network": {"MEMORY_BYTES": 0, "FILE_BYTES": 0},
    "none": {"_Pages": type("Full", (snapshots._Pages,), {"write": lambda *_: ()})},
}


#: For what hardly depends on them: as few as can be, and none.
FEWEST = {name: STORES[name] for name in ("3 snapshots", "none")}


@pytest.fixture
def few_snapshots(store, monkeypatch):
    """Only so much is kept as the ``store`` of the test says."""
    for name, value in store.items():
        monkeypatch.setattr(snapshots, name, value)


# Reaching a position again


@singly(store=STORES)
def test_every_position_is_reached_again_with_equal_bytes_in_any_order(few_snapshots):
    run, in_pieces, seen = new_run(*CHANGES), new_run(*CHANGES), {}
    while run.position < (8, 10):
        seen[run.position] = weights(run.state)
        assert run.train(1)
    go(in_pieces, 8, stride=7)
    epochs, inside = list(seen)[::58], list(seen)[::37]
    visits = np.random.default_rng(0).permutation([*epochs, *inside, *inside]).tolist()
    for position in (Position(*visit) for visit in visits):
        for each in (run, in_pieces):
            assert position_of(each.at(position)) == position
            assert weights(each.at(position)) == seen[position]


def test_a_position_is_what_an_engine_without_a_past_gives():
    run = trained(9)
    data = sentiment()
    state = begin(run.state.parameters.architecture, CONFIG)
    buffers = TrainBuffers(data.train, state.parameters.architecture, CONFIG)
    for _ in range(6):
        state = train_examples(state, buffers, CONFIG, len(buffers))
    assert weights(run.at(Position(6))) == weights(state)


@each_row("optimizer", OptimizerKind)
def test_states_that_were_handed_out_stay_as_they_were(optimizer):
    run = trained(2, 5, config=replace(CONFIG, optimizer=optimizer))
    states = [run.state, run.at(Position(1)), run.at(Position(1, 9))]
    before = [every_byte(state) for state in states]
    go(run, 1, 7)
    run.replay(Position(0), "film")
    run.at(Position(2))
    run.train(9)
    assert [every_byte(state) for state in states] == before


POSITIONS = [Position(0), Position(1), Position(1, 30), Position(2, 3)]


@singly(
    pytest.mark.parametrize(("optimizer", "position"), product(OptimizerKind, POSITIONS)),
    store=STORES,
)
def test_a_replay_finds_what_is_there_and_leaves_the_present_as_it_is(
    few_snapshots, optimizer, position
):
    config = replace(CONFIG, optimizer=optimizer)
    run, other = (trained(2, 11, *CHANGES, config=config) for _ in range(2))
    expected = every_byte(other.at(position))
    for _ in range(2):
        assert every_byte(run.replay(position, "film")) == expected
        assert run.position == (2, 11)
    for each in (run, other):
        each.train(20)
    assert every_byte(run.state) == every_byte(other.state)


def test_what_is_shown_is_the_same_object_until_another_position_is():
    run = trained(3)
    shown = run.at(Position(1))
    run.replay(Position(0, 5), "film")
    run.train(3)
    assert run.at(Position(1)) is shown
    assert run.at(Position(2)) is not shown
    assert run.at(run.position) is run.at(Position(99)) is run.state


class Broken(BaseException):
    """What ends a step, wherever it is."""


def broken(*_):
    raise Broken


def half_a_step(buffers, config, count):
    train_on(buffers, config, count // 2)
    raise Broken


def added_and_broken(*args, add=module.Snapshots.add):
    add(*args)
    raise Broken


#: Where a step can be ended, and what ends it there.
ENDS = {
    "inside": (module, "train_on", half_a_step),
    "before the scores": (module.Evaluator, "score", broken),
    "after the scores": (module.Snapshots, "add", broken),
    "after the snapshot": (module.Snapshots, "add", added_and_broken),
}


@singly(store=STORES, end=ENDS, start=[Position(2), Position(2, 25)])
@pytest.mark.usefixtures("few_snapshots")
def test_a_step_that_is_ended_midway_is_as_if_it_had_not_begun(monkeypatch, end, start):
    adam = replace(CONFIG, optimizer=OptimizerKind.ADAM)
    run = trained(2, start.offset, *CHANGES, config=adam)
    other = trained(6, 0, *CHANGES, config=adam)
    schedule = run.schedule
    for _ in range(2):
        with monkeypatch.context() as patch, pytest.raises(Broken):
            patch.setattr(*end)
            run.train(58)
        assert (run.position, len(run.history), run.schedule) == (start, 3, schedule)
        assert max(run.snapshots.epochs, default=0) <= 2
    while run.position < (6, 0):
        assert run.train(58)
    assert record_of(run) == record_of(other)


def test_when_a_broken_run_can_t_be_found_again_at_once_it_is_later(monkeypatch):
    run, other = trained(2, 10), trained(2, 10)
    with monkeypatch.context() as patch, pytest.raises(Broken):
        patch.setattr(module, "train_on", half_a_step)
        run.train(20)
    with monkeypatch.context() as patch, pytest.raises(Broken):
        patch.setattr(module.Snapshots, "restore", broken)
        assert run.state
    assert run.position == Position(2, 10)
    assert every_byte(run.state) == every_byte(other.state)


@each_row(
    ("where", "position"),
    [
        *product(["apply_edits"], [Position(0), Position(1), Position(2, 5), Position(3, 20)]),
        *product(["Evaluator.score"], [Position(0), Position(1), Position(3)]),
    ],
)
def test_a_branch_that_is_ended_midway_is_as_if_it_had_not_begun(where, position):
    run, other = trained(3, 20), trained(3, 20)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Broken):
        patch.setattr(f"rnnviz.run.run.{where}", broken)
        run.branch(position, EDITS)
    assert run.schedule == other.schedule
    assert record_of(run) == record_of(other)
    for each in (run, other):
        each.train(38)
    assert record_of(run) == record_of(other)


def test_a_run_is_gone_as_soon_as_nobody_has_it():
    run = trained(2)
    run.at(Position(1))
    gone = weakref.ref(run)
    del run
    assert gone() is None


# Changes


def test_a_change_takes_effect_at_its_position():
    run, other = trained(2, 5), trained(2, 5, Change(Position(2, 5), "lr", 0.5))
    run.configure(replace(CONFIG, lr=0.5))
    assert run.schedule == other.schedule
    for each in (run, other):
        each.train(20)
    assert weights(run.state) == weights(other.state)
    assert weights(run.at(Position(2, 15))) == weights(other.at(Position(2, 15)))


def test_a_run_that_breaks_goes_back_to_where_it_was_finite_and_remembers_rightly():
    run = trained(3, 10, config=RunConfig(hidden=4, init_scale=0.1))
    before = weights(run.at(Position(3, 5)))
    run.configure(replace(run.schedule.last, lr=100.0, clip_by="off"))
    while run.train(1):
        assert run.position.epoch < 50
    back = run.position
    assert (back.offset, len(run.history)) == (0, back.epoch + 1)
    assert np.isfinite(run.state.parameters.theta).all()
    assert run.schedule.last.lr == 100.0
    assert all(change.position <= back for change in run.schedule.changes)
    if back > (3, 5):
        assert weights(run.at(Position(3, 5))) == before


def test_what_was_looked_at_before_a_break_is_not_taken_for_the_new_way(monkeypatch):
    run = trained(2, 30)
    run.at(Position(2, 20))
    with monkeypatch.context() as patch:
        patch.setattr(run, "_train_and_score", lambda _: False)
        assert not run.train(1)
    assert run.position == Position(2)
    run.configure(replace(CONFIG, lr=0.5))
    go(run, 1)
    other = trained(3, 0, Change(Position(2), "lr", 0.5))
    assert weights(run.at(Position(2, 25))) == weights(other.at(Position(2, 25)))


# Branches


@singly(store=STORES, position=[Position(4), Position(4, 30), Position(0), Position(0, 1)])
def test_a_branch_goes_on_from_its_position(position, few_snapshots):
    run = trained(9)
    then = weights(run.at(position))
    ghost = run.branch(position)
    assert run.position == position
    assert weights(run.state) == then
    assert len(run.history) == position.epoch + 1
    assert (ghost.position, len(ghost.history)) == (position, 10)


@singly(store=FEWEST)
def test_a_branch_is_remembered_as_it_went(few_snapshots):
    """Without a change it is the same run again."""
    run, same = trained(9), trained(9, 0, *CHANGES)
    run.branch(Position(4, 10))
    run.configure(replace(CONFIG, lr=0.3))
    run.train(48)
    go(run, 6)
    other = trained(11, 0, Change(Position(4, 10), "lr", 0.3))
    for position in (Position(4, 5), Position(4, 20), Position(6), Position(9, 3), Position(11)):
        assert weights(run.at(position)) == weights(other.at(position))
    before = record_of(same)
    same.branch(Position(5))
    same.schedule = Schedule(CONFIG, CHANGES)
    go(same, 4)
    assert record_of(same) == before


# Weights edited by hand

EDITS = silence(1, 2), scale(0.9), noise(0.1, 3)
EDITED = [Position(0), Position(0, 5), Position(4), Position(4, 20), Position(6)]


@singly(store=STORES, position=EDITED)
def test_after_a_branch_with_edits_every_epoch_is_reached_again(few_snapshots, position):
    """Also by another run with its schedule, which edits its weights there."""
    run = trained(6)
    before = run.at(position)
    run.branch(position, EDITS)
    assert run.position == position
    assert weights(run.state) == apply_edits(before.parameters, EDITS).theta.tobytes()
    seen = {position: weights(run.state)}
    while run.position < (8, 0):
        assert run.train(1)
        seen[run.position] = weights(run.state)
    other = TrainingRun(sentiment(), run.schedule)
    while other.position < (8, 0):
        other.train(7)
    for visited in [position, *list(seen)[::41], *list(seen)[::-57]]:
        assert weights(run.at(visited)) == weights(other.at(visited)) == seen[visited]
    assert len(run.history) == 9
    for column in ("train_loss", "test_metric"):
        assert run.history.column(column).tolist() == other.history.column(column).tolist()


def test_scores_at_the_beginning_of_an_epoch_are_those_of_the_edited_weights():
    run = trained(3)
    loss = run.history.row(2)["train_loss"]
    run.branch(Position(2), [silence(1, unit) for unit in range(4)])
    assert len(run.history) == 3
    edited = run.history.row(2)["train_loss"]
    assert loss != edited == run.examine(run.state.parameters)[0].loss


def test_a_second_branch_at_the_position_of_an_edit_begins_with_the_edited_weights():
    run = trained(3)
    run.branch(Position(2), EDITS[:1])
    once = run.state.parameters
    go(run, 1)
    run.branch(Position(2), EDITS[1:])
    assert weights(run.state) == apply_edits(once, EDITS[1:]).theta.tobytes()
    assert run.schedule.changes == tuple(Change(Position(2), EDIT, edit) for edit in EDITS)


def test_edits_that_break_a_network_at_its_start_are_left_out():
    run = new_run(Change(Position(0), EDIT, set_weight("W_hy", 0, 0, 1e300)), *CHANGES)
    assert run.schedule.changes == CHANGES
    assert weights(run.at(Position(0))) == weights(new_run().state)
    assert len(run.history) == 1


@each_row("changes", [(), (Change(Position(0), EDIT, scale(2.0)),)])
def test_a_network_whose_loss_is_not_finite_to_begin_with_can_be_looked_at(changes):
    run = new_run(*changes, config=RunConfig(activation="relu", init_scale=0.5))
    assert run.history.row(0)["train_loss"] == np.inf
    assert run.schedule.changes == ()
    first = weights(run.state)
    assert run.train(58)
    assert (run.position, len(run.history)) == (Position(1), 2)
    assert weights(run.at(Position(0))) == first


@each_row("count", [0, 58, 58 + 20])
def test_the_scores_of_a_state_are_what_is_measured(count):
    run = TrainingRun(sentiment(), Schedule(RunConfig(hidden=4)))
    while count > 0:
        step = min(count, run.examples - run.position.offset)
        run.train(step)
        count -= step
    state = run.state
    assert run.scores(state) == run.examine(state.parameters)


class Cancelled(Exception):
    pass


@pytest.mark.parametrize("how", ["at", "replay", "present"])
def test_a_long_replay_can_be_cancelled_and_goes_on_where_it_was(monkeypatch, how):
    """As when the tab that it is drawn for has gone."""
    run = trained(12)
    own, present = every_byte(run.at(Position(9))), every_byte(run.state)
    run.snapshots.drop_after(0)
    run._bookmarks.clear()
    monkeypatch.setattr(module, "_PIECE", 1)
    calls = 0

    def cancel():
        nonlocal calls
        calls += 1
        if calls % 100 == 0:
            raise Cancelled

    def found():
        if how == "present":
            run._set_present(Position(12))
            return every_byte(run.state)
        return every_byte(run.at(Position(9)) if how == "at" else run.replay(Position(9), "x"))

    tries, got = 0, None
    with cancellable(cancel):
        while got is None:
            tries += 1
            with suppress(Cancelled):
                got = found()
    assert got == (present if how == "present" else own)
    assert tries == 1 + ((12 if how == "present" else 9) * run.examples - 1) // 99
