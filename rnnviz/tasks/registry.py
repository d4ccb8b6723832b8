"""Registry: the built-in tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rnnviz.config import TaskName
from rnnviz.tasks.adding import adding
from rnnviz.tasks.brackets import brackets
from rnnviz.tasks.characters import characters
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.english_french import translation
from rnnviz.tasks.flipflop import flipflop
from rnnviz.tasks.parity import parity
from rnnviz.tasks.recall import recall
from rnnviz.tasks.sentiment import sentiment
from rnnviz.tasks.spelling import spelling
from rnnviz.tasks.waves import waves


@dataclass(frozen=True)
class Task:
    """A task: its name, what it teaches, its data, and the first probe.

    ``build`` takes the lag, 1 to 50, and the seed; it returns the same dataset for the same
    arguments. An empty ``probe`` stands for the first test example.
    """

    name: TaskName
    label: str
    teaches: str
    build: Callable[[int, int], Dataset]
    probe: str


_TASKS = (
    Task(
        TaskName.SENTIMENT,
        "Sentiment",
        "A small word can turn the meaning of the words that follow. The state must remember it.",
        lambda lag, seed: sentiment(),
        "i am not bad",
    ),
    Task(
        TaskName.RECALL,
        "First-token recall",
        "The longer the network has to remember a token, the less gradient usually reaches it. "
        "Gates can keep the gradient alive.",
        recall,
        "",
    ),
    Task(
        TaskName.PARITY,
        "Parity of bits",
        "Two states and a rule for switching are the whole algorithm, but it is hard to find by "
        "following a gradient.",
        lambda lag, seed: parity(seed),
        "10110",
    ),
    Task(
        TaskName.ADDING,
        "Adding problem",
        "A state can hold a number, not only a yes or no, while the network reads others.",
        lambda lag, seed: adding(seed),
        "0.31 0.7* 0.12 0.95 0.44 0.08 0.63 0.55* 0.9 0.27 0.36 0.81",
    ),
    Task(
        TaskName.CHARACTERS,
        "Next character",
        "One question teaches spelling, words and who the text is about: what comes next?",
        lambda lag, seed: characters(seed),
        "the fox went to the river to look for the moon.",
    ),
    Task(
        TaskName.FLIPFLOP,
        "3-bit flip-flop",
        "A memory can be a point at which the state comes to rest: for three bits eight points, "
        "the corners of a box.",
        lambda lag, seed: flipflop(seed),
        "1,-1,1 0,0,0 0,0,0 -1,0,0 0,0,0 0,1,0 0,0,0 0,0,-1 0,0,0 1,0,1 0,0,0 0,0,0",
    ),
    Task(
        TaskName.BRACKETS,
        "Bracket depth",
        "A state can count: up at one token, down at another, no change at a third.",
        lambda lag, seed: brackets(seed),
        "(()(x))x()",
    ),
    Task(
        TaskName.WAVES,
        "Waves",
        "To continue a wave, the state must turn with it and hold its period and its phase.",
        lambda lag, seed: waves(seed),
        "0 0.5 0.87 1 0.87 0.5 0 -0.5 -0.87 -1 -0.87 -0.5 0 0.5 0.87 1 0.87 0.5 0 -0.5",
    ),
    Task(
        TaskName.SPELLING,
        "Spelling digits",
        "One token in, many out: the state must hold the word and how far it has been written.",
        lambda lag, seed: spelling(),
        "7seven",
    ),
    Task(
        TaskName.TRANSLATION,
        "English to French",
        "One state holds a whole sentence and unfolds it in another word order, with agreement.",
        lambda lag, seed: translation(),
        "we do not love the beautiful house",
    ),
)

TASKS: dict[TaskName, Task] = {task.name: task for task in _TASKS}
