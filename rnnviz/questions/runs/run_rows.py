"""The rows of the table of runs: a row for the seeds of each setting, or for each run."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rnnviz.questions.runs.measure import RunsLab
from rnnviz.sweeps.members import Ending
from rnnviz.sweeps.run_table import metric_of

#: The columns of the table that are shares.
_SHARES = "median", "least", "most", "best"
#: A table, and the order of its columns; shares are in percent.
ShownRows = tuple[pd.DataFrame, list[str]]


def setting_rows(lab: RunsLab) -> ShownRows:
    """A row for the seeds of each setting."""
    rows = lab.rows
    seeds = lab.table.set_index("key")["seed"]
    shares = {"share": rows["learned"] / rows["n"], **{n: rows[n] for n in _SHARES}}
    shown = rows.assign(
        small=_small(rows["small"]), **{name: 100 * values for name, values in shares.items()},
        open=[f"seed {seed}" for seed in seeds.loc[rows["middle"]]],
    )  # fmt: skip
    more = [name for name in ("diverged", "failed", "note") if rows[name].astype(bool).any()]
    order = ["open", *lab.varied, "n", "share", "epoch", "median", "small", *_SHARES[1:], *more]
    return shown, order


def run_rows(lab: RunsLab) -> ShownRows:
    """A row for each run; one that diverged has no last score."""
    runs, last = lab.listed, metric_of(lab.table)
    best = f"best_{last}"
    ends = {n: runs[n].mask(runs["state"] == Ending.DIVERGED) for n in (last, "train_loss")}
    shown = runs.assign(
        small=_small(runs["small"]), **ends | {last: 100 * ends[last], best: 100 * runs[best]},
        open=[f"seed {seed}" for seed in runs["seed"]],
    )  # fmt: skip
    more = ["state"] if (runs["state"] != Ending.FINISHED).any() else []
    more += ["note"] if runs["note"].any() else []
    order = ["open", *lab.varied, "learned_epoch", last, "small", best, "train_loss", *more]
    return shown, order


def _small(packed: pd.Series) -> list[np.ndarray]:
    return [np.frombuffer(one, np.float32) for one in packed]
