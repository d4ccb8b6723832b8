"""Two sequences, or two networks, side by side on the words of the first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, signed_axis, words_picture
from rnnviz.charts.picture import Picture, Series, bar, compact, exact, scatter
from rnnviz.charts.shapes import faint, note, outlines
from rnnviz.charts.theme import LIGHT, Theme, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number

#: The phrase as typed, and as changed.
BEFORE, AFTER = "before", "after"
#: How they are told apart, in a title.
_PAIR = f"; <b>{BEFORE}</b> solid, <b>{AFTER}</b> dashed"
#: The most words with numbers: in a plot, on paired bars, and on single bars.
MOST_NUMBERS, MOST_PAIRS, MOST_ALONE = 10, 6, 20


class BeforeAndAfter(NamedTuple):
    """Values of two sequences on the words of the first, (T, ...); NaN if the second has none.

    ``others`` are the words of the second at the same places.
    """

    first: Array
    second: Array
    words: Sequence[str]
    others: Sequence[str]

    @property
    def difference(self) -> Array:
        """The second minus the first, (T, ...)."""
        return np.asarray(self.second - self.first)

    @property
    def changed(self) -> list[int]:
        """The columns in which the words differ."""
        pairs = zip(self.words, self.others, strict=True)
        return [t for t, (one, other) in enumerate(pairs) if one != other]


def largest(array: Array) -> float:
    """The largest absolute value of the finite numbers, 0 if there are none."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def distance_curve(
    distances: Array, words: Sequence[str], title: str, theme: Theme = LIGHT, noted: bool = False
) -> Picture:
    """A distance after every word, (T,); NaN is a gap.

    If ``noted``, with the factor from word to word and the word at which it begins.
    """
    limit = theme.scale.nice_limit(largest(distances))
    steps, few = len(words), len(words) <= MOST_NUMBERS
    lengths = [f"{d:.2f}" if d >= 0.005 else number(d, 1) for d in distances.tolist()]
    curve = scatter(
        x=list(range(steps)), y=compact(distances), mode="lines+markers+text", fill="tozeroy",
        fillcolor=faint(theme.text, 0.08), line={"color": theme.text, "width": 2.5},
        marker={"size": 8, "color": theme.text},
        text=[n if few and d > 0 else "" for n, d in zip(lengths, distances, strict=True)],
        textposition="top center", customdata=exact(distances),
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    yaxis = axis("", theme, range=[0, 1.8 * limit], nticks=3)
    notes = _factors(distances, theme) if noted and few else []
    return words_picture([curve], title, 220, words, theme, yaxis=yaxis, annotations=notes)


def _factors(distances: Array, theme: Theme) -> list[dict[str, Any]]:
    """The factor from word to word, and the word at which the distance begins."""
    notes, values = [], distances.tolist()
    apart = [t for t, d in enumerate(values) if d > 0]
    if apart and apart[0] > 0:
        place = {"x": apart[0], "y": values[apart[0]], "xshift": -26}
        notes.append(note("they diverge here", "right bottom", **place, font={"weight": 600}))
    for t in apart:
        if t + 1 < len(values) and values[t + 1] > 0:
            middle = {"x": t + 0.5, "y": 0.5 * (values[t] + values[t + 1])}
            factor = values[t + 1] / values[t]
            text = f"× {factor:.1f}" if 0.1 <= factor < 100 else f"× {number(factor, 1)}"
            # Above the line, which in a low picture is close to the axis.
            style = {"font": {"color": theme.muted}, "bgcolor": theme.background}
            notes.append(note(text, "center bottom", **middle, yshift=3, **style))
    return notes


@dataclass(frozen=True)
class AnswerScale:
    """How an answer is drawn: a probability from ``base``, or a value.

    ``sides`` are the names of the two classes, if there are just two. Answers of a ``series`` are
    lines, on an axis that covers their values alone.
    """

    title: str
    base: float = 0.0
    probability: bool = True
    sides: tuple[str, str] | None = None
    series: bool = False

    def label(self, value: float) -> str:
        """The value in a few characters: of two classes the probability of the likelier one."""
        if not math.isfinite(value):
            return ""
        if not self.probability:
            return number(value, 2)
        return percent(max(value, 1 - value) if self.sides else value)

    def axis(self, values: Array, theme: Theme) -> dict[str, Any]:
        """The vertical axis."""
        if self.series:
            known = values[np.isfinite(values)]
            low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
            return axis("", theme, range=theme.scale.tenths(float(low), float(high)))
        if not self.probability:
            return signed_axis("", 1.25 * theme.scale.nice_limit(largest(values)), theme)
        low, high = (-0.34, 1.34) if self.sides else (0.0, 1.2)
        first, last = (plain(side, 11) for side in self.sides) if self.sides else ("0%", "100%")
        ticks = {"tickvals": [0, 0.5, 1], "ticktext": [first, "50%", last]}
        return axis("", theme, range=[low, high], **ticks)

    def color(self, value: float, usual: str, theme: Theme) -> str:
        """The colour of the side if there are two, else the usual one."""
        (side,) = theme.signs([value - self.base])
        return faint(side if self.sides else usual, 0.55)


def percent(share: float) -> str:
    """A probability in few digits; with one more where it is almost certain. A dash for NaN."""
    if not math.isfinite(share):
        return "–"
    return f"{share:.1%}" if 0.99 <= share < 0.9995 else f"{share:.0%}"


def compared_answers(pair: BeforeAndAfter, scale: AnswerScale, theme: Theme = LIGHT) -> Picture:
    """The answers before and after the change, after every word, (T,) each, side by side."""
    title = f"{plain(scale.title, 60)}{_PAIR}"
    if scale.series:
        lines = _lines({BEFORE: pair.first, AFTER: pair.second}, theme)
        return _answers(lines, pair, scale, title, theme)
    sides = ((pair.first, -0.2, BEFORE, "solid"), (pair.second, 0.2, AFTER, "dash"))
    bars = [_bars(values, (place, 0.36), name, scale, theme) for values, place, name, _ in sides]
    bars = [{**series, "textfont": {"size": 11}} for series in bars]
    # Where both bars end at the same value, one number labels both.
    bars[1]["text"] = [
        "" if first == second and side >= 0 else second
        for first, second, side in zip(
            *(series["text"] for series in bars), bars[0]["y"] * bars[1]["y"], strict=True
        )
    ]
    edges = [_edges(values, (x, 0.36), scale.base, theme, dash) for values, x, _, dash in sides]
    return _answers([*bars, *edges], pair, scale, title, theme)


def answers_before(pair: BeforeAndAfter, scale: AnswerScale, theme: Theme = LIGHT) -> Picture:
    """The answers now, the second of the pair, in the dashed outline of those before."""
    title = f"{plain(scale.title, 60)}, now; dashed: before"
    if scale.series:
        lines = _lines({"now": pair.second, BEFORE: pair.first}, theme)
        return _answers(lines, pair, scale, title, theme)
    now = _bars(pair.second, (0.0, 0.44), "now", scale, theme)
    before = _bars(pair.first, (0.0, 0.6), "before", scale, theme)
    # The number is beyond both ends.
    one, other = pair.first - scale.base, pair.second - scale.base
    longer = (one * other > 0) & (np.abs(one) > np.abs(other))
    texts = np.array(now["text"], object)
    before |= {"marker": {"color": faint(theme.text, 0)}}
    before["text"] = np.where(longer, texts, "").tolist()
    now["text"] = np.where(longer, "", texts).tolist()
    edges = _edges(pair.first, (0.0, 0.6), scale.base, theme, "dash")
    return _answers([before, now, edges], pair, scale, title, theme)


def _lines(both: Mapping[str, Array], theme: Theme) -> list[Series]:
    """Two sequences of answers by their names as lines, the second one dashed and on top."""
    return [
        scatter(
            x=list(range(len(values))), y=compact(values), name=name, mode="lines+markers",
            line={"color": theme.forward, "width": 2.5, "dash": dash},
            marker={"size": 6, "color": theme.forward}, customdata=[number(v) for v in values],
            hovertemplate=f"{name}: %{{customdata}}<extra></extra>",
        )
        for (name, values), dash in zip(both.items(), ("solid", "dash"), strict=True)
    ]  # fmt: skip


def _answers(
    series: list[Series], pair: BeforeAndAfter, scale: AnswerScale, title: str, theme: Theme
) -> Picture:
    yaxis = scale.axis(np.concatenate([pair.first, pair.second]), theme)
    return words_picture(series, title, 230, pair.words, theme, yaxis=yaxis)


def _bars(
    values: Array, column: tuple[float, float], name: str, scale: AnswerScale, theme: Theme
) -> Series:
    listed = values.tolist()
    colors = [scale.color(value, theme.muted, theme) for value in listed]
    bars = _labelled_bars(values, column, [scale.label(value) for value in listed], colors)
    hover = f"{name}: %{{customdata}}<extra></extra>"
    heights = {"y": compact(values - scale.base), "base": scale.base}
    return {**bars, **heights, "name": name, "hovertemplate": hover}


def _labelled_bars(
    values: Array, column: tuple[float, float], texts: Sequence[str], colors: Sequence[str]
) -> Series:
    """Bars at the words, (T,); ``column`` is their offset from the word and their width."""
    offset, width = column
    # Two bars side by side have less room.
    few = len(values) <= (MOST_ALONE if width > 0.4 else MOST_PAIRS)
    return bar(
        x=compact(np.arange(len(values)) + offset), y=compact(values), width=width,
        marker={"color": colors}, text=texts if few else [""] * len(texts), textposition="outside",
        customdata=exact(values), hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _edges(
    values: Array, column: tuple[float, float], base: float, theme: Theme, dash: str
) -> Series:
    offset, width = column
    boxes = [
        (t + offset - width / 2, base, t + offset + width / 2, value)
        for t, value in enumerate(values.tolist())
        if math.isfinite(value)
    ]
    return {**outlines(boxes, theme.text, 1.6, dash), "showlegend": False}


def contribution_bars(
    contributions: Array, words: Sequence[str], title: str, theme: Theme = LIGHT,
    others: Array | None = None,
) -> Picture:  # fmt: skip
    """What every word adds to an answer, (T,): up for it, down against it.

    ``others`` is what the words after the change add; then both are side by side.
    """
    both = [contributions] if others is None else [contributions, others]
    limit = theme.scale.nice_limit(max(map(largest, both)))
    columns = [(0.0, 0.6)] if others is None else [(-0.2, 0.36), (0.2, 0.36)]
    bars = []
    for values, column in zip(both, columns, strict=True):
        # A very small number is too long for its bar.
        texts = [_signed(value, limit) if limit >= 1e-3 else "" for value in values.tolist()]
        bars.append(_labelled_bars(values, column, texts, theme.signs(values.tolist())))
    edges, heads, sums = [], "", [_signed(float(np.nansum(values)), limit) for values in both]
    total = f"sum<br><b>{sums[0]}</b>"
    if others is not None:
        edges = [_edges(contributions, columns[0], 0.0, theme, "solid"),
                 _edges(others, columns[1], 0.0, theme, "dash")]  # fmt: skip
        heads, total = _PAIR, f"sum<br><b>{sums[0]}</b><br>{AFTER}<br><b>{sums[1]}</b>"
    place = {"xref": "paper", "x": 1, "xshift": 10, "y": 0}
    yaxis = signed_axis("", 1.35 * limit, theme) | {"nticks": 3}
    layout = {"yaxis": yaxis, "annotations": [note(total, "left middle", **place)]}
    return words_picture([*bars, *edges], plain(title, 80) + heads, 250, words, theme, **layout)


def _signed(value: float, limit: float) -> str:
    if not math.isfinite(value):
        return ""
    if not 1e-3 <= limit < 1e4:
        return number(value, 2, "+")
    digits = max(0, 1 - math.floor(math.log10(limit)))
    # The sum turns -0.0 into 0.0.
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")
