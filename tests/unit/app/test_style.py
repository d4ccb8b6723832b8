"""The numbers and signs above every page, as HTML."""

from rnnviz.app.style import status_html
from rnnviz.config import RunConfig, TaskName
from rnnviz.presets import PRESETS
from rnnviz.session import Session


def after(config, epochs):
    session = Session(config)
    session.player.advance(epochs)
    return session


def test_a_healthy_network_has_no_bad_sign_before_training_or_while_its_loss_falls():
    lstm = next(p for p in PRESETS[TaskName.RECALL] if p.label == "LSTM, lag 20")
    for session in (after(RunConfig(), 0), after(lstm.config(), 10)):
        shown = status_html(session)
        assert ">bad<" not in shown
        assert "learning rate" not in shown


def test_a_run_that_breaks_gets_one_hint():
    """Before: the signs. Then: the message, until the reader looks back or changes something."""
    session = after(RunConfig(lr=10), 0)
    assert "On the sequence shown: One step changes" in status_html(session)
    assert "try a learning rate of 0.02" in status_html(session)
    session.player.advance(1000)
    assert "On the sequence shown" not in status_html(session)
    assert "Try a learning rate of 0.02." in status_html(session)
    session.configure(RunConfig(lr=0.02))
    assert "On the sequence shown" in status_html(session)
