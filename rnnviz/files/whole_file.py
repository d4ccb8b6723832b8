"""A file that is written whole or not at all: under a temporary name first, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rnnviz.tasks.data.csv_table import TaskError


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which replaces ``path`` when the block ends without an error.

    Until then an old file stays. Symbolic links and the mode of an old file are kept. A stream,
    such as a pipe, is written directly. Raises OSError, which names the path, also for a program
    that runs: a link such as /proc/self/exe may lead to one.
    """
    with named(path):
        if _is_stream(path):
            with path.open("ab") as file:
                yield file
            return
        target, temporary = path.resolve(), _temporary(path)
        _check_old(target)
        try:
            with temporary.open("xb") as file:
                yield file
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def check_outputs(
    outputs: Sequence[tuple[str, Path]], inputs: Sequence[tuple[str, Path]] = ()
) -> None:
    """Raise unless every file can be written, and none is another output or an input.

    Both are pairs of an option and a path, compared by the file system. Raises OSError, which names
    the path, or TaskError. Leaves no file behind.
    """
    files: list[tuple[str, Path]] = []
    for option, path in outputs:
        with named(path):
            if _is_stream(path):
                if not path.is_fifo():  # To open a pipe would wait for its reader.
                    path.open("ab").close()
                continue
            if path.is_dir():
                raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
            _check_old(path)
            with _empty(path):
                files.append((option, path))
    for k, (one, path) in enumerate(files):
        for other, also in (*files[:k], *inputs):
            if _same(path, also):
                raise TaskError(f"{other} and {one} are the same file, {path}. Name another.")


def _check_old(path: Path) -> None:
    """Raise OSError if there is a file that can't be written, such as a program that runs."""
    if path.exists():
        path.open("ab").close()


@contextmanager
def _empty(path: Path) -> Iterator[Path]:
    """An empty file next to the path: another program may write to the path meanwhile."""
    empty = _temporary(path)
    empty.open("xb").close()
    try:
        yield empty
    finally:
        empty.unlink()


def _same(path: Path, also: Path) -> bool:
    """Whether both paths lead to one file, which may not exist yet."""
    if path.exists() and also.exists():
        return path.samefile(also)
    real, other = os.path.realpath(path), os.path.realpath(also)
    if real == other or real.casefold() != other.casefold():
        return real == other
    with _empty(path) as empty:  # In some folders upper and lower case are the same.
        return empty.with_name(empty.name.upper()).exists()


@contextmanager
def named(path: Path) -> Iterator[None]:
    """A block whose OSErrors name the path, even if another file caused them."""
    try:
        yield
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, str(path)) from None


def _temporary(path: Path) -> Path:
    """A new name in the folder of the file that a path leads to."""
    return path.resolve().with_name(f".{secrets.token_hex(8)}.part")


def _is_stream(path: Path) -> bool:
    """Whether the path is a device, a pipe, or the output of this program."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(found.st_mode):
        return not stat.S_ISDIR(found.st_mode)
    for descriptor in (1, 2):
        with suppress(OSError):  # It may be closed.
            if os.path.samestat(found, os.fstat(descriptor)):
                return True
    return False
