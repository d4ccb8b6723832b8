"""Several seeds in the background: each run is exact, all are kept, and they can be stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rnnviz.config import SETTINGS, RunConfig
from rnnviz.run.schedule import Change, Position, Schedule
from rnnviz.sweeps.members import trained
from rnnviz.sweeps.seed_runs import SeedRuns

SMALL = Schedule(RunConfig(hidden=3, epochs=3))
LONG = Schedule(RunConfig(hidden=3, epochs=100_000))


def wait_until(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def runs():
    runs = SeedRuns()
    runs.count = 3
    yield runs
    runs.stop()


def test_every_seed_is_the_run_that_it_is_alone_with_all_changes_of_its_settings(runs):
    changes = (Change(Position(1), "lr", 0.5),)
    schedules = [Schedule(SMALL.start, changes), Schedule(RunConfig(hidden=3, epochs=3, lr=0.1))]
    told = []
    runs.changed = lambda: told.append(len(runs.members(schedules[0], None, None)))
    runs.start(schedules, None, None)
    wait_until(lambda: not runs.running)
    assert told[-1] == 3
    spreads = runs.spreads(schedules, None, None)
    for schedule, spread in zip(schedules, spreads, strict=True):
        assert [member.config.seed for member in spread.members] == [0, 1, 2]
        for member in spread.members:
            alone = trained(Schedule(member.config, schedule.changes))
            assert alone.theta.tobytes() == member.theta.tobytes()


def test_what_has_been_trained_is_kept_and_only_what_is_missing_is_trained(runs):
    runs.start([SMALL], None, None)
    wait_until(lambda: not runs.running)
    before = runs.members(SMALL, None, None)
    runs.start([SMALL], None, None)
    assert not runs.running
    runs.count = 4
    runs.start([SMALL], None, None)
    wait_until(lambda: not runs.running)
    after = runs.members(SMALL, None, None)
    assert len(after) == 4 and after[:3] == before
    other = Schedule(RunConfig(hidden=3, epochs=3, lr=0.3))
    assert runs.members(other, None, None) == [] and runs.spreads([SMALL, other], None, None) == []


def test_without_a_folder_for_them_none_is_trained_and_it_is_said(runs, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rnnviz.sweeps.seed_runs.TemporaryDirectory", full)
    runs.start([SMALL], None, None)
    assert runs.problem == "No folder for the runs: No space left on device."
    assert not runs.running


def test_they_can_be_stopped_at_once_and_resumed(runs):
    runs.start([LONG], None, None)
    time.sleep(0.5)
    runs.stop()
    assert not runs.running
    thread = runs._thread
    thread.join(60)
    assert not thread.is_alive() and runs.members(LONG, None, None) == []
    runs.start([SMALL], None, None)
    wait_until(lambda: not runs.running)
    assert len(runs.members(SMALL, None, None)) == 3


def test_nothing_of_them_stays_in_shared_memory(runs):
    shared = Path("/dev/shm")
    before = {*shared.glob("joblib*")}
    runs.start([SMALL], None, None)
    wait_until(lambda: not runs.running)
    assert {*shared.glob("joblib*")} <= before


def test_seeds_wait_for_those_of_another_tab_without_blocking_their_own(runs):
    other = SeedRuns()
    other.start([LONG], None, None)
    try:
        runs.start([LONG], None, None)
        runs.count = 4
        began = threading.Event()
        thread = threading.Thread(target=lambda: (runs.start([LONG], None, None), began.set()))
        thread.start()
        assert began.wait(30)
        assert runs.running and other.running
    finally:
        other.stop()


def test_two_schedules_that_differ_by_a_change_have_members_of_their_own(runs):
    changed = Schedule(SMALL.start, (Change(Position(1), "lr", 0.5),))
    runs.count = 2
    runs.start([SMALL, changed], None, None)
    wait_until(lambda: not runs.running)
    for schedule, spread in zip(
        (SMALL, changed), runs.spreads([SMALL, changed], None, None), strict=True
    ):
        own = trained(schedule)
        assert (spread.members[0].theta == own.theta).all()


def test_the_seeds_end_with_the_largest_one(runs):
    last = int(SETTINGS["seed"].high)
    runs.first, runs.count = last, 3
    assert list(runs.seeds) == [last - 2, last - 1, last]


_INTERRUPTED = """
import time
from rnnviz.config import SETTINGS, RunConfig
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.seed_runs import SeedRuns, ended
runs = SeedRuns()
runs.start([Schedule(RunConfig(hidden=3, epochs=100_000))], None, None)
time.sleep(2)
try:
    print("ready", flush=True)
    # A signal that comes just before a sleep doesn't end it.
    for _ in range(600):
        time.sleep(0.1)
except KeyboardInterrupt:
    runs.stop()
    assert ended(30)
"""


@pytest.mark.skipif(os.name == "nt", reason="a process group can't be sent Ctrl-C there")
def test_ctrl_c_in_the_terminal_ends_them_without_a_traceback():
    with subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        encoding="utf-8", start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        _, problems = process.communicate(timeout=60)
    assert (process.returncode, problems) == (0, "")
