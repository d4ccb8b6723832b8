"""rnnviz export, and runs that are opened again from the command line."""

import errno
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rnnviz import cli
from rnnviz.charts.picture import Picture, scatter
from rnnviz.cli.export import PAGES
from rnnviz.cli.train import FILES
from rnnviz.config import RunConfig
from rnnviz.files.numbers import Drawn
from rnnviz.files.run_file import open_run
from rnnviz.files.weights_file import open_weights
from rnnviz.page.every_picture import every_picture
from rnnviz.probe.session import Session
from rnnviz.run.player import Player
from rnnviz.tasks.upload import File, Upload
from tests.sampling import each_row
from tests.unit.cli.test_cli import opened, run  # noqa: F401
from tests.unit.files.replayed import Replayed
from tests.unit.files.test_pictures import fake

QUICK = ("export", "--hidden", "4", "--init-scale", "0.1", "--epochs", "6", "--seed", "3")
CSV = (
    "text,label\nso warm,sunny\nso cold,rainy\nso mild,sunny\nso wet,rainy\nwarm,sunny\nwet,rainy\n"
)


def weights(session):
    return session.state.parameters.theta.tobytes()


@pytest.fixture
def trained():
    session = Session(RunConfig(hidden=4, init_scale=0.1, epochs=6, seed=3))
    session.player.advance(6)
    return session


def test_every_file_says_what_made_it_and_has_the_run(run, tmp_path, trained):  # noqa: F811
    names = {
        "run": "r.rnnviz", "script": "r.py", "weights": "w.npz", "history": "h.json",
        "replay": "r.html",
    }  # fmt: skip
    options = [word for name, file in names.items() for word in (f"--{name}", tmp_path / file)]
    done = run(*QUICK, "--phrase", "i am not good", *options)
    assert (done.code, done.out.count("--- Epoch")) == (0, 1)
    assert {path.name for path in tmp_path.iterdir()} == {*names.values()}
    stored = open_run(tmp_path / "r.rnnviz")
    assert weights(stored) == weights(trained) == weights(open_weights(tmp_path / "w.npz"))
    assert stored.phrase_input.phrase == "i am not good"
    for name in names.values():
        said = content_of(tmp_path / name)
        assert "seed" in said, name
        assert "0.1.0" in said, name
    told = content_of(tmp_path / "r.py")
    assert "trained with NumPy alone" in told
    assert "Seed 3, up to epoch 6; the link to it is ?" in told


def content_of(path):
    """The text of a file, of a run or an archive that of its header."""
    if path.suffix == ".rnnviz":
        with zipfile.ZipFile(path) as archive:
            return archive.read("run.json").decode()
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return str(arrays["rnnviz"])
    return path.read_text(encoding="utf-8")


def test_a_replay_can_have_several_phrases(run, tmp_path):  # noqa: F811
    phrases = [word for text in ("so good", "not bad") for word in ("--phrase", text)]
    assert run(*QUICK, *phrases, "--replay", tmp_path / "r.html").code == 0
    recorded = Replayed((tmp_path / "r.html").read_text("utf-8")).header["phrases"]
    assert [one["phrase"] for one in recorded] == ["so good", "not bad"]
    done = run(*QUICK, *phrases, "--script", tmp_path / "r.py")
    assert (done.code, (tmp_path / "r.py").exists()) == (2, False)
    assert "Several --phrase have no effect without --replay." in done.err
    done = run(*QUICK, *(phrases * 4), "--replay", tmp_path / "other.html")
    assert "A replay has at most 6 phrases." in done.err


def test_history_as_csv_has_every_digit(run, tmp_path, trained):  # noqa: F811
    path = tmp_path / "h.csv"
    assert run(*QUICK, "--history", path, "--epoch", "4").code == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    made = dict(line.removeprefix("# ").split(": ", 1) for line in lines if line.startswith("# "))
    assert (made["seed"], made["epoch"], made["loss in"]) == ("3", "4", "nats")
    assert "epoch=4" in made["link"]
    head, *rows = [line.split(",") for line in lines if not line.startswith("#")]
    assert head == ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy"]
    for name, values in zip(head[1:], list(zip(*rows, strict=True))[1:], strict=True):
        column = trained.run.history.column(name.replace("accuracy", "metric"))
        assert [float(value) for value in values] == column.tolist()


#: File names that are no text; Windows and macOS have none.
needs_bytes = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text")


@needs_bytes
def test_a_data_file_whose_name_is_no_text_is_learned_under_a_name_that_can_be_written(
    run, opened, tmp_path  # noqa: F811
):  # fmt: skip
    sky = tmp_path / os.fsdecode(b"s\xff.csv")
    sky.write_text(CSV, encoding="utf-8")
    paths = [tmp_path / name for name in ("r.rnnviz", "h.json", "h.csv", "w.npz", "r.html")]
    for path in paths:
        name = {".rnnviz": "run", ".npz": "weights", ".html": "replay"}.get(path.suffix, "history")
        assert run(*QUICK, "--train", sky, f"--{name}", path).code == 0
    assert open_run(paths[0], Upload(File("other.csv", sky.read_bytes()))).dataset.name == (
        "s\\xff.csv"
    )
    assert run("open", paths[0], "--train", sky).code == 0
    assert len(opened) == 1


@pytest.mark.parametrize("phrase", ["so \udcff", "\udcff"])
def test_a_phrase_that_is_no_text_is_refused_before_training(phrase, run, tmp_path):  # noqa: F811
    done = run(*QUICK, "--phrase", phrase, "--history", tmp_path / "h.csv")
    assert (done.code, done.out, [*tmp_path.iterdir()]) == (2, "", [])
    assert "The phrase has half of a character: type it again." in done.err


def test_a_phrase_that_can_not_be_read_is_named(run, tmp_path):  # noqa: F811
    phrases = ("--phrase", "not good", "--phrase", "wug blicket")
    done = run(*QUICK, *phrases, "--replay", tmp_path / "r.html")
    assert (done.code, done.out, [*tmp_path.iterdir()]) == (2, "", [])
    assert "--phrase 'wug blicket': None of these words is in the vocabulary." in done.err


def test_an_output_that_fails_unforeseen_costs_no_other(run, tmp_path, monkeypatch):  # noqa: F811
    run_path, weights_path = tmp_path / "r.rnnviz", tmp_path / "w.npz"
    failing = FILES["run"]._replace(content=lambda *_: {}["missing"])
    monkeypatch.setitem(FILES, "run", failing)
    done = run(*QUICK, "--run", run_path, "--weights", weights_path)
    assert (done.code, [*tmp_path.iterdir()]) == (1, [weights_path])
    assert (
        f"{run_path}: can't be written because of a bug in rnnviz: KeyError('missing')." in done.err
    )


def test_own_data_are_in_the_run_if_they_are_asked_for(run, opened, tmp_path):  # noqa: F811
    sky, path = tmp_path / "sky.csv", tmp_path / "r.rnnviz"
    sky.write_text(CSV, encoding="utf-8")
    assert run(*QUICK, "--train", sky, "--run", path).code == 0
    assert b"mild" not in path.read_bytes()
    done = run("open", path)
    assert (done.code, opened) == (2, [])
    assert "it needs sky.csv: drop it on the page too" in done.err
    assert run("open", path, "--train", sky).code == 0
    assert run(*QUICK, "--train", sky, "--run", path, "--with-data").code == 0
    assert run("open", path, "--port", "8765", "--no-browser").code == 0
    assert [given[:2] for given in opened] == [(None, True), (8765, False)]
    one, other = (given[2]() for given in opened)
    assert weights(one) == weights(other)
    assert one.data.upload.train.content == CSV.encode()


def linked(path, target):
    """A symbolic link, where the system lets everybody make one."""
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("no symbolic links")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Say what to write: --run, "),
        (("--run", "r.rnnviz", "--epoch", "7"), "The run ends at epoch 6"),
        (("--run", "r.rnnviz", "--epoch", "x"), "is not a position"),
        (("--run", "r.rnnviz", "--phrase", "zzz"), "None of these words"),
        (("--run", "r.rnnviz", "--with-data"), "--with-data has no effect"),
        (("--run", "r.rnnviz", "--unit", "words"), "needs --train"),
        (("--run", "."), "directory"),
        (
            ("--pictures", "p", "--browser", "nowhere"),
            "--browser nowhere: there is no such program",
        ),
        (
            ("--run", "r.rnnviz", "--browser", "chrome"),
            "--browser has no effect without --pictures",
        ),
        (("--numbers", "file"), "--numbers needs a folder, and file is not one. Name another."),
        (("--numbers", "loop"), "--numbers needs a folder, and loop is not one. Name another."),
        (("--history", "loop"), "symbolic link"),
        (("--history", "loop", "--numbers", "n"), "symbolic link"),
        (
            ("--weights", "w.pt"),
            "w.pt: its name must end in .npz or .safetensors, or have no ending.",
        ),
        (("--history", "h.txt"), "h.txt: its name must end in .csv or .json, or have no ending."),
        (("--run", "r", "--replay", "r"), "--run and --replay are the same file, r."),
        (("--run", "r", "--replay", "../here/r"), "--run and --replay are the same file"),
        (("--history", "n/history.csv", "--numbers", "n"), "--history and --numbers are the same"),
        (("--run", "p", "--numbers", "p"), "p: Is a directory."),
        (("--run", "a/b/r", "--weights", "c/w.npz", "--history", "a/b/r"), "are the same file"),
        (("--run", "file/r"), "--run needs a folder, and file is not one. Name another."),
        (("--train", "sky.csv", "--history", "sky.csv"), "--train and --history are the same file"),
        (("--cell-file", "cell", "--run", "./cell"), "--cell-file and --run are the same file"),
        (("--train", "hidden/sky.csv", "--numbers", "."), "--train is where --numbers writes"),
        (("--history", "n/step/h.csv", "--numbers", "n"), "--history is where --numbers writes"),
    ],
)
def test_what_can_not_be_written_is_said_before_training(
    run, tmp_path, monkeypatch, options, said  # noqa: F811
):  # fmt: skip
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "file").touch()
    (here / "hidden").mkdir()
    if "loop" in options:
        linked(here / "loop", "loop")
    for table in (here / "sky.csv", here / "hidden" / "sky.csv"):
        table.write_text(CSV, encoding="utf-8")
    (here / "cell").write_text("h = tanh(W @ x + U @ h)", encoding="utf-8")
    before = {path: path.is_file() and path.read_bytes() for path in here.rglob("*")}
    monkeypatch.setattr(cli.export, "train_to_the_end", lambda *_: pytest.fail("it was trained"))
    done = run(*QUICK, *options)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert {path: path.is_file() and path.read_bytes() for path in here.rglob("*")} == before


def test_a_folder_in_which_nothing_can_be_written_is_named_before_training(
    run, tmp_path, monkeypatch  # noqa: F811
):  # fmt: skip
    def refuse(dir):
        raise PermissionError(errno.EACCES, "Permission denied", str(dir / "tmp1"))

    monkeypatch.setattr(cli.export, "TemporaryFile", refuse)
    monkeypatch.setattr(cli.export, "train_to_the_end", lambda *_: pytest.fail("it was trained"))
    done = run(*QUICK, "--numbers", tmp_path)
    assert (done.code, done.err) == (2, f"rnnviz: {tmp_path}: Permission denied.\n")


def without_room_for(name, replace=Path.replace):
    """How a file takes its place on a disk with no room for this one."""

    def checked(path, target):
        if Path(target).name == name:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return replace(path, target)

    return checked


@each_row("command", ["train", "export"])
def test_a_full_disk_destroys_nothing_and_the_other_files_are_written(
    run, tmp_path, monkeypatch, command  # noqa: F811
):  # fmt: skip
    folder = tmp_path / command
    folder.mkdir()
    (folder / "w.npz").write_bytes(b"good")
    wanted = ("--weights", folder / "w.npz", "--script", folder / "r.py")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", without_room_for("w.npz"))
        done = run(command, *QUICK[1:], *wanted)
    assert (done.code, done.out.count("--- Epoch")) == (1, 1)
    assert f"rnnviz: {folder / 'w.npz'}: No space left on device.\n" in done.err
    assert (folder / "w.npz").read_bytes() == b"good"
    assert {path.name for path in folder.iterdir()} == {"w.npz", "r.py"}


@each_row("command", ["train", "export"])
@each_row("moment", ["training", "writing"])
def test_ctrl_c_leaves_no_file(run, tmp_path, monkeypatch, command, moment):  # noqa: F811
    def stop(*_):
        raise KeyboardInterrupt

    wanted = ("--weights", tmp_path / "w.npz", "--script", tmp_path / "r.py")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        if moment == "training":
            patch.setattr(Player, "advance", stop)
        else:
            patch.setattr(Path, "replace", stop)
        run(command, *QUICK[1:], *wanted)
    assert [*tmp_path.iterdir()] == []


def test_the_folders_of_the_pages_are_known():
    drawn = every_picture(Session(RunConfig(hidden=2, epochs=0)), measuring=0)
    assert {name.partition("/")[0] for name in drawn} == {*PAGES}


def test_the_numbers_of_every_picture_are_files(tmp_path):
    picture = Picture([scatter(x=[1, 2], y=[0.5, 2.0], name="a")], {"title": {"text": "Two"}})
    drawn, folder = {"page/tab/two": Drawn(picture, "all")}, tmp_path / "n"
    command = [*QUICK, "--numbers", str(folder)]
    assert cli.main(command, open_page=print, every_picture=lambda _: drawn) == 0
    text = (folder / "page/tab/two.csv").read_text(encoding="utf-8")
    assert text.startswith("# title: Two\n# rnnviz: ")
    assert "# seed: 3\n" in text
    assert text.endswith("# measured: all\na: place,a\n1,0.5\n2,2\n")
    assert (
        json.loads((folder / "history.json").read_text(encoding="utf-8"))["made by"]["epoch"] == "6"
    )
    assert (folder / "history.csv").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_if_the_browser_fails_all_else_is_written(run, tmp_path):  # noqa: F811
    program, out = fake(tmp_path, "echo no display >&2; exit 1"), tmp_path / "out"
    wanted = ("--pictures", out, "--numbers", out, "--weights", tmp_path / "w.npz")
    done = run(*QUICK, *wanted, "--browser", program)
    assert done.code == 1
    *written, problem = done.err.splitlines()
    assert written == [f"rnnviz: wrote {path}" for path in (tmp_path / "w.npz", out)]
    assert problem == f"rnnviz: {program} has not drawn the pictures: no display."
    assert {path.name for path in out.iterdir()} == {"history.csv", "history.json"}


def test_numbers_that_overflow_are_written_without_a_warning(tmp_path):
    given = ["--task", "waves", "--activation", "relu", "--init-scale", "2", "--hidden", "99"]
    given += ["--dtype", "float32", "--epochs", "0", "--numbers", str(tmp_path)]
    assert cli.main(["export", *given], open_page=print, every_picture=every_picture) == 0


def test_as_a_command_it_draws_every_page_without_a_browser(tmp_path):
    given = [*QUICK, "--numbers", tmp_path / "n"]
    done = subprocess.run(
        [sys.executable, "-m", "rnnviz", *map(str, given)],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    names = {str(path.relative_to(tmp_path / "n")) for path in tmp_path.rglob("*.csv")}
    assert {"train/learn/curves.csv", "hidden/carry/memory.csv", "step/inside.csv"} <= names
