"""Members: runs of several settings or seeds, each trained in a worker process (joblib, loky).

A member is byte for byte the run that its settings give alone.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed, parallel_config

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

    The scores are by ``COLUMNS``. A run whose loss was no longer finite has fewer epochs than its
    settings: it ``diverged``.
    """

    config: RunConfig
    scores: Array
    theta: Array

    @property
    def diverged(self) -> bool:
        """Whether it ended before its last epoch."""
        return len(self.scores) <= self.config.epochs

    def column(self, name: str) -> Array:
        """One of ``COLUMNS`` over the epochs, (E + 1,)."""
        return self.scores[:, COLUMNS.index(name)]


def trained(
    schedule: Schedule,
    dataset: Dataset | None = None,
    upload: Upload | None = None,
    wanted: Path | None = None,
) -> Member | None:
    """Train a run to its last epoch, or until its loss is no longer finite; raises TaskError.

    It learns from ``dataset``, or from the user's own data, by default from those of its task.
    None if the file ``wanted`` is removed before its end.
    """
    data, config = DataSource(dataset), schedule.start
    data.upload = upload
    run = TrainingRun(data.dataset_for(config), schedule)
    while run.position.epoch < config.epochs and run.train(run.examples):
        if wanted and not wanted.exists():
            return None
    scores = np.stack([run.history.column(name) for name in COLUMNS], axis=1)
    return Member(config, scores, run.state.parameters.theta)


def members(
    schedules: Iterable[Schedule],
    dataset: Dataset | None = None,
    upload: Upload | None = None,
    *,
    workers: int | None = None,
    wanted: Path | None = None,
    polite: bool = False,
) -> Iterator[Member]:
    """Train runs in worker processes, by default one a core; they come as they end.

    Closing the iterator ends the workers' work, and so does the removal of the file ``wanted``.
    ``polite`` workers leave the processor to others. Raises joblib's ``BrokenProcessPool`` (of
    concurrent.futures) if a worker was killed.
    """
    count = workers or os.cpu_count() or 1
    jobs = (delayed(trained)(schedule, dataset, upload, wanted) for schedule in schedules)
    limits = {"inner_max_num_threads": 1, "idle_worker_timeout": _IDLE}
    watch = {"initializer": _begin, "initargs": (os.getpid(), polite)}
    with parallel_config("loky", n_jobs=count, **limits, **watch):
        parallel = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=2 * count)
        with closing(parallel(jobs)) as found:
            yield from (member for member in found if member is not None)


def _begin(parent: int, polite: bool) -> None:
    """Begin a worker; it ends soon after the process ``parent``: nobody would read its results."""
    if polite and hasattr(os, "nice"):
        os.nice(_NICE)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
