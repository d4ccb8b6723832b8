"""HeadTable: settings in a lesson file, each with its place; LessonError: what is wrong there."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from typing import Any

from rnnviz.config import brief

#: The kinds of values, in words.
_KINDS: dict[type, str] = {
    str: "a text", int: "a whole number", float: "a number", list: "a list", dict: "a table",
}  # fmt: skip
#: The most characters of the settings: the parser takes a multiple of them.
_MOST_CHARACTERS = 100_000
#: The most dots of a name: the parser keeps every beginning of one.
_MOST_DOTS = 20
#: A line of TOML that begins a table, or that gives a name its value.
_HEADER = re.compile(r"\s*\[{1,2}([\w.]+)\]{1,2}")
_NAME = re.compile(r"\s*([\w.]+)\s*=")


class LessonError(ValueError):
    """What is wrong with a lesson, as a sentence."""


def at_line(line: int, sentence: str) -> LessonError:
    """The error in a line of the file, from 1."""
    return LessonError(f"line {line}: {sentence}")


class HeadTable:
    """A table of TOML whose values are taken one by one; what is left over is refused.

    ``path`` is its dotted name, ``lines`` are the lines of all names in the file.
    """

    def __init__(
        self, values: Mapping[str, Any], path: str = "", lines: Mapping[str, int] | None = None
    ) -> None:
        self._left, self.path, self._lines = dict(values), path, lines or {}

    @classmethod
    def read(cls, text: str, first: int) -> HeadTable:
        """Read TOML that begins at line ``first`` of its file; raises LessonError."""
        if len(text) > _MOST_CHARACTERS:
            raise LessonError(f"the settings have more than {_MOST_CHARACTERS:,} characters.")
        for number, line in enumerate(text.splitlines(), first):
            if line.partition("=")[0].count(".") > _MOST_DOTS:
                raise LessonError(
                    f"line {number}: a name has too many dots, or a line without = has."
                )
        try:
            return cls(tomllib.loads("\n" * (first - 1) + text), "", _lines(text, first))
        except (ValueError, RecursionError) as problem:
            if not isinstance(problem, tomllib.TOMLDecodeError):
                raise LessonError(
                    "the settings have a number or a table that is too long, or lists nested too "
                    "deep."
                ) from None
            said = str(problem).replace("\n", " ").rstrip(".")
            raise LessonError(f"the settings can't be read: {said}.") from None

    def error(self, sentence: str, name: str = "") -> LessonError:
        """The error in this table, or at a name in it."""
        path = ".".join(filter(None, (self.path, name)))
        known = path
        while known and known not in self._lines:
            known = known.rpartition(".")[0]
        where = [f"line {self._lines[known]}"] if known else []
        return LessonError(
            ": ".join(filter(None, (", ".join(filter(None, (*where, path))), sentence)))
        )

    def names(self) -> list[str]:
        """The names that are left, in their order."""
        return [*self._left]

    def take(self, name: str, kind: type, default: Any = None) -> Any:
        """Take a value of this kind; raises LessonError if it is another or, without default, none.

        Numbers are finite; a whole number is a number too. Of ``object`` any value is taken.
        """
        if name not in self._left:
            if default is None:
                raise self.error(f"{name} is missing.")
            return default
        value = self._left.pop(name)
        if kind is object:
            return value
        fits = isinstance(value, (int, float) if kind is float else kind)
        if kind is str:
            fits = fits and bool(value.strip())
        if not fits or isinstance(value, bool) or (kind is float and not _finite(value)):
            raise self.error(f"{brief(value)!r} is not {_KINDS[kind]}.", name)
        return value

    def one_of(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        """Take one of several texts; raises LessonError."""
        value: str = self.take(name, str, default)
        if value not in choices:
            raise self.error(f"{brief(value)!r} is not one of {', '.join(choices)}.", name)
        return value

    def numbers(self, name: str, count: int = 0) -> tuple[float, ...]:
        """Take a list of ``count`` ascending numbers, or of any number of them; see ``take``."""
        values = self.take(name, list)
        if not values or not are_numbers(values, count or len(values)):
            raise self.error(f"write a list of {f'{count} ' * bool(count)}numbers.", name)
        if sorted(values) != values:
            raise self.error("the smaller number comes first.", name)
        return tuple(values)

    def table(self, name: str) -> HeadTable:
        """Take a table."""
        return HeadTable(self.take(name, dict), f"{self.path}.{name}".strip("."), self._lines)

    def tables(self, name: str) -> list[HeadTable]:
        """Take a list of tables; there may be none."""
        values = self.take(name, list, [])
        if not all(isinstance(value, dict) for value in values):
            raise self.error(f"write [[{self.path}.{name}]] before each.", name)
        return [HeadTable(v, f"{self.path}.{name}.{k}", self._lines) for k, v in enumerate(values)]

    def end(self) -> None:
        """Refuse what has not been taken; raises LessonError."""
        for name in self._left:
            raise self.error(f"{brief(name)!r} means nothing here.", name)


def are_numbers(values: object, count: int) -> bool:
    """Whether the values are a list of so many finite numbers."""
    if not isinstance(values, list) or len(values) != count:
        return False
    return all(type(value) in (int, float) and _finite(value) for value in values)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # A whole number beyond all floats.
        return False


def _lines(text: str, first: int) -> dict[str, int]:
    """The line of every table and name by its dotted path; the tables of a list have a number."""
    found: dict[str, int] = {}
    table, counts = "", dict[str, int]()
    for line, content in enumerate(text.splitlines(), first):
        if header := _HEADER.match(content):
            table = header[1]
            if content.lstrip().startswith("[["):
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}.{counts[table]}"
            found.setdefault(table, line)
        elif name := _NAME.match(content):
            found.setdefault(f"{table}.{name[1]}".strip("."), line)
    return found
