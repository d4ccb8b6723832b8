"""Options that commands share: how they are added, and the run that they describe."""

from __future__ import annotations

import argparse
import errno
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from rnnviz.cells import OWN, CellText
from rnnviz.cli.exit_code import exit_code
from rnnviz.config import SETTINGS, RunConfig, Setting, SettingError
from rnnviz.engine.cell_check import define
from rnnviz.engine.cell_text import CHARACTERS, CellError
from rnnviz.engine.gradcheck import own_cell
from rnnviz.tasks.data.csv_table import (
    MAX_BYTES,
    EncodingError,
    TaskError,
    name_of,
    read_bytes,
)
from rnnviz.tasks.data.rows import Form, near_listed
from rnnviz.tasks.data_source import TASKS
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.preview import preview
from rnnviz.tasks.upload import (
    DATA_SETTINGS,
    OPTIONS,
    File,
    Upload,
    check_rows,
    dataset_of,
    with_columns,
)
from rnnviz.terminal import printable, say, show


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and whose options can't be abbreviated."""

    def __init__(self, **options: Any) -> None:
        # The beginning of an option may be another one: --init is no --init-scale.
        super().__init__(allow_abbrev=False, **options)

    def print_help(self, file: Any = None) -> None:
        """Print the help; exit if it can't be written, which argparse wouldn't say."""
        if code := exit_code(partial(show, self.format_help().rstrip())):
            self.exit(code)

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and the message."""
        self.exit(2, f"{self.prog}: {printable(message).rstrip('.')}.\n")


def flag(name: str) -> str:
    """The option of a parsed name: ``--cell-file`` of ``cell_file``."""
    return f"--{name.replace('_', '-')}"


def add_settings(parser: argparse.ArgumentParser, rows: Iterable[Setting]) -> None:
    """Add an option for each of the settings, except for equations, which have a file."""
    for row in rows:
        if row.name == "equations":
            continue
        default = "" if row.default is None else f"; default {row.default}"
        text = f"{row.help} {row.allowed.capitalize()}{default}."
        metavar = "|".join(row.choices) or ("TEXT" if row.kind is str else "N")
        parser.add_argument(row.flag, metavar=metavar, help=text.replace("%", "%%"))


def add_cell_file(parser: argparse._ActionsContainer) -> None:
    """Add the option that names the file of a custom cell."""
    text = "a cell of your own: a text, one equation a line"
    parser.add_argument("--cell-file", type=Path, metavar="FILE", help=text)


def whole_number(least: int, most: int = 10**9 - 1) -> Callable[[str], int]:
    """What parses a whole number of this range, and raises ArgumentTypeError for others."""

    def parsed(text: str) -> int:
        if not (text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
            wrong = f"{text[:40]!r} is not a whole number from {least} to {most}"
            raise argparse.ArgumentTypeError(wrong)
        return int(text)

    return parsed


#: Parses a port.
port_number = whole_number(1, 65535)


def check_free(parser: argparse.ArgumentParser, port: int) -> None:
    """Exit with an error if no server can listen at the port."""
    with socket.socket() as probe:
        # Accept a port whose server has just ended; on Windows this would accept any port.
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                parser.error(f"port {port} is taken: give another, or none to get a free one.")
            parser.error(f"port {port} can't be used: {problem.strerror}.")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add every setting of a run and of its data."""
    files = "own data to learn: a table as .csv, .tsv, .xlsx or .parquet, or a text"
    parser.add_argument("--train", type=Path, metavar="FILE", help=files)
    parser.add_argument("--test", type=Path, metavar="FILE", help="the same, to test on")
    for name, text in (
        ("skip_bad", "leave out the rows that can't be used"),
        ("merge_labels", "merge labels that differ only in case, extra blanks or Unicode form"),
        ("wide", "of numbers over time, make every value column a series of its own"),
    ):
        parser.add_argument(flag(name), action="store_true", default=None, help=text)
    parser.add_argument(
        "--label", dest="label_column", metavar="TEXT", help="short for --label-column"
    )
    add_cell_file(parser)
    add_settings(parser, (*DATA_SETTINGS.values(), *SETTINGS.values()))


class RunOptions:
    """The run of the given options: its ``config``, and its data if it has its own.

    Raises SettingError or TaskError for options that can't be used together.
    """

    def __init__(
        self, *, cell_file: Path | None, train: Path | None = None, test: Path | None = None,
        **settings: Any,
    ) -> None:  # fmt: skip
        given = {name: value for name, value in settings.items() if value is not None}
        self._data = {name: given[name] for name in OPTIONS if name in given}
        settings = {name: given[name] for name in SETTINGS if name in given}
        self._train, self._test, self._cell_file = train, test, cell_file
        self._has_task, self._run = "task" in settings, {*settings}
        if cell_file is not None:
            if "cell" in settings:
                raise SettingError(
                    "--cell has no effect with --cell-file: the cell is that file. Leave one of "
                    "them out."
                )
            settings |= {"cell": OWN, "equations": cell_in(cell_file).text}
        self.config = RunConfig(**settings)
        for sentence in self.config.idle(settings):
            raise SettingError(f"{sentence} Leave it out.")

    def dataset(self) -> Dataset | None:
        """The dataset of the user's own data, if there are any; raises TaskError."""
        upload = self.upload()
        return dataset_of(upload) if upload else None

    def upload(self, config: RunConfig | None = None) -> Upload | None:
        """The user's own data, after a summary on the terminal; raises TaskError.

        They are read as a run with the settings ``config`` reads them, by default with these.
        """
        self._check_together()
        if self._train is None:
            return None
        upload = Upload(
            file_at(self._train), file_at(self._test) if self._test else None,
            **self._data,
        ).of_run(config or self.config)  # fmt: skip
        try:
            # A stored run must read its file in the same way, even if the guess changes.
            upload = with_columns(upload)
            checked = check_rows(upload)
            self._check_window(checked.form)
            if checked.near and not upload.merge_labels:
                listed = near_listed(checked.near)
                say(f"Nearly equal labels: {listed}. --merge-labels merges them.")
            say(f"{upload.train.name}: {'; '.join(preview(upload)[0])}.")
            return upload
        except EncodingError as problem:
            read = ", ".join(f"{one} ({sample})" for one, sample in problem.samples.items())
            raise TaskError(f"{problem} --encoding takes {read}.") from None

    def _check_window(self, form: Form) -> None:
        """Raise TaskError for a window or a horizon without effect."""
        for name, what, has_effect in (
            (
                "window",
                "the next token is learned, or numbers over time",
                form is Form.NEXT or form.numbers,
            ),
            ("horizon", "the next values are learned", form is Form.VALUES),
        ):
            if name in self._run and not has_effect:
                does = "Leave it out" if form.numbers else (
                    "Leave it out, or name the column of times with --time"
                )  # fmt: skip
                raise TaskError(f"{flag(name)} has no effect unless {what}. {does}.")

    def _check_together(self) -> None:
        of_data = {
            name for name in ("window", "horizon") if not TASKS[self.config.task].reads(name)
        }
        run = sorted(of_data & self._run)
        alone = [*["test"] * (self._test is not None), *self._data, *run]
        if self._train is None:
            for name in alone:
                task = " or a task of numbers over time" * (name in run)
                raise TaskError(f"{flag(name)} needs --train{task}: give that as well.")
        elif self._has_task:
            raise TaskError(
                "--task has no effect with --train: that file is learned. Leave one of them out."
            )
        if self._test is not None and "test_share" in self._data:
            raise TaskError(
                "--test-share has no effect with --test: the test is that file. Leave one of them "
                "out."
            )

    @property
    def inputs(self) -> list[tuple[str, Path]]:
        """The files that are read, each with its option."""
        files = {"train": self._train, "test": self._test, "cell_file": self._cell_file}
        return [(flag(name), path) for name, path in files.items() if path]


def file_at(path: Path) -> File:
    """The name and the content of a file; raises TaskError."""
    return File(name_of(path), read_bytes(path))


def cell_in(path: Path) -> CellText:
    """The custom cell in a file; raises TaskError, which names the file."""
    try:
        content = read_bytes(path)
        if len(content) > MAX_BYTES:  # Only its beginning was read.
            raise TaskError(
                f"{path.name}: a text may have {CHARACTERS:,} characters, this has more."
            )
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        own_cell(text)
        return define(text, path.stem)
    except UnicodeDecodeError:
        raise TaskError(f"{path.name} is not text in UTF-8.") from None
    except CellError as problem:
        raise TaskError(f"{path.name}, {problem}.") from None


def add_vs(parser: argparse.ArgumentParser) -> None:
    """Add the option of a second network."""
    parser.add_argument(
        "--vs",
        metavar="NAME=VALUE,…",
        help="the settings that differ in a second network, such as cell=lstm,lr=0.1",
    )


def differing(config: RunConfig, text: str) -> RunConfig:
    """The settings with those of a text such as ``cell=lstm,lr=0.1``; raises SettingError."""
    changed: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or name not in SETTINGS:
            wrong = f"{part[:60]!r} is not a setting with a value"
            raise SettingError(f"--vs: {wrong}: write cell=lstm,lr=0.1.")
        if name in changed:
            raise SettingError(f"--vs: {name} is given twice.")
        changed[name] = SETTINGS[name].parse(value)
    other = replace(config, **changed)
    for sentence in other.idle(changed):
        raise SettingError(f"--vs: {sentence} Leave it out.")
    if other.task != config.task:
        raise SettingError("--vs: the task can't differ: both learn the same one.")
    if other == config:
        raise SettingError("--vs: nothing differs.")
    return other
