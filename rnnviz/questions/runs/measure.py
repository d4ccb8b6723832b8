"""What the runs in a file came to, by their settings: what is chosen of them, and an answer."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from rnnviz.charts.picture import Picture
from rnnviz.config import SETTINGS
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.cache import Memo
from rnnviz.run.history import COLUMNS
from rnnviz.sweeps.run_table import differing, grouped, run_table
from rnnviz.sweeps.store import Store, StoreError, default_path

#: The most settings whose runs are drawn.
MOST_GROUPS = 6


class RunsPicture(StrEnum):
    """The picture of the runs."""

    CURVES = "curves"
    MAP = "two settings"
    WHEN = "when"
    SCORES = "each setting"


class Group(NamedTuple):
    """The seeds of one setting: what tells it from the others, and a row a run of the table."""

    name: str
    runs: pd.DataFrame


class RunsLab:
    """The runs in the user's file, read again when it has changed.

    ``chosen`` are the families whose curves are drawn, ``view`` the picture, ``column`` the curve.
    ``problem`` says why the file can't be read. ``sweep`` is the process that the page has started
    last.
    """

    def __init__(self) -> None:
        self.path: Path = default_path()
        self.view, self.column, self.task = RunsPicture.CURVES, COLUMNS[0], ""
        self.chosen: list[str] = []
        self.axes: tuple[str, str] = ("", "")
        self.problem, self.edition = "", (0, 0)
        self.sweep: subprocess.Popen[bytes] | None = None
        self._every = pd.DataFrame()
        self._memo = Memo(8)

    @property
    def log(self) -> Path:
        """The file of what the last sweep said."""
        return self.path.with_suffix(".log")

    def read(self) -> None:
        """Read the file if it has other runs than at the last time."""
        self.problem = ""
        if not self.path.exists():
            self._every, self.edition = pd.DataFrame(), (0, 0)
            return
        try:
            with closing(Store(self.path, readonly=True)) as store:
                latest = store.latest()
                if latest != self.edition or self._every.empty:
                    self._every, self.edition = run_table(store), latest
        except (StoreError, OSError) as problem:
            self.problem = str(problem)

    @property
    def tasks(self) -> list[str]:
        """The tasks of the runs, the one with the latest run last."""
        if self._every.empty:
            return []
        every = self._every["task"]
        return self._memo.ask("tasks", self.edition, lambda: [*every[::-1].unique()][::-1])

    @property
    def table(self) -> pd.DataFrame:
        """A row a run of the task that is shown."""
        if self._every.empty:
            return self._every
        task = self.task if self.task in self.tasks else self.tasks[-1]
        return self._memo.ask(
            "table", (self.edition, task), lambda: self._every[self._every["task"] == task]
        )

    @property
    def rows(self) -> pd.DataFrame:
        """A row for the seeds of each setting, by family."""
        return self._memo.ask("rows", (self.edition, self.task), lambda: grouped(self.table))

    @property
    def varied(self) -> list[str]:
        """The settings in which the runs of the task differ."""
        return self._memo.ask("varied", (self.edition, self.task), lambda: differing(self.table))

    @property
    def groups(self) -> list[Group]:
        """The chosen settings; by default the best of each value of the decisive one."""
        rows, table = self.rows, self.table
        chosen = [family for family in self.chosen if family in rows.index] or self._usual(rows)
        shown = rows.loc[chosen[:MOST_GROUPS]]
        differ = [name for name in self.varied if shown[name].nunique() > 1]
        return [
            Group(_called(row, differ), table[table["family"] == family])
            for family, row in shown.iterrows()
        ]

    @property
    def shared(self) -> str:
        """What the chosen settings have in common, of those that differ in the table."""
        runs = pd.concat([group.runs for group in self.groups])
        same = [name for name in self.varied if runs[name].nunique() == 1]
        return _called(runs.iloc[0], same) if same else ""

    @property
    def deciding(self) -> tuple[str, pd.DataFrame]:
        """The decisive setting, or "", and the runs that learned for each of its values."""
        return self._memo.ask("deciding", (self.edition, self.task), self._decide)

    def _decide(self) -> tuple[str, pd.DataFrame]:
        name = decisive(self.table, self.varied)
        return name, by_value(self.table, name) if name else pd.DataFrame()

    def _usual(self, rows: pd.DataFrame) -> list[str]:
        """The best of each value of the decisive setting, or the two that learned best."""
        best = best_first(rows)
        name, _ = self.deciding
        if not name:
            return best[:2]
        firsts = {rows.loc[family, name]: family for family in reversed(best)}
        return [family for family in best if family in firsts.values()]

    def curves(self, group: Group) -> Array:
        """One of ``COLUMNS`` of each run of a group over the epochs, (N, E + 1); NaN at the end."""
        keys = group.runs["key"].tolist()
        found = self._memo.ask(
            ("curves", group.name), (self.edition, *keys), lambda: self._of(keys)
        )
        length = max((len(scores) for scores in found.values()), default=1)
        rows = np.full((len(keys), length), np.nan)
        for row, key in zip(rows, keys, strict=True):
            if key in found:
                row[: len(found[key])] = found[key][:, COLUMNS.index(self.column)]
        return rows

    def _of(self, keys: list[str]) -> dict[str, Array]:
        with closing(Store(self.path, readonly=True)) as store:
            return store.curves(keys)

    def drawn(self, key: object, picture: Callable[[], Picture]) -> Picture:
        """The picture of what is chosen, drawn once: a run that plays doesn't change it."""
        choices = self.edition, self.task, self.column, self.axes, tuple(self.chosen)
        return self._memo.ask("picture", (choices, key), picture)

    def link_of(self, key: str) -> str:
        """The query that opens a run; empty if it has none."""
        found = self.table[self.table["key"] == key]
        return str(found.iloc[0]["link"]) if len(found) else ""


def label_of(name: str) -> str:
    """What a setting is called on the page; or the data."""
    return SETTINGS[name].label if name in SETTINGS else name.capitalize()


def value_text(value: object) -> str:
    """A value in a label, to three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _called(row: pd.Series, names: list[str]) -> str:
    found = (f"{label_of(name).lower()} {value_text(row[name])}" for name in names)
    return ", ".join(found) or "these settings"


def best_first(rows: pd.DataFrame) -> list[str]:
    """The families by the share that learned, then by the median epoch, then by the score."""
    share = rows["learned"] / rows["n"]
    order = pd.DataFrame({"share": -share, "epoch": rows["epoch"], "score": -rows["median"]})
    return [str(family) for family in order.sort_values(["share", "epoch", "score"]).index]


def by_value(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """For each value of a setting: ``n`` runs, and how many ``learned`` all of training."""
    groups = table.groupby(name, sort=True)["learned_epoch"]
    return pd.DataFrame({"learned": groups.count(), "n": groups.size()})


def decisive(table: pd.DataFrame, names: list[str]) -> str:
    """The setting over whose values the share of runs that learn spreads most; "" if it is 0."""
    spread = {}
    for name in names:
        shares = by_value(table, name).eval("learned / n")
        spread[name] = float(shares.max() - shares.min())
    best = max(spread, key=lambda name: spread[name], default="")
    return best if best and spread[best] > 0 else ""
