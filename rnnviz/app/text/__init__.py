"""Explanations, one Markdown file each; what stands in braces there is filled in."""

from functools import cache
from pathlib import Path


@cache
def _text(name: str) -> str:
    return (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8").strip()


def explanation(name: str, **fields: str) -> str:
    """The text of ``name``.md, its gaps filled; {noun} is a word unless it is given."""
    return _text(name).format(**{"noun": "word", "weights": "W_hh", **fields})
