"""A file that is written whole or not at all: beside its place first, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rnnviz.tasks.csv_table import TaskError


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes its place when the block ends without an error.

    Until then what was there stays. A link still leads to the file, and an old file's mode is
    kept. A stream, such as a pipe, is written to directly. Raises OSError, which names the path.
    """
    with named(path):
        if _is_stream(path):
            with path.open("ab") as file:
                yield file
            return
        place, beside = path.resolve(), _beside(path)
        try:
            with beside.open("xb") as file:
                yield file
            if place.exists():
                beside.chmod(stat.S_IMODE(place.stat().st_mode))
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)


def check_outputs(
    outputs: Sequence[tuple[str, Path]], inputs: Sequence[tuple[str, Path]] = ()
) -> None:
    """Raise unless every file can be written, and none is also another one or an input.

    Both are pairs of an option and a path. The file system says which paths are the same. Raises
    OSError, which names the path, or TaskError. Nothing is left behind.
    """
    with ExitStack() as stack:
        files = []
        for option, path in outputs:
            with named(path):
                if not _is_stream(path):
                    stack.callback(_reserve(path).unlink)
                    files.append((option, path))
                elif not path.is_fifo():  # To open a pipe would wait for its reader.
                    path.open("ab").close()
        for k, (one, path) in enumerate(files):
            for other, also in (*files[:k], *inputs):
                if path.samefile(also):
                    raise TaskError(f"{other} and {one} are the same file, {path}. Name another.")


def _reserve(path: Path) -> Path:
    """Make an empty file, at the path if nothing is there, else beside it; raises OSError."""
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    empty = _beside(path) if path.exists() else path.resolve()
    empty.open("xb").close()
    return empty


@contextmanager
def named(path: Path) -> Iterator[None]:
    """A block whose OSErrors name the path, whichever file they are about."""
    try:
        yield
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, str(path)) from None


def _beside(path: Path) -> Path:
    """A new name in the folder of the file that a path leads to."""
    return path.resolve().with_name(f".{secrets.token_hex(8)}.part")


def _is_stream(path: Path) -> bool:
    """Whether what is written goes on: to a device, a pipe, or the output of this program."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    if stat.S_ISREG(there.st_mode):
        return _is_own_output(there)
    return not stat.S_ISDIR(there.st_mode)


def _is_own_output(there: os.stat_result) -> bool:
    for number in (1, 2):
        with suppress(OSError):  # It may be closed.
            if os.path.samestat(there, os.fstat(number)):
                return True
    return False
