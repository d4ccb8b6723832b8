"""The exact gradient against the notebook's, at the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.gradients import norms_of
from rnnviz.config import Gradient
from rnnviz.engine.batch import Batch, Example, collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import record

#: On how many tokens the two gradients are compared, at most; the first examples are taken.
_TOKENS = 4_000


@dataclass(frozen=True, eq=False)
class Comparison:
    """Of every parameter, by name: sizes (L2), cosine and relative error of the two gradients.

    ``errors`` are ||notebook - exact|| / ||exact||. A cosine with a gradient of zero is NaN.
    """

    exact: dict[str, float]
    notebook: dict[str, float]
    cosines: dict[str, float]
    errors: dict[str, float]


@dataclass(frozen=True, eq=False)
class ByLength:
    """The same for sequences of each length (N,), made on ``counts`` (N,) of them."""

    lengths: Array
    counts: Array
    comparisons: tuple[Comparison, ...]

    def table(self, name: str) -> dict[str, Array]:
        """The errors or cosines of every length by parameter, (N,) each."""
        rows: list[dict[str, float]] = [getattr(found, name) for found in self.comparisons]
        return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def compare(parameters: Parameters, batch: Batch) -> Comparison:
    """Both gradients of the mean loss of these sequences, carried back all the way."""
    exact, notebook = (
        record(parameters, batch, rule).gradient for rule in (Gradient.EXACT, Gradient.NOTEBOOK)
    )
    cosines = {name: cosine(exact[name], notebook[name]) for name in exact.named()}
    errors = {name: _error(exact[name], notebook[name]) for name in exact.named()}
    return Comparison(norms_of(exact), norms_of(notebook), cosines, errors)


def compare_examples(parameters: Parameters, examples: Sequence[Example]) -> Comparison:
    """The comparison for the mean loss of the examples, of very many the first."""
    return compare(parameters, collate(examples[: compared(examples)]))


def compared(examples: Sequence[Example]) -> int:
    """How many of the examples, from the first, the comparison is made on."""
    ends = np.cumsum([len(example.inputs) for example in examples])
    return max(1, int(np.searchsorted(ends, _TOKENS, "right")))


def compare_by_length(parameters: Parameters, examples: Sequence[Example]) -> ByLength:
    """The comparison for all sequences of each length that occurs."""
    lengths = np.unique([len(example.inputs) for example in examples])
    alike = [[e for e in examples if len(e.inputs) == length] for length in lengths]
    found = tuple(compare_examples(parameters, group) for group in alike)
    return ByLength(lengths, np.array([compared(group) for group in alike]), found)


def _error(exact: Array, notebook: Array) -> float:
    """Relative to the exact gradient: 0 where both are equal, infinite where only that is zero."""
    difference, size = (float(np.linalg.norm(a)) for a in (notebook - exact, exact))
    if not difference:
        return 0.0
    return difference / size if size else float("inf")


def cosine(one: Array, other: Array) -> float:
    """The cosine of the angle between two arrays; NaN if one of them is zero."""
    one, other = one.ravel().astype(float), other.ravel().astype(float)
    sizes = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / sizes if sizes > 0 else float("nan")
