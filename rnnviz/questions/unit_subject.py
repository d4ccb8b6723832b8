"""UnitSubject: the states in the pictures of the units, and the measurement of all units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.charts.hidden_states import StateView
from rnnviz.charts.theme import Theme
from rnnviz.charts.units import UnitRows
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Activations
from rnnviz.probe.probe import Probe
from rnnviz.probe.session import Session
from rnnviz.probe.units import StateSource, UnitLab
from rnnviz.questions.carry.measure import UnitQuery
from rnnviz.ui.browser_session import visit
from rnnviz.ui.choices import measure_buttons, progress_html, view_of
from rnnviz.ui.style import sticky_theme

#: Maximum number of words offered in a choice.
MOST_CHOICES = 300


class UnitSubject(NamedTuple):
    """The states of the run, the phrase, and the choices of the lab.

    While large data are played, the activations of ``source`` are those of an earlier epoch.
    """

    session: Session
    lab: UnitLab
    source: StateSource
    probe: Probe

    @property
    def activations(self) -> Activations:
        """The states on the training sequences."""
        return self.lab.activations(self.source)

    @property
    def states(self) -> Array:
        """The states on the phrase, (T, H)."""
        return self.probe.unrolled(self.source.layer).of(self.source.part)

    @property
    def finite(self) -> bool:
        """Whether all these states are finite."""
        return bool(np.isfinite(self.states).all() and np.isfinite(self.activations.states).all())

    @property
    def rows(self) -> UnitRows:
        """The units in their order, and the chosen one."""
        return UnitRows(self.lab.rows(self.source), self.lab.unit)

    @property
    def token(self) -> int:
        """The index of the marked token, else of the chosen word, else of the last token."""
        words, marked = self.probe.words, self.session.selection.token
        if marked is not None and marked < len(words):
            return marked
        return words.index(self.lab.word) if self.lab.word in words else len(words) - 1

    @property
    def query(self) -> UnitQuery:
        """The query over the epochs."""
        return UnitQuery(source_of(self.session), self.probe.trace, self.token)

    @property
    def view(self) -> StateView:
        """The view of the chosen state or gate."""
        bridge = self.probe.unrolled(self.source.layer).bridge
        return view_of(self.session)._replace(bridge=bridge)

    def theme(self, key: str, *more: str) -> Theme:
        """The theme with a sticky scale for each picture, layer and state or gate."""
        return sticky_theme(self.session, key, str(self.source.layer), self.source.part, *more)


def subject_of(session: Session) -> UnitSubject:
    """The subject now; a marked token is the chosen word."""
    lab, probe, source = session.units, session.inspect(), source_of(session)
    marked, words = session.selection.token, probe.words
    if marked is not None and marked < len(words):
        lab.word = words[marked]
    if session.player.running:
        source = lab.playable(source)
    lab.look_at(source, session.selection.unit_of(session.config.hidden))
    return UnitSubject(session, lab, source, probe)


def source_of(session: Session) -> StateSource:
    """The source of the states shown now."""
    return StateSource(session.state, session.dataset, session.layer, session.part)


def edition(session: Session) -> tuple[int, int]:
    """The counts of visits to the page and this tab: a new visit resets their widgets."""
    return visit("hidden"), visit(session.questions["hidden"], "tab_visit")


def why_not_measured(session: Session) -> str:
    """Why the ablation loss of some units is unknown."""
    return _reason(session) or "The measurement is running."


def measuring_html(session: Session, rises: Array) -> str:
    """The same as HTML, with a progress bar while the units are measured."""
    doing = "Measuring the units"
    return _reason(session) or progress_html(doing, 1 - float(np.isnan(rises).mean()))


def _reason(session: Session) -> str:
    loss = session.run.history.row(session.player.position.epoch)["train_loss"]
    if session.dataset.labelled and not np.isfinite(loss):
        return "The loss is not finite, so no unit can be measured."
    if session.player.running:
        return "Pause to measure the units."
    return "Press Measure to measure all units." if session.units.effort.waiting else ""


def ablation_buttons(session: Session) -> None:
    """The buttons that begin and cancel the ablation of all units."""
    effort = session.units.effort
    measure_buttons(
        lambda here: here.units.effort.ask(), lambda here: here.units.effort.cancel(),
        ready=effort.waiting, going=effort.asked,
        tip="Silence each unit alone. Takes longer than a second: press Measure.",
    )  # fmt: skip
