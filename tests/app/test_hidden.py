"""Page *Hidden states* without a browser."""

import re

import numpy as np
import pytest

from rnnviz.analysis.probe_labels import Asked
from rnnviz.config import RunConfig
from rnnviz.lab.units import Sort, StateSource, UnitTab
from rnnviz.session import Session
from rnnviz.tasks.upload import File, Upload
from rnnviz.training.schedule import Position
from tests.app import tab
from tests.sampling import each_row

CHARTS = {
    UnitTab.UNITS: {"response"},
    UnitTab.TRAJECTORIES: {"trajectories", "multiples"},
    UnitTab.PROBES: {"readability"},
    UnitTab.WHAT_IF: {"margins", "compared", "saliency"},
    UnitTab.BREAK: {"ablation", "margins"},
}
SWAP = "swap with the next"


class Page(tab.Page):
    """The page alone, in one tab."""

    def __init__(self, view=None, **link):
        super().__init__("hidden", **link)
        if view:
            self.enter(view)

    @property
    def lab(self):
        return self.session.units

    def set(self, kind, key, value):
        getattr(self.app, kind)(key=key).set_value(value)
        self.run()

    def notes(self, chart):
        return [n["text"] for n in self.charts[chart]["figure"]["layout"]["annotations"]]


@pytest.fixture
def page():
    return Page(hidden="6", init_scale="0.3", epoch="3", phrase="i am not good")


def test_every_tab_has_its_pictures_and_their_numbers_when_they_are_asked_for(page):
    tables = {}
    keys = ("units", "ways", "probes", "what_if", "break")
    for view, key in zip(UnitTab, keys, strict=True):
        page.enter(view)
        if view is UnitTab.PROBES:
            page.click("measure")
        assert page.charts.keys() == CHARTS[view]
        assert not page.app.dataframe
        page.app.session_state[f"numbers_hidden_{key}"] = True
        page.run()
        for chart in page.app.selectbox(key=f"numbers_of_hidden_{key}").options:
            page.set("selectbox", f"numbers_of_hidden_{key}", chart)
            tables[chart] = page.app.dataframe[0].value
    train, data = page.session.dataset.train, page.session.dataset
    last = page.session.inspect(train[-1].text)
    for name in ("Text", "Trajectories"):
        assert [*tables[name].iloc[0, :3]] == [1, 1, train[0].text.split()[0]]
        assert [*tables[name].iloc[-1, :3]] == [len(train), len(last.words), last.words[-1]]
    assert tables["Text"].iloc[-1, 3] == pytest.approx(last.unrolled(0).h[-1, 0])
    assert tables["Trajectories"].target.iloc[-1] == data.classes[train[-1].target]
    integrated = tables["What each token adds"]["integrated gradients"]
    assert integrated[:4].sum() == pytest.approx(integrated[4]) == integrated[5]
    one, other = (page.session.inspect(text).unrolled(0).h for text in (None, "am not good"))
    change = tables["Answers and states"]["Δ unit 3"].iloc[-1]
    assert change == pytest.approx(other[-1, 3] - one[-1, 3])
    assert tables["Words and units"].unit.tolist() == list(range(6))
    assert len(tables["Loss without each unit"]) == 6
    assert tables["Linear probes"].place.tolist() == list(range(10))


def test_looking_back_all_tabs_show_what_was_then(page):
    page.session.player.advance(5)
    page.session.player.go_to(Position(2))
    page.run()
    state = page.session.state
    assert f"{page.session.inspect().unrolled(0).h[0, 0]:.6f}" in page.bodies["tinted"]
    for view in UnitTab:
        page.enter(view)
        assert page.session.state is state


@each_row(
    ("view", "link", "alter", "said", "charts"),
    [
        (UnitTab.UNITS, {"task": "waves"}, None, "hardly ever repeat", set()),
        (UnitTab.TRAJECTORIES, {"hidden": "1"}, None, "the states lie on a line", set()),
        (UnitTab.TRAJECTORIES, {"phrase": "bad"}, None, "nothing to leave out", {"trajectories"}),
        (UnitTab.PROBES, {}, None, "Not measured yet", set()),
        (
            UnitTab.WHAT_IF,
            {"phrase": "bad"},
            None,
            "Without its only word the sequence is empty",
            {"saliency"},
        ),
        (UnitTab.WHAT_IF, {"phrase": "bad"}, SWAP, "This changes nothing", {"saliency"}),
        # A word is changed into another one to begin with.
        (UnitTab.WHAT_IF, {"task": "recall"}, "change", "→", CHARTS[UnitTab.WHAT_IF]),
    ],
)
def test_where_there_is_no_picture_a_sentence_says_so(view, link, alter, said, charts):
    page = Page(view, **{"hidden": "4", **link})
    if alter:
        page.choose("Kind of change", alter)
    assert said in page.text
    assert page.charts.keys() == charts


# Units


def test_the_probe_and_a_leaf_of_the_data_are_tinted_by_the_chosen_unit(page):
    states = page.session.inspect().unrolled(0).h[:, 0]
    for word, value in zip(["i", "am", "not", "good"], states, strict=True):
        assert f"unit 0: h = {value:.6f} after “{word}”" in page.bodies["tinted"]
    assert "Training sequences 1 to 20 of 58" in page.text
    page.click("leaf_1")
    assert "Training sequences 21 to 40 of 58" in page.text
    for button, unit in (("unit_next", 1), ("unit_previous", 0), ("unit_previous", 5)):
        page.click(button)
        assert page.lab.unit == unit
        assert f"Unit {unit}" in page.text
    for typed, unit in ((99, 5), (-3, 0)):
        page.say("select", on="unit", value=typed, settled=False)
        assert page.frame["sliders"]["unit"] == {
            "last": 5,
            "shown": unit,
            "text": "",
            "bands": [],
            "names": [],
        }


def test_units_come_in_the_order_of_their_effect_as_it_was_when_they_were_last_weighed(page):
    assert "Unit 0. The measurement is running." in page.text
    page.finish()
    page.run()
    source = StateSource(page.session.state, page.session.dataset)
    order = np.argsort(-page.lab.ablation_loss(source)).tolist()
    assert page.lab.unit == order[0]
    assert re.search(rf"Unit {order[0]}, number 1 of 6 by effect \(ΔL = .* nats\)", page.text)
    assert page.chart("response")["layout"]["yaxis"]["ticktext"] == [str(u) for u in order]
    page.session.player.advance(2)
    page.click("play")
    page.run()
    assert "number 1 of 6 by effect, as it was at epoch 3. Pause to measure" in page.text
    page.click("pause")
    page.lab.ablate(StateSource(page.session.state, page.session.dataset), 0.0)
    page.look()
    assert "as it was at epoch 3. The measurement is running." in page.text, "some are, not all"
    page.set("selectbox", "unit_word", "not")
    page.lab.ablate(StateSource(page.session.state, page.session.dataset), 9.0, "not")
    page.run()
    assert re.search(r"number 1 of 6 by effect for “not” \(ΔL", page.text)


def test_units_come_in_the_order_of_their_selectivity_from_the_first_on(page):
    page.choose("Order of the units", Sort.SELECTIVITY)
    source = StateSource(page.session.state, page.session.dataset)
    assert page.lab.unit == page.lab.order(source)[0]
    assert "number 1 of 6 by selectivity" in page.text
    axis = page.chart("response")["layout"]["yaxis"]
    assert axis["title"]["text"] == "unit, the most selective first"
    assert axis["ticktext"][0] == str(page.lab.unit)
    page.set("selectbox", "unit_word", "not")
    page.click("unit_next")
    assert re.search(rf"Unit {page.lab.unit}, number 2 of 6 by selectivity for “not”", page.text)


# Trajectories


@each_row(
    ("task", "said"),
    [
        ("sentiment", "the readout is undecided"),
        ("adding", "along a line, the states carry the value itself"),
        ("waves", "along a line, the states carry the value itself"),
        ("flipflop", "States of one colour that stand together"),
        ("brackets", "States of one colour that stand together"),
    ],
)
def test_what_is_said_of_the_colours_is_true_of_what_is_wanted(task, said):
    page = Page(UnitTab.TRAJECTORIES, hidden="4", task=task, epoch="0")
    assert said in page.places["trajectories"]["text"]


def test_the_axes_stay_until_they_are_fitted_again_and_others_can_be_chosen(page):
    page.enter(UnitTab.TRAJECTORIES)
    for epoch, button in ((3, None), (3, None), (7, "refit")):
        if button:
            page.click(button)
        assert re.search(rf"Axes fitted at epoch +{epoch} .*participation ratio", page.text)
        page.session.player.advance(7 - page.session.state.epoch)
        page.run()
    page.choose("Principal components", "2 and 3")
    layout = page.chart("trajectories")["layout"]
    assert layout["xaxis"]["title"]["text"].startswith("component 2 (")


def test_what_is_done_to_a_word_goes_along_from_tab_to_tab_and_is_said_in_each_panel(page):
    page.enter(UnitTab.TRAJECTORIES)
    page.choose("Change to each word below", SWAP)
    titles = page.notes("multiples")
    assert titles[1].startswith("“am” ↔ “not”: ")
    assert titles[3] == "“good”, the last: unchanged"
    assert "the same plane for each word:" in page.places["multiples"]["text"]
    page.ask("bad " * 13)
    assert "plane for each of the first 12 of 13 w" in page.places["multiples"]["text"]
    page.ask("i am not good")
    page.enter(UnitTab.WHAT_IF)
    assert page.lab.perturbation.alter == SWAP
    page.choose("Kind of change", "change")
    page.enter(UnitTab.TRAJECTORIES)
    assert page.notes("multiples")[0].startswith(f"“i” → “{page.lab.perturbation.word}”")


def test_a_phrase_of_which_nothing_is_left_has_an_empty_panel():
    """Without its only letter a text of two is a space that other letters don't follow."""
    page = Page(task="characters", hidden="6", epoch="0", phrase="e ")
    for view in UnitTab:
        assert page.enter(view).charts.keys() <= CHARTS[view]
    page.enter(UnitTab.TRAJECTORIES)
    assert "no “e”: nothing to read" in page.notes("multiples")


def test_a_single_state_has_a_sentence_in_place_of_a_plane():
    session = Session(RunConfig(hidden=5))
    session.load(Upload(File("a.csv", b"text\nab\n")))
    page = Page(UnitTab.TRAJECTORIES, session=session)
    assert "one state makes no trajectory" in page.app.info[0].value
    assert page.charts == {}
    for view in UnitTab:
        page.enter(view)


# Linear probes


def test_epochs_that_were_measured_are_compared_and_one_that_was_not_is_named(page):
    page.enter(UnitTab.PROBES)
    assert page.app.selectbox(key="asked_word").value == "not", "in about half of the phrases"
    page.click("measure")
    page.session.player.advance(4)
    page.run()
    assert "Epoch 7 is not measured: press Measure." in page.charts["readability"]["remark"]
    page.click("measure")
    assert page.charts["readability"]["remark"].startswith("Measured on 17 to 58 different")
    drawn = page.chart("readability")
    assert [s["name"] for s in drawn["data"][-2:]] == ["epoch 3", "epoch 7"]
    assert drawn["layout"]["title"]["text"] == "Was “not” read so far?"
    assert drawn["layout"]["xaxis"]["title"]["text"] == "words before the end"
    page.session.player.go_to(Position(3))
    page.run()
    assert page.chart("readability")["data"][-1]["name"] == "epoch 3"
    page.choose("Counted from", "the start")
    assert "Not measured yet" in page.text
    page.choose("What is read from the state", Asked.TARGET)
    page.click("measure")
    assert page.chart("readability")["layout"]["title"]["text"] == "What is the target here?"


def test_a_task_of_values_and_one_with_an_encoder_have_their_own_questions():
    page = Page(UnitTab.PROBES, task="flipflop", hidden="4", epoch="0")
    page.set("selectbox", "asked_channel", 1)
    page.click("measure")
    assert page.chart("readability")["layout"]["yaxis"]["title"]["text"] == "R²"
    assert page.session.linear_probes.question.channel == 1
    page = Page(UnitTab.PROBES, task="translation", hidden="4", epoch="0", cell="lstm", layers="2")
    page.click("measure")
    assert page.charts["readability"]["remark"].endswith("The states are the encoder's.")


def test_where_too_little_is_known_nothing_is_measured():
    session = Session(RunConfig(hidden=5))
    session.load(Upload(File("a.csv", b"text,label\na b,x\nb a,y\n")))
    page = Page(UnitTab.PROBES, session=session)
    page.click("measure")
    assert "fewer than 10 different beginnings" in page.text
    assert page.charts == {}
