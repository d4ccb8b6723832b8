"""The class on the page: its state comes to the tab that has a ticket."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rnnviz.classroom.classroom import Classroom
from rnnviz.page.session_registry import registry
from rnnviz.page.ticket import TICKET
from rnnviz.page.wire import routes
from tests.page.tab import App
from tests.sampling import each_row
from tests.unit.classroom.students import FLAT, room_of, said


@pytest.fixture
def app():
    return App()


@pytest.fixture
def ask(app):
    """Asks as the page does."""
    client = TestClient(Starlette(routes=routes("/base")))

    def ask(content=None, *, origin="http://testserver", ticket=app.tab.ticket, **action):
        headers = {TICKET: ticket, "origin": origin}
        headers = {name: value for name, value in headers.items() if value is not None}
        body = {"content": content} if content is not None else {"json": action}
        return client.post("/base/rnnviz/class", headers=headers, **body)

    return ask


def test_hands_are_counted_in_a_tab_of_its_own(ask, app):
    assert ask().json() is None, "nothing is open"
    state = ask(do="open", lesson="units").json()
    assert state.items() >= {"phase": "collect", "join": None, "hands": [0] * 4}.items()
    assert ask(do="hand", option=3, by=1).json()["hands"] == [0, 0, 0, 1]
    assert ask(do="turn", by=1).json()["phase"] == "guesses"
    assert ask().json()["phase"] == "guesses", "to ask changes nothing"
    other = App()
    assert ask(ticket=other.tab.ticket).json() is None, "that is another tab"
    assert ask(do="close").json() is None


def test_the_class_of_the_server_is_that_of_every_tab(ask, monkeypatch):
    room = room_of()
    monkeypatch.setattr(registry(), "classroom", room)
    said(room, guess=FLAT)
    assert ask().json()["locked"] == 1
    assert ask(do="turn", by=1).json()["guesses"] == [FLAT]
    assert ask(do="open", lesson="bug").json()["title"] == "The bug" == room.now.lesson.title


def test_a_lesson_that_is_none_opens_nothing(ask):
    for name in ("nothing", "../../etc/passwd", "", 7):
        assert ask(do="open", lesson=name).json() is None


@each_row(
    "foreign",
    [{"origin": "http://evil.example"}, {"origin": "null"}, {"origin": None}, {"ticket": "guessed"},
     {"ticket": None}, {"ticket": ""}],
    ids=str,
)  # fmt: skip
def test_another_page_is_told_nothing_and_does_nothing(ask, monkeypatch, foreign):
    room = room_of()
    monkeypatch.setattr(registry(), "classroom", room)
    for action in ({}, {"do": "turn", "by": 1}, {"do": "close"}):
        reply = ask(**action, **foreign)
        assert (reply.status_code, reply.content) == (403, b"")
    assert room.state()["phase"] == "collect"


@each_row("body", [b"", b"{", b"[]", b"[" * 4000, b"\xff", b" " * 5000 + b"{}", b"null"])
def test_what_is_no_action_is_refused(ask, monkeypatch, body):
    monkeypatch.setattr(registry(), "classroom", Classroom())
    assert ask(body).status_code == 400
