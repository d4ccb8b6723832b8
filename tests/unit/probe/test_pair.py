"""Two sessions with one transport: each run is exact, and a link carries both."""

from dataclasses import replace
from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.cancellation import cancellable
from rnnviz.charts.compare_menu import pair_texts
from rnnviz.config import SETTINGS, RunConfig
from rnnviz.probe.comparison import RetentionLab
from rnnviz.probe.pair import MOST_EPOCHS, READY, SLOW, USUAL, Pair, View, called, compare
from rnnviz.probe.questions import StepView
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data_source import UploadStore
from rnnviz.tasks.upload import File, Upload
from tests.sampling import each_row

SMALL = RunConfig(hidden=3, epochs=40)


def theta(session):
    return session.run.state.parameters.theta


def alone(config, epochs):
    """The weights of a run of these settings without another beside it."""
    session = Session(config)
    session.player.advance(epochs)
    return theta(session)


def compared(config=SMALL, at=0, **differing):
    pair = Pair(Session(config))
    pair.first.player.advance(at)
    pair.compare(differing)
    play(pair, at)
    return pair


def play(pair, epoch):
    """Play until both are at ``epoch``, or stand."""
    for _ in range(10_000):
        if not pair.at_work:
            break
        pair.tick(0.01)
    pair.play()
    while pair.running and any(p.running and p.position.epoch < epoch for p in pair.players):
        pair.tick(0.001)
    pair.pause()


def reopened(query):
    pair = Pair(Session())
    pair.follow(dict(parse_qsl(query, keep_blank_values=True)), patience=float("inf"))
    return pair


@pytest.mark.parametrize(
    "differing", [{"cell": "lstm"}, {"gradient": "notebook"}, {"lr": 0.1, "hidden": 5}, {"seed": 3}]
)
def test_each_run_is_the_one_that_it_would_be_alone(differing):
    pair = compared(**differing)
    play(pair, 12)
    own = replace(SMALL, **differing)
    assert [p.position for p in pair.players] == [Position(12)] * 2
    assert (theta(pair.first) == alone(SMALL, 12)).all()
    assert (theta(pair.second) == alone(own, 12)).all()


def test_the_second_trains_up_to_the_first_with_its_changes_but_what_differs():
    pair = Pair(Session(SMALL))
    pair.first.player.advance(4)
    pair.configure(replace(SMALL, lr=0.3, clip=0.5))
    pair.first.player.advance(3)
    pair.compare({"lr": 0.1})
    assert pair.at_work and pair.first.player.position == Position(7)
    play(pair, 7)
    other = Session(replace(SMALL, lr=0.1))
    other.player.advance(4)
    other.configure(replace(SMALL, lr=0.1, clip=0.5))
    other.player.advance(3)
    assert pair.second.player.position == Position(7) and not pair.running
    assert (theta(pair.second) == theta(other)).all()


def what_is_there(pair):
    sessions = pair.sessions
    settings = [(s.config, s.data.upload, s.phrase_input.typed, s.player.message) for s in sessions]
    return [s.run for s in sessions], settings


@pytest.mark.parametrize("passes", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "replace_runs",
    [
        lambda pair: pair.load(Upload(File("sky.csv", b"text,label\nso warm,a\nso wet,b\n" * 9))),
        lambda pair: pair.configure(replace(pair.first.config, seed=5)),
    ],
)
@pytest.mark.parametrize("differing", [None, {"cell": "lstm"}])
def test_two_runs_are_replaced_both_or_not_at_all(differing, replace_runs, passes):
    pair = compared(at=2, **differing) if differing else Pair(Session(SMALL))
    pair.ask("not good")
    before, left = what_is_there(pair), iter(range(passes))

    def cancel():
        if next(left, None) is None:
            raise KeyboardInterrupt

    try:
        with cancellable(cancel):
            replace_runs(pair)
    except KeyboardInterrupt:
        assert what_is_there(pair) == before
    else:
        assert passes >= len(pair.sessions)
        assert not any(run in before[0] for run in what_is_there(pair)[0])


def test_the_slower_sets_the_pace_and_one_that_is_behind_goes_on_alone():
    pair = compared(cell="lstm")
    pair.play()
    for _ in range(40):
        pair.tick(0.0005, 3)
        one, two = (player.position.epoch for player in pair.players)
        assert abs(one - two) <= 3
    pair.pause()
    pair.second.player.reset()
    ahead = pair.first.player.position
    pair.play()
    pair.tick(0.001)
    assert pair.first.player.position == ahead
    play(pair, ahead.epoch)
    assert abs(pair.second.player.position.epoch - pair.first.player.position.epoch) <= 1


def test_a_run_with_fewer_epochs_stands_at_its_end_and_the_other_goes_on():
    pair = compared(replace(SMALL, epochs=6), epochs=3)
    play(pair, 6)
    assert [p.position.epoch for p in pair.players] == [6, 3]
    assert pair.over and pair.epoch == 6
    pair.go_to(Position(5))
    assert [p.position.epoch for p in pair.players] == [5, 3]
    pair.go_to(Position(2))
    assert [p.position.epoch for p in pair.players] == [2, 2] and pair.looking_back


def test_a_run_that_breaks_stands_and_the_other_goes_on():
    pair = compared(replace(SMALL, clip_by="off"), lr=100.0)
    play(pair, 20)
    one, two = pair.players
    assert one.position.epoch == 20 and two.remedy
    before = two.position
    pair.step_epoch()
    assert one.position.epoch == 21 and two.position == before


def test_a_step_takes_both_on_or_the_one_that_is_behind():
    pair = compared(seed=2)
    pair.step_epoch()
    pair.step_phrase()
    assert {p.position for p in pair.players} == {Position(1, 1)}
    other = compared(batch=4)
    other.step_phrase()
    assert {p.position for p in other.players} == {Position(0)}
    assert "other sizes" in other.first.player.message


def test_common_settings_go_to_both_and_split_ones_to_one():
    pair = compared(cell="lstm")
    pair.configure(replace(pair.first.config, lr=0.5))
    assert [s.config.lr for s in pair.sessions] == [0.5, 0.5]
    pair.differ("lr", 0.25)
    assert [s.config.lr for s in pair.sessions] == [0.5, 0.25]
    pair.configure(replace(pair.first.config, lr=0.75, hidden=4))
    assert [(s.config.lr, s.config.hidden) for s in pair.sessions] == [(0.75, 4), (0.25, 4)]
    pair.join("lr")
    assert pair.second.config == replace(pair.first.config, cell="lstm")
    pair.differ("task", "recall")
    assert pair.second.config.task == "sentiment"


def test_both_read_one_phrase():
    pair = compared(cell="gru")
    pair.ask("i am happy")
    assert {s.inspect().words for s in pair.sessions} == {("i", "am", "happy")}
    pair.configure(RunConfig(task="recall", lag=3, hidden=3))
    first, second = pair.sessions
    assert first.dataset is second.dataset
    assert first.phrase_input.phrase == second.phrase_input.phrase


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"cell": "lstm"}, ("elman", "lstm")),
        ({"lr": 0.1}, ("rate 0.02", "rate 0.1")),
        ({"clip_by": "off"}, ("clip value", "no clipping")),
        ({"epochs": 30}, ("1000 epochs", "30 epochs")),
        ({"hidden": 8, "seed": 1}, ("64 units", "8 units")),
        ({"init": "xavier"}, ("normal", "xavier")),
        ({"truncate": 5}, ("no cut", "cut after 5")),
        ({"cell": "own", "equations": "h = W @ x"}, ("elman", "own")),
    ],
)
def test_a_network_is_called_by_what_differs(changes, names):
    assert called(RunConfig(), RunConfig(**changes)) == names


def test_every_setting_that_can_differ_has_two_names():
    for row in SETTINGS.values():
        choices = [value for value in row.choices if value != row.default]
        value = choices[0] if choices else row.default + 1 if row.kind is not str else "a=0.5"
        if row.kind is float:
            value = row.default / 2
        given_cell = (
            {"cell": row.only[1][0]}
            if row.only and row.only[0] == "cell" and not callable(row.only[1])
            else {}
        )
        one, two = RunConfig(**given_cell), RunConfig(**{**given_cell, row.name: value})
        names = called(one, two)
        assert all(names) and (one == two or names[0] != names[1]), row.name


# The run that was replaced


def replaced(pair, config):
    with pair.keeping_replaced_run():
        pair.configure(config)


def test_a_run_that_a_setting_replaces_can_be_brought_back_beside_it():
    pair = Pair(Session(SMALL))
    pair.first.player.advance(9)
    old = theta(pair.first).copy()
    replaced(pair, replace(SMALL, cell="gru"))
    assert pair.offered.config == SMALL
    pair.bring_back()
    assert pair.names == ("elman", "gru") and pair.split == {"cell"}
    assert (theta(pair.first) == old).all()
    play(pair, 9)
    assert (theta(pair.second) == alone(replace(SMALL, cell="gru"), 9)).all()
    pair.first.player.go_to(Position(4))
    assert (pair.first.state.parameters.theta == alone(SMALL, 4)).all()


def test_its_curves_can_be_shown_as_a_ghost_that_no_link_carries():
    pair = Pair(Session(SMALL))
    pair.first.player.advance(9)
    losses = pair.first.run.history.column("train_loss").copy()
    replaced(pair, replace(SMALL, seed=1))
    pair.show_ghost()
    ghost = pair.first.player.course.ghost
    assert (ghost.history.column("train_loss") == losses).all()
    assert "ghost" not in pair.query()
    pair.hide_ghost()
    assert pair.first.player.course.ghost is None


@pytest.mark.parametrize(
    "config", [RunConfig(task="recall", hidden=3), replace(SMALL, lr=0.5), SMALL]
)
def test_nothing_is_offered_of_another_task_or_if_nothing_was_lost(config):
    pair = Pair(Session(SMALL))
    pair.first.player.advance(5)
    replaced(pair, config)
    assert pair.offered is None
    pair.bring_back()
    assert pair.second is None


def test_a_network_that_is_left_can_be_brought_back():
    pair = compared(at=3, cell="lstm")
    weights = theta(pair.second).copy()
    pair.go_on(View.FIRST)
    assert pair.second is None and pair.session.config == SMALL
    pair.bring_back()
    assert pair.names == ("lstm", "elman")
    assert (theta(pair.first) == weights).all()
    pair.swap()
    assert pair.names == ("elman", "lstm")


@pytest.mark.parametrize("ready", READY, ids=lambda ready: ready.label)
def test_a_ready_pair_opens_with_its_phrase(ready):
    pair = Pair(Session(SMALL))
    assert pair.open_ready(ready.label)
    assert pair.second and pair.first.player.position == Position(0)
    assert pair.token == ready.token
    if ready.phrase:
        assert pair.second.phrase_input.phrase == ready.phrase
    different = {row.name for row in pair.first.config.changes(pair.second.config)}
    assert different <= set(ready.differing)
    assert not Pair(Session(SMALL)).open_ready("no such pair")


def test_the_run_that_a_ready_pair_replaced_comes_back_as_it_was():
    pair = compared(at=2)
    pair.go_on(View.FIRST)
    pair.first.player.advance(3)
    run, phrase = pair.first.run, pair.first.phrase_input.phrase
    assert pair.open_ready(READY[0].label)
    pair.play()
    pair.tick(0.01)
    pair.take_back()
    assert pair.second is None
    assert pair.first.run is run
    assert (pair.first.player.position, pair.first.config) == (Position(5), SMALL)
    assert pair.first.phrase_input.phrase == phrase
    pair.take_back()
    assert pair.first.run is run


def test_both_networks_that_a_ready_pair_replaced_come_back():
    pair = compared(at=2, cell="lstm")
    runs = [session.run for session in pair.sessions]
    assert pair.open_ready(READY[1].label)
    pair.take_back()
    assert [session.run for session in pair.sessions] == runs
    assert pair.split == {"cell"}
    assert len({session.phrase_input.phrase for session in pair.sessions}) == 1


@pytest.mark.parametrize("common", [True, False])
def test_runs_of_two_networks_that_a_setting_replaced_come_back(common):
    pair = compared(at=3, cell="lstm")
    runs, weights = [session.run for session in pair.sessions], theta(pair.second).copy()
    with pair.keeping_replaced_run():
        if common:
            pair.configure(replace(SMALL, hidden=5))
        else:
            pair.differ("cell", "gru")
    play(pair, 2)
    pair.take_back()
    assert [session.run for session in pair.sessions] == runs
    assert [session.config.hidden for session in pair.sessions] == [3, 3]
    assert pair.split == {"cell"} and pair.names == ("elman", "lstm")
    assert (theta(pair.second) == weights).all()
    assert not pair.before


BRANCHED = {
    "hidden": "3", "epochs": "40", "epoch": "6", "ghost": "3:5", "pin": "2", "unit": "1",
}  # fmt: skip


def test_a_run_comes_back_with_its_ghost_its_pin_and_the_epoch_shown():
    pair = Pair(Session())
    pair.follow({**BRANCHED, "now": "8"}, 9)
    query = pair.query()
    pair.open_ready(READY[0].label)
    pair.take_back()
    assert pair.query() == query
    pair.compare({"cell": "lstm"})
    pair.go_on(View.SECOND)
    pair.bring_back()
    player = pair.first.player
    assert (player.ghost.position, player.pinned) == (Position(3), Position(2))


def test_the_link_has_the_view_of_the_network_that_is_shown():
    pair = compared(cell="lstm")
    pair.view = View.SECOND
    pair.second.step_view = StepView.INSIDE
    assert "view=cell" in pair.query()
    again = Pair(Session())
    again.follow(dict(parse_qsl(pair.query())), 9)
    assert again.query() == pair.query()


def test_a_pinned_epoch_is_that_of_the_first():
    pair = Pair(Session())
    pair.follow(BRANCHED, 9)
    pair.compare({"cell": "lstm"})
    while pair.at_work:
        pair.tick(1)
    again = Pair(Session())
    again.follow(dict(parse_qsl(pair.query())), 9)
    assert [player.pinned for player in again.players] == [Position(2), None]
    assert again.query() == pair.query()


@pytest.mark.parametrize(
    ("first", "change"),
    [
        ({"vs": "seed:3"}, lambda pair: pair.configure(replace(pair.first.config, seed=5))),
        ({"vs": "lag:5"}, lambda pair: pair.configure(replace(pair.first.config, seed=5))),
        ({"vs": "cell:lstm"}, lambda pair: pair.differ("data_seed", 5)),
        ({"vs": "cell:lstm"}, lambda pair: pair.differ("lag", 3)),
    ],
)
def test_both_read_one_phrase_whatever_their_data(first, change):
    pair = Pair(Session())
    pair.follow({"task": "recall", "hidden": "3", **first}, 9)
    change(pair)
    assert pair.second.selection is pair.first.selection
    assert len({session.phrase_input.phrase for session in pair.sessions}) == 1


def test_settings_that_have_not_been_trained_come_back_too():
    pair = Pair(Session(replace(SMALL, hidden=7)))
    assert pair.open_ready(READY[0].label)
    pair.take_back()
    assert pair.first.config == replace(SMALL, hidden=7)


@pytest.mark.parametrize("view", list(View))
def test_what_is_done_to_the_network_shown_is_done_to_both(view):
    pair = compared(at=4, cell="lstm")
    pair.view = view
    with pair.sharing():
        pair.session.player.go_to(Position(2))
        pair.session.ask("i am not sad")
        pair.session.selection.unit = 3
    positions = [session.player.position for session in pair.sessions]
    phrases = [session.phrase_input.phrase for session in pair.sessions]
    assert (positions, phrases) == ([Position(2)] * 2, ["i am not sad"] * 2)
    assert [session.selection.unit for session in pair.sessions] == [3, 3]
    pair.back_to_now()
    with pair.sharing():
        pair.session.player.step_phrase()
    assert [session.player.position for session in pair.sessions] == [Position(4, 1)] * 2


def test_runs_that_have_ended_train_on_together():
    pair = compared(at=3, cell="lstm")
    pair.differ("epochs", 5)
    play(pair, 40)
    assert pair.over and pair.first.player.message.startswith("Finished. Drag")
    pair.go_to(Position(7))
    pair.train_on()
    assert pair.running and not pair.looking_back
    assert [session.config.epochs for session in pair.sessions] == [140, 140]
    play(pair, 41)
    assert (theta(pair.first) == alone(replace(SMALL, epochs=140), 41)).all()


def test_runs_beyond_their_epochs_train_on_up_to_the_same_one():
    pair = compared(at=3, cell="lstm")
    pair.configure(replace(pair.first.config, epochs=0))
    pair.differ("epochs", 1)
    assert [session.player.run.position.epoch for session in pair.sessions] == [3, 3]
    pair.train_on()
    assert [session.config.epochs for session in pair.sessions] == [103, 103]


def test_a_run_is_shown_until_it_has_learned_and_again_slowly():
    pair = Pair(Session())
    pair.welcome()
    pair.show_learning()
    while pair.running:
        pair.tick(0.02, 7)
    player = pair.first.player
    assert (player.position, pair.first.story.chapter) == (Position(397), "Learned")
    assert (player.message, player.speed) == ("It learned this in 397 epochs.", USUAL)
    pair.show_again()
    assert player.position == Position(0) and player.speed == SLOW
    while pair.running:
        pair.tick(0.02, 7)
    assert (player.shown, player.position, player.speed) == (None, Position(397), USUAL)


def test_what_the_reader_does_ends_the_show():
    pair = Pair(Session(SMALL))
    pair.welcome()
    pair.show_learning()
    pair.end_show()
    assert pair.first.player.speed == USUAL
    play(pair, 40)
    assert pair.first.player.message.startswith("Finished")


def test_no_run_trains_beyond_the_most_epochs():
    pair = Pair(Session(replace(SMALL, epochs=MOST_EPOCHS - 30)))
    pair.train_on()
    assert pair.first.config.epochs == MOST_EPOCHS


# Links


def test_a_link_of_one_run_is_what_it_was():
    pair = compared(at=2, cell="lstm")
    pair.go_on(View.FIRST)
    assert pair.query() == pair.first.link().query()
    assert "vs" not in pair.query()


def test_a_link_carries_both_runs_to_the_same_bytes():
    pair = compared(at=3, cell="lstm", seed=2)
    pair.configure(replace(pair.first.config, lr=0.5))
    pair.differ("clip", 0.25)
    play(pair, 6)
    pair.go_to(Position(5))
    pair.token, pair.view = 2, View.SECOND
    pair.ask("i am not happy")
    other = reopened(pair.query())
    assert "the same to the last bit" in other.first.player.message
    assert other.split == {"cell", "seed"} | ({"clip"} & other.split)
    assert [s.config for s in other.sessions] == [s.config for s in pair.sessions]
    assert (other.token, other.view) == (2, View.SECOND)
    for one, two in zip(pair.sessions, other.sessions, strict=True):
        assert (theta(one) == theta(two)).all()
        assert (one.state.parameters.theta == two.state.parameters.theta).all()
        assert one.phrase_input.phrase == two.phrase_input.phrase
    assert other.query() == pair.query()


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "cell": st.sampled_from(["gru", "lstm"]), "lr": st.sampled_from([0.1, 0.5]),
            "hidden": st.integers(1, 4), "seed": st.integers(0, 5), "epochs": st.integers(0, 3),
            "init": st.sampled_from(["xavier", "identity"]),
        },
    ),
    st.integers(0, 2),
)  # fmt: skip
def test_any_pair_of_settings_comes_back(differing, at):
    pair = compared(replace(SMALL, epochs=5), at=at, **differing)
    other = reopened(pair.query())
    for one, two in zip(pair.sessions, other.sessions, strict=True):
        assert one.config == two.config
        assert one.run.position == two.run.position
        assert np.array_equal(theta(one), theta(two))


@pytest.mark.parametrize(
    ("vs", "said"),
    [
        ("nonsense", "'nonsense' is not a setting that can differ"),
        ("task:recall", "'task:recall' is not a setting that can differ"),
        ("lr:fast", "Learning rate (lr) can't be 'fast'"),
    ],
)
def test_what_can_t_be_read_of_the_second_run_is_said_once(vs, said):
    pair = reopened(f"hidden=3&epochs=4&epoch=1&vs={vs}")
    assert pair.first.player.message.count(said) == 1
    assert pair.second.config == pair.first.config


def test_a_setting_that_differs_since_a_change_is_split_when_its_link_is_opened():
    pair = compared(at=2)
    pair.differ("lr", 0.5)
    play(pair, 4)
    other = reopened(pair.query())
    other.configure(other.first.config)  # As the page does at once.
    assert other.split == {"lr"}
    assert [s.config.lr for s in other.sessions] == [s.config.lr for s in pair.sessions]
    assert (theta(other.second) == theta(pair.second)).all()


def test_a_link_with_a_refused_part_is_not_judged_by_its_checksum():
    pair = compared(at=2, lr=0.1)
    other = reopened(pair.query().replace("vs=lr%3A0.1", "vs=lr%3Afast"))
    assert "can't be 'fast'" in other.first.player.message
    assert "checksum" not in other.second.player.message
    assert "differ" not in other.second.player.message


def test_both_learn_from_own_data_whichever_is_shown():
    pair = compared(at=1, lr=0.1)
    pair.view = View.SECOND
    upload = Upload(File("own.csv", ("text,label\n" + "so warm,1\nso cold,0\n" * 8).encode()))
    pair.load(upload)
    assert pair.first.dataset.name == pair.second.dataset.name == "own.csv"
    assert pair.first.dataset.classes == pair.second.dataset.classes
    pair.load(None)
    assert [s.data.own for s in pair.sessions] == [False, False]
    assert pair.first.dataset is pair.second.dataset


def test_two_networks_never_know_other_words_of_own_texts():
    """Each seed splits them anew, and words of the test alone are unknown."""
    rows = "".join(
        f"{f'w{k} ' * (k % 4 > 0)}{('the', 'a', 'my')[k % 3]} {('dog', 'cat')[k % 2]},{k % 2}\n"
        for k in range(40)
    )
    store, upload = UploadStore(), Upload(File("own.csv", f"text,label\n{rows}".encode()))
    pair = Pair(Session(RunConfig(hidden=2), upload_store=store))
    pair.load(upload)
    pair.compare({"seed": 1})
    assert pair.second is None and "splits your texts differently" in pair.session.player.message
    pair.configure(replace(pair.first.config, data_seed=0))
    pair.compare({"seed": 1})
    assert pair.second.config.seed == 1
    pair.differ("data_seed", 3)
    assert "splits your texts differently" in pair.session.player.message
    assert pair.second.config.data_seed == 0
    link = dict(parse_qsl(pair.query(), keep_blank_values=True))
    pair.configure(replace(pair.first.config, data_seed=3))
    assert [s.config.data_seed for s in pair.sessions] == [3, 3]
    pair.configure(replace(pair.first.config, data_seed=-1))
    assert [s.config.seed for s in pair.sessions] == [0, 0]
    for one in (pair.first, pair.second):
        assert one.dataset.vocabulary == pair.first.dataset.vocabulary
    opened = Pair(Session(upload_store=store))
    opened.follow(link)
    assert opened.second.dataset.vocabulary == opened.first.dataset.vocabulary
    opened.follow({name: text for name, text in link.items() if name != "data_seed"})
    assert (
        opened.second is None and "splits your texts differently" in opened.session.player.message
    )


def test_a_second_network_is_drawn_in_the_same_layer_and_part():
    session = Session(replace(SMALL, cell="gru", layers=2))
    session.layer, session.part = 0, "z"
    pair = Pair(session)
    pair.compare({"lr": 0.1})
    assert (pair.second.layer, pair.second.part) == (0, "z")
    pair.compare({"layers": 3})
    assert (pair.second.layer, pair.second.part) == (2, "z")


def test_networks_of_other_data_are_no_pair():
    one, two = Session(RunConfig()), Session(RunConfig())
    two.load(Upload(File("own.csv", ("text,label\n" + "so warm,1\nso cold,0\n" * 8).encode())))
    three = Session(RunConfig())
    three.load(Upload(File("new.csv", ("text,label\n" + "not here,x\nnot so,y\n" * 8).encode())))
    for other in (two, three):
        with pytest.raises(TaskError, match="the same words"):
            compare(one, other)
    with pytest.raises(TaskError, match="the same words"):
        compare(two, three)


def test_what_is_no_pair_of_networks_has_a_sentence():
    session = Session(RunConfig(hidden=2))
    for one, other in ((session, session), ("elman", "lstm"), (RunConfig(), {"cell": "lstm"})):
        with pytest.raises(TaskError, match="Give two networks"):
            compare(one, other)


def test_networks_that_learn_other_targets_of_the_same_words_are_no_pair():
    def own(good):
        rows = "".join(f"{word},{int((word == 'good') == good)}\n" for word in ("good", "bad") * 8)
        session = Session(RunConfig(hidden=2))
        session.load(Upload(File("own.csv", f"text,label\n{rows}".encode())))
        return session

    with pytest.raises(TaskError, match="the same data"):
        compare(own(True), own(False))
    assert compare(own(True), own(True)).second
    data = own(True).dataset
    again = replace(data, train=data.train[::-1])
    with pytest.raises(TaskError, match="the same data"):
        compare(Session(RunConfig(), data), Session(RunConfig(), again))
    assert compare(Session(RunConfig(), data), Session(RunConfig(lr=0.1), data)).second


def test_who_goes_on_with_the_second_reads_what_it_shows():
    """A window of the first need not begin one of the second."""
    session = Session(RunConfig(hidden=2))
    session.load(Upload(File("weeks.csv", WEEKS.encode()), window=9))
    pair = Pair(session)
    pair.compare({"window": 20})
    pair.ask("80")
    second = pair.second
    assert not pair.first.phrase_input.problem and second.phrase_input.problem
    pair.go_on(View.SECOND)
    assert pair.first is second and not second.phrase_input.problem
    assert second.phrase_input.typed == second.phrase_input.phrase


WEEKS = "week,sales\n" + "".join(f"{week},{week % 7}\n" for week in range(90))


@each_row(
    ("link", "own", "second"),
    [
        ({"vs": "window:7"}, False, True),  # The usual window is too long for the first.
        ({"window": "9", "vs": "window:70"}, True, False),
        ({"window": "9", "vs": "horizon:50"}, True, False),
        ({"window": "9", "vs": "window:7"}, True, True),
    ],
)
def test_two_networks_of_a_link_have_the_same_data_or_the_second_is_refused(link, own, second):
    session = Session(RunConfig(hidden=2))
    session.load(Upload(File("weeks.csv", WEEKS.encode()), window=9))
    pair = Pair(session)
    link = {"hidden": "2", "data": session.data.name(), **link}
    pair.follow(link, 9)
    assert pair.first.data.own == own and bool(pair.second) == second
    if second:
        assert pair.second.dataset.vocabulary == pair.first.dataset.vocabulary
    else:
        assert "weeks.csv" in pair.first.player.message


@each_row("turned", [False, True])
def test_settings_beside_a_session_read_its_own_data(turned):
    own, given = Session(RunConfig(hidden=2)), RunConfig(hidden=3)
    own.load(Upload(File("own.csv", ("text,label\n" + "so warm,1\nso cold,0\n" * 8).encode())))
    pair = compare(given, own) if turned else compare(own, given)
    assert pair.second.dataset is pair.first.dataset is own.dataset
    assert {session.config.hidden for session in pair.sessions} == {2, 3}


def test_a_token_before_the_first_is_the_first_and_one_after_the_last_the_last():
    pair = compared(lr=0.1)
    pair.token = -5
    assert pair.token == 0
    pair.token = 2**53 - 1
    assert "token_followed=4" in pair.query()


@each_row(
    ("mark", "wanted"),
    [
        ("show=C", "write A or both or B"),
        ("role=none", "write train or test"),
        ("token_followed=x", "write a whole number from 1"),
    ],
)
def test_an_invalid_choice_of_two_networks_in_a_link_is_said_and_left_out(mark, wanted):
    name, _, text = mark.partition("=")
    pair = Pair(Session(SMALL))
    pair.follow({"hidden": "2", "vs": "lr:0.1", name: text})
    assert f"In the link: {name}, '{text}': {wanted}" in pair.first.player.message
    assert name not in pair.query()


def test_one_token_is_drawn_and_another_is_followed_without_losing_what_is_measured():
    session = Session(SMALL)
    session.player.advance(3)
    lab, probe = session.lab(RetentionLab), session.inspect()
    for _ in lab.develop(session, probe, 0):
        lab.now(session, probe, 2)
    assert len(lab.past(session, probe, 0).epochs) == 4
    assert lab.now(session, probe, 2).token == 2


@each_row("which", [0, 1])
def test_a_network_that_a_setting_restarts_alone_is_trained_up_to_the_other(which):
    pair = compared(at=3, cell="lstm", lr=0.1)
    pair.go_to(Position(2))
    if which:
        pair.differ("cell", "leaky")
    else:
        pair.configure(replace(pair.first.config, cell="gru"))
    if which:  # Again, while it is still behind.
        pair.differ("cell", "gru")
    while pair.at_work:
        pair.tick(1)
    assert [str(session.run.position) for session in pair.sessions] == ["3", "3"]
    assert [session.player.position.epoch for session in pair.sessions] == [2, 2]
    assert pair.sessions[which].config.cell == "gru" and not pair.running


def test_both_begin_again_if_a_setting_restarts_both():
    pair = compared(at=3, lr=0.1)
    pair.configure(replace(pair.first.config, hidden=5))
    assert [session.run.position.epoch for session in pair.sessions] == [0, 0]
    assert not pair.at_work


def test_a_run_that_knew_other_words_is_not_put_beside_this_one():
    rows = "".join(f"word{k} here,{k % 2}\n" for k in range(40))
    pair = Pair(Session(RunConfig(hidden=2)))
    pair.load(Upload(File("own.csv", f"text,label\n{rows}".encode())))
    pair.first.player.advance(1)
    with pair.keeping_replaced_run():
        pair.configure(replace(pair.first.config, seed=1))
    assert pair.offered
    pair.bring_back()
    assert pair.second is None and "splits your texts differently" in pair.session.player.message


@each_row(
    ("query", "act"),
    [
        (
            {"cell": "leaky", "vs": "cell:cornn"},
            lambda p: p.configure(replace(p.first.config, constants="a=0.3")),
        ),
        (
            {"cell": "leaky", "constants": "a=0.5", "vs": "cell:cornn,constants:eps%3D0.0"},
            lambda p: p.join("cell"),
        ),
        (
            {"cell": "leaky", "constants": "a=0.5", "vs": "constants:a%3D0.3"},
            lambda p: p.configure(replace(p.first.config, cell="cornn", constants="")),
        ),
        (
            {"cell": "leaky", "constants": "a=0.5", "vs": "constants:a%3D0.3"},
            lambda p: p.differ("cell", "cornn"),
        ),
        ({"cell": "leaky", "constants": "a=0.5"}, lambda p: p.compare({"cell": "cornn"})),
    ],
)
def test_constants_of_another_cell_are_left_out(query, act):
    pair = Pair(Session(SMALL))
    pair.follow({"hidden": "3", **query})
    act(pair)
    assert len(pair.sessions) == 2
    for session in pair.sessions:
        assert session.state.parameters.architecture.cell.text.name == session.config.cell


def test_runs_that_come_back_train_with_the_settings_they_had():
    pair = Pair(Session(SMALL))
    pair.follow({"hidden": "3", "epoch": "2", "vs": "layers:2,lr:0.3"})
    with pair.keeping_replaced_run():
        pair.configure(replace(pair.first.config, layers=3))
    pair.differ("lr", 0.05)
    pair.take_back()
    assert pair.second.config.lr == pair.second.run.schedule.last.lr == 0.3


def test_a_link_opened_in_the_place_of_a_run_can_be_taken_back():
    pair = Pair(Session(SMALL))
    pair.first.player.advance(3)
    weights = theta(pair.first)
    pair.open_link({"hidden": "4", "epochs": "5", "epoch": "5"})
    assert pair.over and "Back to the run before" in pair_texts(pair)["message"]
    assert "100 more epochs" in pair_texts(pair)["message"]
    pair.take_back()
    pair.open_link({"hidden": "4", "epoch": "1"})
    assert pair.first.config.hidden == 4 and "Back to the run before" in pair_texts(pair)["message"]
    pair.take_back()
    assert (theta(pair.first) == weights).all()


def test_the_problems_of_a_second_network_are_counted_beyond_the_first():
    pair = Pair(Session(SMALL))
    pair.follow({"hidden": "3", "vs": "lr," * 500})
    assert len(pair.first.player.message) < 5_000
    assert "480 more problems" in pair.first.player.message


def test_to_who_was_here_before_the_run_is_shown_at_once():
    pair = Pair(Session())
    pair.show_learning()
    assert pair.running


def test_what_was_said_meanwhile_stays_and_no_show_begins():
    pair = Pair(Session())
    pair.welcome()
    pair.first.player.message = "Not opened."
    pair.show_learning()
    assert not pair.running and pair.first.player.message == "Not opened."
