"""The exact gradient and the notebook's, compared at the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.batch import Batch, Example, collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import record
from rnnviz.probe.gradients import norms_of, ratio, stacked
from rnnviz.probe.unrolled import Unrolled

#: At most this many tokens, of the first examples, are compared.
_TOKENS = 4_000


@dataclass(frozen=True, eq=False)
class Comparison:
    """L2 norms, cosines and relative errors of the two gradients, by parameter.

    ``errors`` are ||notebook - exact|| / ||exact||. The cosine with a gradient of zero is NaN.
    """

    exact: dict[str, float]
    notebook: dict[str, float]
    cosines: dict[str, float]
    errors: dict[str, float]


@dataclass(frozen=True, eq=False)
class ByLength:
    """Comparisons for the sequences of each length (N,), on ``counts`` (N,) of them."""

    lengths: Array
    counts: Array
    comparisons: tuple[Comparison, ...]

    def table(self, name: str) -> dict[str, Array]:
        """The errors or cosines at every length by parameter, (N,) each."""
        return stacked([getattr(comparison, name) for comparison in self.comparisons])


@dataclass(frozen=True, eq=False)
class ByToken:
    """dL/dh_t by both rules at every token of one sequence: L2 norms and cosines, all (T,).

    The cosine with a gradient of zero is NaN.
    """

    exact: Array
    notebook: Array
    cosines: Array

    @property
    def angles(self) -> Array:
        """The angles between both, in degrees; NaN where there is none."""
        angles: Array = np.degrees(np.arccos(np.clip(self.cosines, -1, 1)))
        return angles


def compare_by_token(parameters: Parameters, batch: Batch, layer: int = -1) -> ByToken:
    """Compare dL/dh_t in one layer at every token of the first sequence of a batch."""
    exact, notebook = (
        Unrolled(record(parameters, batch, rule), layer).dh.copy()
        for rule in (Gradient.EXACT, Gradient.NOTEBOOK)
    )
    cosines = [cosine(one, other) for one, other in zip(exact, notebook, strict=True)]
    one, other = (np.linalg.norm(rows, axis=1) for rows in (exact, notebook))
    return ByToken(one, other, np.array(cosines))


def compare(parameters: Parameters, batch: Batch) -> Comparison:
    """Compare both gradients of the mean loss of these sequences, without truncation."""
    exact, notebook = (
        record(parameters, batch, rule).gradient for rule in (Gradient.EXACT, Gradient.NOTEBOOK)
    )
    difference = norms_of(exact.like(notebook.theta - exact.theta))
    norms = norms_of(exact)
    cosines = {name: cosine(exact[name], notebook[name]) for name in norms}
    errors = {name: ratio(difference[name], norms[name]) for name in norms}
    return Comparison(norms, norms_of(notebook), cosines, errors)


def compare_examples(parameters: Parameters, examples: Sequence[Example]) -> Comparison:
    """The comparison for the mean loss of the examples, or of the first if there are many."""
    return compare(parameters, collate(examples[: compared(examples)]))


def compared(examples: Sequence[Example]) -> int:
    """The number of first examples that are compared."""
    ends = np.cumsum([len(example.inputs) for example in examples])
    return max(1, int(np.searchsorted(ends, _TOKENS, "right")))


def compare_by_length(parameters: Parameters, examples: Sequence[Example]) -> ByLength:
    """The comparison for the sequences of each length."""
    lengths = np.unique([len(example.inputs) for example in examples])
    groups = [[e for e in examples if len(e.inputs) == length] for length in lengths]
    comparisons = tuple(compare_examples(parameters, group) for group in groups)
    return ByLength(lengths, np.array([compared(group) for group in groups]), comparisons)


def cosine(one: Array, other: Array) -> float:
    """The cosine of the angle between two arrays; NaN if one of them is zero."""
    one, other = one.ravel().astype(float), other.ravel().astype(float)
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norms if norms > 0 else float("nan")
