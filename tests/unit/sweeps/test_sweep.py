"""A sweep trains what is missing, keeps what has ended, and survives what is killed."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest

from rnnviz.config import RunConfig, SettingError
from rnnviz.run.schedule import Schedule
from rnnviz.run.share_link import read_link
from rnnviz.sweeps.grid import grid
from rnnviz.sweeps.many_runs import estimated_seconds, sweep, swept
from rnnviz.sweeps.members import attempted, members, trained
from rnnviz.sweeps.run_table import differing, grouped, run_table
from rnnviz.sweeps.store import Store, key_of
from rnnviz.tasks.upload import File, Upload

SMALL = RunConfig(hidden=4, init_scale=0.3, epochs=3)
AXES = {"lr": "0.01..1:log:3", "cell": ["elman", "lstm"]}
posix = pytest.mark.skipif(os.name != "posix", reason="kills processes")


@pytest.fixture(scope="module")
def table():
    """A sweep of two settings over two seeds, in memory."""
    return sweep(SMALL, AXES, seeds=2, workers=2)


def test_the_table_has_a_row_a_run_each_as_its_settings_give_alone(table):
    assert [*table.columns[:4]] == ["lr", "cell", "seed", "state"] and len(table) == 12
    assert set(table["state"]) == {"finished"} and table["lr"].nunique() == 3
    for _, row in table.iterrows():
        config = RunConfig(**{**SMALL.as_dict(), **row[["lr", "cell", "seed"]].to_dict()})
        alone = trained(Schedule(config))
        assert row["key"] == key_of(config)
        assert row["train_loss"] == alone.scores[-1, 0]
        assert row["best_test_metric"] == alone.scores[:, 3].max()


def test_the_link_of_a_row_leads_to_its_run(table):
    query = dict(part.split("=") for part in table["link"][5].split("&"))
    link, problems = read_link(query)
    assert problems == [] and link.now.epoch == 3 and link.checksum is not None
    assert key_of(link.schedule.start) == table["key"][5]


def test_with_a_file_only_what_is_missing_is_trained(tmp_path, monkeypatch):
    path = tmp_path / "runs.sqlite"
    first = sweep(SMALL, {"lr": [0.01, 0.1]}, workers=2, db=path, weights=True)
    asked = []

    def noted(schedules, **how):
        schedules = [*schedules]
        asked.extend(schedules)
        return members(schedules, **how)

    monkeypatch.setattr("rnnviz.sweeps.many_runs.members", noted)
    again = sweep(SMALL, {"lr": [0.1, 1.0]}, workers=2, db=path)
    assert [schedule.start.lr for schedule in asked] == [1.0]
    assert [*again["lr"]] == [0.1, 1.0] and again["key"][0] == first["key"][1]
    with closing(Store(path, readonly=True)) as store:
        alone = trained(Schedule(RunConfig(**{**SMALL.as_dict(), "lr": 0.1})))
        assert store.weights(first["key"][1]).tobytes() == alone.theta.tobytes()
        assert [one["state"] for one in store.sweeps()] == ["done", "done"]


def test_random_draws_and_own_data():
    sky = Upload(File("sky.csv", b"text,label\nso warm,sunny\nso cold,rainy\n" * 4), test_share=0.3)
    table = sweep(SMALL, {"lr": "0.01..1:log", "hidden": [2, 3]}, random=3, upload=sky, workers=2)
    assert len(table) == 3 and set(table["state"]) == {"finished"} and set(table["link"]) == {""}


@pytest.mark.parametrize(
    ("axes", "said"), [({"lrr": [1]}, "not a setting"), ({"lr": []}, "no values")]
)
def test_axes_are_checked(axes, said):
    with pytest.raises(SettingError, match=said):
        sweep(SMALL, axes)


def test_a_run_that_fails_is_a_result_with_its_sentence():
    data = Upload(File("sky.csv", b"text,label\nwarm,good\n"))
    table = sweep(SMALL, {"lr": [0.1]}, upload=data, workers=2)
    assert [*table["state"]] == ["failed"] and table["problem"][0].endswith(".")
    assert np.isnan(table["train_loss"][0])


def test_groups_have_the_seeds_together():
    with closing(Store(None)) as store:
        configs = grid(
            {"lr": [0.05], "hidden": [4, 8], "init_scale": [0.3], "epochs": [60]}, seeds=3
        )
        wild = RunConfig(activation="relu", init_scale=1.0, epochs=5, lr=100.0, clip_by="off")
        for _ in swept([*configs, wild], store, workers=2):
            pass
        every = run_table(store)
    assert differing(every[every["epochs"] == 60]) == ["hidden"]
    groups = grouped(every)
    assert groups["n"].sum() == 7 and groups["diverged"].sum() == 1
    eight = groups[groups["hidden"] == 8].iloc[0]
    own = every[every["hidden"] == 8]
    assert eight["median"] == own["test_metric"].median()
    assert eight["learned"] == own["learned_epoch"].notna().sum()
    assert np.isnan(groups[groups["diverged"] == 1]["median"].iloc[0])


def test_the_estimate_is_of_all_epochs_of_all_runs():
    one = [RunConfig(hidden=4, epochs=2000)]
    assert 0.05 < estimated_seconds(one, None) < 60
    assert estimated_seconds([], None) == 0
    assert estimated_seconds(one * 6, None) > estimated_seconds(one, None)


# Killed


def wait_for(condition, seconds=90):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


_LINE = "--lr 0.01..1:log:6 --seeds 4 --hidden 4 --init-scale 0.3 --epochs 40 --workers 2"


def started(path):
    command = [sys.executable, "-m", "rnnviz", "sweep", *_LINE.split(), "--db", str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def stored(path):
    if not path.exists():
        return []
    with closing(Store(path)) as store:
        return store.rows()


@posix
def test_after_a_kill_the_same_line_trains_only_what_is_missing(tmp_path):
    path = tmp_path / "runs.sqlite"
    with started(path) as process:
        wait_for(lambda: len(stored(path)) > 3)
        process.kill()
        process.communicate()
    before = stored(path)
    assert 3 < len(before) < 24
    with started(path) as process:
        _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert f"24; {len(before)} of them are in".encode() in err
    after = stored(path)
    assert after[: len(before)] == before and len(after) == 24
    for row in after[-2:]:
        link, _ = read_link(dict(part.split("=") for part in row["link"].split("&")))
        assert trained(link.schedule).scores[-1, 0] == row["train_loss"]


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_has_ended_is_kept_when_it_is_stopped(tmp_path, number, code):
    path = tmp_path / "runs.sqlite"
    with started(path) as process:
        wait_for(lambda: len(stored(path)) > 1)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert b"The same line trains the others" in err and b"Traceback" not in err
    with closing(Store(path)) as store:
        assert store.sweeps()[0]["state"] == "stopped" and 1 < len(store.rows()) < 24
        assert "--lr 0.01..1:log:6" in store.sweeps()[0]["line"]


@posix
@pytest.mark.parametrize(("always", "state"), [(False, "finished"), (True, "failed")])
def test_a_worker_that_is_killed_costs_only_its_run_under_way(monkeypatch, tmp_path, always, state):
    mark = tmp_path / "killed"

    def deadly(schedule, *rest):
        if schedule.start.lr == 0.5 and (always or not mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return attempted(schedule, *rest)

    monkeypatch.setattr("rnnviz.sweeps.members.attempted", deadly)
    table = sweep(SMALL, {"lr": [0.1, 0.5, 0.7, 0.9], "hidden": [3, 4, 5]}, workers=2)
    assert mark.exists() and len(table) == 12
    assert set(table[table["lr"] != 0.5]["state"]) == {"finished"}
    assert set(table[table["lr"] == 0.5]["state"]) == {state}
