"""Runs as files: one that is opened has the same past, byte for byte; damage is refused."""

import io
import json
import re
import tracemalloc
import zipfile
from dataclasses import replace

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rnnviz
from rnnviz.cells import cell_names
from rnnviz.config import OptimizerKind, RunConfig, TaskName
from rnnviz.engine.evaluation import Evaluator
from rnnviz.files import bounds as json_size
from rnnviz.files import run_archive
from rnnviz.files import run_file as module
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.opened import AwaitedRun
from rnnviz.files.run_file import DataMissingError, open_run, run_file, run_of, stored_run
from rnnviz.files.tensor_file import TensorFile
from rnnviz.run import snapshots
from rnnviz.run.checksum import Checksum, checksum_of, processor
from rnnviz.run.history import COLUMNS
from rnnviz.run.schedule import Position
from rnnviz.run.weight_edits import scale, set_weight, silence
from rnnviz.tasks.dataset import ACCURACY, table_of_dataset
from rnnviz.tasks.given_examples import GivenExamples, signature_of
from rnnviz.tasks.upload import File, Upload, with_columns
from tests.sampling import pairwise

OWN = "h = tanh(W_x @ x + 0.5 * h + U @ h + b)  # state"
CSV = b"text,label\nso warm,sunny\nso cold,rainy\nso mild,sunny\nso wet,rainy\n"
SKY = Upload(File("sky.csv", CSV), File("more.csv", b"text,label\nso warm,sunny\n"))
#: More than the few examples that are drawn by default.
MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)


def run_of_(epochs=3, **changed):
    changed = {"hidden": 4, "init_scale": 0.2, "epochs": max(9, epochs), **changed}
    session = rnnviz.Session(RunConfig(**changed))
    session.player.advance(epochs)
    return session


def again(session, own_data=False, **known):
    return run_of(run_file(session, own_data), "r.rnnviz", **known).session()


def every_byte(state):
    slots = state.slots
    arrays = [array.tobytes() for array in slots.arrays]
    return (
        state.epoch,
        state.offset,
        state.parameters.theta.tobytes(),
        slots.kind,
        slots.steps,
        arrays,
    )


def rows(history):
    return [history.column(name).tobytes() for name in COLUMNS]


def same(one, other):
    """Every position of the past, the scores, and where the run is looked at."""
    assert one.run.position == other.run.position
    assert one.run.schedule == other.run.schedule
    assert one.config == other.config
    assert rows(one.run.history) == rows(other.run.history)
    for epoch in range(one.run.position.epoch + 1):
        for offset in (0, one.run.batch):
            position = one.run.clamped(Position(epoch, offset))
            assert every_byte(one.run.at(position)) == every_byte(other.run.at(position))
    assert one.player.position == other.player.position
    assert one.phrase_input.phrase == other.phrase_input.phrase
    assert one.selection == other.selection


def train_on(*sessions):
    for session in sessions:
        session.player.back_to_now()
        session.player.advance(2)
    same(*sessions)


# What is the same again


@pairwise(cell=cell_names(), optimizer=OptimizerKind, layers=(1, 2))
def test_every_cell_and_optimizer_has_the_same_past_and_future(cell, optimizer, layers):
    own = {"equations": OWN} if cell == "own" else {}
    session = run_of_(cell=cell, optimizer=optimizer, layers=layers, lr=0.01, **own)
    opened = again(session)
    same(session, opened)
    train_on(session, opened)


@pytest.mark.parametrize("task", TaskName)
def test_every_task_has_the_same_past_and_future(task):
    session = run_of_(2, task=task, lag=4, seed=3, batch=3, dtype="float32", lr=0.003)
    opened = again(session)
    assert opened.data.given is None
    same(session, opened)
    train_on(session, opened)


def test_a_run_in_the_middle_of_an_epoch_with_changes_branch_and_edits():
    session = run_of_(4, batch=2)
    player = session.player
    session.configure(replace(session.config, lr=0.02))
    player.step_phrase()
    player.advance(2)
    player.go_to(Position(3))
    assert player.branch_with([silence(1, 2), scale(0.9), set_weight("W_hh", 0, 1, 0.25)])
    player.advance(2)
    player.step_phrase()
    player.go_to(Position(2, 6))
    session.ask("this is not bad")
    session.selection.unit, session.selection.token = 3, 1
    opened = again(session)
    same(session, opened)
    assert opened.player.progress == "2 + 6/58"
    old, ghost = session.player.ghost, opened.player.ghost
    assert (ghost.position, ghost.end, ghost.schedule) == (old.position, old.end, old.schedule)
    assert rows(ghost.history) == rows(old.history)
    train_on(session, opened)


def test_the_old_run_of_a_branch_at_the_start_keeps_its_settings():
    session = run_of_(4, lr=0.02)
    session.player.go_to(Position(0))
    session.player.branch()
    session.configure(replace(session.config, lr=0.1, optimizer="adam"))
    session.player.advance(2)
    opened = again(session)
    same(session, opened)
    old, ghost = session.player.ghost, opened.player.ghost
    assert (ghost.schedule.at(ghost.position).lr, rows(ghost.history)) == (0.02, rows(old.history))
    assert ghost.schedule.at(Position(3)) == old.schedule.at(Position(3))
    assert opened.link() == session.link()


@pytest.mark.parametrize("pinned", [None, Position(0), Position(1, 3)])
def test_the_epoch_that_is_compared_with_is_pinned_again(pinned):
    session = run_of_(2)
    if pinned:
        session.player.go_to(pinned)
        session.player.pin()
    session.player.back_to_now()
    opened = again(session)
    assert opened.player.pinned == pinned
    assert opened.link() == session.link()


def test_files_of_before_pin_no_epoch_and_no_file_pins_one_beyond_its_end(whole):
    members = unpacked(whole)
    said = json.loads(members["run.json"])
    del said["pinned"]
    members["run.json"] = json.dumps(said)
    assert run_of(packed(members), "r").session().player.pinned is None
    opened = run_of(with_run(whole, pinned="9"), "r").session()
    assert opened.player.pinned == opened.run.position


def test_a_long_run_keeps_the_snapshots_it_has(monkeypatch):
    monkeypatch.setattr(snapshots, "MOST_SNAPSHOTS", 4)
    session = run_of_(19)
    assert len([*session.run.checkpoint.states]) < 7
    same(session, again(session))


def test_so_many_snapshots_are_left_out_that_the_file_is_not_too_large(monkeypatch):
    session = run_of_(9)
    size = session.state.parameters.theta.nbytes
    monkeypatch.setattr(module, "MAX_SNAPSHOTS", 4 * size)
    content = run_file(session)
    stored = [name for name in unpacked(content) if name.startswith("snapshots")]
    assert [name[10:17] for name in stored] == ["0000001", "0000005", "0000009"]
    same(session, run_of(content, "r").session())
    monkeypatch.setattr(module, "MAX_RUN", 3 * size)
    with pytest.raises(TransferError, match="This run has more than"):
        run_file(session)


def test_equal_runs_are_equal_files_and_a_file_opened_is_the_same_file():
    session = run_of_()
    content = run_file(session)
    assert content == run_file(run_of_())
    assert content == run_file(run_of(content, "r").session())


def test_sessions_of_one_file_have_runs_of_their_own():
    stored = run_of(run_file(run_of_()), "r")
    one, other = stored.session(), stored.session()
    one.player.advance(2)
    assert (one.run.position.epoch, other.run.position.epoch) == (5, 3)
    assert len(other.run.history) == 4
    assert len(stored.session().run.history) == 4


def test_no_network_is_scored_that_the_one_in_the_file_replaces(monkeypatch):
    session = run_of_(0)
    session.load(SKY)
    session.player.advance(2)
    stored = run_of(run_file(session, own_data=True), "r.rnnviz")
    with monkeypatch.context() as unscored:
        unscored.setattr(Evaluator, "score", lambda *_: 1 / 0)
        opened = stored.session()
    same(session, opened)


def test_the_file_is_open_to_other_programs(tmp_path):
    session = run_of_(optimizer="adam")
    path = tmp_path / "run.rnnviz"
    path.write_bytes(run_file(session))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        said = json.loads(archive.read("run.json"))
        tensors = TensorFile.of(archive.read("snapshots/0000003.safetensors"))
    assert (said["format"], said["version"], said["kind"]) == ("rnnviz run", 1, "run")
    assert said["rnnviz"] == rnnviz.__version__
    assert said["settings"] == session.config.as_dict()
    assert "hidden=4" in said["link"]
    np.testing.assert_array_equal(tensors.tensors["W_hh"], session.state.parameters["W_hh"])
    assert {"slots.0.W_hh", "slots.1.b_y"} <= {*tensors.tensors}
    same(session, open_run(path))


# Data


@pytest.mark.parametrize(
    ("kind", "said"),
    [(processor(), "do not repeat"), ("arm64", r"do not repeat .*on another kind")],
)
def test_who_opens_a_run_is_told_whether_its_epochs_repeat_to_the_last_bit(kind, said, monkeypatch):
    """The weights of one epoch are moved here by a rounding, as another processor could do."""
    # On a busy machine a second may be too short.
    monkeypatch.setattr(module, "_SECONDS", float("inf"))
    whole = run_file(run_of_(9))
    opened = run_of(whole, "r").session()
    same = "Trained again, its last epochs are the same here, to the last bit."
    assert opened.player.message.startswith(same)

    def move(tensors):
        tensors["b_h"][0] = np.nextafter(tensors["b_h"][0], 1)

    moved = with_tensors(whole, "snapshots/0000009.safetensors", move)
    weights = checksum_of(stored_weights(moved))
    checksum = replace(Checksum.of(opened.run), processor=kind, weights=weights)
    other = with_run(moved, checksum=str(checksum))
    assert re.search(said, run_of(other, "r").session().player.message)


def stored_weights(content):
    """The weights of the last snapshot, as of a run that was made so."""
    file = TensorFile.of(unpacked(content)["snapshots/0000009.safetensors"])
    parameters = run_of_(0).state.parameters.copy()
    for name, array in parameters.named().items():
        array[...] = file.tensors[name]
    return parameters


def test_a_run_whose_epochs_are_not_repeated_in_a_second_names_another_processor(monkeypatch):
    monkeypatch.setattr(module, "_SECONDS", 0.0)
    whole = run_file(run_of_(5))
    assert run_of(whole, "r").session().player.message == "Opened at epoch 5."
    checksum = replace(Checksum.of(run_of(whole, "r").session().run), processor="arm64")
    other = with_run(whole, checksum=str(checksum))
    assert "may not repeat" in run_of(other, "r").session().player.message


def test_own_data_are_in_the_file_only_if_they_are_asked_for():
    session = run_of_(0)
    session.load(SKY)
    session.player.advance(3)
    content = run_file(session)
    assert b"warm" not in content
    opened = again(session, own_data=True)
    same(session, opened)
    assert opened.data.upload == SKY
    train_on(session, opened)
    with pytest.raises(TransferError, match=r"needs sky\.csv and more\.csv: drop them"):
        run_of(content, "r")
    with pytest.raises(TransferError, match="The data that are loaded are not exactly these"):
        run_of(content, "r", replace(SKY, train=File("sky.csv", CSV + b"so so,rainy\n")))
    with pytest.raises(TransferError, match="are not exactly these"):
        run_of(content, "r", replace(SKY, test=None))
    same(session, run_of(run_file(session), "r", SKY).session())


def test_the_ending_of_a_long_name_says_how_its_file_is_read():
    session = rnnviz.Session(RunConfig(hidden=3, epochs=2))
    session.load(Upload(File("x" * 300 + ".csv", b"remarks\n" + b"one two\ntwo three\n" * 40)))
    assert session.data.own
    session.player.advance(1)
    opened = run_of(run_file(session, own_data=True), "r").session()
    assert opened.dataset.train[0].text == session.dataset.train[0].text


def test_data_that_are_missing_are_named_with_what_the_file_holds():
    session = run_of_(0)
    session.load(SKY)
    session.player.advance(3)
    loss = session.run.history.row(3)["train_loss"]
    with pytest.raises(DataMissingError) as missing:
        run_of(run_file(session), "r.rnnviz")
    units, cell = session.config.hidden, session.config.cell
    held = f"It holds 3 epochs of a network with {units} units ({cell}), which end at a training"
    assert f"{held} loss of {loss:.3g}." in str(missing.value)
    assert [file["name"] for file in missing.value.wanted.values()] == ["sky.csv", "more.csv"]


def test_data_are_known_by_their_content_and_keep_their_names():
    session = run_of_(0)
    session.load(SKY)
    session.player.advance(2)
    renamed = replace(
        SKY, train=File("a.csv", SKY.train.content), test=File("b.csv", SKY.test.content)
    )
    opened = run_of(run_file(session), "r", renamed).session()
    same(session, opened)
    assert opened.data.upload == SKY


def test_a_run_waits_for_its_data_one_by_one():
    session = run_of_(0)
    session.load(SKY)
    session.player.advance(2)
    content = run_file(session)
    with pytest.raises(DataMissingError) as missing:
        run_of(content, "r")
    run = AwaitedRun("r", content, missing.value.wanted)
    assert not run.take("any.csv", SKY.train.content + b" ")
    assert run.missing == "sky.csv and more.csv"
    assert run.take("any.csv", SKY.test.content)
    assert run.missing == "sky.csv"
    assert run.take("any.csv", SKY.train.content)
    assert not run.missing
    opened = run.session()
    same(session, opened)
    train_on(session, opened)


def test_own_data_are_read_in_the_way_that_was_chosen():
    rows = [f"{k},word{k % 3} again,{('Billing ', 'billing', 'sales')[k % 3]}" for k in range(20)]
    table = "\n".join(["id,message,category", *rows, "20,,sales"]).encode()
    chosen = {"text_column": "message", "label_column": "category", "test_share": 0.3}
    upload = Upload(File("mail.csv", table), skip_bad=True, merge_labels=True, seed=3, **chosen)
    session = run_of_(0, seed=3)
    session.load(upload)
    session.player.advance(2)
    assert session.data.upload == upload
    opened = again(session, own_data=True)
    same(session, opened)
    assert opened.dataset.classes == session.dataset.classes
    assert len(opened.dataset.classes) == 2
    train_on(session, opened)


def test_numbers_over_time_are_read_in_the_way_that_was_chosen():
    rows = "".join(f"{k},{k * k % 17},{k % 5}\n" for k in range(90) if k != 30)
    file = File("walk.csv", f"t,units,price\n{rows}".encode())
    upload = with_columns(Upload(file, window=6, horizon=2, fill="last", input="price"))
    session = run_of_(0)
    session.load(upload)
    session.player.advance(2)
    opened = again(session, own_data=True)
    same(session, opened)
    assert (opened.config.window, opened.config.horizon) == (6, 2)
    assert opened.dataset.classes == ("units", "units +2")
    assert opened.dataset.units == session.dataset.units
    train_on(session, opened)
    given = rnnviz.Session(RunConfig(hidden=4, epochs=9), session.dataset)
    given.player.advance(2)
    opened = again(given, own_data=True)
    assert opened.inspect().verdict == given.inspect().verdict


def test_in_files_of_before_the_window_is_an_option_of_the_data():
    session = run_of_(0)
    session.load(Upload(File("a.txt", b"so warm and so mild, " * 30), window=9))
    session.player.advance(2)
    archive = run_archive.RunArchive.of(run_file(session, own_data=True))
    settings = {k: v for k, v in archive.run["settings"].items() if k not in ("window", "horizon")}
    old = {**archive.run, "settings": settings, "data": {**archive.run["data"], "window": 9}}
    members = {**archive.members, "run.json": orjson.dumps(old)}
    opened = run_of(run_archive.RunArchive(members).content(), "r.rnnviz").session()
    assert opened.config.window == 9
    same(session, opened)


def test_given_data_of_every_kind_are_read_back():
    for task in (TaskName.TRANSLATION, TaskName.ADDING, TaskName.CHARACTERS):
        data = run_of_(0, task=task).dataset
        data = replace(data, train=data.train[:20], rule=None)
        session = rnnviz.Session(RunConfig(hidden=4, epochs=9), data)
        session.player.advance(2)
        opened = again(session, own_data=True)
        same(session, opened)
        train_on(session, opened)
        with pytest.raises(TransferError, match="not in the file"):
            again(session)


def test_a_network_of_pytorch_is_the_first_of_its_run(tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.ModuleDict({"rnn": torch.nn.GRU(3, 5), "out": torch.nn.Linear(5, 2)})
    words, examples = ["bad", "good", "not"], [("not bad", "yes"), ("bad", "no")]
    session = rnnviz.from_torch(model, words, ["no", "yes"], examples=examples)
    session.player.advance(3)
    opened = again(session, own_data=True)
    same(session, opened)
    session.player.reset()
    opened.player.reset()
    same(session, opened)
    assert opened.player.first.source == "PyTorch"
    assert opened.player.message == session.player.message != ""


def test_a_network_without_labels_opens_as_it_is():
    torch = pytest.importorskip("torch")
    model = torch.nn.ModuleDict({"rnn": torch.nn.RNN(3, 5), "out": torch.nn.Linear(5, 2)})
    session = rnnviz.from_torch(model, ["bad", "good", "not"], ["no", "yes"])
    opened = again(session, own_data=True)
    same(session, opened)
    assert opened.player.refusal == session.player.refusal != ""


def of_numbers(steps, **changed):
    """A session on given sequences of three numbers, all their digits written down."""
    rng = np.random.default_rng(0)
    examples = [(rng.normal(size=(steps, 3)), [1.0]) for _ in range(2)]
    named = signature_of(inputs=("a", "b", "c"), outputs=("y",))
    data = replace(GivenExamples(named, examples).dataset("numbers"), **changed)
    return rnnviz.Session(RunConfig(hidden=3, epochs=9), data)


def test_a_long_phrase_of_numbers_is_read_back():
    session = of_numbers(100)
    assert len(session.phrase_input.phrase) > 5_000
    same(session, again(session, own_data=True))
    with pytest.raises(TransferError, match=r"its phrase must be a text of at most 5,\d{3} "):
        run_of(with_run(run_file(session, True), phrase="1 " * 9_000), "r")


# What could not be opened again is not written


def test_examples_that_are_too_large_are_not_written(monkeypatch):
    session = of_numbers(20)
    for at in (module, run_archive):
        monkeypatch.setattr(at, "MAX_JSON", 3_000)
    with pytest.raises(TransferError, match=r"^The examples of this run have .* Use fewer"):
        run_file(session, own_data=True)
    run_file(session)


def test_examples_of_too_many_lists_are_not_written(monkeypatch):
    session = of_numbers(20)
    monkeypatch.setattr(json_size, "MAX_PARTS", 30)
    with pytest.raises(TransferError, match=r"^The examples of this run .* more than 30 lists"):
        run_file(session, own_data=True)


def test_what_is_unpacked_counts_and_leaves_fewer_snapshots(monkeypatch):
    """Equal words are packed well: the file is smaller than what is in it."""
    session = run_of_(9)
    session.data.given = replace(
        session.dataset,
        notes=("so " * 600,) * 60,
        rule=None,
        train=(*session.dataset.train[:-1], replace(session.dataset.train[-1], text="so " * 9_000)),
    )
    size = session.state.parameters.theta.nbytes
    data = len(orjson.dumps(table_of_dataset(session.data.given)))
    monkeypatch.setattr(module, "MAX_SNAPSHOTS", data + 4 * size)
    content = run_file(session, own_data=True)
    parts = unpacked(content)
    assert sum(map(len, parts.values())) > 100_000 > len(content)
    assert len([name for name in parts if name.startswith("snapshots")]) == 3
    monkeypatch.setattr(module, "MAX_RUN", 100_000)
    with pytest.raises(TransferError, match="This run has more than"):
        run_file(session, own_data=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "x" * 201},
        {"classes": ("x" * 201,)},
        {"notes": ("x" * 2_001,)},
        {"metric": replace(ACCURACY, name="own")},
    ],
)
def test_examples_that_could_not_be_read_back_are_not_written(changed):
    session = of_numbers(5, **changed)
    with pytest.raises(TransferError, match=r"^The examples of this run can.t be written: Its "):
        run_file(session, own_data=True)


def test_a_run_with_too_many_changes_is_not_written(monkeypatch):
    session = run_of_(1)
    for lr in (0.1, 0.2, 0.3):
        session.configure(replace(session.config, lr=lr))
        session.player.advance(1)
    monkeypatch.setattr(module, "MOST_CHANGES", 2)
    with pytest.raises(TransferError, match="has 3 changes, and a file has at most 2"):
        run_file(session)
    session.player.go_to(Position(0))
    session.player.branch()
    with pytest.raises(TransferError, match="has 4 changes, and"):
        run_file(session)


# What is damaged


@pytest.fixture(scope="module")
def whole():
    session = run_of_(2, optimizer="momentum")
    session.configure(replace(session.config, lr=0.02))
    session.player.advance(1)
    session.player.go_to(Position(2))
    session.player.branch()
    session.player.advance(1)
    return run_file(session)


def packed(members, kind=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


#: In its place is a list so deep that Python can't write it as a text.
DEEP = "deep"


def with_run(content, **changed):
    members = unpacked(content)
    said = json.loads(members["run.json"])
    for name, value in changed.items():
        said[name] = {**said[name], **value} if isinstance(value, dict) and said[name] else value
    text = json.dumps(said).replace(f'"{DEEP}"', "[" * 990 + "]" * 990)
    return packed({**members, "run.json": text})


def with_tensors(content, name, change, **metadata):
    members = unpacked(content)
    file = TensorFile.of(members[name])
    tensors, known = {k: v.copy() for k, v in file.tensors.items()}, {**file.metadata, **metadata}
    change(tensors)
    return packed({**members, name: TensorFile(tensors, known).content()})


LAST = "snapshots/0000003.safetensors"
LIES = {
    "settings": [None, [], {"lr": "fast"}, {"lr": [1]}, {"nothing": 1}, {"hidden": 5},
                  {"cell": "own", "equations": "h = os.system"}, {"task": "none"},
                  {"cell": "leaky", "constants": "b=1"}, {"layers": 1e99}, {"seed": True}],
    "changes": [None, [DEEP], "x", ["1:lr"], ["9:lr=0.1"], ["2:lr=1", "1:lr=1"], ["1:hidden=3"],
                 ["1:edit=silence 1 99"], ["1/99:lr=0.1"], ["1:edit=set W_hh 9 9 1"],
                [["1:lr=0.1"]], ["x"] * 20_000],
    "now": [None, 3, "-1", "4", "2", "99999999", "3/58", "3/999", "x" * 3000],
    "shown": [None, [], "1/99", "1e3"],
    "pinned": [[], 1, "1/99", "x" * 3000],
    "phrase": [None, DEEP, 3, ["a"], "x" * 3000],
    "unit": [DEEP, "1", -1, 1.5, True, 10**9],
    "token": [{}, -3],
    "data": [None, [], {"kind": DEEP}, {"kind": "given", "task": True, "notes": ["n"] * 100},
              {"kind": "given", "task": True, "notes": [1]},
              {"kind": "other"}, {"kind": ["task"]}, {"kind": "own"},
              {"kind": "given", "name": "x"}, {"kind": "own"},
              {"kind": "own", "test": {"name": "t", "sha256": "0"}}],
    "first": [[1], "x", {"settings": {}, "source": "x", "note": "y"}],
    "ghost": [[1], "x", {"left": "9"}, {"now": "2"}, {"changes": 3}, {"changes": ["2/58:lr=1"]}],
    "format": ["other", None],
    "version": [DEEP, 2, "1", None, [1]],
    "kind": ["recording", None],
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_wrong_value_in_json_gets_a_sentence(whole, name):
    for value in LIES[name]:
        with pytest.raises(TransferError, match=r"^r: .*[.:]") as refused:
            run_of(with_run(whole, **{name: value}), "r")
        assert len(str(refused.value)) < 400
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("checksum", "said"),
    [
        ("00000000_x86-64_0.69", "not those of its checksum: the file was changed."),
        (7, "can't be read"),
        (DEEP, "can't be read"),
        ("12345678_x_1_x", "can't be read"),
        ("12345678_x_1e999", "can't be read"),
    ],
)
def test_a_run_with_another_checksum_opens_and_says_so(whole, checksum, said):
    assert said in run_of(with_run(whole, checksum=checksum), "r").session().player.message


def test_a_recording_is_told_from_a_run(whole):
    with pytest.raises(TransferError, match="it is a 'recording', not a run"):
        run_of(with_run(whole, kind="recording"), "r")
    with pytest.raises(TransferError, match="version 7, and this rnnviz reads version 1"):
        run_of(with_run(whole, version=7), "r")


def nan(tensors):
    tensors["W_hh"][1, 2] = np.nan


def nan_in_a_slot(tensors):
    tensors["slots.0.b_y"][0] = np.inf


def other_shape(tensors):
    tensors["W_hh"] = tensors["W_hh"][:, :2]


def single(tensors):
    tensors["b_h"] = tensors["b_h"].astype("float32")


def none(tensors):
    tensors.clear()


def more(tensors):
    tensors["slots.7.W_hh"] = tensors["W_hh"]


def odd(tensors):
    tensors["slots.x"] = tensors["W_hh"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (nan, "W_hh has values that are not finite"),
        (nan_in_a_slot, "b_y has values that are not finite"),
        (other_shape, r"W_hh is float64 of the shape \(4, 2\)"),
        (single, "b_h is float32"),
        (none, "it lacks"),
        (more, "it has slots.7.W_hh, and momentum has 1 slot."),
        (odd, "it has slots.x"),
    ],
)
def test_weights_that_no_run_can_have_are_refused(whole, change, said):
    with pytest.raises(TransferError, match=f"r: snapshots/0000003: {said}"):
        run_of(with_tensors(whole, LAST, change), "r")


@pytest.mark.parametrize(
    "metadata", [{"epoch": "2"}, {"optimizer": "none"}, {"steps": "-1"}, {"steps": "9" * 40}]
)
def test_metadata_of_a_snapshot_are_checked(whole, metadata):
    with pytest.raises(TransferError, match="snapshots/0000003: "):
        run_of(with_tensors(whole, LAST, lambda tensors: None, **metadata), "r")


def test_scores_are_checked(whole):
    def short(tensors):
        tensors["test_loss"] = tensors["test_loss"][:-1]

    def gap(tensors):
        tensors["train_loss"][2] = np.nan

    def missing(tensors):
        tensors["test_loss"][...] = np.nan

    def number(tensors):
        tensors["train_loss"] = tensors["train_loss"][0]

    for name in ("history", "ghost"):
        for change in (short, gap, missing, number, none):
            with pytest.raises(TransferError, match=f"its {name} has no"):
                run_of(with_tensors(whole, f"{name}.safetensors", change), "r")


@pytest.mark.parametrize(
    ("column", "value"), [("train_metric", 7.0), ("test_metric", -3.0), ("test_loss", -1.0)]
)
def test_scores_that_no_run_can_have_are_refused(whole, column, value):
    def change(tensors):
        tensors[column][1] = value

    with pytest.raises(TransferError, match=f"a {column} that no run can have"):
        run_of(with_tensors(whole, "history.safetensors", change), "r")


def test_data_that_the_run_does_not_name_get_a_sentence(whole):
    members = {**unpacked(with_run(whole, data={"kind": "own"})), "data/train": CSV}
    with pytest.raises(TransferError, match="name the train file"):
        run_of(packed(members), "r")


def test_parts_that_are_missing_get_a_sentence(whole):
    for name in unpacked(whole):
        left = {other: content for other, content in unpacked(whole).items() if other != name}
        if name.startswith("snapshots") and name != LAST:
            run_of(packed(left), "r").session()
            continue
        with pytest.raises(TransferError, match="r: it has no"):
            run_of(packed(left), "r")


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/x", "snapshots/../../x", "snapshots/1.safetensors", "C:\\x", "a/b",
             "snapshots/0000003.safetensors/", "run.json/../x", " "],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused_and_nothing_is_written(
    whole, name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TransferError, match=r"doesn.t belong there"):
        run_of(packed({**unpacked(whole), name: b"x"}), "r")
    assert [*tmp_path.iterdir()] == []


def test_a_zip_bomb_is_refused_before_it_is_read(whole, monkeypatch):
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        names = archive.namelist()
    bomb = packed({name: bytes(60_000_000) for name in names[:2]}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1_000_000
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was read"))
    with pytest.raises(TransferError, match="its parts have 120 MB, and 100 are the most"):
        run_of(bomb, "r")


def test_a_part_that_is_larger_than_it_says_is_damaged(whole):
    content = bytearray(packed({"run.json": bytes(30_000_000)}, zipfile.ZIP_DEFLATED))
    for signature, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = content.index(signature) + place
        content[at : at + 4] = (10).to_bytes(4, "little")
    tracemalloc.start()
    with pytest.raises(TransferError, match="damaged"):
        run_of(bytes(content), "r")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000, "it was unpacked"


def test_other_archives_are_refused(whole):
    many = packed({f"snapshots/{k:07}.safetensors": b"" for k in range(2_001)})
    crowd = packed({f"{k:060}": b"" for k in range(12_000)})
    for content, said in (
        (b"", "another kind, or cut off"),
        (b"PK" + bytes(90), "another kind, or cut off"),
        (whole[:-30], "another kind, or cut off"),
        (whole[: len(whole) // 2], "another kind, or cut off"),
        (whole + b"more", "another kind, or cut off"),
        (many, "too many"),
        (crowd, "too many parts"),
        (packed({}), r"no run\.json|cut off"),
        (packed({"run.json": b"{}"}), "its run.json has another format"),
        (packed({"run.json": b"[" * 100_000}), "can't be read as JSON"),
        (packed({"run.json": b'{"a": NaN}'}), "can't be read as JSON"),
        (packed({"run.json": b"[" + b"{}," * 600_000 + b"[]]"}), "more than 500,000 lists"),
        (packed({"run.json": b"[]"}), "not a table"),
        (packed(unpacked(whole), zipfile.ZIP_BZIP2), "packed otherwise"),
    ):
        with pytest.raises(TransferError, match=said):
            run_of(content, "r")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_may_not_stand_there_twice(whole):
    file = io.BytesIO(whole)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("run.json", "{}")
    with pytest.raises(TransferError, match=r"the part 'run\.json' twice"):
        run_of(file.getvalue(), "r")


def test_a_file_that_can_not_be_read_or_is_too_large(tmp_path, monkeypatch):
    with pytest.raises(TransferError, match="can't be read"):
        stored_run(tmp_path / "none.rnnviz")
    monkeypatch.setattr(run_archive, "MAX_RUN", 100)
    with pytest.raises(TransferError, match="r: the file has more than"):
        run_of(bytes(101), "r")


def opens_or_refuses(content):
    try:
        session = run_of(content, "r").session()
    except TransferError as problem:
        assert str(problem).startswith("r: ")
        return
    assert np.isfinite(session.state.parameters.theta).all()
    session.inspect()


@MANY
@given(st.data())
def test_damaged_bytes_open_or_are_refused(whole, data):
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        # Most of the file are weights: what describes them is at the ends.
        at = data.draw(st.one_of(st.integers(0, len(content) - 1), st.integers(-900, -1)))
        content[at] = data.draw(st.integers(0, 255))
    opens_or_refuses(bytes(content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12) | st.sampled_from(["1", "2/4", "own", "given", "task", "3:lr=0.1"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["name", "kind", "lr", "left", "now", "task"]), inner),
    max_leaves=6,
)  # fmt: skip


@MANY
@given(st.sampled_from([*LIES]), JSON)
def test_any_json_opens_or_is_refused(whole, name, value):
    members = unpacked(whole)
    said = {**json.loads(members["run.json"]), name: value}
    opens_or_refuses(packed({**members, "run.json": json.dumps(said)}))
