"""Memo: the last answer to each question."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """Keeps the last answer to each question, with the key that it was asked about."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[object, Any]] = {}

    def ask(self, question: Hashable, key: object, answer: Callable[[], T]) -> T:
        """The answer that is kept, if it is about the same ``key``; else a new one."""
        if question not in self._known or self._known[question][0] != key:
            self._known[question] = key, answer()
        found: T = self._known[question][1]
        return found

    def known(self, question: Hashable, key: object) -> Any:
        """The answer that is kept, if it is about this ``key``; else None."""
        about, answer = self._known.get(question, (None, None))
        return answer if about == key else None

    def forget(self, *questions: Hashable) -> None:
        """Forget the answers to these questions."""
        for question in questions:
            self._known.pop(question, None)
