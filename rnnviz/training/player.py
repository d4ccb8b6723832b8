"""Player: a run that is played, looked back at, and branched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.engine.training import TrainState
from rnnviz.tasks.dataset import Dataset
from rnnviz.training.history import Course, Ghost
from rnnviz.training.run import Run, architecture_of
from rnnviz.training.schedule import EDIT, MAX_CHANGES, Position, Schedule
from rnnviz.training.share_link import START, Link, OldRun
from rnnviz.training.weight_edits import Edit, apply_edits, problem

#: Epochs a second that can be chosen; 0 is the slow motion of single steps.
SPEEDS = (0, 1, 2, 5, 10, 20, 60, 120, 300, 600)
#: Seconds that a link may take to be followed before the page is shown.
PATIENCE = 1.0


class Player:
    """A run, and the position in it that is looked at.

    ``dataset_for`` gives the data that are learned with some settings.
    """

    def __init__(self, config: RunConfig, dataset_for: Callable[[RunConfig], Dataset]) -> None:
        self.config = config
        self.speed = 60
        self.running = False
        self.message = "Press Play: in every epoch the network reads each training example once."
        #: Called where the way of a link has come to its end.
        self.on_arrival: Callable[[], None] = lambda: None
        self._problems = ""
        self._dataset_for = dataset_for
        self.restart()

    def restart(self) -> None:
        """Start at epoch 0, with the settings and data of now."""
        self.dataset = self._dataset_for(self.config)
        self.run = Run(self.dataset, Schedule(self.config))
        self.shown: Position | None = None
        self.ghost: Ghost | None = None
        self._journey: Iterator[None] | None = None
        self._target: Link | None = None

    # Where it is

    @property
    def state(self) -> TrainState:
        """The state that is looked at: the present, or one that the run has passed."""
        return self.run.state if self.shown is None else self.run.at(self.shown)

    @property
    def position(self) -> Position:
        """The position that is looked at."""
        shown = self.shown
        return self.run.position if shown is None else shown

    @property
    def finished(self) -> bool:
        """Whether the run has done the epochs it was to do."""
        return self.run.position.epoch >= self.config.epochs

    @property
    def over(self) -> bool:
        """Whether there is no step left to look at: at the present, and the run is finished."""
        return self.finished and self.shown is None

    @property
    def condition(self) -> str:
        """What is going on, in a word."""
        if self.running:
            opening = "Opening" if self._journey else "Running"
            return "Replaying" if self.shown else opening
        if self.shown is not None:
            return "Looking back"
        return "Finished" if self.finished else "Paused"

    @property
    def opening(self) -> bool:
        """Whether a link is being followed."""
        return self._journey is not None

    @property
    def progress(self) -> str:
        """The epochs done and, inside an epoch, the share of its examples: "12 + 3/58"."""
        epoch, offset = self.position
        return f"{epoch} + {offset}/{self.run.examples}" if offset else str(epoch)

    @property
    def course(self) -> Course:
        """The run as the charts over its epochs show it."""
        shown = None if self.shown is None else self.shown.epoch
        schedule, config = self.run.schedule, self.config
        return Course(self.run.history, config.epochs, shown, schedule.changes, self.ghost)

    def note(self, sentence: str) -> None:
        """Say something before the message; on the way along a link it stays until its end."""
        if self._journey:
            self._problems = f"{sentence} {self._problems}".strip()
        else:
            self.message = f"{sentence} {self.message}".strip()

    # Training

    def play(self) -> None:
        """Let ticks advance the run; from a past epoch they replay it first."""
        self.running = not self.over
        self.message = "" if self.running else self._finished_message()

    def pause(self) -> None:
        """Keep ticks from advancing the run."""
        self.running = False
        if self._journey:
            self.message = f"The link was followed up to epoch {self.position}."
            self._arrive()

    def advance(self, epochs: int = 1, budget: float = float("inf")) -> None:
        """Train for ``epochs`` epochs from the present, or until ``budget`` seconds are over.

        Stops the run at the last epoch, or where the loss is no longer finite.
        """
        until = time.perf_counter() + budget
        goal = Position(min(self.run.position.epoch + epochs, self.config.epochs))
        stride = self.run.stride if np.isfinite(budget) else self.run.examples
        for _ in self._train_to(goal, stride):
            if time.perf_counter() > until:
                break
        self._stop_at_the_end()

    def _train_to(self, goal: Position, stride: int) -> Iterator[None]:
        """Train to ``goal``, pausing after every ``stride`` examples at most."""
        run = self.run
        while run.position < goal:
            epoch, offset = run.position
            end = goal.offset if epoch == goal.epoch else run.examples
            if not run.train(min(stride, end - offset)):
                self._diverged()
                return
            yield

    def tick(self, budget: float, count: int = 1) -> None:
        """Go on by ``count`` epochs, for about ``budget`` seconds at most.

        At speed 0 it goes on by ``count`` steps.
        """
        if self._journey:
            self._travel(budget)
        elif not self.speed:
            for _ in range(count):
                self._one_phrase()
        elif self.shown is not None:
            self._replay(count, budget)
        else:
            self.advance(count, budget)

    def step_epoch(self) -> None:
        """Pause, and train, or replay, to the end of the present epoch."""
        self.pause()
        if self.shown is not None:
            self.go_to(Position(self.shown.epoch + 1))
        else:
            self.advance(1)

    def step_phrase(self) -> None:
        """Pause, and take, or replay, one optimizer step: one example, or one batch."""
        self.pause()
        self._one_phrase()

    def _one_phrase(self) -> None:
        if self.shown is not None:
            self.go_to(self.run.after(self.shown))
            return
        if not self.finished and not self.run.train(self.run.batch):
            self._diverged()
        self._stop_at_the_end()

    def _diverged(self) -> None:
        self.running = False
        if not np.isfinite(self.run.history.row(0)["train_loss"]):
            self.message = (
                "Stopped: with these initial weights the loss is no finite number to begin with. "
                "Try a smaller initial scale."
            )
            return
        self.message = (
            f"Stopped: at learning rate {self.config.lr:g} the loss is no longer a finite number. "
            f"The weights of epoch {self.run.position.epoch} are kept. "
            f"Try a learning rate of {min(0.02, self.config.lr / 10):g}."
        )

    def _stop_at_the_end(self) -> None:
        if self.over:
            self.running = False
            self.message = self._finished_message()

    def _finished_message(self) -> str:
        return (
            f"Finished: {self.run.position.epoch} of {self.config.epochs} epochs done. "
            "Raise Epochs to train on, or press Reset."
        )

    def reset(self) -> None:
        """Start the run again from the same initial weights."""
        self.running = False
        self.message = ""
        self.restart()

    # Going back

    def go_to(self, position: Position) -> None:
        """Look at a position that the run has passed; at the present, or beyond, look at that."""
        position = self.run.clamped(position)
        if position >= self.run.position:
            self.back_to_now()
            return
        self.shown = position
        then = self.run.schedule.at(position).changes(self.config)
        differing = [
            f"{r.label} was {self.run.schedule.at(position).as_dict()[r.name]}" for r in then
        ]
        self.message = (
            f"Looking back at epoch {self.progress}; the run is at {self.run.position}. "
            + (f"{' and '.join(differing)} here. " if differing else "")
            + "Play replays it from here, Branch here takes another way."
        )

    def back_to_now(self) -> None:
        """Look at the present again."""
        self.shown = None
        self.message = self._finished_message() if self.finished else ""

    def _replay(self, epochs: int, budget: float) -> None:
        until = time.perf_counter() + budget
        for _ in range(epochs):
            if self.shown is None:
                break
            self.go_to(Position(self.shown.epoch + 1))
            if time.perf_counter() > until:
                break
        if self.shown is not None:
            self.message = f"Replaying; the run is at epoch {self.run.position}."
        self._stop_at_the_end()

    def branch(self) -> None:
        """Make the position that is looked at the present; the old run stays as a ghost."""
        if self.shown is None:
            return
        position, now = self.shown, self.run.position
        self.pause()
        self.ghost = self.run.branch(position)
        self.shown = None
        self.message = (
            f"Branched at epoch {position} of a run that had gone to {now}, which stays as "
            "a ghost: change a setting and press Play."
        )

    def branch_with(self, edits: Sequence[Edit]) -> bool:
        """Go on from the position looked at with edited weights; the old run stays as a ghost.

        Where a loss would not be finite nothing is done, and False returned.
        """
        position, now = self.position, self.run.position
        edited = apply_edits(self.state.parameters, edits)
        if not self.run.bears(edited):
            self.message = "With these weights a loss is no finite number: the run stays as it is."
            return False
        self.pause()
        self.ghost = self.run.branch(position, edits)
        self.shown = None
        self.message = (
            f"Branched at epoch {position} with edited weights ({'; '.join(map(str, edits))}). "
            f"The run as it was, up to {now}, stays as a ghost; a link carries the edits."
        )
        return True

    # Settings and data

    def configure(self, config: RunConfig) -> None:
        """Take new settings: at the next step where they can, else with a run started again."""
        changed = self.config.changes(config)
        if not changed:
            return
        if self._journey:
            self.pause()
        restarting = self.config.restarts(config)
        self.config = config
        if restarting:
            self.restart()
            # Another task brings its own settings along.
            other = [row for row in restarting if row.name == "task"] or restarting
            names = _listed([row.label for row in other])
            self.message = f"Started again at epoch 0, because {names} changed."
            return
        self.run.configure(config)
        self.message = " ".join(
            self._change_message(row.label, getattr(config, row.name))
            for row in changed
            if row.name != "epochs" and self.run.position > Position(0)
        )

    def _change_message(self, label: str, value: object) -> str:
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        said = f"{label} is {shown} from epoch {self.run.position} on."
        if len(self.run.schedule.changes) > MAX_CHANGES:
            said += f" A link carries {MAX_CHANGES} changes; a copied one no longer leads here."
        if self.shown is None:
            return said
        return f"{said} To try it from epoch {self.progress}, press Branch here."

    # Links

    def link(self) -> Link:
        """The link to the position that is looked at, in this run; on the way there its own."""
        if self._journey and self._target:
            return self._target
        return Link(self.run.schedule, self.run.position, self.position, old=self._old())

    def _old(self) -> OldRun | None:
        ghost = self.ghost
        if ghost is None:
            return None
        changes = (c for c in ghost.schedule.changes if c.position >= ghost.position)
        return OldRun(ghost.position, ghost.end, tuple(changes))

    def follow(self, link: Link, problems: Sequence[str] = (), patience: float = PATIENCE) -> None:
        """Go where a link leads, from the start: at once if that is quick, else tick by tick.

        It is quick up to ``patience`` seconds. ``problems`` with the link stay in sight on the way
        and at its end.
        """
        link, said = self._fitting(link)
        self.config = link.schedule.last
        self.shown = self.ghost = None
        problems = [*problems, *said]
        self._journey, self._target, self._problems = self._way(link), link, " ".join(problems)
        self._travel(patience)

    def _fitting(self, link: Link) -> tuple[Link, list[str]]:
        """The link without edits that its network hasn't the weights for, and what is said then."""
        changes = [*link.schedule.changes, *(link.old.changes if link.old else ())]
        if not any(change.name == EDIT for change in changes):
            return link, []
        start = link.schedule.start
        architecture = architecture_of(self._dataset_for(start), start)
        wrong = {c: p for c in changes if c.name == EDIT and (p := problem(c.value, architecture))}
        own = tuple(c for c in link.schedule.changes if c not in wrong)
        old = link.old and replace(
            link.old, changes=tuple(c for c in link.old.changes if c not in wrong)
        )
        said = [f"In the link: {change} is left out: {why}" for change, why in wrong.items()]
        return replace(link, schedule=Schedule(start, own), old=old), said

    def _way(self, link: Link) -> Iterator[None]:
        self.dataset = self._dataset_for(link.schedule.start)
        first = link.old.schedule(link.schedule) if link.old else link.schedule
        self.run = Run(self.dataset, first)
        if link.old:
            yield from self._train_to(self.run.clamped(link.old.now), self.run.stride)
            left = self.run.clamped(link.old.left)
            if self.run.position < left:
                return
            self.ghost = self.run.branch(left)
            if first.edits(left) or link.schedule.edits(left):
                # There the two runs have other weights: this one comes from its own start.
                self.run = Run(self.dataset, link.schedule)
            else:
                self.run.schedule = link.schedule
        now, shown = self.run.clamped(link.now), self.run.clamped(link.shown)
        yield from self._train_to(now, self.run.stride)
        if self.run.position < now:
            return
        if now > START:
            self.message = f"Opened at epoch {self.progress}."
        if shown < now:
            self.go_to(shown)
        self._stop_at_the_end()

    def _travel(self, budget: float) -> None:
        until = time.perf_counter() + budget
        for _ in self._journey or ():
            if time.perf_counter() > until:
                self.running = True
                self.message = (
                    f"{self._problems} Following the link: epoch {self.run.position}. "
                    "Pause to stop here."
                ).strip()
                return
        self._arrive()

    def _arrive(self) -> None:
        """End the journey, with the settings that the page shows in force from here on."""
        self._journey = None
        self.running = False
        self.run.configure(self.config)
        self.message = f"{self._problems} {self.message}".strip()
        self.on_arrival()


def _listed(names: Sequence[str]) -> str:
    """Names as a list in a sentence: a, b and c."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
