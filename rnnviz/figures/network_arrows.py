"""Arrows: the weights between words, states and answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from rnnviz.engine.timeline import Phase
from rnnviz.figures.network_grid import MIDDLE, Grid, text_at

#: Where arrows leave a column and where they arrive.
_LEAVE, _ARRIVE = 0.26, -0.24
#: Where an arrow starts that comes from a column left of the window.
_EDGE = -0.46
#: With more columns than this not every arrow has a label.
_MOST_LABELLED = 6
#: The width and opacity of an arrow.
_QUIET, _TOUCHED, _ACTIVE = (1.5, 0.45), (2.5, 0.7), (5, 1)


class Arrow(NamedTuple):
    """Weights from ``tail`` to ``head`` in the forward direction, and whether they are used now.

    They are ``active`` in this column, or ``touched`` at this moment in any column.
    """

    weight: str
    tail: tuple[float, float]
    head: tuple[float, float]
    active: bool
    touched: bool

    @property
    def recurrent(self) -> bool:
        """Whether these are recurrent weights, which all tokens share."""
        return "W_h" in self.weight and self.weight != "W_hy"


def arrows(scene: Grid) -> list[dict[str, Any]]:
    """All arrows as annotations, and the names of their weights.

    Touched recurrent weights are named "touched", for the page to animate them.
    """
    every = [*_word_arrows(scene), *_state_arrows(scene), *_answer_arrow(scene)]
    return [*(_annotation(arrow, scene) for arrow in every), *_labels(every, scene)]


def _word_arrows(scene: Grid) -> list[Arrow]:
    moving, updated = scene.forward or scene.backward, scene.moment.phase is Phase.UPDATE
    below, above = 1.18, 1.02
    return [
        Arrow(scene.weight(i, "x"), (x, below), (x, above), moving and i == scene.column, updated)
        for i, x in enumerate(i + MIDDLE for i in range(scene.columns))
    ]


def _state_arrows(scene: Grid) -> list[Arrow]:
    """An arrow for each pair of neighbouring words of which at least one is in the window."""
    t, last = scene.moment.t, scene.length - 1
    current = t if scene.forward else t + 1 if scene.backward else 0
    used = (scene.forward and t > 0) or (scene.backward and t < last)
    touched = last > 0 and (used or scene.moment.phase is Phase.UPDATE)
    targets = range(max(1, scene.shown.start), min(last, scene.shown.stop) + 1)
    return [
        Arrow(
            scene.weight(i, "h"),
            (max(i - 1 + _LEAVE, _EDGE), 0.5),
            (i + _ARRIVE, 0.5),
            used and i + scene.shown.start == current,
            touched,
        )
        for i in (token - scene.shown.start for token in targets)
    ]


def _answer_arrow(scene: Grid) -> list[Arrow]:
    """The arrow from the last word's top state to the answer, if that state is shown."""
    last, top = scene.length - 1, scene.step.before.architecture.layers - 1
    if last not in scene.shown or scene.focus.layer != top or len(scene.step.outputs) > 1:
        return []
    phase = scene.moment.phase
    active = phase is Phase.LOSS or (scene.backward and scene.moment.t == last)
    tail, head = scene.columns - 1 + _LEAVE, scene.answer[0] - 0.01 * scene.right
    return [Arrow("W_hy", (tail, 0.5), (head, 0.5), active, phase is Phase.UPDATE)]


def _annotation(arrow: Arrow, scene: Grid) -> dict[str, Any]:
    """The arrow as drawn; in the backward pass all arrows point backward."""
    tail, head = (arrow.head, arrow.tail) if scene.backward else (arrow.tail, arrow.head)
    width, opacity = _ACTIVE if arrow.active else _TOUCHED if arrow.touched else _QUIET
    position = {"x": head[0], "y": head[1], "ax": tail[0], "ay": tail[1]}
    refs = {"xref": "x", "yref": "y", "axref": "x", "ayref": "y"}
    name = {"name": "touched"} if arrow.recurrent and arrow.touched else {}
    style = {"arrowwidth": width, "arrowhead": 2, "arrowsize": 0.8, "opacity": opacity}
    color = _color(arrow, scene)
    return {"showarrow": True, "text": "", "arrowcolor": color, **position, **refs, **name, **style}


def _color(arrow: Arrow, scene: Grid) -> str:
    return scene.active_color if arrow.active or arrow.touched else scene.theme.muted


def _labels(every: list[Arrow], scene: Grid) -> list[dict[str, Any]]:
    """The name of every arrow's weights; of many arrows only of the first and the active."""
    labels = []
    named: set[str] = set()
    for arrow in every:
        if _cut(arrow, scene) and not arrow.active:
            continue
        if scene.columns <= _MOST_LABELLED or arrow.active or arrow.weight not in named:
            labels.append(_label(arrow, scene))
        named.add(arrow.weight)
    if scene.shown.stop < scene.length:
        more = scene.columns - 0.1, 0.5
        labels.append(text_at(more, "…", scene.theme.muted, "left middle"))
    return labels


def _cut(arrow: Arrow, scene: Grid) -> bool:
    """Whether it starts outside the window, or crosses the border of the encoder."""
    (left, _), (right, _) = arrow.tail, arrow.head
    return left <= _EDGE or (scene.bridge is not None and left < scene.bridge < right)


def _label(arrow: Arrow, scene: Grid) -> dict[str, Any]:
    (x0, y0), (x1, y1) = arrow.tail, arrow.head
    middle, color = ((x0 + x1) / 2, (y0 + y1) / 2), _color(arrow, scene)
    few = scene.columns <= _MOST_LABELLED
    # Between many columns there is no space for the prefix of an encoder or decoder.
    name = arrow.weight if few else arrow.weight.rpartition(".")[2]
    text = f"<b>{name}</b>" if arrow.active else name
    if "W_x" in arrow.weight:
        return text_at(middle, text, color, "left middle", xshift=12 if arrow.active else 6)
    label = text_at(middle, text, color, "center bottom", yshift=8)
    if not few:
        label |= {"bgcolor": scene.theme.neutral, "borderpad": 0}
        label["font"] |= {"size": 12}
    return label
