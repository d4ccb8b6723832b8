"""Run: a training run with its past; every place that it has passed can be reached again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.history import Ghost, History
from rnnviz.analysis.surgery import operate
from rnnviz.config import RunConfig
from rnnviz.edit import Edit
from rnnviz.engine.evaluation import Exam, Score
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import TrainState, Workspace, begin, train_examples
from rnnviz.schedule import EDIT, Place, Schedule
from rnnviz.tasks.dataset import Dataset

#: Weights times tokens times examples that are worked through in about a millisecond.
_WORK = 2_000_000
#: The most snapshots that are kept, in number and in bytes.
MOST_SNAPSHOTS, SNAPSHOT_BYTES = 200, 16_000_000
_NO_SCORE = Score(float("nan"), float("nan"))


def place_of(state: TrainState) -> Place:
    """Where in its run a state is."""
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


class Mark(NamedTuple):
    """Where a run is, to go back to: its state, and the last one whose losses were finite."""

    state: TrainState
    finite: TrainState


class Snapshots:
    """States at every ``stride``-th epoch, epoch 0 among them; when full the stride doubles."""

    def __init__(self, first: TrainState) -> None:
        fitting = SNAPSHOT_BYTES // first.nbytes
        self.most = max(2, min(MOST_SNAPSHOTS, fitting))
        self.stride = 1
        self._states = {first.epoch: first}

    def __len__(self) -> int:
        return len(self._states)

    @property
    def states(self) -> list[TrainState]:
        """The states kept, in the order of their epochs."""
        return list(self._states.values())

    @property
    def epochs(self) -> list[int]:
        """The epochs at which a state is kept, ascending."""
        return list(self._states)

    @property
    def nbytes(self) -> int:
        """The memory that the states take."""
        return sum(state.nbytes for state in self._states.values())

    def add(self, state: TrainState) -> None:
        """Keep the state, which ends an epoch, if it is its turn."""
        if state.epoch % self.stride:
            return
        self._states[state.epoch] = state
        while len(self._states) > self.most:
            self.stride *= 2
            self._states = {e: s for e, s in self._states.items() if e % self.stride == 0}

    def before(self, epoch: int) -> TrainState:
        """The last one that isn't after ``epoch``."""
        return self._states[epoch - epoch % self.stride]

    def drop_after(self, epoch: int) -> None:
        """Forget all that are later than ``epoch``."""
        self._states = {e: s for e, s in self._states.items() if e <= epoch}


class Run:
    """One run of training on ``dataset``: where it is, its scores, and its snapshots."""

    def __init__(self, dataset: Dataset, schedule: Schedule) -> None:
        config = schedule.start
        architecture = architecture_of(dataset, config)
        self.dataset, self.schedule = dataset, schedule
        self.history = History()
        self.state = self._arrived(begin(architecture, config))
        self.snapshots = Snapshots(self.state)
        self._finite = self.state
        self._bookmarks: dict[str, TrainState] = {}
        self._workspace = Workspace(dataset.train, architecture, config)
        # Between two steps the memory of training is free for them.
        own, parts = self._workspace.parameters, (dataset.train, dataset.test)
        self._exams = [Exam(part, own) if part else None for part in parts]
        if not self._append_scores(self.state):
            self._begin_unedited(begin(architecture, config))

    def _begin_unedited(self, first: TrainState) -> None:
        """Begin without the edits at the very start that break the network, if there are any."""
        changes = (c for c in self.schedule.changes if (c.place, c.name) != (Place(0), EDIT))
        self.schedule = Schedule(self.schedule.start, tuple(changes))
        self.state = self._finite = first
        self.snapshots = Snapshots(first)
        # There must be something to look at, even where the losses are not finite to begin with.
        self.history.append(*self.examine(first.parameters))

    @property
    def config(self) -> RunConfig:
        """The settings in force where the run is now."""
        return self.schedule.last

    @property
    def place(self) -> Place:
        """Where the run is now."""
        return place_of(self.state)

    @property
    def examples(self) -> int:
        """How many examples one epoch reads."""
        return len(self._workspace)

    @property
    def batch(self) -> int:
        """How many examples are read for one step."""
        return self.schedule.start.batch

    @property
    def stride(self) -> int:
        """How many examples can be read between two looks at the clock."""
        work = self.state.parameters.theta.size * self._workspace.longest * self.batch
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

        If it doesn't, the run goes back to where it last was.
        """
        after = self._steps(self.state, min(count, self.examples - self.state.position))
        fine = bool(np.isfinite(after.parameters.theta).all())
        if fine and after.epoch > self.state.epoch:
            fine = self._append_scores(after)
        if not fine:
            self._go_back()
            return False
        self.state = after
        return True

    @property
    def mark(self) -> Mark:
        """Where the run is, for ``undo``."""
        return Mark(self.state, self._finite)

    def undo(self, mark: Mark) -> None:
        """Forget the steps that were taken since."""
        if self.state is mark.state:
            return
        self.state, self._finite = mark
        self.snapshots.drop_after(self.state.epoch)
        self.history = self.history.until(self.state.epoch)
        kept = {k: s for k, s in self._bookmarks.items() if place_of(s) <= self.place}
        self._bookmarks = kept

    def _go_back(self) -> None:
        self.state = self._finite
        self._bookmarks.clear()
        self.configure(self.config)

    def _steps(self, state: TrainState, count: int) -> TrainState:
        """Read ``count`` examples inside an epoch, each with the settings of its place."""
        end = state.position + count
        while True:
            place = place_of(state)
            change = self.schedule.next_change(place)
            stop = change.position if change and change < (state.epoch, end) else end
            config = self.schedule.at(place)
            state = train_examples(state, self._workspace, config, stop - place.position)
            state = self._arrived(state)
            if stop == end:
                return state

    def _arrived(self, state: TrainState) -> TrainState:
        """The state after what is done by hand to its weights where it is."""
        edits = self.schedule.edits(place_of(state))
        if not edits:
            return state
        return replace(state, parameters=operate(state.parameters, edits))

    def _append_scores(self, state: TrainState) -> bool:
        train, test = scores = self.examine(state.parameters)
        if not self._finite_where_known(scores):
            return False
        self.history.append(train, test)
        self.snapshots.add(state)
        self._finite = state
        return True

    def bears(self, parameters: Parameters) -> bool:
        """Whether the losses are finite with these parameters, so that a run can go on from them.

        The memory of training is used for it, see ``examine``.
        """
        return self._finite_where_known(self.examine(parameters))

    def _finite_where_known(self, scores: tuple[Score, Score]) -> bool:
        pairs = zip(scores, self._exams, strict=True)
        return all(np.isfinite(score.loss) for score, exam in pairs if exam)

    def examine(self, parameters: Parameters) -> tuple[Score, Score]:
        """How well the training and the test examples are known with these parameters.

        They are copied over those in the memory of training: never call it inside a step.
        """
        train, test = (
            exam.score(parameters, self.dataset.metric.score) if exam else _NO_SCORE
            for exam in self._exams
        )
        return train, test

    def configure(self, config: RunConfig) -> None:
        """Train on with other settings from here."""
        self.schedule = self.schedule.changed(self.place, config)

    def at(self, place: Place, reader: str = "") -> TrainState:
        """The state at a place that the run has passed, with the very same weights.

        Replayed from the nearest snapshot, or from where the same ``reader`` looked last.
        """
        if place >= self.place:
            return self.state
        start = self.snapshots.before(place.epoch)
        last = self._bookmarks.get(reader, start)
        if place_of(start) <= place_of(last) <= place:
            start = last
        while place_of(start) < place:
            end = place.position if start.epoch == place.epoch else self.examples
            start = self._steps(start, end - start.position)
        self._bookmarks[reader] = start
        return start

    def branch(self, place: Place, edits: Sequence[Edit] = ()) -> Ghost:
        """Make ``place`` the present, and return the run as it was.

        With ``edits``, after which the losses must be finite (see ``bears``), the weights of the
        present are edited, and so are those found there whenever the place is reached again.
        """
        ghost = Ghost(place, self.place, self.history, self.schedule)
        self.state = self._finite = self.at(place)
        self._bookmarks.clear()
        self.snapshots.drop_after(place.epoch)
        self.history = self.history.until(place.epoch)
        self.schedule = self.schedule.changed(place, self.config).edited(place, edits)
        if edits:
            self._begin_anew(replace(self.state, parameters=operate(self.state.parameters, edits)))
        return ghost

    def _begin_anew(self, state: TrainState) -> None:
        """Put ``state`` in place of the present one, scores and snapshot included."""
        self.state = self._finite = state
        if not state.position:
            self.snapshots.drop_after(state.epoch - 1)
            self.history = self.history.until(state.epoch - 1)
            self._append_scores(state)
