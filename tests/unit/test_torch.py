"""The Recorder of training loops: what it writes is what was there, and nothing changes."""

import copy
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rnnviz.files import recording_file  # noqa: E402
from rnnviz.files.foreign_network import TransferError  # noqa: E402
from rnnviz.files.recording_file import (  # noqa: E402
    RecordingFile,
    RecordingWriter,
    open_recording,
)
from rnnviz.files.weights_file import from_torch  # noqa: E402
from rnnviz.run.schedule import Position  # noqa: E402
from rnnviz.tasks.data.csv_table import TaskError  # noqa: E402
from rnnviz.torch import Recorder  # noqa: E402
from tests.unit.files.torch_modules import CLASSES, WORDS, Classifier, OneHot, made  # noqa: E402

PROBE = [("i am not bad", "positive"), ("the bad", "negative"), ("i am", "neutral")]
KNOWN = {"vocabulary": WORDS, "classes": CLASSES, "probe": PROBE}
ROOT = Path(__file__).resolve().parents[2]


class Loop:
    """A training loop, step by step; it remembers its weights after every one."""

    def __init__(self, model, dropout=False):
        self.model, self.states, self.losses = model.train(), [copy.deepcopy(model)], []
        self.optimizer = torch.optim.Adam(model.parameters(), lr=0.05)

    def step(self):
        tokens = torch.randint(len(WORDS), (4, 5))
        if isinstance(self.model, OneHot):
            tokens = torch.nn.functional.one_hot(tokens, len(WORDS)).double()
        self.optimizer.zero_grad()
        logits = self.model(tokens)
        loss = torch.nn.functional.cross_entropy(logits, torch.arange(4) % 3)
        loss.backward()
        self.optimizer.step()
        self.states.append(copy.deepcopy(self.model))
        self.losses.append(loss.item())
        return loss


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.rnnviz"


def same(found, module):
    """Whether the arrays of a snapshot are those of a module, byte for byte."""
    own = {**dict(module.rnn.named_parameters())}
    own |= {f"readout.{name}": tensor for name, tensor in module.fc.named_parameters()}
    if isinstance(module, Classifier):
        own |= {f"embedding.{name}": tensor for name, tensor in module.embed.named_parameters()}
    assert found.tensors.keys() == own.keys()
    for name, tensor in own.items():
        array = tensor.detach().numpy()
        assert found.tensors[name].dtype == array.dtype
        assert found.tensors[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("kind", "cell"), [(Classifier, "lstm"), (Classifier, "relu"), (OneHot, "gru")]
)
def test_every_snapshot_is_the_module_as_it_was(kind, cell, dtype, path):
    if kind is OneHot and dtype is torch.float32:
        pytest.skip("the loop of this test gives it float64")
    loop = Loop(made(kind, cell, 2, dtype=dtype))
    with Recorder(loop.model, path, **KNOWN, every=4) as recorder:
        for _ in range(10):
            recorder.step(loss=loop.step())
    file = RecordingFile(path)
    assert file.steps == [0, 4, 8, 10]
    assert file.closed
    for step in file.steps:
        same(file.read(step), loop.states[step])


def test_the_session_has_the_network_of_each_snapshot(path):
    loop = Loop(made(Classifier, "gru"))
    with Recorder(loop.model, path, **KNOWN, every=5) as recorder:
        for _ in range(10):
            loop.step()
            recorder.step()
    session = open_recording(path)
    for step in (0, 5, 10):
        other = from_torch(loop.states[step].eval(), WORDS, CLASSES, examples=PROBE)
        session.player.go_to(Position(step))
        found, known = session.state.parameters, other.state.parameters
        assert found.theta.tobytes() == known.theta.tobytes()
        row, expected = (s.run.history.row(k) for s, k in ((session, step), (other, 0)))
        assert row["train_loss"] == pytest.approx(expected["train_loss"], rel=1e-12)
        assert row["train_metric"] == expected["train_metric"]


def test_the_scores_are_the_means_since_the_snapshot_before(path):
    loop, right = Loop(made(Classifier)), [0.0, 1.0, 0.5, 0.25, 1.0]
    with Recorder(loop.model, path, **KNOWN, every=2) as recorder:
        for k in range(5):
            recorder.step(loss=loop.step(), accuracy=right[k])
    session = open_recording(path)
    losses, shares = (session.run.history.column(f"test_{part}") for part in ("loss", "metric"))
    expected = [np.mean(loop.losses[0:2]), np.mean(loop.losses[2:4]), loop.losses[4]]
    assert np.isnan([losses[0], shares[0]]).all()
    np.testing.assert_allclose(losses[1:], expected, rtol=1e-6)
    np.testing.assert_allclose(shares[1:], [0.5, 0.375, 1.0])


# Training is not disturbed


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_training_is_the_same_with_a_recorder_and_without(dropout, path):
    ends = []
    for recorded in (False, True):
        loop = Loop(made(Classifier, "lstm", 2, dropout=dropout))
        torch.manual_seed(5)
        recorder = Recorder(loop.model, path, **KNOWN, every=3) if recorded else None
        for _ in range(20):
            loss = loop.step()
            if recorder:
                recorder.step(loss=loss)
        ends.append((loop.model.state_dict(), torch.get_rng_state()))
    (one, rng), (other, rng_after) = ends
    assert torch.equal(rng, rng_after)
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name])


def test_modes_gradients_and_graphs_stay(path):
    loop = Loop(made(Classifier, "lstm", 2, dropout=0.3))
    loop.model.fc.eval()
    loss = loop.step()
    gradients = [p.grad.clone() for p in loop.model.parameters()]
    modes = [m.training for m in loop.model.modules()]
    recorder = Recorder(loop.model, path, **KNOWN, every=1)
    kept = loop.model.fc.weight.sum()
    recorder.step(loss=kept)
    kept.backward()
    loop.model.fc.weight.grad -= 1
    assert [m.training for m in loop.model.modules()] == modes
    for parameter, gradient in zip(loop.model.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)
    assert loss.requires_grad


def test_a_module_that_can_not_be_copied_is_recorded_too(path):
    """Such as one that holds the graph of its last step."""
    loop = Loop(made(Classifier))
    loop.model.last = loop.step()
    Recorder(loop.model, path, **KNOWN).close()
    notes = open_recording(path).dataset.notes
    assert any("own forward could not be compared" in note for note in notes)


def test_the_random_numbers_of_a_forward_are_given_back(path):
    class Noisy(Classifier):
        def forward(self, tokens):
            return super().forward(tokens) + 0 * torch.rand(1)

    model = made(Noisy)
    before = torch.get_rng_state()
    Recorder(model, path, **KNOWN).close()
    assert torch.equal(torch.get_rng_state(), before)


# What goes wrong


def test_a_full_disk_is_one_warning_and_training_goes_on(path, monkeypatch):
    loop = Loop(made(Classifier))
    recorder = Recorder(loop.model, path, **KNOWN, every=2)
    add = RecordingWriter.add

    def full(self, step, snapshot):
        if step >= 6:
            raise OSError(28, "No space left on device")
        add(self, step, snapshot)

    monkeypatch.setattr(RecordingWriter, "add", full)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(12):
            recorder.step(loss=loop.step())
        recorder.close()
    (warning,) = said
    assert "the recording ends before step 6; training goes on" in str(warning.message)
    assert "No space left on device" in str(warning.message)
    assert warning.filename == __file__
    assert open_recording(path).run.stored == [0, 2, 4]


@pytest.mark.parametrize("loss", ["much", torch.zeros(3)])
def test_a_loss_that_is_no_number_does_not_end_the_training(loss, path):
    recorder = Recorder(made(Classifier), path, **KNOWN, every=1)
    with pytest.warns(RuntimeWarning, match="training goes on"):
        recorder.step(loss=loss)
    recorder.step(loss=loss)
    assert open_recording(path).run.stored == [0]


def test_a_program_that_is_killed_leaves_a_file_that_opens(path):
    script = """
import os, sys
from rnnviz.torch import Recorder
from tests.unit.test_torch import KNOWN, Loop, Classifier, made
loop = Loop(made(Classifier))
recorder = Recorder(loop.model, sys.argv[1], **KNOWN, every=2)
for _ in range(7):
    recorder.step(loss=loop.step())
os._exit(9)
"""
    done = subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, check=False)
    assert done.returncode == 9
    session = open_recording(path)
    assert session.run.stored == [0, 2, 4, 6]
    assert session.player.growing


def test_weights_that_are_not_finite_end_what_is_shown(path):
    loop = Loop(made(Classifier))
    with Recorder(loop.model, path, **KNOWN, every=1) as recorder:
        for k in range(6):
            loop.step()
            if k == 3:
                with torch.no_grad():
                    loop.model.fc.weight[0, 0] = torch.nan
            recorder.step()
    session = open_recording(path)
    assert session.run.stored == [0, 1, 2, 3]
    assert "Step 4 and later ones can't be shown" in session.player.message
    assert "not finite" in session.player.message


# What it refuses


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"vocabulary": WORDS[:3]}, TransferError, "7 words, and 3 are given"),
        ({"classes": CLASSES[:2]}, TransferError, "3 classes, and 2 are given"),
        ({"probe": [("i am", "sad")]}, TaskError, "unknown label 'sad'"),
        ({"reads": "never"}, TaskError, "it is last or every"),
        ({"every": 0}, ValueError, "every can't be 0"),
    ],
)
def test_what_does_not_fit_is_refused_before_training(options, error, said, path):
    with pytest.raises(error, match=said):
        Recorder(made(Classifier), path, **{**KNOWN, **options})
    assert not path.exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_module_gets_a_sentence(path):
    model = torch.compile(made(Classifier), backend="eager")
    with pytest.raises(TransferError, match=r"give the one that went into torch\.compile"):
        Recorder(model, path, **KNOWN)


def test_another_file_is_not_overwritten_and_a_recording_is(path):
    path.write_bytes(b"my thesis")
    with pytest.raises(FileExistsError, match="is there, and is kept"):
        Recorder(made(Classifier), path, **KNOWN)
    assert path.read_bytes() == b"my thesis"
    path.unlink()
    for seed in (1, 2):
        model = made(Classifier, seed=seed)
        Recorder(model, path, **KNOWN).close()
        same(RecordingFile(path).read(0), model)


def test_too_many_probe_examples_are_refused_before_anything_is_written(path, monkeypatch):
    monkeypatch.setattr(recording_file, "_MOST_HEADER", 5_000)
    with pytest.raises(TransferError, match="Give fewer probe examples"):
        Recorder(made(Classifier), path, **{**KNOWN, "probe": PROBE * 100})
    assert not path.exists()
    Recorder(made(Classifier), path, **KNOWN).close()
    assert RecordingFile(path).steps == [0]


def test_the_file_stays_small(path):
    loop = Loop(made(Classifier))
    with Recorder(loop.model, path, **KNOWN, every=1, megabytes=0.05) as recorder:
        for _ in range(100):
            recorder.step(loss=loop.step())
    assert path.stat().st_size < 70_000
    steps = open_recording(path).run.stored
    stride = steps[1]
    assert steps == sorted({*range(0, 100, stride), 100})
    assert stride in (8, 16, 32)


def test_without_pytorch_there_is_a_sentence():
    script = "import sys; sys.modules['torch'] = None\nimport rnnviz.torch"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert "ImportError: rnnviz.torch needs PyTorch: pip install torch." in done.stderr
