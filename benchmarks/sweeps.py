"""What sweeps cost: ``python -m benchmarks.sweeps``, or with ``--small`` fewer and shorter runs.

How many times as fast two workers are as one, on two cores that nothing else uses; what a run costs
besides its training; how large the file of many runs is; and whether four writers lose any.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.table import Row, print_table
from rnnviz.config import RunConfig
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.many_runs import swept
from rnnviz.sweeps.members import Member, attempted
from rnnviz.sweeps.store import Store

#: The size of a file is extrapolated from the first number of runs to the second.
STORED, MANY, EPOCHS = 500, 10_000, 1000
WRITERS, EACH = 4, 250


def like(member: Member, seed: int) -> Member:
    """A run that was not trained: another one's metrics, and losses with other last digits."""
    scores = member.scores.copy()
    scores[:, ::2] *= 1 + 1e-6 * np.random.default_rng(seed).random((len(scores), 2))
    return replace(member, schedule=Schedule(replace(member.config, seed=seed)), scores=scores)


def seconds(configs: Sequence[RunConfig], path: Path, workers: int) -> tuple[float, float]:
    """Seconds of a sweep from its first result on, and those that its runs trained since."""
    times = []
    with closing(Store(path)) as store:
        for member in swept(configs, store, workers=workers):
            times.append((time.perf_counter(), member.seconds))
    # Until then the workers start; of two, the second one's first run has also begun before.
    return times[-1][0] - times[workers - 1][0], sum(own for _, own in times[workers:])


def speed(folder: Path, runs: int, epochs: int) -> Iterator[Row]:
    """Two workers against one, in turns, and the overhead of a run."""
    configs = [RunConfig(epochs=epochs, seed=seed) for seed in range(runs)]
    alone, _ = seconds(configs, folder / "one.sqlite", 1)
    both, _ = seconds(configs, folder / "two.sqlite", 2)
    each = (alone / (runs - 1)) / (both / (runs - 2))
    yield Row(f"{runs} runs on two workers, against one", each, "x", at_least=1.7)
    short = [replace(config, epochs=10) for config in configs]
    whole, trained = seconds(short, folder / "short.sqlite", 1)
    overhead = 1000 * (whole - trained) / (runs - 1)
    yield Row("a run of 10 epochs besides its training", overhead, "ms", at_most=20)


def size(path: Path) -> Row:
    """The file of many runs, extrapolated from a part of them."""
    member = attempted(Schedule(RunConfig(epochs=EPOCHS)))
    assert member is not None
    with closing(Store(path)) as store:
        for seed in range(STORED):
            store.add(like(member, seed))
    megabytes = path.stat().st_size / 1e6 * MANY / STORED
    return Row(f"{MANY:,} runs, of {STORED} ({EPOCHS} epochs)", megabytes, "MB", at_most=200)


def write(path: Path, first: int) -> None:
    """Store some runs, as one of several writers."""
    member = Member(Schedule(RunConfig()), np.ones((31, 4)), np.zeros(1))
    with closing(Store(path)) as store:
        for seed in range(first, first + EACH):
            store.add(like(member, seed))


def writers(path: Path) -> Row:
    """Runs of several writers at once that are not in the file."""
    processes = [
        get_context("spawn").Process(target=write, args=(path, k * EACH)) for k in range(WRITERS)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with closing(Store(path, readonly=True)) as store:
        lost = WRITERS * EACH - len(store.rows())
    return Row(f"{WRITERS} writers at once: lost of {WRITERS * EACH:,}", lost, "runs", at_most=0)


def main() -> None:
    """Measure, and print the results with their targets."""
    runs, epochs = (12, 60) if "--small" in sys.argv else (64, 400)
    with TemporaryDirectory() as name:
        folder = Path(name)
        print_table(speed(folder, runs, epochs))
        print_table([size(folder / "many.sqlite"), writers(folder / "writers.sqlite")])


if __name__ == "__main__":
    main()
