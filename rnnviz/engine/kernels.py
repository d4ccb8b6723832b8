"""Kernels: functions without arguments that are bound to their arrays, and how they are chained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
