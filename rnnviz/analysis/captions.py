"""Captions: which text goes with a moment, and its numbers."""

from __future__ import annotations

import numpy as np

from rnnviz.analysis.notation import number
from rnnviz.analysis.training_step import Focus, StepRecord, clipping
from rnnviz.config import CellKind, ClipBy, OptimizerKind
from rnnviz.engine.timeline import Phase

_THERE = ("forward", "forward_first")
_BACK = (
    "backward", "backward_both", "backward_cut", "backward_first", "backward_last",
    "backward_only",
)  # fmt: skip


def caption_key(step: StepRecord, focus: Focus) -> str:
    """The name of the text that explains this moment."""
    return "moment_" + _kind(step, focus)


def caption_keys(step: StepRecord, focus: Focus) -> list[str]:
    """The names of all texts that may explain a moment of such a step."""
    kind = step.before.architecture.kind
    if kind is CellKind.ELMAN:
        way = [*_THERE, *_BACK]
    else:
        way = [f"{kind}_{phase}_{focus.part}" for phase in (Phase.FORWARD, Phase.BACKWARD)]
    clip = ["clip_off"] if step.config.clip_by is ClipBy.OFF else ["clip", "clip_idle"]
    return [f"moment_{name}" for name in (*way, _loss(step, 0), *clip, _update(step, 0))]


def _kind(step: StepRecord, focus: Focus) -> str:
    (phase, t), kind = focus.moment, step.before.architecture.kind
    if kind is not CellKind.ELMAN and phase in (Phase.FORWARD, Phase.BACKWARD):
        return f"{kind}_{phase}_{focus.part}"
    return _KINDS[phase](step, t)


def _forward(step: StepRecord, t: int) -> str:
    return "forward" if t else "forward_first"


def _loss(step: StepRecord, t: int) -> str:
    return "loss" if step.classes else "loss_values"


def _clip(step: StepRecord, t: int) -> str:
    if step.config.clip_by is ClipBy.OFF:
        return "clip_off"
    return "clip" if clipping(step).count else "clip_idle"


def _update(step: StepRecord, t: int) -> str:
    return "update" if step.config.optimizer is OptimizerKind.SGD else "update_adaptive"


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


_KINDS = {
    Phase.FORWARD: _forward,
    Phase.LOSS: _loss,
    Phase.BACKWARD: _backward,
    Phase.CLIP: _clip,
    Phase.UPDATE: _update,
}


def caption_fields(step: StepRecord, focus: Focus) -> dict[str, str]:
    """What the texts may name in braces; the words as typed, so the page must escape them."""
    moment, trace, row = focus.moment, step.trace, step.row(focus.moment)
    cut, sizes = clipping(step), step.unrolled(focus.layer).norms
    later = sizes[min(moment.t + 1, len(sizes) - 1)]
    return {
        **steady_fields(step),
        "word": step.words[moment.t],
        "t": str(moment.number),
        "T": str(len(step.words)),
        "previous": str(moment.t),
        "target": _target(step, row),
        "p": f"{trace.probs[row, int(trace.targets[row])]:.1%}" if step.classes else "",
        "answer": number(float(trace.logits[row, 0])),
        "loss": number(float(trace.loss[row])),
        "factor": number(float(sizes[moment.t] / later)) if later else "0",
        "first": step.words[0],
        "last": step.words[-1],
        "whole": number(float(sizes[0] / sizes[-1])) if sizes[-1] else "0",
        "count": f"{cut.count:,}",
        "lost": f"{cut.lost:.1%}",
        "largest": number(float(np.abs(step.descent.gradient.theta).max())),
        "change": number(float(np.abs(step.descent.update.theta).max())),
        **_gates(step, focus),
    }


def steady_fields(step: StepRecord) -> dict[str, str]:
    """What of that is the same at every moment of a run."""
    return {
        "noun": step.names.noun,
        "hidden": str(step.hidden),
        "lr": number(step.config.lr),
        "limit": number(step.config.clip),
        "optimizer": step.config.optimizer.value,
        "total": f"{step.before.theta.size:,}",
    }


def _target(step: StepRecord, row: int) -> str:
    wanted = step.trace.targets[row]
    return step.names.classes[int(wanted)] if step.classes else number(float(wanted[0]))


def _gates(step: StepRecord, focus: Focus) -> dict[str, str]:
    """The mean of every gate and state over the units at this token, as mean_i, mean_f, ..."""
    unrolled, t = step.unrolled(focus.layer), focus.moment.t
    return {f"mean_{name}": number(float(unrolled.of(name)[t].mean())) for name in step.parts}
