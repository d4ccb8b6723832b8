"""Tab *What feeds it?*: the words that the gradient of the weights comes from."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.explanation import explanation
from rnnviz.charts.picture import Picture
from rnnviz.charts.two_moments import TwoMoments
from rnnviz.probe.gradient_rows import EpochSeries
from rnnviz.probe.session import Session
from rnnviz.probe.token_contribution import TokenContribution
from rnnviz.questions.feed.pictures import clipping_angle, clipping_curves, ratio_dots
from rnnviz.questions.feed.token_shares import MOST_NUMBERS, share_columns, share_map
from rnnviz.questions.gradient_source import Source, source_of
from rnnviz.ui.answer import answer_html
from rnnviz.ui.frame import Frame
from rnnviz.ui.heatmap_choice import choose_layer
from rnnviz.ui.page_scene import go_to_click
from rnnviz.ui.stage import Panel, place_sheet
from rnnviz.ui.style import theme
from rnnviz.ui.tab import Tab, no_room
from rnnviz.ui.words import draw_words, words_panel

_STEPS = "Measured on the next training steps, without taking them."
#: The panels at the left and at the right, with their shares of the height.
_LEFT = {"feed_hh": 3, "feed_xh": 3}
_RIGHT = {"map_hh": 3, "map_xh": 3, "clipping": 2.4, "angle": 2}
#: Those of the next steps of the optimizer.
_OPTIMIZER = ("ratios", "clipping", "angle")


def feed_tab(session: Session, controls: DeltaGenerator) -> Tab:
    """Lay out the shares of the words, and the optimizer's next steps."""
    with controls:
        choose_layer(session, "gradients")
        if not session.player.recorded:
            st.caption(explanation("gradients_steps"))
    # Every parameter has its row.
    rows = {"ratios": min(6, max(3, 0.35 * len(session.state.parameters.named())))}
    left, right = (
        [_panel(session, key, share) for key, share in column.items() if _known(session, key)]
        for column in (_LEFT | rows, _RIGHT)
    )
    place_sheet("feed", [words_panel(session), *left], right)
    return live_feed(session)


def live_feed(session: Session) -> Tab:
    """How the tab is drawn and worked on, with the controls as they were chosen last."""

    def draw(frame: Frame) -> None:
        source = source_of(session)
        frame.texts["story"] = answer_html(session, _answer(source))
        draw_words(session, frame)
        _draw(source, frame)

    def develop(budget: float) -> bool:
        query, history = source_of(session).query, session.gradients.history
        if history.shares.develop(session.run, query, budget):
            return True
        steps = not session.player.recorded
        return steps and history.clipping.develop(session.run, query, budget)

    return Tab(draw, dict.fromkeys(_RIGHT, partial(go_to_click, session)), develop)


def _known(session: Session, key: str) -> bool:
    """Whether the panel can be drawn: the optimizer of a recording is another program's."""
    return key not in _OPTIMIZER or not session.player.recorded


def _panel(session: Session, key: str, share: float) -> Panel:
    part = "da_t x_tᵀ" if key.endswith("_xh") else "da_t h_{t−1}ᵀ"
    name = {"feed_xh": "feed", "map_hh": "share_map", "map_xh": "share_map"}.get(key, key)
    text = explanation(f"gradients_{name}", noun=session.names.noun, part=part)
    return Panel(key, share, text, clicks=key in _RIGHT)


def _answer(source: Source) -> str:
    """What the words before the last bring to the gradient of the input weights."""
    noun, history = source.session.names.noun, _shares(source)
    if len(source.words) < 2:
        return f"One {noun}: all of the gradient comes from it."
    shares, row = history.column("W_xh"), history.nearest(source.query.state.epoch)
    now, start = (_share(float(shares[k, :-1].sum())) for k in (row, 0))
    first = f"; at {source.session.unit} {history.epochs[0]} it was {start}" if row else ""
    return (
        f"{noun.capitalize()}s before the last bring <strong>{now}</strong> of the input "
        f"weights' gradient{first}."
    )


def _shares(source: Source) -> EpochSeries[TokenContribution]:
    return source.over_epochs(source.gradients.history.shares)


def _share(share: float) -> str:
    return "&lt;1%" if 0 < share < 0.005 else f"{share:.0%}"


def _draw(source: Source, frame: Frame) -> None:
    words, course, colors = source.words, source.course, theme()
    shares, noun = _shares(source), source.session.names.noun
    narrow = no_room("numbers", len(words), MOST_NUMBERS, noun)
    for part in ("hh", "xh"):
        frame.chart(f"feed_{part}", _columns, source, shares, f"W_{part}", remark=narrow)
        frame.chart(f"map_{part}", share_map, shares, f"W_{part}", words, course, colors)
    if source.session.player.recorded:
        return
    clipping = source.over_epochs(source.gradients.history.clipping)
    frame.chart("clipping", clipping_curves, clipping, course, colors, remark=_STEPS)
    frame.chart("angle", clipping_angle, clipping, course, colors, remark=_STEPS)
    frame.chart("ratios", _ratios, source, remark=_STEPS)


def _columns(source: Source, history: EpochSeries[TokenContribution], name: str) -> Picture:
    """Each word's share at the epoch shown, and at the second moment."""
    shares = TwoMoments(history.column(name)[history.nearest(source.query.state.epoch)])
    if then := source.second:
        second = source.gradients.second_shares(then.query)
        shares = shares._replace(name=then.name, second=getattr(second, name))
    return share_columns(shares, name, source.words, source.theme(f"feed_{name}"))


def _ratios(source: Source) -> Picture:
    steps = source.gradients.next_steps(source.query)
    return ratio_dots(steps, source.theme("ratios"))
