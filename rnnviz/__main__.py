"""The command ``rnnviz``, or ``python -m rnnviz``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnviz.session import Session


def main() -> int:
    """Run the command line; without a command, open the page."""
    # One thread is fastest for such small matrices; NumPy reads this when it is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from rnnviz import cli  # noqa: PLC0415

        return cli.main(open_page=_open_page)
    except KeyboardInterrupt:
        return 130  # the exit code of Ctrl-C in shells


def _open_page(
    port: int | None, browser: bool, opening: Callable[[], Session] | None = None
) -> None:
    # The commands don't need Streamlit, which takes a second to import.
    from rnnviz.app.main import serve  # noqa: PLC0415

    serve(port, browser, opening)


if __name__ == "__main__":
    sys.exit(main())
