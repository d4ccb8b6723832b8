"""Characters: the next character of a short tale."""

from __future__ import annotations

from functools import lru_cache

from rnnviz.config import TaskName
from rnnviz.tasks import shipped
from rnnviz.tasks.data.rows import Row
from rnnviz.tasks.data.vocabulary import Unit
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.task import Preset, Task, adam, chance
from rnnviz.tasks.text_datasets import WINDOW, build_next, cut

MOON = shipped("data/characters/moon.txt")
#: One in this many windows is a test example.
HELD_OUT = 8


@lru_cache(maxsize=16)
def characters(seed: int) -> Dataset:
    """A short tale, cut into windows; the test is one stretch of it, chosen by the seed."""
    rows = list(cut([Row(1, MOON.read_text(encoding="utf-8"))], Unit.CHARACTERS, WINDOW))
    count = len(rows) // HELD_OUT
    start = int(chance("characters", seed).integers(len(rows) - count + 1))
    train, test = [*rows[:start], *rows[start + count :]], rows[start : start + count]
    return build_next("characters", train, test, Unit.CHARACTERS)


TASK = Task(
    TaskName.CHARACTERS, "Next character",
    "One question teaches spelling, words and who the text is about: what comes next?",
    lambda lag, seed: characters(seed), probe="the fox went to the river to look for the moon.",
    presets=(
        Preset(
            "LSTM", "Letters, words, sometimes a sentence",
            "Read the sample while the network learns: first frequent letters, then words, finally "
            "sometimes a sentence of the tale. Training and test loss separate: much is memorized.",
            adam(TaskName.CHARACTERS, "lstm", hidden=128, lr=0.003, batch=16, epochs=100),
        ),
    ),
)  # fmt: skip
