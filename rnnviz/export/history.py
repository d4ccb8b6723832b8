"""The settings and scores of a run, as JSON and as CSV."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from rnnviz.export.numbers import Column, csv_text
from rnnviz.export.origin import origin
from rnnviz.session import Session
from rnnviz.training.history import COLUMNS


def records(session: Session) -> dict[str, Any]:
    """The settings and one record per epoch, for JSON; a score that is no number is None."""
    history, schedule = session.run.history, session.run.schedule
    rows = [
        {
            history.unit: e,
            **{n: v if np.isfinite(v) else None for n, v in _named(session, e).items()},
        }
        for e in history.epochs.tolist()
    ]
    changes = [str(change) for change in schedule.changes]
    return {"config": schedule.start.as_dict(), "changes": changes, "epochs": rows}


def history_json(session: Session) -> str:
    """The ``records`` under what made them, as a text."""
    return json.dumps({"made by": origin(session), **records(session)}, indent=1) + "\n"


def history_csv(session: Session) -> str:
    """The scores, a line an epoch, under what made the run; a missing score is empty."""
    history = session.run.history
    epochs = history.epochs.tolist()
    rows = [_named(session, epoch) for epoch in epochs]
    columns = [Column(history.unit, [*map(str, epochs)])]
    for name in rows[0]:
        columns.append(Column(name, ["" if np.isnan(r[name]) else repr(r[name]) for r in rows]))
    return csv_text(columns, {"title": "History", **origin(session)})


def _named(session: Session, epoch: int) -> dict[str, float]:
    """The scores after an epoch, by what they are."""
    history, metric = session.run.history, session.dataset.metric.name.replace(" ", "_")
    row, roles = history.row(epoch), dict(zip(("train", "test"), history.roles, strict=True))
    parts = {column: column.split("_") for column in COLUMNS}
    return {
        f"{roles[role]}_{what.replace('metric', metric)}": row[column]
        for column, (role, what) in parts.items()
    }
