"""Explanations, one Markdown file each."""

from functools import cache
from pathlib import Path


@cache
def explanation(name: str) -> str:
    """The text of ``name``.md."""
    return (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8").strip()
