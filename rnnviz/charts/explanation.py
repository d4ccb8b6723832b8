"""Explanations of the charts, from the text.md of each question; braces are filled in."""

from __future__ import annotations

import re
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from pathlib import Path

#: The unit of the axis of a run.
_unit = ContextVar("unit", default="epoch")
_EPOCH, _TRAINING = re.compile(r"(?<![{\w])epoch(s?)\b"), re.compile(r"\btraining\b(?! loop)")


def count_in(unit: str) -> None:
    """Count in this ``unit``, not in epochs, in the explanations of this context.

    If it isn't epochs, it is a recording, and the examples are its probe's, not those of training.
    """
    _unit.set(unit)


@cache
def texts() -> dict[str, str]:
    """Every text by its name: "question/heading", or "heading" for charts/text.md."""
    package = Path(str(files("rnnviz")))
    found = {}
    for path in [package / "charts" / "text.md", *package.glob("questions/*/text.md")]:
        folder = "" if path.parent.name == "charts" else f"{path.parent.name}/"
        _, *sections = path.read_text(encoding="utf-8").split("\n## ")
        for heading, _, text in (section.partition("\n") for section in sections):
            found[folder + heading] = text.strip()
    return found


def explanation(name: str, **fields: str) -> str:
    """The text of this name in ``texts``, with its gaps filled; {noun} is "word" by default."""
    text, unit = texts()[name], _unit.get()
    if unit != "epoch":
        text = _TRAINING.sub("probe", _EPOCH.sub(rf"{unit}\1", text))
    return text.format(**{"noun": "word", "weights": "W_hh", **fields})
