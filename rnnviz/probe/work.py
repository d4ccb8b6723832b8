"""Work within a time budget: generators that yield where they can stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from rnnviz.engine.batch import ExampleLike
from rnnviz.engine.layer_buffers import Array

T = TypeVar("T")
_DONE = object()
#: Seconds that a measurement may take unless the reader asks for more.
FREE_SECONDS = 1.0
#: Weights times tokens of the sequences that are read at once: about five milliseconds.
_CHUNK = 25_000_000
#: The fixed seed of the order in which they are read, as examples are often ordered by class.
_SEED = 7


def spend(budget: float, work: Iterator[object]) -> bool:
    """Go on with ``work`` for about ``budget`` seconds; return whether some is left."""
    until = time.perf_counter() + budget
    return any(time.perf_counter() > until for _ in work)


def completed(work: Generator[object, None, T]) -> T:
    """Do all of ``work``, and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


class WorkBudget:
    """The time spent on one measurement; reset for each ``key``.

    It gets ``FREE_SECONDS`` by itself, and the rest only when the reader asks for it.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._spent = 0.0
        #: Whether the reader asked for the rest, and whether some is left that must be asked for.
        self.asked = self.waiting = False

    def limit(self, key: object, work: Iterator[object]) -> Iterator[None]:
        """Go on with ``work`` while it may; yields where it yields."""
        if key != self._key:
            self._key, self._spent, self.asked, self.waiting = key, 0.0, False, False
        begun = time.perf_counter()
        while not self.waiting:
            if next(work, _DONE) is _DONE:
                self.asked = False
                return
            self._spent += time.perf_counter() - begun
            self.waiting = not self.asked and self._spent > FREE_SECONDS
            if not self.waiting:
                yield
                begun = time.perf_counter()

    def ask(self) -> None:
        """Let it go on to the end."""
        self.asked, self.waiting = True, False

    def cancel(self) -> None:
        """Stop it until the reader asks again."""
        self.asked, self.waiting = False, True

    @property
    def condition(self) -> tuple[bool, bool]:
        """What the buttons show."""
        return self.asked, self.waiting


@dataclass(eq=False)
class Throttle:
    """When costly work may be done again, by key: each gets at most a ``share`` of the time.

    What takes up to ``cheap`` seconds never waits, and nothing waits longer than ``longest``.
    """

    share: float
    cheap: float = 0.0
    longest: float = math.inf
    _next: dict[str, float] = field(default_factory=dict)

    def allows(self, key: str, now: float) -> bool:
        """Whether the work ``key`` may be done at time ``now``."""
        return now >= self._next.get(key, -math.inf)

    def note(self, key: str, now: float, seconds: float) -> None:
        """Note that it was done, and how long it took."""
        wait = seconds * (1 / self.share - 1) if seconds > self.cheap else 0.0
        self.hold(key, now + min(wait, self.longest))

    def hold(self, key: str, until: float) -> None:
        """Don't allow it before the time ``until``."""
        self._next[key] = until

    def forget(self, keys: Collection[str]) -> None:
        """Allow these at once."""
        for key in keys:
            self._next.pop(key, None)


def lengths_of(examples: Sequence[ExampleLike]) -> Array:
    """The number of tokens that are read of each example, (N,)."""
    return np.array([len(e.inputs) + (0 if e.source is None else len(e.source)) for e in examples])


def chunk_indexes(examples: Sequence[ExampleLike], weights: int) -> list[Array]:
    """The indexes of chunks of examples for a network with this number of weights.

    Each chunk is a random sample, so the first ones are already representative.
    """
    order = np.random.default_rng(_SEED).permutation(len(examples))
    tokens = lengths_of(examples)[order]
    ends = np.flatnonzero(np.diff(weights * np.cumsum(tokens) // _CHUNK)) + 1
    return [np.sort(chunk) for chunk in np.split(order, ends)]


class ChunkedRead(Generic[T]):
    """The ``results`` of the chunks read so far; the first chunk is read at once."""

    def __init__(self, chunks: Sequence[Array], read: Callable[[Array], T]) -> None:
        self._left, self._read = [*chunks], read
        self.results: list[T] = []
        self._next()

    def _next(self) -> None:
        with np.errstate(all="ignore"):
            self.results.append(self._read(self._left.pop(0)))

    def develop(self) -> Iterator[None]:
        """Read on; yields before each chunk."""
        while self._left:
            yield
            self._next()
