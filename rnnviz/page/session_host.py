"""SessionHost: a session, the browsers connected to it, and the order of work; no threads.

The time is an argument, so tests can step it. An actor owns the host and calls ``turn``.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import numpy as np

from rnnviz.cancellation import cancellable
from rnnviz.files.output import origin
from rnnviz.lessons.lesson_strip import lesson_texts
from rnnviz.lessons.play import LessonPlay
from rnnviz.page.command import RefusedError, act, checked, not_understood, teach
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import STORY_SECONDS, Session
from rnnviz.probe.work import spend
from rnnviz.run.schedule import EDIT
from rnnviz.ui.frame import Frame
from rnnviz.ui.viewer import AbandonedError, Job, Scene, Viewer

_LOG = logging.getLogger(__name__)

#: Seconds of training per turn, and between two frames (the refresh rate of a screen).
SLICE, FRAME = 0.010, 1 / 62
#: Steps per second in slow motion.
STEPS = 4
#: Stories per second of all sessions that play.
STORIES = 20
#: Maximum backlog in seconds when training is slower than its speed.
MAX_BACKLOG = 0.1
#: Seconds for which an unwatched run is kept; it does not train meanwhile.
LEASE = 120.0
#: Seconds between two looks at a recording that may grow.
LOOK = 0.5
#: Seconds of work on a link or a job at a time.
WORK_SLICE = 0.02
#: The pause between frames during long work: a multiple of their drawing time; its maximum.
WORK_PER_FRAME, MAX_REST = 5.0, 1.0
#: Seconds between two redraws of a job's partial results.
JOB_REDRAW = 0.25
#: Seconds until the pictures that a drag left out are drawn too.
REFINE = 0.15
#: Seconds between two updates of the address while the run goes on.
LINK_INTERVAL = 0.5
#: Maximum number of browsers whose last command number is remembered: a repeated one runs once.
MAX_CLIENTS = 32

FAILED = "Something went wrong here. The run is paused, and nothing of it is lost."
RESTORED = (
    "This server no longer had your run: it was started again, no tab showed the run for more than "
    "two minutes, or many others were opened. The page opened the link in its address."
)
#: Instead of a link that would be too long, the address has the id of the run under this name.
RUN = "run"
#: A link names a lesson under this name.
LESSON = "lesson"
GONE = (
    "This server no longer has the run of this address, which was too long for a link. If you "
    "saved it as a file (Export, Run), open that."
)


@dataclass(eq=False)
class Pace:
    """Credit of epochs, or of steps in slow motion, that grows with time."""

    credit: float = 0.0
    last: float | None = None

    def due(self, now: float, rate: float) -> int:
        """How many are due at time ``now``, with ``rate`` per second."""
        if self.last is not None:
            self.credit += (now - self.last) * rate
        self.last = now
        # An epoch under way earns credit for its own duration too, hence at least 2.
        self.credit = min(self.credit, max(2.0, 1 + MAX_BACKLOG * rate))
        return int(self.credit)

    def wait(self, now: float, rate: float) -> float:
        """Seconds from ``now`` until the next one is due."""
        elapsed = 0.0 if self.last is None else now - self.last
        return max(0.0, (1 - self.credit) / rate - elapsed)

    def reset(self) -> None:
        """Restart the clock with one epoch due at once."""
        self.credit, self.last = 1.0, None


@contextmanager
def abandoned_if(gone: Callable[[], bool]) -> Iterator[None]:
    """Raise AbandonedError before a pass in this thread once the browser is ``gone``."""

    def check() -> None:
        if gone():
            raise AbandonedError

    with cancellable(check):
        yield


class SessionHost:
    """A session, its viewers, and what to do next.

    ``version`` counts changes that may affect a picture, ``edition`` changes that may affect
    Streamlit's part of the page. While ``untried``, a turn may be slow: after a change, until all
    is drawn and, while the run plays, an epoch has ended; and while a past with weight edits is
    shown. ``wake`` is called, in any thread, when there is something new to draw.
    """

    def __init__(
        self, session: Session | Pair, now: float, run_id: str = "",
        wake: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        self._wake = wake
        self.pair, self._run_id = self._pair_of(session), run_id
        self.lesson: LessonPlay | None = None
        self.viewers: list[Viewer] = []
        self.version = self.edition = 0
        self._dataset = self.session.dataset
        self.untried = True
        self._unwatched_since, self._next_frame, self._next_look = now, now, now
        self._pace = Pace()
        self._last_commands: dict[str, int] = {}  # number of the last command, by client
        self._finished_jobs: set[Job] = set()
        self._unfinished_jobs: set[Job] = set()
        self._next_job_redraw = now
        self._undisturbed_until = now  # by frames, while there is long work
        self._was_running = self._dragged = False
        self._refine_at = math.inf  # when the pictures that were left out are drawn too

    @property
    def session(self) -> Session:
        """The session whose pages are shown."""
        return self.pair.session

    def _pair_of(self, opened: Session | Pair) -> Pair:
        pair = opened if isinstance(opened, Pair) else Pair(opened)
        pair.luck.changed = self._wake
        return pair

    # For the actor

    def redraw(self) -> None:
        """Draw again what has changed by itself."""
        self.version += 1
        self.untried = True

    def idle_time(self, now: float) -> float | None:
        """Seconds until there is something to do; None: until the next command."""
        if not self.viewers:
            return max(0.0, self._unwatched_since + LEASE - now)
        if self.background_work(now):
            return 0.0
        waits = [self._next_frame - now] if any(map(self._is_due, self.viewers)) else []
        if math.isfinite(self._refine_at) and not self.pair.running:
            waits.append(self._refine_at - now)
        if self.playing(now):
            waits.append(self._pace.wait(now, self._rate))
        if self.session.player.growing:
            waits.append(self._next_look - now)
        return max(0.0, min(waits)) if waits else None

    def unwatched(self, now: float) -> float:
        """Seconds since the last viewer left; 0 while there is one."""
        return 0.0 if self.viewers else now - self._unwatched_since

    def expired(self, now: float) -> bool:
        """Whether the session has been unwatched for so long that it can end."""
        return self.unwatched(now) >= LEASE

    def playing(self, now: float) -> bool:
        """Whether the run plays and a viewer is connected."""
        return self.pair.running and any(viewer.connected(now) for viewer in self.viewers)

    def background_work(self, now: float) -> Callable[[], None] | None:
        """Long work: a link, an epoch, a recording, or a page's job while the run is paused."""
        player = self.session.player

        def train_on() -> None:
            self.pair.tick(WORK_SLICE)
            self.version += 1
            self.edition += not self.pair.at_work

        def grow() -> None:
            player.grow(WORK_SLICE)
            self.version += 1
            self._finished_jobs.clear()

        def look() -> None:
            self._next_look = now + LOOK
            changed = player.look()
            self.version += changed
            self.edition += changed and not player.growing

        if self.playing(now) and self.pair.at_work:
            return train_on
        if player.behind:
            return grow
        if player.growing and now >= self._next_look:
            return look
        lesson = self.lesson
        if lesson and lesson.at_work and not self.pair.running:
            return partial(self._work_on, lesson.rest, lambda: None, now)
        scene = self._next_with_job(now)
        if scene is None or scene.job is None:
            return None
        return partial(self._work_on, scene.job, scene.shown, now)

    def turn(self, now: float, playing: int = 1) -> None:
        """Train for one slice if an epoch is due, and send a frame to each viewer that is ready.

        The slice is divided by the number of sessions ``playing``, so all are drawn equally often.
        Many tell their stories less often: a story takes longer than a picture.
        """
        pair = self.pair
        for session in pair.sessions:
            session.story_seconds = max(STORY_SECONDS, playing / STORIES)
        before = pair.epoch
        if self.playing(now) and not pair.at_work:
            self._train(now, SLICE / max(1, playing))
        elif not pair.running:
            self._pace.reset()
        if self.lesson and self.lesson.advance():
            self.version += 1
        # Streamlit's part of the page changes when a run ends by itself.
        self.edition += self._was_running and not pair.running
        self._was_running = pair.running
        if now >= self._refine_at and not pair.running:
            # A drag may pause without ending.
            self._dragged, self._refine_at = False, math.inf
            self.version += 1
        if now >= self._next_frame and not (pair.at_work and now < self._undisturbed_until):
            self._send_frames(now)
        whole = pair.epoch != before if pair.running else self._refine_at == math.inf
        # The edits of a link may draw random numbers for seconds.
        edits = pair.looking_back and any(
            change.name == EDIT for player in pair.players for change in player.run.schedule.changes
        )
        if whole and not edits and all(viewer.version == self.version for viewer in self.viewers):
            self.untried = False

    # Work

    @property
    def _rate(self) -> float:
        return self.session.player.speed or STEPS

    def _train(self, now: float, budget: float) -> None:
        player, due = self.session.player, self._pace.due(now, self._rate)
        if not due:
            return
        before = self.pair.epoch
        self.pair.tick(budget, due)
        # An epoch that takes longer than the budget stays due.
        counted = player.speed and not player.recorded
        self._pace.credit -= self.pair.epoch - before if counted else due
        self.version += 1

    def _next_with_job(self, now: float) -> Scene | None:
        if self.pair.running:
            return None
        for viewer in self.viewers:
            scene = self._scene(viewer)
            if not (scene and scene.job and viewer.connected(now)):
                continue
            if scene.job not in self._finished_jobs and not self._is_due(viewer):
                return scene
        return None

    def _work_on(self, job: Job, shown: Callable[[], object], now: float) -> None:
        before = shown()
        self._finished_jobs.add(job)  # first, so that a job that fails is not repeated
        # The first call, without a budget, only asks whether there is work.
        if spend(WORK_SLICE if job in self._unfinished_jobs else 0.0, job()):
            self._finished_jobs.discard(job)
            self._unfinished_jobs.add(job)
            # Redraw seldom, so that commands don't wait for drawing.
            if now >= self._next_job_redraw:
                self.version += 1
                self._next_job_redraw = now + JOB_REDRAW
        else:
            self.version += 1
            self._unfinished_jobs.discard(job)
        self.edition += shown() != before

    # Viewers

    def attach(self, viewer: Viewer, now: float) -> None:
        """Connect a browser."""
        self.untried = True
        viewer.last_message_at = now
        self.viewers.append(viewer)

    def detach(self, viewer: Viewer, now: float) -> None:
        """Disconnect a browser; without any, the run stops."""
        if viewer in self.viewers:
            self.viewers.remove(viewer)
            self._unwatched_since = now
            self._pace.reset()

    def refresh(self) -> None:
        """Draw everything again, because the page may have been laid out again."""
        self.version += 1
        self.untried = True
        # Every tab of the run is laid out again for new data.
        self.edition += self.session.dataset is not self._dataset
        self._dataset = self.session.dataset
        self._finished_jobs.clear()
        self._unfinished_jobs.clear()

    def attempt(self, work: Callable[[], object]) -> None:
        """Do ``work`` until it is abandoned. An error is shown, and pauses the run.

        The page shows where numbers overflow, so NumPy need not warn.
        """
        try:
            with np.errstate(all="ignore"):
                work()
        except RefusedError as problem:
            _LOG.info("refused: %s", problem)
        except AbandonedError:
            pass
        except Exception:
            self.fail()

    def fail(self) -> None:
        """Log the error that is being handled, pause the run, and show a message on the page."""
        _LOG.exception("a command failed")
        self.pair.pause()
        if not self.session.player.message.startswith(FAILED):
            self._notify(FAILED)

    def show(self, opened: Session | Pair) -> None:
        """Show another session, or two, from now on."""
        self.pair.pause()
        self.pair.luck.stop()
        self.pair, self.lesson = self._pair_of(opened), None
        self._pace.reset()
        self._was_running = self._dragged = False
        self.edition += 1
        self.refresh()

    def tell(self, sentence: str) -> None:
        """Show a sentence as the message; the run goes on."""
        player = self.session.player
        if player.opening:  # following a link changes its message all the time
            player.note(sentence)
        else:
            player.message = sentence
        self.version += 1

    def follow(self, query: Mapping[str, str], patience: float) -> None:
        """Open a link; if it names a lesson, begin it, with step=see at the step *See*."""
        self.pair.follow(query, patience)
        self.lesson = None
        if LESSON in query:
            begin = {"what": "begin", "label": query[LESSON]}
            try:
                self.lesson = teach(None, self.pair, begin)
            except RefusedError:
                self._notify(f"In the link: there is no lesson {query[LESSON][:40]!r}.")
        if self.lesson and query.get("step") == "see":
            self.lesson.skip()

    def restore(self, query: str, fresh: Callable[[], Session | Pair] = Session) -> None:
        """Open the link in a browser's address whose run has ended, with a message.

        It is opened in a ``fresh`` session: what the link leaves out is as usual.
        """
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if RUN in asked:
            self._notify(GONE)
            return
        if query != self._query():
            self.show(fresh())
            self.follow(asked, patience=0.0)
            self.refresh()
        self._notify(RESTORED)

    def _notify(self, sentence: str) -> None:
        self.session.player.note(sentence)
        self.version += 1

    def _scene(self, viewer: Viewer) -> Scene | None:
        """The viewer's scene, unless it was laid out for another session or for other data."""
        scene = viewer.scene()
        return scene if scene and scene.fits(self.session) else None

    def _is_due(self, viewer: Viewer) -> bool:
        return viewer.ready and viewer.version < self.version

    # Commands

    def receive(self, viewer: Viewer, message: Mapping[str, Any], now: float) -> None:
        """Execute the command in a browser's message; raises RefusedError.

        Commands are numbered by ``n``. One repeated after a reconnect is executed once. Those of a
        browser that is gone are not executed: if it comes back, it sends them again.
        """
        if viewer.gone:
            return
        viewer.last_message_at = now
        command = checked(message)
        match command:
            case {"do": "ack", "seq": int(seq)} if viewer.acknowledged <= seq <= viewer.sent:
                viewer.acknowledged = seq
            case {"do": "watch", "pictures": list(keys), "new": list(new)}:
                viewer.in_sight = frozenset(key for key in keys if isinstance(key, str))
                viewer.forget([key for key in new if isinstance(key, str)])
                viewer.version = -1
                self.untried = True
            case {"do": str(), "n": int(number)}:
                before = self._last_commands.get(viewer.client, 0)
                if number > before:
                    self._last_commands.pop(viewer.client, None)
                    self._last_commands[viewer.client] = number
                    if len(self._last_commands) > MAX_CLIENTS:
                        self._last_commands.pop(next(iter(self._last_commands)))
                    try:
                        with abandoned_if(lambda: viewer.gone):
                            self._act(viewer, command)
                    except AbandonedError:
                        self._last_commands[viewer.client] = before
            case _:
                raise not_understood(command)

    def _act(self, viewer: Viewer, command: Mapping[str, Any]) -> None:
        self.version += 1
        self.untried = True
        self._undisturbed_until = -math.inf
        self._dragged = not command.get("settled", True)
        if command["do"] not in ("speed", "mark"):
            self.pair.end_show()
        if command["do"] in ("select", "click"):
            scene, key = self._scene(viewer), str(command.get("on"))
            handler = scene.handlers.get(key) if scene else None
            if handler is None:
                raise RefusedError(f"nothing to do for {key[:80]!r}")
            try:
                with self.pair.sharing():
                    handler(dict(command))
            except (KeyError, TypeError, ValueError, IndexError, OverflowError) as problem:
                raise RefusedError(f"invalid command for {key[:80]!r}: {problem}") from None
        elif command["do"] == "lesson":
            self.lesson = teach(self.lesson, self.pair, command)
        else:
            act(self.pair, command)
            if command["do"] == "take_back":
                self.lesson = None
        self._finished_jobs.clear()
        # Streamlit's part stays as it is while the run plays, while a slider is dragged, and while
        # equations are typed.
        if command["do"] not in ("play", "speed", "write") and command.get("settled", True):
            self.edition += 1
        if self.pair.running and not self._was_running:
            self._pace.reset()
        self._was_running = self.pair.running

    # Frames

    def _send_frames(self, now: float) -> None:
        begun = time.perf_counter()
        for viewer in filter(self._is_due, self.viewers):
            self._next_frame = now + FRAME
            self._send(viewer, now)
        rest = WORK_PER_FRAME * (time.perf_counter() - begun)
        self._undisturbed_until = now + min(rest, MAX_REST)

    def _send(self, viewer: Viewer, now: float) -> None:
        hurried = self.pair.running or self._dragged
        frame, scene = Frame(viewer.in_sight, viewer.throttle, now, hurried), self._scene(viewer)
        problem = self._draw(scene, frame, viewer) if scene else ""
        frame.texts |= lesson_texts(self.lesson)
        viewer.version = self.version
        if not frame.complete:
            self._refine_at = now + REFINE
        header = {**self._header(viewer, now), "problem": problem}
        viewer.sent += 1
        viewer.send(viewer.state.message(header, frame))

    def _draw(self, scene: Scene, frame: Frame, viewer: Viewer) -> str:
        """Draw the scene. An error pauses the run; returns a sentence for the reader."""
        try:
            with abandoned_if(lambda: viewer.gone):
                scene.draw(frame)
        except AbandonedError:
            pass
        except Exception:
            _LOG.exception("a page could not be drawn")
            self.pair.pause()
            unit = self.session.unit
            return f"This page can't be drawn here. The run is kept: try another {unit} or page."
        return ""

    def _header(self, viewer: Viewer, now: float) -> dict[str, Any]:
        session, pair, player = self.session, self.pair, self.pair.furthest
        epoch, position = max(each.run.position for each in pair.sessions)
        last = epoch + bool(position)
        link, (sent_at, before) = None, viewer.link
        # The query of the address, None if unchanged; sent less often while the run goes on.
        if not pair.running or now >= sent_at + LINK_INTERVAL:
            query = self._query()
            viewer.link, link = (now, query), query if query != before else None
        both = pair.query() if pair.second else None
        return {
            "seq": viewer.sent + 1,
            "heard": self._last_commands.get(viewer.client, 0),
            "edition": self.edition,
            "running": pair.running,
            "over": pair.over,
            "looking_back": pair.looking_back,
            "pair": pair.second is not None,
            "pinned": player.course.pinned,
            "given": player.first is not None,
            "recorded": player.recorded,
            "unit": session.unit,
            "epoch": player.position.epoch if pair.looking_back else last,
            "last": last,
            "progress": player.progress,
            "speed": player.speed,
            "typed": session.phrase_input.typed,
            "marked": asdict(session.selection),
            "sequence": "batch" if session.config.batch > 1 else session.names.sequence,
            "link": link,
            # With the first frame, and with every new link.
            "made": None if link is None and viewer.sent else origin(session, both),
        }

    def _query(self) -> str:
        query = self.pair.query()
        if query is None:
            return f"{RUN}={self._run_id}"
        if self.lesson is None or self.lesson.away:
            return query
        return "&".join(filter(None, (query, f"{LESSON}={self.lesson.name}")))
