"""Cell writer: the values of a cell's graph as Python, in as few brackets as can be read safely."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import Node, topological

#: How tightly an operation binds: a sum, a product with a matrix, others, a sign, a power, a name.
_SUM, _MATRIX, _PRODUCT, _SIGN, _POWER, _NAME = range(1, 7)
_OPERATIONS = {
    "add": ("+", _SUM), "sub": ("-", _SUM), "mul": ("*", _PRODUCT), "div": ("/", _PRODUCT),
}  # fmt: skip
#: Functions that NumPy has under the same name.
_NUMPY = {"tanh", "exp", "log", "sqrt", "cos", "sin", "where"}


def called(function: str) -> str:
    """A function's name in a script: NumPy's, or its own."""
    if function == "max":
        return "np.maximum"
    return f"np.{function}" if function in _NUMPY else function


class _Text(NamedTuple):
    """A value as Python, and how tightly it binds."""

    text: str
    binding: int = _NAME

    def inside(self, binding: int) -> str:
        """The text, in brackets if it binds less tightly."""
        return f"({self.text})" if self.binding < binding else self.text


class Writer:
    """Writes values and gradients.

    ``names`` are values that have a name. ``before`` writes a state before the token, ``here`` a
    name at it: a line, the input, or a gradient that is kept. ``call`` writes a function's name,
    ``weight`` that of a matrix or of a vector of weights.
    """

    def __init__(
        self,
        names: Mapping[Node, str],
        before: Callable[[str], str],
        here: Callable[[str], str],
        call: Callable[[str], str] = called,
        weight: Callable[[str], str] = str,
    ) -> None:
        self._names, self._before, self._here, self._call = names, before, here, call
        self._weight = weight

    def value(self, node: Node) -> str:
        """A value."""
        return self._text(node).text

    def name(self, adjoint: Adjoint) -> str:
        """A gradient's name."""
        kept = adjoint.node is None or adjoint.arrives
        return self._here(adjoint.name) if kept else adjoint.name

    def gradient(self, adjoint: Adjoint, transposes: bool = True) -> str:
        """The right side of a gradient's equation, without what arrives.

        If it doesn't transpose, matrices are multiplied as in the notebook.
        """
        turned = ".T" if transposes else ""
        arrives = adjoint.arrives
        terms = [self._term(one, factor) for one, factor in adjoint.parts if one is not arrives]
        terms += [f"{matrix}{turned} @ {self.name(one)}" for matrix, one in adjoint.products]
        return " + ".join(terms).replace("+ -", "- ")

    def _term(self, adjoint: Adjoint, factor: Node) -> str:
        """A gradient times its factor."""
        name = self.name(adjoint)
        if factor.is_number(1):
            return name
        if factor.kind == "neg":
            return f"-{self._term(adjoint, factor.args[0])}"
        binding = _SIGN if factor.kind == "div" else _PRODUCT
        return f"{name} * {self._text(factor).inside(binding)}"

    def _text(self, node: Node) -> _Text:
        if node in self._names:
            return _Text(self._here(self._names[node]))
        if node.kind in _OPERATIONS:
            return self._operation(node)
        args = node.args
        match node.kind:
            case "number":
                text = _Text(f"{node.value:.15g}", _NAME if node.value >= 0 else _SIGN)
            case "state" | "input" | "vector" as kind:
                write = {"state": self._before, "input": self._here}.get(kind, self._weight)
                text = _Text(write(node.name))
            case "power":
                text = _Text(f"{self._text(args[0]).inside(_NAME)} ** {node.value:g}", _POWER)
            case "product":  # Python's @ binds like *: only in a sum it has no brackets.
                read = self._text(args[0]).inside(_NAME)
                text = _Text(f"{self._weight(node.name)} @ {read}", _MATRIX)
            case "neg":
                first = args[0]
                while first.kind in ("mul", "div") and first not in self._names:
                    first = first.args[0]
                sign = "-1.0 * " if _is_truth(first) else "-"
                text = _Text(f"{sign}{self._text(args[0]).inside(_PRODUCT)}", _SIGN)
            case "mask":
                text = _Text(f"({self.value(args[0])} {node.name} {self.value(args[1])})")
            case kind:
                values = [*map(self.value, args)]
                if kind == "where":
                    values[:2] = [f"{values[0]} {node.name} {values[1]}"]
                text = _Text(f"{self._call(kind)}({', '.join(values)})")
        return text

    def _operation(self, node: Node) -> _Text:
        (left, right), (sign, binding) = node.args, _OPERATIONS[node.kind]
        if node.kind == "mul" and left is right:
            return _Text(f"{self._text(left).inside(_NAME)} ** 2", _POWER)
        # Numbers first, states last: 0.5 * z * h.
        if node.kind == "mul" and (right.kind == "number" or left.kind == "state"):
            left, right = right, left
        tighter = binding + (node.kind in ("sub", "div"))
        both = self._text(left).inside(binding), self._text(right).inside(tighter)
        # A sum of two truth values would be a truth value.
        counts = binding == _SUM and _is_truth(left) and right.kind != "number"
        return _Text("1.0 * " * counts + f" {sign} ".join(both), binding)


def _is_truth(node: Node) -> bool:
    """Whether it is True or False in NumPy, which can't be subtracted or added."""
    factors = topological([node], ends=lambda below: below.kind != "mul")
    return all(factor.kind in ("mask", "mul") for factor in factors)
