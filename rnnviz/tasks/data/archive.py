"""Archive: the limits of every zip that is opened, checked before it is unpacked, and its parts."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence

_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ArchiveError(ValueError):
    """Why a zip is not unpacked, in a sentence that begins in lower case."""


class ArchiveSizeError(ArchiveError):
    """Its members are too many or too large."""


def check_members(infos: Sequence[zipfile.ZipInfo], most_members: int, most_bytes: int) -> None:
    """Raise ArchiveError if members are duplicate, encrypted, too many, or too large in sum."""
    if len(infos) > most_members:
        raise ArchiveSizeError(f"it has {len(infos):,} parts, which are too many.")
    seen: set[str] = set()
    for info in infos:
        if info.flag_bits & 1 or info.compress_type not in _KINDS:
            raise ArchiveError(f"its part {info.filename[:40]!r} is encrypted or packed otherwise.")
        if info.filename in seen:
            raise ArchiveError(f"it has the part {info.filename[:40]!r} twice.")
        seen.add(info.filename)
    if (size := sum(info.file_size for info in infos)) > most_bytes:
        whole = -(-size // 1_000_000)
        raise ArchiveSizeError(
            f"its parts have {whole:,} MB, and {most_bytes // 1_000_000} are the most."
        )


def content_of(archive: zipfile.ZipFile, name: str) -> bytes:
    """The content of a member, of at most the size that ``check_members`` read.

    ``ZipFile.read`` unpacks up to 2 GB of a larger one before it is cut to that size.
    """
    with archive.open(name) as member:
        return member.read(archive.getinfo(name).file_size)
