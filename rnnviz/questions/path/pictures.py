"""Pictures of the paths of the states, the separation of the classes, and the components."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, whole
from rnnviz.charts.picture import SILENT, Picture, Series, bar, compact, exact, scatter, xy
from rnnviz.charts.shapes import (
    LEGEND,
    LEGEND_TOP,
    MIDDLE,
    Label,
    labels,
    mixed,
    sparse,
    word_arrows,
    word_labels,
)
from rnnviz.charts.theme import LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import OTHERS, Activations, Labels, Plane, participation_ratio
from rnnviz.questions.path.measure import Separation

#: Colours of more than two classes that the colour-blind can tell apart (Okabe and Ito 2008).
_CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b7a400", "#7f7f7f")
#: Maximum number of bars of components.
MOST_BARS = 12
#: Maximum number of parts of a season with a name.
_MOST_PARTS = 12


class Loop(NamedTuple):
    """The mean of the points in each part of the season, (P, 2), and the names of the parts."""

    points: Array
    names: Sequence[str]


def trajectories(
    drawn: Activations, of: Labels, path: Array, words: Sequence[str], plane: Plane,
    *, theme: Theme = LIGHT, loop: Loop | None = None, tips: Sequence[str] = (),
) -> Picture:  # fmt: skip
    """Every sequence as a thin line through its states, coloured by class; the probe on top.

    ``of`` are the labels of the states ``drawn``. The ``path`` of the probe, (T + 1, 2), begins
    before its ``words`` (T,), with NaN if there is no start. The ``loop`` of a season is a closed
    line. ``tips`` are told of the states, by default what is read. A click on another point yields
    the index of its sequence as customdata.
    """
    points = plane.project(drawn.states)
    # Symmetric ranges of both axes.
    sizes = np.abs(np.concatenate([points, path, np.full((1, 2), 1e-6)]))
    sizes = 1.05 * np.where(np.isfinite(sizes), sizes, 0).max(axis=0)
    span = [theme.scale.tenths(-size, size, name) for name, size in zip("xy", sizes, strict=True)]
    colors = (band_colors if of.ordered else class_colors)(of.classes, theme)
    legend = {**LEGEND["legend"], "itemsizing": "constant"}
    one, two = (number + 1 for number in plane.axes)
    xaxis, yaxis = (
        axis(f"component {k + 1}: {share:.0%} of the variance", theme, range=ends, showgrid=False)
        for k, share, ends in zip(plane.axes, plane.explained, span, strict=True)
    )
    series = [
        _sequences(drawn, points, theme),
        *_states(drawn, points, of, colors, tips or _beginnings(drawn)),
        *_decision_line(plane, span, theme),
        *word_arrows(path, words, 0, theme),
        *_loop(loop, theme),
        labels([*_parts(loop, theme), *word_labels(path, words, theme)]),
    ]
    title = f"Components {one} and {two} explain {sum(plane.explained):.0%} of the variance"
    layout = {**LEGEND, "legend": legend, "xaxis": xaxis, "yaxis": yaxis, "meta": {"wide": True}}
    return picture(series, title, 560, theme, {"t": LEGEND_TOP}, **layout)


def _loop(loop: Loop | None, theme: Theme) -> list[Series]:
    """The closed line through the means of the season."""
    if loop is None:
        return []
    closed = np.concatenate([loop.points, loop.points[:1]])
    style = {"line": {"color": theme.text, "width": 3}, "marker": {"color": theme.text, "size": 7}}
    return [scatter(
        **xy(closed), mode="lines+markers", name="mean of the season", **style,
        text=[*loop.names, *loop.names[:1]], hovertemplate="mean, %{text}<extra></extra>",
    )]  # fmt: skip


def _parts(loop: Loop | None, theme: Theme) -> list[Label]:
    """The names of the parts of the season, of many only some."""
    if loop is None:
        return []
    return [
        Label(at, name, MIDDLE, theme.text)
        for at, name in zip(loop.points, sparse(loop.names, _MOST_PARTS), strict=True)
        if name and np.isfinite(at).all()
    ]


def class_colors(classes: Sequence[str], theme: Theme) -> dict[str, str]:
    """The colours of the verdict for two classes, otherwise one colour each."""
    if len(classes) == 2:
        return dict(zip(classes, (theme.negative, theme.positive), strict=True))
    colors = dict(zip((name for name in classes if name != OTHERS), _CLASSES, strict=False))
    return colors | {OTHERS: theme.muted} if OTHERS in classes else colors


def band_colors(bands: Sequence[str], theme: Theme) -> dict[str, str]:
    """Colours from negative for the lowest band to positive for the highest."""
    middle, colors = (len(bands) - 1) / 2, {}
    for k, band in enumerate(bands):
        end = theme.negative if k < middle else theme.positive
        colors[band] = mixed(theme.muted, end, abs(k / middle - 1) if middle else 1.0)
    return colors


def _sequences(drawn: Activations, points: Array, theme: Theme) -> Series:
    """All sequences as one line with gaps, which Plotly draws much faster than a line each."""
    starts = np.flatnonzero(drawn.steps == 0)[1:]
    return scatter(
        **xy(np.insert(points, starts, np.nan, axis=0)),
        customdata=np.insert(drawn.owners, starts, -1), meta={"ways": True}, mode="lines",
        line={"color": theme.muted, "width": 1}, opacity=0.35, **SILENT,
    )  # fmt: skip


def _beginnings(drawn: Activations) -> list[str]:
    """For every state, its sequence and the number of tokens read."""
    texts = list[str]()
    for k in range(drawn.count):
        words = drawn.words[drawn.part(k)]
        phrase = plain(" ".join(shown_token(word) for word in words), 60)
        texts += [f"{phrase}<br>after {t} of {len(words)}" for t in range(1, len(words) + 1)]
    return texts


def _states(
    drawn: Activations, points: Array, of: Labels, colors: Mapping[str, str], texts: Sequence[str]
) -> Iterator[Series]:
    """The states of each class; the last one of each sequence is larger."""
    labels, ends = np.array(of.labels, object), drawn.starts[1:] - 1
    for name, color in colors.items():
        indices = np.flatnonzero(labels == name)
        last = np.isin(indices, ends)
        yield scatter(
            **xy(points[indices]), mode="markers", name=plain(shown_token(name), 16),
            marker={"color": color, "size": np.where(last, 11, 5).tolist(), "opacity": 0.75},
            customdata=drawn.owners[indices], text=[texts[index] for index in indices.tolist()],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip


def _decision_line(plane: Plane, span: list[list[float]], theme: Theme) -> list[Series]:
    """The decision line between the two points where it meets the frame, if it crosses the plot."""
    ends = plane.boundary.crossings(span) if plane.boundary else []
    if len(ends) < 2:
        return []
    line = {"color": theme.text, "width": 2, "dash": "dash"}
    x, y = map(list, zip(ends[0], ends[-1], strict=True))
    return [scatter(x=x, y=y, mode="lines", name="undecided", line=line, hoverinfo="skip")]


def separation_curve(
    separation: Separation, what: str, noun: str = "word", theme: Theme = LIGHT
) -> Picture:
    """The share of the variance that lies between classes, word by word; ``what`` names them."""
    side = "before the end" if separation.from_end else "after the first"
    styles = (
        {"color": theme.text, "width": 2.5},
        {"color": theme.forward, "width": 2, "dash": "dash"},
        {"color": theme.muted, "width": 2},
    )
    lines = [*zip(separation.shares.items(), styles[-len(separation.shares) :], strict=True)]
    chance = {"color": theme.muted, "width": 1.5, "dash": "dot"}
    lines.append((("chance", separation.by_chance), chance))
    last, counts = float(separation.places[-1]), separation.counts.tolist()
    ends = [last + 0.4, -0.4] if separation.from_end else [-0.4, last + 0.4]
    hover = "%{customdata[0]}, of %{customdata[1]} sequences<extra></extra>"
    series = [
        scatter(
            x=separation.places.astype(np.int32), y=compact(values), name=name, line=line,
            mode="lines" if name == "chance" else "lines+markers",
            marker={"size": 6, "color": line["color"]}, hovertemplate=f"{name}: {hover}",
            customdata=[*zip(exact(values), counts, strict=True)],
        )
        for (name, values), line in lines
    ]  # fmt: skip
    xaxis = axis(f"{noun}s {side}", theme, range=ends, **whole(last))
    yaxis = axis("", theme, range=[0, 1.03], tickvals=[0, 0.5, 1], tickformat=".0%")
    layout = {"xaxis": xaxis, "yaxis": yaxis, **LEGEND}
    return picture(series, f"How far {what} are apart", 340, theme, **layout)


def component_bars(variances: Array, plane: Plane, theme: Theme = LIGHT) -> Picture:
    """The share of each principal component of the states now, (K,); rings: that of the plane."""
    total = float(variances.sum()) or 1.0
    shares = np.maximum(variances[:MOST_BARS], 0) / total
    numbers = np.arange(1, len(shares) + 1, dtype=np.int32)
    ratio = f"participation ratio {participation_ratio(variances):.2f} of {len(variances)}"
    ring = {"symbol": "circle-open", "size": 11, "color": theme.forward, "line": {"width": 2}}
    texts = [f"{share:.0%}" if share >= 0.01 else "" for share in shares]
    common = {"hovertemplate": "%{customdata}<extra></extra>"}
    bars = bar(x=numbers, y=compact(shares), name="component", marker={"color": theme.muted},
               customdata=exact(shares), text=texts, textposition="outside", **common)  # fmt: skip
    rings = scatter(x=np.array(plane.axes) + 1, y=compact(np.array(plane.explained)), marker=ring,
                    name="axis of the plane", mode="markers", customdata=exact(plane.explained),
                    **common)  # fmt: skip
    xaxis = axis(f"component; {ratio}", theme, **whole(len(shares)))
    yaxis = axis("", theme, range=[0, 1.15], tickvals=[0, 0.5, 1], tickformat=".0%")
    title, layout = "How much each component explains", {"xaxis": xaxis, "yaxis": yaxis, **LEGEND}
    return picture([bars, rings], title, 300, theme, **layout)
