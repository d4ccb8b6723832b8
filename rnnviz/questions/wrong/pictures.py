"""Pictures of the answers: bars of the classes, the confusion matrix, and a scatter of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnviz.charts.axes import (
    NowAndPinned,
    axis,
    mirrored,
    signed_axis,
    words_axis,
    words_margin,
    words_picture,
)
from rnnviz.charts.picture import Picture, Series, bar, compact, exact, heatmap, scatter
from rnnviz.charts.shapes import faint, ink, level, mixed, note, outlines, upright
from rnnviz.charts.table import class_name, most
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.results import Confusion, Values

#: Maximum number of classes with a row.
_MOST = 8
#: The shortest bar with room for its number, and the most columns with this room.
_LEAST, _COLUMNS = 0.3, 12


def class_bars(
    probs: Array, target: int | None, classes: Sequence[str], words: Sequence[str],
    theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """The probabilities (T, C) after every token, as if the sequence ended there.

    The target ``target`` has the colour of the forward pass. Of many classes the likeliest ones at
    the end are shown.
    """
    predicted = int(probs[-1].argmax())
    likeliest = np.argsort(-probs[-1], kind="stable")[:_MOST].tolist()
    if target is not None and target not in likeliest:
        likeliest[-1] = target
    shown = sorted(likeliest)
    rest = "" if len(shown) == len(classes) else f": {len(shown)} of {len(classes)} classes"
    count, colors = len(shown), [theme.forward if c == target else theme.muted for c in shown]
    # The cells below the bars show the probability on hover.
    cells = heatmap(
        z=compact(probs[:, shown].T), zmin=0, zmax=1,
        colorscale=[[0, theme.neutral], [1, theme.neutral]], showscale=False,
        hovertemplate="p = %{z:.4f}<extra></extra>",
    )  # fmt: skip
    # Gaps between the bars, in the colour of the background.
    line = {"color": theme.background, "dash": "solid"}
    edges = [upright(t - 0.5, theme, **line, width=8) for t in range(len(words) + 1)]
    names = [class_name(classes[c]) for c in shown]
    marked = [f"<b>{n}</b>" if c in (target, predicted) else n
              for c, n in zip(shown, names, strict=True)]  # fmt: skip
    return picture(
        [cells, *_bars(probs[:, shown], colors, theme)],
        f"Answer after every step{rest}", 230, theme, xaxis=words_axis(words, theme),
        yaxis=axis("", theme, range=[count - 0.5, -0.5], tickvals=list(range(count)),
                   ticktext=marked, showgrid=False, ticks=""),
        shapes=[*edges, *(level(k - 0.5, theme, **line, width=5) for k in range(count + 1))],
        annotations=_notes(probs, shown, target, theme), margin=words_margin(words),
        meta={"x": "token"},
    )  # fmt: skip


def _bars(probs: Array, colors: list[str], theme: Theme) -> list[Series]:
    rows, steps = np.meshgrid(np.arange(probs.shape[1]), np.arange(len(probs)))
    t, k, p = steps.ravel(), rows.ravel(), probs.ravel()
    bars = bar(
        x=compact(p), y=k.astype(np.int32), base=compact(t - 0.5), width=0.8, orientation="h",
        marker={"color": [colors[row] for row in k.tolist()]}, hoverinfo="skip",
    )  # fmt: skip
    long = np.flatnonzero(p >= _LEAST) if len(probs) <= _COLUMNS else np.zeros(0, int)
    numbers = scatter(
        x=compact(t[long] - 0.5), y=k[long].astype(np.int32),
        text=[f"{share:.0%}" for share in p[long].tolist()], mode="text",
        textposition="middle right", textfont={"color": theme.background, "weight": 600},
        hoverinfo="skip",
    )  # fmt: skip
    return [bars, numbers]


def _notes(
    probs: Array, shown: list[int], target: int | None, theme: Theme
) -> list[dict[str, Any]]:
    """Notes next to the rows: the answer with its probability, and the target."""
    last, predicted = probs[-1], int(probs[-1].argmax())
    texts = {} if target is None else {target: "target"}
    share = f"{last[predicted]:.0%}"
    texts[predicted] = f"{share}, right" if target == predicted else f"answer {share}"
    return [
        note(text, "left middle", x=len(probs) - 0.5, xshift=8, y=shown.index(c),
             font={"color": theme.forward if c == target else theme.text, "weight": 600})
        for c, text in texts.items()
    ]  # fmt: skip


def answers_of_both(
    probability: NowAndPinned, first: str, words: Sequence[str], what: str, theme: Theme = LIGHT, *,
    guess: float | None = None, largest: float | None = None,
) -> Picture:  # fmt: skip
    """The answers after every token of two networks, up of the ``first``, down of the other.

    They are probabilities, or errors up to the ``largest``; ``what`` says which. A dotted line is
    at ``guess``.
    """
    limit, percent = largest or 1.0, len(words) <= _COLUMNS and largest is None
    values = bar(
        x=list(range(len(words))), y=compact(probability.values), width=0.6, name=first,
        marker={"color": theme.forward}, customdata=exact(probability.values),
        text=[f"{share:.0%}" for share in probability.values] if percent else [],
        textposition="outside", textfont={"color": theme.forward},
        hovertemplate=f"{first}: %{{customdata}}<extra></extra>",
    )  # fmt: skip
    end = "100%" if largest is None else f"{limit:.3g}"
    yaxis = axis("", theme, range=[-1.35 * limit, 1.35 * limit], tickvals=[-limit, 0, limit],
                 ticktext=[end, "0", end])  # fmt: skip
    levels = [] if guess is None else [level(side * guess, theme) for side in (-1, 1)]
    return words_picture(
        [values, *mirrored(probability, theme, theme.forward, numbers=percent)],
        f"{what}: {plain(first)} ↑, {plain(probability.name)} ↓", 230, words, theme, yaxis=yaxis,
        shapes=levels, meta={"columns": probability.columns},
    )  # fmt: skip


# The confusion matrix


#: The least part of its colour that a cell has, unless it is empty.
_LEAST_CELL = 0.2


def confusion_matrix(
    confusion: Confusion, classes: Sequence[str], chosen: tuple[int, int] | None = None,
    theme: Theme = LIGHT, *,
    placed: Array | None = None, opened: int | None = None, name: str = "",
) -> Picture:  # fmt: skip
    """How often each class (row) is answered with each (column); ``chosen`` is framed.

    The colour is the share of the row: right answers in the colour of the forward pass, wrong ones
    in that of the text. The page marks the cells of the sequence that is ``opened`` or pointed at:
    ``placed`` has the indices of the sequences, their targets and their answers, (3, P).
    """
    names = [class_name(classes[c], 9) for c in confusion.classes]
    shares = confusion.counts / np.maximum(confusion.targets, 1)[:, None]
    dark = np.where(confusion.counts > 0, _LEAST_CELL + (1 - _LEAST_CELL) * shares, 0)
    count, shades = len(names), np.asarray(np.where(np.eye(len(shares), dtype=bool), dark, -dark))
    ticks = {"tickvals": list(range(count)), "ticktext": names, "showgrid": False, "ticks": ""}
    slanted = {"tickangle": -40} if max(map(len, names)) * count > 40 else {}
    series = [_cells(confusion, classes, shades, theme), _counts(confusion, shades, theme)]
    place = {c: k for k, c in enumerate(confusion.classes.tolist())}
    if placed is not None:
        series.append(_places(placed, place))
    if chosen and {*chosen} <= place.keys():
        y, x = (place[c] for c in chosen)
        series.append(outlines([(x - 0.5, y - 0.5, x + 0.5, y + 0.5)], theme.text, 2.5))
    return picture(
        series, most(plain(name) or "Confusion matrix", confusion), 400, theme,
        xaxis=axis("answer", theme, range=[-0.5, count - 0.5], **ticks, **slanted),
        yaxis=axis("target", theme, range=[count - 0.5, -0.5], **ticks),
        meta={"left": 32 + 7 * max(map(len, names)), "opened": opened},
    )  # fmt: skip


def _places(placed: Array, place: Mapping[int, int]) -> Series:
    """The cells of each sequence, which are not drawn."""
    rows = placed.T.tolist()
    cells = [(number, place[w], place[s]) for number, w, s in rows if {w, s} <= place.keys()]
    return scatter(
        x=[x for _, _, x in cells], y=[y for _, y, _ in cells],
        customdata=[number for number, _, _ in cells],
        mode="markers", visible=False, hoverinfo="skip", meta={"phrases": True},
    )  # fmt: skip


def _cells(confusion: Confusion, classes: Sequence[str], shades: Array, theme: Theme) -> Series:
    kinds = confusion.classes.tolist()
    names = [class_name(classes[k]) for k in kinds]
    texts = [
        [f"target {target}, answer {predicted}: {count:,}"
         for predicted, count in zip(names, row.tolist(), strict=True)]
        for target, row in zip(names, confusion.counts, strict=True)
    ]  # fmt: skip
    return heatmap(
        z=compact(shades), zmin=-1, zmax=1, xgap=2, ygap=2, showscale=False,
        colorscale=[[0, theme.muted], [0.5, theme.neutral], [1, theme.forward]],
        text=texts, customdata=[[[i, j] for j in kinds] for i in kinds],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _counts(confusion: Confusion, shades: Array, theme: Theme) -> Series:
    rows, columns = np.nonzero(confusion.counts)
    grounds = [theme.forward if shades[cell] > 0 else theme.muted
               for cell in zip(rows, columns, strict=True)]  # fmt: skip
    strengths = np.abs(shades[rows, columns])
    colors = [ink(mixed(theme.neutral, *pair)) for pair in zip(grounds, strengths, strict=True)]
    counts = confusion.counts[rows, columns].tolist()
    return scatter(
        x=columns.astype(np.int32), y=rows.astype(np.int32),
        text=[f"{count:,}" for count in counts], mode="text", hoverinfo="skip",
        textfont={"color": colors, "size": 15 if len(shades) <= 6 else 12, "weight": 600},
    )  # fmt: skip


# Values and their targets


#: Maximum number of points, evenly spread.
_MOST_POINTS = 2_000


def value_scatter(
    values: Values, channels: Sequence[str], theme: Theme = LIGHT, opened: int | None = None,
    *, name: str = "", signed: bool = True, words: tuple[str, str] = ("answer", "target"),
) -> Picture:  # fmt: skip
    """Every answer (up) at its target (across); on the diagonal both are the same.

    The customdata of a point is the index of its sequence; those of ``opened`` are marked. Unless
    they are ``signed``, zero has no meaning and need not be in the picture. ``words`` name both.
    """
    count = len(values.predicted)
    some = np.linspace(0, count - 1, min(count, _MOST_POINTS)).round().astype(int)
    predicted, target = values.predicted[some], values.targets[some]
    known = np.concatenate([predicted.ravel(), target.ravel()])
    known = known[np.isfinite(known)]
    if signed or not len(known):
        limit = theme.scale.nice_limit(float(np.abs(known).max(initial=1e-9)))
        span = [-limit, limit]
        axes = {f"{a}axis": signed_axis(t, limit, theme) for a, t in (("x", words[1]), ("y", ""))}
    else:
        span = theme.scale.tenths(float(known.min()), float(known.max()))
        axes = {f"{a}axis": axis(t, theme, range=span) for a, t in (("x", words[1]), ("y", ""))}
    line = {"color": theme.muted, "width": 1.5, "dash": "dot"}
    diagonal = scatter(x=span, y=span, mode="lines", line=line, hoverinfo="skip")
    colors = [theme.forward, theme.text, theme.muted]
    points = [
        scatter(
            x=compact(target[:, c]), y=compact(predicted[:, c]), name=plain(name), mode="markers",
            customdata=values.owners[some].tolist(), meta={"phrases": True},
            marker={"size": 5, "color": faint(colors[c % len(colors)], 0.5)},
            hovertemplate=f"{words[1]} %{{x:.4g}}, {words[0]} %{{y:.4g}}"
            "<extra>%{fullData.name}</extra>",
        )
        for c, name in enumerate(channels)
    ]  # fmt: skip
    # The name of a network comes first: the end of a long title may be cut.
    title = f"{words[0].capitalize()} (up), {words[1]} (across)"
    if name:
        title = f"{plain(name)}: {title[0].lower()}{title[1:]}"
    return picture([diagonal, *points], title, 400, theme, meta={"opened": opened}, **axes)
