"""The command ``rnnviz train``: train without a browser."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from rnnviz.cli.exit_code import exit_code
from rnnviz.cli.run_options import RunOptions, add_run_options
from rnnviz.files.output import FILES, Content, history_json, write
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.results_csv import result_csv, result_files
from rnnviz.terminal import say, show


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--every", type=_positive, default=100, help="epochs between two reports")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write settings and every epoch")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE",
        help="write the final weights, as .npz or, to be opened again, as .safetensors",
    )  # fmt: skip
    parser.add_argument(
        "--results", type=Path, metavar="FILE.csv",
        help="write every answer to the test, or without one to the training; and beside it the "
        "confusion matrix and the scores of the classes",
    )  # fmt: skip
    parser.add_argument(
        "--script", type=Path, metavar="FILE.py", help="write a script that trains the same network"
    )
    add_run_options(parser)


def _positive(text: str) -> int:
    if not (text.isdecimal() and len(text) < 10 and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 up")
    return int(text)


def train(
    *,
    every: int,
    json: Path | None,
    weights: Path | None,
    results: Path | None,
    script: Path | None,
    **settings: Any,
) -> int:
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
    given.check_outputs([(option, path) for option, path, _ in files])
    codes = [train_to_the_end(session, every, anyway=bool(files))]
    for _, path, content in files:
        codes.append(write_made(path, content))
    return max(codes)


def write_made(path: Path, content: Callable[[], Content]) -> int:
    """Make the content of a file or a folder and write it; return the exit code."""
    return exit_code(lambda: write(path, content()))


def train_to_the_end(session: Session, every: int, anyway: bool = True) -> int:
    """Train with a bar on the terminal, and a report every ``every`` epochs; return the exit code.

    Reports that can't be printed end the training, unless it is to go on ``anyway``.
    """
    code = 0
    with tqdm(total=session.config.epochs, unit="epoch", disable=None, leave=False) as bar:
        while not session.player.finished and (anyway or not code):
            before = session.state.epoch
            session.player.advance(1)
            if session.state.epoch == before:
                say(session.player.message)
                break
            bar.update()
            if session.state.epoch % every == 0 or session.player.finished:
                code = max(code, exit_code(lambda: show(report(session))))
    return code if session.player.finished else max(code, 1)


def report(session: Session) -> str:
    """The present scores in the format of the notebook: loss and metric, to 3 decimals."""
    row, name = session.run.history.row(-1), session.dataset.metric.name.capitalize()
    lines = [f"--- Epoch {session.state.epoch}"]
    for part in ("train", "test"):
        loss, metric = row[f"{part}_loss"], row[f"{part}_metric"]
        if not np.isnan(loss):
            lines.append(f"{part.capitalize()}:\tLoss {loss:.3f} | {name}: {metric:.3f}")
    return "\n".join(lines)
