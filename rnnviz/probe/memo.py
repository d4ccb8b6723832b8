"""Memo: caches the last result of each question."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

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
