"""The command ``rnnviz lesson``: check lessons, open one, begin a new one, and list all."""

from __future__ import annotations

import argparse
import errno
import os
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tqdm import tqdm

from rnnviz.cli.options import Parser, whole_number
from rnnviz.cli.seeds import MOST_WORKERS
from rnnviz.files.whole_file import check_outputs, whole_file
from rnnviz.lessons.check import TEN, problems, rehearse, report
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import SUFFIX, Lesson, example, lesson_path, offer, open_lesson, shipped
from rnnviz.lessons.lesson_file import lesson_html
from rnnviz.lessons.lesson_runs import MeasuredLesson, measured
from rnnviz.sweeps.members import in_workers
from rnnviz.sweeps.seed_runs import MOST_SEEDS
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.terminal import say, show


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz lesson``."""
    actions = parser.add_subparsers(dest="action", required=True, parser_class=Parser)
    text = "train the runs of lessons, and check what they claim"
    check = actions.add_parser("check", help=text)
    check.add_argument("lessons", nargs="+", metavar="FILE", help="a file, or a lesson of rnnviz")
    check.add_argument(
        "--seeds", type=whole_number(1, MOST_SEEDS), default=TEN, metavar="N",
        help=f"with the seeds 0 to N - 1, besides those of the lesson; default {TEN}",
    )  # fmt: skip
    check.add_argument(
        "--workers", type=whole_number(1, MOST_WORKERS), metavar="N",
        help="processes; by default one a core",
    )  # fmt: skip
    new = actions.add_parser("new", help="write a small lesson to begin with")
    new.add_argument("file", type=Path, metavar="FILE", help="it must not exist yet")
    open_it = actions.add_parser("open", help="open the page with a lesson")
    open_it.add_argument("file", metavar="FILE", help="a file, or a lesson of rnnviz")
    export = actions.add_parser("export", help="write a lesson as one HTML file, to do offline")
    export.add_argument("file", metavar="FILE", help="a file, or a lesson of rnnviz")
    export.add_argument("html", type=Path, metavar="HTML", help="where to write it")
    actions.add_parser("list", help="name the lessons of rnnviz")


def lesson(*, action: str, **options: Any) -> int:
    """Check lessons, open one on the page, begin a new one, or list those of rnnviz."""
    actions: dict[str, Callable[..., int]] = {
        "check": _check, "open": _open, "export": _export, "new": _new, "list": _list
    }  # fmt: skip
    return actions[action](**options)


def _check(*, lessons: Sequence[str], seeds: int, workers: int | None) -> int:
    """Check lessons; return 1 if one does not hold, 2 if one can't be read or measured."""
    code = 0
    for given in lessons:
        path = lesson_path(given)
        try:
            one = open_lesson(path)
            rehearse(one)
            own, *others = _on_seeds(one, seeds, workers)
        except (LessonError, TaskError) as problem:
            say(f"{path.name}: {problem}" if isinstance(problem, LessonError) else str(problem))
            code = 2
            continue
        wrong = [*problems(one, own, others)]
        said = [f"  Wrong: {problem}" for problem in wrong] or ["  It holds."]
        show("\n".join([f"{path.name}: {one.title}", *report(one, own, others), *said]))
        code = max(code, int(bool(wrong)))
    return code


def _on_seeds(one: Lesson, seeds: int, workers: int | None) -> list[MeasuredLesson]:
    """What is measured with the lesson's own seed, then with the seeds 0, 1, ...; with a bar."""
    every = [None, *range(seeds)]
    found: dict[int | None, MeasuredLesson] = {}
    calls = (partial(measured, one, seed) for seed in every)
    with (
        tqdm(total=len(every), unit="seed", disable=None, leave=False) as bar,
        closing(in_workers(calls, workers)) as results,
    ):
        try:
            for result in results:
                found[result.seed] = result
                bar.update()
        except BrokenProcessPool:
            raise LessonError(
                "a process that trained its runs was killed, perhaps for lack of memory; "
                "--workers 1 needs the least."
            ) from None
    return [found[seed] for seed in every]


def _new(*, file: Path) -> int:
    """Write the lesson to begin with; raises OSError if there is such a file."""
    if file.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file))
    with whole_file(file) as new:
        new.write(example().encode())
    show(f"Now change {file}, and check it: rnnviz lesson check {file}")
    return 0


def _open(*, file: str, open_page: Callable[..., None]) -> int:
    """Open the page with a lesson; return 2 if it can't be read or measured."""
    path = lesson_path(file)
    try:
        rehearse(open_lesson(path))
        name = offer(file)
    except LessonError as problem:
        say(f"{path.name}: {problem}")
        return 2
    open_page(query=urlencode({"lesson": name}))
    return 0


def _export(*, file: str, html: Path) -> int:
    """Write a lesson as an HTML file; return 2 if it can't be read or measured."""
    path = lesson_path(file)
    check_outputs([("the HTML file", html)], [("the lesson", path)])
    try:
        page = lesson_html(path.name.removesuffix(SUFFIX), open_lesson(path))
    except LessonError as problem:
        say(f"{path.name}: {problem}")
        return 2
    with whole_file(html) as written:
        written.write(page.encode())
    show(f"Saved to {html}. Any current browser opens it, offline.")
    return 0


def _list() -> int:
    for name, path in shipped().items():
        one = open_lesson(path)
        show(f"{name:10}{one.minutes} min  {one.title}")
    return 0
