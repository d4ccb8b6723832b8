"""The command ``rnnviz seeds``."""

import csv
import io
import os
import signal
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool

import pytest

from rnnviz import cli
from rnnviz.cli.options import differing
from rnnviz.config import RunConfig, SettingError
from rnnviz.sweeps.members import trained

QUICK = ("--hidden", "5", "--init-scale", "0.3", "--lr", "0.1", "--epochs", "60", "--workers", "2")


def test_every_seed_has_its_line_and_the_summary_counts_them(capsys, tmp_path):
    path = tmp_path / "all.csv"
    options = *QUICK, "--seeds", "3", "--vs", "epochs=0", "--csv", str(path)
    assert cli.main(["seeds", *options], open_page=None, every_picture=None) == 0
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert [line.split()[:2] for line in lines[1:7:2]] == [[str(k), "60"] for k in range(3)]
    assert all(" never " in line for line in lines[2:7:2])
    assert "Seeds with which 0 epochs reached 100%: 0 of 3 (0 to 56%)." in said
    rows = [*csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))]
    assert len(rows) == 3 * (61 + 1)
    assert {row["network"] for row in rows} == {"60 epochs", "0 epochs"}


#: Runs the command, and says when a seed has ended.
_TOLD = """
import sys
from rnnviz.__main__ import main
from rnnviz.cli import seeds
from rnnviz.sweeps.members import members
def told(*args, **options):
    for member in members(*args, **options):
        print("one has ended", flush=True)
        yield member
seeds.members = told
sys.exit(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_sigterm_ends_the_workers_too_and_leaves_nothing_to_be_cleaned_up():
    command = [sys.executable, "-c", _TOLD, "seeds", *QUICK, "--seeds", "100"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout.readline() == "one has ended\n"
        process.terminate()
        _, problems = process.communicate(timeout=60)
    assert (process.returncode, problems) == (128 + signal.SIGTERM, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [("lr", "is not a setting"), ("cell=x", "Cell"), ("task=parity", "task can't differ"),
     ("cell=elman", "nothing differs"), ("cell=lstm,activation=relu", "has no effect"),
     ("cell=lstm,cell=gru", "cell is given twice")],
)  # fmt: skip
def test_what_can_not_differ_gets_a_sentence(text, said):
    with pytest.raises(SettingError, match=said):
        differing(RunConfig(), text)


def test_the_seed_is_the_same_in_both(capsys):
    options = "seeds", *QUICK, "--vs", "seed=4"
    assert cli.main([*options], open_page=None, every_picture=None) == 2
    assert "the seed can't differ" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [("--seeds 1", "from 2 to 100"), ("--seeds 2.5", "from 2 to 100"), ("--at 0", "above 0"),
     ("--at x", "above 0"), ("--workers 0", "from 1 to 256")],
)  # fmt: skip
def test_numbers_are_checked(capsys, options, said):
    with pytest.raises(SystemExit):
        cli.main(["seeds", *options.split()], open_page=None, every_picture=None)
    assert said in capsys.readouterr().err


def test_a_worker_that_is_killed_costs_no_seed_that_has_ended(capsys, monkeypatch, tmp_path):
    def members(schedules, **_):
        for schedule in [*schedules][:3]:
            yield trained(schedule)
        raise BrokenProcessPool

    monkeypatch.setattr("rnnviz.cli.seeds.members", members)
    path = tmp_path / "all.csv"
    options = "seeds", *QUICK, "--epochs", "2", "--seeds", "3", "--vs", "lr=0.2", "--csv", str(path)
    assert cli.main([*options], open_page=None, every_picture=None) == 1
    out, err = capsys.readouterr()
    assert "was killed, perhaps for lack of memory" in err and "Traceback" not in err
    assert "1 of 1" in out or "0 of 1" in out
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1 + 2 * 3
