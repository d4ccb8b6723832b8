"""Breakdown: the arithmetic of one unit at one moment, term by term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.cell_equations import Factor, Part, Source
from rnnviz.analysis.notation import number, quoted
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.config import ClipBy, Gradient
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.timeline import Phase


class Term(NamedTuple):
    """One summand: how it is written, its factors, and their product."""

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


def terms(step: StepRecord, focus: Focus) -> Terms:
    """What the unit sums up at this moment: its input, its gradient, or a change of its weight."""
    return _KINDS[focus.moment.phase](step, focus)


def symbol(focus: Focus, name: str) -> str:
    """How a number of the unit is written: h_3[5]."""
    return f"{name}_{focus.moment.number}[{focus.unit}]"


def sum_name(part: Part) -> str:
    """How the sum of a gate is written: a for the only one of an Elman cell, a_i for a gate i."""
    return "a" if part.name == "h" else f"a{part.name}"


def error_name(gate: str) -> str:
    """How dL/d(sum) of a gate is written; the GRU's candidate has two sums, memory and word."""
    return {"h": "da", "hn": "dm", "xn": "dn"}.get(gate, f"da{gate}")


def _products(
    labels: Sequence[tuple[str, str]],
    left: Sequence[float] | Array,
    right: Sequence[float] | Array,
    times: tuple[str, float] | None = None,
) -> list[Term]:
    """Left times right, one by one; all of them times the same number, if one is given."""
    before, extra = (f"{times[0]} · ", (times[1],)) if times else ("", ())
    pairs = zip(labels, map(float, left), map(float, right), strict=True)
    return [
        Term(f"{before}{one} · {other}", (*extra, x, y), float(np.prod((*extra, x, y))))
        for (one, other), x, y in pairs
    ]


# The way there


def _forward(step: StepRecord, focus: Focus) -> Terms:
    part = step.parts[focus.part]
    return _gate(step, focus, part) if part.sources else _state(step, focus, part)


def _gate(step: StepRecord, focus: Focus, part: Part) -> Terms:
    unrolled, t = step.unrolled(focus.layer), focus.moment.t
    rows = [row for source in part.sources for row in _source(step, focus, source)]
    total = float(gate_sum(step, focus.layer, t, part)[focus.unit])
    name, value = sum_name(part), float(unrolled.of(part.name)[t, focus.unit])
    own, gate = symbol(focus, name), symbol(focus, part.name)
    then = f"{gate} = {part.curve}({own}) = {number(value)}"
    return Terms(own, tuple(rows), total, then)


def gate_sum(step: StepRecord, layer: int, t: int, part: Part) -> Array:
    """What goes through a gate's curve, (H,): the recorded sum, or the engine's product again."""
    unrolled = step.unrolled(layer)
    if "a" in unrolled.spans[0].layer.arrays:
        recorded: Array = unrolled.of("a")[t]
        return recorded
    if part.name == "n":
        again: Array = unrolled.of("word")[t] + unrolled.of("r")[t] * unrolled.of("memory")[t]
        return again
    span, place = unrolled.at(t)
    architecture = step.before.architecture
    block, number = architecture.cell.blocks[0], span.stack * architecture.layers + layer
    fused = step.before.fused[number][0][block.gates.index(part.name)]
    columns = step.trace.columns[number]
    used = fused if columns is None else fused[block.rows(architecture.hidden, columns)]
    product: Array = span.layer.z[place, span.column] @ used
    return product


def _source(step: StepRecord, focus: Focus, source: Source) -> list[Term]:
    """The terms of one source: from what is read, from the state before, and the bias."""
    unrolled, t, unit = step.unrolled(focus.layer), focus.moment.t, focus.unit
    times = None
    if source.times:
        written = source.times.written.format(n=t + 1, p=t)
        times = f"{written}[{unit}]", float(source.times.of(unrolled)[t, unit])
    rows = _from_input(step, focus, source.gate) if source.token else []
    if source.state:
        rows += _from_memory(step, focus, source.gate[-1], times)
    name = unrolled.name(t, f"b_{source.gate}")
    bias = float(step.before[name][unit])
    before, extra = (f"{times[0]} · ", (times[1],)) if times else ("", ())
    factors = (*extra, bias)
    return [*rows, Term(f"{before}{name}[{unit}]", factors, float(np.prod(factors)))]


def _from_input(step: StepRecord, focus: Focus, gate: str) -> list[Term]:
    unrolled, t, unit = step.unrolled(focus.layer), focus.moment.t, focus.unit
    name = unrolled.name(t, f"W_x{gate[-1]}")
    row, written = step.before[name][unit], step.names.entry
    span, place = unrolled.at(t)
    if focus.layer:
        labels = [(f"{name}[{unit}, {j}]", f"h_{t + 1}[{j}] below") for j in range(step.hidden)]
        return _products(labels, row, unrolled.x(t))
    read = step.trace.batch.source if span.stack == 0 and unrolled.bridge else None
    inputs = (read or step.trace.batch.read).inputs[place, span.column]
    if inputs.ndim:
        labels = [(written(name, (unit, d)), _channel(step, d)) for d in range(len(inputs))]
        return _products(labels, row, inputs)
    weight = float(row[inputs])
    return [Term(written(name, (unit, inputs)), (weight,), weight)]


def _channel(step: StepRecord, d: int) -> str:
    return f"x[{quoted(step.names.vocabulary[d])}]"


def _from_memory(
    step: StepRecord, focus: Focus, gate: str, times: tuple[str, float] | None
) -> list[Term]:
    unrolled, t, unit = step.unrolled(focus.layer), focus.moment.t, focus.unit
    name = unrolled.name(t, f"W_h{gate}")
    if t == 0:
        # H products with zero would only bury the terms that count.
        return [Term(f"{name}[{unit}, :] · h_0", (0.0,), 0.0)]
    labels = [(f"{name}[{unit}, {j}]", f"h_{t}[{j}]") for j in range(step.hidden)]
    return _products(labels, step.before[name][unit], unrolled.of("h_before")[t], times)


def _state(step: StepRecord, focus: Focus, part: Part) -> Terms:
    t, unit, unrolled = focus.moment.t, focus.unit, step.unrolled(focus.layer)
    rows = tuple(_product(product, focus, step) for product in part.products)
    recorded = float(unrolled.of(part.name)[t, unit])
    then = "it goes on to the next token" if part.name == "c" else "the state of this token"
    return Terms(symbol(focus, part.name), rows, recorded, then)


def _product(product: Sequence[Factor], focus: Focus, step: StepRecord) -> Term:
    t, unit, unrolled = focus.moment.t, focus.unit, step.unrolled(focus.layer)
    factors = tuple(float(factor.of(unrolled)[t, unit]) for factor in product)
    written = " · ".join(factor.written.format(n=t + 1, p=t) for factor in product)
    return Term(f"{written} [{unit}]", factors, float(np.prod(factors)))


# The loss


def _loss(step: StepRecord, focus: Focus) -> Terms:
    row, n = step.row(focus.moment), focus.moment.number
    c, trace = answer(step, focus), step.trace
    written = step.names.entry
    labels = [(written("W_hy", (c, j)), f"h_{n}[{j}]") for j in range(step.hidden)]
    bias = float(step.before.b_y[c])
    rows = _products(labels, step.before.W_hy[c], trace.top[row, :-1])
    place = written("b_y", (c,)).removeprefix("b_y")
    loss = number(float(trace.loss[row]))
    then = f"p{place} = softmax(logits){place} = {number(float(trace.probs[row, c]))}, "
    then += f"L = −ln p = {loss} nats"
    if not step.classes:
        wanted = number(float(trace.targets[row, c]))
        then = f"it is compared with the target {wanted}, L = {loss}"
    return Terms(
        f"logits{place}" if step.classes else f"y{place}",
        (*rows, Term(written("b_y", (c,)), (bias,), bias)),
        float(trace.logits[row, c]),
        then,
        chosen=rows[focus.unit].label,
    )


def answer(step: StepRecord, focus: Focus) -> int:
    """The class whose logit is looked at, the target; of values the first channel."""
    return int(step.trace.targets[step.row(focus.moment)]) if step.classes else 0


# The way back


def _backward(step: StepRecord, focus: Focus) -> Terms:
    part = step.parts[focus.part]
    if part.name == "c":
        return _cell_state(step, focus)
    if part.sources and part.name != "h":
        return _gate_error(step, focus, part)
    unrolled, t, unit = step.unrolled(focus.layer), focus.moment.t, focus.unit
    rows = (*from_above(step, focus), *from_future(step, focus))
    then = "each gate takes its part of it"
    if part.sources:
        da = float(unrolled.errors()[part.error][t, unit])
        slope = part.back[1].written.format(n=t + 1, p=t)
        then = f"da_{t + 1}[{unit}] = dh_{t + 1}[{unit}] · {slope} = {number(da)}"
    recorded = float(unrolled.dh[t, unit])
    return Terms(symbol(focus, "dh"), rows or (_nothing(),), recorded, then)


def _nothing() -> Term:
    return Term("nothing comes back here", (0.0,), 0.0)


def from_above(step: StepRecord, focus: Focus) -> list[Term]:
    """What reaches dh_t from the answer after this token, or from the layer above."""
    t, unit = focus.moment.t, focus.unit
    if focus.layer + 1 < step.before.architecture.layers:
        above = step.unrolled(focus.layer + 1)
        gates = {gate: e for gate, e in above.errors().items() if gate != "hn"}
        way = _Way("W_x", t, above=1)
        return _through(step, focus, gates, way)
    if t not in step.outputs:
        return []
    error = step.trace.dlogits[step.outputs[t]]
    labels = [(step.names.entry("W_hy", (c, unit)), "dlogits") for c in range(len(error))]
    return _products(labels, step.before.W_hy[:, unit], error)


def from_future(step: StepRecord, focus: Focus) -> list[Term]:
    """What reaches dh_t from the next token: W_h^T of every gate's error, and what is kept.

    The notebook's version reads the row of W_hh itself.
    """
    unrolled, t, unit = step.unrolled(focus.layer), focus.moment.t, focus.unit
    if not step.continues(t):
        return []
    gates = {gate: e for gate, e in unrolled.errors().items() if gate != "xn"}
    found = _through(step, focus, gates, _Way("W_h", t + 1))
    if "z" in step.parts:
        z, dh = (float(array[t + 1, unit]) for array in (unrolled.of("z"), unrolled.dh))
        found.append(Term(f"z_{t + 2}[{unit}] · dh_{t + 2}[{unit}]", (z, dh), z * dh))
    return found


class _Way(NamedTuple):
    """Through which weights the gradient comes: of which kind, at which token, how far above."""

    kind: str
    t: int
    above: int = 0


def _through(step: StepRecord, focus: Focus, errors: dict[str, Array], way: _Way) -> list[Term]:
    """W^T da over all units of every gate whose errors (T, H) are given."""
    unrolled, unit, found = step.unrolled(focus.layer), focus.unit, []
    kind, t, above = way
    exact = above or step.config.gradient is Gradient.EXACT
    for gate, error in errors.items():
        name = unrolled.name(t, f"{kind}{gate[-1]}", above)
        weights = step.before[name][:, unit] if exact else step.before[name][unit]
        what = error_name(gate)
        places = ((j, unit) if exact else (unit, j) for j in range(step.hidden))
        labels = [(f"{name}[{i}, {k}]", f"{what}_{t + 1}[{j}]") for j, (i, k) in enumerate(places)]
        found += _products(labels, weights, error[t])
    return found


def _cell_state(step: StepRecord, focus: Focus) -> Terms:
    t, unit, unrolled = focus.moment.t, focus.unit, step.unrolled(focus.layer)
    slope = 1 - unrolled.of("tanh_c") ** 2
    factors = tuple(float(array[t, unit]) for array in (unrolled.dh, unrolled.of("o"), slope))
    written = f"dh_{t + 1} · o_{t + 1} · (1 − tanh(c_{t + 1})²) [{unit}]"
    rows = [Term(written, factors, float(np.prod(factors)))]
    if step.continues(t):
        f, dc = (float(unrolled.of(name)[t + 1, unit]) for name in ("f", "dc"))
        rows.append(Term(f"f_{t + 2} · dc_{t + 2} [{unit}]", (f, dc), f * dc))
    recorded = float(unrolled.of("dc")[t, unit])
    return Terms(symbol(focus, "dc"), tuple(rows), recorded, "i, f and g take their part")


def _gate_error(step: StepRecord, focus: Focus, part: Part) -> Terms:
    t, unit = focus.moment.t, focus.unit
    row = _product(part.back, focus, step)
    recorded = float(step.unrolled(focus.layer).errors()[part.error][t, unit])
    what = error_name(part.error)
    then = f"dW_h{part.name} += {error_name(part.sources[-1].gate)}_{t + 1} h_{t}ᵀ"
    return Terms(symbol(focus, what), (row,), recorded, then)


# Clipping and the update


class Entry(NamedTuple):
    """The weight that is followed through clipping and update."""

    name: str
    place: tuple[int, ...]


def gate_of(step: StepRecord, focus: Focus) -> str:
    """The gate whose weights are shown: the part's own, or one that feeds a state."""
    part = step.parts[focus.part]
    if part.sources:
        return part.sources[-1].gate
    return {"c": "g", "h": "o"}[part.name] if "c" in step.parts else "hn"


def followed(step: StepRecord, focus: Focus) -> Entry:
    """Of the weights from the memory into the unit that of the largest gradient, or its bias."""
    unrolled, gate = step.unrolled(focus.layer), gate_of(step, focus)
    last = len(step.words) - 1
    name = unrolled.name(last, f"W_h{gate[-1]}")
    row = np.abs(step.descent.gradient[name][focus.unit])
    if row.any():
        return Entry(name, (focus.unit, int(row.argmax())))
    return Entry(unrolled.name(last, f"b_{gate}"), (focus.unit,))


def _clip(step: StepRecord, focus: Focus) -> Terms:
    name, index = followed(step, focus)
    gradient, clipped, _ = (float(p[name][index]) for p in step.descent)
    written = "d" + step.names.entry(name, index)
    rows = _over_time(step, focus, index)
    others = gradient - float(sum(row.value for row in rows))
    if step.trace.batch.read.shape[1] > 1:
        rows.append(Term("the other sequences of the batch", (others,), others))
    return Terms(written, tuple(rows), gradient, _clipped(step, clipped))


def _over_time(step: StepRecord, focus: Focus, index: tuple[int, ...]) -> list[Term]:
    """What every token adds to the entry that is followed, of the last stack."""
    unrolled, gate = step.unrolled(focus.layer), gate_of(step, focus)
    errors, before = unrolled.errors()[gate][:, focus.unit], unrolled.of("h_before")
    what, tokens = error_name(gate), range(unrolled.bridge, len(unrolled))
    if len(index) == 1:
        values = ((t, float(errors[t])) for t in tokens)
        return [Term(f"{what}_{t + 1}[{focus.unit}]", (x,), x) for t, x in values]
    column = index[1]
    labels = [(f"{what}_{t + 1}[{focus.unit}]", f"h_{t}[{column}]") for t in tokens]
    return _products(labels, errors[unrolled.bridge :], before[unrolled.bridge :, column])


def _clipped(step: StepRecord, clipped: float) -> str:
    limit = number(step.config.clip)
    how = {
        ClipBy.VALUE: f"clip(g, ±{limit})",
        ClipBy.NORM: f"g · min(1, {limit} / ||g||)",
        ClipBy.OFF: "g",
    }
    return f"g′ = {how[step.config.clip_by]} = {number(clipped)}"


def _update(step: StepRecord, focus: Focus) -> Terms:
    name, index = followed(step, focus)
    before, after, update, clipped = (
        float(p[name][index])
        for p in (step.before, step.after, step.descent.update, step.descent.clipped)
    )
    written, lr = step.names.entry(name, index), step.config.lr
    plain = step.config.optimizer.value == "sgd"
    change = Term(f"−{number(lr)} · g′", (-lr, clipped), -lr * clipped)
    rows = (
        Term(f"{written} before", (before,), before),
        change if plain else Term(f"the step of {step.config.optimizer}", (-update,), -update),
    )
    return Terms(
        f"{written} after", rows, after, f"the next {step.names.sequence} meets this weight"
    )


_KINDS = {
    Phase.FORWARD: _forward,
    Phase.LOSS: _loss,
    Phase.BACKWARD: _backward,
    Phase.CLIP: _clip,
    Phase.UPDATE: _update,
}
