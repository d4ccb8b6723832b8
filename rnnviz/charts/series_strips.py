"""Series strips: numbers over time as they will be learned, one small curve above the other."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from rnnviz.charts.series_pictures import extreme_steps
from rnnviz.charts.theme import Theme
from rnnviz.probe.formatting import number
from rnnviz.tasks.data.number_cells import written
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.data.series import Series, WindowedSeries
from rnnviz.tasks.data.vocabulary import Array

#: The most strips, and the size of one as it is drawn, before the page scales it.
_MOST, _WIDTH, _HEIGHT, _EDGE = 4, 480, 92, 10


class _Strip(NamedTuple):
    """One column of some pieces of a series, those of the training and those of the test.

    A ``whole`` series is a window by itself, with its own axis of time.
    """

    title: str
    column: int
    train: list[Series]
    test: list[Series]
    whole: bool = False


def strips_html(series: WindowedSeries, theme: Theme) -> str:
    """Strips of the first series, or of the values of a single one, with a legend."""
    every, strips = (*series.train, *series.test), sorted(_strips(series), key=_is_complete)
    whole, ends = strips[0].whole, _ends(every)
    drawn = (_strip_html(one, series.window, ends, theme) for one in strips[:_MOST])
    times = "" if whole else "".join(f"<span>{text}</span>" for text in written(ends))
    filled = sum(int(piece.filled.any(axis=1).sum()) for piece in every)
    legend = [
        ("train", f"training, {len(series.train_places):,} windows"),
        ("test", f"test, {len(series.test_places):,}"),
        ("filled", f"filled, {filled:,} steps" if filled else ""),
        ("forward", "" if whole else f"a window, {series.window} steps"),
        ("more", f"and {len(strips) - _MOST:,} more" if len(strips) > _MOST else ""),
    ]
    keys = "".join(f'<span class="{name}">{text}</span>' for name, text in legend if text)
    return (
        f'<figure class="rnnviz-strips">{"".join(drawn)}<p>{times}</p>'
        f'<figcaption class="legend">{keys}</figcaption></figure>'
    )


def _strips(series: WindowedSeries) -> Iterator[_Strip]:
    """A strip for each class if whole series have one; else for each series, or for each value."""
    columns = series.columns
    if columns.form is Form.SERIES:
        firsts = {str(piece.labels[0]): piece for piece in reversed(series.train)}
        for k, name in enumerate(columns.expected):
            for label in sorted(firsts):
                yield _Strip(f"{label} · {name}", k, [firsts[label]], [], whole=True)
        return
    parts: dict[str, tuple[list[Series], list[Series]]] = {}
    for k, pieces in enumerate((series.train, series.test)):
        for piece in pieces:
            parts.setdefault(piece.name, ([], []))[k].append(piece)
    if len(parts) == 1:
        for k, name in enumerate(columns.expected):
            yield _Strip(name, k, [*series.train], [*series.test])
        return
    for name, (train, test) in parts.items():
        yield _Strip(name, 0, train, test)


def _is_complete(strip: _Strip) -> bool:
    """Whether nothing of a strip was missing; one with a gap comes first, to be seen."""
    filled = (piece.filled[:, strip.column].any() for piece in (*strip.train, *strip.test))
    return strip.whole or (max(len(strip.train), len(strip.test)) < 2 and not any(filled))


def _ends(pieces: Sequence[Series]) -> Array:
    """The first and the last time."""
    return np.sort(np.concatenate([piece.times[[0, -1]] for piece in pieces]))[[0, -1]]


def _strip_html(strip: _Strip, window: int, ends: Array, theme: Theme) -> str:
    """The curve of a strip as an image, below its title and its smallest and largest value."""
    pieces = [*strip.train, *strip.test]
    values = np.concatenate([piece.values[:, strip.column] for piece in pieces])
    low, high = float(values.min()), float(values.max())
    first, last = (_ends(pieces) if strip.whole else ends).astype(float)

    def places(piece: Series) -> Array:
        """Where the steps of a piece are drawn, (N, 2)."""
        across = (piece.times.astype(float) - first) / ((last - first) or 1)
        up = (piece.values[:, strip.column] - low) / ((high - low) or 1)
        size = np.array([_WIDTH, _HEIGHT]) - 2 * _EDGE
        return np.asarray(_EDGE + size * np.column_stack([across, 1 - up]))

    parts = list[str]()
    for color, part in ((theme.train, strip.train), (theme.test, strip.test)):
        lines = " ".join(_line(places(piece)) for piece in part)
        parts.append(f'<path d="{lines}" stroke="{color}"/>')
    filled = [places(piece)[piece.filled[:, strip.column], 0].round() for piece in pieces]
    ticks = "".join(f"M{x:g},0V{_EDGE}" for x in np.unique(np.concatenate(filled)).tolist())
    parts.append(f'<path d="{ticks}" stroke="{theme.muted}" stroke-linecap="butt"/>')
    if strip.train and not strip.whole:
        begin, end = places(strip.train[0])[[0, min(window, len(strip.train[0])) - 1], 0]
        bar = f'd="M{begin:.1f},{_HEIGHT - 3}H{end:.1f}" stroke="{theme.forward}"'
        parts.append(f'<path {bar} stroke-width="6"/>')
    image = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" fill="none" '
        f'stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round">{"".join(parts)}</svg>'
    )
    title, range_ = escape(strip.title[:30]), f"{number(low, 5)} to {number(high, 5)}"
    source = f"data:image/svg+xml;base64,{b64encode(image.encode()).decode()}"
    return (
        f'<p><b>{title}</b><span>{range_}</span></p><img src="{source}" '
        f'alt="{title} over time, {range_}">'
    )


def _line(places: Array) -> str:
    """The path through the places (N, 2) of some steps; of close ones, through the extremes."""
    columns = 1 + int(places[-1, 0] - places[0, 0]) // 2
    places = places[extreme_steps(places[:, 1], columns)]
    # A single step is a dot.
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in [*places.tolist(), places[-1].tolist()])
