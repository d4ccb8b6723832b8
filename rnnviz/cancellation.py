"""Cancellation: work that is no longer needed stops before its next part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CHECK: ContextVar[Callable[[], object]] = ContextVar("check", default=lambda: None)


def check_cancelled() -> None:
    """Called before every recorded pass, scored batch, text that is read and piece of training.

    Raises what the check of this thread raises, see ``cancellable``.
    """
    _CHECK.get()()


@contextmanager
def cancellable(check: Callable[[], object]) -> Iterator[None]:
    """Work that ``check`` cancels by raising an error; checks that surround it come first."""
    outer = _CHECK.get()

    def both() -> None:
        outer()
        check()

    token = _CHECK.set(both)
    try:
        yield
    finally:
        _CHECK.reset(token)
