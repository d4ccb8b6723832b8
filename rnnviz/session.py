"""Session: one run and one probe phrase, everything the page does; plain Python, no Streamlit."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnnviz.analysis.activity import RunningMargin, running_margin
from rnnviz.analysis.gradients import Flow, Objective, gradient_flow, margin_flow
from rnnviz.analysis.history import Change, History
from rnnviz.config import RunConfig
from rnnviz.engine.parameters import Sizes
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import (
    Score,
    TrainState,
    Workspace,
    batches,
    begin,
    evaluate,
    record,
    train_phrases,
)
from rnnviz.tasks.dataset import Dataset, dataset_from, sentiment
from rnnviz.tasks.table import MAX_WORDS, TaskError
from rnnviz.tasks.vocabulary import Reading, split_words

#: Epochs a frame that can be chosen; 0 is the slow motion of one phrase a frame.
SPEEDS = (0, 1, 2, 3, 5, 10, 20, 30, 50)
#: The probe to begin with.
PHRASE = "right now i am not at all happy"
#: The longest probe, which also keeps the link short.
MAX_CHARACTERS = 2_000
_NO_SCORE = Score(float("nan"), float("nan"))
#: Steps taken between two looks at the clock.
_STRIDE = 32


@dataclass(frozen=True, eq=False)
class Probe:
    """One phrase through the present network: its trace and what the pictures show of it."""

    reading: Reading
    trace: Trace
    verdict: str
    probability: float
    label: str | None
    margin: RunningMargin

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the network read, one for each token."""
        return self.reading.words

    @property
    def side(self) -> int | None:
        """Of two classes the verdict's number, 0 or 1; None where there are more."""
        return None if self.trace.sizes.outputs > 2 else int(self.trace.probs[0].argmax())

    @property
    def basis(self) -> str:
        """Against which answer the loss of this phrase is measured."""
        if self.label is None:
            return (
                f"The data don't label this phrase: its own verdict, {self.verdict}, is the target."
            )
        return f"Target: {self.label}, its label in the data."


class Session:
    """A run that can be advanced, changed and looked at."""

    def __init__(self, config: RunConfig | None = None, dataset: Dataset | None = None) -> None:
        self.config = config or RunConfig()
        self.dataset = dataset or sentiment()
        self.speed = 1
        self.running = False
        self.message = "Press Play: in every epoch the network reads each training phrase once."
        self.data_problem = ""
        self.problem = ""
        self.typed = self.phrase = PHRASE
        self._restart()

    def _restart(self) -> None:
        data, config = self.dataset, self.config
        sizes = Sizes(len(data.vocabulary), config.hidden, len(data.classes))
        self.state = begin(sizes, config)
        self.history = History()
        self._workspace = Workspace(data.train, sizes, config.gradient)
        self._groups = batches(data.train), batches(data.test)
        self._append_scores(self.state)

    def _scores(self, state: TrainState) -> tuple[Score, Score]:
        train, test = (
            evaluate(state.parameters, group) if group else _NO_SCORE for group in self._groups
        )
        return train, test

    def _append_scores(self, state: TrainState) -> bool:
        train, test = self._scores(state)
        if not np.isfinite(train.loss) or np.isinf(test.loss):
            return False
        self.history.append(train, test)
        self._finite = state
        return True

    @property
    def finished(self) -> bool:
        """Whether the run has done the epochs it was to do."""
        return self.state.epoch >= self.config.epochs

    @property
    def condition(self) -> str:
        """Running, paused or finished, in a word."""
        if self.running:
            return "Running"
        return "Finished" if self.finished else "Paused"

    @property
    def place(self) -> str:
        """The epochs done and, inside an epoch, the share of its phrases: "12 + 3/58"."""
        inside = f" + {self.state.position}/{self.phrases}" if self.state.position else ""
        return f"{self.state.epoch}{inside}"

    @property
    def phrases(self) -> int:
        """How many phrases one epoch reads."""
        return len(self._workspace)

    def play(self) -> None:
        """Let ticks advance the run."""
        self.running = not self.finished
        self.message = "" if self.running else self._finished_message()

    def pause(self) -> None:
        """Keep ticks from advancing the run."""
        self.running = False

    def advance(self, epochs: int = 1, budget: float = float("inf")) -> None:
        """Train for ``epochs`` epochs from here, or until ``budget`` seconds are over.

        Stops the run at the last epoch, or where the loss is no longer finite.
        """
        until = time.perf_counter() + budget
        goal = min(self.state.epoch + epochs, self.config.epochs)
        while self.state.epoch < goal:
            left = self.phrases - self.state.position
            if not self._train(min(left, _STRIDE) if np.isfinite(budget) else left):
                return
            if time.perf_counter() > until:
                break
        self._stop_at_the_end()

    def tick(self, budget: float) -> None:
        """Train for one frame at the speed that is set, for about ``budget`` seconds at most."""
        if self.speed:
            self.advance(self.speed, budget)
        else:
            self._one_phrase()

    def step_epoch(self) -> None:
        """Pause, and train to the end of the present epoch."""
        self.pause()
        self.advance(1)

    def step_phrase(self) -> None:
        """Pause, and train on one phrase: one optimizer step."""
        self.pause()
        self._one_phrase()

    def _one_phrase(self) -> None:
        if not self.finished:
            self._train(1)
        self._stop_at_the_end()

    def _train(self, count: int) -> bool:
        """Take ``count`` steps; if the loss isn't finite go back to the last epoch where it was."""
        after = train_phrases(self.state, self._workspace, self.config, count)
        fine = bool(np.isfinite(after.parameters.theta).all())
        if fine and after.epoch > self.state.epoch:
            fine = self._append_scores(after)
        if not fine:
            self._diverged()
            return False
        self.state = after
        return True

    def _diverged(self) -> None:
        self.running = False
        self.state = self._finite
        self.message = (
            f"Stopped: at learning rate {self.config.lr:g} the loss is no longer a finite number. "
            f"The weights of epoch {self.state.epoch} are kept. "
            f"Try a learning rate of {min(0.02, self.config.lr / 10):g}, and Reset."
        )

    def _stop_at_the_end(self) -> None:
        if self.finished:
            self.running = False
            self.message = self._finished_message()

    def _finished_message(self) -> str:
        return (
            f"Finished: {self.state.epoch} of {self.config.epochs} epochs done. "
            "Raise Epochs to train on, or press Reset."
        )

    def reset(self) -> None:
        """Start the run again from the same initial weights."""
        self.running = False
        self.message = ""
        self._restart()

    def configure(self, config: RunConfig) -> None:
        """Take new settings: at the next step where they can, else with a run started again."""
        changed = self.config.changes(config)
        if not changed:
            return
        restarting = self.config.restarts(config)
        self.config = config
        if restarting:
            self._restart()
            names = " and ".join(row.label for row in restarting)
            self.message = f"Started again at epoch 0, because {names} changed."
            return
        self.message = ""
        for row in changed:
            self._mark(row.name, row.label)

    def _mark(self, name: str, label: str) -> None:
        if name != "epochs" and (self.state.epoch or self.state.position):
            value = self.config.as_dict()[name]
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            self.history.changes.append(Change(self.state.epoch, name, label, shown))
            self.message = (
                f"{label} is {shown} from epoch {self.state.epoch} on. "
                "A copied link would start with this value."
            )

    def load(self, train: tuple[str, bytes] | None, test: tuple[str, bytes] | None) -> None:
        """Learn from uploaded CSV files (name, content); without any, the sentiment phrases.

        Where a file can't be used the run stays as it is and ``data_problem`` says why.
        """
        self.data_problem = ""
        try:
            self.use(dataset_from(train, test))
        except TaskError as problem:
            self.data_problem = str(problem)

    def use(self, dataset: Dataset) -> None:
        """Learn other data, from epoch 0."""
        if dataset is self.dataset:
            return
        self.dataset = dataset
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

    def inspect(self, text: str | None = None) -> Probe:
        """Read a phrase, or the probe, with the present network; raise TaskError if it can't."""
        reading = self.read(self.phrase if text is None else text)
        data, parameters = self.dataset, self.state.parameters
        wanted = data.target_of(reading)
        probs = record(parameters, reading.tokens, 0).probs[0]
        verdict = int(probs.argmax())
        trace = record(
            parameters, reading.tokens, verdict if wanted is None else wanted, self.config.gradient
        )
        shown = len(data.classes) - 1 if len(data.classes) == 2 else verdict
        return Probe(
            reading,
            trace,
            verdict=data.classes[verdict],
            probability=float(probs[verdict]),
            label=None if wanted is None else data.classes[wanted],
            margin=running_margin(parameters, trace, shown),
        )

    def read(self, text: str) -> Reading:
        """The words of ``text`` that the network knows; raise TaskError with a sentence if none."""
        count = len(split_words(text))
        if count > MAX_WORDS:
            raise TaskError(
                f"The phrase has {count:,} words; the most that can be read is {MAX_WORDS}."
            )
        if len(text) > MAX_CHARACTERS:
            raise TaskError(
                f"The phrase has {len(text):,} characters; the most that can be read is "
                f"{MAX_CHARACTERS:,}."
            )
        reading = self.dataset.vocabulary.read(text)
        if not text.strip():
            raise TaskError("The phrase is empty. Type some words, for example: this is not bad")
        if not len(reading.tokens):
            raise TaskError(
                "None of these words is in the vocabulary, so there is nothing to read."
            )
        return reading

    def flow(self, probe: Probe, objective: Objective) -> Flow:
        """The gradient's size at every token of the probe, of the loss or of the margin."""
        if objective is Objective.LOSS:
            return gradient_flow(probe.trace)
        return margin_flow(self.state.parameters, probe.trace, self.config.gradient)

    def records(self) -> dict[str, Any]:
        """The settings and one record an epoch, ready for JSON (a missing score is null)."""
        rows = [
            {"epoch": e, **{k: None if np.isnan(v) else v for k, v in self.history.row(e).items()}}
            for e in range(len(self.history))
        ]
        return {"config": self.config.as_dict(), "epochs": rows}

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
