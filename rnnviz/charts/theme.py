"""Theme: palettes, fonts, sizes and the layout that all figures share."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnviz.charts.axis_limits import Scale
from rnnviz.charts.picture import Picture, Series

FONT = "Source Sans, Source Sans Pro, system-ui, sans-serif"


@dataclass(frozen=True)
class Theme:
    """One set of colours; the same name means the same thing in every figure.

    What a learner has guessed is drawn in ``you``, and written in ``you_text``. ``scale`` chooses
    the limits of axes and colours that change during a run.
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
    you: str
    you_text: str
    scale: Scale = field(default_factory=Scale, compare=False, repr=False)

    @property
    def diverging(self) -> list[list[Any]]:
        """Colours of signed values: blue below zero, red above; safe for the colour-blind."""
        return [[0, self.negative], [0.5, self.neutral], [1, self.positive]]

    @property
    def sequential(self) -> list[list[Any]]:
        """Colours of values that are never negative, from neutral to grey."""
        return [[0, self.neutral], [1, self.muted]]

    @property
    def magnitudes(self) -> list[list[Any]]:
        """Colours of gradient sizes, from neutral to the colour of gradients."""
        return [[0, self.neutral], [1, self.magnitude]]

    def signs(self, values: Iterable[float]) -> list[str]:
        """The colour of the sign of each value; of zero and NaN that of negative values."""
        return [self.positive if value > 0 else self.negative for value in values]

    def colors(self, *names: str) -> dict[str, str]:
        """The colours of these names, for a picture that the page draws itself."""
        return {name: getattr(self, name) for name in names}


LIGHT = Theme(
    background="#ffffff", text="#1f2933", muted="#5b6675", grid="#e4e7ec",
    train="#101828", test="#b45309", magnitude="#6d4ad4", forward="#00796b",
    negative="#2166ac", neutral="#f7f7f7", positive="#b2182b", you="#ec4899", you_text="#b8257f",
)  # fmt: skip
DARK = Theme(
    background="#14181d", text="#e6e9ee", muted="#a3adba", grid="#2c333d",
    train="#f8fafc", test="#fbbf24", magnitude="#a78bfa", forward="#2dd4bf",
    negative="#5aa9f0", neutral="#20262e", positive="#ff6f61", you="#ffb3e6", you_text="#ffc4ec",
)  # fmt: skip


def css_variables(colors: Theme, background: str, selector: str = ":root") -> str:
    """The colours that a style sheet names, on the page's own ``background``."""
    named = colors.colors("text", "train", "test", "forward", "magnitude", "muted", "grid", "you")
    others = {"first": colors.negative, "second": colors.positive, "you-text": colors.you_text}
    values = {"background": background, **named, **others}
    return selector + " {" + "".join(f"--rnnviz-{k}: {v};" for k, v in values.items()) + "}"


def plain(text: str, most: int = 24) -> str:
    """The text escaped, so that it is drawn as typed; cut to ``most`` characters."""
    shown = text if len(text) <= most else text[: most - 1] + "…"
    return html.escape(shown, quote=False)


def shown_token(token: str) -> str:
    """The token, with a visible sign for a space, a line break or a tab."""
    return {" ": "␣", "\n": "⏎", "\t": "⇥"}.get(token, token)


def picture(
    series: Iterable[Series], title: str, height: int, theme: Theme,
    margin: Mapping[str, int] | None = None, **layout: Any,
) -> Picture:  # fmt: skip
    """A picture in the common style: its height is fixed."""
    font = {"size": 16, "weight": 600}
    top = {"x": 0, "xref": "container", "y": 0.98, "yanchor": "top"}
    base = {
        "template": {},
        "title": {"text": title, "font": font, **top},
        "font": {"family": FONT, "size": 14, "color": theme.text},
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 44, "b": 48, **(margin or {})},
        "paper_bgcolor": "rgba(0,0,0,0)",
        # The page's own colour: Plotly also uses it behind hover texts.
        "plot_bgcolor": theme.background,
        "showlegend": False,
        "hoverlabel": {"font": {"family": FONT, "size": 14}},
    }
    return Picture(list(series), {**base, **layout})
