"""Page *Train*: on the left one phrase on its way through the network, on the right the run."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.analysis.gradients import Objective, parameter_norms
from rnnviz.figures.gradients import bptt_profile, parameter_norm_bars
from rnnviz.figures.hidden import running_margin_bars, state_heatmap
from rnnviz.figures.theme import HEIGHTS
from rnnviz.figures.training import accuracy_curve, loss_curve
from rnnviz.figures.weights import recurrent_heatmap
from rnnviz.session import Probe, Session
from rnnviz.ui.chart import frame, place
from rnnviz.ui.live import live
from rnnviz.ui.style import status_html, theme, verdict_html


def train_page(session: Session, status: DeltaGenerator) -> None:
    """Draw the page; ``status`` is the place of the live numbers."""
    left, right = st.columns(2, gap="medium", vertical_alignment="top")
    with left:
        _phrase(session)
    verdict = right.empty()
    left, right = st.columns(2, gap="medium")
    with left:
        _places("margin", "states")
        objective = _objective()
        _places("flow")
    with right:
        _places("loss", "accuracy", "recurrent", "norms")

    def draw() -> None:
        probe = session.inspect()
        status.html(status_html(session))
        verdict.html(verdict_html(probe, session.problem))
        _draw_charts(session, probe, objective)

    live(session, draw)


def _phrase(session: Session) -> None:
    st.session_state.setdefault("phrase", session.typed)
    text = st.text_input(
        "Phrase",
        key="phrase",
        live=True,
        help="Any words. The pictures below follow this phrase through the network.",
        placeholder="this is not bad",
    )
    session.ask(text)


def _objective() -> Objective:
    chosen = st.segmented_control(
        "Gradient of",
        list(Objective),
        default=Objective.LOSS,
        required=True,
        key="objective",
        help="The loss's gradient also vanishes when the phrase is learned; the margin's doesn't.",
    )
    return Objective(chosen)


def _places(*keys: str) -> None:
    for key in keys:
        place(key, HEIGHTS[key])


def _draw_charts(session: Session, probe: Probe, objective: Objective) -> None:
    colors, epochs = theme(), session.config.epochs
    words, classes, history = probe.words, session.dataset.classes, session.history
    label = classes[probe.margin.target]
    with frame(session.running) as show:
        show(running_margin_bars(probe.margin, words, label, colors), "margin")
        show(state_heatmap(probe.trace, words, colors), "states")
        show(bptt_profile(session.flow(probe, objective), words, colors), "flow", probe.basis)
        show(loss_curve(history, epochs, len(classes), colors), "loss")
        show(accuracy_curve(history, epochs, colors), "accuracy")
        show(recurrent_heatmap(session.state.parameters.W_hh, colors), "recurrent")
        show(parameter_norm_bars(parameter_norms(probe.trace), colors), "norms", probe.basis)
