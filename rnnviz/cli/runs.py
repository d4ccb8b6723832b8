"""The command ``rnnviz runs``: where the file of runs is, and what is in it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd

from rnnviz.cli.train import FileKind, write_made
from rnnviz.config import SettingError
from rnnviz.files.output import runs_csv, runs_parquet
from rnnviz.files.whole_file import check_outputs
from rnnviz.probe.formatting import share_text
from rnnviz.sweeps.run_table import differing, grouped, metric_of, run_table, where
from rnnviz.sweeps.store import Store, StoreError, default_path
from rnnviz.terminal import show

#: The digits of a key that are shown.
_KEY = 8
_EXPORT = FileKind(
    "FILE", "write a row a run, with all settings and scores, as .csv or .parquet",
    lambda table, path, _: (
        runs_csv(table) if path.suffix.lower() == ".csv" else runs_parquet(table)
    ),
    (".csv", ".parquet"),
)  # fmt: skip


def add_db(parser: argparse.ArgumentParser) -> None:
    """Add the option of the file of runs."""
    text = "the file of runs; by default one of your own, which rnnviz runs names"
    parser.add_argument("--db", type=Path, metavar="FILE", help=text)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz runs``."""
    add_db(parser)
    parser.add_argument(
        "--where", dest="conditions", action="append", default=[], metavar="NAME=VALUES",
        help="only runs with such a setting: cell=lstm, lag=10,20, lr=0.01..0.1; or "
        "state=diverged, note=best; several must all hold",
    )  # fmt: skip
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--every", action="store_true", help="a line a run, not one for all seeds")
    one.add_argument("--export", type=Path, metavar=_EXPORT.metavar, help=_EXPORT.help)
    one.add_argument("--link", metavar="KEY", help="print the link of the run with this key")
    one.add_argument("--delete", action="store_true", help="delete these runs")
    parser.add_argument("--yes", action="store_true", help="delete without asking")


def runs(
    *, db: Path | None, conditions: Sequence[str], every: bool, export: Path | None,
    link: str | None, delete: bool, yes: bool,
) -> int:  # fmt: skip
    """List, export or delete the runs of a file, or print the link of one."""
    if yes and not delete:
        raise SettingError("--yes has no effect without --delete. Leave it out.")
    path = db or default_path()
    if export:
        _EXPORT.check(export)
        check_outputs([("--export", export)], [("--db", path)])
    if not path.exists():
        raise StoreError(f"{path}: no runs yet; rnnviz sweep makes this file.")
    with closing(Store(path, readonly=not delete)) as store:
        every_run, sweeps = run_table(store), store.sweeps()
        table = every_run
        for text in conditions:
            table = where(table, text)
        if delete:
            if yes or _agreed(
                f"Delete {len(table):,} of {len(every_run):,} runs in {path}? [y/N] "
            ):
                store.delete(table["key"])
                show(f"Deleted runs: {len(table):,}.")
            return 0
    if link is not None:
        show(_link_of(table, link))
    elif export:
        return write_made(export, lambda: _EXPORT.content(table, export, {}))
    else:
        size = f"{path.stat().st_size / 1e6:.1f} MB"
        show(f"Runs: {len(table):,} of {len(every_run):,} in {path}, {size}.")
        for sweep in sweeps[:1]:
            if sweep["state"] != "done":
                # A sweep that was killed could not say so.
                killed = sweep["state"] == "running"
                again = "If it no longer runs, go on with" if killed else "To go on"
                done = f"{sweep['stored']:,} of {sweep['total']:,} runs"
                show(f"The last sweep has {done}. {again}: rnnviz sweep {sweep['line']}")
        if len(table):
            show(runs_text(table) if every else groups_text(table))
    return 0


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _link_of(table: pd.DataFrame, key: str) -> str:
    """The query of the only run with this key prefix."""
    found = table[table["key"].str.startswith(key)]
    if len(found) != 1:
        raise StoreError(f"{len(found):,} runs have a key that begins with {key[:40]!r}, not one.")
    row = found.iloc[0]
    if not row["link"]:
        raise StoreError("This run has no link: it failed, or learned from your own data.")
    return f"?{row['link']}"


def groups_text(table: pd.DataFrame) -> str:
    """A line for all seeds of a setting: when they learned, and their scores."""
    frame = grouped(table)
    counts = [f"{one} of {n}" for one, n in zip(frame["learned"], frame["n"], strict=True)]
    text = frame[[*differing(table), "n"]].assign(learned=counts, epoch=frame["epoch"])
    scores = zip(
        *(frame[name].map(share_text) for name in ("median", "least", "most")), strict=True
    )
    part = metric_of(table).removesuffix("_metric")
    text[part] = [f"{median} ({least} to {most})" for median, least, most in scores]
    for name in ("diverged", "failed"):
        if frame[name].any():
            text[name] = frame[name]
    return str(text.to_string(index=False, na_rep="–", max_colwidth=30))


def runs_text(table: pd.DataFrame) -> str:
    """A line a run."""
    text = table[[*differing(table), "seed", "state", "learned_epoch", "seconds"]].copy()
    text.insert(0, "key", table["key"].str[:_KEY])
    for part in ("train", "test"):
        text[part] = table[f"{part}_metric"].map(share_text)
    if table["note"].any():
        text["note"] = table["note"]
    return str(text.round({"seconds": 1}).to_string(index=False, na_rep="–", max_colwidth=30))
