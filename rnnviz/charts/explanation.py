"""Explanations of what is drawn, one Markdown file each; what is in braces there is filled in."""

from __future__ import annotations

import re
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from pathlib import Path

#: The folder of the files.
TEXTS = Path(str(files("rnnviz"))) / "charts" / "text"

#: What the axis of a run counts, where it isn't epochs.
_unit = ContextVar("unit", default="epoch")
_EPOCH, _TRAINING = re.compile(r"(?<![{\w])epoch(s?)\b"), re.compile(r"\btraining\b(?! loop)")


def count_in(unit: str) -> None:
    """Have the explanations of this context speak of steps, not of epochs.

    Where these are those of a recording, the examples are not those of training.
    """
    _unit.set(unit)


@cache
def _text(name: str, unit: str) -> str:
    text = (TEXTS / f"{name}.md").read_text(encoding="utf-8").strip()
    if unit == "epoch":
        return text
    return _TRAINING.sub("probe", _EPOCH.sub(rf"{unit}\1", text))


def explanation(name: str, **fields: str) -> str:
    """The text of ``name``.md, its gaps filled; {noun} is a word unless it is given."""
    text = _text(name, _unit.get())
    return text.format(**{"noun": "word", "weights": "W_hh", **fields})
