"""The inside of a cell at one moment of a training step, as a flow drawing.

The page draws this picture itself, in static/inside_cell.js, from the series by name and ``meta``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rnnviz.charts.axis_limits import nice_limit
from rnnviz.charts.picture import Picture, compact, heatmap
from rnnviz.charts.sequence_network import BROKEN, palette
from rnnviz.charts.theme import LIGHT, Theme, picture, shown_token
from rnnviz.config import Gradient
from rnnviz.engine.graph import Node, topological
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.cell_parts import bounded, bounded_states, nonnegative, typeset, untimed
from rnnviz.probe.unrolled import Phase
from rnnviz.questions.step.arithmetic import short_number, unit_formula
from rnnviz.questions.step.cell_diagram import (
    StatePath,
    Symbol,
    Wire,
    cell_diagram,
    function_label,
    operand,
    wire_label,
)
from rnnviz.questions.step.cell_layout import Box, Route, cell_layout
from rnnviz.questions.step.measure import Focus, StepCell, StepRecord, step_cell


class TokenGradient:
    """The backward pass of a cell at token ``t``, from what arrives for its states."""

    def __init__(self, cell: StepCell, t: int) -> None:
        self._cell, self._t = cell, t
        self._equations = cell.parts.equations
        self._exact = cell.step.config.gradient is Gradient.EXACT
        back, self._zero = cell.parts.back, np.zeros(cell.step.hidden)
        self.arriving = {
            name: cell.gradients.at(adjoint, t) for name, adjoint in back.arriving.items()
        }
        self._nodes: dict[Node, Array] = {}
        self._edges: dict[tuple[Node, Node], Array] = {}
        for name, gradient in self.arriving.items():
            self._add(self._equations.nodes[name], gradient)
        for node in reversed(topological(self._equations.nodes.values())):
            if node in self._nodes:
                for arg, passed in self._passed(node, self._nodes[node]):
                    self._edges[node, arg] = self._edges.get((node, arg), self._zero) + passed
                    self._add(arg, passed)

    def _add(self, node: Node, gradient: Array) -> None:
        self._nodes[node] = self._nodes.get(node, self._zero) + gradient

    def _passed(self, node: Node, gradient: Array) -> Iterator[tuple[Node, Array]]:
        """The gradient that each argument of a value receives from it."""
        if node.kind in ("state", "input", "vector", "number"):
            return
        if node.kind == "product":
            (read,) = node.args
            if read.kind != "input":
                W = self._cell.unrolled.weight(self._cell.step.weights, self._t, node.name)
                # The notebook forgets to transpose it.
                yield read, gradient @ (W if self._exact or read.kind != "state" else W.T)
            return
        slopes = self._equations.graph.slopes(node)
        for arg, slope in zip(node.args, slopes, strict=True):
            if arg.kind != "number":
                yield arg, gradient * self._value(slope)

    def _value(self, node: Node) -> Array:
        values = self._cell.values(node)
        return values[self._t] if values.ndim else values

    def at(self, node: Node) -> Array:
        """The gradient of a value, (H,); 0 if nothing depends on it."""
        return self._nodes.get(node, self._zero)

    def of(self, symbol: Symbol) -> Array:
        """The gradient of the value of a symbol, (H,)."""
        if symbol.kind == "after":
            return self.arriving[symbol.names[0]]
        return self.at(symbol.terms[0] if symbol.terms else symbol.node)

    def through(self, symbol: Symbol, wire: Wire) -> Array | None:
        """The gradient from a symbol through one of its wires, (H,); None to the input."""
        if wire.source.kind == "input":
            return None
        if symbol.kind == "after":
            return self.of(symbol)
        if wire.reader is None:
            assert symbol.total is not None
            return self.at(symbol.total)
        return self._edges.get((wire.reader, wire.source.node), self._zero)

    def kept(self, path: StatePath) -> Array:
        """The gradient at the start of a state path through the path alone, (H,)."""
        gradient = self.at(path.ops[-1] if path.ops else path.before)
        for op in reversed(path.ops):
            slopes = dict(zip(op.args, self._equations.graph.slopes(op), strict=True))
            other = path.operand(op)
            (previous,) = (arg for arg in op.args if arg is not other)
            gradient = gradient * self._value(slopes[previous])
        return gradient


# The picture


TITLE = "The inside of the cell"
#: Longer formulas are not written below an operation.
LONGEST = 13
#: The phases before the gradients.
_BEFORE = {Phase.FORWARD, Phase.LOSS}
#: The column of the weights that is new in a phase.
_WEIGHTS = {Phase.CLIP: 1, Phase.UPDATE: 2}


def inside_cell(step: StepRecord, focus: Focus, theme: Theme = LIGHT) -> Picture:
    """The cell at the token of a moment; a sentence if a number is not finite.

    The series are the values of its symbols, (S, H), and from the backward pass on their gradients.
    """
    if not step.finite:
        meta = {"theme": palette(theme), "sentence": BROKEN}
        return picture([], TITLE, 600, theme, meta=meta)
    inside = _Inside(step, focus)
    arrays = {"values": [*map(inside.value, inside.diagram.symbols)]}
    if inside.back:
        arrays["gradients"] = [*map(inside.back.of, inside.diagram.symbols)]
    cells = [
        heatmap(name=name, z=compact(np.array(rows)), y=inside.names, visible=False)
        for name, rows in arrays.items()
    ]
    meta = {"theme": palette(theme), **inside.meta}
    return picture(cells, TITLE, 600, theme, meta=meta)


class _Inside:
    """The description of a cell at a moment."""

    def __init__(self, step: StepRecord, focus: Focus) -> None:
        self.step, self.focus, self.t = step, focus, focus.moment.t
        self.cell = step_cell(step, focus.layer)
        self.parts = self.cell.parts
        self.equations = self.parts.equations
        self.diagram = cell_diagram(self.equations)
        self.layout = cell_layout(self.equations)
        self.index = {symbol: k for k, symbol in enumerate(self.diagram.symbols)}
        self.back = None if focus.moment.phase in _BEFORE else TokenGradient(self.cell, self.t)
        self._bounded = bounded_states(self.equations)
        self._written = untimed({n: name for name, n in reversed(self.equations.nodes.items())})

    def value(self, symbol: Symbol) -> Array:
        """The value of a symbol at the token, (H,); 0 for the input."""
        if symbol.kind == "input":
            return np.zeros(self.step.hidden)
        found = self.cell.values(symbol.node)
        return np.broadcast_to(found[self.t] if found.ndim else found, self.step.hidden)

    @property
    def names(self) -> list[str]:
        """The names of the symbols in a table."""
        places = {"before": " before", "after": " after"}
        return [
            f"{told['name'] or self._written.value(symbol.node, 0, whole=True)}"
            f"{places.get(symbol.kind, '')}"
            for symbol in self.diagram.symbols if (told := self._name(symbol))
        ]  # fmt: skip

    @property
    def meta(self) -> dict[str, Any]:
        """Everything but the arrays."""
        phase = self.focus.moment.phase
        words = shown_token(self.step.words[self.t])
        place = f"{self.step.names.noun} {self.t + 1}"
        part = self.parts.by_name[self.focus.part]
        name, *written = unit_formula(self.cell, part.node, self.t, self.focus.unit)
        name = name or f"{typeset(part.name)}_{self.t + 1}"
        return {
            "phase": phase.value,
            "token": self.t,
            "word": words if self.focus.layer == 0 else f"h of layer {self.focus.layer}",
            "place": f"{place}, “{words}”",
            "unit": self.focus.unit,
            "hidden": self.step.hidden,
            "size": [round(self.layout.width, 3), round(self.layout.height, 3)],
            "columns": [list(map(_rounded, ends)) for ends in self.layout.columns],
            "symbols": [*map(self._symbol, self.diagram.symbols)],
            "bands": [self._band(*band) for band in self.layout.bands],
            "routes": [*map(self._route, self.layout.routes)],
            "sum": {"there": [name, *written], "back": self._back(name) if self.back else ""},
            "weights": self._weights() if phase in _WEIGHTS else None,
        }

    def _weights(self) -> dict[str, Any]:
        """The L2 norms of the cell's weights, gradients, clipped gradients and updates."""
        step, unrolled = self.step, self.cell.unrolled
        steps = step.descent.gradient, step.descent.clipped, step.descent.update, step.before
        names = [unrolled.name(self.t, name) for name in self.equations.shapes]
        return {
            "columns": ["gradient", "clipped", "update", "weights"],
            "now": _WEIGHTS[self.focus.moment.phase],
            "rows": [
                {"name": name, "sizes": [float(np.linalg.norm(of[name])) for of in steps]}
                for name in names
            ],
        }

    def _symbol(self, symbol: Symbol) -> dict[str, Any]:
        place = next((p for p in self.layout.places if p.symbol is symbol), None)
        values = self.value(symbol)
        node = symbol.node
        within = bounded(node, self._bounded)
        positive = node.kind != "number" and nonnegative(node) and within
        limit = 1.0 if within else nice_limit(float(np.abs(values).max()))
        told = {
            "kind": symbol.kind,
            **self._name(symbol),
            "gate": positive,
            "signed": not nonnegative(node),
            "limit": limit,
            "open": float(values.mean()) if positive else None,
            "part": self._part(symbol),
            "chosen": self._part(symbol) == self.focus.part and symbol.kind != "after",
            "told": self._told(symbol),
        }
        if place:
            told |= {
                "box": _corners(place.box),
                "strip": _corners(place.strip),
                "sign": place.sign and _corners(place.sign),
            }
        return told

    def _part(self, symbol: Symbol) -> str:
        """The part of the cell that a click on a symbol selects; empty if none."""
        found = (name for name, part in self.parts.by_name.items() if part.node is symbol.node)
        return next(found, "")

    def _name(self, symbol: Symbol) -> dict[str, Any]:
        """The name of a symbol, and the text below it."""
        node = symbol.node
        if symbol.kind == "before":
            return {"name": node.name, "at": "t−1", "below": ""}
        if symbol.kind == "input":
            return {"name": "x", "at": "t", "below": ""}
        name = symbol.names[0] if symbol.names else ""
        if symbol.kind == "after":
            return {"name": name, "at": "t", "below": ""}
        carried = {*self.equations.states, self.equations.out}
        leaves = any(s.kind == "after" and s.wires[0].source is symbol for s in self.index)
        return {
            "name": name,
            "at": "t" if name in carried else "",
            "below": self._below(symbol),
            "mark": self._sign(symbol),
            "leaves": leaves,
        }

    def _below(self, symbol: Symbol) -> str:
        """The text below a name; without a name the formula, if it is short."""
        if symbol.kind == "weights" and symbol.names:
            if any(wire.source is symbol for s in self.index for wire in s.wires):
                return ""
            # The weights that contain these.
            nodes = self.equations.nodes
            others = [n for n, node in nodes.items() if node is not symbol.node]
            within = [n for n in others if symbol.node in topological([nodes[n]])]
            return f"in {', '.join(n for n in within if not nodes[n].varies)}"
        written = _signs(self._written.value(symbol.node, 0, whole=True))
        if symbol.names or (not symbol.is_leaf and len(written) > LONGEST):
            node, found = symbol.node, list[str]()
            while node is not symbol.total and (inner := operand(node)) is not None:
                found.append(function_label(node, inner))
                node = inner
            return _signs(" ".join(found))
        return written

    def _sign(self, symbol: Symbol) -> str:
        """The sign in the circle of an operation."""
        if symbol.kind == "function":
            total = symbol.total or symbol.node
            read = operand(total)
            return function_label(total, read) if read else ""
        signs = {"product": "×", "sum": "+", "div": "÷", "line": "W", "max": "max", "where": "if"}
        return signs.get(symbol.kind, "")

    def _told(self, symbol: Symbol) -> list[str]:
        """A symbol's role, its formula, the same in the unit's numbers, and its gradient."""
        if symbol.kind == "input":
            return [f"what is read: {self.step.names.noun} {self.t + 1}"]
        node, unit = symbol.node, self.focus.unit
        name = symbol.names[0] if symbol.names else ""
        role = self.parts.role(name) if name else "a value without a name"
        if node.kind == "state":
            return [f"{node.name} before this token, unit {unit}", *self._gradient(symbol)]
        written, symbols, numbers, value = unit_formula(self.cell, node, self.t, unit)
        lines = [f"{role}, unit {unit}", f"{written} = {symbols}" if written else symbols]
        if numbers:
            lines.append(f"= {numbers} = {value}")
        return [*lines, *self._gradient(symbol)]

    def _gradient(self, symbol: Symbol) -> list[str]:
        if self.back is None:
            return []
        value = float(self.back.of(symbol)[self.focus.unit])
        return [f"gradient {short_number(value)}"]

    def _band(self, path: StatePath, box: Box) -> dict[str, Any]:
        """A state path, and the norm of the gradient through it alone."""
        back, ops = self.back, [self._op(path, op) for op in path.ops]
        kept = sent = None
        if back:
            end = self.diagram.of(path.ops[-1] if path.ops else path.before)
            sent = float(np.linalg.norm(back.of(end)))
            kept = float(np.linalg.norm(back.kept(path)))
        elif path.state == self.equations.out and (above := self._arriving) is not None:
            sent = float(np.linalg.norm(above))
        before = self.index[self.diagram.of(path.before)]
        return {"state": path.state, "box": _corners(box), "before": before, "ops": ops,
                "kept": kept, "sent": sent}  # fmt: skip

    def _op(self, path: StatePath, op: Node) -> dict[str, Any]:
        """An operation of a state path; a valve has the share that passes."""
        other, symbol = path.operand(op), self.diagram.of(op)
        found: dict[str, Any] = {
            "x": _rounded(self.layout.op_x(symbol)), "symbol": self.index[symbol],
            "sign": self._sign(symbol), "label": "", "share": None,
        }  # fmt: skip
        if op.kind == "mul":
            found["label"] = f"× {self._written.factor(other, 0)}"
            share = self.cell.values(other)
            values = np.broadcast_to(share[self.t] if share.ndim else share, self.step.hidden)
            if values.min() >= 0 and values.max() <= 1 and (nonnegative(other) or not other.varies):
                found["share"] = compact(values).tolist()
                found["open"] = float(values.mean())
        return found

    def _route(self, route: Route) -> dict[str, Any]:
        """A wire, and the norm of the gradient through it."""
        label = wire_label(self.equations, route.wire)
        ends = (
            route.symbol.kind == "after"
            and route.symbol.node is self.equations.nodes[self.equations.out]
        )
        through = self._arriving if ends else None
        if self.back:
            through = self.back.through(route.symbol, route.wire)
        flow = None if through is None else float(np.linalg.norm(through))
        return {
            "points": [list(map(_rounded, point)) for point in route.points],
            "pill": [_corners(route.pill), _signs(label)] if route.pill else None,
            "source": self.index[route.wire.source],
            "symbol": self.index[route.symbol],
            "flow": flow,
        }

    @property
    def _arriving(self) -> Array | None:
        """The gradient of the topmost layer's output, at the moment of the loss."""
        if self.focus.moment.phase is not Phase.LOSS or self.cell.upper:
            return None
        above: Array = self.cell.above[self.t]
        return above

    def _back(self, name: str) -> str:
        """The gradient of the chosen part; of a state also the share that its path keeps."""
        assert self.back is not None
        unit, part = self.focus.unit, self.parts.by_name[self.focus.part]
        symbol = next((s for s in self.diagram.symbols if s.node is part.node), None)
        if symbol is None:
            return ""
        gradient = float(self.back.of(symbol)[unit])
        path = next((w for w in self.diagram.paths if w.ops and w.ops[-1] is part.node), None)
        if path is None or not gradient:
            return f"d{name} = {short_number(gradient)}"
        kept = float(self.back.kept(path)[unit])
        numbers = [*map(short_number, (gradient, kept / gradient, kept))]
        return f"d{name} · {{}} = {{}} · {{}} = {{}}".format(*numbers[1:2], *numbers)


def _signs(text: str) -> str:
    return text.replace("sqrt", "√")


def _rounded(value: float) -> float:
    return round(value, 3)


def _corners(box: Box) -> list[float]:
    return [*map(_rounded, box)]
