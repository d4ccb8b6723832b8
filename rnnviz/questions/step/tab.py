"""Page *Step*: one training step, moment by moment."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

import streamlit as st

from rnnviz.charts.explanation import explanation
from rnnviz.charts.picture import Picture
from rnnviz.charts.sequence_network import Words
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.probe import Probe, most_typed
from rnnviz.probe.questions import StepView
from rnnviz.probe.session import Session
from rnnviz.probe.training_step import StepRecord
from rnnviz.questions.step import step_text
from rnnviz.questions.step.inside_cell import inside_cell
from rnnviz.questions.step.measure import StepLab, Subject, step_lab, step_query
from rnnviz.questions.step.pictures import step_network
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.choices import cell_key, layer_choice
from rnnviz.ui.frame import Frame, SliderState
from rnnviz.ui.sheet import Tab
from rnnviz.ui.stage import (
    Step,
    place_canvas,
    place_moments,
    place_phrase,
    place_stepper,
    place_text,
)
from rnnviz.ui.style import escaped, theme
from rnnviz.ui.viewer import Event, Handler

#: With more parts of the cell there is no room for a button each, with several layers half of them.
MOST_PARTS = 6


Choice = TypeVar("Choice", bound=StrEnum)


def step_page(session: Session) -> Tab:
    """Lay out the page."""
    lab, unit = step_lab(session), session.selection.unit
    lab.unit = lab.unit if unit is None else unit
    _choices(session)
    # The cursor must fit the step before anything is pressed.
    lab.record(step_query(session))
    with st.container(horizontal=True, vertical_alignment="center", key="views"):
        session.step_view = _one_of("Drawn", StepView, session.step_view, "step_view")
        place_moments("moment", "Moment of the step")
    if session.step_view is StepView.INSIDE:
        place_canvas("inside_cell", "inside", explanation("step/inside_cell"))
    else:
        place_canvas("step", "step", explanation("step/step", noun=session.names.noun))
    return live_step(session)


def live_step(session: Session) -> Tab:
    """How the page is drawn, with the controls as they were chosen last."""
    kinds = {"step": "step", "inside": "inside_cell"}
    return Tab(partial(_draw, session), _handlers(session), kinds=kinds)


def _draw(session: Session, frame: Frame) -> None:
    """Draw the step at its moment, as a whole or inside a cell."""
    probe, lab = session.inspect(), step_lab(session)
    step = lab.record(step_query(session, probe))
    position = f"{lab.cursor + 1} of {lab.last + 1}"
    names = step_text.moment_names(step)
    state = SliderState(lab.last, lab.cursor, position, lab.phases, names)
    frame.sliders["moment"] = state
    frame.sliders["unit"] = SliderState(session.config.hidden - 1, lab.unit)
    frame.sliders["apply"] = SliderState(1, int(session.player.over))
    frame.sliders["phrase"] = SliderState(0, 0, "" if lab.own else _next_text(session))
    caption = step_text.caption(step, lab.focus)
    frame.texts["story"] = step_text.story_html(step, lab.moment, caption)
    frame.texts["subject"] = step_text.subject_html(session, probe, step)
    if session.step_view is StepView.INSIDE:
        frame.chart("inside", _told, session, inside_cell, step, lab.focus, theme(), remark=caption)
    else:
        frame.chart("step", _told, session, _picture, lab, step, probe, remark=caption)


def _told(session: Session, figure: Callable[..., Picture], *args: Any) -> Picture:
    """A picture whose files tell the phrase of the step, which may be another than the reader's."""
    return figure(*args).with_metadata(phrase="" if step_lab(session).own else _next_text(session))


def _next_text(session: Session) -> str:
    """The first of the sequences that the next step learns from, as its data have it."""
    return step_query(session).next_examples[0].text[: most_typed(session.dataset)]


def _picture(lab: StepLab, step: StepRecord, probe: Probe) -> Picture:
    """The run's own phrase is only looked at, the reader's can be typed."""
    own = Words(step.words, step.names.noun, probe.typed, probe.offered) if lab.own else None
    return step_network(step, lab.focus, own, probe.dataset.one_class_at_end, theme())


def _choices(session: Session) -> None:
    lab = step_lab(session)
    with st.container(horizontal=True, vertical_alignment="center", key="subjects"):
        if not session.player.recorded:
            lab.subject = _one_of("Step on", Subject, lab.subject, "subject")
        place_phrase(session, disabled=lab.subject is Subject.NEXT)
        place_text("subject")
        _part_and_layer(session)
        place_stepper("unit", label="Unit")
        if not session.player.recorded:
            _apply_button(session)


def _one_of(label: str, kind: type[Choice], now: Choice, key: str) -> Choice:
    """The member of an enumeration that the reader chooses."""
    chosen = st.segmented_control(
        label, list(kind), default=first_value(key, visit("step"), now), required=True, key=key,
        label_visibility="collapsed", width="content",
    )  # fmt: skip
    return kind(chosen or now)


def _part_and_layer(session: Session) -> None:
    """The choice of the part of the cell and of the layer, if there are several."""
    lab, architecture = step_lab(session), session.state.parameters.architecture
    parts = cell_parts(architecture.cell)
    names = list(parts.by_name)
    lab.part = lab.part if lab.part in names else parts.out
    if len(names) > 1:
        most = MOST_PARTS if architecture.layers == 1 else MOST_PARTS // 2
        lab.part = _part(lab, names, cell_key(session), most)
    lab.layer = layer_choice("step_layer", lab.layer, architecture.layers, "step", label=False)


def _part(lab: StepLab, names: list[str], cell: str, most: int) -> str:
    """The part that is chosen: by a button each, or in a box if there are more than ``most``."""
    edition = visit("step"), cell, lab.pointed
    # One that was chosen in the picture is the first of a new choice.
    key = f"step_part_{cell}" + f"_{lab.pointed}" * bool(lab.pointed)
    first = first_value("step_part", edition, lab.part)
    label = "Part of the cell"
    if len(names) > most:
        index = names.index(first if first in names else lab.part)
        return str(st.selectbox(label, names, index, key=key, width=110,
                                label_visibility="collapsed"))  # fmt: skip
    chosen = st.segmented_control(
        label, names, default=first, required=True, key=key, width="content",
        label_visibility="collapsed", format_func=escaped,
    )  # fmt: skip
    return chosen or lab.part


def _apply_button(session: Session) -> None:
    tip = f"Takes this step in the run, and goes on to the next {session.names.sequence}."
    if step_lab(session).own:
        tip = f"The run learns from its training {session.names.sequence}s alone."
    place_stepper("apply", Step("Apply", 1, "A"), disabled=step_lab(session).own, tip=tip)


def _apply(session: Session) -> None:
    """Take the step in the run, unless it is on the reader's own sequence."""
    if not step_lab(session).own and not session.player.over:
        session.player.step_phrase()
        step_lab(session).go_to(0)


def _move(lab: StepLab, event: Event) -> None:
    """Go to the moment that is chosen, or where a key leads."""
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
    lab = step_lab(session)

    def mark(unit: int) -> None:
        lab.unit = session.selection.unit = min(max(unit, 0), session.config.hidden - 1)

    def point_at(event: Event) -> None:
        t, chosen = event["data"]
        lab.point_at(int(t), int(chosen))
        mark(lab.unit)

    def choose(event: Event) -> None:
        part, chosen = event["data"]
        lab.choose(part if part in lab.record(step_query(session)).parts else "", int(chosen))
        mark(lab.unit)

    return {
        "moment": lambda event: _move(lab, event),
        "unit": lambda event: mark(int(event["value"])),
        "apply": lambda _: _apply(session),
        "step": point_at,
        "inside": choose,
    }
