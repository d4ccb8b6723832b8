"""The terminal: results and messages, printed even if an output is closed."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

from tqdm import tqdm

#: Line ends, control characters, direction marks and surrogates.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def open_streams() -> None:
    """Replace missing output streams by the null device; escape characters they can't encode."""
    tqdm.get_lock()  # Made here, so that an interrupt can't hit while the first line is printed.
    for number, name in enumerate(("stdout", "stderr"), 1):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_WRONLY)
            # Under its own number other processes inherit it.
            if null != number:
                os.dup2(null, number)
                os.close(null)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8"))
        getattr(sys, name).reconfigure(errors="backslashreplace")


def show(text: str) -> None:
    """Print a result at once, above a progress bar; raises OSError, which names the output."""
    try:
        tqdm.write(text, file=sys.stdout)
        sys.stdout.flush()
    except OSError as problem:
        _discard(sys.stdout)
        raise OSError(problem.errno, problem.strerror, "the output") from None


def say(*lines: str) -> None:
    """Print a message to stderr, above a progress bar; if that is closed, the work goes on."""
    try:
        tqdm.write("rnnviz: " + "\n".join(map(printable, lines)), file=sys.stderr)
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def flush() -> None:
    """Flush both streams, if they are open."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _discard(stream)


def printable(text: str) -> str:
    """The text on one line, with control characters escaped."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def _discard(stream: TextIO) -> None:
    """Send the stream's buffer, and all that follows, to the null device."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
