"""What every preset reaches: ``python -m benchmarks.presets``, a table of forty seeds.

The metric is that of the last epoch, on the test sequences where there are any. The time is that of
seed 0, alone, on one core.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import time
from typing import NamedTuple

from benchmarks.seeds import SEEDS, in_parallel, middle
from rnnviz.config import TaskName
from rnnviz.probe.session import Session
from rnnviz.tasks.data_source import PRESETS, TASKS


class Job(NamedTuple):
    """A preset by its task and its number there, and a seed."""

    task: TaskName
    number: int
    seed: int


def run(job: Job) -> float:
    """The score in percent at the end of a preset's run."""
    session = Session(PRESETS[job.task][job.number].config(job.seed))
    session.player.advance(session.config.epochs)
    return 100 * float(session.run.history.column(f"{part_of(session)}_metric")[-1])


def part_of(session: Session) -> str:
    """The sequences that are scored."""
    return "test" if session.dataset.test else "train"


def row(task: TaskName, number: int) -> str:
    """One row of the table."""
    preset = PRESETS[task][number]
    session = Session(preset.config())
    before = time.perf_counter()
    session.player.advance(session.config.epochs)
    seconds = time.perf_counter() - before
    scores = in_parallel(run, [Job(task, number, seed) for seed in SEEDS])
    cells = [
        f"{TASKS[task].label}: {preset.label}",
        f"{session.config.epochs}",
        f"{seconds:.1f} s",
        f"{session.dataset.metric.name}, {part_of(session)}",
        middle(scores),
        f"{min(scores):.1f} to {max(scores):.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table as Markdown."""
    print(f"| preset | epochs | time | measured | median of {len(SEEDS)} seeds (95%) | all |")
    print("|---|---|---|---|---|---|")
    for task, presets in PRESETS.items():
        for number in range(len(presets)):
            print(row(task, number), flush=True)


if __name__ == "__main__":
    main()
