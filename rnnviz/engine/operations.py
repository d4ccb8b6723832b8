"""Operations: NumPy calls on arrays, and how values of the graph become such calls."""

from __future__ import annotations

from typing import NamedTuple

from rnnviz.engine import memory
from rnnviz.engine.graph import Node


class Operand(NamedTuple):
    """An array, or some gates of an array of gates: from ``first`` to before ``stop``."""

    array: memory.Array
    first: int = -1
    stop: int = -1

    @property
    def gates(self) -> int | slice | None:
        """The index of its gates; of a single gate an integer."""
        if self.first < 0:
            return None
        return self.first if self.stop - self.first == 1 else slice(self.first, self.stop)

    @property
    def parts(self) -> set[tuple[memory.Array, int]]:
        """The array with each gate that is read or written."""
        gates = range(self.first, self.stop) if self.first >= 0 else (-1,)
        return {(self.array, gate) for gate in gates}


class Op(NamedTuple):
    """One call, ``out = function(*args)``."""

    function: str
    args: tuple[Operand, ...]
    out: Operand

    @property
    def reads(self) -> set[tuple[memory.Array, int]]:
        """The parts of all arguments."""
        return {part for operand in self.args for part in operand.parts}


#: NumPy's name of each function of the graph that is one call.
CALLS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative",
    "tanh": "tanh", "exp": "exp", "log": "log", "sqrt": "sqrt", "cos": "cos", "sin": "sin",
    "softplus": "softplus", "relu": "relu", "max": "largest",
}  # fmt: skip
COMPARISONS = {">": "greater", ">=": "greater_equal", "<": "less", "<=": "less_equal"}
#: Functions that cost little more than a call, and are computed again where they are needed.
CHEAP = {"add", "sub", "mul", "neg", "mask", "number", "state", "input", "vector"}


def calls(node: Node, args: list[Operand], out: Operand) -> list[Op]:
    """The calls that compute a value from its arguments."""
    half = Operand(memory.Number(0.5))
    match node.kind:
        case "sigmoid":  # (1 + tanh(a / 2)) / 2
            steps = [("multiply", (args[0], half)), ("tanh", (out,)), ("multiply", (out, half))]
            return [Op(name, places, out) for name, places in (*steps, ("add", (out, half)))]
        case "mul" if node.args[0] is node.args[1]:
            return [Op("square", (args[0],), out)]
        case "mask":
            return [Op(COMPARISONS[node.name], tuple(args), out)]
        case "where":
            return [Op(f"where_{COMPARISONS[node.name]}", tuple(args), out)]
        case "power":
            return [Op("power", (args[0], Operand(memory.Number(node.value))), out)]
    return [Op(CALLS[node.kind], tuple(args), out)]


def blend(node: Node) -> tuple[Node, Node, Node, Node] | None:
    """z, p, q and 1 - z of z p + (1 - z) q, which is q + z (p - q): a call less."""
    if node.kind != "add" or any(arg.kind != "mul" for arg in node.args):
        return None
    for one, other in (node.args, node.args[::-1]):
        for rest, q in (other.args, other.args[::-1]):
            if rest.kind == "sub" and rest.args[0].is_number(1) and rest.args[1] in one.args:
                z = rest.args[1]
                return z, one.args[one.args[0] is z], q, rest
    return None


def merged(ops: list[Op]) -> list[Op]:
    """The same work with fewer calls: equal operations on neighbouring gates are merged."""
    rest, result = [*ops], list[Op]()
    while rest:
        op, k = rest.pop(0), 0
        while op.out.first >= 0 and k < len(rest):
            both = _joined(op, rest[k])
            # The second may not read what the first one writes: e1 *= e0, then e2 *= e1.
            if both and not rest[k].reads & op.out.parts and _independent(rest[k], rest[:k]):
                op = both
                del rest[k]
                k = 0
            else:
                k += 1
        result.append(op)
    return result


def _joined(a: Op, b: Op) -> Op | None:
    """One call for two, if their gates are neighbours."""
    for first, second in ((a, b), (b, a)):
        out = _neighbours(first.out, second.out)
        if first.function != second.function or out is None:
            continue
        args = [
            p if p == q and p.first < 0 else _neighbours(p, q)
            for p, q in zip(first.args, second.args, strict=True)
        ]
        if all(args):
            return Op(first.function, tuple(arg for arg in args if arg), out)
    return None


def _neighbours(first: Operand, second: Operand) -> Operand | None:
    if first.array != second.array or first.first < 0 or first.stop != second.first:
        return None
    return Operand(first.array, first.first, second.stop)


def _independent(op: Op, before: list[Op]) -> bool:
    """Whether it can be called before others."""
    reads, writes = op.reads, op.out.parts
    return all(
        not other.out.parts & (reads | writes) and not other.reads & writes for other in before
    )


def recycled(ops: list[Op]) -> list[Op]:
    """The same calls with as few temporary arrays as possible."""
    uses = [
        [p.array for p in (*op.args, op.out) if isinstance(p.array, memory.Temporary)] for op in ops
    ]
    last = {array: k for k, used in enumerate(uses) for array in used}
    free, assigned, count = list[memory.Array](), dict[memory.Array, memory.Array](), 0
    result = list[Op]()
    for k, op in enumerate(ops):
        for array in uses[k]:
            if array not in assigned:
                if not free:
                    free.append(memory.Temporary(count, reused=True))
                    count += 1
                assigned[array] = free.pop()
        args = [p._replace(array=assigned.get(p.array, p.array)) for p in op.args]
        out = op.out._replace(array=assigned.get(op.out.array, op.out.array))
        result.append(Op(op.function, tuple(args), out))
        free += [assigned[array] for array in {*uses[k]} if last[array] == k]
    return result
