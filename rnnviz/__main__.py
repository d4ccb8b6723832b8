"""The command ``rnnviz``, or ``python -m rnnviz``."""

import os
import sys


def main() -> int:
    """Run the command line; without a command, open the page."""
    # One thread is fastest for such small matrices; NumPy reads this when it is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from rnnviz import cli  # noqa: PLC0415

        return cli.main(open_page=_open_page)
    except KeyboardInterrupt:
        return 130  # the exit code of Ctrl-C in shells


def _open_page(port: int | None, browser: bool) -> None:
    # The commands don't need Streamlit, which takes a second to import.
    from rnnviz.app.main import serve  # noqa: PLC0415

    serve(port, browser)


if __name__ == "__main__":
    sys.exit(main())
