"""Run: a training run that can be revisited at every position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.engine.evaluation import Evaluator, Score
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import TrainBuffers, TrainState, begin, train_on
from rnnviz.tasks.dataset import Dataset
from rnnviz.training.history import Ghost, History
from rnnviz.training.schedule import EDIT, Position, Schedule
from rnnviz.training.snapshots import Snapshots
from rnnviz.training.weight_edits import Edit, apply_edits

#: Weights times tokens times examples that are worked through in about a millisecond.
_WORK = 2_000_000
_NO_SCORE = Score(float("nan"), float("nan"))


def position_of(state: TrainState | TrainBuffers) -> Position:
    """Where in its run a state is, or the memory of training."""
    return Position(state.epoch, state.offset)


def architecture_of(dataset: Dataset, config: RunConfig) -> Architecture:
    """The network that these settings make for these data."""
    return Architecture(
        inputs=len(dataset.vocabulary),
        hidden=config.hidden,
        outputs=len(dataset.classes),
        kind=config.cell,
        activation=config.activation,
        layers=config.layers,
        source=len(dataset.source) if dataset.source else 0,
        loss=dataset.loss,
    )


class Run:
    """One run of training on ``dataset``: where it is, its scores, and its snapshots.

    While it trains its weights are in the memory of training alone.
    """

    def __init__(self, dataset: Dataset, schedule: Schedule) -> None:
        config = schedule.start
        self.dataset, self.schedule = dataset, schedule
        self.history = History()
        self._architecture = architecture_of(dataset, config)
        self._buffers = TrainBuffers(dataset.train, self._architecture, config)
        own, parts = self._buffers.parameters, (dataset.train, dataset.test)
        self.snapshots = Snapshots(own.theta)
        self._evaluators = [Evaluator(part, own) if part else None for part in parts]
        self._bookmarks: dict[str, TrainState] = {}
        self._finite = Position(0)
        self._enter(self._first())
        if not self._append_scores():
            self._begin_unedited()

    def _first(self) -> TrainState:
        """The state at epoch 0."""
        state = begin(self._architecture, self.schedule.start)
        return replace(state, parameters=self._edited(state.parameters, Position(0)))

    def _begin_unedited(self) -> None:
        """Begin without the edits at the very start that break the network, if there are any."""
        changes = (c for c in self.schedule.changes if (c.position, c.name) != (Position(0), EDIT))
        self.schedule = Schedule(self.schedule.start, tuple(changes))
        self._enter(self._first())
        self.snapshots.add(self._buffers.now)
        # There must be something to look at, even where the losses are not finite to begin with.
        self.history.append(*self._scores(self._buffers.parameters))

    def _be(self, state: TrainState) -> None:
        """Make this state the present."""
        self._state: TrainState | None = state
        self._position = position_of(state)
        #: Whether the memory of training holds the present, from where it can go on.
        self._inside = False

    def _enter(self, state: TrainState) -> None:
        """Make this state the present, in the memory of training."""
        self._be(state)
        self._buffers.enter(state)
        self._inside = True

    def _borrowed(self) -> TrainBuffers:
        """The memory of training, for something else than the present."""
        if self._inside:
            self._state, self._inside = self.state, False
        return self._buffers

    @property
    def state(self) -> TrainState:
        """The state of the run now."""
        if self._state is None:
            buffers = self._buffers if self._inside else self._found(self._position)
            self._state = buffers.now.copy()
        return self._state

    @property
    def config(self) -> RunConfig:
        """The settings in force where the run is now."""
        return self.schedule.last

    @property
    def position(self) -> Position:
        """Where the run is now."""
        return self._position

    @property
    def examples(self) -> int:
        """How many examples one epoch reads."""
        return len(self._buffers)

    @property
    def batch(self) -> int:
        """How many examples are read for one step."""
        return self.schedule.start.batch

    @property
    def stride(self) -> int:
        """How many examples can be read between two looks at the clock."""
        work = self._buffers.parameters.theta.size * self._buffers.longest * self.batch
        return self.batch * max(1, min(32, _WORK // work))

    def after(self, position: Position) -> Position:
        """The position one step later."""
        return self.clamped(position._replace(offset=position.offset + self.batch))

    def clamped(self, position: Position) -> Position:
        """The position itself, or where its batch begins; at the end of an epoch the next epoch."""
        if position.offset >= self.examples:
            return Position(position.epoch + 1)
        return position._replace(offset=position.offset - position.offset % self.batch)

    def train(self, count: int) -> bool:
        """Read ``count`` examples, or what is left of the epoch; whether the loss stays finite.

        If it doesn't, the run goes back to the last position where it was.
        """
        if not self._inside:
            self._enter(self.state)
        position, self._state = self._position, None
        fine = read = False
        try:
            fine, read = self._read(min(count, self.examples - position.offset)), True
        finally:
            # Ctrl-C in a notebook may end a step anywhere.
            if not read:
                self._lose(position)
        if not fine:
            self._lose(self._finite)
            self._bookmarks.clear()
            self.configure(self.config)
        return fine

    def _read(self, count: int) -> bool:
        """Train, and where an epoch ends examine; whether all that is found is finite."""
        self._walk(count)
        theta, position = self._buffers.parameters.theta, position_of(self._buffers)
        if not np.isfinite([theta.min(), theta.max()]).all():
            return False
        if position.epoch > self._position.epoch and not self._append_scores():
            return False
        self._position = position
        return True

    def _lose(self, position: Position) -> None:
        """Be where the run has been, with a state that is found when it is next asked for."""
        self._state, self._position, self._inside = None, position, False
        # What ended a step may have ended it anywhere between its scores and its snapshot.
        if self._finite > position:
            self._finite = Position(position.epoch)
        self.snapshots.drop_after(position.epoch)
        self.history = self.history.until(position.epoch)

    def _walk(self, count: int) -> None:
        """Read ``count`` examples inside an epoch, each with the settings of its position."""
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
        """The parameters after what is done by hand to them at ``position``."""
        edits = self.schedule.edits(position)
        return apply_edits(parameters, edits) if edits else parameters

    def _append_scores(self) -> bool:
        """Note how well is done now, where an epoch ends, if that is finite; whether it is."""
        now = self._buffers.now
        train, test = scores = self._scores(now.parameters)
        if not self._finite_where_known(scores):
            return False
        self.history.append(train, test)
        self.snapshots.add(now)
        self._finite = position_of(now)
        return True

    def bears(self, parameters: Parameters) -> bool:
        """Whether the losses are finite with these parameters: a run could go on from them."""
        return self._finite_where_known(self.examine(parameters))

    def _finite_where_known(self, scores: tuple[Score, Score]) -> bool:
        pairs = zip(scores, self._evaluators, strict=True)
        return all(np.isfinite(score.loss) for score, evaluator in pairs if evaluator)

    def examine(self, parameters: Parameters) -> tuple[Score, Score]:
        """How well the training and the test examples are known with these parameters.

        The memory of training is used for it: never call it inside a step.
        """
        self._borrowed()
        return self._scores(parameters)

    def _scores(self, parameters: Parameters) -> tuple[Score, Score]:
        train, test = (
            evaluator.score(parameters, self.dataset.metric.score) if evaluator else _NO_SCORE
            for evaluator in self._evaluators
        )
        return train, test

    def configure(self, config: RunConfig) -> None:
        """Train on with other settings from here."""
        self.schedule = self.schedule.changed(self.position, config)

    def at(self, position: Position) -> TrainState:
        """The state at a position that the run has passed, with the very same weights."""
        if position >= self._position:
            return self.state
        seen = self._bookmarks.pop("", None)
        if not seen or position_of(seen) != position:
            seen = self._found(position, seen).now.copy()
        self._bookmarks[""] = seen
        return seen

    def replay(self, position: Position, reader: str) -> TrainState:
        """The same for one look: the weights are in the memory of training, whatever comes next.

        Replayed from the nearest snapshot, or from where the same ``reader`` looked last.
        """
        if position >= self._position:
            return self.state
        now = self._found(position, self._bookmarks.pop(reader, None)).now
        if position.epoch != self.snapshots.before(position.epoch):
            self._bookmarks[reader] = now.copy()
        return now

    def _found(self, position: Position, last: TrainState | None = None) -> TrainBuffers:
        """The buffers of training at ``position``, replayed from a snapshot or from ``last``."""
        buffers = self._borrowed()
        nearest = Position(self.snapshots.before(position.epoch) or 0)
        if last and nearest <= position_of(last) <= position:
            buffers.enter(last)
        elif not self.snapshots.restore(position.epoch, buffers):
            buffers.enter(self._first())
        while (now := position_of(buffers)) < position:
            end = position.offset if now.epoch == position.epoch else self.examples
            self._walk(end - now.offset)
        return buffers

    def branch(self, position: Position, edits: Sequence[Edit] = ()) -> Ghost:
        """Make ``position`` the present, and return the run as it was.

        With ``edits``, after which the losses must be finite (see ``bears``), the weights of the
        present are edited, and so are those found there whenever the position is reached again.
        """
        ghost = Ghost(position, self.position, self.history, self.schedule)
        schedule = self.schedule.changed(position, self.config).edited(position, edits)
        # Edits where an epoch begins change its scores, and its snapshot.
        anew = bool(edits) and not position.offset
        state, history = self.at(position), self.history.until(position.epoch - anew)
        if edits:
            state = replace(state, parameters=apply_edits(state.parameters, edits))
        if anew:
            history.append(*self.examine(state.parameters))
        self._be(state)
        self._finite, self.schedule, self.history = position, schedule, history
        self._bookmarks.clear()
        self.snapshots.drop_after(position.epoch - anew)
        if anew:
            self.snapshots.add(state)
        return ghost
