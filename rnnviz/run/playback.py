"""Playback: walks over the snapshots of a recording, and takes over those that follow."""

from __future__ import annotations

import time

from rnnviz.run.recording import Recording
from rnnviz.run.schedule import Position
from rnnviz.run.timeline import LOOKING_BACK, Timeline

#: Seconds for which snapshots are taken over before the page is shown.
_OPENING_SECONDS = 1.0


class Playback(Timeline):
    """The timeline of a recording.

    At the last snapshot it stays at the last one while the recording grows.
    """

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
        """That it is a recording, in a sentence."""
        if problem := self._recording.problem:
            return problem
        count = len(self._recording.stored)
        more = " It follows the training loop while that goes on." if self.growing else ""
        return (
            f"This is a recording: {count:,} snapshots up to step {self.last:,}.{more} Play walks "
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
        if changed and (self.shown is None or self._recording.problem):
            self.message = self._present_message()
        return changed

    def grow(self, budget: float) -> bool:
        """Take over snapshots for about ``budget`` seconds; an earlier one stays shown."""
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
        """The nearest snapshot."""
        return Position(self.run.at(position).epoch)

    def _looking_back_message(self) -> str:
        return (
            f"Looking back at step {self.position.epoch:,}. Between snapshots there is nothing: "
            "the slider goes to the nearest."
        )

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
            self.message = f"This is the last snapshot. {self._present_message()}"
        else:
            self.go_to(self.run.after(self.shown))
