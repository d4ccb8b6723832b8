"""Page *Train*: on the left one phrase on its way through the network, on the right the run."""

from __future__ import annotations

from itertools import cycle

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.analysis.gradients import Objective, parameter_norms
from rnnviz.analysis.memory import MemoryGauge, recurrent, recurrent_name
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.figures.gradients import SYMBOL, bptt_profile, gradient_map, parameter_norm_bars
from rnnviz.figures.hidden import running_margin_bars, state_heatmap
from rnnviz.figures.theme import HEIGHTS
from rnnviz.figures.training import accuracy_curve, loss_curve
from rnnviz.figures.weights import recurrent_heatmap
from rnnviz.probe import Probe
from rnnviz.schedule import Place
from rnnviz.session import Session
from rnnviz.ui.chart import Event, Show, place
from rnnviz.ui.check import check_button
from rnnviz.ui.live import Chore, live
from rnnviz.ui.phrase import phrase_box
from rnnviz.ui.state import first_value, visit
from rnnviz.ui.style import check_html, status_html, theme, verdict_html

#: Seconds that a tick may spend on the past of the run, and a page that stands still.
DEVELOP, PATIENCE = 0.004, 0.25


def train_page(session: Session, status: DeltaGenerator) -> None:
    """Draw the page; ``status`` is the place of the live numbers."""
    left, right = st.columns(2, gap="medium", vertical_alignment="top")
    with left:
        phrase_box(session, "train")
    verdict = right.empty()
    left, right = st.columns(2, gap="medium")
    with left:
        _places("margin", "states")
        objective, badge = _objective_and_check(session)
        _places("flow", "norms")
    with right:
        _places("loss", "accuracy", "map", "recurrent")

    # While it runs the map changes little from frame to frame, and is drawn every fourth time.
    turns = cycle((True, False, False, False))

    def draw(show: Show) -> None:
        probe = session.inspect()
        status.html(status_html(session))
        verdict.html(verdict_html(probe, session.problem))
        badge.html(check_html(session.checked(probe.trace)))
        _draw_phrase(session, probe, objective, show)
        budget = DEVELOP if session.running else PATIENCE
        gauge, seen = session.past(probe, objective, budget)
        _draw_run(session, gauge, show)
        if not session.running or next(turns):
            symbol = SYMBOL[objective]
            show("map", gradient_map, seen, session.course, probe.words, symbol, theme())

    def develop(budget: float) -> bool:
        return session.develop(session.inspect(), objective, budget)

    handlers = {"map": lambda click: _go_to_click(session, click)}
    live(session, draw, handlers, chore=Chore(develop, ["loss"]))


def _objective_and_check(session: Session) -> tuple[Objective, DeltaGenerator]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Gradient of",
            list(Objective),
            default=first_value("objective", visit("train"), session.objective),
            required=True,
            key="objective",
            help="The loss's gradient also vanishes when the phrase is learned; "
            "the margin's doesn't.",
        )
        check_button(lambda: session.check_gradient(session.inspect().trace))
    session.objective = Objective(chosen or session.objective)
    return session.objective, st.empty()


def _places(*keys: str) -> None:
    for key in keys:
        place(key, HEIGHTS[key], clicks=key == "map")


def _go_to_click(session: Session, click: Event) -> None:
    session.pause()
    session.go_to(Place(round(click["x"])))


def _draw_phrase(session: Session, probe: Probe, objective: Objective, show: Show) -> None:
    colors, words = theme(), probe.words
    label, flow = session.dataset.classes[probe.margin.target], session.flow(probe, objective)
    norms = parameter_norms(probe.trace)
    show("margin", running_margin_bars, probe.margin, words, label, colors)
    show("states", state_heatmap, Unrolled(probe.trace).h, words, colors)
    show("flow", bptt_profile, flow, words, colors, remark=probe.basis)
    show("norms", parameter_norm_bars, norms, colors, remark=probe.basis)


def _draw_run(session: Session, gauge: MemoryGauge, show: Show) -> None:
    colors, course, parameters = theme(), session.course, session.state.parameters
    show("loss", loss_curve, course, len(session.dataset.classes), gauge, colors)
    show("accuracy", accuracy_curve, course, colors)
    show("recurrent", recurrent_heatmap, recurrent(parameters), colors, recurrent_name(parameters))
