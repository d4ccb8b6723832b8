"""The network unrolled: one column a word, and where the numbers flow at one moment."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from rnnviz.analysis.scales import typical
from rnnviz.analysis.step import StepRecord
from rnnviz.engine.parameters import Array
from rnnviz.engine.timeline import Moment, Phase
from rnnviz.figures.theme import (
    HEIGHTS,
    LIGHT,
    Theme,
    compact,
    figure,
    ladder,
    plain,
    scale_words,
    words_axis,
)

#: Columns that are shown at once, and classes.
COLUMNS, CLASSES = 12, 6
#: Left and right edge of a column's strip of h and of dh, from the column's middle.
_STATE, _GRADIENT = (-0.2, 0.08), (0.12, 0.22)
_MIDDLE = sum(_STATE) / 2
#: Where arrows leave a column and where they arrive, at half height.
_LEAVE, _ARRIVE = 0.26, -0.24
#: Where an arrow begins that comes from a column left of the window.
_EDGE = -0.46
_TOP, _BOTTOM = -0.2, 1.2
_MOST_LABELLED = 6
#: Width and opacity of an arrow.
_QUIET, _TOUCHED, _ACTIVE = (1.5, 0.45), (2.5, 0.7), (5, 1)


def window(steps: int, t: int) -> range:
    """The tokens shown when t is the present one: all, or 12 with both neighbours of t in sight.

    It depends on t alone and turns like a page, every ten tokens.
    """
    stride = COLUMNS - 2
    start = max(0, min((t - 1) // stride * stride, steps - COLUMNS))
    return range(start, min(steps, start + COLUMNS))


def unrolled_network(
    step: StepRecord, moment: Moment, unit: int, theme: Theme = LIGHT
) -> go.Figure:
    """Words below, hidden states above them, the answer at the right; lit is what happens now.

    States fill from the left on the way there, gradients dL/dh_t from the right on the way back.
    A click on a column yields customdata [token, unit, ...], both from 0.
    """
    scene = _Scene(step, moment, unit, theme)
    below = _words(scene)
    return figure(
        [*_strips(scene), _frames(scene), _marks(scene), _bars(scene), _hits(scene)],
        _title(scene),
        HEIGHTS["network"],
        theme,
        xaxis={**below, "range": [-0.5, scene.end], "fixedrange": True},
        yaxis={"visible": False, "range": [_BOTTOM, _TOP], "fixedrange": True},
        margin={"l": 16, "r": 16, "t": 64, "b": 70 if below["tickangle"] else 36},
        shapes=[_spotlight(scene)],
        annotations=[
            *(_drawn(arrow, scene) for arrow in _arrows(scene)),
            *_arrow_labels(scene),
            *_strip_labels(scene),
            *_answer_labels(scene),
            _scales(scene),
        ],
        hovermode="closest",
    )


class _Scene:
    """One moment on its grid: column i of the window at x = i, unit k of H at y = k/H from the top.

    ``known`` and ``known_back`` say of which columns h and dh are there by now; the answer's place
    goes from ``left`` to ``right``.
    """

    def __init__(self, step: StepRecord, moment: Moment, unit: int, theme: Theme) -> None:
        self.step, self.trace, self.moment, self.unit, self.theme = (
            step,
            step.trace,
            moment,
            unit,
            theme,
        )
        self.shown = window(len(step.words), moment.t)
        self.steps, self.columns, self.hidden = (
            len(step.words),
            len(self.shown),
            step.trace.sizes.hidden,
        )
        slots = max(4, self.columns)
        self.left = self.columns - 0.5 + 0.09 * slots
        self.right = self.left + 0.3 * slots
        self.end = slots - 0.5 + 0.41 * slots
        self.forth = moment.phase is Phase.FORWARD
        self.back = moment.phase is Phase.BACKWARD
        #: Whether gradients of the states are shown: not before the way back has begun.
        self.returned = moment.phase not in (Phase.FORWARD, Phase.LOSS)
        self.light = theme.magnitude if self.returned else theme.forward

    @cached_property
    def known(self) -> Array:
        return np.array(self.shown) <= (self.moment.t if self.forth else self.steps)

    @cached_property
    def known_back(self) -> Array:
        since = self.moment.t if self.back else 0
        return np.array(self.shown) >= (since if self.returned else self.steps)

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The ends of the colour scales of h and dh, the whole phrase's."""
        h = ladder(float(np.abs(self.trace.h).max()))
        return min(1.0, h), ladder(typical(self.trace.dh))

    @cached_property
    def classes(self) -> list[tuple[int, float, float]]:
        """Of each class that is shown its number, the middle of its bar and half the height."""
        probs = self.trace.probs[0]
        best = np.argsort(-probs, kind="stable")[: CLASSES - 1].tolist()
        all_of_them = list(range(len(probs)))
        shown = all_of_them if len(probs) <= CLASSES else sorted({*best, self.step.target})
        pitch = min(0.42, 1.14 / len(shown))
        first = 0.5 - pitch * (len(shown) - 1) / 2
        return [(c, first + i * pitch, 0.12 * pitch) for i, c in enumerate(shown)]


def _title(scene: _Scene) -> str:
    t, count, phase = scene.moment.number, scene.steps, scene.moment.phase
    word = f"word {t} of {count}, “{plain(scene.step.words[t - 1])}”"
    what = {
        Phase.FORWARD: f"Forward: {word}, is read",
        Phase.LOSS: "Loss: the answer is compared with the target",
        Phase.BACKWARD: f"Backward: the gradient reaches {word}",
        Phase.CLIP: "Clip: the gradient is bounded",
        Phase.UPDATE: "Update: all weights take one step",
    }[phase]
    if scene.columns == count:
        return what
    return f"{what} (shown: words {scene.shown.start + 1}–{scene.shown.stop} of {count})"


def _words(scene: _Scene) -> dict[str, Any]:
    below = words_axis([scene.step.words[t] for t in scene.shown], scene.theme)
    if scene.forth or scene.back:
        present = scene.moment.t - scene.shown.start
        below["ticktext"][present] = f"<b>{below['ticktext'][present]}</b>"
    below["tickvals"] = [place + _MIDDLE for place in below["tickvals"]]
    return below


def _strips(scene: _Scene) -> list[go.Heatmap]:
    """The states, and the gradients beside them; what isn't computed yet stays empty."""
    h, dh = (
        array[scene.shown.start : scene.shown.stop, 0] for array in (scene.trace.h, scene.trace.dh)
    )
    return [
        _strip(np.where(scene.known[:, None], h, np.nan), _STATE, scene.limits[0], scene.theme),
        _strip(
            np.where(scene.known_back[:, None], dh, np.nan), _GRADIENT, scene.limits[1], scene.theme
        ),
    ]


def _strip(values: Array, edges: tuple[float, float], limit: float, theme: Theme) -> go.Heatmap:
    """Values (columns, H), as shares of the limit, in one heatmap of strips and gaps."""
    columns, hidden = values.shape
    spaced = np.full((hidden, 2 * columns - 1), np.nan)
    spaced[:, ::2] = values.T
    return go.Heatmap(
        z=compact(np.clip(spaced / limit, -1, 1)),
        x=[i + edge for i in range(columns) for edge in edges],
        y=compact(np.linspace(0, 1, hidden + 1)),
        zmin=-1,
        zmax=1,
        colorscale=theme.diverging,
        showscale=False,
        hoverinfo="skip",
    )


class _Box(NamedTuple):
    x0: float
    y0: float
    x1: float
    y1: float


def _outlines(boxes: Iterable[_Box], color: str, width: float) -> go.Scatter:
    """Many rectangles as one line with gaps, which is drawn faster than many shapes."""
    x = [x for b in boxes for x in (b.x0, b.x1, b.x1, b.x0, b.x0, None)]
    y = [y for b in boxes for y in (b.y0, b.y0, b.y1, b.y1, b.y0, None)]
    return go.Scatter(
        x=x, y=y, mode="lines", line={"color": color, "width": width}, hoverinfo="skip"
    )


def _columns_of_strips(scene: _Scene) -> list[tuple[float, float]]:
    spans = [_STATE, _GRADIENT] if scene.returned else [_STATE]
    return [(i + left, i + right) for i in range(scene.columns) for left, right in spans]


def _frames(scene: _Scene) -> go.Scatter:
    """Thin outlines of all strips and of the places of the probabilities."""
    boxes = [_Box(x0, 0, x1, 1) for x0, x1 in _columns_of_strips(scene)]
    boxes += [_Box(scene.left, y - half, scene.right, y + half) for _, y, half in scene.classes]
    return _outlines(boxes, scene.theme.muted, 1)


def _marks(scene: _Scene) -> go.Scatter:
    """The outline of one unit's cell in every strip."""
    middle, half = (scene.unit + 0.5) / scene.hidden, max(0.5 / scene.hidden, 0.009)
    boxes = [
        _Box(x0 - 0.012, middle - half, x1 + 0.012, middle + half)
        for x0, x1 in _columns_of_strips(scene)
    ]
    return _outlines(boxes, scene.theme.text, 2)


def _bars(scene: _Scene) -> go.Bar:
    """The probabilities, once they are computed."""
    rows = [] if scene.forth else scene.classes
    probs, names = scene.trace.probs[0], scene.step.names.classes
    return go.Bar(
        orientation="h",
        base=scene.left,
        x=[(scene.right - scene.left) * float(probs[c]) for c, _, _ in rows],
        y=[y for _, y, _ in rows],
        width=[2 * half for _, _, half in rows],
        marker={"color": scene.theme.muted},
        hovertext=[f"p of {plain(names[c])} = {float(probs[c])!r}" for c, _, _ in rows],
        hoverinfo="text",
    )


def _hits(scene: _Scene) -> go.Heatmap:
    """What can be pointed at and clicked, empty strips and words too: a layer that isn't seen."""
    words = [[t, scene.unit, f"word {t + 1}: “{plain(scene.step.words[t])}”"] for t in scene.shown]
    cells = [[_cell(scene, t, unit) for t in scene.shown] for unit in range(scene.hidden)]
    return go.Heatmap(
        z=np.zeros((scene.hidden + 1, scene.columns), np.float32),
        x=[i - 0.5 for i in range(scene.columns + 1)],
        y=[*np.linspace(0, 1, scene.hidden + 1).tolist(), _BOTTOM],
        opacity=0,
        showscale=False,
        customdata=[*cells, words],
        hovertemplate="%{customdata[2]}<extra></extra>",
    )


def _cell(scene: _Scene, t: int, unit: int) -> list[Any]:
    column, place = t - scene.shown.start, (t, 0, unit)
    text = f"unit {unit} after “{plain(scene.step.words[t])}”"
    if scene.known[column]:
        text += f"<br>h_{t + 1} = {scene.trace.h[place]:.6g}"
    if scene.known_back[column]:
        text += f"<br>dh_{t + 1} = {scene.trace.dh[place]:.6g}"
    return [t, unit, text]


def _spotlight(scene: _Scene) -> dict[str, Any]:
    """The ground of the place where the moment happens; clipping and the update have none."""
    middle = scene.moment.t - scene.shown.start
    x0, x1 = middle - 0.46, middle + 0.46
    if scene.moment.phase is Phase.LOSS:
        x0, x1 = scene.left - 0.01 * scene.end, scene.end
    placed = scene.moment.phase not in (Phase.CLIP, Phase.UPDATE)
    look = {"layer": "below", "line": {"width": 0}, "fillcolor": scene.theme.grid}
    place = {"x0": x0, "x1": x1, "y0": _TOP, "y1": _BOTTOM}
    return {"type": "rect", "opacity": 0.6 if placed else 0, **look, **place}


class _Arrow(NamedTuple):
    """A weight at work from ``tail`` to ``head``, as the words are read; what it does now."""

    weight: str
    tail: tuple[float, float]
    head: tuple[float, float]
    active: bool
    touched: bool


def _arrows(scene: _Scene) -> list[_Arrow]:
    return [*_word_arrows(scene), *_state_arrows(scene), *_answer_arrow(scene)]


def _word_arrows(scene: _Scene) -> list[_Arrow]:
    moving, updated = scene.forth or scene.back, scene.moment.phase is Phase.UPDATE
    return [
        _Arrow(
            "W_xh",
            (i + _MIDDLE, 1.18),
            (i + _MIDDLE, 1.02),
            moving and t == scene.moment.t,
            updated,
        )
        for i, t in enumerate(scene.shown)
    ]


def _state_arrows(scene: _Scene) -> list[_Arrow]:
    """One for each neighbouring pair of words, also where only one of them is in the window."""
    t, last = scene.moment.t, scene.steps - 1
    present = t if scene.forth else t + 1 if scene.back else 0
    used = (scene.forth and t > 0) or (scene.back and t < last)
    touched = last > 0 and (used or scene.moment.phase is Phase.UPDATE)
    into = range(max(1, scene.shown.start), min(last, scene.shown.stop) + 1)
    return [
        _Arrow(
            "W_hh",
            (max(i - 1 + _LEAVE, _EDGE - 0.02), 0.5),
            (i + _ARRIVE, 0.5),
            used and i + scene.shown.start == present,
            touched,
        )
        for i in (token - scene.shown.start for token in into)
    ]


def _answer_arrow(scene: _Scene) -> list[_Arrow]:
    """From the last word's state, if that is in the window."""
    last = scene.steps - 1
    if last not in scene.shown:
        return []
    active = scene.moment.phase is Phase.LOSS or (scene.back and scene.moment.t == last)
    tail, head = scene.columns - 1 + _LEAVE, scene.left - 0.01 * scene.end
    updated = scene.moment.phase is Phase.UPDATE
    return [_Arrow("W_hy", (tail, 0.5), (head, 0.5), active, updated)]


def _drawn(arrow: _Arrow, scene: _Scene) -> dict[str, Any]:
    """On the way back all arrows point back; those of the shared weight have a name when lit."""
    tail, head = (arrow.head, arrow.tail) if scene.back else (arrow.tail, arrow.head)
    width, opacity = _ACTIVE if arrow.active else _TOUCHED if arrow.touched else _QUIET
    place = {"x": head[0], "y": head[1], "ax": tail[0], "ay": tail[1]}
    refs = {"xref": "x", "yref": "y", "axref": "x", "ayref": "y"}
    named = {"name": "touched"} if arrow.weight == "W_hh" and arrow.touched else {}
    look = {"arrowwidth": width, "arrowhead": 2, "arrowsize": 0.8, "opacity": opacity}
    color = scene.light if arrow.active or arrow.touched else scene.theme.muted
    return {"showarrow": True, "text": "", "arrowcolor": color, **place, **refs, **named, **look}


def _arrow_labels(scene: _Scene) -> list[dict[str, Any]]:
    """The name of every arrow's weight; of many arrows those of the first and the active."""
    labels = []
    named: set[str] = set()
    for arrow in _arrows(scene):
        if arrow.tail[0] < _EDGE and not arrow.active:
            continue
        if scene.columns <= _MOST_LABELLED or arrow.active or arrow.weight not in named:
            labels.append(_arrow_label(arrow, scene))
        named.add(arrow.weight)
    if scene.shown.stop < scene.steps:
        more = scene.columns - 0.1, 0.5
        labels.append(_text(more, "…", scene.theme.muted, "left middle"))
    return labels


def _arrow_label(arrow: _Arrow, scene: _Scene) -> dict[str, Any]:
    (x0, y0), (x1, y1) = arrow.tail, arrow.head
    middle = (x0 + x1) / 2, (y0 + y1) / 2
    lit = arrow.active or arrow.touched
    text = f"<b>{arrow.weight}</b>" if arrow.active else arrow.weight
    color = scene.light if lit else scene.theme.muted
    if arrow.weight == "W_xh":
        return _text(middle, text, color, "left middle", xshift=12 if arrow.active else 6)
    label = _text(middle, text, color, "center bottom", yshift=8)
    if scene.columns > _MOST_LABELLED:
        label |= {"bgcolor": scene.theme.neutral, "borderpad": 0}
    return label


def _strip_labels(scene: _Scene) -> list[dict[str, Any]]:
    """Over every strip what it is: h_t, and above that dh_t when gradients are shown."""
    theme = scene.theme
    labels = []
    for i, t in enumerate(scene.shown):
        state = theme.text if scene.known[i] else theme.muted
        labels.append(_text((i + _MIDDLE, 0), f"h_{t + 1}", state, "center bottom"))
        if scene.known_back[i]:
            place = i + sum(_GRADIENT) / 2, 0
            labels.append(_text(place, f"dh_{t + 1}", theme.magnitude, "center bottom", yshift=18))
    return labels


def _answer_labels(scene: _Scene) -> list[dict[str, Any]]:
    """Names, probabilities and errors of the classes, beside their bars."""
    return [
        label
        for c, y, half in scene.classes
        for label in (_class_name(scene, c, y - half), *_class_numbers(scene, c, y + half))
    ]


def _class_name(scene: _Scene, c: int, y: float) -> dict[str, Any]:
    target = " = target" if c == scene.step.target else ""
    text = f"<b>{plain(scene.step.names.classes[c], 12)}</b>{target}"
    return _text((scene.left, y), text, scene.theme.text, "left bottom")


def _class_numbers(scene: _Scene, c: int, y: float) -> list[dict[str, Any]]:
    if scene.forth:
        return []
    p, error = (float(array[0, c]) for array in (scene.trace.probs, scene.trace.dlogits))
    shown = f"error  {error:+.3f}".replace("-", "−")
    return [
        _text((scene.left, y), f"p  {p:.3f}", scene.theme.text, "left top"),
        _text((scene.right, y), shown, scene.theme.magnitude, "right top"),
    ]


def _scales(scene: _Scene) -> dict[str, Any]:
    """What the colours of h, and of dh when it is shown, mean at their ends."""
    h, dh = scene.limits
    words = [scale_words("dh", dh, scene.theme)] if scene.returned else []
    text = "     ".join([*words, scale_words("h", h, scene.theme)])
    look = {"showarrow": False, "font": {"color": scene.theme.muted}}
    place = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1}
    return {"text": text, **place, "yanchor": "bottom", "yshift": 6, **look}


def _text(
    place: tuple[float, float], text: str, color: str, anchor: str, **shift: float
) -> dict[str, Any]:
    """A text at a place of the grid; ``anchor`` is which part of it stands there: "left top"."""
    xanchor, yanchor = anchor.split()
    font, anchors = {"color": color, "size": 14}, {"xanchor": xanchor, "yanchor": yanchor}
    at = {"x": place[0], "y": place[1], **anchors, **shift}
    return {"text": text, "showarrow": False, "font": font, **at}
