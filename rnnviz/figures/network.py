"""The unrolled network at one moment of a step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.timeline import Phase
from rnnviz.figures.arrows import arrows
from rnnviz.figures.axis_limits import nice_limit
from rnnviz.figures.network_grid import BOTTOM, GRADIENT, MIDDLE, STATE, TOP, Grid, text_at
from rnnviz.figures.picture import Picture, Series, bar, heatmap, scatter
from rnnviz.figures.theme import (
    HEIGHTS,
    LIGHT,
    Theme,
    compact,
    picture,
    plain,
    scale_words,
    shown_token,
    words_axis,
)

#: How wide the words' part of a narrow page is at least, in pixels.
_ROOM = 600


def unrolled_network(step: StepRecord, focus: Focus, theme: Theme = LIGHT) -> Picture:
    """Words below, hidden states above them, the answer at the right; lit is what happens now.

    States fill from the left on the way there, gradients dL/dh_t from the right on the way back.
    A click on a column yields customdata [token, unit, ...], both from 0.
    """
    scene = Grid(step, focus, theme)
    below = _words(scene)
    return picture(
        [*_strips(scene), _frames(scene), _marks(scene), _bars(scene), _hits(scene)],
        _title(scene),
        HEIGHTS["network"],
        theme,
        xaxis={**below, "range": [-0.5, scene.end], "fixedrange": True},
        yaxis={"visible": False, "range": [BOTTOM, TOP], "fixedrange": True},
        margin={"l": 16, "r": 16, "t": 64, "b": 70 if below["tickangle"] else 36},
        shapes=[_spotlight(scene), *_bridge(scene)],
        annotations=[
            *arrows(scene),
            *_strip_labels(scene),
            *_sides(scene),
            *_answer_labels(scene),
            _scales(scene),
        ],
        hovermode="closest",
    )


def _title(scene: Grid) -> str:
    t, count, phase = scene.moment.number, scene.steps, scene.moment.phase
    noun, layer = scene.step.names.noun, scene.focus.layer + 1
    word = f"{noun} {t} of {count}, “{plain(shown_token(scene.step.words[t - 1]))}”"
    what = {
        Phase.FORWARD: f"Forward: {word}, is read",
        Phase.LOSS: "Loss: the answer is compared with the target",
        Phase.BACKWARD: f"Backward: the gradient reaches {word}",
        Phase.CLIP: "Clip: the gradient is bounded",
        Phase.UPDATE: "Update: all weights take one step",
    }[phase]
    if scene.step.before.architecture.layers > 1:
        what += f" (layer {layer})"
    if scene.columns == count:
        return what
    return f"{what} (shown: {noun}s {scene.shown.start + 1}–{scene.shown.stop} of {count})"


def _words(scene: Grid) -> dict[str, Any]:
    below = words_axis([scene.step.words[t] for t in scene.shown], scene.theme, _ROOM)
    if scene.forth or scene.back:
        below["ticktext"][scene.column] = f"<b>{below['ticktext'][scene.column]}</b>"
    below["tickvals"] = [place + MIDDLE for place in below["tickvals"]]
    return below


def _strips(scene: Grid) -> list[Series]:
    """The states, and the gradients beside them; what isn't computed yet stays empty."""
    h, dh = (
        array[scene.shown.start : scene.shown.stop]
        for array in (scene.unrolled.h, scene.unrolled.dh)
    )
    return [
        _strip(np.where(scene.known[:, None], h, np.nan), STATE, scene.limits[0], scene.theme),
        _strip(
            np.where(scene.known_back[:, None], dh, np.nan), GRADIENT, scene.limits[1], scene.theme
        ),
    ]


def _strip(values: Array, edges: tuple[float, float], limit: float, theme: Theme) -> Series:
    """Values (columns, H), as shares of the limit, in one heatmap of strips and gaps."""
    columns, hidden = values.shape
    spaced = np.full((hidden, 2 * columns - 1), np.nan)
    spaced[:, ::2] = values.T
    return heatmap(
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


def _outlines(boxes: Iterable[_Box], color: str, width: float) -> Series:
    """Many rectangles as one line with gaps, which is drawn faster than many shapes."""
    x = [x for b in boxes for x in (b.x0, b.x1, b.x1, b.x0, b.x0, None)]
    y = [y for b in boxes for y in (b.y0, b.y0, b.y1, b.y1, b.y0, None)]
    return scatter(x=x, y=y, mode="lines", line={"color": color, "width": width}, hoverinfo="skip")


def _columns_of_strips(scene: Grid) -> list[tuple[float, float]]:
    spans = [STATE, GRADIENT] if scene.returned else [STATE]
    return [(i + left, i + right) for i in range(scene.columns) for left, right in spans]


def _frames(scene: Grid) -> Series:
    """Thin outlines of all strips and of the places of the probabilities."""
    boxes = [_Box(x0, 0, x1, 1) for x0, x1 in _columns_of_strips(scene)]
    boxes += [
        _Box(scene.answer[0], y - half, scene.answer[1], y + half) for _, y, half in scene.rows
    ]
    return _outlines(boxes, scene.theme.muted, 1)


def _marks(scene: Grid) -> Series:
    """The outline of one unit's cell in every strip."""
    middle, half = (scene.unit + 0.5) / scene.hidden, max(0.5 / scene.hidden, 0.009)
    boxes = [
        _Box(x0 - 0.012, middle - half, x1 + 0.012, middle + half)
        for x0, x1 in _columns_of_strips(scene)
    ]
    return _outlines(boxes, scene.theme.text, 2)


def _bars(scene: Grid) -> Series:
    """The answers, once they are computed: probabilities, or values from the middle outwards."""
    rows = [] if scene.forth else scene.rows
    left, right = scene.answer
    found, names = scene.trace.probs[scene.row], scene.step.names.classes
    what, base, width = "p of ", left, right - left
    if not scene.step.classes:
        limit = nice_limit(typical(scene.trace.logits, scene.trace.targets))
        what, base, width = "", (left + right) / 2, (right - left) / 2 / limit
    return bar(
        orientation="h",
        base=base,
        x=[width * float(found[c]) for c, _, _ in rows],
        y=[y for _, y, _ in rows],
        width=[2 * half for _, _, half in rows],
        marker={"color": scene.theme.muted},
        hovertext=[f"{what}{plain(names[c])} = {float(found[c])!r}" for c, _, _ in rows],
        hoverinfo="text",
    )


def _hits(scene: Grid) -> Series:
    """What can be pointed at and clicked, empty strips and words too: a layer that isn't seen."""
    words = [
        [t, scene.unit, f"{scene.step.names.noun} {t + 1}: “{plain(scene.step.words[t])}”"]
        for t in scene.shown
    ]
    cells = [[_cell(scene, t, unit) for t in scene.shown] for unit in range(scene.hidden)]
    return heatmap(
        z=np.zeros((scene.hidden + 1, scene.columns), np.float32),
        x=[i - 0.5 for i in range(scene.columns + 1)],
        y=[*np.linspace(0, 1, scene.hidden + 1).tolist(), BOTTOM],
        opacity=0,
        showscale=False,
        customdata=[*cells, words],
        hovertemplate="%{customdata[2]}<extra></extra>",
    )


def _cell(scene: Grid, t: int, unit: int) -> list[Any]:
    column, place = t - scene.shown.start, (t, unit)
    text = f"unit {unit} after “{plain(scene.step.words[t])}”"
    if scene.known[column]:
        text += f"<br>h_{t + 1} = {scene.unrolled.h[place]:.6g}"
    if scene.known_back[column]:
        text += f"<br>dh_{t + 1} = {scene.unrolled.dh[place]:.6g}"
    return [t, unit, text]


def _spotlight(scene: Grid) -> dict[str, Any]:
    """The ground of the place where the moment happens; clipping and the update have none."""
    x0, x1 = scene.column - 0.46, scene.column + 0.46
    if scene.moment.phase is Phase.LOSS:
        x0, x1 = scene.answer[0] - 0.01 * scene.end, scene.end
    placed = scene.moment.phase not in (Phase.CLIP, Phase.UPDATE)
    look = {"layer": "below", "line": {"width": 0}, "fillcolor": scene.theme.grid}
    place = {"x0": x0, "x1": x1, "y0": TOP, "y1": BOTTOM}
    return {"type": "rect", "opacity": 0.6 if placed else 0, **look, **place}


def _bridge(scene: Grid) -> list[dict[str, Any]]:
    """A line where the encoder's last state becomes the decoder's first."""
    if scene.bridge is None:
        return []
    line = {"color": scene.theme.text, "width": 3}
    ends = {"x0": scene.bridge, "x1": scene.bridge, "y0": TOP, "y1": 1}
    return [{"type": "line", **ends, "line": line}]


def _sides(scene: Grid) -> list[dict[str, Any]]:
    """The names of what is left and right of that line, over it."""
    if scene.bridge is None:
        return []
    place, color = (scene.bridge, TOP), scene.theme.text
    sides = (("encoder ", "right bottom"), (" decoder", "left bottom"))
    return [text_at(place, name, color, anchor) for name, anchor in sides]


def _strip_labels(scene: Grid) -> list[dict[str, Any]]:
    """Over every strip what it is: h_t, and above that dh_t when gradients are shown."""
    theme = scene.theme
    labels = []
    for i, t in enumerate(scene.shown):
        state = theme.text if scene.known[i] else theme.muted
        labels.append(text_at((i + MIDDLE, 0), f"h_{t + 1}", state, "center bottom"))
        if scene.known_back[i]:
            place = i + sum(GRADIENT) / 2, 0
            labels.append(
                text_at(place, f"dh_{t + 1}", theme.magnitude, "center bottom", yshift=18)
            )
    return labels


def _answer_labels(scene: Grid) -> list[dict[str, Any]]:
    """Names, probabilities and errors of the classes, beside their bars."""
    return [
        *_whose_answer(scene),
        *(
            label
            for c, y, half in scene.rows
            for label in (_class_name(scene, c, y - half), *_class_numbers(scene, c, y + half))
        ),
    ]


def _whose_answer(scene: Grid) -> list[dict[str, Any]]:
    """After which token the answer is given, where there is one after each."""
    if len(scene.step.outputs) == 1:
        return []
    t = next(t for t, row in scene.step.outputs.items() if row == scene.row)
    text = f"answer after h_{t + 1}, “{plain(shown_token(scene.step.words[t]), 12)}”"
    at_work = scene.moment.phase is Phase.LOSS or (scene.back and t == scene.moment.t)
    color = scene.light if at_work else scene.theme.muted
    return [text_at((scene.answer[0], TOP), text, color, "left top")]


def _class_name(scene: Grid, c: int, y: float) -> dict[str, Any]:
    wanted = scene.trace.targets[scene.row]
    target = f" → {wanted[c]:.3g}" if not scene.step.classes else " = target" * int(c == wanted)
    text = f"<b>{plain(shown_token(scene.step.names.classes[c]), 12)}</b>{target}"
    return text_at((scene.answer[0], y), text, scene.theme.text, "left bottom")


def _class_numbers(scene: Grid, c: int, y: float) -> list[dict[str, Any]]:
    if scene.forth:
        return []
    found, error = (
        float(array[scene.row, c]) for array in (scene.trace.probs, scene.trace.dlogits)
    )
    shown = f"error  {error:+.2g}".replace("-", "−")
    symbol = "p" if scene.step.classes else "y"
    return [
        text_at((scene.answer[0], y), f"{symbol}  {found:.3f}", scene.theme.text, "left top"),
        text_at((scene.answer[1], y), shown, scene.theme.magnitude, "right top"),
    ]


def _scales(scene: Grid) -> dict[str, Any]:
    """What the colours of h, and of dh when it is shown, mean at their ends."""
    h, dh = scene.limits
    words = [scale_words("dh", dh, scene.theme)] if scene.returned else []
    text = "     ".join([*words, scale_words("h", h, scene.theme)])
    look = {"showarrow": False, "font": {"color": scene.theme.muted}}
    place = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1}
    return {"text": text, **place, "yanchor": "bottom", "yshift": 6, **look}
