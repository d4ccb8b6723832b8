"""The file of a run, written and read."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from rnnviz import __version__
from rnnviz.config import SETTINGS, OptimizerKind, RunConfig, SettingError, brief
from rnnviz.engine.gradcheck import own_cell
from rnnviz.engine.optimizers import OPTIMIZERS, Slots
from rnnviz.engine.parameters import Architecture
from rnnviz.engine.training import TrainState
from rnnviz.files.bounds import check_size
from rnnviz.files.foreign_network import TransferError, problems_of
from rnnviz.files.output import query_of
from rnnviz.files.run_archive import (
    MAX_JSON,
    MAX_RUN,
    MOST_CHANGES,
    RUN,
    RunArchive,
    snapshot_name,
)
from rnnviz.files.tensor_file import TensorFile, content_at
from rnnviz.files.weights_file import named_weights
from rnnviz.probe.pair import Pair
from rnnviz.probe.probe import most_typed
from rnnviz.probe.session import Selection, Session
from rnnviz.run.checksum import Checksum, checksum_of, losses_of
from rnnviz.run.history import COLUMNS, History, PreviousRun
from rnnviz.run.player import Player
from rnnviz.run.run import Checkpoint, FirstNetwork, TrainingRun, architecture_of
from rnnviz.run.schedule import EDIT, Change, Position, Schedule
from rnnviz.run.share_link import MOST_INDEX, OldRun
from rnnviz.run.weight_edits import problem
from rnnviz.tasks.data.csv_table import TaskError, name_of
from rnnviz.tasks.data_source import TASKS, DataSource, UploadStore
from rnnviz.tasks.dataset import Dataset, dataset_of_table, notes_of, table_of_dataset
from rnnviz.tasks.upload import FLAGS, OPTIONS, File, Upload, dataset_of, fingerprint

_INSTEAD = "Write the weights to a file instead."
#: The most bytes of snapshots and data; the rest of a file is for all else.
MAX_SNAPSHOTS = MAX_RUN - 20_000_000


def run_file(runs: Session | Pair, own_data: bool = False) -> bytes:
    """The run as a file, which ``open_run`` opens, or two, as a pair; raises TransferError.

    With ``own_data`` it has the user's own data, else their name alone. A file that could not be
    opened again is refused.
    """
    first, *others = runs.sessions if isinstance(runs, Pair) else (runs,)
    room = MAX_SNAPSHOTS // (1 + len(others))
    archive = _archive(first, room, own_data)
    for second in others:
        archive = archive.beside(_archive(second, room, own_data=False))
    content = archive.content()
    # A reader limits the unpacked size, too.
    if max(len(content), sum(map(len, archive.members.values()))) > MAX_RUN:
        raise TransferError(f"This run has more than {MAX_RUN // 1_000_000} MB. {_INSTEAD}")
    return content


def _archive(session: Session, room: int, own_data: bool) -> RunArchive:
    """The archive of one run, with at most ``room`` bytes of snapshots and data."""
    if not isinstance(session.run, TrainingRun):
        raise TransferError("This is a recording: it is a file already.")
    checkpoint, first, ghost = session.run.checkpoint, session.player.first, session.player.ghost
    header = _header(session, checkpoint.position)
    count = max(len(one["changes"]) for one in (header, header["ghost"]) if one)
    if count > MOST_CHANGES:
        raise TransferError(
            f"This run has {count:,} changes, and a file has at most {MOST_CHANGES:,}. {_INSTEAD}"
        )
    tensors = {"history": _scores(checkpoint.history)}
    if ghost:
        tensors["ghost"] = _scores(ghost.history)
    if first:
        tensors["first"] = TensorFile(first.parameters.named())
        room -= first.parameters.theta.nbytes
    files = _files(session) if own_data else {}
    states = _fitting(checkpoint.states, room - sum(map(len, files.values())))
    tensors |= {snapshot_name(state.epoch): _snapshot(state) for state in states}
    return RunArchive.made(header, tensors, files)


def _header(session: Session, now: Position) -> dict[str, Any]:
    """``run.json``."""
    player, schedule, marked = session.player, session.run.schedule, session.selection
    first, old = player.first, player.ghost and OldRun.of(player.ghost, schedule)
    return {
        "kind": RUN, "rnnviz": __version__, "link": query_of(session),
        "checksum": str(Checksum.of(session.run)),
        "settings": schedule.start.as_dict(),
        "changes": [str(change) for change in schedule.changes],
        "now": str(now), "shown": str(player.position),
        "pinned": None if player.pinned is None else str(player.pinned),
        "phrase": session.phrase_input.phrase, "unit": marked.unit, "token": marked.token,
        "data": _data_entry(session),
        "first": first and {
            "source": first.source, "note": first.note, "settings": first.config.as_dict()
        },
        "ghost": old and {
            "left": str(old.left), "now": str(old.now), "changes": [*map(str, old.changes)]
        },
    }  # fmt: skip


def _scores(history: History) -> TensorFile:
    return TensorFile({name: history.column(name) for name in COLUMNS})


def _snapshot(state: TrainState) -> TensorFile:
    parameters, slots = state.parameters, state.slots
    arrays = parameters.named()
    for number, theta in enumerate(slots.arrays):
        named = parameters.like(theta).named()
        arrays |= {f"slots.{number}.{name}": array for name, array in named.items()}
    facts = {"epoch": state.epoch, "optimizer": slots.kind.value, "steps": slots.steps}
    return TensorFile(arrays, {name: str(fact) for name, fact in facts.items()})


def _fitting(states: Sequence[TrainState], room: int) -> Sequence[TrainState]:
    """As many states as fit into ``room`` bytes, with the last; epochs between are retrained."""
    size = sum(state.parameters.theta.nbytes * (1 + len(state.slots.arrays)) for state in states)
    if size <= room or len(states) == 1:
        return states
    return _fitting(states[::-1][::2][::-1], room)


def _data_entry(session: Session) -> dict[str, Any]:
    """The source of the data, and the hashes of their files."""
    upload, given, name = session.data.upload, session.data.given, session.dataset.name
    if given is not None:
        return {"kind": "given", "name": name, "task": _is_the_task(session, given),
                "notes": list(given.notes)}  # fmt: skip
    if upload is None:
        return {"kind": "task", "name": name}
    options = {option: getattr(upload, option) for option in OPTIONS}
    return {"kind": "own", "name": name, **fingerprint(upload), **options}


def _files(session: Session) -> dict[str, bytes]:
    """The user's own files, or the given examples in JSON; raises TransferError."""
    upload, given = session.data.upload, session.data.given
    if given is None:
        files = {"train": upload.train, "test": upload.test} if upload else {}
        return {f"data/{role}": file.content for role, file in files.items() if file}
    if _is_the_task(session, given):
        return {}
    table = table_of_dataset(given)
    try:  # It must be possible to read them back.
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
    return {"data.json": content}


def _is_the_task(session: Session, given: Dataset) -> bool:
    """Whether given data equal the data of the task, which need not be in the file."""
    task = _task(session.run.schedule.start)
    own, known = (table_of_dataset(data) | {"notes": []} for data in (given, task))
    return own == known


# A run from a file

#: The files of a run's own data.
ROLES = ("train", "test")
#: Seconds for which the last epochs are trained again, to compare them.
_SECONDS = 1.0
#: The most characters of a text in a run.
_MOST_TEXT = 2_000


class DataMissingError(TransferError):
    """The files a run learned from are missing; ``wanted`` has name and SHA-256 by role."""

    def __init__(self, message: str, wanted: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__(message)
        self.wanted = wanted


class StoredRun:
    """A run from a file; every session of it continues it independently.

    ``upload`` are the data of a run that doesn't include them. Raises TransferError, TaskError,
    SettingError or CellError.
    """

    def __init__(self, archive: RunArchive, upload: Upload | None) -> None:
        run, second = archive.run, archive.second
        start = _config(run.get("settings"), run.get("data"))
        self._second = None
        if second is not None:
            with problems_of("its second run"):
                other = _config(second.run.get("settings"), second.run.get("data"))
                _check_beside(run, start, second.run, other)
                self._second = StoredRun(second, upload)
        # Given data are of neither a task nor an upload.
        self._given, self._upload = _data(archive, start, upload)
        own = self._upload and dataset_of(self._upload.of_run(start))
        dataset = self._given or own or _task(start)
        now, shown = (_position(run, name, dataset, start) for name in ("now", "shown"))
        self._schedule = Schedule(start, _changes(run, now, dataset, start))
        history = _history(archive, "history", now.epoch, dataset)
        of = architecture_of(dataset, start)
        states = tuple(_states(archive, now.epoch, of, start.dtype.value))
        self._checkpoint, self._shown = Checkpoint(now, history, states), min(shown, now)
        # Older files have none.
        self._pinned = None
        if run.get("pinned") is not None:
            self._pinned = min(_position(run, "pinned", dataset, start), now)
        ghost = run.get("ghost")
        self._ghost = _ghost(archive, ghost, self._schedule, dataset) if ghost else None
        self._first = None
        if table := run.get("first"):
            if not isinstance(table, dict):
                raise TransferError("its entry of the first weights is not a table.")
            config, tensors = _config(table.get("settings")), archive.tensors("first").tensors
            weights = named_weights(tensors, architecture_of(dataset, config), config.dtype.value)
            texts = (_text(table, name) for name in ("source", "note"))
            self._first = FirstNetwork(weights, config, *texts)
        self._selection = Selection(_index(run, "unit"), _index(run, "token"))
        self._phrase = _text(run, "phrase", most_typed(dataset))
        # Older files have no checksum.
        self._verdict = self._compared(run["checksum"], dataset) if "checksum" in run else ""

    def _compared(self, text: Any, dataset: Dataset) -> str:
        """Whether the last epochs, trained again, end with the stored weights, in a sentence.

        It is left open if this takes longer than a second.
        """
        try:
            checksum = Checksum.parse(text if isinstance(text, str) else "")
        except SettingError:
            return "Its checksum can't be read, so nothing is compared with it."
        (*earlier, last), history = self._checkpoint.states, self._checkpoint.history
        stored = checksum_of(last.parameters), losses_of(history, last.epoch)
        # Within an epoch the file has no weights of the present.
        if not self._checkpoint.position.offset and stored != (checksum.weights, checksum.losses):
            return "Its weights or scores are not those of its checksum: the file was changed."
        if not earlier:
            return checksum.repeated(None)
        start, until = Position(earlier[-1].epoch), time.perf_counter() + _SECONDS
        checkpoint = Checkpoint(start, history.until(start.epoch), tuple(earlier))
        run = TrainingRun(dataset, self._schedule, self._first, checkpoint)
        while run.position < Position(last.epoch):
            if time.perf_counter() > until:
                return checksum.repeated(None)
            if not run.train(run.stride):
                return checksum.repeated(False)
        return checksum.repeated(checksum_of(run.state.parameters) == stored[0])

    def opened(self, upload_store: UploadStore | None = None) -> Session | Pair:
        """The session of the run, or the pair if the file has a second one."""
        first = self.session(upload_store)
        if self._second is None:
            return first
        return Pair.of(first, self._second.session(upload_store, first.data))

    def session(
        self, upload_store: UploadStore | None = None, data: DataSource | None = None
    ) -> Session:
        """A session at the position that was shown when the run was stored."""
        if data is None:
            data = DataSource(self._given, upload_store)
            data.upload = self._upload
        # A session appends to its history.
        epoch, history = self._checkpoint.position.epoch, self._checkpoint.history
        checkpoint = self._checkpoint._replace(history=history.until(epoch))
        dataset = data.dataset_for(self._schedule.start)
        run = TrainingRun(dataset, self._schedule, self._first, checkpoint)
        session = Session(first=self._first, run=run, data=data)
        assert isinstance(session.player, Player), "no recording is given"
        session.player.resume(self._shown, self._ghost, self._pinned)
        session.player.note(self._verdict)
        session.selection = replace(self._selection)
        session.ask(self._phrase)
        return session


def _check_beside(
    first: Mapping[str, Any], start: RunConfig, second: Mapping[str, Any], other: RunConfig
) -> None:
    """Raise TransferError unless a second run learned from the data of the first."""
    tables = [data for data in (first.get("data"), second.get("data")) if isinstance(data, dict)]
    files = [{**data, "notes": []} for data in tables]
    kinds = [data.get("kind") for data in files]
    if start.task != other.task or len(kinds) != 2 or kinds[0] != kinds[1]:
        raise TransferError("it is one of another task, or of other data.")
    if kinds == ["own"] * 2 and files[0] != files[1]:
        raise TransferError("it learned from other files than the first, or reads them otherwise.")


def open_pair(path: str | Path, upload: Upload | None = None) -> Pair:
    """Both runs in a file, or the only one, each with its whole past; see ``open_run``."""
    opened = stored_run(Path(path), upload).opened()
    return opened if isinstance(opened, Pair) else Pair(opened)


def open_run(path: str | Path, upload: Upload | None = None) -> Session:
    """A session that continues the run in a file, with its whole past.

    ``upload`` are the data it learned from, if they are not in the file. Raises TransferError.
    """
    return stored_run(Path(path), upload).session()


def stored_run(path: Path, upload: Upload | None = None) -> StoredRun:
    """The run in a file; raises TransferError, beginning with the name of the file."""
    return run_of(content_at(path, MAX_RUN), name_of(path), upload)


def run_of(content: bytes, name: str, upload: Upload | None = None) -> StoredRun:
    """The run in the content of a file; raises TransferError."""
    with problems_of(name[:60]):
        return StoredRun(RunArchive.of(content), upload)


def _config(settings: Any, data: Any = None) -> RunConfig:
    if not isinstance(settings, dict):
        raise TransferError("its run.json has no settings.")
    # In older files the window is an option of the data.
    old = {"window": data["window"]} if isinstance(data, dict) and "window" in data else {}
    try:
        config = RunConfig(**{**old, **settings})
    except TypeError:
        raise TransferError("its settings are not those of this version of rnnviz.") from None
    if config.equations:
        own_cell(config.equations)
    return config


def _position(run: Mapping[str, Any], name: str, dataset: Dataset, config: RunConfig) -> Position:
    position = Position.parse(_text(run, name))
    _check_step(position, dataset, config)
    if position > (int(SETTINGS["epochs"].high), 0):
        raise TransferError(f"its run can't be at epoch {position.epoch:,}.")
    return position


def _check_step(position: Position, dataset: Dataset, config: RunConfig) -> None:
    if position != position.at_batch(len(dataset.train), config.batch):
        raise TransferError(f"no step of its run ends at {position}.")


def _changes(
    table: Mapping[str, Any], now: Position, dataset: Dataset, config: RunConfig
) -> tuple[Change, ...]:
    """The changes up to ``now``; raises for changes this run can't have."""
    texts = table.get("changes")
    if not isinstance(texts, list) or len(texts) > MOST_CHANGES:
        raise TransferError(f"its changes must be a list of at most {MOST_CHANGES:,}.")
    changes = tuple(Change.parse(brief(text, _MOST_TEXT)) for text in texts)
    positions = [change.position for change in changes]
    if positions != sorted(positions) or positions[-1:] > [now]:
        raise TransferError("its changes are not in order, or beyond its last epoch.")
    of = architecture_of(dataset, config)
    for change in changes:
        _check_step(change.position, dataset, config)
        why = problem(change.value, of) if change.name == EDIT else ""
        if why:
            raise TransferError(f"its change {change} can't be made: {why}")
    return changes


def _text(table: Mapping[str, Any], name: str, most: int = _MOST_TEXT) -> str:
    text = table.get(name)
    if not isinstance(text, str) or len(text) > most:
        raise TransferError(f"its {name} must be a text of at most {most:,} characters.")
    return text


def _index(table: Mapping[str, Any], name: str) -> int | None:
    index = table.get(name)
    if index is None or (type(index) is int and 0 <= index < MOST_INDEX):
        return index
    raise TransferError(f"its {name} can't be {brief(index)}.")


def _task(config: RunConfig) -> Dataset:
    return TASKS[config.task].dataset(config)


def _data(
    archive: RunArchive, config: RunConfig, known: Upload | None
) -> tuple[Dataset | None, Upload | None]:
    """The given data and the upload of the run: at most one of them."""
    data = archive.run.get("data")
    if not isinstance(data, dict):
        raise TransferError("its run.json has no data.")
    match data.get("kind"):
        case "task":
            return None, None
        case "own":
            return None, _upload(archive, data, config, known)
        case "given" if data.get("task") is True:
            return replace(_task(config), notes=notes_of(data)), None
        case "given" if "data.json" in archive.members:
            return dataset_of_table(archive.table("data.json")), None
        case "given":
            raise TransferError(
                f"the data it learned from, {_text(data, 'name')[:60]}, are not in the file. "
                f"{_held(archive, config)} Write the run again, with its data."
            )
    raise TransferError(f"its data can't be of the kind {brief(data.get('kind'))!r}.")


def _upload(
    archive: RunArchive, data: dict[str, Any], config: RunConfig, known: Upload | None
) -> Upload:
    """The files in the archive, or else those of ``known`` if their hashes agree."""
    stored = [role for role in ROLES if f"data/{role}" in archive.members]
    named: dict[str, dict[str, str]] = {}
    for role in ROLES:
        # A run has training data. If they are not in the file, all data must come from elsewhere.
        wanted = "train" not in stored and (role == "train" or data.get(role))
        if not (wanted or role in stored):
            continue
        if not isinstance(entry := data.get(role), dict):
            raise TransferError(f"its data don't name the {role} file.")
        # The ending says how a file is read.
        named[role] = {"name": _text(entry, "name")[-200:], "sha256": _text(entry, "sha256")}
    contents = {role: archive.members[f"data/{role}"] for role in stored}
    options = {name: data[name] for name in OPTIONS if data.get(name) is not None}
    for name in FLAGS:
        options[name] = data.get(name) is True
    if known is not None and "train" not in contents:
        given = {role: file["sha256"] for role, file in fingerprint(known).items() if file}
        if given == {role: file["sha256"] for role, file in named.items()}:
            contents = {role: getattr(known, role).content for role in named}
    files = {role: File(named[role]["name"], content) for role, content in contents.items()}
    if "train" in files:
        return Upload(files["train"], files.get("test"), **options)
    names = " and ".join(file["name"][:60] for file in named.values())
    it = "it" if len(named) == 1 else "them"
    others = "The data that are loaded are not exactly these. " if known else ""
    # The page shows the first line, which says what to do, and the rest in a tip.
    raise DataMissingError(
        f"it needs {names}: drop {it} on the page too, or choose {it} under Open. On the "
        f"command line, --train and --test are for this. You can also save the run again, with its "
        f"data. {others}{_held(archive, config)}",
        named,
    )


def _held(archive: RunArchive, config: RunConfig) -> str:
    """The content of the file, in a sentence."""
    epoch = Position.parse(_text(archive.run, "now")).epoch
    loss = _history(archive, "history", epoch).row(epoch)["train_loss"]
    ends, epochs = ("ends", "epoch") if epoch == 1 else ("end", "epochs")
    end = f", which {ends} at a training loss of {loss:.3g}" if np.isfinite(loss) else ""
    units = f"{config.hidden} unit{'s' * (config.hidden > 1)}"
    what = f"{epoch:,} {epochs} of a network with {units} ({config.cell})"
    return f"It holds {what}{end}."


def _history(archive: RunArchive, name: str, epoch: int, dataset: Dataset | None = None) -> History:
    """The scores up to an epoch: numbers after epoch 0, or NaN for a set that ``dataset`` lacks."""
    columns = archive.tensors(name).tensors
    for column in COLUMNS:
        values = columns.get(column, np.empty(0))
        empty = dataset is None or not dataset.labelled
        empty |= dataset is not None and column.startswith("test") and not dataset.test
        valid = values.shape == (epoch + 1,) and (
            np.isfinite(values[1:]).all() or (empty and np.isnan(values).all())
        )
        if not valid:
            raise TransferError(f"its {name} has no {column} for each of {epoch + 1:,} epochs.")
        if (values < 0).any() or (column.endswith("metric") and (values > 1).any()):
            raise TransferError(f"its {name} has a {column} that no run can have.")
    return History.of(columns)


def _states(archive: RunArchive, epoch: int, of: Architecture, dtype: str) -> list[TrainState]:
    """The snapshots; the last one is that of ``epoch``."""
    states = []
    for stored, name in archive.snapshots.items():
        file = archive.tensors(name)
        with problems_of(name):
            states.append(_state(stored, file, of, dtype))
    if not states or states[-1].epoch != epoch:
        raise TransferError(f"it has no weights of epoch {epoch:,}, where its run is.")
    return states


def _state(epoch: int, file: TensorFile, of: Architecture, dtype: str) -> TrainState:
    metadata, name = file.metadata, file.metadata.get("optimizer", "")
    if name not in set(OptimizerKind):
        raise TransferError(f"its optimizer can't be {name[:40]!r}. Save the run again.")
    kind, steps = OptimizerKind(name), metadata.get("steps", "")
    if metadata.get("epoch") != str(epoch) or not (steps.isdecimal() and len(steps) < 16):
        raise TransferError("its metadata lack its epoch, or the steps of its optimizer.")
    parts: list[dict[str, Any]] = [{} for _ in range(1 + OPTIMIZERS[kind].slots)]
    for name, array in file.tensors.items():
        number, plain = 0, name
        if name.startswith("slots."):  # slots.0.W_hh
            _, slot, plain = (*name.split(".", 2), "", "")[:3]
            number = int(slot) + 1 if slot.isdecimal() and len(slot) == 1 else len(parts)
        if number >= len(parts):
            held = f"{len(parts) - 1} slot{'s' * (len(parts) != 2)}"
            raise TransferError(f"it has {name[:60]}, and {kind} has {held}.")
        parts[number][plain] = array
    weights, *slots = (named_weights(part, of, dtype) for part in parts)
    arrays = tuple(slot.theta for slot in slots)
    return TrainState(weights, epoch, slots=Slots(kind, arrays, int(steps)))


def _ghost(archive: RunArchive, table: Any, after: Schedule, dataset: Dataset) -> PreviousRun:
    """The run that a branch left."""
    if not isinstance(table, dict):
        raise TransferError("its ghost is not a table.")
    left, end = (_position(table, name, dataset, after.start) for name in ("left", "now"))
    if left > end:
        raise TransferError("its ghost was left after it ended.")
    changes = _changes(table, end, dataset, after.start)
    schedule = OldRun(left, end, changes).schedule(after)
    return PreviousRun(left, end, _history(archive, "ghost", end.epoch, dataset), schedule)
