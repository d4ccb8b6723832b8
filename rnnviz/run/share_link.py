"""Link: the query string of the page, from which another process reaches the same weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from rnnviz.config import SETTINGS, RunConfig, SettingError
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.derived_cell import cell_of
from rnnviz.engine.gradcheck import own_cell
from rnnviz.run.checksum import Checksum
from rnnviz.run.history import PreviousRun
from rnnviz.run.schedule import (
    CHANGEABLE,
    EDIT,
    MAX_CHANGES,
    Change,
    Position,
    Schedule,
    read_changes,
)

START = Position(0)
#: Views of the page Step other than the whole sequence.
VIEWS = ("cell",)
#: Maximum number of characters of a query: servers, proxies and the wire take no more.
MOST_QUERY = 16_000
#: Larger numbers of units and tokens are refused.
MOST_INDEX = 1_000_000


@dataclass(frozen=True)
class OldRun:
    """The run before a branch: where it was left, its last position, its changes from there."""

    left: Position
    now: Position
    changes: tuple[Change, ...] = ()

    @classmethod
    def of(cls, ghost: PreviousRun, after: Schedule) -> OldRun:
        """The old run of a branch, whose new run has the schedule ``after``."""
        changes = tuple(c for c in ghost.schedule.changes if c.position >= ghost.position)
        if ghost.position == START:
            # Its settings may differ from the start, which no change records.
            own = ghost.schedule.at(START)
            rows = (row for row in after.start.changes(own) if row.name in CHANGEABLE)
            first = (Change(START, row.name, getattr(own, row.name)) for row in rows)
            changes = (*first, *(c for c in changes if c.position > START or c.name == EDIT))
        return cls(ghost.position, ghost.end, changes)

    def schedule(self, after: Schedule) -> Schedule:
        """Its schedule, if the new run of the branch has the schedule ``after``."""
        shared = tuple(change for change in after.changes if change.position < self.left)
        return Schedule(after.start, (*shared, *self.changes))


@dataclass(frozen=True)
class Link:
    """Schedule, last position and position shown, phrase, the old run of a branch.

    ``data`` is the name under which this server stores the user's own data. ``unit`` and ``token``
    are marked, both from 0. ``view`` is the view of the page Step, if not the whole sequence. The
    position ``shown`` is compared with ``pinned``. ``asked`` are the names of the questions at
    which pages open, if not at their first. ``checksum`` is that of the run at its last position.
    ``marks`` are the other choices of the pages, by names like ``what_if.change``.
    """

    schedule: Schedule
    now: Position = START
    shown: Position = START
    phrase: str | None = None
    old: OldRun | None = None
    data: str | None = None
    unit: int | None = None
    token: int | None = None
    view: str | None = None
    pinned: Position | None = None
    asked: tuple[str, ...] = ()
    checksum: Checksum | None = None
    marks: Mapping[str, str] = field(default_factory=dict)

    def at_batches(self, examples: int) -> Link:
        """The link with every position at the start of a batch, for a data set of this size."""
        start, old = self.schedule.start, self.old

        def at(position: Position) -> Position:
            return position.at_batch(examples, start.batch)

        def moved(changes: tuple[Change, ...]) -> tuple[Change, ...]:
            return tuple(replace(change, position=at(change.position)) for change in changes)

        return replace(
            self,
            schedule=Schedule(start, moved(self.schedule.changes)),
            now=at(self.now),
            shown=at(self.shown),
            old=old and OldRun(at(old.left), at(old.now), moved(old.changes)),
            pinned=self.pinned and at(self.pinned),
        )

    def to_query(self) -> dict[str, str]:
        """The query parameters; default values are left out."""
        old = self.old
        parts = {
            "changes": self.schedule.text(),
            "epoch": str(self.shown) if self.shown > START else "",
            "now": str(self.now) if self.now > self.shown else "",
            "ghost": f"{old.left}:{old.now}" if old else "",
            "ghost_changes": ",".join(map(str, old.changes)) if old else "",
            "phrase": self.phrase or "",
            "data": self.data or "",
            "unit": "" if self.unit is None else str(self.unit),
            "token": "" if self.token is None else str(self.token + 1),
            "view": self.view or "",
            "pin": "" if self.pinned is None else str(self.pinned),
            "ask": ",".join(self.asked),
            "checksum": "" if self.checksum is None else str(self.checksum),
        }
        parts |= self.marks
        return self.schedule.start.to_query() | {k: v for k, v in parts.items() if v}

    def query(self) -> str | None:
        """The query string; None if it would be too long, or have more changes than are read."""
        old = self.old.changes if self.old else ()
        if max(len(self.schedule.changes), len(old)) > MAX_CHANGES:
            return None
        query = urlencode(self.to_query())
        return query if len(query) <= MOST_QUERY else None


def read_link(query: Mapping[str, str]) -> tuple[Link, list[str]]:
    """Parse a query: the link, and one sentence for each part that is refused."""
    # Half a surrogate pair is not valid text.
    query = {name: text.encode(errors="replace").decode() for name, text in query.items()}
    start, setting_problems = RunConfig.from_query(query)
    problems: list[str] = []
    start = _with_a_cell(start, problems)
    shown = _position(query, "epoch", problems)
    now = max(shown, _position(query, "now", problems))
    changes = _changes(query, "changes", now, problems)
    unit, token = _index(query, "unit", 0, problems), _index(query, "token", 1, problems)
    old, phrase, data = _old_run(query, now, problems), query.get("phrase"), query.get("data")
    view = query.get("view") or None
    if view and view not in VIEWS:
        wanted = " or ".join(VIEWS)
        problems.append(f"view must be {wanted}, not {view[:40]}. It is left out.")
        view = None
    pinned = _pinned(query, now, problems)
    schedule = Schedule(start, changes)
    asked = tuple(name for name in query.get("ask", "").split(",") if name)
    checksum = _checksum(query, problems)
    marks = {name: text for name, text in query.items() if "." in name}
    link = Link(
        schedule, now, shown, phrase, old, data, unit, token, view, pinned, asked, checksum, marks
    )
    return link, [*setting_problems, *(f"In the link: {sentence}" for sentence in problems)]


def _with_a_cell(config: RunConfig, problems: list[str]) -> RunConfig:
    """The settings, with the default cell if the equations make none."""
    try:
        cell_of(config.cell, config.activation, config.equations, config.constants)
        if config.equations:
            own_cell(config.equations)
    except SettingError as problem:
        problems.append(f"{problem} They are left out.")
        return replace(config, constants="")
    except CellError as problem:
        default: str = SETTINGS["cell"].default
        problems.append(f"{SETTINGS['equations'].label}, {problem}. Using the {default} cell.")
        return replace(config, cell=default)
    return config


def _index(query: Mapping[str, str], name: str, first: int, problems: list[str]) -> int | None:
    """The index from 0 of a number that counts from ``first``."""
    text = query.get(name, "")
    if not text:
        return None
    # The digits are limited, as int() refuses thousands.
    if text.isascii() and text.isdigit() and len(text) < 9 and 0 <= int(text) - first < MOST_INDEX:
        return int(text) - first
    most = MOST_INDEX - 1 + first
    problems.append(
        f"{name} must be a whole number from {first} to {most:,}, not {text[:30]}. It is left out."
    )
    return None


def _pinned(query: Mapping[str, str], now: Position, problems: list[str]) -> Position | None:
    if not query.get("pin"):
        return None
    refused = len(problems)
    pinned = _position(query, "pin", problems)
    if len(problems) == refused and pinned > now:
        problems.append(f"pin: {pinned} lies beyond epoch {now}, where the run is: left out.")
    return pinned if len(problems) == refused else None


def _checksum(query: Mapping[str, str], problems: list[str]) -> Checksum | None:
    if not (text := query.get("checksum")):
        return None
    try:
        return Checksum.parse(text)
    except SettingError as problem:
        problems.append(f"{problem} It is left out.")
        return None


def _position(query: Mapping[str, str], name: str, problems: list[str]) -> Position:
    if name not in query:
        return START
    try:
        return _clamped(Position.parse(query[name]), name, problems)
    except SettingError as problem:
        problems.append(f"{name}: {problem} It is left out.")
        return START


def _clamped(position: Position, name: str, problems: list[str]) -> Position:
    # The limit of the setting, not its value: Epochs may be lowered below the current epoch.
    most = int(SETTINGS["epochs"].high)
    if position <= (most, 0):
        return position
    problems.append(f"{name} can't be {position}: the most is {most:,}. Using {most:,}.")
    return Position(most)


def _changes(
    query: Mapping[str, str], name: str, now: Position, problems: list[str], run: str = "the run"
) -> tuple[Change, ...]:
    changes, refused = read_changes(query.get(name, ""))
    problems += (f"{name}: {problem}" for problem in refused)
    problems += (
        f"{name}: {str(change)[:60]} lies beyond epoch {now}, where {run} is: left out."
        for change in changes
        if change.position > now
    )
    return tuple(change for change in changes if change.position <= now)


def _old_run(query: Mapping[str, str], now: Position, problems: list[str]) -> OldRun | None:
    if "ghost" not in query:
        return None
    left_text, _, end_text = query["ghost"].partition(":")
    try:
        left = Position.parse(left_text)
        end = _clamped(Position.parse(end_text), "ghost", problems)
    except SettingError as problem:
        problems.append(f"ghost: {problem} It is left out.")
        return None
    if left > min(end, now):
        problems.append(
            "ghost: a run can't be left at an epoch that it hadn't reached, or that the new run "
            "hasn't. It is left out."
        )
        return None
    changes = _changes(query, "ghost_changes", end, problems, "the old run")
    problems += (
        f"ghost_changes: {str(change)[:60]} lies before epoch {left}, where the run was "
        "left: it is left out."
        for change in changes
        if change.position < left
    )
    return OldRun(left, end, tuple(change for change in changes if change.position >= left))
