"""StepLab: a cursor over the moments of one training step."""

from __future__ import annotations

from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from rnnviz.config import RunConfig
from rnnviz.engine.training import TrainState, order
from rnnviz.probe.cache import Memo
from rnnviz.probe.probe import Probe, names_of, phrase_key
from rnnviz.probe.session import Session
from rnnviz.probe.training_step import Focus, Moment, Phase, StepRecord, step_record, timeline
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example


class StepSubject(StrEnum):
    """Which step is shown."""

    NEXT = "next in training"
    OWN = "my own"


class StepQuery(NamedTuple):
    """The input of a step: a state, its settings, the data, and the probe."""

    state: TrainState
    config: RunConfig
    dataset: Dataset
    probe: Probe

    @property
    def next_examples(self) -> list[Example]:
        """The training examples of the run's next step."""
        config, train = self.config, self.dataset.train
        indexes = order(config.seed, self.state.epoch, len(train), config.batch)
        start = self.state.offset
        return [train[i] for i in indexes[start : start + config.batch]]


def step_query(session: Session, probe: Probe | None = None) -> StepQuery:
    """The step of what a session shows; ``probe`` must be of the network shown."""
    return StepQuery(session.state, session.settings, session.dataset, probe or session.inspect())


def step_lab(session: Session) -> StepLab:
    """The step lab of a session. Of a recording it shows the reader's own sequence alone.

    The examples of the recorded loop's next step are not known.
    """
    lab = session.lab(StepLab)
    if session.player.recorded:
        lab.subject = StepSubject.OWN
    return lab


class StepLab:
    """The step shown, the cursor over its moments, and the selected unit, layer and part.

    ``pointed`` counts the parts that were chosen in a picture.
    """

    def __init__(self) -> None:
        self._memo = Memo()
        self.subject = StepSubject.NEXT
        self.moments: tuple[Moment, ...] = timeline(1)
        self.cursor = 0
        self.unit, self.layer, self.part, self.pointed = 0, 0, "h", 0

    @property
    def own(self) -> bool:
        """Whether the step is on the probe."""
        return self.subject is StepSubject.OWN

    def record(self, query: StepQuery) -> StepRecord:
        """The step shown: the next step of the run, or one on the probe."""
        state, config, dataset, probe = query

        def compute() -> StepRecord:
            examples = [probe.example] if self.own else query.next_examples
            return step_record(state.parameters, examples, config, names_of(dataset), state.slots)

        key = state, self.own and phrase_key(probe.trace), config
        step = self._memo.ask("step", key, compute)
        moment = self.moment
        if step.moments != self.moments:
            self.moments = step.moments
            same_phase = [i for i, m in enumerate(self.moments) if m.phase is moment.phase]
            self.cursor = min(same_phase, key=lambda i: abs(self.moments[i].t - moment.t))
        self.unit = min(self.unit, step.hidden - 1)
        self.layer = min(self.layer, step.before.architecture.layers - 1)
        self.part = self.part if self.part in step.parts else step.out
        return step

    @property
    def focus(self) -> Focus:
        """The selected moment, unit, layer and part."""
        return Focus(self.moment, self.unit, self.layer, self.part)

    @property
    def moment(self) -> Moment:
        """The moment under the cursor."""
        return self.moments[self.cursor]

    @property
    def phases(self) -> list[tuple[Phase, int]]:
        """The phases in order, with their numbers of moments."""
        return [(p, len(list(ms))) for p, ms in groupby(m.phase for m in self.moments)]

    @property
    def last(self) -> int:
        """Index of the last moment."""
        return len(self.moments) - 1

    def go_to(self, cursor: int) -> None:
        """Move to a moment by its index, clipped to the valid range."""
        self.cursor = min(max(cursor, 0), self.last)

    def step(self, by: int) -> None:
        """Move by a number of moments."""
        self.go_to(self.cursor + by)

    def step_phase(self, by: int) -> None:
        """Move forward to the start of the next phase, or back to the nearest start of a phase."""
        phases = [moment.phase for moment in self.moments]
        starts = [i for i, phase in enumerate(phases) if i == 0 or phases[i - 1] is not phase]
        if by > 0:
            self.go_to(next((i for i in starts if i > self.cursor), self.last))
        else:
            self.go_to(next((i for i in reversed(starts) if i < self.cursor), 0))

    def point_at(self, t: int, unit: int) -> None:
        """Move to token ``t``, in the backward pass if the cursor has left the forward pass."""
        forward = self.moment.phase is Phase.FORWARD
        target = Moment(Phase.FORWARD if forward else Phase.BACKWARD, t)
        if target in self.moments:
            self.cursor = self.moments.index(target)
        self.unit = max(unit, 0)

    def choose(self, part: str, unit: int) -> None:
        """Select a part of the cell, if it has this name, and a unit."""
        if part and part != self.part:
            self.part, self.pointed = part, self.pointed + 1
        self.unit = max(unit, 0)
