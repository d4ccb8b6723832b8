"""Members: runs of several settings or seeds, each trained in a worker process (joblib, loky).

A member is byte for byte the run that its settings give alone.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.run.history import COLUMNS
from rnnviz.run.run import TrainingRun
from rnnviz.run.schedule import Schedule
from rnnviz.tasks.data_source import DataSource
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import Upload

#: Seconds after which a worker without work ends; and between two looks at its parent.
_IDLE, _LOOK = 10, 1.0
#: How far a polite worker steps back: 0 to 19.
_NICE = 10


@dataclass(frozen=True, eq=False)
class Member:
    """One run at its end: the scores (E + 1, 4) of its epochs, and its weights (P,).

    The scores are by ``COLUMNS``. A run ``diverged`` if its loss was no longer finite: it ended
    before its last epoch, and not by an early stop.
    """

    schedule: Schedule
    scores: Array
    theta: Array
    diverged: bool = False

    @property
    def config(self) -> RunConfig:
        """The settings that it began with."""
        return self.schedule.start

    def column(self, name: str) -> Array:
        """One of ``COLUMNS`` over the epochs, (E + 1,)."""
        return self.scores[:, COLUMNS.index(name)]


def trained(
    schedule: Schedule,
    dataset: Dataset | None = None,
    upload: Upload | None = None,
    keep_alive: Path | None = None,
) -> Member | None:
    """Train a run to its last epoch, or until its loss is no longer finite; raises TaskError.

    It learns from ``dataset``, or from the user's own data, by default from those of its task.
    None if the file ``keep_alive`` is removed before its end.
    """
    data, config = DataSource(dataset), schedule.start
    data.upload = upload
    run = TrainingRun(data.dataset_for(config), schedule)
    while not run.finished and run.train(run.examples):
        if keep_alive and not keep_alive.exists():
            return None
    scores = np.stack([run.history.column(name) for name in COLUMNS], axis=1)
    return Member(schedule, scores, run.state.parameters.theta, diverged=not run.finished)


def members(
    schedules: Iterable[Schedule],
    dataset: Dataset | None = None,
    upload: Upload | None = None,
    *,
    workers: int | None = None,
    keep_alive: Path | None = None,
    polite: bool = False,
) -> Iterator[Member]:
    """Train runs in worker processes, by default one a core; they come as they end.

    Closing the iterator cancels the workers' runs, and so does removing the file ``keep_alive``,
    whose folder is used for temporary files. ``polite`` workers leave the processor to others.
    Raises joblib's ``BrokenProcessPool`` (of concurrent.futures) if a worker was killed.
    """
    # Loading it takes time, and warns where it can't be used.
    from joblib import Parallel, delayed, parallel_config  # noqa: PLC0415

    if not _has_semaphores():
        found = (trained(schedule, dataset, upload, keep_alive) for schedule in schedules)
        yield from (member for member in found if member is not None)
        return
    count = workers or os.cpu_count() or 1
    jobs = (delayed(trained)(schedule, dataset, upload, keep_alive) for schedule in schedules)
    # By default joblib's own folder would stay until this process ends.
    folder = keep_alive and keep_alive.parent
    limits = {"inner_max_num_threads": 1, "idle_worker_timeout": _IDLE, "temp_folder": folder}
    watch = {"initializer": _begin, "initargs": (os.getpid(), polite)}
    with parallel_config("loky", n_jobs=count, **limits, **watch):
        parallel = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=2 * count)
        # Until a worker has begun, Ctrl-C would print its traceback.
        with _without_interrupts():
            running = parallel(jobs)
        with closing(running) as found:
            yield from (member for member in found if member is not None)


def _has_semaphores() -> bool:
    """Whether processes can be told to wait for each other here.

    A semaphore of "spawn" starts Python's resource tracker, whose start unblocks Ctrl-C: it must
    come before ``_without_interrupts``.
    """
    try:
        multiprocessing.get_context("spawn").Semaphore()
    except (ImportError, OSError):
        return False
    return True


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Block Ctrl-C in this thread, and in the processes that it starts."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(parent: int, polite: bool) -> None:
    """Begin a worker; it ends soon after the process ``parent``: nobody would read its results.

    Ctrl-C is for the parent, which tells it to end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if polite and hasattr(os, "nice"):
        os.nice(_NICE)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
