"""Runs of many seeds, two at a time, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import numpy as np

Job = TypeVar("Job")
Result = TypeVar("Result")

SEEDS = range(40)
#: Processes, each on one BLAS thread.
_PROCESSES = 2


def in_parallel(run: Callable[[Job], Result], jobs: Iterable[Job]) -> list[Result]:
    """The result of every job, in their order."""
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        return list(pool.map(run, jobs))


def middle(values: Iterable[float]) -> str:
    """The median with its 95% interval, which needs no assumption: "76.0% (74.1 to 77.9)".

    It lies between order statistics: of 40 values the 14th and the 27th.
    """
    ordered = np.sort(list(values))
    reach = 0.98 * len(ordered) ** 0.5
    low, high = (round(len(ordered) / 2 + side * reach) for side in (-1, 1))
    return f"{np.median(ordered):.1f}% ({ordered[low - 1]:.1f} to {ordered[high]:.1f})"
