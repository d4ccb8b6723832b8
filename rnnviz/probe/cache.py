"""Memo: an LRU cache of results for each question."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np

from rnnviz.engine.training import TrainState

T = TypeVar("T")


class Memo:
    """The last ``maxsize`` results of each question, each valid for one key (LRU)."""

    def __init__(self, maxsize: int = 1) -> None:
        self._maxsize = maxsize
        self._results: dict[Hashable, list[tuple[object, Any]]] = {}

    def ask(self, question: Hashable, key: object, answer: Callable[[], T]) -> T:
        """The cached result if there is one for ``key``, else that of ``answer()``."""
        results = self._results.setdefault(question, [])
        found = next((result for result in results if result[0] == key), None)
        if found:
            results.remove(found)
        else:
            # The numbers of a network may overflow, which its pictures show.
            with np.errstate(all="ignore"):
                found = key, answer()
        results.append(found)
        del results[: -self._maxsize]
        return found[1]

    def known(self, question: Hashable, key: object) -> Any:
        """The cached result for ``key``, or None."""
        results = self._results.get(question, ())
        return next((result for other, result in results if other == key), None)

    def forget(self, *questions: Hashable) -> None:
        """Drop the cached results of these questions."""
        for question in questions:
            self._results.pop(question, None)

    def network(self, state: TrainState) -> tuple[object, bytes]:
        """A key that is equal for equal weights, even of different runs; cached."""
        parameters = state.parameters
        # Networks of different architectures can have the same weights.
        return self.ask(
            "network", state,
            lambda: (parameters.architecture, blake2b(parameters.theta.tobytes()).digest()),
        )  # fmt: skip
