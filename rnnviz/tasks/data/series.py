"""Series: numbers over time as they are read, checked and mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import pandas as pd

from rnnviz.tasks.data.csv_table import MAX_ROWS, RawTable, RowError, TaskError, shown
from rnnviz.tasks.data.number_cells import (
    MOST,
    comma_lead,
    dates,
    has_dates,
    has_numbers,
    is_either,
    is_missing,
    known_cells,
    numbers,
    written,
)
from rnnviz.tasks.data.number_columns import SeriesColumns
from rnnviz.tasks.data.rhythm import grid_of
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.data.time_columns import time_cells
from rnnviz.tasks.data.vocabulary import Array

#: The most columns of numbers that are read, and different texts of an input.
MAX_CHANNELS, MAX_TEXTS = 50, 30
#: The most cells without a number: each is listed, and a gap.
MAX_HOLES = 100_000


class Fill(StrEnum):
    """What takes the place of a missing number: a value between its neighbours, or the last one.

    Where all numbers are 0 or 1 it is always the last one.
    """

    INTERPOLATE = "interpolate"
    LAST = "last"


@dataclass(frozen=True, eq=False)
class Series:
    """One series of N steps in the order of time, with the numbers of V columns.

    ``times`` (N,) are dates in UTC or numbers, ``rows`` (N,) those of the file, 0 for a step that
    was filled in. ``grid`` (N,) counts the steps of its rhythm: neighbours that differ by more than
    1 have a gap between them. ``values`` (N, V) are NaN where a number is missing, ``filled``
    (N, V) says where one was. ``labels`` (N,) are texts, empty without a label.
    """

    name: str
    times: Array
    rows: Array
    grid: Array
    values: Array
    filled: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.times)

    def at(self, steps: Array | slice) -> Series:
        """Some of its steps."""
        arrays = self.times, self.rows, self.grid, self.values, self.filled, self.labels
        return Series(self.name, *(array[steps] for array in arrays))

    @classmethod
    def joined(cls, parts: Sequence[Series]) -> Series:
        """One series of parts that follow each other."""
        arrays = zip(
            *((p.times, p.rows, p.grid, p.values, p.filled, p.labels) for p in parts), strict=True
        )
        return cls(parts[0].name, *map(np.concatenate, arrays))


@dataclass(frozen=True, eq=False)
class WindowedSeries:
    """The series of a data set, in pieces without gaps, and how they are cut into windows.

    ``train_places`` and ``test_places`` (K, 2) have, for each example, the number of its piece and
    of the first step in it. A window reads ``window`` steps; values are expected up to ``horizon``
    steps ahead.
    """

    columns: SeriesColumns
    window: int
    horizon: int
    train: tuple[Series, ...]
    test: tuple[Series, ...]
    train_places: Array
    test_places: Array

    def read(self, piece: Series) -> Array:
        """What a network reads at each step of a piece, (N, D), in its own units.

        Where values are expected, the inputs are those of the next step, which are known.
        """
        count = len(self.columns.expected)
        if self.columns.form is not Form.VALUES or not self.columns.inputs:
            return piece.values
        known = piece.values[:, count:]
        # The last step has no next one, and is in no window.
        return np.column_stack([piece.values[:, :count], np.append(known[1:], known[-1:], axis=0)])

    @property
    def lead(self) -> int:
        """How many steps after a window belong to it."""
        return self.horizon if self.columns.form is Form.VALUES else 0


@dataclass
class CheckedSeries:
    """The series of a table, without what can't be used, and its problems.

    ``holes`` are the problems that Fill mends, ``faults`` all others; ``notes`` say how the table
    was read. ``columns`` are those of the ``values`` of the series.
    """

    name: str
    columns: SeriesColumns
    series: list[Series] = field(default_factory=list)
    faults: list[RowError] = field(default_factory=list)
    holes: list[RowError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fault(self, row: int, reason: str) -> None:
        """Note a problem that only Skip solves; row 0 is the whole file."""
        self.faults.append(RowError(self.name, int(row), reason))

    def hole(self, row: int, reason: str) -> None:
        """Note a problem that Fill solves, too."""
        self.holes.append(RowError(self.name, int(row), reason))

    def without_shorter(self, least: int) -> CheckedSeries:
        """The same without the series of fewer steps, each with its problem."""
        found = replace(self, faults=[*self.faults])
        for one in self.series:
            if len(one) < least:
                name = f"the series {shown(one.name)}" if one.name else "the table"
                steps = f"{len(one):,} step{'s' * (len(one) != 1)}"
                found.fault(
                    one.rows[0], f"{name} has {steps}, and a window with its horizon takes "
                    f"{least:,}. Make the window shorter, or skip it.",
                )  # fmt: skip
        found.series = [one for one in self.series if len(one) >= least]
        return found


def decimal_commas(tables: Sequence[RawTable], names: Sequence[str]) -> frozenset[str]:
    """The columns of these whose 1,234 is 1.234, in all tables.

    What a column doesn't show, the others do for one with commas.
    """
    found = {
        name: [cell for cells in tables if name in cells.columns for cell in cells.column(name)]
        for name in names
    }
    lead = {name: comma_lead(texts) for name, texts in found.items()}
    others = sum(lead.values()) > 0
    return frozenset(
        name for name, texts in found.items()
        if lead[name] > 0 or (not lead[name] and others and any("," in text for text in texts))
    )  # fmt: skip


def read_series(
    cells: RawTable,
    columns: SeriesColumns,
    varying: bool = True,
    commas: frozenset[str] = frozenset(),
) -> CheckedSeries:
    """The series in these columns, and every problem of the table; raise TaskError.

    Columns of numbers must be ``varying``, unless the table is a test; those in ``commas`` have
    decimal ones. An input of texts becomes a channel for each of them: "weekday=Mon".
    """
    found = CheckedSeries(cells.name, _with_channels(cells, columns), faults=[*cells.faults])
    table = _numbers(cells, found, varying, commas)
    frame = _rows(cells, found)
    columns, regular = found.columns, True
    for name, rows, values in _apart(frame, table[frame.index], columns):
        one = _ordered(name, rows, values, found)
        grid, steady = grid_of(one.times) if columns.time else (np.arange(len(one)), True)
        regular &= steady
        for k in np.flatnonzero(np.diff(grid) > 1):
            missing = int(grid[k + 1] - grid[k] - 1)
            what = f"{missing:,} steps are" if missing > 1 else "a step is"
            before, after = written(one.times[k : k + 2])
            found.hole(one.rows[k + 1], f"{what} missing between {before} and {after}.")
        found.series.append(Series(name, one.times, one.rows, grid, one.values, one.filled,
                                   one.labels))  # fmt: skip
    if not regular:
        found.notes.append("Where times have no regular rhythm, every row is a step.")
    if columns.form is Form.SERIES:
        found.series = [one for one in found.series if _has_one_label(one, found)]
    # The series of a wide table share their times, and their problems.
    found.faults, found.holes = (
        sorted({*problems}, key=lambda error: error.row) for problems in (found.faults, found.holes)
    )
    return found


def _numbers(cells: RawTable, found: CheckedSeries, varying: bool, commas: frozenset[str]) -> Array:
    """The numbers (N, V) of the columns, without constant ones, NaN where there are none."""
    kept, columns, marks = list[Array](), found.columns, list[tuple[str, str]]()
    if varying and len(cells.lines) == 1:
        raise TaskError(f"{cells.name}: has one row. Numbers over time take a row for each step.")
    for name in columns.numbers:
        column, values, comma = _channel(cells, columns, name, commas)
        bad = np.flatnonzero(~(np.abs(values) <= MOST))
        texts, what = cells.column(column), _NUMBER if column == name else _TEXT
        reasons = [(cells.lines[k].row, _reason(column, texts[k], values[k], what)) for k in bad]
        values[bad] = np.nan
        known = values[~np.isnan(values)]
        what = f"the column {name[:30]} {_constant(known, reasons, [texts[k] for k in bad])}"
        if not (varying or len(known)):
            raise TaskError(f"{cells.name}: {what}, but the network reads it. Fill it in.")
        if not varying or (len(known) and known.min() < known.max()):
            kept.append(values)
            found.holes += (RowError(cells.name, row, reason) for row, reason in reasons)
            if len(found.holes) > MAX_HOLES:
                raise TaskError(
                    f"{cells.name}: more than {MAX_HOLES:,} cells have no number. Choose columns "
                    "with fewer empty cells, or remove rows."
                )
            marks += _marks(name[:30], texts, values, comma)
            continue
        found.fault(0, f"{what}. Choose another, or skip it.")
        columns = columns.without(name)
        if not columns.values:
            raise TaskError(f"{cells.name}: {what}. Choose another.")
    if (count := len(columns.expected) + len(columns.inputs)) > MAX_CHANNELS:
        raise TaskError(
            f"{cells.name}: {count} numbers at each step are more than {MAX_CHANNELS}. Choose "
            "fewer values or inputs."
        )
    for what in dict(marks):
        found.notes.append(f"{what}: {', '.join(name for kind, name in marks if kind == what)}.")
    found.columns = columns
    return np.column_stack(kept)


def _marks(name: str, texts: Sequence[str], values: Array, comma: bool) -> list[tuple[str, str]]:
    """What the commas of a column are, and its name with the first that could be the other."""
    k = next((k for k, text in enumerate(texts) if is_either(text, comma)), None)
    if k is None:
        return [("Numbers with decimal commas", name)] * comma
    what = "Numbers with decimal commas" if comma else "Commas between thousands"
    return [(what, f"{name} ({texts[k].strip()} is {values[k]:.12g})")]


def _with_channels(cells: RawTable, columns: SeriesColumns) -> SeriesColumns:
    """The columns with a channel for each text of an input; those of a test have them."""
    inputs = list[str]()
    for name in columns.inputs:
        known = known_cells(cells.column(name)) if name in cells.columns else []
        if not known or has_numbers(known):
            inputs.append(name)
            continue
        texts = dict.fromkeys(cell.strip() for cell in known)
        if len(texts) > MAX_TEXTS:
            raise TaskError(
                f"{cells.name}: the input {name[:30]} has {len(texts):,} different texts, more "
                f"than {MAX_TEXTS}. Choose another."
            )
        inputs += [f"{name}={text}" for text in texts]
    return columns._replace(inputs=tuple(inputs))


def _channel(
    cells: RawTable, columns: SeriesColumns, name: str, commas: frozenset[str]
) -> tuple[str, Array, bool]:
    """The column of a channel, its numbers (N,), and whether they have decimal commas.

    Those of a text are 1 where it is and 0 elsewhere, and NaN for a text without a channel.
    """
    if name in cells.columns:
        found, comma = numbers(cells.column(name), name in commas)
        return name, found.to_numpy(float, copy=True), comma
    column = max((c for c in cells.columns if name.startswith(f"{c}=")), key=len)
    texts = [f"{column}={cell.strip()}" for cell in cells.column(column)]
    known = {*columns.inputs}
    return column, np.array([text == name if text in known else np.nan for text in texts]), False


def _constant(known: Array, reasons: Sequence[tuple[int, str]], cells: Sequence[str]) -> str:
    """What is wrong with a column without two numbers, and its first invalid cell."""
    what = f"is always {known[0]:g}" if len(known) else "has no number"
    row, why = next(
        (at for at, cell in zip(reasons, cells, strict=True) if not is_missing(cell)), (0, "")
    )
    return f"{what} (row {row}: {why.rpartition('. ')[0]})" if row else what


_NUMBER, _TEXT = "is not a number", "the training doesn't have"


def _reason(name: str, cell: str, value: float, what: str) -> str:
    if is_missing(cell):
        return f"{name[:30]} is {shown(cell) if cell.strip() else 'empty'}. Fill or skip it."
    if np.isnan(value):
        return f"{name[:30]} is {shown(cell)}, which {what}. Fill or skip it."
    size = "infinite" if np.isinf(value) else f"beyond ±{MOST:g}"
    return f"{name[:30]} is {shown(cell)}, which is {size}. Fill or skip it."


def _rows(cells: RawTable, found: CheckedSeries) -> pd.DataFrame:
    """The row, time, id and label of every row that has them."""
    columns, count = found.columns, len(cells.lines)
    frame = pd.DataFrame({"row": [line.row for line in cells.lines]})
    for name, column in (("id", columns.id), ("label", columns.label)):
        parts = zip(*map(cells.column, columns.of(name)), strict=True) if column else [[""]] * count
        rows = ([text.strip() for text in row] for row in parts)
        # The name of a series that two columns tell apart has both texts.
        frame[name] = pd.Series([" · ".join(row) * all(row) for row in rows], dtype=object)
        for row in frame["row"][frame[name] == ""] if column else ():
            found.fault(row, f"{column[:30]} is empty. Fill it in, or skip the row.")
        if column:
            frame = frame[frame[name] != ""]
    if not columns.time:
        return frame.assign(time=np.arange(count)[frame.index])
    texts = time_cells(cells, columns.of("time"))
    if has_dates(known_cells(texts)):
        times, zoned = dates(texts)
    else:
        times, zoned = numbers(texts)[0], pd.Series(False, range(count))
        times[~np.isfinite(times)] = np.nan
    some = bool(zoned.any())
    lost = times.isna()
    for k in frame.index[(lost | ~zoned if some else lost)[frame.index]]:
        reason = "is not a time" if lost[k] else "has no time zone, and others have one"
        where = f"{columns.time[:30]} is {shown(texts[k])}, which {reason}"
        found.fault(cells.lines[k].row, f"{where}. Mend it, or skip the row.")
    return frame.assign(time=times[frame.index])[(~lost & (zoned | (not some)))[frame.index]]


def _apart(
    frame: pd.DataFrame, table: Array, columns: SeriesColumns
) -> Iterator[tuple[str, pd.DataFrame, Array]]:
    """The series one by one: by their ids, or, of a wide table, a column each."""
    if frame.empty:
        return
    if columns.wide:
        inputs = [*range(len(columns.values), table.shape[1])]
        for k, name in enumerate(columns.values):
            yield name, frame, table[:, [k, *inputs]]
        return
    for name, places in frame.reset_index(drop=True).groupby("id", sort=False).indices.items():
        yield str(name), frame.iloc[places], table[places]


def _ordered(name: str, frame: pd.DataFrame, values: Array, found: CheckedSeries) -> Series:
    """The series in the order of time, with every time once; the order of equal ones is kept."""
    times, rows = frame["time"].to_numpy(), frame["row"].to_numpy()
    back = np.flatnonzero(times[1:] < np.maximum.accumulate(times)[:-1]) + 1
    if len(times) > 2 and (times[1:] < times[:-1]).all():
        found.hole(rows[0], "the rows are in reverse order. Fill and Skip reverse them.")
    else:
        for k in back:
            earlier = f"its time {written(times[k : k + 1])[0]} is before that of a row above"
            found.hole(rows[k], f"{earlier}. Fill and Skip sort the rows.")
    order = np.argsort(times, kind="stable")
    again = np.append(False, times[order][1:] == times[order][:-1])
    for k in np.flatnonzero(again):
        of = (
            f"has the same time, {written(times[order[k : k + 1]])[0]}, as row {rows[order[k - 1]]}"
        )
        found.hole(rows[order[k]], f"{of}. Fill and Skip keep the first.")
    kept = order[~again]
    labels = frame["label"].to_numpy(object)
    filled = np.zeros(values.shape, bool)
    return Series(name, times, rows, rows, values, filled, labels).at(kept)


def _has_one_label(one: Series, found: CheckedSeries) -> bool:
    others = np.flatnonzero(one.labels != one.labels[0])
    if len(others):
        two = " and ".join(shown(one.labels[k]) for k in (0, int(others[0])))
        reason = f"the series {shown(one.name)} has different labels, {two}. Mend them, or skip it."
        found.fault(int(one.rows[int(others[0])]), reason)
    return not len(others)


# Mended


def mended(series: Series, fill: Fill | None) -> list[Series]:
    """The pieces of a series without gaps and missing numbers; raise TaskError.

    With ``fill`` it is mostly one piece. Numbers are filled from this series alone, so a part that
    is given by itself knows nothing of what comes after it.
    """
    if fill and len(series):
        series = _filled(series, fill)
    whole = np.flatnonzero(~np.isnan(series.values).any(axis=1))
    cuts = np.flatnonzero(np.diff(series.grid[whole]) > 1) + 1
    return [series.at(part) for part in np.split(whole, cuts) if len(part)]


def _filled(series: Series, fill: Fill) -> Series:
    """Every step between the first and the last, and a number in each, if a column has any."""
    if (count := int(series.grid[-1] - series.grid[0]) + 1) > MAX_ROWS:
        raise TaskError(
            f"With its gaps filled {shown(series.name) if series.name else 'the series'} has "
            f"{count:,} steps, more than {MAX_ROWS:,}. Skip them, or leave out the rows far from "
            "the others."
        )
    steps = series.grid[0] + np.arange(count)
    frame = pd.DataFrame(series.values, index=series.grid).reindex(steps)
    missing = frame.isna().to_numpy()
    # Zeros and ones (holidays) are not interpolated.
    last = (frame.isin([0, 1]).to_numpy() | missing).all(axis=0) | (fill is Fill.LAST)
    # The ends of a column can't be interpolated, and its start has no last number.
    values = np.where(last, frame.ffill(), frame.interpolate(limit_area="inside"))
    known = np.searchsorted(series.grid, steps, side="right") - 1
    new = series.grid[known] != steps
    numeric = series.times.astype(float)
    times = np.interp(steps, series.grid, numeric).astype(series.times.dtype)
    times[~new] = series.times
    rows = np.where(new, 0, series.rows[known])
    filled = missing & ~np.isnan(values)
    return Series(series.name, times, rows, steps, values, filled, series.labels[known])
