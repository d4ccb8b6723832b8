"""The file of runs: whole, exact, shared by writers, and refused in a sentence."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import zlib
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.run.schedule import Change, Position, Schedule
from rnnviz.sweeps import store as module
from rnnviz.sweeps.members import Member, failed
from rnnviz.sweeps.run_table import run_table
from rnnviz.sweeps.store import Store, StoreError, default_path, digest_of, key_of
from rnnviz.tasks.upload import File, Upload

CONFIG = RunConfig(epochs=2)
SCORES = np.array([[0.7, 0.5, 0.8, 0.4], [0.6, 1.0, 0.7, 0.9], [0.65, 0.9, 0.9, 0.6]])


def member(config=CONFIG, scores=SCORES, **more):
    return Member(Schedule(config), scores, np.arange(3.0), **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.sqlite"


@contextmanager
def opened(path, **options):
    with closing(Store(path, **options)) as store:
        yield store


def test_a_run_is_read_back_to_the_last_bit(path):
    scores = np.random.default_rng(0).random((1001, 4))
    scores[:, 2:] = np.nan
    with opened(path) as store:
        store.add(member(replace(CONFIG, dtype="float32"), scores, link="lr=1"), weights=True)
        store.add(member())
    with opened(path, readonly=True) as store:
        (row, _), key = store.rows(), key_of(replace(CONFIG, dtype="float32"))
        assert store.curves([key])[key].tobytes() == scores.tobytes()
        assert store.weights(key).dtype == np.float32 and store.weights(key_of(CONFIG)) is None
    assert (row["key"], row["link"], row["reached"]) == (key, "lr=1", 1000)
    assert row["test_loss"] is None and row["train_loss"] == scores[-1, 0]
    assert np.frombuffer(row["small"], np.float32).size == 32


def test_a_row_has_the_last_and_the_best_scores_and_when_it_learned(path):
    with opened(path) as store:
        store.add(member())
        store.add(member(replace(CONFIG, seed=1), SCORES[:1], diverged=True))
        store.add(failed(Schedule(replace(CONFIG, seed=2)), "No."))
        learned, diverged, broken = store.rows()
    assert (learned["learned_epoch"], learned["state"]) == (1, "finished")
    assert (learned["test_metric"], learned["best_test_metric"]) == (0.6, 0.9)
    assert (learned["test_loss"], learned["best_test_loss"]) == (0.9, 0.7)
    assert (diverged["state"], diverged["learned_epoch"], diverged["reached"]) == (
        "diverged", None, 0,
    )  # fmt: skip
    assert (broken["state"], broken["problem"], broken["train_loss"]) == ("failed", "No.", None)
    assert learned["family"] == diverged["family"] == broken["family"]


def test_a_run_is_stored_once_and_only_one_that_failed_is_replaced(path):
    with opened(path) as store:
        store.add(failed(Schedule(CONFIG), "No."))
        assert store.done() == set()
        store.add(member(seconds=1))
        store.add(member(seconds=2))
        store.add(failed(Schedule(CONFIG), "No."))
        assert [row["seconds"] for row in store.rows()] == [1]
        assert store.done() == {key_of(CONFIG)}


def test_a_run_takes_the_last_note_and_a_note_is_a_change(path):
    with opened(path) as store:
        store.add(member(), note="first")
        before = store.latest()
        store.add(member(), note="second")
        store.add(member())
        assert [row["note"] for row in store.rows()] == ["second"] and store.latest() != before


def test_a_run_that_its_settings_do_not_determine_is_another_one_and_not_done(path):
    changed = Schedule(CONFIG, (Change(Position(1), "lr", 0.5),))
    with opened(path) as store:
        store.add(member(unfinished=True))
        store.add(Member(changed, SCORES, np.arange(4.0)))
        store.add(member(imported=True))
        assert key_of(CONFIG) not in store.done()
        assert [row["state"] for row in store.rows()] == ["unfinished", "finished"]
        store.add(member())
        assert len({row["family"] for row in store.rows()}) == 3


def test_a_file_of_the_first_version_is_read_and_takes_notes(path):
    with opened(path) as store:
        store.add(member())
    with closing(sqlite3.connect(path)) as file:
        for name in ("note", "digest"):
            file.execute(f"ALTER TABLE run DROP COLUMN {name}")
        file.execute("PRAGMA user_version = 1")
    with opened(path, readonly=True) as store:
        assert run_table(store)[["note", "digest"]].to_numpy().tolist() == [["", ""]]
    for note in ("old", "older"):
        with opened(path) as store:
            store.add(member(), note=note)
            assert [row["note"] for row in store.rows()] == [note]


def test_the_key_is_of_what_differs_from_the_defaults_and_of_the_data():
    data = Upload(File("sky.csv", b"text,label\nwarm,good\ncold,bad\n"))
    assert key_of(RunConfig()) == key_of(RunConfig(lr=0.02))
    keys = {key_of(RunConfig()), key_of(RunConfig(seed=1)), key_of(RunConfig(), digest_of(data))}
    assert len(keys) == 3
    assert (
        digest_of(data)
        == digest_of(replace(data, seed=5))
        != digest_of(replace(data, test_share=0.5))
    )


def test_a_deleted_run_is_gone_with_its_curve_and_its_space(path):
    with opened(path) as store:
        for seed in range(20):
            scores = np.random.default_rng(seed).random((2001, 4))
            store.add(member(replace(CONFIG, seed=seed), scores), weights=True)
        store.delete([row["key"] for row in store.rows()][1:])
        assert len(store.rows()) == 1 and len(store.curves([key_of(CONFIG)])) == 1
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM curve").fetchone() == (1,)
    assert path.stat().st_size < 200_000


def test_sweeps_are_noted_with_what_they_have_stored(path):
    with opened(path) as store:
        first = store.begin("--lr 0.1", 3)
        store.add(member(), first)
        store.end(first, "stopped")
        store.begin("--lr 0.2", 2)
        latest, earlier = store.sweeps()
    assert (latest["line"], latest["state"], latest["stored"]) == ("--lr 0.2", "running", 0)
    assert (earlier["state"], earlier["stored"], earlier["total"]) == ("stopped", 1, 3)


_WRITER = """
import sys
from pathlib import Path
import numpy as np
from rnnviz.config import RunConfig
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.members import Member
from rnnviz.sweeps.store import Store
print("ready", flush=True)
sys.stdin.readline()
store = Store(Path(sys.argv[1]))
for seed in range(int(sys.argv[2]), int(sys.argv[2]) + 40):
    store.add(Member(Schedule(RunConfig(seed=seed)), np.random.random((31, 4)), np.zeros(1)))
"""


def test_four_writers_that_begin_at_once_lose_nothing(path):
    command = [sys.executable, "-c", _WRITER, str(path)]
    writers = [
        subprocess.Popen(
            [*command, str(1000 * k)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8",
        )
        for k in range(4)
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        assert writer.communicate(timeout=120)[1] == "" and writer.returncode == 0
    with opened(path, readonly=True) as store:
        assert len(store.rows()) == 160


# Files that can't be used


def test_the_file_is_for_its_user_alone(path, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    own = default_path()
    assert tmp_path in own.parents
    Store(own).close()
    if os.name == "posix":
        assert stat.S_IMODE(own.stat().st_mode) == 0o600
        assert stat.S_IMODE(own.parent.stat().st_mode) == 0o700
    assert not path.exists()


def foreign(path):
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE run (id INTEGER)")


def newer(path):
    Store(path).close()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("PRAGMA user_version = 99")


def with_a_view(path):
    Store(path).close()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE VIEW other AS SELECT * FROM run")


def with_a_computed_column(path):
    """Its text is not in the file, and can have any length."""
    Store(path).close()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("ALTER TABLE run DROP COLUMN problem")
        file.execute("ALTER TABLE run ADD problem TEXT AS (hex(zeroblob(9))) VIRTUAL")


def misspelled(path):
    """One byte of the schema is no letter any more."""
    with opened(path) as store:
        store.add(member())
    content = path.read_bytes()
    assert b"CREATE TABLE run" in content
    path.write_bytes(content.replace(b"CREATE TABLE run", b"CREATE TABLE r\xffn"))


def damaged(path):
    with opened(path) as store:
        for seed in range(50):
            store.add(member(replace(CONFIG, seed=seed)))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda path: path.write_bytes(os.urandom(5000)),
            "not a database of runs. Move it away, or name another file",
        ),
        (foreign, "another program. Move it away"),
        (newer, "a newer rnnviz"),
        (damaged, "damaged"),
        (with_a_view, "damaged"),
        (with_a_computed_column, "damaged"),
        (misspelled, "damaged"),
        (lambda path: None, "can't be opened"),
        (lambda path: path.mkdir(), "it is not a file"),
    ],
)
@pytest.mark.parametrize("readonly", [False, True])
def test_a_file_that_can_not_be_used_gets_a_sentence_that_names_it(path, make, said, readonly):
    make(path)
    if not path.exists() and not readonly:
        pytest.skip("it is made")
    with pytest.raises(StoreError, match=said) as problem, opened(path, readonly=readonly) as store:
        store.rows()
    assert str(path) in str(problem.value) and "\n" not in str(problem.value)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run SET train_loss = 'much'", "UPDATE run SET key = x'00'",
        "UPDATE run SET reached = 1.5", "UPDATE run SET state = 'lost'",
        "UPDATE run SET settings = '{'", "UPDATE run SET settings = '[]'",
        "UPDATE run SET settings = '{},{}'", "UPDATE run SET settings = '{\"lr\": \"0.1\"}'",
        "UPDATE run SET settings = '{\"task\": [1]}'", "UPDATE run SET settings = '{\"lr\": 1e9}'",
        "UPDATE run SET small = x'00'", "UPDATE curve SET scores = x'00'",
        "UPDATE curve SET scores = 'none'", "UPDATE weights SET theta = x'00'",
        "UPDATE sweep SET total = 'many'", "ALTER TABLE run RENAME COLUMN link TO address",
        "DROP TABLE sweep", f"UPDATE run SET settings = '{'[' * 200_000}'",
        "UPDATE run SET note = hex(zeroblob(500001))", "UPDATE sweep SET line = zeroblob(2000000)",
    ],
    ids=lambda statement: statement[:60],
)  # fmt: skip
def test_content_that_no_rnnviz_has_written_gets_a_sentence(path, statement):
    with opened(path) as store:
        store.begin("--lr 0.1", 1)
        store.add(member(), weights=True)
        (row,) = store.rows()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(statement)
    with (
        opened(path, readonly=True) as store,
        pytest.raises(StoreError, match="damaged") as problem,
    ):
        run_table(store), store.sweeps(), store.curves([row["key"]]), store.weights(row["key"])
    assert str(path) in str(problem.value)


def test_many_runs_are_read_in_pieces_so_that_other_threads_go_on(path, monkeypatch):
    with opened(path) as store:
        store.add(member())
    with closing(sqlite3.connect(path)) as file, file:
        columns = [name for _, name, *_ in file.execute("PRAGMA table_info(run)") if name != "id"]
        kept = ", ".join(name for name in columns if name != "key")
        numbers = "WITH k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < 3000)"
        file.execute(f"INSERT INTO run (key, {kept}) {numbers} SELECT n, {kept} FROM run, k")
    sizes, loads = [], json.loads
    monkeypatch.setattr(json, "loads", lambda text: sizes.append(len(text)) or loads(text))
    with opened(path, readonly=True) as store:
        assert len(run_table(store)) == 3001
    assert 2 < len(sizes) < 100 and max(sizes) < 1_500_000


def test_a_small_file_of_runs_does_not_fill_the_memory(path):
    with opened(path) as store:
        store.add(member())
        (row,) = store.rows()
    with closing(sqlite3.connect(path)) as file, file:
        large = zlib.compress(bytes(64_000_000), 9)
        file.execute("UPDATE curve SET scores = ?", (large,))
    with opened(path, readonly=True) as store, pytest.raises(StoreError, match="damaged"):
        store.curves([row["key"]])


def test_another_writer_is_waited_for_and_then_there_is_a_sentence(path, monkeypatch):
    monkeypatch.setattr(module, "BUSY", 0.2)
    with opened(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program has held it"):
            store.add(member())
        other.execute("ROLLBACK")
        store.add(member())
        assert len(store.rows()) == 1


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 1 MB."""
    folder, mount = tmp_path / "disk", shutil.which("mount")
    folder.mkdir()
    command = [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not mount or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_what_is_stored_and_takes_more_when_there_is_room(small_disk):
    path, rng = small_disk / "runs.sqlite", np.random.default_rng(0)
    stored = 0
    with opened(path) as store:
        with pytest.raises(StoreError, match="disk is full"):
            for seed in range(200):
                store.add(member(replace(CONFIG, seed=seed), rng.random((1001, 4))))
                stored += 1
        assert len(store.rows()) == stored > 5
        assert len(store.curves([row["key"] for row in store.rows()])) == stored
        subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
        store.add(member(replace(CONFIG, seed=stored), rng.random((1001, 4))))
        assert len(store.rows()) == stored + 1


def test_a_file_on_a_read_only_disk_is_read_and_not_written(small_disk):
    path = small_disk / "runs.sqlite"
    with opened(path) as store:
        store.add(member())
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with opened(path, readonly=True) as store:
        assert len(store.rows()) == len(store.curves([key_of(CONFIG)])) == 1
    with pytest.raises(StoreError, match=": Read-only"):
        Store(path)
