"""The commands ``rnnviz sweep`` and ``rnnviz runs``."""

import csv
import io
import re
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing

import pandas as pd
import pytest

from rnnviz import cli
from rnnviz.config import RunConfig
from rnnviz.run.schedule import Schedule
from rnnviz.run.share_link import read_link
from rnnviz.sweeps.members import ClusterError, failed, trained
from rnnviz.sweeps.store import Store, StoreError

QUICK = "--hidden 4 --init-scale 0.3 --epochs 2 --workers 2"
CELLS = "--cell elman,lstm --lr 0.1 --seeds 2"


def trained_here(schedules, upload=None, **_):
    """Instead of worker processes, whose start takes time."""
    yield from (trained(schedule, upload=upload) for schedule in schedules)


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Runs one command on a file of runs; the runs are trained in this process."""
    monkeypatch.setattr("rnnviz.sweeps.many_runs.members", trained_here)

    def run(line, *more):
        words = [*line.split(), "--db", str(tmp_path / "runs.sqlite"), *more]
        try:
            code = cli.main(words, open_page=None, every_picture=None)
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


def test_all_combinations_are_trained_and_told_by_setting(run):
    code, out, err = run(f"sweep {CELLS} {QUICK}")
    assert code == 0 and "Runs: 4; 0 of them are in" in err
    assert re.search(r"take about \d+ s with 2 workers", err)
    head, *rows = out.splitlines()
    assert head.split()[:4] == ["cell", "n", "learned", "epoch"] and "lr" not in head
    assert [row.split()[:2] for row in rows] == [["elman", "2"], ["lstm", "2"]]
    code, again, err = run(f"sweep {CELLS} {QUICK}")
    assert code == 0 and again == out and "4 of them are in" in err and "about" not in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--lr 0.1,1000", "Learning rate (lr) can't be '1000'"),
        ("--lr 0.1..1:log", "say how many"),
        ("--lag 5,10", "Lag (lag) has no effect"),
        ("--seed 1,2 --seeds 2", "several values"),
        ("--dask tcp://127.0.0.1:1 --workers 2", "no effect with --dask"),
        ("--cell-file nowhere.txt", "nowhere.txt"),
        ("--seeds 0", "from 1 to"),
        ("--random x", "from 1 to"),
    ],
)
def test_what_can_not_be_trained_gets_a_sentence_before_anything_starts(run, options, said):
    code, out, err = run(f"sweep {options}")
    assert code == 2 and said in err and out == "" and "Runs:" not in err


def test_a_cell_of_ones_own_and_own_data_are_swept(run, tmp_path):
    cell, data = tmp_path / "cell.txt", tmp_path / "sky.csv"
    cell.write_text("h = tanh(W_x @ x + W_h @ h + b_h)\n", encoding="utf-8")
    data.write_text("text,label\n" + "so warm,sunny\nso cold,rainy\n" * 4, encoding="utf-8")
    files = "--cell-file", str(cell), "--train", str(data)
    code, out, _ = run(f"sweep {QUICK} --lr 0.1,0.2", *files)
    assert code == 0 and len(out.splitlines()) == 3
    code, _, err = run("runs --link=")
    assert code == 2 and "2 runs" in err
    code, out, _ = run("runs --every --where data=sky.csv --where cell=own")
    assert code == 0 and "2 of 2" in out
    key = out.splitlines()[-1].split()[0]
    code, _, err = run(f"runs --link {key}")
    assert code == 2 and "own data" in err
    code, _, err = run("sweep --cell gru", *files)
    assert code == 2 and "--cell has no effect with --cell-file" in err


def test_windows_of_numbers_over_time_are_swept(run, tmp_path):
    rows = "".join(f"{k},{k * k % 17}\n" for k in range(60))
    (tmp_path / "a.csv").write_text(f"t,units\n{rows}", encoding="utf-8")
    # No window of 50 steps, the default, would fit.
    code, out, err = run(f"sweep {QUICK} --window 4,8 --train {tmp_path / 'a.csv'}")
    assert code == 0 and "44 windows of 4 steps" in err
    assert [row.split()[:2] for row in out.splitlines()[1:]] == [["4", "1"], ["8", "1"]]


def test_random_settings_are_the_same_again(run):
    line = f"sweep --random 3 --lr 0.01..1:log {QUICK}"
    assert run(line)[1] == run(line)[1] and "3 of them are in" in run(line)[2]


def test_a_run_that_fails_makes_the_code_1_and_says_why(run, monkeypatch):
    def members(schedules, **_):
        one, *others = schedules
        yield failed(one, "It can't.")
        yield from map(trained, others)

    monkeypatch.setattr("rnnviz.sweeps.many_runs.members", members)
    code, out, err = run(f"sweep {CELLS} {QUICK}")
    assert code == 1 and "Failed runs: 1. It can't." in err and "failed" in out


def test_a_full_disk_ends_it_with_what_it_has(run, monkeypatch):
    add, stored = Store.add, []

    def full(self, member, *rest):
        if len(stored) == 2:
            raise StoreError("runs.sqlite: the disk is full.")
        stored.append(member)
        add(self, member, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "add", full)
        code, _, err = run(f"sweep {CELLS} {QUICK}")
    assert code == 1 and "the disk is full" in err and "Stopped after 2 of 4" in err
    out = run("runs")[1]
    assert "2 of 2" in out and "has 2 of 4 runs. To go on: rnnviz sweep --seeds 2 --db" in out
    assert "--cell elman,lstm" in out and "--lr 0.1" in out


def test_a_cluster_that_can_not_be_used_gets_a_sentence(run, monkeypatch):
    def members(schedules, **how):
        raise ClusterError(f"No Dask scheduler answers at {how['cluster']}.")
        yield

    monkeypatch.setattr("rnnviz.sweeps.many_runs.members", members)
    code, out, err = run("sweep --lr 0.1,0.2 --dask tcp://127.0.0.1:1 --epochs 1")
    assert code == 1 and out == "" and "No Dask scheduler answers at tcp://127.0.0.1:1." in err
    assert "on a single processor" in err and "0 of 0" in run("runs")[1]


def test_ctrl_c_keeps_what_has_ended(run, monkeypatch):
    def members(schedules, **_):
        yield trained(next(iter(schedules)))
        raise KeyboardInterrupt

    monkeypatch.setattr("rnnviz.sweeps.many_runs.members", members)
    code, out, err = run(f"sweep {CELLS} {QUICK}")
    assert code == 130 and out == "" and "Stopped after 1 of 4" in err
    assert "1 of 1" in run("runs")[1]


def test_workers_that_are_killed_without_end_end_it(run, monkeypatch):
    def members(schedules, **_):
        next(iter(schedules))
        raise BrokenProcessPool
        yield

    monkeypatch.setattr("rnnviz.sweeps.many_runs.members", members)
    code, _, err = run(f"sweep {CELLS} {QUICK}")
    assert code == 1 and "Failed runs: 4" in err


# The runs


@pytest.fixture
def kept(run):
    """The command, with a file of four runs."""
    run(f"sweep {CELLS} {QUICK}")
    return run


def test_runs_are_listed_by_setting_or_each(kept, tmp_path):
    code, out, _ = kept("runs")
    assert code == 0 and f"Runs: 4 of 4 in {tmp_path / 'runs.sqlite'}" in out
    assert len(out.splitlines()) == 1 + 1 + 2
    _, out, _ = kept("runs --every --where cell=lstm")
    assert len(out.splitlines()) == 1 + 1 + 2 and "Runs: 2 of 4" in out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", 0), ("--every", 0), ("--link a", 2), ("--where note=a", 0), ("--where lr=0.1", 0),
        ("--delete --yes", 0),
    ],
)  # fmt: skip
def test_a_file_whose_runs_are_all_deleted_has_none(kept, options, expected):
    kept("runs --delete --yes")
    code, out, err = kept(f"runs {options}")
    assert code == expected and ("0" in out if code == 0 else "0 runs have a key" in err)


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("cell=lstm", 2), ("cell=elman,lstm", 4), ("seed=1", 2), ("lr=0.05..0.2", 4),
        ("lr=0.2", 0), ("state=finished", 4), ("state=failed,diverged", 0),
        ("cell=lstm --where seed=0", 1),
    ],
)  # fmt: skip
def test_runs_are_chosen_by_their_settings(kept, where, count):
    assert f"Runs: {count} of 4" in kept(f"runs --where {where}")[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--where size=3", "names no setting"), ("--where cell", "names no setting"),
        ("--where cell=x", "Cell (cell) can't be 'x'"), ("--yes", "without --delete"),
        ("--link zz", "0 runs have a key"), ("--export runs.xlsx", ".csv or .parquet"),
    ],
)  # fmt: skip
def test_what_is_not_there_gets_a_sentence(kept, options, said):
    code, _, err = kept(f"runs {options}")
    assert code == 2 and said in err


def test_without_a_file_it_is_said_where_it_would_be(run, tmp_path):
    code, _, err = run("runs")
    assert code == 2 and f"{tmp_path / 'runs.sqlite'}: no runs yet" in err


def test_the_link_of_a_run_leads_to_it(kept):
    key = kept("runs --every --where cell=lstm --where seed=1")[1].splitlines()[-1].split()[0]
    code, out, _ = kept(f"runs --link {key}")
    link, problems = read_link(dict(part.split("=") for part in out.strip()[1:].split("&")))
    assert code == 0 and problems == [] and out.startswith("?cell=lstm")
    config = RunConfig(hidden=4, init_scale=0.3, epochs=2, cell="lstm", lr=0.1, seed=1)
    assert link.schedule == Schedule(config)


def test_runs_are_exported_with_all_their_numbers(kept, tmp_path):
    for name in ("all.csv", "all.parquet"):
        code, _, _ = kept(f"runs --where cell=lstm --export {tmp_path / name}")
        assert code == 0
    text = (tmp_path / "all.csv").read_text(encoding="utf-8")
    rows = [*csv.DictReader(io.StringIO(text.partition("\n")[2]))]
    frame = pd.read_parquet(tmp_path / "all.parquet")
    assert len(rows) == len(frame) == 2
    assert [float(row["train_loss"]) for row in rows] == [*frame["train_loss"]]
    assert rows[0]["cell"] == frame["cell"][0] == "lstm" and rows[0]["learned_epoch"] == ""


@pytest.mark.parametrize(
    ("answer", "left"), [("y", 2), ("", 4), ("n", 4), (EOFError, 4), (None, 2)]
)
def test_runs_are_deleted_only_if_that_is_wanted(kept, tmp_path, monkeypatch, answer, left):
    def asked(question):
        assert "Delete 2 of 4 runs" in question
        if answer is EOFError:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", asked)
    code, _, _ = kept("runs --delete --where cell=lstm" + " --yes" * (answer is None))
    assert code == 0
    with closing(Store(tmp_path / "runs.sqlite", readonly=True)) as store:
        assert len(store.rows()) == left
