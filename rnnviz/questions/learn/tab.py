"""Tab *How does it learn?*: one network or two over one sequence, and the curves of the runs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from html import escape
from itertools import chain

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.answers import free_run
from rnnviz.charts.first_page import DEVELOP, compared_network, curves, explained, words_of
from rnnviz.charts.pair_page import both_curves, both_of, develop, explained_pair, networks
from rnnviz.charts.pair_story import story_html
from rnnviz.charts.picture import Picture
from rnnviz.charts.series_pictures import continued
from rnnviz.charts.texts import explanation, score_text, verdict_html
from rnnviz.probe.pair import Pair
from rnnviz.probe.probe import Probe
from rnnviz.probe.session import Session
from rnnviz.questions.learn.measure import (
    continued_series,
    free_values,
    runs_free,
    writes,
    written,
)
from rnnviz.tasks.forecasts import expects_values
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.choices import choose_view
from rnnviz.ui.frame import Frame
from rnnviz.ui.stage import place_canvas, place_chart, place_text
from rnnviz.ui.style import sticky_theme, theme
from rnnviz.ui.viewer import Scene

_TEMPERATURE = (
    "How random the text of the network is: the lower, the more often the most probable token "
    "comes next; at 1 each token has the predicted probability."
)


def _sample_html(session: Session, probe: Probe) -> str:
    """The end of the input, the text generated from it, and the perplexities."""
    epoch = session.player.position.epoch
    scores = session.run.history.row(epoch)
    losses = {role: scores[f"{role}_loss"] for role in ("train", "test")}
    with np.errstate(over="ignore"):
        found = {role: float(np.exp(loss)) for role, loss in losses.items()}
    perplexities = [
        f"{role} {score_text(value, '{:.2f}')}"
        for role, value in found.items()
        if role == "train" or not math.isnan(value)
    ]
    sample = escape(written(probe, session.temperature, session.config.seed, epoch))
    read = escape(probe.reading.text[-60:])
    return (
        '<div class="rnnviz-sample"><small>The network continues by itself; perplexity '
        f"{', '.join(perplexities)} of {len(session.dataset.classes)}</small>"
        f"<p><i>{read}</i><b>{sample}</b></p></div>"
    )


class _Learn:
    def lay_out(
        self, pair: Pair, controls: DeltaGenerator, left: DeltaGenerator, right: DeltaGenerator
    ) -> Scene:
        """Place both pictures, and below them text or values that the network generates.

        The curves have those of other seeds, too, if they are shown.
        """
        session, with_luck = pair.session, pair.luck_shown and not pair.second
        with controls:
            choose_view(session, "train")
        texts = explained(session)
        with left:
            place_canvas("network", "network", texts["network"])
            if writes(session.dataset):
                first = first_value("temperature", visit("train"), session.temperature)
                session.temperature = st.slider(
                    "Temperature", 0.1, 2.0, first, 0.1, key="temperature", help=_TEMPERATURE
                )
                place_text("sample")
            if runs_free(session.dataset):
                place_chart("free", 230, explanation("learn/free"))
            if expects_values(session.dataset):
                place_chart("continued", 260, explanation("learn/continued"))
        with right:
            if with_luck:
                place_canvas("pair_curves", "pair_curves", explained_pair(pair)["pair_curves"])
            else:
                place_canvas("curves", "curves", texts["curves"])
        return with_seeds(self.live(pair), pair) if with_luck else self.live(pair)

    def live(self, pair: Pair) -> Scene:
        """The tab with its last choices, for the session host to draw and to measure."""
        session = pair.session

        def job() -> Iterator[None]:
            return session.memory.develop(session.run, session.gradient_query())

        kinds = {"network": "network", "curves": "curves"}
        return Scene(session, partial(_draw, pair), job=job, kinds=kinds)


TAB = _Learn()


def with_seeds(scene: Scene, pair: Pair) -> Scene:
    """The scene with the curves of other seeds, too."""

    def seeds() -> Picture:
        return both_curves(both_of(pair), theme(), _budget(pair.running))

    def draw(frame: Frame) -> None:
        scene.draw(frame)
        frame.chart("pair_curves", seeds)

    def job() -> Iterator[object]:
        return chain(scene.job() if scene.job else (), develop(pair))

    kinds = {**scene.kinds, "pair_curves": "pair_curves"}
    return replace(scene, draw=draw, job=job, kinds=kinds)


def _budget(running: bool) -> float:
    """Seconds per frame for earlier epochs: while the run rests, the scene's job measures them."""
    return DEVELOP if running else 0.0


def _draw(pair: Pair, frame: Frame) -> None:
    session = pair.session
    probe, followed = session.inspect(), pair.token if pair.second else 0
    frame.texts["verdict"] = verdict_html(probe, session.phrase_input.problem)
    words, colors = words_of(session, probe), sticky_theme(session, "network")
    frame.chart("network", compared_network, session, probe, words, colors, followed)
    frame.chart("curves", curves, session, probe, theme(), _budget(session.player.running))
    if writes(session.dataset):
        frame.text("sample", _sample_html, session, probe)
    if runs_free(session.dataset):
        inputs, values, names = probe.example.inputs, free_values(probe), session.dataset.classes
        frame.chart("free", free_run, inputs, values, names, sticky_theme(session, "free"))
    if expects_values(session.dataset):
        frame.chart("continued", _continued, probe)


def _continued(probe: Probe) -> Picture:
    past, found = continued_series(probe)
    series = probe.dataset.series
    assert series, "only values of series are continued"
    several = len({piece.name for piece in series.train}) > 1
    return continued(found, past, series.columns.expected, theme(), named=several)


def lay_out_pair(pair: Pair, left: DeltaGenerator, right: DeltaGenerator) -> Scene:
    """Place the picture of both networks and that of both runs."""
    for (name, text), place in zip(explained_pair(pair).items(), (left, right), strict=True):
        with place:
            place_canvas(name, name, text)
    return live_pair(pair)


def live_pair(pair: Pair) -> Scene:
    """The scene of both networks, for the session host to draw and to measure."""

    def click(event: dict[str, object]) -> None:
        pair.token = int(str(event["x"]))

    def draw(frame: Frame) -> None:
        if pair.second is None:  # The page is about to be laid out for one network.
            return
        both = both_of(pair)
        frame.texts["story"] = story_html(both)
        frame.chart("pair_network", networks, both, sticky_theme(pair.first, "pair"))
        frame.chart("pair_curves", both_curves, both, theme(), _budget(pair.running))

    kinds = {key: key for key in ("pair_network", "pair_curves")}
    return Scene(pair.first, draw, {"pair_network": click}, partial(develop, pair), kinds=kinds)
