"""The files of ``rnnviz export``: its options, the scores, and all that it writes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple

import numpy as np

from rnnviz.files.numbers import Column, Drawn, csv_of, csv_text, with_numbers
from rnnviz.files.origin import origin
from rnnviz.files.pictures import find_browser, pictures
from rnnviz.files.replay import MOST_PHRASES, replay
from rnnviz.files.run_file import run_file
from rnnviz.files.script import ScriptError, problem_of, script
from rnnviz.files.weights_file import safetensors_file, weights_file
from rnnviz.files.whole_file import named, whole_file
from rnnviz.probe.probe import read
from rnnviz.probe.session import Session
from rnnviz.run.history import COLUMNS
from rnnviz.run.schedule import Position
from rnnviz.tasks.csv_table import TaskError


def records(session: Session) -> dict[str, Any]:
    """The settings and one record per epoch, for JSON; a score that is no number is None."""
    history, schedule = session.run.history, session.run.schedule
    rows = [
        {history.unit: e}
        | {name: v if np.isfinite(v) else None for name, v in _named(session, e).items()}
        for e in history.epochs.tolist()
    ]
    changes = [str(change) for change in schedule.changes]
    return {"config": schedule.start.as_dict(), "changes": changes, "epochs": rows}


def history_json(session: Session) -> str:
    """The ``records`` and their origin, as a text."""
    return json.dumps({"made by": origin(session), **records(session)}, indent=1) + "\n"


def history_csv(session: Session) -> str:
    """The scores, one line per epoch, below their origin; a missing score is empty."""
    history = session.run.history
    epochs = history.epochs.tolist()
    rows = [_named(session, epoch) for epoch in epochs]
    columns = [Column(history.unit, [*map(str, epochs)])]
    for name in rows[0]:
        columns.append(Column(name, ["" if np.isnan(r[name]) else repr(r[name]) for r in rows]))
    return csv_text(columns, {"title": "History", **origin(session)})


def _named(session: Session, epoch: int) -> dict[str, float]:
    """The scores after an epoch, by name."""
    history, metric = session.run.history, session.dataset.metric.name.replace(" ", "_")
    row, roles = history.row(epoch), dict(zip(("train", "test"), history.roles, strict=True))
    parts = {column: column.split("_") for column in COLUMNS}
    return {
        f"{roles[role]}_{what.replace('metric', metric)}": row[column]
        for column, (role, what) in parts.items()
    }


# The kinds of files


#: Every picture of every page of a session, by page, tab and key: "hidden/carry/memory".
EveryPicture = Callable[[Session], Mapping[str, Drawn]]
#: The folders of the pages, with the files of their pictures.
PAGES = ("train", "step", "hidden", "gradients", "dynamics")
#: The content of a file, or of the files of a folder by name.
Content = str | bytes | Mapping[str, str]


class FileKind(NamedTuple):
    """A kind of file; its content depends on the ending of the path, and on the options."""

    metavar: str
    help: str
    content: Callable[[Session, Path, Mapping[str, Any]], str | bytes]
    #: The endings that tell the format.
    ends: tuple[str, ...] = ()

    def check(self, path: Path) -> None:
        """Raise TaskError for a name whose ending is another format's."""
        if self.ends and path.suffix and path.suffix.lower() not in self.ends:
            raise TaskError(f"{path}: its name must end in {' or '.join(self.ends)}.")


#: The files by the names of their options.
FILES: dict[str, FileKind] = {
    "run": FileKind(
        "RUN.rnnviz", "the run with its past, which rnnviz open opens again",
        lambda session, path, options: run_file(session, options["with_data"]),
    ),
    "replay": FileKind(
        "RUN.html", "a page that replays the run, in one file without a server",
        # A single phrase is that of the session.
        lambda session, path, options: replay(
            session, options["phrase"] if len(options["phrase"] or ()) > 1 else None
        ),
    ),
    "script": FileKind(
        "RUN.py", "a script that trains the same network",
        lambda session, *_: script(session),
    ),
    "weights": FileKind(
        "FILE", "the weights, as .npz or .safetensors; rnnviz open opens both",
        lambda session, path, _: (
            safetensors_file(session) if path.suffix.lower() == ".safetensors"
            else weights_file(session)
        ),
        (".npz", ".safetensors"),
    ),
    "history": FileKind(
        "FILE", "settings and scores of every epoch, as .csv or .json",
        lambda session, path, _: (
            history_csv(session) if path.suffix.lower() == ".csv" else history_json(session)
        ),
        (".csv", ".json"),
    ),
}  # fmt: skip

#: The files of the history next to the numbers of the pictures.
HISTORIES = {"history.csv": history_csv, "history.json": history_json}


def numbers(session: Session, pictures: Mapping[str, Drawn]) -> dict[str, str]:
    """The numbers of every picture as CSV, and the history of the run, by file name."""
    made = origin(session)
    tables = {f"{name}.csv": csv_of(one, made) for name, one in with_numbers(pictures).items()}
    return tables | {name: content(session) for name, content in HISTORIES.items()}


def write(path: Path, content: Content) -> None:
    """Write a file whole, or every file of a folder, and their folders.

    Raises OSError, which names the path.
    """
    if isinstance(content, Mapping):
        for name, text in content.items():
            write(path / name, text)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(content if isinstance(content, bytes) else content.encode())


# The command


#: The options that name a folder, and the endings of the files in it.
_FOLDERS = {"numbers": ".csv", "pictures": ".svg"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz export``."""
    for name, kind in FILES.items():
        parser.add_argument(f"--{name}", type=Path, metavar=kind.metavar, help=kind.help)
    parser.add_argument(
        "--numbers", type=Path, metavar="DIR", help="the numbers of every picture, as CSV"
    )
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR",
        help="every picture as SVG; Chrome, Chromium or Edge draws them, without a window",
    )  # fmt: skip
    parser.add_argument(
        "--browser", type=Path, metavar="PROGRAM",
        help="what draws the pictures; one that is installed by default",
    )  # fmt: skip
    parser.add_argument(
        "--with-data", action="store_true", help="put the data of --train and --test into --run"
    )
    parser.add_argument(
        "--phrase", action="append",
        help="what is read; the first phrase of the task by default. Give it several times for a "
        "replay with several",
    )  # fmt: skip
    parser.add_argument(
        "--epoch", metavar="N", help="the epoch that is shown; the last one by default"
    )


def check(session: Session, options: Mapping[str, Any]) -> None:
    """Raise, before anything is trained, for anything that could not be written later."""
    if not any(options[name] for name in (*FILES, *_FOLDERS)):
        listed = ", ".join(f"--{name}" for name in (*FILES, *_FOLDERS))
        raise TaskError(f"Say what is to be written: {listed}.")
    if options["with_data"] and not (options["run"] and options["train"]):
        raise TaskError("--with-data has no effect without --run and --train. Leave it out.")
    if options["browser"] and not options["pictures"]:
        raise TaskError("--browser has no effect without --pictures. Leave it out.")
    if options["pictures"]:
        find_browser(options["browser"])
    if options["script"] and (problem := problem_of(session)):
        raise ScriptError(problem)
    if options["phrase"]:
        _take_phrases(session, options["phrase"], several=bool(options["replay"]))
    epoch, last = options["epoch"], session.config.epochs
    if epoch is not None and Position.parse(epoch).epoch > last:
        raise TaskError(f"The run ends at epoch {last}: --epoch can't be later.")
    for name, kind in FILES.items():
        if options[name]:
            kind.check(options[name])
            options[name].parent.mkdir(parents=True, exist_ok=True)
    for name, end in _FOLDERS.items():
        if options[name]:
            _check_folder(name, end, options)


def _take_phrases(session: Session, phrases: Sequence[str], several: bool) -> None:
    """Ask about the first phrase; raise for phrases that can't be read or shown."""
    if len(phrases) > 1 and not several:
        raise TaskError("Several --phrase have no effect without --replay. Give one.")
    if len(phrases) > MOST_PHRASES:
        raise TaskError(f"A replay has at most {MOST_PHRASES} phrases.")
    for phrase in phrases:
        read(session.dataset, phrase)
    session.ask(phrases[0])


def _check_folder(name: str, end: str, options: Mapping[str, Any]) -> None:
    """Raise if nothing can be written in a folder, or if another file could be one of its files."""
    folder: Path = options[name]
    folder.mkdir(parents=True, exist_ok=True)
    with named(folder):
        TemporaryFile(dir=folder).close()
    pages = [folder.resolve() / page for page in PAGES]
    for other in (*FILES, "train", "test", "cell_file"):
        path = options.get(other)
        if path and path.suffix == end and any(map(path.resolve().is_relative_to, pages)):
            raise TaskError(
                f"--{other.replace('_', '-')} is where --{name} writes, {path}. "
                "Name another folder."
            )


def outputs(options: Mapping[str, Any]) -> list[tuple[str, Path]]:
    """The options and paths of the files; of a folder those with known names."""
    files = [(f"--{name}", options[name]) for name in FILES if options[name]]
    if folder := options["numbers"]:
        files += [("--numbers", folder / name) for name in HISTORIES]
    return files


def export(
    session: Session, options: Mapping[str, Any], every_picture: EveryPicture
) -> Iterator[tuple[Path, Callable[[], Content]]]:
    """Every path that the options name, and the function that makes its content."""
    if options["epoch"] is not None:
        session.player.go_to(Position.parse(options["epoch"]))
    for name, kind in FILES.items():
        if path := options[name]:
            yield path, partial(kind.content, session, path, options)
    drawn = every_picture(session) if any(options[name] for name in _FOLDERS) else {}
    if folder := options["numbers"]:
        yield folder, partial(numbers, session, drawn)
    if folder := options["pictures"]:
        browser = find_browser(options["browser"])
        yield folder, partial(pictures, session, drawn, browser, folder)
