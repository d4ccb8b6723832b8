"""Derive: the backward pass of a cell from its equations, the gradient of every value at a token.

The backward pass is linear in the gradients: each is a sum of gradients of later values, times
factors that are known from the forward pass, and of products with transposed matrices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, count
from typing import NamedTuple

from rnnviz.engine.equations import Equations
from rnnviz.engine.graph import Node, topological


class Affine(NamedTuple):
    """A pre-activation: the sum of products, vectors, and other terms; or one product."""

    node: Node
    products: tuple[Node, ...]
    vectors: tuple[Node, ...]
    others: tuple[tuple[int, Node], ...]  # each with its sign

    @property
    def terms(self) -> list[tuple[int, Node]]:
        """The vectors and the other terms, each with its sign."""
        return [*((1, vector) for vector in self.vectors), *self.others]


@dataclass(eq=False)
class Adjoint:
    """dL/d(node) at a token: the sum of parts and products.

    ``parts`` are gradients with their factors, ``products`` transposed matrices with gradients.
    Without a node it is the gradient of a state from the next token and from the layer above.
    """

    name: str
    node: Node | None = None
    parts: list[tuple[Adjoint, Node]] = field(default_factory=list)
    products: list[tuple[str, Adjoint]] = field(default_factory=list)

    @property
    def arrives(self) -> Adjoint | None:
        """If this is the gradient of a state, its part from the next token and the layer above."""
        parts = (part for part, _ in self.parts)
        return next((p for p in parts if p.node is None and p.name == self.name), None)


class Backward:
    """The backward pass of a cell.

    ``adjoints`` come in the order in which they are computed, those of the states before the token
    and of the vectors of weights last. Values in ``keep`` have an adjoint of their own; others have
    one where paths meet. If ``complete``, values without effect on the loss have one too, without
    parts. ``arriving`` are the gradients from the next token and the layer above, by state. The
    gradients of products with matrices are in ``multiplied``, of pre-activations in ``of_affine``,
    of all values that have one in ``of``.
    """

    def __init__(
        self, equations: Equations, keep: Iterable[Node] = (), complete: bool = False
    ) -> None:
        self._equations, self._graph = equations, equations.graph
        self.order = topological(equations.nodes.values())
        self.affines = {affine.node: affine for affine in affines(equations)}
        self._keep, self._complete = {*keep, *self.affines}, complete
        carried = dict.fromkeys((*equations.states, equations.out))
        self.arriving = {name: Adjoint(f"d_{name}") for name in carried}
        self._edges: dict[Node, dict[Adjoint, Node]] = {node: {} for node in self.order}
        self._taken = {*equations.nodes, *equations.shapes}
        self._products: dict[Node, list[tuple[str, Adjoint]]] = {}
        self.multiplied: list[tuple[Node, Adjoint]] = []
        self.of: dict[Node, Adjoint] = {}
        self.of_affine: dict[Node, Adjoint] = {}
        for name, arriving in self.arriving.items():
            self._give(equations.nodes[name], arriving, self._graph.number(1))
        self.adjoints = [*self._walk()]

    @cached_property
    def named(self) -> dict[Node, str]:
        """The names of values: those of their lines; a pre-activation has the prefix a_."""
        lines = {node: name for name, node in reversed(self._equations.nodes.items())}
        users, names = users_of(self.order), {**lines}
        for node in self.affines:
            if node not in names:
                look = [node]
                for one in look:  # The nearest line that reads it.
                    if one in lines:
                        break
                    look += users.get(one, [])
                names[node] = self._free(f"a_{lines.get(one, f'v{node.index}')}")
        return names

    def _free(self, name: str) -> str:
        names = chain([name], (f"{name}_{k}" for k in count(2)))
        free = next(other for other in names if other not in self._taken)
        self._taken.add(free)
        return free

    def _walk(self) -> Iterator[Adjoint]:
        # From the last value to the first: its readers come before it.
        for node in reversed(self.order):
            parts, products = self._edges[node], self._products.get(node, [])
            own = node.kind in ("state", "vector") or node in self._keep
            onwards = {arg for arg in node.args if arg.kind not in ("number", "input")}
            if not parts and not products and not (own and self._complete):
                continue
            if own or products:
                adjoint = self.of[node] = self._adjoint(node, parts, products)
                if adjoint.node is node:
                    yield adjoint
                self._pass_on(node, {adjoint: self._graph.number(1)})
            elif len(parts) > 1 and len(onwards) > 1:
                adjoint = Adjoint(f"d_{self._name(node)}", node, [*parts.items()])
                yield adjoint
                self._pass_on(node, {adjoint: self._graph.number(1)})
            else:
                self._pass_on(node, parts)

    def _adjoint(
        self, node: Node, parts: dict[Adjoint, Node], products: list[tuple[str, Adjoint]]
    ) -> Adjoint:
        """An adjoint of its own, unless it equals a gradient that arrives."""
        if node.kind not in ("state", "vector") and len(parts) == 1 and not products:
            ((one, factor),) = parts.items()
            if one.node is None and factor.is_number(1):
                return one
        return Adjoint(f"d_{self._name(node)}", node, [*parts.items()], products)

    def _name(self, node: Node) -> str:
        if node.kind in ("state", "vector", "input"):
            return f"{node.name}{'_before' * (node.kind == 'state')}"
        return self.named.get(node) or self._free(f"v{node.index}")

    def _pass_on(self, node: Node, gradients: dict[Adjoint, Node]) -> None:
        """Propagate gradients of ``node`` to its arguments."""
        for arg, slope in self._slopes(node):
            for adjoint, factor in gradients.items():
                self._give(arg, adjoint, self._graph.mul(factor, slope))
        if node in self.affines:
            (adjoint,) = gradients
            self.of_affine[node] = adjoint
            for product in self.affines[node].products:
                self.multiplied.append((product, adjoint))
                self._products.setdefault(product.args[0], []).append((product.name, adjoint))

    def _slopes(self, node: Node) -> list[tuple[Node, Node]]:
        """The arguments of a node, or the terms of a pre-activation, with their derivatives."""
        if node.kind in ("state", "vector", "input", "number"):
            return []
        if node in self.affines:
            terms = self.affines[node].terms
            return [(term, self._graph.number(sign)) for sign, term in terms]
        slopes: dict[Node, Node] = {}
        for arg, slope in zip(node.args, self._graph.slopes(node), strict=True):
            slopes[arg] = self._graph.add(slopes[arg], slope) if arg in slopes else slope
        return [*slopes.items()]

    def _give(self, node: Node, adjoint: Adjoint, factor: Node) -> None:
        """Add a gradient times a factor to those of ``node``."""
        if node.kind in ("number", "input") or factor.is_number(0):
            return
        edges = self._edges[node]
        edges[adjoint] = self._graph.add(edges[adjoint], factor) if adjoint in edges else factor


def users_of(order: Iterable[Node]) -> dict[Node, list[Node]]:
    """The nodes that read each node."""
    users: dict[Node, list[Node]] = {}
    for node in order:
        for arg in dict.fromkeys(node.args):
            users.setdefault(arg, []).append(node)
    return users


def affines(equations: Equations) -> Iterator[Affine]:
    """The pre-activations: the largest sums in which a product is added."""
    order = topological(equations.nodes.values())
    reads = Counter(arg for node in order for arg in node.args)
    whole = {*equations.nodes.values(), *(node for node in order if reads[node] > 1)}
    inside: set[Node] = set()
    for node in reversed(order):
        if node.kind not in ("product", "add", "sub") or node in inside:
            continue
        terms = [*_terms(node, 1, whole, inside)]
        if not any(term.kind == "product" for _, term in terms):
            continue
        added = [term for sign, term in terms if sign > 0]
        summed = [t for t in added if t is node or (t.kind == "product" and t not in whole)]
        # Of two matrices that read the same, the second has a pre-activation of its own.
        products = tuple({term.args[0]: term for term in reversed(summed)}.values())[::-1]
        vectors = tuple(term for term in added if term.kind == "vector")
        whole_sum = (*products, *vectors)
        others = tuple((s, term) for s, term in terms if s < 0 or term not in whole_sum)
        if products:
            inside.update(products if node not in products else ())
            yield Affine(node, products, vectors, others)


def _terms(
    node: Node, sign: int, whole: set[Node], inside: set[Node], top: bool = True
) -> Iterator[tuple[int, Node]]:
    """The terms of a sum with their signs; a value in ``whole`` is one term."""
    if node.kind not in ("add", "sub") or (node in whole and not top):
        yield sign, node
        return
    if not top:
        inside.add(node)
    left, right = node.args
    yield from _terms(left, sign, whole, inside, top=False)
    yield from _terms(right, sign if node.kind == "add" else -sign, whole, inside, top=False)
