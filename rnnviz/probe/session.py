"""Session: a run, its data, the user's phrase, selection and equations, and the labs."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from time import monotonic
from typing import Any, Protocol, TypeVar, runtime_checkable

import pandas as pd

from rnnviz.cells import OWN
from rnnviz.config import SETTINGS, RunConfig
from rnnviz.engine.cell_text import CHARACTERS, CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.gradcheck import own_cell
from rnnviz.engine.training import TrainState
from rnnviz.probe.cache import Memo
from rnnviz.probe.continuation import told_beside
from rnnviz.probe.epoch_series import MemoryLab
from rnnviz.probe.formatting import Names
from rnnviz.probe.gradient_flow import GradientQuery, Objective
from rnnviz.probe.health import Sign, health
from rnnviz.probe.marks import Mark, Marked, choices_of, choose, index_from, one_of
from rnnviz.probe.probe import Probe, inspect, most_typed, names_of, read, readable, start_of
from rnnviz.probe.questions import MARKED, StepView, first_questions, named, non_default_questions
from rnnviz.probe.results import Baseline, baselines
from rnnviz.probe.story import Story, story
from rnnviz.probe.units import UnitLab
from rnnviz.run.player import LINK_SECONDS, Player
from rnnviz.run.recording import Playback, Recording
from rnnviz.run.run import FirstNetwork, Run, TrainingRun
from rnnviz.run.schedule import Position, Schedule
from rnnviz.run.share_link import VIEWS, Link
from rnnviz.run.timeline import Timeline
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data.number_columns import joined_columns
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.data_source import DataSource, UploadStore
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import (
    DATA_SETTINGS,
    FLAGS,
    Upload,
    column_name,
    file_of_frame,
    with_columns,
)

L = TypeVar("L")
#: The temperature at which a network writes, at first, and all by their names.
TEMPERATURE, _TEMPERATURES = 0.7, {f"{k / 10:g}": k / 10 for k in range(1, 21)}
_LAYERS = int(SETTINGS["layers"].high)
#: Seconds for which the story and signs of a run that trains are cached: nobody reads faster. And
#: the largest share of the time for a slow story, which is cached for longer.
STORY_SECONDS, STORY_SHARE = 0.2, 0.1


def first_phrase(dataset: Dataset, text: str) -> str:
    """``text``, or else the first example, as much of it as the network can read."""
    every = chain(dataset.test, dataset.train)
    examples = map(dataset.phrase_of, every)
    parts = (part for one in chain([text], examples) for part in (one, start_of(dataset, one)))
    return next((part for part in parts if readable(dataset, part)), text[: most_typed(dataset)])


class PhraseInput:
    """The text as ``typed``, the last readable ``phrase``, and the ``problem`` with the text."""

    def __init__(self, phrase: str) -> None:
        self.typed = self.phrase = phrase
        self.problem = ""

    def ask(self, text: str, dataset: Dataset) -> None:
        """Make ``text`` the phrase; if it can't be read, the last phrase stays."""
        # The start of a text that is too long stays in the box, to be shortened.
        self.typed, self.problem = text[: most_typed(dataset) + 1], ""
        try:
            read(dataset, text)
            self.phrase = text
        except TaskError as problem:
            self.problem = f"{problem} Still shown: {self.phrase}"

    def fits(self, dataset: Dataset) -> bool:
        """Whether the vocabulary of ``dataset`` has every word of the typed text."""
        try:
            return not read(dataset, self.typed).unknown
        except TaskError:
            return False


@dataclass
class Selection:
    """The number of a unit and the index of a token, both from 0; None if none is selected."""

    unit: int | None = None
    token: int | None = None

    def unit_of(self, hidden: int) -> int | None:
        """The unit, if a layer of ``hidden`` units has it."""
        return self.unit if self.unit is not None and self.unit < hidden else None


@dataclass(frozen=True, eq=False)
class CellDraft:
    """A text of equations, with its ``cell`` or its ``problem``.

    With a problem, ``before`` is the cell of the last valid text.
    """

    text: str
    problem: CellError | None = None
    cell: DerivedCell | None = None
    before: DerivedCell | None = None

    @property
    def last(self) -> DerivedCell | None:
        """The cell, or the one before the problem."""
        return self.cell or self.before


def checked(text: str, before: CellDraft | None = None) -> CellDraft:
    """Parse and check a text that follows the draft ``before``; a text too long is cut."""
    text = text[: CHARACTERS + 1]
    try:
        # An empty text would be an Elman cell.
        return CellDraft(text, cell=own_cell(text or " "))
    except CellError as problem:
        return CellDraft(text, problem, before=before.last if before else None)


@runtime_checkable
class Refittable(Protocol):
    """A lab that caches the axes of a plane."""

    def refit(self) -> None:
        """Fit them again at the next call."""


class Session:
    """A run, its data, one phrase, and the labs that analyse them.

    ``data`` selects the data set, ``player`` plays the run, ``phrase_input`` holds the phrase,
    ``selection`` the marked unit and token. ``objective``, ``layer``, ``part`` and ``temperature``
    are choices of the page. ``draft`` holds equations that are being typed, ``own_equations`` the
    user's own equations that were used last. ``questions`` are the open questions, by page, and
    ``links`` is the number of links that were opened. A run begins with the weights ``first``
    instead of random ones; a ``run`` that was trained before on these data, or a recording, takes
    its place. Sessions with the same ``data`` share the user's own.
    """

    def __init__(
        self, config: RunConfig | None = None, dataset: Dataset | None = None,
        upload_store: UploadStore | None = None, first: FirstNetwork | None = None,
        run: TrainingRun | Recording | None = None, *, data: DataSource | None = None,
    ) -> None:  # fmt: skip
        self.data = data or DataSource(dataset, upload_store)
        if isinstance(run, Recording):
            self.player: Timeline = Playback(run)
        else:
            self.player = Player(config or RunConfig(), self.data.dataset_for, first, run)
        self.player.on_arrival = self._refit
        self._memo = Memo()
        self.phrase_input = PhraseInput(self.first_phrase)
        self.selection = Selection()
        self._objective = Objective.LOSS
        # The topmost layer is the one that is read out.
        self.layer, self._part, self.temperature = self.config.layers - 1, "", TEMPERATURE
        self.units, self.memory = UnitLab(), MemoryLab()
        self.story_seconds = STORY_SECONDS
        #: A counter of the periods for which a story is cached, and when the next one begins.
        self._span, self._next_span = 0, -math.inf
        self._labs: dict[type, Any] = {}
        self.questions = first_questions()
        self.step_view = StepView.SEQUENCE
        #: The choices in a link, for labs that don't exist yet.
        self._marks: dict[str, str] = {}
        self.links = 0
        self.draft: CellDraft | None = None
        self.own_equations = self.config.equations

    def lab(self, kind: type[L]) -> L:
        """The lab of this kind; created on first use."""
        if kind not in self._labs:
            self._labs[kind] = kind()
            for sentence in self._choose(self._labs[kind]):
                self.player.note(sentence)
        lab: L = self._labs[kind]
        return lab

    # Run and data

    @property
    def part(self) -> str:
        """The state or gate shown; the output if the cell has no such part."""
        cell = self.state.parameters.architecture.cell
        return self._part if self._part in cell.shown else cell.equations.out

    @part.setter
    def part(self, name: str) -> None:
        self._part = name

    @property
    def objective(self) -> Objective:
        """What the gradient is taken of; the loss for values, which have no margin."""
        return self._objective if self.dataset.answers_classes else Objective.LOSS

    @objective.setter
    def objective(self, objective: Objective) -> None:
        self._objective = objective

    @property
    def run(self) -> Run:
        """The training run."""
        return self.player.run

    @property
    def unit(self) -> str:
        """The unit of the run's axis: "epoch", or "step" for a recording."""
        return self.run.history.unit

    @property
    def config(self) -> RunConfig:
        """The settings of the page."""
        return self.player.config

    @property
    def dataset(self) -> Dataset:
        """The data set of the run."""
        return self.player.dataset

    @property
    def baselines(self) -> tuple[Baseline, ...]:
        """The losses of simple models on the data set; cached."""
        return self._memo.ask("baselines", self.dataset, lambda: baselines(self.dataset))

    def configure(self, config: RunConfig) -> None:
        """Apply new settings from the next step on, or restart the run if they require it."""
        before, default = self.dataset, self.first_phrase
        layers = self.config.layers
        try:
            self.player.configure(config)
        except TaskError as problem:
            # One's own numbers can be too few for a longer window.
            self.player.message = str(problem)
            return
        self.own_equations = self.config.equations or self.own_equations
        if self.config.layers != layers:
            self.layer = self.config.layers - 1
        self._update_phrase(before, default)

    def load(self, upload: Upload | None) -> None:
        """Restart the run with the user's own data, or with the task's for None.

        Window and horizon are then those of the upload. If the data are invalid, the run stays as
        it is and ``data.problem`` is the reason.
        """
        before, default, player = self.dataset, self.first_phrase, self.player
        config = self.config
        if upload is not None:
            config = replace(config, window=upload.window, horizon=upload.horizon)
        with self.all_or_nothing():
            if not self.data.take(upload, config):
                return
            if self.data.dataset_for(config) is not before:
                player.pause()
                player.config = config
                player.restart()
                self._update_phrase(before, default)
                player.message = f"Started again at epoch 0, with the data {self.dataset.name}."

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Replace the run, its data and its phrase; an error, also a cancellation, undoes it."""
        with ExitStack() as undo:
            for part in (self, self.data, self.player, self.phrase_input):
                undo.callback(vars(part).update, {**vars(part)})
            yield
            undo.pop_all()

    # The user's own cell

    def write(self, equations: str) -> None:
        """Check equations that are being typed; the run stays as it is."""
        self.draft = checked(equations, self.draft)

    def use(self, equations: str) -> None:
        """Train with these equations if they are a valid cell."""
        self.write(equations)
        if self.draft and self.draft.cell:
            self.configure(replace(self.config, cell=OWN, equations=self.draft.text))

    def fork(self) -> Session:
        """An independent view of the same run, with its own position and phrase."""
        other = copy(self)
        other.player, other.phrase_input = copy(self.player), copy(self.phrase_input)
        other.memory, other.player.pinned = MemoryLab(), None
        return other

    def beside(self, config: RunConfig) -> Session:
        """A session with other settings that reads the same data and the same phrase."""
        other = Session(config, first=self.player.first, data=self.data)
        other.ask(self.phrase_input.phrase)
        other.selection, other.questions = self.selection, self.questions
        other.objective, other.own_equations = self.objective, self.own_equations
        other.player.speed, other._part = self.player.speed, self._part
        if other.config.layers == self.config.layers:
            other.layer = self.layer
        return other

    # The state shown

    @property
    def state(self) -> TrainState:
        """The state shown: the present or a past one."""
        return self.player.state

    @property
    def settings(self) -> RunConfig:
        """The settings at the position shown."""
        return self.run.schedule.at(self.player.position)

    @property
    def names(self) -> Names:
        """The names of the rows and columns of the parameters."""
        return names_of(self.dataset)

    def _refit(self) -> None:
        # Axes that were fitted while a link was followed are not those of its end.
        for lab in (self.units, *self._labs.values()):
            if isinstance(lab, Refittable):
                lab.refit()

    # The phrase

    @property
    def first_phrase(self) -> str:
        """The default phrase of the data, which the network can read; cached."""
        data, text = self.dataset, self.data.first_phrase(self.config, self.dataset)
        return self._memo.ask("first phrase", (data, text), lambda: first_phrase(data, text))

    def ask(self, text: str) -> None:
        """Make ``text`` the phrase; see ``PhraseInput``."""
        self.phrase_input.ask(text, self.dataset)

    def _update_phrase(self, before: Dataset, default: str) -> None:
        """With new data, keep the typed phrase if it is readable, else take their default."""
        if self.dataset is before:
            return
        self.selection = Selection()
        box = self.phrase_input
        fits = self.dataset.name == before.name or (self.data.own and box.fits(self.dataset))
        self.ask(box.typed if fits and box.typed != default else self.first_phrase)
        if box.problem:
            self.ask(self.first_phrase)

    def inspect(self, text: str | None = None) -> Probe:
        """Read ``text``, by default the phrase, with the network shown; raises TaskError.

        The result for the phrase is cached.
        """
        state, config = self.state, self.settings
        if text is not None:
            return inspect(self.dataset, state.parameters, text, config)
        data, phrase = self.dataset, self.phrase_input.phrase
        key = state, phrase, config
        return self._memo.ask("probe", key, lambda: inspect(data, state.parameters, phrase, config))

    @property
    def second_state(self) -> TrainState | None:
        """The state at the second moment (``Player.second``); cached."""
        position, run = self.player.second, self.run
        if position is None or position >= run.position:
            return None if position is None else run.state
        key = run, position
        return self._memo.ask("second", key, lambda: run.replay(position, "second").copy())

    @property
    def second(self) -> Probe | None:
        """The phrase read by the network at the second moment; cached."""
        state, data, phrase = self.second_state, self.dataset, self.phrase_input.phrase
        if state is None:
            return None
        config = self.run.schedule.at(Position(state.epoch, state.offset))
        key = state, phrase, config
        ask = self._memo.ask
        return ask("second probe", key, lambda: inspect(data, state.parameters, phrase, config))

    @property
    def story(self) -> Story:
        """The chapter that the run has reached, and a sentence about the phrase; cached."""
        player, probe = self.player, self.inspect()
        key = self._story_key(probe)

        def told() -> Story:
            begun, radii = monotonic(), self.memory.radii(self.run, self.state)
            made = story(player, probe, self.signs, radii, self.judgement)
            slow = begun + (monotonic() - begun) / STORY_SHARE
            self._next_span = max(self._next_span, slow)
            return made

        return self._memo.ask("story", key, told)

    @property
    def judgement(self) -> str:
        """A sentence that compares the network with simple models, if these apply; cached."""
        state, quick = self.state, self.player.running
        key = state, self.dataset, quick
        make = partial(told_beside, self.dataset, state.parameters, quick=quick)
        return self._memo.ask("judgement", key, make)

    @property
    def signs(self) -> tuple[Sign, ...]:
        """The signs of health at the position shown, measured on the phrase; cached."""
        state, probe = self.state, self.inspect()
        inputs = state.parameters, probe.trace, self.settings, state.slots
        return self._memo.ask("signs", self._story_key(probe), lambda: health(*inputs))

    def _story_key(self, probe: Probe) -> tuple[object, ...]:
        """The cache key of story and signs: the position; while the run trains, a span of time."""
        player = self.player
        if player.running and player.shown is None:
            if (now := monotonic()) >= self._next_span:
                self._span, self._next_span = self._span + 1, now + self.story_seconds
            return self.run, self.settings, self.phrase_input.phrase, self._span
        return probe, player.position, player.over, player.shown is None and player.remedy

    def gradient_query(
        self, probe: Probe | None = None, objective: Objective | None = None
    ) -> GradientQuery:
        """The input of the gradient and memory labs; ``probe`` must be of the network shown."""
        trace, train = (probe or self.inspect()).trace, self.dataset.train
        objective = objective or self.objective
        return GradientQuery(self.state, self.settings, trace, train, objective, self.layer)

    # PyTorch

    def to_torch(self) -> Any:
        """The network shown as a module of PyTorch; raises TransferError if there is none.

        It reads words (B, T), or values (B, T, D), and answers with logits: (B, C) after the last
        one, or (B, T, C) after every one.
        """
        from rnnviz.files.weights_file import to_torch  # noqa: PLC0415

        return to_torch(self)

    # Links

    marks = (
        Mark.option("shown.gradient", "objective", Objective),
        Mark("shown.layer", "layer", index_from(1, _LAYERS), lambda k: f"{k + 1}"),
        Mark("shown.part", "part"),
        Mark(
            "learn.temperature",
            "temperature",
            one_of(_TEMPERATURES),
            lambda t: f"{t:g}" * (t != TEMPERATURE),
        ),
    )

    def _choose(self, lab: object) -> list[str]:
        """Make the choices of the last link in a lab; a sentence for each that is invalid."""
        if not isinstance(lab, Marked):
            return []
        own = {mark.name: self._marks.pop(mark.name, "") for mark in lab.marks}
        return choose(lab, own)

    def choices(self) -> dict[str, str]:
        """The choices of the pages that are not the default, as in a link."""
        found = dict(self._marks)
        for marked in (self, self.units, *self._labs.values()):
            if isinstance(marked, Marked):
                found |= choices_of(marked)
        defaults = {
            "shown.layer": f"{self.config.layers}",
            "shown.part": self.state.parameters.architecture.cell.equations.out,
        }
        return dict(found.items() - defaults.items())

    def link(self) -> Link:
        """The link to the page as it is now.

        It contains the name of uploaded data, but only the settings if the constructor got a data
        set.
        """
        if self.player.recorded:
            return self.player.link()
        if self.data.given is not None:
            return Link(Schedule(self.config))
        phrase, marked = self.phrase_input.phrase, self.selection
        return replace(
            self.player.link(), phrase=None if phrase == self.first_phrase else phrase,
            data=self.data.name(), unit=marked.unit, token=marked.token,
            view=view if (view := self.step_view.value) in VIEWS else None,
            asked=non_default_questions(self.questions.values()), marks=self.choices(),
        )  # fmt: skip

    def follow(
        self, link: Link, problems: Sequence[str] = (), patience: float = LINK_SECONDS
    ) -> None:
        """Read the phrase of a link, and follow it; see ``Player.follow``."""
        player = self.player
        if not isinstance(player, Player):
            return
        self.links += 1
        questions, unknown = named(link.asked)
        problems = [*problems, *unknown, *self.data.find(link.data, link.schedule.start)]
        before, start = self.dataset, link.schedule.start
        dataset = self.data.dataset_for(start)
        if dataset is not before:  # a phrase that can be read, whatever the link's is
            first = first_phrase(dataset, self.data.first_phrase(start, dataset))
            self.phrase_input.ask(first, dataset)
        if start.layers != self.config.layers:
            self.layer = start.layers - 1
        self.own_equations = start.equations or self.own_equations
        if link.phrase is not None:
            self.phrase_input.ask(link.phrase, dataset)
        self.selection = Selection(link.unit, link.token)
        self.step_view = StepView(link.view or StepView.SEQUENCE)
        self.questions = first_questions() | questions
        known = {n: text for n, text in link.marks.items() if n.partition(".")[0] in MARKED}
        self._marks = known
        marked = (self, self.units, *self._labs.values())
        problems += [sentence for lab in marked for sentence in self._choose(lab)]
        self.layer = min(self.layer, start.layers - 1)
        player.follow(link, problems, patience)


#: One column of a frame, or several; None is guessed.
_Names = Hashable | Sequence[Hashable] | None


def from_frame(
    frame: pd.DataFrame | pd.Series[Any], config: RunConfig | None = None, *,
    test: pd.DataFrame | pd.Series[Any] | None = None,
    time: _Names = None, value: _Names = None, input: _Names = None, id: _Names = None,
    label: Hashable = None, window: int | None = None, horizon: int | None = None, **options: Any,
) -> Session:  # fmt: skip
    """A session that learns from a pandas DataFrame: numbers over time, or texts.

    ``time``, ``value``, ``input``, ``id`` and ``label`` name columns; those that aren't given are
    guessed. ``test`` is another frame, of later times or other series. ``window`` and ``horizon``
    take the place of those in ``config``; ``options`` are others of ``Upload``, such as
    ``fill="last"``. Raises TaskError or SettingError for what can't be learned, TypeError for an
    option that there is not.
    """
    if unknown := options.keys() - {*DATA_SETTINGS, *FLAGS}:
        name = min(unknown)
        where = f": give it in config, as RunConfig({name}=...)" if name in SETTINGS else ""
        raise TypeError(f"from_frame takes no {name!r}{where}.")
    config = config or RunConfig()
    windowed = window is not None or horizon is not None
    window, horizon = (
        getattr(config, name) if given is None else given
        for name, given in (("window", window), ("horizon", horizon))
    )

    def listed(names: _Names) -> str | None:
        if names is None or isinstance(names, str):
            return names
        every = names if isinstance(names, Sequence) else [names]
        return joined_columns(map(column_name, every))

    if label is not None:
        options["label_column"] = column_name(label)
    given = Upload(
        file_of_frame(frame), None if test is None else file_of_frame(test), time=listed(time),
        value=listed(value), input=listed(input), id=listed(id), seed=config.dataset_seed,
        window=window, horizon=horizon, **options,
    )  # fmt: skip
    session = Session(config)
    session.load(upload := with_columns(given))
    if session.data.problem:
        raise TaskError(session.data.problem)
    if windowed and not (session.dataset.series or upload.form is Form.NEXT):
        raise TaskError(
            "Only numbers over time, and texts to continue, have a window. Name the column of "
            "times: time=..."
        )
    return session
