"""Cell notation: the values and gradients of a cell as they are written at a token."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rnnviz.engine.cell_writer import Writer
from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import Node

#: Greek letters and signs for what Python writes out, in this order.
_SIGNS = {
    "sigmoid": "σ", " @ ": " ", " ** 2": "²", " * ": " · ", " - ": " − ", "-": "−", ">=": "≥",
    "<=": "≤",
}  # fmt: skip


def typeset(text: str) -> str:
    """Python's signs as they are printed in books."""
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
