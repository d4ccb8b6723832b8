"""SeedRuns: the runs of several seeds, trained in the background and kept."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rnnviz.config import SETTINGS
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.members import Member, members
from rnnviz.sweeps.spread import Spread
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import Upload

_LOG = logging.getLogger(__name__)
#: The most seeds of one setting.
MOST_SEEDS = 100
#: The runs are cancelled by removing this file.
_KEEP_ALIVE = "keep_alive"
#: Settings whose members are kept.
_KEPT = 8
#: All tabs of a server share its processors: one trains seeds at a time, the others wait.
_TURN = threading.Lock()

#: A setting without its seed, with the data that it learns from.
_Setting = tuple[Schedule, Dataset | None, Upload | None]


class SeedRuns:
    """``count`` seeds of one setting or of two, from ``first`` on.

    ``changed`` is called in another thread whenever a run has ended. A run has learned when its
    training score reaches ``threshold``.
    """

    def __init__(self, changed: Callable[[], object] = lambda: None) -> None:
        self.count, self.first, self.threshold = 10, 0, 1.0
        self.problem = ""
        self.changed = changed
        self._found: OrderedDict[_Setting, dict[int, Member]] = OrderedDict()
        self._folder: TemporaryDirectory[str] | None = None
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether runs are being trained, or wait for those of another tab."""
        return self._thread is not None and self._thread.is_alive() and self._folder is not None

    def start(
        self, schedules: Sequence[Schedule], dataset: Dataset | None, upload: Upload | None
    ) -> None:
        """Train the seeds that are missing, in the background."""
        self.stop()
        self.problem = ""
        missing = [
            _seeded(schedule, seed)
            for seed in self.seeds
            for schedule in schedules
            if seed not in self._of((_seeded(schedule, 0), dataset, upload))
        ]
        if missing:
            try:
                folder = self._folder = TemporaryDirectory()
                Path(folder.name, _KEEP_ALIVE).touch()
            except OSError as problem:
                self._folder, self.problem = None, f"No folder for the runs: {problem.strerror}."
                return
            work = (missing, dataset, upload, folder)
            self._thread = threading.Thread(target=self._train, args=work, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Train no more; what has been trained stays."""
        folder, self._folder = self._folder, None
        if folder:
            folder.cleanup()

    @property
    def seeds(self) -> range:
        """The seeds, of which the largest is the last that a run can have."""
        first = min(self.first, int(SETTINGS["seed"].high) + 1 - self.count)
        return range(first, first + self.count)

    def members(
        self, schedule: Schedule, dataset: Dataset | None, upload: Upload | None
    ) -> list[Member]:
        """The runs of a setting that have ended, by seed."""
        found = self._of((_seeded(schedule, 0), dataset, upload))
        return [found[seed] for seed in self.seeds if seed in found]

    def spreads(
        self, schedules: Sequence[Schedule], dataset: Dataset | None, upload: Upload | None
    ) -> list[Spread]:
        """The runs of the seeds that have ended with every setting; none if there is none."""
        each = [self.members(schedule, dataset, upload) for schedule in schedules]
        ended = set.intersection(*({member.config.seed for member in rows} for rows in each))
        if not ended:
            return []
        return [Spread([one for one in rows if one.config.seed in ended]) for rows in each]

    def _of(self, setting: _Setting) -> dict[int, Member]:
        found = self._found.setdefault(setting, {})
        self._found.move_to_end(setting)
        while len(self._found) > _KEPT:
            self._found.popitem(last=False)
        return found

    def _train(
        self, schedules: Sequence[Schedule], dataset: Dataset | None, upload: Upload | None,
        folder: TemporaryDirectory[str],
    ) -> None:  # fmt: skip
        keep_alive = Path(folder.name, _KEEP_ALIVE)
        try:
            with _TURN:
                found = members(schedules, dataset, upload, keep_alive=keep_alive, polite=True)
                for member in found if keep_alive.exists() else ():
                    kept = self._of((_seeded(member.schedule, 0), dataset, upload))
                    kept[member.config.seed] = member
                    self.changed()
        except (BrokenProcessPool, TaskError, OSError, MemoryError) as problem:
            # Ctrl-C ends workers that are starting; then nobody waits for them.
            if self._folder is folder:
                _LOG.warning("the workers that train the seeds have ended: %s", problem)
                self.problem = "The processes that train the seeds have ended. Press it again."
        finally:
            with suppress(OSError):
                folder.cleanup()
            if self._folder is folder:
                self._folder = None
            self.changed()


def ended(seconds: float) -> bool:
    """Wait at most ``seconds`` until no seeds are trained any more."""
    if free := _TURN.acquire(timeout=seconds):
        _TURN.release()
    return free


def _seeded(schedule: Schedule, seed: int) -> Schedule:
    """The schedule with another seed."""
    return Schedule(replace(schedule.start, seed=seed), schedule.changes)
