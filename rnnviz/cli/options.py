"""Options: what the commands share to declare and to parse them."""

from __future__ import annotations

import argparse
import errno
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from rnnviz.config import Setting
from rnnviz.terminal import printable


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and whose options can't be abbreviated."""

    def __init__(self, **options: Any) -> None:
        # The beginning of an option may be another one: --init is no --init-scale.
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and the message."""
        self.exit(2, f"{self.prog}: {printable(message)}\n")


def flag(name: str) -> str:
    """The option of a parsed name: ``--cell-file`` of ``cell_file``."""
    return f"--{name.replace('_', '-')}"


def add_settings(parser: argparse.ArgumentParser, rows: Iterable[Setting]) -> None:
    """Add an option for each of the settings, but for long texts."""
    for row in rows:
        if row.packed:
            continue
        default = "" if row.default is None else f"; default {row.default}"
        text = f"{row.help} {row.allowed.capitalize()}{default}."
        metavar = "|".join(row.choices) or ("TEXT" if row.kind is str else "N")
        parser.add_argument(row.flag, metavar=metavar, help=text.replace("%", "%%"))


def add_cell_file(parser: argparse._ActionsContainer) -> None:
    """Add the option of a cell of one's own."""
    text = "a cell of your own: a text, one equation a line"
    parser.add_argument("--cell-file", type=Path, metavar="FILE", help=text)


def port_number(text: str) -> int:
    """Parse a port; raise ArgumentTypeError."""
    if not (text.isdecimal() and len(text) < 6 and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to 65535")
    return int(text)


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
                parser.error(f"port {port} is taken: give another, or none to have a free one.")
            parser.error(f"port {port} can't be used: {problem.strerror}.")
