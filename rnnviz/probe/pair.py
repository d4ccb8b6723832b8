"""Pair: one or two sessions that read the same words, with one transport."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import SETTINGS, RunConfig, SettingError, TaskName
from rnnviz.engine.derived_cell import cell_of
from rnnviz.probe.marks import Mark, choices_of, choose, index_from, one_of, written_from
from rnnviz.probe.session import Selection, Session
from rnnviz.probe.story import learned_at
from rnnviz.run.history import PreviousRun
from rnnviz.run.pair_link import COMMON, pair_query, read_second
from rnnviz.run.player import LINK_SECONDS, Player, first_of
from rnnviz.run.run import TrainingRun
from rnnviz.run.schedule import EDIT, Position, Schedule
from rnnviz.run.share_link import START, Link, read_link
from rnnviz.run.timeline import Timeline
from rnnviz.sweeps.seed_runs import SeedRuns
from rnnviz.sweeps.spread import Spread
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data_source import PRESETS
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import Upload

#: The message of a run that goes on alone, and the end of that of two.
GOING_ON, ALIKE = "Going on", "all other settings are alike."
#: The message of a run that was shown, and epochs per second: as it learns, as usual, and again.
LEARNED_IN, FAST, USUAL, SLOW = "It learned this in", 300, 60, 20
#: The message for first-time visitors.
WELCOME = "The network reads words and hands a memory on. Starts in 3 s."
#: The settings that split the user's texts into training and test, and the message if a second
#: network would split them differently.
_SPLITTING = "seed", "data_seed"
_OTHER_WORDS = (
    "Both networks must know the same words and have the same outputs. Another seed splits your "
    "texts differently: set Data seed to keep the split."
)
#: Further epochs for a run that has ended, and the maximum in total.
MORE, MOST_EPOCHS = 100, int(SETTINGS["epochs"].high)


class View(StrEnum):
    """Which network is shown large: one of them, or both."""

    FIRST = "A"
    BOTH = "both"
    SECOND = "B"


class Role(StrEnum):
    """The sequences whose scores are compared."""

    TRAIN = "train"
    TEST = "test"


class KeptRun(NamedTuple):
    """A run that another one has replaced, with its settings, and how it was shown."""

    run: TrainingRun
    config: RunConfig
    upload: Upload | None
    shown: Position
    ghost: PreviousRun | None
    pinned: Position | None
    selection: Selection

    @classmethod
    def of(cls, session: Session) -> KeptRun | None:
        """The run of a session; None of a recording."""
        player, run = session.player, session.run
        if not isinstance(run, TrainingRun):
            return None
        own = session.config, session.data.upload
        marked = copy(session.selection)
        return cls(run, *own, player.position, player.ghost, player.pinned, marked)

    def show_in(self, session: Session) -> None:
        """Show the run, as it was, in a session that reads its data."""
        assert isinstance(session.player, Player)
        session.player.show(self.run, self.config, self.ghost, self.pinned)
        session.player.go_to(self.shown)
        session.selection = copy(self.selection)


@dataclass(frozen=True)
class ReadyPair:
    """A ready-made comparison: the settings of the first network, and what differs.

    ``token`` (from 0) of the ``phrase`` is the one whose memory is followed.
    """

    label: str
    note: str
    settings: Mapping[str, Any]
    differing: Mapping[str, Any]
    phrase: str = ""
    token: int = 0


_LAG_20 = next(p.settings for p in PRESETS[TaskName.RECALL] if p.label == "LSTM, lag 20")
_ELMAN = {**_LAG_20, "cell": "elman"}
_LSTM = {"cell": "lstm", "forget_bias": _LAG_20["forget_bias"]}
_PHRASE = "right now i am not at all happy"
READY = (
    ReadyPair("Elman against LSTM, lag 20", "One forgets, one keeps", _ELMAN, _LSTM),
    ReadyPair(
        "Exact against notebook gradient", "The same network, learned later", {"epochs": 600},
        {"gradient": "notebook"}, _PHRASE, 4,
    ),
    ReadyPair(
        "Learning rate 0.02 against 0.1", "Sooner, but is it right?", {"epochs": 600}, {"lr": 0.1},
        _PHRASE, 4,
    ),
    ReadyPair(
        "Clipping against none, relu", "One breaks",
        {**_ELMAN, "activation": "relu", "init": "orthogonal"}, {"clip_by": "off"},
    ),
)  # fmt: skip

#: What a network is called by a setting; by its value if it isn't here.
_CALLED = {
    "lag": "lag {:g}", "data_seed": "data seed {:g}", "window": "window {:g}",
    "horizon": "horizon {:g}", "hidden": "{:g} units", "layers": "{:g} deep",
    "forget_bias": "forget bias {:g}", "init_scale": "scale {:g}", "seed": "seed {:g}",
    "lr": "rate {:g}", "weight_decay": "decay {:g}", "dropout": "dropout {:g}",
    "recurrent_dropout": "recurrent dropout {:g}", "batch": "batch {:g}", "clip": "limit {:g}",
    "truncate": "cut after {:g}", "epochs": "{:g} epochs", "patience": "patience {:g}",
}  # fmt: skip
_OFF = {
    ("clip_by", "off"): "no clipping",
    ("truncate", 0): "no cut",
    ("weight_decay", 0): "no decay",
    ("dropout", 0): "no dropout",
    ("recurrent_dropout", 0): "no recurrent dropout",
    ("patience", 0): "no early stop",
}


def called(config: RunConfig, other: RunConfig) -> tuple[str, str]:
    """What two networks are called: by the first setting that differs."""
    row = next(iter(config.changes(other)), None)
    if row is None:
        return "first", "second"
    first, second = (getattr(one, row.name) for one in (config, other))
    if row.kind is str and not row.names:
        return f"{row.label.lower()} A", f"{row.label.lower()} B"
    return _by_value(row.name, first), _by_value(row.name, second)


def _by_value(setting: str, value: Any) -> str:
    if setting == "clip_by" and value != "off":
        return f"clip {value}"
    return _OFF.get((setting, value)) or _CALLED.get(setting, "{}").format(value)


@lru_cache(maxsize=32)
def called_by_changes(
    configs: tuple[RunConfig, RunConfig], starts: tuple[RunConfig, RunConfig]
) -> tuple[str, str]:  # fmt: skip
    """The names of two networks, by these settings and those with which they began.

    A network whose setting was changed has both values in its name.
    """
    differing = [*configs[0].changes(configs[1]), *starts[0].changes(starts[1])]
    if not differing or (differing[0].kind is str and not differing[0].names):
        return called(*configs)
    setting = differing[0].name
    pairs = [[getattr(config, setting) for config in both] for both in (starts, configs)]
    one, two = (
        _by_value(setting, now) if begun == now
        else _changed(_by_value(setting, begun), _by_value(setting, now))
        for begun, now in zip(*pairs, strict=True)
    )  # fmt: skip
    return one, two


def _changed(begun: str, now: str) -> str:
    """Both values of a setting that was changed: rate 0.5 → 0.1."""
    same = begun.split(maxsplit=1)[0] == now.split(maxsplit=1)[0]
    return f"{begun} → {now.partition(' ')[2] if same else now}"


def _has_learned(session: Session) -> bool:
    return learned_at(session.run.history, session.dataset) is not None


class Pair:
    """The first session, the ``second`` if two are compared, and what the page shows of both.

    ``split`` are the names of the settings that differ, or may; all others are common. ``token`` is
    the one whose memory is followed, ``kept`` the run of the only network that was replaced last.
    ``before`` are the runs that a ready pair, or a change of two networks, has replaced. ``luck``
    are the runs of other seeds.
    """

    #: What the link of two networks says of the page.
    marks: tuple[Mark, ...] = (
        Mark("token_followed", "_token", index_from(1), written_from(1)),
        Mark(
            "show", "view", one_of({str(one): one for one in View}),
            lambda one: "" if one is View.BOTH else str(one),
        ),
        Mark.option("role", "role", Role),
    )  # fmt: skip

    def __init__(self, first: Session) -> None:
        self.first = first
        self.second: Session | None = None
        self.view, self.role = View.BOTH, Role.TRAIN
        self.split: set[str] = set()
        self._token = 0
        self.kept: KeptRun | None = None
        self.before: tuple[KeptRun, ...] = ()
        self.luck, self.luck_shown = SeedRuns(), False
        #: When the autoplay of a first-time visitor ends.
        self._shown_until: Callable[[Session], bool] | None = None

    @classmethod
    def of(cls, first: Session, second: Session) -> Pair:
        """Two sessions of one task, which exist already."""
        pair = cls(first)
        pair.second = second
        pair.split = {row.name for row in first.config.changes(second.config)}
        return pair

    def fork(self) -> Pair:
        """An independent view of the same runs, with its own position and phrase."""
        other = copy(self)
        other.first = self.first.fork()
        other.second = self.second and self.second.fork()
        return other

    # The sessions

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Both sessions, or the only one."""
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def session(self) -> Session:
        """The session whose pages are shown; of both the first."""
        return self.sessions[-1] if self.view is View.SECOND else self.first

    @property
    def together(self) -> Session | None:
        """The second session, if both are shown."""
        return self.second if self.view is View.BOTH else None

    @property
    def players(self) -> tuple[Timeline, ...]:
        """The players of the sessions."""
        return tuple(session.player for session in self.sessions)

    @property
    def names(self) -> tuple[str, str]:
        """What the two networks are called; a setting that was changed has both its values."""
        one, two = self.first, self.sessions[-1]
        starts = one.run.schedule.start, two.run.schedule.start
        return called_by_changes((one.config, two.config), starts)

    @property
    def token(self) -> int:
        """The token (from 0) whose memory is followed."""
        return min(self._token, len(self.first.inspect().words) - 1)

    @token.setter
    def token(self, token: int) -> None:
        self._token = min(max(0, token), len(self.first.inspect().words) - 1)

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """What is done here to the session shown is done to both: its epoch, phrase and marks."""
        shown, before = self.session, self.session.player.position
        typed = shown.phrase_input.typed
        yield
        if self.second is None or shown not in self.sessions:
            return
        (other,) = (session for session in self.sessions if session is not shown)
        other.selection, other.questions = shown.selection, shown.questions
        if shown.phrase_input.typed != typed:
            other.ask(shown.phrase_input.typed)
        now = shown.player.position
        stepped = shown.player.shown is None and now > before
        if stepped and self.steps_together and other.player.position == before:
            other.player.step_phrase()
        elif now != before and not stepped:
            other.player.pause()
            other.player.go_to(now)

    # Transport

    @property
    def running(self) -> bool:
        """Whether a run plays."""
        return any(player.running for player in self.players)

    @property
    def at_work(self) -> bool:
        """Whether a link is followed, the second run catches up, or an epoch is being stepped."""
        return any(player.opening or player.stepping for player in self.players)

    @property
    def over(self) -> bool:
        """Whether no step follows in any run."""
        return all(map(finished, self.players))

    @property
    def looking_back(self) -> bool:
        """Whether an earlier epoch than the present is shown."""
        return any(player.shown is not None for player in self.players)

    @property
    def furthest(self) -> Timeline:
        """The player whose position shown is the latest."""
        return max(self.players, key=lambda player: player.position)

    @property
    def steps_together(self) -> bool:
        """Whether a step reads as many sequences in both runs."""
        batches = {(session.config.batch, len(session.dataset.train)) for session in self.sessions}
        return len(batches) == 1

    def play(self) -> None:
        """Let ticks go on with every run that can."""
        for player in self._moving() or self.players:
            player.play()

    # Autoplay for first-time visitors

    def welcome(self) -> None:
        """Say what is on screen before the run starts by itself."""
        self.first.player.message = WELCOME

    def show_learning(self) -> None:
        """Play fast until the run has learned, unless something else has been said meanwhile."""
        player = self.first.player
        if not isinstance(player, Player) or player.message not in (WELCOME, player.first_message):
            return
        self.set_speed(FAST)
        self.play()
        self._shown_until = _has_learned

    def show_again(self) -> None:
        """Replay it slowly from its beginning to its present."""
        self.go_to(Position(0))
        self.set_speed(SLOW)
        self.play()
        self._shown_until = lambda session: session.player.shown is None

    def end_show(self) -> None:
        """Let the run go on as usual, without the offer to show it again."""
        if self.first.player.message.startswith(LEARNED_IN):
            self.first.player.message = ""
        if self._shown_until:
            self._shown_until = None
            self.set_speed(USUAL)

    def _tick_show(self, until: Callable[[Session], bool], budget: float, count: int) -> None:
        for _ in range(count):
            self.first.player.tick(budget / count)
            if until(self.first):
                self.pause()
                self.end_show()
                if until is _has_learned:
                    epoch = self.first.player.position.epoch
                    self.first.player.message = f"{LEARNED_IN} {epoch} epochs."
                return

    def train_on(self) -> None:
        """Train ``MORE`` further epochs, both up to the same one."""
        reached = (
            player.run.position.epoch for player in self.players if isinstance(player, Player)
        )
        planned = (session.config.epochs for session in self.sessions)
        epochs = min(max(*reached, *planned) + MORE, MOST_EPOCHS)
        for player, session in zip(self.players, self.sessions, strict=True):
            if isinstance(player, Player):
                session.configure(replace(session.config, epochs=epochs))
        self.back_to_now()
        self.play()

    def pause(self) -> None:
        """Stop playing."""
        for player in self.players:
            player.pause()

    def tick(self, budget: float, count: int = 1) -> None:
        """Go on by ``count`` epochs or steps, for at most about ``budget`` seconds.

        The slower run sets the pace: one that is behind goes on alone, as fast as it can.
        """
        if self._shown_until and self.second is None and self.running:
            self._tick_show(self._shown_until, budget, count)
            return
        going = [player for player in self.players if player.running]
        ahead = [player for player in going if player.opening or player.stepping]
        if ahead or len(going) < 2:
            for player in ahead or going:
                player.tick(budget / len(ahead or going), count)
            return
        first, last = sorted(going, key=lambda player: player.position)
        behind = last.position.epoch - first.position.epoch
        if behind:
            first.tick(budget, max(count, behind) if first.speed else count)
            return
        for player in going:
            player.tick(budget / 2, count)

    def step_phrase(self) -> None:
        """Pause, and take a step of both, or of one if that is behind by an epoch."""
        self.pause()
        if not self.steps_together:
            self.session.player.message = (
                "Both can't take a step together: their batches, or their data, have other sizes."
            )
            return
        for player in self._behind():
            player.step_phrase()

    def step_epoch(self, patience: float = math.inf) -> None:
        """Train both to the end of the epoch, or one if that is behind; ticks go on with the rest.

        While that goes on, one epoch further. Each trains here for up to ``patience`` seconds.
        """
        if any(player.stepping for player in self.players):
            stepped = self._moving()
        else:
            self.pause()
            stepped = self._behind()
        for player in stepped:
            player.step_epoch(patience)

    def _behind(self) -> list[Timeline]:
        """The players that can go on, without any that is an epoch ahead of another."""
        moving = self._moving()
        least = min((player.position.epoch for player in moving), default=0)
        return [player for player in moving if player.position.epoch == least]

    def go_to(self, position: Position) -> None:
        """Show both at a position, or at the end of a run that ended before."""
        for player in self.players:
            player.pause()
            player.go_to(position)

    def pin(self) -> None:
        """Compare the only network with the position shown; a second call ends this."""
        if self.second is None:
            self.first.player.pin()

    def reset(self) -> None:
        """Restart both from the same initial weights."""
        with self.keeping_replaced_run():
            for player in self.players:
                player.reset()

    def back_to_now(self) -> None:
        """Show the present of both."""
        for player in self.players:
            player.back_to_now()

    def branch(self) -> None:
        """Make the position shown the present of both; the old runs stay as ghosts."""
        for player in self.players:
            player.branch()

    @property
    def epoch(self) -> int:
        """The latest epoch shown."""
        return self.furthest.position.epoch

    def set_speed(self, speed: int) -> None:
        """The speed of both in epochs per second; 0 is slow motion."""
        for player in self.players:
            player.speed = speed

    def _moving(self) -> list[Timeline]:
        return [player for player in self.players if not finished(player)]

    # The phrase

    def ask(self, text: str) -> None:
        """Make ``text`` the phrase of both."""
        for session in self.sessions:
            session.ask(text)

    def mark(self, name: str, value: int | None) -> None:
        """Mark a "unit" or a "token" in both; None: no longer."""
        for session in self.sessions:
            setattr(session.selection, name, value)

    # Settings

    def configure(self, config: RunConfig) -> None:
        """Apply settings to the first; the second has them too, but for those that are split."""
        with self._catching_up(), self._all_or_nothing():
            self.first.configure(config)
            self._follow_first()

    @contextmanager
    def _catching_up(self) -> Iterator[None]:
        """If one run alone restarts, train it up to where the other is; if they play, ticks do."""
        before = [session.run for session in self.sessions]
        yield
        kept = [session.run is run for session, run in zip(self.sessions, before, strict=True)]
        if sorted(kept) != [False, True]:
            return
        player, other = self.players[kept.index(False)], self.players[kept.index(True)]
        if isinstance(player, Player) and not other.running:
            end = Position(player.config.epochs)
            now, shown = min(other.run.position, end), min(other.position, end)
            if now > START:
                player.follow(Link(player.run.schedule, now, shown), patience=0.0)

    def load(self, upload: Upload | None) -> None:
        """Restart both with the user's own data, or with the task's for None."""
        with self._all_or_nothing():
            self.first.load(upload)
            self._follow_first()

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Replace both runs, or neither: see ``Session.all_or_nothing``."""
        with ExitStack() as undo:
            for session in self.sessions:
                undo.enter_context(session.all_or_nothing())
            yield

    def use(self, equations: str) -> None:
        """Train the first with these equations if they are a valid cell."""
        self.first.use(equations)
        self._follow_first()

    def _follow_first(self) -> None:
        if (second := self.second) is None:
            return
        config = self.first.config
        # A setting without effect in the first network may have one in the second.
        apart = self.split | {r.name for r in SETTINGS.values() if not r.applies(vars(config))}
        own = {name: getattr(second.config, name) for name in apart}
        if self._knows_other_words(replace(config, **own)):
            own |= {name: getattr(config, name) for name in _SPLITTING}
            self.split -= {*_SPLITTING}
        second.configure(_without_foreign_constants(replace(config, **own)))
        self._note_split()
        if second.data.dataset_for(second.config) is not second.dataset:
            second.load(self.first.data.upload)
        self._share_phrase()

    def differ(self, name: str, value: Any) -> None:
        """Give a setting of the second network another value; it is split from now on."""
        if self.second and name in SETTINGS and name not in COMMON:
            config = _without_foreign_constants(replace(self.second.config, **{name: value}))
            if self._knows_other_words(config):
                self.first.player.message = _OTHER_WORDS
                return
            with self._catching_up():
                self.second.configure(config)
                self.split.add(name)
                self._note_split()
                self._share_phrase()
                if said := self.second.player.message:
                    self.first.player.message = f"{self.names[1]}: {said}"

    def _knows_other_words(self, config: RunConfig) -> bool:
        """Whether a network with these settings has another vocabulary, or other classes."""
        one, other = self.first.dataset, self.first.data.dataset_for(config)
        return (one.vocabulary, one.source, one.classes) != (
            other.vocabulary, other.source, other.classes
        )  # fmt: skip

    def _share_phrase(self) -> None:
        """Both read the phrase of the first, with its marks, also after a change of the data."""
        if self.second is None:
            return
        typed = self.first.phrase_input.typed
        if self.second.phrase_input.typed != typed:
            self.second.ask(typed)
        self.second.selection = self.first.selection

    def _note_split(self) -> None:
        """What differs is split: a setting may have an effect in one network only."""
        if self.second:
            self.split |= {row.name for row in self.first.config.changes(self.second.config)}

    def join(self, name: str) -> None:
        """Give both the same value of a setting."""
        self.split.discard(name)
        self._follow_first()
        if self.first.player.message.endswith(ALIKE):
            self._tell_split()

    # Beginning and end

    @property
    def problem(self) -> str:
        """Why no second network can be put beside the run, in a sentence; empty if one can."""
        if not isinstance(self.first.player, Player):
            return "A recording was trained by another program: it can't be compared here."
        return self.first.player.refusal

    def open_link(self, query: Mapping[str, str]) -> None:
        """Follow a link; the runs that it replaces can be restored."""
        before = self._runs
        self.follow(query)
        self.before = before

    def compare(self, differing: Mapping[str, Any]) -> None:
        """Put a second network beside the run, with these settings; it trains up to its epoch."""
        if self.problem:
            self.first.player.message = self.problem
            return
        self.first.player.pause()
        run, shown = self.first.run, self.first.player.position
        own = {name: value for name, value in differing.items() if name not in COMMON}
        schedule = run.schedule
        start = _without_foreign_constants(replace(schedule.start, **own))
        if self._knows_other_words(start):
            self.first.player.message = _OTHER_WORDS
            return
        changes = tuple(c for c in schedule.changes if c.name != EDIT and c.name not in own)
        end = Position(start.epochs)
        self._put_beside(
            self.first.beside(start), set(own),
            Link(Schedule(start, changes), min(run.position, end), min(shown, end)),
        )  # fmt: skip

    def _put_beside(self, second: Session, split: set[str], link: Link | None = None) -> None:
        self.second, self.split, self.view, self.before = second, {*split}, View.BOTH, ()
        self._note_split()
        if isinstance(second.player, Player) and link and link.now > second.run.position:
            second.player.follow(link, patience=0.0)
        self._tell_split()

    def _tell_split(self) -> None:
        names = [SETTINGS[name].label for name in SETTINGS if name in self.split]
        self.first.player.message = f"{listed(names)}; {ALIKE}" if names else ""

    def open_run(self, config: RunConfig, phrase: str = "") -> None:
        """Open settings at epoch 0 as the only network; the old runs can be restored."""
        before = self._runs
        self.pause()
        self.kept = before[0] if self.second is None and before else None
        self.second, self.split, self.luck_shown = None, set(), False
        self.stop_luck()
        if self.first.data.own:
            self.first.load(None)
        self.first.configure(config)
        self.first.player.reset()
        self.first.ask(phrase or self.first.first_phrase)
        self.before = before

    def open_ready(self, label: str) -> bool:
        """Open a ready pair at epoch 0; return whether there is one with this label."""
        ready = next((one for one in READY if one.label == label), None)
        if ready is None or self.problem or self.first.data.given is not None:
            return False
        self.open_run(RunConfig(**ready.settings, seed=self.first.config.seed), ready.phrase)
        before = self.before
        self.compare(ready.differing)
        self._token, self.before = ready.token, before
        return True

    def take_back(self) -> None:
        """Show the run, or both runs, that a ready pair, a lesson or a change has replaced."""
        if not self.before:
            return
        (kept, *others), self.before = self.before, ()
        self.go_on(View.FIRST)
        session, self.kept = self.first, None
        if session.data.upload is not kept.upload:
            session.load(kept.upload)
        session.configure(kept.config)
        kept.show_in(session)
        for other in others:
            second = session.beside(other.config)
            other.show_in(second)
            self._put_beside(second, {row.name for row in kept.config.changes(other.config)})

    @property
    def _runs(self) -> tuple[KeptRun, ...]:
        """The runs as they are now."""
        return tuple(filter(None, map(KeptRun.of, self.sessions)))

    def go_on(self, view: View) -> None:
        """Go on with one network; the other can be brought back."""
        if self.second is None or view is View.BOTH:
            return
        self.pause()
        stays, goes = self.sessions if view is View.FIRST else self.sessions[::-1]
        self._keep(KeptRun.of(goes))
        name = called(stays.config, goes.config)[0]
        stays.player.message = f"{GOING_ON} with {name}."
        self.first, self.second = stays, None
        if stays.phrase_input.problem:  # what the other could read
            stays.ask(stays.phrase_input.phrase)
        self.split, self.view = set(), View.BOTH
        self.before = ()

    def swap(self) -> None:
        """Make the second network the first."""
        if self.second:
            self.first, self.second = self.second, self.first

    # The run that was replaced last

    def _keep(self, run: KeptRun | None) -> None:
        if run and run.run.position > Position(0):
            self.kept = run

    @contextmanager
    def keeping_replaced_run(self) -> Iterator[None]:
        """Keep the run of the only network, or both, if what is done here replaces one of them."""
        sessions, runs = self.sessions, self._runs
        try:
            yield
        finally:
            same = self.sessions == sessions and len(runs) == len(sessions)
            if same and any(
                session.run.schedule.start != kept.run.schedule.start
                for session, kept in zip(sessions, runs, strict=True)
            ):
                if self.second is None:
                    self._keep(runs[0])
                elif any(kept.run.position > Position(0) for kept in runs):
                    self.before = runs

    @property
    def offered(self) -> KeptRun | None:
        """The run of the same task that can be restored beside the only network."""
        kept, session = self.kept, self.first
        if kept is None or self.second or session.player.recorded or session.data.given:
            return None
        same = kept.config.task == session.config.task and kept.upload is session.data.upload
        now, then = session.run.schedule.start, kept.run.schedule.start
        other = kept.config != session.config or now != then
        return kept if same and other else None

    def bring_back(self) -> None:
        """Put the run that was replaced last beside the network, as the first."""
        if (kept := self.offered) is None:
            return
        if self._knows_other_words(kept.config):
            self.first.player.message = _OTHER_WORDS
            return
        now, old = self.first, self.first.beside(kept.config)
        kept.show_in(old)
        old.player.back_to_now()
        now.player.pause()
        self.first, self.kept = old, None
        split = {row.name for row in kept.config.changes(now.config)}
        end = min(kept.run.position, Position(now.config.epochs))
        self._put_beside(now, split, Link(now.run.schedule, end, end))

    def show_ghost(self) -> None:
        """Show the curves of the run that was replaced last, faint, behind those of the run."""
        kept, player = self.offered, self.first.player
        if kept and isinstance(player, Player):
            player.show_ghost(kept.run)

    def hide_ghost(self) -> None:
        """Hide these curves again."""
        self.first.player.faint = None

    # Other seeds

    @property
    def luck_problem(self) -> str:
        """Why no other seeds can be trained, in a sentence; empty if they can."""
        player = self.first.player
        if not isinstance(player, Player) or player.refusal:
            return self.problem
        if player.imported:
            return "The weights came from elsewhere: other seeds would begin with other weights."
        if self.second and self.first.config.seed != self.second.config.seed:
            return "The two differ by their seed. Make it alike (=), then ask about other seeds."
        return ""

    def ask_for_luck(self) -> None:
        """Show the runs of other seeds, and train those that are missing; or hide all of them."""
        self.luck_shown = not (self.luck_complete or self.luck_problem)
        if self.luck_problem:
            self.session.player.message = self.luck_problem
        elif self.luck_shown:
            self.train_seeds()

    @property
    def luck_complete(self) -> bool:
        """Whether the runs of all seeds are shown."""
        spreads = self.spreads if self.luck_shown else []
        return bool(spreads) and len(spreads[0].members) == self.luck.count

    def train_seeds(self) -> None:
        """Train the seeds that are missing, in the background."""
        if self.first.config.seed not in self.luck.seeds:
            self.luck.first = self.first.config.seed
        self.luck.start(self._schedules, self.first.data.given, self.first.data.upload)

    def stop_luck(self) -> None:
        """Train no more seeds; those that have ended stay."""
        self.luck.stop()

    def take_seed(self, seed: int) -> None:
        """Go on with another seed, in both networks."""
        if seed in self.luck.seeds:
            self.configure(replace(self.first.config, seed=seed))

    @property
    def spreads(self) -> list[Spread]:
        """The runs of other seeds with the settings of each network; none if none has ended."""
        data = self.first.data
        return self.luck.spreads(self._schedules, data.given, data.upload)

    @property
    def _schedules(self) -> list[Schedule]:
        return [session.run.schedule for session in self.sessions]

    # Links

    def query(self) -> str | None:
        """The query of the page as it is; None if it would be too long."""
        shown = self.session.link()
        link = replace(self.first.link(), marks=shown.marks, view=shown.view)
        if self.second is None:
            return link.query()
        return pair_query(link, self.second.link(), choices_of(self))

    def follow(self, query: Mapping[str, str], patience: float = LINK_SECONDS) -> None:
        """Open a link of one run, or of two."""
        self.second, self.kept, self.split, self.before = None, None, set(), ()
        link, problems = read_link(query)
        self.first.follow(link, problems, patience)
        if (found := read_second(query)) is None or self.problem:
            return
        other, refused = found
        start = other.schedule.start
        try:
            if self._knows_other_words(start):
                raise TaskError(_OTHER_WORDS)
            self.second = self.first.beside(start)
        except TaskError as problem:
            self.first.player.note(f"In the link, of the second network: {problem}")
            return
        # Both read the data that the first has found.
        refused = first_of(refused)
        self.second.follow(replace(other, data=self.first.data.name()), refused, patience)
        self.second.selection, self.second.questions = self.first.selection, self.first.questions
        # A setting may differ from the start, or since a change.
        pairs = ((link.schedule.start, start), (self.first.config, self.second.config))
        self.split = {row.name for one, two in pairs for row in one.changes(two)}
        for sentence in refused:
            self.first.player.note(sentence)
        for sentence in reversed(problems):
            self.second.player.note(sentence)
        self.view, self.role, self._token = View.BOTH, Role.TRAIN, 0
        for sentence in choose(self, query):
            self.first.player.note(sentence)


def _without_foreign_constants(config: RunConfig) -> RunConfig:
    """The settings without constants that their cell doesn't have."""
    try:
        cell_of(config.cell, config.activation, config.equations, config.constants)
    except SettingError:
        return replace(config, constants="")
    return config


def compare(a: RunConfig | Session, b: RunConfig | Session) -> Pair:
    """Two networks as a pair: settings, or sessions with what they have learned.

    Settings beside a session with data of its own read the same data.
    Raises TaskError if they don't read the same task, or the same data where these are given.
    """
    if a is b and isinstance(a, Session):
        raise TaskError("Give two networks: both are the same session.")
    if not all(isinstance(given, (RunConfig, Session)) for given in (a, b)):
        raise TaskError("Give two networks: settings (RunConfig), or sessions.")
    data = next((one.data for one in (a, b) if isinstance(one, Session) and one.data.own), None)
    first, second = (
        given if isinstance(given, Session) else Session(given, data=data) for given in (a, b)
    )
    tasks = [(s.config.task, s.dataset.vocabulary, s.dataset.classes) for s in (first, second)]
    if tasks[0] != tasks[1]:
        raise TaskError(
            "Both networks must read the same words or numbers: give them the same task or data."
        )
    one, two = first.data, second.data
    given = one.given is not None or two.given is not None
    if one.upload != two.upload or (given and not _alike(first.dataset, second.dataset)):
        raise TaskError("Give both networks the same data, with the same options.")
    second.ask(first.phrase_input.phrase)
    return Pair.of(first, second)


def _alike(one: Dataset, other: Dataset) -> bool:
    """Whether two data sets have the same sequences and targets."""
    pairs = [(one.train, other.train), (one.test, other.test)]
    return all(
        len(some) == len(others)
        and all(
            np.array_equal(a.read, b.read) and np.array_equal(a.targets, b.targets)
            for a, b in zip(some, others, strict=True)
        )
        for some, others in pairs
    )


def finished(player: Timeline) -> bool:
    """Whether no step follows: the run has ended, or its loss is no longer finite."""
    return player.over or bool(player.remedy and player.shown is None)


def listed(names: Sequence[str]) -> str:
    """What differs, as the beginning of a sentence."""
    *others, last = names
    return f"{', '.join(others)} and {last} differ" if others else f"{last} differs"
