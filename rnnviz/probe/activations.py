"""Activations: the states on the training sequences, their labels and principal components."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise

import numpy as np

from rnnviz.engine.batch import ExampleLike
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.formatting import Names, number, written_values
from rnnviz.probe.passes import draw, read_all, sample
from rnnviz.probe.unrolled import Unrolled


@dataclass(frozen=True, eq=False)
class Activations:
    """N tokens, sequence by sequence: ``words`` (N,), and the ``states`` after each, (N, H).

    ``owners`` (N,) is the index of each token's example, ``steps`` (N,) its index in the sequence.
    ``zero`` is true for a state, which is zero before the first token, and false for a gate, which
    has no value there.
    """

    words: tuple[str, ...]
    states: Array
    owners: Array
    steps: Array
    zero: bool = True

    @property
    def count(self) -> int:
        """The number of sequences."""
        return len(self.starts) - 1

    @cached_property
    def starts(self) -> Array:
        """The index of each sequence's first token, and the end of the last one, (count + 1,)."""
        return np.append(np.flatnonzero(self.steps == 0), len(self.owners))

    def part(self, sequence: int) -> slice:
        """The tokens of one sequence."""
        return slice(int(self.starts[sequence]), int(self.starts[sequence + 1]))

    @property
    def examples(self) -> Array:
        """The index of each sequence's example, (count,)."""
        return self.owners[self.starts[:-1]]

    def drawn(self, most: int) -> Activations:
        """A sample of the sequences with at most ``most`` tokens in all; at least one."""
        mask = np.isin(self.owners, self.examples[draw(np.diff(self.starts), most)])
        words = tuple(np.array(self.words, object)[mask].tolist())
        return Activations(words, self.states[mask], self.owners[mask], self.steps[mask], self.zero)

    @cached_property
    def changes(self) -> Array:
        """The change at each token, h_t - h_{t-1}, (N, H); NaN at a gate's first token."""
        before = np.vstack([np.zeros_like(self.states[:1]), self.states[:-1]])
        before[self.steps == 0] = 0 if self.zero else np.nan
        return np.asarray(self.states - before)

    @cached_property
    def moved(self) -> Array:
        """The tokens at which the change is known, (M,)."""
        return np.flatnonzero((self.steps > 0) | self.zero)

    @cached_property
    def _sorted(self) -> tuple[Array, Array]:
        words, numbers = np.unique(np.array(self.words, object), return_inverse=True)
        return words, numbers

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The distinct words, sorted."""
        return tuple(self._sorted[0].tolist())

    @property
    def numbers(self) -> Array:
        """The index of each token's word in ``vocabulary``, (N,)."""
        return self._sorted[1]

    @property
    def most_informative_word(self) -> str:
        """The word that occurs in closest to half of the sequences."""
        pairs: Array = np.unique(np.column_stack([self.numbers, self.owners]), axis=0)
        shares = np.bincount(pairs[:, 0]) / self.count
        return self.vocabulary[int(np.abs(shares - 0.5).argmin())]

    def occurrences(self, word: str) -> Array:
        """The tokens that are this word and at which the change is known."""
        return self.moved[[self.words[token] == word for token in self.moved]]


def read_activations(
    parameters: Parameters, examples: Sequence[ExampleLike], names: Names, layer: int = -1,
    part: str = "",
) -> Activations:  # fmt: skip
    """The activations of a state or gate of a layer, by default the output.

    They are those on all examples, or on a sample of many.
    """
    part = part or parameters.architecture.out
    indexes = sample(examples)
    read = dict[int, tuple[tuple[str, ...], Array]]()
    for k, trace in read_all(parameters, [examples[index] for index in indexes]):
        unrolled = Unrolled(trace, layer, k)
        read[k] = unrolled.words(names), unrolled.of(part).copy()
    words, states = zip(*(read[k] for k in range(len(indexes))), strict=True)
    lengths = [*map(len, words)]
    return Activations(
        words=tuple(chain.from_iterable(words)),
        states=np.concatenate(states),
        owners=np.repeat(indexes, lengths),
        steps=np.concatenate([np.arange(length) for length in lengths]),
        zero=part in parameters.architecture.cell.states,
    )


#: At most this many classes have a label of their own.
MOST_CLASSES = 8
#: The number of bands of values.
BANDS = 5
#: The label of all other classes.
OTHERS = "others"


@dataclass(frozen=True, eq=False)
class Labels:
    """The label of every token, (N,), and all labels in order.

    If ``ordered``, labels are bands of a value, from the lowest to the highest.
    """

    labels: tuple[str, ...]
    classes: tuple[str, ...]
    ordered: bool = False

    @cached_property
    def numbers(self) -> Array:
        """The index of each token's label in ``classes``, (N,)."""
        index = {name: k for k, name in enumerate(self.classes)}
        return np.array([index[label] for label in self.labels])


def token_targets(activations: Activations, examples: Sequence[ExampleLike]) -> list[Array]:
    """The target at every token, N of them: a class, or values (C,).

    All tokens share a single target at the end. An encoder's tokens have the first target.
    """
    targets: list[Array] = []
    for owner, length in zip(activations.examples, np.diff(activations.starts), strict=True):
        own = examples[owner].targets
        targets += [own[0]] * (length - len(own)) + [*own]
    return targets


def label_tokens(targets: Sequence[Array], classes: Sequence[str]) -> Labels:
    """The labels of tokens by their N targets.

    With more than ``MOST_CLASSES`` classes only the most frequent have labels of their own. With
    more distinct values the labels are bands of the first channel.
    """
    names = [written_values(t) if np.ndim(t) else classes[int(t)] for t in targets]
    counts = Counter(names)
    if np.ndim(targets[0]) and len(counts) > MOST_CLASSES:
        values = np.array([target[0] for target in targets])
        edges = np.linspace(values.min(), values.max(), BANDS + 1)
        bands = [f"{number(low)} … {number(high)}" for low, high in pairwise(edges.tolist())]
        indexes = np.clip(np.searchsorted(edges, values, "right") - 1, 0, BANDS - 1)
        return Labels(tuple(bands[index] for index in indexes), tuple(bands), ordered=True)
    frequent = [name for name, _ in counts.most_common(MOST_CLASSES)]
    labels = tuple(name if name in frequent else OTHERS for name in names)
    others = [OTHERS] * (len(counts) > len(frequent))
    return Labels(labels, (*sorted(frequent), *others))


#: At most this many words have a response.
MOST_WORDS = 40


@dataclass(frozen=True, eq=False)
class Response:
    """The mean change (H, W) of each unit at each of W words, over ``counts`` (W,) tokens.

    ``units`` (H,) is an order of the rows in which similar ones are adjacent; ``words`` are already
    in such an order.
    """

    words: tuple[str, ...]
    means: Array
    counts: Array
    units: Array


def response(
    activations: Activations, most: int = MOST_WORDS, like: Response | None = None
) -> Response:
    """The mean of h_t - h_{t-1} for each of the ``most`` most frequent words.

    Rows and columns have the order of ``like``, a response on the same sequences, or are sorted.
    """
    numbers = activations.numbers[activations.moved]
    counts = np.bincount(numbers, minlength=len(activations.vocabulary))
    frequent = np.sort(np.argsort(-counts, kind="stable")[: min(most, np.count_nonzero(counts))])
    sums = _sums(activations.changes[activations.moved], numbers, len(counts))
    means = (sums[frequent] / counts[frequent, None]).T
    names = [activations.vocabulary[number] for number in frequent]
    columns = [names.index(word) for word in like.words] if like else seriation(means.T).tolist()
    words = tuple(names[column] for column in columns)
    units = like.units if like else seriation(means)
    return Response(words, means[:, columns], counts[frequent][columns], units)


def mean_change(activations: Activations, word: str) -> tuple[Array, int]:
    """The mean of h_t - h_{t-1} at the tokens ``word``, (H,), and their number; NaN if none."""
    tokens = activations.occurrences(word)
    if not len(tokens):
        return np.full(activations.states.shape[1], np.nan), 0
    return activations.changes[tokens].mean(axis=0), len(tokens)


def _sums(rows: Array, groups: Array, count: int) -> Array:
    """The sum of the rows (N, H) of each of ``count`` groups, (count, H)."""
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, groups, rows)
    return sums


def selectivity(activations: Activations, word: str | None = None) -> Array:
    """How much each unit's change depends on the word, or on whether it is ``word``, (H,).

    The square root of the between-group variance, in the unit of the state. For one word it is
    proportional to the distance between the two means. It is not divided by the total variance:
    that would rank units with consistent but tiny changes first.
    """
    groups = activations.numbers
    if word is not None:
        groups = np.isin(np.arange(len(groups)), activations.occurrences(word)).astype(int)
    groups, changes = groups[activations.moved], activations.changes[activations.moved]
    if not len(groups):
        return np.zeros(activations.states.shape[1])
    sizes = np.bincount(groups)
    sums = _sums(changes - changes.mean(axis=0), groups, len(sizes))
    between = (sums**2 / np.maximum(sizes, 1)[:, None]).sum(axis=0)
    return np.asarray(np.sqrt(between / len(groups)))


def seriation(rows: Array) -> Array:
    """An order (H,) of rows (H, W) in which similar ones are adjacent.

    It sorts the Fiedler vector of their cosine similarities (Atkins, Boman and Hendrickson 1998).
    Non-finite entries count as zero.
    """
    rows = np.nan_to_num(rows, nan=0, posinf=0, neginf=0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if len(rows) < 3 or not lengths.any():
        return np.arange(len(rows))
    directions = rows / np.where(lengths > 0, lengths, 1)
    similarity = (1 + directions @ directions.T) / 2
    _, vectors = np.linalg.eigh(np.diag(similarity.sum(axis=1)) - similarity)
    fiedler = vectors[:, 1]
    # The sign of an eigenvector is arbitrary: here the first row is in the first half.
    return np.argsort(fiedler if fiedler[0] <= 0 else -fiedler, kind="stable")


# The principal components of the states


def svd(matrix: Array) -> tuple[Array, Array, Array]:
    """U (M, K), the singular values (K,), the largest first, and V^T (K, N) of an (M, N) matrix.

    LAPACK's divide and conquer does not converge for a few matrices, but does for their transposes.
    """
    try:
        left, sizes, right = np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:
        right, sizes, left = (part.T for part in np.linalg.svd(matrix.T, full_matrices=False))
    return left, sizes, right


#: The number of principal components that are kept.
COMPONENTS = 3
#: With more than this many units, at most this many states are decomposed: a second of work.
_SAMPLE = 1_000
#: The participation ratio takes fourth powers: with larger states they overflow.
LARGEST = 1e70


@dataclass(frozen=True, eq=False)
class Projection:
    """Principal components of states (N, H), fitted at ``epoch``.

    ``mean`` (H,), ``axes`` (K, H) with orthonormal rows, K <= 3, and the ``variances`` of all
    min(N, H) components, the largest first.
    """

    mean: Array
    axes: Array
    variances: Array
    epoch: int = 0

    @property
    def participation(self) -> float:
        """The effective number of dimensions, 1..H: see ``participation_ratio``."""
        return participation_ratio(self.variances)

    def project(self, states: Array) -> Array:
        """The coordinates (..., K) of states (..., H)."""
        return (states - self.mean) @ self.axes.T


def fit(states: Array, epoch: int = 0) -> Projection:
    """Principal component analysis of states (N, H), by singular value decomposition.

    The entry of every axis with the largest absolute value is positive, so signs are not random.
    States that are not finite, or so large that their variances would not be, are left out. For
    very wide states an evenly spaced sample is decomposed.
    """
    states = _finite(states)
    if states.shape[1] > _SAMPLE:
        states = states[:: math.ceil(len(states) / _SAMPLE)]
    mean = states.mean(axis=0)
    _, sizes, axes = svd(states - mean)
    axes = axes[:COMPONENTS]
    largest = np.abs(axes).argmax(axis=1)
    signs = np.where(axes[np.arange(len(axes)), largest] < 0, -1, 1)
    return Projection(mean, axes * signs[:, None], sizes**2 / len(states), epoch)


def participation_ratio(variances: Array) -> float:
    """(sum l)^2 / sum l^2: 1 if one component has all variance, n if n share it equally, or 0."""
    squares = float((variances**2).sum())
    return float(variances.sum()) ** 2 / squares if squares > 0 else 0.0


def variances_of(states: Array) -> Array:
    """The variances of the principal components of states (N, H), (H,), the largest first."""
    states = _finite(states)
    centered = states - states.mean(axis=0)
    return np.maximum(np.linalg.eigvalsh(centered.T @ centered / len(states))[::-1], 0)


@dataclass(frozen=True, eq=False)
class Boundary:
    """The decision boundary in the plane of two axes: normal @ (x, y) + offset = 0.

    The left side is the logit margin of the second class, for states in the plane.
    """

    normal: Array
    offset: float

    def crossings(self, span: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
        """The points where it meets the frame of ``span``, the ends of x and of y, by x.

        The frame is symmetric. There are fewer than two if the boundary doesn't cross it.
        """
        (nx, ny), offset = self.normal.tolist(), self.offset
        points = [(x, -(nx * x + offset) / ny) for x in span[0] if ny]
        points += [(-(ny * y + offset) / nx, y) for y in span[1] if nx]
        right, top = (end * (1 + 1e-9) for _, end in span)
        return sorted({(x, y) for x, y in points if abs(x) <= right and abs(y) <= top})


def boundary(parameters: Parameters, projection: Projection, axes: tuple[int, int]) -> Boundary:
    """The decision boundary of a readout with two classes, for states of the last layer."""
    weights = parameters.W_hy[1] - parameters.W_hy[0]
    bias = float(parameters.b_y[1] - parameters.b_y[0])
    return Boundary(projection.axes[list(axes)] @ weights, float(weights @ projection.mean) + bias)


@dataclass(frozen=True, eq=False)
class Plane:
    """Two axes (from 0) of a basis, and the share of the current variance along each, 0..1.

    ``boundary`` is the decision boundary, if there is one.
    """

    basis: Projection
    axes: tuple[int, int] = (0, 1)
    explained: tuple[float, float] = (0.0, 0.0)
    boundary: Boundary | None = None

    def project(self, states: Array) -> Array:
        """The coordinates (..., 2) of states (..., H)."""
        return self.basis.project(states)[..., list(self.axes)]

    def lift(self, points: Array) -> Array:
        """The states (..., H) of points (..., 2), at the mean along all other axes."""
        return np.asarray(self.basis.mean + points @ self.basis.axes[list(self.axes)])


def plane_of(
    basis: Projection, axes: tuple[int, int], states: Array, line: Boundary | None = None
) -> Plane:
    """The plane of two axes of a basis, with the share of the variance of states (N, H) in it."""
    states = _finite(states)
    total = float(states.var(axis=0).sum())
    shares = basis.project(states).var(axis=0) / (total or 1.0)
    first, second = shares[list(axes)].tolist()
    return Plane(basis, axes, (first, second), line)


def moderate(states: Array) -> bool:
    """Whether all states are finite, and their variances are."""
    return bool((np.abs(states) < LARGEST).all())


def _finite(states: Array) -> Array:
    """The states of (N, H) with finite variances, in double precision; one of zeros if none."""
    finite: Array = states[(np.abs(states) < LARGEST).all(axis=1)].astype(float)
    return finite if len(finite) else np.zeros((1, states.shape[1]))
