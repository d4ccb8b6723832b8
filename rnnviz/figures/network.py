"""The unrolled network at one moment of a training step."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.timeline import Phase
from rnnviz.figures.axes import words_axis
from rnnviz.figures.axis_limits import nice_limit
from rnnviz.figures.legends import scale_words
from rnnviz.figures.network_arrows import arrows
from rnnviz.figures.network_grid import BOTTOM, GRADIENT, MIDDLE, STATE, TOP, Grid, text_at
from rnnviz.figures.picture import Picture, Series, bar, compact, heatmap
from rnnviz.figures.shapes import PAPER, note, outlines
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token, signed_heatmap

#: The smallest width of the columns on a narrow page, in pixels.
_WIDTH = 600


def unrolled_network(step: StepRecord, focus: Focus, theme: Theme = LIGHT) -> Picture:
    """Words below, hidden states above them, the answer at the right; the active part stands out.

    States fill from the left in the forward pass, gradients dL/dh_t from the right in the backward
    pass. A click on a column yields customdata [token, unit, ...], both from 0.
    """
    scene = Grid(step, focus, theme)
    words = _words(scene)
    return picture(
        [*_strips(scene), *_outlines(scene), _bars(scene), _click_targets(scene)],
        _title(scene),
        HEIGHTS["network"],
        theme,
        xaxis={**words, "range": [-0.5, scene.right], "fixedrange": True},
        yaxis={"visible": False, "range": [BOTTOM, TOP], "fixedrange": True},
        margin={"l": 16, "t": 64, "b": 70 if words["tickangle"] else 36},
        shapes=[_spotlight(scene), *_bridge(scene)],
        annotations=[
            *arrows(scene),
            *_strip_labels(scene),
            *_bridge_labels(scene),
            *_answer_labels(scene),
            _scales(scene),
        ],
        hovermode="closest",
    )


def _title(scene: Grid) -> str:
    (phase, t), noun = scene.moment, scene.step.names.noun
    token = plain(shown_token(scene.step.words[t]))
    word = f"{noun} {t + 1} of {scene.length}, “{token}”"
    what = {
        Phase.FORWARD: f"Forward: {word}, is read",
        Phase.LOSS: "Loss: the answer is compared with the target",
        Phase.BACKWARD: f"Backward: the gradient reaches {word}",
        Phase.CLIP: "Clip: the gradient is bounded",
        Phase.UPDATE: "Update: all weights take one step",
    }[phase]
    if scene.step.before.architecture.layers > 1:
        what += f" (layer {scene.focus.layer + 1})"
    if scene.columns == scene.length:
        return what
    first, last = scene.shown.start + 1, scene.shown.stop
    return f"{what} (shown: {noun}s {first}–{last} of {scene.length})"


def _words(scene: Grid) -> dict[str, Any]:
    words = words_axis([scene.step.words[t] for t in scene.shown], scene.theme, _WIDTH)
    if scene.forward or scene.backward:
        words["ticktext"][scene.column] = f"<b>{words['ticktext'][scene.column]}</b>"
    words["tickvals"] = [column + MIDDLE for column in words["tickvals"]]
    return words


def _strips(scene: Grid) -> list[Series]:
    """The states and, beside them, their gradients; what isn't computed yet stays empty."""
    tokens = slice(scene.shown.start, scene.shown.stop)
    h, dh = scene.unrolled.h[tokens], scene.unrolled.dh[tokens]
    return [
        _strip(h, scene.computed, STATE, scene.limits[0], scene.theme),
        _strip(dh, scene.computed_gradients, GRADIENT, scene.limits[1], scene.theme),
    ]


def _strip(
    values: Array, computed: Array, edges: tuple[float, float], limit: float, theme: Theme
) -> Series:
    """Values (columns, H), as shares of the limit, in one heatmap of strips and gaps."""
    columns, hidden = values.shape
    spaced = np.full((hidden, 2 * columns - 1), np.nan)
    spaced[:, ::2] = np.where(computed, values.T, np.nan)
    return signed_heatmap(
        compact(np.clip(spaced / limit, -1, 1)),
        1,
        theme,
        x=[i + edge for i in range(columns) for edge in edges],
        y=compact(np.linspace(0, 1, hidden + 1)),
        showscale=False,
        hoverinfo="skip",
    )


def _outlines(scene: Grid) -> list[Series]:
    """Thin outlines of all strips and bars, and thick ones of one unit in every strip."""
    spans = [STATE, GRADIENT] if scene.has_gradients else [STATE]
    strips = [(i + left, i + right) for i in range(scene.columns) for left, right in spans]
    left, right = scene.answer
    frames = [(x0, 0.0, x1, 1.0) for x0, x1 in strips]
    frames += [(left, y - half, right, y + half) for _, y, half in scene.rows]
    hidden = scene.step.hidden
    y, half = (scene.focus.unit + 0.5) / hidden, max(0.5 / hidden, 0.009)
    cells = [(x0 - 0.012, y - half, x1 + 0.012, y + half) for x0, x1 in strips]
    return [outlines(frames, scene.theme.muted, 1), outlines(cells, scene.theme.text, 2)]


def _bars(scene: Grid) -> Series:
    """The answers, once computed: probabilities, or values to both sides of the middle."""
    rows = [] if scene.forward else scene.rows
    (left, right), trace = scene.answer, scene.step.trace
    values, names = trace.probs[scene.row].tolist(), scene.step.names.classes
    symbol, base, width = "p of ", left, right - left
    if not scene.step.classes:
        limit = nice_limit(typical(trace.logits, trace.targets))
        symbol, base, width = "", (left + right) / 2, (right - left) / 2 / limit
    return bar(
        orientation="h",
        base=base,
        x=[width * values[c] for c, _, _ in rows],
        y=[y for _, y, _ in rows],
        width=[2 * half for _, _, half in rows],
        marker={"color": scene.theme.muted},
        hovertext=[f"{symbol}{plain(names[c])} = {values[c]!r}" for c, _, _ in rows],
        hoverinfo="text",
    )


def _click_targets(scene: Grid) -> Series:
    """An invisible heatmap over all strips and words, which answers hovers and clicks."""
    hidden, noun = scene.step.hidden, scene.step.names.noun
    words = [
        [t, scene.focus.unit, f"{noun} {t + 1}: “{plain(scene.step.words[t])}”"]
        for t in scene.shown
    ]
    cells = [[[t, unit, _hover(scene, t, unit)] for t in scene.shown] for unit in range(hidden)]
    return heatmap(
        z=np.zeros((hidden + 1, scene.columns), np.float32),
        x=[i - 0.5 for i in range(scene.columns + 1)],
        y=[*np.linspace(0, 1, hidden + 1).tolist(), BOTTOM],
        opacity=0,
        showscale=False,
        customdata=[*cells, words],
        hovertemplate="%{customdata[2]}<extra></extra>",
    )


def _hover(scene: Grid, t: int, unit: int) -> str:
    column = t - scene.shown.start
    text = f"unit {unit} after “{plain(scene.step.words[t])}”"
    if scene.computed[column]:
        text += f"<br>h_{t + 1} = {scene.unrolled.h[t, unit]:.6g}"
    if scene.computed_gradients[column]:
        text += f"<br>dh_{t + 1} = {scene.unrolled.dh[t, unit]:.6g}"
    return text


def _spotlight(scene: Grid) -> dict[str, Any]:
    """The background of the active column or answer; invisible at clipping and update."""
    x0, x1 = scene.column - 0.46, scene.column + 0.46
    if scene.moment.phase is Phase.LOSS:
        x0, x1 = scene.answer[0] - 0.01 * scene.right, scene.right
    visible = scene.moment.phase not in (Phase.CLIP, Phase.UPDATE)
    style = {"layer": "below", "line": {"width": 0}, "fillcolor": scene.theme.grid}
    corners = {"x0": x0, "x1": x1, "y0": TOP, "y1": BOTTOM}
    return {"type": "rect", "opacity": 0.6 if visible else 0, **style, **corners}


def _bridge(scene: Grid) -> list[dict[str, Any]]:
    """The line where the encoder's last state becomes the decoder's first."""
    if scene.bridge is None:
        return []
    ends = {"x0": scene.bridge, "x1": scene.bridge, "y0": TOP, "y1": 1}
    return [{"type": "line", **ends, "line": {"color": scene.theme.text, "width": 3}}]


def _bridge_labels(scene: Grid) -> list[dict[str, Any]]:
    if scene.bridge is None:
        return []
    sides = (("encoder ", "right bottom"), (" decoder", "left bottom"))
    return [text_at((scene.bridge, TOP), name, scene.theme.text, anchor) for name, anchor in sides]


def _strip_labels(scene: Grid) -> list[dict[str, Any]]:
    """Above every strip h_t, and above that dh_t once it is computed."""
    theme, labels = scene.theme, []
    for i, t in enumerate(scene.shown):
        color = theme.text if scene.computed[i] else theme.muted
        labels.append(text_at((i + MIDDLE, 0), f"h_{t + 1}", color, "center bottom"))
        if scene.computed_gradients[i]:
            position, name = (i + sum(GRADIENT) / 2, 0), f"dh_{t + 1}"
            labels.append(text_at(position, name, theme.magnitude, "center bottom", yshift=18))
    return labels


def _answer_labels(scene: Grid) -> list[dict[str, Any]]:
    """The token of the answer if there are several, and the classes beside their bars."""
    labels = [_answer_heading(scene)] if len(scene.step.outputs) > 1 else []
    for c, y, half in scene.rows:
        labels += [_class_name(scene, c, y - half), *_class_numbers(scene, c, y + half)]
    return labels


def _answer_heading(scene: Grid) -> dict[str, Any]:
    t = next(t for t, row in scene.step.outputs.items() if row == scene.row)
    text = f"answer after h_{t + 1}, “{plain(shown_token(scene.step.words[t]), 12)}”"
    active = scene.moment.phase is Phase.LOSS or (scene.backward and t == scene.moment.t)
    color = scene.active_color if active else scene.theme.muted
    return text_at((scene.answer[0], TOP), text, color, "left top")


def _class_name(scene: Grid, c: int, y: float) -> dict[str, Any]:
    target = scene.step.trace.targets[scene.row]
    mark = f" → {target[c]:.3g}" if not scene.step.classes else " = target" * int(c == target)
    text = f"<b>{plain(shown_token(scene.step.names.classes[c]), 12)}</b>{mark}"
    return text_at((scene.answer[0], y), text, scene.theme.text, "left bottom")


def _class_numbers(scene: Grid, c: int, y: float) -> list[dict[str, Any]]:
    if scene.forward:
        return []
    trace, (left, right) = scene.step.trace, scene.answer
    value, error = trace.probs[scene.row, c], trace.dlogits[scene.row, c]
    symbol = "p" if scene.step.classes else "y"
    shown = f"error  {error:+.2g}".replace("-", "−")
    return [
        text_at((left, y), f"{symbol}  {value:.3f}", scene.theme.text, "left top"),
        text_at((right, y), shown, scene.theme.magnitude, "right top"),
    ]


def _scales(scene: Grid) -> dict[str, Any]:
    """The limits of the colours of h, and of dh once it is shown."""
    h, dh = scene.limits
    words = [scale_words("dh", dh, scene.theme)] if scene.has_gradients else []
    text = "     ".join([*words, scale_words("h", h, scene.theme)])
    position, font = {**PAPER, "x": 1, "y": 1, "yshift": 6}, {"color": scene.theme.muted}
    return note(text, "right bottom", **position, font=font)
