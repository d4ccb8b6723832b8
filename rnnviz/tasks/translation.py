"""Translation: simple English into French, with its order of words, agreement and elisions."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.pairs import Pair, pairs_dataset

TRANSLATION = Path(__file__).resolve().parents[2] / "data" / "translation"


@cache
def translation() -> Dataset:
    """The sentences that rnnviz comes with, English and French."""
    train, test = (_read(TRANSLATION / f"{part}.csv") for part in ("train", "test"))
    return pairs_dataset(train, test, "translation")


def _read(path: Path) -> list[Pair]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["source"], row["target"]) for row in csv.DictReader(file)]
