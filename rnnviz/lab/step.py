"""StepLab: a cursor over the moments of one training step."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from rnnviz.analysis.training_step import Focus, StepRecord, step_record
from rnnviz.config import RunConfig
from rnnviz.engine.timeline import Moment, Phase, timeline
from rnnviz.engine.training import TrainState, order
from rnnviz.lab.memo import Memo
from rnnviz.lab.probe import Probe, names_of, phrase_key
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example


class Subject(StrEnum):
    """Whose step is looked at."""

    NEXT = "next in training"
    OWN = "my own"


class StepQuery(NamedTuple):
    """What a step starts from: a state, the settings in force, the data, and the probe."""

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


class StepLab:
    """Which step, which moment of it, and which unit, layer and part of the cell."""

    def __init__(self) -> None:
        self._memo = Memo()
        self.subject = Subject.NEXT
        self.moments: tuple[Moment, ...] = timeline(1)
        self.cursor = 0
        self.unit, self.layer, self.part = 0, 0, "h"

    @property
    def place(self) -> tuple[tuple[Moment, ...], int]:
        """The moments that there are, and the number of the one under the cursor."""
        return self.moments, self.cursor

    @place.setter
    def place(self, place: tuple[tuple[Moment, ...], int]) -> None:
        self.moments, self.cursor = place

    @property
    def own(self) -> bool:
        """Whether the step is on a sequence of the reader's own."""
        return self.subject is Subject.OWN

    def record(self, query: StepQuery) -> StepRecord:
        """The training step that is looked at: the run's next one, or one on the probe."""
        state, config, dataset, probe = query

        def made() -> StepRecord:
            examples = [probe.example] if self.own else query.next_examples
            return step_record(state.parameters, examples, config, names_of(dataset), state.slots)

        key = state, self.own and phrase_key(probe.trace), config
        step = self._memo.ask("step", key, made)
        layers = step.before.architecture.layers
        self.look_at(step.moments, step.hidden, layers, step.parts)
        return step

    def look_at(
        self,
        moments: tuple[Moment, ...],
        units: int,
        layers: int = 1,
        parts: Collection[str] = ("h",),
    ) -> None:
        """Look at a step with such moments; the cursor stays, and what isn't there is let go."""
        moment = self.moment
        if moments != self.moments:
            self.moments = moments
            self.cursor = self._nearest(moment)
        self.unit, self.layer = min(self.unit, units - 1), min(self.layer, layers - 1)
        self.part = self.part if self.part in parts else "h"

    @property
    def focus(self) -> Focus:
        """What is looked at."""
        return Focus(self.moment, self.unit, self.layer, self.part)

    def _nearest(self, moment: Moment) -> int:
        alike = [i for i, m in enumerate(self.moments) if m.phase is moment.phase]
        return min(alike, key=lambda i: abs(self.moments[i].t - moment.t))

    @property
    def moment(self) -> Moment:
        """The moment under the cursor."""
        return self.moments[self.cursor]

    @property
    def phases(self) -> list[tuple[Phase, int]]:
        """The phases in their order, and of how many moments each consists."""
        return [(p, len(list(ms))) for p, ms in groupby(m.phase for m in self.moments)]

    @property
    def last(self) -> int:
        """The number of the last moment."""
        return len(self.moments) - 1

    def go_to(self, cursor: int) -> None:
        """Move to a moment by its number; beyond an end, to that end."""
        self.cursor = min(max(cursor, 0), self.last)

    def step(self, by: int) -> None:
        """Move by so many moments."""
        self.go_to(self.cursor + by)

    def step_phase(self, by: int) -> None:
        """Move to the first moment of the next phase, or back to the start of this or the last."""
        starts = [i for i, m in enumerate(self.moments) if self._opens(i, m)]
        if by > 0:
            self.go_to(next((i for i in starts if i > self.cursor), self.last))
        else:
            self.go_to(next((i for i in reversed(starts) if i < self.cursor), 0))

    def _opens(self, i: int, moment: Moment) -> bool:
        return i == 0 or self.moments[i - 1].phase is not moment.phase

    def point_at(self, t: int, unit: int) -> None:
        """Move to token ``t``, on the way back if the cursor is past the loss; choose a unit."""
        forth = self.moment.phase is Phase.FORWARD
        wanted = Moment(Phase.FORWARD if forth else Phase.BACKWARD, t)
        if wanted in self.moments:
            self.cursor = self.moments.index(wanted)
        self.unit = max(unit, 0)
