"""Arrows: the weights between words, states and answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from rnnviz.engine.timeline import Phase
from rnnviz.figures.network_grid import MIDDLE, Grid, text_at

#: Where arrows leave a column and where they arrive, at half height.
_LEAVE, _ARRIVE = 0.26, -0.24
#: Where an arrow begins that comes from a column left of the window.
_EDGE = -0.46
#: Up to so many columns every arrow has its label.
_MOST_LABELLED = 6
#: Width and opacity of an arrow.
_QUIET, _TOUCHED, _ACTIVE = (1.5, 0.45), (2.5, 0.7), (5, 1)


class Arrow(NamedTuple):
    """A weight at work from ``tail`` to ``head``, as the words are read; what it does now."""

    weight: str
    tail: tuple[float, float]
    head: tuple[float, float]
    active: bool
    touched: bool

    @property
    def shared(self) -> bool:
        """Whether it is the recurrent weights, which are the same at every token."""
        return "W_h" in self.weight and self.weight != "W_hy"


def arrows(scene: Grid) -> list[dict[str, Any]]:
    """All arrows as annotations, and the names of their weights.

    Those of the shared recurrent weights are named "touched" when they are read or get a gradient.
    """
    found = [*_word_arrows(scene), *_state_arrows(scene), *_answer_arrow(scene)]
    return [*(_drawn(arrow, scene) for arrow in found), *_labels(found, scene)]


def _word_arrows(scene: Grid) -> list[Arrow]:
    moving, updated = scene.forth or scene.back, scene.moment.phase is Phase.UPDATE
    below, above = 1.18, 1.02
    return [
        Arrow(scene.weight(i, "x"), (x, below), (x, above), moving and i == scene.column, updated)
        for i, x in enumerate(i + MIDDLE for i in range(scene.columns))
    ]


def _state_arrows(scene: Grid) -> list[Arrow]:
    """One for each neighbouring pair of words, also where only one of them is in the window."""
    t, last = scene.moment.t, scene.steps - 1
    present = t if scene.forth else t + 1 if scene.back else 0
    used = (scene.forth and t > 0) or (scene.back and t < last)
    touched = last > 0 and (used or scene.moment.phase is Phase.UPDATE)
    into = range(max(1, scene.shown.start), min(last, scene.shown.stop) + 1)
    return [
        Arrow(
            scene.weight(i, "h"),
            (max(i - 1 + _LEAVE, _EDGE), 0.5),
            (i + _ARRIVE, 0.5),
            used and i + scene.shown.start == present,
            touched,
        )
        for i in (token - scene.shown.start for token in into)
    ]


def _answer_arrow(scene: Grid) -> list[Arrow]:
    """From the last word's state, if that is in the window."""
    last = scene.steps - 1
    if last not in scene.shown or not scene.on_top or len(scene.step.outputs) > 1:
        return []
    active = scene.moment.phase is Phase.LOSS or (scene.back and scene.moment.t == last)
    tail, head = scene.columns - 1 + _LEAVE, scene.answer[0] - 0.01 * scene.end
    updated = scene.moment.phase is Phase.UPDATE
    return [Arrow("W_hy", (tail, 0.5), (head, 0.5), active, updated)]


def _drawn(arrow: Arrow, scene: Grid) -> dict[str, Any]:
    """One arrow; on the way back all of them point back."""
    tail, head = (arrow.head, arrow.tail) if scene.back else (arrow.tail, arrow.head)
    width, opacity = _ACTIVE if arrow.active else _TOUCHED if arrow.touched else _QUIET
    place = {"x": head[0], "y": head[1], "ax": tail[0], "ay": tail[1]}
    refs = {"xref": "x", "yref": "y", "axref": "x", "ayref": "y"}
    named = (
        {"name": "touched"}
        if "W_h" in arrow.weight and arrow.weight != "W_hy" and arrow.touched
        else {}
    )
    look = {"arrowwidth": width, "arrowhead": 2, "arrowsize": 0.8, "opacity": opacity}
    color = scene.light if arrow.active or arrow.touched else scene.theme.muted
    return {"showarrow": True, "text": "", "arrowcolor": color, **place, **refs, **named, **look}


def _labels(found: list[Arrow], scene: Grid) -> list[dict[str, Any]]:
    """The name of every arrow's weight; of many arrows those of the first and the active."""
    labels = []
    named: set[str] = set()
    for arrow in found:
        if _cut(arrow, scene) and not arrow.active:
            continue
        if scene.columns <= _MOST_LABELLED or arrow.active or arrow.weight not in named:
            labels.append(_label(arrow, scene))
        named.add(arrow.weight)
    if scene.shown.stop < scene.steps:
        more = scene.columns - 0.1, 0.5
        labels.append(text_at(more, "…", scene.theme.muted, "left middle"))
    return labels


def _cut(arrow: Arrow, scene: Grid) -> bool:
    """Whether it comes from outside the window, or crosses the line at the encoder's end."""
    (left, _), (right, _) = arrow.tail, arrow.head
    return left <= _EDGE or (scene.bridge is not None and left < scene.bridge < right)


def _label(arrow: Arrow, scene: Grid) -> dict[str, Any]:
    (x0, y0), (x1, y1) = arrow.tail, arrow.head
    middle = (x0 + x1) / 2, (y0 + y1) / 2
    lit = arrow.active or arrow.touched
    # Between many columns there is no room to say whether they are the encoder's.
    name = arrow.weight if scene.columns <= _MOST_LABELLED else arrow.weight.rpartition(".")[2]
    text = f"<b>{name}</b>" if arrow.active else name
    color = scene.light if lit else scene.theme.muted
    if "W_x" in arrow.weight:
        return text_at(middle, text, color, "left middle", xshift=12 if arrow.active else 6)
    label = text_at(middle, text, color, "center bottom", yshift=8)
    if scene.columns > _MOST_LABELLED:
        small = {**label["font"], "size": 12}
        label |= {"bgcolor": scene.theme.neutral, "borderpad": 0, "font": small}
    return label
