"""Two runs in one file: each comes back with its past, and a damaged second run is refused."""

import json
import zipfile
from io import BytesIO

import pytest

from rnnviz import compare, open_pair, open_run, replay, run_file
from rnnviz.config import RunConfig
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.opened import session_of
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.upload import File, Upload

OWN = Upload(
    File("sky.csv", b"text,label\nso warm,sunny\nso cold,rainy\nso wet,rainy\n" * 3),
    test_share=0.3,
)


def theta(session):
    return session.run.state.parameters.theta


@pytest.fixture
def pair():
    pair = compare(RunConfig(hidden=3, epochs=6), RunConfig(hidden=4, epochs=6, cell="gru"))
    pair.first.player.advance(6)
    pair.second.player.advance(4)
    pair.ask("i am not happy")
    pair.go_to(Position(3))
    return pair


def test_both_runs_come_back_with_their_past(pair, tmp_path):
    path = tmp_path / "both.rnnviz"
    path.write_bytes(run_file(pair))
    opened = open_pair(path)
    assert opened.names == pair.names and opened.split == {"cell", "hidden"}
    for one, two in zip(pair.sessions, opened.sessions, strict=True):
        assert one.config == two.config and one.run.position == two.run.position
        assert one.player.position == two.player.position == Position(3)
        assert one.phrase_input.phrase == two.phrase_input.phrase
        assert (theta(one) == theta(two)).all()
        for epoch in range(one.run.position.epoch):
            own = (s.run.at(Position(epoch)).parameters.theta for s in (one, two))
            assert (next(own) == next(own)).all()
    assert opened.first.data is opened.second.data
    assert open_run(path).config == pair.first.config


def test_a_file_of_one_run_is_what_it_was(pair):
    alone = Pair(pair.first)
    assert run_file(alone) == run_file(pair.first)
    assert isinstance(session_of(run_file(pair.first), "run.rnnviz"), Session)


def test_own_data_are_in_the_file_once(tmp_path):
    first = Session(RunConfig(hidden=3, epochs=2))
    first.load(OWN)
    pair = Pair.of(first, first.beside(RunConfig(hidden=3, epochs=2, cell="gru")))
    for session in pair.sessions:
        session.player.advance(2)
    content = run_file(pair, own_data=True)
    names = zipfile.ZipFile(BytesIO(content)).namelist()
    assert sum("data/" in name for name in names) == 1
    opened = session_of(content, "both.rnnviz")
    assert opened.second.dataset.name == first.dataset.name
    assert (theta(opened.second) == theta(pair.second)).all()


def changed(content, name, change):
    """The file with one part changed; None: without it."""
    file, made = zipfile.ZipFile(BytesIO(content)), BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for part in file.namelist():
            data = change(file.read(part)) if part == name else file.read(part)
            if data is not None:
                archive.writestr(part, data)
    return made.getvalue()


def with_data(data):
    """Change the entry of the data."""
    return lambda run: json.dumps(json.loads(run) | {"data": data})


def with_task(run):
    header = json.loads(run)
    header["settings"] |= {"task": "parity"}
    return json.dumps(header)


def test_a_second_run_of_other_data_is_refused(pair):
    """Its weights are of other words."""
    first = Session(RunConfig(hidden=3, epochs=2))
    first.load(OWN)
    members = zipfile.ZipFile(BytesIO(run_file(first, own_data=True)))
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for part in members.namelist():
            archive.writestr(part, members.read(part))
        others = zipfile.ZipFile(BytesIO(run_file(Session(RunConfig(hidden=3, epochs=2)))))
        for part in others.namelist():
            archive.writestr(f"second/{part}", others.read(part))
    with pytest.raises(TransferError, match=r"both\.rnnviz: its second run: .*of other data"):
        session_of(made.getvalue(), "both.rnnviz")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("second/history.safetensors", lambda _: None, "has no history"),
        ("second/run.json", lambda _: b"[]", "is not a table"),
        ("second/run.json", lambda run: run.replace(b'"run"', b'"film"'), "not a run"),
        ("second/run.json", with_task, "both.rnnviz"),
        *(
            (name, with_data(data), "both.rnnviz")
            for name in ("run.json", "second/run.json")
            for data in ({"kind": [1], "name": "x"}, "x", [1])
        ),
    ],
)
def test_a_damaged_second_run_is_refused_with_a_sentence(pair, name, change, said):
    with pytest.raises((TransferError, TaskError), match=said):
        session_of(changed(run_file(pair), name, change), "both.rnnviz")


def test_a_second_run_within_a_second_is_no_part(pair):
    content = BytesIO(run_file(pair))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("second/second/run.json", "{}")
    with pytest.raises(TransferError, match="doesn't belong"):
        session_of(content.getvalue(), "both.rnnviz")


def test_a_replay_has_both(pair):
    made = replay(pair, ["i am not happy"])
    assert 'data-kind="pair_network"' in made and 'data-kind="pair_curves"' in made
    assert "elman against gru" in made and "vs=cell%3Agru" in made
    assert [p.position for p in pair.players] == [Position(3)] * 2


def test_both_must_read_the_same_words():
    with pytest.raises(TaskError, match="must read the same words"):
        compare(RunConfig(hidden=3), RunConfig(task="parity", hidden=3))
