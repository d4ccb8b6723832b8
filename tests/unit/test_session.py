"""One run and one probe phrase, without a browser."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.analysis.gradients import Objective, parameter_norms
from rnnviz.config import RunConfig
from rnnviz.export.history import records, save_json
from rnnviz.export.weights import save_weights
from rnnviz.lab.memory_gauge import flow
from rnnviz.lab.probe import MAX_TYPED, read
from rnnviz.session import Session
from rnnviz.tasks.dataset import build_dataset, sentiment
from rnnviz.tasks.registry import TASKS
from rnnviz.tasks.table import MAX_WORDS, Row, TaskError
from rnnviz.tasks.upload import File, Upload
from rnnviz.tasks.upload_store import UploadStore
from rnnviz.tasks.vocabulary import Unit
from rnnviz.training.player import SPEEDS
from rnnviz.training.schedule import Position
from tests.sampling import each_row

WEATHER = ("weather.csv", b"text,label\nso warm,sunny\nso cold,rainy\nvery cold,rainy\n")
RAIN = ("rain.csv", b"text,label\nvery warm,rainy\n")


def own(train, test=None):
    """An upload of these files, nothing of which is set aside."""
    return Upload(File(*train), test and File(*test), test_share=0)


ONE_CLASS = ("one.csv", b"text,label\nso warm,sunny\n")
NO_LABEL = ("none.csv", b"text,mood\nso warm,sunny\n")


def weights(session):
    return session.state.parameters.theta.tobytes()


def place(session):
    return session.state.epoch, session.state.offset


# Going on


def test_a_run_begins_at_epoch_0_paused_with_its_first_scores(session):
    assert place(session) == (0, 0)
    assert session.player.condition == "Paused"
    assert len(session.run.history) == 1
    assert session.run.history.row(0)["train_loss"] == pytest.approx(np.log(2), abs=0.05)


def test_advance_adds_one_row_an_epoch(session):
    session.player.advance(3)
    assert place(session) == (3, 0)
    assert len(session.run.history) == 4


def test_a_phrase_is_one_step(session):
    before = weights(session)
    session.player.step_phrase()
    assert place(session) == (0, 1)
    assert weights(session) != before


def test_as_many_phrases_as_there_are_make_an_epoch(session, config):
    for _ in range(session.run.examples):
        session.player.step_phrase()
    at_once = Session(config)
    at_once.player.advance(1)
    assert place(session) == (1, 0)
    assert weights(session) == weights(at_once)
    assert records(session) == records(at_once)


def test_step_epoch_finishes_an_epoch_that_is_under_way(session):
    session.player.step_phrase()
    session.player.step_epoch()
    assert place(session) == (1, 0)


@pytest.mark.parametrize("step", ["step_epoch", "step_phrase"])
def test_a_step_pauses(session, step):
    session.player.play()
    getattr(session.player, step)()
    assert session.player.condition == "Paused"


def test_play_and_pause_train_nothing_themselves(session):
    before = weights(session)
    session.player.play()
    assert session.player.condition == "Running"
    session.player.pause()
    assert session.player.condition == "Paused"
    assert weights(session) == before


@pytest.mark.parametrize(
    ("speed", "count", "to"), [(60, 1, (1, 0)), (600, 7, (7, 0)), (0, 3, (0, 3))]
)
def test_a_tick_goes_on_by_epochs_or_in_slow_motion_by_steps(session, speed, count, to):
    session.player.speed = speed
    session.player.tick(float("inf"), count)
    assert place(session) == to


@each_row("speed", SPEEDS)
def test_a_tick_without_time_still_takes_a_step_and_stays_short(config, speed):
    session = Session(config)
    session.player.speed = speed
    session.player.tick(0.0)
    epoch, position = place(session)
    assert epoch == 0
    assert 0 < position < session.run.examples


def test_how_the_time_is_cut_changes_no_weight(session, config):
    while session.state.epoch < 3:
        session.player.tick(0.0, 3)
    at_once = Session(config)
    at_once.player.advance(3)
    assert weights(session) == weights(at_once)


# The same run again


def test_the_same_settings_and_epoch_give_the_same_bytes(config):
    one, other = Session(config), Session(config)
    one.player.advance(5)
    other.ask("happy")
    other.inspect("bad")
    for _ in range(5):
        other.player.advance(1)
    assert weights(one) == weights(other)
    assert records(one) == records(other)


def test_another_seed_gives_another_run(config):
    assert weights(Session(config)) != weights(Session(replace(config, seed=1)))


def test_reset_gives_the_same_initial_weights(session):
    before = weights(session)
    session.player.advance(2)
    session.player.play()
    session.player.reset()
    assert weights(session) == before
    assert place(session) == (0, 0)
    assert len(session.run.history) == 1
    assert session.player.condition == "Paused"
    assert session.player.message == ""


def test_what_comes_after_a_reset_is_what_came_before_it(session):
    session.player.advance(2)
    before = weights(session)
    session.player.reset()
    session.player.advance(2)
    assert weights(session) == before


def test_looking_changes_nothing(session):
    session.player.advance(1)
    before = weights(session)
    probe = session.inspect()
    flow(session.gradient_query(probe, Objective.MARGIN))
    records(session)
    assert weights(session) == before
    assert place(session) == (1, 0)


# The end


def test_a_run_stops_at_its_last_epoch_and_says_so(session, config):
    session.configure(replace(config, epochs=3))
    session.player.play()
    session.player.advance(10)
    assert place(session) == (3, 0)
    assert session.player.condition == "Finished"
    assert session.player.message.startswith("Finished: 3 of 3 epochs done.")


@pytest.mark.parametrize("action", ["play", "step_epoch", "step_phrase"])
def test_a_finished_run_does_not_go_on(config, action):
    session = Session(replace(config, epochs=1))
    session.player.advance(1)
    before = weights(session)
    getattr(session.player, action)()
    assert weights(session) == before
    assert session.player.condition == "Finished"
    assert session.player.message.startswith("Finished")


def test_a_run_of_no_epochs_is_finished_at_once():
    session = Session(RunConfig(epochs=0))
    session.player.play()
    assert session.player.condition == "Finished"
    assert place(session) == (0, 0)


def test_more_epochs_let_a_finished_run_go_on(config):
    session = Session(replace(config, epochs=1))
    session.player.advance(1)
    before = weights(session)
    session.configure(replace(config, epochs=2))
    assert weights(session) == before
    assert session.player.condition == "Paused"
    assert session.player.message == ""
    session.player.advance(5)
    assert place(session) == (2, 0)


def test_a_run_past_a_lowered_end_stops_at_the_next_tick(session, config):
    session.player.advance(3)
    session.player.play()
    session.configure(replace(config, epochs=2))
    before = weights(session)
    session.player.tick(float("inf"))
    assert session.player.condition == "Finished"
    assert weights(session) == before


def test_a_small_network_learns_every_phrase(learned):
    assert learned.run.history.row(-1)["train_metric"] == 1.0
    assert learned.run.history.row(-1)["test_metric"] == 1.0


# Settings changed on the way


@pytest.mark.parametrize("change", [{"lr": 0.5}, {"clip": 0.01}, {"clip_by": "norm"}], ids=str)
def test_a_live_setting_keeps_the_weights_and_takes_effect_at_the_next_step(
    session, config, change
):
    session.configure(replace(config, clip=0.1))
    session.player.advance(2)
    before = weights(session)
    unchanged = Session(session.config)
    unchanged.player.advance(2)
    session.configure(replace(session.config, **change))
    assert weights(session) == before
    assert place(session) == (2, 0)
    session.player.step_phrase()
    unchanged.player.step_phrase()
    assert weights(session) != weights(unchanged)


def test_a_live_setting_leaves_a_mark_at_its_epoch(session, config):
    session.player.advance(2)
    session.configure(replace(config, lr=0.5, clip_by="norm"))
    assert session.run.schedule.text() == "2:lr=0.5,2:clip_by=norm"


def test_before_the_first_step_there_is_nothing_to_mark(session, config):
    session.configure(replace(config, lr=0.5))
    assert session.run.schedule.changes == ()


def test_within_the_first_epoch_a_change_is_marked(session, config):
    session.player.step_phrase()
    session.configure(replace(config, lr=0.5))
    assert session.run.schedule.text() == "0/1:lr=0.5"


def test_more_epochs_leave_no_mark(session, config):
    session.player.advance(1)
    session.configure(replace(config, epochs=500))
    assert session.run.schedule.changes == ()


def test_a_running_run_goes_on_through_a_live_change(session, config):
    session.player.play()
    session.configure(replace(config, lr=0.5))
    assert session.player.condition == "Running"


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
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_restarting_setting_starts_again_and_says_why(config, change, label):
    session = Session(config)
    session.player.advance(2)
    changed = replace(config, **change)
    session.configure(changed)
    assert place(session) == (0, 0)
    assert len(session.run.history) == 1
    assert session.player.message == f"Started again at epoch 0, because {label} changed."
    assert weights(session) == weights(Session(changed))


def test_a_run_started_again_has_no_old_marks(session, config):
    session.player.advance(1)
    session.configure(replace(config, lr=0.5))
    session.configure(replace(config, lr=0.5, seed=4))
    assert session.run.schedule.changes == ()


def test_the_same_settings_change_nothing(session, config):
    session.player.advance(1)
    session.player.message = "still here"
    session.configure(replace(config))
    assert place(session) == (1, 0)
    assert session.player.message == "still here"


# Too large steps


@pytest.fixture
def diverged():
    session = Session(RunConfig(lr=10))
    session.player.play()
    session.player.advance(1000)
    return session


def test_too_large_steps_stop_the_run_with_finite_weights(diverged):
    assert diverged.player.condition == "Paused"
    assert diverged.state.epoch < 1000
    assert np.isfinite(diverged.state.parameters.theta).all()
    assert np.isfinite(diverged.run.history.column("train_loss")).all()


def test_too_large_steps_are_explained(diverged):
    assert "the loss is no longer a finite number" in diverged.player.message
    assert "learning rate 10" in diverged.player.message
    assert "Try a learning rate of 0.02" in diverged.player.message


def test_the_weights_kept_are_those_of_the_last_finite_epoch(diverged):
    epoch = diverged.state.epoch
    again = Session(RunConfig(lr=10))
    again.player.advance(epoch)
    assert weights(again) == weights(diverged)
    assert len(diverged.run.history) == epoch + 1


def test_a_step_to_weights_that_are_no_numbers_is_taken_back(session):
    before, state = weights(session), session.state.copy()
    state.parameters["b_h"][:] = 5
    state.parameters.W_hy[:] = 1e308
    session.run._enter(state)
    session.player.step_phrase()
    assert weights(session) == before
    assert place(session) == (0, 0)
    assert "no longer a finite number" in session.player.message


@pytest.mark.parametrize("lr", [10, 100])
@pytest.mark.parametrize("clip_by", ["value", "off"])
def test_a_run_that_stopped_can_be_looked_at(lr, clip_by):
    session = Session(RunConfig(lr=lr, clip_by=clip_by, init_scale=0.1))
    session.player.advance(30)
    probe = session.inspect()
    assert 0.5 <= probe.probability <= 1
    assert np.isfinite(probe.margin.values).all()
    for objective in Objective:
        assert np.isfinite(flow(session.gradient_query(probe, objective)).norms).all()
    assert all(np.isfinite(norm) for norm in parameter_norms(probe.trace).values())


def test_smaller_steps_after_a_reset_learn_again(diverged):
    diverged.configure(RunConfig(lr=0.02))
    diverged.player.reset()
    diverged.player.step_epoch()
    assert place(diverged) == (1, 0)
    assert diverged.player.message == ""


def gradient_map(session):
    query = session.gradient_query(session.inspect(), Objective.LOSS)
    return session.memory.past(session.run, query, 9)[1]


# Other data


def looked_into(session):
    """All that is known of the epochs of a run of three, developed to the end."""
    session.player.advance(3)
    probe = session.inspect()
    query = session.gradient_query(probe, Objective.LOSS)
    for lab in (session.memory, session.gradients):
        while lab.develop(session.run, query, 9):
            pass
    gauge, _ = session.memory.past(session.run, query, 0)
    past = session.gradients.past(session.run, query, 0)
    return gauge.radius.tolist(), past.eigenvalues.tolist(), past.shares("W_hh").tolist()


@each_row("way", ["load", "follow"])
def test_nothing_of_the_past_is_left_when_the_data_change(way):
    config = RunConfig(hidden=4, init_scale=0.1, lr=0.5, epochs=9)
    rows = "text,label\nup up,a\nup down,{}\ndown up,{}\n"
    texts = [rows.format(*labels) for labels in ("ab", "ba")]
    uploads = [own(("rows.csv", text.encode())) for text in texts]
    upload_store = UploadStore()
    fresh, session = (
        Session(config, upload_store=upload_store),
        Session(config, upload_store=upload_store),
    )
    fresh.load(uploads[1])
    wanted = looked_into(fresh)
    session.load(uploads[0])
    assert looked_into(session) != wanted
    if way == "load":
        session.load(uploads[1])
    else:
        fresh.player.reset()
        session.follow(fresh.link())
    assert looked_into(session) == wanted


def test_a_past_epoch_is_looked_at_with_the_settings_it_had():
    session = Session(RunConfig(hidden=6, init_scale=0.5, epochs=9))
    session.player.advance(2)
    map_then = gradient_map(session).norms
    session.configure(replace(session.config, truncate=2))
    session.player.advance(2)
    for epoch, cut in ((3, True), (2, True), (1, False)):
        session.player.go_to(Position(epoch))
        norms = flow(session.gradient_query(session.inspect(), Objective.LOSS)).norms
        traced = session.inspect().unrolled(0).norms
        assert (norms[:-2] == 0).all() == (traced[:-2] == 0).all() == cut
        assert session.settings.truncate == (2 if cut else 0)
    found = gradient_map(session)
    np.testing.assert_allclose(found.norms[:2], map_then[:2])
    assert (found.norms[2:, :-2] == 0).all()


def test_uploaded_phrases_start_the_run_again(session):
    session.player.advance(1)
    session.load(own(WEATHER, RAIN))
    assert session.dataset.classes == ("rainy", "sunny")
    assert session.run.examples == 3
    assert place(session) == (0, 0)
    assert session.player.message == "Started again at epoch 0, with the data weather.csv."
    session.player.step_epoch()
    assert session.inspect().verdict in ("rainy", "sunny")


def test_the_probe_follows_to_phrases_with_other_words(session):
    session.load(own(WEATHER))
    assert session.phrase_input.phrase == "so warm"
    assert session.phrase_input.problem == ""


def test_the_probe_stays_where_all_its_words_are_known(session):
    session.load(own(WEATHER))
    session.ask("warm so cold")
    session.load(own(("more.csv", WEATHER[1])))
    assert session.dataset.name == "more.csv"
    assert session.phrase_input.phrase == "warm so cold"


def test_the_probe_of_the_task_goes_even_where_the_readers_data_know_one_of_its_words(session):
    assert "happy" in session.phrase_input.phrase
    session.load(own(("happy.csv", WEATHER[1] + b"so happy,sunny\n")))
    assert session.phrase_input.phrase == "so warm"


def test_without_test_phrases_there_are_no_test_scores(session):
    session.load(own(WEATHER))
    session.player.advance(1)
    assert np.isnan(session.run.history.column("test_loss")).all()
    assert np.isfinite(session.run.history.column("train_loss")).all()


@pytest.mark.parametrize(
    "files",
    [(ONE_CLASS,), (NO_LABEL,), (WEATHER, NO_LABEL)],
    ids=["one class", "no label", "bad test file"],
)
def test_a_bad_file_leaves_the_run_as_it_was(session, files):
    session.player.advance(1)
    session.player.play()
    before = weights(session)
    session.load(own(*files))
    assert session.data.problem
    assert session.dataset is sentiment()
    assert weights(session) == before
    assert session.player.condition == "Running"
    assert len(session.run.history) == 2


def test_a_good_file_after_a_bad_one_clears_the_complaint(session):
    session.load(own(ONE_CLASS))
    session.load(own(WEATHER))
    assert session.data.problem == ""


def test_without_files_the_built_in_phrases_come_back(session):
    before = weights(session)
    session.load(own(WEATHER))
    session.load(None)
    assert session.dataset is sentiment()
    assert weights(session) == before


def test_a_first_phrase_full_of_loose_signs_can_still_be_the_probe(session):
    signs = ", " * (MAX_WORDS + 1)
    content = f'text,label\n"warm {signs}",1\ncold,0\n'.encode()
    session.load(own(("signs.csv", content)))
    assert session.data.problem == ""
    assert session.inspect().words == ("warm",)


# The probe


def test_the_first_probe_is_a_phrase_of_the_data(session):
    assert session.phrase_input.phrase == TASKS["sentiment"].probe
    assert session.inspect().label is not None


def test_a_probe_is_read_word_by_word(session):
    probe = session.inspect("this is not bad")
    assert probe.words == ("this", "is", "not", "bad")
    assert probe.trace.last.h.shape == (4, 1, 8)
    assert probe.margin.values.shape == (4,)


def test_a_verdict_is_the_more_probable_class(learned):
    for text, verdict in (("this is not bad", "positive"), ("not good", "negative")):
        probe = learned.inspect(text)
        assert probe.verdict == verdict
        assert probe.probability > 0.9


def test_the_target_of_a_labelled_phrase_is_its_label_even_where_the_verdict_is_wrong(session):
    verdicts = set()
    for phrase in session.dataset.train:
        probe = session.inspect(phrase.text)
        assert probe.label == session.dataset.classes[phrase.target]
        assert probe.trace.targets.tolist() == [phrase.target]
        assert "its label in the data" in probe.basis
        verdicts.add(probe.verdict == probe.label)
    assert verdicts == {True, False}


def test_the_target_of_any_other_phrase_is_the_verdict(session):
    probe = session.inspect("happy happy happy")
    assert probe.label is None
    assert session.dataset.classes[probe.trace.targets[0]] == probe.verdict
    assert "its own verdict" in probe.basis


def test_with_three_classes_the_margin_is_the_verdict_s():
    rows = [Row(2, "warm", "sunny"), Row(3, "cold", "rainy"), Row(4, "damp", "foggy")]
    session = Session(RunConfig(hidden=4, lr=0.5, init_scale=0.5), build_dataset("w", rows))
    session.player.advance(100)
    for row in rows:
        probe = session.inspect(row.text)
        assert probe.verdict == row.label
        assert session.dataset.classes[probe.margin.target] == row.label
        assert probe.margin.values[-1] > 0


def test_a_probe_s_trace_is_read_only(session):
    with pytest.raises(ValueError, match="read-only"):
        session.inspect().trace.last.h[0] = 1


def test_unknown_words_are_named_and_skipped(session):
    session.ask("this is great")
    assert session.phrase_input.problem == ""
    assert session.inspect().reading.unknown == ("great",)
    assert session.inspect().words == ("this", "is")


@each_row(
    ("text", "said"),
    [
        ("", "The phrase is empty"),
        (" \n\t ", "The phrase is empty"),
        ("great", "None of these words is in the vocabulary"),
        ("<b>bad</b><script>alert(1)</script>", "None of these words is in the vocabulary"),
        ("😀 $x$ **bold**", "None of these words is in the vocabulary"),
        ("...", "None of these words is in the vocabulary"),
        ("bad " * 10_000, "The phrase has 10,000 words; the most that can be read is 200."),
    ],
)
def test_a_phrase_that_cannot_be_read_leaves_the_probe_and_says_why(session, text, said):
    session.ask("not bad")
    session.ask(text)
    assert session.phrase_input.problem.startswith(said)
    assert session.phrase_input.problem.endswith("The pictures still show: not bad")
    assert session.inspect().words == ("not", "bad")
    assert session.phrase_input.typed == text[: MAX_TYPED + 1]


@each_row(
    ("task", "text", "said"),
    [
        ("sentiment", "", "The phrase is empty. Type something, for example: “good”. The"),
        ("parity", "", "The sequence is empty. Type something, for example: “"),
        ("parity", "1" * 10_000, "The sequence has 10,000 characters; the most"),
        ("flipflop", "1,x", "such as: “1,0,-1”. The pictures"),
        ("adding", "", "such as: “0.5 1* 0.2”. The pictures"),
        ("waves", "", "such as: “0.5 1 -0.2”. The pictures"),
    ],
)
def test_the_complaint_is_whole_sentences_and_names_what_is_typed(task, text, said):
    session = Session(RunConfig(task=task, hidden=2))
    session.ask(text)
    assert said in session.phrase_input.problem


def test_what_nobody_has_labelled_is_called_as_it_is_on_the_page():
    rows = [Row(2, "ab", "x"), Row(3, "ba", "y")]
    session = Session(RunConfig(hidden=2), build_dataset("c", rows, unit=Unit.CHARACTERS))
    assert session.inspect("aa").basis.startswith("The data don't label this sequence: ")


def test_a_readable_phrase_clears_the_complaint(session):
    session.ask("")
    session.ask("bad")
    assert session.phrase_input.problem == ""


def test_the_longest_phrase_can_be_read(session):
    assert len(session.inspect("bad " * MAX_WORDS).words) == MAX_WORDS


@pytest.fixture
def poisoned(monkeypatch):
    """Fresh memory holds no numbers, so that what is read before it is written shows."""
    monkeypatch.setattr(np, "empty", lambda shape, dtype=float: np.full(shape, np.nan, dtype))
    monkeypatch.setattr(np, "empty_like", lambda array: np.full_like(array, np.nan))


@each_row("count", [1, 2, 17, 18, 100, 150, MAX_WORDS])
def test_every_number_of_a_trace_is_written_however_long_the_phrase(count, poisoned):
    session = Session(RunConfig())
    trace = session.inspect("bad " * count).trace
    for array in (trace.last.h, trace.last.dh, trace.last.arrays["da"], trace.probs, trace.dlogits):
        assert np.isfinite(array).all()
    assert all(np.isfinite(norm) for norm in parameter_norms(trace).values())


def test_signs_between_spaces_are_read_as_typed(session):
    session.ask("<i>this</i> is 😀 $x$ bad")
    assert session.inspect().reading.unknown == ("<i>this</i>", "😀", "$x$")
    assert session.phrase_input.phrase == "<i>this</i> is 😀 $x$ bad"


@given(st.text() | st.lists(st.sampled_from(["bad", "not", "great", "<b>", "😀"])).map(" ".join))
def test_any_phrase_is_read_or_refused(text):
    session = Session(RunConfig(hidden=1))
    try:
        reading = read(session.dataset, text)
    except TaskError as problem:
        assert str(problem)
        return
    assert len(reading.tokens) == len(reading.words) > 0


# What is written


def test_records_have_the_settings_and_one_row_an_epoch(session, config):
    session.player.advance(2)
    found = records(session)
    assert found["config"] == config.as_dict()
    assert [row["epoch"] for row in found["epochs"]] == [0, 1, 2]
    row = session.run.history.row(2)
    named = {name.replace("metric", "accuracy"): value for name, value in row.items()}
    assert found["epochs"][2] == {"epoch": 2, **named}


def test_saved_records_are_strict_json_also_without_a_test_set(session, tmp_path):
    session.load(own(WEATHER))
    session.player.advance(1)
    save_json(session, tmp_path / "run.json")
    read = json.loads((tmp_path / "run.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert read == records(session)
    assert read["epochs"][0]["test_loss"] is None


def test_saved_weights_are_the_parameters_by_name(session, tmp_path):
    session.player.advance(1)
    save_weights(session, tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as saved:
        assert saved["vocabulary"].tolist() == list(sentiment().vocabulary.words)
        assert saved["classes"].tolist() == ["negative", "positive"]
        for name, array in session.state.parameters.named().items():
            assert np.array_equal(saved[name], array)


def test_saved_weights_have_the_shapes_of_the_formulas(session, tmp_path):
    save_weights(session, tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as saved:
        shapes = {name: saved[name].shape for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y")}
    assert shapes == {"W_xh": (8, 18), "W_hh": (8, 8), "b_h": (8,), "W_hy": (2, 8), "b_y": (2,)}
