"""A run as a file, .rnnviz: with its past, so that it can be opened again where it stands.

The parts of the file are those of ``exchange.run_archive``. ``run.json`` says, beside the format:

    rnnviz     the version that wrote it             link    the query of the page's address
    settings   the settings at epoch 0               changes those on the way, as in a link
    now        the position of the run               shown   the position that is looked at
    phrase     what is read                          unit, token   what is marked, from 0, or null
    data       what it learns from                   first   where its first weights came from, or
    ghost      the run that a branch left, or null           null if they were drawn
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from rnnviz import __version__
from rnnviz.engine.training import TrainState
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.json_size import check_size
from rnnviz.files.origin import query_of
from rnnviz.files.run_archive import (
    MAX_JSON,
    MAX_RUN,
    MOST_CHANGES,
    RUN,
    RunArchive,
    snapshot_name,
)
from rnnviz.files.tensor_file import TensorFile
from rnnviz.probe.session import Session
from rnnviz.run.history import COLUMNS, History
from rnnviz.run.run import Past
from rnnviz.run.share_link import OldRun
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.dataset_table import dataset_of_table, table_of_dataset
from rnnviz.tasks.registry import TASKS
from rnnviz.tasks.upload import OPTIONS, fingerprint

_INSTEAD = "Write the weights to a file instead."
#: The largest size of a file's snapshots and data, in bytes; the rest of it is for all else.
MAX_SNAPSHOTS = MAX_RUN - 20_000_000


def run_file(session: Session, own_data: bool = False) -> bytes:
    """The run as a file, to be opened by ``imports.run_file``; raises TransferError.

    With ``own_data`` the reader's own data are in it, else their name alone. What could not be
    opened again is refused.
    """
    past, player = session.run.past, session.player
    run = _run(session, past)
    _check_changes(run)
    files = _files(session) if own_data else {}
    first = player.first.parameters.theta.nbytes if player.first else 0
    room = MAX_SNAPSHOTS - first - sum(map(len, files.values()))
    tensors = {"history": _scores(past.history)}
    if player.ghost:
        tensors["ghost"] = _scores(player.ghost.history)
    if player.first:
        tensors["first"] = TensorFile(player.first.parameters.named())
    tensors |= {
        snapshot_name(state.epoch): _snapshot(state) for state in _fitting(past.states, room)
    }
    archive = RunArchive.made(run, tensors, files)
    content = archive.content()
    # A reader counts what is unpacked, too.
    if max(len(content), sum(map(len, archive.members.values()))) > MAX_RUN:
        raise TransferError(f"This run has more than {MAX_RUN // 1_000_000} MB. {_INSTEAD}")
    return content


def _check_changes(run: Mapping[str, Any]) -> None:
    """Refuse a run, or one that a branch left, with more changes than are read."""
    count = max(len(told["changes"]) for told in (run, run["ghost"]) if told)
    if count > MOST_CHANGES:
        raise TransferError(
            f"This run has {count:,} changes on its way, and a file has at most {MOST_CHANGES:,}. "
            f"{_INSTEAD}"
        )


def _run(session: Session, past: Past) -> dict[str, Any]:
    """What ``run.json`` says."""
    player, schedule, marked = session.player, session.run.schedule, session.selection
    first = player.first
    return {
        "kind": RUN,
        "rnnviz": __version__,
        "link": query_of(session),
        "settings": schedule.start.as_dict(),
        "changes": [str(change) for change in schedule.changes],
        "now": str(past.position),
        "shown": str(player.position),
        "phrase": session.phrase_input.phrase,
        "unit": marked.unit,
        "token": marked.token,
        "data": _data(session),
        "first": first and {
            "source": first.source, "note": first.note, "settings": first.config.as_dict()
        },
        "ghost": player.ghost and _old(OldRun.of(player.ghost, schedule)),
    }  # fmt: skip


def _old(run: OldRun) -> dict[str, Any]:
    return {"left": str(run.left), "now": str(run.now), "changes": [*map(str, run.changes)]}


# Weights and scores


def _scores(history: History) -> TensorFile:
    return TensorFile({name: history.column(name) for name in COLUMNS})


def _snapshot(state: TrainState) -> TensorFile:
    parameters, slots = state.parameters, state.slots
    arrays = parameters.named()
    for number, theta in enumerate(slots.arrays):
        named = parameters.like(theta).named()
        arrays |= {f"slots.{number}.{name}": array for name, array in named.items()}
    metadata = {
        "epoch": str(state.epoch), "optimizer": slots.kind.value, "steps": str(slots.steps)
    }  # fmt: skip
    return TensorFile(arrays, metadata)


def _fitting(states: Sequence[TrainState], room: int) -> Sequence[TrainState]:
    """As many of the states as fit into ``room``, with the last: what lies between is replayed."""
    size = sum(state.parameters.theta.nbytes * (1 + len(state.slots.arrays)) for state in states)
    if size <= room or len(states) == 1:
        return states
    return _fitting(states[::-1][::2][::-1], room)


# Data


def _data(session: Session) -> dict[str, Any]:
    """Where the data come from, and how their files are known again."""
    upload, given, name = session.data.upload, session.data.given, session.dataset.name
    if given is not None:
        return {"kind": "given", "name": name, "task": _is_the_task(session, given),
                "notes": list(given.notes)}  # fmt: skip
    if upload is None:
        return {"kind": "task", "name": name}
    options = {option: getattr(upload, option) for option in OPTIONS}
    return {"kind": "own", "name": name, **fingerprint(upload), **options}


def _files(session: Session) -> dict[str, bytes]:
    """The reader's own files, or the examples that the run was given."""
    upload, given = session.data.upload, session.data.given
    if given is not None:
        own = not _is_the_task(session, given)
        return {"data.json": _examples(given)} if own else {}
    files = {"train": upload.train, "test": upload.test} if upload else {}
    return {f"data/{role}": file.content for role, file in files.items() if file}


def _examples(given: Dataset) -> bytes:
    """Examples in JSON, if they can be read back; raises TransferError."""
    table = table_of_dataset(given)
    try:
        dataset_of_table(table)
        content = orjson.dumps(table)
        check_size(content)
    except (TaskError, TransferError, orjson.JSONEncodeError) as problem:
        raise TransferError(
            f"The examples of this run can't be written: {problem} {_INSTEAD}"
        ) from None
    if len(content) > MAX_JSON:
        raise TransferError(
            f"The examples of this run have {len(content) / 1e6:,.1f} MB, and "
            f"{MAX_JSON // 1_000_000} are the most that a file can have. Use fewer. {_INSTEAD}"
        )
    return content


def _is_the_task(session: Session, given: Dataset) -> bool:
    """Whether given data are those of the task, which need not be in the file."""
    config = session.run.schedule.start
    task = TASKS[config.task].build(config.lag, config.seed)
    tables = [table_of_dataset(data) | {"notes": []} for data in (given, task)]
    return tables[0] == tables[1]
