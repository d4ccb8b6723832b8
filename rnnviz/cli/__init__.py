"""The command line: open the page or weights, train without a browser, check, show a cell.

Every command is a module: its options, and a function that takes them as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rnnviz import __version__
from rnnviz.cli import export, gradcheck, open_file, show, train, verify
from rnnviz.cli.exit_code import exit_code
from rnnviz.cli.options import Parser, check_free, flag, port_number
from rnnviz.files.output import EveryPicture
from rnnviz.terminal import say

#: Opens the page at a port (None: a free one), and whether to open a browser; and, if it isn't the
#: usual one, with what makes the session of a new tab.
OpenPage = Callable[..., None]


def main(
    arguments: Sequence[str] | None = None, *, open_page: OpenPage, every_picture: EveryPicture
) -> int:
    """Run one command; return the exit code: 0, 1 for a failed run or check, 2 for bad input."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    command, port = options.pop("command"), options.pop("port")
    no_browser: bool = options.pop("no_browser")
    if command not in (None, "open"):
        for name, value in (("port", port), ("no_browser", no_browser)):
            if value:
                parser.error(f"{flag(name)} has no effect with {command}. Leave it out.")
    elif port is not None:
        check_free(parser, port)
    if command is None:
        open_page(port, not no_browser)
        return 0

    def open_with(**options: Any) -> None:
        notes, session = open_file.opened(**options)
        for note in notes:
            say(note)
        open_page(port, not no_browser, session)

    commands: dict[str, Callable[..., int | None]] = {
        "train": train.train,
        "export": partial(export.export, every_picture=every_picture),
        "gradcheck": gradcheck.gradcheck,
        "verify": verify.verify,
        "open": open_with,
        "show": show.show,
    }
    return exit_code(partial(commands[command], **options))


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
    for name, module, text in (
        ("train", train, "train without a browser"),
        ("export", export, "train, and write the run as files"),
        ("gradcheck", gradcheck, "check the gradient of every parameter"),
        ("verify", verify, "check all that NumPy alone can check, on a run"),
        ("open", open_file, "open the page with a run, weights or a recording"),
        ("show", show, "print a cell's equations and its backward pass"),
    ):
        module.add_options(commands.add_parser(name, help=text))
    return parser
