"""Schedule: the settings of a run from its start on, with what was changed on the way."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from rnnviz.config import SETTINGS, RunConfig, SettingError

#: What can change while a run goes on and decides its weights.
CHANGEABLE = tuple(n for n, row in SETTINGS.items() if not row.restarts and n != "epochs")
#: The most changes that a link can carry.
MAX_CHANGES = 400
_PLACE = re.compile(r"(\d{1,7})(?:/(\d{1,7}))?", re.ASCII)


class Place(NamedTuple):
    """A place in a run: after so many epochs, and so many phrases of the next one."""

    epoch: int
    position: int = 0

    def __str__(self) -> str:
        return f"{self.epoch}/{self.position}" if self.position else str(self.epoch)

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read "120", or "120/32" for 32 phrases more; raise SettingError with a sentence."""
        found = _PLACE.fullmatch(text.strip())
        if not found:
            raise SettingError(
                f"{text[:40]!r} is no place in a run: write an epoch, such as 120, or 120/32 "
                "for 32 phrases more."
            )
        return cls(int(found[1]), int(found[2] or 0))


@dataclass(frozen=True, order=True)
class Change:
    """A setting that takes another value at a place of the run, e.g. ``120:lr=0.005``."""

    place: Place
    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.place}:{self.name}={self.value}"

    @property
    def label(self) -> str:
        """The setting as the reader knows it."""
        return SETTINGS[self.name].label

    @property
    def shown(self) -> str:
        """The value as the reader writes it."""
        return f"{self.value:g}" if isinstance(self.value, float) else str(self.value)

    @classmethod
    def parse(cls, text: str) -> Change:
        """Read ``120:lr=0.005``; raise SettingError with a sentence."""
        place, colon, setting = text.partition(":")
        name, equals, value = setting.partition("=")
        if not (colon and equals and name in CHANGEABLE):
            raise SettingError(
                f"{text[:60]!r} is no change: write epoch:setting=value, such as 120:lr=0.005; "
                f"what can change on the way is {', '.join(CHANGEABLE)}."
            )
        return cls(Place.parse(place), name, SETTINGS[name].parse(value))


@dataclass(frozen=True)
class Schedule:
    """The settings at the start and the changes since, in order: all that a run's weights need."""

    start: RunConfig
    changes: tuple[Change, ...] = ()

    @cached_property
    def _stages(self) -> list[RunConfig]:
        stages = [self.start]
        for change in self.changes:
            stages.append(replace(stages[-1], **{change.name: change.value}))
        return stages

    @cached_property
    def _places(self) -> list[Place]:
        return [change.place for change in self.changes]

    @property
    def last(self) -> RunConfig:
        """The settings after all changes."""
        return self._stages[-1]

    def at(self, place: Place) -> RunConfig:
        """The settings with which the step that follows ``place`` is taken."""
        return self._stages[bisect_right(self._places, place)]

    def next_change(self, place: Place) -> Place | None:
        """Where the settings change next after ``place``; None if they don't."""
        later = bisect_right(self._places, place)
        return self._places[later] if later < len(self._places) else None

    def changed(self, place: Place, config: RunConfig) -> Schedule:
        """The same until ``place``, and ``config`` from there on; the number of epochs for all."""
        start = replace(self.start, epochs=config.epochs)
        before = Schedule(start, tuple(c for c in self.changes if c.place < place))
        if place == Place(0):
            return Schedule(config)
        new = (
            Change(place, row.name, getattr(config, row.name))
            for row in before.last.changes(config)
        )
        return Schedule(start, (*before.changes, *new))

    def shared(self, other: Schedule) -> float:
        """The last epoch at which both have the same weights for certain, on the same data.

        Infinite where they never part, -1 where they begin apart.
        """
        if replace(self.start, epochs=0) != replace(other.start, epochs=0):
            return -1
        parting = {*self.changes} ^ {*other.changes}
        return min((change.place.epoch for change in parting), default=math.inf)

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
    return tuple(sorted(changes, key=lambda change: change.place)), problems
