"""Task: what a built-in task teaches, how its data are made, and its presets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnviz.config import RunConfig, TaskName
from rnnviz.tasks.dataset import Dataset, Example


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


@dataclass(frozen=True)
class Task:
    """A task: its name, what it teaches, its data, and the first probe.

    ``build`` takes the lag, 1 to 50, and the seed; it returns the same dataset for the same
    arguments, and for all seeds unless the data are ``drawn``. An empty ``probe`` means the first
    test example. ``cut`` takes the window and the horizon, of numbers over time.
    """

    name: TaskName
    label: str
    teaches: str
    build: Callable[[int, int], Dataset]
    probe: str = ""
    presets: tuple[Preset, ...] = ()
    drawn: bool = True
    cut: Callable[[int, int], Dataset] | None = None

    def dataset(self, config: RunConfig) -> Dataset:
        """The data of a run with these settings."""
        if self.cut:
            return self.cut(config.window, config.horizon)
        return self.build(config.lag, config.dataset_seed)

    def reads(self, setting: str) -> bool:
        """Whether a setting of the data has an effect on those of this task."""
        windows = self.cut is not None
        return {"data_seed": self.drawn, "window": windows, "horizon": windows}.get(setting, True)


def adam(task: TaskName, cell: str, **settings: Any) -> dict[str, Any]:
    """Settings that learn most tasks in seconds."""
    usual = {"init": "xavier", "optimizer": "adam", "batch": 32, "clip_by": "norm"}
    return {"task": task, "cell": cell, **usual, **settings}


# Random numbers for generated data


#: The stream of ``np.random.default_rng((seed, stream, ...))``; other uses have other streams.
DATA = 3


def chance(task: str, seed: int) -> np.random.Generator:
    """The random generator of a task; it depends on the task's name and the seed."""
    return np.random.default_rng((seed, DATA, int.from_bytes(task.encode(), "big")))


def distinct(draw: Callable[[], Example], count: int) -> tuple[Example, ...]:
    """The first ``count`` examples drawn with distinct texts; loops forever if there are fewer."""
    drawn: dict[str, Example] = {}
    while len(drawn) < count:
        example = draw()
        drawn[example.text] = example
    return tuple(drawn.values())
