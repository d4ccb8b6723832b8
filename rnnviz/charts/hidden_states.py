"""Hidden states: of a sequence, with the logit margin of its verdict, and of single units."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import (
    NowAndPinned,
    axis,
    epoch_curve,
    epochs_picture,
    outlined,
    signed_axis,
    whole,
    words_margin,
    words_picture,
)
from rnnviz.charts.picture import SILENT, Picture, Series, bar, compact, exact, heatmap, scatter
from rnnviz.charts.shapes import color_bar, faint, note, upright
from rnnviz.charts.theme import LIGHT, Theme, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number
from rnnviz.probe.sequence_pass import MOST_UNITS
from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.run.history import RunCurves

#: Maximum number of cells whose hover names the word.
_NAMED = 4_000
#: The height of the title and, below it, of the names of encoder and decoder, in pixels.
_NAMES_TOP = 58


class StateView(NamedTuple):
    """The part of a cell that is shown: its name, the title, and the range of its values.

    ``bounded`` values lie between -1 and 1, those of a ``gate`` between 0 and 1. ``bridge`` is the
    number of an encoder's tokens; a line marks where the decoder begins.
    """

    name: str
    title: str
    bounded: bool = True
    gate: bool = False
    bridge: int = 0


STATE = StateView("h", "Hidden state after every word")


def state_heatmap(
    states: Array, words: Sequence[str], theme: Theme = LIGHT, moment: Moment | None = None,
    view: StateView = STATE,
) -> Picture:  # fmt: skip
    """Every unit (row) at every token (column), from states (T, H); zero is neutral.

    At a ``moment`` of the forward pass the columns that aren't computed yet are empty.
    """
    limit = theme.scale.nice_limit(float(np.abs(states).max()))
    # In a large map the words would take longer to send than the states.
    few = states.size <= _NAMED
    where = "after “%{customdata}”" if few else "at place %{x}"
    computed = len(words) if moment is None or moment.phase is not Phase.FORWARD else moment.t + 1
    cells = heatmap(
        z=compact(np.where(np.arange(len(words)) < computed, states.T, np.nan)),
        hoverongaps=False,
        **value_colors(limit, view, theme),
        colorbar=color_bar(view.name),
        customdata=[[plain(word) for word in words]] * states.shape[1] if few else None,
        hovertemplate=f"unit %{{y}} {where}: {view.name} = %{{z:.6f}}<extra></extra>",
    )
    rows = axis("unit", theme, autorange="reversed", showgrid=False, **whole(states.shape[1]))
    layout = {"yaxis": rows, **bridge_line(view.bridge, theme)}
    if view.bridge:
        layout["margin"] = {**words_margin(words), "t": _NAMES_TOP}
    return words_picture([cells], view.title, 400, words, theme, **layout)


def value_colors(limit: float, view: StateView, theme: Theme) -> dict[str, Any]:
    """The colours of values up to about ``limit``, as options of a heatmap; zero is neutral."""
    limit = 1.0 if view.gate else min(1.0, limit) if view.bounded else limit
    scale = theme.sequential if view.gate else theme.diverging
    return {"zmin": 0 if view.gate else -limit, "zmax": limit, "colorscale": scale}


def bridge_line(tokens: int, theme: Theme) -> dict[str, Any]:
    """The line between the encoder's ``tokens`` and the decoder's, and their names, if any."""
    if not tokens:
        return {}
    x, names = tokens - 0.5, (("encoder ", "right bottom"), (" decoder", "left bottom"))
    return {
        "shapes": [upright(x, theme, color=theme.text, width=3, dash="solid")],
        "annotations": [note(name, anchor, x=x, yref="paper", y=1) for name, anchor in names],
    }


def running_margin_bars(
    margins: Array, words: Sequence[str], label: str, theme: Theme = LIGHT, noun: str = "word"
) -> Picture:
    """The logit margin of one class after every token, as if the sequence ended there."""
    limit = 1.15 * theme.scale.nice_limit(float(np.abs(margins).max()))
    bars = bar(
        x=list(range(len(words))), y=compact(margins), marker={"color": theme.signs(margins)},
        meta=plain(label), hovertemplate="margin of %{meta}: %{y:.6g}<extra></extra>",
    )  # fmt: skip
    title = f"Verdict {noun} by {noun}: the margin of “{plain(label)}”"
    scale = signed_axis("margin (logits)", limit, theme)
    return words_picture([bars], title, 230, words, theme, yaxis=scale)


# The units on the words of a phrase, and one of them over the epochs


#: Between columns of more tokens threads have no room.
MOST_TOKENS = 24
#: The gap between columns, as a share of one; in a figure of Plotly in pixels.
GAP, _GAP_PIXELS = 0.5, 24
#: Parts below this share of a token's largest part have no thread, nor have zeros.
_LEAST, _SMALLEST = 0.07, 1e-12
#: Opacities of threads by their share of the largest part: from, below. The strongest are on top.
_OPACITIES = ((_LEAST, 0.2, 0.3), (0.2, 0.5, 0.6), (0.5, np.inf, 1.0))
#: Maximum number of lost threads at a token, and the points of one side of a channel.
_MOST_LOST, _CORNERS = 24, 9
#: With more units only the chosen one has a label.
_MOST_LABELS = 12
#: About the width of a digit, and of the columns together in a small window, in pixels.
_DIGIT, _COLUMNS = 7, 430
#: A heatmap's options that leave gaps; the page takes the gap as a share of a column.
APART = {"xgap": _GAP_PIXELS, "meta": {"gap": GAP}}


def threads_into(parts: Array, chosen: int, at: Sequence[Any], theme: Theme) -> Iterator[Series]:
    """From every token to the next, a thread from each unit that adds much to the chosen one.

    ``parts`` (T, H) are the units' contributions at every token; ``at`` (H,) are their rows. The
    colour is that of the sign, stronger for a larger share of the token's largest part.
    """
    if not np.isfinite(parts).all():
        return
    shares = parts / np.maximum(np.abs(parts).max(axis=1, keepdims=True), _SMALLEST)
    for least, below, opacity in _OPACITIES:
        for color, sizes in ((theme.negative, -shares), (theme.positive, shares)):
            drawn = np.argwhere((sizes >= least) & (sizes < below))
            links = [(t, unit, chosen) for t, unit in drawn.tolist()]
            yield _thread_lines(links, at, color=faint(color, opacity), width=1)


def lost_threads(given: Mapping[int, Array], at: Sequence[Any], theme: Theme) -> Iterator[Series]:
    """Dashed threads from silenced units to those that they contributed most to.

    ``given`` (T, H) by silenced unit is its contribution to each unit at every token.
    """
    if not given or not all(np.isfinite(parts).all() for parts in given.values()):
        return
    units, sizes = [*given], np.abs([*given.values()]).swapaxes(0, 1)
    links = []
    for t, each in enumerate(sizes):
        order = np.argsort(-each, axis=None)[:_MOST_LOST]
        kept = order[each.ravel()[order] > max(_LEAST * each.max(), _SMALLEST)]
        links += [(t, units[k // each.shape[1]], k % each.shape[1]) for k in kept.tolist()]
    yield _thread_lines(links, at, color=faint(theme.text, 0.4), width=1, dash="dash")


def channels(shares: Array, rows: int, theme: Theme) -> Series:
    """A channel from every token to the next; its end is as high as the memory's share, (T,)."""
    ease = np.linspace(0, 1, _CORNERS)
    along, level = GAP * ease, 3 * ease**2 - 2 * ease**3
    x, y = list[Any](), list[Any]()
    for t, share in enumerate(shares.tolist()):
        if not share > 0:
            continue
        half = rows / 2 * (1 + (share - 1) * level)
        across = t - 1 + (1 - GAP) / 2 + along
        x += [*across, *across[::-1], None]
        y += [*((rows - 1) / 2 - half), *((rows - 1) / 2 + half)[::-1], None]
    fill = {"fill": "toself", "fillcolor": faint(theme.forward, 0.16), "line": {"width": 0}}
    return scatter(x=x, y=y, mode="lines", **fill, **SILENT)


def _thread_lines(links: Sequence[tuple[int, int, int]], at: Sequence[Any], **line: Any) -> Series:
    """A thread for each of the ``links``: the token it leads to, and the units at both ends."""
    half = (1 - GAP) / 2
    x = [place for t, _, _ in links for place in (t - 1 + half, t - half, None)]
    y = [place for _, source, target in links for place in (at[source], at[target], None)]
    # The page draws a spline of two points as a curve that is level at both.
    style = {"shape": "spline", **line}
    return scatter(x=x, y=y, mode="lines", line=style, **SILENT)


class UnitRows(NamedTuple):
    """The units from the first row to the last, (H,), and the ``chosen`` one.

    ``parts`` (T, H) are the contributions of all units to its line ``into`` at every token; the
    name is empty for a cell with one such line.
    """

    units: Array
    chosen: int
    parts: Array | None = None
    into: str = ""

    @property
    def names(self) -> list[str]:
        """The units' numbers, as the categories of an axis."""
        return [str(unit) for unit in self.units.tolist()]


class Groups(NamedTuple):
    """The ``units`` that have a row, (U,), and the row of every unit, (H,): its own or its group's.

    One of every ``size`` has a row.
    """

    units: Array
    row: Array
    size: int

    @property
    def label(self) -> str:
        """The number of units, and the share that is shown."""
        units = "1 unit" if len(self.row) == 1 else f"{len(self.row)} units"
        return units if self.size == 1 else f"{units}, 1 in {self.size} is shown"


def grouped(units: Array, kept: Collection[int] = ()) -> Groups:
    """The first of each group of neighbouring units, (H,), so that ``MOST_UNITS`` have a row.

    The ``kept`` units have a row, too.
    """
    size, places = -(-len(units) // MOST_UNITS), np.arange(len(units))
    shown = np.isin(units, list(kept)) | (places % size == 0)
    rows, row = np.cumsum(shown) - 1, np.empty(len(units), int)
    row[units] = np.where(shown, rows, rows[places // size * size])
    return Groups(units[shown], row, size)


def units_axis(rows: UnitRows, theme: Theme, noun: str = "unit ") -> dict[str, Any]:
    """The axis of the rows, the first at the top; ``noun`` precedes the chosen number."""
    count = len(rows.units)
    labelled = rows.names if count <= _MOST_LABELS else [str(rows.chosen)]
    texts = [f"<b>{noun}{name}</b>" if name == str(rows.chosen) else name for name in labelled]
    options = {"type": "category", "range": [count - 0.5, -0.5], "showgrid": False}
    return axis("", theme, tickvals=labelled, ticktext=texts, **options)


def units_meta(rows: UnitRows, **more: Any) -> dict[str, Any]:
    """Metadata with which the page marks the rows."""
    return {"y": "unit", "units": rows.units.tolist(), **more}


def row_frame(rows: UnitRows, theme: Theme) -> dict[str, Any]:
    """The frame of the chosen unit's row."""
    return frame("y", rows.units.tolist().index(rows.chosen), theme)


def frame(side: str, position: int, theme: Theme) -> dict[str, Any]:
    """The frame of a row ("y") or a column ("x") of a heatmap."""
    other, line = "xy".replace(side, ""), {"color": theme.text, "width": 1.4}
    across = {f"{other}ref": "paper", f"{other}0": 0, f"{other}1": 1}
    ends = {f"{side}0": position - 0.5, f"{side}1": position + 0.5}
    return {"type": "rect", **across, **ends, "line": line}


def memory_rows(
    states: Array, rows: UnitRows, words: Sequence[str], view: StateView, theme: Theme = LIGHT
) -> Picture:
    """Every unit (row) after every token (column), from states (T, H), in the order of ``rows``.

    Many units are grouped: the first of each group has a row, and the chosen one. Threads show the
    largest ``parts`` of the chosen unit, in the colours of their signs.
    """
    groups = grouped(rows.units, {rows.chosen})
    rows = rows._replace(units=groups.units)
    # A unit without a row has its threads at the row of its group.
    at = [rows.names[row] for row in groups.row.tolist()]
    parts = rows.parts
    threads = [] if parts is None else [*threads_into(parts, rows.chosen, at, theme)]
    into = f"; threads into {rows.into}" if threads and rows.into else ""
    limit = theme.scale.nice_limit(float(np.abs(states).max()))
    cells = heatmap(
        y=rows.names, z=compact(states.T[rows.units]), colorbar=color_bar(view.name),
        hovertemplate=f"unit %{{y}}: {view.name} = %{{z:.6f}}<extra></extra>",
        **(APART if threads else {}), **value_colors(limit, view, theme),
    )  # fmt: skip
    # The words above name the decoder's beginning.
    bridge = bridge_line(view.bridge, theme).get("shapes", [])
    layout = {"meta": units_meta(rows), "shapes": [*bridge, row_frame(rows, theme)]}
    title, yaxis = f"{view.title}: {groups.label}{into}", units_axis(rows, theme)
    return words_picture([cells, *threads], title, 400, words, theme, yaxis=yaxis, **layout)


def unit_bars(
    unit: NowAndPinned, title: str, words: Sequence[str], view: StateView, theme: Theme = LIGHT
) -> Picture:
    """The unit after every token with its numbers; those of the second moment are outlines."""
    values = unit.values
    colors = [theme.muted] * len(values) if view.gate else theme.signs(values.tolist())
    bars = bar(
        x=list(range(len(words))), y=compact(values), width=0.6, name=view.name,
        marker={"color": colors}, customdata=exact(values),
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    yaxis = values_axis(np.concatenate([values, unit.then]), view, theme, room=1.5)
    notes, meta = _numbers(values, colors, view.gate), {"columns": unit.columns}
    layout = {"yaxis": yaxis, "meta": meta, "annotations": notes}
    series = [bars, outlined(unit, theme)]
    return words_picture(series, unit.titled(title), 230, words, theme, **layout)


def _numbers(values: Array, colors: Sequence[str], gate: bool) -> list[dict[str, Any]]:
    """The numbers, if they fit: on the other side of zero from its bar; for a gate on its bar."""
    small = 0.005 * float(np.abs(values).max())
    texts = [signed(value) if abs(value) > small else "0" for value in values.tolist()]
    texts = [text.lstrip("+") for text in texts] if gate else texts
    if _DIGIT * max(map(len, texts)) * len(texts) > _COLUMNS:
        return []
    notes = []
    for t, (value, color) in enumerate(zip(values.tolist(), colors, strict=True)):
        below = value > 0 and not gate
        place = {"x": t, "y": value if gate else 0, "yshift": -3 if below else 2}
        font = {"color": color, "size": 14, "weight": 600}
        anchor = "center top" if below else "center bottom"
        notes.append(note(texts[t], anchor, **place, font=font))
    return notes


def values_axis(values: Array, view: StateView, theme: Theme, room: float = 1.08) -> dict[str, Any]:
    """An axis for both signs, or from 0 to 1 for a gate, with ``room`` above."""
    if view.gate:
        return axis("", theme, range=[0, room], tickvals=[0, 1])
    limit = theme.scale.nice_limit(float(np.abs(values).max()))
    ticks = {"tickvals": [-limit, 0, limit], "ticktext": [number(-limit), "0", number(limit)]}
    return signed_axis("", 1.08 * limit, theme) | ticks


def signed(value: float) -> str:
    """The number with its sign: two decimals, or two digits if it is small or large."""
    if value == 0:
        return "0"
    if 0.1 <= abs(value) < 1000:
        return f"{value:+.2f}".replace("-", "−")
    return number(value, 2, "+")


def unit_curve(
    past: tuple[Array, Array], title: str, course: RunCurves, view: StateView, theme: Theme = LIGHT
) -> Picture:
    """One unit at one token over the epochs: epochs (E,) and values (E,)."""
    epochs, values = past
    hover = f"{course.history.unit} %{{x}}: %{{y:.4f}}<extra></extra>"
    curve = epoch_curve(view.name, epochs, values, {"color": theme.forward}, hover)
    yaxis = values_axis(values, view, theme)
    return epochs_picture([curve], title, 250, course, theme, yaxis=yaxis)
