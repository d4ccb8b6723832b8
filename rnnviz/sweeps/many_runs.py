"""Sweep: train the runs that are missing in a store, and keep each as it ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from statistics import fmean, median
from typing import Any

import pandas as pd
from tqdm import tqdm

from rnnviz.config import SETTINGS, RunConfig, SettingError
from rnnviz.run.run import TrainingRun
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.grid import Axis, Range, axis_of, grid
from rnnviz.sweeps.members import KILLED, Member, failed, members
from rnnviz.sweeps.run_table import OUTCOMES, run_table
from rnnviz.sweeps.store import Store, StoreError, digest_of, key_of
from rnnviz.tasks.data_source import DataSource
from rnnviz.tasks.upload import Upload

#: After this many killed workers while it ran, a run is trained alone.
_STRIKES = 2
#: How many runs are timed for the estimate, and for how many seconds each.
_TIMED, _SECONDS = 5, 0.3


def missing(configs: Iterable[RunConfig], store: Store, upload: Upload | None) -> list[RunConfig]:
    """The runs that are not stored, or failed."""
    done, data = store.done(), digest_of(upload)
    return [config for config in configs if key_of(config, data) not in done]


def estimated_seconds(configs: Sequence[RunConfig], upload: Upload | None) -> float:
    """About how long one processor takes for the runs, from the first epochs of a few of them."""
    found = []
    # At equal distances they could all have the cheapest value of a setting.
    for config in Random(0).sample(configs, min(_TIMED, len(configs))):
        data, epochs, begun = DataSource(), [0.0], time.perf_counter()
        data.upload = upload
        # What can't be trained will be stored as a run that failed.
        with suppress(Exception):
            run = TrainingRun(data.dataset_for(config), Schedule(config))
            setup = (now := time.perf_counter()) - begun
            while not run.finished and now < begun + setup + _SECONDS:
                run.train(run.examples)
                epochs.append(time.perf_counter() - now)
                now += epochs[-1]
            # The first one also allocates.
            found.append(setup + config.epochs * median(epochs[2:] or epochs[-1:]))
    return len(configs) * fmean(found) if found else 0.0


def swept(
    configs: Sequence[RunConfig], store: Store, upload: Upload | None = None, *, line: str = "",
    weights: bool = False, **how: Any,
) -> Generator[Member, None, None]:  # fmt: skip
    """Train runs, store each as it ends, with ``weights`` if wanted, and yield it.

    ``line`` is what the sweep is called in the store, ``how`` the options of ``members``. Closing
    the iterator stops the sweep. Raises StoreError or ClusterError.
    """
    if not configs:
        return
    number, state = store.begin(line, len(configs)), "stopped"
    try:
        with closing(_trained(configs, upload=upload, **how)) as found:
            for member in found:
                store.add(member, number, upload, weights)
                yield member
        state = "done"
    finally:
        with suppress(StoreError):
            store.end(number, state)


def _trained(configs: Sequence[RunConfig], **how: Any) -> Generator[Member, None, None]:
    """The runs as they end, begun again if a worker was killed.

    A run that was under way twice when that happened is trained alone; if its worker is killed
    then too, it has failed.
    """
    waiting, strikes = dict.fromkeys(configs), Counter[RunConfig]()
    while waiting:
        suspects = [config for config in waiting if strikes[config] == _STRIKES]
        begun: list[RunConfig] = []

        def jobs(some: Sequence[RunConfig], begun: list[RunConfig] = begun) -> Iterator[Schedule]:
            for config in some:
                begun.append(config)
                yield Schedule(config)

        try:
            with closing(members(jobs(suspects[:1] or [*waiting]), tolerant=True, **how)) as found:
                for member in found:
                    del waiting[member.config]
                    yield member
        except BrokenProcessPool:
            strikes.update(config for config in begun if config in waiting)
            if suspects and suspects[0] in waiting:
                del waiting[suspects[0]]
                yield failed(Schedule(suspects[0]), KILLED)


def sweep(
    config: RunConfig, axes: Mapping[str, str | Sequence[Any]], seeds: int = 1, *,
    random: int = 0, workers: int | None = None, db: str | Path | None = None,
    upload: Upload | None = None, weights: bool = False, dask: str = "",
) -> pd.DataFrame:  # fmt: skip
    """Train all combinations of settings, or ``random`` draws of them; return a row a run.

    ``axes`` has values by the names of settings, in a list or as on the command line, such as
    "0.003..0.3:log:5"; ``config`` has the other settings. With a file ``db`` the runs are kept, and
    only those that are missing are trained. ``dask`` is the address of a scheduler. Raises
    SettingError, StoreError or ClusterError.
    """
    values: dict[str, Axis] = {}
    for name, given in axes.items():
        if name not in SETTINGS:
            raise SettingError(f"{name[:40]!r} is not a setting.")
        row = SETTINGS[name]
        values[name] = axis_of(row, given) if isinstance(given, str) else [*map(row.parse, given)]
        if not isinstance(axis := values[name], Range) and not axis:
            raise SettingError(f"{row.label} ({name}) has no values.")
    configs = grid(values, seeds=seeds, draws=random, base=config)
    with closing(Store(Path(db) if db else None)) as store:
        todo = missing(configs, store, upload)
        found = swept(todo, store, upload, weights=weights, workers=workers, cluster=dask)
        for _ in tqdm(found, total=len(todo), unit="run", disable=None, leave=False):
            pass
        table = run_table(store).set_index("key")
    keys = [key_of(one, digest_of(upload)) for one in configs]
    columns = [*axes, *["seed"] * (seeds > 1 and "seed" not in axes), *OUTCOMES, "link", "key"]
    return table.loc[keys].reset_index()[columns]
