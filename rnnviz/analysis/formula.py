"""Formula: one moment in symbols, in shapes, and in the numbers of one unit."""

from __future__ import annotations

from typing import NamedTuple

from rnnviz.analysis.operation import forward_parts
from rnnviz.analysis.step import StepRecord
from rnnviz.analysis.symbols import added, number, quoted
from rnnviz.analysis.terms import terms
from rnnviz.config import ClipBy, Gradient
from rnnviz.engine.timeline import Moment, Phase


class Formula(NamedTuple):
    """Three lines of plain text: the symbols, their shapes, and one unit's numbers."""

    symbols: str
    shapes: str
    numbers: str


def formula(step: StepRecord, moment: Moment, unit: int) -> Formula:
    """What this moment computes; in symbols t counts from 1, and h_0 is the empty memory."""
    return _KINDS[moment.phase](step, moment, unit)


def _forward(step: StepRecord, moment: Moment, unit: int) -> Formula:
    t, n, hidden = moment.t, moment.number, step.trace.sizes.hidden
    parts = [float(part[unit]) for part in forward_parts(step, t)]
    a, h = (float(array[t, 0, unit]) for array in (step.trace.a, step.trace.h))
    return Formula(
        f"a_{n} = W_xh[:, {quoted(step.words[t])}] + W_hh h_{t} + b_h,  h_{n} = tanh(a_{n})",
        f"({hidden},) = ({hidden},) + ({hidden}, {hidden})({hidden},) + ({hidden},)",
        f"a_{n}[{unit}] = {added(parts)} = {number(a)},  "
        f"h_{n}[{unit}] = tanh({number(a)}) = {number(h)}",
    )


def _loss(step: StepRecord, moment: Moment, unit: int) -> Formula:
    n, (_, hidden, classes) = moment.number, step.trace.sizes
    found = terms(step, moment, unit)
    own = next(row for row in found.rows if row.label == found.chosen)
    return Formula(
        f"logits = W_hy h_{n} + b_y,  p = softmax(logits),  "
        f"L = −ln p[{quoted(step.names.classes[step.target])}]",
        f"({classes},) = ({classes}, {hidden})({hidden},) + ({classes},)",
        f"{own.label} = {number(own.value)} of {found.symbol} = {number(found.recorded)},  "
        f"{found.then}",
    )


def _backward(step: StepRecord, moment: Moment, unit: int) -> Formula:
    t, n, (_, hidden, classes) = moment.t, moment.number, step.trace.sizes
    last = t == len(step.trace.dh) - 1
    width = classes if last else hidden
    exact = step.config.gradient is Gradient.EXACT
    carried = f"W_hh{'ᵀ' if exact else ''} da_{n + 1}"
    found = terms(step, moment, unit)
    return Formula(
        f"dh_{n} = {'W_hyᵀ dlogits' if last else carried},  da_{n} = dh_{n} · (1 − h_{n}²),  "
        f"dW_hh += da_{n} h_{t}ᵀ",
        f"({hidden},) = ({hidden}, {width})({width},),  ({hidden},) = ({hidden},) · ({hidden},),  "
        f"({hidden}, {hidden}) += ({hidden}, 1)(1, {hidden})",
        f"{found.symbol} = {number(found.recorded)} (the sum at the right),  {found.then}",
    )


def _clip(step: StepRecord, moment: Moment, unit: int) -> Formula:
    limit, found = number(step.config.clip), terms(step, moment, unit)
    symbols = {
        ClipBy.VALUE: f"g′ = clip(g, ±{limit})",
        ClipBy.NORM: f"g′ = g · min(1, {limit} / ||g||)",
        ClipBy.OFF: "g′ = g",
    }
    return Formula(
        symbols[step.config.clip_by],
        _every_entry(step),
        f"followed, of unit {unit}’s weights the one with the largest gradient: "
        f"g = {found.symbol} = {number(found.recorded)},  {found.then}",
    )


def _update(step: StepRecord, moment: Moment, unit: int) -> Formula:
    found = terms(step, moment, unit)
    before, change = (row.value for row in found.rows)
    return Formula(
        f"W ← W − {number(step.config.lr)} g′",
        _every_entry(step),
        f"followed, of unit {unit}’s weights the one with the largest gradient: "
        f"{found.symbol.removesuffix(' after')} ← {added((before, change))} = "
        f"{number(found.recorded)}",
    )


def _every_entry(step: StepRecord) -> str:
    count = step.before.theta.size
    return f"({count:,},) = all the entries of W_xh, W_hh, b_h, W_hy and b_y"


_KINDS = {
    Phase.FORWARD: _forward,
    Phase.LOSS: _loss,
    Phase.BACKWARD: _backward,
    Phase.CLIP: _clip,
    Phase.UPDATE: _update,
}
