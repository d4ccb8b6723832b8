"""Files that grow: whole snapshots only, after every crash, and what no recording is."""

import gc
import io
import json
import os
import zipfile
from contextlib import suppress
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.cli.checks import NetworkChecks
from rnnviz.config import RunConfig
from rnnviz.files import recording_file
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.opened import session_of
from rnnviz.files.output import records
from rnnviz.files.recording_file import (
    RecordingFile,
    RecordingWriter,
    is_recording,
    open_recording,
    recording_session,
)
from rnnviz.files.run_file import run_file
from rnnviz.files.tensor_file import TensorFile
from rnnviz.probe.epoch_series import Record
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.run.schedule import Position
from rnnviz.run.weight_edits import silence
from rnnviz.tasks.dataset import Dataset, Guess
from tests.unit.files.recordings import HIDDEN, PROBE, Loop, arrays

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
    with pytest.raises(TransferError, match="belongs to another step"):
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
        ({"format": "zip"}, "this is not a recording"),
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
    with pytest.raises(TransferError, match="no complete recording"):
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


# Recordings as sessions: positions are the snapshots, which follow as the file grows


@pytest.fixture
def loop(tmp_path):
    return Loop(tmp_path / "run.rnnviz").record(0, 10, 20, 30)


@pytest.fixture
def session(loop):
    """A recording that is complete."""
    return open_recording(loop.close())


def follow(session):
    """What the page does twice a second."""
    session.player.look()
    while session.player.behind:
        session.player.grow(0.0)


def shown(session):
    return session.player.position.epoch, session.state.epoch


# What is shown


def test_the_last_snapshot_is_shown_first(session):
    assert shown(session) == (30, 30)
    expected = arrays(30)["readout.weight"]
    assert session.state.parameters.W_hy.tobytes() == expected.tobytes()
    assert session.run.stored == session.run.history.epochs.tolist() == [0, 10, 20, 30]
    assert session.unit == "step"
    assert "4 snapshots up to step 30" in session.player.message


@pytest.mark.parametrize(
    ("asked", "found"), [(0, 0), (4, 0), (6, 10), (10, 10), (24, 20), (26, 30), (30, 30), (99, 30)]
)
def test_between_snapshots_the_nearest_is_shown(asked, found, session):
    session.player.go_to(Position(asked))
    assert shown(session) == (found, found)
    expected = arrays(found)["readout.weight"]
    assert session.state.parameters.W_hy.tobytes() == expected.tobytes()
    assert (session.player.shown is None) == (found == 30)


def test_the_same_position_is_the_same_state(session):
    session.player.go_to(Position(10))
    assert session.state is session.state


@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_what_is_measured_is_measured_on_the_network_of_the_step(cell, tmp_path):
    loop = Loop(tmp_path / "run.rnnviz", layers=2, cell=cell).record(0, 10, 20)
    session = open_recording(loop.close())
    session.player.go_to(Position(10))
    probe, row = session.inspect("i am not bad"), session.run.history.row(10)
    for check in NetworkChecks(session.state.parameters, probe.example, session.dataset, 0):
        assert not check.failed, check.what
    losses = [
        -np.log(session.inspect(text).trace.probs[-1][session.dataset.classes.index(label)])
        for text, label in PROBE
    ]
    assert row["train_loss"] == pytest.approx(np.mean(losses))
    assert (row["test_loss"], row["test_metric"]) == (2 / 11, 0.1)


def test_the_labs_over_the_steps_have_the_snapshots(session):
    probe, query = session.inspect(), session.gradient_query()
    while spend(1.0, session.memory.develop(session.run, query)):
        pass
    gauge, flows = session.memory.past(session.run, query, 0.0)
    assert gauge.epochs.tolist() == flows.epochs.tolist() == [0, 10, 20, 30]
    assert len(flows.norms[0]) == len(probe.words)
    assert [row["step"] for row in records(session)["epochs"]] == [0, 10, 20, 30]


def test_a_unit_can_be_silenced_in_a_copy(session):
    session.units.add(silence(1, 2))
    preview = session.units.preview(session.state, session.run)
    assert preview.before[0].loss == session.run.history.row(30)["train_loss"]
    assert preview.after[0].loss != preview.before[0].loss


def test_without_labels_nothing_is_measured_and_the_answers_are_the_targets(tmp_path):
    loop = Loop(tmp_path / "run.rnnviz", examples=["i am", "good"]).record(0, 10)
    session = open_recording(loop.close())
    assert np.isnan(session.run.history.column("train_loss")).all()
    for example in session.dataset.train:
        answer = session.inspect(example.text).trace.probs[-1].argmax()
        assert answer == example.target
    for step in (0, 10):
        session.player.go_to(Position(step))
        assert session.story.chapter == "Opened"


def test_what_can_be_guessed_without_a_mistake_has_its_story(tmp_path, monkeypatch):
    """As the only example of a network of values can."""
    monkeypatch.setattr(Dataset, "guess", Guess(np.ones(1), 0.0, "the mean", "nats"))
    session = open_recording(Loop(tmp_path / "run.rnnviz").record(0, 10).close())
    assert "No better than guessing" in session.story.sentence


def test_the_content_of_a_file_is_a_recording_too(loop):
    content = loop.close().read_bytes()
    session = recording_session("dropped.rnnviz", None, content)
    assert session.run.stored == [0, 10, 20, 30]


# While it grows


def test_who_is_at_the_end_stays_there_and_who_looks_back_stays_where_he_is(loop):
    session, other = open_recording(loop.path), open_recording(loop.path)
    other.player.go_to(Position(10))
    loop.record(40, 50)
    for one in (session, other):
        assert one.player.growing
        follow(one)
        assert one.run.history.epochs.tolist() == [0, 10, 20, 30, 40, 50]
    assert shown(session) == (50, 50)
    assert "up to step 50" in session.player.message
    assert shown(other) == (10, 10)
    assert other.player.progress == "10"
    loop.close()
    follow(session)
    assert not session.player.growing
    assert session.player.condition == "Recording"
    assert "follows" not in session.player.message


def test_what_was_measured_stays_measured(loop):
    session = open_recording(loop.path)
    query = session.gradient_query()
    while spend(1.0, session.memory.develop(session.run, query)):
        pass
    loop.record(40)
    follow(session)
    evaluated = []
    session.memory._evaluate = lambda query: evaluated.append(query.state.epoch)
    spend(0.0, session.memory.develop(session.run, session.gradient_query()))
    session.memory._half_lives[40] = ()
    assert session.memory._half_lives.keys() == {0, 10, 20, 30, 40}
    assert {*evaluated} <= {40}


def test_a_snapshot_that_the_writer_dropped_is_no_longer_offered(tmp_path):
    loop = Loop(tmp_path / "run.rnnviz").record(0, 10, 20, 30, 40)
    session = open_recording(loop.path)
    session.player.go_to(Position(10))
    loop.writer._most = 1
    loop.record(50)
    assert loop.writer.stride > 10
    follow(session)
    assert shown(session) == (10, 10)
    session.player.go_to(Position(30))
    assert session.player.position.epoch in session.run.stored
    assert session.state.epoch == session.player.position.epoch != 30
    assert session.run.history.epochs.tolist() == [0, 10, 20, 30, 40, 50]


def test_a_snapshot_that_goes_before_it_is_read_is_passed_over(loop):
    """Between two looks the file may be written anew."""
    session = open_recording(loop.path)
    loop.writer._most = 1
    loop.record(40)
    session.player.go_to(Position(10))
    assert session.state.epoch != 10
    expected = arrays(session.state.epoch)["readout.weight"]
    assert session.state.parameters.W_hy.tobytes() == expected.tobytes()


@pytest.mark.parametrize("gone", ["deleted", "another"])
def test_a_file_that_is_gone_leaves_what_is_in_memory(gone, loop):
    session = open_recording(loop.path)
    session.player.go_to(Position(20))
    known = session.state.parameters.theta.tobytes()
    loop.path.unlink()
    if gone == "another":
        Loop(loop.path, number="2").record(0, 10, 20, 30, 40)
    follow(session)
    assert not session.player.growing
    assert session.state.parameters.theta.tobytes() == known
    session.player.back_to_now()
    assert shown(session) == (30, 30)
    said = "reload this page" if gone == "another" else "can't be followed any more"
    assert said in session.player.message
    session.player.go_to(Position(0))
    assert session.state.epoch == session.player.position.epoch == 20


def _another(loop):
    """The training script starts again, with a longer header."""
    loop.path.unlink()
    Loop(loop.path, number="12").record(0, 10, 20)


@pytest.mark.parametrize("action", ["go_to", "play"])
@pytest.mark.parametrize(
    "change",
    [
        _another,
        lambda loop: loop.path.write_bytes(loop.path.read_bytes()[:50]),
        lambda loop: loop.path.write_bytes(b""),
        lambda loop: loop.path.write_bytes(b"no zip " * 1_000),
    ],
    ids=["another", "cut", "empty", "other bytes"],
)
def test_a_file_that_changes_between_two_looks_leaves_what_is_in_memory(change, action, loop):
    session = open_recording(loop.path)
    change(loop)
    if action == "go_to":
        session.player.go_to(Position(10))
    else:
        session.player.play()
        session.player.tick(1.0)
    assert not session.player.behind
    assert session.state.epoch == 30
    follow(session)
    assert not session.player.growing
    assert "This recording is no longer in the file" in session.player.message


def test_who_looks_back_is_told_that_another_recording_is_there(loop):
    session = open_recording(loop.path)
    session.player.go_to(Position(10))
    assert session.state.epoch == 10
    _another(loop)
    follow(session)
    assert shown(session)[0] == 10
    assert "This recording is no longer in the file" in session.player.message


def test_a_snapshot_that_is_dropped_before_it_is_taken_over_ends_nothing(loop):
    session = open_recording(loop.path)
    loop.record(40, 50, 60)
    assert session.player.look()
    loop.writer._most = 1
    loop.record(80)
    assert 50 not in RecordingFile(loop.path).steps
    session.player.grow(60.0)
    follow(session)
    assert session.player.growing
    assert session.run.history.epochs[-1] == 80


# Play, and what a recording can't do


def test_play_walks_over_the_snapshots_and_ends_with_a_sentence(session):
    player, walked = session.player, []
    player.play()
    while player.running:
        walked.append(player.position.epoch)
        player.tick(1.0)
    assert walked == [0, 10, 20]
    assert shown(session) == (30, 30)
    assert "This is a recording" in player.message


def test_the_next_snapshot(session):
    session.player.go_to(Position(10))
    session.player.step_epoch()
    assert shown(session) == (20, 20)
    session.player.step_epoch()
    session.player.step_epoch()
    assert shown(session) == (30, 30)
    assert "This is the last snapshot" in session.player.message


@pytest.mark.parametrize(
    "action",
    [
        lambda s: s.player.advance(3),
        lambda s: s.player.branch(),
        lambda s: s.player.branch_with([silence(1, 0)]),
        lambda s: s.configure(RunConfig(cell="gru")),
        lambda s: s.configure(RunConfig(layers=3)),
        lambda s: s.use("h = tanh(W @ x + U @ h + b)"),
    ],
)
def test_what_a_recording_can_not_do_gets_a_sentence(action, session):
    session.player.go_to(Position(10))
    action(session)
    assert "a recording of another program" in session.player.message
    assert shown(session) == (10, 10)
    assert session.run.stored == [0, 10, 20, 30]
    assert session.layer == session.config.layers - 1
    assert not session.player.running


def test_a_link_leads_to_no_recording_and_out_of_none(session):
    assert session.link().to_query() == {}
    session.follow(session.link())
    assert shown(session) == (30, 30)


# What is refused


def nested(depth):
    """Lists in lists."""
    return reduce(lambda inner, _: [inner], range(depth), [])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cell": "mgu"}, "The cell 'mgu' is not"),
        ({"cell": 3}, "The cell '3' is not"),
        ({"cell": "gru"}, "has the shape"),
        ({"activation": "no"}, "The activation 'no' is not"),
        ({"vocabulary": ["a", "b"], "examples": []}, "The network has 7 words, and 2 are given"),
        ({"vocabulary": 5}, "has no vocabulary"),
        ({"vocabulary": [nested(500), "a", "b"]}, "has no vocabulary"),
        ({"classes": [nested(500), "a", "b"]}, "has no classes"),
        ({"examples": [[nested(500), "a"]]}, "has no examples"),
        ({"classes": ["a"]}, "at least two classes"),
        ({"examples": [[1, 2]]}, "is not an example"),
        ({"examples": [["i am", "sad"]]}, "unknown label 'sad'"),
        ({"examples": {}}, "has no examples"),
        ({"reads": "never"}, "it is last or every"),
    ],
)
def test_what_does_not_fit_together_gets_a_sentence(changed, said, tmp_path):
    path = Loop(tmp_path / "run.rnnviz", **changed).record(0).close()
    with pytest.raises(TransferError, match=r"run\.rnnviz: ") as raised:
        open_recording(path)
    assert said in str(raised.value)


def test_a_large_header_is_parsed_once(tmp_path, monkeypatch):
    content = Loop(tmp_path / "run.rnnviz").record(0).close().read_bytes()
    read, parsed = [], recording_file.parsed
    monkeypatch.setattr(recording_file, "parsed", lambda *a: read.append(a) or parsed(*a))
    assert session_of(content, "run.rnnviz").player.recorded
    assert len(read) == 1


@pytest.mark.parametrize("stored", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_run_is_no_recording_however_it_is_packed(stored):
    file, packed = io.BytesIO(run_file(Session(RunConfig(hidden=2)))), io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(packed, "w", stored) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert not is_recording(packed)
    assert not session_of(packed.getvalue(), "run.rnnviz").player.recorded


def test_a_file_without_a_snapshot_gets_a_sentence(tmp_path):
    path = Loop(tmp_path / "run.rnnviz").close()
    with pytest.raises(TransferError, match="no complete snapshot"):
        open_recording(path)


def test_another_network_in_the_middle_ends_what_is_shown(tmp_path):
    loop = Loop(tmp_path / "run.rnnviz").record(0, 10).record(20, hidden=HIDDEN + 1).record(30)
    session = open_recording(loop.close())
    assert session.run.stored == [0, 10]
    assert "Step 20 and later ones can't be shown" in session.player.message


def test_weights_of_another_kind_get_a_sentence(tmp_path):
    loop = Loop(tmp_path / "run.rnnviz")
    loop.writer.add(0, TensorFile({**arrays(0), "extra": np.zeros(3)}, {"step": "0"}))
    with pytest.raises(TransferError, match="extra is not part of"):
        open_recording(loop.close())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of Unix")
def test_a_named_pipe_instead_of_the_file_is_not_waited_for(tmp_path):
    path = tmp_path / "run.rnnviz"
    session = open_recording(Loop(path).record(0, 10).close())
    path.unlink()
    os.mkfifo(path)
    session.player.look()
    with pytest.raises(TransferError, match="not a file any more"):
        open_recording(path)


@pytest.mark.parametrize("gone", ["dropped", "deleted"])
def test_a_snapshot_that_is_gone_when_it_is_measured_is_left_out(gone, tmp_path):
    rng = np.random.default_rng(0)
    shapes = {
        "weight_ih_l0": (12, 5), "weight_hh_l0": (12, 4), "bias_ih_l0": 12, "bias_hh_l0": 12,
        "readout.weight": (2, 4), "readout.bias": 2,
    }  # fmt: skip
    arrays = {name: rng.normal(size=shape).astype("f4") for name, shape in shapes.items()}
    header = {
        "cell": "gru", "activation": "tanh", "vocabulary": ["bad", "good", "not", "very", "is"],
        "classes": ["neg", "pos"], "examples": [["not bad", "pos"], ["bad", "neg"]],
        "reads": "last", "name": "Net", "checked": True,
    }  # fmt: skip
    path = tmp_path / "run.rnnviz"
    size = len(TensorFile(arrays, {"step": "000"}).content())
    writer = RecordingWriter(path, header, 10, int(size * 8.5))
    for step in range(10, 90, 10):
        writer.add(step, TensorFile(arrays, {"step": str(step)}))
    session = open_recording(path)
    stored = session.run.stored
    if gone == "deleted":
        path.unlink()
    else:  # There is room for eight.
        writer.add(90, TensorFile(arrays, {"step": "90"}))
    query = session.gradient_query()
    for _ in session.memory.develop(session.run, query):
        pass
    gauge, flows = session.memory.past(session.run, query, 1.0)
    assert set(flows.epochs.tolist()) < set(stored)
    assert np.isnan(gauge.half_life[~np.isin(gauge.epochs, flows.epochs)]).all()
    record = Record(lambda query: query.state.epoch)
    series = record.series(session.run, query)
    assert series.epochs.tolist() == [*series.rows]
