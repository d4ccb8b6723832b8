"""Equations: a cell's text, checked and made a graph."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple, NoReturn

from rnnviz.cells import LARGEST, CellText
from rnnviz.engine.cell_text import (
    CACHED,
    CellError,
    Statement,
    fail,
    name_problem,
    place_of,
    read_before_written,
    spoken,
    statements,
    with_a_point,
)
from rnnviz.engine.graph import FUNCTIONS, INPUTS, ONE, UNITS, Graph, Node, topological

#: Most states and gates of a cell, matrices, operations, and nested operations.
NAMED, MATRICES, NODES, DEPTH = 12, 24, 400, 100
#: The largest exponent.
HIGHEST = 8
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=",
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div",
}  # fmt: skip


class Line(NamedTuple):
    """An equation: its line number, the name that it writes, its right side, and its value."""

    number: int
    name: str
    tree: ast.expr
    node: Node


@dataclass(frozen=True, eq=False)
class Equations:
    """A checked text.

    ``states`` are the names that are read before they are written. ``shapes`` are those of the
    weights in the order of the text: H units, D inputs. ``constants`` are its numbers by name.
    The next layer and the readout read the line ``out``; the gate ``keeps``, if any, keeps the
    memory. ``notes`` are the comments by the name of their line.
    """

    text: str
    graph: Graph
    lines: tuple[Line, ...]
    states: tuple[str, ...]
    shapes: dict[str, tuple[str, ...]]
    constants: dict[str, float]
    out: str
    keeps: str
    notes: dict[str, str]

    @cached_property
    def recurrent(self) -> tuple[str, ...]:
        """The matrices through which a state enters the next state."""
        below = topological(self.nodes[name] for name in self.states)
        read = [node for node in below if node.kind == "product" and node.remembers]
        return tuple(dict.fromkeys(node.name for node in read))

    @cached_property
    def idle(self) -> tuple[str, ...]:
        """The weights without effect after constant folding, as in 0 * b."""
        order = topological(self.nodes.values())
        read = {node.name for node in order if node.kind in ("vector", "product")}
        return tuple(name for name in self.shapes if name not in read)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """The value of every line by its name."""
        return {line.name: line.node for line in self.lines}


@lru_cache(CACHED)
def equations_of(cell: CellText) -> Equations:
    """The checked equations of a cell; raises CellError."""
    # Errors give the position in the text as written.
    found = parse(cell.text, cell.constants, cell.out, cell.keeps)
    return replace(found, text=cell.lines)


def parse(
    text: str, constants: Mapping[str, float] | None = None, out: str = "h", keeps: str = "",
    sizes: Mapping[str, int] | None = None,
) -> Equations:  # fmt: skip
    """Check a text; raises CellError with the first error.

    ``constants`` replace numbers of the same name in the text. Lines such as ``out = "y"`` and
    ``keeps = "z"`` replace the arguments. ``sizes`` are the numbers of units H and inputs D for
    messages, the letters by default.
    """
    options = {"out": out, "keeps": keeps}
    found = statements(text, options)
    reader = _Reader(found, dict(constants or {}), {UNITS: UNITS, INPUTS: INPUTS, **(sizes or {})})
    for statement in found:
        reader.read(statement)
    made = Equations(
        text, reader.graph, tuple(reader.lines), reader.states, reader.shapes, reader.constants,
        **options, notes={statement.name: statement.note for statement in found},
    )  # fmt: skip
    _check(made, found[-1].number)
    return made


class _Reader:
    def __init__(
        self, found: list[Statement], constants: dict[str, float], sizes: Mapping[str, object]
    ) -> None:
        self.graph, self.lines, self.states = Graph(), list[Line](), read_before_written(found)
        self.shapes: dict[str, tuple[str, ...]] = {}
        self.constants, self._given, self._sizes = {**constants}, constants, sizes
        self._written = {statement.name: statement.number for statement in found}
        self._multiplied: dict[str, tuple[Node, ast.expr, int]] = {}
        self._values: dict[str, Node] = {}

    def read(self, statement: Statement) -> None:
        """Add the value of the next equation to the graph."""
        self._line, name = statement.number, statement.name
        node = self._node(statement.value)
        if node.depth > DEPTH:
            nested = f"{name} nests {node.depth} operations; at most {DEPTH} are allowed"
            self._fail(statement.value, nested)
        if node.kind == "number":
            self.constants[name] = self._given.get(name, node.value)
        elif node.size == INPUTS:
            wrong = f"{name} would have as many numbers as x: multiply by a matrix"
            self._fail(statement.value, f"{wrong} to get one for each unit, as in W_x{name} @ x")
        else:
            self._values[name] = node
            self.graph.lines.add(node)
            self.lines.append(Line(self._line, name, statement.value, node))

    def _fail(self, part: ast.AST, sentence: str) -> NoReturn:
        fail(self._line, part, sentence)

    def _node(self, part: ast.expr) -> Node:
        if len(self.graph.nodes) > NODES:
            self._fail(part, "the cell is too large")
        match part:
            case ast.Constant(int() | float() as value) if (
                not isinstance(value, bool) and value <= LARGEST
            ):
                return self.graph.number(float(value))
            case ast.Constant():
                most = f"{LARGEST:,.0f}"
                self._fail(part, f"a number between -{most} and {most} is expected here")
            case ast.Name():
                return self._name(part)
            case ast.UnaryOp(ast.USub(), operand):
                return self.graph.neg(self._node(operand))
            case ast.UnaryOp(ast.UAdd(), operand):
                return self._node(operand)
            case ast.UnaryOp(op):
                self._fail(part, f"{spoken(op)} can't be used here")
            case ast.BinOp():
                return self._operation(part)
        if not isinstance(part, ast.Call):
            rest = "there are + - * / ** @, numbers, names and functions"
            self._fail(part, f"{spoken(part)} can't be used here; {rest}")
        return self._call(part)

    def _name(self, part: ast.Name) -> Node:
        name = part.id
        if name in self.constants:
            return self.graph.number(self.constants[name])
        if name in self._values:
            return self._values[name]
        if name == "x":
            return self.graph.make("input", name="x", size=INPUTS)
        if name in self.states:
            return self.graph.make("state", name=name, size=UNITS)
        return self._vector(part)

    def _vector(self, part: ast.Name) -> Node:
        name = part.id
        if len(self.shapes.get(name, ())) == 2:
            self._fail(part, f"{name} is a matrix: multiply a vector with it, as in {name} @ h")
        self._check_free(part)
        known = [*self._written, *self.constants, "x"]
        near = difflib.get_close_matches(name, known, 1, 0.6)
        if near and "_" not in name and name not in self.shapes:
            other = f"With an underscore, as in b_{name}, it is a vector of weights"
            self._fail(part, f"{name} is unknown; did you mean {near[0]}? {other}")
        self.shapes[name] = (UNITS,)
        return self.graph.make("vector", name=name, size=UNITS)

    def _check_free(self, part: ast.Name) -> None:
        if part.id in FUNCTIONS:
            self._fail(part, f"{part.id} is a function: write {part.id}(...)")
        if problem := name_problem(part.id):
            self._fail(part, problem)

    def _operation(self, part: ast.BinOp) -> Node:
        if isinstance(part.op, ast.MatMult):
            return self._product(part)
        if isinstance(part.op, ast.Pow):
            return self._power(part)
        self._check_operator(part)
        kind = _OPERATORS[type(part.op)]
        nodes = self._nodes(part, part.left, part.right)
        return self._finite(part, lambda: getattr(self.graph, kind)(*nodes))

    def _power(self, part: ast.BinOp) -> Node:
        (base,), exponent = self._nodes(part, part.left), self._node(part.right)
        if exponent.kind != "number" or abs(exponent.value) > HIGHEST:
            wrong = f"an exponent is a number between -{HIGHEST} and {HIGHEST}"
            self._fail(part.right, f"{wrong}; for others write exp(a * log(b))")
        return self._finite(part, lambda: self.graph.power(base, exponent.value))

    def _finite(self, part: ast.BinOp, make: Callable[[], Node]) -> Node:
        try:
            node = make()
        except (ZeroDivisionError, OverflowError, ValueError):
            self._fail(part.right, f"{ast.unparse(part)} is not a number")
        if node.kind == "number" and not abs(node.value) <= LARGEST:
            self._fail(part, f"{ast.unparse(part)} is too large a number")
        return node

    def _nodes(self, part: ast.expr, *trees: ast.expr) -> list[Node]:
        """Operands that are combined element by element, so of one size."""
        nodes = [self._node(tree) for tree in trees]
        sizes = {node.size: tree for tree, node in zip(trees, nodes, strict=True)}
        if INPUTS in sizes and UNITS in sizes:
            of_inputs, of_units = (ast.unparse(sizes[size]) for size in (INPUTS, UNITS))
            wrong = f"{of_units} has one number for each unit, {of_inputs} one for each input"
            matrix = f"W_{of_units}x" if of_units.isidentifier() else "W_x"
            self._fail(part, f"{wrong}: multiply x by a matrix first, as in {matrix} @ x")
        return nodes

    def _product(self, part: ast.BinOp) -> Node:
        name, vector = self._matrix(part.left), self._node(part.right)
        if vector.size == ONE:
            self._fail(part.right, "the right operand of @ is a vector, not a number")
        if vector.size == INPUTS and vector.kind != "input":
            self._fail(part.right, f"the right operand of @ is x alone: write {name} @ x")
        if not vector.varies:
            same = f"{ast.unparse(part.right)} is the same at every token"
            self._fail(part.right, f"{same}: a vector of weights does the same without {name}")
        first = self._multiplied.setdefault(name, (vector, part.right, self._line))
        if len(self._multiplied) > MATRICES:
            self._fail(part.left, f"a cell may have {MATRICES} matrices")
        if first[0] is not vector:
            known, before, line = first[0], ast.unparse(first[1]), first[2]
            other = f"{'V' if name[0] == 'U' else 'U'}{name[1:] if '_' in name else '_' + name}"
            wrong = f"{name} multiplies {before} in line {line}"
            if known.size != vector.size:
                sizes = (self._sizes[size] for size in (UNITS, known.size, vector.size))
                read = ast.unparse(part.right)
                wrong = f"{name} @ {read} is {{}} x {{}} times {{}}".format(*sizes)
            self._fail(part.left, f"{wrong}: multiply {before}, or call it {other}")
        self.shapes[name] = UNITS, vector.size
        return self.graph.make("product", vector, name=name, size=UNITS)

    def _check_operator(self, part: ast.expr) -> None:
        if isinstance(part, ast.BinOp) and type(part.op) not in {*_OPERATORS, ast.MatMult, ast.Pow}:
            self._fail(part, f"{spoken(part.op)} can't be used here; there are + - * / ** @")

    def _matrix(self, left: ast.expr) -> str:
        # Python reads a % W @ x as (a % W) @ x.
        self._check_operator(left)
        matrix, rest = "the left operand of @ is", "To multiply elementwise write *"
        if not isinstance(left, ast.Name):
            self._fail(left, f"{matrix} the name of a matrix, as in W_xh @ x. {rest}")
        name = left.id
        number, vector = name in self.constants, self.shapes.get(name) == (UNITS,)
        if number or vector or name in (*self._written, "x"):
            kind = "number" if number else "vector"
            self._fail(left, f"{name} is a {kind}; {matrix} a matrix. {rest}")
        self._check_free(left)
        return name

    def _call(self, part: ast.Call) -> Node:
        name, args = self._function(part), part.args
        count = FUNCTIONS[name]
        if part.keywords or any(isinstance(arg, ast.Starred) for arg in args):
            self._fail(part, f"{name} takes plain arguments")
        if len(args) != count:
            self._refuse_comma(args)
            self._fail(part, f"{name} takes {count} argument{'s' * (count > 1)}, not {len(args)}")
        if name == "where":
            return self._where(part)
        nodes = self._nodes(part, *args)
        if all(node.kind == "number" for node in nodes):
            self._fail(part, f"{ast.unparse(part)} is the same for all units: write its value")
        return self.graph.make(name, *nodes)

    def _refuse_comma(self, args: Sequence[ast.expr]) -> None:
        """Refuse two arguments that are one number with a comma."""
        for whole, rest in pairwise(args):
            begun = [p for p in ast.walk(rest) if getattr(p, "col_offset", -1) == rest.col_offset]
            close = rest.col_offset == (whole.end_col_offset or 0) + 1
            match whole, begun[-1]:
                case ast.Constant(int(before)), ast.Constant(int(after)) if close:
                    self._fail(whole, with_a_point(before, after))

    def _function(self, part: ast.Call) -> str:
        if not isinstance(part.func, ast.Name):
            name = part.func.attr if isinstance(part.func, ast.Attribute) else ""
            hint = f": write {name}(...)" if name in FUNCTIONS else ""
            self._fail(part.func, f"{spoken(part.func)} can't be used here{hint}")
        name = part.func.id
        if name not in FUNCTIONS:
            near = difflib.get_close_matches(name, FUNCTIONS, 1, 0.5)
            hint = f"; did you mean {near[0]}?" if near else f". There are {', '.join(FUNCTIONS)}"
            self._fail(part, f"{name[:20]} is not a function here{hint}")
        return name

    def _where(self, part: ast.Call) -> Node:
        test, yes, no = part.args
        sign = _COMPARISONS.get(type(test.ops[0])) if isinstance(test, ast.Compare) else None
        if not isinstance(test, ast.Compare) or len(test.ops) != 1 or sign is None:
            wrong = "the first argument of where has one of < <= > >=, as in where(a > 0, a, b)"
            self._fail(test, wrong)
        nodes = self._nodes(part, test.left, test.comparators[0], yes, no)
        if all(node.kind == "number" for node in nodes[:2]):
            self._fail(test, "this comparison is the same for all units")
        return self.graph.make("where", *nodes, name=sign)


def _check(made: Equations, last: int) -> None:
    """Refuse equations that don't form a cell; ``last`` is the number of the last line."""
    numbers = [name for name in made.states if name in made.constants]
    if numbers:
        early = f"{numbers[0]} is read before it is written, but is always a number"
        raise CellError(*place_of(numbers[0], made.text), early)
    for line in made.lines:
        if line.node.kind == "vector":
            other = f"{line.name} is only another name for {line.node.name}"
            raise CellError(line.number, 1, f"{other}: write {line.node.name} where it is read")
        if line.name in made.states and not line.node.varies:
            same = f"{line.name} is read before it is written, but is the same at every token"
            raise CellError(line.number, 1, same)
    if not made.states:
        raise CellError(last, 1, "there is no state: one name must be read before it is written")
    if made.out not in made.nodes:
        hint = '; another line is named by out = "y"' if made.out == "h" else ""
        lacks = "every unit has the same" if made.out in made.constants else "no line writes"
        where = (last, 1) if made.out == "h" else place_of("out", made.text)
        raise CellError(*where, f"{lacks} {made.out}, which the next layer reads{hint}")
    if made.keeps and made.keeps not in made.nodes:
        lacks = "it is always a number" if made.keeps in made.constants else "no line writes it"
        unknown = f"keeps names {made.keeps}, but {lacks}"
        raise CellError(*place_of("keeps", made.text), unknown)
    if len(made.lines) > NAMED:
        raise CellError(made.lines[NAMED].number, 1, f"a cell may have {NAMED} states and gates")
    _check_reach(made, last)


def _check_reach(made: Equations, last: int) -> None:
    """Refuse lines without effect on the output, and cells without an input."""
    seen, stack = set[Node](), [made.nodes[made.out]]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += [*node.args, *([made.nodes[node.name]] if node.kind == "state" else [])]
    for line in made.lines:
        if line.node not in seen:
            unread = f"{made.out} never depends on {line.name}: delete this line"
            raise CellError(line.number, 1, unread)
    if not any(node.kind == "input" for node in seen):
        raise CellError(last, 1, "x has no effect, so the cell has no input")
