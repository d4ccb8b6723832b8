"""Kernels: functions without arguments that are bound to their arrays, and how they are chained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Kernel = Callable[[], object]


def in_order(kernels: Sequence[Kernel]) -> Kernel:
    """One function that runs the kernels in order.

    Two or three are called without a loop, whose overhead is noticeable in small networks.
    """
    match kernels:
        case [only]:
            return only
        case [first, second]:

            def both() -> None:
                first()
                second()

            return both
        case [first, second, third]:

            def three() -> None:
                first()
                second()
                third()

            return three

    def run() -> None:
        for kernel in kernels:
            kernel()

    return run


def grouped(steps: Sequence[tuple[Any, ...]]) -> list[tuple[list[tuple[Any, ...]], Kernel | None]]:
    """Split steps after each whose last item is a kernel; return groups of the rest and kernels."""
    groups: list[tuple[list[tuple[Any, ...]], Kernel | None]] = []
    group: list[tuple[Any, ...]] = []
    for *step, then in steps:
        group.append(tuple(step))
        if then:
            groups.append((group, then))
            group = []
    return [*groups, (group, None)] if group else groups
