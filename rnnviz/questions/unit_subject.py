"""What the pictures of the units are made from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.charts.hidden_states import View
from rnnviz.charts.theme import Theme
from rnnviz.charts.unit_rows import Rows
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Activations
from rnnviz.probe.probe import Probe
from rnnviz.probe.session import Session
from rnnviz.probe.units import StateSource, UnitLab
from rnnviz.questions.carry.measure import UnitQuery
from rnnviz.ui.heatmap_choice import view_of
from rnnviz.ui.style import steady
from rnnviz.ui.tab import source_of


class Subject(NamedTuple):
    """The states of the run, the phrase, and the choices of the lab.

    ``source`` is that of the activations: while large data are played, of an earlier epoch.
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
    def rows(self) -> Rows:
        """The units in their order, and the chosen one."""
        return Rows(self.lab.rows(self.source), self.lab.unit)

    @property
    def token(self) -> int:
        """The place in the phrase: the marked one, else that of the chosen word, else the last."""
        words, marked = self.probe.words, self.session.selection.token
        if marked is not None and marked < len(words):
            return marked
        return words.index(self.lab.word) if self.lab.word in words else len(words) - 1

    @property
    def query(self) -> UnitQuery:
        """What is shown over the epochs."""
        return UnitQuery(source_of(self.session), self.probe.trace, self.token)

    @property
    def view(self) -> View:
        """What is shown of the cell."""
        bridge = self.probe.unrolled(self.source.layer).bridge
        return view_of(self.session)._replace(bridge=bridge)

    def theme(self, key: str, *more: str) -> Theme:
        """The palette with a sticky scale for each picture, layer and state or gate."""
        return steady(self.session, key, str(self.source.layer), self.source.part, *more)


def subject_of(session: Session) -> Subject:
    """The subject now; a word that is marked in the phrase is the chosen one."""
    lab, probe, source = session.units, session.inspect(), source_of(session)
    marked, words = session.selection.token, probe.words
    if marked is not None and marked < len(words):
        lab.word = words[marked]
    if session.player.running:
        source = lab.playable(source)
    lab.look_at(source, session.selection.unit_of(session.config.hidden))
    return Subject(session, lab, source, probe)
