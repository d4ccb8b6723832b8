"""The runs of a store as a table (pandas): a row a run, or a row for all seeds of one setting."""

from __future__ import annotations

import json

import pandas as pd

from rnnviz.config import SETTINGS
from rnnviz.run.history import COLUMNS
from rnnviz.sweeps.members import Ending
from rnnviz.sweeps.store import Store

#: What a run came to, in the order of the columns.
OUTCOMES = (
    "state", "problem", "reached", "learned_epoch", *COLUMNS,
    *(f"best_{name}" for name in COLUMNS), "seconds",
)  # fmt: skip


def run_table(store: Store) -> pd.DataFrame:
    """All settings of each run and what it came to, a row a run, in the order of the store.

    ``reached`` is its last epoch, ``learned_epoch`` the first with all training answers right.
    Metrics are from 0 to 1; numbers that are missing are NaN.
    """
    rows = store.rows()
    frame = pd.DataFrame(rows, columns=[*rows[0]] if rows else ["settings"])
    settings = pd.DataFrame([json.loads(text) for text in frame["settings"]], columns=[*SETTINGS])
    # A setting that is younger than the run was at its default.
    settings = settings.fillna({name: row.default for name, row in SETTINGS.items()})
    outcomes = frame.reindex(columns=["key", "family", "data", *OUTCOMES, "version", "link"])
    numbers = [name for name in OUTCOMES if name not in ("state", "problem", "reached")]
    outcomes[numbers] = outcomes[numbers].astype(float)
    outcomes["ended"] = pd.to_datetime(frame.get("ended"), unit="s", utc=True)
    return pd.concat([outcomes[["key"]], settings, outcomes.drop(columns="key")], axis=1)


def differing(table: pd.DataFrame) -> list[str]:
    """The settings in which runs differ, and the data if they do; the seed aside."""
    names = (name for name in (*SETTINGS, "data") if name != "seed")
    return [name for name in names if table[name].nunique(dropna=False) > 1]


def metric_of(table: pd.DataFrame) -> str:
    """The column by which runs are compared: the test metric if any run has one."""
    return "test_metric" if table["test_metric"].notna().any() else "train_metric"


def grouped(table: pd.DataFrame) -> pd.DataFrame:
    """The seeds of one setting together, a row a setting, with the settings that differ.

    ``n`` runs, of which so many ``learned``, ``diverged`` and ``failed``; the median epoch at which
    they learned; median, least and most of the last metric of those that didn't diverge.
    """
    names = differing(table)
    whole = table["state"].isin([Ending.FINISHED, Ending.EARLY])
    ended = {name.value: table["state"] == name for name in (Ending.DIVERGED, Ending.FAILED)}
    metric = table[metric_of(table)].where(whole)
    groups = table.assign(metric=metric, **ended).groupby("family", sort=False)
    columns = {name: groups[name].first() for name in names}
    columns |= {
        "n": groups.size(),
        "learned": groups["learned_epoch"].count(),
        "epoch": groups["learned_epoch"].median(),
        "median": groups["metric"].median(),
        "least": groups["metric"].min(),
        "most": groups["metric"].max(),
        **{name: groups[name].sum() for name in ended},
        "seconds": groups["seconds"].sum(),
    }
    frame = pd.DataFrame(columns)
    return frame.sort_values(names) if names else frame
