"""The settings of a page, and who may still change them."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.runtime.scriptrunner import StopException
from streamlit.runtime.state import SafeSessionState
from streamlit.testing.v1 import AppTest

from rnnviz.app import state
from rnnviz.session import Session
from tests.app.tab import Page, Tab
from tests.interruption import Press, raising

ROOT = Path(__file__).resolve().parents[2]


def test_a_run_of_the_page_that_a_press_has_overtaken_changes_no_setting(session, monkeypatch):
    """A preset is pressed while the page is laid out: the old settings must not come back."""
    shown, chosen = session.config, replace(session.config, hidden=5)

    session.configure(chosen)
    monkeypatch.setattr(state, "give_way", raising(0))
    with pytest.raises(Press):
        state.configure(session, shown)
    assert session.config == chosen


def test_settings_that_nobody_overtakes_are_taken(session, monkeypatch):
    monkeypatch.setattr(state, "give_way", lambda: None)
    state.configure(session, replace(session.config, hidden=5))
    assert session.config.hidden == 5


@pytest.fixture
def ending(monkeypatch):
    """Ends a run once, at the first use of the session state after this method was called so."""

    def ending(method, *wanted):
        called, ended, waiting = getattr(Session, method), [], []

        def noted(self, *arguments):
            called(self, *arguments)
            if arguments[-len(wanted) :] == wanted or not wanted:
                waiting.append(method)

        def at(use):
            def end(self, *arguments):
                if waiting and not ended:
                    ended.append(waiting.pop())
                    raise StopException
                return use(self, *arguments)

            return end

        monkeypatch.setattr(Session, method, noted)
        for name in ("__getitem__", "__setitem__", "__contains__"):
            monkeypatch.setattr(SafeSessionState, name, at(getattr(SafeSessionState, name)))
        return ended

    return ending


@pytest.mark.parametrize("press", ["new_seed", "preset_sentiment_Notebook"])
def test_settings_that_a_press_has_taken_are_not_undone_by_the_sidebar(press, ending):
    """Streamlit can end what a press does, too, wherever it uses the session state."""
    tab = Tab(AppTest.from_file(str(ROOT / "app.py"), default_timeout=60), {"hidden": "5"})
    ended = ending("configure")
    tab.button(press).click()
    tab.app.run()
    taken = tab.session.config
    assert ended == ["configure"]
    assert (taken.hidden, taken.seed) != (5, 0)
    tab.run()
    assert tab.session.config == taken


def test_what_is_typed_stays_where_a_run_ends_right_after_it_was_asked(ending):
    """Streamlit ends a run that is overtaken wherever the script uses its session state."""
    page = Page("train")
    ended = ending("ask", "bad")
    page.app.text_input(key="phrase").set_value("bad").run()
    assert ended == ["ask"]
    assert page.session.typed == "bad"
    page.app.text_input(key="phrase").set_value("good").run()
    page.run()
    assert page.app.text_input(key="phrase").value == "good"
    assert page.session.typed == "good"
