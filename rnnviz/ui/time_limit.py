"""Time limits: how long a cell may be checked, and a picture computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rnnviz.engine.cell_check import before_trial
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.trace import before_pass

#: Seconds of CPU time to check a written cell, or one from a link, and to compute a picture.
CHECK_TIME, PICTURE_TIME = 2.0, 2.0


class TooLongError(Exception):
    """A picture takes longer than PICTURE_TIME."""


@contextmanager
def time_limit(gone: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Abandon checks in this thread after CHECK_TIME, or once the browser is ``gone``."""
    until = time.thread_time() + CHECK_TIME

    def check() -> None:
        if gone() or time.thread_time() > until:
            long = f"comparing its gradient with complex steps takes over {CHECK_TIME:g} seconds"
            raise CellError(1, 1, f"{long}: use fewer matrices or fewer lines")

    token = before_trial.set(check)
    try:
        yield
    finally:
        before_trial.reset(token)


@contextmanager
def picture_limit() -> Iterator[None]:
    """Raise TooLongError before a pass in this thread that begins after PICTURE_TIME."""
    until, outer = time.thread_time() + PICTURE_TIME, before_pass.get()

    def check() -> None:
        outer()
        if time.thread_time() > until:
            raise TooLongError

    token = before_pass.set(check)
    try:
        yield
    finally:
        before_pass.reset(token)
