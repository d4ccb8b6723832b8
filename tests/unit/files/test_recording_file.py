"""Files that grow: whole snapshots only, after every crash, and what no recording is."""

import gc
import json
import os
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.files import recording_file
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.recording_file import RecordingFile, RecordingWriter
from rnnviz.files.tensor_file import TensorFile

SIZE = 40


def snapshot(step):
    return TensorFile({"W": np.full(SIZE, float(step))}, {"step": str(step)})


def writer(path, *steps, stride=1, most=10**9, number="1"):
    made = RecordingWriter(path, {"number": number}, stride, most)
    for step in steps:
        made.add(step, snapshot(step))
    return made


def whole(file, steps):
    """Whether these steps are there, and each with its own weights."""
    return file.steps == steps and all((file.read(s).tensors["W"] == s).all() for s in steps)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.rnnviz"


def test_every_snapshot_is_there_as_soon_as_it_is_written(path):
    made = writer(path, 0)
    file = RecordingFile(path)
    assert not file.closed
    for step in range(10, 50, 10):
        made.add(step, snapshot(step))
        assert file.look()
        assert whole(file, [*range(0, step + 1, 10)])
        assert not file.closed
    made.close()
    assert file.look()
    assert file.closed
    assert whole(file, [0, 10, 20, 30, 40])


def test_a_closed_file_is_a_zip_for_everybody(path):
    writer(path, 0, 5).close()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert [*archive.namelist()] == [
            "run.json", "snapshots/0000000.safetensors", "snapshots/0000005.safetensors"
        ]  # fmt: skip
        said = json.loads(archive.read("run.json"))
    assert (said["format"], said["version"], said["kind"]) == ("rnnviz run", 1, "recording")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The content of a closed file, and where its snapshots end."""
    path, ends = tmp_path_factory.mktemp("cut") / "run.rnnviz", []
    made = writer(path)
    for step in range(4):
        made.add(step, snapshot(step))
        ends.append(path.stat().st_size)
    made.close()
    return path.read_bytes(), ends


@given(data=st.data())
def test_a_file_that_is_cut_off_has_its_whole_snapshots(data, written):
    content, ends = written
    length = data.draw(st.integers(0, len(content)))
    head = ends[0] - (ends[1] - ends[0])
    if length < head:
        with pytest.raises(TransferError):
            RecordingFile(None, content[:length])
        return
    file = RecordingFile(None, content[:length])
    assert whole(file, [step for step, end in enumerate(ends) if end <= length])


@given(data=st.data())
def test_a_damaged_byte_costs_what_follows_and_gives_no_wrong_weights(data, written):
    content, ends = written
    place = data.draw(st.integers(0, len(content) - 1))
    bit = data.draw(st.integers(0, 7))
    damaged = bytearray(content)
    damaged[place] ^= 1 << bit
    try:
        file = RecordingFile(None, bytes(damaged))
    except TransferError:
        return
    before = [step for step, end in enumerate(ends) if end <= place]
    assert file.steps[: len(before)] == before
    for step in file.steps:
        with suppress(TransferError):  # Its name may be damaged, too.
            assert (file.read(step).tensors["W"] == step).all()


def test_a_snapshot_under_the_name_of_another_step_is_not_read(written):
    content, _ = written
    file = RecordingFile(None, content.replace(b"snapshots/0000003", b"snapshots/0000009", 1))
    assert file.steps == [0, 1, 2, 9]
    with pytest.raises(TransferError, match="it is another step"):
        file.read(9)


@given(content=st.binary(max_size=200))
def test_other_bytes_get_a_sentence(content):
    for given_bytes in (content, b"PK\x03\x04" + content):
        with pytest.raises(TransferError):
            RecordingFile(None, given_bytes)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "run"}, "it is a 'run', not a recording"),
        ({"version": 2}, "the version 2"),
        ({"format": "zip"}, "this is no recording"),
        ({"examples": [[]] * 500_000}, "more than 500,000 lists"),
    ],
)
def test_other_kinds_get_a_sentence(path, changed, said):
    header = {"format": "rnnviz run", "version": 1, "kind": "recording", **changed}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("run.json", json.dumps(header))
    with pytest.raises(TransferError, match=said):
        RecordingFile(path)


@pytest.mark.parametrize(
    "names",
    [
        ["data.json"],
        ["snapshots/1.safetensors"],
        ["snapshots/0000002.safetensors", "snapshots/0000001.safetensors"],
        ["snapshots/0000001.safetensors", "snapshots/../../etc"],
    ],
)
def test_other_parts_get_a_sentence(path, names):
    header = {"format": "rnnviz run", "version": 1, "kind": "recording"}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("run.json", json.dumps(header))
        for name in names:
            archive.writestr(name, "x")
    with pytest.raises(TransferError, match="which no recording has here"):
        RecordingFile(path)


def test_what_is_packed_is_not_read(path):
    """So there is nothing small that gets large."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run.json", json.dumps({"format": "rnnviz run", "x": "0" * 10**6}))
    with pytest.raises(TransferError, match="no whole recording"):
        RecordingFile(path)


def test_what_stands_before_the_snapshots_is_not_written_if_it_could_not_be_read(path, monkeypatch):
    """What is in the file stays there."""
    monkeypatch.setattr(recording_file, "_MOST_HEADER", 1_000_000)
    writer(path, 0, number="x" * 900_000).close()
    assert RecordingFile(path).steps == [0]
    before = path.read_bytes()
    with pytest.raises(TransferError, match=r"1 MB are the most.*Give fewer probe examples\.$"):
        writer(path, 0, number="x" * 1_000_001)
    assert path.read_bytes() == before


# A file that is full


def test_a_full_file_drops_every_other_snapshot(path):
    """Whoever follows it has the right weights all along."""
    size = len(snapshot(0).content())
    made = writer(path, 0, stride=5, most=10 * size)
    file, step = RecordingFile(path), 5
    for _ in range(40):
        made.add(step, snapshot(step))
        assert file.look()
        assert whole(file, file.steps)
        assert file.steps[:-1] == [*range(0, step, made.stride)]
        assert path.stat().st_size < 14 * size
        step = (step // made.stride + 1) * made.stride
    assert made.stride >= 40
    made.close()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


def test_a_snapshot_that_was_dropped_meanwhile_gets_a_sentence(path):
    size = len(snapshot(0).content())
    made = writer(path, 0, 1, 2, 3, most=4.5 * size)
    file = RecordingFile(path)
    made.add(4, snapshot(4))
    assert (file.read(2).tensors["W"] == 2).all()
    with pytest.raises(TransferError, match="step 1 is no longer in the file"):
        file.read(1)


def test_there_are_never_too_many(path, monkeypatch):
    monkeypatch.setattr(recording_file, "MOST_SNAPSHOTS", 40)
    made, step = writer(path), 0
    for _ in range(60):
        made.add(step, snapshot(step))
        step += made.stride
    assert len(RecordingFile(path).steps) <= 10


# Another file in its place


@pytest.mark.parametrize("steps", [(0,), (0, 1, 2), (0, 1, 2, 3, 4)])
def test_another_recording_in_its_place_is_not_taken_for_it(path, steps):
    writer(path, 0, 1, 2).close()
    file = RecordingFile(path)
    writer(path, *steps, number="2").close()
    assert not file.look()
    assert file.steps == []


def test_a_file_that_is_gone_gets_a_sentence(path):
    writer(path, 0).close()
    file = RecordingFile(path)
    path.unlink()
    with pytest.raises(TransferError, match="can't be read"):
        file.look()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the limit is that of a process")
@pytest.mark.parametrize("room", [100, 1_000, 3_000])
def test_a_full_disk_costs_what_no_longer_fits_and_nothing_else(path, room, capfd):
    """A limit on the size of files stands for the disk. Nothing is said but by the exception."""
    import resource  # noqa: PLC0415

    writer(path, 7).close()
    if (child := os.fork()) == 0:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
            writer(path, *range(20), number="2")
        except OSError as problem:
            gc.collect()
            os._exit(7 if problem.filename == str(path) else 8)
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert capfd.readouterr() == ("", "")
    assert [*path.parent.iterdir()] == [path]
    file = RecordingFile(path)
    steps = [7] if file.header["number"] == "1" else [*range(len(file.steps))]
    assert whole(file, steps)
    assert (file.header["number"] == "1") == (room < 1_000)
