"""Page *Step*: one training step, moment by moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from html import escape
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from rnnviz.cells import ELMAN, OWN
from rnnviz.charts.pair_story import shown_disc
from rnnviz.charts.picture import Picture
from rnnviz.charts.sequence_network import Words
from rnnviz.charts.texts import explanation, size_of
from rnnviz.config import ClipBy, OptimizerKind
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.formatting import number, share_text
from rnnviz.probe.pair import Pair
from rnnviz.probe.probe import Probe, most_typed, target_text
from rnnviz.probe.questions import StepView
from rnnviz.probe.session import Session
from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.inside_cell import inside_cell
from rnnviz.questions.step.measure import (
    Focus,
    StepLab,
    StepRecord,
    StepSubject,
    part_of,
    step_cell,
    step_lab,
    step_query,
)
from rnnviz.questions.step.pictures import step_network
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.choices import choose_one, layer_choice
from rnnviz.ui.frame import Frame, SliderState
from rnnviz.ui.stage import (
    StepButton,
    place_canvas,
    place_moments,
    place_phrase,
    place_stepper,
    place_text,
)
from rnnviz.ui.style import escaped, theme
from rnnviz.ui.viewer import Event, Handler, Scene

#: Most parts of the cell that get a button each; half as many with several layers.
MOST_PARTS = 6
Choice = TypeVar("Choice", bound=StrEnum)


def step_page(pair: Pair) -> Scene:
    """Lay out the page."""
    session = pair.session
    lab, unit = step_lab(session), session.selection.unit
    lab.unit = lab.unit if unit is None else unit
    _choices(session)
    # The cursor must fit the step before any key is pressed.
    lab.record(step_query(session))
    with st.container(horizontal=True, vertical_alignment="center", key="views"):
        session.step_view = _one_of("Drawn", StepView, session.step_view, "step_view")
        place_moments("moment", "Moment of the step")
    if session.step_view is StepView.INSIDE:
        place_canvas("inside_cell", "inside", explanation("step/inside_cell"))
    else:
        place_canvas("step", "step", explanation("step/step", noun=session.names.noun))
    return live_step(pair)


def live_step(pair: Pair) -> Scene:
    """The scene of the page, with the controls as they are."""
    session = pair.session
    kinds = {"step": "step", "inside": "inside_cell"}
    return Scene(session, partial(_draw, pair), _handlers(session), kinds=kinds)


def _draw(pair: Pair, frame: Frame) -> None:
    """Draw the step at its moment, as a whole or inside a cell."""
    session = pair.session
    probe, lab = session.inspect(), step_lab(session)
    step = lab.record(step_query(session, probe))
    position = f"{lab.cursor + 1} of {lab.last + 1}"
    names = moment_names(step)
    state = SliderState(lab.last, lab.cursor, position, lab.phases, names)
    frame.sliders["moment"] = state
    frame.sliders["unit"] = SliderState(session.config.hidden - 1, lab.unit)
    frame.sliders["apply"] = SliderState(1, int(session.player.over))
    frame.sliders["phrase"] = SliderState(0, 0, "" if lab.own else _next_text(session))
    text = caption(step, lab.focus)
    frame.texts["story"] = story_html(step, lab.moment, text, shown_disc(pair))
    frame.texts["subject"] = subject_html(session, probe, step)
    if session.step_view is StepView.INSIDE:
        frame.chart("inside", _told, session, inside_cell, step, lab.focus, theme(), remark=text)
    else:
        # Only the reader's own phrase can be typed.
        typed = None
        if lab.own and not step.steps:
            typed = Words(step.words, step.names.noun, probe.typed, probe.offered)
        seen = step, lab.focus, typed, probe.dataset.one_class_at_end, theme()
        frame.chart("step", _told, session, step_network, *seen, remark=text)


def _told(session: Session, figure: Callable[..., Picture], *args: Any) -> Picture:
    """A picture whose files name the phrase of the step, which may not be the reader's own."""
    return figure(*args).with_metadata(phrase="" if step_lab(session).own else _next_text(session))


def _next_text(session: Session) -> str:
    """The first sequence of the next training step, as in the data."""
    return step_query(session).next_examples[0].text[: most_typed(session.dataset)]


def _choices(session: Session) -> None:
    lab = step_lab(session)
    with st.container(horizontal=True, vertical_alignment="center", key="subjects"):
        if not session.player.recorded:
            lab.subject = _one_of("Step on", StepSubject, lab.subject, "subject")
        place_phrase(session, disabled=lab.subject is StepSubject.NEXT)
        place_text("subject")
        architecture = session.state.parameters.architecture
        parts = cell_parts(architecture.cell)
        names = list(parts.by_name)
        lab.part = lab.part if lab.part in names else parts.out
        if len(names) > 1:
            most = MOST_PARTS if architecture.layers == 1 else MOST_PARTS // 2
            cell = "_".join(names) if session.config.cell == OWN else session.config.cell
            lab.part = _part(lab, names, cell, most)
        lab.layer = layer_choice("step_layer", lab.layer, architecture.layers, "step", label=False)
        place_stepper("unit", label="Unit")
        if not session.player.recorded:
            tip = "Takes this step in the run, and goes on to the next step."
            if step_lab(session).own:
                tip = f"The run does not learn from your {session.names.sequence}."
            place_stepper(
                "apply", StepButton("Apply", 1, "A"), disabled=step_lab(session).own, tip=tip
            )


def _one_of(label: str, kind: type[Choice], now: Choice, key: str) -> Choice:
    """The member of an enumeration that the reader chooses."""
    shape = {"label_visibility": "collapsed", "width": "content"}
    return choose_one(label, kind, now, visit("step"), key, **shape)


def _part(lab: StepLab, names: list[str], cell: str, most: int) -> str:
    """The chosen part: from buttons, or from a box if there are more than ``most``."""
    edition = visit("step"), cell, lab.pointed
    # A part that is chosen in the picture is the default of a new widget.
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


def _move(lab: StepLab, event: Event) -> None:
    """Go to the chosen moment, or move by a key."""
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

    def apply(_: Event) -> None:
        # A step on the reader's own sequence is not part of the run.
        if not lab.own and not session.player.over:
            session.player.step_phrase()
            lab.go_to(0)

    return {
        "moment": lambda event: _move(lab, event),
        "unit": lambda event: mark(int(event["value"])),
        "apply": apply,
        "step": point_at,
        "inside": choose,
    }


# The text about a moment of one training step


def caption_key(step: StepRecord, focus: Focus) -> str:
    """The name of the text that explains this moment."""
    phase, t = focus.moment
    # The other texts are about W_xh, W_hh and b_h.
    elman = step.before.architecture.kind == ELMAN.name
    if not elman and phase in (Phase.FORWARD, Phase.BACKWARD):
        kind = _part_kind(step, focus)
        return f"moment_cell_{kind if phase is Phase.FORWARD else _BACKWARD[kind]}"
    sgd = step.config.optimizer is OptimizerKind.SGD
    idle = "clip_off" if step.config.clip_by is ClipBy.OFF else "clip_idle"
    key = {
        Phase.FORWARD: "forward" if t else "forward_first",
        Phase.CLIP: "clip" if step.descent.changed.any() else idle,
        Phase.LOSS: "loss" if step.classes else "loss_values",
        Phase.BACKWARD: _backward_key(step, t),
        Phase.UPDATE: "update" if sgd else "update_adaptive",
    }
    return f"moment_{key[phase]}"


#: The text about the gradient of each kind of part.
_BACKWARD = {
    "gate": "backward_gate", "candidate": "backward_gate", "value": "backward_value",
    "state": "backward_state", "output": "backward_state",
}  # fmt: skip


def _part_kind(step: StepRecord, focus: Focus) -> str:
    """The part's kind: a gate, a candidate, a state, the output, or another value."""
    parts = cell_parts(step.before.architecture.cell)
    part = parts.by_name[focus.part]
    if (part.name in parts.equations.states and part.name != parts.out) or part is parts.memory:
        return "state"
    if part.name == parts.out:
        return "output"
    kinds: dict[tuple[str, ...], str] = {("sigmoid",): "gate", ("tanh",): "candidate"}
    return kinds.get(part.functions, "value") if part.total in parts.affines else "value"


def _backward_key(step: StepRecord, t: int) -> str:
    last = len(step.words) - 1
    if last == 0:
        return "backward_only"
    if t == last:
        return "backward_last"
    if not step.continues(t):
        return "backward_cut"
    if t == 0:
        return "backward_first"
    return "backward_both" if t in step.outputs else "backward"


def caption_fields(step: StepRecord, focus: Focus) -> dict[str, str]:
    """The fields of the texts. Words are as typed: the page must escape them."""
    moment, trace, row = focus.moment, step.trace, step.row(focus.moment)
    descent, unrolled = step.descent, step.unrolled(focus.layer)
    norms, target = unrolled.norms.tolist(), trace.targets[row]
    cell = step_cell(step, focus.layer)
    later = norms[min(moment.t + 1, len(norms) - 1)]
    return {
        "noun": step.names.noun,
        "hidden": str(step.hidden),
        "lr": number(step.config.lr),
        "limit": number(step.config.clip),
        "optimizer": step.config.optimizer.value,
        "activation": step.config.activation.value,
        "total": f"{step.before.theta.size:,}",
        "word": step.called(moment.t),
        "t": str(moment.number),
        "T": str(len(step.words)),
        "previous": str(moment.t),
        "target": step.names.classes[int(target)] if step.classes else number(float(target[0])),
        "p": share_text(trace.probs[row, int(target)]) if step.classes else "",
        "answer": number(float(trace.logits[row, 0])),
        "loss": number(float(trace.loss[row])),
        "factor": number(norms[moment.t] / later) if later else "0",
        "whole": number(norms[0] / norms[-1]) if norms[-1] else "0",
        "count": f"{descent.changed.sum():,}",
        "lost": share_text(descent.lost),
        "largest": number(float(np.abs(descent.gradient.theta).max())),
        "change": number(float(np.abs(descent.update.theta).max())),
        "decay": ", and weight decay pulls a little towards zero" * (step.config.weight_decay > 0),
        "masked": " (with dropout)" * step.config.drops,
        "part": focus.part,
        "role": cell.parts.role(focus.part).partition(",")[0],
        "memory": cell.parts.cell.text.memory,
        "mean": number(float(cell.values(part_of(step, focus).node)[moment.t].mean())),
    }


# The story and the subject


#: The most letters of moments' names for which there are buttons.
MOST_LETTERS = 110
#: Where a caption's first sentence ends.
_END = re.compile(r"(?<=[.!?]) ")


def moment_names(step: StepRecord) -> list[str]:
    """The names of the moments in order; none if they are too long for buttons."""
    arrows = {Phase.FORWARD: "→", Phase.BACKWARD: "←"}
    names = [
        f"{arrows[phase]} {step.words[t]}" if phase in arrows else phase.value
        for phase, t in step.moments
    ]
    return names if sum(map(len, names)) <= MOST_LETTERS else []


def story_html(step: StepRecord, moment: Moment, caption: str, disc: str = "") -> str:
    """The moment's number in its phase, and the first sentence of its caption.

    ``disc`` is that of one of two networks, as HTML.
    """
    phase = moment.phase
    same = [other for other in step.moments if other.phase is phase]
    place = f" {same.index(moment) + 1} of {len(same)}" if len(same) > 1 else ""
    whole = escape(caption)
    sentence = _END.split(whole)[0]
    kind = ("forward" if phase is Phase.FORWARD else "backward") + " pair" * bool(disc)
    return (
        f'<div class="rnnviz-story {kind}{size_of(sentence)}" aria-live="polite">'
        f"<b>{disc}{phase.value.capitalize()}{place}</b>"
        f'<span title="{whole}">{sentence}</span></div>'
    )


def caption(step: StepRecord, focus: Focus) -> str:
    """The text that explains this moment."""
    return explanation(f"step/{caption_key(step, focus)}", **caption_fields(step, focus))


def subject_html(session: Session, probe: Probe, step: StepRecord) -> str:
    """The example of the step, and its target; or the reason why it can't be read."""
    own, problem = step_lab(session).own, session.phrase_input.problem
    if own and problem:
        return _shown(problem, "problem")
    if own:
        what = _target_source(probe)
    else:
        count = len(step_query(session).next_examples)
        what = f"Example {session.player.position.offset + 1} of {session.run.examples}"
        what += f", the first of a batch of {count}" if count > 1 else ""
    if session.dataset.one_class_at_end:
        targets = step.trace.targets[step.unrolled(0).rows]
        # A narrow window may cut the end.
        what = f"Target: {target_text(session.dataset, targets)}. {what}".removesuffix(". ")
    if session.player.recorded:
        settings = session.settings
        what = f"{what}. A step of {settings.optimizer} at {settings.lr:g}, not one of the loop"
    return _shown(f"{what}. {_standardised(step, step_lab(session).moment.t)}".strip())


def _standardised(step: StepRecord, t: int) -> str:
    """The first value of a series at step ``t``, and the number that the network reads."""
    if (units := step.names.units) is None:
        return ""
    read = step.unrolled(0).x(t)
    name, own = step.names.vocabulary[0], float(units.own(read)[0])
    return f"{name} {number(own)} is read as {number(float(read[0]), 3)}."


def _shown(text: str, kind: str = "") -> str:
    shown = escape(text)
    return f'<div class="rnnviz-subject {kind}" title="{shown}">{shown}</div>'


def _target_source(probe: Probe) -> str:
    """The source of the target of the reader's own sequence, and its unknown words."""
    unknown = ", ".join(word[:20] for word in probe.reading.unknown[:6])
    skipped = f"Not in the vocabulary: {unknown}. " if unknown else ""
    own = f"Where no target is known, it is the network's own {probe.noun}"
    label = "" if probe.dataset.rule else "With its target in the data"
    return skipped + (own if probe.label is None else label)
