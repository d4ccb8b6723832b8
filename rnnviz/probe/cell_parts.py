"""CellParts: the parts of a cell's equations, how its memory is kept, and the notation of both."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from rnnviz.engine.cell_source import Writer
from rnnviz.engine.cell_text import CACHED
from rnnviz.engine.derive import Adjoint, Affine, Backward
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.equations import Equations
from rnnviz.engine.graph import FUNCTIONS, Node, fold, topological
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.operations import blend

_UNARY = {name for name, count in FUNCTIONS.items() if count == 1}
#: Values that are written as they are.
_LEAVES = {"number", "state", "input", "vector"}
#: How often the sums in a memory are expanded.
MOST_TERMS = 16


class Part(NamedTuple):
    """A line of the equations, or a pre-activation inside one.

    Its value is the ``functions``, the last one first, of a ``total``.
    """

    name: str
    node: Node
    total: Node
    functions: tuple[str, ...] = ()


class Summand(NamedTuple):
    """A term of a sum: its sign, and its factors."""

    sign: int
    factors: tuple[Node, ...]


class CellParts:
    """The parts of a cell by name, in the order of computation, and their gradients.

    ``named`` are the values that have a name: lines and pre-activations.
    """

    def __init__(self, cell: DerivedCell) -> None:
        self.cell, self.equations = cell, cell.equations
        self.graph, self.out = self.equations.graph, self.equations.out
        # A single pre-activation needs no name of its own: a_t is that of h_t.
        single = {node: "a" for node in self.affines if len(self.affines) == 1}
        lines_of = {*self.equations.nodes.values()}
        own = {node: name for node, name in single.items() if node not in lines_of}
        self.named = {**cell.layout.back.named, **own}
        lines = dict(self._lines())
        opened = {part.total for part in lines.values()}
        inner = [node for node in cell.layout.back.affines if node not in opened]
        # A pre-activation inside a line that no part opens comes before that line.
        self.by_name = dict[str, Part]()
        for name, part in lines.items():
            below = topological([part.node])
            for node in [node for node in inner if node in below and node is not part.node]:
                inner.remove(node)
                self.by_name[self.named[node]] = Part(self.named[node], node, node)
            self.by_name[name] = part
        carried = {self.equations.nodes[name] for name in (*self.equations.states, self.out)}
        whole = [
            part.node
            for part in lines.values()
            if part.node in carried or part.total not in self.affines
        ]
        self.back = Backward(self.equations, whole, complete=True)

    def is_gate(self, name: str) -> bool:
        """Whether a line stays between 0 and 1, whatever the weights."""
        node = self.equations.nodes[name]
        return nonnegative(node) and bounded(node, bounded_states(self.equations))

    @property
    def affines(self) -> dict[Node, Affine]:
        """The pre-activations."""
        return self.cell.layout.back.affines

    def _lines(self) -> Iterator[tuple[str, Part]]:
        for line in self.equations.lines:
            total, functions = line.node, list[str]()
            while total.kind in _UNARY and (total is line.node or total not in self.named):
                functions.append(total.kind)
                (total,) = total.args
            known = total in self.named and total not in self.affines and total is not line.node
            plain = total.kind in _LEAVES or known
            opened = (line.node, ()) if plain else (total, tuple(functions))
            yield line.name, Part(line.name, line.node, *opened)

    def role(self, name: str) -> str:
        """The comment on a part's line; without one, whether it is a state, a gate or a value."""
        note = self.equations.notes.get(name, "")
        if note or name not in self.equations.nodes:
            return note or "pre-activation"
        if name in self.equations.states:
            return "state"
        return "gate" if self.equations.nodes[name].kind == "sigmoid" else "value"

    def title(self, name: str) -> str:
        """A part's role and its name, as a picture's title."""
        role = self.role(name).partition(",")[0]
        whole = role if name == "h" and role == "hidden state" else f"{role} {name}"
        return whole[:1].upper() + whole[1:]

    def gradient(self, part: Part) -> Adjoint:
        """The gradient shown for a part: a state's own, otherwise that of its total."""
        carried = {self.equations.nodes[name] for name in self.back.arriving}
        if part.node not in carried and part.total in self.back.of_affine:
            return self.back.of_affine[part.total]
        return self.back.of[part.node]

    def state_gradient(self, name: str) -> Adjoint | None:
        """The gradient of a state before the token; None if nothing reads it."""
        states = (node for node in self.back.of if node.kind == "state" and node.name == name)
        return next((self.back.of[node] for node in states), None)

    @property
    def vectors(self) -> list[str]:
        """The names of the weights that are vectors."""
        return [name for name, shape in self.equations.shapes.items() if len(shape) == 1]

    def vector_gradient(self, name: str) -> Adjoint:
        """The gradient of a vector of weights."""
        vectors = (node for node in self.back.of if node.kind == "vector" and node.name == name)
        return self.back.of[next(vectors)]

    def affine_of(self, part: Part) -> Affine:
        """The pre-activation of a part; if it has none, the one through which memory enters."""
        if part.total in self.affines:
            return self.affines[part.total]
        every, name = [*self.affines.values()], self.recurrent_matrix
        own = [affine for affine in every if any(p.name == name for p in affine.products)]
        return (own or every)[0]

    def summands(self, part: Part) -> list[Summand]:
        """The terms whose sum is the part's total."""
        return [*self._terms(part.total, 1, (), top=True)]

    def _terms(
        self, node: Node, sign: int, factors: tuple[Node, ...], top: bool = False
    ) -> Iterator[Summand]:
        if not top and (node in self.named or node.kind in _LEAVES):
            yield Summand(sign, (*factors, node))
        elif node.kind in ("add", "sub"):
            left, right = node.args
            yield from self._terms(left, sign, factors)
            yield from self._terms(right, sign if node.kind == "add" else -sign, factors)
        elif node.kind == "neg":
            yield from self._terms(node.args[0], -sign, factors)
        elif node.kind == "mul" and (pair := self._scaled(node)):
            yield from self._terms(pair[1], sign, (*factors, pair[0]))
        else:
            yield Summand(sign, tuple(sorted((*factors, *self.factors(node, top)), key=_turn)))

    def _scaled(self, node: Node) -> tuple[Node, Node] | None:
        """A number and the sum that it multiplies, term by term; None for other products."""
        for number, other in (node.args, node.args[::-1]):
            if number.kind == "number" and other not in self.named and other.kind in ("add", "sub"):
                return number, other
        return None

    def factors(self, node: Node, top: bool = False) -> Iterator[Node]:
        """The factors of a product; a divisor d becomes the factor 1 / d."""
        if node.kind not in ("mul", "div") or (node in self.named and not top):
            yield node
            return
        left, right = node.args
        yield from self.factors(left)
        if node.kind == "mul":
            yield from self.factors(right)
        else:
            yield self.graph.div(self.graph.number(1), right)

    # The memory

    @cached_property
    def memory(self) -> Part:
        """The part in which the state is kept: one that adds to a state, or else the output."""
        for part in self.by_name.values():
            for state in self.equations.states:
                own = self.equations.nodes[state] is part.node and not part.functions
                if own and any(self.kept(term, [state]) for term in self.summands(part)):
                    return part
        plain = [self.by_name[name] for name in (self.out, *self.equations.states)]
        return next((p for p in plain if any(map(self.kept, self.summands(p)))), plain[0])

    @cached_property
    def memory_terms(self) -> list[Summand]:
        """The terms of the memory, each of which keeps part of the state or adds to it.

        Sums that do both are expanded, also those of a line, up to ``MOST_TERMS`` terms.
        """
        terms = self.summands(self.memory)
        for _ in range(MOST_TERMS):
            both = ((t, f) for t in terms for f in t.factors if len(self._kept(f)) > 1)
            if (found := next(both, None)) is None:
                break
            term, factor = found
            k, others = terms.index(term), [*term.factors]
            others.remove(factor)
            terms[k : k + 1] = self._terms(factor, term.sign, (*others,), top=True)
        return terms

    @property
    def memory_state(self) -> str:
        """The name of the state that is the memory: p for LRU, whose line is s."""
        node, nodes = self.memory.node, self.equations.nodes
        return next((s for s in self.equations.states if nodes[s] is node), self.memory.name)

    def kept(self, term: Summand, states: Container[str] | None = None) -> bool:
        """Whether a term keeps part of these states, or through a matrix, of any of them.

        The others add to it.
        """
        return any(True in self._kept(factor, states) for factor in term.factors)

    def _kept(self, factor: Node, states: Container[str] | None = None) -> frozenset[bool]:
        """Whether the terms of a factor keep part of the state: both if only some of them do."""

        def value(node: Node, known: Mapping[Node, frozenset[bool]]) -> frozenset[bool]:
            below = [known[arg] for arg in node.args]
            match node.kind:
                case "add" | "sub" if node not in self.affines:
                    return below[0] | below[1]
                case "mul":
                    return frozenset(one or other for one in below[0] for other in below[1])
                case "neg" | "div":
                    return below[0]
                case "state":
                    return frozenset([states is None or node.name in states])
            return frozenset([states is None and node.kind == "product" and node.remembers])

        return fold(factor, value)

    @property
    def plain_matrix(self) -> str:
        """W_hh of a cell that is one function of W_hh h and of the input; else empty."""
        part = self.by_name[self.out]
        affine = self.affines.get(part.total)
        if len(self.by_name) > 1 or not affine or not part.functions:
            return ""
        return next((p.name for p in affine.products if p.args[0].kind == "state"), "")

    @property
    def recurrent_matrix(self) -> str:
        """The recurrent matrix of the candidate, or W_hh."""
        below = topological([self.memory.node])
        squashed = [node for node in below if node.kind == "tanh"]
        for nodes in (topological(squashed), below):
            read = [node for node in nodes if node.kind == "product" and node.remembers]
            # A product inside a sigmoid belongs to a gate.
            gates = topological([node for node in below if node.kind == "sigmoid"])
            own = [node for node in read if node not in gates]
            if own or read:
                return (own or read)[0].name
        return ""


def _turn(factor: Node) -> int:
    """The order of factors in a product: numbers first, then gates, and states last."""
    if factor.kind == "number":
        return 0
    return 1 if nonnegative(factor) else 3 if factor.kind == "state" else 2


@lru_cache(CACHED)
def cell_parts(cell: DerivedCell) -> CellParts:
    """The parts of a cell; cached."""
    return CellParts(cell)


@lru_cache(CACHED)
def memory_states(cell: DerivedCell) -> Sequence[str]:
    """The names of the states that are the memory: c of an LSTM, p and q of an LRU; cached.

    A state belongs to the memory state if each reads the other, not through a
    matrix: they are parts of one number. If the output is kept in no state, all are the memory.
    """
    own, nodes = cell_parts(cell).memory_state, cell.equations.nodes

    def read(name: str) -> set[str]:
        below = topological([nodes[name]], ends=lambda node: node.kind == "product")
        return {node.name for node in below if node.kind == "state"}

    if own not in cell.states:
        return cell.states
    return [s for s in cell.states if s == own or (s in read(own) and own in read(s))]


def memory_norms(gradient: Array, cell: DerivedCell) -> Array:
    """||dL/dm|| (L2) at the memory state, (...), of the gradients of all states (..., S * H)."""
    columns = [cell.states.index(name) for name in memory_states(cell)]
    # In double precision, as squares of float32 overflow.
    parts = gradient.reshape(*gradient.shape[:-1], len(cell.states), -1).astype(float)
    with np.errstate(over="ignore"):
        return np.asarray(np.linalg.norm(parts[..., columns, :], axis=(-2, -1)))


def bounded_states(equations: Equations) -> frozenset[str]:
    """The states that stay between -1 and 1 if they begin there, whatever the weights."""
    known = frozenset(equations.states)
    while failed := {n for n in known if not bounded(equations.nodes[n], known)}:
        known -= failed
    return known


@lru_cache(1024)
def nonnegative(node: Node) -> bool:
    """Whether a value is never negative, whatever the weights."""
    return fold(node, _nonnegative)


def _nonnegative(node: Node, known: Mapping[Node, bool]) -> bool:
    match node.kind:
        case "mul" if node.args[0] is node.args[1]:
            return True
        case "mul" | "add" | "div":
            return all(known[arg] for arg in node.args)
        case "number":
            return node.value >= 0
        case "sub" if node.args[0].is_number(1):
            return known[node.args[1]] and bounded(node.args[1])
    return node.kind in ("sigmoid", "relu", "softplus", "exp", "sqrt", "mask")


@lru_cache(1024)
def bounded(node: Node, states: frozenset[str] = frozenset()) -> bool:
    """Whether a value stays between -1 and 1 if these states do, whatever the weights."""

    def value(node: Node, known: Mapping[Node, bool]) -> bool:
        if node.kind == "mul":
            return all(known[arg] for arg in node.args)
        if parts := blend(node):
            gate, one, other, _ = parts
            return gate.kind == "sigmoid" and known[one] and known[other]
        return (
            node.kind in ("tanh", "sigmoid", "sin", "cos", "mask")
            or (node.kind == "state" and node.name in states)
            or (node.kind == "number" and abs(node.value) <= 1)
        )

    return fold(node, value)


# Cell notation: the values and gradients of a cell as they are written at a token


#: Greek letters and signs for what Python writes out, in this order.
_SIGNS = {
    "sigmoid": "σ", " @ ": " ", " ** 2": "²", " * ": " · ", " - ": " − ", "-": "−", ">=": "≥",
    "<=": "≤",
}  # fmt: skip


def typeset(text: str) -> str:
    """Python's operators and functions in mathematical notation."""
    for python, printed in _SIGNS.items():
        text = text.replace(python, printed)
    return text


def at_token(name: str, t: int) -> str:
    """A name at token ``t``, from 0: h_2; one with an underscore has a comma: a_r,2."""
    return f"{name}{',' if '_' in name else '_'}{t + 1}"


def applied(functions: Sequence[str], text: str) -> str:
    """Functions of a value, the last one first."""
    for function in reversed(functions):
        inner = text[1:-1] if text[:1] == "(" and text[-1:] == ")" else text
        text = f"{typeset(function)}({inner})"
    return text


def untimed(named: Mapping[Node, str]) -> Notation:
    """How values are written without tokens."""
    return Notation(named, lambda _, name: name, lambda name, _: name)


class Notation:
    """How values and gradients are written: symbols count the tokens from 1.

    ``named`` are the values that have a name; ``weight`` writes the name of weights at a token,
    ``at`` any other name.
    """

    def __init__(
        self,
        named: Mapping[Node, str],
        weight: Callable[[int, str], str],
        at: Callable[[str, int], str] = at_token,
    ) -> None:
        self._named, self._weight, self._at = named, weight, at

    def value(self, node: Node, t: int, whole: bool = False) -> str:
        """A value at token ``t``; ``whole`` writes out one that has a name."""
        named = {k: name for k, name in self._named.items() if not (whole and k is node)}
        writer = Writer(
            named, lambda name: self._at(name, t - 1), lambda name: self._at(name, t), str,
            lambda name: self._weight(t, name),
        )  # fmt: skip
        return typeset(writer.value(node))

    def factor(self, node: Node, t: int) -> str:
        """A value as a factor: a sum has brackets."""
        text = self.value(node, t)
        alone = node in self._named or node.kind not in ("add", "sub", "neg")
        return text if alone else f"({text})"

    def inner(self, node: Node, t: int) -> str:
        """A value that a matrix reads: one without a name has brackets."""
        text = self.value(node, t)
        return text if node in self._named or not node.args else f"({text})"

    def gradient(self, adjoint: Adjoint, t: int) -> str:
        """The name of a gradient at token ``t``: dh_2 for d_h, da_r,2 for d_a_r."""
        name = adjoint.name.removeprefix("d_")
        if adjoint.node is not None:
            name = self._named.get(adjoint.node, name)
        return at_token(f"d{name}", t)
