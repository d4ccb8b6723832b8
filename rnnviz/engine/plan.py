"""Plans: the calls of a cell's forward pass, and of backpropagation through time, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rnnviz.engine import memory
from rnnviz.engine.derive import Adjoint, Affine, users_of
from rnnviz.engine.graph import Node, topological
from rnnviz.engine.layout import Layout
from rnnviz.engine.operations import CHEAP, Op, Operand, blend, calls, merged, recycled

#: Stages of a pass: values of weights alone; of the inputs, for all tokens at once; by token.
ONCE, ALL, LOOP = range(3)
#: The arrays of all gates and of their gradients. No line has a name with a space.
GATES, ERRORS = "all gates", "all errors"


class ForwardPlan:
    """The calls of the forward pass, and the array of each value.

    ``stages`` are the calls of each stage, ``stored`` the values that the backward pass can read.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout, self.stages = layout, [list[Op](), list[Op](), list[Op]()]
        self._affines = layout.back.affines
        self._named = {node: name for name, node in reversed(layout.equations.nodes.items())}
        carried = (*layout.equations.states, layout.equations.out)
        self._carried = {layout.equations.nodes[name]: name for name in reversed(carried)}
        self._users = users_of(layout.back.order)
        own: dict[str, int] = {"state": LOOP, "input": ALL}
        self._stage: dict[Node, int] = {}
        for node in layout.back.order:
            below = [self._stage[arg] for arg in node.args]
            self._stage[node] = max([own.get(node.kind, ONCE), *below])
        self._done: set[tuple[int, int]] = set()
        self.places: dict[Node, Operand] = {}
        self._needed = self._leaves()
        inside = self._inside()
        skipped = inside | self._blended(inside)
        self._readers = self._readers_of(skipped)
        for node in layout.back.order:
            if node.kind != "input" and node not in skipped:
                self._compute(node)
        for name in carried:
            node = layout.equations.nodes[name]
            if self.places[node] != (out := Operand(memory.Stored(name))):
                self.stages[LOOP].append(Op("positive", (self.places[node],), out))
        self.stages = [recycled(merged(ops)) for ops in self.stages]
        # Of the values that share an array, the last one remains after the pass.
        held = {place: node for node, place in self.places.items()}
        self.stored = {
            node: place for node, place in self.places.items()
            if not isinstance(place.array, memory.Temporary | memory.Number)
            and (held[place] is node or node.kind == "vector")
        }  # fmt: skip

    def _blended(self, inside: set[Node]) -> set[Node]:
        """Values that are not needed because a blend computes their sum directly."""
        found: set[Node] = set()
        for node in self.layout.back.order:
            # A pre-activation adds up its terms one by one, even if two of them are a blend.
            if node not in inside and (parts := self._blend(node)) is not None:
                _, p, q, rest = parts
                found |= {*node.args}
                if {*self._users[rest]} <= {*node.args} and rest not in (p, q):
                    found.add(rest)
        return found - self._needed - {*self._named}

    def _blend(self, node: Node) -> tuple[Node, Node, Node, Node] | None:
        parts = blend(node)
        # Only if no other value reads the products.
        single = parts and all(len(self._users[arg]) == 1 for arg in node.args)
        return parts if single else None

    def _readers_of(self, skipped: set[Node]) -> dict[Node, list[Node]]:
        """The values that read each value; a pre-activation reads all of its terms."""
        readers: dict[Node, list[Node]] = {}
        for node in self.layout.back.order:
            if node in skipped:
                continue
            args = node.args
            if affine := self._affines.get(node):
                terms = [term for _, term in affine.terms]
                args = (*terms, *(product.args[0] for product in affine.products))
            elif parts := self._blend(node):
                args = parts[:3]
            for arg in args:
                readers.setdefault(arg, []).append(node)
        return readers

    def _inside(self) -> set[Node]:
        """Sums within a pre-activation, and its products."""
        found: set[Node] = set()
        for affine in self._affines.values():
            ends = {*affine.products, *(term for _, term in affine.terms)}
            stack = [] if affine.node in affine.products else [*affine.node.args]
            while stack:
                node = stack.pop()
                if node not in ends:
                    found.add(node)
                    stack += node.args
            found |= {p for p in affine.products if p is not affine.node}
            bias = self.layout.bias_of(affine)
            found |= {vector for vector in affine.vectors if vector.name == bias}
        return found

    def _leaves(self) -> set[Node]:
        """Forward values from which the factors of the backward pass are computed."""
        found = set[Node]()
        stack = [factor for adjoint in self.layout.back.adjoints for _, factor in adjoint.parts]
        forward, seen = {*self.layout.back.order}, set[Node]()
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in forward and (
                node.kind not in CHEAP or node in self._named or node in self._affines
            ):
                found.add(node)
            else:
                stack += node.args
        return found

    def _place(self, node: Node) -> Operand:
        match node.kind:
            case "number":
                return Operand(memory.Number(node.value))
            case "vector":
                return Operand(memory.Vector(node.name))
            case "state":
                return Operand(memory.Stored(f"{node.name}_before"))
        if node in self._affines:
            slot = self.layout.slots[node]
            return Operand(memory.Stored(GATES), slot, slot + 1)
        if node in self._carried:
            return Operand(memory.Stored(self._carried[node]))
        # It can overwrite a pre-activation that no other value reads.
        free = [
            arg
            for arg in node.args
            if arg in self._affines and len(self._readers[arg]) == 1
            if arg not in self._needed and arg not in self._named
            if self._stage[arg] == self._stage[node]
        ]
        return self.places[free[0]] if free else Operand(self._own_array(node))

    def _own_array(self, node: Node) -> memory.Array:
        """An array for this value alone; it is named like tanh_c if the value has no name."""
        if self._stage[node] == ONCE:
            return memory.Once(f"once {node.index}")
        crosses = any(self._stage[one] != self._stage[node] for one in self._readers.get(node, ()))
        multiplied = any(block.reads.inner is node for block in self.layout.blocks)
        if not (node in self._needed or node in self._named or crosses or multiplied):
            return memory.Temporary(node.index)
        if node in self._named:
            return memory.Stored(self._named[node])
        # Not for powers: a line may be raised to several exponents.
        alone = len(node.args) == 1 and node.kind != "power"
        inner = self._named.get(node.args[0], "") if alone else ""
        name, taken = f"{node.kind}_{inner}", self.layout.equations.nodes
        return memory.Stored(name if inner and name not in taken else f"value {node.index}")

    def _compute(self, node: Node) -> None:
        place = self.places[node] = self._place(node)
        if node.kind in ("number", "vector", "state"):
            return
        ops = self.stages[self._stage[node]]
        if node in self._affines:
            self._affine(self._affines[node], place, ops)
        elif parts := self._blend(node):
            z, p, q = (self.places[part] for part in parts[:3])
            ops += [Op("subtract", (p, q), place), Op("multiply", (z, place), place)]
            ops.append(Op("add", (q, place), place))
        else:
            ops += calls(node, [self.places[arg] for arg in node.args], place)

    def _affine(self, affine: Affine, place: Operand, ops: list[Op]) -> None:
        """The products that write into the gate, then all that is added."""
        slot, layout = self.layout.slots[affine.node], self.layout
        blocks = [
            (k, block)
            for k, block in enumerate(layout.blocks)
            if block.slots.start <= slot < block.slots.stop
        ]
        # First the block that is computed for all tokens at once.
        blocks.sort(key=lambda pair: not pair[1].reads.inputs or bool(pair[1].reads.states))
        for turn, (k, block) in enumerate(blocks):
            if turn:  # A scratch array, which lives no longer than a stage.
                at, group = slot - block.first, memory.SideBySide(f"block {k}", len(block.matrices))
                self._product(k, group, self._stage[affine.node])
                ops.append(Op("add", (place, Operand(group, at, at + 1)), place))
                continue
            early = block.reads.inputs and not block.reads.states
            # In the stage of the gate that is computed first.
            gates = [*layout.slots][block.slots]
            first = min(self._stage[node] for node in gates)
            self._product(k, memory.Stored(GATES), ALL if early else first)
        bias = layout.bias_of(affine)
        terms = [(1, vector) for vector in affine.vectors if vector.name != bias]
        for sign, term in (*terms, *affine.others):
            if term not in self.places:
                self.places[term] = self._place(term)
            name = "add" if sign > 0 else "subtract"
            ops.append(Op(name, (place, self.places[term]), place))

    def _product(self, k: int, group: memory.Array, stage: int) -> None:
        if (k, stage) in self._done:  # A product serves all gates of its block.
            return
        self._done.add((k, stage))
        block = self.layout.blocks[k]
        start = block.first if group == memory.Stored(GATES) else 0
        out = Operand(group, start, start + len(block.matrices))
        source = block.reads.inner
        read = Operand(memory.BlockInput(k)) if source is None else self.places[source]
        self.stages[stage].append(Op("product", (read, Operand(memory.BlockWeights(k))), out))


# Backpropagation through time


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
        # An array that already holds the gradient that arrives can't take a factor's place.
        into = place if alone and not adjoint.arrives else None
        self._sum(adjoint, place, parts, into, begun=bool(adjoint.arrives) and not carries)
        if carries:
            self._ops(adjoint).append(Op("carry", (Operand(memory.Arrival(state)), place), place))
        self._copy(adjoint)

    def _ops(self, adjoint: Adjoint) -> list[Op]:
        return self.loop if adjoint in self._loops else self.after

    def _sum(
        self, adjoint: Adjoint, out: Operand, parts: Sequence[tuple[Adjoint, Node]],
        into: Operand | None = None, begun: bool = False,
    ) -> None:  # fmt: skip
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
        self, adjoint: Adjoint, extra: list[tuple[str, tuple[Operand, ...]]], out: Operand,
        ops: list[Op],
    ) -> None:  # fmt: skip
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
