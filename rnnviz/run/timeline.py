"""Timeline: a run and the position in it that is shown; the protocol of its drivers."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from rnnviz.config import RunConfig
from rnnviz.engine.training import TrainState
from rnnviz.run.history import PreviousRun, RunCurves
from rnnviz.run.run import FirstNetwork, Run
from rnnviz.run.schedule import Position, Schedule
from rnnviz.run.share_link import Link
from rnnviz.run.weight_edits import Edit

#: The status while an earlier position is shown.
LOOKING_BACK = "Looking back"


class Timeline(ABC):
    """A run and the position in it that is shown.

    On its own it only reads the run. A driver that can also change it overrides ``advance``,
    ``branch``, ``branch_with`` and ``configure``.
    """

    #: Whether another program trained the run.
    recorded = False

    def __init__(self, config: RunConfig, first: FirstNetwork | None, speed: int) -> None:
        self.config, self.first, self.speed = config, first, speed
        self.running, self.message = False, ""
        #: Called when a link has been followed to its end.
        self.on_arrival: Callable[[], None] = lambda: None

    def _show(self, run: Run) -> None:
        self.run, self.dataset = run, run.dataset
        self.shown: Position | None = None
        #: The position that is compared with the one shown.
        self.pinned: Position | None = None
        #: What to try, if the last step from the present failed: the loss was no longer finite.
        self.remedy = ""
        self.ghost: PreviousRun | None = None
        #: Another run whose curves are drawn instead of the ghost's.
        self.faint: PreviousRun | None = None

    def restart(self) -> None:
        """Show the run from its present again, compared with nothing."""
        self._show(self.run)

    # A run that another program extends

    @property
    def growing(self) -> bool:
        """Whether another program may add to the run."""
        return False

    @property
    def behind(self) -> bool:
        """Whether additions are not loaded yet."""
        return False

    def look(self) -> bool:
        """Look for additions; return whether there are any."""
        return False

    def grow(self, budget: float) -> bool:
        """Load additions for about ``budget`` seconds; return whether more are left."""
        return self.behind

    # Position

    @property
    def state(self) -> TrainState:
        """The state shown: the present or a past one."""
        return self.run.state if self.shown is None else self.run.at(self.shown)

    @property
    def position(self) -> Position:
        """The position shown."""
        return self.run.position if self.shown is None else self.shown

    @property
    def second(self) -> Position | None:
        """The position drawn faint: the pinned one, or the present while a past one is shown."""
        other = self.run.position if self.pinned is None else self.pinned
        return None if other == self.position else other

    @property
    def finished(self) -> bool:
        """Whether the run has reached its last epoch."""
        return False

    @property
    def over(self) -> bool:
        """Whether no step follows: the run is finished, and its present is shown."""
        return self.finished and self.shown is None

    @property
    def opening(self) -> bool:
        """Whether a link is being followed."""
        return False

    @property
    def stepping(self) -> bool:
        """Whether ticks train to the end of an epoch, and then pause."""
        return False

    @property
    @abstractmethod
    def condition(self) -> str:
        """The status word on the page."""

    @property
    def progress(self) -> str:
        """The position shown as text; within an epoch with the examples read: "12 + 3/58"."""
        epoch, offset = self.position
        return f"{epoch} + {offset}/{self.run.examples}" if offset else str(epoch)

    @property
    def last(self) -> int:
        """The last epoch of the charts."""
        return self.run.position.epoch

    @property
    def course(self) -> RunCurves:
        """The data of the charts over the epochs."""
        shown, pinned = (None if p is None else p.epoch for p in (self.shown, self.pinned))
        changes = self.run.schedule.changes
        ghost = self.ghost or self.faint
        return RunCurves(self.run.history, self.last, shown, changes, ghost, pinned)

    @property
    def imported(self) -> FirstNetwork | None:
        """The weights from elsewhere that the run began with; None if it began with random ones."""
        first = self.first
        return first if first and first.begins(self.run.schedule.start) else None

    def go_to(self, position: Position) -> None:
        """Show the past position nearest to ``position``, or the present if that is nearest."""
        position = self._nearest(position)
        if position >= self.run.position:
            self.back_to_now()
        else:
            self.shown = position
            self.message = self._looking_back_message()

    def back_to_now(self) -> None:
        """Show the present again."""
        self.shown, self.message = None, self._present_message()

    @abstractmethod
    def _nearest(self, position: Position) -> Position: ...

    @abstractmethod
    def _looking_back_message(self) -> str: ...

    @abstractmethod
    def _present_message(self) -> str: ...

    def pin(self) -> None:
        """Compare what is shown from now on with the position shown; a second call ends this."""
        self.pinned = None if self.pinned else self.position
        if self.pinned:
            unit = self.run.history.unit.capitalize()
            self.message = f"{unit} {self.progress} stays faint, to compare with."

    def note(self, sentence: str) -> None:
        """Put a sentence before the message."""
        self.message = f"{sentence} {self.message}".strip()

    # Playing

    @abstractmethod
    def play(self) -> None:
        """Let ticks go on from the position shown."""

    @abstractmethod
    def tick(self, budget: float, count: int = 1) -> None:
        """Go on by ``count`` epochs or steps, for at most about ``budget`` seconds."""

    @abstractmethod
    def step_epoch(self, patience: float = math.inf) -> None:
        """Pause, and go on to the next epoch; after ``patience`` seconds by ticks."""

    def step_phrase(self) -> None:
        """Pause, and go on by the smallest step."""
        self.step_epoch()

    def pause(self) -> None:
        """Stop playing."""
        self.running = False

    def reset(self) -> None:
        """Go back to the beginning."""
        self.pause()
        self.go_to(Position(0))

    def link(self) -> Link:
        """The link to the position shown; to an untrained network if none can carry the run."""
        return Link(Schedule(RunConfig()))

    # Changes of the run

    @property
    def refusal(self) -> str:
        """Why the network can't be trained, in a sentence; empty if it can."""
        return ""

    def _refused(self) -> bool:
        if self.refusal:
            self.running, self.message = False, self.refusal
        return bool(self.refusal)

    def advance(self, epochs: int = 1, budget: float = float("inf")) -> None:
        """Train for ``epochs`` epochs from the present, or for ``budget`` seconds."""
        self._refused()

    def branch(self) -> None:
        """Make the position shown the present; the old run stays as a ghost."""
        self._refused()

    def branch_with(self, edits: Sequence[Edit]) -> bool:
        """Branch from the position shown with edited weights; return whether that was done."""
        self._refused()
        return False

    def configure(self, config: RunConfig) -> None:
        """Apply new settings from the next step on."""
        if config != self.config:
            self._refused()
