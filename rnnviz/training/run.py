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
from rnnviz.training.schedule import EDIT, Place, Schedule
from rnnviz.training.snapshots import Snapshots
from rnnviz.training.weight_edits import Edit, apply_edits

#: Weights times tokens times examples that are worked through in about a millisecond.
_WORK = 2_000_000
_NO_SCORE = Score(float("nan"), float("nan"))


def place_of(state: TrainState | TrainBuffers) -> Place:
    """Where in its run a state is, or the memory of training."""
    return Place(state.epoch, state.position)


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
        self._finite = Place(0)
        self._enter(self._first())
        if not self._append_scores():
            self._begin_unedited()

    def _first(self) -> TrainState:
        """The state at epoch 0."""
        state = begin(self._architecture, self.schedule.start)
        return replace(state, parameters=self._edited(state.parameters, Place(0)))

    def _begin_unedited(self) -> None:
        """Begin without the edits at the very start that break the network, if there are any."""
        changes = (c for c in self.schedule.changes if (c.place, c.name) != (Place(0), EDIT))
        self.schedule = Schedule(self.schedule.start, tuple(changes))
        self._enter(self._first())
        self.snapshots.add(self._buffers.now)
        # There must be something to look at, even where the losses are not finite to begin with.
        self.history.append(*self._scores(self._buffers.parameters))

    def _be(self, state: TrainState) -> None:
        """Make this state the present."""
        self._state: TrainState | None = state
        self._place = place_of(state)
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
            buffers = self._buffers if self._inside else self._found(self._place)
            self._state = buffers.now.copy()
        return self._state

    @property
    def config(self) -> RunConfig:
        """The settings in force where the run is now."""
        return self.schedule.last

    @property
    def place(self) -> Place:
        """Where the run is now."""
        return self._place

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

    def after(self, place: Place) -> Place:
        """The place one step later."""
        return self.clamped(place._replace(position=place.position + self.batch))

    def clamped(self, place: Place) -> Place:
        """The place itself, or where its batch begins; at the end of an epoch the next epoch."""
        if place.position >= self.examples:
            return Place(place.epoch + 1)
        return place._replace(position=place.position - place.position % self.batch)

    def train(self, count: int) -> bool:
        """Read ``count`` examples, or what is left of the epoch; whether the loss stays finite.

        If it doesn't, the run goes back to the last place where it was.
        """
        if not self._inside:
            self._enter(self.state)
        place, self._state = self._place, None
        fine = read = False
        try:
            fine, read = self._read(min(count, self.examples - place.position)), True
        finally:
            # Ctrl-C in a notebook may end a step anywhere.
            if not read:
                self._lose(place)
        if not fine:
            self._lose(self._finite)
            self._bookmarks.clear()
            self.configure(self.config)
        return fine

    def _read(self, count: int) -> bool:
        """Train, and where an epoch ends examine; whether all that is found is finite."""
        self._walk(count)
        theta, place = self._buffers.parameters.theta, place_of(self._buffers)
        if not np.isfinite([theta.min(), theta.max()]).all():
            return False
        if place.epoch > self._place.epoch and not self._append_scores():
            return False
        self._place = place
        return True

    def _lose(self, place: Place) -> None:
        """Be where the run has been, with a state that is found when it is next asked for."""
        self._state, self._place, self._inside = None, place, False
        # What ended a step may have ended it anywhere between its scores and its snapshot.
        if self._finite > place:
            self._finite = Place(place.epoch)
        self.snapshots.drop_after(place.epoch)
        self.history = self.history.until(place.epoch)

    def _walk(self, count: int) -> None:
        """Read ``count`` examples inside an epoch, each with the settings of its place."""
        buffers = self._buffers
        end = buffers.position + count
        while True:
            place = place_of(buffers)
            change = self.schedule.next_change(place)
            stop = change.position if change and change < (place.epoch, end) else end
            train_on(buffers, self.schedule.at(place), stop - place.position)
            edited = self._edited(buffers.parameters, place_of(buffers))
            if edited is not buffers.parameters:
                buffers.parameters.theta[...] = edited.theta
            if stop == end:
                return

    def _edited(self, parameters: Parameters, place: Place) -> Parameters:
        """The parameters after what is done by hand to them at ``place``."""
        edits = self.schedule.edits(place)
        return apply_edits(parameters, edits) if edits else parameters

    def _append_scores(self) -> bool:
        """Note how well is done now, where an epoch ends, if that is finite; whether it is."""
        now = self._buffers.now
        train, test = scores = self._scores(now.parameters)
        if not self._finite_where_known(scores):
            return False
        self.history.append(train, test)
        self.snapshots.add(now)
        self._finite = place_of(now)
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
        self.schedule = self.schedule.changed(self.place, config)

    def at(self, place: Place) -> TrainState:
        """The state at a place that the run has passed, with the very same weights."""
        if place >= self._place:
            return self.state
        seen = self._bookmarks.pop("", None)
        if not seen or place_of(seen) != place:
            seen = self._found(place, seen).now.copy()
        self._bookmarks[""] = seen
        return seen

    def visit(self, place: Place, reader: str) -> TrainState:
        """The same for one look: the weights are in the memory of training, whatever comes next.

        Replayed from the nearest snapshot, or from where the same ``reader`` looked last.
        """
        if place >= self._place:
            return self.state
        now = self._found(place, self._bookmarks.pop(reader, None)).now
        if place.epoch != self.snapshots.before(place.epoch):
            self._bookmarks[reader] = now.copy()
        return now

    def _found(self, place: Place, last: TrainState | None = None) -> TrainBuffers:
        """The memory of training at ``place``, replayed from the nearest snapshot or ``last``."""
        buffers = self._borrowed()
        nearest = Place(self.snapshots.before(place.epoch) or 0)
        if last and nearest <= place_of(last) <= place:
            buffers.enter(last)
        elif not self.snapshots.restore(place.epoch, buffers):
            buffers.enter(self._first())
        while (now := place_of(buffers)) < place:
            end = place.position if now.epoch == place.epoch else self.examples
            self._walk(end - now.position)
        return buffers

    def branch(self, place: Place, edits: Sequence[Edit] = ()) -> Ghost:
        """Make ``place`` the present, and return the run as it was.

        With ``edits``, after which the losses must be finite (see ``bears``), the weights of the
        present are edited, and so are those found there whenever the place is reached again.
        """
        ghost = Ghost(place, self.place, self.history, self.schedule)
        schedule = self.schedule.changed(place, self.config).edited(place, edits)
        # Edits where an epoch begins change its scores, and its snapshot.
        anew = bool(edits) and not place.position
        state, history = self.at(place), self.history.until(place.epoch - anew)
        if edits:
            state = replace(state, parameters=apply_edits(state.parameters, edits))
        if anew:
            history.append(*self.examine(state.parameters))
        self._be(state)
        self._finite, self.schedule, self.history = place, schedule, history
        self._bookmarks.clear()
        self.snapshots.drop_after(place.epoch - anew)
        if anew:
            self.snapshots.add(state)
        return ghost
