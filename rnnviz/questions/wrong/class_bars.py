"""The answer after every token: the probability of each class as a bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.charts.axes import axis, words_axis, words_margin
from rnnviz.charts.picture import Picture, Series, bar, compact, heatmap, scatter
from rnnviz.charts.shapes import level, note, upright
from rnnviz.charts.table import class_name
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.engine.layer_buffers import Array

#: At most so many classes have a row.
_MOST = 8
#: A shorter bar has no room for its number, nor has one of a narrower column.
_LEAST, _COLUMNS = 0.3, 12


def class_bars(
    probs: Array,
    wanted: int | None,
    classes: Sequence[str],
    words: Sequence[str],
    theme: Theme = LIGHT,
) -> Picture:
    """The probabilities (T, C) after every token, as if the sequence ended there.

    The class that is ``wanted`` has the colour of the forward pass. Of many classes those are shown
    that are likeliest at the end.
    """
    said = int(probs[-1].argmax())
    shown = _shown(probs, wanted)
    rest = "" if len(shown) == len(classes) else f": {len(shown)} of {len(classes)} classes"
    count, colors = len(shown), [theme.forward if c == wanted else theme.muted for c in shown]
    return picture(
        [_ground(probs[:, shown], theme), *_bars(probs[:, shown], colors, theme)],
        f"Answer after every token{rest}",
        HEIGHTS["answers"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis("", theme, range=[count - 0.5, -0.5], **_names(shown, wanted, said, classes)),
        shapes=_gaps(len(words), count, theme),
        annotations=_notes(probs, shown, wanted, theme),
        margin=words_margin(words),
        meta={"x": "token"},
    )


def _shown(probs: Array, wanted: int | None) -> list[int]:
    likeliest = np.argsort(-probs[-1], kind="stable")[:_MOST].tolist()
    if wanted is not None and wanted not in likeliest:
        likeliest[-1] = wanted
    return sorted(likeliest)


def _names(
    shown: list[int], wanted: int | None, said: int, classes: Sequence[str]
) -> dict[str, Any]:
    names = [class_name(classes[c]) for c in shown]
    marked = [f"<b>{n}</b>" if c in (wanted, said) else n
              for c, n in zip(shown, names, strict=True)]  # fmt: skip
    return {"tickvals": list(range(len(shown))), "ticktext": marked, "showgrid": False, "ticks": ""}


def _ground(probs: Array, theme: Theme) -> Series:
    """The cells below the bars, which tell the probability."""
    return heatmap(
        z=compact(probs.T),
        zmin=0,
        zmax=1,
        colorscale=[[0, theme.neutral], [1, theme.neutral]],
        showscale=False,
        hovertemplate="p = %{z:.4f}<extra></extra>",
    )


def _bars(probs: Array, colors: list[str], theme: Theme) -> list[Series]:
    rows, steps = np.meshgrid(np.arange(probs.shape[1]), np.arange(len(probs)))
    t, k, p = steps.ravel(), rows.ravel(), probs.ravel()
    bars = bar(
        x=compact(p),
        y=k.astype(np.int32),
        base=compact(t - 0.5),
        width=0.8,
        orientation="h",
        marker={"color": [colors[row] for row in k.tolist()]},
        hoverinfo="skip",
    )
    long = np.flatnonzero(p >= _LEAST) if len(probs) <= _COLUMNS else np.zeros(0, int)
    numbers = scatter(
        x=compact(t[long] - 0.5),
        y=k[long].astype(np.int32),
        text=[f"{share:.0%}" for share in p[long].tolist()],
        mode="text",
        textposition="middle right",
        textfont={"color": theme.background, "weight": 600},
        hoverinfo="skip",
    )
    return [bars, numbers]


def _gaps(words: int, count: int, theme: Theme) -> list[dict[str, Any]]:
    """Between the bars the background is seen."""
    line = {"color": theme.background, "dash": "solid"}
    edges = [upright(t - 0.5, theme, **line, width=8) for t in range(words + 1)]
    return [*edges, *(level(k - 0.5, theme, **line, width=5) for k in range(count + 1))]


def _notes(
    probs: Array, shown: list[int], wanted: int | None, theme: Theme
) -> list[dict[str, Any]]:
    """Beside the rows: which class is said, and how sure it is, and which is wanted."""
    last, said = probs[-1], int(probs[-1].argmax())
    texts = {} if wanted is None else {wanted: "wanted"}
    texts[said] = f"{last[said]:.0%}, right" if wanted == said else f"says {last[said]:.0%}"
    place = {"x": len(probs) - 0.5, "xshift": 8}
    return [
        note(text, "left middle", **place, y=shown.index(c),
             font={"color": theme.forward if c == wanted else theme.text, "weight": 600})
        for c, text in texts.items()
    ]  # fmt: skip
