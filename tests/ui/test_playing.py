"""Every page while it plays: many frames in one run of the fragment."""

import json
from itertools import count

import pytest

from rnnviz.config import RunConfig
from rnnviz.session import Session
from rnnviz.ui import chart, live
from tests.ui.tab import PAGES, Page, rooms_of


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


@pytest.mark.parametrize("page", ["train", "gradients"])
def test_no_scale_moves_to_and_fro_while_it_learns(page):
    session = Session(RunConfig(epochs=100))
    opened, seen = Page(page, session), {}
    for _ in range(40):
        for key, drawn in opened.charts.items():
            ends = scales(drawn["figure"])
            so_far = seen.setdefault(key, [ends])
            if so_far[-1] != ends:
                so_far.append(ends)
        session.advance(epochs=1)
        opened.run()
    assert {key for key, ends in seen.items() if len(set(ends)) < len(ends)} == set()


def test_other_data_have_scales_of_their_own():
    session = Session(RunConfig(init_scale=1))
    opened = Page("train", session)
    assert opened.charts["margin"]["figure"]["layout"]["yaxis"]["range"] == [-11.5, 11.5]
    session.configure(RunConfig(task="adding"))
    opened.run()
    assert Page("train", session).charts["answers"] == opened.charts["answers"]
