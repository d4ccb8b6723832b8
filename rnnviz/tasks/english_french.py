"""English to French: simple sentences, with word order, agreement and elisions."""

from __future__ import annotations

from functools import cache

from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.shipped_files import shipped
from rnnviz.tasks.source_target import build_translation
from rnnviz.tasks.table import read_any, read_bytes

TRANSLATION = shipped("data/translation")


@cache
def translation() -> Dataset:
    """The sentences that rnnviz comes with, English and French."""
    files = (TRANSLATION / f"{part}.csv" for part in ("train", "test"))
    train, test = (read_any(read_bytes(path), path.name).rows for path in files)
    return build_translation("translation", train, test)
