"""The command line: open the page or weights, train without a browser, check, show a cell.

Every command has a function that adds its options, and one that takes them as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from rnnviz import __version__
from rnnviz.cli import (
    class_command,
    export,
    lesson,
    open_file,
    runs,
    seeds,
    show,
    sweep,
    train,
    verify,
)
from rnnviz.cli.exit_code import exit_code
from rnnviz.cli.options import Parser, check_free, flag, port_number

#: Opens the page at a port (None: a free one), and whether to open a browser; and, if it isn't the
#: usual one, with what makes the session of a new tab, or with a class.
OpenPage = Callable[..., None]
#: The commands: what adds their options, what runs them, and their help.
_COMMANDS: dict[str, tuple[Callable[[Parser], None], Callable[..., int | None], str]] = {
    "train": (train.add_options, train.train, "train without a browser"),
    "export": (export.add_options, export.export, "train, and write the run as files"),
    "seeds": (seeds.add_options, seeds.seeds, "train several seeds, and tell how they differ"),
    "sweep": (sweep.add_options, sweep.sweep, "train all combinations of settings, and keep them"),
    "runs": (runs.add_options, runs.runs, "list, export and delete the runs of sweeps"),
    "gradcheck": (
        verify.add_gradcheck_options, verify.gradcheck, "check the gradient of every parameter"
    ),
    "verify": (
        verify.add_verify_options, verify.verify, "check a network and its run, with NumPy alone"
    ),
    "open": (
        open_file.add_options, open_file.open_file,
        "open the page with a run, weights or a recording",
    ),
    "lesson": (
        lesson.add_options, lesson.lesson,
        "open, check, begin or export a lesson, or list all",
    ),
    "class": (
        class_command.add_options, class_command.class_lesson,
        "ask a class what a lesson will show, by hand or with phones",
    ),
    "show": (show.add_options, show.show, "print a cell's equations and its backward pass"),
}  # fmt: skip


def main(
    arguments: Sequence[str] | None = None,
    *,
    open_page: OpenPage,
    every_picture: export.EveryPicture,
) -> int:
    """Run one command; return the exit code: 0, 1 for a failed run or check, 2 for bad input."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    command, port, no_browser = map(options.pop, ("command", "port", "no_browser"))
    on_page = command in (None, "open", "class") or options.get("action") == "open"
    if not on_page:
        said = " ".join(filter(None, (command, options.get("action"))))
        for name, value in (("port", port), ("no_browser", no_browser)):
            if value:
                parser.error(f"{flag(name)} has no effect with {said}. Leave it out.")
    elif port is not None:
        check_free(parser, port)
    if command is None:
        open_page(port, not no_browser)
        return 0
    if on_page:
        options["open_page"] = partial(open_page, port, not no_browser)
    if command == "export":
        options["every_picture"] = every_picture
    _, run, _ = _COMMANDS[command]
    return exit_code(partial(run, **options))


def _parser() -> Parser:
    parser = Parser(
        prog="rnnviz",
        description="Watch a recurrent neural network learn. Without a command the page is opened.",
    )
    parser.add_argument("--version", action="version", version=f"rnnviz {__version__}")
    parser.add_argument(
        "--port", type=port_number, metavar="N",
        help="serve the page at this port; 8501 or the next free one by default",
    )  # fmt: skip
    parser.add_argument("--no-browser", action="store_true", help="serve the page, open no browser")
    commands = parser.add_subparsers(dest="command", parser_class=Parser)
    for name, (add_options, _, text) in _COMMANDS.items():
        add_options(commands.add_parser(name, help=text))
    return parser
