"""Upload: the user's own data, and how they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple

import pandas as pd

from rnnviz.config import SETTINGS, RunConfig, Setting
from rnnviz.tasks.data.csv_table import (
    MAX_BYTES,
    MAX_LETTERS,
    MAX_ROWS,
    MAX_WORDS,
    Encoding,
    RawTable,
    RowError,
    TaskError,
)
from rnnviz.tasks.data.number_columns import (
    Given,
    SeriesColumns,
    guessed_columns,
    is_number_table,
    joined_columns,
    series_columns,
)
from rnnviz.tasks.data.rows import (
    Columns,
    Form,
    Row,
    Table,
    columns_of,
    near_labels,
    near_listed,
    read_cells,
    relabelled,
    table,
    valid_rows,
)
from rnnviz.tasks.data.series import CheckedSeries, Fill, decimal_commas, read_series
from rnnviz.tasks.data.split import choose, split_series
from rnnviz.tasks.data.vocabulary import Unit, Vocabulary, unreadable, vocabulary_of
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.text_datasets import (
    WINDOW,
    build_dataset,
    build_next,
    build_translation,
    cut,
    unknown_label,
)
from rnnviz.tasks.windows import build_windows


def split_rows(
    rows: Sequence[Row], form: Form, unit: Unit, share: float, seed: int
) -> tuple[list[Row], list[Row]]:
    """The training rows and the test rows, in their order; labels are split class by class.

    A row with too few known tokens stays in training.
    """
    classes = [row.label if form is Form.LABEL else "" for row in rows]
    texts = [unit.plain(row.text) for row in rows]
    chosen = choose(classes, texts, share, seed)
    remaining = [row for i, row in enumerate(rows) if i not in chosen]
    sources = {token for row in remaining for token in unit.tokens(row.text)}
    targets = {token for row in remaining for token in unit.tokens(row.label)}

    def readable(row: Row) -> bool:
        if form is Form.TRANSLATION and not targets.issuperset(unit.tokens(row.label)):
            return False
        # If training has a single distinct token, a next-token task needs every row for it.
        count = sum(token in sources for token in unit.tokens(row.text))
        return min(count, len(sources)) >= form.least

    test = {i for i in chosen if readable(rows[i])}
    return [row for i, row in enumerate(rows) if i not in test], [rows[i] for i in sorted(test)]


#: Maximum number of sequences of a text: those of the largest file with the default window.
MAX_PIECES = MAX_BYTES // WINDOW
#: Default share of the rows that are test rows.
TEST_SHARE = 0.2
#: Maximum length of a list of columns, in characters.
_LISTED = 1_000
_setting = partial(Setting, group="Data", restarts=True)

#: How data are read, as rows of the settings' table.
DATA_SETTINGS: dict[str, Setting] = {
    row.name: row
    for row in (
        _setting("unit", Unit, None, "Unit",
                 help="What the network reads one at a time: words, or single characters. By "
                 "default characters to learn what comes next, words otherwise."),
        _setting("test_share", float, TEST_SHARE, "Test share", low=0.0, high=0.5, step=0.05,
                 help="The share of the rows, of each class if there are enough, set aside for "
                 "testing if there is no test file. Rows with the same text stay together."),
        _setting("form", Form, None, "Form",
                 help="What is learned from a table: the label of a text, the next token, or a "
                 "translation; of numbers over time the next values, the class of a whole series, "
                 "or a class at every step (steps). By default it is guessed from the columns."),
        _setting("text_column", str, None, "Text column", low=1, high=MAX_LETTERS,
                 help="The column of the text, or of the source of a translation. By default it "
                 "is guessed."),
        _setting("label_column", str, None, "Label column", low=1, high=MAX_LETTERS,
                 help="The column of the label, or of the target of a translation. By default it "
                 "is guessed."),
        *(_setting(name, str, None, label, high=_LISTED, help=f"{help} By default guessed.")
          for name, label, help in (
            ("time", "Time column", "Of numbers over time the column of dates or numbers, or those "
             "of its parts, such as year,month."),
            ("value", "Value columns", "The columns of numbers to expect; commas divide them."),
            ("input", "Input columns", "The columns that are known beforehand, such as a price or "
             "the day of the week; of few texts, each is read by itself."),
            ("id", "Series column", "The column that tells series apart, or several."))),
        _setting("fill", Fill, None, "Fill",
                 help="What takes the place of missing numbers and steps: a value between their "
                 "neighbours, or the last one."),
        _setting("encoding", Encoding, None, "Encoding",
                 help="The encoding of a file that isn't UTF-8."),
    )
}  # fmt: skip
#: Options that are on or off.
FLAGS = ("skip_bad", "merge_labels", "wide")
#: The options of how data are read, as ``Upload`` names them.
OPTIONS = (*DATA_SETTINGS, *FLAGS)


class File(NamedTuple):
    """The name and the content of a file."""

    name: str
    content: bytes


def column_name(name: Hashable) -> str:
    """The name in a CSV of a column of a DataFrame."""
    return name if isinstance(name, str) else f"column {name}"


def file_of_frame(frame: pd.DataFrame | pd.Series[Any]) -> File:
    """A DataFrame as a CSV, with its index if that has more than numbers of rows; raise TaskError.

    Floats are written so that they are read back exactly, durations as seconds.
    """
    if isinstance(frame, pd.Series):
        frame = frame.to_frame("value" if frame.name is None else frame.name)
    if not isinstance(frame, pd.DataFrame):
        raise TaskError(f"Give a pandas DataFrame, not {type(frame).__name__}.")
    if len(frame) > MAX_ROWS:
        raise TaskError(f"The data frame has {len(frame):,} rows, more than {MAX_ROWS:,}.")
    if not isinstance(frame.index, pd.RangeIndex):
        timed = isinstance(frame.index, pd.DatetimeIndex | pd.TimedeltaIndex | pd.PeriodIndex)
        unnamed = frame.index.name is None and "time" not in frame.columns
        frame = (frame.rename_axis("time") if timed and unnamed else frame).reset_index()
    seconds = {
        name: frame[name].dt.total_seconds() for name in frame.select_dtypes("timedelta").columns
    }
    names = [*map(column_name, frame.columns)]
    frame = frame.assign(**seconds) if seconds else frame
    return File("data frame.csv", frame.set_axis(names, axis=1).to_csv(index=False).encode())


@dataclass(frozen=True)
class Upload:
    """One or two files and how they are read.

    Seed, window and horizon are those of the run that begins with it. Without a ``unit`` the form
    decides; without a ``form`` or columns they are guessed. With a test file, no training rows are
    set aside. Unusable rows are left out if ``skip_bad``, and are an error otherwise.
    ``merge_labels`` merges nearly equal labels, ``fill`` mends numbers over time, and in a ``wide``
    table each value is a series. Raises SettingError.
    """

    train: File
    test: File | None = None
    unit: Unit | None = None
    test_share: float = TEST_SHARE
    seed: int = 0
    window: int = WINDOW
    form: Form | None = None
    text_column: str | None = None
    label_column: str | None = None
    time: str | None = None
    value: str | None = None
    input: str | None = None
    id: str | None = None
    wide: bool = False
    fill: Fill | None = None
    horizon: int = SETTINGS["horizon"].default
    encoding: Encoding | None = None
    skip_bad: bool = False
    merge_labels: bool = False

    def __post_init__(self) -> None:
        if self.test:
            object.__setattr__(self, "test_share", 0.0)
        run = (SETTINGS[name] for name in ("seed", "window", "horizon"))
        for row in (*DATA_SETTINGS.values(), *run):
            if getattr(self, row.name) is not None:
                object.__setattr__(self, row.name, row.parse(getattr(self, row.name)))

    def of_run(self, config: RunConfig) -> Upload:
        """The same as a run with these settings reads it."""
        return replace(self, seed=config.dataset_seed, window=config.window, horizon=config.horizon)

    @property
    def given_columns(self) -> Given:
        """The columns of numbers that are chosen."""
        return Given(
            self.form, self.time, self.value, self.input, self.id, self.label_column, self.wide
        )


class FaultsError(TaskError):
    """Unusable rows, of ``count``; the message has the first one, ``faults`` all.

    Fill mends ``mendable`` of them.
    """

    def __init__(self, faults: Sequence[RowError], count: int, mendable: int = 0) -> None:
        self.faults, self.count, self.mendable = tuple(faults), count, mendable
        rows = len({(fault.file, fault.row) for fault in faults})
        more = f" {rows - 1:,} more of {count:,} rows can't be used." * (rows > 1)
        super().__init__(f"{faults[0]}{more}")


@dataclass(frozen=True, eq=False)
class Checked:
    """The usable rows of an upload, and the errors of all others.

    ``columns`` are the columns of a table that are read, ``count`` is the number of all rows,
    ``near`` are nearly equal labels, the most frequent of each group first. Of numbers over time
    there are no rows but ``series``, of the training and of the test file.
    """

    columns: Columns | SeriesColumns | None
    form: Form
    unit: Unit
    train: tuple[Row, ...]
    test: tuple[Row, ...] | None
    faults: tuple[RowError, ...]
    test_faults: tuple[RowError, ...]
    count: int
    near: tuple[tuple[str, ...], ...]
    series: tuple[CheckedSeries, ...] = ()

    @property
    def mendable(self) -> int:
        """How many problems Fill mends."""
        return sum(len(one.holes) for one in self.series)

    @property
    def unusable(self) -> tuple[RowError, ...]:
        """The errors of both files."""
        return (*self.faults, *self.test_faults)


def cells_of(file: File, encoding: Encoding | None = None) -> RawTable:
    """The cells of a file; raise TaskError."""
    read = _read(file, encoding)
    if isinstance(read, TaskError):
        raise read.with_traceback(None)
    return read


@lru_cache(maxsize=8)
def _read(file: File, encoding: Encoding | None) -> RawTable | TaskError:
    # An error is cached, too: the page reads the file at every rerun.
    try:
        return read_cells(file.content, file.name, encoding)
    except TaskError as problem:
        return problem.with_traceback(None)


def columns_read(upload: Upload) -> Columns | SeriesColumns | None:
    """The columns, chosen or guessed; None for a plain text. Raises TaskError."""
    cells = cells_of(upload.train, upload.encoding)
    if cells.plain:
        chosen = upload.text_column or upload.label_column or upload.given_columns.numbers
        if chosen or upload.form not in (None, Form.NEXT):
            raise TaskError(f"{cells.name}: is a plain text, without columns.")
        return None
    guessed = upload.form is None and upload.text_column is None and is_number_table(cells)
    if guessed or upload.given_columns.numbers:
        return series_columns(cells, upload.given_columns)
    return columns_of(cells, upload.form, upload.text_column, upload.label_column)


def guessed_form(upload: Upload) -> Form:
    """What is learned from a table, if its columns don't say otherwise; raise TaskError."""
    cells = cells_of(upload.train, upload.encoding)
    numbers = is_number_table(cells)
    return guessed_columns(cells, Given()).form if numbers else columns_of(cells).form


def with_columns(upload: Upload) -> Upload:
    """The upload with guessed columns as chosen ones; raise TaskError."""
    if (columns := columns_read(upload)) is None:
        return upload
    if isinstance(columns, SeriesColumns):
        values, inputs = map(joined_columns, (columns.values, columns.inputs))
        return replace(
            upload, form=columns.form, time=columns.time, id=columns.id, wide=columns.wide,
            value=values if len(values) <= _LISTED else upload.value,
            input=inputs if len(inputs) <= _LISTED else upload.input,
            label_column=columns.label or None,
        )  # fmt: skip
    form, text, label = columns
    return replace(upload, form=form, text_column=text, label_column=label or None)


def usual_unit(form: Form) -> Unit:
    """The default unit."""
    return Unit.CHARACTERS if form is Form.NEXT else Unit.WORDS


def check_rows(upload: Upload) -> Checked:
    """Check every row of the files; raise TaskError for a whole file that can't be used."""
    plain = replace(upload, seed=0, test_share=0.0, skip_bad=False)
    columns = columns_read(upload)
    if isinstance(columns, SeriesColumns):
        return _checked_series(plain, columns)
    return _checked(replace(plain, window=WINDOW), columns)


@lru_cache(maxsize=8)
def _checked_series(upload: Upload, columns: SeriesColumns) -> Checked:
    """The series of the files; those shorter than a window and its horizon are unusable."""
    found = _measured(upload, columns)
    if upload.window > MAX_WORDS:
        raise TaskError(
            f"{upload.train.name}: a window of numbers has at most {MAX_WORDS} steps. Shorten it."
        )
    if columns.form is Form.VALUES:
        found = [one.without_shorter(upload.window + upload.horizon) for one in found]
    faults = [
        tuple(sorted((*one.faults, *(() if upload.fill else one.holes)), key=lambda e: e.row))
        for one in found
    ]
    count = sum(len(cells_of(file, upload.encoding).lines)
                for file in (upload.train, upload.test) if file)  # fmt: skip
    return Checked(
        columns, columns.form, Unit.WORDS, (), None, faults[0], (*faults, ())[1], count, (),
        tuple(found),
    )  # fmt: skip


def _measured(upload: Upload, columns: SeriesColumns) -> list[CheckedSeries]:
    """The series of the training file, and those of a test file in the same columns."""
    files = [file for file in (upload.train, upload.test) if file]
    tables = [cells_of(file, upload.encoding) for file in files]
    commas = decimal_commas(tables, columns.numbers)
    first = _read_series(upload.train, upload.encoding, columns, True, commas)
    if upload.test is None:
        return [first]
    _check_columns(tables[1], upload.train.name, columns)
    return [first, _read_series(upload.test, upload.encoding, first.columns, False, commas)]


@lru_cache(maxsize=8)
def _read_series(
    file: File,
    encoding: Encoding | None,
    columns: SeriesColumns,
    varying: bool,
    commas: frozenset[str],
) -> CheckedSeries:
    return read_series(cells_of(file, encoding), columns, varying, commas)


def usual_window(upload: Upload) -> int:
    """The default window of numbers: a tenth of the longest series, so that the test has some too.

    Where its class is learned it is the whole series. Raises TaskError.
    """
    columns = columns_read(upload)
    assert isinstance(columns, SeriesColumns), "only numbers have this window"
    longest = max((len(one) for one in _measured(upload, columns)[0].series), default=0)
    whole = columns.form is Form.SERIES
    window = min(longest, MAX_WORDS) if whole else min(longest // 10, WINDOW)
    return max(window, int(SETTINGS["window"].low))


@lru_cache(maxsize=8)
def _checked(upload: Upload, columns: Columns | None) -> Checked:
    tables = [table(cells_of(upload.train, upload.encoding), columns)]
    if upload.test:
        tables.append(_test_table(cells_of(upload.test, upload.encoding), tables[0], columns))
    form = tables[0].form
    unit = upload.unit or usual_unit(form)
    near: list[tuple[str, ...]] = []
    if form is Form.LABEL:
        near = near_labels(row.label for one in tables for row in one.rows)
        tables = [
            replace(one, rows=relabelled(one.rows, near, upload.merge_labels)) for one in tables
        ]
    rows, faults = valid_rows(tables[0], unit)
    tested, test_faults = _valid_test_rows(tables[1], rows, unit) if upload.test else (None, ())
    count = sum(len(one.rows) + len(one.faults) for one in tables)
    return Checked(columns, form, unit, rows, tested, faults, test_faults, count, tuple(near))


def _test_table(cells: RawTable, train: Table, columns: Columns | None) -> Table:
    """The rows of the test file, with the columns of the training file; raise TaskError."""
    if columns is None:
        return table(cells, None if cells.plain else columns_of(cells, Form.NEXT))
    if not (cells.plain and train.form is Form.NEXT):
        _check_columns(cells, train.name, columns)
    return table(cells, columns)


def _check_columns(cells: RawTable, train: str, columns: Columns | SeriesColumns) -> None:
    """Raise TaskError for a test file without a column of the training file."""
    if missing := [name for name in columns.names if name not in cells.columns]:
        raise TaskError(
            f"{cells.name}: has no column {' and no column '.join(name[:30] for name in missing)}. "
            f"The test file must have the columns of {train}: "
            f"{', '.join(name[:30] for name in columns.names)}."
        )


def _valid_test_rows(
    test: Table, train: Sequence[Row], unit: Unit
) -> tuple[tuple[Row, ...], tuple[RowError, ...]]:
    """The test rows that can be read with what the training rows have, and the others."""
    tested, faults = valid_rows(test, unit)
    # To sort a million words would take a second, in one piece.
    words = {token for row in train for token in unit.tokens(row.text)}
    vocabulary = Vocabulary(tuple(words), unit is Unit.CHARACTERS)
    classes = {row.label for row in train}

    def problem(row: Row) -> str:
        unknown = unknown_label(row.label, classes) if test.form is Form.LABEL else ""
        return unknown or unreadable(vocabulary.read(row.text), vocabulary, test.form.least)

    found = {row: problem(row) for row in tested}
    more = (RowError(test.name, row.line, said) for row, said in found.items() if said)
    rows = tuple(row for row in tested if not found[row])
    return rows, tuple(sorted((*faults, *more), key=lambda error: error.row))


@lru_cache(maxsize=8)
def split_upload(upload: Upload) -> tuple[Sequence[Row], Sequence[Row], tuple[str, ...]]:
    """The training rows and the test rows of the files, and notes on them; raise TaskError."""
    checked = check_rows(upload)
    if checked.unusable and not upload.skip_bad:
        raise FaultsError(checked.unusable, checked.count)
    if not checked.train:
        raise TaskError(f"{upload.train.name}: none of its rows can be used.")
    form, unit, rows = checked.form, checked.unit, checked.train
    # Tokens are counted before the split, so that an error doesn't depend on the seed.
    vocabulary_of((row.text for row in rows), unit)
    if form is Form.TRANSLATION:
        vocabulary_of((row.label for row in rows), unit)
    notes = []
    if count := len(checked.unusable):
        notes.append(f"Rows left out, because they can't be used: {count:,} of {checked.count:,}.")
    if upload.merge_labels and checked.near:
        notes.append(f"Labels merged: {near_listed(checked.near, merge=True)}.")
    if checked.test is not None:
        test, learned = checked.test, {unit.plain(row.text) for row in rows}
        if shared := sum(unit.plain(row.text) in learned for row in test):
            notes.append(
                f"Test phrases that are training phrases too: {shared:,} of {len(test):,}. They "
                "say nothing about new phrases."
            )
        return rows, test, tuple(notes)
    if form is Form.NEXT:
        rows = tuple(islice(cut(rows, unit, upload.window), MAX_PIECES + 1))
        if len(rows) > MAX_PIECES:
            raise TaskError(
                f"{upload.train.name}: its windows of {upload.window} {unit} are more than "
                f"{MAX_PIECES:,} sequences. Make the window longer, or use less text."
            )
    training, held_out = split_rows(rows, form, unit, upload.test_share, upload.seed)
    if upload.test_share and not held_out:
        notes.append(
            f"No rows could be set aside for testing: this takes two different texts with {unit} "
            "in common, of the same class if there are classes."
        )
    return training, held_out, tuple(notes)


@lru_cache(maxsize=8)
def dataset_of(upload: Upload) -> Dataset:
    """The dataset of an upload; raise TaskError."""
    if (checked := check_rows(upload)).series:
        return _dataset_of_series(upload, checked)
    train, test, notes = split_upload(upload)
    rows = upload.train.name, train, test, checked.unit
    if checked.form is Form.NEXT:
        dataset = build_next(*rows, upload.window)
    else:
        dataset = (build_dataset if checked.form is Form.LABEL else build_translation)(*rows)
    return replace(dataset, notes=(*notes, *dataset.notes))


def _dataset_of_series(upload: Upload, checked: Checked) -> Dataset:
    if checked.unusable and not upload.skip_bad:
        mendable = 0 if upload.fill else checked.mendable
        raise FaultsError(checked.unusable, checked.count, mendable)
    first = checked.series[0]
    if not first.series:
        raise _no_series(first)
    train, test = split_series(first.series, first.columns, upload.test_share, upload.seed)
    if upload.test:
        test = checked.series[1].series
        if not test:
            raise _no_series(checked.series[1])
    notes = [note for one in checked.series for note in one.notes]
    if count := len(checked.unusable):
        notes.append(f"Problems that were skipped: {count:,}.")
    if upload.fill and checked.mendable:
        notes.append(f"Problems that were mended: {checked.mendable:,}.")
    dataset = build_windows(
        upload.train.name, first.columns, train, test,
        window=upload.window, horizon=upload.horizon, fill=upload.fill,
    )  # fmt: skip
    return replace(dataset, notes=(*notes, *dataset.notes))


def _no_series(of: CheckedSeries) -> TaskError:
    # Its last sentence is what to do about one of them.
    why = of.faults[0].reason.rpartition(". ")[0] if of.faults else "there is no row"
    return TaskError(f"{of.name}: none of its series can be used: {why}.")


def fingerprint(upload: Upload) -> dict[str, Any]:
    """The names and the SHA-256 of the files of an upload."""
    files = {"train": upload.train, "test": upload.test}
    return {
        role: file and {"name": file.name, "sha256": hashlib.sha256(file.content).hexdigest()}
        for role, file in files.items()
    }
