"""GradientSource: what the pictures of the gradients show."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from rnnviz.charts.theme import Theme
from rnnviz.config import RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.training import TrainState
from rnnviz.probe.cache import Memo
from rnnviz.probe.epoch_series import EpochSeries, Record
from rnnviz.probe.gradients import ANSWERS, GradientQuery, compared
from rnnviz.probe.jacobians import covered
from rnnviz.probe.memory_gauge import eigenvalues, recurrent, recurrent_name
from rnnviz.probe.probe import Probe, phrase_key
from rnnviz.probe.session import Session
from rnnviz.run.history import RunCurves
from rnnviz.run.schedule import Position
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
    """The session, its probe, and the query."""

    session: Session
    probe: Probe
    query: GradientQuery

    @property
    def words(self) -> tuple[str, ...]:
        """The tokens of the probe."""
        return self.probe.words

    @property
    def bridge(self) -> int:
        """The token at which a decoder begins, else 0."""
        return self.probe.unrolled().bridge

    @property
    def course(self) -> RunCurves:
        """The losses and scores of the run."""
        return self.session.player.course

    def over_epochs(self, record: Record[Row]) -> EpochSeries[Row]:
        """The rows of a record of this run."""
        return record.series(self.session.run, self.query)

    @property
    def second(self) -> tuple[GradientQuery, str] | None:
        """The query and the name of the moment that is pinned, else of the present.

        None if that moment is the one shown.
        """
        state, run = self.session.second_state, self.session.run
        if state is None:
            return None
        config = run.schedule.at(Position(state.epoch, state.offset))
        query = self.session.lab(SecondMoment).query(self.query, state, config)
        return query, f"{self.session.unit} {state.epoch}"

    @property
    def eigenvalues(self) -> Array:
        """Those of the recurrent weights, the largest first."""
        return eigenvalues(recurrent(self.query.state.parameters, self.query.layer))

    @property
    def weights(self) -> str:
        """The name of the recurrent weights; empty if no state enters a matrix."""
        return recurrent_name(self.query.state.parameters, self.query.layer)

    def theme(self, key: str) -> Theme:
        """The palette with a sticky scale for each picture, objective and layer."""
        return sticky_theme(self.session, key, self.query.objective, str(self.query.layer))


def source_of(session: Session) -> GradientSource:
    """The source at the epoch shown."""
    probe = session.inspect()
    return GradientSource(session, probe, session.gradient_query(probe))


# What a picture was measured on


def compared_sequences(source: GradientSource) -> str:
    """Those on which both gradients are compared."""
    data = source.session.dataset
    train = data.train
    return f"Measured on {compared(train):,} of the {len(train):,} {data.role} sequences."


def probe_sequence(source: GradientSource) -> str:
    """The probe, and its answers if not all are covered."""
    answers = len(source.probe.answers)
    some = f"{ANSWERS} of the {answers} answers of " if answers > ANSWERS else ""
    return f"Measured on {some}this sequence of {_tokens(source)}. {source.probe.basis}"


def jacobian_tokens(source: GradientSource) -> str:
    """The tokens whose Jacobians are computed."""
    steps = len(source.words) - source.bridge
    count = covered(source.query.state.parameters.architecture, steps)
    if count == len(source.words):
        return f"Measured on this sequence of {_tokens(source)}."
    last = "" if count == steps else f"the last {count} of "
    own = f"the decoder's {steps} of " if source.bridge else ""
    return f"Measured on {last}{own}this sequence's {_tokens(source)}."


def _tokens(source: GradientSource) -> str:
    noun, tokens = source.session.names.noun, len(source.words)
    return f"{tokens} {noun}{'s' * (tokens > 1)}"
