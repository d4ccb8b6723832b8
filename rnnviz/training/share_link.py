"""Link: what the address bar carries, enough to reach the same weights in another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rnnviz.config import SETTINGS, RunConfig, SettingError
from rnnviz.training.schedule import Change, Position, Schedule, read_changes

START = Position(0)


@dataclass(frozen=True)
class Old:
    """The run that was left for the present one: where, how far it had gone, its own changes."""

    left: Position
    now: Position
    changes: tuple[Change, ...] = ()

    def schedule(self, after: Schedule) -> Schedule:
        """Its settings, given those of the run that took over."""
        shared = tuple(change for change in after.changes if change.position < self.left)
        return Schedule(after.start, (*shared, *self.changes))


@dataclass(frozen=True)
class Link:
    """Settings and changes, how far the run has gone, which epoch is shown, phrase, old run.

    ``data`` is the name under which this server keeps the reader's own data.
    """

    schedule: Schedule
    now: Position = START
    shown: Position = START
    phrase: str | None = None
    old: Old | None = None
    data: str | None = None

    def to_query(self) -> dict[str, str]:
        """The link as texts by name; what is as by default is left out."""
        old = self.old
        parts = {
            "changes": self.schedule.text(),
            "epoch": str(self.shown) if self.shown > START else "",
            "now": str(self.now) if self.now > self.shown else "",
            "ghost": f"{old.left}:{old.now}" if old else "",
            "ghost_changes": ",".join(map(str, old.changes)) if old else "",
            "phrase": self.phrase or "",
            "data": self.data or "",
        }
        return self.schedule.start.to_query() | {k: v for k, v in parts.items() if v}


def read_link(query: Mapping[str, str]) -> tuple[Link, list[str]]:
    """Read a query: the link, and one sentence for each part that can't be followed."""
    start, problems = RunConfig.from_query(query)
    said: list[str] = []
    shown = _place(query, "epoch", said)
    now = max(shown, _place(query, "now", said))
    changes = _changes(query, "changes", now, said)
    schedule = Schedule(start, changes)
    link = Link(
        schedule, now, shown, query.get("phrase"), _old(query, now, said), query.get("data")
    )
    return link, [*problems, *(f"In the link: {sentence}" for sentence in said)]


def _place(query: Mapping[str, str], name: str, said: list[str]) -> Position:
    if name not in query:
        return START
    try:
        return _within(Position.parse(query[name]), name, said)
    except SettingError as problem:
        said.append(f"{name}: {problem} It is left out.")
        return START


def _within(position: Position, name: str, said: list[str]) -> Position:
    # A run may be beyond its last epoch, if that was lowered on the way.
    most = int(SETTINGS["epochs"].high)
    if position <= (most, 0):
        return position
    said.append(f"{name} can't be {position}: the most is {most:,}. Using {most:,}.")
    return Position(most)


def _changes(
    query: Mapping[str, str], name: str, now: Position, said: list[str]
) -> tuple[Change, ...]:
    changes, problems = read_changes(query.get(name, ""))
    said += (f"{name}: {problem}" for problem in problems)
    late = [str(change) for change in changes if change.position > now]
    if late:
        said.append(f"{name}: {late[0][:60]} lies beyond epoch {now}, where the run is: left out.")
    return tuple(change for change in changes if change.position <= now)


def _old(query: Mapping[str, str], now: Position, said: list[str]) -> Old | None:
    if "ghost" not in query:
        return None
    left, _, end = query["ghost"].partition(":")
    try:
        positions = Position.parse(left), _within(Position.parse(end), "ghost", said)
    except SettingError as problem:
        said.append(f"ghost: {problem} It is left out.")
        return None
    if positions[0] > min(positions[1], now):
        said.append(
            "ghost: a run can't be left at an epoch that it hadn't reached. It is left out."
        )
        return None
    changes = _changes(query, "ghost_changes", positions[1], said)
    return Old(*positions, tuple(change for change in changes if change.position >= positions[0]))
