"""The command ``rnnviz seeds``: train several seeds of a run, and tell how they differ."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from rnnviz.cli.options import RunOptions, add_run_options, add_vs, differing, whole_number
from rnnviz.cli.train import write_made
from rnnviz.config import RunConfig, SettingError
from rnnviz.files.numbers import Column, csv_text
from rnnviz.files.whole_file import check_outputs
from rnnviz.probe.formatting import share_text
from rnnviz.probe.pair import called
from rnnviz.probe.results import counted
from rnnviz.run.history import COLUMNS
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.members import Member, members
from rnnviz.sweeps.seed_runs import MOST_SEEDS
from rnnviz.sweeps.spread import Spread, sooner, when
from rnnviz.terminal import say, show

#: The most processes.
MOST_WORKERS = 256


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz seeds``."""
    parser.add_argument(
        "--seeds", type=whole_number(2, MOST_SEEDS), default=10, metavar="N",
        help=f"how many, from --seed on; 2 to {MOST_SEEDS}, default 10",
    )  # fmt: skip
    add_vs(parser)
    parser.add_argument(
        "--at",
        type=_share,
        default=1.0,
        metavar="N",
        help="learned is a training score of this share, above 0 and up to 1; default 1",
    )
    parser.add_argument(
        "--workers",
        type=whole_number(1, MOST_WORKERS),
        metavar="N",
        help="processes; by default one a core",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE.csv", help="write every run's scores")
    add_run_options(parser)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = np.nan
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number above 0 and up to 1")
    return share


def seeds(
    *, seeds: int, vs: str | None, at: float, workers: int | None, csv: Path | None, **settings: Any
) -> int:
    """Train ``seeds`` seeds of a run, and of one that differs; print when each of them learned."""
    given = RunOptions(**settings)
    check_outputs([("--csv", csv)] if csv else [], given.inputs)
    upload = given.upload()
    configs = [given.config, *([_other(given.config, vs)] if vs else [])]
    jobs = [replace(c, seed=c.seed + k) for k in range(seeds) for c in configs]
    found: dict[RunConfig, Member] = {}
    code = 0
    with tqdm(total=len(jobs), unit="run", disable=None, leave=False) as bar:
        try:
            for member in members(map(Schedule, jobs), upload=upload, workers=workers):
                found[member.config] = member
                bar.update()
        except BrokenProcessPool:
            code = 1
            say(
                "A process that trained the seeds was killed, perhaps for lack of memory; "
                "--workers 1 needs the least. Seeds that had finished, if any, are below."
            )
    columns = [jobs[k :: len(configs)] for k in range(len(configs))]
    ended = [pair for pair in zip(*columns, strict=True) if all(job in found for job in pair)]
    if not ended:
        return code
    spreads = [Spread([found[job] for job in jobs]) for jobs in zip(*ended, strict=True)]
    names = called(given.config, configs[-1]) if vs else ("",)
    show(table(spreads, names, at))
    if given.config.data_seed < 0:
        show("The seed draws the initial weights, the order and, in most tasks, the data.")
    else:
        of = f"the data of {names[0]}" if configs[-1].data_seed < 0 else "the data"
        show(f"The seed draws the initial weights and the order; {of} do not depend on it.")
    written = write_made(csv, lambda: curves(spreads, names)) if csv else 0
    return max(code, written)


def _other(config: RunConfig, vs: str) -> RunConfig:
    other = differing(config, vs)
    if other.seed != config.seed:
        raise SettingError("--vs: the seed can't differ: every seed is trained with both.")
    return other


def table(spreads: Sequence[Spread], names: Sequence[str], at: float) -> str:
    """A line for each seed and setting, and the summary."""
    lines = [f"{'seed':>5}  {'':<16}{f'{at:.0%} at':>12}{'train':>9}{'test':>9}{'loss':>11}"]
    for pair in zip(*(zip(s.members, s.first(at), strict=True) for s in spreads), strict=True):
        for name, (member, epoch) in zip(names, pair, strict=True):
            ended = "diverged" if member.diverged else "never"
            at_epoch = ended if np.isnan(epoch) else f"{epoch:.0f}"
            train, test = (share_text(member.column(f"{part}_metric")[-1]) for part in _PARTS)
            loss = f"{member.column('train_loss')[-1]:.4g}"
            lines.append(
                f"{member.config.seed:>5}  {name:<16}{at_epoch:>12}{train:>9}{test:>9}{loss:>11}"
            )
    return "\n".join([*lines, "", *summary(spreads, names, at)])


_PARTS = "train", "test"


def summary(spreads: Sequence[Spread], names: Sequence[str], at: float) -> list[str]:
    """How many seeds reached the score and when, and which setting did sooner."""
    lines = []
    for spread, name in zip(spreads, names, strict=True):
        epochs = spread.first(at)
        known, count = np.sort(epochs[~np.isnan(epochs)]), len(epochs)
        said = f"Seeds with which {name or 'it'} reached {at:.0%}: {counted(len(known), count)}"
        lines.append(f"{said}{when(known)}.")
    if len(spreads) > 1:
        one, other, neither = sooner(spreads[0], spreads[1], at)
        lines.append(
            f"{names[0]} was sooner in {one}, {names[1]} in {other}, neither in {neither} of "
            f"{len(spreads[0].members)} seeds."
        )
    return lines


def curves(spreads: Sequence[Spread], names: Sequence[str]) -> str:
    """The scores of every run and epoch as CSV."""
    rows = [
        (name, member.config.seed, epoch, *values)
        for spread, name in zip(spreads, names, strict=True)
        for member in spread.members
        for epoch, values in enumerate(member.scores.tolist())
    ]
    heads = ("network", "seed", "epoch", *COLUMNS)
    cells = ([_cell(value) for value in column] for column in zip(*rows, strict=True))
    return csv_text([Column(h, c) for h, c in zip(heads, cells, strict=True)], {})


def _cell(value: str | float) -> str:
    return "" if isinstance(value, float) and np.isnan(value) else str(value)
