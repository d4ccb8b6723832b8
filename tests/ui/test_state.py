"""The settings of a page, and who may still change them."""

from dataclasses import replace

import pytest

from rnnviz.ui import state
from tests.interruption import Press, raising


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
