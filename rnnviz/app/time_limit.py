"""Time limit: how long a cell that somebody wrote, or that came in a link, may be checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rnnviz.engine.cell_check import before_trial
from rnnviz.engine.cell_text import CellError

#: Seconds of CPU time.
CHECK_TIME = 2.0


@contextmanager
def time_limit(gone: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Give up checks in this thread after CHECK_TIME, or once whoever asked is ``gone``."""
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
