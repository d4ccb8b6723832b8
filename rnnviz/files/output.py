"""The files of ``rnnviz export``: its options, the scores, and all that it writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnnviz.files.numbers import Column, Drawn, csv_of, csv_text, with_numbers
from rnnviz.files.origin import origin
from rnnviz.files.replay import replay
from rnnviz.files.run_file import run_file
from rnnviz.files.script import script
from rnnviz.files.weights_file import safetensors_file, weights_file
from rnnviz.files.whole_file import whole_file
from rnnviz.probe.session import Session
from rnnviz.run.history import COLUMNS
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
