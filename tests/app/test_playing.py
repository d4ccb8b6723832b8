"""Every page while it plays: many frames in one run of the fragment."""

import json
from itertools import count

import pytest

from rnnviz.app import chart, live, style
from rnnviz.config import RunConfig
from rnnviz.figures.scale import Scale
from rnnviz.session import Session
from tests.app.tab import PAGES, Page, rooms_of


@pytest.fixture
def frames(monkeypatch):
    """The places shown; a page plays from its first run on."""
    monkeypatch.setattr(live, "count", lambda: count(1))
    monkeypatch.setattr(live, "STRETCH", 0.5)
    monkeypatch.setattr(live, "FRAME", 0.01)
    shown, send = [], chart.send

    def noted(frame, *args):
        shown.append(frame.texts["status"])
        send(frame, *args)

    monkeypatch.setattr(live, "send", noted)
    return shown


@pytest.mark.parametrize(
    ("page", "room"), [(page, room) for page in PAGES for room in rooms_of(page)]
)
def test_frame_follows_frame(page, room, frames):
    session = Session(RunConfig(hidden=4, epochs=20_000))
    if room:
        session.dissection.room = room
    session.play()
    Page(page, session)
    assert session.running
    assert len(set(frames)) == len(frames)
    assert len(frames) == 1 if page == "step" else len(frames) > 1


def scales(picture):
    """Where the axes and the colours of a picture end."""
    axes = [axis for name, axis in picture["layout"].items() if name[1:5] == "axis"]
    ends = [axis.get("range") for axis in axes], [one.get("zmax") for one in picture["data"]]
    return json.dumps(ends)


CALM = RunConfig(hidden=8)
ROUGH = RunConfig(hidden=8, init_scale=0.3, lr=0.3, epochs=100)
#: The charts of each page, or room, whose scales are held.
HELD = {
    ("train", None): {"margin", "states", "flow", "norms", "recurrent"},
    ("gradients", None): {
        "over_lag", "products", "spectrum", "state_spectrum", "exponents", "ratios", "pairs",
        "by_length", "errors",
    },
    ("hidden", "Units"): {"response"},
    ("hidden", "Trajectories"): {"trajectories", "multiples"},
    ("hidden", "What if"): {"leads", "compared", "saliency"},
    ("hidden", "Break it"): {"worth", "leads"},
}  # fmt: skip


def opened_in(page, room, config=ROUGH):
    session = Session(config)
    if room:
        session.dissection.room = room
    return Page(page, session)


@pytest.mark.parametrize(("page", "room"), HELD)
def test_scales_seldom_move_while_it_learns(page, room):
    """However roughly: without a memory up to 19 times, by the rungs and to and fro."""
    opened, seen = opened_in(page, room), {}
    for _ in range(25):
        for key, drawn in opened.charts.items():
            ends = scales(drawn["figure"])
            so_far = seen.setdefault(key, [ends])
            if so_far[-1] != ends:
                so_far.append(ends)
        opened.session.advance(epochs=1)
        opened.run()
    assert {key for key, ends in seen.items() if len(ends) > 8} == set()


class Far(Scale):
    """A scale that is held far out."""

    def _ends(self, low, high, slack, name=""):
        return [7 * low, 7 * high]


@pytest.mark.parametrize(("page", "room"), HELD)
def test_these_scales_are_held(page, room, monkeypatch):
    near = opened_in(page, room, CALM).charts
    monkeypatch.setattr(style, "HeldScale", Far)
    far = opened_in(page, room, CALM).charts
    moved = {key for key in near if scales(near[key]["figure"]) != scales(far[key]["figure"])}
    assert moved == HELD[page, room]


def test_so_are_those_of_values(monkeypatch):
    waves = RunConfig(task="waves", hidden=8)
    near = opened_in("train", None, waves).charts
    monkeypatch.setattr(style, "HeldScale", Far)
    far = opened_in("train", None, waves).charts
    for key in ("answers", "free"):
        assert scales(near[key]["figure"]) != scales(far[key]["figure"])


def test_other_data_have_scales_of_their_own():
    session = Session(RunConfig(init_scale=1))
    opened = Page("train", session)
    assert opened.charts["margin"]["figure"]["layout"]["yaxis"]["range"] == [-11.5, 11.5]
    session.configure(RunConfig(task="adding"))
    opened.run()
    assert Page("train", session).charts["answers"] == opened.charts["answers"]
