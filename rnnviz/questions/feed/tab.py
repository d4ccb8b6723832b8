"""Tab *What feeds it?*: the words that the gradient of the weights comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from rnnviz.charts.axes import MOST_NUMBERS, NowAndPinned
from rnnviz.charts.first_page import gradient_rows
from rnnviz.charts.gradients import NO_WEIGHTS
from rnnviz.charts.pair_story import underlined
from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.charts.texts import explanation
from rnnviz.probe.epoch_series import EpochSeries
from rnnviz.probe.gradient_flow import NextStepStats, TokenContribution
from rnnviz.probe.memory_gauge import recurrent_name
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.questions.feed import pictures
from rnnviz.questions.feed.measure import FeedLab
from rnnviz.questions.subject import GradientSource, beside, gradient_source
from rnnviz.ui.choices import choose_layer
from rnnviz.ui.sheet import Chart, Column, Sheet, go_to_click, no_room
from rnnviz.ui.style import theme


def _charts(session: Session) -> tuple[Column[GradientSource], Column[GradientSource]]:
    reads = {"part": "da_t x_tᵀ"}
    left = [
        Chart("feed_xh", 4.4, _columns("W_xh"), _narrow, text="feed", fields=reads),
        Chart("feed_hh", 2.6, _columns("W_hh"), _narrow),
    ]
    right = [
        Chart("map_xh", 3, _map("W_xh"), click=go_to_click, text="share_map"),
        Chart("map_hh", 3, _map("W_hh"), click=go_to_click, text="share_map"),
    ]
    if session.player.recorded:  # Its optimizer is another program's.
        return left, right
    # Every parameter has its row.
    height = min(6, max(3, 0.35 * len(session.state.parameters.named())))
    left.append(Chart("ratios", height, _ratios, _steps))
    right += [
        Chart("clipping", 2.4, _over_epochs(pictures.clipping_curves), _steps, go_to_click),
        Chart("angle", 2, _over_epochs(pictures.clipping_angle), _steps, go_to_click),
    ]
    return left, right


def _controls(session: Session) -> None:
    choose_layer(session, "gradients")
    if not session.player.recorded:
        st.caption(explanation("feed/steps"))


def _measure(session: Session) -> Iterator[None]:
    query, lab = gradient_source(session).query, session.lab(FeedLab)
    yield from lab.shares.develop(session.run, query)
    if not session.player.recorded:
        yield from lab.clipping.develop(session.run, query)


def _answer(source: GradientSource) -> str:
    """The share of the words before the last in the gradient of the input weights."""
    noun, history, state = source.session.names.noun, _shares(source), source.query.state
    if len(source.words) < 2:
        return f"One {noun}: all of the gradient comes from it."
    shares, row = history.column("W_xh"), history.nearest(state.epoch)
    now, start = (_percent(float(shares[k, :-1].sum())) for k in (row, 0))
    first = f"; at {source.session.unit} {history.epochs[0]} it was {start}" if row else ""
    if not np.isfinite(shares[row]).all():
        return "The gradient is too large for the shares of its parts."
    if source.pair and source.other:
        rest = source.other.session.lab(FeedLab).second_shares(source.other.query).W_xh[:-1]
        names, both = map(underlined, source.pair.names, (0, 1)), (now, _percent(float(rest.sum())))
        each = ", ".join(
            f"<strong>{share}</strong> in {name}" for share, name in zip(both, names, strict=True)
        )
        of = "of the input weights' gradient comes from what is before the last"
        return f"How much {of} {noun}: {each}."
    share = f"<strong>{now}</strong> of the input weights' gradient"
    words, when = f"{noun}s before the last contribute", history.epochs[row]
    if state.offset or when != state.epoch:
        return f"At {source.session.unit} {when}, {words} {share}{first}."
    return f"{words.capitalize()} {share}{first}."


def _shares(source: GradientSource) -> EpochSeries[TokenContribution]:
    return source.over_epochs(source.session.lab(FeedLab).shares)


def _percent(share: float) -> str:
    return "&lt;1%" if 0 < share < 0.005 else f"{share:.0%}"


def _ratios(source: GradientSource) -> Picture:
    second = source.second(_next_steps) if source.other else None
    steps, colors = _next_steps(source), source.theme("ratios")
    return pictures.ratio_dots(steps, colors, name=source.name, second=second)


def _next_steps(source: GradientSource, _: bool = False) -> NextStepStats:
    return source.session.lab(FeedLab).next_steps(source.query)


def _narrow(source: GradientSource) -> str:
    return no_room("numbers", len(source.words), MOST_NUMBERS, source.session.names.noun)


def _steps(source: GradientSource) -> str:
    return "Measured on the next training steps, without taking them."


def _columns(name: str) -> Callable[[GradientSource], Picture]:
    """Each word's share at the epoch shown, and at the second moment."""

    def drawn(source: GradientSource) -> Picture:
        history, state = _shares(source), source.query.state
        if name == "W_hh" and not recurrent_name(state.parameters):
            return sentence("Share in the gradient of the recurrent weights", NO_WEIGHTS, theme())
        shares = NowAndPinned(history.column(name)[history.nearest(source.query.state.epoch)])
        second = source.second(lambda of, _: of.session.lab(FeedLab).second_shares(of.query))
        if second:
            shares = shares._replace(name=second.name, second=getattr(second.values, name))
        colors = source.theme(f"feed_{name}")
        return pictures.share_columns(shares, name, source.words, colors, first=source.name)

    return drawn


def _map(name: str) -> Callable[[GradientSource], Picture]:
    return lambda of: pictures.share_map(
        _shares(of), name, gradient_rows(of.probe), of.course, theme(), noun=of.token_noun
    )


def _map_of(k: int, source: GradientSource) -> Picture:
    """The shares of one of two networks over the epochs."""
    one = (source, source.other)[k] or source
    name = source.pair.names[k] if source.pair else ""
    return pictures.share_map(
        _shares(one), "W_xh", gradient_rows(one.probe), source.longest, theme(), network=name,
        noun=one.token_noun,
    )  # fmt: skip


def _over_epochs(figure: Callable[..., Picture]) -> Callable[[GradientSource], Picture]:
    def drawn(source: GradientSource) -> Picture:
        second = source.second(_clipping) if source.other else None
        return figure(_clipping(source), source.course, theme(), name=source.name, second=second)

    return drawn


def _clipping(source: GradientSource, _: bool = False) -> EpochSeries[NextStepStats]:
    return source.over_epochs(source.session.lab(FeedLab).clipping)


def _of_both(pair: Pair) -> tuple[Column[GradientSource], Column[GradientSource]]:
    """Of both networks: one map each, that of the input weights."""
    left, right = _charts(pair.first)
    maps: list[Chart[GradientSource]] = [
        Chart(f"map_{k}", 2.6, partial(_map_of, k), click=go_to_click, text="share_map")
        for k in (0, 1)
    ]
    others = [replace(one, share=2.6) for one in right[2:] if isinstance(one, Chart)]
    return left, [*maps, *others]


TAB = Sheet(
    "feed", gradient_source, _answer, _charts, _controls, _measure, beside=beside, of_both=_of_both
)
