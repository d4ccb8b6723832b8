"""The command line."""

import errno
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import rnnviz
from rnnviz import cli
from rnnviz.config import SETTINGS, Gradient, RunConfig, TaskName
from rnnviz.session import Session
from rnnviz.tasks.upload import DATA_SETTINGS
from rnnviz.training.player import Player
from tests.sampling import each_row

ROOT = Path(__file__).resolve().parents[2]
#: Options of a run that takes no time.
QUICK = ("train", "--hidden", "4", "--init-scale", "0.1", "--epochs", "2")
BLOCK = (
    r"--- Epoch {}\n"
    r"Train:\tLoss \d\.\d{{3}} \| Accuracy: [01]\.\d{{3}}\n"
    r"Test:\tLoss \d\.\d{{3}} \| Accuracy: [01]\.\d{{3}}\n"
)


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
            code = cli.main(words, open_page=lambda *given: opened.append(given))
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


def started(*arguments, **environment):
    """Run one command in a process of its own, with its output in a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "rnnviz", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


# The page


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_without_a_command_the_page_is_opened_on_a_free_port(run, opened):
    assert run() == (0, "", "")
    assert opened == [(None, True)]


def test_the_page_is_opened_on_the_port_that_is_given_and_in_no_browser(run, opened):
    port = free_port()
    assert run("--no-browser", "--port", port).code == 0
    assert opened == [(port, False)]


def test_a_port_that_is_taken_gets_one_sentence(run, opened, taken):
    assert_refused(run("--port", taken), f"port {taken} is taken")
    assert opened == []


def test_a_port_that_may_not_be_used_gets_one_sentence(run, opened, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    assert_refused(run("--port", "80"), "port 80 can't be used: Permission denied.")
    assert opened == []


@pytest.mark.parametrize("arguments", [QUICK, ("gradcheck", "--after", "0")], ids=lambda a: a[0])
def test_a_command_opens_no_page(run, opened, arguments):
    assert run(*arguments).code == 0
    assert opened == []


def test_the_version_is_told(run):
    assert run("--version") == (0, f"rnnviz {rnnviz.__version__}\n", "")


def test_a_bad_port_of_a_process_gets_one_sentence_too():
    done = started("--port", "abc")
    assert_refused(Outcome(done.returncode, done.stdout, done.stderr), "'abc'")


# What is printed


def test_a_report_has_exactly_the_notebook_s_lines(run):
    done = run(*QUICK, "--every", 2)
    assert done.code == 0
    assert re.fullmatch(BLOCK.format(2), done.out)
    assert done.err == ""


def test_a_report_is_printed_every_so_many_epochs(run):
    done = run(*QUICK, "--epochs", 7, "--every", 3)
    assert re.fullmatch("".join(map(BLOCK.format, (3, 6, 7))), done.out)


def test_however_few_the_epochs_the_last_is_reported(run):
    assert re.fullmatch(BLOCK.format(2), run(*QUICK).out)


def test_a_report_is_printed_every_100_epochs_by_default(run):
    done = run(*QUICK, "--epochs", 200)
    assert re.fullmatch(BLOCK.format(100) + BLOCK.format(200), done.out)


def test_the_numbers_are_those_of_the_run(run):
    session = Session(RunConfig(hidden=4, init_scale=0.1, epochs=2))
    session.player.advance(2)
    row = session.run.history.row(2)
    assert run(*QUICK, "--every", 2).out == (
        "--- Epoch 2\n"
        f"Train:\tLoss {row['train_loss']:.3f} | Accuracy: {row['train_metric']:.3f}\n"
        f"Test:\tLoss {row['test_loss']:.3f} | Accuracy: {row['test_metric']:.3f}\n"
    )


def test_without_test_phrases_there_is_no_test_line(run, csv):
    done = run(*QUICK, "--train", csv("a.csv"), "--every", 2)
    assert done.code == 0
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ["--- Epoch 2", "Train:"]


WEATHER = "text,label\n" + "".join(f"so {w},{w}\n{w} again,{w}\n" for w in ("warm", "cold"))


def test_a_fifth_of_the_rows_is_set_aside_unless_said_otherwise(run, csv, monkeypatch):
    seen = []
    monkeypatch.setattr(cli, "report", lambda session: seen.append(session.dataset) or "")
    path = csv("a.csv", "text,label\n" + "".join(f"so {i} x,{i % 2}\n" for i in range(40)))
    for more in ((), ("--test-share", 0.5), ("--test-share", 0), ("--seed", 1)):
        assert run(*QUICK, "--train", path, "--every", 2, *more).code == 0
    assert [len(data.test) for data in seen] == [8, 20, 0, 8]
    texts = [[example.text for example in data.test] for data in seen]
    assert texts[0] != texts[3]


def test_what_is_learned_from_a_file_is_told(run, csv):
    said = run(*QUICK, "--train", csv("a.csv", WEATHER)).err
    assert said.startswith("rnnviz: a.csv: Learned: classes, in words, from 4 rows; 2 sequences ")
    said = run(*QUICK, "--train", csv("a.txt", "so warm, so cold, so warm")).err
    assert said.startswith("rnnviz: a.txt: Learned: what comes next, in characters, from plain ")


def test_a_text_is_read_in_pieces_of_the_window(run, csv, monkeypatch):
    seen = []
    monkeypatch.setattr(cli, "report", lambda session: seen.append(session.dataset) or "")
    path = csv("a.txt", "abcde" * 40)
    assert run(*QUICK, "--train", path, "--window", 20, "--test-share", 0).code == 0
    assert {len(example.inputs) for example in seen[-1].train} == {20, 19}
    refused = run(*QUICK, "--train", csv("a.csv", WEATHER), "--window", 20)
    assert refused.code == 2
    assert "--window has no effect unless a text alone is learned" in refused.err


def test_without_a_share_nothing_is_tested_on(run, csv):
    command = (*QUICK, "--train", csv("a.csv", WEATHER), "--every", 2)
    assert "Test:\t" in run(*command).out
    assert "Test:\t" not in run(*command, "--test-share", 0).out


def test_that_nothing_could_be_set_aside_is_told(run, csv):
    assert "Nothing could be set aside" in run(*QUICK, "--train", csv("a.csv")).err


def test_characters_can_be_read_instead_of_words(run, csv, tmp_path):
    path = tmp_path / "run.npz"
    done = run(*QUICK, "--train", csv("a.csv"), "--unit", "characters", "--weights", path)
    assert done.code == 0
    with np.load(path) as saved:
        assert saved["vocabulary"].tolist() == sorted({*"so warmso cold"})


def test_skipped_words_of_the_test_phrases_are_told(run, csv):
    test = csv("b.csv", "text,label\nso very warm,sunny\n")
    done = run(*QUICK, "--train", csv("a.csv"), "--test", test, "--every", 2)
    assert done.code == 0
    assert "skipped: very" in done.err
    assert "Test:\t" in done.out


def test_steps_that_are_too_large_are_told(run, tmp_path):
    done = run("train", "--lr", 10, "--weights", tmp_path / "w.npz")
    assert done.code == 1
    assert "the loss is no longer a finite number" in done.err
    with np.load(tmp_path / "w.npz") as saved:
        assert np.isfinite(saved["W_hh"]).all()


@each_row("command", [(), ("train",), ("gradcheck",)], ids=str)
def test_help_is_printed(run, command):
    done = run(*command, "--help")
    assert done.code == 0
    assert done.out.startswith("usage: rnnviz")


def test_every_setting_is_an_option_with_its_help(run):
    text = " ".join(run("train", "--help").out.split())
    for row in (*SETTINGS.values(), DATA_SETTINGS["unit"], DATA_SETTINGS["test_share"]):
        assert row.flag in text
        assert " ".join(row.help.split()[:5]) in text


# What is written


def test_json_has_the_settings_and_one_record_an_epoch(run, tmp_path):
    run(*QUICK, "--lr", 0.5, "--json", tmp_path / "run.json")
    found = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert found["config"]["lr"] == 0.5
    assert found["config"].keys() == SETTINGS.keys()
    assert [record["epoch"] for record in found["epochs"]] == [0, 1, 2]
    assert list(found["epochs"][0]) == [
        "epoch",
        "train_loss",
        "train_accuracy",
        "test_loss",
        "test_accuracy",
    ]


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
def test_every_option_sets_its_setting(run, tmp_path, option, value):
    assert run(*QUICK, option, value, "--json", tmp_path / "run.json").code == 0
    config = json.loads((tmp_path / "run.json").read_text("utf-8"))["config"]
    assert config[option[2:].replace("-", "_")] == value


def test_weights_have_the_names_and_shapes_of_the_formulas(run, tmp_path):
    assert run(*QUICK, "--weights", tmp_path / "run.npz").code == 0
    with np.load(tmp_path / "run.npz", allow_pickle=False) as saved:
        assert {name: saved[name].shape for name in saved} == {
            "W_xh": (4, 18),
            "W_hh": (4, 4),
            "b_h": (4,),
            "W_hy": (2, 4),
            "b_y": (2,),
            "vocabulary": (18,),
            "classes": (2,),
        }
        assert saved["classes"].tolist() == ["negative", "positive"]
        assert saved["vocabulary"].tolist() == sorted(saved["vocabulary"])


def test_no_epochs_write_the_initial_weights(run, tmp_path):
    done = run(*QUICK, "--epochs", 0, "--seed", 3, "--weights", tmp_path / "run.npz")
    assert (done.code, done.out) == (0, "")
    initial = Session(RunConfig(hidden=4, init_scale=0.1, seed=3)).state.parameters
    with np.load(tmp_path / "run.npz") as saved:
        for name, array in initial.named().items():
            assert np.array_equal(saved[name], array)
        assert not saved["b_h"].any()
        assert saved["W_hh"].any()


def test_the_weights_file_has_the_name_that_was_given(run, tmp_path):
    run(*QUICK, "--weights", tmp_path / "weights")
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


def test_the_same_command_writes_the_same_bytes_in_any_process(tmp_path):
    for name in ("0", "1"):
        done = started(*QUICK, "--weights", tmp_path / name, PYTHONHASHSEED=name)
        assert done.returncode == 0
    with np.load(tmp_path / "0") as one, np.load(tmp_path / "1") as other:
        for name in one:
            assert one[name].tobytes() == other[name].tobytes()


def test_a_pipe_gets_the_reports_and_no_progress_bar():
    done = started(*QUICK, "--every", 1)
    assert done.returncode == 0
    assert re.fullmatch(BLOCK.format(1) + BLOCK.format(2), done.stdout)
    assert done.stderr == ""


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


# Bad input


@each_row(
    ("arguments", "said"),
    [
        (("fly",), "fly"),
        (("--colour",), "--colour"),
        (("--port",), "--port"),
        (("--port", "abc"), "--port: 'abc' is not a whole number from 1 to 65535"),
        (("--port", "0"), "from 1 to 65535"),
        (("--port", "65536"), "from 1 to 65535"),
        (("--port", "-1"), "--port"),
        (("--port", "²"), "from 1 to 65535"),
        (("--port", "9" * 9999), "from 1 to 65535"),
        (("--port", "8501", "train"), "--port has no effect with train. Leave it out."),
        (("--no-browser", "gradcheck"), "--no-browser has no effect with gradcheck."),
        (("train", "--port", "8501"), "--port"),
        (("train", "--colour", "red"), "--colour"),
        (("train", "--lr"), "--lr"),
        (("train", "--lr", "fast"), "Learning rate (lr) can't be 'fast'"),
        (("train", "--lr", "nan"), "from 1e-05 to 100"),
        (("train", "--lr", "-1"), "Learning rate"),
        (("train", "--lr", "1e9"), "Learning rate"),
        (("train", "--hidden", "0"), "from 1 to 256"),
        (("train", "--hidden", "2.5"), "a whole number"),
        (("train", "--hidden", "9" * 9999), "Hidden units"),
        (("train", "--epochs", "-1"), "Epochs"),
        (("train", "--seed", "-1"), "Seed"),
        (("train", "--clip", "0"), "Clip limit"),
        (("train", "--clip-by", "force"), "one of value, norm, off"),
        (("train", "--gradient", "wrong"), "one of exact, notebook"),
        (("train", "--every", "0"), "--every"),
        (("train", "--every", "-1"), "--every"),
        (("train", "--every", "often"), "--every"),
        (("train", "--train", "missing.csv"), "missing.csv: can't be read"),
        (("train", "--train", "."), "can't be read"),
        (("train", "--test", "missing.csv"), "--test needs --train"),
        (("train", "--unit", "words"), "--unit needs --train"),
        (("train", "--test-share", "0.2"), "--test-share needs --train"),
        (("train", "--window", "9"), "--window needs --train"),
        (("train", "--train", "a", "--task", "recall"), "--task has no effect with --train"),
        (
            ("train", "--train", "a", "--test", "b", "--test-share", "0"),
            "has no effect with --test",
        ),
        (("gradcheck", "--phrase", ""), "The phrase is empty"),
        (("gradcheck", "--phrase", "great"), "None of these words"),
        (("gradcheck", "--phrase", "bad " * 10_000), "10,000 words"),
        (("gradcheck", "--hidden", "many"), "Hidden units"),
        (("gradcheck", "--after", "never"), "Epochs"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_bad_input_gets_one_sentence(run, arguments, said):
    assert_refused(run(*arguments), said)


def assert_refused(outcome, said):
    assert outcome.code == 2
    assert outcome.out == ""
    assert said in outcome.err
    assert outcome.err.startswith("rnnviz")
    assert outcome.err.count("\n") == 1
    assert len(outcome.err) < 400


@each_row(
    ("content", "said"),
    [
        ("text,lbel\nbad,0\n", "a.csv: has no column label"),
        ("text,label\nbad,0\ngood,0\n", "at least two classes"),
        ("text,label\nbad,0\n,1\n", "a.csv, row 3: the text is empty"),
        ("text,label\nbad,0\ngood,1\nbad,1\n", "a.csv, rows 2 and 4"),
        ("text,label\n", "a.csv: has no rows"),
        ("", "a.csv: has no column"),
        (b"text,label\nsch\xf6n,1\n", "a.csv: is not UTF-8"),
        (b"text,label\nbad,0\n" + b"\n" * 5_000_000, "a.csv: is larger than 5 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) and ":" in value else "",
)
def test_a_bad_file_gets_one_sentence(run, csv, content, said):
    assert_refused(run(*QUICK, "--train", csv("a.csv", content)), said)


@each_row(
    ("option", "value", "said"),
    [
        ("--unit", "letters", "Unit (unit) can't be 'letters': it is one of words, characters"),
        ("--test-share", "0.51", "Test share (test_share) can't be '0.51'"),
        ("--test-share", "-0.1", "a number from 0 to 0.5"),
        ("--test-share", "nan", "a number from 0 to 0.5"),
        ("--test-share", "half", "a number from 0 to 0.5"),
    ],
)
def test_a_bad_way_of_reading_gets_one_sentence(run, csv, option, value, said):
    assert_refused(run(*QUICK, "--train", csv("a.csv"), option, value), said)


@pytest.mark.parametrize(
    ("name", "content", "metric"),
    [
        ("a.txt", "the cat sat on the mat. " * 20, "Accuracy"),
        ("a.csv", "source,target\nthe cat,le chat\na dog,un chien\n", "Exact match"),
    ],
)
def test_what_comes_next_and_translations_are_trained_too(run, csv, name, content, metric):
    done = run(*QUICK, "--train", csv(name, content), "--cell", "gru", "--every", "1")
    assert done.code == 0
    assert f"| {metric}: " in done.out


@each_row("task", TaskName)
def test_every_task_is_trained(run, task):
    settings = ("--optimizer", "adam", "--batch", "32", "--dtype", "float32")
    done = run(*QUICK, "--task", task, "--cell", "lstm", "--layers", "2", *settings, "--every", "1")
    assert done.code == 0
    assert "Train:\tLoss" in done.out


def test_a_test_file_with_an_unknown_label_gets_one_sentence(run, csv):
    test = csv("b.csv", "text,label\nso warm,foggy\n")
    assert_refused(run(*QUICK, "--train", csv("a.csv"), "--test", test), "'foggy' is unknown")


@each_row("option", ["--json", "--weights"])
@each_row("name", ["", "missing/file"], ids=["a folder", "in no folder"])
def test_what_cannot_be_written_gets_one_sentence(run, tmp_path, option, name):
    assert_refused(run(*QUICK, option, tmp_path / name), str(tmp_path))


@pytest.mark.parametrize("option", ["--json", "--weights"])
def test_what_cannot_be_written_is_found_out_before_training(run, tmp_path, option):
    assert run(*QUICK, "--every", 1, option, tmp_path / "missing" / "file").out == ""


def test_a_phrase_that_cannot_be_read_is_found_out_before_training(run, monkeypatch):
    monkeypatch.setattr(Player, "advance", lambda *_: pytest.fail("It was trained first."))
    assert_refused(run("gradcheck", "--phrase", "great"), "None of these words")


def test_bad_input_of_a_process_gets_one_sentence_too():
    done = started("train", "--lr", "fast")
    assert_refused(Outcome(done.returncode, done.stdout, done.stderr), "Learning rate")


# The gradient check

CHECK = ("gradcheck", "--hidden", "4", "--init-scale", "0.3", "--after", "20")


def errors(out):
    """The table's rows: parameter, exact, notebook."""
    found = re.findall(r"^(\w+) +(\d\.\de[+-]\d+) +(\d\.\de[+-]\d+)$", out, re.MULTILINE)
    return {name: (float(exact), float(notebook)) for name, exact, notebook in found}


def test_gradcheck_finds_the_exact_gradient_exact(run):
    done = run(*CHECK)
    assert done.code == 0
    assert list(errors(done.out)) == ["W_xh", "W_hh", "b_h", "W_hy", "b_y"]
    assert all(exact <= 1e-8 for exact, _ in errors(done.out).values())


def test_gradcheck_finds_the_notebook_s_gradient_wrong_below_the_output_layer(run):
    found = errors(run(*CHECK).out)
    assert all(found[name][1] > 1e-3 for name in ("W_xh", "W_hh", "b_h"))
    assert all(found[name][1] < 1e-8 for name in ("W_hy", "b_y"))


def test_gradcheck_says_what_it_read(run):
    done = run(*CHECK, "--phrase", "this is great and not bad")
    assert "after 20 epochs" in done.out
    assert "5 words: this is and not bad" in done.out


def test_gradcheck_reads_a_single_word(run):
    assert run(*CHECK, "--phrase", "bad").code == 0


def test_gradcheck_fails_where_the_exact_gradient_is_not(run, monkeypatch):
    right = cli.record

    def wrong(parameters, batch, gradient):
        return right(parameters, batch, Gradient.NOTEBOOK)

    monkeypatch.setattr(cli, "record", wrong)
    assert run(*CHECK).code == 1


def test_a_setting_without_effect_gets_one_sentence(run):
    done = run(*QUICK, "--cell", "gru", "--gradient", "notebook")
    assert_refused(done, "Gradient (gradient) has no effect unless Cell is elman. Leave it out.")
