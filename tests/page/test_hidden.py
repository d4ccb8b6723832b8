"""Page *Hidden states* without a browser."""

import re

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.questions import StateQuestion
from rnnviz.probe.session import Session
from rnnviz.probe.units import ReadoutKind, Sort, StateSource
from rnnviz.probe.work import spend
from rnnviz.questions.linear_probe.measure import LinearProbeLab, ProbeTarget
from rnnviz.run.schedule import Position
from rnnviz.tasks.upload import File, Upload
from tests.page import tab
from tests.sampling import each_row

CARRY = {"words", "memory", "unit_words", "phrases", "response", "unit_epochs"}
PROBED = {"words", "memory", "readability", "response", "unit_epochs"}


class Page(tab.Page):
    """The page alone, in one tab."""

    def __init__(self, view=None, **link):
        super().__init__("hidden", **link)
        if view:
            self.enter(view)

    @property
    def lab(self):
        return self.session.units

    @property
    def source(self):
        return StateSource(self.session.state, self.session.dataset)

    def set(self, kind, key, value):
        getattr(self.app, kind)(key=key).set_value(value)
        self.run()

    def probe(self):
        self.choose("Read with", ReadoutKind.PROBE)
        return self

    def measure(self):
        """Press Measure, and wait until it is done."""
        self.click("measure")
        assert self.disabled("measure") and not self.disabled("cancel_measure")
        assert "Measuring at epoch" in self.text
        self.finish()
        assert not self.disabled("measure") and self.disabled("cancel_measure")

    def said(self, chart):
        """The sentence in the place of a picture, if there is one."""
        return self.chart(chart)["layout"].get("meta", {}).get("sentence", "")


@pytest.fixture
def page():
    return Page(hidden="6", init_scale="0.3", epoch="3", phrase="i am not good")


def test_looking_back_all_tabs_show_what_was_then(page):
    page.session.player.advance(5)
    page.session.player.go_to(Position(2))
    page.run()
    state = page.session.state
    shown = np.array(page.chart("memory")["data"][0]["z"])
    states = page.session.inspect().unrolled(0).h
    np.testing.assert_allclose(shown, states.T[page.lab.rows(page.source)], atol=1e-6)
    for view in StateQuestion:
        page.enter(view)
        assert page.session.state is state


# What does each unit carry?


def test_memory_and_matrix_have_the_same_rows_and_the_answer_is_what_they_show(page):
    assert page.charts.keys() == page.places.keys() == CARRY
    rows = page.lab.rows(page.source).tolist()
    for chart in ("memory", "response"):
        assert page.chart(chart)["layout"]["meta"]["units"] == rows
    assert page.lab.unit == rows[0], "what “not” changes most comes first"
    cells, bars = page.chart("response")["data"]
    mean = cells["z"][0][cells["x"].index("not")]
    assert bars["x"][0] == pytest.approx(mean)
    moved = re.search(r"“not” moves unit (\d) by +(\S+) +on average, at 27 places read", page.text)
    assert (int(moved[1]), float(moved[2].replace("−", "-"))) == (rows[0], pytest.approx(mean, 0.1))
    assert "all 58" in page.charts["response"]["remark"]


def test_the_phrases_are_tinted_by_the_chosen_unit_those_with_the_word_first(page):
    drawn = page.chart("phrases")
    (cells,) = drawn["data"]
    assert "1–58 of 58" in drawn["layout"]["title"]["text"]
    having = ["not" in words for words in cells["text"]]
    assert having == sorted(having, reverse=True)
    assert sum(having) == 27
    number, text = cells["y"][0].split(": ")
    example = page.session.dataset.train[int(number) - 1]
    assert example.text == text
    values = page.session.inspect(text).unrolled(0).h[:, page.lab.unit]
    np.testing.assert_allclose(cells["z"][0][: len(values)], values, atol=1e-6)
    note = drawn["layout"]["meta"]["notes"][0]
    assert note == f"→ {page.session.dataset.classes[example.target]}"


def test_the_unit_at_the_second_moment_is_outlined(page):
    page.session.player.advance(3)
    states = page.session.inspect().unrolled(0).h
    page.session.player.go_to(Position(2))
    page.run()
    drawn = page.chart("unit_words")
    assert drawn["layout"]["title"]["text"].endswith("; outlined: epoch 6")
    corners = drawn["data"][1]["y"][2::6]
    assert corners == pytest.approx(states[:, page.lab.unit].tolist())
    page.say("now")
    assert drawn["data"][1]["y"] and not page.chart("unit_words")["data"][1]["y"]


def test_a_unit_is_kept_from_a_click_a_number_or_the_stepper(page):
    rows = page.lab.rows(page.source).tolist()
    page.say("mark", unit=rows[3])
    assert page.chart("unit_words")["layout"]["title"]["text"].startswith(f"Unit {rows[3]} ")
    for button, unit in (("unit_next", rows[4]), ("unit_next", rows[5]), ("unit_next", rows[0])):
        page.click(button)
        assert page.session.selection.unit == page.lab.unit == unit
    for typed, unit in ((99, 5), (-3, 0)):
        page.say("select", on="unit", value=typed, settled=False)
        assert page.frame["sliders"]["unit"]["shown"] == unit
    page.say("mark", unit=None)
    assert page.frame["sliders"]["unit"]["shown"] == rows[0]


def test_a_word_is_chosen_among_the_chips_in_the_matrix_in_the_phrase_and_in_the_list(page):
    names = page.frame["sliders"]["word"]["names"]
    assert names[page.frame["sliders"]["word"]["shown"]] == "not"
    page.say("select", on="word", value=names.index("am"))
    assert page.session.selection.token == 1, "it is marked in the phrase"
    assert "“am” moves unit" in page.text
    assert "after “am”" in page.chart("unit_epochs")["layout"]["title"]["text"]
    page.say("click", on="response", x="sad", y="2", data=None)
    assert page.session.selection.token is None, "it is not in the phrase"
    assert page.session.selection.unit == 2
    assert "“sad” moves unit 2" in page.text
    page.say("mark", token=3)
    assert "“good” moves unit 2" in page.text
    page.say("click", on="phrases", x=None, y=None, data="very")
    assert "“very” moves unit 2" in page.text
    bar = {"x": 0.25, "y": "4", "data": None}
    page.say("click", on="response", **bar)
    assert "“very” moves unit 4" in page.text


def test_threads_lead_into_the_candidate_or_into_the_line_that_is_chosen():
    page = Page(hidden="6", cell="gru", phrase="i am not good", unit="3")
    assert page.chart("memory")["layout"]["title"]["text"].endswith("; threads into n")
    page.choose("Threads into", "z")
    drawn = page.chart("memory")
    assert drawn["layout"]["title"]["text"].endswith("; threads into z")
    ends = [end for one in drawn["data"][1:] for end in one["y"][1::3]]
    assert ends and {*ends} == {"3"}
    h, W = page.session.inspect().unrolled(0).h, page.session.state.parameters["W_hz"][3]
    largest = {str(np.abs(W * h[t - 1]).argmax()) for t in range(1, 4)}
    assert largest <= {start for one in drawn["data"][-2:] for start in one["y"][::3]}


@each_row(
    ("link", "said"),
    [
        ({"cell": "lru"}, "no matrix of this cell leads from one word to the next"),
        ({"phrase": "very " * 25}, "there is room for them up to 24 words"),
    ],
)
def test_where_there_are_no_threads_a_line_says_why(link, said):
    page = Page(hidden="6", **link)
    assert any(said in caption.value for caption in page.app.caption)
    assert len(page.chart("memory")["data"]) == 1
    assert not any(group.label == "Threads into" for group in page.app.get("button_group"))


def test_rows_stay_in_place_while_the_run_plays(page):
    before = page.lab.rows(page.source).tolist()
    page.click("play")
    page.session.player.advance(40)
    page.look()
    assert page.chart("memory")["layout"]["meta"]["units"] == before
    page.click("pause")
    page.run()
    assert page.chart("memory")["layout"]["meta"]["units"] == page.lab.order(page.source).tolist()
    assert page.lab.rows(page.source).tolist() != before


def test_units_come_in_the_order_of_their_effect_as_it_was_when_they_were_last_weighed(page):
    page.set("selectbox", "unit_sort", Sort.EFFECT)
    assert "Measuring the units: 0%" in " ".join(page.text.split())
    page.finish()
    page.run()
    order = np.argsort(-page.lab.ablation_loss(page.source, "not")).tolist()
    assert page.chart("memory")["layout"]["meta"]["units"] == order
    assert page.lab.unit == order[0]
    assert re.search(r"Without it the loss there changes by +\S+ nats", page.text)
    page.session.player.advance(2)
    page.click("play")
    page.run()
    assert "Order of epoch 3. Pause to measure" in page.text
    page.click("pause")
    spend(0.0, page.lab.ablate(page.source, "not"))
    page.look()
    assert "Order of epoch 3. Measuring the units: 17%" in " ".join(page.text.split())


def test_a_unit_over_the_epochs_ends_at_the_epoch_shown_and_a_click_goes_to_one(page):
    page.session.player.advance(6)
    page.run()
    page.finish()
    (curve, *_) = page.chart("unit_epochs")["data"]
    states = page.session.inspect().unrolled(0).h
    assert (curve["x"][0], curve["x"][-1]) == (0, 9)
    assert curve["y"][-1] == pytest.approx(states[2, page.lab.unit], abs=1e-6)
    page.say("click", on="unit_epochs", x=4.4, y=None, data=None)
    assert page.session.state.epoch == 4


@each_row(
    ("link", "chart", "said"),
    [
        ({"task": "waves"}, "response", "More than 40 different inputs"),
        ({"task": "adding"}, "response", "More than 40 different inputs"),
    ],
)
def test_where_there_is_no_picture_a_sentence_says_so(link, chart, said):
    page = Page(**{"hidden": "4", "epoch": "0", **link})
    assert said in page.said(chart)
    assert "word" not in page.frame["sliders"]
    assert re.search(r"Unit \d is between", page.text)


def test_states_that_overflow_have_a_sentence_in_every_place():
    link = {"activation": "relu", "init_scale": "1", "dtype": "float32", "hidden": "256"}
    page = Page(phrase="bad " * 60, **link)
    for chart in CARRY - {"words"}:
        assert page.said(chart) == "The states are not finite numbers here."
    titles = {page.chart(chart)["layout"]["title"]["text"] for chart in CARRY - {"words"}}
    assert len(titles) == len(CARRY) - 1 and any("Unit " in title for title in titles)


@each_row("link", [
    {"hidden": "1", "phrase": "bad"}, {"hidden": "256"}, {"cell": "lstm", "layers": "2"},
    {"task": "translation", "cell": "gru"}, {"task": "characters"}, {"phrase": "bad " * 200},
])  # fmt: skip
def test_any_size_has_all_its_pictures(link):
    page = Page(**{"hidden": "4", "epoch": "0", **link})
    assert page.charts.keys() == CARRY
    assert not any(map(page.said, CARRY - {"words"}))


def test_a_gate_of_sequences_of_one_word_never_changes():
    session = Session(RunConfig(hidden=4, cell="gru"))
    session.load(Upload(File("a.csv", b"text,label\na,x\nb,y\n")))
    page = Page(session=session)
    page.choose("Show", "z")
    assert "has no value before the first" in page.said("response")
    assert "have no change at" in page.text


# Linear probe


def test_epochs_that_were_measured_are_compared_and_one_that_was_not_is_named(page):
    page.probe()
    assert page.charts.keys() == page.places.keys() == PROBED
    assert "Not measured yet" in page.said("readability")
    assert page.app.selectbox(key="asked_word").value == "not", "in about half of the phrases"
    page.measure()
    assert re.search(
        r"can't tell it from chance: +\d+% +at best, \d words? before the end", page.text
    )
    page.session.player.advance(4)
    page.run()
    assert "Epoch 7 is not measured: press Measure." in page.charts["readability"]["remark"]
    assert "Press Measure to see" in " ".join(page.text.split())
    page.measure()
    assert page.charts["readability"]["remark"].startswith("Measured on 17 to 58 beginnings")
    drawn = page.chart("readability")
    assert [s["name"] for s in drawn["data"][-2:]] == ["epoch 3", "epoch 7"]
    assert drawn["layout"]["title"]["text"] == "Was “not” read so far?"
    assert drawn["layout"]["xaxis"]["title"]["text"] == "words before the end"
    page.session.player.go_to(Position(3))
    page.run()
    assert page.chart("readability")["data"][-1]["name"] == "epoch 3"
    page.choose("Counted from", "the start")
    assert "Not measured yet" in page.said("readability")
    page.choose("What is read from the state", ProbeTarget.TARGET)
    page.measure()
    assert page.chart("readability")["layout"]["title"]["text"] == "What is the target here?"


def test_a_task_of_values_and_one_with_an_encoder_have_their_own_questions():
    page = Page(task="flipflop", hidden="4", epoch="0").probe()
    page.set("selectbox", "asked_channel", 1)
    page.measure()
    assert page.chart("readability")["layout"]["yaxis"]["title"]["text"] == "R²"
    assert page.session.lab(LinearProbeLab).question.channel == 1
    page = Page(task="translation", hidden="4", epoch="0", cell="lstm", layers="2").probe()
    page.measure()
    assert page.charts["readability"]["remark"].endswith("The states are the encoder's.")


def test_a_measurement_can_be_cancelled(page):
    page.probe()
    page.click("measure")
    page.click("cancel_measure")
    page.finish()
    assert not page.disabled("measure") and page.disabled("cancel_measure")
    assert "Not measured yet" in page.said("readability")


def test_where_too_little_is_known_nothing_is_measured():
    session = Session(RunConfig(hidden=5))
    session.load(Upload(File("a.csv", b"text,label\na b,x\nb a,y\n")))
    page = Page(session=session).probe()
    page.measure()
    assert "fewer than 10 different beginnings" in page.said("readability")


@each_row("task", ["waves", "adding"])
def test_values_that_replace_a_step_are_one_group_or_get_a_sentence(task):
    opened = Page(StateQuestion.WHAT_IF, task=task, hidden="2")
    opened.choose("The step is", "another")
    for typed, problem in (
        (" ", "There are no values."),
        ("0.5 0.5", "There are 2 groups of values, more than 1."),
        ("1e9", "Write all digits, without an exponent."),
        ("![](http://e.co/a.png)", "![](http://e.co/a.png)"),
        ("0.5", ""),
    ):
        next(w for w in opened.app.text_input if w.key.startswith("alter_value")).set_value(typed)
        opened.run()
        assert problem in opened.text
        assert not opened.frame["problem"]
        assert "<img" not in opened.frame["texts"]["story"]
