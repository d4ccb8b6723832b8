"""Callbacks of Streamlit's widgets."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from rnnviz.ui import browser_session
from rnnviz.ui.browser_session import on_host


def test_a_press_does_not_use_streamlits_state(monkeypatch):
    """There it could be stopped by another rerun that is already asked for, and be lost."""
    done, host = [], SimpleNamespace(pair=SimpleNamespace(session="session"))
    tab = SimpleNamespace(host=lambda: nullcontext(host))
    monkeypatch.setattr(browser_session, "current_tab", lambda: tab)
    press = on_host(lambda session, number: done.append((session, number)))
    monkeypatch.setattr(browser_session, "current_tab", lambda: pytest.fail("uses the state"))
    press(3)
    assert done == [("session", 3)]
