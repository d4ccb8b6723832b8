"""Playback: walks over the snapshots of a recording, and takes over those that follow."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rnnviz.config import RunConfig
from rnnviz.run.history import Course
from rnnviz.run.player import LOOKING_BACK, PATIENCE, Player
from rnnviz.run.recording import Recording
from rnnviz.run.run import Run
from rnnviz.run.schedule import Position, Schedule
from rnnviz.run.share_link import Link
from rnnviz.run.weight_edits import Edit

#: Snapshots per second, when it begins.
_USUAL = 5


class Playback(Player):
    """A recording and the position in it that is shown.

    At the last snapshot it stays at the last one while the recording grows. It can't train: what
    would have to, says so.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        recording.grow(PATIENCE)
        config = recording.schedule.start
        super().__init__(config, lambda _: recording.dataset, recording.first)
        self.speed = _USUAL
        self.message = self._what

    def _new_run(self, schedule: Schedule) -> Run:
        return self._recording

    @property
    def _last(self) -> int:
        return self.run.position.epoch

    @property
    def _what(self) -> str:
        """That it is a recording, in a sentence."""
        if problem := self._recording.problem:
            return problem
        count = len(self._recording.stored)
        more = " It follows the training loop while that goes on." if self.growing else ""
        return (
            f"This is a recording: {count:,} snapshots up to step {self._last:,}.{more} Play walks "
            "through them."
        )

    # Growth

    @property
    def growing(self) -> bool:
        """Whether more snapshots may come."""
        return self._recording.growing

    @property
    def behind(self) -> bool:
        """Whether there are snapshots that are not taken over yet."""
        return self._recording.behind

    def look(self) -> bool:
        """Look for more snapshots; return whether anything changed."""
        changed = self._recording.look()
        if changed and self.shown is None:
            self.message = self._what
        return changed

    def grow(self, budget: float) -> None:
        """Take over snapshots for about ``budget`` seconds; who looks back stays there."""
        self._recording.grow(budget)
        if self.shown is None:
            self.message = self._what

    # What is shown

    @property
    def recorded(self) -> bool:
        """Whether this is a recording."""
        return True

    @property
    def finished(self) -> bool:
        """Whether no snapshot follows the last one: there may always be one."""
        return False

    @property
    def condition(self) -> str:
        """The status word on the page."""
        if self.running:
            return "Playing"
        if self.shown is not None:
            return LOOKING_BACK
        return "Following" if self.growing else "Recording"

    @property
    def course(self) -> Course:
        """The data of the charts over the steps."""
        shown = None if self.shown is None else self.shown.epoch
        pinned = None if self.pinned is None else self.pinned.epoch
        return Course(self.run.history, self._last, shown, pinned=pinned)

    def go_to(self, position: Position) -> None:
        """Show the snapshot that is nearest to a step."""
        position = Position(self.run.at(position).epoch)
        if position >= self.run.position:
            self.back_to_now()
            return
        self.shown = position
        self.message = (
            f"Looking back at step {position.epoch:,}. Between snapshots there is nothing: "
            "the slider goes to the nearest."
        )

    def back_to_now(self) -> None:
        """Show the last snapshot again."""
        self.shown, self.message = None, self._what

    # Playing

    def play(self) -> None:
        """Let ticks walk over the snapshots, from the first if the last one is shown."""
        if len(self._recording.stored) < 2:
            self.message = f"There is one snapshot so far. {self._what}"
            return
        if self.shown is None:
            self.go_to(Position(0))
        self.running = True
        self.message = "Walking over the snapshots."

    def tick(self, budget: float, count: int = 1) -> None:
        """Go on by ``count`` snapshots, for at most about ``budget`` seconds."""
        until = time.perf_counter() + budget
        for _ in range(count):
            if self.shown is None or time.perf_counter() > until:
                break
            self.go_to(self.run.after(self.shown))
        self.running = self.shown is not None
        if self.running:
            self.message = "Walking over the snapshots."

    def step_epoch(self) -> None:
        """Pause, and go on by one snapshot."""
        self.pause()
        if self.shown is None:
            self.message = f"This is the last snapshot. {self._what}"
        else:
            self.go_to(self.run.after(self.shown))

    def _step(self) -> None:
        self.step_epoch()

    # What a recording can't do

    def _cannot(self, what: str) -> None:
        self.running = False
        self.message = f"This is a recording of another program: {what}."

    def advance(self, epochs: int = 1, budget: float = float("inf")) -> None:
        """Say that it can't train on."""
        self._cannot("it can't be trained on here")

    def reset(self) -> None:
        """Show the first snapshot."""
        self.pause()
        self.go_to(Position(0))

    def branch(self) -> None:
        """Say that it can't be branched."""
        self._cannot("it has no branches")

    def branch_with(self, edits: Sequence[Edit]) -> bool:
        """Say that it can't be branched; the edits stay those of a copy."""
        self._cannot("it has no branches")
        return False

    def configure(self, config: RunConfig) -> None:
        """Say that its settings are what they were."""
        if config != self.config:
            self._cannot("its settings are those it was trained with")

    def link(self) -> Link:
        """A link with nothing in it: none can carry the snapshots."""
        return Link(Schedule(RunConfig()))

    def follow(self, link: Link, problems: Sequence[str] = (), patience: float = PATIENCE) -> None:
        """Nothing: a link leads to no recording."""
