"""rnnviz open, and the weights that rnnviz train writes for it."""

import os

import numpy as np
import pytest

from rnnviz import cli
from rnnviz.files.tensor_file import TensorFile
from rnnviz.files.weights_file import open_weights
from tests.unit.cli.test_cli import QUICK, csv, opened, run  # noqa: F401
from tests.unit.cli.test_export import needs_bytes
from tests.unit.files.recordings import Loop
from tests.unit.files.test_weights_file import WORDS, state_dict


@pytest.fixture
def weights(tmp_path):
    """A state_dict of PyTorch in a file, and its words in another."""
    path, words = tmp_path / "net.safetensors", tmp_path / "words.txt"
    path.write_bytes(TensorFile(state_dict(), {"format": "pt"}).content())
    words.write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return path, words


def test_what_train_writes_is_opened(run, opened, tmp_path):  # noqa: F811
    tensors, arrays = tmp_path / "w.safetensors", tmp_path / "w.npz"
    for path in (tensors, arrays):
        assert run(*QUICK, "--cell", "lstm", "--weights", path).code == 0
    session = open_weights(tensors)
    same = open_weights(arrays).state.parameters.theta
    assert same.tobytes() == session.state.parameters.theta.tobytes()
    with np.load(arrays) as known:
        for name, array in session.state.parameters.named().items():
            np.testing.assert_array_equal(array, known[name])
    done = run("open", tensors)
    ((port, browser, opening),) = opened
    assert (done.code, port, browser) == (0, None, True)
    assert "a link can't carry them" in done.err
    one, other = opening(), opening()
    assert one is not other
    assert one.state.parameters.theta.tobytes() == session.state.parameters.theta.tobytes()


def test_a_recording_is_opened_while_it_grows(run, opened, tmp_path):  # noqa: F811
    loop = Loop(tmp_path / "run.rnnviz").record(0, 10)
    assert run("open", loop.path).code == 0
    ((_, _, opening),) = opened
    loop.record(20)
    one, other = opening(), opening()
    assert one.run is not other.run
    assert one.run.stored == other.run.stored == [0, 10, 20]
    refused = run("open", loop.path, "--classes", "a,b")
    assert (refused.code, len(opened)) == (2, 1)
    assert "--classes is for weights, not for a run: leave it out." in refused.err


def test_a_recording_without_a_snapshot_gets_a_sentence(run, opened, tmp_path):  # noqa: F811
    done = run("open", Loop(tmp_path / "run.rnnviz").close())
    assert (done.code, opened) == (2, [])
    assert "run.rnnviz: there is no complete snapshot in it yet." in done.err


def test_a_state_dict_is_opened_with_its_words(run, opened, weights, csv):  # noqa: F811
    path, words = weights
    examples = csv("some.csv", "text,label\ni am,a\nnot bad,c\n")
    options = ("--vocabulary", words, "--classes", "a,b,c", "--examples", examples)
    done = run("open", path, *options, "--reads", "last", "--port", "8765", "--no-browser")
    assert done.code == 0, done.err
    ((port, browser, opening),) = opened
    assert (port, browser) == (8765, False)
    session = opening()
    assert session.dataset.classes == ("a", "b", "c")
    assert session.dataset.vocabulary.words == WORDS
    assert [example.target for example in session.dataset.train] == [0, 2]


@needs_bytes
def test_a_file_whose_name_is_no_text_has_a_name_that_can_be_written(
    run, opened, weights, tmp_path  # noqa: F811
):  # fmt: skip
    path, words = (one.rename(one.with_stem(os.fsdecode(b"x\xff"))) for one in weights)
    assert run("open", path, "--vocabulary", words).code == 0
    header = {"name": ""}  # Then the file gives the name.
    recorded = Loop(tmp_path / os.fsdecode(b"x\xff.rnnviz"), **header).record(0).close()
    assert run("open", recorded).code == 0
    names = [opening().dataset.name for _, _, opening in opened]
    assert names == ["x\\xff.safetensors", "x\\xff.rnnviz from PyTorch"]
    network = opened[0][2]().player.first
    assert network.source == "x\\xff.safetensors"


def test_port_and_browser_may_stand_before_open_too(run, opened, weights):  # noqa: F811
    path, words = weights
    assert run("--port", "8766", "--no-browser", "open", path, "--vocabulary", words).code == 0
    assert opened[0][:2] == (8766, False)


def test_words_of_windows_are_the_same(run, opened, weights):  # noqa: F811
    path, words = weights
    words.write_bytes(("\ufeff" + "\r\n".join(WORDS)).encode())
    assert run("open", path, "--vocabulary", words).code == 0
    assert opened[0][2]().dataset.vocabulary.words == WORDS


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "drop its words too"),
        (["--vocabulary", "none.txt"], "can't be read"),
        (["--vocabulary", "binary.txt"], "is not text in UTF-8"),
        (["--vocabulary", "short.txt"], "The vocabulary has 2 words, and the first layer 3"),
        (["--vocabulary", "words.txt", "--classes", "a,b"], "3 classes, and 2 are given"),
        (["--vocabulary", "words.txt", "--examples", "text.csv"], "To learn text,label takes two"),
        (["--vocabulary", "words.txt", "--examples", "other.csv"], "unknown label 'x'"),
        (["--vocabulary", "words.txt", "--reads", "never"], "invalid choice"),
    ],
)
def test_what_does_not_fit_gets_a_sentence(run, opened, weights, tmp_path, options, said):  # noqa: F811, PLR0917
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "short.txt").write_text("a\nb\n", encoding="utf-8")
    (tmp_path / "text.csv").write_text("text\ni am\n", encoding="utf-8")
    (tmp_path / "other.csv").write_text("text,label\ni am,x\n", encoding="utf-8")
    named = [tmp_path / word if "." in word else word for word in options]
    done = run("open", weights[0], *named)
    assert (done.code, opened) == (2, [])
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["net.pt", "none.safetensors", "cut.safetensors", "w.npz"])
def test_what_can_not_be_opened_gets_a_sentence(run, opened, weights, tmp_path, name):  # noqa: F811
    content = weights[0].read_bytes()
    (tmp_path / "net.pt").write_bytes(b"PK\x03\x04")
    (tmp_path / "w.npz").write_bytes(b"PK\x03\x04")
    (tmp_path / "cut.safetensors").write_bytes(content[:-1])
    done = run("open", tmp_path / name)
    assert (done.code, opened) == (2, [])
    assert name in done.err


def test_a_table_that_is_opened_is_shown_its_place(run, opened, csv):  # noqa: F811
    done = run("open", csv("sky.csv", "text,label\nblue,good\n"))
    assert (done.code, opened) == (2, [])
    assert "sky.csv: this is neither a run nor weights" in done.err
    assert "rnnviz train --train" in done.err


def test_open_needs_a_file():
    with pytest.raises(SystemExit) as stop:
        cli.main(["open"], open_page=lambda *given: None, every_picture=lambda _: {})
    assert stop.value.code == 2
