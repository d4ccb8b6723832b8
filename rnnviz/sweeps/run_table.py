"""The runs of a store as a table (pandas): a row a run, or a row for all seeds of one setting."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from pandas.api.typing import SeriesGroupBy

from rnnviz.config import SETTINGS, RunConfig, SettingError
from rnnviz.run.history import COLUMNS
from rnnviz.sweeps.grid import Range, axis_of
from rnnviz.sweeps.members import Ending
from rnnviz.sweeps.store import Store

#: What a run came to, in the order of the columns.
OUTCOMES = (
    "state", "problem", "reached", "learned_epoch", *COLUMNS,
    *(f"best_{name}" for name in COLUMNS), "seconds",
)  # fmt: skip
#: Columns besides the settings by which runs can be chosen.
_ALSO = ("state", "data", "note")
#: The most values of a setting by which runs are chosen.
_MOST_VALUES = 1000
#: Runs whose settings are read together.
_TOGETHER = 1000


def run_table(store: Store) -> pd.DataFrame:
    """All settings of each run and what it came to, a row a run, in the order of the store.

    ``reached`` is its last epoch, ``learned_epoch`` the first with all training answers right,
    ``digest`` that of the user's own data, and ``query`` the link without them. A run is
    ``determined`` if it was trained to its end with these settings alone. ``small`` has a few of
    its scores as float32. Metrics are from 0 to 1; numbers that are missing are NaN.
    """
    rows = store.rows()
    names = ["key", "family", "data", *OUTCOMES, "version", "link", "note", "digest", "small"]
    frame = pd.DataFrame(rows, columns=[*rows[0]] if rows else ["settings", "ended", *names])
    with store.intact():
        settings = _settings(frame["settings"])
        for row in rows:
            Ending(row["state"]), np.frombuffer(row["small"], np.float32)
    # Files of the first version have neither.
    frame = frame.assign(**{name: "" for name in ("note", "digest") if name not in frame})
    outcomes = frame.reindex(columns=names)
    # A link without its data leads to another run.
    outcomes["query"] = outcomes["link"]
    outcomes["link"] = outcomes["link"].where(outcomes["digest"] == "", "")
    state, query = outcomes["state"], outcomes["query"].astype(str)
    imported = (query == "") & (outcomes["data"] == "") & (state != Ending.FAILED)
    changed = query.str.contains("changes=", regex=False).astype(bool)
    outcomes["determined"] = ~(imported | changed | (state == Ending.UNFINISHED))
    numbers = [name for name in OUTCOMES if name not in ("state", "problem", "reached")]
    outcomes[numbers] = outcomes[numbers].astype(float)
    outcomes["ended"] = pd.to_datetime(frame["ended"], unit="s", utc=True, errors="coerce")
    return pd.concat([outcomes[["key"]], settings, outcomes.drop(columns="key")], axis=1)


def _settings(texts: pd.Series) -> pd.DataFrame:
    """The settings of all runs, a row a run; raises ValueError or TypeError for invalid ones."""
    defaults = RunConfig().as_dict()
    # Together they are read twice as fast, but no other thread runs meanwhile.
    pieces = (texts[k : k + _TOGETHER] for k in range(0, len(texts), _TOGETHER))
    found = [one for piece in pieces for one in json.loads(f"[{','.join(piece)}]")]
    if len(found) != len(texts) or not all(isinstance(one, dict) for one in found):
        raise ValueError
    # A setting added after the run was at its default.
    settings = pd.DataFrame([{**defaults, **one} for one in found], columns=[*SETTINGS])
    for name, row in SETTINGS.items():
        for value in settings[name].unique():
            if row.parse(value) != value:
                raise ValueError
    return settings


def differing(table: pd.DataFrame) -> list[str]:
    """The settings in which runs differ, and the data if they do; the seed aside."""
    names = (name for name in (*SETTINGS, "data") if name != "seed")
    return [name for name in names if table[name].nunique(dropna=False) > 1]


def where(table: pd.DataFrame, text: str) -> pd.DataFrame:
    """The runs that a text such as ``lag=10,20`` or ``lr=0.01..0.1`` describes.

    ``note=first`` describes all with this word in their note. Raises SettingError.
    """
    name, equals, value = text.partition("=")
    if not equals or name not in (*SETTINGS, *_ALSO):
        also = " or ".join(_ALSO)
        raise SettingError(
            f"{text[:60]!r} names no setting with values, nor {also}: write lag=10,20."
        )
    if name == "note":
        return table[table["note"].str.contains(value, case=False, regex=False)]
    axis = value.split(",") if name in _ALSO else axis_of(SETTINGS[name], value, _MOST_VALUES)
    if isinstance(axis, Range):
        return table[table[name].between(axis.low, axis.high)]
    return table[table[name].isin([*axis])]


def metric_of(table: pd.DataFrame) -> str:
    """The column by which runs are compared: the test metric if any run has one."""
    return "test_metric" if table["test_metric"].notna().any() else "train_metric"


def median_of(groups: SeriesGroupBy, name: str) -> pd.Series:
    """The median of each group; of an even number the worse of the two in the middle.

    ``name`` is that of a loss or a metric. Of epochs it is the one by which half have come.
    """
    side = "higher" if name.endswith("loss") else "lower"
    found: pd.Series = groups.quantile(0.5, interpolation=side)
    return found


def grouped(table: pd.DataFrame) -> pd.DataFrame:
    """The seeds of one setting together, a row a setting, with the settings that differ.

    The numbers of runs, ``n``, ``learned``, ``diverged``, ``failed``; the median epoch at which
    they learned; median, least and most of the last metric of those that didn't diverge, and the
    ``best`` of all epochs; and the key of the run in the ``middle`` by that metric. A median is a
    number of a run: see ``median_of``.
    """
    names, metric = differing(table), metric_of(table)
    ended = {name.value: table["state"] == name for name in (Ending.DIVERGED, Ending.FAILED)}
    last = table[metric].mask(ended["diverged"] | ended["failed"])
    table = table.assign(metric=last, best=table[f"best_{metric}"], **ended)
    ordered = table.sort_values(["metric", "learned_epoch"], na_position="first")
    groups, by_score = (rows.groupby("family", sort=False) for rows in (table, ordered))
    middle = ordered[by_score.cumcount() == (by_score["key"].transform("size") - 1) // 2]
    noted = table[table["note"].astype(bool)].groupby("family")["note"]
    notes = noted.agg(lambda texts: "; ".join(dict.fromkeys(texts)))
    columns = {name: groups[name].first() for name in names}
    columns |= {
        "n": groups.size(),
        "learned": groups["learned_epoch"].count(),
        "epoch": median_of(groups["learned_epoch"], "epoch"),
        "median": median_of(groups["metric"], metric),
        "least": groups["metric"].min(),
        "most": groups["metric"].max(),
        "best": groups["best"].max(),
        "middle": middle.set_index("family")["key"],
        "small": middle.set_index("family")["small"],
        "note": notes.reindex(groups.size().index, fill_value=""),
        **{name: groups[name].sum() for name in ended},
        "seconds": groups["seconds"].sum(),
    }
    frame = pd.DataFrame(columns)
    return frame.sort_values(names) if names else frame
