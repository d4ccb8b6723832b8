"""Silenced units: the memory by the loss without each unit, and the answers of the copy."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, whole, words_picture
from rnnviz.charts.hidden_states import (
    APART,
    GAP,
    STATE,
    Groups,
    StateView,
    channels,
    grouped,
    lost_threads,
)
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.shapes import LEGEND, LEGEND_TOP, color_bar, faint, note, upright
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number

#: The longest bar, as a share of the plot's width, and where the bars begin.
_LONGEST, _START = 0.1, 1.012
#: With more cells the hover texts would take longer to send than the cells.
_NAMED = 4_000
#: Maximum number of words with the share in each channel, and with the share before.
_MOST_SHARES, _MOST_BEFORE = 9, 5
#: Maximum number of sequences in a list, and of letters of each.
MOST_TURNED, _LETTERS = 10, 36


class MemoryFlow(NamedTuple):
    """The memory's share of the new state at every token, (T,), now and before the edits.

    ``lost`` (T, H) by silenced unit is its contribution to each unit before.
    """

    now: Array
    before: Array
    lost: Mapping[int, Array]

    def shares(self, rows: int, theme: Theme) -> list[dict[str, Any]]:
        """The memory's share in every channel, and the share before if it differs."""
        steps, notes = len(self.now), list[dict[str, Any]]()
        ground = {"bgcolor": faint(theme.background, 0.75), "y": (rows - 1) / 2}
        for t in range(1, steps if steps <= _MOST_SHARES else 0):
            now, before = self.now[t], self.before[t]
            if not math.isfinite(now):
                continue
            style = {"x": t - 0.5, **ground}
            font = {"size": 13, "weight": 700, "color": theme.forward}
            notes.append(note(f"{now:.0%}", "center middle", font=font, **style))
            if steps <= _MOST_BEFORE and f"{before:.0%}" != f"{now:.0%}":
                style |= {"font": {"size": 12, "color": theme.muted}, "yshift": -17}
                notes.append(note(f"was {before:.0%}", "center middle", **style))
        return notes


class AblationLoss(NamedTuple):
    """The units in the order of their rows, and the rise of the loss without each, (H,) each.

    The rise is in ``unit``; NaN is not measured yet. The ``silenced`` units are struck through. The
    flow that is ``carried`` is drawn between the words. The ``kept`` and the silenced units always
    have a row. The ``notes``, H texts or none, are hover texts.
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
    def largest(self) -> float:
        """The largest finite rise, at least 0."""
        return float(self.rises[np.isfinite(self.rises)].max(initial=0.0))

    @property
    def scale(self) -> str:
        """The length of the longest bar, or how many units have one."""
        measured = int((~np.isnan(self.rises)).sum())
        if measured < len(self.rises):
            return f"{measured} of {len(self.rises)} units"
        return f"up to {number(self.largest, 2, '+')} {plain(self.unit)}"


def silenced_memory(
    states: Array, words: Sequence[str], ablation: AblationLoss, theme: Theme = LIGHT,
    view: StateView = STATE,
) -> Picture:  # fmt: skip
    """The states (T, H), a row for each unit, and bars: the rise of the loss without each.

    Between the columns are channels of the memory's share, and dashed threads of lost parts. A
    click on a row yields its unit as customdata. Many units are grouped.
    """
    steps, groups = len(states), ablation.groups
    units = groups.units.tolist()
    rows, count = states.T[units], len(units)
    some = f", 1 in {groups.size} units" if groups.size > 1 else ""
    limit = theme.scale.nice_limit(float(np.abs(rows[np.isfinite(rows)]).max(initial=0.0)))
    cells = heatmap(
        z=compact(rows),
        zmin=0.0 if view.gate else -limit,
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
    ticks = {"tickvals": list(range(count)), "ticktext": list(map(str, units))}
    yaxis = axis("", theme, range=[count - 0.5, -0.5], showgrid=False, **ticks)
    notes = ablation.carried.shares(count, theme) if ablation.carried else []
    layout = {"yaxis": yaxis, "shapes": _bars(ablation, theme), "annotations": notes}
    layout["meta"] = {"y": "unit", "units": units, "columns": columns}
    title = f"{view.title.split(' after')[0]}{some}; bars: rise of the loss, {ablation.scale}"
    series = [cells, *between, _struck(ablation, steps, theme)]
    return words_picture(series, title, 300, words, theme, **layout)


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
    """A line through each silenced row, interrupted at the gaps between the words."""
    units = ablation.groups.units.tolist()
    rows = [row for row, unit in enumerate(units) if unit in ablation.silenced]
    half, ends = (1 - GAP) / 2, [(-0.5, steps - 0.5)]
    if ablation.carried:
        ends = [(t - half, t + half) for t in range(steps)]
    return scatter(
        x=[x for end in ends for x in (*end, None)] * len(rows),
        y=[y for row in rows for _ in ends for y in (row, row, None)],
        mode="lines",
        line={"color": theme.text, "width": 3},
        hoverinfo="skip",
    )


def _bars(ablation: AblationLoss, theme: Theme) -> list[dict[str, Any]]:
    """The bars next to the rows, from 0; a unit without which the loss falls has none."""
    most = ablation.largest
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


def scores_table(
    rows: Sequence[tuple[str, Sequence[str]]], heads: Sequence[str], theme: Theme = LIGHT
) -> Picture:
    """A table of texts in named rows; the columns are pairs of before and now."""
    places = [0.0, 0.36, 0.57, 0.81, 1.0]
    columns = [("", [name for name, _ in rows])]
    columns += [(head, [row[k] for _, row in rows]) for k, head in enumerate(heads)]
    before = {"size": 14, "weight": 400, "color": theme.muted}
    now = {"size": 15, "weight": 600, "color": theme.text}
    fonts = [{**before, "color": theme.text}, before, now, before, now]
    series = [
        scatter(
            x=[place] * len(rows), y=list(range(len(rows))), name=head.replace("<br>", " "),
            mode="text", text=texts, textfont=font, hoverinfo="none",
            textposition="middle right" if k == 0 else "middle left",
        )
        for k, (place, font, (head, texts)) in enumerate(zip(places, fonts, columns, strict=True))
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
    hidden = len(strongest) - 1
    dot = scatter(x=[now[0]], y=[now[1]], name="now", mode="markers", hovertemplate="now: %{y}",
                  marker={"size": 11, "color": theme.text})  # fmt: skip
    lines = []
    for name, values, dash in (
        ("strongest first", strongest, "solid"),
        ("weakest first", weakest, "dash"),
    ):
        known = np.flatnonzero(~np.isnan(values))
        line = {"color": theme.text, "width": 2.5, "dash": dash}
        hover = f"%{{x}} silenced, {name}: %{{y:.4g}}<extra></extra>"
        lines.append(
            scatter(x=known.astype(np.int32), y=compact(values[known]), name=name, mode="lines",
                    line=line, hovertemplate=hover)
        )  # fmt: skip
    xaxis = axis("", theme, range=[-0.02 * hidden, 1.02 * hidden], **whole(hidden))
    yaxis = axis("", theme, range=[-0.04, 1.06], tickvals=[0, 0.5, 1], tickformat=".0%")
    layout = {"xaxis": xaxis, "yaxis": yaxis, "shapes": [upright(now[0], theme)], **LEGEND}
    title, margin = f"{metric.capitalize()} with n units silenced", {"r": 76, "t": LEGEND_TOP}
    return picture([*lines, dot], title, 250, theme, margin, **layout)


def turned_list(
    rows: Sequence[tuple[str, str, int]], title: str, rest: int, theme: Theme = LIGHT
) -> Picture:
    """The sequences that turned: text, answer now, and its side, 0, 1, or -1 for neither.

    ``rest`` more are not listed.
    """
    colors = (theme.negative, theme.positive, theme.text)
    common = {"y": list(range(len(rows))), "mode": "text", "hoverinfo": "none"}
    font = {"color": [colors[side] for *_, side in rows], "weight": 600}
    phrases = [plain(text, _LETTERS) for text, _, _ in rows]
    answers = [plain(answer, 26) for _, answer, _ in rows]
    series = [
        scatter(x=[0.0] * len(rows), name="phrase", text=phrases, textposition="middle right",
                **common),
        scatter(x=[1.0] * len(rows), name="now", text=answers, textposition="middle left",
                textfont=font, **common),
    ]  # fmt: skip
    more = [note(f"{rest} more", "left middle", x=0, y=len(rows), xshift=8,
                 font={"color": theme.muted})] if rest else []  # fmt: skip
    return picture(
        series, title, 360, theme, annotations=more,
        xaxis={"range": [0, 1], "visible": False},
        yaxis={"range": [MOST_TURNED + 0.6, -0.6], "visible": False},
        margin={"l": 16, "r": 16, "b": 12},
    )  # fmt: skip
