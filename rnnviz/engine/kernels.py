"""Kernels: functions without arguments that are bound to their arrays, and how they are chained.

They are bound by ``partial``: garbage collection visits each variable of a closure, but no array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

Kernel = Callable[[], object]


def in_order(kernels: Sequence[Kernel]) -> Kernel:
    """One function that runs the kernels in order.

    Two or three are called without a loop, whose overhead is noticeable in small networks.
    """
    match kernels:
        case [only]:
            return only
        case [first, second]:
            return partial(_two, first, second)
        case [first, second, third]:
            return partial(_three, first, second, third)
    return partial(_run, kernels)


def _run(kernels: Sequence[Kernel]) -> None:
    for kernel in kernels:
        kernel()


def _two(first: Kernel, second: Kernel) -> None:
    first()
    second()


def _three(first: Kernel, second: Kernel, third: Kernel) -> None:
    first()
    second()
    third()
