"""Tab *What feeds it?*: the words that the gradient of the weights comes from."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.app.frame import Frame
from rnnviz.app.gradient_source import Source, source_of
from rnnviz.app.heatmap_choice import choose_layer
from rnnviz.app.page_scene import go_to_click
from rnnviz.app.questions import answer_html
from rnnviz.app.stage import Panel, place_sheet
from rnnviz.app.style import theme
from rnnviz.app.tabs.tab import Tab
from rnnviz.app.tabs.words import draw_words, words_panel
from rnnviz.app.text import explanation
from rnnviz.figures.optimizer_steps import clipping_angle, clipping_curves, ratio_dots
from rnnviz.figures.token_shares import share_columns, share_map
from rnnviz.session import Session

_STEPS = "Measured on the next training steps, without taking them."
#: The panels at the left and at the right, with their shares of the height.
_LEFT = {"feed_hh": 3, "feed_xh": 3, "ratios": 3}
_RIGHT = {"map_hh": 3, "map_xh": 3, "clipping": 2.4, "angle": 2}


def feed_tab(session: Session, controls: DeltaGenerator) -> Tab:
    """Lay out the shares of the words, and the optimizer's next steps."""
    with controls:
        choose_layer(session, "gradients")
        st.caption(explanation("gradients_steps"))
    left, right = ([_panel(session, key, share) for key, share in column.items()]
                   for column in (_LEFT, _RIGHT))  # fmt: skip
    place_sheet("feed", [words_panel(session), *left], right)

    def draw(frame: Frame) -> None:
        source = source_of(session)
        frame.texts["story"] = answer_html(session, _answer(source))
        draw_words(session, frame)
        _draw(source, frame)

    def develop(budget: float) -> bool:
        return session.gradients.develop(session.run, source_of(session, 0).query, budget)

    return Tab(draw, dict.fromkeys(_RIGHT, partial(go_to_click, session)), develop)


def _panel(session: Session, key: str, share: float) -> Panel:
    part = "da_t x_tᵀ" if key.endswith("_xh") else "da_t h_{t−1}ᵀ"
    name = {"feed_xh": "feed", "map_hh": "share_map", "map_xh": "share_map"}.get(key, key)
    text = explanation(f"gradients_{name}", noun=session.names.noun, part=part)
    return Panel(key, share, text, clicks=key in _RIGHT)


def _answer(source: Source) -> str:
    """What the words before the last bring to the gradient of the input weights."""
    noun, history = source.session.names.noun, source.history()
    if len(source.words) < 2:
        return f"One {noun}: all of the gradient comes from it."
    shares = history.shares("W_xh")
    row = int(np.abs(history.epochs - source.query.state.epoch).argmin())
    now, start = (_share(1 - float(shares[k, -1])) for k in (row, 0))
    first = f"; at epoch {history.epochs[0]} it was {start}" if row else ""
    return (
        f"{noun.capitalize()}s before the last bring <strong>{now}</strong> of the input "
        f"weights' gradient{first}."
    )


def _share(share: float) -> str:
    return "&lt;1&nbsp;%" if 0 < share < 0.005 else f"{share:.0%}".replace("%", "&nbsp;%")


def _draw(source: Source, frame: Frame) -> None:
    words, course, epoch = source.words, source.course, source.query.state.epoch
    for key in ("feed_hh", "feed_xh", "map_hh", "map_xh"):
        kind, _, part = key.partition("_")
        if kind == "feed":
            frame.chart(key, lambda name: share_columns(
                source.history(), name, words, epoch, theme()), f"W_{part}")  # fmt: skip
        else:
            frame.chart(key, lambda name: share_map(
                source.history(), name, words, course, theme()), f"W_{part}")  # fmt: skip
    frame.chart("clipping", lambda: clipping_curves(source.history(), course, theme()),
                remark=_STEPS)  # fmt: skip
    frame.chart("angle", lambda: clipping_angle(source.history(), course, theme()), remark=_STEPS)
    steps = source.gradients.next_steps
    frame.chart("ratios", lambda: ratio_dots(steps(source.query), source.theme("ratios")),
                remark=_STEPS)  # fmt: skip
