"""Page *Dynamics* without a browser."""

import re

import numpy as np
import pytest

from rnnviz.analysis.fixed_points import FixedPoint, FixedPoints
from rnnviz.analysis.phase_portrait import Readout
from rnnviz.app.fixed_point_table import points_html, search_html
from rnnviz.config import TaskName
from rnnviz.lab.dynamics import DynamicsLab, Hold
from rnnviz.presets import PRESETS
from rnnviz.session import Session
from tests.app import tab
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


def test_the_plane_and_the_flow_are_there_before_anything_is_found_and_stay(page):
    assert page.charts.keys() == {"phase", "spectra"}
    assert "press  Find" in page.text
    assert page.names[-3:] == ["stable (0)", "saddle (0)", "slow (0)"]
    page.choose("Principal components", "2 and 3")
    title = page.phase["figure"]["layout"]["xaxis"]["title"]["text"]
    assert title.startswith("principal component 2")
    page.session.player.advance(2)
    page.run()
    assert "fitted at epoch 3" in page.phase["remark"]
    page.click("refit")
    assert "fitted at epoch 5" in page.phase["remark"]


def test_the_flip_flop_has_eight_stable_points(flipflop):
    flipflop.find()
    assert "Fixed: q < 1e-14; slow: a minimum of q, at most 1e-6" in flipflop.text
    assert "8 stable ,  19 saddle ,  0 slow , from 200 starts" in flipflop.text
    assert flipflop.names[-3:] == ["stable (8)", "saddle (19)", "slow (0)"]
    assert len(re.findall(r"\bstable\b", flipflop.text)) == 1 + 8
    assert "fitted at epoch 150" in flipflop.phase["remark"]
    assert "Held: the zero input." in flipflop.phase["remark"]
    flipflop.app.session_state["numbers_dynamics"] = True
    flipflop.run()
    (table,) = flipflop.app.dataframe
    assert list(table.value.kind) == ["stable"] * 8 + ["saddle"] * 19
    assert "s[31]" in table.value.columns


def test_values_that_are_held_can_be_typed(flipflop):
    flipflop.choose("Hold", Hold.OWN)
    for typed in ("-1,0,0", "much"):
        flipflop.app.text_input(key="typed").set_value(typed)
        flipflop.run()
        if typed != "much":
            flipflop.find()
            assert "4 stable" in flipflop.text
    assert "can't be read" in flipflop.text
    assert flipflop.disabled("find")
    flipflop.choose("Hold", Hold.ZERO)
    assert flipflop.session.dynamics.holds == {False: Hold.ZERO}


@singly(cell=["elman", "gru", "lstm"], layers=["2", "1"])
def test_a_search_on_every_cell_tells_what_came_of_it(cell, layers):
    page = Page(cell=cell, layers=layers, hidden="4", epoch="2")
    page.find()
    assert re.search(r"\d+ stable ,  \d+ saddle ,  \d+ slow , from 200 starts", page.text)
    assert page.chart("spectra")["data"]


def test_a_search_can_be_cancelled(page):
    assert page.disabled("cancel")
    page.click("find")
    assert page.disabled("find")
    assert "Searching at epoch 3" in page.text
    page.click("cancel")
    assert page.session.dynamics.searching is None
    assert "press  Find" in page.text


def test_each_input_has_points_of_its_own_and_they_are_kept(page):
    page.find()
    first = page.text
    page.choose("Hold", Hold.MEAN)
    assert "press  Find" in page.text
    assert "the mean input" in page.phase["remark"]
    page.choose("Hold", Hold.OWN)
    assert page.text == first
    page.app.multiselect[0].set_value(["good", "not"])
    page.run()
    assert "Held: the mean of “good”, “not”." in page.phase["remark"]
    page.app.multiselect[0].set_value([])
    page.run()
    assert "Choose at least one word to hold." in page.text
    assert page.charts == {}


@each_row(
    ("link", "said"),
    [({"hidden": "1"}, "no plane"), ({"hidden": "2"}, ""), ({"phrase": "bad"}, "")],
    ids=["one unit", "two units", "one word"],
)
def test_odd_networks_get_a_sentence_or_a_picture(link, said):
    page = Page(**{"epoch": "2", "hidden": "4", **link})
    assert said in page.text
    page.find()
    assert "from 200 starts" in page.text
    assert ("phase" in page.charts) == (not said)


def test_what_a_search_has_missed_is_told():
    found = FixedPoints((), requested=200, starts=150, outside=3, lost=2, undescribed=4)
    assert (
        "from 150 starts of 200, because time ran out, 3 left the range of possible states, "
        "2 found nothing slow; 4 more points were not examined."
    ) in search_html(found, None)
    assert 'value="0.250" max="1"' in search_html(found, (7, 0.25))


@each_row(
    ("scale", "size", "memory", "leaves"),
    [
        (0.5, "0.5", "1.443", "–"),
        (1.25, "1.25", "0", "4.481"),
        (1 - 1e-4, "1 − 1e-04", "9999", "–"),
        (1 - 1e-9, "1 − 1e-09", "&gt; 1,000,000", "–"),
        (1 + 3e-7, "1 + 3e-07", "0", "3.333e+06"),
    ],
)
def test_what_differs_little_from_1_is_told_by_how_much(scale, size, memory, leaves):
    point = FixedPoint(np.zeros(1), 0.0, np.array([complex(scale)]), np.eye(1)[:0], np.ones(2))
    html = points_html((point,), (Readout("good"),))
    cells = re.findall("<td>(.*?)</td>", html)
    assert (cells[3], cells[5], cells[6]) == (size, memory, leaves)
