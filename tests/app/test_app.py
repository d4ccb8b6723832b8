"""The page without a browser: what it shows, and what its widgets do."""

import json
import re
import time

import pytest

from rnnviz.analysis.gradients import Objective
from rnnviz.app import tab_registry as hub_module
from rnnviz.app.actor import Actor
from rnnviz.config import GROUPS, SETTINGS, RunConfig, TaskName
from rnnviz.presets import PRESETS
from rnnviz.tasks.registry import TASKS
from rnnviz.tasks.vocabulary import Unit
from rnnviz.training.player import SPEEDS
from rnnviz.training.schedule import Position
from tests.app.tab import App, Eye, app_test
from tests.sampling import each_row

CHARTS = {"loss", "metric", "map", "states", "margin", "flow", "recurrent", "norms"}
PHRASE = TASKS["sentiment"].probe
WEATHER = b"text,label\nso warm,sunny\nso cold,rainy\n"


@pytest.fixture
def open_page():
    """Opens a tab at a link."""

    def open_page(**link):
        return App(link)

    return open_page


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture(scope="module")
def new():
    """A tab that has just been opened, only to look at."""
    return App({})


def wait_for(condition):
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:
        time.sleep(0.001)
    assert condition()


def weights(page):
    return page.session.state.parameters.theta.tobytes()


# What is there


def test_the_settings_stand_in_the_sidebar_by_group(new):
    assert [header.value for header in new.app.sidebar.subheader] == list(GROUPS)


@each_row("row", [row for row in SETTINGS.values() if row.name != "task"])
def test_every_setting_has_its_widget_where_it_has_an_effect(new, open_page, row):
    page = open_page(**{row.only[0]: row.only[1][0].value}) if row.only else new
    widget = page.widget(row.name)
    assert (widget.label, widget.help, widget.value) == (row.label, row.help, row.default)
    if row.choices:
        assert tuple(widget.options) == row.choices
    else:
        assert (widget.min, widget.max) == (row.low, row.high)


def test_every_chart_is_there_with_a_title_and_an_explanation(new):
    assert new.places.keys() == new.charts.keys() == CHARTS
    for key, place in new.places.items():
        layout = new.chart(key)["layout"]
        assert layout["title"]["text"]
        assert layout["height"] == place["height"]
        assert len(place["text"].split()) >= 5


def test_a_chart_is_sent_again_when_it_has_changed(page):
    eye = Eye(page)
    assert page.sent(eye)["pictures"].keys() == CHARTS
    page.run()
    assert page.sent(eye)["pictures"] == {}
    page.click("step_epoch")
    assert page.sent(eye)["pictures"].keys() == CHARTS


def test_the_numbers_of_the_run_are_in_sight(new):
    for shown in ("Paused", "0 of 1000", "0.6931", "loss", "accuracy", "%"):
        assert shown in new.text


def test_a_page_opens_with_the_default_run(new):
    assert new.session.config == RunConfig()
    assert new.session.phrase_input.phrase == PHRASE
    assert new.link == {}


def test_a_new_page_says_what_to_do(new):
    assert "Press Play" in new.text


def test_the_page_opens_from_any_folder(open_page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert open_page().charts.keys() == CHARTS


# The server


def test_the_wire_and_the_scripts_are_named_from_where_the_page_is(page):
    """So they are found below any path: the server's own, or a proxy's."""
    assert page.told("wire")["wire"] == "rnnviz/wire"
    assert page.told("bar")["script"].startswith("rnnviz/static/")


def test_a_run_that_is_no_longer_kept_begins_anew_with_the_address(open_page):
    page = open_page(hidden="4", epoch="2")
    actor = page.seat.actor
    actor.stop()
    wait_for(lambda: not actor.alive)
    page.run()
    assert page.seat.actor is not actor
    assert (page.session.config.hidden, page.session.state.epoch) == (4, 2)
    assert page.widget("hidden").value == 4


def test_a_server_that_can_keep_no_more_runs_says_so(page, monkeypatch):
    monkeypatch.setattr(hub_module, "MOST_RUNS", len(hub_module.registry().actors))
    monkeypatch.setattr(Actor, "unwatched", 0.0)
    app = app_test().run()
    (box,) = app.error
    assert "Close a tab that you no longer need" in box.value
    assert not app.exception
    page.run()


# Reruns


@pytest.mark.parametrize("play", [False, True], ids=["paused", "running"])
def test_a_rerun_never_trains(page, play):
    if play:
        page.click("play")
    before = weights(page)
    for _ in range(3):
        page.run()
    assert weights(page) == before
    assert page.session.state.epoch == 0


def test_a_rerun_replaces_no_chart_and_no_text(page):
    def ids():
        kinds = ("chart", "text", "bar", "phrase", "wire")
        every = (page.components(kind) for kind in kinds)
        return {key: proto.id for found in every for key, proto in found.items()}

    before = ids()
    texts = {"text_status", "text_verdict", "text_badge"}
    assert before.keys() == CHARTS | texts | {"bar", "phrase", "wire"}
    page.click("step_epoch")
    page.ask("not bad")
    assert ids() == before


def test_two_tabs_are_two_runs(open_page):
    one, other = open_page(), open_page()
    one.click("step_epoch")
    other.run()
    assert one.session.state.epoch == 1
    assert other.session.state.epoch == 0


# Buttons


def test_play_runs_and_pause_stops(page):
    page.click("play")
    assert page.session.player.running
    assert page.frame["running"]
    assert "Running" in page.text
    page.click("pause")
    assert not page.session.player.running
    assert not page.frame["running"]
    assert "Paused" in page.text


def test_step_epoch_trains_one_epoch_and_draws_it(page):
    page.click("step_epoch")
    assert page.session.state.epoch == 1
    assert "1 of 1000" in page.text
    assert page.chart("loss")["data"][0]["x"] == [0, 1]


def test_step_phrase_takes_one_step(page):
    page.click("step_phrase")
    assert (page.session.state.epoch, page.session.state.offset) == (0, 1)
    assert "0 + 1/58 of 1000" in page.text


def test_reset_goes_back_to_the_same_initial_weights(page):
    before = weights(page)
    page.click("step_epoch")
    page.click("reset")
    assert weights(page) == before
    assert "0 of 1000" in page.text


def test_a_new_seed_is_another_run_with_its_own_link(page):
    before = weights(page)
    page.click("new_seed")
    assert page.session.config.seed == 1
    assert page.widget("seed").value == 1
    assert page.link == {"seed": "1"}
    assert weights(page) != before
    assert "because Seed changed" in page.text


def test_after_the_last_seed_comes_the_first(open_page):
    page = open_page(seed=str(2**31 - 1))
    page.click("new_seed")
    assert page.session.config.seed in (0, 1)


@each_row("speed", SPEEDS)
def test_every_speed_can_be_chosen(page, speed):
    page.say("speed", epochs=speed)
    page.set("batch", 8)
    assert page.session.player.speed == page.frame["speed"] == speed


def test_a_step_is_called_by_what_it_takes(page):
    for batch, step in ((8, "batch"), (1, "phrase")):
        page.set("batch", batch)
        assert page.frame["sequence"] == step


def test_a_finished_run_says_so_and_offers_no_more_steps(open_page):
    page = open_page(epochs="1")
    page.click("step_epoch")
    assert "Finished: 1 of 1 epochs done" in page.text
    assert page.frame["over"]
    page.say("seek", epoch=0)
    assert not page.frame["over"]
    page.click("play")
    assert "Replaying" in page.text


def test_more_epochs_let_a_finished_run_go_on(open_page):
    page = open_page(epochs="1")
    page.click("step_epoch")
    page.set("epochs", 2)
    page.click("step_epoch")
    assert page.session.state.epoch == 2


# Settings


def test_changing_hidden_units_starts_again_and_says_so(page):
    page.click("step_epoch")
    page.set("hidden", 7)
    assert page.session.state.epoch == 0
    assert page.session.state.parameters["W_hh"].shape == (7, 7)
    assert "Started again at epoch 0, because Hidden units changed." in page.text


def test_changing_the_learning_rate_keeps_the_weights_and_is_marked(page):
    page.click("step_epoch")
    before = weights(page)
    page.set("lr", 0.5)
    assert weights(page) == before
    assert page.session.config.lr == 0.5
    assert "Learning rate 0.5" in json.dumps(page.chart("loss")["layout"]["annotations"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("init_scale", 0.1), ("clip", 2.0), ("clip_by", "norm"), ("gradient", "notebook")],
)
def test_a_widget_sets_its_setting_and_its_part_of_the_link(page, name, value):
    page.set(name, value)
    assert page.session.config.as_dict()[name] == value
    assert page.link == {name: str(value)}
    page.run()
    assert page.session.config.as_dict()[name] == value


def test_too_large_steps_are_explained_on_the_page(open_page):
    page = open_page(lr="10")
    page.session.player.advance(1000)
    page.run()
    assert "the loss is no longer a finite number" in page.text
    assert "Try a learning rate of 0.02" in page.text


# Links


def test_a_link_sets_the_run_and_the_phrase(open_page):
    page = open_page(lr="0.5", hidden="8", gradient="notebook", phrase="not bad")
    assert page.session.config == RunConfig(lr=0.5, hidden=8, gradient="notebook")
    assert page.widget("hidden").value == 8
    assert page.frame["typed"] == "not bad"
    assert page.session.phrase_input.phrase == "not bad"
    assert "In the link" not in page.text


def test_a_copied_link_reproduces_the_run(open_page):
    page = open_page()
    page.set("hidden", 8)
    page.set("init_scale", 0.1)
    page.ask("<b>this</b> is not bad & 😀")
    page.click("step_epoch")
    assert page.link["epoch"] == "1"
    copy = open_page(**page.link)
    assert weights(copy) == weights(page)
    assert copy.session.phrase_input.phrase == page.session.phrase_input.phrase
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
def test_extreme_links_survive_the_widgets(open_page, link):
    page = open_page(**link)
    page.run()
    assert (page.session.config, []) == RunConfig.from_query(link)
    assert page.link == link
    assert "In the link" not in page.text


@each_row(
    ("name", "value"),
    [("hidden", "9999"), ("lr", "fast"), ("gradient", "<b>"), ("epochs", ""), ("seed", "1.5")],
)
def test_a_bad_value_in_a_link_gets_a_sentence_and_the_default(open_page, name, value):
    page = open_page(**{name: value, "clip": "2.0"})
    assert page.session.config == RunConfig(clip=2.0)
    assert f"In the link: {SETTINGS[name].label} ({name}) can't be '{value}'" in page.text
    assert page.link == {"clip": "2.0"}


def test_what_a_link_has_besides_is_ignored(open_page):
    page = open_page(colour="red", session="x", speed="9", train_csv="y")
    assert page.session.config == RunConfig()
    assert "In the link" not in page.text


def test_a_phrase_in_a_link_may_be_too_long(open_page):
    page = open_page(phrase="bad " * 10_000)
    assert "The phrase has 10,000 words; the most that can be read is 200" in page.text
    assert page.session.phrase_input.phrase == PHRASE


# The phrase


def test_every_picture_follows_the_phrase(page):
    page.ask("this is not bad")
    for key in ("states", "margin", "flow"):
        assert page.chart(key)["layout"]["xaxis"]["ticktext"] == ["this", "is", "not", "bad"]
    assert page.link == {"phrase": "this is not bad"}


def test_the_verdict_stands_with_its_probability(new):
    probe = new.session.inspect()
    assert probe.verdict in new.text
    assert f"{probe.probability:.1%}" in new.text


def test_unknown_words_are_named_as_skipped(page):
    page.ask("this is great")
    assert "not in the vocabulary: great" in page.text
    assert "skipped" in page.text


@each_row("count", [1, 200])
def test_a_phrase_may_be_as_short_as_one_word_and_as_long_as_200(page, count):
    page.ask("bad " * count)
    assert len(page.chart("margin")["data"][0]["x"]) == count
    page.click("step_epoch")
    assert page.session.state.epoch == 1
    page.click("reset")


@each_row(
    ("phrase", "said"),
    [
        ("", "The phrase is empty"),
        ("   ", "The phrase is empty"),
        ("great", "None of these words is in the vocabulary"),
        ("😀", "None of these words is in the vocabulary"),
        ("<script>alert(1)</script>", "None of these words is in the vocabulary"),
        ("bad " * 201, "The phrase has 201 words"),
        ("b" * 2_001, "The phrase has 2,001 characters"),
    ],
    ids=lambda value: value[:20],
)
def test_a_phrase_that_cannot_be_read_gets_a_sentence(page, phrase, said):
    page.ask(phrase)
    assert said in page.text
    assert page.chart("states")["layout"]["xaxis"]["ticktext"] == PHRASE.split()
    page.ask(PHRASE)
    assert said not in page.text


@each_row("word", ["<b>so</b>", "<img/src=x>", "$x$", "**so**", "😀", "&lt;b"])
def test_signs_are_shown_as_typed(page, word):
    page.ask(f"{word} bad")
    assert f"not in the vocabulary: {word}" in page.text
    for body in page.bodies.values():
        assert "<b>so" not in body
        assert "<img" not in body


def test_a_link_with_an_unreadable_phrase_gets_a_sentence(open_page):
    page = open_page(phrase="<i>great</i>")
    assert "None of these words is in the vocabulary" in page.text
    assert page.session.phrase_input.phrase == PHRASE


@pytest.mark.parametrize("task", ["sentiment", "translation", "parity", "flipflop"])
def test_what_is_typed_is_what_a_step_takes(open_page, task):
    page = open_page(task=task, hidden="4", epoch="0")
    noun = "phrase" if task in ("sentiment", "translation") else "sequence"
    assert page.told("phrase")["label"] == noun.capitalize()
    assert page.frame["sequence"] == noun
    assert f"on this {noun}" in page.widget("check").help


@pytest.mark.parametrize(
    ("task", "said"),
    [("sentiment", "skipped: the verdict is"), ("characters", "skipped: the answer is")],
)
def test_what_is_skipped_is_told_in_the_word_of_the_heading(open_page, task, said):
    page = open_page(task=task, hidden="4", epoch="0", phrase="not bad #")
    page.ask("not bad great #")
    assert said in page.text
    assert said.split()[2].capitalize() in page.text


def test_the_gradient_of_the_margin_can_be_chosen(page):
    assert "dL/dh" in page.chart("flow")["layout"]["yaxis"]["title"]["text"]
    page.set("objective", Objective.MARGIN)
    assert "dm/dh" in page.chart("flow")["layout"]["yaxis"]["title"]["text"]


# Other data


def test_an_uploaded_file_is_learned(page):
    page.upload("train_csv", "weather.csv", WEATHER)
    assert page.session.dataset.name == "sentiment"
    page.set("test_share", 0.0)
    assert "2 sequences to train, 0 to test" in page.text
    assert "Classes (train + test): rainy (1 + 0), sunny (1 + 0)" in page.text
    page.click("learn")
    assert page.session.dataset.classes == ("rainy", "sunny")
    assert "Started again at epoch 0, with the data weather.csv." in page.text
    assert "2 training and 0 test sequences" in page.text
    page.click("step_epoch")
    assert page.session.state.epoch == 1


def test_skipped_words_of_a_test_file_are_told(page):
    page.upload("train_csv", "weather.csv", WEATHER)
    page.upload("test_csv", "test.csv", b"text,label\nso very warm,sunny\n")
    assert "Unknown in the test: 1 (very)" in page.text
    page.click("learn")
    assert "skipped: very" in page.text
    assert "2 training and 1 test sequences" in page.text


def test_three_classes_can_be_learned(page):
    page.learn("three.csv", WEATHER + b"so damp,foggy\n")
    page.ask("so damp")
    page.click("step_epoch")
    assert "ln 3 = 1.099" in json.dumps(page.chart("loss")["layout"]["annotations"])
    assert page.session.inspect().verdict in page.text


def test_a_run_on_an_uploaded_file_can_be_played(page):
    page.learn("weather.csv", WEATHER)
    page.click("play")
    page.session.player.tick(1.0)
    assert "Running" in page.text
    assert "1 of 1000" in page.text


def test_a_bad_file_gets_a_sentence_and_leaves_the_run(page):
    page.click("step_epoch")
    before = weights(page)
    page.upload("train_csv", "bad.csv", b"text,mood\nso warm,sunny\n")
    assert "bad.csv: has no column label" in page.text
    assert weights(page) == before
    assert page.session.state.epoch == 1


def places(page):
    """The files and the warnings of the place for own data, in their order."""
    elements = (node for node in page.app.sidebar if node.type in ("file_uploader", "warning"))
    return [node.key if node.type == "file_uploader" else node.value for node in elements]


def test_what_is_wrong_with_a_file_stands_right_below_it(page):
    page.upload("train_csv", "bad.csv", b"text,label\nso warm,sunny\n")
    train, problem, test = places(page)
    assert (train, test) == ("train_csv", "test_csv")
    assert "at least two classes" in problem
    page.upload("train_csv", "bad.csv", b"text,mood\nso warm,sunny\n")
    assert "has no column label" in places(page)[1].replace("\\", "")
    page.upload("train_csv", "weather.csv", WEATHER)
    page.upload("test_csv", "weather.csv", b"text,mood\nso warm,sunny\n")
    train, test, problem = places(page)
    assert "has no column label" in problem.replace("\\", "")


def test_the_data_stay_when_the_file_is_taken_away_until_the_tasks_come_back(page):
    page.learn("weather.csv", WEATHER)
    page.app.file_uploader(key="train_csv").set_value(None)
    page.run()
    assert page.session.run.examples == 2
    page.click("leave_data")
    assert page.session.run.examples == 58


def test_a_reload_finds_the_data_again(page, open_page):
    page.learn("weather.csv", WEATHER)
    page.click("step_epoch")
    again = open_page(**page.link)
    assert again.session.dataset.name == "weather.csv"
    assert weights(again) == weights(page)
    assert "only as long as this server runs" in again.text


def test_a_pasted_text_is_learned_token_by_token(page):
    page.app.text_area(key="pasted").set_value("the cat sat on the mat. " * 20)
    page.run()
    assert "Learned: what comes next, in characters" in page.text
    page.click("learn")
    assert page.session.dataset.name == "pasted text"
    assert "perplexity train" in page.text
    page.click("step_epoch")
    assert page.session.state.epoch == 1


def test_the_pieces_of_a_text_can_be_chosen_where_one_is_learned(page):
    page.upload("train_csv", "weather.csv", WEATHER)
    assert not page.has("window")
    page.upload("train_csv", "long.txt", b"abcde" * 100)
    page.set("test_share", 0.0)
    page.set("window", 500)
    page.click("learn")
    (example,) = page.session.dataset.train
    assert len(example.inputs) == 499
    assert "the longest sequence has 499" in page.text


def test_the_lag_is_no_choice_where_the_readers_own_data_are_learned(open_page):
    page = open_page(task="recall", lag="7")
    assert page.has("lag")
    page.learn("weather.csv", WEATHER)
    page.click("step_epoch")
    assert not page.has("lag")
    assert (page.session.state.epoch, page.session.config.lag) == (1, 7)


def test_another_seed_leaves_data_near_the_limit_readable(page):
    lines = [f"so w{2 * i} w{2 * i + 1},{'ab'[i % 2]}" for i in range(2_499)]
    page.learn("large.csv", "\n".join(["text,label", *lines]).encode(), share=0.5)
    page.click("new_seed")
    assert page.session.dataset.name == "large.csv"
    assert not page.app.exception


def test_the_readers_own_data_are_called_so_in_place_of_the_task(page):
    page.learn("weather.csv", WEATHER)
    assert page.widget("own_task").value == "Own data: weather.csv"
    assert not page.has("task")
    page.click("leave_data")
    assert page.widget("task").value == "sentiment"


def test_words_or_characters_can_be_chosen(page):
    page.upload("train_csv", "weather.csv", WEATHER)
    page.set("unit_choice", Unit.CHARACTERS)
    assert "in characters" in page.text
    page.click("learn")
    assert page.session.dataset.vocabulary.characters


def test_signs_of_a_file_are_shown_as_typed(page):
    page.upload("train_csv", "<b>$a$.csv", b"text,label\n*so* $x$,a\n*so* $x$,b\n")
    (warning,) = page.app.warning
    assert "<b>$a$.csv, rows 2 and 3: the same text '*so* $x$'" in page.text
    assert re.search(r"(?<!\\)[*$<>`\[\]]", warning.value) is None


def test_words_and_labels_of_a_file_are_drawn_as_typed(page):
    page.learn("signs.csv", b"text,label\n<i>so</i> $x$,a\ncold,b<i>\n")
    page.ask("<i>so</i> $x$")
    states, margin = page.chart("states")["layout"], page.chart("margin")["layout"]
    assert states["xaxis"]["ticktext"] == ["&lt;i&gt;so&lt;/i&gt;", "$x$"]
    assert "“b&lt;i&gt;”" in margin["title"]["text"]


def test_a_first_phrase_of_loose_signs_breaks_no_page(page):
    page.learn("signs.csv", f'text,label\n"warm{" ," * 300}",1\ncold,0\n'.encode())
    assert page.session.run.examples == 2


# Tasks and presets


def test_every_task_has_a_preset_of_its_own():
    assert list(PRESETS) == list(TaskName)
    for task, presets in PRESETS.items():
        assert all(preset.config().task is task and preset.look for preset in presets)


@each_row("task", TaskName)
def test_choosing_a_task_takes_its_first_preset_and_a_phrase_of_its_own(page, task):
    page.set("task", "sentiment")
    page.ask("not bad")
    page.set("task", task)
    preset = PRESETS[task][0]
    assert page.session.config == preset.config()
    assert TASKS[task].teaches in page.text
    assert preset.look in page.text
    wanted = "not bad" if task is TaskName.SENTIMENT else TASKS[task].probe
    assert (
        page.session.phrase_input.phrase
        == page.frame["typed"]
        == (wanted or page.session.first_phrase)
    )
    assert not page.session.phrase_input.problem
    page.ask(page.session.dataset.train[0].text)
    assert page.session.phrase_input.phrase == page.session.dataset.train[0].text
    page.click("step_phrase")
    page.run()
    assert page.session.player.position.offset > 0 or page.session.player.position.epoch == 1
    assert page.charts.keys() >= {"loss", "metric", "states", "flow"}
    for preset in PRESETS[task]:
        page.click(f"preset_{task}_{preset.label}")
        assert page.session.config == preset.config()
        assert f"Look: {preset.look}" in page.text.replace("**", "")


def test_other_data_begin_with_a_phrase_that_they_can_read(page):
    page.learn("weather.csv", WEATHER)
    assert page.frame["typed"] == page.session.phrase_input.phrase
    assert page.session.phrase_input.phrase in ("so warm", "so cold")


def test_gates_and_layers_can_be_looked_at(open_page):
    page = open_page(cell="lstm", layers="2", hidden="4")
    for name in ("c", "i", "f", "g", "o", "h"):
        page.set("part_lstm", name)
        assert page.chart("states")["data"][0]["colorbar"]["title"]["text"] == name
    page.set("layer_2", 2)
    assert page.chart("states")["layout"]["title"]["text"].endswith("layer 2")


def test_where_there_is_nothing_to_choose_nothing_is_asked(new):
    assert not any("part_" in (w.key or "") for w in new.app.get("button_group"))


# The time machine


@pytest.fixture
def trained(open_page):
    return open_page(hidden="4", init_scale="0.1", epoch="9")


def test_looking_back_is_offered_when_it_is_possible(trained):
    assert not trained.frame["looking_back"]
    trained.say("seek", epoch=4)
    assert trained.frame["looking_back"]
    assert "Looking back" in trained.text
    assert "4 of 1000" in trained.text


def test_the_numbers_and_the_link_are_those_of_the_epoch_shown(trained):
    trained.say("seek", epoch=4)
    loss = trained.session.run.history.row(4)["train_loss"]
    assert f"{loss:.4f}" in trained.text
    assert trained.link == {"hidden": "4", "init_scale": "0.1", "epoch": "4", "now": "9"}
    trained.click("back_to_now")
    assert trained.link == {"hidden": "4", "init_scale": "0.1", "epoch": "9"}


def test_a_branch_with_another_rate_is_in_the_link_and_opens_elsewhere(trained, open_page):
    trained.say("seek", epoch=4)
    trained.click("branch")
    trained.set("lr", 0.5)
    trained.click("step_epoch")
    assert trained.link["ghost"] == "4:9"
    assert trained.link["changes"] == "4:lr=0.5"
    copy = open_page(**trained.link)
    assert weights(copy) == weights(trained)
    assert copy.link == trained.link
    assert copy.widget("lr").value == 0.5
    curves = [
        [series["name"] for series in page.chart("loss")["data"] if series["mode"] == "lines"]
        for page in (copy, trained)
    ]
    assert curves[0] == curves[1]
    assert len(curves[0]) == 7


def test_a_step_in_the_past_is_replayed(trained):
    trained.say("seek", epoch=4)
    trained.click("step_epoch")
    assert trained.session.player.position == Position(5)
    trained.click("step_phrase")
    assert trained.session.player.progress == "5 + 1/58"


@each_row(
    "link",
    [
        {"epoch": "abc"},
        {"changes": "5:foo=1,9:lr=x"},
        {"ghost": "5:3"},
        {"epoch": "1e9"},
        {"now": "x", "epoch": "-1"},
    ],
    ids=str,
)
def test_a_link_that_can_not_be_followed_gets_sentences(open_page, link):
    page = open_page(hidden="2", epochs="10", **link)
    assert "In the link: " in page.text
    assert "Press Play" in page.text or "Finished" in page.text or "Opened" in page.text


def test_a_gradient_check_is_made_when_asked_for_and_for_these_weights(trained):
    assert "not checked at these weights" in trained.text
    trained.click("check")
    assert "✓ right to" in trained.text
    trained.click("step_epoch")
    assert "not checked at these weights" in trained.text


def test_the_notebooks_gradient_is_marked_wrong_by_parameter(open_page):
    page = open_page(hidden="4", init_scale="0.5", gradient="notebook", epoch="3")
    page.click("check")
    assert re.search(r"✗ wrong: W_xh by \d+ %, W_hh by \d+ %, b_h by \d+ %", page.text)
    assert "right: W_hy, b_y" in page.text


def test_the_browser_is_told_every_first_value_with_every_run():
    page = App({"hidden": "8", "lr": "0.05", "clip_by": "norm"})
    for _ in range(2):
        assert page.widget("lr").proto.default == 0.05
        assert page.widget("hidden").proto.default == [8]
        assert page.widget("clip_by").proto.default == [1]
        page.run()
