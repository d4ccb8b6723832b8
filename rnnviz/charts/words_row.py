"""The words of the phrase, above the pictures that stand on them."""

from __future__ import annotations

from collections.abc import Sequence

from rnnviz.charts.axes import words_axis
from rnnviz.charts.picture import Picture, scatter
from rnnviz.charts.sequence_network import Words
from rnnviz.charts.theme import LIGHT, Theme, picture, plain


def words_row(words: Words, theme: Theme = LIGHT, shades: Sequence[str] = ()) -> Picture:
    """The words side by side, each in its column; in frames of these ``shades``, if there are any.

    The page draws them itself, in static/words_row.js, where they can be typed.
    """
    names, count = [plain(word) for word in words.told["words"]], len(words.tokens)
    row = scatter(x=[*range(count)], y=[0] * count, mode="text", text=names)
    axes = {"xaxis": {**words_axis(words.tokens, theme), "visible": False}}
    axes["yaxis"] = {"visible": False}
    meta = {"x": "token", **words.told, "shades": list(shades)}
    return picture([row], "Words", 80, theme, **axes, meta=meta)
