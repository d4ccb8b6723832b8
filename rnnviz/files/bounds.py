"""Bounds: the limits of zip archives and JSON texts, checked before they are read."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO

from rnnviz.files.foreign_network import TransferError
from rnnviz.tasks.data.archive import ArchiveError, check_members, content_of

#: The most members, and the most bytes of their central directory.
MAX_MEMBERS, MAX_TABLE = 2_000, 1_000_000
#: The signature and size of a zip's end record, and of the zip64 locator before it.
_END, _END_SIZE, _LARGE, _LARGE_SIZE = b"PK\x05\x06", 22, b"PK\x06\x07", 20
#: A constant time of all members, so that equal contents are equal files.
TIME = (1980, 1, 1, 0, 0, 0)


def zip_content(members: Mapping[str, bytes]) -> bytes:
    """The members as a zip; tensors are not compressed."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            stored = name.endswith(".safetensors")
            info = zipfile.ZipInfo(name, TIME)
            info.external_attr = 0o644 << 16
            kind = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, content, kind)
    return file.getvalue()


def members_of(content: bytes, most: int, known: Callable[[str], bool]) -> dict[str, bytes]:
    """The members by name, all of them ``known``, of at most ``most`` bytes in sum.

    Raises TransferError, with a lower-case sentence.
    """
    if len(content) > most:
        raise TransferError(f"the file has more than {most // 1_000_000} MB.")
    _check_end(content)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            check_members(archive.infolist(), MAX_MEMBERS, most)
            for name in archive.namelist():
                if not known(name):
                    raise TransferError(f"it has a part {name[:40]!r}, which doesn't belong there.")
            return {name: content_of(archive, name) for name in archive.namelist()}
    except TransferError:
        raise
    except ArchiveError as problem:
        raise TransferError(str(problem)) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as problem:
        raise TransferError(f"a part of the file is damaged ({str(problem)[:80]}).") from None
    except (RuntimeError, ValueError, OverflowError):
        raise TransferError("the file is damaged.") from None


def _check_end(content: bytes) -> None:
    """Refuse a file that is no zip, and a central directory that is too large to read."""
    end = content[-_END_SIZE:]
    if not (content.startswith(b"PK") and end.startswith(_END)):
        raise TransferError("the file is of another kind, or cut off.")
    large = _LARGE in content[-_END_SIZE - _LARGE_SIZE : -_END_SIZE]
    if int.from_bytes(end[12:16], "little") > MAX_TABLE or large:
        raise TransferError("it has too many parts.")


# The size of a JSON text in memory


#: The most lists, tables and keys in a JSON text, and the most commas.
MAX_PARTS, MAX_VALUES = 500_000, 1_500_000


def check_size(text: bytes, most_parts: int | None = None) -> None:
    """Raise TransferError for a text with too many lists, tables and keys, or values.

    Two bytes take more than fifty in memory, and the parser holds the lock of all threads, here for
    at most about 0.2 seconds.
    """
    for signs, most, what in (
        (b"[{:", most_parts or MAX_PARTS, "lists and keys"),
        (b",", MAX_VALUES, "values"),
    ):
        if sum(text.count(sign) for sign in signs) > most:
            raise TransferError(f"its JSON has more than {most:,} {what}: use fewer examples.")
