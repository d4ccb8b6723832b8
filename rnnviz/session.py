"""Session: a run that plays, its data and one probe phrase; plain Python, no Streamlit."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rnnviz.analysis.gradients import Flow, Objective, gradient_flow, margin_flow
from rnnviz.analysis.memory import Film, GradientMap, MemoryGauge, coarse_first, recurrent
from rnnviz.analysis.step import StepRecord, step_record
from rnnviz.analysis.symbols import Names
from rnnviz.config import RunConfig
from rnnviz.engine.gradcheck import GradientCheck, check_gradient
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import TrainState, order, record
from rnnviz.link import Link
from rnnviz.microscope import Microscope, Subject
from rnnviz.player import Player, alone
from rnnviz.probe import Probe, inspect, read
from rnnviz.schedule import Place, Schedule
from rnnviz.tasks.dataset import Dataset, dataset_from, sentiment
from rnnviz.tasks.example import Example
from rnnviz.tasks.table import TaskError
from rnnviz.tasks.vocabulary import Reading

#: The probe to begin with.
PHRASE = "right now i am not at all happy"


class Session(Player):
    """A player with data, a probe phrase, and what is asked about them."""

    def __init__(self, config: RunConfig | None = None, dataset: Dataset | None = None) -> None:
        super().__init__(config or RunConfig(), dataset or sentiment())
        self.data_problem = ""
        self.problem = ""
        self.typed = self.phrase = PHRASE
        self.objective = Objective.LOSS
        self.microscope = Microscope()
        self._step: tuple[object, StepRecord] | None = None
        self._film = Film()
        self._check: tuple[object, GradientCheck] | None = None

    def load(self, train: tuple[str, bytes] | None, test: tuple[str, bytes] | None) -> None:
        """Learn from uploaded CSV files (name, content); without any, the sentiment phrases.

        Where a file can't be used the run stays as it is and ``data_problem`` says why.
        """
        self.data_problem = ""
        try:
            self.use(dataset_from(train, test))
        except TaskError as problem:
            self.data_problem = str(problem)

    @alone
    def use(self, dataset: Dataset) -> None:
        """Learn other data, from epoch 0."""
        if dataset is self.dataset:
            return
        self.pause()
        self.dataset, self._film = dataset, Film()
        self._restart()
        self.ask(self.typed)
        if self.problem:
            self.ask(dataset.train[0].text)
        self.message = f"Started again at epoch 0, with the data {dataset.name}."

    def ask(self, text: str) -> None:
        """Make ``text`` the probe; if it can't be, the last one stays and ``problem`` says why."""
        self.typed, self.problem = text, ""
        try:
            self.read(text)
            self.phrase = text
        except TaskError as problem:
            self.problem = f"{problem} The pictures still show: {self.phrase}"

    def read(self, text: str) -> Reading:
        """The words of ``text`` that the network knows; raise TaskError with a sentence if none."""
        return read(self.dataset, text)

    def inspect(self, text: str | None = None) -> Probe:
        """Read a phrase, or the probe, with the network shown; raise TaskError if it can't."""
        phrase = self.phrase if text is None else text
        return inspect(self.dataset, self.state.parameters, phrase, self.config)

    def flow(self, probe: Probe, objective: Objective) -> Flow:
        """The gradient's size at every token of the probe, of the loss or of the margin."""
        return self._flow(self.state, probe, objective)

    def _flow(self, state: TrainState, probe: Probe, objective: Objective) -> Flow:
        trace = probe.trace
        gradient, truncate = self.config.gradient, self.config.truncate
        if objective is Objective.MARGIN:
            return margin_flow(state.parameters, trace, gradient, truncate)
        return gradient_flow(record(state.parameters, trace.batch, gradient, truncate))

    @alone
    def past(
        self, probe: Probe, objective: Objective, budget: float
    ) -> tuple[MemoryGauge, GradientMap]:
        """The memory gauge and the probe's gradient map over the epochs, as far as developed.

        The epoch shown is developed, and snapshots for about ``budget`` seconds.
        """
        until = time.perf_counter() + budget
        film, kept, state = self._kept_film(probe, objective), self.run.snapshots.epochs, self.state
        if not state.position and state.epoch in film.missing([state.epoch]):
            self._develop(state, probe, objective)
        for epoch in coarse_first(film.missing(kept)):
            self._develop(self.run.at(Place(epoch), "film"), probe, objective)
            # One frame besides the one shown, however little time there is: a map is never blank.
            if time.perf_counter() > until:
                break
        return film.gauge(self.run.state.epoch), film.map(kept)

    @alone
    def develop(self, probe: Probe, objective: Objective, budget: float) -> bool:
        """Replay epochs that lack a frame, for about ``budget`` seconds; whether some still do."""
        until = time.perf_counter() + budget
        lacking = self._kept_film(probe, objective).missing(range(len(self.run.history)))
        for epoch in lacking:
            if time.perf_counter() > until:
                return True
            self._develop(self.run.at(Place(epoch), "film"), probe, objective)
        return False

    def _kept_film(self, probe: Probe, objective: Objective) -> Film:
        self._film.keep(self.run.schedule, (objective, *_phrase_key(probe.trace)))
        return self._film

    def _develop(self, state: TrainState, probe: Probe, objective: Objective) -> None:
        norms = self._flow(state, probe, objective).norms
        self._film.expose(state.epoch, recurrent(state.parameters), norms)

    def step(self, probe: Probe) -> StepRecord:
        """The training step under the microscope: the run's next one, or one on the probe."""
        config, state, own = self.run.schedule.at(self.here), self.state, self.on_own
        key = state, own and _phrase_key(probe.trace), config
        if not self._step or self._step[0] != key:
            examples = [probe.example] if own else self.next_examples
            step = step_record(state.parameters, examples, config, self.names, state.slots)
            self._step = key, step
        step = self._step[1]
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
        indexes = order(self.config.seed, epoch, self.run.phrases)
        return [self.dataset.train[i] for i in indexes[position : position + self.config.batch]]

    @property
    def names(self) -> Names:
        """What the rows and columns of the parameters stand for."""
        source = self.dataset.source.words if self.dataset.source else ()
        return Names(self.dataset.vocabulary.words, self.dataset.classes, source)

    @alone
    def apply(self) -> None:
        """Take the run's next step, and turn to the beginning of the one after it."""
        self.step_phrase()
        self.microscope.go_to(0)

    def check_gradient(self, trace: Trace) -> None:
        """Compare the gradient at these weights, on this phrase, with complex-step differences."""
        found = check_gradient(self.state.parameters, trace.batch, self.config.gradient)
        self._check = self._check_key(trace), found

    def checked(self, trace: Trace) -> GradientCheck | None:
        """The last gradient check, if it was of these weights and this phrase."""
        known = self._check and self._check[0] == self._check_key(trace)
        return self._check[1] if self._check and known else None

    def _check_key(self, trace: Trace) -> tuple[object, ...]:
        return self.state, *_phrase_key(trace)

    def link(self) -> Link:
        """The link to what is on the page now; of a run on other data it has the settings alone."""
        if self.dataset is not sentiment():
            return Link(Schedule(self.config))
        return replace(super().link(), phrase=self.phrase if self.phrase != PHRASE else None)

    @alone
    def follow(self, link: Link, problems: Sequence[str] = ()) -> None:
        """Ask the phrase of a link and go where it leads, see ``Player.follow``."""
        if link.phrase is not None:
            self.ask(link.phrase)
        super().follow(link, problems)

    def records(self) -> dict[str, Any]:
        """The settings and one record an epoch, ready for JSON (a missing score is null)."""
        history = self.run.history
        rows = [
            {"epoch": e, **{k: None if np.isnan(v) else v for k, v in history.row(e).items()}}
            for e in range(len(history))
        ]
        changes = [str(change) for change in self.run.schedule.changes]
        return {"config": self.run.schedule.start.as_dict(), "changes": changes, "epochs": rows}

    def save_json(self, path: Path) -> None:
        """Write ``records`` to a file."""
        path.write_text(json.dumps(self.records(), indent=1) + "\n", encoding="utf-8")

    def save_weights(self, path: Path) -> None:
        """Write the parameters by name, the vocabulary and the classes to an .npz file."""
        arrays: dict[str, Any] = {
            name: np.ascontiguousarray(array)
            for name, array in self.state.parameters.named().items()
        }
        arrays["vocabulary"] = np.array(self.dataset.vocabulary.words)
        arrays["classes"] = np.array(self.dataset.classes)
        with path.open("wb") as file:
            np.savez(file, **arrays)


def _phrase_key(trace: Trace) -> tuple[bytes, ...]:
    batch = trace.batch
    source = batch.source.inputs.tobytes() if batch.source else b""
    return batch.read.inputs.tobytes(), source, batch.targets.tobytes()
