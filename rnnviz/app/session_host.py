"""SessionHost: a session, the browsers that look at it, and what is done when; no thread.

Its time is given, so that it can be tested step by step. An actor owns it and calls ``turn``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from rnnviz.app.command import RefusedError, act, not_understood
from rnnviz.app.frame import Frame
from rnnviz.app.pace import Pace
from rnnviz.app.viewer import Job, Scene, Viewer
from rnnviz.session import Session
from rnnviz.training.share_link import read_link

_LOG = logging.getLogger(__name__)

#: Seconds that are trained before the host looks up again, and from one frame to the next: no more
#: than a screen shows.
SLICE, FRAME = 0.010, 1 / 62
#: Steps a second in slow motion.
STEPS = 4
#: Seconds without an answer after which nobody is thought to look, and the run is held.
DEAF = 5.0
#: Seconds for which a run is kept that nobody looks at; it is held meanwhile.
LEASE = 120.0
#: Seconds for which a link is followed, or a job is worked on, at a time.
STRETCH = 0.02
#: Seconds from one look at what a job has found to the next.
LOOK = 0.25
#: Seconds from one link in the address to the next while the run goes on.
LINK = 0.5
#: Browsers whose commands are counted, so that one that comes twice is done once.
CLIENTS = 32

FAILED = "Something went wrong here. The run is held, and nothing of it is lost."
RESTORED = (
    "This server no longer had your run (it was started again, or the run was left alone for more "
    "than two minutes), so the page opened the link in its address."
)


class SessionHost:
    """A session, who looks at it, and what is to be done next.

    ``version`` counts what may change a picture, ``edition`` what may change Streamlit's own part
    of the page.
    """

    def __init__(self, session: Session, now: float) -> None:
        self.session = session
        self.viewers: list[Viewer] = []
        self.version = self.edition = 0
        self._unseen_since, self._next_frame = now, now
        self._pace = Pace()
        self._heard: dict[str, int] = {}
        self._done: set[Job] = set()
        self._working: set[Job] = set()
        self._next_look = now
        self._ran = False

    # What the actor asks

    def rest(self, now: float) -> float | None:
        """Seconds for which there is nothing to do; None: until the next command."""
        if not self.viewers:
            return max(0.0, self._unseen_since + LEASE - now)
        if self.busy(now):
            return 0.0
        waits = [self._next_frame - now] if any(map(self._owed, self.viewers)) else []
        if self.plays(now):
            waits.append(self._pace.rest(now, self._rate))
        return max(0.0, min(waits)) if waits else None

    def unseen(self, now: float) -> float:
        """For how many seconds nobody has looked."""
        return 0.0 if self.viewers else now - self._unseen_since

    def expired(self, now: float) -> bool:
        """Whether nobody has looked for so long that the session can go."""
        return not self.viewers and now >= self._unseen_since + LEASE

    def plays(self, now: float) -> bool:
        """Whether there is training to do for somebody who looks."""
        return self.session.player.running and any(
            self._looks(viewer, now) for viewer in self.viewers
        )

    def busy(self, now: float) -> Callable[[], None] | None:
        """Work that takes its time: a link to follow, or a page's job while the run rests."""
        if self.plays(now) and self.session.player.opening:
            return self._follow
        job = self._job(now)
        return None if job is None else lambda: self._work(job, now)

    def turn(self, now: float, playing: int = 1) -> None:
        """Train for a little, if it is time, and send to each browser what it can take.

        Where several sessions are ``playing`` each trains for less, so that all are seen as often.
        """
        if self.plays(now) and not self.session.player.opening:
            self._train(now, SLICE / max(1, playing))
        elif not self.session.player.running:
            self._pace.reset()
        self._notice_the_end()
        if now < self._next_frame:
            return
        for viewer in self.viewers:
            if self._owed(viewer):
                self._next_frame = now + FRAME
                self._send(viewer, now)

    # Training

    @property
    def _rate(self) -> float:
        return self.session.player.speed or STEPS

    def _train(self, now: float, budget: float) -> None:
        session, due = self.session, self._pace.due(now, self._rate)
        if not due:
            return
        before = session.player.position.epoch
        session.player.tick(budget, due)
        # Of an epoch that takes longer the rest stays due.
        self._pace.credit -= session.player.position.epoch - before if session.player.speed else due
        self.version += 1

    def _notice_the_end(self) -> None:
        """Streamlit's part of the page follows a run that has come to rest by itself."""
        if self._ran and not self.session.player.running:
            self.edition += 1
        self._ran = self.session.player.running

    def _follow(self) -> None:
        self.session.player.tick(STRETCH)
        self.version += 1
        if not self.session.player.opening:
            self.edition += 1

    def _job(self, now: float) -> Job | None:
        if self.session.player.running:
            return None
        for viewer in self.viewers:
            scene = self._scene(viewer)
            job = scene.job if scene and self._looks(viewer, now) else None
            if job and job not in self._done and not self._owed(viewer):
                return job
        return None

    def _work(self, job: Job, now: float) -> None:
        self._done.add(job)  # also where it fails
        # The first time it is asked whether there is anything to do at all.
        if job.work(STRETCH if job in self._working else 0.0):
            self._done.discard(job)
            self._working.add(job)
            # A press is not to wait until all that is found little by little is drawn.
            if now >= self._next_look:
                self.version += 1
                self._next_look = now + LOOK
        else:
            self.version += 1
            self.edition += job in self._working
            self._working.discard(job)

    # Who looks

    def attach(self, viewer: Viewer, now: float) -> None:
        """Have a browser look on."""
        viewer.heard_at = now
        self.viewers.append(viewer)

    def detach(self, viewer: Viewer, now: float) -> None:
        """Have it look away; when it was the last one the run is held."""
        if viewer in self.viewers:
            self.viewers.remove(viewer)
            self._unseen_since = now
            self._pace.reset()

    def refresh(self) -> None:
        """Show everything as it is now: a page may have been laid out again."""
        self.version += 1
        self._done.clear()
        self._working.clear()

    def say(self, sentence: str) -> None:
        """Tell the reader something, before what the session says."""
        self.session.player.note(sentence)
        self.version += 1

    def fail(self) -> None:
        """Hold the run after something that should not happen, and say so."""
        self.session.player.pause()
        if not self.session.player.message.startswith(FAILED):
            self.say(FAILED)

    def restore(self, query: str) -> None:
        """Open the link that a browser has in its address, and say that its run was gone."""
        if query != self._query():
            link, problems = read_link(dict(parse_qsl(query)))
            self.session.follow(link, problems, patience=0.0)
        self.say(RESTORED)

    def _scene(self, viewer: Viewer) -> Scene | None:
        """The scene of a browser, if it is one of this session."""
        scene = viewer.scene()
        return scene if scene and scene.session is self.session else None

    def _looks(self, viewer: Viewer, now: float) -> bool:
        return viewer.ready or now < viewer.heard_at + DEAF

    def _owed(self, viewer: Viewer) -> bool:
        return viewer.ready and viewer.version < self.version

    # Commands

    def hear(self, viewer: Viewer, command: Mapping[str, Any], now: float) -> None:
        """Do what a browser says; raises RefusedError.

        A command has a number ``n``. One that comes again after the wire was cut is done once.
        """
        viewer.heard_at = now
        match command:
            case {"do": "ack", "seq": int(seq)} if viewer.acked <= seq <= viewer.sent:
                viewer.acked = seq
            case {"do": "watch", "pictures": list(keys), "new": list(new)}:
                viewer.sight = frozenset(key for key in keys if isinstance(key, str))
                viewer.memory.forget([key for key in new if isinstance(key, str)])
                viewer.version = -1
            case {"do": str(), "n": int(number)}:
                if number > self._heard.get(viewer.client, 0):
                    self._note(viewer.client, number)
                    self._act(viewer, command)
            case _:
                raise not_understood(command)

    def _note(self, client: str, number: int) -> None:
        self._heard.pop(client, None)
        self._heard[client] = number
        if len(self._heard) > CLIENTS:
            self._heard.pop(next(iter(self._heard)))

    def _act(self, viewer: Viewer, command: Mapping[str, Any]) -> None:
        self.version += 1
        if command["do"] in ("select", "click"):
            self._handle(viewer, command)
        else:
            act(self.session, command)
        self._done.clear()
        # While it plays Streamlit's part stays as it is, and while a hand is on a slider.
        if command["do"] not in ("play", "speed") and command.get("settled", True):
            self.edition += 1
        if self.session.player.running and not self._ran:
            self._pace.reset()
        self._ran = self.session.player.running

    def _handle(self, viewer: Viewer, command: Mapping[str, Any]) -> None:
        """Have the page act on what was clicked or selected on it."""
        scene, key = self._scene(viewer), str(command.get("on"))
        handler = scene.handlers.get(key) if scene else None
        if handler is None:
            raise RefusedError(f"nothing to do for {key[:80]!r}")
        try:
            handler(dict(command))
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as problem:
            raise RefusedError(f"{key[:80]!r} can't be so: {problem}") from None

    # What is sent

    def _send(self, viewer: Viewer, now: float) -> None:
        frame, scene = Frame(viewer.sight), self._scene(viewer)
        viewer.version = self.version
        problem = self._drawn(scene, frame) if scene else ""
        header = {**self._header(viewer, now), "problem": problem}
        message = viewer.memory.message(header, frame)
        viewer.sent += 1
        viewer.pipe(message)

    def _drawn(self, scene: Scene, frame: Frame) -> str:
        """Draw the scene; where that fails the run is held, and a sentence says so."""
        try:
            scene.draw(frame)
        except Exception:
            _LOG.exception("a page could not be drawn")
            self.session.player.pause()
            return "This page can't be drawn here. The run is kept: try another epoch or page."
        return ""

    def _header(self, viewer: Viewer, now: float) -> dict[str, Any]:
        session = self.session
        epoch, position = session.run.position
        last = epoch + bool(position)
        return {
            "seq": viewer.sent + 1,
            "heard": self._heard.get(viewer.client, 0),
            "edition": self.edition,
            "running": session.player.running,
            "over": session.player.over,
            "looking_back": session.player.shown is not None,
            "epoch": last if session.player.shown is None else session.player.shown.epoch,
            "last": last,
            "progress": session.player.progress,
            "speed": session.player.speed,
            "typed": session.phrase_input.typed,
            "sequence": "batch" if session.config.batch > 1 else session.names.sequence,
            "link": self._link(viewer, now),
        }

    def _link(self, viewer: Viewer, now: float) -> str | None:
        """The query of the address, where it has changed; while the run goes on now and then."""
        at, before = viewer.link
        if self.session.player.running and now < at + LINK:
            return None
        link = self._query()
        viewer.link = now, link
        return link if link != before else None

    def _query(self) -> str:
        return urlencode(self.session.link().to_query())
