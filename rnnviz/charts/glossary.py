"""Glossary: the terms of docs/glossary.md, explained below the texts that use them."""

from __future__ import annotations

import re
from functools import cache

from rnnviz.tasks import shipped

#: The most terms that are explained below a text.
_MOST = 3
_ENTRY = re.compile(r"^- \*\*(.+?)\*\*: (.+)$", re.MULTILINE)


@cache
def entries() -> dict[str, str]:
    """The entries of the glossary: the names of a term, divided by commas, and its sentence."""
    return dict(_ENTRY.findall(shipped("docs/glossary.md").read_text(encoding="utf-8")))


@cache
def terms() -> dict[str, str]:
    """The sentence of every term; two names of one term have the same."""
    return {name: said for names, said in entries().items() for name in names.split(", ")}


@cache
def _pattern() -> re.Pattern[str]:
    """Any term as a word of its own, also in the plural; of several at one place the longest."""
    names = sorted(terms(), key=len, reverse=True)
    return re.compile(
        rf"(?<![\w‖])({'|'.join(map(re.escape, names))})(?:s|es)?(?![\w‖])", re.IGNORECASE
    )


def terms_in(text: str) -> dict[str, str]:
    """The first terms of a text in their order, each with its sentence."""
    known = {name.lower(): name for name in terms()}
    found: dict[str, str] = {}
    for match in _pattern().finditer(text):
        name = known[match[1].lower()]
        if len(found) < _MOST and terms()[name] not in found.values():
            found[name] = terms()[name]
    return found


def with_terms(text: str) -> str:
    """The text, and below it a line for each of its first terms."""
    return "\n".join(filter(None, [text, tip(text)]))


def tip(text: str) -> str:
    """A line for each of the first terms of a text."""
    lines = (f"{name[0].upper()}{name[1:]}: {said}" for name, said in terms_in(text).items())
    return "\n".join(lines)
