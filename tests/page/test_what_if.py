"""Question *What if this word were another?* of the page *Hidden states*, without a browser."""

import re
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.probe.questions import StateQuestion
from rnnviz.probe.units import Sort
from rnnviz.questions.what_if.measure import Alter, WhatIfLab
from rnnviz.questions.what_if.saliency import LEFT_OUT
from rnnviz.questions.what_if.tab import TAB
from rnnviz.ui.frame import Frame
from rnnviz.ui.style import TabTheme, using_theme
from tests.page import tab
from tests.sampling import each_row


class Page(tab.Page):
    """The tab alone."""

    def __init__(self, **link):
        super().__init__("hidden", **link)
        self.enter(StateQuestion.WHAT_IF)

    @property
    def change(self):
        return self.session.lab(WhatIfLab).perturbation

    @property
    def story(self):
        return " ".join(tab.plain(self.bodies["story"]).split())

    def alter(self, kind):
        self.choose(f"The {self.session.names.noun} is", kind)

    def set(self, kind, key, value):
        boxes = self.app.get(kind)
        next(box for box in boxes if box.key.startswith(key)).set_value(value)
        self.run()

    def mark(self, token):
        self.say("mark", token=token)

    def heads(self):
        """What is read after the change, by column."""
        notes = self.chart("compared")["layout"]["annotations"]
        return {n["x"]: n["text"] for n in notes if n["text"].startswith("→ ")}

    @property
    def strips(self):
        """The strips before and after, and those between them, by the number of the unit."""
        drawn = self.chart("compared")
        rows = np.argsort(drawn["layout"]["meta"]["units"])
        return [np.array(series["z"])[rows] for series in drawn["data"][:2]]

    def sentences(self):
        metas = {k: c["figure"]["layout"].get("meta") for k, c in self.charts.items()}
        return {key: meta["sentence"] for key, meta in metas.items() if meta and "sentence" in meta}


@pytest.fixture
def page():
    return Page(hidden="6", init_scale="0.3", epoch="3", phrase="i am not good")


@pytest.fixture(scope="module")
def learned():
    link = {"hidden": "8", "init_scale": "0.1", "lr": "0.05", "epoch": "200"}
    return Page(**link, phrase="i am not good")


def test_at_first_the_word_that_turns_the_verdict_is_dropped_as_the_story_says(learned):
    assert (learned.change.alter, learned.change.place) == (Alter.DROP, 2)
    turns = r"Without “not” the verdict turns: [\d.]+% negative becomes [\d.]+% positive \."
    assert re.search(turns, learned.story)


def test_another_word_in_its_place_is_the_one_that_changes_the_verdict_most(learned):
    learned.alter(Alter.CHANGE)
    assert re.search(
        rf"With “{learned.change.word}” for “not” the verdict turns: [\d.]+% negative "
        r"becomes [\d.]+% positive \.", learned.story,
    )  # fmt: skip
    rows = learned.chart("choices")["data"]
    assert len(rows[0]["x"]) == len(learned.session.dataset.vocabulary)
    marked = {text.rpartition(" ")[2] for text in rows[1]["text"] if text.startswith("<b>")}
    assert marked == {"before", "after"}


@each_row(
    ("link", "said"),
    [
        ({"phrase": "i am not good"}, r"the verdict stays: [\d.]+% \w+ \.$"),
        ({"task": "waves"}, r"value stays at [−\d.·⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+ \.$"),
    ],
)
def test_what_stays_the_same_is_said_once(link, said):
    page = Page(hidden="4", init_scale="0.000001", epoch="0", **link)
    page.alter(Alter.DROP)
    assert re.search(said, page.story)


def test_rows_come_in_the_order_of_what_each_unit_carries(page):
    for sort in Sort:
        page.enter(StateQuestion.CARRY)
        page.set("selectbox", "unit_sort", sort)
        page.finish()
        page.run()
        order = page.chart("memory")["layout"]["meta"]["units"]
        page.enter(StateQuestion.WHAT_IF)
        assert page.chart("compared")["layout"]["meta"]["units"] == order, sort
    states = page.session.inspect().unrolled(0).h
    np.testing.assert_allclose(page.strips[0][:, 0::4], states.T, rtol=1e-6)


def test_a_click_on_a_word_chooses_the_place_and_the_list_marks_it(page):
    page.mark(2)
    page.alter(Alter.DROP)
    assert page.story.split("Plateau ")[-1].startswith("Without “not” the verdict stays: ")
    assert page.heads() == {2: "→ –"}
    (box,) = [b for b in page.app.selectbox if b.label.startswith("Word")]
    assert box.value == 2
    box.set_value(0)
    page.run()
    assert page.session.selection.token == 0
    assert page.heads() == {0: "→ –"}
    page.mark(None)
    assert page.change.place == 0


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "chosen before"])
def test_the_change_stays_with_its_word_when_the_phrase_changes(page, marked):
    page.mark(2)
    if not marked:
        page.mark(None)

    def asked(text):
        page.say("phrase", text=text)
        page.run()
        (box,) = [b for b in page.app.selectbox if b.label.startswith("Word")]
        assert box.value == page.change.place
        return text.split()[page.change.place]

    for text in ("this is not bad", "not good", "i was very good and not happy"):
        assert asked(text) == "not"
    assert asked("good") == "good", "the word is gone"
    assert asked("i am not good") == "not", "here it is again"
    page.mark(3)
    assert asked("good and bad") == "good", "another one was marked"


def test_a_word_that_stands_there_twice_is_the_nearest(page):
    page.mark(2)
    page.say("phrase", text="not good and not bad")
    page.run()
    assert page.change.place == 3


def test_a_word_can_be_changed_dropped_added_or_swapped(page):
    page.mark(2)
    page.alter(Alter.CHANGE)
    page.set("selectbox", "alter_word", "very")
    assert "With “very” for “not” the verdict " in page.story
    assert page.heads() == {2: "→ very"}
    page.alter(Alter.ADD)
    assert "With “very” after “not” the verdict " in page.story
    assert page.heads() == {2: "→ not very"}
    cells, _ = page.strips
    one, other = (page.session.inspect(text).unrolled(0).h for text in (None, "i am not very good"))
    np.testing.assert_allclose(cells[:, 8], one[2], atol=1e-6)
    np.testing.assert_allclose(cells[:, 10], other[3], atol=1e-6)
    assert page.chart("choices")["layout"]["title"]["text"] == "Words after “not”"
    page.alter(Alter.SWAP)
    assert "With “not” and “good” swapped the verdict " in page.story
    assert page.heads() == {2: "→ good", 3: "→ not"}


def test_both_are_the_same_until_they_part(page):
    page.mark(2)
    page.alter(Alter.DROP)
    layout = page.chart("compared")["layout"]
    assert [n["x"] for n in layout["annotations"] if n["text"] == "the same"] == [0, 1]
    distance = page.chart("distance")["data"][0]["y"]
    assert distance[:2] == [0, 0]
    assert np.isnan(distance[2])
    assert distance[3] > 0
    first, second = page.chart("answers")["data"][:2]
    assert first["y"][:2] == second["y"][:2]
    assert np.isnan(second["y"][2])


def test_the_state_of_another_phrase_is_put_in_and_the_rest_read_on(page):
    page.mark(2)
    page.alter(Alter.STATE)
    page.set("text_input", "donor", "this is bad")
    (box,) = [b for b in page.app.selectbox if b.label == "State after"]
    assert box.value == 2, "the same place, to begin with"
    box.set_value(1)
    page.run()
    assert "With the state after “this is” for that after “i am not” the verdict" in page.story
    assert page.heads() == {2: "→ is"}
    _, between = page.strips
    one, other = (page.session.inspect(text).unrolled(0).h for text in (None, "this is good"))
    np.testing.assert_allclose(between[:, [9, 13]], (other[1:] - one[2:]).T, atol=1e-6)
    page.set("text_input", "donor", "<b>")
    assert "None of these words is in the vocabulary" in page.story
    assert "Still shown: this is bad" in page.story
    page.set("text_input", "donor", "zebra bad")
    assert "Skipped, not in the vocabulary: zebra." in page.story
    page.set("text_input", "donor", "i am not")
    assert "This changes nothing" in page.story


def test_what_each_word_adds_is_measured_in_three_ways(page):
    saliency, name = page.session.lab(WhatIfLab).saliency(page.session.inspect())
    ways = {
        "integrated": saliency.integrated,
        "left out": saliency.occlusion,
        "slope": saliency.gradient_input,
    }
    for way, contributions in ways.items():
        page.choose("What each word adds", way)
        drawn = page.chart("saliency")
        np.testing.assert_allclose(drawn["data"][0]["y"], contributions, rtol=1e-6)
        title = drawn["layout"]["title"]["text"]
        assert title.startswith(f"What each word adds to {name} ({way}); <b>before</b> solid")
    page.choose("What each word adds", "left out")
    page.ask("bad " * (LEFT_OUT + 1))
    remark = f"Left out: {LEFT_OUT} of the {LEFT_OUT + 1} words, evenly spread."
    assert page.charts["saliency"]["remark"].startswith(remark)


def test_what_the_words_of_b_add_stands_beside_and_is_about_the_same_output(page):
    page.mark(2)
    first, second = (page.session.inspect(text) for text in (None, "i am bad good"))
    page.alter(Alter.CHANGE)
    page.set("selectbox", "alter_word", "bad")
    one, other = page.chart("saliency")["data"][:2]
    says = {"negative": 0, "positive": 1}[first.verdict]
    margins = [p.running[-1][says] - p.running[-1][1 - says] for p in (first, second)]
    moved = sum(other["y"]) - sum(one["y"])
    assert moved == pytest.approx(margins[1] - margins[0], rel=0.02)
    assert [t for t in range(4) if other["y"][t] != one["y"][t]] != []
    page.choose("What each word adds", "left out")
    page.alter(Alter.DROP)
    gone = page.chart("saliency")["data"][1]["y"]
    assert [t for t, value in enumerate(gone) if np.isnan(value)] == [2]
    page.alter(Alter.ADD)
    page.set("selectbox", "alter_word", "bad")
    added = page.session.inspect("i am not bad good")
    explained = page.session.lab(WhatIfLab).saliency_of_other(first, added).occlusion
    drawn = page.chart("saliency")["data"][1]["y"]
    expected = [*explained[:2], explained[2] + explained[3], explained[4]]
    assert drawn == pytest.approx(expected, rel=1e-5)
    page.alter(Alter.STATE)
    assert len(page.chart("saliency")["data"]) == 1


def test_values_are_changed_by_typing_and_all_is_about_the_bit_that_differs_most():
    page = Page(task="flipflop", hidden="6", phrase="1,0,0 0,0,-1 0,0,0")
    bits = []
    for token in (0, 1):
        page.mark(token)
        layouts = (page.chart(key)["layout"] for key in ("answers", "saliency", "parted"))
        (bit,) = {re.search(r"bit \d", layout["title"]["text"])[0] for layout in layouts}
        bits.append(bit)
    assert bits != ["bit 1", "bit 1"]
    page.alter(Alter.CHANGE)
    page.set("text_input", "alter_value", "-1,-1,-1")
    assert re.search("With “-1,-1,-1” for “0,0,-1” bit . goes from", page.story)
    assert "choices" not in page.charts
    page.set("text_input", "alter_value", "<b>")
    assert "can't be read" in page.story


@pytest.mark.parametrize("alter", [Alter.CHANGE, Alter.ADD, Alter.STATE])
@pytest.mark.parametrize(
    "tasks", [["sentiment", "flipflop", "waves"], ["translation", "waves", "sentiment"]]
)
def test_of_other_data_the_change_begins_anew(tasks, alter):
    page = Page(task=tasks[0], hidden="6")
    page.alter(alter)
    for task in tasks[1:]:
        page.session.configure(replace(page.session.config, task=task))
        # Without a layout, as pictures are exported.
        frame = Frame(["compared"])
        with using_theme(TabTheme()):
            TAB.live(page.pair).draw(frame)
        page.run()
        assert "can't be read" not in page.story + frame.texts["story"]
        if alter is not Alter.STATE and not page.session.dataset.tokens:
            page.set("text_input", "alter_value", ",".join("1" * len(page.session.dataset.classes)))


COMPARED = {"compared", "distance", "answers", "parted"}


@each_row(
    ("link", "alter", "said", "charts"),
    [
        ({"phrase": "bad"}, Alter.DROP, "Without its only word the sequence is empty", COMPARED),
        ({"phrase": "bad"}, Alter.SWAP, "This changes nothing", COMPARED),
        ({"task": "translation"}, Alter.DROP, "Without “", set()),
    ],
)
def test_where_there_is_no_picture_a_sentence_says_so(link, alter, said, charts):
    page = Page(hidden="4", epoch="0", **link)
    page.alter(alter)
    assert said in page.story
    assert page.sentences().keys() == charts


def test_when_they_parted_is_read_while_the_run_rests_and_a_click_goes_there(page):
    page.session.player.advance(5)
    page.finish()
    epochs = page.chart("parted")["data"][0]["x"]
    assert {*epochs} >= {*page.session.run.snapshots.epochs}
    page.say("click", on="parted", x=2.2, y=None, data=None)
    assert page.session.state.epoch == 2


def test_before_the_change_both_are_the_same_to_the_bit():
    """A product of another length may round otherwise: at "i" they were 3e-18 apart."""
    page = Page(cell="gru", layers="2", hidden="17", init="xavier", optimizer="adam", lr="0.01",
                batch="32", epoch="1", phrase="i am not bad")  # fmt: skip
    page.alter(Alter.DROP)
    page.mark(2)
    distances = page.chart("distance")["data"][0]["y"]
    assert list(distances[:2]) == [0, 0]
    assert distances[-1] > 0


# Steps of a series


@pytest.fixture
def sea():
    return Page(task="elnino", hidden="4", window="12", horizon="2", epoch="1", init_scale="0.4")


def test_the_value_of_a_step_is_dragged_within_those_of_the_training(sea):
    probe = sea.session.inspect()
    assert (sea.change.alter, sea.change.place) == (Alter.CHANGE, 8)
    (slider,) = (one for one in sea.app.slider if one.label == "temperature")
    series = sea.session.dataset.series
    read = np.concatenate([piece.values for piece in series.train])
    assert (slider.min, slider.max) == pytest.approx((read.min(), read.max()), abs=0.02)
    own = float(probe.reading.words[8])
    assert abs(slider.value - own) == pytest.approx(read.std(), abs=0.02)
    slider.set_value(27.5)
    sea.run()
    time = probe.step_names[8]
    said = rf"With 27.5\d* for {own:g} at {time}, temperature . steps? ahead goes from \d\d"
    assert re.search(said, sea.story)
    assert "→ 27.5" in sea.heads()[8]
    (box,) = [b for b in sea.app.selectbox if b.label == "Step"]
    assert box.options[8] == f"{time}: {own:g}"


def test_pictures_of_a_step_are_in_the_units_of_the_table(sea):
    assert {"curve", "answers", "parted", "saliency"} <= sea.charts.keys()
    curve, answers = sea.chart("curve"), sea.chart("answers")
    line, before, after = curve["data"]
    assert min(line["x"]) > 15
    assert min(line["y"]) > 15
    assert before["x"] == [float(sea.session.inspect().reading.words[8])]
    assert after["x"][0] == pytest.approx(float(sea.change.word))
    assert [one["line"]["dash"] for one in answers["data"]] == ["solid", "dash"]
    assert min(answers["layout"]["yaxis"]["range"]) > 10
    assert "8" not in answers["layout"]["xaxis"]["ticktext"], "steps have their times"
    sums = [float(sum(one["y"])) for one in sea.chart("saliency")["data"][:1]]
    change = TAB.subject(sea.session)
    adds, _ = change.lab.saliency(*change.pair)
    scale = sea.session.dataset.answer_units.scale[0]
    assert sums[0] == pytest.approx(scale * adds.integrated.sum(), rel=1e-4)


def test_a_step_as_its_neighbours_has_their_mean_and_no_step_is_lost(sea):
    sea.alter(Alter.DROP)
    words = sea.session.inspect().reading.words
    mean = (float(words[7]) + float(words[9])) / 2
    assert f"With {mean:g} for {float(words[8]):g} at" in sea.story
    assert len(sea.chart("answers")["data"][1]["y"]) == len(words)
    assert all(np.isfinite(sea.chart("answers")["data"][1]["y"]))
    kinds = next(g for g in sea.app.get("button_group") if g.label == "The step is")
    assert list(kinds.options) == ["another", "as its neighbours", "another state"]


@pytest.mark.parametrize("change", ["add 2 20", "swap 2"])
def test_a_link_with_a_change_that_steps_do_not_have_changes_the_value(change):
    page = Page(task="elnino", hidden="4", window="12", epoch="1", **{"what_if.change": change})
    assert page.change.alter is Alter.CHANGE
    assert "With" in page.story
