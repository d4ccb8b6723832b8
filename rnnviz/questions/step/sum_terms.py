"""Terms: a sum, term by term, and the recorded number that it must equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array


class Term(NamedTuple):
    """One term of a sum: how it is written, its factors, and their product."""

    label: str
    factors: tuple[float, ...]
    value: float

    def times(self, factor: Term) -> Term:
        """The product with another term, which is written first."""
        if not factor.label:
            return self
        label = f"{factor.label} · {self.label}"
        return term(label, (*factor.factors, *self.factors))


#: The factor 1, which is not written.
ONCE = Term("", (), 1.0)


def term(label: str, factors: Sequence[float]) -> Term:
    """The product of some factors."""
    numbers = tuple(map(float, factors))
    return Term(label, numbers, float(np.prod(numbers)))


def products(labels: Sequence[tuple[str, str]], left: Array, right: Array) -> list[Term]:
    """The terms left * right, element by element."""
    pairs = zip(labels, map(float, left), map(float, right), strict=True)
    return [term(" · ".join(label), (x, y)) for label, x, y in pairs]


@dataclass(frozen=True, eq=False)
class Terms:
    """A sum of terms, and the recorded number that it must equal.

    ``then`` says what is computed from it next. ``chosen`` is the label of the selected unit's
    term, if there is exactly one.
    """

    symbol: str
    rows: tuple[Term, ...]
    recorded: float
    then: str
    chosen: str = ""

    @property
    def values(self) -> Array:
        """The terms' values, (n,)."""
        return np.array([row.value for row in self.rows])

    def largest(self, n: int = 20) -> tuple[tuple[Term, ...], tuple[str, float] | None]:
        """The ``n`` largest terms by absolute value, descending, and the name and sum of the rest.

        The chosen term is always included. With at most n + 1 terms: all of them, and None.
        """
        ranked = sorted(self.rows, key=lambda row: -abs(row.value))
        if len(ranked) <= n + 1:
            return tuple(ranked), None
        own = [row for row in ranked[n:] if row.label == self.chosen]
        shown = n - len(own)
        rest = [row.value for row in ranked[shown:] if row not in own]
        return (*ranked[:shown], *own), (f"the other {len(rest)}", float(sum(rest)))
