"""Schedule: the settings of a run, and what was changed on the way."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import Any, NamedTuple

from rnnviz.config import SETTINGS, RunConfig, SettingError
from rnnviz.training.weight_edits import Edit

#: What can change while a run goes on and decides its weights.
CHANGEABLE = tuple(n for n, row in SETTINGS.items() if not row.restarts and n != "epochs")
#: The name of a change that is made to the weights by hand, and not to a setting.
EDIT = "edit"
#: The most changes that a link can carry.
MAX_CHANGES = 400
_PLACE = re.compile(r"(\d{1,7})(?:/(\d{1,7}))?", re.ASCII)


class Position(NamedTuple):
    """A position in a run: after so many epochs, and so many sequences of the next one."""

    epoch: int
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.epoch}/{self.offset}" if self.offset else str(self.epoch)

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read "120", or "120/32" for 32 sequences more; raise SettingError with a sentence."""
        found = _PLACE.fullmatch(text.strip())
        if not found:
            raise SettingError(
                f"{text[:40]!r} is no position in a run: write an epoch, such as 120, or 120/32 "
                "for 32 sequences more."
            )
        return cls(int(found[1]), int(found[2] or 0))


@dataclass(frozen=True, order=True)
class Change:
    """A setting that takes another value at a position of the run, e.g. ``120:lr=0.005``.

    Or an edit of the weights, e.g. ``120:edit=silence 1 7``: they are edited when the run gets
    there.
    """

    position: Position
    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.position}:{self.name}={self.value}"

    @property
    def label(self) -> str:
        """The setting as the reader knows it."""
        return "Weights:" if self.name == EDIT else SETTINGS[self.name].label

    @property
    def shown(self) -> str:
        """The value as the reader writes it."""
        return f"{self.value:g}" if isinstance(self.value, float) else str(self.value)

    @classmethod
    def parse(cls, text: str) -> Change:
        """Read ``120:lr=0.005``; raise SettingError with a sentence."""
        position, colon, setting = text.partition(":")
        name, equals, value = setting.partition("=")
        if colon and equals and name == EDIT:
            return cls(Position.parse(position), name, Edit.parse(value))
        if not (colon and equals and name in CHANGEABLE):
            raise SettingError(
                f"{text[:60]!r} is no change: write epoch:setting=value, such as 120:lr=0.005; "
                f"what can change on the way is {', '.join(CHANGEABLE)}, and the weights (edit)."
            )
        return cls(Position.parse(position), name, SETTINGS[name].parse(value))


@dataclass(frozen=True)
class Schedule:
    """The settings at the start and the changes since, in order: all that a run's weights need."""

    start: RunConfig
    changes: tuple[Change, ...] = ()

    @cached_property
    def _stages(self) -> list[RunConfig]:
        stages = [self.start]
        for change in self.changes:
            changed = {} if change.name == EDIT else {change.name: change.value}
            stages.append(replace(stages[-1], **changed))
        return stages

    @cached_property
    def _positions(self) -> list[Position]:
        return [change.position for change in self.changes]

    @property
    def origin(self) -> RunConfig:
        """What decides the weights of the start, and of all epochs until something changes."""
        return replace(self.start, epochs=0)

    @property
    def last(self) -> RunConfig:
        """The settings after all changes."""
        return self._stages[-1]

    def at(self, position: Position) -> RunConfig:
        """The settings with which the step that follows ``position`` is taken."""
        return self._stages[bisect_right(self._positions, position)]

    def next_change(self, position: Position) -> Position | None:
        """Where the settings change next after ``position``; None if they don't."""
        later = bisect_right(self._positions, position)
        return self._positions[later] if later < len(self._positions) else None

    def changed(self, position: Position, config: RunConfig) -> Schedule:
        """The same until ``position``, and ``config`` from there on; the number of epochs for all.

        What was done to the weights on arriving at ``position`` stays.
        """
        start = replace(self.start, epochs=config.epochs)
        kept = (
            c
            for c in self.changes
            if c.position < position or (c.position, c.name) == (position, EDIT)
        )
        before = Schedule(start, tuple(kept))
        if position == Position(0):
            return Schedule(config, before.changes)
        new = (
            Change(position, row.name, getattr(config, row.name))
            for row in before.last.changes(config)
        )
        return Schedule(start, (*before.changes, *new))

    def edited(self, position: Position, edits: Iterable[Edit]) -> Schedule:
        """The same, and these edits of the weights at ``position``, which nothing lies beyond."""
        return Schedule(self.start, (*self.changes, *(Change(position, EDIT, e) for e in edits)))

    @cached_property
    def _edits(self) -> dict[Position, tuple[Edit, ...]]:
        found: dict[Position, tuple[Edit, ...]] = {}
        for change in self.changes:
            if change.name == EDIT:
                found[change.position] = (*found.get(change.position, ()), change.value)
        return found

    def edits(self, position: Position) -> tuple[Edit, ...]:
        """What is done to the weights when the run gets to ``position``."""
        return self._edits.get(position, ())

    def shared(self, other: Schedule) -> float:
        """The last epoch at which both have the same weights for certain, on the same data.

        Infinite where they never part, -1 where they begin apart.
        """
        if self.origin != other.origin:
            return -1
        pairs = zip(self.changes, other.changes, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        parting = (*self.changes[same:], *other.changes[same:])
        # An edit at the beginning of an epoch changes the weights of that epoch already.
        early = (c.name == EDIT and not c.position.offset for c in parting)
        epochs = (c.position.epoch - own for c, own in zip(parting, early, strict=True))
        return min(epochs, default=math.inf)

    def text(self) -> str:
        """The changes as a link carries them, e.g. ``120:lr=0.005,300:clip_by=off``."""
        return ",".join(map(str, self.changes))


def read_changes(text: str) -> tuple[tuple[Change, ...], list[str]]:
    """Read what ``Schedule.text`` wrote: the changes, and a sentence for each that can't be."""
    changes, problems = [], []
    parts = text.split(",") if text.strip() else []
    for part in parts[:MAX_CHANGES]:
        try:
            changes.append(Change.parse(part))
        except SettingError as problem:
            problems.append(f"{problem} It is left out.")
    if len(parts) > MAX_CHANGES:
        problems.append(f"Of {len(parts):,} changes the first {MAX_CHANGES} are read.")
    return tuple(sorted(changes, key=lambda change: change.position)), problems
