"""Registry: the built-in tasks, each in the module of its name."""

from __future__ import annotations

from importlib import import_module

from rnnviz.config import RunConfig, TaskName
from rnnviz.tasks.task import Preset, Task

TASKS: dict[TaskName, Task] = {
    name: import_module(f"rnnviz.tasks.{name}").TASK for name in TaskName
}
PRESETS: dict[TaskName, tuple[Preset, ...]] = {name: task.presets for name, task in TASKS.items()}


def contrast(config: RunConfig) -> Preset | None:
    """A preset that learns what the preset ``config`` doesn't, with one setting changed."""
    presets = PRESETS[config.task]
    found = (
        other for mine in presets for other in presets
        if not mine.learns and mine.config(config.seed) == config
        and other.learns and len(mine.settings.items() ^ other.settings.items()) == 2
    )  # fmt: skip
    return next(found, None)
