"""Caches of results: the last one of each question, and those of some networks."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import numpy as np

from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import TrainState

T = TypeVar("T")


class Memo:
    """The last result of each question, valid for the key that it was computed for."""

    def __init__(self) -> None:
        self._results: dict[Hashable, tuple[object, Any]] = {}

    def ask(self, question: Hashable, key: object, answer: Callable[[], T]) -> T:
        """The cached result if it is for ``key``, else that of ``answer()``."""
        if question not in self._results or self._results[question][0] != key:
            # The numbers of a network may overflow; its pictures say so.
            with np.errstate(all="ignore"):
                self._results[question] = key, answer()
        result: T = self._results[question][1]
        return result

    def known(self, question: Hashable, key: object) -> Any:
        """The cached result if it is for ``key``, else None."""
        cached_key, result = self._results.get(question, (None, None))
        return result if cached_key == key else None

    def forget(self, *questions: Hashable) -> None:
        """Drop the cached results of these questions."""
        for question in questions:
            self._results.pop(question, None)


# What was measured of a network, for when its epoch is shown again


def digest(parameters: Parameters) -> bytes:
    """A digest of the weights, which may be large."""
    return blake2b(parameters.theta.tobytes()).digest()


class KeptResults(Generic[T]):
    """The last ``most`` results. Equal weights have the same result, however they were reached."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._results: dict[Hashable, T] = {}
        self._memo = Memo()

    def ask(self, state: TrainState, question: Hashable, answer: Callable[[], T]) -> T:
        """The result of a question about this network: the one that is kept, or ``answer()``."""
        weights = self._memo.ask("digest", state, lambda: digest(state.parameters))
        # Networks of different architectures can have the same weights.
        key = weights, state.parameters.architecture, question
        self._results[key] = result = self._results.pop(key) if key in self._results else answer()
        if len(self._results) > self._most:
            del self._results[next(iter(self._results))]
        return result
