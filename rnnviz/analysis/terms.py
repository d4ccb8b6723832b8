"""Terms: the arithmetic of one unit at one moment, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.step import StepRecord
from rnnviz.analysis.symbols import number
from rnnviz.config import ClipBy, Gradient
from rnnviz.engine.parameters import Array
from rnnviz.engine.timeline import Moment, Phase


class Term(NamedTuple):
    """One summand: how it is written, its one or two factors, and their product."""

    label: str
    factors: tuple[float, ...]
    value: float


@dataclass(frozen=True, eq=False)
class Terms:
    """A sum of terms, and the number that the record has for it.

    ``recorded`` was read, not summed; ``then`` says what is done with it next; ``chosen`` is the
    label of the term that belongs to the unit in question, where only one does.
    """

    symbol: str
    rows: tuple[Term, ...]
    recorded: float
    then: str
    chosen: str = ""

    @property
    def values(self) -> Array:
        """The terms' values, (n,)."""
        return np.array([row.value for row in self.rows])

    def largest(self, n: int = 20) -> tuple[tuple[Term, ...], tuple[str, float] | None]:
        """The ``n`` largest terms by size, in falling order, and the others' name and sum.

        The chosen term is always among them. Everything and None if there are at most n + 1 terms.
        """
        ranked = sorted(self.rows, key=lambda row: -abs(row.value))
        if len(ranked) <= n + 1:
            return tuple(ranked), None
        own = [row for row in ranked[n:] if row.label == self.chosen]
        shown = n - len(own)
        rest = [row.value for row in ranked[shown:] if row not in own]
        return (*ranked[:shown], *own), (f"the other {len(rest)}", float(sum(rest)))


def terms(step: StepRecord, moment: Moment, unit: int) -> Terms:
    """What ``unit`` sums up at this moment: its input, its gradient, or a change of its weight."""
    return _KINDS[moment.phase](step, moment, unit)


def _products(
    labels: Sequence[tuple[str, str]], left: Sequence[float] | Array, right: Sequence[float] | Array
) -> list[Term]:
    pairs = zip(labels, map(float, left), map(float, right), strict=True)
    return [Term(f"{one} · {other}", (x, y), x * y) for (one, other), x, y in pairs]


def _forward(step: StepRecord, moment: Moment, unit: int) -> Terms:
    trace, weights, n = step.trace, step.before, moment.number
    token, written = trace.tokens[moment.t, 0], step.names.entry
    word = float(weights.W_xh[unit, token])
    bias = float(weights.b_h[unit])
    a, h = float(trace.a[moment.t, 0, unit]), float(trace.h[moment.t, 0, unit])
    rows = (
        Term(written("W_xh", (unit, token)), (word,), word),
        *_from_memory(step, moment, unit),
        Term(written("b_h", (unit,)), (bias,), bias),
    )
    then = f"h_{n}[{unit}] = tanh(a_{n}[{unit}]) = {number(h)}"
    return Terms(f"a_{n}[{unit}]", rows, a, then)


def _from_memory(step: StepRecord, moment: Moment, unit: int) -> list[Term]:
    row, before = step.before.W_hh[unit], step.trace.h_before[moment.t, 0]
    if moment.t == 0:
        # H products with zero would only bury the two terms that count.
        return [Term(f"W_hh[{unit}, :] · h_0", (0.0,), 0.0)]
    labels = [(f"W_hh[{unit}, {j}]", f"h_{moment.t}[{j}]") for j in range(len(row))]
    return _products(labels, row, before)


def _loss(step: StepRecord, moment: Moment, unit: int) -> Terms:
    trace, weights, c, n = step.trace, step.before, step.target, moment.number
    written = step.names.entry
    labels = [(written("W_hy", (c, j)), f"h_{n}[{j}]") for j in range(trace.sizes.hidden)]
    bias = float(weights.b_y[c])
    rows = _products(labels, weights.W_hy[c], trace.h[-1, 0])
    p, loss = float(trace.probs[0, c]), float(trace.loss[0])
    place = written("b_y", (c,)).removeprefix("b_y")
    return Terms(
        f"logits{place}",
        (*rows, Term(written("b_y", (c,)), (bias,), bias)),
        float(trace.logits[0, c]),
        f"p{place} = softmax(logits){place} = {number(p)}, L = −ln p = {number(loss)} nats",
        chosen=rows[unit].label,
    )


def _backward(step: StepRecord, moment: Moment, unit: int) -> Terms:
    trace, t, n = step.trace, moment.t, moment.number
    h, dh, da = (float(array[t, 0, unit]) for array in (trace.h, trace.dh, trace.da))
    last = t == len(trace.dh) - 1
    rows = _from_loss(step, unit) if last else _from_future(step, moment, unit)
    then = f"da_{n}[{unit}] = dh_{n}[{unit}] · (1 − ({number(h)})²) = {number(da)}"
    return Terms(f"dh_{n}[{unit}]", tuple(rows), dh, then)


def _from_loss(step: StepRecord, unit: int) -> list[Term]:
    classes = range(step.trace.sizes.outputs)
    written = [step.names.entry("W_hy", (c, unit)) for c in classes]
    labels = [(name, "dlogits") for name in written]
    return _products(labels, step.before.W_hy[:, unit], step.trace.dlogits[0])


def _from_future(step: StepRecord, moment: Moment, unit: int) -> list[Term]:
    """W_hh^T da_{t+1}, row ``unit``; the notebook's version reads the row of W_hh itself."""
    exact = step.config.gradient is Gradient.EXACT
    weights = step.before.W_hh[:, unit] if exact else step.before.W_hh[unit]
    units = range(len(weights))
    labels = [
        (f"W_hh[{j}, {unit}]" if exact else f"W_hh[{unit}, {j}]", f"da_{moment.number + 1}[{j}]")
        for j in units
    ]
    return _products(labels, weights, step.trace.da[moment.t + 1, 0])


class Entry(NamedTuple):
    """The weight that is followed through clipping and update."""

    name: str
    place: tuple[int, ...]


def followed(step: StepRecord, unit: int) -> Entry:
    """Of the weights from the memory into ``unit`` that of the largest gradient, or its bias."""
    row = np.abs(step.descent.gradient.W_hh[unit])
    return Entry("W_hh", (unit, int(row.argmax()))) if row.any() else Entry("b_h", (unit,))


def _clip(step: StepRecord, moment: Moment, unit: int) -> Terms:
    name, index = followed(step, unit)
    gradient, clipped, _ = (float(p.named()[name][index]) for p in step.descent)
    written = "d" + step.names.entry(name, index)
    return Terms(written, tuple(_over_time(step, unit, index)), gradient, _clipped(step, clipped))


def _over_time(step: StepRecord, unit: int, index: tuple[int, ...]) -> list[Term]:
    da = step.trace.da[:, 0, unit]
    if len(index) == 1:
        return [Term(f"da_{t + 1}[{unit}]", (float(x),), float(x)) for t, x in enumerate(da)]
    column = index[1]
    labels = [(f"da_{t + 1}[{unit}]", f"h_{t}[{column}]") for t in range(len(da))]
    return _products(labels, da, step.trace.h_before[:, 0, column])


def _clipped(step: StepRecord, clipped: float) -> str:
    limit = number(step.config.clip)
    how = {
        ClipBy.VALUE: f"clip(g, ±{limit})",
        ClipBy.NORM: f"g · min(1, {limit} / ||g||)",
        ClipBy.OFF: "g",
    }
    return f"g′ = {how[step.config.clip_by]} = {number(clipped)}"


def _update(step: StepRecord, moment: Moment, unit: int) -> Terms:
    name, index = followed(step, unit)
    before, after, clipped = (
        float(p.named()[name][index]) for p in (step.before, step.after, step.descent.clipped)
    )
    written, lr = step.names.entry(name, index), step.config.lr
    rows = (
        Term(f"{written} before", (before,), before),
        Term(f"−{number(lr)} · g′", (-lr, clipped), -lr * clipped),
    )
    return Terms(f"{written} after", rows, after, "the next phrase meets this weight")


_KINDS = {
    Phase.FORWARD: _forward,
    Phase.LOSS: _loss,
    Phase.BACKWARD: _backward,
    Phase.CLIP: _clip,
    Phase.UPDATE: _update,
}
