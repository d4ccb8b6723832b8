"""Time columns: a time whose parts have a column each, such as year and month, or date and hour."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rnnviz.tasks.data.csv_table import RawTable, plain

#: Names of columns that form a time, in order; and their combinations, the longest first.
_PARTS = ("year", "month", "day", "hour", "minute")
_TOGETHER = (*(_PARTS[:count] for count in (5, 4, 3, 2)), ("year", "quarter"))
_SHORT = {"yr": "year", "mnth": "month", "mon": "month", "hr": "hour", "min": "minute"}
_YEAR = re.compile(r"\d{4}")
_CLOCK = re.compile(r"\d{1,2}[:.]\d\d([:.]\d\d)?( ?[ap]m)?", re.IGNORECASE)


def has_clocks(known: Sequence[str]) -> bool:
    """Whether cells that aren't empty are times of day, all of them."""
    return all(_CLOCK.fullmatch(cell.strip()) for cell in known)


def parts_of_time(
    cells: RawTable, free: Sequence[str], dates: Sequence[str], clocks: Sequence[str]
) -> tuple[str, ...]:
    """The columns among ``free`` that are a time together; none if a single one is.

    The first of ``dates`` with a clock, or, if the dates repeat, with an hour; else year, month and
    so on.
    """
    named = {_part(name): name for name in reversed(free)}
    if not dates:
        whole = next((parts for parts in _TOGETHER if {*parts} <= {*named}), ())
        return tuple(named[part] for part in whole)
    texts = cells.column(dates[0])
    if any(":" in text for text in texts):
        return ()
    hours = [named["hour"]] if "hour" in named and len({*texts}) < len(texts) else []
    times = [name for name in (*clocks, *hours) if name in free]
    return (dates[0], times[0]) if times else ()


def _part(name: str) -> str:
    """The part of a time that a column has by its name."""
    return _SHORT.get(plain(name), plain(name))


def time_cells(cells: RawTable, names: Sequence[str]) -> list[str]:
    """The times of the rows as texts, empty where a part is; from the year on, or a date first."""
    if len(names) == 1:
        return cells.column(names[0])
    if {*map(_part, names)} <= {*_PARTS}:
        names = sorted(names, key=lambda name: _PARTS.index(_part(name)))
    columns = [cells.column(name) for name in names]
    quarter = plain(names[-1]) == "quarter"
    return [_joined([cell.strip() for cell in row], quarter) for row in zip(*columns, strict=True)]


def _joined(parts: Sequence[str], quarter: bool) -> str:
    if not all(parts):
        return ""
    # Spreadsheets and data frames write 5 as 5.0 if some numbers are missing.
    first, *others = [part.removesuffix(".0") for part in parts]
    if not _YEAR.fullmatch(first):
        return f"{first} {_clock(others)}"
    if quarter:
        return f"{first} q{others[0][-1]}"
    date, clock = [first, *others[:2]], others[2:]
    if others[0].isdecimal():
        written = "-".join(part.zfill(2) for part in date)
    else:
        written = " ".join(reversed(date))
    return f"{written} {_clock(clock)}" if clock else written


def _clock(parts: Sequence[str]) -> str:
    if not parts[0].isdecimal():
        return " ".join(parts).replace(".", ":")
    hour, minute = (*parts, "0")[:2]
    return f"{hour.zfill(2)}:{minute.zfill(2)}"
