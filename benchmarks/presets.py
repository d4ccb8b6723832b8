"""What every preset reaches: ``python -m benchmarks.presets``, a table of five seeds.

Metric and loss are those of the last epoch, on the test sequences where there are any; the time is
the median, on one BLAS thread.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import time
from statistics import median

import numpy as np

from rnnviz.config import TaskName
from rnnviz.probe.session import Session
from rnnviz.tasks.data_source import PRESETS, TASKS
from rnnviz.tasks.task import Preset

SEEDS = range(5)


def run(preset: Preset, seed: int) -> tuple[Session, float]:
    """The run of a preset, and the seconds that it took."""
    session = Session(preset.config(seed))
    before = time.perf_counter()
    session.player.advance(session.config.epochs)
    return session, time.perf_counter() - before


def row(task: TaskName, preset: Preset) -> str:
    """One row of the table."""
    runs = [run(preset, seed) for seed in SEEDS]
    sessions = [session for session, _ in runs]
    part = "test" if sessions[0].dataset.test else "train"
    shares = [100 * session.run.history.column(f"{part}_metric")[-1] for session in sessions]
    metric = sessions[0].dataset.metric.name
    cells = [
        f"{TASKS[task].label}: {preset.label}",
        f"{sessions[0].config.epochs}",
        f"{median(seconds for _, seconds in runs):.1f} s",
        f"{metric}, {part}",
        f"{np.median(shares):.1f} % ({min(shares):.1f} to {max(shares):.1f})",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table as Markdown."""
    print("| preset | epochs | time | measured | median of 5 seeds (least to most) |")
    print("|---|---|---|---|---|")
    for task, presets in PRESETS.items():
        for preset in presets:
            print(row(task, preset), flush=True)


if __name__ == "__main__":
    main()
