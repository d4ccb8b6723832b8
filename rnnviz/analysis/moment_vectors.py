"""The vectors that one moment combines, for all units at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.breakdown import error_name, followed, gate_of, gate_sum, sum_name
from rnnviz.analysis.cell_equations import Part, nonnegative
from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.notation import number, quoted
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.config import Gradient
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.timeline import Phase


@dataclass(frozen=True, eq=False)
class VectorRow:
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


def operation(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    """What is added, multiplied or compared at this moment; of the weights only the unit's row."""
    phase, part = focus.moment.phase, step.parts[focus.part]
    if phase is Phase.FORWARD:
        return _gate(step, focus, part) if part.sources else _state(step, focus, part)
    if phase is Phase.LOSS:
        return _loss(step, focus) if step.classes else _values(step, focus)
    if phase is Phase.BACKWARD:
        return _backward(step, focus, part)
    return _weights(step, focus)


def marked(step: StepRecord, focus: Focus) -> int:
    """Which cell of the strips belongs to the unit: its own, or the weight that is followed."""
    if focus.moment.phase in (Phase.CLIP, Phase.UPDATE):
        return followed(step, focus).place[-1]
    return focus.unit


# The way there


def sum_parts(step: StepRecord, layer: int, t: int, part: Part) -> tuple[Array, Array, Array]:
    """The three summands of a gate at token ``t``: what is read, the memory, and the bias, (H,)."""
    unrolled = step.unrolled(layer)
    word = memory = bias = np.zeros(step.hidden)
    for source in part.sources:
        times = source.times.of(unrolled)[t] if source.times else 1.0
        gate = source.gate[-1]
        if source.token:
            word = word + _read(step, layer, t, gate)
        if source.state:
            W_h = unrolled.weight(step.before, t, f"W_h{gate}")
            memory = memory + times * (W_h @ unrolled.of("h_before")[t])
        bias = bias + times * unrolled.weight(step.before, t, f"b_{source.gate}")
    return word, memory, bias


def _read(step: StepRecord, layer: int, t: int, gate: str) -> Array:
    """W_x times what is read at token ``t``, (H,)."""
    unrolled = step.unrolled(layer)
    W_x = unrolled.weight(step.before, t, f"W_x{gate}")
    number = unrolled.at(t).span.stack * step.before.architecture.layers + layer
    columns = step.trace.columns[number]
    product: Array = (W_x if columns is None else W_x[:, columns]) @ unrolled.x(t)
    return product


def _limit(step: StepRecord, layer: int, part: Part) -> float:
    """The whole sequence's limit, so that colours can be compared from moment to moment."""
    known = step.limits
    if (layer, part.name) not in known:
        tokens = range(len(step.words))
        sums = [array for t in tokens for array in sum_parts(step, layer, t, part)]
        totals = [gate_sum(step, layer, t, part) for t in tokens]
        known[layer, part.name] = typical(*sums, *totals)
    return known[layer, part.name]


def _gate(step: StepRecord, focus: Focus, part: Part) -> tuple[VectorRow, ...]:
    t, n, unrolled = focus.moment.t, focus.moment.number, step.unrolled(focus.layer)
    word, memory, bias = sum_parts(step, focus.layer, t, part)
    total, limit = gate_sum(step, focus.layer, t, part), _limit(step, focus.layer, part)
    gate, values = part.sources[-1].gate[-1], unrolled.of(part.name)
    name, a, cells = unrolled.name, sum_name(part), _units(step)
    read = "" if focus.layer else f"[:, {quoted(step.words[t])}]" if step.tokens else " x"
    times = f"{part.sources[-1].times.written.format(n=n)} · " if part.sources[-1].times else ""
    most = min(1.0, float(np.abs(values).max())) if part.curve != "relu" else typical(values)
    below = f" h_{n} below" if focus.layer else read
    return (
        VectorRow(f"{name(t, f'W_x{gate}')}{below}", word, cells, limit),
        VectorRow(f"{times}{name(t, f'W_h{gate}')} h_{t}", memory, cells, limit),
        VectorRow(
            f"{' + '.join(name(t, f'b_{s.gate}') for s in part.sources)}", bias, cells, limit
        ),
        VectorRow(f"{a}_{n}, their sum", total, cells, limit, total=True),
        VectorRow(
            f"{part.name}_{n} = {part.curve}({a}_{n})",
            values[t],
            cells,
            1.0 if nonnegative(part.name) else most,
            signed=not nonnegative(part.name),
        ),
    )


def _state(step: StepRecord, focus: Focus, part: Part) -> tuple[VectorRow, ...]:
    """The products that a state sums up; of a single product its factors."""
    (_, t), unrolled, cells = focus.moment, step.unrolled(focus.layer), _units(step)
    n = t + 1
    whole, limit = unrolled.of(part.name), typical(unrolled.of(part.name))
    total = VectorRow(f"{part.name}_{n}", whole[t], cells, limit, total=len(part.products) > 1)
    if len(part.products) == 1:
        factors = [
            VectorRow(
                factor.written.format(n=n, p=t),
                factor.of(unrolled)[t],
                cells,
                1.0,
                signed=not nonnegative(factor.written[0]),
            )
            for factor in part.products[0]
        ]
        return (*factors, total)
    rows = []
    for product in part.products:
        written = " · ".join(factor.written.format(n=n, p=t) for factor in product)
        values = np.prod([factor.of(unrolled)[t] for factor in product], axis=0)
        rows.append(VectorRow(written, values, cells, limit))
    return (*rows, total)


# The loss


def _loss(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    trace, classes, row = step.trace, step.names.classes, step.row(focus.moment)
    target, chance = int(trace.targets[row]), float(np.log(len(classes)))
    logits, onehot = trace.logits[row], np.eye(len(classes))[target]
    most = float(np.abs(trace.logits).max())
    error = trace.dlogits[row]
    count = len(trace.logits)
    written = "dlogits = p − target" if count == 1 else f"dlogits = (p − target) / {count}"
    return (
        VectorRow(f"logits = W_hy h_{focus.moment.number} + b_y", logits, classes, most),
        VectorRow("p = softmax(logits)", trace.probs[row], classes, 1.0, signed=False),
        VectorRow("target", onehot, classes, 1.0, signed=False),
        VectorRow(written, error, classes, 1.0 / count),
        VectorRow(
            "L = −ln p[target], nats",
            trace.loss[row : row + 1],
            (classes[target],),
            max(chance, float(trace.loss[row])),
            signed=False,
        ),
    )  # fmt: skip


def _values(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    trace, channels, row = step.trace, step.names.classes, step.row(focus.moment)
    limit, count = typical(trace.logits, trace.targets), trace.logits.size
    error = trace.logits - trace.targets
    return (
        VectorRow(f"y = W_hy h_{focus.moment.number} + b_y", trace.logits[row], channels, limit),
        VectorRow("target", trace.targets[row], channels, limit),
        VectorRow("y − target", error[row], channels, limit),
        VectorRow(f"dlogits = 2 (y − target) / {count}", trace.dlogits[row], channels,
              2 * limit / count),
    )  # fmt: skip


# The way back


def _backward(step: StepRecord, focus: Focus, part: Part) -> tuple[VectorRow, ...]:
    if part.name == "h":
        return _state_error(step, focus, part)
    (_, t), unrolled, cells = focus.moment, step.unrolled(focus.layer), _units(step)
    n = t + 1
    if part.name == "c":
        return _cell_error(step, focus)
    errors = unrolled.errors()[part.error]
    rows = [
        VectorRow(factor.written.format(n=n, p=t), factor.of(unrolled)[t], cells,
              typical(factor.of(unrolled)))
        for factor in part.back
    ]  # fmt: skip
    return (*rows, VectorRow(f"{error_name(part.error)}_{n}, their product", errors[t], cells,
                         typical(errors)))  # fmt: skip


def local_error(step: StepRecord, layer: int, t: int) -> Array:
    """What reaches dh_t from the answer after this token, or from the layer above, (H,)."""
    if layer + 1 < step.before.architecture.layers:
        above, found = step.unrolled(layer + 1), np.zeros(step.hidden)
        for gate, error in above.errors().items():
            if gate != "hn":
                found = found + error[t] @ above.weight(step.before, t, f"W_x{gate[-1]}")
        return found
    if t not in step.outputs:
        return np.zeros(step.hidden)
    product: Array = step.trace.dlogits[step.outputs[t]] @ step.before.W_hy
    return product


def future_error(step: StepRecord, layer: int, t: int) -> Array:
    """What reaches dh_t from the next token, (H,); nothing where the way back begins or is cut."""
    unrolled, found = step.unrolled(layer), np.zeros(step.hidden)
    if not step.continues(t):
        return found
    for gate, error in unrolled.errors().items():
        if gate != "xn":
            W_h = unrolled.weight(step.before, t + 1, f"W_h{gate[-1]}")
            exact = step.config.gradient is Gradient.EXACT
            found = found + error[t + 1] @ (W_h if exact else W_h.T)
    return found + unrolled.of("z")[t + 1] * unrolled.dh[t + 1] if "z" in step.parts else found


def _state_error(step: StepRecord, focus: Focus, part: Part) -> tuple[VectorRow, ...]:
    (_, t), unrolled, cells = focus.moment, step.unrolled(focus.layer), _units(step)
    n = t + 1
    dh, local = unrolled.dh[t], local_error(step, focus.layer, t)
    future = future_error(step, focus.layer, t)
    limit = typical(dh)
    top = focus.layer + 1 == step.before.architecture.layers
    rows = (
        VectorRow(f"dh_local, from the {'loss' if top else 'layer above'}", local, cells, limit),
        VectorRow("dh_future, from t + 1", future, cells, limit),
        VectorRow(f"dh_{n}, their sum", dh, cells, limit, total=True),
    )
    if not part.sources:
        return rows
    slope, da = part.back[1], unrolled.errors()[part.error][t]
    written = slope.written.format(n=n, p=t)
    return (
        *rows,
        VectorRow(written.strip("()"), slope.of(unrolled)[t], cells, 1.0, signed=False),
        VectorRow(f"da_{n} = dh_{n} · {written}", da, cells, limit),
    )


def _cell_error(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    (_, t), unrolled, cells = focus.moment, step.unrolled(focus.layer), _units(step)
    n = t + 1
    every, f = unrolled.of("dc"), unrolled.of("f")
    dc, limit = every[t], typical(every)
    future = f[t + 1] * every[t + 1] if step.continues(t) else np.zeros(step.hidden)
    here = unrolled.dh[t] * unrolled.of("o")[t] * (1 - unrolled.of("tanh_c")[t] ** 2)
    return (
        VectorRow(f"dh_{n} · o_{n} · (1 − tanh(c_{n})²)", here, cells, limit),
        VectorRow(f"f_{n + 1} · dc_{n + 1}, from t + 1", future, cells, limit),
        VectorRow(f"dc_{n}, their sum", dc, cells, limit, total=True),
    )


# Clipping and the update


def _weights(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    gate, unit = gate_of(step, focus)[-1], focus.unit
    name = step.unrolled(focus.layer).name(len(step.words) - 1, f"W_h{gate}")
    gradient, clipped, update = (parameters[name][unit] for parameters in step.descent)
    row, cells = f"{name}[{unit}, :]", _units(step)
    if focus.moment.phase is Phase.CLIP:
        limit = typical(gradient)
        return (
            VectorRow(f"g = d{row}", gradient, cells, limit),
            VectorRow("g′, clipped", clipped, cells, limit),
            VectorRow("g − g′, what is cut off", gradient - clipped, cells, limit),
        )
    before, after = step.before[name][unit], step.after[name][unit]
    limit = typical(before, after)
    sgd = step.config.optimizer.value == "sgd"
    taken = f"−{number(step.config.lr)} g′" if sgd else f"the step of {step.config.optimizer}"
    return (
        VectorRow(f"{row} before", before, cells, limit),
        VectorRow(taken, -update, cells, limit),
        VectorRow(f"{row} after", after, cells, limit, total=True),
        VectorRow("the change, enlarged", -update, cells, typical(update)),
    )


def _units(step: StepRecord) -> tuple[str, ...]:
    return tuple(f"unit {unit}" for unit in range(step.hidden))
