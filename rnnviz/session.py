"""Session: a run that plays, its data and one probe phrase; plain Python, no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.notation import Names
from rnnviz.analysis.step_record import StepRecord, step_record
from rnnviz.config import RunConfig
from rnnviz.engine.training import order
from rnnviz.lab.dynamics import DynamicsLab, DynamicsQuery
from rnnviz.lab.gradients import GradientLab, GradientQuery
from rnnviz.lab.memo import Memo
from rnnviz.lab.memory import MemoryLab
from rnnviz.lab.probe import (
    MAX_TYPED,
    Probe,
    inspect,
    names_of,
    phrase_key,
    read,
)
from rnnviz.lab.step import StepLab, Subject
from rnnviz.lab.units import UnitLab
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.registry import TASKS
from rnnviz.tasks.table import TaskError
from rnnviz.tasks.upload import Upload, dataset_of
from rnnviz.tasks.upload_store import UploadStore
from rnnviz.tasks.vocabulary import Reading
from rnnviz.training.link import Link
from rnnviz.training.player import PATIENCE, Player
from rnnviz.training.schedule import Schedule


class Session(Player):
    """A player with data, a probe phrase, and what is asked about them."""

    def __init__(
        self,
        config: RunConfig | None = None,
        dataset: Dataset | None = None,
        upload_store: UploadStore | None = None,
    ) -> None:
        self.upload: Upload | None = None
        self.upload_store = upload_store or UploadStore()
        self._own = dataset
        self.data_problem = self.problem = ""
        config = config or RunConfig()
        super().__init__(config, self.data_for(config))
        self.typed = self.phrase = self.first_phrase
        self.objective = Objective.LOSS
        self.layer, self.part, self.temperature = 0, "h", 0.7
        self.microscope = StepLab()
        self.gradients, self.memory = GradientLab(), MemoryLab()
        self.dynamics = DynamicsLab()
        self.units = UnitLab()
        self._memo = Memo()

    def data_for(self, config: RunConfig) -> Dataset:
        """The data that are learned with these settings: the reader's own, or those of the task."""
        if self._own is not None:
            return self._own
        if self.upload is not None:
            return dataset_of(replace(self.upload, seed=config.seed))
        return TASKS[config.task].build(config.lag, config.seed)

    @property
    def first_phrase(self) -> str:
        """What is looked at to begin with: the task's probe, or the first example there is."""
        usual = "" if self.own_data else TASKS[self.config.task].probe
        return usual or (*self.dataset.test, *self.dataset.train)[0].text[:MAX_TYPED]

    def load(self, upload: Upload | None) -> None:
        """Learn from the reader's own data, or, with None, from the task's, from epoch 0.

        Where they can't be used the run stays as it is and ``data_problem`` says why.
        """
        self.data_problem, before = "", self.upload
        self.upload = upload
        try:
            dataset = self.data_for(self.config)
        except TaskError as problem:
            self.upload, self.data_problem = before, str(problem)
            return
        if dataset is not self.dataset:
            self.pause()
            self._restart()
            self.message = f"Started again at epoch 0, with the data {dataset.name}."

    def _arrive(self) -> None:
        super()._arrive()
        # What was drawn on the way must not choose the axes of what a link leads to.
        self.dynamics.refit()
        self.units.refit()

    def _restart(self) -> None:
        before, usual = self.dataset, self.first_phrase
        super()._restart()
        if self.dataset is not before:
            kept = self.dataset.name == before.name or (self.own_data and self._is_known())
            self._ask_anew(kept and self.typed != usual)

    def _ask_anew(self, kept: bool) -> None:
        """Keep what the reader has typed, if these data can read it, or begin with their own."""
        self.ask(self.typed if kept else self.first_phrase)
        if self.problem:
            self.ask(self.first_phrase)

    def _is_known(self) -> bool:
        """Whether these data have every word of what the reader has typed."""
        try:
            return not self.read(self.typed).unknown
        except TaskError:
            return False

    def ask(self, text: str) -> None:
        """Make ``text`` the probe; if it can't be, the last one stays and ``problem`` says why."""
        # Of what is too long to be read the beginning is kept, to be shortened.
        self.typed, self.problem = text[: MAX_TYPED + 1], ""
        try:
            self.read(text)
            self.phrase = text
        except TaskError as problem:
            self.problem = f"{problem} The pictures still show: {self.phrase}"

    def read(self, text: str) -> Reading:
        """The words of ``text`` that the network knows; raise TaskError with a sentence if none."""
        return read(self.dataset, text)

    def inspect(self, text: str | None = None) -> Probe:
        """Read a phrase, or the probe, with the network shown; raise TaskError if it can't.

        What was read of the probe is kept.
        """
        state, config = self.state, self.settings
        if text is not None:
            return inspect(self.dataset, state.parameters, text, config)
        data, phrase = self.dataset, self.phrase
        key = state, phrase, config
        return self._memo.ask("probe", key, lambda: inspect(data, state.parameters, phrase, config))

    @property
    def settings(self) -> RunConfig:
        """The settings in force at the place that is looked at."""
        return self.run.schedule.at(self.here)

    def gradient_query(
        self, probe: Probe | None = None, objective: Objective | None = None
    ) -> GradientQuery:
        """What is looked at, for questions about the gradients; of another probe or objective."""
        trace, train = (probe or self.inspect()).trace, self.dataset.train
        objective = objective or self.objective
        return GradientQuery(self.state, self.settings, trace, train, objective, self.layer)

    def step(self, probe: Probe) -> StepRecord:
        """The training step under the microscope: the run's next one, or one on the probe."""
        config, state, own = self.settings, self.state, self.on_own

        def look() -> StepRecord:
            examples = [probe.example] if own else self.next_examples
            return step_record(state.parameters, examples, config, self.names, state.slots)

        step = self._memo.ask("step", (state, own and phrase_key(probe.trace), config), look)
        layers = step.before.architecture.layers
        self.microscope.look_at(step.moments, step.hidden, layers, step.parts)
        return step

    @property
    def on_own(self) -> bool:
        """Whether the microscope is on a sequence of the reader's own."""
        return self.microscope.subject is Subject.OWN

    @property
    def next_examples(self) -> list[Example]:
        """The training examples that are read next, for one step, at the place looked at."""
        epoch, position = self.here
        indexes = order(self.config.seed, epoch, self.run.examples, self.config.batch)
        return [self.dataset.train[i] for i in indexes[position : position + self.config.batch]]

    @property
    def names(self) -> Names:
        """What the rows and columns of the parameters stand for."""
        return names_of(self.dataset)

    @property
    def dynamics_query(self) -> DynamicsQuery:
        """What is looked at, for questions about where the states go."""
        return DynamicsQuery(self.state, self.dataset, self.run.schedule.origin)

    def link(self) -> Link:
        """The link to what is on the page now.

        The reader's own data it can only name; other data that were given have no name.
        """
        if self._own is not None:
            return Link(Schedule(self.config))
        usual = self.phrase == self.first_phrase
        data = self.upload_store.put(self.upload) if self.upload else None
        return replace(super().link(), phrase=None if usual else self.phrase, data=data)

    @property
    def own_data(self) -> bool:
        """Whether the data are the reader's own, which a link can't carry."""
        return self._own is not None or self.upload is not None

    def follow(self, link: Link, problems: Sequence[str] = (), patience: float = PATIENCE) -> None:
        """Ask the phrase of a link and go where it leads, see ``Player.follow``."""
        problems = [*problems, *self._take_down(link)]
        before, self.dataset = self.dataset, self.data_for(link.schedule.start)
        self.config = link.schedule.start
        if link.phrase is not None:
            self.ask(link.phrase)
        elif self.dataset is not before:
            self.ask(self.first_phrase)
        super().follow(link, problems, patience)

    def _take_down(self, link: Link) -> list[str]:
        """Learn from the data that a link names; a sentence if they are no longer there."""
        self.upload = self.upload_store.get(link.data) if link.data else None
        if self.upload or not link.data:
            return []
        return [
            "In the link: its data are not on this computer any more, or never were: a link can't "
            "carry them. The task's own data are shown; load yours again."
        ]
