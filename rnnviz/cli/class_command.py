"""The command ``rnnviz class``: a lesson that a whole class guesses, by hand or with phones."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rnnviz.classroom.address import AddressError, bound_socket, check_host, shown_address
from rnnviz.classroom.classroom import Classroom, Join
from rnnviz.cli.options import port_number
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import offer
from rnnviz.terminal import say, show


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz class``."""
    parser.add_argument("lesson", metavar="LESSON", help="a lesson of rnnviz, or a file")
    parser.add_argument(
        "--host", metavar="ADDRESS",
        help="the address of this machine at which phones reach it; without it hands are counted",
    )  # fmt: skip
    parser.add_argument(
        "--port", dest="student_port", type=port_number, metavar="N",
        help="the port for phones; 8602 or a free one by default",
    )  # fmt: skip
    parser.add_argument(
        "--public", action="store_true",
        help="allow an address that the internet may reach, or 0.0.0.0 for all addresses",
    )  # fmt: skip
    # Without a default it keeps the value from before the command.
    parser.add_argument(
        "--no-browser", action="store_true", default=argparse.SUPPRESS, help="open no browser"
    )


def class_lesson(
    *, open_page: Callable[..., None], lesson: str, host: str | None, student_port: int | None,
    public: bool,
) -> int:  # fmt: skip
    """Open the page with a class, and serve students at an address; raises AddressError."""
    try:
        name = offer(lesson)
    except LessonError as problem:
        say(f"{Path(lesson).name}: {problem}")
        return 2
    if not host and (student_port or public):
        raise AddressError("--port and --public are for phones: add --host, or leave them out.")
    with ExitStack() as served:
        room = Classroom()
        if host:
            # Without phones no server is needed, whose import takes time.
            from rnnviz.classroom.listener import listening, new_code  # noqa: PLC0415

            code, bound = new_code(), bound_socket(check_host(host, public), student_port)
            address = f"{shown_address(bound)}/{code}"
            room.join = Join(address, _qr(f"http://{address}"))
            served.enter_context(listening(room, code, bound))
            show(f"rnnviz: students join at http://{address}")
        room.begin(name)
        open_page(classroom=room)
    return 0


def _qr(text: str) -> str:
    """A QR code as SVG; "" and a message without the package for it."""
    try:
        import segno  # noqa: PLC0415
    except ImportError:
        say("No QR code: segno is missing. Install it with: pip install 'rnnviz[class]'")
        return ""
    return str(segno.make(text, error="m").svg_inline(omitsize=True, border=1))
