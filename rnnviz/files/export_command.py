"""The command ``rnnviz export``: its options, and the files that it writes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from rnnviz.files.output import FILES, HISTORIES, PAGES, Content, EveryPicture, numbers
from rnnviz.files.pictures import find_browser, pictures
from rnnviz.files.replay import MOST_PHRASES
from rnnviz.files.script import ScriptError, problem_of
from rnnviz.files.whole_file import named
from rnnviz.probe.probe import read
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from rnnviz.tasks.csv_table import TaskError

#: The options that name a folder, and the ends of the files in it.
_FOLDERS = {"numbers": ".csv", "pictures": ".svg"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that say what is written, and of which position."""
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
    """Raise, before anything is trained, for what can't be written then."""
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
    if (
        options["epoch"] is not None
        and Position.parse(options["epoch"]).epoch > session.config.epochs
    ):
        raise TaskError(f"The run ends at epoch {session.config.epochs}: --epoch can't be later.")
    for name, kind in FILES.items():
        if options[name]:
            kind.check(options[name])
            options[name].parent.mkdir(parents=True, exist_ok=True)
    for name in _FOLDERS:
        if options[name]:
            options[name].mkdir(parents=True, exist_ok=True)
            with named(options[name]):  # Fail before training if nothing can be written in it.
                TemporaryFile(dir=options[name]).close()
            _check_apart(name, options)


def _check_apart(name: str, options: Mapping[str, Any]) -> None:
    """Raise TaskError if a file may be one of those that are written to a folder."""
    pages = [options[name].resolve() / page for page in PAGES]
    for other in (*FILES, "train", "test", "cell_file"):
        path = options.get(other)
        ends = path is not None and path.suffix == _FOLDERS[name]
        if path and ends and any(map(path.resolve().is_relative_to, pages)):
            option = f"--{other.replace('_', '-')}"
            raise TaskError(f"{option} is where --{name} writes, {path}. Name another folder.")


def outputs(options: Mapping[str, Any]) -> list[tuple[str, Path]]:
    """The files that are written, by their options; of the folders those whose names are known."""
    files = [(f"--{name}", options[name]) for name in FILES if options[name]]
    if folder := options["numbers"]:
        files += [("--numbers", folder / name) for name in HISTORIES]
    return files


def _take_phrases(session: Session, phrases: Sequence[str], several: bool) -> None:
    """Make the first of the phrases that of the session; raise for what can't be read or shown."""
    if len(phrases) > 1 and not several:
        raise TaskError("Several --phrase have no effect without --replay. Give one.")
    if len(phrases) > MOST_PHRASES:
        raise TaskError(f"A replay has at most {MOST_PHRASES} phrases.")
    for phrase in phrases:
        read(session.dataset, phrase)
    session.ask(phrases[0])


def export(
    session: Session, options: Mapping[str, Any], every_picture: EveryPicture
) -> Iterator[tuple[Path, Callable[[], Content]]]:
    """What the options ask for: every path, and what makes its content."""
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
