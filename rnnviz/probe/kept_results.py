"""KeptResults: what was measured of a network, for when its epoch is shown again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from hashlib import blake2b
from typing import Generic, TypeVar

from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import TrainState
from rnnviz.probe.memo import Memo

T = TypeVar("T")


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
