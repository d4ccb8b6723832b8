"""How well the sentiment phrases are learned: ``python -m benchmarks.data``, the table in data/."""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from statistics import median

import numpy as np

from rnnviz.config import Gradient, RunConfig
from rnnviz.probe.session import Session
from rnnviz.run.history import History

SEEDS, EPOCHS = range(10), 1000


def history(seed: int, gradient: Gradient) -> History:
    """The scores of one default run."""
    session = Session(RunConfig(seed=seed, gradient=gradient))
    session.player.advance(EPOCHS)
    return session.run.history


def main() -> None:
    """Print, for each gradient, how many seeds know all phrases at the end, and from when."""
    for gradient in Gradient:
        runs = [history(seed, gradient) for seed in SEEDS]
        known = {
            part: sum(run.row(-1)[f"{part}_metric"] == 1 for run in runs)
            for part in ("train", "test")
        }
        first = [int(np.argmax(run.column("train_metric") == 1)) for run in runs]
        print(
            f"{gradient:<10} 100 % at epoch {EPOCHS}: training {known['train']}, test "
            f"{known['test']} of {len(runs)} seeds; first 100 % in training at epoch "
            f"{min(first)} to {max(first)}, median {median(first):g}"
        )


if __name__ == "__main__":
    main()
