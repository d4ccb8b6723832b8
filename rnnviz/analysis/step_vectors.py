"""The vectors that one moment combines, for all units at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.breakdown import error_name, followed, gate_of, gate_sum, sum_name
from rnnviz.analysis.cell_equations import Part, nonnegative, product_label
from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.formatting import number
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.config import Gradient, OptimizerKind
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.timeline import Phase


@dataclass(frozen=True, eq=False)
class VectorRow:
    """One vector of a moment: its label, its values (n,), and the names of its cells.

    Colors span ``limit``, and are comparable between rows of equal limit. ``signed`` is false for
    values that are never negative. ``sign`` stands between the row before and this one; "=" marks
    the sum of the rows before.
    """

    label: str
    values: Array
    cells: tuple[str, ...]
    limit: float
    sign: str = ""
    signed: bool = True


def operation(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    """What is added, multiplied or compared at this moment; for weights only the unit's row."""
    phase, part = focus.moment.phase, step.parts[focus.part]
    if phase is Phase.FORWARD:
        return _gate(step, focus, part) if part.sources else _state(step, focus, part)
    if phase is Phase.LOSS:
        return _loss(step, focus) if step.classes else _values(step, focus)
    if phase is Phase.BACKWARD:
        return _backward(step, focus, part)
    return _clip(step, focus) if phase is Phase.CLIP else _update(step, focus)


def marked(step: StepRecord, focus: Focus) -> int:
    """The index of the cell to mark: the unit's own, or the weight that is followed."""
    if focus.moment.phase in (Phase.CLIP, Phase.UPDATE):
        return followed(step, focus).indexes[-1]
    return focus.unit


# Forward


def sum_parts(step: StepRecord, layer: int, t: int, part: Part) -> tuple[Array, Array, Array]:
    """The three parts of a gate's sum at token ``t``: input, recurrent, and bias, (H,) each."""
    unrolled = step.unrolled(layer)
    read = recurrent = bias = np.zeros(step.hidden)
    for source in part.sources:
        times = source.times.of(unrolled)[t] if source.times else 1.0
        gate = source.gate[-1]
        if source.token:
            read = read + _read(step, layer, t, gate)
        if source.state:
            W_h = unrolled.weight(step.before, t, f"W_h{gate}")
            recurrent = recurrent + times * (W_h @ unrolled.of("h_before")[t])
        bias = bias + times * unrolled.weight(step.before, t, f"b_{source.gate}")
    return read, recurrent, bias


def _read(step: StepRecord, layer: int, t: int, gate: str) -> Array:
    """W_x x_t, (H,)."""
    unrolled = step.unrolled(layer)
    W_x = unrolled.weight(step.before, t, f"W_x{gate}")
    columns = step.trace.columns[unrolled.index(t)]
    return (W_x if columns is None else W_x[:, columns]) @ unrolled.x(t)


def _limit(step: StepRecord, layer: int, part: Part) -> float:
    """One limit for the whole sequence, so that colors are comparable between its moments."""
    limits = step.limits
    if (layer, part.name) not in limits:
        tokens = range(len(step.words))
        sums = [array for t in tokens for array in sum_parts(step, layer, t, part)]
        totals = [gate_sum(step, layer, t, part) for t in tokens]
        limits[layer, part.name] = typical(*sums, *totals)
    return limits[layer, part.name]


def _gate(step: StepRecord, focus: Focus, part: Part) -> tuple[VectorRow, ...]:
    t, n, unrolled = focus.moment.t, focus.moment.number, step.unrolled(focus.layer)
    read, recurrent, bias = sum_parts(step, focus.layer, t, part)
    total, limit = gate_sum(step, focus.layer, t, part), _limit(step, focus.layer, part)
    last, values, signed = part.sources[-1], unrolled.of(part.name), not nonnegative(part.name)
    name, a, cells = unrolled.name, sum_name(part), _units(step)
    token = f"h_{n} below" if focus.layer else f"x_{n}"
    times = f"{last.times.label(t)} · " if last.times else ""
    biases = " + ".join(name(t, f"b_{source.gate}") for source in part.sources)
    most = 1.0 if part.curve != "relu" else typical(values)
    return (
        VectorRow(f"{times}{name(t, f'W_h{last.gate[-1]}')} h_{t}", recurrent, cells, limit),
        VectorRow(f"{name(t, f'W_x{last.gate[-1]}')} {token}", read, cells, limit, "+"),
        VectorRow(biases, bias, cells, limit, "+"),
        VectorRow(f"{a}_{n}", total, cells, limit, "="),
        VectorRow(f"{part.name}_{n}", values[t], cells, most, part.curve, signed),
    )


def _state(step: StepRecord, focus: Focus, part: Part) -> tuple[VectorRow, ...]:
    """The products that a state sums up; for a single product its factors."""
    t, unrolled, cells = focus.moment.t, step.unrolled(focus.layer), _units(step)
    states = unrolled.of(part.name)
    limit, single = typical(states), len(part.products) == 1
    total = VectorRow(f"{part.name}_{t + 1}", states[t], cells, limit, "=")
    if single:
        rows = [
            VectorRow(f.label(t), f.of(unrolled)[t], cells, 1.0, "·", not nonnegative(f.written[0]))
            for f in part.products[0]
        ]
    else:
        values = [np.prod([f.of(unrolled)[t] for f in p], axis=0) for p in part.products]
        labels = [product_label(product, t) for product in part.products]
        pairs = zip(labels, values, strict=True)
        rows = [VectorRow(label, product, cells, limit, "+") for label, product in pairs]
    return (*rows, total)


# The loss


def _loss(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    trace, classes, row = step.trace, step.names.classes, step.row(focus.moment)
    target, chance = int(trace.targets[row]), float(np.log(len(classes)))
    logits, onehot, loss = trace.logits[row], np.eye(len(classes))[target], trace.loss[row]
    most, count = float(np.abs(trace.logits).max()), len(trace.logits)
    shared, highest = "=" if count == 1 else f"÷ {count} =", max(chance, float(loss))
    return (
        VectorRow("logits", logits, classes, most),
        VectorRow("p", trace.probs[row], classes, 1.0, "softmax", signed=False),
        VectorRow("target", onehot, classes, 1.0, "−", signed=False),
        VectorRow("dlogits", trace.dlogits[row], classes, 1.0 / count, shared),
        VectorRow("−ln p", np.array([loss]), (classes[target],), highest, signed=False),
    )


def _values(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    trace, channels, row = step.trace, step.names.classes, step.row(focus.moment)
    limit, count = typical(trace.logits, trace.targets), trace.logits.size
    target = trace.targets[row]
    return (
        VectorRow("output", trace.logits[row], channels, limit),
        VectorRow("target", target, channels, limit, "−"),
        VectorRow("difference", trace.logits[row] - target, channels, limit, "="),
        VectorRow("dlogits", trace.dlogits[row], channels, 2 * limit / count, f"· 2/{count}"),
    )


# Backward


def _backward(step: StepRecord, focus: Focus, part: Part) -> tuple[VectorRow, ...]:
    if part.name == "h":
        return _state_error(step, focus, part)
    if part.name == "c":
        return _cell_error(step, focus)
    t, unrolled, cells = focus.moment.t, step.unrolled(focus.layer), _units(step)
    factors = [(factor.label(t), factor.of(unrolled), "·") for factor in part.back]
    product = f"{error_name(part.error)}_{t + 1}", unrolled.errors()[part.error], "="
    return tuple(
        VectorRow(label, values[t], cells, typical(values), sign)
        for label, values, sign in (*factors, product)
    )


def _local_error(step: StepRecord, layer: int, t: int) -> Array:
    """The part of dh_t from the answer after this token, or from the layer above, (H,)."""
    if layer + 1 < step.before.architecture.layers:
        return _through(step, layer + 1, t, "x")
    if t not in step.outputs:
        return np.zeros(step.hidden)
    product: Array = step.trace.dlogits[step.outputs[t]] @ step.before.W_hy
    return product


def _future_error(step: StepRecord, layer: int, t: int) -> Array:
    """The part of dh_t from the next token, (H,); zero at the last one and where it is cut."""
    if not step.continues(t):
        return np.zeros(step.hidden)
    unrolled, error = step.unrolled(layer), _through(step, layer, t + 1, "h")
    return error + unrolled.of("z")[t + 1] * unrolled.dh[t + 1] if "z" in step.parts else error


def _through(step: StepRecord, layer: int, t: int, source: str) -> Array:
    """W^T da of all gates at token ``t``, (H,): back to x, or to the state before."""
    unrolled, total = step.unrolled(layer), np.zeros(step.hidden)
    exact = source == "x" or step.config.gradient is Gradient.EXACT
    for gate, error in unrolled.errors(source).items():
        W = unrolled.weight(step.before, t, f"W_{source}{gate[-1]}")
        total = total + error[t] @ (W if exact else W.T)
    return total


def _state_error(step: StepRecord, focus: Focus, part: Part) -> tuple[VectorRow, ...]:
    t, n, cells = focus.moment.t, focus.moment.number, _units(step)
    unrolled, layer = step.unrolled(focus.layer), focus.layer
    dh, local, future = unrolled.dh[t], _local_error(step, layer, t), _future_error(step, layer, t)
    limit = typical(dh)
    above = "loss" if layer + 1 == step.before.architecture.layers else "above"
    rows = (
        VectorRow(f"from {above}", local, cells, limit),
        VectorRow(f"from dh_{n + 1}", future, cells, limit, "+"),
        VectorRow(f"dh_{n}", dh, cells, limit, "="),
    )
    if not part.sources:
        return rows
    slope, da = part.back[1], unrolled.errors()[part.error][t]
    label = slope.label(t)
    return (
        *rows,
        VectorRow(label.strip("()"), slope.of(unrolled)[t], cells, 1.0, "·", signed=False),
        VectorRow(f"da_{n}", da, cells, limit, "="),
    )


def _cell_error(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    t, n, cells = focus.moment.t, focus.moment.number, _units(step)
    unrolled = step.unrolled(focus.layer)
    dc, f = unrolled.of("d_c"), unrolled.of("f")
    limit = typical(dc)
    future = f[t + 1] * dc[t + 1] if step.continues(t) else np.zeros(step.hidden)
    local = unrolled.dh[t] * unrolled.of("o")[t] * (1 - unrolled.of("tanh_c")[t] ** 2)
    return (
        VectorRow(f"dh_{n} · o_{n} · (1 − tanh(c_{n})²)", local, cells, limit),
        VectorRow(f"f_{n + 1} · dc_{n + 1}", future, cells, limit, "+"),
        VectorRow(f"dc_{n}", dc[t], cells, limit, "="),
    )


# Clipping and the update


def _row(step: StepRecord, focus: Focus) -> tuple[str, int]:
    """The recurrent weights into the unit: their parameter and its row."""
    gate = gate_of(step, focus)[-1]
    return step.unrolled(focus.layer).name(len(step.words) - 1, f"W_h{gate}"), focus.unit


def _clip(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    name, unit = _row(step, focus)
    gradient, clipped = (p[name][unit] for p in step.descent[:2])
    cells, limit = _units(step), typical(gradient)
    return (
        VectorRow(f"d{name}[{unit}, :]", gradient, cells, limit),
        VectorRow("cut off", gradient - clipped, cells, limit, "−"),
        VectorRow("clipped", clipped, cells, limit, "="),
    )


def _update(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    name, unit = _row(step, focus)
    before, after, change = (p[name][unit] for p in (step.before, step.after, step.descent.update))
    cells, limit, row = _units(step), typical(before, after), f"{name}[{unit}, :]"
    sgd = step.config.optimizer is OptimizerKind.SGD
    taken = f"−{number(step.config.lr)} g′" if sgd else f"the step of {step.config.optimizer}"
    return (
        VectorRow(row, before, cells, limit),
        VectorRow(taken, -change, cells, limit, "+"),
        VectorRow("after", after, cells, limit, "="),
        VectorRow("enlarged", -change, cells, typical(change)),
    )


def _units(step: StepRecord) -> tuple[str, ...]:
    return tuple(f"unit {unit}" for unit in range(step.hidden))
