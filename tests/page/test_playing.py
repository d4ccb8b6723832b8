"""Every page while it plays, and what is clicked in its pictures."""

import json
import time
from contextlib import suppress
from itertools import product

import pytest

from rnnviz.charts.axis_limits import Scale
from rnnviz.config import RunConfig
from rnnviz.page.command import RefusedError
from rnnviz.probe.questions import DynamicsQuestion, GradientQuestion, StateQuestion, TrainQuestion
from rnnviz.probe.session import Session
from rnnviz.run.weight_edits import silence
from rnnviz.ui import style
from tests.page.tab import PAGES, Eye, Page, plain, tabs_of
from tests.sampling import each_row
from tests.unit.page.browser import unpacked

VIEWS = [(page, view) for page in PAGES for view in tabs_of(page)]


def opened_in(page, view, config):
    return Page(page, Session(config)).enter(view)


@each_row(("page", "view"), VIEWS)
def test_frame_follows_frame_until_it_is_held(page, view):
    """Each is of a later place; after Pause comes the newest, and nothing after it."""
    opened = opened_in(page, view, RunConfig(hidden=4, epochs=20_000))
    eye, now = Eye(opened), time.monotonic()
    with opened.tab.host() as host:
        host.attach(eye, now)
        host.receive(eye, {"do": "play", "n": 1}, now)
        for second in range(1, 8):
            host.turn(now + second)
            eye.acknowledged = eye.sent
            if second == 4:
                host.receive(eye, {"do": "pause", "n": 2}, now + second)
        host.detach(eye, now)
    frames = [unpacked(message) for message in eye.got]
    assert [frame["running"] for frame in frames] == [True] * 4 + [False]
    places = [frame["progress"] for frame in frames]
    assert len({*places}) == 4
    assert places[-2] == places[-1] == opened.session.player.progress
    for frame in frames:
        assert not frame["problem"]
        assert f"{frame['progress']} of 20000" in plain(frame["texts"]["status"])


# What is done and clicked while it rests


@pytest.fixture(scope="module")
def looked():
    """The pages of one run at epoch 9."""
    session = Session(RunConfig(hidden=4, init_scale=0.3))
    session.player.advance(9)
    return {page: Page(page, session) for page in PAGES}


@each_row(("page", "view"), VIEWS)
def test_what_a_page_has_to_do_comes_to_an_end(looked, page, view):
    opened = looked[page].enter(view)
    assert ("Measuring the units" in opened.text) == (view is StateQuestion.BREAKS)
    opened.finish()
    assert "Measuring the units" not in opened.text
    assert not any("not measured yet" in chart["remark"] for chart in opened.charts.values())


@each_row(
    ("page", "view", "chart"),
    [
        ("train", TrainQuestion.WRONG, "metric"),
        ("gradients", GradientQuestion.REACH, "map"),
        ("gradients", GradientQuestion.FEED, "clipping"),
        ("gradients", GradientQuestion.RIGHT, "errors"),
    ],
)
def test_a_click_on_an_epoch_goes_there(looked, page, view, chart):
    opened = looked[page].enter(view)
    assert opened.places[chart]["clicks"]
    opened.say("click", on=chart, x=3.2, y=0)
    assert "Looking back at" in opened.text
    opened.say("now")


def test_a_click_in_a_tab_is_for_what_is_pointed_at(looked):
    opened = looked["hidden"]
    lab = opened.session.units
    opened.enter(StateQuestion.CARRY).say("click", on="response", x="sad", y="1")
    assert (lab.word, lab.unit, opened.session.selection.unit) == ("sad", 1, 1)
    assert "“sad” moves unit 1 by" in opened.text
    opened.enter(StateQuestion.BREAKS)
    for edits in ((silence(1, 2),), ()):
        opened.say("click", on="ablation", data=2)
        assert lab.edits == edits


CLICKS = [
    {},
    {"x": "a", "y": None, "data": "b"},
    {"x": 1e300, "y": -1e300, "data": [0, -9, 9]},
    {"x": -1, "y": -1, "data": -1},
    {"x": 99, "y": 99, "data": 99},
    {"x": float("nan"), "y": float("inf"), "data": [99, 99, "h"]},
    {"x": True, "y": True, "data": True},
    {"x": 2**70, "y": -(2**70), "data": 2**70},
    {"x": 1.5, "y": 1.5, "data": [2**70, "\ud83d"]},
    {"value": True, "by": True},
    {"value": 2**70},
    {"by": -(2**70)},
    {"value": 2**53 - 1, "data": [2**53 - 1, 2**53 - 1]},
    {"value": -(10**5), "by": 2**53 - 1},
]


@each_row(("page", "view"), VIEWS)
def test_whatever_is_clicked_the_page_can_be_drawn(looked, page, view):
    opened = looked[page].enter(view)
    for chart, click in product([*opened.tab.scene.handlers], CLICKS):
        with suppress(RefusedError):
            opened.say("click", on=chart, **click)
            assert opened.charts, (chart, click)
            assert not opened.frame["problem"], (chart, click)
    opened.say("now")
    assert opened.session.selection.unit in (None, *range(4))


# Scales


def scales(picture):
    """Where the axes and the colours of a picture end."""
    axes = [axis for name, axis in picture["layout"].items() if name[1:5] == "axis"]
    ends = [axis.get("range") for axis in axes], [one.get("zmax") for one in picture["data"]]
    return json.dumps(ends)


def ends_of(opened):
    return {key: scales(drawn["figure"]) for key, drawn in opened.charts.items()}


#: The charts of each page, or view, whose scales are held.
HELD = {
    ("train", TrainQuestion.WRONG): {"answers"},
    ("hidden", StateQuestion.CARRY): {
        "memory", "phrases", "response", "unit_epochs", "unit_words",
    },
    ("hidden", StateQuestion.WHAT_IF): {"compared", "distance", "saliency"},
    ("hidden", StateQuestion.BREAKS): {"ablation", "moved"},
    ("gradients", GradientQuestion.REACH): {"exponents", "over_lag", "products", "spectrum"},
    ("gradients", GradientQuestion.FEED): {"ratios"},
    ("gradients", GradientQuestion.RIGHT): {"by_length", "errors", "sizes"},
    ("dynamics", DynamicsQuestion.PATH): {"trajectories"},
}  # fmt: skip


@each_row(("page", "view"), HELD)
def test_scales_seldom_move_while_it_learns(page, view):
    """However roughly: without a memory up to 18 times, by the rungs and to and fro."""
    rough = RunConfig(hidden=8, init_scale=0.3, lr=0.1, epochs=100)
    opened, seen = opened_in(page, view, rough), {}
    for _ in range(25):
        for key, ends in ends_of(opened).items():
            so_far = seen.setdefault(key, [ends])
            so_far += [ends] * (so_far[-1] != ends)
        opened.session.player.advance(epochs=1)
        opened.look()
    assert {key for key, ends in seen.items() if len(ends) > 8} == set()


class Far(Scale):
    """A scale that is held far out."""

    def _ends(self, low, high, slack, name=""):
        return [7 * low, 7 * high]


@pytest.mark.parametrize(
    ("where", "task", "held"),
    [(where, "sentiment", held) for where, held in HELD.items()]
    + [
        (("train", TrainQuestion.LEARN), "waves", {"free"}),
        (("train", TrainQuestion.WRONG), "waves", {"answers", "scatter"}),
    ],
)
def test_these_scales_are_held(where, task, held, monkeypatch):
    near = ends_of(opened_in(*where, RunConfig(task=task, hidden=8)))
    monkeypatch.setattr(style, "StickyScale", Far)
    far = ends_of(opened_in(*where, RunConfig(task=task, hidden=8)))
    assert {key for key in near if near[key] != far[key]} == held


def test_other_data_have_scales_of_their_own():
    session = Session(RunConfig(init_scale=1))
    opened = Page("train", session).enter(TrainQuestion.WRONG)
    assert opened.chart("answers")["layout"]["yaxis"]["range"] == [-11.5, 11.5]
    session.configure(RunConfig(task="adding"))
    opened.run()
    assert Page("train", session).charts["answers"] == opened.charts["answers"]
