"""Presets: for every task, settings that show what it teaches, and what to look for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rnnviz.config import RunConfig, TaskName


@dataclass(frozen=True)
class Preset:
    """One click: its label, its promise, what to look for, and settings unlike the defaults.

    ``learns`` tells whether it learns its task in its epochs.
    """

    label: str
    promise: str
    look: str
    settings: dict[str, Any] = field(default_factory=dict)
    learns: bool = True

    def config(self, seed: int = 0) -> RunConfig:
        """The settings of a run."""
        return RunConfig(**self.settings, seed=seed)


def _adam(task: TaskName, cell: str, **settings: Any) -> dict[str, Any]:
    """Settings that learn most tasks in seconds."""
    usual = {"init": "xavier", "optimizer": "adam", "batch": 32, "clip_by": "norm"}
    return {"task": task, "cell": cell, **usual, **settings}


def _lag(cell: str, **settings: Any) -> dict[str, Any]:
    """The same settings for Elman and LSTM, so that only the cell differs."""
    shared = {"init_scale": 0.02, "batch": 8, "clip_by": "norm", "forget_bias": 3.0, "hidden": 32}
    usual = {"task": TaskName.RECALL, "lag": 20, "cell": cell, "lr": 0.2, "epochs": 30}
    return {**usual, **shared, **settings}


def _lag_adam(cell: str) -> dict[str, Any]:
    """The same settings for every cell, with which all of them learn lag 20."""
    settings = {"lag": 20, "hidden": 32, "forget_bias": 3.0, "lr": 0.003, "epochs": 60}
    return _adam(TaskName.RECALL, cell, **settings)


_PRESETS = (
    Preset(
        "Notebook",
        "A long plateau, then a sudden drop",
        "Expect a long plateau, then a sudden drop near epoch 390. The memory gauge moves first: "
        "the radius crosses 1 a hundred epochs earlier.",
    ),
    Preset(
        "Elman, lag 20",
        "Does not learn in its 30 epochs",
        "The network does not learn in 30 epochs: the loss stays at guessing. Look at the "
        "gradient over the epochs: for most of them the gradient at the first token, the only one "
        "that matters, is tiny.",
        _lag("elman"),
        learns=False,
    ),
    Preset(
        "GRU, lag 20",
        "Learns, at a larger learning rate",
        "The network learns, with a larger learning rate. Show the gate z: near 1 a unit keeps "
        "its state, and the gradient reaches the first token.",
        _lag("gru", lr=1.0, epochs=60),
    ),
    Preset(
        "LSTM, lag 20",
        "Learns in the same 30 epochs",
        "The network learns with the same settings with which Elman does not. Show c and the "
        "gate f: f stays near 0.95 in every unit, where the forget bias put it, and so c keeps "
        "the first token.",
        _lag("lstm"),
    ),
    Preset(
        "Elman, 150 epochs",
        "More time: most seeds learn",
        "The same network with more time: nothing happens for tens of epochs, then most seeds "
        "learn. The gradient over the epochs shows what had to grow first.",
        _lag("elman", epochs=150),
    ),
    Preset(
        "Elman, adam",
        "Adam at 0.01: most seeds learn",
        "Adam divides each step by the size of the gradient, so a small gradient counts as well. "
        "Most seeds learn at the learning rate 0.01; at 0.2 they don't.",
        _lag("elman", optimizer="adam", lr=0.01),
    ),
    Preset(
        "Elman, orthogonal",
        "Other initial weights: it learns",
        "Only the initial weights differ: an orthogonal W_hh keeps the length of a state, and "
        "the gradient reaches the first token from the start.",
        _lag("elman", init="orthogonal"),
    ),
    Preset(
        "minGRU, lag 20",
        "Learns with a gate that sees the token alone",
        "The gate z reads the token and not the state. Show z: the network learns to open it at "
        "the first letter, and to keep it nearly shut at all that follow.",
        _lag_adam("mingru"),
    ),
    Preset(
        "LRU, lag 20",
        "Learns this lag, and not the next",
        "From state to state the step is linear: every pair of states turns and fades a little, "
        "whatever is read. The network learns lag 20 alone. At lag 21 the states have turned on, "
        "and nearly every answer is wrong: see the longer sequences on the page Gradients.",
        _lag_adam("lru"),
    ),
    Preset(
        "Leaky, lag 20",
        "Learns, though every state leaks",
        "Every token takes a fifth of the state: by the leak alone 1% is left after 20. The "
        "recurrent weights learn to put back more than that, and the state grows. At lags 5 and "
        "80 many answers are wrong.",
        _lag_adam("leaky"),
    ),
    Preset(
        "coRNN, lag 20",
        "Learns, and holds at lag 80",
        "Every unit is an oscillator with much friction: left alone, 97% of it stays from token "
        "to token. What the network learns at lag 20 holds at lags 40 and 80.",
        _lag_adam("cornn"),
    ),
    Preset(
        "LSTM",
        "A long guess, then all lengths at once",
        "For tens of epochs every verdict is a guess. Then the network learns all lengths "
        "together, because one rule solves them all.",
        _adam(TaskName.PARITY, "lstm", hidden=32, init="orthogonal", lr=0.01, epochs=200),
    ),
    Preset(
        "GRU",
        "Close to nearly every sum",
        "By epoch 50 nearly every output is within 0.1 of the sum of the two numbers with a star. "
        "Change a number without a star: the output hardly moves.",
        _adam(TaskName.ADDING, "gru", hidden=32, lr=0.003, epochs=150),
    ),
    Preset(
        "LSTM",
        "Letters, words, sometimes a sentence",
        "Read the sample while the network learns: first the frequent letters, then words, in "
        "the end sometimes a sentence of the tale. Training and test loss part: much is learned "
        "by heart.",
        _adam(TaskName.CHARACTERS, "lstm", hidden=128, lr=0.003, batch=16, epochs=100),
    ),
    Preset(
        "Elman",
        "Eight stable points",
        "The line of each channel becomes a switch: it jumps at a pulse and then stays, however "
        "long no pulse comes. The page Dynamics shows eight stable points, one for each state of "
        "the three switches.",
        _adam(TaskName.FLIPFLOP, "elman", hidden=32, lr=0.003, epochs=150),
    ),
    Preset(
        "GRU",
        "Some seeds remember, some drift",
        "As good as Elman for the thirty steps of its sequences. The page Dynamics shows two "
        "stable points with seed 0: a third of the bits is lost after a hundred steps without a "
        "pulse. Seeds 1 and 2 have all eight points, and they remember.",
        _adam(TaskName.FLIPFLOP, "gru", hidden=32, lr=0.003, epochs=120),
    ),
    Preset(
        "GRU",
        "Some units count",
        "Some units go up and down in steps with the brackets and stay level at x: they count.",
        _adam(TaskName.BRACKETS, "gru", hidden=32, lr=0.005, epochs=60),
    ),
    Preset(
        "GRU",
        "Continues a wave",
        "At first the network soon goes flat on its own outputs. Later it continues the wave "
        "that it has read.",
        _adam(TaskName.WAVES, "gru", hidden=32, lr=0.01, epochs=200),
    ),
    Preset(
        "LSTM, 2 layers",
        "Closer to the reference",
        "More outputs are within 0.1. The training loss ends below the line of known shapes, so a "
        "part is learned by heart: the test loss rises in the end.",
        _adam(TaskName.WAVES, "lstm", hidden=32, layers=2, lr=0.005, batch=4, epochs=200),
    ),
    Preset(
        "GRU",
        "Ten names, letter by letter",
        "One digit goes in, and its name comes out letter by letter. Six and seven, four and "
        "five, begin alike and have to part.",
        _adam(TaskName.SPELLING, "gru", hidden=64, lr=0.005, batch=10, epochs=150),
    ),
    Preset(
        "GRU",
        "Sentences that it has never read",
        "The network translates sentences that it has never read. At the bridge all that the "
        "encoder has read is in one state; the decoder begins with it.",
        _adam(TaskName.TRANSLATION, "gru", hidden=128, lr=0.003, epochs=40),
    ),
)

PRESETS: dict[TaskName, tuple[Preset, ...]] = {
    task: tuple(preset for preset in _PRESETS if preset.config().task is task) for task in TaskName
}


def contrast(config: RunConfig) -> Preset | None:
    """A preset that learns what the preset ``config`` doesn't, with one setting changed."""
    cards = PRESETS[config.task]
    for mine in cards:
        if mine.learns or mine.config(config.seed) != config:
            continue
        for other in cards:
            if other.learns and len(mine.settings.items() ^ other.settings.items()) == 2:
                return other
    return None
