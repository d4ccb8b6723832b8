"""BackwardPlan: the calls of backpropagation through time, in order.

First come the factors that are known from the forward pass, for many tokens at once; then the loop
over the tokens, from the last to the first; then gradients that no earlier token needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rnnviz.engine import memory
from rnnviz.engine.derive import Adjoint
from rnnviz.engine.forward_plan import ERRORS, ForwardPlan
from rnnviz.engine.graph import Node, topological
from rnnviz.engine.layout import Layout
from rnnviz.engine.operations import Op, Operand, calls, merged, recycled


class BackwardPlan:
    """The calls of the backward pass.

    ``then`` follow those of the loop if the output's gradient does not go where it is needed.
    ``last`` is the loop's body at the first token, without the gradient of the state before it.
    The gradients of ``vectors`` of weights are sums of products of a gradient and a factor, which
    ``vector_ops`` compute for all tokens at once. ``kept`` are gradients stored for all tokens, in
    addition to the errors and those of states.
    """

    def __init__(self, layout: Layout, forward: ForwardPlan) -> None:
        self.layout, self._stored = layout, forward.stored
        self.factors, self.loop, self.after = list[Op](), list[Op](), list[Op]()
        self.vectors: list[tuple[str, Operand, Operand]] = []
        self.vector_ops: list[Op] = []
        self.kept: list[str] = []
        self._places: dict[Adjoint, Operand] = {}
        self._memo: dict[Node, Operand] = {}
        self._count = 0
        self._loops = {*self._feeding()}
        self._shared = self._counts()
        # The gradient of some states comes from the next token alone: it begins with zero.
        own = {adjoint.name for adjoint in layout.back.adjoints if adjoint.arrives}
        for name, adjoint in layout.back.arriving.items():
            if name != layout.equations.out and adjoint.name not in own:
                gradient = Operand(memory.Stored(adjoint.name))
                self.loop.append(Op("zero", (), gradient))
                self.loop.append(Op("carry", (Operand(memory.Arrival(name)), gradient), gradient))
            self._copy(adjoint)
        for adjoint in layout.back.adjoints:
            self._compute(adjoint)
        self.factors = recycled(merged(self.factors))
        self.loop = recycled(merged(self.loop))
        self.after = recycled(merged(self.after))
        self.vector_ops = recycled(self.vector_ops)
        out = layout.equations.out
        carry = Op("carry", (Operand(memory.Arrival(out)),), Operand(memory.GradientBefore(out)))
        self.then = [carry] * layout.recurs
        self.last = self._without_carry()

    def place(self, adjoint: Adjoint) -> Operand:
        """The array of a gradient."""
        if adjoint.node is None or adjoint.arrives:
            return Operand(memory.Stored(adjoint.name))
        if adjoint.node in self.layout.slots:
            slot = self.layout.slots[adjoint.node]
            return Operand(memory.Stored(ERRORS), slot, slot + 1)
        if adjoint not in self._places:
            self._places[adjoint] = Operand(memory.Stored(f"{adjoint.name} kept"))
            self.kept.append(f"{adjoint.name} kept")
        return self._places[adjoint]

    def _feeding(self) -> Iterator[Adjoint]:
        """Gradients that the token before needs, or that need the next token."""
        out = f"d_{self.layout.equations.out}"
        stack = [
            a
            for a in self.layout.back.adjoints
            if a.node and (a.node.kind == "state" or (a.arrives and a.name != out))
        ]
        seen: set[Adjoint] = set()
        while stack:
            adjoint = stack.pop()
            if adjoint not in seen:
                seen.add(adjoint)
                yield adjoint
                stack += [one for one, _ in adjoint.parts] + [one for _, one in adjoint.products]

    def _copy(self, adjoint: Adjoint) -> None:
        """Copy the gradient of a state to the errors, if the state itself is a pre-activation."""
        for node, other in self.layout.back.of_affine.items():
            slot = self.layout.slots[node]
            if other is adjoint and self.place(adjoint).array != memory.Stored(ERRORS):
                errors = Operand(memory.Stored(ERRORS), slot, slot + 1)
                self._ops(adjoint).append(Op("positive", (self.place(adjoint),), errors))

    def _compute(self, adjoint: Adjoint) -> None:
        node = adjoint.node
        if node is None or node.kind == "input":
            return
        if node.kind == "vector":
            self._vector(adjoint)
            return
        if node.kind == "state":
            self._sum(adjoint, Operand(memory.GradientBefore(node.name)), adjoint.parts)
            return
        place = self.place(adjoint)
        parts = [(one, factor) for one, factor in adjoint.parts if one is not adjoint.arrives]
        alone = node in self.layout.slots and len(parts) == 1 and not adjoint.products
        state = adjoint.name.removeprefix("d_")
        carries = adjoint.arrives is not None and state != self.layout.equations.out
        into = place if alone else None
        self._sum(adjoint, place, parts, into, begun=bool(adjoint.arrives) and not carries)
        if carries:
            self._ops(adjoint).append(Op("carry", (Operand(memory.Arrival(state)), place), place))
        self._copy(adjoint)

    def _ops(self, adjoint: Adjoint) -> list[Op]:
        return self.loop if adjoint in self._loops else self.after

    def _sum(
        self,
        adjoint: Adjoint,
        out: Operand,
        parts: Sequence[tuple[Adjoint, Node]],
        into: Operand | None = None,
        begun: bool = False,
    ) -> None:
        """Add parts and products into ``out``, which holds a part already if ``begun``."""
        ops, terms = self._ops(adjoint), list[tuple[str, tuple[Operand, ...]]]()
        for one, factor in parts:
            gradient = self.place(one)
            if factor.is_number(1) or factor.is_number(-1):
                terms.append(("positive" if factor.value > 0 else "negative", (gradient,)))
            else:
                terms.append(("multiply", (self._factor(factor, into), gradient)))
        if adjoint.products:
            extra = [*terms, *([("positive", (out,))] if begun else [])]
            self._products(adjoint, extra, out, ops)
            return
        for name, args in terms:
            if not begun:
                ops.append(Op(name, args, out))
            elif name != "multiply":
                ops.append(Op("add" if name == "positive" else "subtract", (out, *args), out))
            else:
                temporary = self._temporary()
                ops += [Op(name, args, temporary), Op("add", (out, temporary), out)]
            begun = True

    def _products(
        self,
        adjoint: Adjoint,
        extra: list[tuple[str, tuple[Operand, ...]]],
        out: Operand,
        ops: list[Op],
    ) -> None:
        """Sum up products with the transposed weights, and other parts, in one call."""
        runs = self._runs(adjoint)
        total = sum(stop - first for _, first, stop in runs) + len(extra)
        group, at = memory.SideBySide(adjoint.name, total), 0
        for k, first, stop in runs:
            block, state = self.layout.blocks[k], adjoint.node.name if adjoint.node else ""
            position = block.reads.states.index(state) if block.reads.states else 0
            gates = first - block.first, stop - block.first
            errors = Operand(memory.Stored(ERRORS), first, stop)
            weights = Operand(memory.TransposedWeights(k, *gates, position))
            into = out if total == 1 else Operand(group, at, at + stop - first)
            ops.append(Op("back", (errors, weights), into))
            at += stop - first
        for name, terms in extra:
            ops.append(Op(name, terms, Operand(group, at, at + 1)))
            at += 1
        if total > 1:
            ops.append(Op("total", (Operand(group, 0, total),), out))

    def _runs(self, adjoint: Adjoint) -> list[tuple[int, int, int]]:
        """The blocks that multiply it, each with its neighbouring gates."""
        matrices = {name for name, _ in adjoint.products}
        runs: list[tuple[int, int, int]] = []
        for k, block in enumerate(self.layout.blocks):
            for gate, names in enumerate(block.matrices):
                slot = block.first + gate
                if not matrices & {*names}:
                    continue
                if runs and runs[-1][0] == k and runs[-1][2] == slot:
                    runs[-1] = k, runs[-1][1], slot + 1
                else:
                    runs.append((k, slot, slot + 1))
        return runs

    def _vector(self, adjoint: Adjoint) -> None:
        """The gradient of a vector of weights that is not the bias of a block."""
        name = adjoint.node.name if adjoint.node else ""
        if name not in self.layout.vectors:
            return
        factors, memo = self.factors, self._memo
        self.factors, self._memo = self.vector_ops, {}
        for one, factor in adjoint.parts:
            place = self._factor(factor, None)
            self.vectors.append((name, self.place(one), place))
        self.factors, self._memo = factors, memo

    def _counts(self) -> Counter[Node]:
        """How often the factors read each value."""
        factors = [
            factor
            for adjoint in self.layout.back.adjoints
            if adjoint.node and adjoint.node.kind not in ("vector", "input")
            for _, factor in adjoint.parts
        ]
        made = topological(factors, ends=self._stored.__contains__)
        return Counter(factors) + Counter(
            arg for node in made if node not in self._stored for arg in node.args
        )

    def _known(self, node: Node) -> Operand | None:
        if node.kind == "number":
            return Operand(memory.Number(node.value))
        return self._memo.get(node) or self._stored.get(node)

    def _factor(self, factor: Node, into: Operand | None) -> Operand:
        """The array of a factor, ``into`` if possible; adds the calls that compute it."""
        if known := self._known(factor):
            return known
        order = topological([factor], ends=lambda part: self._known(part) is not None)
        parts = [part for part in order if self._known(part) is None]
        reads = Counter(arg for part in parts for arg in part.args)
        kept = {p: self._keep() for p in parts if self._shared[p] > 1 or reads[p] > 1}
        if into is None and factor not in kept:
            kept[factor] = self._keep()
        places = {factor: into or kept[factor], **kept}
        for part in reversed(parts):
            free = [places[part]]  # its first argument can use the same array
            for arg in part.args:
                if arg not in places and self._known(arg) is None:
                    places[arg] = free.pop() if free else self._temporary()
        for part in parts:
            args = [self._known(arg) or places[arg] for arg in part.args]
            self.factors += calls(part, args, places[part])
        self._memo |= kept
        return places[factor]

    def _keep(self) -> Operand:
        self._count += 1
        return Operand(memory.Factor(self._count))

    def _temporary(self) -> Operand:
        self._count += 1
        return Operand(memory.Temporary(self._count))

    def _without_carry(self) -> list[Op]:
        unstored = memory.GradientBefore | memory.SideBySide | memory.Temporary
        wanted, kept = set[tuple[memory.Array, int]](), list[Op]()
        for op in reversed(self.loop):
            if not isinstance(op.out.array, unstored) or op.out.parts & wanted:
                kept.append(op)
                wanted |= op.reads
        return kept[::-1]
