"""Task *Sentiment*: short phrases, each positive or negative."""

from functools import cache

from rnnviz.tasks.dataset import Dataset, build_dataset
from rnnviz.tasks.shipped_files import shipped
from rnnviz.tasks.table import read_file

SENTIMENT = shipped("data/sentiment")


@cache
def sentiment() -> Dataset:
    """The shipped phrases, each positive or negative."""
    train, test = (read_file(SENTIMENT / f"{part}.csv") for part in ("train", "test"))
    return build_dataset("sentiment", train, test)
