"""Where the symbols of a cell and the wires between them are drawn."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings

from rnnviz.cells import CELLS
from rnnviz.engine.equations import equations_of
from rnnviz.engine.gradcheck import own_cell
from rnnviz.questions.step.cell_diagram import cell_diagram, state_paths
from rnnviz.questions.step.cell_layout import Box, cell_layout
from tests.sampling import each_row
from tests.unit.engine.test_cell_check import cell_of, texts

EVERY = pytest.mark.parametrize("name", CELLS)


def segments(layout):
    """The straight pieces of all wires: the route, left, top, right and bottom."""
    for route in layout.routes:
        for (x0, y0), (x1, y1) in pairwise(route.points):
            yield route, min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def sizes(piece):
    _, left, top, right, bottom = piece
    return right - left, bottom - top


def touches(box, point):
    (x, y), slack = point, 1e-6
    return box.x - slack <= x <= box.right + slack and box.y - slack <= y <= box.bottom + slack


def overlap(one, other):
    """Whether two boxes have more than an edge in common."""
    across = min(one.right, other.right) - max(one.x, other.x)
    return across > 1e-9 and min(one.bottom, other.bottom) - max(one.y, other.y) > 1e-9


def boxes_of(layout, symbol):
    found = [place.box for place in layout.places if place.symbol is symbol]
    own = [b for p, b in layout.bands if p is symbol.path or p.before is symbol.node]
    return found or own


def check(equations):
    """Everything that makes a drawing readable."""
    layout, diagram = cell_layout(equations), cell_diagram(equations)
    for line in equations.lines:
        assert line.name in [name for symbol in diagram.symbols for name in symbol.names] or (
            line.node.kind == "number"
        )
    on_ways = sum(len(path.ops) for path in diagram.paths)
    assert len(layout.places) == len(diagram.symbols) - on_ways - len(diagram.paths)
    assert len(layout.routes) == sum(
        len(s.wires) - (s.path is not None) for s in diagram.symbols
    ), "every wire is drawn; a highway itself is a band"
    _check_boxes(layout)
    _check_wires(layout)


def _check_boxes(layout):
    boxes = [place.box for place in layout.places] + [box for _, box in layout.bands]
    pills = [route.pill for route in layout.routes if route.pill]
    for box in boxes + pills:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= layout.width + 1e-9
        assert box.y + box.height <= layout.height + 1e-9
    assert not [pair for pair in combinations(boxes + pills, 2) if overlap(*pair)]


def _check_wires(layout):
    for route in layout.routes:
        (start, *_, end) = route.points
        assert any(touches(box, start) for box in boxes_of(layout, route.wire.source))
        assert any(touches(box, end) for box in boxes_of(layout, route.symbol))
        assert start[0] <= end[0] + 1e-6, "left to right"
    pieces = [*segments(layout)]
    for route in (route for route in layout.routes if route.pill):
        middle = route.pill.x + route.pill.width / 2, route.pill.y + route.pill.height / 2
        on = [piece[0] for piece in pieces if touches(Box(*piece[1:3], *sizes(piece)), middle)]
        own = [other for other in on if other.wire.source is route.wire.source]
        assert route in on, "a label stands in its wire"
        assert {other.wire.through for other in own} == {route.wire.through}
    for route, left, top, right, bottom in pieces:
        assert left == right or top == bottom
        for place in layout.places:
            own = place.symbol in (route.symbol, route.wire.source)
            box = place.box
            across = left < box.x + box.width - 1e-6 and right > box.x + 1e-6
            down = top < box.y + box.height - 1e-6 and bottom > box.y + 1e-6
            assert own or not (across and down), "no wire passes a symbol"
    for (one, *a), (other, *b) in combinations(pieces, 2):
        if one.wire.source is not other.wire.source:
            assert not _run_together(a, b)


def _run_together(a, b):
    """Whether two pieces have more than a crossing in common."""
    upright = a[0] == a[2] == b[0] == b[2] and min(a[3], b[3]) - max(a[1], b[1]) > 1e-9
    level = a[1] == a[3] == b[1] == b[3] and min(a[2], b[2]) - max(a[0], b[0]) > 1e-9
    return upright or level


@EVERY
def test_nothing_lies_on_something_else_in_any_cell(name):
    check(equations_of(CELLS[name]))


@settings(max_examples=80, derandomize=True, deadline=None)
@given(texts())
def test_nor_in_cells_that_nobody_wrote(text):
    check(equations_of(cell_of(text)))


@each_row(
    ("name", "states"),
    [
        ("elman", []), ("gru", ["h"]), ("lstm", ["c"]), ("leaky", ["s"]),
        ("slstm", ["c", "m", "n"]), ("cornn", ["y", "z"]), ("lru", ["p", "q"]),
    ],
)  # fmt: skip
def test_states_are_kept_on_highways(name, states):
    found = state_paths(equations_of(CELLS[name]))
    assert sorted(path.state for path in found) == states
    for path in found:
        assert path.ops[-1] is equations_of(CELLS[name]).nodes[path.state]


def test_an_lstm_has_its_gates_below_its_highway():
    layout = cell_layout(equations_of(CELLS["lstm"]))
    x = {place.symbol.names: place.strip.x for place in layout.places if place.symbol.is_leaf}
    assert sorted(x, key=x.get) == [("f",), ("i",), ("g",), ("o",)]
    ((path, _),) = layout.bands
    kinds = [op.kind for op in path.ops]
    assert kinds == ["mul", "add"]
    (leaving,) = [p for p in layout.places if p.symbol.kind == "after"]
    assert leaving.symbol.names == ("h",)


def test_a_cell_of_one_line_has_all_its_terms():
    symbols = cell_diagram(equations_of(CELLS["elman"])).symbols
    assert [s.kind for s in symbols if s.kind in ("line", "weights", "sum")] == [
        "line", "line", "weights", "sum",
    ]  # fmt: skip


def test_a_state_that_cancels_out_has_no_highway():
    cell = own_cell("s = 0 * s + tanh(W @ x + U @ h)\nh = relu(s)")
    assert state_paths(cell.equations) == []
    assert cell_layout(cell.equations).places
