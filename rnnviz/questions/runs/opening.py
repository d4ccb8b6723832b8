"""From the page to the file of runs, and back: a run is kept there, and opened from there."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd

from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.run.history import COLUMNS
from rnnviz.run.pair_link import pair_query
from rnnviz.run.run import TrainingRun
from rnnviz.run.schedule import Position
from rnnviz.run.share_link import Link, read_link
from rnnviz.sweeps.members import Ending, Member
from rnnviz.sweeps.store import Store, StoreError, digest_of
from rnnviz.tasks.data.csv_table import TaskError

#: The most characters of a note.
MOST_NOTE = 500


def keep(pair: Pair, path: Path, note: str) -> None:
    """Keep the run, or both runs, as they are now in the file of runs; the message tells it."""
    note = note.strip()[:MOST_NOTE]
    try:
        with closing(Store(path)) as store:
            notes = [
                store.add(member_of(session), upload=session.data.upload, note=note)
                for session in pair.sessions
            ]
        said = f"{'Both runs are' if pair.second else 'The run is'} kept: see Runs."
        if any(notes):
            said = f"{said} The note “{'” and “'.join(filter(None, notes))}” is replaced."
    except (TaskError, StoreError) as problem:
        said = f"Not kept. {problem}"
    pair.session.player.message = said


def member_of(session: Session) -> Member:
    """The run of a session as it is now; raises TaskError if it can't be kept."""
    run, player, link = session.run, session.player, session.link()
    if not isinstance(run, TrainingRun):
        raise TaskError("A recording was trained by another program: it can't be kept in Runs.")
    if session.data.given is not None:
        raise TaskError("The file of runs can't store data that a run came with: save a run file.")
    imported = player.imported is not None
    # The name of the data is only valid on this server.
    marks = {name: text for name, text in link.marks.items() if not name.startswith("runs.")}
    query = "" if imported else replace(link, data=None, marks=marks).query() or ""
    diverged = bool(player.remedy and player.shown is None)
    return Member(
        run.schedule, np.stack([run.history.column(name) for name in COLUMNS], axis=1),
        run.state.parameters.theta, diverged=diverged, link=query,
        unfinished=not (run.finished or diverged), imported=imported,
    )  # fmt: skip


def link_of(run: pd.Series, session: Session, epoch: int | None = None) -> Link:
    """The link to a run of the table, which shows it at an ``epoch``; raises TaskError.

    A run of the user's own data opens where these data are learned.
    """
    if run["state"] == Ending.FAILED:
        raise TaskError(f"This run failed: {run['problem']}")
    upload = session.data.upload if run["digest"] else None
    if run["digest"] != digest_of(upload):
        raise TaskError(f"This run learned from {run['data']}: open these data first.")
    if not run["query"]:
        raise TaskError(
            "This run has no link: its initial weights were imported, or it has too many changes."
        )
    link, _ = read_link(dict(parse_qsl(run["query"], keep_blank_values=True)))
    link = replace(link, data=session.data.name() if run["digest"] else None)
    # The whole run is trained, and looked back at: its checksum is that of its end.
    return link if epoch is None else replace(link, shown=min(Position(epoch), link.now))


def open_run(pair: Pair, run: pd.Series, epoch: int | None = None) -> None:
    """Open a run of the table, at its end or at an ``epoch``; raises TaskError."""
    pair.open_link(link_of(run, pair.session, epoch).to_query())


def open_both(pair: Pair, first: pd.Series, second: pd.Series) -> None:
    """Open two runs of the table as A and B; raises TaskError."""
    if first["digest"] != second["digest"]:
        raise TaskError("These two learned from other data: they can't be compared.")
    one, two = (replace(link_of(run, pair.session), marks={}) for run in (first, second))
    if (query := pair_query(one, two, {})) is None:
        raise TaskError("These two have too many changes to be opened side by side.")
    pair.open_link(dict(parse_qsl(query, keep_blank_values=True)))


def together(first: pd.DataFrame, second: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """A run of each of two settings: of the lowest seed that both have, else each its first."""
    shared = sorted({*first["seed"]} & {*second["seed"]})
    if not shared:
        return first.iloc[0], second.iloc[0]
    one, two = (runs[runs["seed"] == shared[0]].iloc[0] for runs in (first, second))
    return one, two
