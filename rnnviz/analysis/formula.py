"""Formula: one moment in symbols, in shapes, and in the numbers of one unit."""

from __future__ import annotations

from typing import NamedTuple

from rnnviz.analysis.breakdown import error_name, sum_name, terms
from rnnviz.analysis.cell_equations import Part, product_label
from rnnviz.analysis.formatting import added, number, quoted
from rnnviz.analysis.step_vectors import sum_parts
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.config import ClipBy, Gradient
from rnnviz.engine.optimizers import OPTIMIZERS
from rnnviz.engine.timeline import Phase


class Formula(NamedTuple):
    """Three lines of plain text: the symbols, their shapes, and one unit's numbers."""

    symbols: str
    shapes: str
    numbers: str


def formula(step: StepRecord, focus: Focus) -> Formula:
    """What this moment computes. Symbols count t from 1; h_0 is the initial state."""
    return _KINDS[focus.moment.phase](step, focus)


# Forward


def _forward(step: StepRecord, focus: Focus) -> Formula:
    part = step.parts[focus.part]
    return _gate(step, focus, part) if part.sources else _state(step, focus, part)


def _gate(step: StepRecord, focus: Focus, part: Part) -> Formula:
    t, n, hidden, unit = focus.moment.t, focus.moment.number, step.hidden, focus.unit
    parts = [float(p[unit]) for p in sum_parts(step, focus.layer, t, part)]
    total, a = terms(step, focus), sum_name(part)
    width = len(step.unrolled(focus.layer).x(t))
    read = "" if step.tokens and not focus.layer else f"({hidden}, {width})(·,) + "
    return Formula(
        f"{a}_{n} = {_sum(step, focus, part)},  {part.name}_{n} = {part.curve}({a}_{n})",
        f"({hidden},) = {read or f'({hidden},) + '}({hidden}, {hidden})({hidden},) + ({hidden},)",
        f"{a}_{n}[{unit}] = {added(parts)} = {number(total.recorded)},  {total.then}",
    )


def _sum(step: StepRecord, focus: Focus, part: Part) -> str:
    """The sum of a gate in symbols; a GRU's candidate multiplies its recurrent part by r."""
    t, name = focus.moment.t, step.unrolled(focus.layer).name
    gate = part.sources[-1].gate[-1]
    word = f"[:, {quoted(step.words[t])}]" if step.tokens else " x"
    read = f"{name(t, f'W_x{gate}')}{f' h_{t + 1} below' if focus.layer else word}"
    memory = f"{name(t, f'W_h{gate}')} h_{t}"
    if part.name == "n":
        inner = f"{memory} + {name(t, 'b_hn')}"
        return f"{read} + {name(t, 'b_xn')} + r_{t + 1} · ({inner})"
    return f"{read} + {memory} + {name(t, f'b_{gate}')}"


def _state(step: StepRecord, focus: Focus, part: Part) -> Formula:
    t, shape, total = focus.moment.t, f"({step.hidden},)", terms(step, focus)
    products = " + ".join(product_label(factors, t) for factors in part.products)
    shapes = " + ".join(" · ".join(shape for _ in factors) for factors in part.products)
    numbers = " + ".join(" · ".join(map(number, row.factors)) for row in total.rows)
    return Formula(
        f"{part.name}_{t + 1} = {products}",
        f"{shape} = {shapes}",
        f"{total.symbol} = {numbers} = {number(total.recorded)},  {total.then}",
    )


# The loss


def _loss(step: StepRecord, focus: Focus) -> Formula:
    hidden, total = step.hidden, terms(step, focus)
    classes = step.before.architecture.outputs
    own = next(row for row in total.rows if row.label == total.chosen)
    read = f"W_hy h_{focus.moment.number} + b_y"
    symbols = f"y = {read},  L = mean (y − target)²"
    if step.classes:
        target = quoted(step.names.classes[int(step.trace.targets[step.row(focus.moment)])])
        symbols = f"logits = {read},  p = softmax(logits),  L = −ln p[{target}]"
    return Formula(
        symbols,
        f"({classes},) = ({classes}, {hidden})({hidden},) + ({classes},)",
        f"{own.label} = {number(own.value)} of {total.symbol} = {number(total.recorded)},  "
        f"{total.then}",
    )


# Backward


def _backward(step: StepRecord, focus: Focus) -> Formula:
    part = step.parts[focus.part]
    n, hidden, total = focus.moment.number, step.hidden, terms(step, focus)
    numbers = f"{total.symbol} = {number(total.recorded)} (the sum at the right),  {total.then}"
    if part.name == "h":
        return _state_error(step, focus, part, numbers)
    if part.name == "c":
        return _cell_error(step, focus, numbers)
    gate, shape = part.sources[-1].gate, f"({hidden},)"
    return Formula(
        f"{error_name(part.error)}_{n} = {product_label(part.back, n - 1)},  "
        f"dW_h{gate[-1]} += {error_name(gate)}_{n} h_{n - 1}ᵀ",
        f"{shape} = {' · '.join(shape for _ in part.back)},  "
        f"({hidden}, {hidden}) += ({hidden}, 1)(1, {hidden})",
        numbers,
    )


def _cell_error(step: StepRecord, focus: Focus, numbers: str) -> Formula:
    n, shape = focus.moment.number, f"({step.hidden},)"
    symbols = f"dc_{n} = dh_{n} · o_{n} · (1 − tanh(c_{n})²)"
    shapes = f"{shape} = {shape} · {shape} · {shape}"
    if step.continues(focus.moment.t):
        symbols += f" + f_{n + 1} · dc_{n + 1}"
        shapes += f" + {shape} · {shape}"
    return Formula(symbols, shapes, numbers)


def _state_error(step: StepRecord, focus: Focus, part: Part, numbers: str) -> Formula:
    t, n, hidden = focus.moment.t, focus.moment.number, step.hidden
    parts = [summand for summand in (_above(step, focus), _future(step, focus)) if summand]
    symbols = f"dh_{n} = {' + '.join(symbol for symbol, _ in parts) or '0'}"
    shapes = f"({hidden},) = {' + '.join(shape for _, shape in parts) or '0'}"
    if part.sources:
        symbols += f",  da_{n} = dh_{n} · {part.back[1].label(t)},  dW_hh += da_{n} h_{t}ᵀ"
        shapes += f",  ({hidden},) = ({hidden},) · ({hidden},)"
        shapes += f",  ({hidden}, {hidden}) += ({hidden}, 1)(1, {hidden})"
    return Formula(symbols, shapes, numbers)


def _above(step: StepRecord, focus: Focus) -> tuple[str, str] | None:
    """The part of dh_t from the answer, or from the layer above, in symbols and in shapes."""
    t, n, hidden = focus.moment.t, focus.moment.number, step.hidden
    if focus.layer + 1 < step.before.architecture.layers:
        above = step.unrolled(focus.layer + 1)
        parts = [
            f"{above.name(t, f'W_x{gate[-1]}')}ᵀ {error_name(gate)}_{n}"
            for gate in above.errors("x")
        ]
        return " + ".join(parts), f"({hidden}, {hidden})({hidden},)"
    if t not in step.outputs:
        return None
    classes = step.before.architecture.outputs
    return "W_hyᵀ dlogits", f"({hidden}, {classes})({classes},)"


def _future(step: StepRecord, focus: Focus) -> tuple[str, str] | None:
    """The part of dh_t from the next token, in symbols and in shapes."""
    t, n, hidden = focus.moment.t, focus.moment.number, step.hidden
    if not step.continues(t):
        return None
    unrolled = step.unrolled(focus.layer)
    transpose = "ᵀ" if step.config.gradient is Gradient.EXACT else ""
    parts = [
        f"{unrolled.name(t + 1, f'W_h{gate[-1]}')}{transpose} {error_name(gate)}_{n + 1}"
        for gate in unrolled.errors("h")
    ]
    if "z" in step.parts:
        parts.append(f"z_{n + 1} · dh_{n + 1}")
    return " + ".join(parts), f"({hidden}, {hidden})({hidden},)"


# Clipping and the update


def _clip(step: StepRecord, focus: Focus) -> Formula:
    limit, total = number(step.config.clip), terms(step, focus)
    symbols = {
        ClipBy.VALUE: f"g′ = clip(g, ±{limit})",
        ClipBy.NORM: f"g′ = g · min(1, {limit} / ||g||)",
        ClipBy.OFF: "g′ = g",
    }
    return Formula(
        symbols[step.config.clip_by],
        _all_entries(step),
        f"{_followed(focus)}: g = {total.symbol} = {number(total.recorded)},  {total.then}",
    )


def _update(step: StepRecord, focus: Focus) -> Formula:
    total = terms(step, focus)
    entry, parts = total.symbol.removesuffix(" after"), [row.value for row in total.rows]
    return Formula(
        OPTIMIZERS[step.config.optimizer].written.format(lr=number(step.config.lr)),
        _all_entries(step),
        f"{_followed(focus)}: {entry} ← {added(parts)} = {number(total.recorded)}",
    )


def _followed(focus: Focus) -> str:
    return f"followed, of unit {focus.unit}’s weights the one with the largest gradient"


def _all_entries(step: StepRecord) -> str:
    names = list(step.before.named())
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) < 12 else "all parameters"
    return f"({step.before.theta.size:,},) = all the entries of {listed}"


_KINDS = {
    Phase.FORWARD: _forward,
    Phase.LOSS: _loss,
    Phase.BACKWARD: _backward,
    Phase.CLIP: _clip,
    Phase.UPDATE: _update,
}
