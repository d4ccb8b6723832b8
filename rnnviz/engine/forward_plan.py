"""ForwardPlan: the calls of a cell's forward pass, for all tokens at once and token by token."""

from __future__ import annotations

from rnnviz.engine import memory
from rnnviz.engine.derive import Affine, users_of
from rnnviz.engine.graph import Node
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
        self._done: set[int] = set()
        self.places: dict[Node, Operand] = {}
        self._needed = self._leaves()
        inside = self._inside()
        self._readers = self._readers_of(inside)
        skipped = inside | self._blended()
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

    def _blended(self) -> set[Node]:
        """Values that are not needed because a blend computes their sum directly."""
        found: set[Node] = set()
        for node in self.layout.back.order:
            if (parts := self._blend(node)) is not None:
                z = parts[0]
                rest = next(
                    n for m in node.args for n in m.args if n.kind == "sub" and n.args[1] is z
                )
                found |= {*node.args}
                if {*self._users[rest]} <= {*node.args}:
                    found.add(rest)
        return found - self._needed - {*self._named}

    def _blend(self, node: Node) -> tuple[Node, Node, Node] | None:
        parts = blend(node)
        # Only if no other value reads the products.
        single = parts and all(len(self._users[arg]) == 1 for arg in node.args)
        return parts if single else None

    def _readers_of(self, inside: set[Node]) -> dict[Node, list[Node]]:
        """The values that read each value; a pre-activation reads all of its terms."""
        readers: dict[Node, list[Node]] = {}
        for node in self.layout.back.order:
            if node in inside:
                continue
            args = node.args
            if affine := self._affines.get(node):
                terms = (*affine.vectors, *(term for _, term in affine.others))
                args = (*terms, *(product.args[0] for product in affine.products))
            for arg in args:
                readers.setdefault(arg, []).append(node)
        return readers

    def _inside(self) -> set[Node]:
        """Sums within a pre-activation, and its products."""
        found: set[Node] = set()
        for affine in self._affines.values():
            ends = {*affine.products, *affine.vectors, *(term for _, term in affine.others)}
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
        """An array for this value alone; its name is such as tanh_c if its line has none."""
        if self._stage[node] == ONCE:
            return memory.Once(f"once {node.index}")
        crosses = any(self._stage[one] != self._stage[node] for one in self._readers.get(node, ()))
        multiplied = any(block.reads.inner is node for block in self.layout.blocks)
        if not (node in self._needed or node in self._named or crosses or multiplied):
            return memory.Temporary(node.index)
        if node in self._named:
            return memory.Stored(self._named[node])
        inner = self._named.get(node.args[0], "") if len(node.args) == 1 else ""
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
            z, p, q = (self.places[part] for part in parts)
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
            early = block.reads.inputs and not block.reads.states
            group: memory.Array = memory.Stored(GATES)
            if turn:
                group = memory.SideBySide(f"block {k}", len(block.matrices))
            self._product(k, group, self.stages[ALL] if early else ops)
            if turn:
                at = slot - block.first
                ops.append(Op("add", (place, Operand(group, at, at + 1)), place))
        bias = layout.bias_of(affine)
        terms = [(1, vector) for vector in affine.vectors if vector.name != bias]
        for sign, term in (*terms, *affine.others):
            if term not in self.places:
                self.places[term] = self._place(term)
            name = "add" if sign > 0 else "subtract"
            ops.append(Op(name, (place, self.places[term]), place))

    def _product(self, k: int, group: memory.Array, ops: list[Op]) -> None:
        if k in self._done:  # A product serves all gates of its block.
            return
        self._done.add(k)
        block = self.layout.blocks[k]
        start = block.first if group == memory.Stored(GATES) else 0
        out = Operand(group, start, start + len(block.matrices))
        source = block.reads.inner
        read = Operand(memory.BlockInput(k)) if source is None else self.places[source]
        ops.append(Op("product", (read, Operand(memory.BlockWeights(k))), out))
