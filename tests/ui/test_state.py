"""The settings of a page, and who may still change them."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.runtime.scriptrunner import StopException
from streamlit.runtime.state import SafeSessionState
from streamlit.testing.v1 import AppTest

from rnnviz.session import Session
from rnnviz.ui import state
from tests.interruption import Press, raising
from tests.ui.tab import Page, Tab

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


@pytest.mark.parametrize("press", ["new_seed", "preset_sentiment_Notebook"])
def test_settings_that_a_press_has_taken_are_not_undone_by_the_sidebar(press, monkeypatch):
    """Streamlit can end what a press does, too, wherever it uses the session state."""
    tab = Tab(AppTest.from_file(str(ROOT / "app.py"), default_timeout=60), {"hidden": "5"})
    configured = []
    configure = Session.configure

    def noted(self, config):
        configure(self, config)
        configured.append(config)

    def ending(method):
        def end(self, *arguments):
            if len(configured) == 1:
                configured.append(None)
                raise StopException
            return method(self, *arguments)

        return end

    monkeypatch.setattr(Session, "configure", noted)
    for name in ("__getitem__", "__setitem__", "__contains__"):
        changed = ending(getattr(SafeSessionState, name))
        monkeypatch.setattr(SafeSessionState, name, changed)
    tab.button(press).click()
    tab.app.run()
    taken = tab.session.config
    assert (taken.hidden, taken.seed) != (5, 0)
    tab.run()
    assert tab.session.config == taken


def test_what_is_typed_stays_where_a_run_ends_right_after_it_was_asked(monkeypatch):
    """Streamlit ends a run that is overtaken wherever the script uses its session state."""
    page, asked = Page("train"), []
    ask = Session.ask

    def noted(self, text):
        ask(self, text)
        asked.append(text)

    def ending(method):
        def end(self, *arguments):
            if asked == ["bad"]:
                asked.clear()
                raise StopException
            return method(self, *arguments)

        return end

    monkeypatch.setattr(Session, "ask", noted)
    for name in ("__getitem__", "__setitem__", "__contains__"):
        changed = ending(getattr(SafeSessionState, name))
        monkeypatch.setattr(SafeSessionState, name, changed)
    page.app.text_input(key="phrase").set_value("bad").run()
    assert page.session.typed == "bad"
    page.app.text_input(key="phrase").set_value("good").run()
    page.run()
    assert page.app.text_input(key="phrase").value == "good"
    assert page.session.typed == "good"
