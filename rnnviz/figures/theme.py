"""Theme: palettes, fonts and sizes of all figures."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from rnnviz.figures.axis_limits import Scale
from rnnviz.figures.picture import Picture

#: How high each chart is, in pixels.
HEIGHTS = {
    "margin": 230,
    "states": 400,
    "flow": 320,
    "loss": 470,
    "metric": 250,
    "answers": 230,
    "free": 230,
    "map": 320,
    "recurrent": 400,
    "norms": 300,
    "network": 440,
    "operation": 300,
    "terms": 600,
    "mosaic": 400,
    "over_lag": 400,
    "products": 400,
    "plane": 460,
    "exponents": 300,
    "connectivity": 400,
    "shares": 340,
    "clipping": 380,
    "comparison": 460,
    "phase": 620,
    "spectra": 480,
    "response": 520,
    "trajectories": 560,
    "multiples": 210,
    "compared": 660,
    "margins": 260,
    "saliency": 250,
    "ablation": 300,
}
#: How many words an axis names at most, and how many single signs.
_MOST_LABELS, _MOST_SIGNS = 20, 60
#: How wide a plot in half of a narrow page is; about a letter of 14 px, and a gap. In pixels.
NARROW = 305
_LETTER, _GAP = 7, 6
#: A longer name has no room below the columns, slanted.
_MOST_LETTERS = 14
FONT = "Source Sans, Source Sans Pro, system-ui, sans-serif"
#: All letters are equally wide: for signs that stand close in columns.
COLUMN_FONT = "Source Code, Source Code Pro, ui-monospace, monospace"


@dataclass(frozen=True)
class Theme:
    """One set of colours; the same name means the same thing in every figure.

    By its ``scale`` the axes and colours end that change while a run goes on.
    """

    background: str
    text: str
    muted: str
    grid: str
    train: str
    test: str
    magnitude: str
    forward: str
    negative: str
    neutral: str
    positive: str
    scale: Scale = field(default_factory=Scale, compare=False, repr=False)

    @property
    def diverging(self) -> list[list[Any]]:
        """Scale for signed values: blue below zero, red above; safe for the colour-blind."""
        return [[0, self.negative], [0.5, self.neutral], [1, self.positive]]

    @property
    def sequential(self) -> list[list[Any]]:
        """Scale for values that are never negative: from nothing to grey."""
        return [[0, self.neutral], [1, self.muted]]

    @property
    def magnitudes(self) -> list[list[Any]]:
        """Scale for the sizes of gradients: from nothing to their colour."""
        return [[0, self.neutral], [1, self.magnitude]]


LIGHT = Theme(
    background="#ffffff",
    text="#1f2933",
    muted="#5b6675",
    grid="#e4e7ec",
    train="#00796b",
    test="#d97706",
    magnitude="#6d4ad4",
    forward="#5a8f00",
    negative="#2166ac",
    neutral="#f7f7f7",
    positive="#b2182b",
)
DARK = Theme(
    background="#14181d",
    text="#e6e9ee",
    muted="#a3adba",
    grid="#2c333d",
    train="#2dd4bf",
    test="#fbbf24",
    magnitude="#a78bfa",
    forward="#a3e635",
    negative="#5aa9f0",
    neutral="#20262e",
    positive="#ff6f61",
)


#: A legend between the title and the plot, which then begins ``LEGEND_ROOM`` pixels below the top.
LEGEND = {
    "showlegend": True,
    "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"},
}
LEGEND_ROOM = 76


def color_bar(symbol: str) -> dict[str, Any]:
    """The scale beside a heatmap, headed by the symbol of what is coloured."""
    place = {"x": 1.0, "xpad": 8, "y": 0.5, "len": 1, "thickness": 14, "outlinewidth": 0}
    title = {"text": symbol, "font": {"size": 14}}
    return {**place, "title": title, "nticks": 5, "exponentformat": "power"}


def plain(text: str, most: int = 24) -> str:
    """A text that Plotly draws as typed, never as markup; shortened to ``most`` characters."""
    shown = text if len(text) <= most else text[: most - 1] + "…"
    return html.escape(shown, quote=False)


def shown_token(token: str) -> str:
    """A token that can be seen: a space and a line's end have signs of their own."""
    return {" ": "␣", "\n": "⏎", "\t": "⇥"}.get(token, token)


def scale_words(symbol: str, limit: float, theme: Theme) -> str:
    """The two ends of a diverging scale in their colours, as text: cheaper than a colour bar."""
    ends = ((theme.negative, "−"), (theme.positive, "+"))
    marks = (f'<span style="color:{color}">■</span> {sign}{limit:g}' for color, sign in ends)
    return f"{symbol}: {'  '.join(marks)}"


def picture(series: Sequence[Any], title: str, height: int, theme: Theme, **layout: Any) -> Picture:
    """A picture in the house's style: fixed height, zoom kept while its data change."""
    base = {
        "template": {},
        "title": {
            "text": title,
            "x": 0,
            "xref": "container",
            "font": {"size": 16, "weight": 600},
            "y": 0.98,
        },
        "font": {"family": FONT, "size": 14, "color": theme.text},
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 44, "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        # That of the page: Plotly takes it for the ground of what it says to the pointer.
        "plot_bgcolor": theme.background,
        "uirevision": "keep",
        "showlegend": False,
        "hoverlabel": {"font": {"family": FONT, "size": 14}},
    }
    base["title"]["yanchor"] = "top"  # type: ignore[index]
    return Picture(list(series), {**base, **layout})


def axis(title: str, theme: Theme, **options: Any) -> dict[str, Any]:
    """An axis with its title (and unit), a quiet grid and no zero line of its own."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 14}},
        "gridcolor": theme.grid,
        "linecolor": theme.grid,
        "zeroline": False,
        "automargin": False,
        "exponentformat": "power",
        # To look whether a label sticks out costs the browser a layout at every frame.
        "ticklabeloverflow": "allow",
        "nticks": 5,
        **options,
    }


def signed_axis(title: str, limit: float, theme: Theme) -> dict[str, Any]:
    """An axis as far below zero as above it; there is no room beside it for long numbers."""
    zero = {"zeroline": True, "zerolinecolor": theme.muted}
    short = {"tickformat": "~g"} if limit > 1e5 else {}
    return axis(title, theme, range=[-limit, limit], **zero, **short)


def rows_axis(count: int, theme: Theme, **options: Any) -> dict[str, Any]:
    """An axis with a row for each of so many names, the first at the top."""
    rows = {"type": "category", "range": [count - 0.5, -0.5], "nticks": 0, "dtick": 1}
    return axis("", theme, **{**rows, **options})


def whole(count: int | float) -> dict[str, Any]:
    """For an axis that counts to ``count``: of few things none is halved by a label."""
    return {"dtick": 1} if count <= 5 else {}


def words_axis(words: Sequence[str], theme: Theme, width: int = NARROW) -> dict[str, Any]:
    """An axis with one place a token, equal words side by side; of many every n-th is named.

    ``width`` is what the plot has at least, in pixels: names that have no room there are slanted.
    """
    places, tight = _named(words), _tight(words)
    return axis(
        "",
        theme,
        tickmode="array",
        tickvals=list(places),
        ticktext=[_below(words[place], tight) for place in places],
        range=[-0.5, len(words) - 0.5],
        showgrid=False,
        tickangle=-40 if _crowded(words, width) else 0,
        **_small(words, width),
    )


def words_margin(words: Sequence[str], width: int = NARROW) -> dict[str, int]:
    """Margins that are equal for all figures over the same words, so that their columns align."""
    return {"l": 64, "r": 76, "t": 40, "b": 70 if _crowded(words, width) else 32}


def _signs(words: Sequence[str]) -> bool:
    """Whether they are signs that are read together, like letters, and have room for it."""
    return len(words) <= _MOST_SIGNS and all(len(word) == 1 or _altered(word) for word in words)


def _altered(word: str) -> bool:
    """Whether it is one sign and what becomes of it: a→b."""
    return len(word) == 3 and word[1] == "→"


def _tight(words: Sequence[str]) -> bool:
    """Whether one of those signs has no room beside its neighbours."""
    return _signs(words) and 30 * len(words) > NARROW and any(map(_altered, words))


def _below(word: str, tight: bool) -> str:
    name = plain(shown_token(word), _MOST_LETTERS)
    return name.replace("→", "<br>→") if tight and _altered(word) else name


def column_font(names: Sequence[str], columns: int) -> dict[str, Any]:
    """The font of names in so many narrow columns: signs keep apart as long as they can be read."""
    if max(map(len, names)) > 1 or columns * 14 <= NARROW:
        return {"size": 14}
    return {"size": min(14, max(11, NARROW * 5 // (columns * 3))), "family": COLUMN_FONT}


def _small(words: Sequence[str], width: int) -> dict[str, Any]:
    """The more signs stand side by side, the smaller they are."""
    if not _signs(words) or (len(words) * 10 <= width and not _tight(words)):
        return {}
    size = 12 if len(words) * 7 <= width else 10
    return {"tickfont": {"size": size, "family": COLUMN_FONT}, "ticks": ""}


def _named(words: Sequence[str]) -> range:
    return range(0, len(words), 1 if _signs(words) else 1 + len(words) // _MOST_LABELS)


def _crowded(words: Sequence[str], width: int) -> bool:
    """Whether two names side by side have no room."""
    if _signs(words):
        return False
    lengths = [len(plain(words[place], _MOST_LETTERS)) for place in _named(words)]
    pitch = width * _named(words).step / max(1, len(words))
    return any(_LETTER * sum(two) / 2 + _GAP > pitch for two in pairwise(lengths))


def log_axis(title: str, theme: Theme, span: Sequence[float], **options: Any) -> dict[str, Any]:
    """A log axis over ``span`` (powers of ten) with at most six labels, all at powers of ten."""
    every = max(1, math.ceil((span[1] - span[0]) / 6))
    # Beyond these powers there are no numbers.
    ends = max(math.ceil(span[0]), -307), min(math.floor(span[1]), 308)
    powers = [power for power in range(ends[0], ends[1] + 1) if power % every == 0]
    # Plotly's own labels of powers are larger than all others.
    names = [_power_of_ten(power) for power in powers]
    ticks = {"tickvals": [10.0**power for power in powers], "ticktext": names}
    return axis(title, theme, type="log", range=list(span), **ticks, **options)


def _power_of_ten(power: int) -> str:
    return {0: "1", 1: "10"}.get(power, f"10<sup>{power}</sup>".replace("-", "−"))


def compact(array: Any) -> Any:
    """The array as float32, which travels to the browser in binary."""
    return np.ascontiguousarray(array, np.float32)
