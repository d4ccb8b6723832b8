"""Fixed points: states that a fixed input leaves unchanged, or nearly so.

After Sussillo & Barak (2013) and Golub & Sussillo (2018).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rnnviz.analysis.state_transition import FixedInputMap
from rnnviz.analysis.visited_states import VisitedStates
from rnnviz.engine.layer_buffers import Array

#: Below the first speed q a point is fixed, up to the second it is slow.
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
#: After so many seconds of work no new start is begun; after 5/4 of them no point is described.
LIMIT = 9.0
#: The most Newton steps from a start, and the most halvings of a step.
_STEPS, _HALVINGS = 60, 12
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
    """A state (S,) of speed q = 1/2 ||h - F(h, x)||^2, at most ``SLOW``.

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
            constants: Array = -1 / np.log(np.abs(self.eigenvalues))
        return constants + 0.0  # -0 becomes 0

    @property
    def memory(self) -> float:
        """The longest time constant of the stable directions, in tokens; 0 if there is none."""
        shrinking = self.time_constants[np.abs(self.eigenvalues) < 1]
        return float(shrinking.max(initial=0))


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """The result of a search: points, first stable ones, then saddles, then slow ones.

    Of the ``requested`` starts, ``starts`` were followed: ``outside`` of these went far from the
    visited states, and ``lost`` reached no slow point. ``undescribed`` points were not described:
    time was up.
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
    starts: Array = one + NOISE * states.std(axis=0) * rng.standard_normal(one.shape)
    return starts


def middles_of(fixed_map: FixedInputMap, points: Sequence[Array], count: int) -> Array:
    """Later starts (n, S), n <= ``count``: midpoints of two points, stable points first.

    Between two stable states there is usually a saddle.
    """
    # So many points have at most ``count`` pairs.
    most = int((1 + math.sqrt(1 + 8 * count)) / 2)
    states = np.array(points).reshape(-1, fixed_map.size)
    largest = np.abs(np.linalg.eigvals(fixed_map.jacobian(states))).max(axis=1, initial=0)
    chosen = states[np.argsort(largest >= 1, kind="stable")][:most]
    one, other = np.triu_indices(len(chosen), 1)
    middles: Array = (chosen[one] + chosen[other]) / 2
    return middles


class Search:
    """An incremental search for the fixed points of F(., x); its result is ``found``.

    ``progress`` goes from 0 to 1. The same weights and seed give the same points, unless the search
    takes longer than ``limit`` seconds.
    """

    def __init__(
        self,
        fixed_map: FixedInputMap,
        visited: VisitedStates,
        starts: int = 200,
        seed: int = 0,
        limit: float = LIMIT,
    ) -> None:
        self._map, self._visited = fixed_map, visited
        self._states = first_states(visited, starts, seed)
        self._speeds, self._followed = np.full(starts, np.inf), 0
        self._reach = FAR * visited.radius + MERGE
        self._steps, self._limit, self._worked = self._search(), limit, 0.0
        self.left, self.progress = True, 0.0
        self.found = FixedPoints()

    def work(self, budget: float) -> bool:
        """Search for about ``budget`` seconds, not at all for 0; return whether work is left."""
        began = time.perf_counter()
        worked = self._worked
        while self.left and budget > 0:
            self.left = next(self._steps, False)
            spent = time.perf_counter() - began
            self._worked = worked + spent
            if spent > budget:
                break
        return self.left

    def _search(self) -> Iterator[bool]:
        count = len(self._states)
        first = count - count // _LATER
        yield from self._follow(first)
        middles = middles_of(self._map, [point for point, _ in self._merged()], count - first)
        self._states[first : first + len(middles)] = middles
        yield from self._follow(count)
        yield from self._describe()

    def _follow(self, end: int) -> Iterator[bool]:
        """Follow the starts up to this one, within the time limit."""
        together = max(1, _NUMBERS // self._map.size**2)
        while self._followed < end and self._worked <= self._limit:
            part = slice(self._followed, min(self._followed + together, end))
            newton = Newton(self._map, self._states[part], self._visited.centre, self._reach)
            yield from self._settle(newton)
            self._states[part], self._speeds[part] = newton.states, newton.speeds
            self._followed = part.stop

    def _settle(self, newton: Newton) -> Iterator[bool]:
        for _ in range(_STEPS):
            if not newton.moving.any():
                break
            newton.step()
            ended = int((~newton.moving).sum())
            self.progress = 0.9 * (self._followed + ended) / len(self._states)
            yield True

    def _merged(self) -> list[tuple[Array, int]]:
        """The points so far, and the number of starts that reached each."""
        slow = self._near & (self._speeds[: self._followed] <= SLOW)
        return merge(self._states[: self._followed][slow], self._speeds[: self._followed][slow])

    @property
    def _near(self) -> Array:
        """Whether each start stayed near the visited states, (n,)."""
        away = np.linalg.norm(self._states[: self._followed] - self._visited.centre, axis=1)
        near: Array = away <= self._reach
        return near

    def _describe(self) -> Iterator[bool]:
        merged, points = self._merged(), list[FixedPoint]()
        for state, count in merged:
            if self._worked > 1.25 * self._limit:
                break
            points.append(describe(self._map, state, count))
            self.progress = 0.9 + 0.1 * len(points) / len(merged)
            yield True
        points.sort(key=lambda point: (list(Kind).index(point.kind), point.unstable, point.speed))
        slow = self._speeds[: self._followed] <= SLOW
        outside, lost = int((~self._near).sum()), int((self._near & ~slow).sum())
        requested, undescribed = len(self._states), len(merged) - len(points)
        self.found = FixedPoints(
            tuple(points), requested, self._followed, outside, lost, undescribed
        )
        self.progress = 1.0


class Newton:
    """Newton's method for h = F(h, x), from several states (N, S) at once.

    A step d, (I - J) d = F - h, is halved until the speed q falls. A state is no longer ``moving``
    (N,) beyond ``reach`` from the ``centre`` (S,), or when its speed stops falling.
    """

    def __init__(
        self, fixed_map: FixedInputMap, states: Array, centre: Array, reach: float
    ) -> None:
        self._map, self._centre, self._reach = fixed_map, centre, reach
        self.states = states.copy()
        self._gaps, self.speeds = self._measure(self.states)
        self.moving = np.isfinite(self.speeds) & (self.speeds > _FLOOR)

    def step(self) -> None:
        """Take one step from all moving states."""
        rows = np.flatnonzero(self.moving)
        directions = self._directions(rows)
        for halving in range(_HALVINGS):
            rejected = self._try(rows, directions, 0.5**halving)
            rows, directions = rows[rejected], directions[rejected]
        self.moving[rows] = False
        away = np.linalg.norm(self.states - self._centre, axis=1)
        self.moving &= (self.speeds > _FLOOR) & (away <= self._reach)

    def _measure(self, states: Array) -> tuple[Array, Array]:
        """The gaps h - F, (N, S), and the speeds, (N,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            gaps = states - self._map.step(states)
            return gaps, 0.5 * (gaps**2).sum(axis=1)

    def _directions(self, rows: Array) -> Array:
        """The steps (n, S), none longer than ``reach``."""
        slopes = np.eye(self._map.size) - self._map.jacobian(self.states[rows])
        gaps = self._gaps[rows, :, None]
        try:
            steps = -np.linalg.solve(slopes, gaps)[..., 0]
        except np.linalg.LinAlgError:
            steps = -(np.linalg.pinv(slopes) @ gaps)[..., 0]
        lengths = np.linalg.norm(steps, axis=1, keepdims=True)
        shorter: Array = steps * (self._reach / np.maximum(lengths, self._reach))
        return shorter

    def _try(self, rows: Array, directions: Array, scale: float) -> Array:
        """Take scaled steps where the speed falls; return where it doesn't, (n,)."""
        if not len(rows):
            return np.zeros(0, bool)
        tried = self.states[rows] + scale * directions
        gaps, speeds = self._measure(tried)
        better = speeds < (1 - 1e-4 * scale) * self.speeds[rows]
        taken = rows[better]
        self.states[taken], self._gaps[taken] = tried[better], gaps[better]
        self.speeds[taken] = speeds[better]
        return ~better


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
    answers = fixed_map.flow.answers(state[None])[0]
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
