"""Runs in worker processes are those of their settings, byte for byte."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.run.history import COLUMNS
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.members import in_workers, members, trained
from rnnviz.tasks.upload import File, Upload

SKY = Upload(File("sky.csv", b"text,label\nso warm,sunny\nso cold,rainy\nso wet,rainy\n" * 3),
             test_share=0.3)  # fmt: skip


@pytest.fixture(scope="module")
def found():
    """Runs of three seeds, and one that diverges."""
    configs = [RunConfig(hidden=6, init_scale=0.3, epochs=5, seed=seed) for seed in (3, 4, 5)]
    wild = RunConfig(activation="relu", init_scale=1.0, epochs=5, lr=100.0, clip_by="off")
    early = RunConfig(hidden=6, init_scale=0.3, epochs=50, optimizer="adam", lr=0.1, patience=1)
    every = [*configs, wild, early]
    return {one.config: one for one in members(map(Schedule, every), workers=2)}


def test_a_member_is_the_run_that_its_seed_gives_alone(found):
    for config, member in found.items():
        session = Session(config)
        session.player.advance(config.epochs)
        assert member.theta.tobytes() == session.run.state.parameters.theta.tobytes()
        for name in COLUMNS:
            own = session.run.history.column(name)
            assert member.column(name).tobytes() == own.tobytes()


def test_a_run_whose_loss_is_not_finite_ends_before_its_last_epoch(found):
    assert [member.diverged for member in found.values() if member.config.lr > 1] == [True]
    assert sum(member.diverged for member in found.values()) == 1
    assert [len(one.scores) < 50 for one in found.values() if one.config.patience] == [True]


def test_own_data_are_divided_by_each_seed():
    config = RunConfig(hidden=4, epochs=2, seed=9)
    (member,) = members([Schedule(config)], upload=SKY, workers=1)
    session = Session(config)
    session.load(SKY)
    session.player.advance(2)
    assert member.theta.tobytes() == session.state.parameters.theta.tobytes()


def test_given_data_are_learned():
    session = Session(RunConfig(hidden=4, epochs=2))
    session.load(SKY)
    own = trained(Schedule(session.config), session.dataset)
    session.player.advance(2)
    np.testing.assert_array_equal(own.theta, session.state.parameters.theta)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_workers_end_soon_after_their_parent_is_killed():
    code = (
        "from joblib.externals.loky import get_reusable_executor\n"
        "from rnnviz.config import RunConfig\n"
        "from rnnviz.sweeps.members import members\n"
        "from rnnviz.run.schedule import Schedule\n"
        "long = [Schedule(RunConfig(epochs=100_000, seed=k)) for k in (0, 1)]\n"
        "for _ in members(long, workers=2): pass\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    workers = _children(parent.pid, 2)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until = time.monotonic() + 20
    while any(map(_runs, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(_runs, workers))


def _children(pid, count):
    """The worker processes, once there are so many."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = [
            int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal()
            and _says(entry.name, "popen_loky_posix") and _parent(entry.name) == pid
        ]  # fmt: skip
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError("no worker has started")


def _says(pid, word):
    try:
        return word in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return False


def _parent(pid):
    try:
        return int(
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
        )
    except OSError:
        return 0


def _runs(pid):
    return _says(pid, "popen_loky_posix")


def test_where_processes_can_not_wait_for_each_other_the_runs_are_the_same(monkeypatch, found):
    def missing(*value, ctx):
        raise OSError("no /dev/shm")

    monkeypatch.setattr("multiprocessing.synchronize.Semaphore", missing)
    config = next(iter(found))
    (member,) = members([Schedule(config)], workers=2)
    assert member.theta.tobytes() == found[config].theta.tobytes()


def test_a_single_worker_is_a_process_of_its_own_too(monkeypatch, tmp_path):
    def noted(schedule, *rest):
        (tmp_path / str(os.getpid())).touch()
        return trained(schedule, *rest)

    monkeypatch.setattr("rnnviz.sweeps.members.trained", noted)
    few = [Schedule(RunConfig(hidden=2, epochs=0, seed=seed)) for seed in range(3)]
    assert len([*members(few, workers=1)]) == 3
    names = [path.name for path in tmp_path.iterdir()]
    assert names and str(os.getpid()) not in names


def test_any_calls_are_made_in_worker_processes_and_their_errors_are_raised():
    results = [*in_workers((partial(pow, 2, k) for k in range(4)), workers=2)]
    assert sorted(results) == [1, 2, 4, 8]
    (worker,) = in_workers([os.getpid], workers=1)
    assert worker != os.getpid()
    with pytest.raises(ZeroDivisionError):
        list(in_workers([partial(divmod, 1, 0)], workers=1))


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="has no signal masks")
def test_ctrl_c_reaches_this_thread_again_once_the_workers_are_started():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert len([*members([Schedule(RunConfig(hidden=2, epochs=0))], workers=1)]) == 1
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


#: Ctrl-C soon after the first worker's process begins.
_AT_ONCE = """
import os, signal, threading, time
from pathlib import Path
from rnnviz.config import RunConfig
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.members import members

def is_worker(process):
    try:
        same = os.getpgid(int(process.name)) == os.getpgid(0)
        return same and "popen_loky" in (process / "cmdline").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False

def interrupt():
    while not any(map(is_worker, Path("/proc").glob("[0-9]*"))):
        time.sleep(0.005)
    time.sleep({delay})
    os.killpg(0, signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
try:
    [*members([Schedule(RunConfig(hidden=3, epochs=100_000))] * 2, workers=2)]
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
@pytest.mark.parametrize("delay", [0, 0.02, 0.1])
def test_ctrl_c_while_the_workers_start_prints_no_traceback(delay):
    script = _AT_ONCE.replace("{delay}", str(delay))
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", timeout=60,
        start_new_session=True, check=False,
    )  # fmt: skip
    assert (found.stdout, found.stderr) == ("interrupted\n", "")
