"""One run and one probe phrase, without a browser."""

import json
import math
import time
from dataclasses import replace
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import RunConfig, SettingError, TaskName
from rnnviz.engine.evaluation import Score
from rnnviz.engine.plan import ERRORS
from rnnviz.files.output import history_json, records
from rnnviz.probe.epoch_series import flow
from rnnviz.probe.gradient_flow import Objective, norms_of
from rnnviz.probe.probe import MAX_TYPED, read
from rnnviz.probe.questions import (
    DynamicsQuestion,
    GradientQuestion,
    StateQuestion,
    TrainQuestion,
)
from rnnviz.probe.session import Session, from_frame
from rnnviz.probe.story import story
from rnnviz.probe.work import spend
from rnnviz.questions.feed.measure import FeedLab
from rnnviz.questions.reach.measure import ReachLab
from rnnviz.run.player import SPEEDS
from rnnviz.run.schedule import Position
from rnnviz.run.share_link import read_link
from rnnviz.tasks.data.csv_table import MAX_WORDS, TaskError
from rnnviz.tasks.data.rows import Row
from rnnviz.tasks.data.vocabulary import START, Unit, Vocabulary
from rnnviz.tasks.data_source import TASKS, UploadStore
from rnnviz.tasks.dataset import GAP, Dataset, Example
from rnnviz.tasks.sentiment import sentiment
from rnnviz.tasks.text_datasets import build_dataset
from rnnviz.tasks.upload import File, Upload
from tests.sampling import each_row

WEATHER = ("weather.csv", b"text,label\nso warm,sunny\nso cold,rainy\nvery cold,rainy\n")
ONE_CLASS = ("one.csv", b"text,label\nso warm,sunny\n")
NO_LABEL = ("none.csv", b"text,mood\nso warm,sunny\n")


def own(train, test=None):
    """An upload of these files, nothing of which is set aside."""
    return Upload(File(*train), test and File(*test), test_share=0)


def weights(session):
    return session.state.parameters.theta.tobytes()


def trained(config, epochs):
    session = Session(config)
    session.player.advance(epochs)
    return session


def loss_flow(session):
    return flow(session.gradient_query(session.inspect(), Objective.LOSS)).norms


# Going on


def test_a_run_goes_on_by_steps_and_by_epochs(session):
    player, before = session.player, weights(session)
    assert (player.position, player.condition, len(session.run.history)) == ((0, 0), "Paused", 1)
    assert session.run.history.row(0)["train_loss"] == pytest.approx(np.log(2), abs=0.05)
    player.play()
    assert (player.condition, weights(session)) == ("Running", before)
    player.step_phrase()
    assert (player.position, player.condition) == ((0, 1), "Paused")
    assert weights(session) != before
    player.play()
    player.step_epoch()
    assert (player.position, player.condition) == ((1, 0), "Paused")
    player.advance(3)
    assert (player.position, len(session.run.history)) == ((4, 0), 5)


def by_steps(session):
    session.player.step_phrase()


def by_short_ticks(session):
    session.player.tick(0.0, 2)


def with_looks_between(session):
    session.ask("happy")
    session.inspect("bad")
    flow(session.gradient_query(session.inspect(), Objective.MARGIN))
    session.player.advance(1)


@each_row("going_on", [by_steps, by_short_ticks, with_looks_between])
def test_the_same_settings_and_epoch_give_the_same_bytes(config, going_on):
    one, other = trained(config, 2), Session(config)
    while other.player.position < (2, 0):
        going_on(other)
    assert weights(one) == weights(other)
    assert records(one) == records(other)
    assert weights(one) != weights(trained(replace(config, seed=1), 2))


def test_with_dropout_a_run_is_the_same_by_steps_by_link_and_back_in_time():
    config = RunConfig(hidden=6, init_scale=0.3, dropout=0.3, recurrent_dropout=0.3, batch=4)
    one, other = trained(config, 12), Session(config)
    while other.player.position < (12, 0):
        by_steps(other)
    assert weights(one) == weights(other)
    before = trained(config, 5)
    one.player.go_to(Position(5))
    assert weights(one) == weights(before)
    opened = Session()
    opened.follow(read_link(dict(parse_qsl(before.link().query())))[0])
    assert weights(opened) == weights(before)
    assert weights(before) != weights(trained(replace(config, dropout=0.0), 5))


@each_row("speed", SPEEDS)
def test_a_tick_goes_on_by_epochs_or_in_slow_motion_by_steps(config, speed):
    """Without time it still takes a step, and stays short."""
    session = Session(config)
    session.player.speed = speed
    session.player.tick(0.0)
    assert (0, 0) < session.player.position < (1, 0)
    session.player.reset()
    session.player.tick(float("inf"), 3)
    assert session.player.position == ((3, 0) if speed else (0, 3))


def test_a_reset_begins_the_same_run_again(session):
    first = weights(session)
    session.player.advance(2)
    then = weights(session)
    session.player.play()
    session.player.reset()
    assert (weights(session), session.player.position) == (first, (0, 0))
    assert (session.player.condition, session.player.message) == ("Paused", "")
    assert len(session.run.history) == 1
    session.player.advance(2)
    assert weights(session) == then


# The end


@each_row("action", ["play", "step_epoch", "step_phrase", "tick"])
def test_a_run_stops_at_its_last_epoch_and_goes_on_with_more(config, action):
    session = Session(replace(config, epochs=3))
    session.player.play()
    session.player.advance(10)
    end = weights(session)
    getattr(session.player, action)(*[1.0] * (action == "tick"))
    assert (session.player.position, weights(session)) == ((3, 0), end)
    assert session.player.condition == "Finished"
    assert session.player.message.startswith("Finished. Drag")
    session.configure(replace(config, epochs=4))
    assert (session.player.condition, session.player.message) == ("Paused", "")
    session.player.advance(5)
    assert session.player.position == (4, 0)


def test_a_run_past_a_lowered_end_or_of_no_epochs_stops_at_once(config):
    for epochs, end in ((3, 2), (0, 0)):
        session = trained(config, epochs)
        session.player.play()
        session.configure(replace(config, epochs=end))
        session.player.tick(float("inf"))
        assert (session.player.condition, session.player.position) == ("Finished", (epochs, 0))


# Settings changed during training


@each_row("change", [{"lr": 0.5}, {"clip": 0.01}, {"clip_by": "norm"}])
def test_a_live_setting_keeps_the_weights_and_takes_effect_at_the_next_step(config, change):
    config = replace(config, clip=0.1)
    session, unchanged = trained(config, 2), trained(config, 2)
    session.player.play()
    session.configure(replace(config, **change))
    assert weights(session) == weights(unchanged)
    assert (session.player.position, session.player.condition) == ((2, 0), "Running")
    for each in (session, unchanged):
        each.player.step_phrase()
    assert weights(session) != weights(unchanged)


def test_a_change_is_marked_at_its_position_unless_it_decides_no_step_before(session, config):
    session.configure(replace(config, lr=0.4))
    assert session.run.schedule.changes == ()
    session.player.step_phrase()
    session.configure(replace(config, lr=0.5))
    session.player.step_epoch()
    session.configure(replace(config, lr=0.5, clip_by="norm", epochs=500))
    assert session.run.schedule.text() == "0/1:lr=0.5,1:clip_by=norm"
    session.player.message = "still here"
    session.configure(replace(session.config))
    assert (session.player.position, session.player.message) == ((1, 0), "still here")


@each_row(
    ("change", "label"),
    [
        ({"hidden": 5}, "Hidden units"),
        ({"init_scale": 0.2}, "Initial scale"),
        ({"seed": 9}, "Seed"),
        ({"gradient": "notebook"}, "Gradient"),
        ({"seed": 9, "hidden": 5, "gradient": "notebook"}, "Hidden units, Seed and Gradient"),
        ({"task": "parity", "hidden": 5}, "Task"),
    ],
)
def test_a_restarting_setting_starts_again_without_marks_and_says_why(config, change, label):
    session = trained(config, 2)
    session.configure(replace(config, lr=0.5))
    changed = replace(config, lr=0.5, **change)
    session.configure(changed)
    assert (session.player.position, len(session.run.history)) == ((0, 0), 1)
    assert session.player.message == f"Started again at epoch 0, because {label} changed."
    assert session.run.schedule.changes == ()
    assert weights(session) == weights(Session(changed))


# Too large steps


def test_too_large_steps_stop_the_run_at_its_last_finite_epoch_and_say_so():
    session = Session(RunConfig(lr=10))
    session.player.play()
    session.player.advance(1000)
    epoch = session.state.epoch
    assert (session.player.condition, epoch < 1000) == ("Paused", True)
    assert np.isfinite(session.state.parameters.theta).all()
    assert np.isfinite(session.run.history.column("train_loss")).all()
    assert len(session.run.history) == epoch + 1
    assert weights(session) == weights(trained(RunConfig(lr=10), epoch))
    assert "at learning rate 10 the loss is no longer a finite number" in session.player.message
    assert "Try a learning rate of 0.02" in session.player.message
    session.configure(RunConfig(lr=0.02))
    session.player.reset()
    session.player.step_epoch()
    assert (session.player.position, session.player.message) == ((1, 0), "")


def test_a_step_to_weights_that_are_no_numbers_is_taken_back(session):
    before, state = weights(session), session.state.copy()
    state.parameters["b_h"][:] = 5
    state.parameters.W_hy[:] = 1e308
    session.run._enter(state)
    session.player.step_phrase()
    assert (weights(session), session.player.position) == (before, (0, 0))
    assert "no longer a finite number" in session.player.message


@each_row(("lr", "clip_by"), [(10, "value"), (10, "off"), (100, "value"), (100, "off")])
def test_a_run_that_stopped_can_be_looked_at(lr, clip_by):
    session = trained(RunConfig(lr=lr, clip_by=clip_by, init_scale=0.1), 30)
    probe = session.inspect()
    assert 0.5 <= probe.probability <= 1
    assert np.isfinite(probe.margin).all()
    for objective in Objective:
        assert np.isfinite(flow(session.gradient_query(probe, objective)).norms).all()
    assert all(np.isfinite(norm) for norm in norms_of(probe.trace.gradient).values())


# Other data


def test_of_values_there_is_no_margin_and_of_classes_it_is_the_margin_again(session):
    session.objective = Objective.MARGIN
    for task, expected in (("waves", Objective.LOSS), ("translation", Objective.MARGIN)):
        session.configure(replace(session.config, task=task))
        assert session.gradient_query().objective is expected
        list(session.memory.develop(session.run, session.gradient_query()))


def looked_into(session):
    """All that is known of the epochs of a run of three, developed to the end."""
    session.player.advance(3)
    query = session.gradient_query(session.inspect(), Objective.LOSS)
    eigenvalues, shares = session.lab(ReachLab).eigenvalues, session.lab(FeedLab).shares
    for lab in (session.memory, eigenvalues, shares):
        while spend(9, lab.develop(session.run, query)):
            pass
    gauge, _ = session.memory.past(session.run, query, 0)
    rows = [row.tolist() for row in eigenvalues.series(session.run, query).rows]
    return gauge.radius.tolist(), rows, shares.series(session.run, query).column("W_hh").tolist()


@each_row("way", ["load", "follow"])
def test_nothing_of_the_past_is_left_when_the_data_change(way):
    config = RunConfig(hidden=4, init_scale=0.1, lr=0.5, epochs=9)
    rows = "text,label\nup up,a\nup down,{}\ndown up,{}\n"
    texts = [rows.format(*labels) for labels in ("ab", "ba")]
    uploads = [own(("rows.csv", text.encode())) for text in texts]
    store = UploadStore()
    fresh, session = (Session(config, upload_store=store) for _ in range(2))
    fresh.load(uploads[1])
    expected = looked_into(fresh)
    session.load(uploads[0])
    assert looked_into(session) != expected
    if way == "load":
        session.load(uploads[1])
    else:
        fresh.player.reset()
        session.follow(fresh.link(), patience=math.inf)
    assert looked_into(session) == expected


@each_row("task", [*TASKS])
def test_a_link_with_a_phrase_that_cannot_be_read_shows_the_default(task):
    for text in ("zzz", "", "1 2 three", "gone gone"):
        session = Session(RunConfig(hidden=4, epochs=9))
        link, _ = read_link({"task": task, "hidden": "4", "phrase": text, "data": "gone.csv-123"})
        session.follow(link, patience=math.inf)
        box = session.phrase_input
        if box.problem:
            assert box.typed == text
            assert box.phrase == session.first_phrase
            assert f"Still shown: {box.phrase}" in box.problem
        assert session.inspect().finite


def test_a_past_epoch_is_looked_at_with_the_settings_it_had():
    session = trained(RunConfig(hidden=6, init_scale=0.5, epochs=9), 2)

    def norms_by_epoch():
        query = session.gradient_query(session.inspect(), Objective.LOSS)
        return session.memory.past(session.run, query, 9)[1].norms

    then = norms_by_epoch()
    session.configure(replace(session.config, truncate=2))
    session.player.advance(2)
    for epoch, cut in ((3, True), (2, True), (1, False)):
        session.player.go_to(Position(epoch))
        traced = session.inspect().unrolled(0).norms
        assert (loss_flow(session)[:-2] == 0).all() == (traced[:-2] == 0).all() == cut
        assert session.settings.truncate == (2 if cut else 0)
    now = norms_by_epoch()
    np.testing.assert_allclose(now[:2], then[:2])
    assert (now[2:, :-2] == 0).all()


def test_uploaded_phrases_start_the_run_again_and_without_them_the_task_comes_back(session):
    first = weights(session)
    session.player.advance(1)
    session.load(own(WEATHER))
    assert (session.dataset.classes, session.run.examples) == (("rainy", "sunny"), 3)
    assert session.player.position == (0, 0)
    assert session.player.message == "Started again at epoch 0, with the data weather.csv."
    session.player.step_epoch()
    assert session.inspect().verdict in ("rainy", "sunny")
    assert np.isnan(session.run.history.column("test_loss")).all()
    assert np.isfinite(session.run.history.column("train_loss")).all()
    session.load(None)
    assert session.dataset is sentiment()
    assert weights(session) == first


def test_the_probe_stays_where_the_readers_data_know_all_its_words(session):
    """That of the task goes, even where they know one of its words."""
    assert "bad" in session.phrase_input.phrase
    session.load(own(("happy.csv", WEATHER[1] + b"so bad,rainy\n")))
    assert (session.phrase_input.phrase, session.phrase_input.problem) == ("so warm", "")
    session.ask("warm so cold")
    session.load(own(("more.csv", WEATHER[1])))
    assert session.dataset.name == "more.csv"
    assert session.phrase_input.phrase == "warm so cold"


def test_with_other_data_of_a_task_the_default_goes_and_what_was_typed_stays():
    session = Session(RunConfig(task="recall", hidden=2))
    before = session.first_phrase
    session.configure(replace(session.config, seed=1))
    assert session.phrase_input.phrase == session.first_phrase != before
    session.ask(before)
    session.configure(replace(session.config, seed=2))
    assert session.phrase_input.phrase == before != session.first_phrase


def test_a_bad_file_leaves_the_run_as_it_was(session):
    session.player.advance(1)
    session.player.play()
    before = weights(session)
    for files in ((ONE_CLASS,), (NO_LABEL,), (WEATHER, NO_LABEL)):
        session.load(own(*files))
        assert session.data.problem
        assert session.dataset is sentiment()
        assert (weights(session), len(session.run.history)) == (before, 2)
        assert session.player.condition == "Running"
    session.load(own(WEATHER))
    assert session.data.problem == ""


def test_a_first_phrase_full_of_loose_signs_can_still_be_the_probe(session):
    signs = ", " * (MAX_WORDS + 1)
    content = f'text,label\n"warm {signs}",1\ncold,0\n'.encode()
    session.load(own(("signs.csv", content)))
    assert session.data.problem == ""
    assert session.inspect().words == ("warm",)


def long_text(count):
    """German words in one text, each of them once."""
    return own(("lied.txt", " ".join(f"wort{k}" for k in range(count)).encode()))


def test_of_a_piece_that_is_too_long_to_be_typed_the_start_is_the_first_phrase(session):
    upload = replace(long_text(1_000), unit=Unit.WORDS, window=300)
    session.load(upload)
    assert session.data.problem == ""
    assert len(session.dataset.train[0].inputs) == 300
    read = session.inspect()
    assert read.words == tuple(f"wort{k}" for k in range(MAX_WORDS))
    assert (session.phrase_input.phrase, session.phrase_input.problem) == (session.first_phrase, "")
    assert Session(RunConfig(hidden=2), session.dataset).inspect().words == read.words


def test_a_link_to_long_pieces_begins_with_the_start_of_one():
    store = UploadStore()
    first, second = (Session(RunConfig(hidden=2), upload_store=store) for _ in range(2))
    first.load(replace(long_text(600), unit=Unit.WORDS, window=500))
    second.follow(first.link(), patience=math.inf)
    assert second.inspect().words == first.inspect().words


def test_a_first_example_that_can_not_be_read_gives_way_to_the_next():
    words = Vocabulary(("warm", "cold"))
    texts = ("x " * (MAX_WORDS + 9) + "warm", "so cold")
    train = tuple(Example(text, np.array([k]), np.array([k])) for k, text in enumerate(texts))
    session = Session(RunConfig(hidden=2), Dataset("w", words, ("a", "b"), train, ()))
    assert session.inspect().words == ("cold",)


# The probe


def test_the_first_probe_is_a_phrase_of_the_data_and_its_trace_is_read_only(session):
    assert session.phrase_input.phrase == TASKS["sentiment"].probe
    assert session.inspect().label is not None
    with pytest.raises(ValueError, match="read-only"):
        session.inspect().trace.last.h[0] = 1


def test_a_probe_is_read_word_by_word(learned):
    assert learned.run.history.row(-1)["train_metric"] == 1.0
    assert learned.run.history.row(-1)["test_metric"] == 1.0
    for text, verdict in (("this is not bad", "positive"), ("not good", "negative")):
        probe = learned.inspect(text)
        assert probe.words == tuple(text.split())
        assert probe.trace.last.h.shape == (len(probe.words), 1, 8)
        assert probe.margin.shape == (len(probe.words),)
        assert probe.verdict == verdict
        assert probe.probability > 0.9


def test_the_target_is_the_label_even_where_the_verdict_is_wrong_or_else_the_verdict(session):
    right = set()
    for phrase in session.dataset.train:
        probe = session.inspect(phrase.text)
        assert probe.label == session.dataset.classes[phrase.target]
        assert probe.trace.targets.tolist() == [phrase.target]
        assert "its label in the data" in probe.basis
        assert probe.score == (probe.verdict == probe.label)
        right.add(probe.score == 1)
    assert right == {True, False}
    probe = session.inspect("happy happy happy")
    assert (probe.label, probe.known.tolist(), np.isnan(probe.score)) == (None, [GAP], True)
    assert session.dataset.classes[probe.trace.targets[0]] == probe.verdict
    assert probe.basis.startswith(
        "This phrase has no label in the data, so the network's own verdict"
    )
    rows = [Row(2, "ab", "x"), Row(3, "ba", "y")]
    session = Session(RunConfig(hidden=2), build_dataset("c", rows, unit=Unit.CHARACTERS))
    assert session.inspect("aa").basis.startswith("This sequence has no label in the data")


def test_a_phrase_with_skipped_words_has_a_target_if_it_stands_in_the_data():
    rows = [Row(2, "so warm", "sunny"), Row(3, "so cold", "rainy")]
    data = build_dataset("w", rows, [Row(2, "so warm outside", "rainy")])
    session = Session(RunConfig(hidden=2), data)
    assert session.inspect("so warm outside").label == "rainy"
    assert session.inspect("so warm inside").label is None
    assert session.inspect("so warm").label == "sunny"


def test_a_sentence_that_the_data_do_not_have_is_translated_into_what_the_network_says():
    session = Session(RunConfig(task="translation", hidden=4))
    probe = session.inspect("dog the")
    assert probe.label is None
    assert tuple(probe.trace.targets) == probe.generated
    spoken = [session.dataset.classes[c] for c in probe.generated]
    assert probe.words == ("dog", "the", START, *spoken[:-1])
    assert "the network's own output is the target" in probe.basis
    assert session.inspect("the dog").label == "le chien"


def test_with_three_classes_the_margin_is_the_verdict_s():
    rows = [Row(2, "warm", "sunny"), Row(3, "cold", "rainy"), Row(4, "damp", "foggy")]
    session = Session(RunConfig(hidden=4, lr=0.5, init_scale=0.5), build_dataset("w", rows))
    session.player.advance(100)
    for row in rows:
        probe = session.inspect(row.text)
        assert probe.verdict == session.dataset.classes[probe.margin_class] == row.label
        assert probe.margin[-1] > 0


@each_row(
    ("text", "words", "unknown"),
    [
        ("this is great", ("this", "is"), ("great",)),
        ("<i>this</i> is 😀 $x$ bad", ("is", "bad"), ("<i>this</i>", "😀", "$x$")),
        ("bad " * MAX_WORDS, ("bad",) * MAX_WORDS, ()),
    ],
)
def test_unknown_words_are_named_and_skipped(config, text, words, unknown):
    session = Session(config)
    session.ask("")
    session.ask(text)
    assert (session.phrase_input.phrase, session.phrase_input.problem) == (text, "")
    assert (session.inspect().words, session.inspect().reading.unknown) == (words, unknown)


NONE = "None of these words is in the vocabulary"


@each_row(
    ("task", "text", "said"),
    [
        ("sentiment", "", "The phrase is empty. Type something, for example: “good”. Still"),
        ("sentiment", " \n\t ", "The phrase is empty"),
        ("sentiment", "great", NONE),
        ("sentiment", "<b>bad</b><script>alert(1)</script>", NONE),
        ("sentiment", "😀 $x$ **bold** ...", NONE),
        ("sentiment", "bad " * 10_000, "The phrase has 10,000 words; the most that can be read is"),
        ("parity", "", "The sequence is empty. Type something, for example: “"),
        ("parity", "1" * 10_000, "The sequence has 10,000 characters; the most"),
        ("flipflop", "1,x", "such as: “1,0,-1”. Still shown"),
        ("adding", "", "such as: “0.5,0.3 1* 0.2”. Still shown"),
        ("waves", "", "such as: “0.5 1 -0.2”. Still shown"),
        ("waves", "0.5" + "0" * MAX_TYPED, "2,003 characters; the most that can be read is 2,000"),
    ],
)
def test_a_phrase_that_cannot_be_read_leaves_the_probe_and_says_why(task, text, said):
    session = Session(RunConfig(task=task, hidden=2))
    before = session.inspect()
    session.ask(text)
    box = session.phrase_input
    assert said in box.problem
    assert box.problem.endswith(f". Still shown: {session.first_phrase}")
    assert session.inspect() is before
    assert box.typed == text[: MAX_TYPED + 1]


@pytest.fixture
def poisoned(monkeypatch):
    """Fresh memory holds no numbers, so that what is read before it is written shows."""
    monkeypatch.setattr(np, "empty", lambda shape, dtype=float: np.full(shape, np.nan, dtype))
    monkeypatch.setattr(np, "empty_like", lambda array: np.full_like(array, np.nan))


@each_row("count", [1, 2, 17, 18, 100, 150, MAX_WORDS])
def test_every_number_of_a_trace_is_written_however_long_the_phrase(count, poisoned):
    session = Session(RunConfig())
    trace = session.inspect("bad " * count).trace
    for array in (
        trace.last.h,
        trace.last.dh,
        trace.last.arrays[ERRORS],
        trace.probs,
        trace.dlogits,
    ):
        assert np.isfinite(array).all()
    assert all(np.isfinite(norm) for norm in norms_of(trace.gradient).values())


@given(st.text() | st.lists(st.sampled_from(["bad", "not", "great", "<b>", "😀"])).map(" ".join))
def test_any_phrase_is_read_or_refused(text):
    try:
        reading = read(sentiment(), text)
    except TaskError as problem:
        assert str(problem)
        return
    assert len(reading.tokens) == len(reading.words) > 0


# What is written


def test_records_are_strict_json_with_one_row_an_epoch_also_without_a_test_set(config):
    session = trained(config, 2)
    written = records(session)
    assert (written["config"], written["changes"]) == (config.as_dict(), [])
    named = {k.replace("metric", "accuracy"): v for k, v in session.run.history.row(2).items()}
    assert written["epochs"][2] == {"epoch": 2, **named}
    session.load(own(WEATHER))
    session.player.advance(1)
    session.run.history.append(Score(math.inf, 0.5), Score(math.nan, math.nan))
    session.configure(replace(config, lr=0.5))
    saved = json.loads(history_json(session), parse_constant=pytest.fail)
    made = saved.pop("made by")
    assert (made["seed"], made["epoch"]) == (str(session.config.seed), session.player.progress)
    assert saved == records(session)
    assert [row["epoch"] for row in saved["epochs"]] == [0, 1, 2]
    assert saved["epochs"][0]["test_loss"] is None
    assert saved["epochs"][2]["train_loss"] is None
    assert saved["changes"] == ["1:lr=0.5"]


def test_the_link_has_the_questions_that_pages_are_at():
    session = Session()
    assert "ask" not in session.link().to_query()
    session.questions |= {"hidden": StateQuestion.BREAKS, "dynamics": DynamicsQuestion.PATH}
    query = session.link().to_query()
    assert query["ask"] == "breaks,path"
    for asked in (query["ask"], "break,way"):  # as earlier links say it
        other = Session()
        other.follow(*read_link(query | {"ask": f"{asked},<b>"}), patience=math.inf)
        assert [*other.questions.values()] == [
            TrainQuestion.LEARN, GradientQuestion.REACH, StateQuestion.BREAKS,
            DynamicsQuestion.PATH,
        ]  # fmt: skip
    assert "ask must be one of learn, wrong, reach" in other.player.message
    assert "not <b>. It is left out." in other.player.message


@pytest.mark.parametrize("task", [TaskName.RECALL, TaskName.WAVES])
def test_data_with_a_seed_of_their_own_stay_while_the_weights_are_drawn_anew(task):
    one, other, same = (
        Session(RunConfig(task=task, hidden=4, seed=seed, data_seed=data))
        for seed, data in ((1, 5), (2, 5), (5, -1))
    )
    inputs = [[example.inputs.tolist() for example in s.dataset.train] for s in (one, other, same)]
    assert inputs[0] == inputs[1] == inputs[2]
    thetas = [session.state.parameters.theta for session in (one, other)]
    assert not np.array_equal(*thetas)


def test_own_rows_are_set_aside_by_the_data_seed():
    rows = "text,label\n" + "".join(f"w{k} v{k % 3},{'ab'[k % 2]}\n" for k in range(20))
    upload = Upload(File("rows.csv", rows.encode()), test_share=0.3)

    def held_out(**seeds):
        session = Session(RunConfig(hidden=4, **seeds))
        session.load(upload)
        return [example.text for example in session.dataset.test]

    assert held_out(seed=1, data_seed=4) == held_out(seed=2, data_seed=4) == held_out(seed=4)
    assert held_out(seed=1) != held_out(seed=4)


def test_words_are_renewed_five_times_a_second_while_the_run_plays_and_at_once_when_it_rests(
    monkeypatch,
):
    now = [0.0]
    monkeypatch.setattr("rnnviz.probe.session.monotonic", lambda: now[0])
    session = Session(RunConfig(hidden=8))
    session.player.play()
    session.player.tick(1.0, 1)
    story, signs = session.story, session.signs
    session.player.tick(1.0, 1)
    assert (session.story, session.signs) == (story, signs)
    assert session.story is story
    session.ask("good")
    assert session.story is not story
    story = session.story
    now[0] = 0.21
    assert session.story is not story
    session.player.tick(1.0, 1)
    story = session.story
    session.player.pause()
    assert session.story is not story
    assert session.story is session.story


def test_a_slow_story_is_told_in_a_tenth_of_the_time_while_the_run_plays(monkeypatch):
    now = [0.0]

    def slow(*inputs):
        now[0] += 0.05
        return story(*inputs)

    monkeypatch.setattr("rnnviz.probe.session.monotonic", lambda: now[0])
    monkeypatch.setattr("rnnviz.probe.session.story", slow)
    session = Session(RunConfig(hidden=8))
    session.player.play()
    first = session.story
    for now[0] in (0.21, 0.49):
        session.player.tick(1.0, 1)
        assert session.story is first
    now[0] = 0.51
    assert session.story is not first


# A data frame


def frame(count=120):
    dates = pd.date_range("2024-03-01", periods=count, freq="h", tz="Europe/Berlin")
    return pd.DataFrame({"x": np.arange(count) % 7 / 3, "y": 5.0}, index=dates.rename("when"))


def test_a_session_learns_from_a_data_frame():
    session = from_frame(frame(), RunConfig(hidden=4), value=["x"], window=6, horizon=2, id="")
    assert session.dataset.classes == ("x", "x +2")
    assert session.dataset.series.train[0].values[:, 0].tolist() == frame()["x"][:96].tolist()
    assert (session.config.window, session.config.hidden) == (6, 4)
    assert str(session.dataset.series.train[0].times[0])[:16] == "2024-02-29T23:00"
    texts = pd.DataFrame({"text": ["so warm", "so cold"] * 4, "label": ["a", "b"] * 4})
    assert from_frame(texts).dataset.classes == ("a", "b")
    named = texts.set_axis(["said", "is"], axis=1)
    for name in ("label", "label_column"):
        session = from_frame(named, text_column="said", **{name: "is"})
        assert session.dataset.classes == ("a", "b")
    numbers = pd.DataFrame({0: np.arange(99) % 5, 1: np.arange(99) % 7})
    assert from_frame(numbers, window=6).dataset.classes == ("column 0", "column 1")
    one = from_frame(numbers, RunConfig(hidden=4), value=0, input=[1], window=6)
    assert one.dataset.vocabulary.words == ("column 0", "next column 1")


def test_a_data_frame_may_be_a_series_or_have_durations_and_a_test_of_its_own():
    wave = pd.Series(np.sin(np.arange(120)), index=pd.to_timedelta(np.arange(120), unit="h"))
    session = from_frame(wave[:90], RunConfig(hidden=4), test=wave[90:], window=6)
    assert session.dataset.classes == ("value",)
    assert session.dataset.series.columns.time == "time"
    assert session.dataset.series.test[0].times.tolist()[:2] == [324_000, 327_600]


def test_a_data_frame_that_cannot_be_learned_is_refused():
    with pytest.raises(TaskError, match="the column y is always 5"):
        from_frame(frame(), window=6)
    with pytest.raises(TaskError, match="has no column z"):
        from_frame(frame(), value="z")
    with pytest.raises(TaskError, match="Give a pandas DataFrame, not list"):
        from_frame([1, 2])
    with pytest.raises(TypeError, match=r"takes no 'epochs': give it in config, as RunConfig\("):
        from_frame(frame(), epochs=3)
    with pytest.raises(TypeError, match=r"^from_frame takes no 'columns'\.$"):
        from_frame(frame(), columns=["x"])
    for name in ("window", "horizon"):
        with pytest.raises(SettingError, match="can't be '0'"):
            from_frame(frame(), value="x", **{name: 0})
    with pytest.raises(TaskError, match="Name the column of times"):
        from_frame(pd.DataFrame({"text": ["a b", "b a"] * 4, "label": [*"ab"] * 4}), window=6)
    missing = frame().assign(x=np.nan)
    with pytest.raises(TaskError, match="x has no number, but the network reads it"):
        from_frame(frame(), value="x", test=missing, window=6, fill="last", skip_bad=True)
    large = pd.DataFrame({"x": np.zeros(1_000_000)})
    begun = time.perf_counter()
    with pytest.raises(TaskError, match="has 1,000,000 rows, more than 20,000"):
        from_frame(large)
    assert time.perf_counter() - begun < 1
