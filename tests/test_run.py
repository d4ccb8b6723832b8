"""A run and its past: every place is reached again with the very same weights."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz import run as module
from rnnviz.analysis.surgery import operate
from rnnviz.config import RunConfig
from rnnviz.edit import noise, scale, set_weight, silence
from rnnviz.engine.training import Workspace, begin, train_examples
from rnnviz.run import MOST_SNAPSHOTS, Run, Snapshots, place_of
from rnnviz.schedule import EDIT, Change, Place, Schedule
from rnnviz.tasks.dataset import sentiment

CONFIG = RunConfig(hidden=4, init_scale=0.1, lr=0.05, epochs=500)
CHANGES = (
    Change(Place(2), "lr", 0.2),
    Change(Place(3, 20), "clip", 0.05),
    Change(Place(3, 40), "clip_by", "norm"),
    Change(Place(7, 1), "lr", 0.01),
)


def new_run(*changes, config=CONFIG):
    return Run(sentiment(), Schedule(config, changes))


def go(run, epochs, stride=58):
    for _ in range(epochs):
        left = run.examples
        while left:
            assert run.train(min(stride, left))
            left -= min(stride, left)


def weights(state):
    return state.parameters.theta.tobytes()


@pytest.fixture(params=[3, 7, MOST_SNAPSHOTS], ids=lambda most: f"{most} snapshots")
def few_snapshots(request, monkeypatch):
    monkeypatch.setattr(module, "MOST_SNAPSHOTS", request.param)


# Reaching a place again


def test_every_epoch_is_reached_again_with_equal_bytes(few_snapshots):
    run, seen = new_run(*CHANGES), []
    for _ in range(12):
        seen.append(weights(run.state))
        go(run, 1)
    for epoch in (11, 0, 5, 6, 4, 3, 7, 2, 10, 1, 9, 8):
        assert weights(run.at(Place(epoch))) == seen[epoch]


def test_places_inside_an_epoch_are_reached_again(few_snapshots):
    run, seen = new_run(*CHANGES), {}
    while run.place < (8, 10):
        seen[run.place] = weights(run.state)
        assert run.train(1)
    for place in [*list(seen)[::37], *list(seen)[::-53]]:
        assert place_of(run.at(place)) == place
        assert weights(run.at(place)) == seen[place]


def test_a_place_is_what_an_engine_without_a_past_gives():
    run = new_run()
    go(run, 9)
    data = sentiment()
    state = begin(run.state.parameters.architecture, CONFIG)
    workspace = Workspace(data.train, state.parameters.architecture, CONFIG)
    for _ in range(6):
        state = train_examples(state, workspace, CONFIG, len(workspace))
    assert weights(run.at(Place(6))) == weights(state)


def test_how_training_was_cut_changes_nothing(few_snapshots):
    at_once, in_pieces = new_run(*CHANGES), new_run(*CHANGES)
    go(at_once, 9)
    go(in_pieces, 9, stride=7)
    assert weights(at_once.state) == weights(in_pieces.state)
    assert weights(at_once.at(Place(3, 21))) == weights(in_pieces.at(Place(3, 21)))


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 57)), min_size=1, max_size=6))
def test_the_order_of_the_visits_changes_nothing(visits):
    run = new_run(*CHANGES)
    go(run, 7)
    for visit in visits:
        fresh = new_run(*CHANGES)
        go(fresh, 7)
        assert weights(run.at(Place(*visit))) == weights(fresh.at(Place(*visit)))


def record_of(run):
    """All that a run remembers, for comparison."""
    return (
        run.place,
        weights(run.state),
        run.history.column("train_loss").tolist(),
        [weights(run.at(Place(epoch))) for epoch in range(run.place.epoch + 1)],
    )


@pytest.mark.parametrize("taken", [1, 57, 58, 59, 150, 400])
@pytest.mark.parametrize("start", [0, 58 * 3, 58 * 5 + 11])
def test_steps_that_are_undone_leave_no_trace(few_snapshots, start, taken):
    run = new_run(*CHANGES)
    for _ in range(start):
        run.train(1)
    before, mark = record_of(run), run.mark
    for _ in range(taken):
        run.train(1)
    run.undo(mark)
    assert record_of(run) == before
    assert max(run.snapshots.epochs) <= run.place.epoch
    after = new_run(*CHANGES)
    go(after, 12)
    while run.place < after.place:
        run.train(13)
    assert record_of(run) == record_of(after)


def test_after_what_was_undone_another_way_can_be_taken():
    run, other = new_run(), new_run()
    go(run, 3)
    go(other, 3)
    mark = run.mark
    go(run, 2)
    run.at(Place(4, 30), "film")
    run.undo(mark)
    for each in (run, other):
        each.configure(replace(CONFIG, lr=0.5))
        go(each, 4)
    assert weights(run.at(Place(4, 30), "film")) == weights(other.at(Place(4, 30)))
    assert record_of(run) == record_of(other)


def test_a_break_after_an_undoing_goes_back_to_what_is_left():
    run, other = (new_run(config=RunConfig(hidden=4, init_scale=0.1)) for _ in range(2))
    for each in (run, other):
        go(each, 2)
    mark = run.mark
    go(run, 1)
    run.undo(mark)
    for each in (run, other):
        each.configure(replace(each.config, lr=100.0, clip_by="off"))
        while each.train(1):
            pass
    assert record_of(run) == record_of(other)


def test_the_present_and_what_is_beyond_it_is_the_present():
    run = new_run()
    go(run, 2)
    run.train(3)
    assert run.at(run.place) is run.state
    assert run.at(Place(99)) is run.state


def test_to_look_back_leaves_the_present_as_it_is():
    run, other = new_run(), new_run()
    go(run, 5)
    go(other, 5)
    run.at(Place(2, 9))
    assert weights(run.state) == weights(other.state)
    go(run, 1)
    go(other, 1)
    assert weights(run.state) == weights(other.state)


def test_the_place_after_a_phrase():
    run = new_run()
    assert run.after(Place(3)) == Place(3, 1)
    assert run.after(Place(3, 57)) == Place(4)


# Changes


def test_a_change_takes_effect_at_its_place():
    run, other = new_run(), new_run(Change(Place(2, 5), "lr", 0.5))
    go(run, 2)
    run.train(5)
    run.configure(replace(CONFIG, lr=0.5))
    assert run.schedule == other.schedule
    run.train(20)
    go(other, 2)
    other.train(25)
    assert weights(run.state) == weights(other.state)
    assert weights(run.at(Place(2, 15))) == weights(other.at(Place(2, 15)))


def test_a_change_of_epochs_is_no_change_of_the_weights():
    run = new_run()
    go(run, 2)
    run.configure(replace(CONFIG, epochs=9))
    assert run.schedule.changes == ()
    assert run.config.epochs == 9


def test_a_run_that_breaks_goes_back_to_where_it_was_finite_and_remembers_rightly():
    run = new_run(config=RunConfig(hidden=4, init_scale=0.1))
    go(run, 3)
    run.train(10)
    before = weights(run.at(Place(3, 5)))
    run.configure(replace(run.config, lr=100.0, clip_by="off"))
    while run.train(1):
        assert run.place.epoch < 50
    back = run.place
    assert back.position == 0
    assert len(run.history) == back.epoch + 1
    assert np.isfinite(run.state.parameters.theta).all()
    assert run.schedule.last.lr == 100.0
    assert all(change.place <= back for change in run.schedule.changes)
    if back > (3, 5):
        assert weights(run.at(Place(3, 5))) == before


def test_what_was_looked_at_before_a_break_is_not_taken_for_the_new_way():
    run = new_run()
    go(run, 2)
    run.train(30)
    run.at(Place(2, 20))
    run._go_back()
    assert run.place == Place(2)
    run.configure(replace(CONFIG, lr=0.5))
    go(run, 1)
    other = new_run(Change(Place(2), "lr", 0.5))
    go(other, 3)
    assert weights(run.at(Place(2, 25))) == weights(other.at(Place(2, 25)))


# Branches


@pytest.mark.parametrize("place", [Place(4), Place(4, 30), Place(0), Place(0, 1)])
def test_a_branch_goes_on_from_its_place(place, few_snapshots):
    run = new_run()
    go(run, 9)
    then = weights(run.at(place))
    ghost = run.branch(place)
    assert run.place == place
    assert weights(run.state) == then
    assert len(run.history) == place.epoch + 1
    assert (ghost.place, len(ghost.history)) == (place, 10)


def test_a_branch_without_a_change_is_the_same_run_again(few_snapshots):
    run, other = new_run(*CHANGES), new_run(*CHANGES)
    go(run, 9)
    go(other, 9)
    config = run.schedule.at(Place(5))
    run.branch(Place(5))
    run.configure(config)
    run.schedule = Schedule(CONFIG, CHANGES)
    go(run, 4)
    assert weights(run.state) == weights(other.state)
    assert run.history.column("train_loss").tolist() == other.history.column("train_loss").tolist()


def test_a_branch_is_remembered_as_it_went(few_snapshots):
    run = new_run()
    go(run, 9)
    run.branch(Place(4, 10))
    run.configure(replace(CONFIG, lr=0.3))
    go_on = new_run(Change(Place(4, 10), "lr", 0.3))
    run.train(48)
    go(run, 6)
    go(go_on, 11)
    for place in (Place(4, 5), Place(4, 20), Place(6), Place(9, 3), Place(11)):
        assert weights(run.at(place)) == weights(go_on.at(place))


def test_from_a_branch_the_settings_of_the_present_are_in_force():
    run = new_run(Change(Place(6), "lr", 0.3))
    go(run, 9)
    ghost = run.branch(Place(4))
    assert run.schedule.text() == "4:lr=0.3"
    assert ghost.schedule.text() == "6:lr=0.3"


def test_the_ghost_is_left_alone_by_what_comes_after():
    run = new_run()
    go(run, 9)
    ghost = run.branch(Place(4))
    losses = ghost.history.column("train_loss").tolist()
    run.configure(replace(CONFIG, lr=0.5))
    go(run, 3)
    assert ghost.history.column("train_loss").tolist() == losses
    assert run.history.column("train_loss").tolist()[:5] == losses[:5]
    assert run.history.column("train_loss").tolist()[5] != losses[5]


# Snapshots


def test_there_are_never_more_snapshots_than_allowed_and_the_stride_doubles():
    run = new_run()
    go(run, 450)
    assert run.snapshots.stride == 4
    assert [state.epoch for state in run.snapshots.states] == list(range(0, 449, 4))
    assert len(run.snapshots) <= MOST_SNAPSHOTS


def test_snapshots_are_exact_copies_in_double_precision():
    run = new_run()
    go(run, 5)
    assert {state.parameters.theta.dtype for state in run.snapshots.states} == {np.dtype(float)}


def test_large_networks_keep_fewer_snapshots():
    first = begin(new_run().state.parameters.architecture._replace(hidden=256), CONFIG)
    assert 2 <= Snapshots(first).most < MOST_SNAPSHOTS


def test_the_past_of_a_thousand_epochs_takes_at_most_12_megabytes():
    run = new_run(config=RunConfig())
    for epoch in range(1, 1001):
        run.snapshots.add(replace(run.state, epoch=epoch, parameters=run.state.parameters.copy()))
    assert len(run.snapshots) > 100
    assert run.snapshots.nbytes + run.history.nbytes <= 12e6
    most = MOST_SNAPSHOTS * run.state.parameters.theta.nbytes
    assert most + 8 * 8 * 1024 <= 12e6


# Weights edited by hand

EDITS = silence(1, 2), scale(0.9), noise(0.1, 3)
EDITED = pytest.mark.parametrize(
    "place", [Place(0), Place(0, 5), Place(4), Place(4, 20), Place(6)], ids=str
)


@EDITED
def test_after_a_branch_with_edits_every_epoch_is_reached_again(few_snapshots, place):
    run = new_run()
    go(run, 6)
    before = run.at(place)
    run.branch(place, EDITS)
    assert run.place == place
    assert weights(run.state) == operate(before.parameters, EDITS).theta.tobytes()
    seen = {place: weights(run.state)}
    while run.place < (8, 0):
        assert run.train(1)
        seen[run.place] = weights(run.state)
    for there in [place, *list(seen)[::41], *list(seen)[::-57]]:
        assert weights(run.at(there)) == seen[there]
    assert len(run.history) == 9


@EDITED
def test_a_run_that_comes_by_edits_its_weights_there(place):
    run = new_run()
    go(run, 6)
    run.branch(place, EDITS)
    other = Run(sentiment(), run.schedule)
    while other.place < place:
        other.train(7)
    while other.place < (8, 0):
        other.train(7)
        if run.place < other.place:
            run.train(58)
    go_on = [weights(r.at(Place(8))) for r in (run, other)]
    assert go_on[0] == go_on[1]
    assert weights(run.at(place)) == weights(other.at(place))
    for row in ("train_loss", "test_metric"):
        assert run.history.column(row)[:8].tolist() == other.history.column(row)[:8].tolist()


def test_scores_at_the_beginning_of_an_epoch_are_those_of_the_edited_weights():
    run = new_run()
    go(run, 3)
    loss = run.history.row(2)["train_loss"]
    silenced = [silence(1, unit) for unit in range(4)]
    run.branch(Place(2), silenced)
    assert len(run.history) == 3
    assert run.history.row(2)["train_loss"] != loss
    assert run.history.row(2)["train_loss"] == run.examine(run.state.parameters)[0].loss


def test_a_second_branch_at_the_place_of_an_edit_begins_with_the_edited_weights():
    run = new_run()
    go(run, 3)
    run.branch(Place(2), EDITS[:1])
    once = run.state.parameters
    go(run, 1)
    run.branch(Place(2), EDITS[1:])
    assert weights(run.state) == operate(once, EDITS[1:]).theta.tobytes()
    assert run.schedule.edits(Place(2)) == EDITS
    assert run.schedule.changes == tuple(Change(Place(2), EDIT, edit) for edit in EDITS)


def test_edits_that_break_a_network_at_its_start_are_left_out():
    run = new_run(Change(Place(0), EDIT, set_weight("W_hy", 0, 0, 1e300)), *CHANGES)
    assert run.schedule.changes == CHANGES
    assert weights(run.at(Place(0))) == weights(new_run().state)
    assert len(run.history) == 1


@pytest.mark.parametrize("changes", [(), (Change(Place(0), EDIT, scale(2.0)),)])
def test_a_network_whose_loss_is_not_finite_to_begin_with_can_be_looked_at(changes):
    run = new_run(*changes, config=RunConfig(activation="relu", init_scale=0.5))
    assert run.history.row(0)["train_loss"] == np.inf
    assert run.schedule.changes == ()
    first = weights(run.state)
    assert run.train(58)
    assert run.place == Place(1)
    assert len(run.history) == 2
    assert weights(run.at(Place(0))) == first


def test_scores_are_examined_without_a_trace_of_it():
    run = new_run()
    go(run, 2)
    before = weights(run.state)
    train, test = run.examine(operate(run.state.parameters, [scale(0.0)]))
    assert train.loss != run.history.row(2)["train_loss"]
    assert 0 <= test.metric <= 1
    assert weights(run.state) == before
    assert run.examine(run.state.parameters)[0].loss == run.history.row(2)["train_loss"]
