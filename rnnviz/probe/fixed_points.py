"""Fixed points: states that a fixed input leaves unchanged, or nearly so.

After Sussillo & Barak (2013) and Golub & Sussillo (2018): zeros and local minima of the speed q.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.state_transition import FixedInputMap, VisitedStates

#: Below the first speed q a point is fixed; a local minimum of q up to the second is slow.
FIXED, SLOW = 1e-14, 1e-6
#: Points within this distance (L2) are merged.
MERGE = 1e-3
#: Points farther from the mean than this multiple of the visited states' radius are dropped.
FAR = 12.0
#: Every n-th start is followed last, from the midpoint of two points already found.
_LATER = 4
#: Standard deviation of the starts' noise, in standard deviations of every unit.
NOISE = 0.1
#: The stream of ``np.random.default_rng((seed, stream))`` that draws the starts.
STARTS = 7
#: Seconds after which no new start is begun; at least a quarter more are left to describe points.
LIMIT = 9.0
#: At a local minimum of q its gradient is at most this share of ||h - F||.
FLAT = 1e-6
#: The most steps from a start.
_STEPS = 200
#: The initial damping, in units of the trace of A^T A; its factors after an accepted and after a
#: rejected step; its minimum; and its maximum, at which a state is given up.
_DAMPING, _LESS, _MORE, _LEAST, _MOST = 1e-4, 0.2, 4.0, 1e-15, 1e12
#: During a search a state may be this many times larger than any visited state.
_SLACK = 2.0
#: Below this speed double precision ends the search.
_FLOOR = 1e-28
#: At most this many unstable directions are kept.
_DIRECTIONS = 3
#: At most this many numbers are in the Jacobians of the starts that are followed together.
_NUMBERS = 300_000


class Kind(StrEnum):
    """A nearby state returns, leaves in some direction, or moves slowly."""

    STABLE = "stable"
    SADDLE = "saddle"
    SLOW = "slow"


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """A state (S,) of speed q = 1/2 ||h - F(h, x)||^2: fixed, or at a local minimum up to ``SLOW``.

    ``eigenvalues`` (S,) are those of J = dF/dh, the largest first. ``directions`` (n, S), n <= 3,
    of length 1, span the fastest growing directions, |eigenvalue| >= 1. ``answers`` (C,) is the
    readout. ``starts`` is the number of starts that reached the point.
    """

    state: Array
    speed: float
    eigenvalues: Array
    directions: Array
    answers: Array
    starts: int = 1

    @property
    def kind(self) -> Kind:
        """Slow if it isn't fixed; else stable if all |eigenvalues| are below 1, or a saddle."""
        if self.speed >= FIXED:
            return Kind.SLOW
        return Kind.SADDLE if self.unstable else Kind.STABLE

    @property
    def unstable(self) -> int:
        """The number of unstable directions."""
        return int((np.abs(self.eigenvalues) >= 1).sum())

    @property
    def time_constants(self) -> Array:
        """-1 / ln |eigenvalue|, (S,): the tokens in which a distance shrinks e-fold.

        Negative if it grows, zero if it vanishes at once.
        """
        with np.errstate(divide="ignore"):
            return np.asarray(-1 / np.log(np.abs(self.eigenvalues)) + 0.0)  # -0 becomes 0

    @property
    def memory(self) -> float:
        """The longest time constant of the stable directions, in tokens; 0 if there is none."""
        shrinking = self.time_constants[np.abs(self.eigenvalues) < 1]
        return float(shrinking.max(initial=0))


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """The result of a search: points, first stable ones, then saddles, then slow ones.

    Of the ``requested`` starts, ``starts`` were followed: ``outside`` of these ended at states that
    no sequence leads to, or far from the visited ones, and ``lost`` reached no slow point.
    ``undescribed`` points were not described: time was up.
    """

    points: tuple[FixedPoint, ...] = ()
    requested: int = 0
    starts: int = 0
    outside: int = 0
    lost: int = 0
    undescribed: int = 0

    @property
    def nbytes(self) -> int:
        """The memory of the points, in bytes."""
        return sum(p.state.nbytes + p.eigenvalues.nbytes + p.directions.nbytes for p in self.points)

    def of(self, kind: Kind) -> list[FixedPoint]:
        """The points of one kind."""
        return [point for point in self.points if point.kind is kind]


def first_states(visited: VisitedStates, count: int, seed: int = 0) -> Array:
    """Starts (count, S): visited states and midpoints of two of them, with a little noise.

    Midpoints are near saddles, which are between stable states and seldom visited.
    """
    rng = np.random.default_rng((seed, STARTS))
    states = visited.states
    one, other = states[rng.integers(0, len(states), (2, count))]
    one[1::2] = (one[1::2] + other[1::2]) / 2
    return np.asarray(one + NOISE * states.std(axis=0) * rng.standard_normal(one.shape))


def middles_of(fixed_map: FixedInputMap, points: Sequence[Array], count: int) -> Array:
    """Later starts (n, S), n <= ``count``: midpoints of two points, stable points first.

    Between two stable states there is usually a saddle.
    """
    # The most points with at most ``count`` pairs.
    most = int((1 + math.sqrt(1 + 8 * count)) / 2)
    states = np.array(points).reshape(-1, fixed_map.size)
    largest = np.abs(np.linalg.eigvals(fixed_map.jacobian(states))).max(axis=1, initial=0)
    chosen = states[np.argsort(largest >= 1, kind="stable")][:most]
    one, other = np.triu_indices(len(chosen), 1)
    return np.asarray((chosen[one] + chosen[other]) / 2)


class Search:
    """An incremental search for the fixed points of F(., x); its result is ``found``.

    ``progress`` goes from 0 to 1. The same weights and seed give the same points, unless the search
    takes longer than ``limit`` seconds.
    """

    def __init__(
        self, fixed_map: FixedInputMap, visited: VisitedStates, starts: int = 200, seed: int = 0,
        limit: float = LIMIT,
    ) -> None:  # fmt: skip
        self._map, self._visited = fixed_map, visited
        self._states = first_states(visited, starts, seed)
        self._speeds, self._flat = np.full(starts, np.inf), np.zeros(starts, bool)
        self._followed = 0
        self._reach = FAR * visited.radius + MERGE
        self._steps, self._limit, self._worked = self._search(), limit, 0.0
        self.left, self.progress = True, 0.0
        self.found = FixedPoints()

    def work(self) -> Iterator[None]:
        """Search to the end; yields before each part."""
        while self.left:
            yield
            began = time.perf_counter()
            self.left = next(self._steps, False)
            self._worked += time.perf_counter() - began

    def _search(self) -> Iterator[bool]:
        count = len(self._states)
        first = count - count // _LATER
        yield from self._follow(first)
        middles = middles_of(self._map, [point for point, _ in self._merged()], count - first)
        self._states[first : first + len(middles)] = middles
        yield from self._follow(count)
        yield from self._describe()

    def _follow(self, end: int) -> Iterator[bool]:
        together = max(1, _NUMBERS // self._map.size**2)
        while self._followed < end and self._worked <= self._limit:
            part = slice(self._followed, min(self._followed + together, end))
            search = LevenbergMarquardt(
                self._map, self._states[part], self._visited.centre, self._reach
            )
            for _ in range(_STEPS):
                if not search.moving.any():
                    break
                search.step()
                ended = int((~search.moving).sum())
                self.progress = 0.9 * (self._followed + ended) / len(self._states)
                yield True
            self._states[part], self._speeds[part] = search.states, search.speeds
            self._flat[part] = search.flat
            self._followed = part.stop

    def _merged(self) -> list[tuple[Array, int]]:
        """The points so far, and the number of starts that reached each."""
        return merge(self._states[self._ended], self._speeds[self._ended])

    @property
    def _inside(self) -> Array:
        """Whether each start ended at a possible state near the visited ones, (N,)."""
        away = np.linalg.norm(self._states - self._visited.centre, axis=1)
        possible = (np.abs(self._states) <= self._map.flow.bound + MERGE).all(axis=1)
        inside: Array = possible & (away <= self._reach)
        return inside

    @property
    def _ended(self) -> Array:
        """Whether each start ended at a fixed point or a slow one, (N,)."""
        slow = self._flat & (self._speeds <= SLOW)
        return self._inside & (slow | (self._speeds < FIXED))

    def _describe(self) -> Iterator[bool]:
        merged, points = self._merged(), list[FixedPoint]()
        # The last starts may have taken much longer than the limit.
        end = max(self._worked, self._limit) + self._limit / 4
        for state, count in merged:
            if self._worked >= end:
                break
            points.append(describe(self._map, state, count))
            self.progress = 0.9 + 0.1 * len(points) / len(merged)
            yield True
        points.sort(key=lambda point: (list(Kind).index(point.kind), point.unstable, point.speed))
        inside = self._inside[: self._followed]
        outside, lost = int((~inside).sum()), int((inside & ~self._ended[: self._followed]).sum())
        requested, undescribed = len(self._states), len(merged) - len(points)
        self.found = FixedPoints(
            tuple(points), requested, self._followed, outside, lost, undescribed
        )
        self.progress = 1.0


class LevenbergMarquardt:
    """Minimise the speed q = 1/2 ||r||^2, r = h - F(h, x), from several states (N, S) at once.

    A step d solves (A^T A + damping I) d = -A^T r, A = dr/dh = I - J. It is taken if q falls; then
    the damping decreases, else it grows (Marquardt 1963). A state stops ``moving`` (N,) at a fixed
    point, at a local minimum of q, farther than ``reach`` from the ``centre`` (S,), or outside the
    bounds of a state.
    """

    def __init__(
        self, fixed_map: FixedInputMap, states: Array, centre: Array, reach: float
    ) -> None:
        self._map, self._centre, self._reach = fixed_map, centre, reach
        self.states, count = states.copy(), len(states)
        self._residuals, self.speeds = self._measure(states)
        self._slopes = np.zeros((count, fixed_map.size, fixed_map.size))
        self._gradients, self._damping = np.zeros(states.shape), np.full(count, _DAMPING)
        self._differentiate(np.isfinite(self.speeds))
        self.moving = self._left() & np.isfinite(self.speeds)

    @property
    def flat(self) -> Array:
        """Whether the gradient of q is so small that a state is at a minimum, (N,)."""
        sizes = np.sqrt(2 * self.speeds)
        return np.asarray(np.linalg.norm(self._gradients, axis=1) <= FLAT * sizes)

    def step(self) -> None:
        """Try one step from all moving states."""
        rows = np.flatnonzero(self.moving)
        tried = self.states[rows] + self._steps(rows)
        residuals, speeds = self._measure(tried)
        better = speeds < self.speeds[rows]
        taken = rows[better]
        self.states[taken], self._residuals[taken] = tried[better], residuals[better]
        self.speeds[taken] = speeds[better]
        self._differentiate(taken)
        damping = self._damping[rows] * np.where(better, _LESS, _MORE)
        self._damping[rows] = np.maximum(damping, _LEAST)
        self.moving &= self._left()

    def _measure(self, states: Array) -> tuple[Array, Array]:
        """The residuals r, (N, S), and the speeds, (N,)."""
        with np.errstate(all="ignore"):
            residuals = states - self._map.step(states)
            return residuals, 0.5 * (residuals**2).sum(axis=1)

    def _differentiate(self, rows: Array) -> None:
        """A and the gradient of q, A^T r."""
        slopes = np.eye(self._map.size) - self._map.jacobian(self.states[rows])
        self._slopes[rows] = slopes
        self._gradients[rows] = (self._residuals[rows][:, None] @ slopes)[:, 0]

    def _steps(self, rows: Array) -> Array:
        """The steps (n, S); zero where none can be computed."""
        slopes = self._slopes[rows]
        products = slopes.transpose(0, 2, 1) @ slopes
        sizes = self._damping[rows] * np.trace(products, axis1=1, axis2=2)
        products += sizes[:, None, None] * np.eye(self._map.size)
        try:
            return -np.linalg.solve(products, self._gradients[rows, :, None])[..., 0]
        except np.linalg.LinAlgError:
            return np.zeros((len(rows), self._map.size))

    def _left(self) -> Array:
        away = np.linalg.norm(self.states - self._centre, axis=1)
        inside = (np.abs(self.states) <= _SLACK * self._map.flow.bound).all(axis=1)
        ends = self.flat | (self.speeds <= _FLOOR) | (self._damping > _MOST)
        return np.asarray(~ends & inside & (away <= self._reach))


def merge(states: Array, speeds: Array) -> list[tuple[Array, int]]:
    """The slowest of all states (N, S) within ``MERGE`` of each other, and their number."""
    merged: list[tuple[Array, int]] = []
    order = np.argsort(speeds, kind="stable")
    while len(order):
        first = states[order[0]]
        same = np.linalg.norm(states[order] - first, axis=1) <= MERGE
        merged.append((first, int(same.sum())))
        order = order[~same]
    return merged


def describe(fixed_map: FixedInputMap, state: Array, starts: int = 1) -> FixedPoint:
    """The fixed or slow point at a state (S,)."""
    gap = state - fixed_map.step(state[None])[0]
    values, vectors = np.linalg.eig(fixed_map.jacobian(state[None])[0])
    order = np.argsort(-np.abs(values), kind="stable")
    values, vectors = values[order], vectors[:, order]
    directions = _directions(values, vectors)
    answers = fixed_map.flow.answers(state[None], fixed_map.inputs)[0]
    return FixedPoint(state, 0.5 * float(gap @ gap), values, directions, answers, starts)


def _directions(values: Array, vectors: Array) -> Array:
    """The fastest growing directions (n, S), real, of length 1; a complex pair has two."""
    spans = [
        part
        for value, vector in zip(values, vectors.T, strict=True)
        if abs(value) >= 1 and value.imag >= 0
        for part in ([vector.real, vector.imag] if value.imag > 0 else [vector.real])
    ]
    directions = np.array(spans[:_DIRECTIONS]).reshape(-1, len(values))
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    return directions / np.where(lengths > 0, lengths, 1)
