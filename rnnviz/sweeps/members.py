"""Members: runs of several settings or seeds, each trained in a worker process.

The workers are on this machine (joblib, loky) or of a Dask cluster. A member is byte for byte the
run that its settings give alone.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, TypeVar

import numpy as np

from rnnviz import __version__
from rnnviz.config import RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.run.checksum import Checksum
from rnnviz.run.history import COLUMNS
from rnnviz.run.run import TrainingRun
from rnnviz.run.schedule import Schedule
from rnnviz.run.share_link import START, Link
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data_source import DataSource
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import Upload

R = TypeVar("R")
#: Seconds after which a worker without work ends; and between two looks at its parent.
_IDLE, _LOOK = 10, 1.0
#: The niceness of a polite worker, the most there is: with 10 a page beside it loses a third of its
#: updates on two cores, with 19 a fifth.
_NICE = 19
#: Seconds until a scheduler of Dask must have answered.
_PATIENCE = 10
#: Why a run failed that was begun again, and lost its worker each time.
KILLED = "The process that trained it was killed each time: perhaps for lack of memory."


class ClusterError(RuntimeError):
    """A Dask cluster can't be used; the message is a sentence."""


class Ending(StrEnum):
    """How a run ended."""

    FINISHED = "finished"
    EARLY = "stopped early"
    UNFINISHED = "unfinished"
    DIVERGED = "diverged"
    FAILED = "failed"


@dataclass(frozen=True, eq=False)
class Member:
    """One run at its end: the scores (E + 1, 4) of its epochs, and its weights (P,).

    The scores are by ``COLUMNS``. A run ``diverged`` if its loss was no longer finite: it ended
    before its last epoch, and not by an early stop. It is ``unfinished`` if it was kept on its way,
    and ``imported`` if it began with given weights. ``link`` is the query that leads to its end,
    without its data; empty if none does. A run that failed has no scores (0, 4), and says its
    ``problem``.
    """

    schedule: Schedule
    scores: Array
    theta: Array
    diverged: bool = False
    link: str = ""
    seconds: float = 0.0
    problem: str = ""
    unfinished: bool = False
    imported: bool = False

    @property
    def ending(self) -> Ending:
        """How it ended."""
        if self.problem:
            return Ending.FAILED
        if self.diverged:
            return Ending.DIVERGED
        if self.unfinished:
            return Ending.UNFINISHED
        return Ending.FINISHED if len(self.scores) > self.config.epochs else Ending.EARLY

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
    begun = time.perf_counter()
    data, config = DataSource(dataset), schedule.start
    data.upload = upload
    run = TrainingRun(data.dataset_for(config), schedule)
    while not run.finished and run.train(run.examples):
        if keep_alive and not keep_alive.exists():
            return None
    scores = np.stack([run.history.column(name) for name in COLUMNS], axis=1)
    end = run.position
    checksum = Checksum.of(run) if end > START else None
    link = "" if dataset else Link(run.schedule, end, end, checksum=checksum).query()
    return Member(
        schedule, scores, run.state.parameters.theta, diverged=not run.finished, link=link or "",
        seconds=time.perf_counter() - begun,
    )  # fmt: skip


def failed(schedule: Schedule, problem: str) -> Member:
    """The member of a run that could not be trained."""
    return Member(schedule, np.empty((0, len(COLUMNS))), np.empty(0), problem=problem)


def attempted(
    schedule: Schedule,
    dataset: Dataset | None = None,
    upload: Upload | None = None,
    keep_alive: Path | None = None,
) -> Member | None:
    """Like ``trained``, but a problem makes a member that failed: it must not end the others."""
    try:
        return trained(schedule, dataset, upload, keep_alive)
    except TaskError as problem:
        return failed(schedule, str(problem))
    except Exception as problem:  # Whatever it is.
        return failed(schedule, f"{type(problem).__name__}: {problem}.")


def members(
    schedules: Iterable[Schedule],
    dataset: Dataset | None = None,
    upload: Upload | None = None,
    *,
    workers: int | None = None,
    cluster: str = "",
    keep_alive: Path | None = None,
    polite: bool = False,
    tolerant: bool = False,
) -> Generator[Member, None, None]:
    """Train runs in worker processes, by default one a core; they come as they end.

    Closing the iterator cancels the workers' runs, and so does removing the file ``keep_alive``,
    whose folder is used for temporary files. ``polite`` workers leave the processor to others. With
    ``tolerant`` a run that raises is a member that failed. A ``cluster`` is the address of a Dask
    scheduler. Raises ``BrokenProcessPool`` (of concurrent.futures) if a worker was killed, or
    ClusterError.
    """
    train = attempted if tolerant else trained
    if cluster:
        yield from _on_cluster(cluster, train, schedules, dataset, upload)
        return
    calls = (partial(train, schedule, dataset, upload, keep_alive) for schedule in schedules)
    with closing(in_workers(calls, workers, keep_alive, polite)) as found:
        yield from (member for member in found if member is not None)


def in_workers(
    calls: Iterable[Callable[[], R]], workers: int | None = None, keep_alive: Path | None = None,
    polite: bool = False,
) -> Generator[R, None, None]:  # fmt: skip
    """The results of calls in worker processes, by default one a core, as they end.

    Closing the iterator cancels the calls. For ``polite``, the folder of ``keep_alive`` and what it
    raises see ``members``; an error of a call is raised, too.
    """
    # Loading it takes time, and warns where it can't be used.
    from joblib import Parallel, delayed, parallel_config  # noqa: PLC0415

    # Cancelled runs and ended workers are intended.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"joblib\.")
    if not _has_semaphores():
        yield from (call() for call in calls)
        return
    count = workers or os.cpu_count() or 1
    # By default joblib's own folder would stay until this process ends.
    folder = keep_alive and keep_alive.parent
    limits = {"inner_max_num_threads": 1, "idle_worker_timeout": _IDLE, "temp_folder": folder}
    watch = {"initializer": _begin, "initargs": (os.getpid(), polite)}
    # With one job joblib would train in this process, at its priority and with its BLAS threads.
    ahead = 2 * count if count > 1 else 1
    with parallel_config("loky", n_jobs=max(2, count), **limits, **watch):
        parallel = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=ahead)
        # Until a worker has begun, Ctrl-C would print its traceback.
        with _without_interrupts():
            running = parallel(delayed(call)() for call in calls)
        with closing(running) as found:
            yield from found


def _on_cluster(
    address: str, train: Callable[..., Member | None], schedules: Iterable[Schedule],
    *data: Dataset | Upload | None,
) -> Iterator[Member]:  # fmt: skip
    """The runs as they end on a Dask cluster, which trains those of a lost worker again.

    Not by joblib, which would wait forever after a job's error.
    """
    try:
        from dask.distributed import Client, KilledWorker, as_completed  # noqa: PLC0415
    except ImportError:
        raise ClusterError('A cluster needs Dask: pip install "rnnviz[sweep-dask]".') from None
    if not re.search(r":\d+$", address):
        raise ClusterError(f"{address} has no port. Give the scheduler as tcp://HOST:8786.")
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError):
        raise ClusterError(f"No Dask scheduler answers at {address}.") from None
    with client:
        _check_workers(client.run(resolve_name, "rnnviz:__version__", on_error="return"), address)
        running, given = as_completed(loop=client.loop), dict[Any, Schedule]()
        waiting = iter(schedules)
        try:
            while True:
                free = 2 * sum(client.nthreads().values()) - len(given)
                for schedule in islice(waiting, max(0, free)):
                    # Data that were scattered would be lost with the workers that have them.
                    future = client.submit(train, schedule, *data, pure=False)
                    given[future] = schedule
                    running.add(future)
                if not given:
                    return
                future = next(running)
                schedule = given.pop(future)
                try:
                    member = future.result()
                except KilledWorker:
                    member = failed(schedule, KILLED)
                yield member
        except (CancelledError, OSError):
            raise ClusterError(f"The Dask scheduler at {address} has gone.") from None


def _check_workers(versions: Mapping[str, str | Exception], address: str) -> None:
    """Raise ClusterError unless all workers have this version: else they can't read their jobs."""
    if not versions:
        raise ClusterError(f"The Dask scheduler at {address} has no workers.")
    for worker, version in versions.items():
        if isinstance(version, Exception):
            raise ClusterError(f"rnnviz is not installed on the worker {worker}: {version}.")
        if version != __version__:
            mine = f"this is {__version__}: install the same"
            raise ClusterError(f"The worker {worker} has rnnviz {version}, {mine}.")


def _has_semaphores() -> bool:
    """Whether this system has semaphores between processes.

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
    """Delay Ctrl-C to the end of the context; it is blocked in the processes that begin in it."""
    before, found = signal.getsignal(signal.SIGINT), list[int]()
    # Other threads get the signal that this one blocks, and the handler would run in the main one.
    delays = callable(before) and threading.current_thread() is threading.main_thread()
    if delays:
        signal.signal(signal.SIGINT, lambda number, _: found.append(number))
    blocks = hasattr(signal, "pthread_sigmask")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if blocks else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if delays:
            signal.signal(signal.SIGINT, before)
    if found:
        signal.raise_signal(signal.SIGINT)


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
