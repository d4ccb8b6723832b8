"""Breakdown: the arithmetic of one unit at one moment, term by term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.cell_equations import Factor, Part, Source, product_label
from rnnviz.analysis.formatting import number, quoted
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.config import ClipBy, Gradient, OptimizerKind
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.timeline import Phase


class Term(NamedTuple):
    """One term of a sum: how it is written, its factors, and their product."""

    label: str
    factors: tuple[float, ...]
    value: float


@dataclass(frozen=True, eq=False)
class Terms:
    """A sum of terms, and the recorded number that it must equal.

    ``then`` says what is computed from it next. ``chosen`` is the label of the selected unit's
    term, if there is exactly one.
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
        """The ``n`` largest terms by absolute value, descending, and the name and sum of the rest.

        The chosen term is always included. With at most n + 1 terms: all of them, and None.
        """
        ranked = sorted(self.rows, key=lambda row: -abs(row.value))
        if len(ranked) <= n + 1:
            return tuple(ranked), None
        own = [row for row in ranked[n:] if row.label == self.chosen]
        shown = n - len(own)
        rest = [row.value for row in ranked[shown:] if row not in own]
        return (*ranked[:shown], *own), (f"the other {len(rest)}", float(sum(rest)))


def terms(step: StepRecord, focus: Focus) -> Terms:
    """The sum of the unit at this moment: its input, its gradient, or its weight's update."""
    return _KINDS[focus.moment.phase](step, focus)


def _symbol(focus: Focus, name: str) -> str:
    return f"{name}_{focus.moment.number}[{focus.unit}]"


def sum_name(part: Part) -> str:
    """The symbol of a gate's sum: a in an Elman cell, ai for a gate i."""
    return "a" if part.name == "h" else f"a{part.name}"


def error_name(gate: str) -> str:
    """The symbol of dL/d(sum) of a gate; a GRU's candidate has two sums."""
    return {"h": "da", "hn": "dm", "xn": "dn"}.get(gate, f"da{gate}")


#: A factor of several terms, and how it is written.
_Times = tuple[str, float] | None


def _products(
    labels: Sequence[tuple[str, str]], left: Array, right: Array, times: _Times = None
) -> list[Term]:
    """The terms left * right, element by element; each times the same number, if one is given."""
    pairs = zip(labels, map(float, left), map(float, right), strict=True)
    return [_term(" · ".join(label), (x, y), times) for label, x, y in pairs]


def _term(label: str, factors: Sequence[float], times: _Times = None) -> Term:
    if times:
        label, factors = f"{times[0]} · {label}", (times[1], *factors)
    factors = tuple(map(float, factors))
    return Term(label, factors, float(np.prod(factors)))


# Forward


def _forward(step: StepRecord, focus: Focus) -> Terms:
    part = step.parts[focus.part]
    return _gate(step, focus, part) if part.sources else _state(step, focus, part)


def _gate(step: StepRecord, focus: Focus, part: Part) -> Terms:
    unrolled, t = step.unrolled(focus.layer), focus.moment.t
    rows = [row for source in part.sources for row in _source(step, focus, source)]
    total = float(gate_sum(step, focus.layer, t, part)[focus.unit])
    name, value = sum_name(part), float(unrolled.of(part.name)[t, focus.unit])
    own, gate = _symbol(focus, name), _symbol(focus, part.name)
    then = f"{gate} = {part.curve}({own}) = {number(value)}"
    return Terms(own, tuple(rows), total, then)


def gate_sum(step: StepRecord, layer: int, t: int, part: Part) -> Array:
    """The input of a gate's curve, (H,): as recorded, or else computed again."""
    unrolled = step.unrolled(layer)
    if "a_h" in unrolled.spans[0].layer.arrays:
        recorded: Array = unrolled.of("a_h")[t]
        return recorded
    total = _block_product(step, layer, t, "xn" if part.name == "n" else part.name)
    if part.name == "n":
        total = total + unrolled.of("r")[t] * unrolled.of("m")[t]
    return total


def _block_product(step: StepRecord, layer: int, t: int, gate: str) -> Array:
    """The product of a gate's fused weights with the row that they read, (H,)."""
    unrolled, cell = step.unrolled(layer), step.before.architecture.cell
    (span, k), index = unrolled.at(t), unrolled.index(t)
    number, block = next((i, block) for i, block in enumerate(cell.blocks) if gate in block.gates)
    fused = step.before.fused[index][number][block.gates.index(gate)]
    columns = step.trace.columns[index]
    used = fused if columns is None else fused[block.rows(step.hidden, columns)]
    product: Array = span.layer.z[k, span.column, block.columns(step.hidden)] @ used
    return product


def _source(step: StepRecord, focus: Focus, source: Source) -> list[Term]:
    """The terms of one source: from the input, from the state before, and the bias."""
    unrolled, t, unit = step.unrolled(focus.layer), focus.moment.t, focus.unit
    times = None
    if source.times:
        times = f"{source.times.label(t)}[{unit}]", float(source.times.of(unrolled)[t, unit])
    rows = _from_input(step, focus, source.gate) if source.token else []
    if source.state:
        rows += _from_state(step, focus, source.gate[-1], times)
    name = unrolled.name(t, f"b_{source.gate}")
    return [*rows, _term(f"{name}[{unit}]", (step.before[name][unit],), times)]


def _from_input(step: StepRecord, focus: Focus, gate: str) -> list[Term]:
    unrolled, t, unit = step.unrolled(focus.layer), focus.moment.t, focus.unit
    name = unrolled.name(t, f"W_x{gate[-1]}")
    row, entry = step.before[name][unit], step.names.entry
    span, k = unrolled.at(t)
    if focus.layer:
        labels = [(f"{name}[{unit}, {j}]", f"h_{t + 1}[{j}] below") for j in range(step.hidden)]
        return _products(labels, row, unrolled.x(t))
    read = step.trace.batch.source if span.stack == 0 and unrolled.bridge else None
    inputs = (read or step.trace.batch.read).inputs[k, span.column]
    if inputs.ndim:
        channels = step.names.vocabulary[: len(inputs)]
        labels = [(entry(name, (unit, d)), f"x[{quoted(c)}]") for d, c in enumerate(channels)]
        return _products(labels, row, inputs)
    return [_term(entry(name, (unit, inputs)), (row[inputs],))]


def _from_state(step: StepRecord, focus: Focus, gate: str, times: _Times) -> list[Term]:
    unrolled, t, unit = step.unrolled(focus.layer), focus.moment.t, focus.unit
    name = unrolled.name(t, f"W_h{gate}")
    if t == 0:
        # One term stands for H products with zero.
        return [Term(f"{name}[{unit}, :] · h_0", (0.0,), 0.0)]
    labels = [(f"{name}[{unit}, {j}]", f"h_{t}[{j}]") for j in range(step.hidden)]
    return _products(labels, step.before[name][unit], unrolled.of("h_before")[t], times)


def _state(step: StepRecord, focus: Focus, part: Part) -> Terms:
    t, unit, unrolled = focus.moment.t, focus.unit, step.unrolled(focus.layer)
    rows = tuple(_product(step, focus, product) for product in part.products)
    recorded = float(unrolled.of(part.name)[t, unit])
    then = "it goes on to the next token" if part.name == "c" else "the state of this token"
    return Terms(_symbol(focus, part.name), rows, recorded, then)


def _product(step: StepRecord, focus: Focus, product: Sequence[Factor]) -> Term:
    t, unit, unrolled = focus.moment.t, focus.unit, step.unrolled(focus.layer)
    factors = [factor.of(unrolled)[t, unit] for factor in product]
    return _term(f"{product_label(product, t)} [{unit}]", factors)


# The loss


def _loss(step: StepRecord, focus: Focus) -> Terms:
    row, n = step.row(focus.moment), focus.moment.number
    trace, entry = step.trace, step.names.entry
    c = int(trace.targets[row]) if step.classes else 0
    labels = [(entry("W_hy", (c, j)), f"h_{n}[{j}]") for j in range(step.hidden)]
    rows = _products(labels, step.before.W_hy[c], trace.top[row, :-1])
    index = entry("b_y", (c,)).removeprefix("b_y")
    loss = number(float(trace.loss[row]))
    then = f"p{index} = softmax(logits){index} = {number(float(trace.probs[row, c]))}, "
    then += f"L = −ln p = {loss} nats"
    if not step.classes:
        target = number(float(trace.targets[row, c]))
        then = f"it is compared with the target {target}, L = {loss}"
    return Terms(
        f"logits{index}" if step.classes else f"y{index}",
        (*rows, _term(entry("b_y", (c,)), (step.before.b_y[c],))),
        float(trace.logits[row, c]),
        then,
        chosen=rows[focus.unit].label,
    )


# Backward


def _backward(step: StepRecord, focus: Focus) -> Terms:
    part = step.parts[focus.part]
    if part.name == "c":
        return _cell_state(step, focus)
    if part.sources and part.name != "h":
        return _gate_error(step, focus, part)
    unrolled, t, unit = step.unrolled(focus.layer), focus.moment.t, focus.unit
    rows = (*_from_above(step, focus), *_from_future(step, focus))
    then = "each gate takes its part of it"
    if part.sources:
        da = number(float(unrolled.errors()[part.error][t, unit]))
        then = f"da_{t + 1}[{unit}] = dh_{t + 1}[{unit}] · {part.back[1].label(t)} = {da}"
    nothing = Term("nothing comes back here", (0.0,), 0.0)
    return Terms(_symbol(focus, "dh"), rows or (nothing,), float(unrolled.dh[t, unit]), then)


def _from_above(step: StepRecord, focus: Focus) -> list[Term]:
    """The terms of dh_t from the answer after this token, or from the layer above."""
    t, unit = focus.moment.t, focus.unit
    if focus.layer + 1 < step.before.architecture.layers:
        return _through(step, focus, "x")
    if t not in step.outputs:
        return []
    error = step.trace.dlogits[step.outputs[t]]
    labels = [(step.names.entry("W_hy", (c, unit)), "dlogits") for c in range(len(error))]
    return _products(labels, step.before.W_hy[:, unit], error)


def _from_future(step: StepRecord, focus: Focus) -> list[Term]:
    """The terms of dh_t from the next token: W_h^T da of every gate, and a GRU's z dh."""
    unrolled, t, unit = step.unrolled(focus.layer), focus.moment.t, focus.unit
    if not step.continues(t):
        return []
    rows = _through(step, focus, "h")
    if "z" in step.parts:
        factors = unrolled.of("z")[t + 1, unit], unrolled.dh[t + 1, unit]
        rows.append(_term(f"z_{t + 2}[{unit}] · dh_{t + 2}[{unit}]", factors))
    return rows


def _through(step: StepRecord, focus: Focus, source: str) -> list[Term]:
    """W^T da over all units: of the layer above ("x"), or of the next token ("h").

    The notebook's rule reads a row of W_hh instead of a column.
    """
    above, unit, rows = source == "x", focus.unit, list[Term]()
    unrolled, t = step.unrolled(focus.layer + above), focus.moment.t + (not above)
    exact = above or step.config.gradient is Gradient.EXACT
    for gate, error in unrolled.errors(source).items():
        name = unrolled.name(t, f"W_{source}{gate[-1]}")
        weights = step.before[name][:, unit] if exact else step.before[name][unit]
        indexes = [(j, unit) if exact else (unit, j) for j in range(step.hidden)]
        labels = [
            (f"{name}[{row}, {column}]", f"{error_name(gate)}_{t + 1}[{j}]")
            for j, (row, column) in enumerate(indexes)
        ]
        rows += _products(labels, weights, error[t])
    return rows


def _cell_state(step: StepRecord, focus: Focus) -> Terms:
    t, unit, unrolled = focus.moment.t, focus.unit, step.unrolled(focus.layer)
    slope = 1 - unrolled.of("tanh_c") ** 2
    factors = [array[t, unit] for array in (unrolled.dh, unrolled.of("o"), slope)]
    rows = [_term(f"dh_{t + 1} · o_{t + 1} · (1 − tanh(c_{t + 1})²) [{unit}]", factors)]
    if step.continues(t):
        factors = [unrolled.of(name)[t + 1, unit] for name in ("f", "d_c")]
        rows.append(_term(f"f_{t + 2} · dc_{t + 2} [{unit}]", factors))
    recorded = float(unrolled.of("d_c")[t, unit])
    return Terms(_symbol(focus, "dc"), tuple(rows), recorded, "i, f and g take their part")


def _gate_error(step: StepRecord, focus: Focus, part: Part) -> Terms:
    t = focus.moment.t
    row = _product(step, focus, part.back)
    recorded = float(step.unrolled(focus.layer).errors()[part.error][t, focus.unit])
    then = f"dW_h{part.name} += {error_name(part.sources[-1].gate)}_{t + 1} h_{t}ᵀ"
    return Terms(_symbol(focus, error_name(part.error)), (row,), recorded, then)


# Clipping and the update


class Entry(NamedTuple):
    """The entry of a parameter that is followed through clipping and update."""

    name: str
    indexes: tuple[int, ...]


def gate_of(step: StepRecord, focus: Focus) -> str:
    """The gate whose weights are shown: the part itself, or for a state a gate that feeds it."""
    part = step.parts[focus.part]
    if part.sources:
        return part.sources[-1].gate
    return {"c": "g", "h": "o"}[part.name] if "c" in step.parts else "hn"


def followed(step: StepRecord, focus: Focus) -> Entry:
    """The recurrent weight into the unit with the largest gradient, or the bias if all are zero."""
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
    label = "d" + step.names.entry(name, index)
    rows = _over_time(step, focus, index)
    others = gradient - float(sum(row.value for row in rows))
    if step.trace.batch.read.shape[1] > 1:
        rows.append(Term("the other sequences of the batch", (others,), others))
    limit = number(step.config.clip)
    rules = {
        ClipBy.VALUE: f"clip(g, ±{limit})",
        ClipBy.NORM: f"g · min(1, {limit} / ||g||)",
        ClipBy.OFF: "g",
    }
    then = f"g′ = {rules[step.config.clip_by]} = {number(clipped)}"
    return Terms(label, tuple(rows), gradient, then)


def _over_time(step: StepRecord, focus: Focus, index: tuple[int, ...]) -> list[Term]:
    """The part of the followed entry's gradient from each token of the last stack."""
    unrolled, gate = step.unrolled(focus.layer), gate_of(step, focus)
    errors, before = unrolled.errors()[gate][:, focus.unit], unrolled.of("h_before")
    what, tokens = error_name(gate), range(unrolled.bridge, len(unrolled))
    if len(index) == 1:
        values = ((t, float(errors[t])) for t in tokens)
        return [Term(f"{what}_{t + 1}[{focus.unit}]", (x,), x) for t, x in values]
    column = index[1]
    labels = [(f"{what}_{t + 1}[{focus.unit}]", f"h_{t}[{column}]") for t in tokens]
    return _products(labels, errors[unrolled.bridge :], before[unrolled.bridge :, column])


def _update(step: StepRecord, focus: Focus) -> Terms:
    name, index = followed(step, focus)
    before, after, update, clipped = (
        float(p[name][index])
        for p in (step.before, step.after, step.descent.update, step.descent.clipped)
    )
    entry, lr = step.names.entry(name, index), step.config.lr
    change = _term(f"the step of {step.config.optimizer}", (-update,))
    if step.config.optimizer is OptimizerKind.SGD:
        change = _term(f"−{number(lr)} · g′", (-lr, clipped))
    rows = _term(f"{entry} before", (before,)), change
    return Terms(f"{entry} after", rows, after, f"the next {step.names.sequence} meets this weight")


_KINDS = {
    Phase.FORWARD: _forward,
    Phase.LOSS: _loss,
    Phase.BACKWARD: _backward,
    Phase.CLIP: _clip,
    Phase.UPDATE: _update,
}
