"""English to French: translate simple sentences."""

from __future__ import annotations

from functools import cache

from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.shipped_files import shipped
from rnnviz.tasks.source_target import build_translation
from rnnviz.tasks.table import read_file

TRANSLATION = shipped("data/translation")


@cache
def translation() -> Dataset:
    """The shipped sentences, in English and French."""
    train, test = (read_file(TRANSLATION / f"{part}.csv") for part in ("train", "test"))
    return build_translation("translation", train, test)
