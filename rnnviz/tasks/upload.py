"""Upload: the user's own data, and how they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

from rnnviz.config import SETTINGS, Setting
from rnnviz.tasks.csv_table import Form, Row, Table, TaskError, check, read_any
from rnnviz.tasks.dataset import Dataset, build_dataset
from rnnviz.tasks.next_token import MAX_WINDOW, WINDOW, build_next, cut
from rnnviz.tasks.source_target import build_translation
from rnnviz.tasks.split import split_rows
from rnnviz.tasks.tokenization import vocabulary_of
from rnnviz.tasks.vocabulary import Unit

#: Default share of the rows that are test rows.
TEST_SHARE = 0.2
_setting = partial(Setting, group="Data", restarts=True)

#: How data are read, in the form of a run's settings.
DATA_SETTINGS: dict[str, Setting] = {
    row.name: row
    for row in (
        _setting(
            name="unit",
            kind=Unit,
            default=None,
            label="Unit",
            help="What the network reads one at a time: words, or single characters. By default "
            "characters to learn what comes next, words otherwise.",
        ),
        _setting(
            name="test_share",
            kind=float,
            default=TEST_SHARE,
            label="Test share",
            help="The share of the rows set aside for testing, equal for every class, if there is "
            "no test file. Rows with the same text stay together.",
            low=0.0,
            high=0.5,
            step=0.05,
        ),
        _setting(
            name="window",
            kind=int,
            default=WINDOW,
            label="Window",
            help="How many tokens the network reads in one piece to learn what comes next. A "
            "longer text is cut, and every piece begins with a hidden state of zero.",
            low=2,
            high=MAX_WINDOW,
        ),
    )
}


class File(NamedTuple):
    """The name and the content of a file."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Upload:
    """One or two files and how they are read; the seed draws the test rows.

    Without a ``unit`` the form decides. With a test file, no training rows are set aside. Raises
    SettingError for an invalid option.
    """

    train: File
    test: File | None = None
    unit: Unit | None = None
    test_share: float = TEST_SHARE
    seed: int = 0
    window: int = WINDOW

    def __post_init__(self) -> None:
        if self.test:
            object.__setattr__(self, "test_share", 0.0)
        for row in (*DATA_SETTINGS.values(), SETTINGS["seed"]):
            if getattr(self, row.name) is not None:
                object.__setattr__(self, row.name, row.parse(getattr(self, row.name)))


@dataclass(frozen=True, eq=False)
class Parts:
    """The content of the files: form, unit, training rows and test rows."""

    form: Form
    unit: Unit
    train: Sequence[Row]
    test: Sequence[Row]
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=4)
def table_of(file: File) -> Table:
    """The rows of a file, not yet checked; raise TaskError."""
    return read_any(file.content, file.name)


@lru_cache(maxsize=4)
def parts_of(upload: Upload) -> Parts:
    """Read the files and split off the test rows; raise TaskError."""
    table = table_of(upload.train)
    unit = upload.unit or (Unit.CHARACTERS if table.form is Form.NEXT else Unit.WORDS)
    check(table, unit)
    _check_tokens(table, unit)
    if upload.test:
        test_table = _test_table(upload.test, table, unit)
        notes = _overlap(table, test_table, unit)
        return Parts(table.form, unit, table.rows, test_table.rows, notes)
    rows = table.rows
    if table.form is Form.NEXT:
        rows = tuple(cut(rows, unit, upload.window))
    train, test = split_rows(rows, table.form, unit, upload.test_share, upload.seed)
    return Parts(table.form, unit, train, test, _untested(upload, test, unit))


def _check_tokens(table: Table, unit: Unit) -> None:
    """Count tokens before the split, so that the verdict doesn't depend on the seed."""
    vocabulary_of((row.text for row in table.rows), unit)
    if table.form is Form.TRANSLATION:
        vocabulary_of((row.label for row in table.rows), unit)


def _test_table(file: File, train: Table, unit: Unit) -> Table:
    table = table_of(file)
    if table.form is not train.form:
        raise TaskError(
            f"{file.name}: has {table.form.header}, and {train.name} has {train.form.header}. "
            "The test file must have the columns of the training file."
        )
    check(table, unit)
    return table


def _overlap(train: Table, test: Table, unit: Unit) -> tuple[str, ...]:
    learned = {unit.plain(row.text) for row in train.rows}
    shared = sum(unit.plain(row.text) in learned for row in test.rows)
    if not shared:
        return ()
    return (
        f"Test phrases that are training phrases too: {shared:,} of {len(test.rows):,}. They test "
        "what was learned by heart.",
    )


def _untested(upload: Upload, test: Sequence[Row], unit: Unit) -> tuple[str, ...]:
    if test or not upload.test_share:
        return ()
    return (
        "No rows could be set aside for testing: this takes two different texts of the same "
        f"class with {unit} in common.",
    )


@lru_cache(maxsize=4)
def dataset_of(upload: Upload) -> Dataset:
    """The dataset of an upload; raise TaskError."""
    parts = parts_of(upload)
    builders: dict[Form, Callable[..., Dataset]] = {
        Form.LABEL: build_dataset,
        Form.NEXT: partial(build_next, window=upload.window),
        Form.TRANSLATION: build_translation,
    }
    dataset = builders[parts.form](upload.train.name, parts.train, parts.test, parts.unit)
    return replace(dataset, notes=(*parts.notes, *dataset.notes))


def fingerprint(upload: Upload) -> dict[str, Any]:
    """The names and the SHA-256 of the files of an upload."""
    files = {"train": upload.train, "test": upload.test}
    return {
        role: file and {"name": file.name, "sha256": hashlib.sha256(file.content).hexdigest()}
        for role, file in files.items()
    }
