"""Store: the runs of sweeps in one SQLite file, in which several sweeps may write at once."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import fields, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rnnviz import __version__
from rnnviz.config import SETTINGS, RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.run.history import COLUMNS
from rnnviz.sweeps.members import Ending, Member
from rnnviz.tasks.upload import Upload

#: The version of the tables, and what marks the file as one of rnnviz ("rnnv").
_VERSION, _APPLICATION = 2, 0x726E6E76
#: Seconds to wait for another writer.
BUSY = 30.0
#: The most numbers of the small curve in a row of the table.
_SMALL = 32
#: What a file of version 1 lacks.
_YOUNGER = ("note", "digest")
#: The most bytes of the scores of a run.
_MOST_SCORES = 8 * len(COLUMNS) * (int(SETTINGS["epochs"].high) + 1)
#: The most characters of a text, or bytes of a small curve.
_MOST_TEXT = 1_000_000
#: The most variables of a statement, of the 32,766 that SQLite takes.
_MOST = 500
_SCHEMA = f"""
CREATE TABLE sweep (
  id INTEGER PRIMARY KEY, line TEXT NOT NULL, total INTEGER NOT NULL, state TEXT NOT NULL,
  pid INTEGER NOT NULL, begun REAL NOT NULL, beat REAL NOT NULL
);
CREATE TABLE run (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, family TEXT NOT NULL,
  sweep INTEGER REFERENCES sweep, settings TEXT NOT NULL, seed INTEGER NOT NULL,
  data TEXT NOT NULL, state TEXT NOT NULL, problem TEXT NOT NULL, link TEXT NOT NULL,
  reached INTEGER NOT NULL,
  {", ".join(f"{name} REAL, best_{name} REAL" for name in COLUMNS)},
  learned_epoch INTEGER, seconds REAL NOT NULL, version TEXT NOT NULL, ended REAL NOT NULL,
  small BLOB NOT NULL, {", ".join(f"{name} TEXT NOT NULL DEFAULT ''" for name in _YOUNGER)}
);
CREATE INDEX run_family ON run (family);
CREATE INDEX run_sweep ON run (sweep);
CREATE TABLE curve (run INTEGER PRIMARY KEY REFERENCES run ON DELETE CASCADE, scores BLOB NOT NULL);
CREATE TABLE weights (
  run INTEGER PRIMARY KEY REFERENCES run ON DELETE CASCADE, theta BLOB NOT NULL
);
PRAGMA user_version = {_VERSION};
PRAGMA application_id = {_APPLICATION};
"""
_MOVE = "Move it away, or name another file"
_DAMAGED = "the file is damaged. Move it away, or restore a copy"
#: Messages for SQLite's errors, by prefix of their names. The statements are valid, so SQLITE_ERROR
#: means a file with other columns.
_SENTENCES = {
    "SQLITE_FULL": "the disk is full. Free some space, and try again",
    "SQLITE_NOTADB": f"it is not a database of runs. {_MOVE}",
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_ERROR": _DAMAGED,
    "SQLITE_READONLY": "it can't be written",
    "SQLITE_CANTOPEN": "it can't be opened",
    "SQLITE_IOERR": "the disk can't be read or written",
    "SQLITE_BUSY": f"another program has held it for {BUSY:.0f} seconds",
}


class StoreError(RuntimeError):
    """The file of runs can't be used; the message is a sentence that names it."""


def default_path() -> Path:
    """The user's file of runs, in the folder that the system has for the data of programs."""
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(folder, "rnnviz", "runs.sqlite")


@lru_cache(maxsize=1)
def digest_of(upload: Upload | None) -> str:
    """The digest of the user's own data and of how they are read; empty without any."""
    if upload is None:
        return ""
    # Settings of the run are in its key, and a later option at its default changes no digest.
    rows = (row for row in fields(upload) if row.name not in SETTINGS)
    values = ((row, getattr(upload, row.name)) for row in rows)
    unlike = [(row.name, value) for row, value in values if value != row.default]
    return hashlib.sha256(repr(unlike).encode()).hexdigest()[:32]


@cache
def _kinds(table: str) -> dict[str, str]:
    """The kinds of values that SQLite may have in each column of a table."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(_SCHEMA)
        columns = db.execute(f"PRAGMA table_info({table})").fetchall()
    return {
        name: f"'{kind.lower()}'" + ", 'null'" * (not told) for _, name, kind, told, *_ in columns
    }


def key_of(config: RunConfig, data: str = "", weights: str = "") -> str:
    """The digest of a run: of the settings unlike their defaults, and that of one's own data.

    Of a run that its settings don't determine, also that of its ``weights``.
    """
    changed = {n: v for n, v in config.as_dict().items() if v != SETTINGS[n].default}
    parts = [sorted(changed.items()), data, *[weights] * bool(weights)]
    text = json.dumps(parts, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Store:
    """The runs in the file ``path``, or in memory (None); only to be read if ``readonly``.

    A file that doesn't exist is made, for its user alone. It belongs to one thread, and on a local
    disk. Raises StoreError, as all methods do.
    """

    def __init__(self, path: Path | None, readonly: bool = False) -> None:
        self.path = path
        if path and path.exists() and not path.is_file():
            raise StoreError(f"{path}: it is not a file. Name one.")
        if path and not readonly:
            with self._sentences():
                if path == default_path():
                    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        address = ":memory:"
        if path:
            mode, beside = "ro" if readonly else "rw", Path(f"{path}-wal")
            # In a read-only folder, SQLite would still try to write beside the file.
            still = readonly and not os.access(path.resolve().parent, os.W_OK)
            mode += "&immutable=1" * (still and not beside.exists())
            address = f"{path.resolve().as_uri()}?mode={mode}"
        with self._sentences():
            uri = path is not None
            self._db = sqlite3.connect(address, uri=uri, timeout=BUSY, isolation_level=None)
        try:
            with self._sentences():
                self._open(readonly)
        except StoreError:
            self.close()
            raise

    def _open(self, readonly: bool) -> None:
        # First, as another program may be making them.
        tables = self._rows("SELECT name FROM sqlite_master")
        ((application,),) = self._rows("PRAGMA application_id")
        ((version,),) = self._rows("PRAGMA user_version")
        if tables and application != _APPLICATION:
            raise StoreError(f"{self.path}: it is a database of another program. {_MOVE}.")
        if version > _VERSION:
            raise StoreError(f"{self.path}: a newer rnnviz has written it. Update this one.")
        # A view or a computed column could be endless.
        computed = "EXISTS (SELECT 1 FROM pragma_table_xinfo(one.name) WHERE hidden)"
        if self._rows(f"SELECT 1 FROM sqlite_master AS one WHERE type = 'view' OR {computed}"):
            raise StoreError(f"{self.path}: {_DAMAGED}.")
        if readonly and not tables:
            raise StoreError(f"{self.path}: it has no runs yet.")
        if readonly:
            return
        self._write_ahead()
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        if not tables:
            with self._transaction():
                if not self._rows("SELECT name FROM sqlite_master"):
                    for statement in _SCHEMA.split(";"):
                        self._db.execute(statement)
        elif version < _VERSION:
            with self._transaction():
                if self._rows("PRAGMA user_version") == [(version,)]:
                    for name in _YOUNGER:
                        self._db.execute(f"ALTER TABLE run ADD {name} TEXT NOT NULL DEFAULT ''")
                    self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def _write_ahead(self) -> None:
        """Let readers read while one writes; SQLite itself doesn't wait for others here."""
        until = time.monotonic() + BUSY
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as problem:
                if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._sentences():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Errors of SQLite and of the system as a StoreError."""
        try:
            yield
        except OSError as problem:
            raise StoreError(f"{problem.filename}: {problem.strerror}.") from None
        except UnicodeDecodeError:
            raise StoreError(f"{self.path}: {_DAMAGED}.") from None
        except sqlite3.Error as problem:
            name = getattr(problem, "sqlite_errorname", "")
            known = (text for start, text in _SENTENCES.items() if name.startswith(start))
            raise StoreError(f"{self.path}: {next(known, problem)}.") from None

    @contextmanager
    def intact(self) -> Iterator[None]:
        """Raise a StoreError for content that rnnviz has not written."""
        try:
            yield
        except (KeyError, TypeError, ValueError, RecursionError, zlib.error):
            raise StoreError(f"{self.path}: {_DAMAGED}.") from None

    def _check(self, table: str) -> None:
        """Raise StoreError for a table that rnnviz has not written."""
        ((version,),) = self._rows("PRAGMA user_version")
        wrong = (
            f"typeof({name}) NOT IN ({kinds}) OR length({name}) > {_MOST_TEXT}"
            for name, kinds in _kinds(table).items()
            if version == _VERSION or name not in _YOUNGER
        )  # fmt: skip
        with self.intact():
            if self._rows(f"SELECT 1 FROM {table} WHERE {' OR '.join(wrong)} LIMIT 1"):
                raise ValueError

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A write transaction: it takes its lock first, and never has to upgrade a read."""
        with self._sentences():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    # Writing

    def begin(self, line: str, total: int) -> int:
        """Note that this process begins a sweep of so many runs; return the sweep's number."""
        with self._transaction():
            now = time.time()
            row = (line, total, "running", os.getpid(), now, now)
            query = "INSERT INTO sweep (line, total, state, pid, begun, beat) VALUES (?,?,?,?,?,?)"
            return int(self._db.execute(query, row).lastrowid or 0)

    def end(self, sweep: int, state: str) -> None:
        """Note that a sweep has ended: "done" or "stopped"."""
        with self._transaction():
            query = "UPDATE sweep SET state = ?, beat = ? WHERE id = ?"
            self._db.execute(query, (state, time.time(), sweep))

    def add(
        self, member: Member, sweep: int | None = None, upload: Upload | None = None,
        weights: bool = False, note: str = "",
    ) -> str:  # fmt: skip
        """Store a run, with its ``weights`` if wanted; it replaces only one that failed.

        A run that is there already takes the ``note``, if there is one. Returns the one it had.
        """
        replaced = ""
        row = {"sweep": sweep, **_row_of(member, upload), "note": note}
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        insert = f"INSERT INTO run ({names}) VALUES ({marks}) ON CONFLICT (key) DO NOTHING"
        scores = zlib.compress(np.ascontiguousarray(member.scores.T).tobytes(), 1)
        with self._transaction():
            self._db.execute("UPDATE sweep SET beat = ? WHERE id = ?", (time.time(), sweep))
            failed = row["key"], Ending.FAILED
            self._db.execute("DELETE FROM run WHERE key = ? AND state = ?", failed)
            cursor = self._db.execute(insert, row)
            if cursor.rowcount:
                number = cursor.lastrowid
                if len(member.scores):
                    self._db.execute("INSERT INTO curve VALUES (?, ?)", (number, scores))
                if weights and member.theta.size:
                    theta = member.theta.tobytes()
                    self._db.execute("INSERT INTO weights VALUES (?, ?)", (number, theta))
            elif note:
                ((replaced,),) = self._rows("SELECT note FROM run WHERE key = ?", [row["key"]])
                noted = note, row["ended"], row["key"]
                self._db.execute("UPDATE run SET note = ?, ended = ? WHERE key = ?", noted)
        return replaced if replaced != note else ""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete runs, and give their space back."""
        with self._transaction():
            self._db.executemany("DELETE FROM run WHERE key = ?", ((key,) for key in keys))
        # Without the space for a copy, or beside another writer, the file keeps its size.
        with suppress(sqlite3.OperationalError):
            self._db.execute("VACUUM")

    # Reading

    def done(self) -> set[str]:
        """The keys of the runs that need not be trained again: of all that didn't fail."""
        return {
            key for (key,) in self._rows("SELECT key FROM run WHERE state != ?", [Ending.FAILED])
        }

    def rows(self) -> list[dict[str, Any]]:
        """All runs in the order in which they were stored, without their curves and weights."""
        self._check("run")
        return self._records("SELECT * FROM run ORDER BY id")

    def latest(self) -> tuple[int, int, float]:
        """The number of the last run, how many there are, and when one was stored or noted last.

        Other numbers tell of a change.
        """
        query = "SELECT coalesce(max(id), 0), count(*), coalesce(max(ended), 0) FROM run"
        return tuple(self._rows(query)[0])

    def sweeps(self) -> list[dict[str, Any]]:
        """All sweeps with the number of their runs that are ``stored``, the latest first."""
        self._check("sweep")
        return self._records(
            "SELECT sweep.*, (SELECT count(*) FROM run WHERE run.sweep = sweep.id) AS stored "
            "FROM sweep ORDER BY id DESC"
        )

    def _records(self, query: str) -> list[dict[str, Any]]:
        with self._sentences():
            cursor = self._db.execute(query)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def curves(self, keys: Sequence[str]) -> dict[str, Array]:
        """The scores (E + 1, 4) of these runs by key, their columns by ``COLUMNS``."""
        found: dict[str, Array] = {}
        for start in range(0, len(keys), _MOST):
            some = keys[start : start + _MOST]
            query = "SELECT key, scores FROM curve JOIN run ON run.id = run WHERE key IN "
            for key, packed in self._rows(f"{query} ({','.join('?' * len(some))})", some):
                with self.intact():
                    found[key] = _unpacked(packed)
        return found

    def weights(self, key: str) -> Array | None:
        """The weights (P,) of a run as they were at its end; None if they were not kept."""
        query = "SELECT theta, settings FROM weights JOIN run ON run.id = run WHERE key = ?"
        for theta, settings in self._rows(query, [key]):
            with self.intact():
                return np.frombuffer(theta, json.loads(settings)["dtype"])
        return None


def _unpacked(packed: bytes) -> Array:
    """The scores (E + 1, 4) of a run; raises ValueError, TypeError or zlib.error."""
    unpacking = zlib.decompressobj()
    content = unpacking.decompress(packed, _MOST_SCORES)
    if not (content and unpacking.eof):
        raise ValueError
    return np.frombuffer(content).reshape(len(COLUMNS), -1).T


def _row_of(member: Member, upload: Upload | None) -> dict[str, Any]:
    """A row of the table of runs."""
    config, scores, data = member.config, member.scores, digest_of(upload)
    determined = not (member.unfinished or member.schedule.changes or member.imported)
    weights = "" if determined else hashlib.sha256(member.theta.tobytes()).hexdigest()[:32]
    row: dict[str, Any] = {
        "key": key_of(config, data, weights),
        "family": key_of(replace(config, seed=0), data, weights), "digest": data,
        "settings": json.dumps(config.as_dict(), separators=(",", ":")), "seed": config.seed,
        "data": upload.train.name if upload else "", "state": member.ending,
        "problem": member.problem, "link": member.link, "reached": max(0, len(scores) - 1),
        "seconds": member.seconds, "version": __version__, "ended": time.time(),
        "learned_epoch": None, "small": b"",
    }  # fmt: skip
    for name, column in zip(COLUMNS, scores.T, strict=True) if len(scores) else ():
        # SQLite stores NaN as NULL, but not infinity in every tool that reads it.
        known = column[np.isfinite(column)]
        row[name] = float(column[-1]) if np.isfinite(column[-1]) else None
        best = np.min if name.endswith("loss") else np.max
        row[f"best_{name}"] = float(best(known)) if len(known) else None
    if len(scores):
        right = np.flatnonzero(member.column("train_metric") >= 1)
        row["learned_epoch"] = int(right[0]) if len(right) else None
        tested = member.column("test_metric")
        curve = member.column("train_metric") if np.isnan(tested).all() else tested
        picked = np.linspace(0, len(curve) - 1, min(_SMALL, len(curve))).round().astype(int)
        row["small"] = curve[picked].astype(np.float32).tobytes()
    return row
