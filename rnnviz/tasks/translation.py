"""English to French: translate simple sentences."""

from __future__ import annotations

from functools import cache

from rnnviz.config import TaskName
from rnnviz.tasks import shipped
from rnnviz.tasks.data.rows import read_file
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.task import Preset, Task, adam
from rnnviz.tasks.text_datasets import build_translation

TRANSLATION = shipped("data/translation")


@cache
def translation() -> Dataset:
    """The shipped sentences, in English and French."""
    train, test = (read_file(TRANSLATION / f"{part}.csv") for part in ("train", "test"))
    return build_translation("translation", train, test)


TASK = Task(
    TaskName.TRANSLATION, "English to French",
    "One state holds a whole sentence and unfolds it in another word order, with agreement.",
    lambda lag, seed: translation(), probe="we do not love the beautiful house",
    presets=(
        Preset(
            "GRU", "Sentences that it has never read",
            "The network translates new sentences. At the bridge one state holds all that the "
            "encoder has read; the decoder begins with it.",
            adam(TaskName.TRANSLATION, "gru", hidden=128, lr=0.003, epochs=40),
        ),
    ),
    drawn=False,
)  # fmt: skip
