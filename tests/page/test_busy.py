"""A run that still computes what one of its tabs asked for, and pictures that take too long."""

import pytest

from rnnviz.page import actor
from rnnviz.page.actor import BUSY
from rnnviz.page.question_page import TOO_LONG
from rnnviz.probe.questions import StateQuestion
from rnnviz.ui import frame
from rnnviz.ui.style import escaped
from tests.page.tab import Page, app_test


@pytest.fixture
def tab(monkeypatch):
    """A tab whose run is locked by another one."""
    opened = app_test().run()
    assert not opened.error
    with opened.session_state["tab_session"].host():
        monkeypatch.setattr(actor, "LOCK_TIMEOUT", 0.01)
        yield opened


def test_its_page_says_so(tab):
    tab.run()
    assert not tab.exception
    assert [error.value for error in tab.error] == [escaped(BUSY)]


def test_a_press_is_told_of_it(tab):
    tab.button[0].click().run()
    assert not tab.exception
    assert escaped(BUSY) in [error.value for error in tab.error]


def test_a_picture_that_takes_too_long_is_a_sentence(monkeypatch):
    page = Page("hidden", hidden="4").enter(StateQuestion.WHAT_IF)
    monkeypatch.setattr(frame, "PICTURE_TIME", 0)
    page.ask("not bad")
    assert page.chart("saliency")["layout"]["meta"]["sentence"] == TOO_LONG
    assert "sentence" not in page.chart("answers")["layout"].get("meta", {})
