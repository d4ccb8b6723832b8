"""Marks: the choices of a page that its link carries, each under a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from rnnviz.run.share_link import MOST_INDEX

T = TypeVar("T")


class Mark(NamedTuple):
    """A choice: its name in a link, its attribute, and how its text is read and written.

    ``read`` raises ValueError for an invalid text. A default is written as an empty text.
    """

    name: str
    attribute: str
    read: Callable[[str], Any] = str
    write: Callable[[Any], str] = str

    @classmethod
    def option(cls, name: str, attribute: str, kind: type[StrEnum]) -> Mark:
        """A choice among the members of ``kind``, of which the first is the default."""
        first = next(iter(kind))
        return cls(
            name, attribute, one_of({one.name.lower(): one for one in kind}),
            lambda one: "" if one is first else one.name.lower(),
        )  # fmt: skip


@runtime_checkable
class Marked(Protocol):
    """An object with choices that a link carries."""

    marks: tuple[Mark, ...]


def choices_of(marked: Marked) -> dict[str, str]:
    """The choices that are not the default, as texts by their names."""
    texts = {mark.name: mark.write(getattr(marked, mark.attribute)) for mark in marked.marks}
    return {name: text for name, text in texts.items() if text}


def choose(marked: Marked, texts: Mapping[str, str]) -> list[str]:
    """Make the choices in these texts; returns a sentence for each that is invalid."""
    problems = []
    for mark in marked.marks:
        if text := texts.get(mark.name):
            try:
                setattr(marked, mark.attribute, mark.read(text))
            except ValueError as problem:
                problems.append(f"In the link: {mark.name}, {text[:40]!r}: {problem}. Left out.")
    return problems


# Texts


def index_from(first: int, most: int = MOST_INDEX) -> Callable[[str], int]:
    """Read a number from ``first`` to ``most`` as an index from 0."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 9 and first <= int(text) <= most:
            return int(text) - first
        raise ValueError(f"write a whole number from {first} to {most:,}")

    return read


def written_from(first: int) -> Callable[[int], str]:
    """The text that ``index_from`` reads; empty for the first."""
    return lambda index: f"{index + first}" if index else ""


def one_of(values: Mapping[str, T]) -> Callable[[str], T]:
    """Read the value with this name."""

    def read(text: str) -> T:
        if text not in values:
            raise ValueError(f"write {' or '.join(values)}")
        return values[text]

    return read


#: Read two of the first three components; the first two are the default.
read_axes = one_of({"1-2": (0, 1), "1-3": (0, 2), "2-3": (1, 2)})


def written_axes(axes: tuple[int, int]) -> str:
    """The text that ``read_axes`` reads; empty for the first two."""
    return "" if axes == (0, 1) else f"{axes[0] + 1}-{axes[1] + 1}"
