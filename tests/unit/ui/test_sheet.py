"""Clicks on charts over the epochs."""

import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.ui.sheet import go_to_click


@pytest.mark.parametrize("click", [{}, {"x": "a"}, {"x": None}, {"x": float("nan")}])
def test_a_click_at_no_epoch_is_refused_and_the_run_goes_on(click):
    session = Session(RunConfig(hidden=3))
    session.player.play()
    with pytest.raises((KeyError, TypeError, ValueError)):
        go_to_click(session, click)
    assert session.player.running
