"""The origin, the scores and the numbers of a run, as text; and tables of runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd

from rnnviz import __version__
from rnnviz.files.numbers import Column, Drawn, csv_of, csv_text, with_numbers
from rnnviz.probe.session import Session
from rnnviz.run.history import COLUMNS


def query_of(session: Session) -> str:
    """The query of a link to the view shown; empty if it would be too long."""
    query = session.link().query()
    return "" if query is None else f"?{query}"


def origin(session: Session, query: str | None = None) -> dict[str, str]:
    """The origin of a file by name, each entry on one line; of two networks with their query."""
    schedule = session.run.schedule
    settings = ", ".join(f"{k}={v}" for k, v in schedule.start.to_query().items())
    facts = {
        "rnnviz": __version__, "data": session.dataset.name, "seed": str(schedule.start.seed),
        session.unit: session.player.progress, "settings": settings or "all as by default",
        "changes": schedule.text() or "none", "loss in": session.dataset.guess.unit,
        "phrase": session.phrase_input.phrase, "link": f"?{query}" if query else query_of(session),
    }  # fmt: skip
    # Leave out facts that are unknown, or would lead to another run.
    left_out = "link" if session.data.given is not None else ""
    if given := session.player.imported:
        left_out, facts["weights"] = "seed link", given.source
    if session.player.recorded:
        left_out = "seed changes link"
    for name in left_out.split():
        del facts[name]
    return {name: " ".join(value.split()) for name, value in facts.items()}


def records(session: Session) -> dict[str, Any]:
    """The settings, the changes and one record per epoch, for JSON; a missing score is None."""
    history, schedule, scores = session.run.history, session.run.schedule, _scores(session)
    rows = [
        {history.unit: epoch}
        | {name: v if np.isfinite(v) else None for name, v in zip(scores, values, strict=True)}
        for epoch, *values in zip(history.epochs.tolist(), *scores.values(), strict=True)
    ]
    changes = [str(change) for change in schedule.changes]
    return {"config": schedule.start.as_dict(), "changes": changes, "epochs": rows}


def history_json(session: Session) -> str:
    """The ``records`` and their origin, as a text."""
    return json.dumps({"made by": origin(session), **records(session)}, indent=1) + "\n"


def history_csv(session: Session) -> str:
    """The scores, one line per epoch, below their origin; a missing score is empty."""
    history = session.run.history
    columns = [Column(history.unit, [*map(str, history.epochs.tolist())])]
    for name, values in _scores(session).items():
        columns.append(Column(name, ["" if np.isnan(v) else repr(v) for v in values]))
    return csv_text(columns, {"title": "History", **origin(session)})


def _scores(session: Session) -> dict[str, list[float]]:
    """The scores of all epochs, by name."""
    history, metric = session.run.history, session.dataset.metric.name.replace(" ", "_")
    roles, scores = dict(zip(("train", "test"), history.roles, strict=True)), {}
    for column in COLUMNS:
        role, what = column.split("_")
        name = f"{roles[role]}_{what.replace('metric', metric)}"
        scores[name] = history.column(column).tolist()
    return scores


#: The files of the history next to the numbers of the pictures.
HISTORIES = {"history.csv": history_csv, "history.json": history_json}


def numbers(session: Session, pictures: Mapping[str, Drawn]) -> dict[str, str]:
    """The numbers of every picture as CSV, and the history of the run, by file name."""
    made = origin(session)
    tables = {f"{name}.csv": csv_of(one, made) for name, one in with_numbers(pictures).items()}
    return tables | {name: content(session) for name, content in HISTORIES.items()}


def runs_csv(table: pd.DataFrame) -> str:
    """The runs of a table (``run_table``) with all settings and scores, as CSV."""
    # The whole table at once would stop every other thread.
    columns = [
        Column(str(name), ["" if pd.isna(cell) else str(cell) for cell in cells])
        for name, cells in _shared(table).items()
    ]
    return csv_text(columns, {"rnnviz": __version__})


def runs_parquet(table: pd.DataFrame) -> bytes:
    """The runs of a table (``run_table``) with all settings and scores, as Parquet."""
    file = BytesIO()
    _shared(table).to_parquet(file, index=False)
    return file.getvalue()


def _shared(table: pd.DataFrame) -> pd.DataFrame:
    # These serve the page alone.
    return table.drop(columns=["determined", "digest", "query", "small"])
