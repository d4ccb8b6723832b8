"""The command ``rnnviz sweep``: train all combinations of settings, and keep every run."""

from __future__ import annotations

import argparse
import os
import shlex
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm import tqdm

from rnnviz.cli.options import RunOptions, add_run_options, flag, whole_number
from rnnviz.cli.runs import add_db, groups_text
from rnnviz.cli.seeds import MOST_WORKERS
from rnnviz.config import SETTINGS, RunConfig, SettingError
from rnnviz.sweeps.grid import MOST_RUNS, axis_of, grid
from rnnviz.sweeps.many_runs import estimated_seconds, missing, swept
from rnnviz.sweeps.members import ClusterError, Ending, Member
from rnnviz.sweeps.run_table import run_table
from rnnviz.sweeps.store import Store, StoreError, default_path, digest_of, key_of
from rnnviz.tasks.upload import Upload
from rnnviz.terminal import say, show


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz sweep``."""
    parser.description = (
        "A setting takes one value, a list (5,10,20) or, if it is a number, a range (1..9:5 or, in "
        "its logarithm, 0.003..0.3:log:5). All combinations are trained, or with --random N of "
        "them. The same line goes on where it stopped."
    )
    count = whole_number(1, MOST_RUNS)
    parser.add_argument(
        "--seeds", type=count, default=1, metavar="N",
        help="how many seeds of each combination, from --seed on; default 1",
    )  # fmt: skip
    parser.add_argument(
        "--random", type=count, default=0, metavar="N",
        help="train N random combinations; a range then needs no number of values: 0.003..0.3:log",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=whole_number(1, MOST_WORKERS), metavar="N",
        help="processes; by default one a core",
    )  # fmt: skip
    parser.add_argument(
        "--dask", default="", metavar="ADDRESS",
        help="train on the Dask cluster of this scheduler, such as tcp://10.0.0.1:8786",
    )  # fmt: skip
    parser.add_argument("--weights", action="store_true", help="keep the weights of every run too")
    add_db(parser)
    add_run_options(parser)


def sweep(
    *, seeds: int, random: int, workers: int | None, dask: str, weights: bool, db: Path | None,
    **options: Any,
) -> int:  # fmt: skip
    """Train the runs of a sweep that are missing in the file of runs; print what they came to."""
    if dask and workers:
        raise SettingError("--workers has no effect with --dask: the cluster has its own.")
    texts = {n: text for n, text in options.items() if n in SETTINGS and text is not None}
    axes = {name: axis_of(SETTINGS[name], text) for name, text in texts.items()}
    # It refuses a cell and a task beside files that have them.
    alone = {name: texts[name].split(",")[0].strip() for name in texts.keys() & {"cell", "task"}}
    given = RunOptions(**{**options, **dict.fromkeys(texts), **alone})
    configs = grid(axes, seeds=seeds, draws=random, base=given.config)
    upload = given.upload(configs[0])
    words: list[str] = []
    named = {"seeds": seeds, "random": random, "weights": weights, "db": db, **options}
    for name, value in named.items():
        if value:
            words += [flag(name)] if value is True else [flag(name), str(value)]
    path = db or default_path()
    with closing(Store(path)) as store:
        todo = missing(configs, store, upload)
        said = f"Runs: {len(configs):,}; {len(configs) - len(todo):,} of them are in {path}."
        count = None if dask else workers or os.cpu_count() or 1
        say(f"{said} {_duration(todo, upload, count)}" if todo else said)
        how = {"workers": workers, "cluster": dask, "polite": True}
        found = swept(todo, store, upload, line=shlex.join(words), weights=weights, **how)
        code = _follow(found, len(todo))
        table = run_table(store)
    own = table[table["key"].isin([key_of(config, digest_of(upload)) for config in configs])]
    if code < 128 and len(own):
        show(groups_text(own))
    return code


def _duration(configs: Sequence[RunConfig], upload: Upload | None, workers: int | None) -> str:
    """About how long the runs take with so many workers; None: on one processor of a cluster."""
    seconds, cores = estimated_seconds(configs, upload), os.cpu_count() or 1
    # More workers than cores are no faster.
    seconds /= min(workers or 1, cores, len(configs))
    units = (3600, "h"), (60, "min"), (1, "s")
    size, unit = next((pair for pair in units if seconds >= pair[0]), units[-1])
    where = f"with {workers} worker{'s' * (workers > 1)}" if workers else "on a single processor"
    return f"The others take about {max(1, seconds / size):.0f} {unit} {where}."


def _follow(found: Generator[Member, None, None], total: int) -> int:
    """Follow the runs with a bar; return the exit code, 128 or more if it was stopped."""
    endings, problems, code = Counter[Ending](), Counter[str](), 0
    with tqdm(total=total, unit="run", disable=None, leave=False) as bar, closing(found):
        try:
            for member in found:
                endings[member.ending] += 1
                problems[member.problem] += 1
                bar.update()
        except (StoreError, ClusterError) as problem:
            code = 1
            say(str(problem))
        except KeyboardInterrupt:
            code = 130
        except SystemExit as stop:
            code = int(stop.code or 0)
    del problems[""]
    for text, count in problems.items():
        say(f"Failed runs: {count:,}. {text}")
    if endings.total() < total:
        say(f"Stopped after {endings.total():,} of {total:,}. The same line trains the others.")
    return max(code, int(endings[Ending.FAILED] > 0))
