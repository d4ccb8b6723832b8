"""Page *Dynamics*, *Where does the state rest?*, without a browser."""

import re

import numpy as np
import pytest

from rnnviz.config import RunConfig, TaskName
from rnnviz.probe.fixed_points import FixedPoint, FixedPoints
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.questions.rest.measure import DynamicsLab, Hold, dynamics_query, read_out
from rnnviz.questions.rest.tab import rest_sentence, search_outcome
from rnnviz.tasks.data_source import PRESETS
from rnnviz.ui.choices import progress_html
from tests.page import tab
from tests.page.tab import plain
from tests.sampling import each_row, singly


class Page(tab.Page):
    """The page alone, in one tab."""

    def __init__(self, session=None, **link):
        super().__init__("dynamics", session, **link)

    def find(self):
        """Look for the points, to the end."""
        self.click("find")
        self.finish()

    @property
    def phase(self):
        return self.charts["phase"]

    @property
    def names(self):
        return [series.get("name") for series in self.phase["figure"]["data"]]

    @property
    def story(self):
        return " ".join(plain(self.bodies["story"]).split())

    @property
    def rows(self):
        """The rows of the list."""
        return [*zip(*self.chart("points")["data"][0]["cells"]["values"], strict=True)]

    @property
    def outcome(self):
        """What came of the search."""
        return self.chart("points")["layout"]["meta"]["note"]

    @property
    def numbers(self):
        """Those of the point that is open."""
        _, *opened = self.chart("points")["data"]
        return dict(zip(*opened[0]["cells"]["values"], strict=True)) if opened else {}

    def sentence(self, key):
        return self.chart(key)["layout"]["meta"]["sentence"]


@pytest.fixture(scope="module")
def trained():
    session = Session(PRESETS[TaskName.FLIPFLOP][0].config())
    session.player.advance(session.config.epochs)
    return session


@pytest.fixture
def flipflop(trained):
    """The preset after training, as it is when its page is opened first."""
    trained.dynamics = DynamicsLab()
    return Page(trained)


@pytest.fixture
def page():
    return Page(hidden="6", init_scale="0.3", epoch="3", phrase="i am not good")


def test_a_state_too_wide_for_a_search_is_not_told_to_search():
    page = Page(cell="slstm", hidden="256", layers="3", epoch="0", phrase="i am not good")
    assert "has 3,072 numbers" in page.sentence("phase")
    assert page.sentence("spectra") == "No points can be found here."


def test_the_plane_is_there_before_anything_is_found_and_stays(page):
    assert "press F to find" in page.story
    assert "press F" in page.sentence("spectra")
    assert "stays (1)" not in page.names
    page.choose("Plane of components", "2 and 3")
    layout = page.phase["figure"]["layout"]
    assert layout["xaxis"]["title"]["text"].startswith("component 2: ")
    share = re.fullmatch(
        r"Components 2 and 3 explain (\d+)% of the variance on 58 training phrases",
        layout["title"]["text"],
    )
    plane = page.session.lab(DynamicsLab).plane(dynamics_query(page.session))
    assert float(share[1]) == pytest.approx(100 * sum(plane.explained), abs=0.6)
    page.session.player.advance(2)
    page.run()
    assert "fitted at epoch 3" in page.phase["remark"]
    page.click("refit")
    assert "fitted at epoch 5 to the states on 58 training phrases" in page.phase["remark"]


def test_the_way_has_the_shades_and_the_places_of_the_words(page):
    shades = page.chart("words")["layout"]["meta"]["shades"]
    (way,) = [s for s in page.chart("phase")["data"] if s.get("meta", {}).get("token") == 0]
    assert (way["marker"]["color"], way["text"]) == (shades, ["i", "am", "not", "good"])
    assert len({*shades}) == 4


def test_of_an_encoder_and_a_decoder_the_way_is_the_decoders():
    page = Page(task="translation", hidden="4", epoch="0", cell="gru")
    words = page.session.inspect().words
    (way,) = [s for s in page.chart("phase")["data"] if "token" in s.get("meta", {})]
    first = way["meta"]["token"]
    assert way["text"] == [tab.html.escape(word, quote=False) for word in words[first:]]
    shades = page.chart("words")["layout"]["meta"]["shades"]
    assert [k for k, shade in enumerate(shades) if not shade] == [*range(first)]


def test_the_flip_flop_has_eight_points_at_which_it_rests(flipflop):
    flipflop.find()
    assert flipflop.story.startswith(
        "Learned With the zero input fixed, 8 stable points were found"
    )
    assert flipflop.outcome == "8 stable, 19 saddle, 0 slow, from 200 starts."
    assert {"stays (8)", "leaves (19)"} <= {*flipflop.names}
    rests = [row[1] for row in flipflop.rows]
    assert rests == ["● stays"] * 8 + [f"○ leaves ({n})" for n in [1] * 12 + [2] * 6 + [3]]
    signs = [tuple(v.strip()[0] == "−" for v in row[2].split(",")) for row in flipflop.rows[:8]]
    assert len({*signs}) == 8
    assert "fitted at epoch 150" in flipflop.phase["remark"]
    assert "Held: the zero input." in flipflop.phase["remark"]


def test_a_row_or_a_point_chooses_and_opens_its_numbers(flipflop):
    flipflop.find()
    lab, query = flipflop.session.lab(DynamicsLab), dynamics_query(flipflop.session)
    rests = lab.rests(query)
    assert not flipflop.numbers
    for key, index in (("points", 20), ("phase", 3)):
        flipflop.say("click", on=key, x=0, y=0, data=index)
        assert lab.chosen(query, rests) == index
        size = re.match(r"\d[\d.]*", flipflop.rows[index][3])[0]
        assert flipflop.chart("points")["layout"]["meta"]["opened"] == index
        last = f"{rests[index].point.state[-1]:.4g}".replace("-", "−")
        assert flipflop.numbers["state"].endswith(last)
        notes = [n["text"] for n in flipflop.chart("spectra")["layout"]["annotations"]]
        assert size in notes
        ring = flipflop.phase["figure"]["data"][-2]
        assert len(ring["x"]) == 1
    flipflop.say("click", on="points", data=3)
    assert not flipflop.numbers, "closed again"


def test_values_that_are_held_can_be_typed(flipflop):
    flipflop.choose("Fixed input", Hold.OWN)
    for typed in ("-1,0,0", "much"):
        flipflop.app.text_input(key="typed").set_value(typed)
        flipflop.run()
        if typed != "much":
            flipflop.find()
            assert "4 stable points were found" in flipflop.story
    assert "can't be read" in flipflop.story
    assert "can't be read" in flipflop.sentence("phase")
    assert flipflop.disabled("find")
    flipflop.choose("Fixed input", Hold.ZERO)
    assert flipflop.session.lab(DynamicsLab).holds == {False: Hold.ZERO}


@singly(cell=["elman", "gru", "lstm"], layers=["2", "1"])
def test_a_search_on_every_cell_tells_what_came_of_it(cell, layers):
    page = Page(cell=cell, layers=layers, hidden="4", epoch="2")
    page.find()
    assert re.match(r"\d+ stable, \d+ saddle, \d+ slow, from 200 starts", page.outcome)
    assert len(page.rows) == len(page.session.lab(DynamicsLab).rests(dynamics_query(page.session)))
    assert page.chart("spectra")["data"]


def test_the_points_of_every_word_are_found_with_one_click(page):
    page.click("find_each")
    assert page.disabled("find_each") and page.disabled("find")
    page.finish()
    held = {row[0] for row in page.rows}
    assert held == {f"“{word}”" for word in page.session.dataset.vocabulary.words}


def test_a_search_can_be_cancelled(page):
    assert page.disabled("cancel")
    assert page.outcome == "No search was made with this input."
    page.click("find")
    assert page.disabled("find")
    assert page.outcome == "The search is running."
    assert "Searching at epoch 3" in page.story
    page.click("cancel")
    assert page.session.lab(DynamicsLab).searching is None
    assert "press F to find" in page.story


def test_each_input_has_points_of_its_own_and_the_others_are_named(page):
    page.find()
    first, rows = page.story, page.rows
    page.choose("Fixed input", Hold.MEAN)
    assert "With the mean input fixed: press F" in page.story
    assert page.rows == rows[:1], "the first of the other input"
    lab = page.session.lab(DynamicsLab)
    lab.find(dynamics_query(page.session))
    while spend(1, lab.work()):
        pass
    page.run()
    assert [row[0] for row in (page.rows[0], page.rows[-1])] == ["mean input", "“not”"]
    page.choose("Fixed input", Hold.OWN)
    assert page.story == first
    page.choose("The fixed word (several: their mean)", ["good", "not"])
    assert "Held: the mean of “good”, “not”." in page.phase["remark"]
    page.choose("The fixed word (several: their mean)", [])
    assert "Choose at least one word." in page.story
    assert page.sentence("phase") == "Choose at least one word."
    page.say("click", on="points", data=0)
    assert page.rows == []


@each_row(
    ("link", "said"),
    [({"hidden": "1"}, "no plane"), ({"hidden": "2"}, ""), ({"phrase": "bad"}, "")],
    ids=["one unit", "two units", "one word"],
)
def test_odd_networks_get_a_sentence_or_a_picture(link, said):
    page = Page(**{"epoch": "2", "hidden": "4", **link})
    page.find()
    assert "from 200 starts" in page.outcome
    sentence = page.chart("phase")["layout"]["meta"].get("sentence", "")
    assert bool(sentence) == bool(said)
    assert said in sentence


def test_states_beyond_all_numbers_have_a_sentence_in_place_of_each_picture():
    session = Session(RunConfig(activation="relu", hidden=4))
    for name in ("W_hh", "b_h"):
        session.state.parameters[name][...] = 1e100
    page = Page(session)
    assert "not finite numbers" in page.sentence("phase")
    assert page.rows == []


def test_what_a_search_has_missed_is_told():
    found = FixedPoints((), requested=200, starts=150, outside=3, lost=2, undescribed=4)
    assert (
        "from 150 starts of 200, because time ran out, "
        "3 of the starts went far from the visited states, or beyond possible ones, "
        "2 found nothing slow; 4 more points were not examined."
    ) in search_outcome(found, True)
    point = FixedPoint(np.zeros(1), 0.0, np.array([2.0 + 0j]), np.eye(1)[:0], np.ones(2))
    one = FixedPoints((point,), 9, 9)
    assert "the state leaves the one point found, or" in rest_sentence("x", one)
    two = FixedPoints((point,) * 2, 9, 9)
    assert "the state leaves the 2 points found, or" in rest_sentence("x", two)
    assert "no point</strong> was found from 150 starts" in rest_sentence("<b>", found)
    assert "<b>" not in rest_sentence("<b>", None)
    assert 'value="0.250" max="1"' in progress_html("Searching", 0.25)


def test_a_series_rests_at_the_mean_of_its_training_in_its_own_units():
    page = tab.Page("dynamics", task="elnino", hidden="3", window="6", epoch="1")
    session = page.session
    query, dynamics = dynamics_query(session), session.lab(DynamicsLab)
    assert dynamics.label(query) == "the training's mean"
    assert not dynamics.held(query).inputs.any(), "standardised it is zero"
    dynamics.hold = Hold.OWN
    (mean,) = session.dataset.units.mean
    assert dynamics.label(query) == f"{mean:.4g}"
    assert abs(dynamics.held(query).inputs).max() < 0.01
    own = read_out(np.zeros(len(session.dataset.classes)), session.dataset).text
    assert own == f"{session.dataset.answer_units.mean[0]:.4g}"
