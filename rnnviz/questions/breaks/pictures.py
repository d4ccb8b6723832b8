"""Silenced units: the memory in the order of the loss without each, and the new answers."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, words_axis, words_margin
from rnnviz.charts.hidden_states import STATE, StateView
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.shapes import LEGEND, LEGEND_TOP, color_bar, faint, note, upright
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.charts.units import APART, GAP, Groups, channels, grouped, lost_threads
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number

#: The longest bar, as a share of the plot's width, and where the bars begin.
_LONGEST, _START = 0.1, 1.012
#: With more cells their hovers would take longer to send than they.
_NAMED = 4_000
#: With more words a channel has no room for its share; with more, none for the one before.
_MOST_SHARES, _MOST_BEFORE = 9, 5
#: The most sequences of a list, and the most letters of one.
MOST_TURNED, _LETTERS = 10, 36


class MemoryFlow(NamedTuple):
    """The memory's share of the new state at every token, (T,), now and before the edits.

    ``lost`` (T, H) by silenced unit is what it gave to each unit before.
    """

    now: Array
    before: Array
    lost: Mapping[int, Array]


class AblationLoss(NamedTuple):
    """The units in the order of their rows, the rise of the loss without each, (H,) each.

    The rise is in ``unit``; NaN is not measured yet. The ``silenced`` are struck through. What is
    ``carried`` is drawn between the words, if there is room. The ``kept`` units always have a row,
    as the silenced do. The ``notes``, H texts or none, are shown when the unit is pointed at.
    """

    units: Array
    rises: Array
    silenced: Collection[int] = ()
    unit: str = "nats"
    carried: MemoryFlow | None = None
    kept: Collection[int] = ()
    notes: Sequence[str] = ()

    @property
    def groups(self) -> Groups:
        """The units that have a row."""
        return grouped(self.units, {*self.silenced, *self.kept})

    @property
    def scale(self) -> str:
        """The length of the longest bar, or how many units have one."""
        measured = int((~np.isnan(self.rises)).sum())
        if measured < len(self.rises):
            return f"{measured} of {len(self.rises)} units"
        return f"up to {number(_most(self), 2, '+')} {plain(self.unit)}"


def silenced_memory(
    states: Array,
    words: Sequence[str],
    ablation: AblationLoss,
    theme: Theme = LIGHT,
    view: StateView = STATE,
) -> Picture:
    """The states (T, H), a row a unit, and a bar next to each row: the rise of the loss without it.

    Between the columns are channels of the memory's share, and dashed threads of lost parts. A
    click on a row yields its unit as customdata. Many units are grouped.
    """
    steps, groups = len(states), ablation.groups
    units = groups.units.tolist()
    rows, count = states.T[units], len(units)
    some = f", 1 in {groups.size} units" if groups.size > 1 else ""
    limit = theme.scale.nice_limit(float(np.abs(rows[np.isfinite(rows)]).max(initial=0.0)))
    low = 0.0 if view.gate else -limit
    cells = heatmap(
        z=compact(rows),
        zmin=low,
        zmax=limit,
        colorscale=theme.sequential if view.gate else theme.diverging,
        colorbar=color_bar(view.name),
        customdata=np.repeat(groups.units.astype(np.int32)[:, None], steps, axis=1),
        text=_hovers(words, ablation) if rows.size <= _NAMED else None,
        hovertemplate=f"unit %{{customdata}}: {view.name} = %{{z}}<br>%{{text}}<extra></extra>",
        **(APART if ablation.carried else {}),
    )
    between = []
    if carried := ablation.carried:
        lost = lost_threads(carried.lost, groups.row.tolist(), theme)
        between = [channels(carried.now, count, theme), *lost]
    rises = ablation.rises[ablation.units].tolist()
    known = [rise if math.isfinite(rise) else "" if math.isnan(rise) else "∞" for rise in rises]
    rise = f"rise of the loss without it ({ablation.unit})"
    columns = [("unit", ablation.units.tolist()), (rise, known)]
    return picture(
        [cells, *between, _struck(ablation, steps, theme)],
        f"{view.title.split(' after')[0]}{some}; bars: rise of the loss, {ablation.scale}",
        300,
        theme,
        margin=words_margin(words),
        xaxis=words_axis(words, theme),
        yaxis=axis("", theme, range=[count - 0.5, -0.5], showgrid=False,
                   tickvals=list(range(count)), ticktext=list(map(str, units))),
        shapes=_bars(ablation, theme),
        annotations=_shares(ablation.carried, count, theme) if ablation.carried else [],
        meta={"x": "token", "y": "unit", "units": units, "columns": columns},
    )  # fmt: skip


def _shares(carried: MemoryFlow, rows: int, theme: Theme) -> list[dict[str, Any]]:
    """The memory's share in every channel, and what it was before if that is another number."""
    steps, notes = len(carried.now), list[dict[str, Any]]()
    ground = {"bgcolor": faint(theme.background, 0.75), "y": (rows - 1) / 2}
    for t in range(1, steps if steps <= _MOST_SHARES else 0):
        now, before = carried.now[t], carried.before[t]
        if not math.isfinite(now):
            continue
        style = {"x": t - 0.5, **ground}
        font = {"size": 13, "weight": 700, "color": theme.forward}
        notes.append(note(f"{now:.0%}", "center middle", font=font, **style))
        if steps <= _MOST_BEFORE and f"{before:.0%}" != f"{now:.0%}":
            font = {"size": 12, "color": theme.muted}
            was = f"was {before:.0%}"
            notes.append(note(was, "center middle", yshift=-17, font=font, **style))
    return notes


def _hovers(words: Sequence[str], ablation: AblationLoss) -> list[list[str]]:
    """The rise of the loss without the unit, below the number of a cell."""
    texts = []
    for unit in ablation.groups.units.tolist():
        rise = float(ablation.rises[unit])
        text = f"loss without it: {rise:+.6f} {ablation.unit}".replace("inf", "∞").replace("-", "−")
        said = text if not math.isnan(rise) else "not measured yet"
        silenced_note = "<br>silenced: outgoing weights are zero" * (unit in ablation.silenced)
        carries = f"<br>{ablation.notes[unit]}" if ablation.notes else ""
        texts.append([said + carries + silenced_note] * len(words))
    return texts


def _struck(ablation: AblationLoss, steps: int, theme: Theme) -> Series:
    """A line through each silenced row, from word to word if these stand apart."""
    rows = [
        row for row, unit in enumerate(ablation.groups.units.tolist()) if unit in ablation.silenced
    ]
    half = (1 - GAP) / 2
    ends = (
        [(t - half, t + half) for t in range(steps)] if ablation.carried else [(-0.5, steps - 0.5)]
    )
    return scatter(
        x=[x for end in ends for x in (*end, None)] * len(rows),
        y=[y for row in rows for _ in ends for y in (row, row, None)],
        mode="lines",
        line={"color": theme.text, "width": 3},
        hoverinfo="skip",
    )


def _most(ablation: AblationLoss) -> float:
    finite = ablation.rises[np.isfinite(ablation.rises)]
    return float(finite.max(initial=0.0))


def _bars(ablation: AblationLoss, theme: Theme) -> list[dict[str, Any]]:
    """The bars next to the rows, from 0; a unit without which the loss falls has none."""
    most = _most(ablation)
    if not most > 0:
        return []
    shares = np.clip(np.nan_to_num(ablation.rises[ablation.groups.units], posinf=most) / most, 0, 1)
    box = {"type": "rect", "xref": "paper", "x0": _START, "line": {"width": 0}}
    return [
        {**box, "x1": _START + _LONGEST * share, "y0": row - 0.4, "y1": row + 0.4,
         "fillcolor": theme.text}
        for row, share in enumerate(shares.tolist())
        if share > 0.002
    ]  # fmt: skip


# Before and after


def scores_table(
    rows: Sequence[tuple[str, Sequence[str]]], heads: Sequence[str], theme: Theme = LIGHT
) -> Picture:
    """Texts in rows with a name, below their heads; the second of two columns is the one of now."""
    places = [0.0, 0.36, 0.57, 0.81, 1.0]
    columns = [("", [name for name, _ in rows])]
    columns += [(head, [row[k] for _, row in rows]) for k, head in enumerate(heads)]
    series = [
        scatter(
            x=[place] * len(rows),
            y=list(range(len(rows))),
            name=head.replace("<br>", " "),
            mode="text",
            text=texts,
            textposition="middle right" if k == 0 else "middle left",
            textfont={"size": 15 if k % 2 == 0 and k else 14,
                      "weight": 600 if k % 2 == 0 and k else 400,
                      "color": theme.muted if k % 2 else theme.text},
            hoverinfo="none",
        )
        for k, (place, (head, texts)) in enumerate(zip(places, columns, strict=True))
    ]  # fmt: skip
    names = [
        note(head, "right middle", x=place, y=-1, font={"size": 12, "color": theme.muted})
        for place, head in zip(places[1:], heads, strict=True)
    ]
    return picture(
        series, "Before and after", 200, theme, annotations=names,
        xaxis={"range": [0, 1], "visible": False},
        yaxis={"range": [len(rows) - 0.5, -1.6], "visible": False},
        margin={"l": 16, "r": 16, "b": 12}, meta={"bare": True},
    )  # fmt: skip


def removal_curves(
    strongest: Array, weakest: Array, now: tuple[int, float], metric: str, theme: Theme = LIGHT
) -> Picture:
    """The ``metric`` with n = 0..H units silenced, (H + 1,) each; NaN is not measured yet.

    ``now`` is the number of units that are silenced, and the metric there.
    """
    styles = (("strongest first", strongest, "solid"), ("weakest first", weakest, "dash"))
    hidden = len(strongest) - 1
    dot = scatter(x=[now[0]], y=[now[1]], name="now", mode="markers", hovertemplate="now: %{y}",
                  marker={"size": 11, "color": theme.text})  # fmt: skip
    lines = [
        _removed(values, name, {"color": theme.text, "width": 2.5, "dash": dash})
        for name, values, dash in styles
    ]
    return picture(
        [*lines, dot],
        f"{metric.capitalize()} with n units silenced",
        250,
        theme,
        xaxis=axis("", theme, range=[-0.02 * hidden, 1.02 * hidden],
                   **({"dtick": 1} if hidden <= 5 else {})),
        yaxis=axis("", theme, range=[-0.04, 1.06], tickvals=[0, 0.5, 1], tickformat=".0%"),
        shapes=[upright(now[0], theme)],
        margin={"r": 76, "t": LEGEND_TOP},
        **LEGEND,
    )  # fmt: skip


def _removed(values: Array, name: str, line: dict[str, Any]) -> Series:
    known = np.flatnonzero(~np.isnan(values))
    return scatter(
        x=known.astype(np.int32),
        y=compact(values[known]),
        name=name,
        mode="lines",
        line=line,
        hovertemplate=f"%{{x}} silenced, {name}: %{{y:.4g}}<extra></extra>",
    )


def turned_list(
    rows: Sequence[tuple[str, str, int]], title: str, rest: int, theme: Theme = LIGHT
) -> Picture:
    """The sequences that turned; ``rest`` more are not listed.

    A row has the sequence as text, its answer now, and the side of the answer: 0, 1, or -1 for
    neither.
    """
    colors = (theme.negative, theme.positive, theme.text)
    places = list(range(len(rows)))
    series = [
        scatter(x=[0.0] * len(rows), y=places, name="phrase", mode="text",
                text=[plain(text, _LETTERS) for text, _, _ in rows],
                textposition="middle right", hoverinfo="none"),
        scatter(x=[1.0] * len(rows), y=places, name="now", mode="text",
                text=[plain(answer, 26) for _, answer, _ in rows], textposition="middle left",
                textfont={"color": [colors[side] for *_, side in rows], "weight": 600},
                hoverinfo="none"),
    ]  # fmt: skip
    more = [note(f"{rest} more", "left middle", x=0, y=len(rows), xshift=8,
                 font={"color": theme.muted})] if rest else []  # fmt: skip
    return picture(
        series, title, 360, theme, annotations=more,
        xaxis={"range": [0, 1], "visible": False},
        yaxis={"range": [MOST_TURNED + 0.6, -0.6], "visible": False},
        margin={"l": 16, "r": 16, "b": 12},
    )  # fmt: skip
