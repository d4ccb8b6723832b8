"""Page *Step*: one training step, moment by moment."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rnnviz.analysis.breakdown import terms
from rnnviz.analysis.cell_equations import parts
from rnnviz.analysis.gradients import gradient_flow
from rnnviz.analysis.parameter_blocks import blocks
from rnnviz.analysis.step_vectors import marked, operation
from rnnviz.analysis.training_step import StepRecord, panels
from rnnviz.app import step_text
from rnnviz.app.browser_session import first_value, visit
from rnnviz.app.chart_text import text_name
from rnnviz.app.frame import Frame, SliderState
from rnnviz.app.gradient_check import check_button
from rnnviz.app.heatmap_choice import layer_choice
from rnnviz.app.page_scene import live
from rnnviz.app.stage import (
    Step,
    TextBlock,
    place_chart,
    place_cursor,
    place_phrase,
    place_stepper,
    place_text,
)
from rnnviz.app.style import check_html, theme
from rnnviz.app.text import explanation
from rnnviz.app.viewer import Event, Handler
from rnnviz.engine.timeline import Phase
from rnnviz.figures.gradients import bptt_profile
from rnnviz.figures.hidden_states import STATE, state_heatmap
from rnnviz.figures.network import unrolled_network
from rnnviz.figures.step import operation_rows, parameter_mosaic, term_bars
from rnnviz.figures.theme import HEIGHTS
from rnnviz.lab.gradients import GradientQuery
from rnnviz.lab.probe import Probe
from rnnviz.lab.step import StepLab, Subject
from rnnviz.session import Session


def step_page(session: Session) -> None:
    """Draw the page."""
    # The header scrolls away, because this page has another sticky bar.
    st.html("<style>div.st-key-header { position: static; }</style>")
    _subject(session)
    probe = session.inspect()
    step = session.step.record(session.step_query(probe))
    with st.container(key="cursor_bar"):
        place_text("levels", step_text.levels_reserve(session, probe, step))
        place_cursor("moment", "Moment of the step")
    _layout(session, step)

    def draw(frame: Frame) -> None:
        probe = session.inspect()
        step = session.step.record(session.step_query(probe))
        lab = session.step
        position = f"{lab.cursor + 1} of {lab.last + 1}"
        frame.sliders["moment"] = SliderState(lab.last, lab.cursor, position, lab.phases)
        frame.sliders["unit"] = SliderState(session.config.hidden - 1, lab.unit)
        frame.sliders["apply"] = SliderState(1, int(session.player.over))
        _draw_texts(session, probe, step, frame)
        _draw_charts(lab, step, frame)

    live(session, draw, _handlers(session))


def _layout(session: Session, step: StepRecord) -> None:
    captions, formulas = _reserves(session, step)
    place_text("caption", captions)
    _place(session, "network")
    left, right = st.columns(2, gap="medium")
    with left:
        place_text("formula", formulas)
        _place(session, "operation", "states")
    with right:
        _place(session, "terms")
    _place(session, "mosaic")
    left, right = st.columns(2, gap="medium")
    with left:
        check_button(lambda here: here.gradients.check(_query(here)), session.names.sequence)
        place_text("badge")
        _place(session, "flow")
    with right:
        place_text("changes")


def _reserves(session: Session, step: StepRecord) -> tuple[list[TextBlock], list[TextBlock]]:
    """The space reserved for captions and formulas, computed once for steps of one kind."""
    focus = session.step.focus
    kind = session.dataset, step.config, step.moments, focus.layer, focus.part
    if st.session_state.get("step_reserves", (None,))[0] != kind:
        captions = step_text.caption_reserve(step, focus)
        st.session_state.step_reserves = kind, (captions, step_text.formula_reserve(step, focus))
    reserves: tuple[list[TextBlock], list[TextBlock]] = st.session_state.step_reserves[1]
    return reserves


def _place(session: Session, *keys: str) -> None:
    for key in keys:
        text = explanation(text_name(session, key), noun=session.names.noun)
        place_chart(key, HEIGHTS[key], text, clicks=key in {"network", "states"})


def _subject(session: Session) -> None:
    lab = session.step
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = first_value("subject", visit("step"), lab.subject)
        chosen = st.segmented_control(
            "Step on", list(Subject), default=first, required=True, key="subject"
        )
        lab.subject = Subject(chosen or lab.subject)
        place_phrase(session, disabled=lab.subject is Subject.NEXT)
        place_stepper("unit", label="Unit")
        _apply_button(session)
    _layer_and_part(session)


def _layer_and_part(session: Session) -> None:
    """The choice of the layer and of the part of the cell, if there are several."""
    lab, architecture = session.step, session.state.parameters.architecture
    names, layers = list(parts(architecture)), architecture.layers
    if len(names) == 1 and layers == 1:
        return
    lab.part = lab.part if lab.part in names else "h"
    with st.container(horizontal=True, vertical_alignment="bottom", key="step_view"):
        if len(names) > 1:
            edition = visit("step"), architecture.kind
            chosen = st.segmented_control(
                "Part of the cell", names, default=first_value("step_part", edition, lab.part),
                required=True, key=f"step_part_{architecture.kind}",
                help="The gate or state computed below, in the order of the computation",
            )  # fmt: skip
            lab.part = chosen or "h"
        if layers > 1:
            lab.layer = layer_choice("step_layer", lab.layer, layers, "step")


def _apply_button(session: Session) -> None:
    own, sequence = session.step.own, session.names.sequence
    tip = "Takes this step in the run."
    if own:
        tip += (
            f" For a {sequence} of your own the step is only shown: the run learns from its "
            f"training {sequence}s alone."
        )
    step = Step(f"Apply update and take the next {sequence}", 1, "A")
    place_stepper("apply", step, disabled=own, tip=tip)


def _query(session: Session) -> GradientQuery:
    """The query of the gradient check: the sequences of this step."""
    step = session.step.record(session.step_query())
    return session.gradient_query()._replace(trace=step.trace)


def _apply(session: Session) -> None:
    """Take the step in the run, unless it is on the reader's own sequence."""
    if not session.step.own and not session.player.over:
        session.player.step_phrase()
        session.step.go_to(0)


def _move(lab: StepLab, event: Event) -> None:
    """Go to the slider's moment, or where a button leads."""
    moves: dict[str, Callable[[], None]] = {
        "first": lambda: lab.go_to(0),
        "phaseBack": lambda: lab.step_phase(-1),
        "back": lambda: lab.step(-1),
        "on": lambda: lab.step(1),
        "phaseOn": lambda: lab.step_phase(1),
        "last": lambda: lab.go_to(lab.last),
    }
    if "move" in event:
        moves[event["move"]]()
    else:
        lab.go_to(int(event["value"]))


def _handlers(session: Session) -> dict[str, Handler]:
    lab = session.step

    def unit(event: Event) -> None:
        lab.unit = max(int(event["value"]), 0)

    def network(event: Event) -> None:
        t, unit, _ = event["data"]
        lab.point_at(int(t), int(unit))

    return {
        "moment": lambda event: _move(lab, event),
        "unit": unit,
        "apply": lambda _: _apply(session),
        "network": network,
        "states": lambda event: lab.point_at(round(event["x"]), round(event["y"])),
    }


def _draw_texts(session: Session, probe: Probe, step: StepRecord, frame: Frame) -> None:
    focus = session.step.focus
    frame.texts["badge"] = check_html(session.gradients.checked(_query(session)), session.names)
    frame.texts["levels"] = step_text.levels_html(session, probe, step)
    frame.texts["caption"] = step_text.caption_html(step, focus)
    frame.texts["formula"] = step_text.formula_html(step, focus)
    frame.texts["changes"] = step_text.changes_html(step, focus)


def _draw_charts(lab: StepLab, step: StepRecord, frame: Frame) -> None:
    colors, focus, words = theme(), lab.focus, step.words
    moment, unrolled = focus.moment, step.unrolled(focus.layer)
    layer = f", layer {focus.layer + 1}" if step.before.architecture.layers > 1 else ""
    title = f"Hidden state after every {step.names.noun}{layer}"
    view = STATE._replace(title=title, bridge=unrolled.bridge)
    sinces = {Phase.FORWARD: len(words), Phase.LOSS: len(words), Phase.BACKWARD: moment.t}
    cell, flow = marked(step, focus), gradient_flow(step.trace, focus.layer)
    since = sinces.get(moment.phase, 0)
    frame.chart("network", unrolled_network, step, focus, colors)
    frame.chart("operation", operation_rows, operation(step, focus), colors, cell)
    frame.chart("terms", term_bars, terms(step, focus), colors)
    frame.chart("mosaic", parameter_mosaic, panels(step, moment), blocks(step, focus), colors)
    frame.chart("states", state_heatmap, unrolled.h, words, colors, moment, view)
    frame.chart("flow", bptt_profile, flow, words, colors, since, step.names.noun)
