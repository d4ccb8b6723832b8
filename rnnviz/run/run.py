"""Run: a training run whose state can be recovered at every past position."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rnnviz.cancellation import check_cancelled
from rnnviz.config import SETTINGS, RunConfig
from rnnviz.engine.evaluation import Evaluator, Score
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import TrainBuffers, TrainState, begin, train_on
from rnnviz.run.history import History, PreviousRun
from rnnviz.run.schedule import EDIT, Position, Schedule
from rnnviz.run.snapshots import Snapshots
from rnnviz.run.weight_edits import Edit, apply_edits
from rnnviz.tasks.dataset import Dataset

#: The settings that determine the initial weights.
_DRAWN_BY = tuple(name for name, row in SETTINGS.items() if row.group == "Network")


@dataclass(frozen=True, eq=False)
class FirstNetwork:
    """Weights from elsewhere, and the settings they came with.

    ``source`` names their origin, such as "PyTorch". ``note`` says how training differs here; it
    may be empty.
    """

    parameters: Parameters
    config: RunConfig
    source: str
    note: str = ""

    def begins(self, config: RunConfig) -> bool:
        """Whether a run with these settings begins with the weights, not with random ones."""
        return all(getattr(config, name) == getattr(self.config, name) for name in _DRAWN_BY)

    def copy_for(self, architecture: Architecture, config: RunConfig) -> Parameters | None:
        """A copy in the precision of the settings; None if the run doesn't begin with them."""
        own = self.parameters
        if own.architecture != architecture or not self.begins(config):
            return None
        return own.like(own.theta.astype(config.dtype.value))


#: Weights * tokens * examples processed in about a millisecond; and between two times at which
#: training or a replay can be cancelled.
_WORK, _PIECE = 2_000_000, 100_000_000
#: The score on a set that is missing or has no labels.
NO_SCORE = Score(float("nan"), float("nan"))


def position_of(state: TrainState | TrainBuffers) -> Position:
    """The position of a state, or of the training buffers."""
    return Position(state.epoch, state.offset)


def architecture_of(dataset: Dataset, config: RunConfig) -> Architecture:
    """The architecture that the settings define for a data set."""
    return Architecture(
        inputs=len(dataset.vocabulary),
        hidden=config.hidden,
        outputs=len(dataset.classes),
        kind=config.cell,
        activation=config.activation,
        layers=config.layers,
        source=len(dataset.source) if dataset.source else 0,
        loss=dataset.loss,
        equations=config.equations,
        constants=config.constants,
    )


class Checkpoint(NamedTuple):
    """The position of a run, its scores, and states from which it is replayed.

    The states are those at the start of some epochs, ascending, the epoch of ``position`` last.
    """

    position: Position
    history: History
    states: tuple[TrainState, ...]


class Run(ABC):
    """A run on ``dataset``: its scores, and its state at every position that can be recovered."""

    dataset: Dataset
    schedule: Schedule
    #: Weights from elsewhere that it began with.
    first: FirstNetwork | None
    history: History
    #: The present.
    position: Position

    @property
    @abstractmethod
    def state(self) -> TrainState:
        """The present state."""

    @property
    @abstractmethod
    def stored(self) -> list[int]:
        """The epochs whose states are stored, ascending."""

    @property
    @abstractmethod
    def examples(self) -> int:
        """Number of examples in an epoch."""

    @abstractmethod
    def after(self, position: Position) -> Position:
        """The position after the next step."""

    @abstractmethod
    def clamped(self, position: Position) -> Position:
        """The nearest position whose state can be recovered."""

    @abstractmethod
    def at(self, position: Position) -> TrainState:
        """The state at a past position, with exactly the same weights."""

    @abstractmethod
    def replay(self, position: Position, reader: str) -> TrainState:
        """Like ``at``, but the weights may be a view that is overwritten: read them at once."""

    @abstractmethod
    def scores(self, state: TrainState) -> tuple[Score, Score]:
        """The scores of a state of this run on the training and the test examples."""

    @abstractmethod
    def examine(self, parameters: Parameters) -> tuple[Score, Score]:
        """Evaluate parameters on the training and the test examples."""


class TrainingRun(Run):
    """A run that is trained here: its present state, scores and snapshots.

    During training only the training buffers hold the weights. With ``first`` it begins with the
    weights of another network, as long as the settings are those they came with. With a
    ``checkpoint`` it resumes another run of this schedule.
    """

    def __init__(
        self,
        dataset: Dataset,
        schedule: Schedule,
        first: FirstNetwork | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        config = schedule.start
        self.dataset, self.schedule, self.first = dataset, schedule, first
        self.history = History()
        self._architecture = architecture_of(dataset, config)
        self._buffers = TrainBuffers(dataset.train, self._architecture, config)
        own, parts = self._buffers.parameters, (dataset.train, dataset.test)
        self.snapshots = Snapshots(own.theta)
        self._evaluators = [
            Evaluator(part, own) if part and dataset.labelled else None for part in parts
        ]
        self._bookmarks: dict[str, TrainState] = {}
        self._state: TrainState | None = None
        self._last_finite = Position(0)
        if checkpoint:
            for state in checkpoint.states:
                self.snapshots.add(state)
            self.history = checkpoint.history
            self._last_finite = Position(checkpoint.position.epoch)
            self._set_present(checkpoint.position)
            return
        self._enter(self._initial_state())
        if not self._append_scores():
            # The edits at position 0 may make the losses non-finite: start again without them.
            self.schedule = Schedule(
                schedule.start,
                tuple(c for c in schedule.changes if (c.position, c.name) != (Position(0), EDIT)),
            )
            self._enter(self._initial_state())
            self.snapshots.add(self._buffers.now)
            # Epoch 0 needs a row even if its losses are not finite.
            self.history.append(*self._scores(self._buffers.parameters))

    @property
    def checkpoint(self) -> Checkpoint:
        """Copies of what another process needs to go on with this run."""
        epoch = self.position.epoch
        states = [*self.snapshots.states(self._buffers.parameters)]
        if not states or states[-1].epoch < epoch:
            states.append(self.at(Position(epoch)).copy())
        return Checkpoint(self.position, self.history.until(epoch), tuple(states))

    def _initial_state(self) -> TrainState:
        config, given = self.schedule.start, None
        if self.first:
            given = self.first.copy_for(self._architecture, config)
        state = TrainState(given) if given else begin(self._architecture, config)
        return replace(state, parameters=self._edited(state.parameters, Position(0)))

    def _set_present(self, position: Position, state: TrainState | None = None) -> None:
        """Make a position the present; without its ``state`` it is replayed when it is needed."""
        self._state, self.position = state, position
        #: Whether the training buffers hold the present state.
        self._buffered = False

    def _enter(self, state: TrainState) -> None:
        """Make a state the present, and load it into the training buffers."""
        self._set_present(position_of(state), state)
        self._buffers.enter(state)
        self._buffered = True

    def _borrow_buffers(self) -> TrainBuffers:
        """The training buffers, free to be overwritten: the present is copied out first."""
        if self._buffered:
            self._state, self._buffered = self.state, False
        return self._buffers

    @property
    def state(self) -> TrainState:
        """The present state."""
        if self._state is None:
            buffers = self._buffers if self._buffered else self._replayed(self.position, "present")
            self._state = buffers.now.copy()
        return self._state

    @property
    def stored(self) -> list[int]:
        """The epochs whose states are stored, ascending; at least epoch 0, which can be retrained.

        On a full disk there are no others.
        """
        return self.snapshots.epochs or [0]

    @property
    def examples(self) -> int:
        """Number of examples in an epoch."""
        return len(self._buffers)

    @property
    def batch(self) -> int:
        """Number of examples in a step."""
        return self.schedule.start.batch

    @property
    def stride(self) -> int:
        """Number of examples to train between two checks of the clock."""
        return self.batch * min(32, self._steps_of(_WORK))

    @property
    def piece(self) -> int:
        """Number of examples to train between two times at which it can be cancelled."""
        return self.batch * self._steps_of(_PIECE)

    def _steps_of(self, work: int) -> int:
        """The number of steps for about this much work; at least one."""
        return max(
            1, work // (self._buffers.parameters.theta.size * self._buffers.longest * self.batch)
        )

    def after(self, position: Position) -> Position:
        """The position after the next step."""
        return self.clamped(position._replace(offset=position.offset + self.batch))

    def clamped(self, position: Position) -> Position:
        """The start of the batch at a position, or of the next epoch at the end of an epoch.

        Before the start of the run it is the start.
        """
        return max(position, Position(0)).at_batch(self.examples, self.batch)

    @property
    def stalled(self) -> bool:
        """Whether the loss has not fallen below its lowest value for ``patience`` epochs."""
        patience = self.schedule.last.patience
        return bool(patience) and self.position.epoch - self.history.best >= patience

    @property
    def finished(self) -> bool:
        """Whether the run has reached its last epoch, or an early stop."""
        return self.position.epoch >= self.schedule.last.epochs or self.stalled

    def train(self, count: int) -> bool:
        """Train on the next ``count`` examples of the epoch; return whether the loss is finite.

        If it is not, the run returns to the last position with a finite loss.
        """
        if not self._buffered:
            self._enter(self.state)
        position, self._state = self.position, None
        finite = completed = False
        try:
            finite = self._train_and_score(min(count, self.examples - position.offset))
            completed = True
        finally:
            # Ctrl-C in a notebook can interrupt a step anywhere.
            if not completed:
                self._rewind(position)
        if not finite:
            self._rewind(self._last_finite)
            self._bookmarks.clear()
            self.configure(self.schedule.last)
        return finite

    def _train_and_score(self, count: int) -> bool:
        """Train, and score at the end of an epoch; return whether weights and losses are finite."""
        self._train_within_epoch(count)
        theta, position = self._buffers.parameters.theta, position_of(self._buffers)
        if not np.isfinite([theta.min(), theta.max()]).all():
            return False
        if position.epoch > self.position.epoch and not self._append_scores():
            return False
        self.position = position
        return True

    def _rewind(self, position: Position) -> None:
        self._set_present(position)
        # An interrupt can come between the scores and the snapshot.
        if self._last_finite > position:
            self._last_finite = Position(position.epoch)
        self.snapshots.drop_after(position.epoch)
        self.history = self.history.until(position.epoch)

    def _train_within_epoch(self, count: int) -> None:
        """Train the buffers on ``count`` examples, each with the settings of its position."""
        buffers = self._buffers
        end = buffers.offset + count
        while True:
            position = position_of(buffers)
            change = self.schedule.next_change(position)
            stop = change.offset if change and change < (position.epoch, end) else end
            train_on(buffers, self.schedule.at(position), stop - position.offset)
            edited = self._edited(buffers.parameters, position_of(buffers))
            if edited is not buffers.parameters:
                buffers.parameters.theta[...] = edited.theta
            if stop == end:
                return

    def _edited(self, parameters: Parameters, position: Position) -> Parameters:
        """The parameters after the weight edits at ``position``."""
        edits = self.schedule.edits(position)
        return apply_edits(parameters, edits) if edits else parameters

    def _append_scores(self) -> bool:
        """Record scores and snapshot at the end of an epoch, unless a loss is not finite."""
        now = self._buffers.now
        train, test = scores = self._scores(now.parameters)
        if not self._losses_finite(scores):
            return False
        self.history.append(train, test)
        self.snapshots.add(now)
        self._last_finite = position_of(now)
        return True

    def has_finite_losses(self, parameters: Parameters) -> bool:
        """Whether a run can continue with these parameters."""
        return self._losses_finite(self.examine(parameters))

    def _losses_finite(self, scores: tuple[Score, Score]) -> bool:
        pairs = zip(scores, self._evaluators, strict=True)
        return all(np.isfinite(score.loss) for score, evaluator in pairs if evaluator)

    def scores(self, state: TrainState) -> tuple[Score, Score]:
        """The scores of a state of this run on the training and the test examples."""
        if state.offset:
            return self.examine(state.parameters)
        row = [*self.history.row(state.epoch).values()]
        return Score(*row[:2]), Score(*row[2:])

    def examine(self, parameters: Parameters) -> tuple[Score, Score]:
        """Evaluate parameters on the training and the test examples.

        It overwrites the training buffers: never call it inside a step.
        """
        self._borrow_buffers()
        return self._scores(parameters)

    def _scores(self, parameters: Parameters) -> tuple[Score, Score]:
        train, test = (
            evaluator.score(parameters, self.dataset.metric) if evaluator else NO_SCORE
            for evaluator in self._evaluators
        )
        return train, test

    def configure(self, config: RunConfig) -> None:
        """Use other settings from the present position on."""
        self.schedule = self.schedule.changed(self.position, config)

    def at(self, position: Position) -> TrainState:
        """The state at a past position, with exactly the same weights."""
        if position >= self.position:
            return self.state
        state = self._bookmarks.get("")
        if not state or position_of(state) != position:
            state = self._bookmarks[""] = self._replayed(position, "").now.copy()
        return state

    def replay(self, position: Position, reader: str) -> TrainState:
        """Like ``at``, but the weights are a view of the training buffers: read them at once.

        Replayed from the nearest snapshot, or from the last position that ``reader`` asked for.
        """
        if position >= self.position:
            return self.state
        now = self._replayed(position, reader).now
        if position.epoch != self.snapshots.before(position.epoch):
            self._bookmarks[reader] = now.copy()
        return now

    def _replayed(self, position: Position, reader: str) -> TrainBuffers:
        """The training buffers at ``position``, replayed from a snapshot or the reader's bookmark.

        A replay that is cancelled leaves a bookmark where it is.
        """
        buffers, last = self._borrow_buffers(), self._bookmarks.pop(reader, None)
        nearest = Position(self.snapshots.before(position.epoch) or 0)
        if last and nearest <= position_of(last) <= position:
            buffers.enter(last)
        elif not self.snapshots.restore(position.epoch, buffers):
            buffers.enter(self._initial_state())
        piece, whole = self.piece, True
        try:
            while (now := position_of(buffers)) < position:
                check_cancelled()
                end = position.offset if now.epoch == position.epoch else self.examples
                whole = False
                self._train_within_epoch(min(piece, end - now.offset))
                whole = True
        finally:
            # Ctrl-C can come in the middle of a step.
            if whole and position_of(buffers) < position:
                self._bookmarks[reader] = buffers.now.copy()
        return buffers

    def branch(self, position: Position, edits: Sequence[Edit] = ()) -> PreviousRun:
        """Make ``position`` the present, and return the old run.

        With ``edits`` the weights at ``position`` are edited, now and in every replay. The losses
        must be finite after them (see ``has_finite_losses``).
        """
        ghost = PreviousRun(position, self.position, self.history, self.schedule)
        schedule = self.schedule.changed(position, self.schedule.last).edited(position, edits)
        # Edits at the start of an epoch change its scores and its snapshot.
        rescored = bool(edits) and not position.offset
        state, history = self.at(position), self.history.until(position.epoch - rescored)
        if edits:
            state = replace(state, parameters=apply_edits(state.parameters, edits))
        if rescored:
            history.append(*self.examine(state.parameters))
        self._set_present(position, state)
        self._last_finite, self.schedule, self.history = position, schedule, history
        self._bookmarks.clear()
        self.snapshots.drop_after(position.epoch - rescored)
        if rescored:
            self.snapshots.add(state)
        return ghost
