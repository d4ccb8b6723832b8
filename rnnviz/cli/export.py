"""The command ``rnnviz export``: train, and write the run as files."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from rnnviz.cli.options import RunOptions, add_run_options, add_vs, differing
from rnnviz.cli.train import FILES, Content, train_to_the_end, write_made
from rnnviz.files.numbers import Drawn
from rnnviz.files.output import HISTORIES, numbers
from rnnviz.files.pictures import find_browser, pictures
from rnnviz.files.replay import MOST_PHRASES
from rnnviz.files.script import ScriptError, problem_of
from rnnviz.files.whole_file import check_outputs, named
from rnnviz.probe.pair import Pair
from rnnviz.probe.probe import read
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from rnnviz.tasks.data.csv_table import TaskError, shown
from rnnviz.terminal import say

#: Every picture of every page of a session, by page, tab and key: "hidden/carry/memory".
EveryPicture = Callable[[Session], Mapping[str, Drawn]]
#: The folders of the pages, with the files of their pictures.
PAGES = ("train", "step", "hidden", "gradients", "dynamics")
#: The options that name a folder, and the extension of its files.
_FOLDERS = {"numbers": ".csv", "pictures": ".svg"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz export``."""
    paths = {f"--{name}": (kind.metavar, kind.help) for name, kind in FILES.items()} | {
        "--numbers": ("DIR", "the numbers of every picture, as CSV"),
        "--pictures": (
            "DIR", "every picture as SVG; Chrome, Chromium or Edge draws them, without a window"
        ),
        "--browser": ("PROGRAM", "what draws the pictures; one that is installed by default"),
    }  # fmt: skip
    for option, (metavar, text) in paths.items():
        parser.add_argument(option, type=Path, metavar=metavar, help=text)
    parser.add_argument(
        "--with-data", action="store_true", help="put the data of --train and --test into --run"
    )
    parser.add_argument(
        "--phrase", action="append",
        help="what is read; the first phrase of the task by default. Give it several times for a "
        "replay with several",
    )  # fmt: skip
    add_vs(parser)
    parser.add_argument(
        "--epoch", metavar="N", help="the epoch that is shown; the last one by default"
    )
    add_run_options(parser)


def export(
    *, every_picture: EveryPicture, browser: Path | None, with_data: bool,
    phrase: list[str] | None, epoch: str | None, vs: str | None, **options: Any,
) -> int:  # fmt: skip
    """Train, then write the requested files and folders."""
    requested = {name: options.pop(name) for name in (*FILES, *_FOLDERS)}
    paths: dict[str, Path] = {name: path for name, path in requested.items() if path}
    given = RunOptions(**options)
    session = Session(given.config)
    session.load(given.upload())
    for note in session.dataset.notes:
        say(note)
    program = _check_options(
        session, given, paths, browser=browser, with_data=with_data, phrases=phrase or []
    )
    pair = Pair(session) if vs is None else _beside(session, vs, paths)
    position = None if epoch is None else Position.parse(epoch)
    if position is not None and position.epoch > session.config.epochs:
        raise TaskError(f"The run ends at epoch {session.config.epochs}: --epoch can't be later.")
    _check_paths(paths, given)
    codes = [train_to_the_end(each, max(1, each.config.epochs)) for each in pair.sessions]
    if position is not None:
        pair.go_to(position)
        if pair.epoch < position.epoch:
            say(f"--epoch {position}: the run ends at epoch {pair.epoch}, which is written.")

    def make(name: str, content: Callable[..., Content], *arguments: object) -> None:
        made = pair if vs else session
        codes.append(write_made(paths[name], partial(content, made, *arguments)))
        if not codes[-1]:
            say(f"wrote {paths[name]}")

    for name, kind in FILES.items():
        if name in paths:
            make(name, kind.content, paths[name], {"with_data": with_data, "phrase": phrase})
    drawn = every_picture(session) if _FOLDERS.keys() & paths.keys() else {}
    if "numbers" in paths:
        make("numbers", numbers, drawn)
    if program:
        make("pictures", pictures, drawn, program, paths["pictures"])
    return max(codes)


def _beside(session: Session, vs: str, paths: Mapping[str, Path]) -> Pair:
    """The session and a second one with the settings ``vs``; raises TaskError or SettingError."""
    if alone := [name for name in paths if name not in ("run", "replay")]:
        raise TaskError(
            f"--{alone[0]} has one network: leave --vs out, or write --run or --replay."
        )
    return Pair.of(session, session.beside(differing(session.config, vs)))


def _check_options(
    session: Session, given: RunOptions, paths: Mapping[str, Path], *, browser: Path | None,
    with_data: bool, phrases: Sequence[str],
) -> str | None:  # fmt: skip
    """Check what doesn't depend on training, and show the first phrase; return the browser."""
    if not paths:
        raise TaskError(
            f"Say what to write: {', '.join(f'--{name}' for name in (*FILES, *_FOLDERS))}."
        )
    if with_data and not ("run" in paths and "--train" in dict(given.inputs)):
        raise TaskError("--with-data has no effect without --run and --train. Leave it out.")
    if browser and "pictures" not in paths:
        raise TaskError("--browser has no effect without --pictures. Leave it out.")
    program = find_browser(browser) if "pictures" in paths else None
    if "script" in paths and (problem := problem_of(session)):
        raise ScriptError(problem)
    if phrases:
        if len(phrases) > 1 and "replay" not in paths:
            raise TaskError("Several --phrase have no effect without --replay. Give one.")
        if len(phrases) > MOST_PHRASES:
            raise TaskError(f"A replay has at most {MOST_PHRASES} phrases.")
        for phrase in phrases:
            try:
                read(session.dataset, phrase)
            except TaskError as problem:
                raise TaskError(f"--phrase {shown(phrase)}: {problem}") from None
        session.ask(phrases[0])
    return program


def _check_paths(paths: Mapping[str, Path], given: RunOptions) -> None:
    """Raise, before anything is trained, for a path that can't be written; make the folders."""
    outputs = [(f"--{name}", path) for name, path in paths.items() if name in FILES]
    with ExitStack() as undo:
        for option, path in outputs:
            FILES[option.removeprefix("--")].check(path)
            _make_folder(option, path.parent, undo)
        for name, folder in paths.items():
            if name not in _FOLDERS:
                continue
            _make_folder(f"--{name}", folder, undo)
            with named(folder):  # Fail before training if nothing can be written in it.
                TemporaryFile(dir=folder).close()
            # In Python 3.11 ``Path.resolve`` raises RuntimeError for links that lead in a circle.
            pages = [Path(os.path.realpath(folder)) / page for page in PAGES]
            for option, path in (*outputs, *given.inputs):
                inside = any(map(Path(os.path.realpath(path)).is_relative_to, pages))
                if path.suffix == _FOLDERS[name] and inside:
                    said = f"{option} is where --{name} writes, {path}."
                    raise TaskError(f"{said} Name another folder.")
        if "numbers" in paths:
            outputs += [("--numbers", paths["numbers"] / name) for name in HISTORIES]
        check_outputs(outputs, given.inputs)
        undo.pop_all()


def _make_folder(option: str, folder: Path, undo: ExitStack) -> None:
    """Make a folder, unless it exists; ``undo`` removes it. Raises OSError or TaskError."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as problem:
        raise TaskError(
            f"{option} needs a folder, and {problem.filename} is not one. Name another."
        ) from None
    for each in reversed(missing):
        undo.callback(each.rmdir)
