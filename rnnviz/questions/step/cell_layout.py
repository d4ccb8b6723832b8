"""CellLayout: the positions of a cell's symbols, and the routes of the wires between them.

Coordinates are in units of about a line of text, from the upper left. Boxes don't overlap, wires
run along the axes and pass no box, and two wires of different values never run on each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from rnnviz.engine.cell_text import CACHED
from rnnviz.engine.equations import Equations
from rnnviz.questions.step.cell_diagram import (
    Diagram,
    StatePath,
    Symbol,
    Wire,
    cell_diagram,
    wire_label,
)


class CellColumns:
    """The columns from left to right: no symbol is left of what it reads.

    Leaves are on the lower row, operations on the upper one, above the last leaf if they can be;
    an operation of a state path is above its operand. ``riser`` has the symbol whose value goes up
    to a state path in a column.
    """

    def __init__(self, diagram: Diagram) -> None:
        self.count = 0
        self.at: dict[Symbol, int] = {}
        self.leaf: dict[int, Symbol] = {}
        self.mid: dict[int, Symbol] = {}
        self.riser: dict[int, Symbol] = {}
        self._depths: dict[Symbol, int] = {}
        for symbol in diagram.symbols:
            below = (self._depths[wire.source] for wire in symbol.wires)
            self._depths[symbol] = 1 + max(below, default=0)
        for op in (op for path in diagram.paths for op in path.ops):
            self._place(diagram.of(op))
        for symbol in diagram.symbols:
            if symbol.kind != "after":
                self._place(symbol)
        self.at |= {symbol: self.count for symbol in diagram.symbols if symbol.kind == "after"}

    def clear(self, first: int, last: int) -> bool:
        """Whether no operation is on the upper row from column ``first`` to ``last``."""
        return not any(column in self.mid for column in range(first, last + 1))

    def _new(self) -> int:
        self.count += 1
        return self.count - 1

    def _place(self, symbol: Symbol) -> None:
        if symbol in self.at or symbol.is_source:
            return
        if symbol.path is not None:
            self._place_on_path(symbol)
            return
        for wire in sorted(symbol.wires, key=lambda wire: -self._depths[wire.source]):
            self._place(wire.source)
        last = self.count - 1
        # Two wires from the same leaf would lead back.
        once = sum(wire.source is self.leaf.get(last) for wire in symbol.wires) == 1
        over_leaf = once and last not in self.mid and last not in self.riser
        self.at[symbol] = column = last if over_leaf else self._new()
        (self.leaf if symbol.is_leaf else self.mid)[column] = symbol

    def _place_on_path(self, symbol: Symbol) -> None:
        """Above its operand, if that is right of the operation before and nothing is in between."""
        for wire in symbol.wires:
            self._place(wire.source)
        previous, source = symbol.wires[0].source, symbol.wires[-1].source
        column = self.at.get(source, -1)
        top = self.mid.get(column, self.leaf.get(column))
        free = top is source and self.riser.get(column, source) is source
        if free and column > self.at.get(previous, -1):
            self.riser[column] = source
        else:
            column = self._new()
        self.at[symbol] = column


# The positions of a cell's symbols, and the routes of the wires between them


#: Widths: half a leaf's strip, half a sign, from the sign to its strip, half a strip, of a label.
LEAF, SIGN, APART, STRIP, LABEL = 0.9, 0.75, 1.7, 0.6, 2.4
#: Heights: of a strip of the lower and of the upper row, and of the labels over and below it.
LOWER, UPPER, NAME, FORMULA = 3.2, 2.8, 1.1, 1.0
#: Distances: of parallel wires, of a symbol's ports, and of states below each other at the right.
PITCH, PORT, APART_AFTER = 0.6, 0.38, 1.9
#: The heights of a label in a wire, of a single state path, of one of several, and of its head.
PILL, ALONE, SEVERAL, HEAD = 1.5, 3.6, 2.3, 2.6
#: The distance of the buses below.
BUS = 1.3
#: The margins at the left and at the right, where the states are.
LEFT, RIGHT = 3.0, 3.0
#: The corridor that wires of a style turn in: over the upper row, between the rows, at the bottom.
_CORRIDORS = {"over": "U", "rise over": "U", "under": "L", "rise under": "L", "bus": "B",
              "rise bus": "B", "leaf bus": "B"}  # fmt: skip
#: Styles that have a lane of their own left of the symbol, and those that come straight from there.
_IN_LANES, _LEVEL = ("over", "under", "bus"), ("across", "corner")
#: Styles whose labels are under a state path, over the upper row, and under it: where nothing else
#: of the same value branches off after them.
_RISING = ("rise", "rise over", "rise under", "rise bus")
_FROM_ABOVE = ("over", "tap")
_FROM_BELOW = ("up", "under", "bus")

Points = list[tuple[float, float]]


class Box(NamedTuple):
    """A rectangle: its left upper corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower edge."""
        return self.y + self.height


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


class _Plan(NamedTuple):
    """How a wire to a symbol runs: its style, its lane next to the symbol, its offset there."""

    symbol: Symbol
    wire: Wire
    label: str
    style: str
    lane: int = 0
    port: float = 0.0


class CellLayout:
    """The drawing: ``width``, ``height``, ``places``, ``routes``, and ``bands``, the state paths.

    The ``columns`` are intervals of x, each of which may be moved as a whole.
    """

    def __init__(self, equations: Equations) -> None:
        self._diagram = cell_diagram(equations)
        self._grid = CellColumns(self._diagram)
        self._at = self._grid.at
        symbols = self._diagram.symbols
        self._sources = [s for s in symbols if s.is_source]
        afters = [s for s in symbols if s.kind == "after"]
        self._afters = sorted(afters, key=lambda s: -self._at.get(s.wires[0].source, -1))
        #: y of the states at the right, from the middle of the upper row.
        self._slots = {
            after: APART_AFTER * ((k + 1) // 2) * (-1) ** k for k, after in enumerate(self._afters)
        }
        #: The widths of a symbol's lanes, and what leaves the state paths right of a column.
        self._above: dict[Symbol, list[float]] = defaultdict(list)
        self._below: dict[Symbol, list[float]] = defaultdict(list)
        self._leaving: dict[int, list[Symbol]] = defaultdict(list)
        self._plans = [plan for symbol in symbols for plan in self._plan(symbol, equations)]
        self._measure()
        self._stack()
        self._placed = {s: self._place(s) for s in symbols if not self._on_band(s)}
        self.places = tuple(self._placed.values())
        self.routes = tuple(map(self._route, self._plans))

    # The style of every wire

    def _plan(self, symbol: Symbol, equations: Equations) -> Iterator[_Plan]:
        labels = [wire_label(equations, wire) for wire in symbol.wires]
        pairs = [*zip(symbol.wires, labels, strict=True)]
        if symbol.path is not None:
            for wire, label in pairs[1:]:
                yield _Plan(symbol, wire, label, self._rising(symbol, wire))
            return
        used = Counter[str]()
        for k, (wire, label) in enumerate(pairs):
            style = self._style(symbol, wire, used, any(labels))
            lane, port = used[style] if style == "tap" else k, 0.0
            if style in _IN_LANES:
                lanes = (self._above if style == "over" else self._below)[symbol]
                lane = len(lanes)
                lanes.append(_pill_width(label) + 0.2 if label else PITCH)
                if symbol.kind != "after":
                    port = PORT * len(lanes) * (-1 if style == "over" else 1)
            used[style] += 1
            yield _Plan(symbol, wire, label, style, lane, port)

    def _rising(self, symbol: Symbol, wire: Wire) -> str:
        """The style of a wire to a state path's operation."""
        source, column = wire.source, self._at[symbol]
        if source.is_source:
            return "rise bus"
        if self._grid.riser.get(column) is source:
            return "rise"
        crosses = source.path is not None and self._reaches(source, column)
        return "cross" if crosses else f"rise {self._leave(source)}"

    def _style(self, symbol: Symbol, wire: Wire, used: Counter[str], labelled: bool) -> str:
        """The style of a wire to a symbol off the state paths; ``used`` are those it has."""
        source, column = wire.source, self._at[symbol]
        if source.is_source:
            return "leaf bus" if symbol.is_leaf else "bus"
        if source.path is not None:
            free = symbol.kind != "after" and not (used["tap"] and labelled)
            return "tap" if free and self._reaches(source, column) else self._leave(source)
        start = self._at[source]
        if source.is_leaf and start == column:
            return "under" if used["up"] else "up"
        free = not used.keys() & {*_LEVEL} and self._slots.get(symbol, 0.0) == 0
        if free and self._grid.clear(start if source.is_leaf else start + 1, column - 1):
            return "corner" if source.is_leaf else "across"
        return self._leave(source)

    def _reaches(self, source: Symbol, column: int) -> bool:
        """Whether a state path has the value of its operation ``source`` over a column."""
        path = source.path
        assert path is not None
        later = path.ops[path.ops.index(source.node) + 1 :]
        end = self._at[self._diagram.of(later[0])] if later else self._grid.count
        return self._at[source] < column < end

    def _leave(self, source: Symbol) -> str:
        """The style in which a value leaves its column; from a state path it needs a lane there."""
        column = self._at[source]
        if source.path is not None and source not in self._leaving[column]:
            self._leaving[column].append(source)
        rises = self._grid.riser.get(column) is source
        return "under" if source.is_leaf and not rises else "over"

    # Across

    def _measure(self) -> None:
        """Set x of every column: its lanes, the middle P of its symbols, Q of their strips."""
        x = LEFT + PITCH * (len(self._sources) - 1)
        self._P: dict[int, float] = {}
        self._Q: dict[int, float] = {}
        self._ends: dict[int, tuple[float, float]] = {}
        self._lane_x: dict[int, float] = {}
        for column in range(self._grid.count):
            leaf, mid = self._grid.leaf.get(column), self._grid.mid.get(column)
            own = [symbol for symbol in (leaf, mid) if symbol]
            # Half the widths of the labels in wires on the middle of the column.
            pills = [
                _pill_width(plan.label) / 2 + (0.9 if plan.style == "leaf bus" else 0.1)
                for plan in self._plans
                if plan.label and self._at[plan.symbol] == column
                and plan.style not in (*_IN_LANES, *_LEVEL)
            ]  # fmt: skip
            self._lane_x[column] = x + max(map(self._inlet, own), default=0.0)
            start = x + max(map(self._gutter, own), default=0.0) + 0.3
            self._P[column] = start + max([LEAF if leaf else SIGN, *pills])
            apart = max([APART, *pills])
            self._Q[column] = self._P[column] + apart
            widths = [SIGN + 0.4, *pills]
            widths += [LEAF + LABEL] if leaf else []
            widths += [apart + STRIP + 0.7] if mid else []
            lanes = PITCH * len(self._leaving[column])
            x = self._P[column] + (max(widths) + (lanes + 0.5 if lanes else 0))
            self._ends[column] = start, x
            x += 0.3
        after = self._grid.count
        self._lane_x[after] = x + max(map(self._inlet, self._afters), default=0.0)
        self._P[after] = x + 0.3 + sum(map(self._gutter, self._afters))
        right = max(self._P[after], x + 0.3)
        self.width = right + RIGHT
        self.columns = ((0.0, LEFT - 0.8), *self._ends.values(), (right, self.width))

    def _inlet(self, symbol: Symbol) -> float:
        """The width of a label in the wire that comes straight from the left."""
        level = (p for p in self._plans if p.symbol is symbol and p.label and p.style in _LEVEL)
        return next((_pill_width(plan.label) + 0.3 for plan in level), 0.0)

    def _gutter(self, symbol: Symbol) -> float:
        """The width of the lanes left of a symbol."""
        above, below = sum(self._above[symbol]), sum(self._below[symbol])
        both = above + below if symbol.kind == "after" else max(above, below)
        return self._inlet(symbol) + both

    def op_x(self, symbol: Symbol) -> float:
        """The middle of a state path's operation."""
        column = self._at[symbol]
        return self._Q[column] if column in self._grid.mid else self._P[column]

    def _out_x(self, source: Symbol) -> float:
        """The x at which a value leaves its symbol upwards, or a state path downwards."""
        if source.is_source:
            return LEFT - 0.4 + PITCH * self._sources.index(source)
        column = self._at[source]
        if source.path is not None:
            lanes = self._leaving[column]
            return self._ends[column][1] - PITCH * (len(lanes) - lanes.index(source) - 0.5) - 0.1
        return self._P[column] if source.is_leaf else self._Q[column]

    def _turn_x(self, plan: _Plan) -> float:
        """The x at which a wire leaves its corridor."""
        symbol, column = plan.symbol, self._at[plan.symbol]
        if plan.style.startswith("rise"):
            return self.op_x(symbol)
        if plan.style == "leaf bus":
            count = len(symbol.wires)
            return self._P[column] + (plan.lane - (count - 1) / 2) * min(0.7, 1.5 / count)
        lanes = self._above[symbol] if plan.style == "over" else self._below[symbol]
        start = self._lane_x[column]
        if symbol.kind == "after":
            start += sum(map(self._gutter, self._afters[: self._afters.index(symbol)]))
            start += sum(self._above[symbol]) if plan.style != "over" else 0
        return start + sum(lanes[: plan.lane]) + lanes[plan.lane] / 2

    # Down

    def _stack(self) -> None:
        """Set y of every row and corridor."""
        paths = self._diagram.paths
        bands: list[tuple[StatePath, Box]] = []
        y = 0.0
        for path in paths:
            height = ALONE if len(paths) == 1 else SEVERAL
            left, right = LEFT - 0.8, self.columns[-1][0]
            bands.append((path, Box(left, y + HEAD, right - left, height)))
            y += HEAD + height
        self.bands = tuple(bands)
        self._band = {node: box for path, box in bands for node in (path.before, *path.ops)}
        #: y of the track of a value in a corridor.
        self._y: dict[tuple[str, Symbol], float] = {}
        self._ceiling = y
        y += PILL + 0.4 if self._has_pill(*_RISING) else 0.9 * bool(paths)
        y = self._corridor("U", y)
        y += PILL if self._has_pill(*_FROM_ABOVE) else 0.6
        self._upper = Box(0, y + NAME, 0, UPPER if self._grid.mid or self._afters else 0.0)
        self._middle = self._upper.y + self._upper.height / 2
        room = max(map(abs, self._slots.values()), default=0)
        self._floor = y = max(self._upper.bottom + FORMULA, self._middle + room + 1)
        y += PILL if self._has_pill(*_FROM_BELOW) else 0.3
        self._lower = self._corridor("L", y) + 0.4
        y = self._lower + LOWER + (PILL if self._has_pill("leaf bus") else 0.7)
        self._foot = y
        for k, source in enumerate(sorted(self._sources, key=lambda s: s.kind == "input")):
            self._y["B", source] = y + k * BUS
        self.height = y + BUS * (len(self._sources) - 1) + 0.7

    def _has_pill(self, *styles: str) -> bool:
        return any(plan.label and plan.style in styles for plan in self._plans)

    def _corridor(self, name: str, y: float) -> float:
        """Put the values of a corridor on tracks from ``y`` down; return where it ends.

        Values on one track don't meet.
        """
        spans: dict[Symbol, list[float]] = defaultdict(list)
        for plan in self._plans:
            if _CORRIDORS.get(plan.style) == name:
                spans[plan.wire.source] += [self._out_x(plan.wire.source), self._turn_x(plan)]
        tracks: list[list[tuple[float, float]]] = []
        for source, xs in sorted(spans.items(), key=lambda pair: max(pair[1]) - min(pair[1])):
            left, right = min(xs) - 0.3, max(xs) + 0.3
            free = (k for k, row in enumerate(tracks) if all(right < a or b < left for a, b in row))
            track = next(free, len(tracks))
            tracks += [[]] if track == len(tracks) else []
            tracks[track].append((left, right))
            self._y[name, source] = y + track * PITCH
        return y + PITCH * len(tracks)

    # The drawing

    def _on_band(self, symbol: Symbol) -> bool:
        """Whether it is on a state path: one of its operations, or the state before the token."""
        return symbol.kind != "after" and symbol.node in self._band

    def _place(self, symbol: Symbol) -> PlacedSymbol:
        if symbol.is_source:
            return self._place_source(symbol)
        x = self._P[self._at[symbol]]
        if symbol.kind == "after":
            box = Box(x + 0.2, self._middle + self._slots[symbol] - 0.8, RIGHT - 0.6, 1.6)
            return PlacedSymbol(symbol, box, box)
        if symbol.is_leaf:
            strip = Box(x - LEAF, self._lower, 2 * LEAF, LOWER)
            return PlacedSymbol(symbol, strip._replace(width=2 * LEAF + LABEL), strip)
        left, (_, top, _, height) = x - SIGN, self._upper
        strip = Box(self._Q[self._at[symbol]] - STRIP, top, 2 * STRIP, height)
        sign = Box(left, self._middle - SIGN, 2 * SIGN, 2 * SIGN)
        return PlacedSymbol(symbol, Box(left, top, strip.right - left, height), strip, sign)

    def _place_source(self, symbol: Symbol) -> PlacedSymbol:
        """The input is at its track; states that are on no path are in a column at the left."""
        if symbol.kind == "input":
            box = Box(0.2, self._y["B", symbol] - 0.55, LEFT - 0.9, 1.1)
            return PlacedSymbol(symbol, box, box)
        own = [s for s in self._sources if s.kind == "before" and not self._on_band(s)]
        top, bottom = self._middle - UPPER / 2, self._foot - 0.3
        slot = (bottom - top) / len(own)
        height = min(LOWER, slot - 1.3)
        y = bottom - slot * (len(own) - own.index(symbol) - 1) - height
        strip = Box(0.7, y, 1.2, height)
        return PlacedSymbol(symbol, Box(0.2, y - 1.1, 2.2, height + 1.1), strip)

    def _route(self, plan: _Plan) -> Route:
        if corridor := _CORRIDORS.get(plan.style):
            x, turn = self._turn_x(plan), self._y[corridor, plan.wire.source]
            points = [*self._start(plan.wire.source, turn), (x, turn), *self._end(plan, x)]
        else:
            points = self._straight(plan)
        corners = tuple(point for point, _ in groupby(points))
        return Route(plan.symbol, plan.wire, corners, self._pill(plan, points))

    def _start(self, source: Symbol, turn: float) -> Points:
        """The corners of a wire from its source to its track at y = ``turn``."""
        x = self._out_x(source)
        if self._on_band(source):
            return [(x, self._band[source.node].bottom), (x, turn)]
        _, box, strip, _ = self._placed[source]
        if source.kind == "input":
            return [(box.right, turn)]
        if source.is_source:
            y = strip.y + strip.height / 2
            return [(strip.right, y), (x, y), (x, turn)]
        return [(x, strip.y), (x, turn)]

    def _end(self, plan: _Plan, x: float) -> Points:
        """The corners of a wire from its track to its symbol."""
        if plan.symbol.path is not None:
            return [(x, self._band[plan.symbol.node].bottom)]
        _, box, strip, _ = self._placed[plan.symbol]
        if plan.style == "leaf bus":
            return [(x, strip.bottom)]
        y = self._middle + self._slots.get(plan.symbol, 0.0) + plan.port
        return [(x, y), (box.x, y)]

    def _straight(self, plan: _Plan) -> Points:
        """The corners of a wire that needs no track."""
        symbol, source = plan.symbol, plan.wire.source
        if plan.style == "cross":
            x, start, end = self.op_x(symbol), self._band[source.node], self._band[symbol.node]
            up = start.y > end.y
            return [(x, start.y), (x, end.bottom)] if up else [(x, start.bottom), (x, end.y)]
        if plan.style == "tap":
            x = self._P[self._at[symbol]] + PORT * ((plan.lane + 1) // 2) * (-1) ** plan.lane
            return [(x, self._band[source.node].bottom), (x, self._middle - SIGN)]
        x, strip = self._out_x(source), self._placed[source].strip
        if plan.style == "rise":
            return [(x, strip.y), (x, self._band[symbol.node].bottom)]
        if plan.style == "up":
            return [(x, strip.y), (x, self._middle + SIGN)]
        end_x = self._placed[symbol].box.x
        if plan.style == "corner":
            return [(x, strip.y), (x, self._middle), (end_x, self._middle)]
        return [(strip.right, self._middle), (end_x, self._middle)]

    def _pill(self, plan: _Plan, points: Points) -> Box | None:
        """The label in a wire: on its last vertical piece, or on a level one to the symbol."""
        if not plan.label:
            return None
        width = _pill_width(plan.label)
        if plan.style in _LEVEL:
            x, y = self._lane_x[self._at[plan.symbol]] - width - 0.1, self._middle
            return Box(x, y - 0.55, width, 1.1)
        x = self._turn_x(plan) if plan.style in _CORRIDORS else points[-1][0]
        return Box(x - width / 2, self._pill_y(plan.style, points) - 0.55, width, 1.1)

    def _pill_y(self, style: str, points: Points) -> float:
        if style == "leaf bus":
            return self._foot - PILL / 2 - 0.1
        if style == "cross":
            # Over the lower of the two, below its gradient on the path.
            return max(y for _, y in points) - 0.85
        if style in _RISING:
            return self._ceiling + PILL / 2 + 0.3
        return (self._floor if style in _FROM_BELOW else self._upper.y - NAME - PILL) + PILL / 2


@lru_cache(CACHED)
def cell_layout(equations: Equations) -> CellLayout:
    """The layout of a cell."""
    return CellLayout(equations)


def _pill_width(label: str) -> float:
    return max(1.2, 0.38 * len(label) + 0.7)
