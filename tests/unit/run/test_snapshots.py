"""Snapshots: what is kept comes back byte for byte, from memory and from a file."""

import os
import weakref
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.config import RunConfig
from rnnviz.engine.optimizers import OPTIMIZERS, Slots
from rnnviz.engine.training import TrainBuffers, begin
from rnnviz.probe.epoch_series import Record
from rnnviz.probe.session import Session
from rnnviz.run import snapshots as module
from rnnviz.run.run import architecture_of
from rnnviz.run.schedule import Position
from rnnviz.run.snapshots import MOST_SNAPSHOTS, Snapshots
from rnnviz.tasks.sentiment import sentiment
from tests.sampling import each_row, singly

DATA = sentiment()
CONFIG = RunConfig(hidden=4)
FIRST = begin(architecture_of(DATA, CONFIG), CONFIG)
SPACE = TrainBuffers(DATA.train, architecture_of(DATA, CONFIG), CONFIG)
SIZE = FIRST.parameters.theta.nbytes


class Full:
    """A file on a disk on which there is no room left after so many bytes."""

    def __init__(self, room=0, error=False):
        self.room, self.error, self.content, self.position = room, error, bytearray(), 0

    def seek(self, position):
        self.position = position

    def write(self, data):
        written = bytes(data)[: max(0, self.room - self.position)]
        if self.error and len(written) < data.nbytes:
            raise OSError("No space left on device")
        self.content[self.position : self.position + len(written)] = written
        return len(written)

    def readinto(self, out):
        found = self.content[self.position : self.position + out.nbytes]
        out.cast("B")[: len(found)] = found
        return len(found)

    def close(self):
        pass


@pytest.fixture
def in_a_file(monkeypatch):
    monkeypatch.setattr(module, "MEMORY_BYTES", 0)
    return lambda most: monkeypatch.setattr(module, "FILE_BYTES", most)


def state_of(epoch, kind="sgd"):
    """A state of its own for every epoch and optimizer."""
    rng = np.random.default_rng((epoch, list(OPTIMIZERS).index(kind)))
    theta, *arrays = (rng.standard_normal(SIZE // 8) for _ in range(1 + OPTIMIZERS[kind].slots))
    return replace(
        FIRST,
        parameters=FIRST.parameters.like(theta),
        epoch=epoch,
        slots=Slots(kind, tuple(arrays), 7 * epoch),
    )


def content(state):
    slots = state.slots
    arrays = [array.tobytes() for array in (state.parameters.theta, *slots.arrays)]
    return state.epoch, state.offset, slots.kind, slots.steps, arrays


def restored(snapshots, epoch):
    snapshots.restore(epoch, SPACE)
    return content(SPACE.now)


def full_of(count, kind="sgd"):
    snapshots = Snapshots(FIRST.parameters.theta)
    for epoch in range(count):
        snapshots.add(state_of(epoch, kind))
    return snapshots


@each_row("kind", OPTIMIZERS)
def test_what_is_kept_comes_back_with_all_that_the_optimizer_has_gathered(kind):
    snapshots = full_of(5, kind)
    for epoch in (3, 0, 4, 2, 1):
        assert restored(snapshots, epoch) == content(state_of(epoch, kind))
    size, other = snapshots.nbytes, "sgd" if kind != "sgd" else "adam"
    snapshots.add(state_of(4, other))
    assert restored(snapshots, 4) == content(state_of(4, other))
    added = OPTIMIZERS[other].slots - OPTIMIZERS[kind].slots
    assert snapshots.nbytes == size + added * SIZE


def test_large_networks_are_kept_in_a_file_without_a_name_that_goes_with_them(
    in_a_file, monkeypatch, tmp_path
):
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    snapshots = full_of(9)
    assert restored(snapshots, 8) == content(state_of(8))
    if os.name == "posix":
        assert [*tmp_path.iterdir()] == []
    file, gone = snapshots._pages._file, weakref.ref(snapshots)
    assert not isinstance(file, module.BytesIO)
    del snapshots
    assert gone() is None, "it is in no circle, in which a large run would outlive its time"
    assert file.closed


def test_small_networks_need_no_file(monkeypatch):
    monkeypatch.setattr(module.tempfile, "TemporaryFile", None)
    assert restored(full_of(3), 2) == content(state_of(2))


def test_without_a_place_for_files_less_is_kept_in_memory(monkeypatch):
    def nowhere(*_):
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(module.tempfile, "TemporaryFile", nowhere)
    monkeypatch.setattr(module, "MEMORY_BYTES", 5 * SIZE)
    snapshots = full_of(40)
    assert snapshots.epochs == [0, 16, 32]
    assert snapshots.nbytes <= 5 * SIZE
    for epoch in (0, 16, 32, 39):
        assert restored(snapshots, epoch) == content(state_of(epoch))


@singly(error={"less is written": False, "an error": True}, room=[0, 0.5, 1, 3.5])
def test_what_a_full_disk_has_no_room_for_is_left_out(monkeypatch, in_a_file, room, error):
    file = Full(int(room * SIZE), error)
    monkeypatch.setattr(module.tempfile, "TemporaryFile", lambda *_: file)
    snapshots = full_of(20)
    assert len(snapshots._snapshots) <= int(room)
    assert (snapshots.before(19) is None) == (room < 1)
    for epoch in snapshots._snapshots:
        assert restored(snapshots, epoch) == content(state_of(epoch))
    # What there is lies not at the beginning alone, so that replays are not as long as the run.
    assert room < 3 or snapshots.epochs[-1] >= 10
    file.room = 100 * SIZE
    snapshots.add(state_of(20))
    assert restored(snapshots, 20) == content(state_of(20))


def test_what_can_t_be_read_any_more_is_passed_over(in_a_file):
    snapshots = full_of(6)
    snapshots._pages._file.truncate(3 * SIZE + 8)
    assert snapshots.restore(5, SPACE)
    assert content(SPACE.now) == content(state_of(2))
    assert snapshots.before(5) == 2
    snapshots._pages._file.close()
    snapshots._pages._file = Full(error=True)
    assert not snapshots.restore(5, SPACE)


def test_what_ends_the_writing_leaves_no_page_behind(monkeypatch):
    snapshots = full_of(2)
    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(module._Pages, "_write", lambda *_: (_ for _ in ()).throw(MemoryError))
        snapshots.add(state_of(2, "adam"))
    snapshots.add(state_of(2, "adam"))
    assert snapshots._pages._count == 5


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_when_full_every_other_turn_goes_and_the_last_stays(in_a_file, kind):
    most = 6 * SIZE * (1 + OPTIMIZERS[kind].slots)
    in_a_file(most)
    snapshots = full_of(20, kind)
    assert (snapshots.stride, snapshots.epochs) == (4, [0, 4, 8, 12, 16])
    assert (snapshots.before(19), snapshots.before(18)) == (19, 16)
    assert snapshots.nbytes <= most
    for epoch in range(20, 100):
        snapshots.add(state_of(epoch, ["sgd", "adam", "momentum"][epoch // 34]))
        assert os.fstat(snapshots._pages._file.fileno()).st_size <= most


def test_a_network_larger_than_all_room_still_has_its_first_and_its_last_epoch(in_a_file):
    in_a_file(SIZE // 2)
    snapshots = full_of(50)
    assert [*snapshots._snapshots] == [0, 49]
    assert restored(snapshots, 49) == content(state_of(49))


def test_the_past_of_a_thousand_epochs_takes_at_most_12_megabytes():
    config = RunConfig()
    first = begin(architecture_of(DATA, config), config)
    snapshots = Snapshots(first.parameters.theta)
    for epoch in range(1001):
        snapshots.add(replace(first, epoch=epoch))
    assert (snapshots.stride, snapshots.epochs) == (8, [*range(0, 1001, 8)])
    assert MOST_SNAPSHOTS * first.parameters.theta.nbytes + 8 * 8 * 1024 <= 12e6
    assert snapshots.nbytes <= 12e6


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_after_whatever_was_added_and_dropped_what_is_kept_is_right(data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MEMORY_BYTES", data.draw(st.sampled_from([0, 9 * SIZE, 10**9])))
        patch.setattr(module, "FILE_BYTES", data.draw(st.sampled_from([0, 8 * SIZE, 10**9])))
        patch.setattr(module, "MOST_SNAPSHOTS", data.draw(st.integers(3, 9)))
        snapshots, added, epoch = Snapshots(FIRST.parameters.theta), {}, 0
        for _ in range(data.draw(st.integers(1, 40))):
            if data.draw(st.integers(0, 5)) == 0:
                epoch = data.draw(st.integers(0, epoch))
                snapshots.drop_after(epoch - 1)
            added[epoch] = state_of(epoch, data.draw(st.sampled_from([*OPTIMIZERS])))
            snapshots.add(added[epoch])
            assert snapshots.before(epoch) == epoch
            assert len(snapshots.epochs) <= max(3, module.MOST_SNAPSHOTS)
            epoch += 1
        for kept in snapshots._snapshots:
            assert restored(snapshots, kept) == content(added[kept])
        assert max(snapshots._snapshots) < epoch


def test_a_run_that_begins_on_a_full_disk_can_be_retrained_from_epoch_0(monkeypatch):
    monkeypatch.setattr(Snapshots, "add", lambda *_: None)
    session = Session(RunConfig(hidden=3, epochs=3))
    session.player.advance(2)
    assert session.run.stored == [0]
    lab = Record(lambda query: query.state.epoch)
    assert lab.series(session.run, session.gradient_query()).epochs.tolist() == [2]
    other = Session(RunConfig(hidden=3, epochs=3))
    other.player.advance(1)
    own = session.run.at(Position(1)).parameters.theta
    assert (own == other.run.state.parameters.theta).all()
