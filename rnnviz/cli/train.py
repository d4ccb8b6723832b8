"""The command ``rnnviz train``: train without a browser; and the files that a run is written to."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from rnnviz.cli.exit_code import exit_code
from rnnviz.cli.options import RunOptions, add_run_options, whole_number
from rnnviz.files.output import history_csv, history_json
from rnnviz.files.replay import replay
from rnnviz.files.run_file import run_file
from rnnviz.files.script import script
from rnnviz.files.weights_file import safetensors_file, weights_file
from rnnviz.files.whole_file import check_outputs, whole_file
from rnnviz.probe.continuation import compared, mean_known
from rnnviz.probe.formatting import own_number
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.measure import result_csv, result_files
from rnnviz.run.player import STOPPED
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.forecasts import expected_values, expects_values
from rnnviz.terminal import say, show

#: The content of a file, or of the files of a folder by name.
Content = str | bytes | Mapping[str, str]


class FileKind(NamedTuple):
    """A kind of file; its content depends on the extension of the path, and on the options."""

    metavar: str
    help: str
    content: Callable[[Any, Path, Mapping[str, Any]], str | bytes]
    #: The extensions of the formats.
    ends: tuple[str, ...] = ()

    def check(self, path: Path) -> None:
        """Raise TaskError for a name with the extension of another format."""
        if self.ends and path.suffix and path.suffix.lower() not in self.ends:
            ends = " or ".join(self.ends)
            raise TaskError(f"{path}: its name must end in {ends}, or have no ending.")


#: The files by the names of their options.
FILES: dict[str, FileKind] = {
    "run": FileKind(
        "RUN.rnnviz", "the run with its past, which rnnviz open opens again",
        lambda session, _, options: run_file(session, options["with_data"]),
    ),
    "replay": FileKind(
        "RUN.html", "a page that replays the run, in one file without a server",
        # A single phrase is that of the session.
        lambda session, _, options: replay(
            session, options["phrase"] if len(options["phrase"] or ()) > 1 else None
        ),
    ),
    "script": FileKind(
        "RUN.py", "a script that trains the same network", lambda session, *_: script(session)
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


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz train``."""
    parser.add_argument(
        "--every", type=whole_number(1), default=100, help="epochs between two reports"
    )
    for option, metavar, text in (
        ("--json", "FILE", "write settings and every epoch"),
        ("--weights", "FILE", "write the final weights, after an early stop the best, as .npz or "
         ".safetensors; rnnviz open opens both"),
        ("--results", "FILE.csv", "write every answer to the test, or without one to the training; "
         "and next to it the confusion matrix and the scores of the classes"),
        ("--script", "FILE.py", "write a script that trains the same network"),
    ):  # fmt: skip
        parser.add_argument(option, type=Path, metavar=metavar, help=text)
    add_run_options(parser)


def train(
    *, every: int, json: Path | None, weights: Path | None, results: Path | None,
    script: Path | None, **settings: Any,
) -> int:  # fmt: skip
    """Train, report every ``every`` epochs, and write the requested files."""
    given = RunOptions(**settings)
    session = Session(given.config, given.dataset())
    for note in session.dataset.notes:
        say(note)
    if weights:
        FILES["weights"].check(weights)
    files: list[tuple[str, Path, Callable[[], Content]]] = []
    if json:
        files.append(("--json", json, partial(history_json, session)))
    for name, path in (("weights", weights), ("script", script)):
        if path:
            files.append((f"--{name}", path, partial(FILES[name].content, session, path, {})))
    if results:
        for kind in result_files(session):
            path = results.parent / f"{results.stem}{kind.suffix}{results.suffix}"
            files.append(("--results", path, partial(result_csv, session, kind)))
    check_outputs([(option, path) for option, path, _ in files], given.inputs)
    codes = [train_to_the_end(session, every, anyway=bool(files))]
    if beside := forecast_errors(session):
        codes.append(exit_code(lambda: show(beside)))
    codes += [write_made(path, content) for _, path, content in files]
    return max(codes)


def write_made(path: Path, content: Callable[[], Content]) -> int:
    """Make the content of a file or a folder and write it; return 1 if that fails."""
    try:
        return min(1, exit_code(lambda: _write(path, content())))
    except Exception as problem:  # Whatever it is, other files are still written.
        say(f"{path}: can't be written because of a bug in rnnviz: {problem!r}.")
        return 1


def _write(path: Path, content: Content) -> None:
    if isinstance(content, Mapping):
        for name, text in content.items():
            _write(path / name, text)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def train_to_the_end(session: Session, every: int, anyway: bool = True) -> int:
    """Train with a bar on the terminal, and a report every ``every`` epochs; return the exit code.

    Reports that can't be printed end the training, unless it is to go on ``anyway``.
    """
    code = 0
    with tqdm(total=session.config.epochs, unit="epoch", disable=None, leave=False) as bar:
        while not session.player.finished and (anyway or not code):
            before = session.run.position
            session.player.advance(1)
            if session.run.position == before:
                say(session.player.message)
                break
            bar.update()
            if session.run.position.epoch % every == 0 or session.player.finished:
                code = max(code, exit_code(lambda: show(report(session))))
    if session.player.message.startswith(STOPPED):
        code = max(code, exit_code(lambda: show(session.player.message)))
    return code if session.player.finished else max(code, 1)


def report(session: Session) -> str:
    """The present scores in the format of the notebook: loss and metric, to 3 decimals."""
    row, name = session.run.history.row(-1), session.dataset.metric.name.capitalize()
    lines = [f"--- Epoch {session.run.position.epoch}"]
    for part in ("train", "test"):
        loss, metric = row[f"{part}_loss"], row[f"{part}_metric"]
        if not np.isnan(loss):
            lines.append(f"{part.capitalize()}:\tLoss {loss:.3f} | {name}: {metric:.3f}")
    return "\n".join(lines)


def forecast_errors(session: Session) -> str:
    """The mean errors of next values on the test, or without one on the training; a row a model.

    They are those of the network and of simple models, absolute in the units of every value and
    scaled (MASE), over all steps ahead. Empty for other data.
    """
    data = session.dataset
    if not expects_values(data):
        return ""
    names, test = expected_values(data).columns.expected, bool(data.test)
    table = pd.DataFrame(
        {
            f"mean absolute error, {'test' if test else data.role}": one.name,
            **{name: own_number(mean_known(one.mae[:, k])) for k, name in enumerate(names)},
            "MASE": own_number(mean_known(one.mase)),
        }
        for one in compared(data, session.state.parameters, test)
    )
    return str(table.to_string(index=False, max_colwidth=30))
