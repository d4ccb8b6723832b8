"""Tab *Trajectories*: all sequences in the plane of two principal components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.analysis.input_perturbation import Alter, Perturbation
from rnnviz.analysis.projection import Plane, participation
from rnnviz.analysis.trajectory import Cloud, Trajectory, cloud, token_targets
from rnnviz.app.browser_session import on_host
from rnnviz.app.frame import Frame
from rnnviz.app.numbers_table import numbers
from rnnviz.app.plane_axes import choose_axes
from rnnviz.app.stage import place_chart, place_text
from rnnviz.app.style import steady
from rnnviz.app.tabs.perturbation_choice import IN_PLACE, choose_alter
from rnnviz.app.tabs.tab import Tab, edition, source_of
from rnnviz.app.text import explanation
from rnnviz.app.viewer import Event
from rnnviz.figures.theme import HEIGHTS, plain, shown_token
from rnnviz.figures.trajectories import MOST_PANELS, multiples_height, small_multiples, trajectories
from rnnviz.lab.probe import Probe
from rnnviz.lab.units import spelled
from rnnviz.session import Session
from rnnviz.tasks.csv_table import TaskError

#: Maximum number of tokens drawn.
_MAX_TOKENS = 1_000
_FEW_UNITS = (
    "With one unit the states lie on a line: there is no plane to draw them in. "
    "Choose two hidden units or more."
)
_FEW_STATES = (
    "The network reads all the training data in one step, and one state makes no trajectory. "
    "Use longer sequences, or more of them."
)


def trajectories_tab(session: Session, controls: DeltaGenerator) -> Tab:
    """Lay out the choice of the plane, the picture, and the small multiples below it."""
    del controls
    few_states = session.units.activations(source_of(session)).states.shape[0] < 2
    if few_states or session.config.hidden < 2:
        st.info(_FEW_STATES if few_states else _FEW_UNITS)
        return Tab(lambda frame: None)
    _controls(session)
    place_text("fitted")
    text = explanation(_text_name(session), noun=session.names.noun)
    place_chart("trajectories", HEIGHTS["trajectories"], text, clicks=True)
    panels = _panels(session, session.inspect())
    numbers("hidden_ways", {"Trajectories": lambda: _table(session)})

    def draw(frame: Frame) -> None:
        probe, plane = session.inspect(), _plane(session)
        frame.texts["fitted"] = _axes_html(session, plane)
        frame.chart("trajectories", _trajectories, session, probe, plane)
        if panels:
            frame.chart("multiples", _multiples, session, probe, plane)

    return Tab(draw, {"trajectories": lambda event: _open(session, event)})


def _text_name(session: Session) -> str:
    """The name of the text below the picture, depending on the meaning of its colours."""
    if source_of(session).readable:
        return "trajectories"
    data = session.dataset
    ordered = not data.answers_classes and len(data.classes) == 1
    return f"trajectories_{'values' if ordered else 'classes'}"


def _controls(session: Session) -> None:
    lab, hidden = session.units, session.config.hidden
    with st.container(horizontal=True, vertical_alignment="bottom", key="ways_bar"):
        lab.axes = choose_axes("plane", lab.axes, (edition(session), hidden), hidden)
        refit = on_host(lambda here: here.units.refit())
        st.button(
            "Refit", key="refit", on_click=refit,
            help="Fit the components to the states of the epoch shown. Otherwise the axes stay "
            "fixed, and only the states move.",
        )  # fmt: skip


def _plane(session: Session) -> Plane:
    source = source_of(session)
    plane = session.units.plane(source, session.run)
    if plane is None:
        session.units.axes = (0, 1)
        plane = session.units.plane(source, session.run)
    assert plane is not None
    return plane


def _axes_html(session: Session, plane: Plane) -> str:
    """When the axes were fitted, and their share of the variance of the states shown."""
    activations = session.units.activations(source_of(session))
    ratio = participation(activations.states)
    both, fitted = sum(plane.explained), plane.basis.epoch
    share = f"the two carry <b>{both:.1%}</b> of the variance of the states shown"
    drawn = activations.drawn(_MAX_TOKENS).count
    if not activations.states.std(axis=0).any():
        share = "the states shown don't vary at all"
    return (
        f'<div class="rnnviz-said">Axes fitted at epoch <b>{fitted}</b> to the '
        f"{len(activations.words):,} states of {activations.count} training sequences, and kept: "
        f"{share}; "
        f"participation ratio <b>{ratio:.2f}</b> of {activations.states.shape[1]} units."
        f"{f' The picture shows {drawn} of them.' if drawn < activations.count else ''}</div>"
    )


def _trajectories(session: Session, probe: Probe, plane: Plane) -> Any:
    path, colors = _path(session, probe, plane), steady(session, "ways", session.part)
    return trajectories(_cloud(session, plane), path, plane, colors)


def _cloud(session: Session, plane: Plane) -> Cloud:
    data = session.dataset
    activations = session.units.activations(source_of(session)).drawn(_MAX_TOKENS)
    return cloud(activations, plane, token_targets(activations, data.train), data.classes)


def _path(session: Session, probe: Probe, plane: Plane) -> Trajectory:
    states = probe.unrolled(session.layer).of(session.part)
    return Trajectory(plane.project(states), probe.words)


def _open(session: Session, event: Event) -> None:
    """Make the sequence of the clicked point the probe."""
    index = event.get("data")
    if isinstance(index, int) and 0 <= index < len(session.dataset.train):
        session.ask(session.dataset.train[index].text)


def _panels(session: Session, probe: Probe) -> bool:
    """Put the small multiples here, or a sentence that says why there are none."""
    words = probe.reading.words
    if len(words) < 2:
        st.info(f"With one {session.names.noun} there is nothing to leave out or to swap.")
        return False
    with st.container(horizontal=True, vertical_alignment="bottom", key="panels_bar"):
        label = f"Change to each {session.names.noun} below"
        choose_alter(session, label, words[0], IN_PLACE)
    noun = session.names.noun
    which = f"each of the first {MOST_PANELS} of {len(words)} {noun}s"
    few = len(words) <= MOST_PANELS
    text = explanation("multiples", noun=noun, which=f"each {noun}" if few else which)
    place_chart("multiples", multiples_height(len(words)), text)
    return True


def _multiples(session: Session, probe: Probe, plane: Plane) -> Any:
    words = probe.reading.words[:MOST_PANELS]
    others = [_panel(session, probe, index, plane) for index in range(len(words))]
    colors = steady(session, "multiples", session.part)
    return small_multiples(_path(session, probe, plane), others, plane, colors)


def _panel(session: Session, probe: Probe, index: int, plane: Plane) -> tuple[str, Trajectory]:
    """The title and the trajectory of the probe with one word altered."""
    words, perturbation = probe.reading.words, session.units.perturbation._replace(place=index)
    title, altered = _title(words, perturbation), perturbation.applied(words)
    if altered == words:
        return f"{title}: unchanged", _path(session, probe, plane)
    try:
        other = session.inspect(spelled(session.dataset, altered))
    except TaskError:
        return f"{title}: nothing to read", Trajectory(np.empty((0, 2)), ())
    verdict = "" if other.every else f": {plain(shown_token(other.verdict), 12)}"
    return f"{title}{verdict}", _path(session, other, plane)


def _title(words: Sequence[str], perturbation: Perturbation) -> str:
    here = _quoted(words[perturbation.place])
    if perturbation.alter is Alter.DROP:
        return f"no {here}"
    if perturbation.alter is Alter.CHANGE:
        return f"{here} → {_quoted(perturbation.word)}"
    after = words[perturbation.place + 1 : perturbation.place + 2]
    return f"{here} ↔ {_quoted(after[0])}" if after else f"{here}, the last"


def _quoted(word: str) -> str:
    return f"“{plain(shown_token(word), 12)}”"


def _table(session: Session) -> pd.DataFrame:
    plane = _plane(session)
    points = _cloud(session, plane)
    columns = {
        "sequence": points.activations.owners + 1,
        "place": points.activations.steps + 1,
        session.names.noun: points.activations.words,
        "target": points.labels,
    }
    axes = (f"component {axis + 1}" for axis in plane.axes)
    return pd.DataFrame(columns | dict(zip(axes, points.points.T, strict=True)))
