"""The settings and scores of a run, as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from rnnviz.session import Session
from rnnviz.training.history import COLUMNS


def records(session: Session) -> dict[str, Any]:
    """The settings and one record per epoch, for JSON; a missing score is None."""
    history, metric = session.run.history, session.dataset.metric.name.replace(" ", "_")
    names = {column: column.replace("metric", metric) for column in COLUMNS}
    rows = [
        {history.unit: e}
        | {names[k]: None if np.isnan(v) else v for k, v in history.row(e).items()}
        for e in history.epochs.tolist()
    ]
    schedule = session.run.schedule
    changes = [str(change) for change in schedule.changes]
    return {"config": schedule.start.as_dict(), "changes": changes, "epochs": rows}


def history_json(session: Session) -> str:
    """The ``records`` as a text."""
    return json.dumps(records(session), indent=1) + "\n"
