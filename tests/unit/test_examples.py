"""The examples are run as they stand."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rnnviz
from rnnviz.files.recording_file import open_recording
from tests.unit.notebook.cell import on_a_loop

ROOT = Path(__file__).resolve().parents[2]


def test_every_example_has_a_test():
    found = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_file())
    assert found == ["look_inside.ipynb", "look_inside_pytorch.py", "record_pytorch.py"]


def said_by(name, tmp_path):
    """The lines that an example prints."""
    pytest.importorskip("torch")
    command = [sys.executable, ROOT / "examples" / name]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, encoding="utf-8", check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_training_loop_is_recorded(tmp_path):
    *_, last = said_by("record_pytorch.py", tmp_path)
    assert last == "rnnviz open recall.rnnviz"
    session = open_recording(tmp_path / "recall.rnnviz")
    assert session.run.stored == [*range(0, 601, 10)]
    for column in ("train_metric", "test_metric"):
        assert session.run.history.row(600)[column] == 1.0
    assert session.run.history.row(0)["train_metric"] < 0.7
    assert session.story.chapter == "Learned"


def test_a_look_inside_pytorch(tmp_path):
    first, *words, story, training = said_by("look_inside_pytorch.py", tmp_path)
    assert first.startswith("i am not bad: positive, ")
    assert float(first.rsplit(" ", 1)[1]) < 1e-5
    assert [line.split(":")[0].strip() for line in words] == ["i", "am", "not", "bad"]
    assert story.startswith("The weights came from PyTorch.")
    assert training.startswith("Training on differs from PyTorch")
    csv = (tmp_path / "phrases.csv").read_text(encoding="utf-8").splitlines()[1:]
    examples = [tuple(line.split(",")) for line in csv]
    opened = rnnviz.open_weights(tmp_path / "gru.safetensors", examples=examples)
    assert (
        opened.inspect("i am not bad").answer == first.removeprefix("i am not bad: ").split(";")[0]
    )
    opened.player.advance(1)
    assert opened.run.history.row(1)["train_metric"] == 1.0


def test_the_notebook_runs_cell_by_cell(capsys):
    pytest.importorskip("anywidget")
    notebook = json.loads((ROOT / "examples" / "look_inside.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] for cell in cells), "it is saved as nobody has run it yet"
    names = {}

    async def run():
        for cell in cells:
            exec("".join(cell["source"]), names)
            await asyncio.sleep(0)

    on_a_loop(run())
    session, probe, early = names["session"], names["probe"], names["early"]
    assert capsys.readouterr().out.startswith("epoch 0: 'i am not bad' is ")
    assert session.run.position.epoch == 500
    assert probe.reading.text == early.reading.text == "this is not bad"
    assert probe.probability > 0.9
    assert session.player.position.epoch == 100
