"""Recording: a run of another program, of which snapshots were stored, and its playback."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnnviz.config import RunConfig
from rnnviz.engine.evaluation import Evaluator, Score
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import TrainState
from rnnviz.run.history import History
from rnnviz.run.run import NO_SCORE, FirstNetwork, Run
from rnnviz.run.schedule import Position, Schedule
from rnnviz.run.timeline import LOOKING_BACK, Timeline
from rnnviz.tasks.dataset import Dataset

#: Maximum number of cached states.
_KEPT = 4


class SnapshotSource(Protocol):
    """Stored snapshots, by step; every ``look`` may find more of them."""

    @property
    def steps(self) -> Sequence[int]:
        """The steps that were found at the last look, ascending; a read may look again."""

    @property
    def closed(self) -> bool:
        """Whether the program that stores them has finished."""

    def look(self) -> str:
        """Look for more; return why that is impossible, as a sentence, or an empty string."""

    def read(self, step: int) -> tuple[Parameters, Score]:
        """The weights, and the scores that the program logged or NaN; raises ValueError."""


class StepHistory(History):
    """A row for each snapshot: measured on the probe examples, and logged by the training loop."""

    unit = "step"
    roles = ("probe", "loop")
    held_out = 0

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[int] = []

    def add(self, step: int, probe: Score, loop: Score) -> None:
        """Add the scores of the next snapshot."""
        self._steps.append(step)
        self.append(probe, loop)

    @property
    def epochs(self) -> NDArray[Any]:
        """The steps of the rows, (N,), ascending."""
        return np.array(self._steps, int)

    def rows_until(self, epoch: int) -> int:
        """The number of rows up to a step, inclusive."""
        return bisect_right(self._steps, epoch)

    def row(self, epoch: int) -> dict[str, float]:
        """The scores of the last snapshot up to a step."""
        return super().row(self.rows_until(epoch) - 1)


class Recording(Run):
    """A run of which only the stored snapshots can be shown; it can't be trained here.

    A position is a step of the optimizer, as an epoch without examples. The constructor loads the
    first snapshot of ``source``, and raises ValueError if it is unreadable; ``grow`` loads others.
    """

    def __init__(
        self, source: SnapshotSource, dataset: Dataset, config: RunConfig, name: str
    ) -> None:
        self.dataset, self.schedule = dataset, Schedule(config)
        self.history: StepHistory = StepHistory()
        self._source, self._kept = source, dict[int, TrainState]()
        self._lost: set[int] = set()
        #: Why the recording ends before its last snapshot, as a sentence; or an empty string.
        self.problem = ""
        first, _ = source.read(source.steps[0])
        self.first: FirstNetwork = FirstNetwork(first, config, name)
        labelled = dataset.labelled
        self._evaluator = Evaluator(dataset.train, first.copy()) if labelled else None
        self._take(source.steps[0])

    # Growth

    @property
    def behind(self) -> bool:
        """Whether snapshots were found that are not loaded yet."""
        steps = self._source.steps  # none if another recording has replaced this one
        return not self.problem and len(steps) > 0 and steps[-1] > self.position.epoch

    @property
    def growing(self) -> bool:
        """Whether more snapshots may be stored."""
        return not (self.problem or self._source.closed)

    def look(self) -> bool:
        """Look for more snapshots; return whether anything changed."""
        before = self._source.steps, self._source.closed
        self.problem = self.problem or self._source.look()
        return bool(self.problem) or before != (self._source.steps, self._source.closed)

    def grow(self, budget: float) -> None:
        """Load snapshots for about ``budget`` seconds, but at least one if there is one."""
        until = time.perf_counter() + budget
        for step in [step for step in self._source.steps if step > self.position.epoch]:
            try:
                self._take(step)
            except ValueError as problem:
                if step in self._source.steps:  # The writer hasn't dropped it meanwhile.
                    self.problem = f"Step {step:,} and later ones can't be shown: {problem}"
            if self.problem or time.perf_counter() > until:
                break

    def _take(self, step: int) -> None:
        """Make the next snapshot the present; raises ValueError."""
        parameters, logged = self._read(step)
        self.history.add(step, self.examine(parameters)[0], logged)
        self._present, self.position = TrainState(parameters, step), Position(step)

    def _read(self, step: int) -> tuple[Parameters, Score]:
        """A snapshot of the same network; raises ValueError."""
        (parameters, scores), first = self._source.read(step), self.first.parameters
        if len({(one.architecture, one.theta.dtype) for one in (parameters, first)}) > 1:
            raise ValueError("its cell, sizes or precision are not those of the first one.")
        return parameters, scores

    # What a run has

    @property
    def state(self) -> TrainState:
        """The last state."""
        return self._present

    @property
    def stored(self) -> list[int]:
        """The steps whose weights can be read, ascending; the source may drop some."""
        now = self.position.epoch
        found = {step for step in self._source.steps if step <= now} - self._lost
        return sorted({*found, *self._kept, now})

    @property
    def examples(self) -> int:
        """Number of examples that are measured."""
        return len(self.dataset.train)

    def clamped(self, position: Position) -> Position:
        """The nearest step with a snapshot."""
        return Position(min(self.stored, key=lambda step: abs(step - position.epoch)))

    def after(self, position: Position) -> Position:
        """The next step with a snapshot; the last one has none."""
        later = (step for step in self.stored if step > position.epoch)
        return Position(next(later, self.position.epoch))

    def at(self, position: Position) -> TrainState:
        """The state at the nearest step that can be read."""
        if state := self._kept.pop(position.epoch, None):
            self._kept[position.epoch] = state  # the last one used goes last
            return state
        while (step := self.clamped(position).epoch) != self.position.epoch:
            try:
                state = self._kept.get(step) or TrainState(self._read(step)[0], step)
            except ValueError:
                self._lost.add(step)
                continue
            self._kept[step] = state
            if len(self._kept) > _KEPT:
                self._kept.pop(next(iter(self._kept)))
            return state
        return self.state

    def replay(self, position: Position, reader: str) -> TrainState:
        """Like ``at``, for a lab that reads it at once: nothing is cached."""
        step = self.clamped(position).epoch
        if step == self.position.epoch or step in self._kept:
            return self.at(position)
        try:
            return TrainState(self._read(step)[0], step)
        except ValueError:
            return self.at(position)

    def scores(self, state: TrainState) -> tuple[Score, Score]:
        """The scores of a state of this run on the probe examples."""
        return self.examine(state.parameters)

    def examine(self, parameters: Parameters) -> tuple[Score, Score]:
        """Evaluate parameters on the probe examples."""
        if self._evaluator is None:
            return NO_SCORE, NO_SCORE
        return self._evaluator.score(parameters, self.dataset.metric), NO_SCORE


# Playback


#: Seconds for which snapshots are loaded before the page is shown.
_OPENING_SECONDS = 1.0


class Playback(Timeline):
    """The timeline of a recording; at the last snapshot it follows a growing recording."""

    recorded = True

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        recording.grow(_OPENING_SECONDS)
        super().__init__(recording.schedule.start, recording.first, speed=5)
        self._show(recording)
        self.message = self._present_message()

    @property
    def refusal(self) -> str:
        """Why the network can't be trained."""
        return "This is a recording of another program: it can't be trained or changed here."

    def _present_message(self) -> str:
        count = len(self._recording.stored)
        more = " It follows the training loop while that goes on." if self.growing else ""
        what = f"{count:,} snapshots up to step {self.last:,}"
        walk = " Play walks through them."
        if count == 1:
            what, walk = f"one snapshot, of step {self.last:,}", ""
        return self._recording.problem or f"This is a recording: {what}.{more}{walk}"

    # Growth

    @property
    def growing(self) -> bool:
        """Whether more snapshots may come."""
        return self._recording.growing

    @property
    def behind(self) -> bool:
        """Whether there are snapshots that are not loaded yet."""
        return self._recording.behind

    def look(self) -> bool:
        """Look for more snapshots; return whether anything changed."""
        changed = self._recording.look()
        if changed and (self.shown is None or self._recording.problem):
            self.message = self._present_message()
        return changed

    def grow(self, budget: float) -> bool:
        """Load snapshots for about ``budget`` seconds; an earlier one stays shown."""
        self._recording.grow(budget)
        if self.shown is None:
            self.message = self._present_message()
        return self.behind

    # What is shown

    @property
    def condition(self) -> str:
        """The status word on the page."""
        if self.running:
            return "Playing"
        if self.shown is not None:
            return LOOKING_BACK
        return "Following" if self.growing else "Recording"

    def _nearest(self, position: Position) -> Position:
        return Position(self.run.at(position).epoch)

    def _looking_back_message(self) -> str:
        return "There is nothing between snapshots: the slider goes to the nearest."

    # Playing

    def play(self) -> None:
        """Let ticks walk over the snapshots, from the first if the last one is shown."""
        if len(self._recording.stored) < 2:
            self.message = f"There is one snapshot so far. {self._present_message()}"
            return
        if self.shown is None:
            self.go_to(Position(0))
        self.running = True
        self.message = "Walking over the snapshots."

    def tick(self, budget: float, count: int = 1) -> None:
        """Go on by ``count`` snapshots, for at most about ``budget`` seconds."""
        until = time.perf_counter() + budget
        while count and self.shown is not None and time.perf_counter() <= until:
            self.go_to(self.run.after(self.shown))
            count -= 1
        self.running = self.shown is not None
        if self.running:
            self.message = "Walking over the snapshots."

    def step_epoch(self, patience: float = math.inf) -> None:
        """Pause, and go on by one snapshot."""
        self.pause()
        if self.shown is None:
            self.message = f"This is the last snapshot. {self._present_message()}"
        else:
            self.go_to(self.run.after(self.shown))
