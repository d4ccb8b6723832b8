"""The page without a browser: what it shows, and what its widgets do."""

import math
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st

from rnnviz.charts.compare_menu import pair_texts
from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.config import SETTINGS, RunConfig, TaskName
from rnnviz.page import session_registry
from rnnviz.page.actor import Actor
from rnnviz.probe.questions import TrainQuestion
from rnnviz.run.checksum import Checksum
from rnnviz.run.player import SPEEDS
from rnnviz.run.schedule import Position
from rnnviz.tasks.data.vocabulary import Unit
from rnnviz.tasks.data_source import PRESETS, TASKS
from tests.page.tab import App, Eye, app_test
from tests.sampling import each_row

CHARTS = {"network", "curves"}
PHRASE = TASKS["sentiment"].probe
WEATHER = b"text,label\nso warm,sunny\nso cold,rainy\nso damp,foggy\n"
WIDGETS = [row for row in SETTINGS.values() if row.choices or row.kind is not str]


@pytest.fixture
def page():
    return App()


@pytest.fixture(scope="module")
def new():
    """A tab that has just been opened, only to look at."""
    return App()


def weights(page):
    return page.session.state.parameters.theta.tobytes()


# What is there


@each_row("row", [row for row in WIDGETS if row.name != "task"])
def test_every_setting_has_its_widget_where_it_has_an_effect(new, row):
    if row.only:
        page = App(**{row.only[0]: str(row.needed[0])})
    else:  # The 58 phrases are no sample, and have no windows.
        task = next(name for name in TASKS if TASKS[name].reads(row.name))
        page = new if task == "sentiment" else App(task=task)
    widget = page.widget(row.name)
    assert (widget.help, widget.value) == (row.help, row.default)
    assert widget.label == row.label
    if row.choices:
        assert tuple(widget.options) == row.choices
    else:
        assert (widget.min, widget.max) == (row.low, row.high)


def test_a_link_with_constants_written_otherwise_is_not_started_again():
    page = App(cell="leaky", constants="a=1", hidden="2", epochs="5", epoch="3")
    assert page.session.run.position.epoch == 3
    assert "Started again" not in page.session.player.message


def test_the_numbers_in_the_equations_of_a_cell_have_their_boxes():
    page = App(cell="cornn", hidden="5", constants="dt=0.2")
    boxes = {w.key.split("_")[-1]: w for w in page.app.number_input if "constants_" in w.key}
    assert {name: box.value for name, box in boxes.items()} == {"dt": 0.2, "gamma": 1.3, "eps": 4.7}
    boxes["gamma"].set_value(2.5)
    page.run()
    assert page.session.config.constants == "dt=0.2, gamma=2.5"
    page.set("cell", "leaky")
    (share,) = (w for w in page.app.number_input if "constants_leaky_a" in w.key)
    share.set_value(0.0)
    page.run()
    assert "x has no effect" in page.app.error[0].value
    share.set_value(0.2)
    page.run()
    assert page.session.config.constants == ""
    assert page.session.state.parameters.architecture.cell.equations.constants == {"a": 0.2}


def test_every_chart_is_there_with_a_title_and_an_explanation_beside_the_settings(new):
    assert [header.value for header in new.app.sidebar.subheader] == ["Data", "Network", "Training"]
    assert not any("part_" in (w.key or "") for w in new.app.get("button_group"))
    assert new.places.keys() == new.charts.keys() == CHARTS
    for key, place in new.places.items():
        layout = new.chart(key)["layout"]
        assert layout["title"]["text"]
        assert place.get("height", layout["height"]) == layout["height"]
        assert len(place["text"].split()) >= 5


def test_a_page_opens_with_the_default_run_its_numbers_and_what_to_do(new):
    assert (new.session.config, new.session.phrase_input.phrase) == (RunConfig(), PHRASE)
    assert new.link == {}
    for shown in ("Paused", "0 of 1000", "0.6931", "loss", "accuracy", "%", "Press Play"):
        assert shown in new.text
    probe = new.session.inspect()
    assert f"{probe.verdict}  {probe.probability:.1%}" in new.text
    told = new.chart("curves")["layout"]["meta"]
    assert told["loss"]["guess"] == pytest.approx(0.6878, abs=1e-4)
    lines = [(line["name"], round(line["loss"], 3)) for line in told["baselines"]]
    assert lines == [("last word", 0.655), ("last 2 words", 0.185)]


def test_the_pictures_follow_the_theme(monkeypatch):
    colors = []
    for kind, palette in (("light", LIGHT), ("dark", DARK)):
        monkeypatch.setattr(type(st.context), "theme", SimpleNamespace(type=kind))
        colors.append(App().chart("curves")["layout"]["meta"]["theme"]["train"])
        assert colors[-1] == palette.train
    assert colors[0] != colors[1]


def test_a_chart_is_sent_again_when_it_has_changed(page):
    eye = Eye(page)
    assert page.sent(eye)["pictures"].keys() == CHARTS
    page.run()
    assert page.sent(eye)["pictures"] == {}
    page.click("step_epoch")
    assert page.sent(eye)["pictures"].keys() == CHARTS


def test_the_network_over_the_phrase_is_sent_only_when_it_is_in_sight(page):
    eye = Eye(page)
    eye.in_sight = {"curves"}
    assert page.sent(eye)["pictures"].keys() == {"curves"}
    eye.in_sight = {"curves", "network"}
    assert page.sent(eye)["pictures"].keys() == {"network"}
    series = page.chart("network")["data"]
    states = next(one["z"] for one in series if one["name"] == "h")
    assert states == pytest.approx(page.session.inspect().sequence_pass().states.T)


def test_the_page_opens_from_any_folder_and_names_the_wire_from_where_it_is(monkeypatch, tmp_path):
    """So it is found below any path: the server's own, or a proxy's."""
    monkeypatch.chdir(tmp_path)
    page = App()
    assert page.charts.keys() == CHARTS
    assert page.told("wire")["wire"] == "rnnviz/wire"
    assert page.told("bar")["script"].startswith("rnnviz/static/")


# The server


def test_a_run_that_is_no_longer_kept_begins_anew_with_the_address():
    page = App(hidden="4", epoch="2")
    actor = page.tab.actor
    actor.stop()
    until = time.monotonic() + 10
    while actor.alive and time.monotonic() < until:
        time.sleep(0.001)
    page.run()
    assert page.tab.actor is not actor
    assert (page.session.config.hidden, page.session.state.epoch) == (4, 2)
    assert page.widget("hidden").value == 4


def test_a_server_that_can_keep_no_more_runs_says_so(page, monkeypatch):
    monkeypatch.setattr(session_registry, "MOST_RUNS", len(session_registry.registry().actors))
    monkeypatch.setattr(Actor, "unwatched", 0.0)
    app = app_test().run()
    (box,) = app.error
    assert "Close a tab that you no longer need" in box.value
    assert not app.exception
    page.run()


# Reruns


def test_a_rerun_trains_nothing_and_replaces_no_chart_and_no_text(page):
    def ids():
        kinds = ("chart", "text", "bar", "time", "phrase", "wire")
        return {k: proto.id for kind in kinds for k, proto in page.components(kind).items()}

    page.click("play")
    before, components = weights(page), ids()
    page.run()
    page.run()
    assert (weights(page), page.session.state.epoch) == (before, 0)
    texts = {f"text_{name}" for name in ("status", "story", "message", "luck", "verdict")}
    assert components.keys() == CHARTS | texts | {"bar", "time", "phrase", "wire"}
    page.click("step_epoch")
    page.ask("not bad")
    assert ids() == components
    other = App()
    assert (page.session.state.epoch, other.session.state.epoch) == (1, 0)


# Buttons


def test_play_runs_and_pause_stops(page):
    for button, running, condition in (("play", True, "Running"), ("pause", False, "Paused")):
        page.click(button)
        assert page.session.player.running == page.frame["running"] == running
        assert condition in page.text


def test_steps_train_and_reset_goes_back_to_the_same_initial_weights(page):
    before = weights(page)
    page.click("step_epoch")
    assert page.session.state.epoch == 1
    assert "1 of 1000" in page.text
    assert page.series("curves")["train_loss"]["x"] == [0, 1]
    page.click("step_phrase")
    assert (page.session.state.epoch, page.session.state.offset) == (1, 1)
    assert "1 + 1/58 of 1000" in page.text
    assert "at 1" in page.text
    page.click("reset")
    assert weights(page) == before
    assert "0 of 1000" in page.text


def test_a_new_seed_is_another_run_with_its_own_link(page):
    before = weights(page)
    page.click("new_seed")
    assert page.session.config.seed == page.widget("seed").value == 1
    assert page.link == {"seed": "1"}
    assert weights(page) != before
    assert "because Seed changed" in page.text
    page = App(seed=str(2**31 - 1))
    page.click("new_seed")
    assert page.session.config.seed in (0, 1)


def test_every_speed_can_be_chosen_and_a_step_is_called_by_what_it_takes(page):
    for speed in SPEEDS:
        page.say("speed", epochs=speed)
        assert page.session.player.speed == page.frame["speed"] == speed
    for batch, step in ((8, "batch"), (1, "phrase")):
        page.set("batch", batch)
        assert page.frame["sequence"] == step
    assert page.session.player.speed == SPEEDS[-1]


def test_a_finished_run_says_so_and_more_epochs_let_it_go_on():
    page = App(epochs="1")
    page.click("step_epoch")
    assert "Finished. Drag" in page.text
    assert page.frame["over"]
    page.session.player.message = f"Opened. {page.session.player.message}"
    assert "100 more epochs" in pair_texts(page.pair)["message"]
    page.say("seek", epoch=0)
    assert not page.frame["over"]
    page.click("play")
    assert "Replaying" in page.text
    page.click("back_to_now")
    page.set("epochs", 2)
    page.click("step_epoch")
    assert page.session.state.epoch == 2


# Settings


def test_other_hidden_units_start_again_and_another_learning_rate_does_not(page):
    page.click("step_epoch")
    before = weights(page)
    page.set("lr", 0.5)
    assert (weights(page), page.session.config.lr) == (before, 0.5)
    assert page.chart("curves")["layout"]["meta"]["changes"] == [1]
    page.set("hidden", 7)
    assert page.session.state.epoch == 0
    assert page.session.state.parameters["W_hh"].shape == (7, 7)
    assert "Started again at epoch 0, because Hidden units changed." in page.text


def test_a_widget_sets_its_setting_and_its_part_of_the_link(page):
    link = {}
    for name, value in {
        "init_scale": 0.1, "clip": 2.0, "clip_by": "norm", "gradient": "notebook"
    }.items():  # fmt: skip
        page.set(name, value)
        page.run()
        link[name] = str(value)
        assert page.session.config.as_dict()[name] == value
        assert page.link == link


# Links


def test_a_copied_link_reproduces_the_run():
    page = App(lr="0.5", hidden="8", init_scale="0.1", gradient="notebook", phrase="not bad")
    assert page.session.config == RunConfig(lr=0.5, hidden=8, init_scale=0.1, gradient="notebook")
    assert page.widget("hidden").value == 8
    assert page.frame["typed"] == page.session.phrase_input.phrase == "not bad"
    assert "In the link" not in page.text
    page.ask("<b>this</b> is not bad & 😀")
    page.click("step_epoch")
    assert page.link["epoch"] == "1"
    copy = App(**page.link)
    assert weights(copy) == weights(page)
    probe = copy.session.inspect()
    assert probe.reading.text == page.session.phrase_input.phrase
    assert probe.probability > 0.51
    assert f"{probe.verdict}  {probe.probability:.1%}; not in the vocabulary: " in copy.text
    assert copy.link == page.link


@each_row(
    "link",
    [
        {"lr": "1e-05", "init_scale": "1e-06", "clip": "0.0001", "hidden": "1", "epochs": "0"},
        {"lr": "100.0", "init_scale": "2.0", "clip": "1000.0", "hidden": "256"},
        {"lr": "0.1234567890123", "seed": "2147483647", "epochs": "100000"},
    ],
    ids=["lowest", "highest", "long"],
)
def test_extreme_links_survive_the_widgets(link):
    page = App(**link)
    page.run()
    assert (page.session.config, []) == RunConfig.from_query(link)
    assert page.link == link
    assert "In the link" not in page.text


@each_row(
    ("name", "value"),
    [("hidden", "9999"), ("lr", "fast"), ("gradient", "<b>"), ("epochs", ""), ("seed", "1.5")],
)
def test_a_bad_value_in_a_link_gets_a_sentence_and_the_default(name, value):
    page = App(**{name: value, "clip": "2.0", "colour": "red", "speed": "9", "train_csv": "y"})
    assert page.session.config == RunConfig(clip=2.0)
    assert f"In the link: {SETTINGS[name].label} ({name}) can't be '{value}'" in page.text
    assert page.text.count("can't be") == 1
    assert page.link == {"clip": "2.0"}


@each_row(
    ("link", "said"),
    [
        ({"epoch": "abc"}, "In the link: "),
        ({"changes": "5:foo=1,9:lr=x"}, "In the link: "),
        ({"ghost": "5:3"}, "In the link: "),
        ({"epoch": "1e9"}, "In the link: "),
        ({"now": "x", "epoch": "-1"}, "In the link: "),
        ({"phrase": "bad " * 10_000}, "has 10,000 words; the most that can be read is 200"),
        ({"phrase": "<i>great</i>"}, "None of these words is in the vocabulary"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_link_that_can_not_be_followed_gets_sentences(link, said):
    page = App(hidden="2", epochs="10", **link)
    assert said in page.text
    assert page.session.phrase_input.phrase == PHRASE
    assert any(word in page.text for word in ("Press Play", "Finished", "Opened"))


# The phrase


@each_row("phrase", ["this is not bad", "bad", "bad " * 199 + "bad"], ids=len)
def test_every_picture_follows_the_phrase_and_stays_where_it_can_not_be_read(page, phrase):
    page.ask(phrase)
    page.click("step_phrase")
    assert page.link["phrase"] == phrase
    before, words = page.charts, phrase.split()
    assert page.chart("network")["layout"]["meta"]["words"] == words
    assert len(page.series("network")["gradient"]["y"]) == len(words)
    assert page.chart("curves")["layout"]["meta"]["map"]["words"] == words
    for unread, said in (
        ("   ", "The phrase is empty"),
        ("<script>alert(1)</script>", "None of these words is in the vocabulary"),
        ("b" * 2_001, "The phrase has 2,001 characters"),
    ):
        page.ask(unread)
        assert said in page.text
        told = [charts["network"]["figure"]["data"] for charts in (page.charts, before)]
        assert told[0] == told[1]
    page.click("reset")


@each_row("word", ["<b>so</b>", "<img/src=x>", "$x$", "**so**", "😀", "&lt;b"])
def test_unknown_words_are_named_as_typed(page, word):
    page.ask(f"{word} bad")
    assert f"not in the vocabulary: {word} (skipped" in page.text
    for body in page.bodies.values():
        assert "<b>so" not in body
        assert "<img" not in body


@each_row(
    ("task", "noun", "answer"),
    [
        ("sentiment", "phrase", "verdict"),
        ("translation", "phrase", "answer"),
        ("parity", "sequence", ""),
        ("flipflop", "sequence", ""),
        ("characters", "sequence", "answer"),
    ],
)
def test_what_is_typed_and_what_is_answered_are_called_by_their_names(task, noun, answer):
    page = App(task=task, hidden="4", epoch="0")
    assert page.told("phrase")["label"] == noun.capitalize()
    assert page.frame["sequence"] == noun
    if answer:
        page.ask(f"{page.session.first_phrase} #")
        assert "(skipped)" in page.text
        assert answer.capitalize() in page.text


def test_gates_and_layers_can_be_looked_at():
    page = App(cell="lstm", layers="2", hidden="4")
    for name in ("c", "i", "f", "g", "o", "h"):
        page.set("part_lstm", name)
        assert page.chart("network")["layout"]["meta"]["part"] == name
        assert ("cells" in page.series("network")) == (name != "h")
    for layer in (1, 2):
        page.set("layer_2", layer)
        expected = page.session.inspect().unrolled(layer - 1).h.T
        np.testing.assert_allclose(page.series("network")["h"]["z"], expected, atol=1e-6)


# Other data


def test_an_uploaded_file_is_learned_until_the_tasks_data_come_back(page):
    page.upload("train_csv", "weather.csv", WEATHER)
    assert page.session.dataset.name == "sentiment"
    page.set("test_share", 0.0)
    assert "3 sequences to train, 0 to test" in page.text
    assert "Classes (train + test): foggy (1 + 0), rainy (1 + 0), sunny (1 + 0)" in page.text
    page.upload("test_csv", "test.csv", b"text,label\nso very warm,sunny\n")
    page.click("learn")
    assert page.session.dataset.classes == ("foggy", "rainy", "sunny")
    for said in (
        "Words only in the test: 1 (very)",
        "skipped: very",
        "3 training and 1 test sequences, 4 words, 3 classes",
        "Started again at epoch 0, with the data weather.csv.",
    ):
        assert said in page.text
    assert page.frame["typed"] == page.session.phrase_input.phrase == "so very warm"
    assert page.session.inspect().verdict in page.text
    guess = page.chart("curves")["layout"]["meta"]["loss"]["guess"]
    assert guess == pytest.approx(math.log(3))
    assert page.widget("own_task").value == "Own data: weather.csv"
    assert page.widget("task") is None
    del page.app.session_state["chosen_train_csv"]
    page.click("play")
    page.session.player.tick(1.0)
    assert "Running" in page.text
    assert "1 of 1000" in page.text
    page.click("pause")
    again = App(**page.link)
    assert (again.session.dataset.name, weights(again)) == ("weather.csv", weights(page))
    assert "only while this server runs" in again.text
    page.click("leave_data")
    assert page.session.run.examples == 58
    assert page.widget("task").value == "sentiment"


def test_a_text_is_learned_token_by_token_in_pieces_that_can_be_chosen(page):
    page.app.text_area(key="pasted").set_value("the cat sat on the mat. " * 20)
    page.run()
    assert "To learn: what comes next, in characters" in page.text
    page.click("learn")
    assert page.session.dataset.name == "pasted text"
    loss = page.session.run.history.row(0)["train_loss"]
    assert f"perplexity train {math.exp(loss):.2f}, test" in page.text
    page.click("step_epoch")
    assert page.session.state.epoch == 1
    page.upload("train_csv", "weather.csv", WEATHER)
    assert page.widget("own_window") is None
    assert page.widget("unit_choice_label").value == Unit.WORDS
    page.set("unit_choice_label", Unit.CHARACTERS)
    assert "in characters" in page.text
    page.click("learn")
    assert page.session.dataset.vocabulary.characters
    page.upload("train_csv", "long.txt", b"abcde" * 100)
    page.set("test_share", 0.0)
    page.set("own_window", 500)
    page.click("learn")
    (example,) = page.session.dataset.train
    assert len(example.inputs) == 499
    assert "the longest sequence has 499" in page.text


def places(page):
    """The files and the warnings of the place for own data, in their order."""
    files = {proto.id: key for key, proto in page.components("file").items()}
    elements = (node for node in page.app.sidebar if node.type in ("bidi_component", "warning"))
    texts = [
        node.value if node.type == "warning" else files.get(node.proto.id) for node in elements
    ]
    return [text.replace("\\", "") for text in texts if text]


def test_what_is_wrong_with_a_file_stands_right_below_it_and_leaves_the_run(page):
    page.click("step_epoch")
    before = weights(page)
    moody, one = b"text,mood\nso warm,sunny\n", b"text,label\nso warm,sunny\n"
    for content, problem in ((one, "at least two classes"), (b"", "is empty")):
        page.upload("train_csv", "bad.csv", content)
        train, said, test = places(page)
        assert (train, test) == ("train_csv", "test_csv")
        assert problem in said
    assert (weights(page), page.session.state.epoch) == (before, 1)
    page.upload("train_csv", "weather.csv", WEATHER)
    page.upload("test_csv", "weather.csv", moody)
    assert "has no column label" in places(page)[2]


def test_the_lag_is_no_choice_where_the_readers_own_data_are_learned():
    page = App(task="recall", lag="7")
    assert page.widget("lag")
    page.learn("weather.csv", WEATHER)
    page.click("step_epoch")
    assert page.widget("lag") is None
    assert (page.session.state.epoch, page.session.config.lag) == (1, 7)


def test_another_seed_leaves_data_near_the_limit_readable(page):
    lines = [f"so w{2 * i} w{2 * i + 1},{'ab'[i % 2]}" for i in range(2_499)]
    page.learn("large.csv", "\n".join(["text,label", *lines]).encode(), share=0.5)
    page.click("new_seed")
    assert page.session.dataset.name == "large.csv"


def test_signs_of_a_file_are_shown_as_typed(page):
    page.upload("train_csv", "<b>$a$.csv", b"text,label\n*so* $x$,*a* $b$\nwe,*a* $b$\n")
    (warning,) = page.app.warning
    assert "all have the label '*a* $b$'" in page.text
    assert re.search(r"(?<!\\)[*$<>`\[\]]", warning.value) is None
    page.learn("signs.csv", b"text,label\n<i>so</i> $x$,a\ncold,b<i>\n")
    page.ask("<i>so</i> $x$")
    assert page.chart("network")["layout"]["meta"]["words"] == ["<i>so</i>", "$x$"]
    page.choose("Question", TrainQuestion.WRONG)
    assert "“b&lt;i&gt;”" in page.chart("answers")["layout"]["title"]["text"]
    texts = [text for rows in page.chart("list")["data"] for text in rows["cells"]["values"][1]]
    assert "&lt;i&gt;so&lt;/i&gt; $x$" in texts
    page.choose("Question", TrainQuestion.LEARN)
    page.learn("loose.csv", f'text,label\n"warm{" ," * 300}",1\ncold,0\n'.encode())
    assert page.session.run.examples == 2


# Tasks and presets


@each_row("task", TaskName)
def test_choosing_a_task_takes_its_first_preset_and_a_phrase_of_its_own(page, task):
    page.set("task", "sentiment")
    page.ask("not bad")
    page.set("task", task)
    preset, phrase = PRESETS[task][0], page.session.phrase_input
    assert page.session.config == preset.config()
    assert page.session.config.task is task
    assert TASKS[task].teaches in page.text
    expected = "not bad" if task is TaskName.SENTIMENT else TASKS[task].probe
    assert phrase.phrase == page.frame["typed"] == (expected or page.session.first_phrase)
    assert not phrase.problem
    page.ask(page.session.dataset.train[0].text)
    assert phrase.phrase == page.session.dataset.train[0].text
    page.click("step_phrase")
    page.run()
    assert page.session.player.position.offset > 0 or page.session.player.position.epoch == 1
    assert page.charts.keys() >= CHARTS
    for preset in PRESETS[task]:
        button = page.app.button(key=f"preset_{task}_{preset.label}")
        assert (preset.promise in button.label, button.help) == (True, preset.look)
        chosen = page.session.config == preset.config()
        assert button.label.startswith("✓") == chosen
        if not chosen:
            page.click(button.key)
        assert page.session.config == preset.config()


def test_what_is_no_dial_is_folded_and_its_changes_are_counted(page):
    folded = {
        w.key
        for kind in ("number_input", "slider", "button_group")
        for w in page.app.sidebar.expander[0].get(kind)
    }
    assert folded == {
        row.name
        for row in SETTINGS.values()
        if (not row.dial and row.only is None and TASKS["sentiment"].reads(row.name))
        or row.name in ("activation", "init_scale", "recurrent_dropout", "clip")
    }
    page.set("batch", 4)
    page.set("seed", 3)
    said = re.search(r"(\d+) of (\d+) settings differ from the default: (.*)\.", page.text)
    names = said[3].split(", ")
    assert (int(said[1]), int(said[2])) == (len(names), len(SETTINGS) - 1)
    assert {"Seed", "Batch size"} <= {*names}


# The time machine


@pytest.fixture
def trained():
    return App(hidden="4", init_scale="0.1", epoch="9")


def test_the_numbers_and_the_link_are_those_of_the_epoch_shown(trained):
    assert not trained.frame["looking_back"]
    trained.say("seek", epoch=4)
    assert trained.frame["looking_back"]
    row = trained.session.run.history.row(4)
    losses, metrics = (
        [row[f"{role}_{score}"] for role in ("train", "test")] for score in ("loss", "metric")
    )
    for shown in (
        "Looking back",
        "4 of 1000",
        f"train  {losses[0]:.4f}  {metrics[0]:.1%}",
        f"test  {losses[1]:.4f}  {metrics[1]:.1%}",
    ):
        assert shown in trained.text
    checksum = str(Checksum.of(trained.session.run))
    assert trained.link == {
        "hidden": "4", "init_scale": "0.1", "epoch": "4", "now": "9", "checksum": checksum,
    }  # fmt: skip
    trained.click("step_epoch")
    assert trained.session.player.position == Position(5)
    trained.click("step_phrase")
    assert trained.session.player.progress == "5 + 1/58"
    trained.click("back_to_now")
    assert trained.link == {
        "hidden": "4", "init_scale": "0.1", "epoch": "9", "checksum": checksum,
    }  # fmt: skip
    trained.say("seek", epoch=10**9)
    assert (trained.session.player.progress, trained.frame["looking_back"]) == ("9", False)


def test_a_branch_with_another_rate_is_in_the_link_and_opens_elsewhere(trained):
    trained.say("seek", epoch=4)
    trained.click("branch")
    trained.set("lr", 0.5)
    trained.click("step_epoch")
    assert (trained.link["ghost"], trained.link["changes"]) == ("4:9", "4:lr=0.5")
    copy = App(**trained.link)
    assert weights(copy) == weights(trained)
    assert copy.link == trained.link
    assert copy.widget("lr").value == 0.5
    curves = [page.series("curves").keys() for page in (copy, trained)]
    assert curves[0] == curves[1]
    assert curves[0] >= {"train_loss", "old train_loss", "old test_metric"}


def test_a_tab_that_moves_to_another_run_while_its_page_is_made_keeps_that_runs_settings():
    """A reload: Streamlit cuts the script short that shows the link, and the tab's run is back."""
    first, again = App(hidden="2"), App(hidden="2")
    first.set("lr", 0.05)
    registry = session_registry.registry()
    again.tab.config = None  # the script had not come to its end
    assert registry.connect(again.tab.ticket, first.tab.actor.run_id, "")[1]
    again.run()
    assert again.session is first.session
    assert again.session.config.lr == again.widget("lr").value == 0.05
