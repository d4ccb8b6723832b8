"""Captions: which text goes with a moment, and what stands in its gaps."""

from __future__ import annotations

import numpy as np

from rnnviz.analysis.step import StepRecord, clipping
from rnnviz.analysis.symbols import number
from rnnviz.config import ClipBy
from rnnviz.engine.timeline import Moment, Phase


def caption_key(step: StepRecord, moment: Moment) -> str:
    """The name of the text that explains this moment."""
    return "moment_" + _kind(step, moment)


def _kind(step: StepRecord, moment: Moment) -> str:
    last = len(step.trace.dh) - 1
    if moment.phase is Phase.FORWARD:
        return "forward" if moment.t else "forward_first"
    if moment.phase is Phase.BACKWARD:
        if last == 0:
            return "backward_only"
        return {last: "backward_last", 0: "backward_first"}.get(moment.t, "backward")
    if moment.phase is Phase.CLIP and step.config.clip_by is ClipBy.OFF:
        return "clip_off"
    if moment.phase is Phase.CLIP and not clipping(step).count:
        return "clip_idle"
    return moment.phase.value


def caption_fields(step: StepRecord, moment: Moment) -> dict[str, str]:
    """What the texts may name in braces; the words as typed, so the page must escape them."""
    trace, cut = step.trace, clipping(step)
    sizes = np.linalg.norm(trace.dh[:, 0], axis=-1)
    later = sizes[min(moment.t + 1, len(sizes) - 1)]
    return {
        "word": step.words[moment.t],
        "t": str(moment.number),
        "T": str(len(step.words)),
        "previous": str(moment.t),
        "hidden": str(trace.sizes.hidden),
        "target": step.names.classes[step.target],
        "p": f"{trace.probs[0, step.target]:.1%}",
        "loss": number(float(trace.loss[0])),
        "factor": number(float(sizes[moment.t] / later)) if later else "0",
        "first": step.words[0],
        "last": step.words[-1],
        "whole": number(float(sizes[0] / sizes[-1])) if sizes[-1] else "0",
        "lr": number(step.config.lr),
        "limit": number(step.config.clip),
        "count": f"{cut.count:,}",
        "total": f"{cut.total:,}",
        "lost": f"{cut.lost:.1%}",
        "largest": number(float(np.abs(step.descent.gradient.theta).max())),
        "change": number(float(np.abs(step.descent.update.theta).max())),
    }
