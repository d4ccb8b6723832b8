"""Recall: name the first token after the last one."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import numpy as np

from rnnviz.config import TaskName
from rnnviz.tasks.data.vocabulary import Array, Vocabulary
from rnnviz.tasks.dataset import GAP, Dataset, Example, Extrapolation
from rnnviz.tasks.task import Preset, Task, adam, chance, distinct

#: The first tokens, and the tokens that follow.
CUES, DISTRACTORS = "ABCD", "xyz"
#: Sequences of each cue, or fewer if the lag is short; a third are for the test.
SEQUENCES = 105


@lru_cache(maxsize=16)
def recall(lag: int, seed: int) -> Dataset:
    """Sequences of a cue and ``lag`` distractors; the target is the cue, after the last token."""
    rng = chance("recall", seed)
    vocabulary = Vocabulary.of([CUES, DISTRACTORS], characters=True)
    train, test = list[Example](), list[Example]()

    def example(rng: np.random.Generator, target: int, length: int) -> Example:
        distractors = (DISTRACTORS[i] for i in rng.integers(len(DISTRACTORS), size=length))
        text = CUES[target] + "".join(distractors)
        return Example(text, vocabulary.read(text).tokens, np.array([target]))

    for target in range(len(CUES)):
        draw_one = partial(example, rng, target, lag)
        examples = distinct(draw_one, min(SEQUENCES, len(DISTRACTORS) ** lag))
        held_out = len(examples) // 3
        train += examples[held_out:]
        test += examples[:held_out]

    def first(inputs: Array) -> Array:
        cue = vocabulary.words[inputs[0]]
        return np.array([CUES.index(cue) if cue in CUES else GAP])

    def draw(rng: np.random.Generator, length: int) -> Example:
        return example(rng, int(rng.integers(len(CUES))), length)

    # 1, 2, 3, 5, 8, ... up to four times the lag, with the lag, its double and its fourfold.
    lags, following = [1], 2
    while following <= 4 * lag:
        lags, following = [*lags, following], lags[-1] + following
    lengths = tuple(sorted({*lags, lag, 2 * lag, 4 * lag}))
    note = f"All sequences learned have lag {lag}."
    extrapolation = Extrapolation("lag", lag, lengths, draw, note)
    return Dataset(
        "recall", vocabulary, tuple(CUES), tuple(train), tuple(test),
        rule=first, extrapolation=extrapolation,
    )  # fmt: skip


def _lag(cell: str, **settings: Any) -> dict[str, Any]:
    # The same settings for Elman and LSTM; an Elman network has no forget bias.
    shared = {"init_scale": 0.02, "batch": 8, "clip_by": "norm", "forget_bias": 3.0, "hidden": 32}
    usual = {"task": TaskName.RECALL, "lag": 20, "cell": cell, "lr": 0.2, "epochs": 30}
    return {**usual, **shared, **settings}


def _lag_adam(cell: str) -> dict[str, Any]:
    # The same settings for every cell; all of them learn lag 20.
    settings = {"lag": 20, "hidden": 32, "forget_bias": 3.0, "lr": 0.003, "epochs": 60}
    return adam(TaskName.RECALL, cell, **settings)


TASK = Task(
    TaskName.RECALL, "First-token recall",
    "The longer the network has to remember a token, the less gradient usually reaches it. "
    "Gates can keep the gradient alive.",
    recall,
    presets=(
        Preset(
            "Elman, lag 20", "Does not learn in its 30 epochs",
            "The network does not learn in 30 epochs: the training loss stays within 4% of that of "
            "guessing. Look at the gradient over the epochs: at the first token, the only one that "
            "matters, it is tiny in most of them.",
            _lag("elman"),
            learns=False,
        ),
        Preset(
            "GRU, lag 20", "Learns, at a larger learning rate",
            "The network learns, with a larger learning rate. Show the gate z: near 1 a unit keeps "
            "its state, and the gradient reaches the first token.",
            _lag("gru", lr=1.0, epochs=60),
        ),
        Preset(
            "LSTM, lag 20", "Learns in the same 30 epochs",
            "The network learns with the settings of Elman, lag 20, and a forget bias of 3. Show c "
            "and the gate f: f stays near 0.95 in every unit, where the forget bias put it. That "
            "lets the gradient come back; the loop through W_hg learns to keep the first token.",
            _lag("lstm"),
        ),
        Preset(
            "Elman, 150 epochs", "More time: about 28 of 40 seeds learn",
            "The same network with more time: nothing happens for tens of epochs, then about "
            "28 of 40 seeds learn. The gradient at the first token has to grow first: see it over "
            "the epochs.",
            _lag("elman", epochs=150),
        ),
        Preset(
            "Elman, adam", "Adam at 0.01: about 30 of 40 seeds learn",
            "Adam divides each step by the size of the gradient, so a small gradient is enough. "
            "At a learning rate of 0.01, about 30 of 40 seeds learn; at 0.2 none.",
            _lag("elman", optimizer="adam", lr=0.01),
        ),
        Preset(
            "Elman, orthogonal", "Other initial weights: it learns",
            "Only the initial weights differ: an orthogonal W_hh keeps the length of a state, and "
            "the gradient reaches the first token from the start.",
            _lag("elman", init="orthogonal"),
        ),
        Preset(
            "minGRU, lag 20", "Learns with a gate that sees the token alone",
            "The gate z reads the token and not the state. Show z: the network learns to open it "
            "a little at the first letter, and to keep it nearly closed at all others.",
            _lag_adam("mingru"),
        ),
        Preset(
            "LRU, lag 20", "Learns this lag, and not the next",
            "The step from state to state is linear: every pair of states decays a little and "
            "turns by its own angle at any token. The network learns lag 20 alone. At lag 21 the "
            "states have turned further: with about 30 of 40 seeds less than 30% of the answers "
            "are right. See the longer sequences on the page Gradients.",
            _lag_adam("lru"),
        ),
        Preset(
            "Leaky, lag 20", "Learns, though every state leaks",
            "A fifth of the state leaks at every token: the leak alone leaves 1% after 20. The "
            "recurrent weights learn to restore more than that, and the state grows. At lags 5 "
            "and 80 half of the answers are right in the median of 40 seeds (0 to 98% at 5).",
            _lag_adam("leaky"),
        ),
        Preset(
            "coRNN, lag 20", "Learns, and holds at lag 80",
            "Every unit is an oscillator with strong damping: without input it keeps 97% from "
            "token to token. What the network learns at lag 20 holds at lags 40 and 80.",
            _lag_adam("cornn"),
        ),
    ),
)  # fmt: skip
