"""What it takes to store a run and to open it: ``python -m benchmarks.run_file``."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

from benchmarks.table import Row, print_table
from rnnviz.config import OptimizerKind, RunConfig
from rnnviz.files.run_file import run_file, run_of
from rnnviz.probe.session import Session

EPOCHS, REPETITIONS = 1000, 5
T = TypeVar("T")


def timed(act: Callable[[], T]) -> tuple[T, float]:
    """The result, and the median of seconds of some repetitions."""
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        result = act()
        times.append(time.perf_counter() - start)
    return result, median(times)


def opened(content: bytes) -> Session:
    """The run in a file as a session, with the weights that it shows."""
    session = run_of(content, "run.rnnviz").session()
    session.inspect()
    return session


def rows(optimizer: OptimizerKind) -> list[Row]:
    """Size of a file, and seconds to write and to open it."""
    session = Session(RunConfig(epochs=EPOCHS, optimizer=optimizer, lr=0.002))
    session.player.advance(EPOCHS)
    content, written = timed(lambda: run_file(session))
    _, read = timed(lambda: opened(content))
    run = f"{EPOCHS} epochs, H = {session.config.hidden}, {optimizer}"
    return [
        Row(f"run as a file: {run}", written, "s", at_most=0.5),
        Row(f"opened again: {run}", read, "s", at_most=0.5),
        Row(f"size: {run}", len(content) / 1e6, "MB", at_most=100),
    ]


def main() -> None:
    """Measure, and print the results with their targets."""
    print_table([*rows(OptimizerKind.SGD), *rows(OptimizerKind.ADAM)])


if __name__ == "__main__":
    main()
