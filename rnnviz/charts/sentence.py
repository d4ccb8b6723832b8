"""A sentence in the place of a picture that can't be drawn."""

from __future__ import annotations

from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import PAPER, note
from rnnviz.charts.theme import LIGHT, Theme, picture, plain


def sentence(title: str, text: str, theme: Theme = LIGHT) -> Picture:
    """The title of the picture, and the sentence."""
    hidden = {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
    escaped = plain(text, len(text))
    said = note(escaped, "center middle", **PAPER, x=0.5, y=0.5)
    return picture([], title, 200, theme, annotations=[said], meta={"sentence": escaped}, **hidden)
