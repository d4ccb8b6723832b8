"""Formula: one moment in symbols, in shapes, and in the numbers of one unit."""

from __future__ import annotations

from typing import NamedTuple

from rnnviz.analysis.breakdown import error_name, sum_name, terms
from rnnviz.analysis.cell_equations import Part
from rnnviz.analysis.moment_vectors import sum_parts
from rnnviz.analysis.notation import added, number, quoted
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
    """What this moment computes; in symbols t counts from 1, and h_0 is the empty memory."""
    return _KINDS[focus.moment.phase](step, focus)


# The way there


def _forward(step: StepRecord, focus: Focus) -> Formula:
    part = step.parts[focus.part]
    return _gate(step, focus, part) if part.sources else _state(step, focus, part)


def _gate(step: StepRecord, focus: Focus, part: Part) -> Formula:
    t, n, hidden, unit = focus.moment.t, focus.moment.number, step.hidden, focus.unit
    parts = [float(p[unit]) for p in sum_parts(step, focus.layer, t, part)]
    found, a = terms(step, focus), sum_name(part)
    wide = "" if step.tokens and not focus.layer else f"({hidden}, {len(_x(step, focus))})(·,) + "
    return Formula(
        f"{a}_{n} = {_sum(step, focus, part)},  {part.name}_{n} = {part.curve}({a}_{n})",
        f"({hidden},) = {wide or f'({hidden},) + '}({hidden}, {hidden})({hidden},) + ({hidden},)",
        f"{a}_{n}[{unit}] = {added(parts)} = {number(found.recorded)},  {found.then}",
    )


def _x(step: StepRecord, focus: Focus) -> list[float]:
    found: list[float] = step.unrolled(focus.layer).x(focus.moment.t).tolist()
    return found


def _sum(step: StepRecord, focus: Focus, part: Part) -> str:
    """The sum of a gate in symbols; the GRU's candidate multiplies its memory by r."""
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
    t, n, shape, found = (
        focus.moment.t,
        focus.moment.number,
        f"({step.hidden},)",
        terms(step, focus),
    )
    products = (" · ".join(map(number, row.factors)) for row in found.rows)
    total = f"{' + '.join(products)} = {number(found.recorded)}"
    written = [" · ".join(f.written.format(n=n, p=t) for f in p) for p in part.products]
    shapes = " + ".join(" · ".join(shape for _ in p) for p in part.products)
    return Formula(
        f"{part.name}_{n} = {' + '.join(written)}",
        f"{shape} = {shapes}",
        f"{found.symbol} = {total},  {found.then}",
    )


# The loss


def _loss(step: StepRecord, focus: Focus) -> Formula:
    n, hidden, found = focus.moment.number, step.hidden, terms(step, focus)
    classes = step.before.architecture.outputs
    own = next(row for row in found.rows if row.label == found.chosen)
    target = quoted(step.names.classes[int(step.trace.targets[step.row(focus.moment)])]) if (
        step.classes) else ""  # fmt: skip
    read = f"W_hy h_{n} + b_y"
    return Formula(
        f"logits = {read},  p = softmax(logits),  L = −ln p[{target}]"
        if step.classes
        else f"y = {read},  L = mean (y − target)²",
        f"({classes},) = ({classes}, {hidden})({hidden},) + ({classes},)",
        f"{own.label} = {number(own.value)} of {found.symbol} = {number(found.recorded)},  "
        f"{found.then}",
    )


# The way back


def _backward(step: StepRecord, focus: Focus) -> Formula:
    part = step.parts[focus.part]
    n, shape, found = focus.moment.number, f"({step.hidden},)", terms(step, focus)
    numbers = f"{found.symbol} = {number(found.recorded)} (the sum at the right),  {found.then}"
    if part.name == "h":
        return _state_error(step, focus, part, numbers)
    if part.name == "c":
        return _cell_error(step, focus, numbers)
    factors = [factor.written.format(n=n, p=n - 1) for factor in part.back]
    gate, what = part.sources[-1].gate, error_name(part.error)
    adds = f"dW_h{gate[-1]} += {error_name(gate)}_{n} h_{n - 1}ᵀ"
    hidden = step.hidden
    return Formula(
        f"{what}_{n} = {' · '.join(factors)},  {adds}",
        f"{shape} = {' · '.join(shape for _ in factors)},  "
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
    whence = [written for written in (_above(step, focus), _future(step, focus)) if written]
    symbols = f"dh_{n} = {' + '.join(w for w, _ in whence) or '0'}"
    shapes = f"({hidden},) = {' + '.join(s for _, s in whence) or '0'}"
    if part.sources:
        slope = part.back[1].written.format(n=n, p=t)
        symbols += f",  da_{n} = dh_{n} · {slope},  dW_hh += da_{n} h_{t}ᵀ"
        shapes += f",  ({hidden},) = ({hidden},) · ({hidden},)"
        shapes += f",  ({hidden}, {hidden}) += ({hidden}, 1)(1, {hidden})"
    return Formula(symbols, shapes, numbers)


def _above(step: StepRecord, focus: Focus) -> tuple[str, str] | None:
    """What comes from the answer, or from the layer above, in symbols and in shapes."""
    t, n, hidden = focus.moment.t, focus.moment.number, step.hidden
    if focus.layer + 1 < step.before.architecture.layers:
        gates = [gate for gate in step.unrolled(focus.layer).errors() if gate != "hn"]
        name = step.unrolled(focus.layer).name
        parts = [f"{name(t, f'W_x{g[-1]}', 1)}ᵀ {error_name(g)}_{n}" for g in gates]
        return " + ".join(parts), f"({hidden}, {hidden})({hidden},)"
    if t not in step.outputs:
        return None
    classes = step.before.architecture.outputs
    return "W_hyᵀ dlogits", f"({hidden}, {classes})({classes},)"


def _future(step: StepRecord, focus: Focus) -> tuple[str, str] | None:
    """What comes back from the next token, in symbols and in shapes."""
    t, n, hidden = focus.moment.t, focus.moment.number, step.hidden
    if not step.continues(t):
        return None
    unrolled, exact = step.unrolled(focus.layer), step.config.gradient is Gradient.EXACT
    gates = [gate for gate in unrolled.errors() if gate != "xn"]
    carried = [
        f"{unrolled.name(t + 1, f'W_h{g[-1]}')}{'ᵀ' if exact else ''} {error_name(g)}_{n + 1}"
        for g in gates
    ]
    if "z" in step.parts:
        carried.append(f"z_{n + 1} · dh_{n + 1}")
    return " + ".join(carried), f"({hidden}, {hidden})({hidden},)"


# Clipping and the update


def _clip(step: StepRecord, focus: Focus) -> Formula:
    limit, found = number(step.config.clip), terms(step, focus)
    symbols = {
        ClipBy.VALUE: f"g′ = clip(g, ±{limit})",
        ClipBy.NORM: f"g′ = g · min(1, {limit} / ||g||)",
        ClipBy.OFF: "g′ = g",
    }
    return Formula(
        symbols[step.config.clip_by],
        _every_entry(step),
        f"followed, of unit {focus.unit}’s weights the one with the largest gradient: "
        f"g = {found.symbol} = {number(found.recorded)},  {found.then}",
    )


def _update(step: StepRecord, focus: Focus) -> Formula:
    found, lr = terms(step, focus), number(step.config.lr)
    before, change = (row.value for row in found.rows)
    rule = OPTIMIZERS[step.config.optimizer].written
    return Formula(
        rule.format(lr=lr),
        _every_entry(step),
        f"followed, of unit {focus.unit}’s weights the one with the largest gradient: "
        f"{found.symbol.removesuffix(' after')} ← {added((before, change))} = "
        f"{number(found.recorded)}",
    )


def _every_entry(step: StepRecord) -> str:
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
