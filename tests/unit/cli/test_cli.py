"""The command line."""

import errno
import json
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

import rnnviz
from rnnviz import cli
from rnnviz.cells import cell_names
from rnnviz.config import SETTINGS, Gradient, RunConfig, TaskName
from rnnviz.probe.session import Session
from rnnviz.run.player import Player
from rnnviz.tasks.upload import DATA_SETTINGS
from tests.sampling import each_row

ROOT = Path(__file__).resolve().parents[3]
#: Options of a run that takes no time.
QUICK = ("train", "--hidden", "4", "--init-scale", "0.1", "--epochs", "2")
WEATHER = "text,label\n" + "".join(f"so {w},{w}\n{w} again,{w}\n" for w in ("warm", "cold"))


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def opened():
    """With which port, and whether in a browser, the page was opened."""
    return []


@pytest.fixture
def run(capsys, opened):
    """Runs one command in this process; no page is really opened."""

    def run(*arguments):
        words = [str(argument) for argument in arguments]
        try:
            code = cli.main(
                words, open_page=lambda *given: opened.append(given), every_picture=lambda _: {}
            )
        except SystemExit as stop:
            code = stop.code
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def csv(tmp_path):
    """Writes a file of phrases."""

    def csv(name, content="text,label\nso warm,sunny\nso cold,rainy\n"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return csv


@pytest.fixture
def learned_from(monkeypatch):
    """The data sets of the runs that were trained."""
    datasets = []
    monkeypatch.setattr(cli.train, "report", lambda session: datasets.append(session.dataset) or "")
    return datasets


def started(*arguments, **environment):
    """Run one command in a process of its own, with its output in a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "rnnviz", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def assert_refused(outcome, said):
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert outcome.err.startswith("rnnviz")
    assert outcome.err.count("\n") == 1
    assert len(outcome.err) < 400


# The page


def test_without_a_command_the_page_is_opened(run, opened):
    """On a free port in a browser, or as it is said."""
    assert run() == (0, "", "")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert run("--no-browser", "--port", port).code == 0
    assert opened == [(None, True), (port, False)]


def test_a_port_that_cannot_be_used_gets_one_sentence(run, opened, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert_refused(run("--port", taken), f"port {taken} is taken")

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    assert_refused(run("--port", "80"), "port 80 can't be used: Permission denied.")
    assert opened == []


def test_help_and_version_are_printed_and_every_setting_is_an_option(run):
    for command in ((), ("gradcheck",), ("verify",)):
        assert run(*command, "--help").out.startswith("usage: rnnviz")
    assert run("--version") == (0, f"rnnviz {rnnviz.__version__}\n", "")
    text = " ".join(run("train", "--help").out.split())
    rows = (*SETTINGS.values(), *DATA_SETTINGS.values())
    for row in (row for row in rows if not row.packed):
        assert row.flag in text
        assert " ".join(row.help.split()[:5]) in text


# What is printed


@each_row(
    ("options", "epochs"),
    [
        (("--every", 2), (2,)),
        (("--epochs", 7, "--every", 3), (3, 6, 7)),
        ((), (2,)),
        (("--epochs", 200), (100, 200)),
    ],
)
def test_a_report_has_exactly_the_notebook_s_lines(run, opened, options, epochs):
    """Every so many epochs, 100 by default, and always after the last."""
    done = run(*QUICK, *options)
    assert (done.code, done.err, opened) == (0, "", [])
    session, expected = Session(RunConfig(hidden=4, init_scale=0.1, epochs=epochs[-1])), ""
    session.player.advance(epochs[-1])
    for epoch in epochs:
        row = session.run.history.row(epoch)
        expected += (
            f"--- Epoch {epoch}\n"
            f"Train:\tLoss {row['train_loss']:.3f} | Accuracy: {row['train_metric']:.3f}\n"
            f"Test:\tLoss {row['test_loss']:.3f} | Accuracy: {row['test_metric']:.3f}\n"
        )
    assert done.out == expected


def test_a_fifth_of_the_rows_is_set_aside_unless_said_otherwise(run, csv, learned_from):
    path = csv("a.csv", "text,label\n" + "".join(f"so {i} x,{i % 2}\n" for i in range(40)))
    for more in ((), ("--test-share", 0.5), ("--test-share", 0), ("--seed", 1)):
        assert run(*QUICK, "--train", path, *more).code == 0
    assert [len(data.test) for data in learned_from] == [8, 20, 0, 8]
    texts = [[example.text for example in data.test] for data in learned_from]
    assert texts[0] != texts[3]


def test_what_is_learned_from_a_file_is_told(run, csv):
    command = (*QUICK, "--train", csv("a.csv", WEATHER))
    done = run(*command)
    assert done.err.startswith(
        "rnnviz: a.csv: To learn: classes, in words, from 4 rows of 'text' and 'label'; 2 "
    )
    assert "Test:\t" in done.out
    assert "Test:\t" not in run(*command, "--test-share", 0).out
    assert "No rows could be set aside" in run(*QUICK, "--train", csv("b.csv")).err
    done = run(*QUICK, "--train", csv("a.txt", "so warm, so cold, so warm"))
    assert done.err.startswith(
        "rnnviz: a.txt: To learn: what comes next, in characters, from plain"
    )
    assert "| Accuracy: " in done.out
    pairs = "source,target\nthe cat,le chat\na dog,un chien\n"
    assert "| Exact match: " in run(*QUICK, "--train", csv("c.csv", pairs), "--cell", "gru").out


def test_a_text_is_read_in_pieces_of_the_window(run, csv, learned_from):
    path = csv("a.txt", "abcde" * 40)
    assert run(*QUICK, "--train", path, "--window", 20, "--test-share", 0).code == 0
    assert {len(example.inputs) for example in learned_from[-1].train} == {20, 19}
    refused = run(*QUICK, "--train", csv("a.csv", WEATHER), "--window", 20)
    assert_refused(refused, "--window has no effect unless the next token is learned")


def test_numbers_over_time_are_read_in_windows(run, csv, learned_from):
    rows = [
        f"{k + 1:02d}.{m:02d}.2024;{100 + k * m % 19},5;{k % 3}" for m in (1, 3) for k in range(30)
    ]
    path = csv("a.csv", "\n".join(["Datum;units;price", *rows, "31.03.2024;n/a;1"]))
    command = (*QUICK, "--train", path, "--window", 5, "--horizon", 2)
    refused = run(*command)
    assert (refused.code, refused.out) == (2, "")
    assert "--fill interpolate and --fill last mend 2." in refused.err
    assert "30 steps are missing between 2024-01-30 and 2024-03-01." in refused.err
    done = run(*command, "--fill", "last")
    assert done.code == 0
    assert "(time: Datum; values: units; inputs: price)" in done.err
    assert "Numbers with decimal commas: units." in done.err
    columns = ("--time", "Datum", "--value", "price", "--input", "units", "--id", "")
    assert run(*command, *columns, "--fill", "last").code == 0
    assert [data.vocabulary.words for data in learned_from] == [
        ("units", "next price"), ("price", "next units")
    ]  # fmt: skip
    assert run(*command, "--fill", "last", "--wide", "--value", "units,price").code == 0
    assert {piece.name for piece in learned_from[-1].series.train} == {"units", "price"}


def test_the_errors_of_next_values_are_printed_beside_those_of_simple_models(run, csv):
    units = [100 + 7 * k * k % 19 for k in range(60)]
    path = csv("a.csv", "\n".join(["day,units", *(f"{k},{v}" for k, v in enumerate(units))]))
    done = run(*QUICK, "--train", path, "--window", 5)
    assert "43 windows of 5 steps, 1 ahead to train, 7 to test" in done.err
    head, *rows = done.out.splitlines()[-5:]
    assert head.split() == ["mean", "absolute", "error,", "test", "units", "MASE"]
    found = {" ".join(name): own for *name, own, _ in map(str.split, rows)}
    assert list(found) == ["network", "last value", "mean", "linear autoregression"]
    error = np.abs(np.diff(units)[-7:]).mean()
    naive = np.abs(np.diff(units[:48])).mean()
    assert rows[1].split()[-2:] == [f"{error:.3g}", f"{error / naive:.3g}"]
    assert "MASE" not in run(*QUICK).out


def test_classes_of_numbers_over_time_have_no_horizon(run, csv, learned_from):
    rows = [
        f"m{k},{t},{k * t % 7},{'ok' if k % 2 else 'worn'}" for k in range(50) for t in range(5)
    ]
    path = csv("a.csv", "\n".join(["machine,t,current,state", *rows]))
    assert run(*QUICK, "--train", path, "--window", 5, "--label", "state").code == 0
    assert learned_from[-1].classes == ("ok", "worn")
    refused = run(*QUICK, "--train", path, "--window", 5, "--horizon", 2)
    assert_refused(refused, "--horizon has no effect unless the next values are learned")
    steps = run(*QUICK, "--train", path, "--window", 4, "--form", "steps", "--id", "machine")
    assert steps.code == 0


TICKETS = "id;message;category\n" + "".join(
    f"{k};where is parcel {k};shipping\n{k};i was charged {k} times;billing\n" for k in range(9)
)
UGLY = TICKETS + '90;;billing\n91;a schöne invoice;"Billing "\n92;a, b;\n93;x;y;z\n'


def test_columns_encoding_labels_and_bad_rows_are_chosen(run, csv, learned_from):
    path = csv("a.csv", UGLY.encode("windows-1252"))
    command = (*QUICK, "--train", path, "--encoding", "windows-1252")
    done = run(*command, "--skip-bad")
    assert done.code == 0
    assert "Nearly equal labels: 'billing' and 'Billing '. --merge-labels merges them." in done.err
    assert "from 19 rows of 'message' and 'category'" in done.err
    assert "Rows left out, because they can't be used: 3 of 22." in done.err
    done = run(*command, "--skip-bad", "--merge-labels")
    assert "Labels merged: 'Billing ' becomes 'billing'." in done.err
    assert run(*command, "--skip-bad", "--text-column", "id", "--form", "next").code == 0
    assert run(*command, "--skip-bad", "--label-column", "ID", "--text-column", "message").code == 0
    classes = [data.classes for data in learned_from]
    assert classes[:2] == [("Billing ", "billing", "shipping"), ("billing", "shipping")]
    assert learned_from[2].vocabulary.characters
    assert set(classes[3]) == {*map(str, range(9)), "91", "92"}


def test_all_rows_that_cannot_be_used_are_listed(run, csv):
    done = run(*QUICK, "--train", csv("a.csv", UGLY))
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[1:] == [
        "rnnviz: 3 of 22 rows can't be used. --skip-bad leaves them out.",
        "a.csv, row 20: the text is empty. Fill it in, or remove the row.",
        "a.csv, row 22: the label is empty. Name its class, or remove the row.",
        "a.csv, row 23: has 4 cells, and the header names 3. Put a text that has separators or "
        "quotes between double quotes.",
    ]
    many = run(*QUICK, "--train", csv("b.csv", "text,label\n" + ",1\n" * 30))
    assert many.err.count("\n") == 22
    assert many.err.endswith("…\n")


def test_a_test_file_and_characters_can_be_read(run, csv, learned_from):
    test = csv("b.csv", "text,label\nso very warm,sunny\n")
    done = run(*QUICK, "--train", csv("a.csv"), "--test", test)
    assert (done.code, len(learned_from[0].test)) == (0, 1)
    assert "skipped: very" in done.err
    assert run(*QUICK, "--train", csv("a.csv"), "--unit", "characters").code == 0
    assert learned_from[1].vocabulary.words == tuple(sorted({*"so warmso cold"}))


def test_steps_that_are_too_large_are_told(run, tmp_path):
    done = run("train", "--lr", 10, "--weights", tmp_path / "w.npz")
    assert done.code == 1
    assert "the loss is no longer a finite number" in done.err
    with np.load(tmp_path / "w.npz") as saved:
        assert np.isfinite(saved["W_hh"]).all()


@each_row("task", TaskName)
def test_every_task_is_trained(run, task):
    settings = ("--optimizer", "adam", "--batch", "32", "--dtype", "float32")
    done = run(*QUICK, "--task", task, "--cell", "lstm", "--layers", "2", *settings)
    assert done.code == 0
    assert "Train:\tLoss" in done.out


# What is written


@each_row(
    ("option", "value"),
    [
        ("--hidden", 3),
        ("--init-scale", 0.25),
        ("--seed", 7),
        ("--lr", 0.3),
        ("--clip-by", "norm"),
        ("--clip", 0.5),
        ("--gradient", "notebook"),
        ("--epochs", 1),
    ],
)
def test_every_option_sets_its_setting_and_json_has_them_and_every_epoch(
    run, tmp_path, option, value
):
    assert run(*QUICK, option, value, "--json", tmp_path / "run.json").code == 0
    saved = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert saved["config"][option[2:].replace("-", "_")] == value
    assert saved["config"].keys() == SETTINGS.keys()
    assert [row["epoch"] for row in saved["epochs"]] == [*range(saved["config"]["epochs"] + 1)]
    columns = ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy"]
    assert list(saved["epochs"][0]) == columns


def test_weights_have_the_names_and_shapes_of_the_formulas(run, tmp_path):
    """Without epochs they are the initial ones; the file has exactly the name that was given."""
    path = tmp_path / "weights"
    done = run(*QUICK, "--epochs", 0, "--seed", 3, "--weights", path)
    assert (done.code, done.out, [*tmp_path.iterdir()]) == (0, "", [path])
    session = Session(RunConfig(hidden=4, init_scale=0.1, seed=3))
    with np.load(path, allow_pickle=False) as saved:
        assert {name: saved[name].shape for name in saved} == {
            "W_xh": (4, 18),
            "W_hh": (4, 4),
            "b_h": (4,),
            "W_hy": (2, 4),
            "b_y": (2,),
            "vocabulary": (18,),
            "classes": (2,),
            "rnnviz": (),
        }
        assert saved["classes"].tolist() == ["negative", "positive"]
        assert saved["vocabulary"].tolist() == list(session.dataset.vocabulary.words)
        for name, array in session.state.parameters.named().items():
            assert np.array_equal(saved[name], array)


def test_the_same_command_writes_the_same_bytes_in_any_process(tmp_path):
    """In a pipe there are the reports, and no progress bar."""
    for name in ("0", "1"):
        command = (*QUICK, "--every", 1, "--weights", tmp_path / name)
        done = started(*command, PYTHONHASHSEED=name)
        assert (done.code, done.err) == (0, "")
        assert [line.split("\t")[0] for line in done.out.splitlines()] == [
            "--- Epoch 1", "Train:", "Test:", "--- Epoch 2", "Train:", "Test:",
        ]  # fmt: skip
    with np.load(tmp_path / "0") as one, np.load(tmp_path / "1") as other:
        for name in one:
            assert one[name].tobytes() == other[name].tobytes()


def test_a_reader_that_leaves_early_gets_no_traceback():
    command = [sys.executable, "-m", "rnnviz", *QUICK, "--epochs", "3000", "--every", "1"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert "Traceback" not in said
    assert "None" not in said


#: Runs the command; Ctrl-C comes while a module is imported.
INTERRUPTED = """
import sys
class Interrupt:
    def find_spec(name, path=None, target=None):
        if name == "{}":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt)
from rnnviz.__main__ import main
sys.exit(main())
"""


@each_row("module", ["rnnviz.terminal", "tqdm", "numpy", "rnnviz.cli.train"])
def test_an_interrupt_while_modules_are_imported_gets_no_traceback(module):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(module)],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


# Bad input

NO_PORT = "from 1 to 65535"


@each_row(
    ("command", "said"),
    [
        ("fly", "fly"),
        ("--colour", "--colour"),
        ("--port", "--port"),
        ("--port abc", "--port: 'abc' is not a whole number from 1 to 65535"),
        ("--port 0", NO_PORT),
        ("--port 65536", NO_PORT),
        ("--port -1", "--port"),
        ("--port ²", NO_PORT),
        ("--port " + "9" * 9999, NO_PORT),
        ("--port 8501 train", "--port has no effect with train. Leave it out."),
        ("--no-browser gradcheck", "--no-browser has no effect with gradcheck."),
        ("train --lr", "--lr"),
        ("train --lr fast", "Learning rate (lr) can't be 'fast'"),
        ("train --hidden " + "9" * 9999, "Hidden units"),
        ("train --epochs -1", "Epochs"),
        ("train --every 0", "--every"),
        ("train --every often", "--every"),
        (f"train --every {'9' * 5000}", f"'{'9' * 40}' is not a whole number from 1 to 999999999"),
        (
            "train --cell gru --gradient notebook",
            "Gradient (gradient) has no effect unless Cell is elman. Leave it out.",
        ),
        ("train --train missing.csv", "missing.csv: can't be read"),
        ("train --train .", "can't be read"),
        ("train --test missing.csv", "--test needs --train"),
        ("train --unit words", "--unit needs --train"),
        ("train --test-share 0.2", "--test-share needs --train"),
        ("train --window 9", "--window needs --train"),
        ("train --skip-bad", "--skip-bad needs --train"),
        ("train --merge-labels", "--merge-labels needs --train"),
        ("train --text-column a", "--text-column needs --train"),
        ("train --train a --task recall", "--task has no effect with --train"),
        ("train --train a --test b --test-share 0", "has no effect with --test"),
        ("gradcheck --phrase=", "The phrase is empty"),
        ("verify --phrase great", "None of these words"),
        ("verify --test missing.csv", "--test needs --train"),
        ("gradcheck --phrase great", "None of these words"),
        ("gradcheck --phrase=" + "bad_" * 10_000, "10,000 words"),
        ("gradcheck --hidden many", "Hidden units"),
        ("gradcheck --init normal", "unrecognized arguments: --init normal"),
        ("--no-browse", "unrecognized arguments: --no-browse"),
        ("train --epoch 2", "unrecognized arguments: --epoch 2"),
        ("export --run-file x", "unrecognized arguments: --run-file x"),
        ("open run.rnnviz --no-b", "unrecognized arguments: --no-b"),
        ("show gru --cod", "unrecognized arguments: --cod"),
        ("verify --phr bad", "unrecognized arguments: --phr bad"),
        ("gradcheck --after never", "Epochs"),
    ],
    ids=lambda value: value[:40],
)
def test_bad_input_gets_one_sentence_before_training(run, monkeypatch, command, said):
    monkeypatch.setattr(Player, "advance", lambda *_: pytest.fail("It was trained first."))
    assert_refused(run(*(word.replace("_", " ") for word in command.split())), said)


@pytest.mark.parametrize("command", ["--port abc", "train --lr fast"])
def test_bad_input_of_a_process_gets_one_sentence_too(command):
    words = command.split()
    assert_refused(started(*words), repr(words[-1]))


@each_row(
    ("content", "said"),
    [
        ("text,label\nbad,0\n,1\n", "a.csv, row 3: the text is empty"),
        ("text,label\nbad,0\ngood,0\n", "at least two classes"),
        ("", "a.csv: is empty"),
        (b"text,label\nsch\xf6n,1\n", "a.csv: is not UTF-8"),
        (b"text,label\nsch\xf6n,1\n", "--encoding takes windows-1252 (schön,1), "),
        (b"text,label\nbad,0\n,1\n", "--skip-bad leaves it out."),
        (b"text,label\nbad,0\n" + b"\n" * 5_000_000, "a.csv: is larger than 5 MB"),
    ],
)
def test_a_bad_file_gets_one_sentence(run, csv, content, said):
    assert_refused(run(*QUICK, "--train", csv("a.csv", content)), said)


def test_a_bad_way_of_reading_and_a_bad_test_file_get_one_sentence(run, csv):
    command = (*QUICK, "--train", csv("a.csv"))
    for option, value, said in (
        ("--unit", "letters", "Unit (unit) can't be 'letters': it is one of words, characters"),
        ("--test-share", "0.51", "Test share (test_share) can't be '0.51'"),
        (
            "--form",
            "labels",
            "Form (form) can't be 'labels': it is one of label, next, translation",
        ),
        ("--text-column", "txt", "a.csv: has no column txt. It has: text, label."),
        ("--encoding", "klingon", "Encoding (encoding) can't be 'klingon'"),
        ("--test", csv("b.csv", "text,label\nso warm,foggy\n"), "'foggy' is unknown"),
    ):
        assert_refused(run(*command, option, value), said)


def test_results_are_written_as_csv(run, csv, tmp_path):
    done = run(*QUICK, "--train", csv("a.csv", WEATHER), "--results", tmp_path / "r.csv")
    assert done.code == 0
    written = {}
    for path in tmp_path.glob("r*.csv"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        assert "# data: a.csv\n" in lines
        written[path.name] = "".join(line for line in lines if not line.startswith("# "))
    assert written.keys() == {"r.csv", "r-confusion.csv", "r-classes.csv"}
    assert written["r.csv"].startswith("row,text,label,predicted,probability\n")
    assert written["r.csv"].count("\n") == 3
    assert written["r-confusion.csv"].startswith("label \\ predicted,cold,warm\ncold,")
    assert written["r-classes.csv"].startswith("class,recall,precision,f1,count\ncold,")
    assert run(*QUICK, "--task", "adding", "--results", tmp_path / "v.csv").code == 0
    assert [path.name for path in tmp_path.glob("v*.csv")] == ["v.csv"]


@each_row(
    "options",
    [
        ("--json", "same", "--weights", "same"),
        ("--json", "same", "--script", "./same"),
        ("--json", "r-classes.csv", "--results", "r.csv"),
        ("--train", "a.csv", "--results", "a.csv"),
        ("--train", "a.csv", "--test", "b.csv", "--json", "b.csv"),
    ],
)
def test_a_file_that_would_destroy_another_is_refused_before_training(
    run, csv, tmp_path, monkeypatch, options
):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        csv(name, WEATHER)
    monkeypatch.setattr(Player, "advance", lambda *_: pytest.fail("It was trained first."))
    done = run(*QUICK, *options)
    assert done.code == 2
    said = f"{options[-4]} and {options[-2]} are the same file, {Path(options[-1]).stem}"
    assert said in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", "b.csv"}
    assert {(tmp_path / name).read_text("utf-8") for name in ("a.csv", "b.csv")} == {WEATHER}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")  # noqa: PTH110
def test_an_output_without_room_is_named(tmp_path):
    done = started(*QUICK, "--json", "/dev/full", "--weights", tmp_path / "w.npz")
    assert (done.code, done.err) == (1, "rnnviz: /dev/full: No space left on device.\n")
    assert (tmp_path / "w.npz").stat().st_size
    for command in (
        QUICK,
        ("show", "lstm"),
        CHECK,
        ("--help",),
        ("train", "--help"),
    ):
        done = shell(*command, more=">/dev/full")
        assert (done.code, done.err) == (2, "rnnviz: the output: No space left on device.\n")


#: What a shell does to the output of a command.
CLOSED = {
    "no stderr": "2>&-",
    "no stdout": ">&-",
    "neither": ">&- 2>&-",
    "nothing at all": "<&- >&- 2>&-",
    "a reader that leaves": "| head -n 1",
    "a reader of both that leaves": "2>&1 | true",
    "a disk without room": ">/dev/full",
    "no room for messages": "2>/dev/full",
}


def shell(*arguments, more):
    """Run one command in a shell, with more behind it."""
    command = shlex.join([sys.executable, "-m", "rnnviz", *map(str, arguments)])
    done = subprocess.run(
        f"{command} {more}",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")  # noqa: PTH110
@each_row("command", ["train", "export"])
@each_row("how", CLOSED)
def test_what_is_written_needs_nobody_who_reads_the_messages(csv, tmp_path, command, how):
    path = tmp_path / f"{command} {how}.npz"
    options = ("--train", csv("a.csv", WEATHER), "--weights", path, "--epochs", 40)
    every = ("--every", 1) if command == "train" else ()
    done = shell(command, *QUICK[1:], *options, *every, more=CLOSED[how])
    with np.load(path) as weights:
        assert "W_hh" in weights
    assert "Traceback" not in done.err
    assert "Exception" not in done.err


@each_row("how", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_seeds_are_trained_by_workers_without_streams_too(tmp_path, how):
    path = tmp_path / "seeds.csv"
    small = ("--seeds", 2, "--hidden", 2, "--epochs", 1)
    done = shell("seeds", *small, "--csv", path, more=how)
    assert (done.code, done.err) == (0, "")
    assert path.read_text(encoding="utf-8").count("\n") == 5


def test_a_wrong_name_is_one_line_and_does_not_control_the_terminal(run):
    for name in ("no\nsuch.csv", "no\x1b[2Jsuch.csv", "no\u202esuch.csv", "no\udcffsuch.csv"):
        assert_refused(run(*QUICK, "--train", name), ascii(name)[1:-1])
        assert_refused(run(*QUICK, "--json", f"{name}/file"), ascii(name)[1:-1])
        assert_refused(run(f"--{name}"), ascii(name)[1:-1])


def test_an_output_that_lacks_a_character_gets_it_escaped():
    done = started("open", "--help", PYTHONIOENCODING="ascii")
    assert (done.code, done.err) == (0, "")
    assert "A,B,\\u2026" in done.out


@each_row("option", ["--json", "--weights", "--results"])
@each_row("name", ["", "missing/file"], ids=["a folder", "in no folder"])
def test_what_cannot_be_written_gets_one_sentence_before_training(run, tmp_path, option, name):
    assert_refused(run(*QUICK, "--every", 1, option, tmp_path / name), str(tmp_path))


# The gradient check

CHECK = ("gradcheck", "--hidden", "4", "--init-scale", "0.3", "--after", "20")


def test_gradcheck_finds_the_exact_gradient_exact_and_the_notebook_s_wrong(run, opened):
    """Wrong below the output layer only."""
    done = run(*CHECK, "--phrase", "this is great and not bad")
    assert (done.code, opened) == (0, [])
    assert "after 20 epochs" in done.out
    assert "5 words: this is and not bad" in done.out
    rows = re.findall(r"^(\w+) +(\d\.\de[+-]\d+) +(\d\.\de[+-]\d+)$", done.out, re.MULTILINE)
    errors = {name: (float(exact), float(notebook)) for name, exact, notebook in rows}
    assert list(errors) == ["W_xh", "W_hh", "b_h", "W_hy", "b_y"]
    assert all(exact <= 1e-8 for exact, _ in errors.values())
    assert all(errors[name][1] > 1e-3 for name in ("W_xh", "W_hh", "b_h"))
    assert all(errors[name][1] < 1e-8 for name in ("W_hy", "b_y"))


def test_gradcheck_fails_where_the_exact_gradient_is_not(run, monkeypatch):
    right = cli.verify.record
    monkeypatch.setattr(
        cli.verify, "record", lambda p, batch, _: right(p, batch, Gradient.NOTEBOOK)
    )
    assert run(*CHECK, "--phrase", "bad bad").code == 1


@each_row("number", [np.nan, np.inf])
def test_gradcheck_fails_where_numbers_are_not_finite_and_names_the_parameters(
    run, number, right=cli.verify.record
):
    def broken(*given):
        gradient = right(*given).gradient
        gradient["b_h"][0] = number
        return SimpleNamespace(gradient=gradient)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli.verify, "record", broken)
        done = run(*CHECK, "--phrase", "bad bad")
    assert done.code == 1
    assert done.err == "rnnviz: The gradient is wrong in b_h.\n"


# A cell

CELL = "z = sigmoid(W_z @ x + U_z @ h)\nh = (1 - z) * h + z * tanh(W_h @ x)\n"


def test_show_prints_the_equations_the_backward_pass_and_the_shapes(run):
    done = run("show", "lstm")
    assert (done.code, done.err) == (0, "")
    for line in ("  c = f * c + i * g  # cell state", "  d_c' += d_c * f", "  W_xi    H x D"):
        assert line in done.out.split("\n")


def test_show_prints_a_script_that_checks_itself(run, csv):
    done = run("show", "--code", "--cell-file", csv("mine.txt", CELL))
    assert done.code == 0
    space = {"__name__": "cell"}
    exec(done.out, space)
    assert space["check"]() < 1e-12


def test_a_cell_of_ones_own_is_trained_and_checked(run, csv, tmp_path):
    """With its equations in the JSON; a file may come from Windows."""
    path = csv("mine.txt", "\ufeff" + CELL.replace("\n", "\r\n"))
    own = ("--cell-file", path)
    assert run(*QUICK, *own, "--json", tmp_path / "run.json", "--weights", tmp_path / "w").code == 0
    saved = json.loads((tmp_path / "run.json").read_text("utf-8"))["config"]
    assert (saved["cell"], saved["equations"]) == ("own", CELL)
    assert RunConfig(**saved).equations == CELL
    with np.load(tmp_path / "w") as weights:
        assert {"W_z", "U_z", "W_h"} < {*weights}
    done = run(*CHECK, *own, "--phrase", "bad bad")
    assert done.code == 0
    assert re.search(r"^W_z +\d\.\de[+-]\d+$", done.out, re.MULTILINE)


def test_a_cell_of_ones_own_is_verified(run, csv):
    done = run("verify", *QUICK[1:], "--cell-file", csv("mine.txt", CELL))
    assert (done.code, done.out.split("\n")[-2]) == (0, "None failed.")


@each_row("command", [("gradcheck", "--after", "2"), ("verify", "--epochs", "2")])
def test_no_gradient_is_right_or_wrong_where_the_numbers_overflow(run, csv, command):
    cell = csv("growing.txt", "h = W @ x + U @ h + 1e6 * h * h * h")
    done = run(*command, "--init-scale", 2, "--cell-file", cell)
    assert done.code == 1
    assert done.err.endswith("rnnviz: Nothing can be checked, as the numbers overflow.\n")
    assert "wrong" not in done.err


def test_the_gradient_of_a_loss_that_is_saturated_is_right(run, csv):
    cell = csv("growing.txt", "h = W @ x + U @ h + 1e6 * h")
    assert run("gradcheck", "--after", "2", "--cell-file", cell).code == 0


@each_row("cell", cell_names())
def test_gradcheck_checks_every_cell_and_the_notebook_only_where_it_is_one(run, cell):
    done = run(*CHECK, "--cell", cell, "--phrase", "this is not bad")
    assert done.code == 0
    assert ("notebook" in done.out) == (cell == "elman")
    errors = re.findall(r"^\w+ +(\d\.\de[+-]\d+)", done.out, re.MULTILINE)
    assert len(errors) > 3
    assert all(float(error) <= 1e-8 for error in errors)


@each_row("command", ["train", "verify", "gradcheck"])
def test_what_is_wrong_with_a_cell_file_is_said_before_training(run, csv, monkeypatch, command):
    monkeypatch.setattr(Player, "advance", lambda *_: pytest.fail("It was trained first."))
    path = csv("mine.txt", f"# mine\n\n{CELL}".replace("U_z @ h", "W_z @ h"))
    assert_refused(
        run(command, "--cell-file", path), "rnnviz: mine.txt, line 3, column 23: W_z @ h"
    )
    path = csv("long.txt", CELL + "#" * 2000)
    assert_refused(run(command, "--cell-file", path), "long.txt, line 1, column 1: a text may have")
    path = csv("longer.txt", "h" * 5_000_001)
    assert_refused(
        run(command, "--cell-file", path), "longer.txt: a text may have 2,000 characters"
    )
    assert_refused(run(command, "--cell-file", "no.txt"), "no.txt: can't be read")
    both = run(command, "--cell-file", csv("mine.txt", CELL), "--cell", "gru")
    assert_refused(both, "--cell has no effect with --cell-file: the cell is that file. Leave one")


def test_settings_that_a_cell_of_ones_own_has_not_are_refused(run, csv):
    wrong = run(*QUICK, "--cell-file", csv("mine.txt", CELL), "--gradient", "notebook")
    assert_refused(wrong, "Gradient (gradient) has no effect unless Cell is elman. Leave it out.")


def test_a_wrong_text_of_a_cell_is_named_with_line_and_column(run, csv):
    wrong = run("show", "--cell-file", csv("mine.txt", CELL.replace("U_z @ h", "W_z @ h")))
    assert_refused(wrong, "mine.txt, line 1, column 23: W_z @ h is H x D times H: multiply x")
    assert_refused(run("show", "--cell-file", csv("mine.txt", b"\xff")), "not text in UTF-8")
    assert_refused(run("show"), "cell")
    assert_refused(run("show", "elman", "--cell-file", "mine.txt"), "not allowed with")
