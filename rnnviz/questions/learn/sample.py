"""A sample of generated text."""

from __future__ import annotations

import math
from html import escape

import streamlit as st

from rnnviz.probe.probe import Probe
from rnnviz.probe.session import Session
from rnnviz.questions.learn.measure import writes, written
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.stage import place_text


def sample_box(session: Session) -> None:
    """A slider for the temperature and a place for the sample, if the task generates text."""
    if not writes(session.dataset):
        return
    session.temperature = st.slider(
        "Temperature", 0.1, 2.0, first_value("temperature", visit("train"), session.temperature),
        step=0.1, key="temperature", help="How random the text of the network is: near 0 the "
        "most probable token always comes next, at 1 each token has the predicted probability.",
    )  # fmt: skip
    place_text("sample")


def sample_html(session: Session, probe: Probe) -> str:
    """The end of the input, the text generated from it, and the perplexities."""
    epoch = session.player.position.epoch
    scores = session.run.history.row(epoch)
    perplexities = [
        f"{role} {math.exp(min(scores[f'{role}_loss'], 50)):.2f}"
        for role in ("train", "test")
        if not math.isnan(scores[f"{role}_loss"])
    ]
    sample = escape(written(probe, session.temperature, session.config.seed, epoch))
    read = escape(probe.reading.text[-60:])
    return (
        '<div class="rnnviz-sample"><small>The network continues by itself; perplexity '
        f"{', '.join(perplexities)} of {len(session.dataset.classes)}</small>"
        f"<p><i>{read}</i><b>{sample}</b></p></div>"
    )
