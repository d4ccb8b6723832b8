"""Subjects: what the pictures of the gradients and of the units show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from rnnviz.charts.axes import last_epoch
from rnnviz.charts.hidden_states import StateView, UnitRows
from rnnviz.charts.shapes import Second
from rnnviz.charts.theme import Theme
from rnnviz.config import RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import TrainState
from rnnviz.probe.activations import Activations
from rnnviz.probe.cache import Memo
from rnnviz.probe.comparison import second_probe
from rnnviz.probe.epoch_series import EpochSeries, Record
from rnnviz.probe.gradient_flow import ANSWERS, GradientQuery, compared
from rnnviz.probe.jacobians import covered
from rnnviz.probe.memory_gauge import recurrent_name
from rnnviz.probe.pair import Pair
from rnnviz.probe.probe import Probe, phrase_key
from rnnviz.probe.session import Session
from rnnviz.probe.units import StateSource, UnitLab
from rnnviz.questions.carry.measure import UnitQuery
from rnnviz.run.history import RunCurves
from rnnviz.run.schedule import Position
from rnnviz.ui.browser_session import visit
from rnnviz.ui.choices import measure_buttons, progress_html, view_of
from rnnviz.ui.style import sticky_theme

Row = TypeVar("Row")


class SecondMoment:
    """The phrase at a second moment of the run, cached."""

    def __init__(self) -> None:
        self._memo = Memo()

    def query(self, query: GradientQuery, state: TrainState, config: RunConfig) -> GradientQuery:
        """The query for the same phrase in another state of the run."""
        trace = self._memo.ask(
            "trace", (state, config, *phrase_key(query.trace)),
            lambda: query.at(state, config).trace,
        )  # fmt: skip
        return query._replace(state=state, config=config, trace=trace)


class GradientSource(NamedTuple):
    """The session, its probe, and the query; the pair, if both networks are shown.

    ``other`` is the source of the second network then.
    """

    session: Session
    probe: Probe
    query: GradientQuery
    pair: Pair | None = None
    other: GradientSource | None = None

    @property
    def name(self) -> str:
        """What the network is called beside another one; else empty."""
        return self.pair.names[0] if self.pair else ""

    @property
    def words(self) -> tuple[str, ...]:
        """The names of the probe's tokens."""
        return self.probe.step_names

    @property
    def token_noun(self) -> str:
        """The noun for any token in a picture: a series has steps."""
        return "step" if self.probe.step_texts else "token"

    @property
    def bridge(self) -> int:
        """The token at which a decoder begins, else 0."""
        return self.probe.unrolled().bridge

    @property
    def course(self) -> RunCurves:
        """The losses and scores of the run."""
        return self.session.player.course

    @property
    def longest(self) -> RunCurves:
        """The run with more epochs, of two: the axis of both."""
        both = [one.course for one in (self, self.other) if one]
        return max(both, key=last_epoch)

    def over_epochs(self, record: Record[Row]) -> EpochSeries[Row]:
        """The rows of a record of this run."""
        return record.series(self.session.run, self.query)

    def second(self, measure: Callable[[GradientSource, bool], Any]) -> Second | None:
        """A measurement of the second network, if both are shown; else of a second moment.

        That is the one that is pinned, or the present; None if it is the one shown. ``measure``
        gets its source, and whether it is another moment than the lab's own.
        """
        if self.pair and self.other:
            return Second(measure(self.other, False), self.pair.names[1], network=True)
        state, run = self.session.second_state, self.session.run
        if state is None:
            return None
        config = run.schedule.at(Position(state.epoch, state.offset))
        query = self.session.lab(SecondMoment).query(self.query, state, config)
        name = f"{self.session.unit} {state.epoch}"
        return Second(measure(self._replace(query=query), True), name)

    def theme(self, key: str) -> Theme:
        """The palette with a sticky scale for each picture, objective and layer."""
        return sticky_theme(self.session, key, self.query.objective, str(self.query.layer))


def beside(source: GradientSource, pair: Pair) -> GradientSource:
    """The source with both networks."""
    if (session := pair.second) is None:
        return source
    probe = second_probe(source.session, session)
    layers = [one.config.layers for one in (source.session, session)]
    layer = source.query.layer if layers[0] == layers[1] else layers[1] - 1
    query = session.gradient_query(probe, source.query.objective)._replace(layer=layer)
    return source._replace(pair=pair, other=GradientSource(session, probe, query))


def gradient_source(session: Session) -> GradientSource:
    """The source at the epoch shown."""
    probe = session.inspect()
    return GradientSource(session, probe, session.gradient_query(probe))


def name_of_weights(parameters: Parameters, layer: int = -1) -> str:
    """The recurrent weights in a text: their name, or that the cell has none."""
    return recurrent_name(parameters, layer) or "the recurrent weights (this cell has none)"


# What a picture was measured on


def compared_sequences(source: GradientSource) -> str:
    """The sequences on which both gradients are compared, as a remark."""
    data = source.session.dataset
    train = data.train
    noun = source.session.names.generic
    return f"Measured on {compared(train):,} of the {len(train):,} {data.role} {noun}s."


def probe_sequence(source: GradientSource) -> str:
    """The probe, and its answers if not all are covered."""
    answers = len(source.probe.answers)
    some = f"{ANSWERS} of the {answers} answers of " if answers > ANSWERS else ""
    noun = source.session.names.generic
    return f"Measured on {some}this {noun} of {_tokens(source)}. {source.probe.basis}"


def jacobian_tokens(source: GradientSource) -> str:
    """The tokens whose Jacobians are computed."""
    steps, noun = len(source.words) - source.bridge, source.session.names.generic
    count = covered(source.query.state.parameters.architecture, steps)
    if count == len(source.words):
        return f"Measured on this {noun} of {_tokens(source)}."
    last = "" if count == steps else f"the last {count} of "
    own = f"the decoder's {steps} of " if source.bridge else ""
    return f"Measured on {last}{own}this {noun}'s {_tokens(source)}."


def _tokens(source: GradientSource) -> str:
    noun, tokens = source.session.names.noun, len(source.words)
    return f"{tokens} {noun}{'s' * (tokens > 1)}"


# The states in the pictures of the units, and the measurement of all units


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
    pair: Pair | None = None

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
        lab.word = lab.chosen_word = words[marked]
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
        tip="Silence each unit alone. If it takes longer than a second, press Measure.",
    )  # fmt: skip
