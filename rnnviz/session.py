"""Session: a run that plays, its data and one probe phrase; plain Python, no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.notation import Names
from rnnviz.config import RunConfig
from rnnviz.engine.training import TrainState
from rnnviz.lab.dynamics import DynamicsLab, DynamicsQuery
from rnnviz.lab.gradients import GradientLab, GradientQuery
from rnnviz.lab.memo import Memo
from rnnviz.lab.memory_gauge import MemoryLab
from rnnviz.lab.phrase import PhraseInput
from rnnviz.lab.probe import MAX_TYPED, Probe, inspect, names_of
from rnnviz.lab.step import StepLab, StepQuery
from rnnviz.lab.units import UnitLab
from rnnviz.tasks.data_source import DataSource
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import Upload
from rnnviz.tasks.upload_store import UploadStore
from rnnviz.training.player import PATIENCE, Player
from rnnviz.training.run import Run
from rnnviz.training.schedule import Schedule
from rnnviz.training.share_link import Link


class Session:
    """A run that is played, its data, one phrase, and the labs that ask about them.

    ``data`` and ``player`` say what is learned and where in the run it is; ``phrase_input`` what is
    read; ``objective``, ``layer``, ``part`` and ``temperature`` how it is looked at.
    """

    def __init__(
        self,
        config: RunConfig | None = None,
        dataset: Dataset | None = None,
        upload_store: UploadStore | None = None,
    ) -> None:
        self.data = DataSource(dataset, upload_store)
        self.player = Player(config or RunConfig(), self.data.dataset_for)
        self.player.on_arrival = self._refit
        self.phrase_input = PhraseInput(self.first_phrase)
        self.objective = Objective.LOSS
        self.layer, self.part, self.temperature = 0, "h", 0.7
        self.step, self.units = StepLab(), UnitLab()
        self.gradients, self.memory = GradientLab(), MemoryLab()
        self.dynamics = DynamicsLab()
        self._memo = Memo()

    # What is learned

    @property
    def run(self) -> Run:
        """The run of training."""
        return self.player.run

    @property
    def config(self) -> RunConfig:
        """The settings of the page."""
        return self.player.config

    @property
    def dataset(self) -> Dataset:
        """What is learned."""
        return self.player.dataset

    def configure(self, config: RunConfig) -> None:
        """Take new settings: at the next step where they can, else with a run started again."""
        before, usual = self.dataset, self.first_phrase
        self.player.configure(config)
        self._ask_anew(before, usual)

    def load(self, upload: Upload | None) -> None:
        """Learn from the reader's own data, or, with None, from the task's, from epoch 0.

        Where they can't be used the run stays as it is and ``data.problem`` says why.
        """
        before, usual, player = self.dataset, self.first_phrase, self.player
        if not self.data.take(upload, self.config):
            return
        if self.data.dataset_for(self.config) is not before:
            player.pause()
            player.restart()
            self._ask_anew(before, usual)
            player.message = f"Started again at epoch 0, with the data {self.dataset.name}."

    # What is looked at

    @property
    def state(self) -> TrainState:
        """The state that is looked at: the present, or one that the run has passed."""
        return self.player.state

    @property
    def settings(self) -> RunConfig:
        """The settings in force at the place that is looked at."""
        return self.run.schedule.at(self.player.position)

    @property
    def names(self) -> Names:
        """What the rows and columns of the parameters stand for."""
        return names_of(self.dataset)

    def _refit(self) -> None:
        # What was drawn on the way must not choose the axes of what a link leads to.
        self.dynamics.refit()
        self.units.refit()

    # The phrase

    @property
    def first_phrase(self) -> str:
        """What is read to begin with."""
        return self.data.first_phrase(self.config, self.dataset)[:MAX_TYPED]

    def ask(self, text: str) -> None:
        """Make ``text`` the phrase that is read; see ``PhraseInput``."""
        self.phrase_input.ask(text, self.dataset)

    def _ask_anew(self, before: Dataset, usual: str) -> None:
        """With other data keep what the reader has typed, if they can read it."""
        if self.dataset is before:
            return
        box = self.phrase_input
        fits = self.dataset.name == before.name or (self.data.own and box.fits(self.dataset))
        self.ask(box.typed if fits and box.typed != usual else self.first_phrase)
        if box.problem:
            self.ask(self.first_phrase)

    def inspect(self, text: str | None = None) -> Probe:
        """Read a phrase, or the probe, with the network shown; raise TaskError if it can't.

        What was read of the probe is kept.
        """
        state, config = self.state, self.settings
        if text is not None:
            return inspect(self.dataset, state.parameters, text, config)
        data, phrase = self.dataset, self.phrase_input.phrase
        key = state, phrase, config
        return self._memo.ask("probe", key, lambda: inspect(data, state.parameters, phrase, config))

    def gradient_query(
        self, probe: Probe | None = None, objective: Objective | None = None
    ) -> GradientQuery:
        """What is looked at, for questions about the gradients.

        Another ``probe`` must be one that the network shown has read.
        """
        trace, train = (probe or self.inspect()).trace, self.dataset.train
        objective = objective or self.objective
        return GradientQuery(self.state, self.settings, trace, train, objective, self.layer)

    def step_query(self, probe: Probe | None = None) -> StepQuery:
        """What is looked at, for questions about a training step; see ``gradient_query``."""
        return StepQuery(self.state, self.settings, self.dataset, probe or self.inspect())

    @property
    def dynamics_query(self) -> DynamicsQuery:
        """What is looked at, for questions about where the states go."""
        return DynamicsQuery(self.state, self.dataset, self.run.schedule.origin)

    # Links

    def link(self) -> Link:
        """The link to what is on the page now.

        The reader's own data it can only name; other data that were given have no name.
        """
        if self.data.given is not None:
            return Link(Schedule(self.config))
        phrase, usual = self.phrase_input.phrase, self.first_phrase
        name = self.data.name()
        return replace(self.player.link(), phrase=None if phrase == usual else phrase, data=name)

    def follow(self, link: Link, problems: Sequence[str] = (), patience: float = PATIENCE) -> None:
        """Ask the phrase of a link and go where it leads, see ``Player.follow``."""
        problems = [*problems, *self.data.find(link.data)]
        before, start = self.dataset, link.schedule.start
        dataset = self.data.dataset_for(start)
        if link.phrase is not None:
            self.phrase_input.ask(link.phrase, dataset)
        elif dataset is not before:
            self.phrase_input.ask(self.data.first_phrase(start, dataset)[:MAX_TYPED], dataset)
        self.player.follow(link, problems, patience)
