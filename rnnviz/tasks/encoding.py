"""Encoding: how the bytes of a text become letters, and the encodings to choose from."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum
from unicodedata import category

from rnnviz.tasks.csv_table import TaskError, check_size

#: The marks at the beginning of a file that tell its encoding.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: A letter that tells encodings apart, and one with its surroundings in its line.
_SPECIAL = re.compile(r"[^\x00-\x7f]")
_TELLING = re.compile(r"((?<!\S)[^\n\r]{0,24}?)?[^\x00-\x7f][^\n\r]{0,20}")
#: The most encodings that are offered.
_MOST = 5


class Encoding(StrEnum):
    """Encodings of texts that aren't UTF-8, the most usual first."""

    WINDOWS_1252 = "windows-1252"
    MAC_ROMAN = "mac-roman"
    WINDOWS_1250 = "windows-1250"
    WINDOWS_1251 = "windows-1251"
    CP850 = "cp850"
    SHIFT_JIS = "shift-jis"
    GB18030 = "gb18030"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"


class EncodingError(TaskError):
    """A text that isn't UTF-8; ``samples`` has a piece of it in every encoding that may fit."""

    def __init__(self, message: str, samples: dict[Encoding, str]) -> None:
        super().__init__(message)
        self.samples = samples


def decode(content: bytes, name: str, encoding: Encoding | None = None) -> str:
    """The text of a file: UTF-8, or what its first bytes say, or else in ``encoding``.

    Raises EncodingError if the encoding must be chosen, and TaskError for binary data.
    """
    check_size(content, name)
    codec = next((codec for mark, codec in _MARKS if content.startswith(mark)), "")
    text, problem = _unambiguous(content, codec or "utf-8")
    if text is not None:
        return text
    possible = {} if codec else _possible(content)
    if encoding in possible:
        return possible[encoding]
    if not possible:
        raise TaskError(f"{name}: {problem}. Save it as text in UTF-8.")
    advice = "Choose the encoding in which it reads right, or save it in UTF-8"
    if encoding:
        problem, advice = f"can't be read as {encoding}", "Choose another encoding"
    samples = {one: _sample(text) for one, text in possible.items()}
    raise EncodingError(f"{name}: {problem}. {advice}.", samples)


def _unambiguous(content: bytes, codec: str) -> tuple[str | None, str]:
    """The text in an encoding that can't be mistaken; or None, and the problem."""
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as problem:
        kind = "UTF-16" if codec == "utf-16" else "UTF-8"
        return None, f"is not {kind} text, see line {_line_after(content[: problem.start])}"
    before, zero, _ = text.partition("\0")
    if zero:
        return None, f"is not text, it has a zero byte in line {_line_after(before.encode())}"
    return text, ""


def _line_after(before: bytes) -> int:
    return len((before + b".").splitlines())


def _possible(content: bytes) -> dict[Encoding, str]:
    """The text in encodings that may be right; of those that give the same, the first."""
    found: dict[Encoding, str] = {}
    wide = content.count(0) > len(content) / 4
    for encoding in Encoding:
        if encoding.startswith("utf-16") != wide:
            continue
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # No control characters but blanks, and none that aren't assigned.
        readable = all(c.isspace() or category(c) not in ("Cc", "Cn", "Co", "Cs") for c in {*text})
        if readable and text not in found.values():
            found[encoding] = text

    def letters(encoding: Encoding) -> float:
        """The share of letters in what isn't ASCII, to one decimal."""
        special = [c for c in found[encoding] if not c.isascii()]
        return round(sum(map(str.isalpha, special)) / max(len(special), 1), 1)

    best = sorted(found, key=letters, reverse=True)[:_MOST]
    return {encoding: found[encoding] for encoding in best}


def _sample(text: str) -> str:
    special = _SPECIAL.search(text)
    if special is None:
        return text[:30].strip()
    # A search of the whole text would try every position.
    found = _TELLING.search(text, max(0, special.start() - 24), special.start() + 21)
    return found[0].strip() if found else ""
