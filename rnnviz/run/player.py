"""Player: plays, replays and branches a run, and follows links."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from rnnviz.cancellation import check_cancelled
from rnnviz.config import RunConfig
from rnnviz.engine.parameters import Parameters
from rnnviz.run.checksum import Checksum
from rnnviz.run.history import PreviousRun
from rnnviz.run.remedies import remedy_for_training, remedy_for_weights
from rnnviz.run.run import FirstNetwork, TrainingRun, architecture_of
from rnnviz.run.schedule import EDIT, ENDS, MAX_CHANGES, Change, Position, Schedule
from rnnviz.run.share_link import START, Link, OldRun
from rnnviz.run.timeline import LOOKING_BACK, Timeline
from rnnviz.run.weight_edits import MOST_DRAWN, Edit, EditKind, apply_edits, problem
from rnnviz.tasks.dataset import Dataset

#: Selectable speeds in epochs per second; 0 is slow motion, step by step.
SPEEDS = (0, 1, 2, 5, 10, 20, 60, 120, 300, 600)
#: The beginning of the message of a run that has ended; of one that was stopped early.
FINISHED, STOPPED = "Finished", "Stopped early"
#: The beginning of the message of a run that a link or a file has opened.
OPENED = "Opened at epoch"
#: The end of the message of a finished run.
TRAIN_ON = "Drag along the curves to look back and branch, or train on:"
#: Seconds for which a link is followed before the page is shown.
LINK_SECONDS = 1.0
#: Most problems of a link that are listed; the others are counted.
MOST_PROBLEMS = 20


def first_of(problems: Sequence[str]) -> list[str]:
    """The first problems of a link, and a sentence that counts the others."""
    more = len(problems) - MOST_PROBLEMS
    counted = [f"In the link: {more:,} more problem{'s' * (more > 1)}."] * (more > 0)
    return [*problems[:MOST_PROBLEMS], *counted]


class Player(Timeline):
    """The timeline of a run that is trained here.

    ``dataset_for`` returns the data set for the settings. ``first`` are weights to begin with. A
    ``run`` that was trained before takes the place of a new one with the settings.
    """

    run: TrainingRun

    def __init__(
        self,
        config: RunConfig,
        dataset_for: Callable[[RunConfig], Dataset],
        first: FirstNetwork | None = None,
        run: TrainingRun | None = None,
    ) -> None:
        super().__init__(run.schedule.last if run else config, first, speed=60)
        self._problems = ""
        self._summed: tuple[object, Checksum] | None = None
        self._dataset_for = dataset_for
        self._link_steps: Iterator[None] | None = None
        self._link: Link | None = None
        self._end = 0  # the epoch at which ticks pause
        if run:
            self._show(run)
        else:
            self.restart()
        self.message = self.first_message

    @property
    def first_message(self) -> str:
        """The message of a run that nothing has happened to."""
        invitation = "Press Play: in every epoch the network reads each training example once."
        return self.refusal or self.caution or invitation

    def restart(self) -> None:
        """Start a new run at epoch 0 with the present settings and data."""
        self._restart(self.config)

    def _restart(self, config: RunConfig) -> None:
        # Create the run first: invalid equations or a cancellation may stop it.
        run = TrainingRun(self._dataset_for(config), Schedule(config), self.first)
        self.config = config
        self._show(run)
        self._link_steps = self._link = None

    # Position

    @property
    def finished(self) -> bool:
        """Whether the run has reached its last epoch, or an early stop."""
        return self.run.finished

    @property
    def condition(self) -> str:
        """The status word on the page."""
        if self.running:
            opening = "Opening" if self._link_steps else "Running"
            return "Replaying" if self.shown else opening
        if self.shown is not None:
            return LOOKING_BACK
        return FINISHED if self.finished else "Paused"

    @property
    def opening(self) -> bool:
        """Whether a link is being followed."""
        return self._link_steps is not None

    @property
    def stepping(self) -> bool:
        """Whether ticks train to the end of an epoch, and then pause."""
        return self.running and self.run.position.epoch < self._end

    @property
    def last(self) -> int:
        """The last epoch of the charts, up to which the run may be trained."""
        return self.config.epochs

    def note(self, sentence: str) -> None:
        """Put a sentence before the message; while a link is followed it stays until the end."""
        if self._link_steps:
            self._problems = f"{sentence} {self._problems}".strip()
        else:
            super().note(sentence)

    # Training

    @property
    def refusal(self) -> str:
        """Why the network can't be trained, in a sentence; empty if it can."""
        if self.dataset.labelled:
            return ""
        return "There are no labelled examples to train on: open the network with examples."

    @property
    def caution(self) -> str:
        """How training differs from where the weights come from; empty if they are random."""
        return self.imported.note if self.imported else ""

    def play(self) -> None:
        """Let ticks advance the run; from a past position they replay first."""
        if self._refused():
            return
        self.running, self.remedy, self._end = not self.over, "", 0
        caution = "" if self.run.position.epoch else self.caution
        self.message = caution if self.running else self._finished_message()

    def pause(self) -> None:
        """Stop playing, and stop following a link."""
        self.running = False
        if self._link_steps:
            self.message = f"The link was followed up to epoch {self.position}."
            self._finish_link()

    def advance(self, epochs: int = 1, budget: float = float("inf")) -> None:
        """Train for ``epochs`` epochs from the present, or for ``budget`` seconds.

        Stops the run at the last epoch, or if the loss is no longer finite. An early stop shows
        the best epoch. If cancelled, the run keeps its progress.
        """
        until = time.perf_counter() + budget
        more = 0 if self.finished else epochs
        target = Position(min(self.run.position.epoch + more, self.config.epochs))
        stride = self.run.stride if np.isfinite(budget) else self.run.piece
        for _ in self._train_to(target, stride):
            if self.finished or time.perf_counter() > until:
                break
            check_cancelled()
        self._stop_at_the_end(trained=True)

    def _train_to(self, target: Position, stride: int) -> Iterator[None]:
        """Train to ``target``, and yield after at most ``stride`` examples."""
        run = self.run
        while not self._refused() and run.position < target:
            epoch, offset = run.position
            end = target.offset if epoch == target.epoch else run.examples
            followed = run.schedule
            if not run.train(min(stride, end - offset)):
                self._stop_diverged(followed)
                return
            yield

    def tick(self, budget: float, count: int = 1) -> None:
        """Train, or replay, ``count`` epochs for at most about ``budget`` seconds.

        At speed 0 ``count`` steps are taken. While a link is followed, or an epoch is stepped, only
        the budget applies.
        """
        if self._link_steps:
            self._follow_for(budget)
        elif self.stepping:
            self._train_to_end(budget)
        elif not self.speed:
            for _ in range(count):
                self._step()
        elif self.shown is not None:
            self._replay(count, budget)
        else:
            self.advance(count, budget)

    def step_epoch(self, patience: float = math.inf) -> None:
        """Pause, and train or replay to the end of the epoch shown; while stepping, one further.

        After ``patience`` seconds of training, the next ticks continue.
        """
        before = self._end if self.stepping else self.run.position.epoch
        self.pause()
        if self.shown is not None:
            self.go_to(Position(self.shown.epoch + 1))
        else:
            self._end = before + 1
            self._train_to_end(patience)

    def train_to(self, epoch: int) -> None:
        """Let ticks train to the end of an epoch, as fast as they can, and pause there."""
        self.pause()
        self._end = epoch
        self._train_to_end(0.0)

    def _train_to_end(self, budget: float) -> None:
        self.advance(self._end - self.run.position.epoch, budget)
        left = self.run.position.epoch < self._end
        self.running = left and not (self.finished or self.remedy or self.refusal)

    def step_phrase(self) -> None:
        """Pause, and take or replay one optimizer step: one example, or one batch."""
        self.pause()
        self._step()

    def _step(self) -> None:
        if self._refused():
            return
        if self.shown is not None:
            self.go_to(self.run.after(self.shown))
            return
        followed = self.run.schedule
        if not self.finished and not self.run.train(self.run.batch):
            self._stop_diverged(followed)
        self._stop_at_the_end(trained=True)

    def _stop_diverged(self, followed: Schedule) -> None:
        """Stop, and say why: the schedule that was ``followed`` may have edits of the weights."""
        self.running, here = False, self.run.position
        if self.pinned and self.pinned > here:
            self.pinned = None
        edits = {change.position for change in followed.changes if change.name == EDIT}
        self.remedy = remedy_for_training(self.config)
        if not np.isfinite(self.run.history.row(here.epoch)["train_loss"]):
            what = "Stopped: with these initial weights the loss is not finite."
            self.remedy = remedy_for_weights(self.run.schedule.start)
        elif any(here <= edit <= Position(here.epoch + 1) for edit in edits):
            where = "there" if here in edits else "after it"
            what = (
                f"Stopped at epoch {here}: with the weights that are edited {where}, the loss is "
                "no longer a finite number."
            )
            # Training has gone on from edits that the run has kept.
            other = f", or {self.remedy}" if self.run.schedule.edits(here) else ""
            self.remedy = f"make the edit smaller{other}"
        else:
            what = (
                f"Stopped: at learning rate {self.config.lr:g} the loss is no longer a finite "
                f"number. The weights of epoch {here} are kept."
            )
        self.message = f"{what} {self.remedy[0].upper()}{self.remedy[1:]}."

    def _stop_at_the_end(self, trained: bool = False) -> None:
        """Stop if no step follows; a run that was ``trained`` to an early stop shows its best."""
        if not self.over or self.refusal:
            return
        self.running, message = False, self._finished_message()
        if trained and self.run.stalled:
            self.go_to(Position(self.run.history.best))
        self.message = message

    def _finished_message(self) -> str:
        epoch, epochs = self.run.position.epoch, self.config.epochs
        if self.run.stalled:
            history, tested = self.run.history, bool(self.dataset.test)
            return (
                f"{STOPPED} at epoch {epoch}: the {history.roles[tested]} loss was lowest at epoch "
                f"{history.best}, and Patience is {self.config.patience}. To train on, set it to 0."
            )
        beyond = f": {epoch} epochs, and Epochs is {epochs}" if epoch > epochs else ""
        return f"{FINISHED}{beyond}. {TRAIN_ON}"

    def reset(self) -> None:
        """Restart from the same initial weights."""
        self.running = False
        self.restart()
        self.message = self.refusal or self.caution

    # Past and branches

    def _nearest(self, position: Position) -> Position:
        return self.run.clamped(position)

    def _looking_back_message(self) -> str:
        settings = self.run.schedule.at(self.position)
        values = settings.as_dict()
        differing = [f"{row.label} was {values[row.name]}" for row in settings.changes(self.config)]
        return (
            f"The run is at epoch {self.run.position}. "
            + (f"{' and '.join(differing)} here. " if differing else "")
            + "Play replays it from here; Branch here starts a new one."
        )

    def _present_message(self) -> str:
        return self._finished_message() if self.finished else ""

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
        """Make the position shown the present; the old run stays as a ghost."""
        if self.shown is None:
            return
        old = self._branch()
        self.message = (
            f"Branched at epoch {old.position}. The old run, up to epoch {old.end}, stays as a "
            "ghost. Change a setting and press Play."
        )

    def branch_with(self, edits: Sequence[Edit]) -> bool:
        """Branch from the position shown with edited weights; the old run stays as a ghost.

        Returns False and changes nothing if a loss would not be finite.
        """
        if not self.run.has_finite_losses(apply_edits(self.state.parameters, edits)):
            self.message = "With these weights a loss is not finite: the run stays as it is."
            return False
        old = self._branch(edits)
        self.message = (
            f"Branched at epoch {old.position} with edited weights ({'; '.join(map(str, edits))}). "
            f"The old run, up to epoch {old.end}, stays as a ghost"
            f"{'.' if self.first else '; a link carries the edits.'}"
        )
        return True

    def _branch(self, edits: Sequence[Edit] = ()) -> PreviousRun:
        position = self.position
        self.pause()
        self.shown, self.ghost = None, self.run.branch(position, edits)
        if self.pinned and self.pinned >= position:
            self.pinned = None  # the branch has left it
        return self.ghost

    # Another run

    def show(
        self, run: TrainingRun, config: RunConfig, ghost: PreviousRun | None = None,
        pinned: Position | None = None,
    ) -> None:  # fmt: skip
        """Show the present of another run on the same data, with its settings and its old run."""
        self.pause()
        self.config = config
        # Its settings may have changed since it was kept.
        run.configure(config)
        self._show(run)
        self.ghost, self.pinned, self.message = ghost, pinned, ""

    def show_ghost(self, run: TrainingRun) -> None:
        """Show the curves of another run of this task, faint; a link doesn't carry them."""
        self.faint = PreviousRun(Position(0), run.position, run.history, run.schedule)

    def resume(
        self, shown: Position, ghost: PreviousRun | None, pinned: Position | None
    ) -> None:  # fmt: skip
        """Show a position of a stored run, compared with another, and the old run that it left."""
        self.ghost, self.pinned = ghost, pinned
        self.message = f"{OPENED} {self.progress}."
        if shown < self.run.position:
            self.go_to(shown)
        self._stop_at_the_end()

    # Settings and data

    def configure(self, config: RunConfig) -> None:
        """Apply new settings from the next step on, or restart the run if they require it."""
        changed = self.config.changes(config)
        if not changed:
            return
        restarting = self.config.restarts(config)
        if self._link_steps or (restarting and self.stepping):
            self.pause()
        if restarting:
            self._restart(config)
            # A new task changes other settings too; only the task is named.
            reasons = [row for row in restarting if row.name == "task"] or restarting
            *others, last = (row.label for row in reasons)
            names = f"{', '.join(others)} and {last}" if others else last
            self.message = f"Started again at epoch 0, because {names} changed."
            if self.first and not self.first.begins(config):
                self.message += (
                    f" The weights are new: those from {self.first.source} go with the settings "
                    "they came with."
                )
            return
        self.config, self.remedy = config, ""
        self.run.configure(config)
        self.message = " ".join(
            self._change_message(row.label, getattr(config, row.name))
            for row in changed
            if row.name not in ENDS and self.run.position > Position(0)
        )

    def _change_message(self, label: str, value: object) -> str:
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        message = f"{label} is {shown} from epoch {self.run.position} on."
        if len(self.run.schedule.changes) > MAX_CHANGES:
            message += f" A link carries {MAX_CHANGES} changes; a copied link no longer leads here."
        if self.shown is None:
            return message
        return f"{message} To try it from epoch {self.progress}, press Branch here."

    # Links

    def link(self) -> Link:
        """The link to the position shown; while a link is followed, that link."""
        if self._link_steps and self._link:
            return self._link
        schedule, pinned = self.run.schedule, self.pinned
        old = OldRun.of(self.ghost, schedule) if self.ghost else None
        checksum = self._checksum()
        now = self.run.position
        return Link(schedule, now, self.position, old=old, pinned=pinned, checksum=checksum)

    def _checksum(self) -> Checksum | None:
        """The run's checksum; None at its start, or if a link can't lead to it; cached."""
        if self.imported or self.run.position == START:
            return None
        key = self.run, self.run.schedule, self.run.position
        if self._summed is None or self._summed[0] != key:
            self._summed = key, Checksum.of(self.run)
        return self._summed[1]

    def follow(
        self, link: Link, problems: Sequence[str] = (), patience: float = LINK_SECONDS
    ) -> None:
        """Train from epoch 0 to the run and the position of a link.

        After ``patience`` seconds, the next ticks continue. ``problems`` with the link stay in the
        message to the end.
        """
        link, refused = self._without_invalid_edits(link)
        self.config = link.schedule.last
        self.shown = self.ghost = self.pinned = None
        every = [*problems, *refused]
        # A link that is not followed in all its parts leads to another run.
        link = replace(link, checksum=None) if every else link
        self._link, self._link_steps = link, self._train_along(link)
        self._problems = " ".join(first_of(every))
        self._follow_for(patience)

    def _without_invalid_edits(self, link: Link) -> tuple[Link, list[str]]:
        """The link without edits that its network doesn't allow; a sentence for each of them."""
        changes = [*link.schedule.changes, *(link.old.changes if link.old else ())]
        if not (edits := [change for change in changes if change.name == EDIT]):
            return link, []
        start = link.schedule.start
        architecture = architecture_of(self._dataset_for(start), start)
        wrong = {c: p for c in edits if (p := problem(c.value, architecture))}
        problems = [f"In the link: {change} is left out: {why}" for change, why in wrong.items()]
        most, drawn = max(1, MOST_DRAWN // Parameters(architecture).theta.size), 0

        def fits(change: Change) -> bool:
            nonlocal drawn
            is_noise = change.name == EDIT and change.value.kind is EditKind.NOISE
            drawn += is_noise
            return change not in wrong and not (is_noise and drawn > most)

        own, old = tuple(filter(fits, link.schedule.changes)), link.old
        old = old and replace(old, changes=tuple(filter(fits, old.changes)))
        if drawn > most:
            problems.append(f"In the link: of {drawn:,} noises the first {most:,} are read.")
        return replace(link, schedule=Schedule(start, own), old=old), problems

    def _train_along(self, link: Link) -> Iterator[None]:
        self.dataset = self._dataset_for(link.schedule.start)
        link = link.at_batches(len(self.dataset.train))
        first = link.old.schedule(link.schedule) if link.old else link.schedule
        if not self._begin(first):
            return
        self.message = self.first_message
        if link.old:
            left = link.old.left
            yield from self._train_to(link.old.now, self.run.stride)
            if self.run.position < left:
                return
            self.ghost = self.run.branch(left)
            if first.edits(left) or link.schedule.edits(left):
                # The weights of the two runs differ here: train this one from epoch 0.
                if not self._begin(link.schedule):
                    return
            else:
                self.run.schedule = link.schedule
        yield from self._train_to(link.now, self.run.stride)
        if self.run.position < link.now:
            return
        if link.now > START:
            self.message = f"{OPENED} {self.progress}."
        verdict = link.checksum.verdict(self.run) if link.checksum else ""
        if link.pinned is not None:
            self.pinned = min(link.pinned, link.now)
        if link.shown < link.now:
            self.go_to(link.shown)
        self._stop_at_the_end()
        self.message = f"{verdict} {self.message}".strip()

    def _begin(self, schedule: Schedule) -> bool:
        """Begin a run of a link; stop if it can't have the edits at its start."""
        self.run = TrainingRun(self.dataset, schedule, self.first)
        if self.run.schedule != schedule:
            self._stop_diverged(schedule)
        return self.run.schedule == schedule

    def _follow_for(self, budget: float) -> None:
        until = time.perf_counter() + budget
        for _ in self._link_steps or ():
            if time.perf_counter() > until:
                self.running = True
                self.message = (
                    f"{self._problems} Training to the epoch asked for: now "
                    f"{self.run.position.epoch}. Pause to stop here."
                ).strip()
                return
        self._finish_link()

    def _finish_link(self) -> None:
        """Stop following the link; the settings of the page apply from here on."""
        self._link_steps = None
        self.running = False
        if self.ghost and self.run.position < self.ghost.position:
            self.ghost = None  # This run never reached the position of the branch.
        self.run.configure(self.config)
        self.message = f"{self._problems} {self.message}".strip()
        self.on_arrival()
