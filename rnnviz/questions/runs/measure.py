"""RunsLab: the runs in the user's file, the choice among them, and their results by setting."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd

from rnnviz.charts.picture import Picture
from rnnviz.config import SETTINGS, RunConfig, SettingError, TaskName
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.cache import Memo
from rnnviz.probe.marks import Mark, one_of
from rnnviz.run.history import COLUMNS
from rnnviz.sweeps.run_table import differing, grouped, metric_of, run_table, where
from rnnviz.sweeps.store import Store, StoreError, default_path
from rnnviz.tasks.data_source import DataSource

T = TypeVar("T")
#: The most settings, or runs, whose curves are drawn.
MOST_GROUPS = 6
#: The characters of a key in a link, and the most characters of all conditions there.
_KEY, _CONDITIONS = 8, 1000
#: A table of no runs, to check a condition with.
_NO_RUNS = pd.DataFrame(columns=[*SETTINGS, "state", "data", "note"], dtype=str)


class RunsPicture(StrEnum):
    """The picture of the runs."""

    CURVES = "curves"
    MAP = "map"
    WHEN = "when"
    SCORES = "each setting"
    LINES = "lines"


class Band(StrEnum):
    """What is drawn around the median of several curves."""

    EVERY = "every run"
    HALF = "middle half"
    RANGE = "least to most"


#: What a curve of ``COLUMNS`` is called.
CURVES = {
    "train_loss": "training loss", "test_loss": "test loss",
    "train_metric": "training score", "test_metric": "test score",
}  # fmt: skip
#: The share of runs that had all training answers right, as a score of several runs.
LEARNED = "learned"
#: What a score of runs is called, by its column of the table.
SCORES = {
    LEARNED: "share that learned",
    **{name: f"last {text}" for name, text in reversed(CURVES.items())},
    **{f"best_{name}": f"best {text}" for name, text in reversed(CURVES.items())},
}


class Group(NamedTuple):
    """The seeds of one setting, or one run: what tells it from the others, and rows of runs."""

    name: str
    runs: pd.DataFrame


def _written(texts: Sequence[str]) -> str:
    return ";".join(quote(text, safe=" =,.:") for text in texts)


def _conditions(text: str) -> tuple[str, ...]:
    """Read conditions of a link; raises ValueError."""
    if len(text) > _CONDITIONS:
        raise ValueError(f"all conditions have at most {_CONDITIONS:,} characters")
    found = tuple(map(unquote, text.split(";")))
    for one in found:
        where(_NO_RUNS, one)
    return found


@lru_cache(maxsize=1)
def _table_of(path: Path, _edition: tuple[int, int, float]) -> pd.DataFrame:
    """All runs of a file at an edition, read once for all tabs; raise StoreError."""
    with closing(Store(path, readonly=True)) as store:
        return run_table(store)


class RunsLab:
    """The runs in the user's file, read again when it has changed.

    ``conditions`` choose runs by their settings (see ``run_table.where``). The table has a row for
    the seeds of a setting, or ``each`` run; ``chosen`` are the families, or keys, whose curves are
    drawn. ``view`` is the picture, ``column`` the curve with its ``band``, ``score`` what the other
    pictures show, ``axes`` the settings across, down and beside of a map. ``problem`` says why the
    file can't be read. ``sweep`` is the process that the page has started last, ``form`` the
    content of its form, and ``said`` its outcome. ``clicks`` counts the clicks in pictures that
    changed the choices; the file was read at the ``visit`` with this number.
    """

    marks = (
        Mark.option("runs.view", "view", RunsPicture),
        Mark.option("runs.band", "band", Band),
        Mark("runs.curve", "column", one_of({name: name for name in COLUMNS}),
             lambda name: "" if name == COLUMNS[0] else name),
        Mark("runs.score", "score", one_of({name: name for name in SCORES})),
        Mark("runs.task", "task"),
        Mark("runs.where", "conditions", _conditions, _written),
        Mark("runs.axes", "axes", lambda text: tuple([*text.split(","), "", "", ""][:3]),
             lambda axes: ",".join(axes).rstrip(",")),
        Mark("runs.each", "each", lambda text: text == "run", lambda each: "run" if each else ""),
        Mark("runs.chosen", "chosen", lambda text: text.split(","),
             lambda chosen: ",".join(key[:_KEY] for key in chosen)),
    )  # fmt: skip

    def __init__(self) -> None:
        self.path: Path = default_path()
        self.view, self.band = RunsPicture.CURVES, Band.EVERY
        self.column, self.score, self.task = "", "", ""
        self.each, self.chosen = False, list[str]()
        self.conditions: tuple[str, ...] = ()
        self.axes: tuple[str, str, str] = ("", "", "")
        self.problem, self.edition = "", (0, 0, 0.0)
        self.sweep: subprocess.Popen[bytes] | None = None
        self.form, self.said = dict[str, str](), ""
        self.clicks = self.visit = 0
        self._every = pd.DataFrame()
        self._memo = Memo(16)

    @property
    def log(self) -> Path:
        """The log file of the last sweep."""
        return self.path.with_suffix(".log")

    def read(self) -> None:
        """Read the file if it has other runs than at the last time."""
        self.problem = ""
        if not self.path.exists():
            self._every, self.edition = pd.DataFrame(), (0, 0, 0.0)
            return
        try:
            with closing(Store(self.path, readonly=True)) as store:
                latest = store.latest()
            if latest != self.edition or self._every.empty:
                self._every, self.edition = _table_of(self.path, latest), latest
        except StoreError as problem:
            self.problem = str(problem)

    @property
    def tasks(self) -> list[str]:
        """The tasks of the runs, the one with the latest run last."""
        if self._every.empty:
            return []
        every = self._every["task"]
        return self._memo.ask("tasks", self.edition, lambda: [*every[::-1].unique()][::-1])

    @property
    def whole(self) -> pd.DataFrame:
        """A row a run of the task that is shown."""
        if self._every.empty:
            return self._every
        task = self.task if self.task in self.tasks else self.tasks[-1]
        return self._memo.ask(
            "whole", (self.edition, task), lambda: self._every[self._every["task"] == task]
        )

    @property
    def table(self) -> pd.DataFrame:
        """A row a run of those that fit the conditions."""
        return self._ask("table", self._fitting)

    def _fitting(self) -> pd.DataFrame:
        found = self.whole
        for text in self.conditions if len(found) else ():
            found = where(found, text)
        return found

    @property
    def rows(self) -> pd.DataFrame:
        """A row for the seeds of each setting, by family."""
        return self._ask("rows", lambda: grouped(self.table))

    @property
    def determined(self) -> pd.DataFrame:
        """The runs of the table that their settings alone determine; others are no evidence."""
        return self._ask("determined", lambda: self.table[self.table["determined"]])

    @property
    def tried(self) -> list[str]:
        """The settings in which those runs differ."""
        return self._ask("tried", lambda: differing(self.determined))

    @property
    def settled(self) -> pd.DataFrame:
        """A row for the seeds of each setting, of the runs that their settings determine."""
        if len(self.determined) == len(self.table):
            return self.rows
        return self._ask("settled", lambda: grouped(self.determined))

    @property
    def sweeping(self) -> bool:
        """Whether the sweep that the page has started last goes on."""
        return self.sweep is not None and self.sweep.poll() is None

    @property
    def listed(self) -> pd.DataFrame:
        """The rows of the table on the page, by family or key."""
        return self._ask("keyed", lambda: self.table.set_index("key")) if self.each else self.rows

    @property
    def varied(self) -> list[str]:
        """The settings in which the runs of the table differ."""
        return self._ask("varied", lambda: differing(self.table))

    @property
    def filterable(self) -> list[str]:
        """The settings in which all runs of the task differ."""
        return self._ask("filterable", lambda: differing(self.whole))

    def _ask(self, name: str, found: Callable[[], T]) -> T:
        answer: T = self._memo.ask(name, (self.edition, self.task, self.conditions), found)
        return answer

    @property
    def scores(self) -> list[str]:
        """The names of ``SCORES`` that a run of the table has."""
        return [name for name in SCORES if name == LEARNED or self.table[name].notna().any()]

    def named(self, score: str) -> str:
        """What a score is called, with the unit of a loss."""
        return f"{SCORES[score]} ({self.unit})" if score.endswith("loss") else SCORES[score]

    @property
    def shown_score(self) -> str:
        """The score of a run that pictures show: the chosen one, or the usual."""
        chosen = self.score if self.score in self.scores else metric_of(self.table)
        return metric_of(self.table) if chosen == LEARNED else chosen

    @property
    def map_score(self) -> str:
        """The score of several runs that a map shows: the chosen one, or the share that learned."""
        return self.score if self.score in self.scores else LEARNED

    @property
    def curve(self) -> str:
        """The curve that is shown."""
        known = [c for c in COLUMNS if self.table[c].notna().any()]
        return self.column if self.column in known else known[0] if known else COLUMNS[0]

    @property
    def unit(self) -> str:
        """The unit of the losses."""
        task = self.whole["task"].iloc[0]
        config = RunConfig(task=TaskName(task))
        return self._memo.ask("unit", task, lambda: DataSource().dataset_for(config).guess.unit)

    def run(self, key: str) -> pd.Series:
        """The run with this key."""
        return self.table[self.table["key"] == key].iloc[0]

    # What is chosen

    @property
    def picked(self) -> list[str]:
        """The chosen rows of the table, in its order; a link has the beginnings of their keys."""
        starts = {key[:_KEY] for key in self.chosen}
        return [key for key in self.listed.index if key[:_KEY] in starts][:MOST_GROUPS]

    def show_each(self, each: bool) -> None:
        """List each run or the seeds of each setting; what is chosen stays chosen."""
        if each == self.each:
            return
        chosen, table = self.picked, self.table
        own, other = ("key", "family") if self.each else ("family", "key")
        self.each = each
        self.chosen = [*dict.fromkeys(table[table[own].isin(chosen)][other])][:MOST_GROUPS]

    @property
    def groups(self) -> list[Group]:
        """The chosen settings or runs; by default the best of each value of the decisive one."""
        rows, table = self.rows, self.table
        chosen = self.picked
        if self.each and chosen:
            shown = self.listed.loc[chosen]
            differ = [n for n in (*self.varied, "seed") if shown[n].nunique() > 1]
            runs = table.set_index("key", drop=False)
            return [Group(called(row, differ), runs.loc[[key]]) for key, row in shown.iterrows()]
        shown = rows.loc[(chosen or self._usual(self.settled))[:MOST_GROUPS]]
        differ = [name for name in self.varied if shown[name].nunique() > 1]
        return [
            Group(called(row, differ), table[table["family"] == family])
            for family, row in shown.iterrows()
        ]

    @property
    def shared(self) -> str:
        """The values of varied settings that all chosen groups share, as a text."""
        runs = pd.concat([group.runs for group in self.groups])
        same = [name for name in self.varied if runs[name].nunique() == 1]
        return called(runs.iloc[0], same) if same else ""

    @property
    def spreads(self) -> dict[str, float]:
        """The range of the share of runs that learn over the values of each setting.

        The widest is first; a setting without an effect has 0.
        """
        return self._ask("spreads", lambda: spreads(self.determined, self.varied))

    @property
    def deciding(self) -> str:
        """The setting with the widest spread; "" if none has an effect."""
        return next((name for name, spread in self.spreads.items() if spread > 0), "")

    def _usual(self, rows: pd.DataFrame) -> list[str]:
        """The best of each value of the decisive setting, or the two that learned best."""
        best = best_first(rows) or [*self.rows.index]
        if not (name := self.deciding):
            return best[:2]
        firsts = {rows.loc[family, name]: family for family in reversed(best)}
        return [family for family in best if family in firsts.values()]

    @property
    def best(self) -> pd.Series:
        """The row of the setting whose seeds learned best."""
        return self._ask("best", lambda: self.settled.loc[best_first(self.settled)[0]])

    @property
    def best_called(self) -> str:
        """The best setting, named by the fewest values that identify it, decisive ones first."""
        same, told = self.settled, list[str]()
        for name in filter(same.columns.__contains__, self.spreads):
            if len(same) == 1:
                break
            told.append(name)
            same = same[same[name] == self.best[name]]
        return called(self.best, told)

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
                row[: len(found[key])] = found[key][:, COLUMNS.index(self.curve)]
        return rows

    def _of(self, keys: list[str]) -> dict[str, Array]:
        with closing(Store(self.path, readonly=True)) as store:
            return store.curves(keys)

    def drawn(self, key: object, picture: Callable[[], Picture]) -> Picture:
        """The picture of what is chosen, drawn once: a run that plays doesn't change it."""
        choices = (
            self.edition, self.task, self.conditions, self.each, tuple(self.chosen), self.column,
            self.band, self.score, self.axes,
        )  # fmt: skip
        return self._memo.ask("picture", (choices, key), picture)


def label_of(name: str) -> str:
    """What a setting is called on the page; or the data."""
    return SETTINGS[name].label if name in SETTINGS else name.capitalize()


def value_text(value: object) -> str:
    """A value in a label, to three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def called(row: pd.Series, names: Sequence[str]) -> str:
    """What tells a run, or a setting, from others: the values of these settings."""
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


def spreads(table: pd.DataFrame, names: Sequence[str]) -> dict[str, float]:
    """How far the shares of runs that learn lie apart over the values of settings, widest first."""
    found = {}
    for name in names:
        shares = by_value(table, name).eval("learned / n")
        found[name] = float(shares.max() - shares.min())
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def condition(name: str, values: Sequence[object]) -> str:
    """The condition that a setting has one of these values."""
    texts = [SETTINGS[name].to_link(value) if name in SETTINGS else str(value) for value in values]
    return f"{name}={','.join(texts)}"


def values_of(table: pd.DataFrame, name: str) -> list[object]:
    """The values of a setting, in order."""
    return sorted(table[name].unique().tolist())


def invalid(text: str) -> str:
    """Why a condition can't be used, in a sentence; empty if it can."""
    try:
        where(_NO_RUNS, text)
    except SettingError as problem:
        return str(problem)
    return ""
