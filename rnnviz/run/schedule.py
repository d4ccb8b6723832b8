"""Schedule: the settings of a run and their changes during training."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from operator import attrgetter
from typing import Any, NamedTuple

from rnnviz.config import SETTINGS, RunConfig, SettingError
from rnnviz.run.weight_edits import Edit

#: The settings that say when a run ends; they do not change its weights.
ENDS = ("epochs", "patience")
#: Settings that can change during a run and affect its weights.
CHANGEABLE = tuple(n for n, row in SETTINGS.items() if not row.restarts and n not in ENDS)
#: The name of a change that edits the weights, not a setting.
EDIT = "edit"
#: Maximum number of changes that a link can carry.
MAX_CHANGES = 400
_POSITION = re.compile(r"(\d{1,18})(?:/(\d{1,18}))?", re.ASCII)


class Position(NamedTuple):
    """A position in a run: completed epochs, and sequences read in the next epoch."""

    epoch: int
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.epoch}/{self.offset}" if self.offset else str(self.epoch)

    @classmethod
    def parse(cls, text: str) -> Position:
        """Parse "120", or "120/32" for 32 sequences more; raises SettingError."""
        match = _POSITION.fullmatch(text.strip())
        if not match:
            raise SettingError(
                f"{text[:40]!r} is not a position in a run: write an epoch of at most "
                f"{SETTINGS['epochs'].high:,}, such as 120, or 120/32 for 32 sequences more."
            )
        return cls(int(match[1]), int(match[2] or 0))

    def at_batch(self, examples: int, batch: int) -> Position:
        """The start of its batch, or of the next epoch if it is not among the ``examples``."""
        if self.offset >= examples:
            return Position(self.epoch + 1)
        return self._replace(offset=self.offset - self.offset % batch)


@dataclass(frozen=True, order=True)
class Change:
    """A new value of a setting from a position on, e.g. ``120:lr=0.005``.

    Or an edit of the weights when training reaches it, e.g. ``120:edit=silence 1 7``.
    """

    position: Position
    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.position}:{self.name}={self.value}"

    @property
    def label(self) -> str:
        """Name of the setting on the page."""
        return "Weights:" if self.name == EDIT else SETTINGS[self.name].label

    @property
    def shown(self) -> str:
        """The value as text."""
        return f"{self.value:g}" if isinstance(self.value, float) else str(self.value)

    @classmethod
    def parse(cls, text: str) -> Change:
        """Parse ``120:lr=0.005``; raises SettingError."""
        position, colon, setting = text.partition(":")
        name, equals, value = setting.partition("=")
        if colon and equals and name == EDIT:
            return cls(Position.parse(position), name, Edit.parse(value))
        if not (colon and equals and name in CHANGEABLE):
            raise SettingError(
                f"{text[:60]!r} is not a change: write epoch:setting=value, such as 120:lr=0.005; "
                f"what can change during a run is {', '.join(CHANGEABLE)}, and the weights (edit)."
            )
        return cls(Position.parse(position), name, SETTINGS[name].parse(value))


_POSITION_OF = attrgetter("position")


def _ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """By position; edits of the weights come before the settings of the steps that follow."""
    return tuple(sorted(changes, key=lambda change: (change.position, change.name != EDIT)))


@dataclass(frozen=True)
class Schedule:
    """The initial settings and the changes in order; they determine the weights of a run."""

    start: RunConfig
    changes: tuple[Change, ...] = ()

    @cached_property
    def stages(self) -> list[RunConfig]:
        """The settings at first, and after each change."""
        stages = [self.start]
        for change in self.changes:
            changed = {} if change.name == EDIT else {change.name: change.value}
            stages.append(replace(stages[-1], **changed))
        return stages

    @cached_property
    def origin(self) -> RunConfig:
        """The settings that determine the initial weights, and all weights up to a change."""
        return replace(self.start, epochs=0, patience=0)

    @property
    def last(self) -> RunConfig:
        """The settings after all changes."""
        return self.stages[-1]

    def at(self, position: Position) -> RunConfig:
        """The settings of the step that follows ``position``."""
        return self.stages[bisect_right(self.changes, position, key=_POSITION_OF)]

    def next_change(self, position: Position) -> Position | None:
        """The position of the next change after ``position``, or None."""
        later = bisect_right(self.changes, position, key=_POSITION_OF)
        return self.changes[later].position if later < len(self.changes) else None

    def changed(self, position: Position, config: RunConfig) -> Schedule:
        """The schedule up to ``position``, then ``config``; when it ends applies to all.

        Weight edits at ``position`` stay.
        """
        start = replace(self.start, epochs=config.epochs, patience=config.patience)
        earlier = tuple(c for c in self.changes if c.position < position)
        before = Schedule(start, earlier).edited(position, self.edits(position))
        if position == Position(0):
            return Schedule(config, before.changes)
        rows = before.last.changes(config)
        new = (Change(position, row.name, getattr(config, row.name)) for row in rows)
        return Schedule(start, (*before.changes, *new))

    def edited(self, position: Position, edits: Iterable[Edit]) -> Schedule:
        """The schedule with weight edits at ``position``, which must not precede any change."""
        new = (Change(position, EDIT, edit) for edit in edits)
        return Schedule(self.start, _ordered((*self.changes, *new)))

    def edits(self, position: Position) -> tuple[Edit, ...]:
        """The weight edits at ``position``."""
        return tuple(c.value for c in self.changes if (c.position, c.name) == (position, EDIT))

    def shared(self, other: Schedule) -> float:
        """The last epoch up to which both schedules give the same weights on the same data.

        Infinity if they never differ, -1 if they differ from the start.
        """
        if self.origin != other.origin:
            return -1
        pairs = zip(self.changes, other.changes, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        differing = (*self.changes[same:], *other.changes[same:])
        # An edit at the start of an epoch already changes the weights of that epoch.
        early = (c.name == EDIT and not c.position.offset for c in differing)
        epochs = (c.position.epoch - own for c, own in zip(differing, early, strict=True))
        return min(epochs, default=math.inf)

    def text(self) -> str:
        """The changes in the format of a link, e.g. ``120:lr=0.005,300:clip_by=off``."""
        return ",".join(map(str, self.changes))


def read_changes(text: str) -> tuple[tuple[Change, ...], list[str]]:
    """Parse the output of ``Schedule.text``: the changes, and a sentence for each refused one."""
    changes, problems = [], []
    parts = text.split(",") if text.strip() else []
    for part in parts[:MAX_CHANGES]:
        try:
            changes.append(Change.parse(part))
        except SettingError as problem:
            problems.append(f"{problem} It is left out.")
    if len(parts) > MAX_CHANGES:
        problems.append(f"Of {len(parts):,} changes the first {MAX_CHANGES} are read.")
    return _ordered(changes), problems
