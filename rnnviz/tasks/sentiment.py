"""Task *Sentiment*: short phrases, each positive or negative."""

from functools import cache

from rnnviz.config import TaskName
from rnnviz.tasks import shipped
from rnnviz.tasks.data.rows import read_file
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.task import Preset, Task
from rnnviz.tasks.text_datasets import build_dataset

SENTIMENT = shipped("data/sentiment")


@cache
def sentiment() -> Dataset:
    """The shipped phrases, each positive or negative."""
    train, test = (read_file(SENTIMENT / f"{part}.csv") for part in ("train", "test"))
    return build_dataset("sentiment", train, test)


TASK = Task(
    TaskName.SENTIMENT, "Sentiment",
    "A small word can turn the meaning of the words that follow. The state must remember it.",
    lambda lag, seed: sentiment(), probe="i am not bad",
    presets=(
        Preset(
            "Notebook", "A long plateau, then a sudden drop",
            "Expect a long plateau, then a sudden drop near epoch 390. The memory gauge moves "
            "first: the radius crosses 1 more than a hundred epochs earlier.",
        ),
    ),
    drawn=False,
)  # fmt: skip
