"""On a Dask cluster the runs are the same, and what is missing there gets a sentence."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from rnnviz.config import RunConfig
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.many_runs import sweep
from rnnviz.sweeps.members import ClusterError, members, trained

distributed = pytest.importorskip("distributed", reason="needs requirements-parity.txt")
ROOT = str(Path(__file__).parents[3])


def start(folder, *words, **more):
    """A program of Dask in a folder that has no rnnviz; its messages are of no interest."""
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ROOT, **more}
    command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
    return subprocess.Popen(command, env=environ, cwd=folder, stderr=subprocess.DEVNULL)


@pytest.fixture
def cluster(tmp_path):
    """The address of a scheduler; and what starts workers, and waits until there are so many."""
    file = tmp_path / "scheduler.json"
    with ExitStack() as stack:

        def run(*words, **more):
            process = start(tmp_path, *words, **more)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        run("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        until = time.monotonic() + 60
        while not (file.exists() and file.stat().st_size):
            assert time.monotonic() < until
            time.sleep(0.05)
        address = json.loads(file.read_text(encoding="utf-8"))["address"]

        def workers(count, **more):
            # Without a nanny, which would start a killed one again.
            words = "worker", address, "--nthreads", "1", "--no-nanny"
            found = [run(*words, "--local-directory", str(tmp_path), **more) for _ in range(count)]
            with distributed.Client(address, set_as_default=False) as client:
                client.wait_for_workers(count, timeout=60)
            return found

        yield address, workers


def test_every_member_is_the_run_of_its_settings_alone(cluster):
    address, workers = cluster
    workers(2)
    schedules = [Schedule(RunConfig(hidden=6, epochs=4, seed=seed)) for seed in range(8)]
    found = [*members(schedules, cluster=address)]
    assert {member.config.seed for member in found} == {*range(8)}
    for member in found:
        alone = trained(member.schedule)
        assert member.theta.tobytes() == alone.theta.tobytes()
        assert member.scores.tobytes() == alone.scores.tobytes()


def test_the_runs_of_a_worker_that_is_killed_are_trained_by_another(cluster):
    address, workers = cluster
    first, _ = workers(2)
    schedules = [Schedule(RunConfig(hidden=6, epochs=30, seed=seed)) for seed in range(24)]
    seeds = []
    for member in members(schedules, cluster=address):
        seeds.append(member.config.seed)
        if len(seeds) == 4:
            first.kill()
    assert sorted(seeds) == [*range(24)]


def test_a_cluster_without_workers_or_of_another_version_gets_a_sentence(cluster, monkeypatch):
    address, workers = cluster
    schedules = [Schedule(RunConfig(epochs=1))]
    with pytest.raises(ClusterError, match="has no workers"):
        [*members(schedules, cluster=address)]
    workers(1)
    monkeypatch.setattr("rnnviz.sweeps.members.__version__", "0.0")
    with pytest.raises(ClusterError, match=r"this is 0\.0: install the same"):
        [*members(schedules, cluster=address)]


def test_a_worker_without_rnnviz_gets_a_sentence_and_lives_on(cluster, tmp_path):
    address, workers = cluster
    bare = tmp_path / "bare"
    bare.mkdir()
    # A module of this name that can't be imported, wherever another one is installed.
    (bare / "rnnviz.py").write_text("raise ImportError('not here')", encoding="utf-8")
    (worker,) = workers(1, PYTHONPATH=str(bare))
    for _ in range(2):
        with pytest.raises(ClusterError, match="not installed on the worker tcp"):
            [*members([Schedule(RunConfig(epochs=1))], cluster=address)]
    assert worker.poll() is None


def test_the_table_of_a_sweep_is_the_same(cluster):
    address, workers = cluster
    workers(1)
    there = sweep(RunConfig(hidden=4, epochs=1), {"lr": [0.1, 0.2]}, dask=address)
    here = sweep(RunConfig(hidden=4, epochs=1), {"lr": [0.1, 0.2]}, workers=2)
    columns = ["lr", "state", "train_loss", "key"]
    assert there[columns].equals(here[columns])


def test_without_a_scheduler_or_dask_there_is_a_sentence(monkeypatch):
    schedules = [Schedule(RunConfig(epochs=1))]
    with pytest.raises(ClusterError, match=r"nowhere has no port\. Give .* as tcp://HOST:8786"):
        [*members(schedules, cluster="nowhere")]
    with pytest.raises(ClusterError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        [*members(schedules, cluster="tcp://127.0.0.1:1")]
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(ClusterError, match=r"pip install .rnnviz\[sweep-dask\]"):
        [*members(schedules, cluster="tcp://127.0.0.1:1")]
