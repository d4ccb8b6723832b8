"""Linear probe: what a linear map reads from the states, on sequences that it was not fitted to.

After Alain and Bengio (2017); the control with shuffled labels after Hewitt and Liang (2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.length_generalization import wilson

#: The number of folds of the cross-validation, and of shuffled controls.
FOLDS, SHUFFLES = 5, 20
#: At a place with fewer different beginnings, nothing is measured.
FEWEST = 2 * FOLDS
#: The ridge, as a share of the mean variance of the states along their principal components.
RIDGE = 0.01
#: The fixed seed of folds and shuffles, so that they are the same every time.
_SEED = 7


@dataclass(frozen=True, eq=False)
class Readability:
    """The score of the linear probe at each of P ``places``, (P,); NaN where it isn't measured.

    The score is the accuracy, or R² of values. ``guess`` is that of the most frequent class, or of
    the mean, 0; ``shuffled`` (P, SHUFFLES) are those of probes fitted to shuffled labels.
    ``counts`` (P,) are the numbers of different beginnings.
    """

    places: Array
    scores: Array
    guess: Array
    shuffled: Array
    counts: Array
    values: bool = False

    @property
    def intervals(self) -> Array:
        """The 95% intervals of an accuracy (Wilson), (P, 2); NaN for R², and where none is known.

        Each beginning counts as a trial of its own, though the folds share what they are fitted to.
        """
        if self.values:
            return np.full((len(self.scores), 2), np.nan)
        return wilson(self.scores, np.maximum(self.counts, 1))

    @property
    def measured(self) -> bool:
        """Whether there is a score at any place."""
        return bool(np.isfinite(self.scores).any())


def beginnings(words: Sequence[str], steps: Array) -> Array:
    """A number for each of N tokens, (N,): equal where the same words were read up to there.

    ``steps`` (N,) is the index of each token in its sequence. Equal beginnings have equal states.
    """
    known: dict[tuple[int, str], int] = {}
    numbers, before = [], 0
    for word, step in zip(words, steps.tolist(), strict=True):
        before = known.setdefault((before if step else 0, word), len(known) + 1)
        numbers.append(before)
    return np.array(numbers, np.intp)


class Fitting:
    """The cross-validated score of one linear probe for each place, over N tokens, step by step.

    From ``states`` (N, H) it predicts ``labels`` (N,), classes if they are integers, else values.
    Tokens of one group (N,) count once for each label and are never in two folds. Classes of fewer
    than FOLDS of them are left out at that place.
    """

    def __init__(self, states: Array, labels: Array, groups: Array, places: Array) -> None:
        self._tokens, self._of_token = (states, labels, groups), places
        self._places = np.unique(places)
        self._rows: list[_Place] = []

    def step(self) -> bool:
        """Measure one more place; return whether any are left."""
        if len(self._rows) < len(self._places):
            here = self._of_token == self._places[len(self._rows)]
            self._rows.append(_at_place(*(array[here] for array in self._tokens)))
        return len(self._rows) < len(self._places)

    @property
    def progress(self) -> float:
        """The share of the places that is measured, 0..1."""
        return len(self._rows) / max(1, len(self._places))

    @property
    def found(self) -> Readability:
        """The scores at the places measured so far."""
        rows, (_, labels, _) = self._rows, self._tokens
        scores = np.array([row.scores for row in rows]).reshape(len(rows), 1 + SHUFFLES)
        return Readability(
            self._places[: len(rows)],
            scores[:, 0],
            np.array([row.guess for row in rows]),
            scores[:, 1:],
            np.array([row.rows for row in rows], int),
            values=labels.dtype.kind == "f",
        )


class _Place(NamedTuple):
    """The score with the labels and with each of their shuffles, the guess, the number of rows."""

    scores: Array
    guess: float
    rows: int


def _at_place(states: Array, labels: Array, groups: Array) -> _Place:
    _, kept = np.unique(np.column_stack([groups, labels]), axis=0, return_index=True)
    if labels.dtype.kind == "f":
        targets, guess = labels[kept, None], 0.0
    else:
        classes, sizes = np.unique(labels[kept], return_counts=True)
        classes = classes[sizes >= FOLDS]
        kept = kept[np.isin(labels[kept], classes)]
        targets = np.equal.outer(labels[kept], classes).astype(float)
        guess = float(targets.mean(axis=0).max(initial=0)) if len(kept) else 0.0
    if len(kept) < FEWEST or not np.ptp(targets, axis=0).any():
        return _Place(np.full(1 + SHUFFLES, np.nan), np.nan, len(kept))
    rng = np.random.default_rng(_SEED)
    folds = _folds(targets.argmax(axis=1), groups[kept], rng)
    orders = [np.arange(len(kept)), *(_shuffled(folds, rng) for _ in range(SHUFFLES))]
    scores = _scores(states[kept].astype(float), targets[np.array(orders)], folds)
    return _Place(scores, guess, len(kept))


def _folds(classes: Array, groups: Array, rng: np.random.Generator) -> Array:
    """The fold of each row, (N,), each with about the same share of every class.

    Rows of one group are in the same fold.
    """
    _, first, numbers = np.unique(groups, return_index=True, return_inverse=True)
    ranks = np.empty(len(first), np.intp)
    ranks[np.lexsort((rng.random(len(first)), classes[first]))] = np.arange(len(first))
    folds: Array = ranks[numbers] % FOLDS
    return folds


def _shuffled(folds: Array, rng: np.random.Generator) -> Array:
    """A random order of the rows within each fold, which keeps its share of every class."""
    order = np.empty(len(folds), np.intp)
    order[np.argsort(folds, kind="stable")] = np.lexsort((rng.random(len(folds)), folds))
    return order


def _scores(states: Array, targets: Array, folds: Array) -> Array:
    """Accuracy, or R² if there is one column, of K targets (K, N, C), one-hot or values, (K,)."""
    count, rows, columns = targets.shape
    flat = targets.swapaxes(0, 1).reshape(rows, -1)
    predicted = np.empty_like(flat)
    for fold in range(FOLDS):
        test = folds == fold
        predicted[test] = ridge(states[~test], flat[~test], states[test])
    found = predicted.reshape(rows, count, columns).swapaxes(0, 1)
    if columns > 1:
        right: Array = (found.argmax(axis=2) == targets.argmax(axis=2)).mean(axis=1)
        return right
    errors = ((found - targets) ** 2).sum(axis=(1, 2))
    explained: Array = 1 - errors / ((targets - targets.mean(axis=1, keepdims=True)) ** 2).sum(
        (1, 2)
    )
    return explained


def ridge(x: Array, y: Array, asked: Array, strength: float = RIDGE) -> Array:
    """The prediction (M, K) at ``asked`` (M, H) of the ridge regression of y (N, K) on x (N, H).

    W = (X^T X + k I)^-1 X^T Y with both centred, where k is ``strength`` times the mean of the
    diagonal of X^T X: it is the same however large the states are.
    """
    mean, offset = x.mean(axis=0), y.mean(axis=0)
    size = np.abs(x - mean).max()
    if not size:
        return np.broadcast_to(offset, (len(asked), len(offset)))
    # Squares of huge or tiny states would overflow or vanish.
    x, y, asked = (x - mean) / size, y - offset, (asked - mean) / size
    penalty = strength * (x**2).sum() / x.shape[1]
    if len(x) < x.shape[1]:
        weights = x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(len(x)), y)
    else:
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)
    prediction: Array = asked @ weights + offset
    return prediction
