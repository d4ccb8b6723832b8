"""Fixed points: where the state stands still, or nearly, while the input is held.

After Sussillo & Barak (2013) and Golub & Sussillo (2018).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rnnviz.analysis.flow_map import FixedInputMap
from rnnviz.analysis.visited_states import VisitedStates
from rnnviz.engine.layer_buffers import Array

#: Up to which speed q a point is fixed, and up to which it is slow.
FIXED, SLOW = 1e-14, 1e-6
#: Points within this distance (L2) are one.
MERGE = 1e-3
#: Points this many times as far from the mean of the visited states as the farthest are dropped.
FAR = 12.0
#: One in so many starts waits until the others are known, and begins between what they found.
_LATER = 4
#: How much noise the starts have, in standard deviations of every unit.
NOISE = 0.1
#: The stream of ``np.random.default_rng((seed, stream))`` that starts are drawn from.
STARTS = 7
#: Seconds of work after which no further start is followed, and after 5/4 of which nothing is done.
LIMIT = 9.0
#: The most Newton steps from a start, and how often a step that doesn't help is halved.
_STEPS, _HALVINGS = 60, 12
#: Below this speed a number of double precision can hardly come closer.
_FLOOR = 1e-28
#: How many of the directions in which a point is left are kept.
_DIRECTIONS = 3
#: How many numbers the Jacobians of the starts that are followed side by side may have.
_NUMBERS = 300_000


class Kind(StrEnum):
    """What becomes of a state near by: it comes back, it leaves, or it lingers."""

    STABLE = "stable"
    SADDLE = "saddle"
    SLOW = "slow"


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """A state (S,) that the map moves with speed q = 1/2 ||h - F(h, x)||^2, at most ``SLOW``.

    ``eigenvalues`` (S,) are those of J = dF/dh there, the largest first; ``directions`` (n, S) of
    length 1, three at most, span what grows fastest, |eigenvalue| >= 1. ``answers`` (C,) are read
    out there; ``starts`` says from how many starts it was reached.
    """

    state: Array
    speed: float
    eigenvalues: Array
    directions: Array
    answers: Array
    starts: int = 1

    @property
    def kind(self) -> Kind:
        """Stable if all |eigenvalues| are below 1, else a saddle; slow if it isn't fixed."""
        if self.speed >= FIXED:
            return Kind.SLOW
        return Kind.SADDLE if self.unstable else Kind.STABLE

    @property
    def unstable(self) -> int:
        """In how many directions a state near by leaves."""
        return int((np.abs(self.eigenvalues) >= 1).sum())

    @property
    def time_constants(self) -> Array:
        """-1 / ln |eigenvalue|, (S,): after how many tokens a distance is e times smaller.

        Negative where it grows, zero where it is gone at once.
        """
        with np.errstate(divide="ignore"):
            constants: Array = -1 / np.log(np.abs(self.eigenvalues))
        return constants + 0.0  # -0 becomes 0

    @property
    def memory(self) -> float:
        """The longest of the time constants of what shrinks, in tokens; 0 if nothing does."""
        shrinking = self.time_constants[np.abs(self.eigenvalues) < 1]
        return float(shrinking.max(initial=0))


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """What was found: points, the stable ones first, then saddles, then slow ones.

    Of the ``starts`` that were followed, of so many ``wanted``, ``outside`` went far from what is
    visited, and ``lost`` came to no point at which the map is slow. ``untold`` points were found
    for which there was no time.
    """

    points: tuple[FixedPoint, ...] = ()
    wanted: int = 0
    starts: int = 0
    outside: int = 0
    lost: int = 0
    untold: int = 0

    @property
    def nbytes(self) -> int:
        """The memory that the points take."""
        return sum(
            point.state.nbytes + point.eigenvalues.nbytes + point.directions.nbytes
            for point in self.points
        )

    def of(self, kind: Kind) -> list[FixedPoint]:
        """The points of one kind."""
        return [point for point in self.points if point.kind is kind]


def first_states(visited: VisitedStates, count: int, seed: int = 0) -> Array:
    """Where to start, (count, S): visited states, and midpoints of two, all with a little noise.

    Saddles lie between the states that a network holds, where it seldom is.
    """
    rng = np.random.default_rng((seed, STARTS))
    states = visited.states
    here, there = states[rng.integers(0, len(states), (2, count))]
    here[1::2] = (here[1::2] + there[1::2]) / 2
    starts: Array = here + NOISE * states.std(axis=0) * rng.standard_normal(here.shape)
    return starts


def middles_of(held: FixedInputMap, points: Sequence[Array], count: int) -> Array:
    """Where to start then, (n, S), n <= ``count``: midpoints of two points found, of stable first.

    Between any two states that are held there is a saddle, and seldom anything else.
    """
    # Of so many the pairs are no more than there may be.
    most = int((1 + math.sqrt(1 + 8 * count)) / 2)
    states = np.array(points).reshape(-1, held.size)
    largest = np.abs(np.linalg.eigvals(held.jacobian(states))).max(axis=1, initial=0)
    chosen = states[np.argsort(largest >= 1, kind="stable")][:most]
    one, other = np.triu_indices(len(chosen), 1)
    middles: Array = (chosen[one] + chosen[other]) / 2
    return middles


class Search:
    """Looks for the fixed points of F(., x), little by little; ``found`` at its end.

    ``progress`` goes from 0 to 1. At the same weights, with the same seed, the same is found,
    unless ``limit`` seconds of work were not enough.
    """

    def __init__(
        self,
        held: FixedInputMap,
        visited: VisitedStates,
        starts: int = 200,
        seed: int = 0,
        limit: float = LIMIT,
    ) -> None:
        self._held, self._visited = held, visited
        self._states = first_states(visited, starts, seed)
        self._speeds, self._followed = np.full(starts, np.inf), 0
        self._reach = FAR * visited.radius + MERGE
        self._steps, self._limit, self._worked = self._search(), limit, 0.0
        self.left, self.progress = True, 0.0
        self.found = FixedPoints()

    def work(self, budget: float) -> bool:
        """Search for about ``budget`` seconds, 0 for not at all; whether something is left."""
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
        middles = middles_of(self._held, [point for point, _ in self._merged()], count - first)
        self._states[first : first + len(middles)] = middles
        yield from self._follow(count)
        yield from self._tell()

    def _follow(self, end: int) -> Iterator[bool]:
        """Follow the starts up to this one, as long as there is time."""
        together = max(1, _NUMBERS // self._held.size**2)
        while self._followed < end and self._worked <= self._limit:
            part = slice(self._followed, min(self._followed + together, end))
            newton = Newton(self._held, self._states[part], self._visited.centre, self._reach)
            yield from self._settle(newton)
            self._states[part], self._speeds[part] = newton.states, newton.speeds
            self._followed = part.stop

    def _settle(self, newton: Newton) -> Iterator[bool]:
        for _ in range(_STEPS):
            if not newton.moving.any():
                break
            newton.step()
            still = int((~newton.moving).sum())
            self.progress = 0.9 * (self._followed + still) / len(self._states)
            yield True

    def _merged(self) -> list[tuple[Array, int]]:
        """The points so far, and from how many starts each was reached."""
        kept = self._near & (self._speeds[: self._followed] <= SLOW)
        return merge(self._states[: self._followed][kept], self._speeds[: self._followed][kept])

    @property
    def _near(self) -> Array:
        """Which of the starts stayed near what is visited."""
        away = np.linalg.norm(self._states[: self._followed] - self._visited.centre, axis=1)
        near: Array = away <= self._reach
        return near

    def _tell(self) -> Iterator[bool]:
        """Say of each point what it is."""
        merged, points = self._merged(), list[FixedPoint]()
        for place, count in merged:
            if self._worked > 1.25 * self._limit:
                break
            points.append(describe(self._held, place, count))
            self.progress = 0.9 + 0.1 * len(points) / len(merged)
            yield True
        points.sort(key=lambda point: (list(Kind).index(point.kind), point.unstable, point.speed))
        slow = self._speeds[: self._followed] <= SLOW
        outside, lost = int((~self._near).sum()), int((self._near & ~slow).sum())
        wanted, untold = len(self._states), len(merged) - len(points)
        self.found = FixedPoints(tuple(points), wanted, self._followed, outside, lost, untold)
        self.progress = 1.0


class Newton:
    """Newton's method for h = F(h, x), from several states (N, S) side by side.

    A step d, (I - J) d = F - h, is halved until the speed q falls. What goes beyond ``reach`` from
    the ``centre`` (S,), or no longer gets slower, is not ``moving`` (N,) any more.
    """

    def __init__(self, held: FixedInputMap, states: Array, centre: Array, reach: float) -> None:
        self._held, self._centre, self._reach = held, centre, reach
        self.states = states.copy()
        self._gaps, self.speeds = self._measure(self.states)
        self.moving = np.isfinite(self.speeds) & (self.speeds > _FLOOR)

    def step(self) -> None:
        """One step of all states that still move."""
        left = np.flatnonzero(self.moving)
        directions = self._directions(left)
        for halving in range(_HALVINGS):
            stayed = self._go(left, directions, 0.5**halving)
            left, directions = left[stayed], directions[stayed]
        self.moving[left] = False
        away = np.linalg.norm(self.states - self._centre, axis=1)
        self.moving &= (self.speeds > _FLOOR) & (away <= self._reach)

    def _measure(self, states: Array) -> tuple[Array, Array]:
        """H - F (N, S), and the speeds (N,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            gaps = states - self._held.step(states)
            return gaps, 0.5 * (gaps**2).sum(axis=1)

    def _directions(self, left: Array) -> Array:
        """The steps (n, S), none longer than ``reach``."""
        slopes = np.eye(self._held.size) - self._held.jacobian(self.states[left])
        gaps = self._gaps[left, :, None]
        try:
            found = -np.linalg.solve(slopes, gaps)[..., 0]
        except np.linalg.LinAlgError:
            found = -(np.linalg.pinv(slopes) @ gaps)[..., 0]
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        shorter: Array = found * np.minimum(1, self._reach / np.maximum(lengths, self._reach))
        return shorter

    def _go(self, left: Array, directions: Array, share: float) -> Array:
        """Go a share of the way where it gets slower; which of the states have to stay, (n,)."""
        if not len(left):
            return np.zeros(0, bool)
        tried = self.states[left] + share * directions
        gaps, speeds = self._measure(tried)
        better = speeds < (1 - 1e-4 * share) * self.speeds[left]
        went = left[better]
        self.states[went], self._gaps[went] = tried[better], gaps[better]
        self.speeds[went] = speeds[better]
        return ~better


def merge(states: Array, speeds: Array) -> list[tuple[Array, int]]:
    """Of states (N, S) within ``MERGE`` of each other the slowest, and how many there are."""
    merged: list[tuple[Array, int]] = []
    order = np.argsort(speeds, kind="stable")
    while len(order):
        first = states[order[0]]
        same = np.linalg.norm(states[order] - first, axis=1) <= MERGE
        merged.append((first, int(same.sum())))
        order = order[~same]
    return merged


def describe(held: FixedInputMap, state: Array, starts: int = 1) -> FixedPoint:
    """What there is to say of a point (S,) at which the map is slow."""
    gap = state - held.step(state[None])[0]
    values, vectors = np.linalg.eig(held.jacobian(state[None])[0])
    order = np.argsort(-np.abs(values), kind="stable")
    values, vectors = values[order], vectors[:, order]
    directions = _directions(values, vectors)
    answers = held.flow.answers(state[None])[0]
    return FixedPoint(state, 0.5 * float(gap @ gap), values, directions, answers, starts)


def _directions(values: Array, vectors: Array) -> Array:
    """What grows fastest, as real directions (n, S) of length 1; a complex pair has two."""
    spans = [
        part
        for value, vector in zip(values, vectors.T, strict=True)
        if abs(value) >= 1 and value.imag >= 0
        for part in ([vector.real, vector.imag] if value.imag > 0 else [vector.real])
    ]
    directions = np.array(spans[:_DIRECTIONS]).reshape(-1, len(values))
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    scaled: Array = directions / np.where(lengths > 0, lengths, 1)
    return scaled
