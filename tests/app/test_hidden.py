"""Page *Hidden states* without a browser."""

import re

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.lab.units import Sort, StateSource, UnitTab
from rnnviz.session import Session
from rnnviz.tasks.upload import File, Upload
from rnnviz.training.schedule import Position
from rnnviz.training.weight_edits import silence
from tests.app import tab
from tests.sampling import each_row

CHARTS = {
    UnitTab.UNITS: {"response"},
    UnitTab.TRAJECTORIES: {"trajectories", "multiples"},
    UnitTab.WHAT_IF: {"margins", "compared", "saliency"},
    UnitTab.BREAK: {"ablation", "margins"},
}


class Page(tab.Page):
    """The page alone, in one tab."""

    def __init__(self, **link):
        super().__init__("hidden", **link)

    @property
    def lab(self):
        return self.session.units


@pytest.fixture
def page():
    return Page(hidden="6", init_scale="0.3", epoch="3", phrase="i am not good")


def test_a_phrase_of_which_nothing_is_left_has_an_empty_panel():
    """Without its only letter a text of two is a space that other letters don't follow."""
    page = Page(task="characters", hidden="6", epoch="0", phrase="e ")
    for view in UnitTab:
        assert page.enter(view).charts.keys() <= CHARTS[view]
    layout = page.enter(UnitTab.TRAJECTORIES).charts["multiples"]["figure"]["layout"]
    titles = [note["text"] for note in layout["annotations"]]
    assert "no “e”: nothing to read" in titles


def test_another_order_begins_with_its_first_unit(page):
    page.enter(UnitTab.UNITS)
    page.choose("Units in the order of", Sort.SELECTIVITY)
    source = StateSource(page.session.state, page.session.dataset)
    assert page.lab.unit == page.lab.order(source)[0]
    assert "number 1 of 6 by selectivity" in page.text
    axis = page.charts["response"]["figure"]["layout"]["yaxis"]
    assert axis["title"]["text"] == "unit, the most selective first"
    assert axis["ticktext"][0] == str(page.lab.unit)


def test_every_tab_has_its_pictures(page):
    for view, charts in CHARTS.items():
        assert page.enter(view).charts.keys() == charts


# Units


def test_the_probe_and_a_leaf_of_the_data_are_tinted(page):
    body = page.bodies["tinted"]
    states = page.session.inspect().unrolled(0).h[:, 0]
    for word, value in zip(["i", "am", "not", "good"], states, strict=True):
        assert f"unit 0: h = {value:.6f} after “{word}”" in body
    assert "Training sequences 1 to 20 of 58" in page.text
    page.click("leaf_1")
    assert "Training sequences 21 to 40 of 58" in page.text


def test_buttons_flip_through_the_units(page):
    page.click("unit_next")
    assert page.lab.unit == 1
    assert "Unit 1" in page.text
    page.click("unit_previous")
    page.click("unit_previous")
    assert page.lab.unit == 5


def test_units_come_in_the_order_of_their_selectivity_for_a_word(page):
    page.choose("Units in the order of", Sort.SELECTIVITY)
    page.app.selectbox(key="unit_word").set_value("not")
    page.run()
    assert page.lab.word == "not"
    page.click("unit_next")
    assert re.search(rf"Unit {page.lab.unit}, number \d of 6 by selectivity for “not”", page.text)


def test_a_user_s_text_is_shown_as_typed():
    page = Page(hidden="4", phrase="<b>not</b> good <img>")
    assert "<img" not in "".join(page.bodies.values())


def test_numbers_that_never_come_twice_have_a_sentence():
    page = Page(task="waves", hidden="4")
    assert "hardly ever come twice" in page.app.info[0].value
    assert page.charts == {}


# Trajectories


COLOURS = {
    "sentiment": "where the readout is undecided",
    "adding": "along a line, the states carry the value itself",
    "waves": "along a line, the states carry the value itself",
    "flipflop": "States of one colour that stand together",
    "brackets": "States of one colour that stand together",
}


@each_row(("task", "said"), COLOURS.items())
def test_what_is_said_of_the_colours_is_true_of_what_is_wanted(task, said):
    page = Page(hidden="4", task=task, epoch="0").enter(UnitTab.TRAJECTORIES)
    assert said in page.places["trajectories"]["text"]


def test_the_page_says_when_the_axes_were_fitted(page):
    page.enter(UnitTab.TRAJECTORIES)
    assert "Axes fitted at epoch 3" in re.sub(r"\s+", " ", page.text)
    page.session.player.advance(4)
    page.run()
    assert "Axes fitted at epoch 3" in re.sub(r"\s+", " ", page.text)
    page.click("refit")
    assert "Axes fitted at epoch 7" in re.sub(r"\s+", " ", page.text)
    assert "participation ratio" in page.text


def test_what_is_done_to_a_word_goes_along_from_tab_to_room(page):
    page.enter(UnitTab.TRAJECTORIES)
    page.choose("What is done to each word below", "swap with the next")
    page.enter(UnitTab.WHAT_IF)
    assert page.lab.perturbation.alter == "swap with the next"
    page.choose("What is done to it", "change")
    page.enter(UnitTab.TRAJECTORIES)
    assert page.lab.perturbation.alter == "change"
    notes = page.charts["multiples"]["figure"]["layout"]["annotations"]
    assert notes[0]["text"].startswith(f"“i” → “{page.lab.perturbation.word}”")


def test_each_small_picture_says_what_was_done(page):
    page.enter(UnitTab.TRAJECTORIES)
    page.choose("What is done to each word below", "swap with the next")
    notes = page.charts["multiples"]["figure"]["layout"]["annotations"]
    titles = [note["text"] for note in notes]
    assert titles[1].startswith("“am” ↔ “not”: ")
    assert titles[3] == "“good”, the last: as it is"


def test_one_unit_has_a_sentence_in_place_of_a_plane():
    page = Page(hidden="1").enter(UnitTab.TRAJECTORIES)
    assert "the states lie on a line" in page.app.info[0].value
    assert page.charts == {}


def test_a_single_state_has_a_sentence_in_place_of_a_plane():
    session = Session(RunConfig(hidden=5))
    session.load(Upload(File("a.csv", b"text\nab\n")))
    page = Page(session=session).enter(UnitTab.TRAJECTORIES)
    assert "one state shows no way" in page.app.info[0].value
    assert page.charts == {}
    for view in UnitTab:
        page.enter(view)


@pytest.mark.parametrize(
    ("count", "said"), [(12, "each word,"), (13, "each of the first 12 of 13 w")]
)
def test_of_a_long_sequence_it_is_said_how_much_the_small_pictures_show(count, said):
    page = Page(hidden="4", phrase=" ".join(["bad"] * count)).enter(UnitTab.TRAJECTORIES)
    assert f"The same plane once for {said}" in page.places["multiples"]["text"]


def test_both_charts_are_about_the_bit_that_differs_most(page):
    page = Page(task="flipflop", hidden="6", phrase="1,0,0 0,0,-1 0,0,0").enter(UnitTab.WHAT_IF)

    def told():
        """The bit that the titles of both charts name."""
        layouts = (page.charts[key]["figure"]["layout"] for key in ("margins", "saliency"))
        (bit,) = {re.search(r"bit \d", layout["title"]["text"])[0] for layout in layouts}
        return bit

    bits = [told()]
    page.lab.perturbation = page.lab.perturbation._replace(place=1)
    page.run()
    bits.append(told())
    assert bits != ["bit 1", "bit 1"]


def test_one_word_has_a_sentence_in_place_of_small_pictures():
    page = Page(hidden="4", phrase="bad").enter(UnitTab.TRAJECTORIES)
    assert page.charts.keys() == {"trajectories"}
    assert "nothing to leave out" in page.app.info[0].value


def test_other_components_can_be_looked_at(page):
    page.enter(UnitTab.TRAJECTORIES)
    page.choose("Principal components", "2 and 3")
    layout = page.charts["trajectories"]["figure"]["layout"]
    assert layout["xaxis"]["title"]["text"].startswith("component 2 (")


# What if


def test_a_dropped_word_changes_the_verdict_below_the_original(page):
    page.enter(UnitTab.WHAT_IF)
    page.app.selectbox[0].set_value(2)
    page.run()
    assert "“i am not good”" in page.text
    assert "“i am good”" in page.text
    ticks = page.charts["compared"]["figure"]["layout"]["xaxis"]["ticktext"]
    assert ticks == ["i", "am", "not→–", "good"]


def test_a_word_can_be_changed_or_swapped(page):
    page.enter(UnitTab.WHAT_IF)
    page.choose("What is done to it", "change")
    page.app.selectbox(key="alter_word").set_value("very")
    page.run()
    assert "“very am not good”" in page.text
    page.choose("What is done to it", "swap with the next")
    assert "“am i not good”" in page.text


def test_nothing_left_to_read_has_a_sentence():
    page = Page(hidden="4", phrase="bad").enter(UnitTab.WHAT_IF)
    assert "Without its only word nothing is left to read" in page.text
    assert page.charts.keys() == {"saliency"}


def test_a_word_that_stays_as_it_is_has_a_sentence():
    page = Page(hidden="4", phrase="not bad").enter(UnitTab.WHAT_IF)
    page.choose("What is done to it", "swap with the next")
    page.app.selectbox(key=next(s.key for s in page.app.selectbox if s.label == "Word")).select(1)
    page.run()
    assert "So nothing is changed" in page.text
    assert page.charts.keys() == {"saliency"}


def test_a_word_is_changed_into_another_to_begin_with():
    page = Page(task="recall", hidden="4").enter(UnitTab.WHAT_IF)
    page.choose("What is done to it", "change")
    assert "So nothing is changed" not in page.text
    assert page.charts.keys() == {"saliency", "margins", "compared"}


def test_values_are_changed_by_typing():
    page = Page(task="flipflop", hidden="4").enter(UnitTab.WHAT_IF)
    page.choose("What is done to it", "change")
    page.app.text_input(key="alter_value").set_value("-1,-1,-1")
    page.run()
    assert "“-1,-1,-1 0,0,0" in page.text
    page.app.text_input(key="alter_value").set_value("<b>")
    page.run()
    assert "can't be read" in page.text


# Break it


def test_what_is_silenced_is_seen_before_and_after_and_undone(page):
    page.enter(UnitTab.BREAK)
    assert "Nothing edited" in page.text
    assert page.disabled("undo")
    page.click("do_silence_unit")
    assert page.lab.edits == (silence(1, 0),)
    assert "Edited on a copy, the run is untouched: silence 1 0." in page.text
    page.click("do_silence_n")
    page.click("do_scale_radius")
    page.click("do_add_noise")
    page.click("do_set_weight")
    assert "scale 0.9; noise 0.1 0; set W_hh 0 0 0.0" in page.text
    after = page.session.units.preview(page.session.state, page.session.run).after[0].loss
    assert f"{after:.4f}" in page.text
    page.click("undo")
    assert len(page.lab.edits) == 4
    page.click("undo_all")
    assert page.lab.edits == ()


def test_only_branch_with_this_touches_the_run(page):
    page.enter(UnitTab.BREAK)
    before = page.session.state.parameters.theta.tobytes()
    page.click("do_silence_unit")
    page.click("do_scale_radius")
    assert page.session.state.parameters.theta.tobytes() == before
    edited = page.session.units.preview(page.session.state, page.session.run).parameters.theta
    page.click("branch_with")
    assert np.array_equal(page.session.state.parameters.theta, edited)
    assert page.lab.edits == ()
    assert page.session.player.ghost is not None
    assert page.session.link().to_query()["changes"] == "3:edit=silence 1 0,3:edit=scale 0.9"


def test_a_link_with_edits_opens_on_the_page():
    page = Page(hidden="4", epoch="3", changes="2:edit=silence 1 0,2:edit=silence 1 99")
    assert page.session.run.schedule.edits(Position(2)) == (silence(1, 0),)


# All of it


def test_looking_back_all_tabs_show_what_was_then(page):
    page.session.player.advance(5)
    page.session.player.go_to(Position(2))
    page.run()
    state = page.session.state
    body = page.bodies["tinted"]
    assert f"{page.session.inspect().unrolled(0).h[0, 0]:.6f}" in body
    for view in UnitTab:
        page.enter(view)
        assert page.session.state is state


def test_numbers_are_only_made_when_they_are_asked_for(page):
    for view in UnitTab:
        page.enter(view)
        assert not page.app.dataframe


@each_row("view", list(UnitTab))
def test_every_tab_has_its_numbers(page, view):
    page.enter(view)
    key = {
        UnitTab.UNITS: "units",
        UnitTab.TRAJECTORIES: "ways",
        UnitTab.WHAT_IF: "what_if",
        UnitTab.BREAK: "break",
    }
    page.app.session_state[f"numbers_hidden_{key[view]}"] = True
    page.run()
    for chart in page.app.selectbox(key=f"numbers_of_hidden_{key[view]}").options:
        page.app.selectbox(key=f"numbers_of_hidden_{key[view]}").set_value(chart)
        page.run()
        assert len(page.app.dataframe[0].value)
