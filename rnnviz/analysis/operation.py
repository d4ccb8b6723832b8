"""Operation: the vectors that one moment combines, all units at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.scales import typical
from rnnviz.analysis.step import StepRecord
from rnnviz.analysis.symbols import number, quoted
from rnnviz.analysis.terms import followed
from rnnviz.engine.parameters import Array
from rnnviz.engine.timeline import Moment, Phase


@dataclass(frozen=True, eq=False)
class Strip:
    """One vector in a row of cells: how it is written, its values (n,), and the cells' names.

    Colours span ``limit``; where it is equal they can be compared, so that adding up is visible.
    ``signed`` is false for what is never negative; ``total`` marks the sum of the strips above.
    """

    label: str
    values: Array
    cells: tuple[str, ...]
    limit: float
    total: bool = False
    signed: bool = True


def operation(step: StepRecord, moment: Moment, unit: int) -> tuple[Strip, ...]:
    """What is added, multiplied or compared at this moment; of the weights only ``unit``'s row."""
    if moment.phase is Phase.FORWARD:
        return _forward(step, moment)
    if moment.phase is Phase.LOSS:
        return _loss(step, moment)
    if moment.phase is Phase.BACKWARD:
        return _backward(step, moment)
    return _weights(step, moment, unit)


def marked(step: StepRecord, moment: Moment, unit: int) -> int:
    """Which cell of the strips belongs to ``unit``: its own, or the weight that is followed."""
    if moment.phase in (Phase.CLIP, Phase.UPDATE):
        return followed(step, unit).place[-1]
    return unit


def forward_parts(step: StepRecord, t: int | slice) -> tuple[Array, Array, Array]:
    """The three summands of a_t: from the word, from the memory, and the bias, (..., H) each."""
    trace, weights = step.trace, step.before
    word = weights.W_xh.T[trace.tokens[t, 0]]
    return word, trace.h_before[t, 0] @ weights.W_hh.T, weights.b_h


def _forward(step: StepRecord, moment: Moment) -> tuple[Strip, ...]:
    trace, t, n = step.trace, moment.t, moment.number
    word, memory, bias = forward_parts(step, t)
    # The whole phrase's limit, so that colours can be compared from moment to moment.
    limit = typical(*forward_parts(step, slice(None)), trace.a)
    cells = _units(step)
    return (
        Strip(f"W_xh[:, {quoted(step.words[t])}]", word, cells, limit),
        Strip(f"W_hh h_{t}", memory, cells, limit),
        Strip("b_h", bias, cells, limit),
        Strip(f"a_{n}, their sum", trace.a[t, 0], cells, limit, total=True),
        Strip(f"h_{n} = tanh(a_{n})", trace.h[t, 0], cells, min(1.0, float(np.abs(trace.h).max()))),
    )


def _loss(step: StepRecord, moment: Moment) -> tuple[Strip, ...]:
    trace, classes = step.trace, step.names.classes
    chance = float(np.log(len(classes)))
    return (
        Strip(
            f"logits = W_hy h_{moment.number} + b_y",
            trace.logits[0],
            classes,
            float(np.abs(trace.logits).max()),
        ),
        Strip("p = softmax(logits)", trace.probs[0], classes, 1.0, signed=False),
        Strip("target", trace.onehot[0], classes, 1.0, signed=False),
        Strip("dlogits = p − target", trace.dlogits[0], classes, 1.0),
        Strip(
            "L = −ln p[target], nats",
            trace.loss,
            (classes[step.target],),
            max(chance, float(trace.loss[0])),
            signed=False,
        ),
    )


def _backward(step: StepRecord, moment: Moment) -> tuple[Strip, ...]:
    trace, t, n, cells = step.trace, moment.t, moment.number, _units(step)
    dh, da = trace.dh[t, 0], trace.da[t, 0]
    limit = typical(dh)
    return (
        Strip("dh_local, from the loss", trace.dh_local[t, 0], cells, limit),
        Strip("dh_future, from t + 1", trace.dh_future[t, 0], cells, limit),
        Strip(f"dh_{n}, their sum", dh, cells, limit, total=True),
        Strip(f"1 − h_{n}²", trace.slope[t, 0], cells, 1.0, signed=False),
        Strip(f"da_{n} = dh_{n} · (1 − h_{n}²)", da, cells, limit),
    )


def _weights(step: StepRecord, moment: Moment, unit: int) -> tuple[Strip, ...]:
    gradient, clipped, update = (parameters.W_hh[unit] for parameters in step.descent)
    row, cells = f"W_hh[{unit}, :]", _units(step)
    if moment.phase is Phase.CLIP:
        limit = typical(gradient)
        return (
            Strip(f"g = d{row}", gradient, cells, limit),
            Strip("g′, clipped", clipped, cells, limit),
            Strip("g − g′, what is cut off", gradient - clipped, cells, limit),
        )
    before, after = step.before.W_hh[unit], step.after.W_hh[unit]
    limit = typical(before, after)
    return (
        Strip(f"{row} before", before, cells, limit),
        Strip(f"−{number(step.config.lr)} g′", -update, cells, limit),
        Strip(f"{row} after", after, cells, limit, total=True),
        Strip("the change, enlarged", -update, cells, typical(update)),
    )


def _units(step: StepRecord) -> tuple[str, ...]:
    return tuple(f"unit {unit}" for unit in range(step.trace.sizes.hidden))
