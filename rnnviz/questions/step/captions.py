"""Captions: the sentences about a moment of one training step."""

from __future__ import annotations

import re
from html import escape

import numpy as np

from rnnviz.charts.explanation import explanation
from rnnviz.charts.status import size_of
from rnnviz.config import ClipBy, OptimizerKind
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.formatting import number
from rnnviz.probe.probe import Probe, target_text
from rnnviz.probe.session import Session
from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.measure import (
    Focus,
    StepRecord,
    clipping,
    part_of,
    step_cell,
    step_lab,
    step_query,
)


def caption_key(step: StepRecord, focus: Focus) -> str:
    """The name of the text that explains this moment."""
    phase, t = focus.moment
    plain = cell_parts(step.before.architecture.cell).plain_matrix
    if not plain and phase in (Phase.FORWARD, Phase.BACKWARD):
        kind = _kind(step, focus)
        return f"moment_cell_{kind if phase is Phase.FORWARD else _BACKWARD[kind]}"
    sgd = step.config.optimizer is OptimizerKind.SGD
    clip = "clip" if clipping(step).count else "clip_idle"
    if step.config.clip_by is ClipBy.OFF:
        clip = "clip_off"
    key = {
        Phase.FORWARD: "forward" if t else "forward_first",
        Phase.CLIP: clip,
        Phase.LOSS: "loss" if step.classes else "loss_values",
        Phase.BACKWARD: _backward(step, t),
        Phase.UPDATE: "update" if sgd else "update_adaptive",
    }
    return f"moment_{key[phase]}"


#: The text about the gradient of each kind of part.
_BACKWARD = {
    "gate": "backward_gate", "candidate": "backward_gate", "value": "backward_value",
    "state": "backward_state", "output": "backward_state",
}  # fmt: skip


def _kind(step: StepRecord, focus: Focus) -> str:
    """The kind of the part: a gate, a candidate, a state, the output, or another value."""
    parts = cell_parts(step.before.architecture.cell)
    part = parts.by_name[focus.part]
    if (part.name in parts.equations.states and part.name != parts.out) or part is parts.memory:
        return "state"
    if part.name == parts.out:
        return "output"
    kinds: dict[tuple[str, ...], str] = {("sigmoid",): "gate", ("tanh",): "candidate"}
    return kinds.get(part.functions, "value") if part.total in parts.affines else "value"


def _backward(step: StepRecord, t: int) -> str:
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
    """The fields that the texts may contain; words are as typed, so the page must escape them."""
    moment, trace, row = focus.moment, step.trace, step.row(focus.moment)
    cut, unrolled = clipping(step), step.unrolled(focus.layer)
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
        "word": step.words[moment.t],
        "t": str(moment.number),
        "T": str(len(step.words)),
        "previous": str(moment.t),
        "target": step.names.classes[int(target)] if step.classes else number(float(target[0])),
        "p": f"{trace.probs[row, int(target)]:.1%}" if step.classes else "",
        "answer": number(float(trace.logits[row, 0])),
        "loss": number(float(trace.loss[row])),
        "factor": number(norms[moment.t] / later) if later else "0",
        "first": step.words[0],
        "last": step.words[-1],
        "whole": number(norms[0] / norms[-1]) if norms[-1] else "0",
        "count": f"{cut.count:,}",
        "lost": f"{cut.lost:.1%}",
        "largest": number(float(np.abs(step.descent.gradient.theta).max())),
        "change": number(float(np.abs(step.descent.update.theta).max())),
        "part": focus.part,
        "role": cell.parts.role(focus.part),
        "memory": cell.parts.cell.text.memory,
        "mean": number(float(cell.values(part_of(step, focus).node)[moment.t].mean())),
    }


# The story and the subject


#: With names of more letters than this, there is no room for a button each.
MOST_LETTERS = 110
#: Where a caption's first sentence ends.
_END = re.compile(r"(?<=[.!?]) ")


def moment_names(step: StepRecord) -> list[str]:
    """The names of the moments in order; none if there are too many."""
    names = [_name(step, moment) for moment in step.moments]
    return names if sum(map(len, names)) <= MOST_LETTERS else []


def _name(step: StepRecord, moment: Moment) -> str:
    word = step.words[moment.t]
    names = {Phase.FORWARD: f"→ {word}", Phase.BACKWARD: f"← {word}"}
    return names.get(moment.phase, moment.phase.value)


def story_html(step: StepRecord, moment: Moment, caption: str) -> str:
    """The moment's place in its phase, and the first sentence of its caption."""
    phase = moment.phase
    same = [other for other in step.moments if other.phase is phase]
    place = f" {same.index(moment) + 1} of {len(same)}" if len(same) > 1 else ""
    whole = escape(caption)
    sentence = _END.split(whole)[0]
    kind = "forward" if phase is Phase.FORWARD else "backward"
    return (
        f'<div class="rnnviz-story {kind}{size_of(sentence)}" aria-live="polite">'
        f"<b>{phase.value.capitalize()}{place}</b>"
        f'<span title="{whole}">{sentence}</span></div>'
    )


def caption(step: StepRecord, focus: Focus) -> str:
    """What happens at this moment, in two sentences."""
    return explanation(f"step/{caption_key(step, focus)}", **caption_fields(step, focus))


def subject_html(session: Session, probe: Probe, step: StepRecord) -> str:
    """Which example the step is on, and its target; or why the sequence can't be read."""
    problem = session.phrase_input.problem
    if step_lab(session).own and problem:
        return _shown(problem, "problem")
    what = _source(probe) if step_lab(session).own else _example(session)
    if session.dataset.one_class_at_end:
        targets = step.trace.targets[step.unrolled(0).rows]
        # First, as a narrow window may have no room for all.
        what = f"Target: {target_text(session.dataset, targets)}. {what}"
    if session.player.recorded:
        settings = session.settings
        what = f"{what}. A step of {settings.optimizer} at {settings.lr:g}, not one of the loop"
    return _shown(f"{what}.")


def _shown(text: str, kind: str = "") -> str:
    shown = escape(text)
    return f'<div class="rnnviz-subject {kind}" title="{shown}">{shown}</div>'


def _example(session: Session) -> str:
    example = f"Example {session.player.position.offset + 1} of {session.run.examples}"
    count = len(step_query(session).next_examples)
    return f"{example}, the first of a batch of {count}" if count > 1 else example


def _source(probe: Probe) -> str:
    """Where the target of the reader's own sequence comes from, and its unknown words."""
    unknown = ", ".join(word[:20] for word in probe.reading.unknown[:6])
    skipped = f"Not in the vocabulary: {unknown}. " if unknown else ""
    own = f"No label, so the target is the network's own {probe.noun}"
    return skipped + (own if probe.label is None else "With its label in the data")
