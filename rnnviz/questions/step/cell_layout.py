"""CellLayout: where every symbol of a cell and every wire between them is drawn.

Places are in units of about a line of text, from the upper left. No box lies on another, wires
go along the axes and pass no box, and two of different values never run on each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rnnviz.engine.cell_text import CACHED
from rnnviz.engine.equations import Equations
from rnnviz.engine.graph import Node
from rnnviz.probe.cell_parts import typeset, untimed
from rnnviz.questions.step.cell_diagram import Diagram, StatePath, Symbol, Wire, cell_diagram


class CellColumns:
    """The columns from left to right: what a symbol reads is never right of it.

    A leaf is on the lower row, an operation on the upper one, above the last symbol placed; a
    state path's operation is above its operand. ``riser`` says whose value goes up in a column.
    """

    def __init__(self, diagram: Diagram) -> None:
        self.diagram, self.count = diagram, 0
        self.at: dict[Symbol, int] = {}
        self.leaf: dict[int, Symbol] = {}
        self.mid: dict[int, Symbol] = {}
        self.riser: dict[int, Symbol] = {}
        self._depths: dict[Symbol, int] = {}
        for path in diagram.paths:
            for op in path.ops:
                self._place(diagram.of(op))
        for symbol in diagram.symbols:
            if symbol.kind != "after":
                self._place(symbol)
        for symbol in diagram.symbols:
            if symbol.kind == "after":
                self.at[symbol] = self.count

    def clear(self, first: int, last: int) -> bool:
        """Whether no operation is on the upper row from column ``first`` to ``last``."""
        return not any(column in self.mid for column in range(first, last + 1))

    def _new(self) -> int:
        self.count += 1
        return self.count - 1

    def _depth(self, symbol: Symbol) -> int:
        if symbol not in self._depths:
            below = (self._depth(wire.source) for wire in symbol.wires)
            self._depths[symbol] = 1 + max(below, default=0)
        return self._depths[symbol]

    def _place(self, symbol: Symbol) -> None:
        if symbol in self.at or symbol.is_source:
            return
        if symbol.path is not None:
            previous, *others = symbol.wires
            for wire in symbol.wires:
                self._place(wire.source)
            self.at[symbol] = self._over(others, self.at.get(previous.source, -1))
            return
        for wire in sorted(symbol.wires, key=lambda wire: -self._depth(wire.source)):
            self._place(wire.source)
        if symbol.is_leaf:
            self.at[symbol] = column = self._new()
            self.leaf[column] = symbol
        else:
            self.at[symbol] = column = self._over_last(symbol)
            self.mid[column] = symbol

    def _over_last(self, symbol: Symbol) -> int:
        """The last column, if it only has a leaf that the symbol reads once."""
        last = self.count - 1
        # Wires that part would lead back.
        read = sum(wire.source is self.leaf.get(last) for wire in symbol.wires) == 1
        free = last not in self.mid and last not in self.riser
        return last if last >= 0 and read and free else self._new()

    def _over(self, others: list[Wire], least: int) -> int:
        """The column of what a state path's operation reads, if it can stand over it."""
        for source in (wire.source for wire in others):
            column = self.at.get(source, -1)
            top = self.mid.get(column, self.leaf.get(column))
            if column > least and top is source and self.riser.get(column, source) is source:
                self.riser[column] = source
                return column
        return self._new()


# Wire labels: the functions of a value between one symbol and another


#: A longer label is cut.
LONGEST = 16


def wire_label(equations: Equations, wire: Wire) -> str:
    """The functions in a wire, with its sign; empty if there are none."""
    text = _written(equations, wire) if wire.through else ""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1]}…"
    return f"− {text}".strip() if wire.sign < 0 else text


def _written(equations: Equations, wire: Wire) -> str:
    if len(wire.through) == 1:
        return function_label(wire.through[0], wire.source.node)
    named = {node: name for name, node in reversed(equations.nodes.items())}
    return untimed(named).value(wire.through[-1], 0)


def function_label(node: Node, read: Node) -> str:
    """One function, without what it reads: tanh, 1 −, 0.1 ·, ²."""
    number = next((f"{a.value:.4g}" for a in node.args if a.kind == "number"), "")
    number = number.replace("-", "−")
    first = node.args[0] is not read
    before, after = {
        "sub": (f"{number} −", f"− {number}"),
        "div": (f"{number} ÷", f"÷ {number}"),
        "mul": (f"{number} ·", f"{number} ·") if number else ("²", "²"),
        "add": (f"+ {number}",) * 2,
        "power": (f"^{node.value:g}",) * 2,
        "max": (f"max {number}",) * 2,
        "neg": ("−",) * 2,
    }.get(node.kind, (typeset(node.kind),) * 2)
    return before if first else after


# Where every symbol of a cell and every wire between them is drawn


#: Widths: half a leaf's strip, half a sign, from the sign to its strip, half a strip, of a label.
LEAF, SIGN, APART, STRIP, LABEL = 0.9, 0.75, 1.7, 0.6, 2.4
#: Heights: of a strip of the lower and of the upper row, and of the labels over and below it.
LOWER, UPPER, NAME, FORMULA = 3.2, 2.8, 1.1, 1.0
#: Distances: of parallel wires, of a symbol's ports, and of states below each other at the right.
PITCH, PORT, APART_AFTER = 0.6, 0.38, 1.9
#: The heights of a label in a wire, of a state path alone and of one of several, and of its head.
PILL, ALONE, SEVERAL, HEAD = 1.5, 3.6, 2.3, 2.6
#: The distance of the buses below.
BUS = 1.3
#: The margins at the left and at the right, where the states are.
LEFT, RIGHT = 3.0, 3.0


class Box(NamedTuple):
    """A rectangle: its left upper corner and its size."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        """Whether the rectangles have more than an edge in common."""
        across = self.x < other.x + other.width - 1e-9 and other.x < self.x + self.width - 1e-9
        return across and (
            self.y < other.y + other.height - 1e-9 and other.y < self.y + self.height - 1e-9
        )


class PlacedSymbol(NamedTuple):
    """A symbol: all of it with its label, its strip of numbers, and its sign if it has one."""

    symbol: Symbol
    box: Box
    strip: Box
    sign: Box | None = None


class Route(NamedTuple):
    """A wire to a symbol: its corners from the source on, and the box of its label."""

    symbol: Symbol
    wire: Wire
    points: tuple[tuple[float, float], ...]
    pill: Box | None


class PathBand(NamedTuple):
    """A state path: its box, and the middles of its operations."""

    path: StatePath
    box: Box
    ops: tuple[float, ...]


@dataclass(frozen=True)
class CellLayout:
    """The drawing; ``columns`` are from where to where its columns may be moved as a whole."""

    width: float
    height: float
    places: tuple[PlacedSymbol, ...]
    routes: tuple[Route, ...]
    bands: tuple[PathBand, ...]
    columns: tuple[tuple[float, float], ...]


@lru_cache(CACHED)
def cell_layout(equations: Equations) -> CellLayout:
    """The layout of a cell."""
    return _Router(equations).layout


class _Plan(NamedTuple):
    """How a wire goes: its style, its lane next to the symbol, and its port."""

    style: str
    lane: int = 0
    port: float = 0.0


#: The corridor that wires of a style turn in: over the upper row, between the rows, at the bottom.
_CORRIDORS = {"over": "U", "rise over": "U", "under": "L", "rise under": "L", "bus": "B",
              "rise bus": "B", "leaf bus": "B"}  # fmt: skip


#: Styles whose labels are under a state path, over the upper row, and under it: where nothing else
#: of the same value branches off after them.
_RISING = ("rise", "rise over", "rise under", "rise bus")
_FROM_ABOVE = ("over", "tap")
_FROM_BELOW = ("up", "under", "bus")


class _Router:
    """Finds a way for every wire."""

    def __init__(self, equations: Equations) -> None:
        self.diagram = cell_diagram(equations)
        self.columns = CellColumns(self.diagram)
        self.at = self.columns.at
        self.afters = [s for s in self.diagram.symbols if s.kind == "after"]
        self.sources = [s for s in self.diagram.symbols if s.is_source]
        self.labels = {
            (s, k): wire_label(equations, wire)
            for s in self.diagram.symbols for k, wire in enumerate(s.wires)
        }  # fmt: skip
        self.plans: dict[tuple[Symbol, int], _Plan] = {}
        self.above: dict[Symbol, list[float]] = defaultdict(list)
        self.below: dict[Symbol, list[float]] = defaultdict(list)
        self.taps: dict[Symbol, int] = defaultdict(int)
        self.rights: dict[int, list[Symbol]] = defaultdict(list)
        self.afters.sort(key=lambda s: -self.at.get(s.wires[0].source, -1))
        self.slot = {
            after: APART_AFTER * ((k + 1) // 2) * (-1) ** k for k, after in enumerate(self.afters)
        }
        for symbol in self.diagram.symbols:
            self._plan(symbol)

    # The style of every wire

    def _plan(self, symbol: Symbol) -> None:
        used = set[str]()
        for k, wire in enumerate(symbol.wires):
            if symbol.path is not None:
                if k:
                    self.plans[symbol, k] = _Plan(self._rising(symbol, wire))
                continue
            style = self._style(symbol, wire, used)
            used.add(style)
            self.plans[symbol, k] = self._with_lane(symbol, k, style)

    def _rising(self, symbol: Symbol, wire: Wire) -> str:
        """The style of a wire to a state path's operation."""
        source, column = wire.source, self.at[symbol]
        if source.is_source:
            return "rise bus"
        if self.columns.riser.get(column) is source:
            return "rise"
        if source.path is not None:
            if self._reaches(source, column):
                return "cross"
            self._leave(source)
        return "rise under" if source.is_leaf and not self._goes_up(source) else "rise over"

    def _style(self, symbol: Symbol, wire: Wire, used: set[str]) -> str:
        """The style of a wire to a symbol off the state paths; ``used`` are those it has."""
        source, column = wire.source, self.at[symbol]
        if source.is_source:
            return "leaf bus" if symbol.is_leaf else "bus"
        from_column = self.at[source]
        if source.path is not None:
            labels = any(self.labels[symbol, k] for k in range(len(symbol.wires)))
            free = symbol.kind != "after" and not ("tap" in used and labels)
            if free and self._reaches(source, column):
                return "tap"
            self._leave(source)
            return "over"
        if source.is_leaf and from_column == column:
            return "under" if "up" in used else "up"
        level = not used & {"across", "corner"} and self.slot.get(symbol, 0.0) == 0
        first = from_column if source.is_leaf else from_column + 1
        if level and self.columns.clear(first, column - 1):
            return "corner" if source.is_leaf else "across"
        return "under" if source.is_leaf and not self._goes_up(source) else "over"

    def _goes_up(self, leaf: Symbol) -> bool:
        return self.columns.riser.get(self.at[leaf]) is leaf

    def _reaches(self, source: Symbol, column: int) -> bool:
        """Whether a state path has the value of its operation ``source`` over a column."""
        path = source.path
        assert path is not None
        later = path.ops[path.ops.index(source.node) + 1 :]
        end = self.at[self.diagram.of(later[0])] if later else self.columns.count
        return self.at[source] < column < end

    def _leave(self, source: Symbol) -> None:
        """Give what leaves a state path a lane of its own right of the operation."""
        lanes = self.rights[self.at[source]]
        if source not in lanes:
            lanes.append(source)

    def _with_lane(self, symbol: Symbol, k: int, style: str) -> _Plan:
        if style == "tap":
            self.taps[symbol] += 1
            return _Plan(style, self.taps[symbol] - 1)
        if style not in ("over", "under", "bus"):
            return _Plan(style)
        lanes = self.above if style == "over" else self.below
        label = self.labels[symbol, k]
        lanes[symbol].append(max(PITCH, _pill_width(label) + 0.2 if label else 0))
        count = len(lanes[symbol])
        offset = 0.0 if symbol.kind == "after" else PORT * count
        return _Plan(style, count - 1, -offset if style == "over" else offset)

    # Across

    def _measure(self) -> None:
        """Find x of every column: its lanes, the middle P of its symbols, their strips Q."""
        x = LEFT + PITCH * (len(self.sources) - 1)
        self.left = x
        self.P: dict[int, float] = {}
        self.ends: dict[int, tuple[float, float]] = {}
        self.lane_at: dict[int, float] = {}
        for column in range(self.columns.count):
            own = [s for s in (self.columns.leaf.get(column), self.columns.mid.get(column)) if s]
            self.lane_at[column] = x + max([self._inlet(s) for s in own], default=0.0)
            start = x + max([self._gutter(s) for s in own], default=0.0) + 0.3
            left = LEAF if column in self.columns.leaf else SIGN
            self.P[column] = start + max(left, *self._pills_at(column), 0)
            widths = [SIGN + 0.4, *self._pills_at(column)]
            if column in self.columns.leaf:
                widths.append(LEAF + LABEL)
            if column in self.columns.mid:
                widths.append(self._apart(column) + STRIP + 0.7)
            lanes = PITCH * len(self.rights[column])
            x = self.P[column] + (max(widths) + (lanes + 0.5 if lanes else 0))
            self.ends[column] = start, x
            x += 0.3
        after = self.columns.count
        self.lane_at[after] = x + max(map(self._inlet, self.afters), default=0.0)
        self.P[after] = x + 0.3 + sum(map(self._gutter, self.afters))
        self.right = max(self.P[after], x + 0.3)
        self.width = self.right + RIGHT

    def _inlet(self, symbol: Symbol) -> float:
        """The width of a label in the wire that comes straight from the left."""
        for k in range(len(symbol.wires)):
            label = self.labels[symbol, k]
            if label and self.plans.get((symbol, k), _Plan("")).style in ("across", "corner"):
                return _pill_width(label) + 0.3
        return 0.0

    def _gutter(self, symbol: Symbol) -> float:
        """The width of the lanes left of a symbol."""
        above, below = sum(self.above[symbol]), sum(self.below[symbol])
        both = above + below if symbol.kind == "after" else max(above, below)
        return self._inlet(symbol) + both

    def _pills_at(self, column: int) -> list[float]:
        """Half the widths of the labels in wires that stand on the middle of a column."""
        return [
            _pill_width(self.labels[symbol, k]) / 2 + (0.9 if plan.style == "leaf bus" else 0.1)
            for (symbol, k), plan in self.plans.items()
            if plan.style not in ("over", "under", "bus", "across", "corner")
            and self.at[symbol] == column and self.labels[symbol, k]
        ]  # fmt: skip

    def _apart(self, column: int) -> float:
        return max(APART, *self._pills_at(column), 0)

    def Q(self, column: int) -> float:  # noqa: N802
        """The middle of the strip of an operation."""
        return self.P[column] + self._apart(column)

    def _op_x(self, symbol: Symbol) -> float:
        """The middle of a state path's operation."""
        column = self.at[symbol]
        return self.Q(column) if column in self.columns.mid else self.P[column]

    def _out_x(self, source: Symbol) -> float:
        """Where a value leaves its place upwards, or a state path downwards."""
        if source.is_source:
            return LEFT - 0.4 + PITCH * self.sources.index(source)
        column = self.at[source]
        if source.path is not None:
            lanes = self.rights[column]
            return self.ends[column][1] - PITCH * (len(lanes) - lanes.index(source) - 0.5) - 0.1
        return self.P[column] if source.is_leaf else self.Q(column)

    def _turn_x(self, symbol: Symbol, k: int) -> float:
        """Where a wire leaves its corridor."""
        plan = self.plans[symbol, k]
        if plan.style.startswith("rise"):
            return self._op_x(symbol)
        if plan.style == "leaf bus":
            count = len(symbol.wires)
            return self.P[self.at[symbol]] + (k - (count - 1) / 2) * min(0.7, 1.5 / count)
        column = self.at[symbol]
        lanes = self.above[symbol] if plan.style == "over" else self.below[symbol]
        start = self.lane_at[column]
        if symbol.kind == "after":
            mine = self.afters.index(symbol)
            start += sum(map(self._gutter, self.afters[:mine]))
            start += sum(self.above[symbol]) if plan.style != "over" else 0
        return start + sum(lanes[: plan.lane]) + lanes[plan.lane] / 2

    # Down

    def _tracks(self, corridor: str) -> dict[Symbol, int]:
        """The tracks of the values in a corridor: those on one track don't meet."""
        spans: dict[Symbol, list[float]] = defaultdict(list)
        for (symbol, k), plan in self.plans.items():
            if _CORRIDORS.get(plan.style) == corridor:
                source = symbol.wires[k].source
                spans[source] += [self._out_x(source), self._turn_x(symbol, k)]
        rows: list[list[tuple[float, float]]] = []
        found: dict[Symbol, int] = {}
        for source, xs in sorted(spans.items(), key=lambda pair: max(pair[1]) - min(pair[1])):
            span = min(xs) - 0.3, max(xs) + 0.3
            free = [row for row in rows if all(span[1] < a or b < span[0] for a, b in row)]
            if not free:
                rows.append([])
                free = rows[-1:]
            free[0].append(span)
            found[source] = next(i for i, row in enumerate(rows) if row is free[0])
        return found

    def _has_pill(self, *styles: str) -> bool:
        return any(self.labels[key] and plan.style in styles for key, plan in self.plans.items())

    def _stack(self) -> None:
        """Find y of every row and corridor."""
        paths = self.diagram.paths
        self.bands: list[Box] = []
        y = 0.0
        for _ in paths:
            height = ALONE if len(paths) == 1 else SEVERAL
            self.bands.append(Box(LEFT - 0.8, y + HEAD, self.right - LEFT + 0.8, height))
            y += HEAD + height
        self.y: dict[tuple[str, Symbol], float] = {}
        self.ceiling = y
        y += PILL + 0.4 if self._has_pill(*_RISING) else 0.9 * bool(paths)
        y = self._corridor("U", y, PITCH)
        y += PILL if self._has_pill(*_FROM_ABOVE) else 0.6
        room = max(map(abs, self.slot.values()), default=0)
        self.upper = y + NAME, UPPER if self.columns.mid or self.afters else 0.0
        self.middle = self.upper[0] + self.upper[1] / 2
        y = max(self.upper[0] + self.upper[1] + FORMULA, self.middle + room + 1)
        y += PILL if self._has_pill(*_FROM_BELOW) else 0.3
        y = self._corridor("L", y, PITCH) + 0.4
        self.lower = y, LOWER
        y += LOWER + (PILL if self._has_pill("leaf bus") else 0.7)
        self.foot = y
        for k, source in enumerate(sorted(self.sources, key=lambda s: s.kind == "input")):
            self.y["B", source] = y + k * BUS
        self.height = y + BUS * (len(self.sources) - 1) + 0.7

    def _corridor(self, name: str, y: float, pitch: float) -> float:
        """Set the tracks of a corridor that begins at ``y``; return where it ends."""
        tracks = self._tracks(name)
        for source, track in tracks.items():
            self.y[name, source] = y + track * pitch
        return y + pitch * (1 + max(tracks.values())) if tracks else y

    # The drawing

    @property
    def layout(self) -> CellLayout:
        """All places and routes."""
        self._measure()
        self._stack()
        places = {s: self._place(s) for s in self.diagram.symbols if s.path is None}
        self.places = places
        routes = [self._route(*key) for key in self.plans]
        bands = tuple(
            PathBand(path, box, tuple(self._op_x(self.diagram.of(op)) for op in path.ops))
            for path, box in zip(self.diagram.paths, self.bands, strict=True)
        )
        columns = ((0.0, LEFT - 0.8), *self.ends.values(), (self.right, self.width))
        shown = (p for s, p in places.items() if not self._on_band(s))
        return CellLayout(
            self.width, self.height, tuple(shown), tuple(routes), bands, columns
        )  # fmt: skip

    def _on_band(self, symbol: Symbol) -> bool:
        """Whether a state before the token is the beginning of a state path."""
        return any(path.before is symbol.node for path in self.diagram.paths)

    def _place(self, symbol: Symbol) -> PlacedSymbol:
        if symbol.is_source:
            return self._source_place(symbol)
        column = self.at[symbol]
        x, (top, height) = self.P[column], self.upper
        if symbol.kind == "after":
            box = Box(x + 0.2, self.middle + self.slot[symbol] - 0.8, RIGHT - 0.6, 1.6)
            return PlacedSymbol(symbol, box, box)
        if symbol.is_leaf:
            strip = Box(x - LEAF, self.lower[0], 2 * LEAF, LOWER)
            return PlacedSymbol(symbol, strip._replace(width=2 * LEAF + LABEL), strip)
        strip = Box(self.Q(column) - STRIP, top, 2 * STRIP, height)
        left = x - SIGN
        box = Box(left, top, strip.x + strip.width - left, height)
        return PlacedSymbol(symbol, box, strip, Box(left, self.middle - SIGN, 2 * SIGN, 2 * SIGN))

    def _source_place(self, symbol: Symbol) -> PlacedSymbol:
        """The input is at its track; other states are in a row at the left."""
        if symbol.kind == "input":
            box = Box(0.2, self.y["B", symbol] - 0.55, LEFT - 0.9, 1.1)
            return PlacedSymbol(symbol, box, box)
        own = [s for s in self.sources if s.kind == "before" and not self._on_band(s)]
        if symbol not in own:
            return PlacedSymbol(symbol, self.bands[0], self.bands[0])
        top, bottom = self.middle - UPPER / 2, self.foot - 0.3
        slot = (bottom - top) / len(own)
        height = min(LOWER, slot - 1.3)
        y = bottom - slot * (len(own) - own.index(symbol) - 1) - height
        strip = Box(0.7, y, 1.2, height)
        return PlacedSymbol(symbol, Box(0.2, y - 1.1, 2.2, height + 1.1), strip)

    def _band(self, symbol: Symbol) -> Box:
        paths = [path.state for path in self.diagram.paths]
        assert symbol.path is not None
        return self.bands[paths.index(symbol.path.state)]

    def _start(self, source: Symbol, corridor: str) -> list[tuple[float, float]]:
        """The corners of a wire from its source to its track."""
        x, turn = self._out_x(source), self.y[corridor, source]
        if source.kind == "input":
            place = self.places[source].box
            return [(place.x + place.width, turn)]
        if source.is_source:
            return [*self._before_start(source, x), (x, turn)]
        if source.path is not None:
            band = self._band(source)
            return [(x, band.y + band.height), (x, turn)]
        place = self.places[source].strip
        up = corridor == "U" or source.is_leaf
        return [(x, place.y if up else place.y + place.height), (x, turn)]

    def _before_start(self, source: Symbol, x: float) -> list[tuple[float, float]]:
        for path, band in zip(self.diagram.paths, self.bands, strict=True):
            if path.before is source.node:
                return [(x, band.y + band.height)]
        strip = self.places[source].strip
        y = strip.y + strip.height / 2
        return [(strip.x + strip.width, y), (x, y)]

    def _route(self, symbol: Symbol, k: int) -> Route:
        wire, plan = symbol.wires[k], self.plans[symbol, k]
        corridor = _CORRIDORS.get(plan.style)
        if corridor:
            x, turn = self._turn_x(symbol, k), self.y[corridor, wire.source]
            points = [*self._start(wire.source, corridor), (x, turn), *self._end(symbol, plan, x)]
        else:
            points = self._straight(symbol, wire.source, plan)
        return Route(symbol, wire, tuple(_plain(points)), self._pill(symbol, k, points))

    def _end(self, symbol: Symbol, plan: _Plan, x: float) -> list[tuple[float, float]]:
        """The corners of a wire from its track to its symbol."""
        if symbol.path is not None:
            band = self._band(symbol)
            return [(x, band.y + band.height)]
        place = self.places[symbol]
        if plan.style == "leaf bus":
            return [(x, place.strip.y + place.strip.height)]
        y = self.middle + self.slot.get(symbol, 0.0) + plan.port
        return [(x, y), (place.box.x, y)]

    def _straight(self, symbol: Symbol, source: Symbol, plan: _Plan) -> list[tuple[float, float]]:
        """The corners of a wire that needs no track."""
        if plan.style == "cross":
            return self._crossing(symbol, source)
        if plan.style == "tap":
            x = self.P[self.at[symbol]] + PORT * ((plan.lane + 1) // 2) * (-1) ** plan.lane
            band = self._band(source)
            return [(x, band.y + band.height), (x, self.middle - SIGN)]
        x, strip = self._out_x(source), self.places[source].strip
        if plan.style == "rise":
            band = self._band(symbol)
            return [(x, strip.y), (x, band.y + band.height)]
        if plan.style == "up":
            return [(x, strip.y), (x, self.middle + SIGN)]
        end = self.places[symbol].box.x, self.middle
        if plan.style == "corner":
            return [(x, strip.y), (x, self.middle), end]
        return [(strip.x + strip.width, self.middle), end]

    def _crossing(self, symbol: Symbol, source: Symbol) -> list[tuple[float, float]]:
        """From one state path to another."""
        x, start, end = self._op_x(symbol), self._band(source), self._band(symbol)
        if start.y > end.y:
            return [(x, start.y), (x, end.y + end.height)]
        return [(x, start.y + start.height), (x, end.y)]

    def _pill(self, symbol: Symbol, k: int, points: list[tuple[float, float]]) -> Box | None:
        """The label in a wire: on its last way up or down, or on the way straight to the symbol."""
        label, plan = self.labels[symbol, k], self.plans[symbol, k]
        if not label:
            return None
        width = _pill_width(label)
        if plan.style in ("across", "corner"):
            return Box(self.lane_at[self.at[symbol]] - width - 0.1, self.middle - 0.55, width, 1.1)
        x = self._turn_x(symbol, k) if plan.style in _CORRIDORS else points[-1][0]
        return Box(x - width / 2, self._pill_y(plan.style, points) - 0.55, width, 1.1)

    def _pill_y(self, style: str, points: list[tuple[float, float]]) -> float:
        if style == "leaf bus":
            return self.foot - PILL / 2 - 0.1
        if style == "cross":
            # Over the lower of the two, below the way back of its gradient.
            return max(y for _, y in points) - 0.85
        if style in _RISING:
            return self.ceiling + PILL / 2 + 0.3
        if style in _FROM_BELOW:
            room = max(map(abs, self.slot.values()), default=0)
            return max(self.upper[0] + self.upper[1] + FORMULA, self.middle + room + 1) + PILL / 2
        return self.upper[0] - NAME - PILL / 2


def _pill_width(label: str) -> float:
    return max(1.2, 0.38 * len(label) + 0.7)


def _plain(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners without those that stand twice."""
    found: list[tuple[float, float]] = []
    for point in points:
        if not found or found[-1] != point:
            found.append(point)
    return found
