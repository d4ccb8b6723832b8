"""Every page while it plays: many frames in one run of the fragment."""

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
