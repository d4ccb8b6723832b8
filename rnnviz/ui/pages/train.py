"""Page *Train*: on the left one phrase on its way through the network, on the right the run."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.analysis.gradients import Objective, parameter_norms
from rnnviz.figures.gradients import bptt_profile, parameter_norm_bars
from rnnviz.figures.hidden import running_margin_bars, state_heatmap
from rnnviz.figures.training import accuracy_curve, loss_curve
from rnnviz.figures.weights import recurrent_heatmap
from rnnviz.session import Probe, Session
from rnnviz.ui.chart import show
from rnnviz.ui.live import live
from rnnviz.ui.style import status_html, theme, verdict_html


def train_page(session: Session, status: DeltaGenerator) -> None:
    """Draw the page; ``status`` is the place of the live numbers."""
    phrase, verdict = st.columns(2, gap="medium", vertical_alignment="top")
    with phrase:
        st.session_state.setdefault("phrase", session.typed)
        session.ask(
            st.text_input(
                "Phrase",
                key="phrase",
                live=True,
                help="Any words. The pictures below follow this phrase through the network.",
                placeholder="this is not bad",
            )
        )
    slot = verdict.empty()

    def draw() -> None:
        probe = session.inspect()
        status.html(status_html(session))
        slot.html(verdict_html(probe, session.problem))
        left, right = st.columns(2, gap="medium")
        with left:
            _phrase_charts(session, probe)
        with right:
            _run_charts(session, probe)

    live(session, draw)


def _phrase_charts(session: Session, probe: Probe) -> None:
    colors, words = theme(), probe.words
    label = session.dataset.classes[probe.margin.target]
    show(running_margin_bars(probe.margin, words, label, colors), "margin")
    show(state_heatmap(probe.trace, words, colors), "states")
    objective = st.segmented_control(
        "Gradient of",
        list(Objective),
        default=Objective.LOSS,
        required=True,
        key="objective",
        help="The loss's gradient also vanishes when the phrase is learned; the margin's doesn't.",
    )
    flow = session.flow(probe, Objective(objective))
    show(bptt_profile(flow, words, colors), "flow", probe.basis)


def _run_charts(session: Session, probe: Probe) -> None:
    colors, config = theme(), session.config
    show(loss_curve(session.history, config.epochs, len(session.dataset.classes), colors), "loss")
    show(accuracy_curve(session.history, config.epochs, colors), "accuracy")
    show(recurrent_heatmap(session.state.parameters.W_hh, colors), "recurrent")
    show(parameter_norm_bars(parameter_norms(probe.trace), colors), "norms", probe.basis)
