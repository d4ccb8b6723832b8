"""Which cells remember a token over 20 others: ``python -m benchmarks.recall``, forty seeds each.

A run has learned if its test accuracy is 100 % after the last epoch. The epoch is the first at
100 %, the median of the runs that learned. It takes about half an hour.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from statistics import median
from typing import Any

import numpy as np

from benchmarks.seeds import SEEDS, in_parallel
from rnnviz.cells import cell_names
from rnnviz.config import RunConfig, TaskName
from rnnviz.probe.results import counted
from rnnviz.probe.session import Session
from rnnviz.tasks.data_source import PRESETS

CELLS = tuple(kind for kind in cell_names() if kind != "own")


def settings(label: str) -> dict[str, Any]:
    """The settings of a preset of the task."""
    return next(preset.settings for preset in PRESETS[TaskName.RECALL] if preset.label == label)


#: The settings of each column, but for the cell.
COLUMNS: dict[str, dict[str, Any]] = {
    "adam, 60 epochs": settings("minGRU, lag 20"),
    "sgd, 150 epochs": {**settings("LSTM, lag 20"), "epochs": 150},
}


def learned(config: RunConfig) -> int | None:
    """The first epoch at 100 %, if the last one is there."""
    session = Session(config)
    session.player.advance(config.epochs)
    right = session.run.history.column("test_metric") == 1
    return int(np.argmax(right)) if right[-1] else None


def summary(cell: str, shared: dict[str, Any]) -> str:
    """How many seeds learn, and when."""
    runs = in_parallel(learned, [RunConfig(**{**shared, "cell": cell}, seed=k) for k in SEEDS])
    epochs = [epoch for epoch in runs if epoch is not None]
    count = counted(len(epochs), len(runs))
    return f"{count}, epoch {median(epochs):.0f}" if epochs else count


def main() -> None:
    """Print the table as Markdown."""
    print(f"| cell | {' | '.join(COLUMNS)} |")
    print(f"|---|{'---|' * len(COLUMNS)}")
    for cell in CELLS:
        found = (summary(cell, shared) for shared in COLUMNS.values())
        print(f"| {cell} | {' | '.join(found)} |", flush=True)


if __name__ == "__main__":
    main()
