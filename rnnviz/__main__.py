"""The command ``rnnviz``, or ``python -m rnnviz``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnviz.classroom.classroom import Classroom
    from rnnviz.files.numbers import Drawn
    from rnnviz.probe.session import Session


def main() -> int:
    """Run the command line; without a command, open the page."""
    # So that worker processes and temporary files are cleaned up.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        return _run()
    except KeyboardInterrupt:
        return 130  # the exit code of Ctrl-C in shells


def _run() -> int:
    # Imports take a second, in which Ctrl-C may come too.
    from rnnviz.terminal import flush, open_streams  # noqa: PLC0415

    open_streams()
    try:
        from rnnviz import cli  # noqa: PLC0415

        return cli.main(open_page=_open_page, every_picture=_every_picture)
    finally:
        flush()


def _open_page(
    port: int | None,
    browser: bool,
    opening: Callable[[], Session] | None = None,
    query: str = "",
    classroom: Classroom | None = None,
) -> None:
    # The commands don't need Streamlit, whose import takes a second.
    from rnnviz.page.main import serve  # noqa: PLC0415

    serve(port, browser, opening, query, classroom)


def _every_picture(session: Session) -> Mapping[str, Drawn]:
    # The pages' pictures need Streamlit too.
    from rnnviz.page.every_picture import every_picture  # noqa: PLC0415

    return every_picture(session)


if __name__ == "__main__":
    sys.exit(main())
