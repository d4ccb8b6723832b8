"""The limits of a zip, and its members."""

import io
import tracemalloc
import zipfile
import zlib

import pytest

from rnnviz.tasks.data.archive import ArchiveError, ArchiveSizeError, check_members, content_of
from tests.sampling import each_row


def member(name="a", size=10, kind=zipfile.ZIP_DEFLATED, flags=0):
    info = zipfile.ZipInfo(name)
    info.file_size, info.compress_type, info.flag_bits = size, kind, flags
    return info


def test_members_within_the_limits_are_fine():
    check_members([], 0, 0)
    check_members([member("a"), member("b", kind=zipfile.ZIP_STORED)], 2, 20)


@each_row(
    ("members", "error", "said"),
    [
        ([member("a"), member("b"), member("c")], ArchiveSizeError, "3 parts, which are too many"),
        ([member(size=3_000_000)], ArchiveSizeError, "its parts have 3 MB, and 1 are the most"),
        ([member(flags=1)], ArchiveError, "'a' is encrypted or packed otherwise"),
        ([member(kind=zipfile.ZIP_LZMA)], ArchiveError, "'a' is encrypted or packed otherwise"),
        ([member(), member()], ArchiveError, "it has the part 'a' twice"),
    ],
    ids=["many", "large", "encrypted", "packed", "doubled"],
)
def test_others_are_refused(members, error, said):
    with pytest.raises(error, match=said):
        check_members(members, 2, 1_000_000)


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_is_unpacked_no_further_than_to_the_size_that_was_checked(kind):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        archive.writestr("a", bytes(30_000_000))
    with zipfile.ZipFile(file) as archive:
        info = archive.getinfo("a")
        info.file_size, info.CRC = 100, zlib.crc32(bytes(100))
        tracemalloc.start()
        content, (_, most) = content_of(archive, "a"), tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert content == bytes(100)
    assert most < 1_000_000
