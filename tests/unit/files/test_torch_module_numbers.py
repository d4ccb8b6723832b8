"""Networks of PyTorch that read numbers: the same answers and gradients, and their data."""

import numpy as np
import pytest

import rnnviz
from rnnviz.config import Loss, OutputAt
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.files.foreign_network import NAMES, TransferError, torch_layers
from rnnviz.files.run_file import open_run, run_file
from rnnviz.files.weights_file import safetensors_file
from rnnviz.questions.reach.measure import LengthLab
from rnnviz.questions.wrong.measure import DataPart, ResultsLab
from rnnviz.tasks.data.csv_table import TaskError

torch = pytest.importorskip("torch")
nn = torch.nn

from rnnviz.torch import Recorder  # noqa: E402
from tests.unit.files.torch_modules import HIDDEN, LAYERS, WORDS, Classifier, made  # noqa: E402
from tests.unit.files.torch_numbers import (  # noqa: E402
    CLASSES,
    INPUTS,
    OUTPUTS,
    Sensor,
    answers,
    labelled,
    sequences,
    tensor,
)

#: Absolute error of logits and gradients, by precision.
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


def close(ours, theirs, tolerance=1e-10):
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=tolerance)


def sensor(classes, every=False, **options):
    return made(Sensor, outputs=3 if classes else 2, every=every, **options)


def session_of(classes=False, every=False, module=None, **options):
    module = module or sensor(classes, every)
    data = {"examples": labelled(4, 0, classes, every), **answers(classes), **options}
    return rnnviz.from_torch(module, inputs=INPUTS, **data)


# The same numbers


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("every", [False, True], ids=["last", "every"])
@pytest.mark.parametrize("classes", [False, True], ids=["values", "classes"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", LAYERS)
def test_logits_loss_and_gradients(cell, layers, classes, every, dtype):
    module = made(
        Sensor, cell, layers, every=every, outputs=3 if classes else 2, dtype=dtype,
        batch_first=every,
    )  # fmt: skip
    session, tolerance = session_of(classes, every, module), TOLERANCE[dtype]
    assert session.dataset.reads is (OutputAt.EVERY if every else OutputAt.LAST)
    example, (sequence, target) = session.dataset.train[0], labelled(4, 0, classes, every)[0]
    ours = record(session.state.parameters, collate([example]))
    given = tensor(sequence, dtype)
    logits = module(given[None] if every else given[:, None]).reshape(-1, 3 if classes else 2)
    if classes:
        loss = nn.functional.cross_entropy(logits, torch.tensor(target).reshape(-1))
    else:
        loss = nn.functional.mse_loss(logits, tensor(target, dtype).reshape(-1, 2))
    loss.backward()
    close(ours.logits, logits, tolerance)
    own = session.player.run.history.row(0)["train_loss"]
    losses = [
        record(session.state.parameters, collate([e])).loss.mean() for e in session.dataset.train
    ]
    assert losses[0] == pytest.approx(loss.item(), abs=tolerance)
    assert own == pytest.approx(np.mean(losses), abs=tolerance)
    close(ours.gradient.W_hy, module.fc.weight.grad, tolerance)
    close(ours.gradient.b_y, module.fc.bias.grad, tolerance)
    same_layers(ours.gradient, module.rnn, tolerance)


def same_layers(gradient, rnn, tolerance):
    found = torch_layers(gradient)
    for number in range(rnn.num_layers):
        for name in NAMES:
            ours, grad = found[f"{name}_l{number}"], getattr(rnn, f"{name}_l{number}").grad
            if name == "bias_hh":
                # Of the second bias only that of GRU's n stands apart.
                if not isinstance(rnn, nn.GRU):
                    continue
                ours, grad = (part[-HIDDEN:] for part in (ours, grad))
            close(ours, grad, tolerance)


class Squeezed(Sensor):
    """Reads (B, T), and answers (B,)."""

    def forward(self, inputs):
        return super().forward(inputs[..., None])[..., 0]


@pytest.mark.parametrize("every", [False, True])
def test_one_number_in_and_one_out_need_no_axis_of_their_own(every):
    module = made(Squeezed, inputs=1, outputs=1, every=every)
    examples = [([0.5, -1, 2], [1, 2, 3] if every else 1.5), ([1, 0], [0, 1] if every else 2)]
    session = rnnviz.from_torch(module, inputs=["x"], outputs=["y"], examples=examples)
    assert session.dataset.reads is (OutputAt.EVERY if every else OutputAt.LAST)
    assert not any("could not be called" in note for note in session.dataset.notes)
    assert session.first_phrase == "0.5 -1 2"
    close(session.inspect().trace.logits[-1], module(tensor([[0.5, -1, 2]])).reshape(-1)[-1:])
    assert session.dataset.train[1].targets.tolist() == ([[0], [1]] if every else [[2]])


def test_numbers_are_read_in_the_precision_of_the_network():
    """What stands in the box is what is read: of float32 no more digits than it has."""
    module = sensor(False, dtype=torch.float32)
    (sequence,) = sequences(1)
    session = session_of(module=module, examples=[sequence.astype(np.float32)])
    assert len(session.first_phrase) < 12 * sequence.size
    read = session.inspect(session.first_phrase).example.inputs.astype(np.float32)
    assert read.tobytes() == sequence.astype(np.float32).tobytes()
    exact = session_of(examples=[sequence])
    assert exact.inspect(exact.first_phrase).example.inputs.tobytes() == sequence.tobytes()


def test_long_sequences_are_read_whole():
    (sequence,) = sequences(1, steps=120)
    session = session_of(examples=[sequence])
    assert len(session.first_phrase) > 5_000
    session.ask(session.first_phrase)
    assert session.phrase_input.typed == session.first_phrase
    assert session.inspect().example.inputs.tobytes() == sequence.tobytes()


def test_two_numbers_are_written_alike_in_all_examples():
    module = made(Sensor, inputs=2)
    marked, other = [[0.5, 1], [2, 0]], [[1, 0], [1, 0.25]]
    options = {"inputs": ["x", "y"], "outputs": OUTPUTS}
    alone = rnnviz.from_torch(module, **options, examples=[marked])
    both = rnnviz.from_torch(module, **options, examples=[marked, other])
    assert alone.first_phrase == "0.5* 2"
    assert [example.text for example in both.dataset.train] == ["0.5,1 2,0", "1,0 1,0.25"]


# Examples and tests


def test_what_was_learned_is_measured_on_the_test_examples():
    module = sensor(True)
    test = [(x, int(module(tensor(x)[None]).argmax())) for x in sequences(5, 1)]
    test.append(
        (sequences(6, 1)[5], (int(module(tensor(sequences(6, 1)[5])[None]).argmax()) + 1) % 3)
    )
    session = session_of(True, module=module, test_examples=test)
    assert session.run.history.row(0)["test_metric"] == pytest.approx(5 / 6)
    session.lab(ResultsLab).rows = DataPart.TEST
    answered = session.lab(ResultsLab).answers(session.state, session.dataset)
    assert answered.wrong.tolist() == [False] * 5 + [True]
    session.player.advance(2)
    assert session.run.history.row(2)["train_loss"] < session.run.history.row(0)["train_loss"]


def test_the_lengths_of_a_generalisation_are_those_of_the_test():
    short, long = labelled(3, 1), [(np.tile(x, (2, 1)), y) for x, y in labelled(2, 2)]
    session = session_of(True, test_examples=[*short, *long])
    profile = session.lab(LengthLab).profile(session.state, session.dataset)
    assert profile.lengths.tolist() == [7, 14]
    assert profile.counts.tolist() == [3, 2]
    assert (profile.trained, profile.new) == (7, False)


def test_words_have_test_examples_too():
    test = [("not good", "negative"), ("not seen", "neutral")]
    session = rnnviz.from_torch(
        made(Classifier), WORDS, ("negative", "neutral", "positive"),
        examples=[("i am bad", "negative")], test_examples=test,
    )  # fmt: skip
    assert [example.text for example in session.dataset.test] == ["not good", "not seen"]
    assert "skipped in the examples: seen." in session.dataset.notes[1]
    assert np.isfinite(session.run.history.row(0)["test_loss"])


@pytest.mark.parametrize(
    "label", ["fall", 2, np.int64(2), np.array(2), torch.tensor(2), torch.tensor([2])]
)
def test_a_class_is_given_by_name_or_by_number(label):
    session = session_of(True, examples=[(torch.tensor(sequences(1)[0]), label)])
    assert session.dataset.train[0].targets.tolist() == [2]


def test_a_name_goes_before_a_number():
    examples = [(sequences(1)[0], 2)]
    session = rnnviz.from_torch(
        sensor(True), inputs=INPUTS, classes=["2", "1", "0"], examples=examples
    )
    assert session.dataset.train[0].targets.tolist() == [0]


def test_tensors_that_carry_a_gradient_are_read():
    given = tensor(sequences(1)[0]).requires_grad_()
    session = session_of(examples=[(given, tensor([0.5, 1]).requires_grad_())])
    assert session.dataset.train[0].targets.tolist() == [[0.5, 1]]


@pytest.mark.parametrize("classes", [True, False])
def test_without_targets_the_networks_answers_are_the_targets(classes):
    module = sensor(classes)
    session = session_of(classes, module=module, examples=sequences(3))
    logits = module(torch.stack([tensor(x) for x in sequences(3)])).detach().numpy()
    for example, own in zip(session.dataset.train, logits, strict=True):
        if classes:
            assert example.targets.tolist() == [own.argmax()]
        else:
            np.testing.assert_allclose(example.targets[0], own, atol=1e-12)
    session.player.play()
    assert "no labelled examples" in session.player.message


@pytest.mark.parametrize(
    ("scale", "name"), [(1, "within 0.1"), (100, "within 10"), (0, "within 0.1")]
)
def test_a_value_is_right_by_a_tenth_of_what_values_differ(scale, name):
    targets = scale * np.array([[1.0, 1], [-1, -1]])
    examples = list(zip(sequences(2), targets, strict=True))
    assert session_of(examples=examples).dataset.metric.name == name


# What is refused

X = np.zeros((4, 3))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"vocabulary": WORDS}, "Give vocabulary=, the words"),
        ({"inputs": None}, "Give vocabulary=, the words"),
        ({"classes": CLASSES}, "Give classes=, their names"),
        ({"outputs": None}, "Give classes=, their names"),
        ({"inputs": ["a", "b"]}, "has 3 inputs, and 2 are given"),
        ({"inputs": ["a", "b", "a"]}, "The input 'a' appears twice in the inputs"),
        ({"inputs": []}, "There are no inputs"),
        ({"inputs": "abc"}, "The inputs must be a list of texts"),
        ({"outputs": ["a"]}, "has 2 outputs, and 1 is given"),
        ({"outputs": ["a", ""]}, "An output must have 1 to 200 characters"),
        ({"examples": ()}, "There are no examples: give examples="),
        ({"examples": [np.zeros((4, 2))]}, r"example 1 has the shape \(4, 2\).* speed, load, heat"),
        ({"examples": [np.zeros(4)]}, r"has the shape \(4,\), and must have \(steps, 3\)"),
        ({"examples": [np.zeros((0, 3))]}, r"has the shape \(0, 3\)"),
        ({"examples": [[[1, 2, 3], [1]]]}, "example 1 can't be read as an array"),
        ({"examples": [X, X + np.nan]}, "example 2 has inputs that are not finite"),
        ({"examples": [X + 2000]}, "an input that is not between −1000 and 1000"),
        ({"examples": [np.zeros((201, 3))]}, "has 201 steps, more than 200"),
        ({"examples": [np.random.default_rng(0).normal(size=(200, 3)) / 1e40]}, "characters"),
        ({"examples": ["0.5 1"]}, "Write 3 numbers"),
        ({"examples": [(X, [1, 2]), X]}, "Give all of them one"),
        ({"examples": [(X, [1, 2, 3])]}, r"target of the shape \(3,\), and must have \(1, 2\)"),
        ({"examples": [(X, [1, np.nan])]}, "a target that is not a finite number"),
        ({"examples": [(X, "high")]}, "target of the example 1 can't be read"),
        ({"examples": [(X, 1, 2)]}, "is not an example: give a sequence and its target"),
        ({"examples": [X], "test_examples": [X]}, "Test examples need labels"),
        ({"examples": (), "test_examples": [(X, [1, 2])]}, "labels, and other examples"),
        ({"reads": "every", "examples": [(X, [1, 2])]}, r"must have \(4, 2\)"),
    ],
)  # fmt: skip
def test_wrong_data_get_a_sentence(given, said):
    options = {"inputs": INPUTS, "outputs": OUTPUTS, "examples": [(X, [1, 2])], **given}
    with pytest.raises((TaskError, TransferError), match=said) as refusal:
        rnnviz.from_torch(sensor(False), **options)
    assert str(refusal.value)[-1] in ".”"


@pytest.mark.parametrize(
    ("label", "said"),
    [(3, "unknown label '3'"), (-1, "unknown label '-1'"), ("low", "unknown label 'low'"),
     (1.0, "unknown label '1.0'"), (True, "unknown label 'True'"), ([0], "unknown label")],
)  # fmt: skip
def test_an_unknown_class_gets_a_sentence(label, said):
    with pytest.raises(TaskError, match=said):
        session_of(True, examples=[(X, label)])


class Bounded(Sensor):
    def forward(self, inputs):
        return torch.sigmoid(super().forward(inputs))


def test_what_can_not_be_represented_is_named():
    holding = sensor(False)
    holding.softmax = nn.Softmax(-1)
    projected = sensor(False)
    projected.project = nn.Linear(3, 3).double()
    for module, said in (
        (made(Classifier), "has an embedding, so it reads words"),
        (holding, "Softmax .softmax. can't be represented"),
        (projected, "holds 2 linear layers: fc, project"),
        (made(Bounded), "forward of Bounded gives other answers"),
    ):
        outputs = CLASSES if isinstance(module, Classifier) else OUTPUTS
        with pytest.raises(TransferError, match=said):
            rnnviz.from_torch(module, inputs=INPUTS, outputs=outputs, examples=[X])


# The way back, and files


@pytest.mark.parametrize("classes", [True, False])
def test_there_and_back_again(classes):
    session = session_of(classes)
    session.player.advance(2)
    back = session.to_torch()
    close(session.inspect().trace.logits, back(tensor(sequences(1)[0])[None]))
    again = rnnviz.from_torch(back, inputs=INPUTS, **answers(classes), examples=sequences(1))
    assert again.state.parameters.theta.tobytes() == session.state.parameters.theta.tobytes()


@pytest.mark.parametrize("classes", [True, False])
def test_a_run_file_with_its_data_opens_again(classes, tmp_path):
    session = session_of(classes, test_examples=labelled(3, 1, classes))
    session.player.advance(2)
    (tmp_path / "run.rnnviz").write_bytes(run_file(session, own_data=True))
    again = open_run(tmp_path / "run.rnnviz")
    assert again.state.parameters.theta.tobytes() == session.state.parameters.theta.tobytes()
    assert again.dataset.metric.name == session.dataset.metric.name
    assert again.run.history.row(2) == session.run.history.row(2)
    for ours, theirs in zip(again.dataset.test, session.dataset.test, strict=True):
        assert ours.inputs.tobytes() == theirs.inputs.tobytes()


def test_a_file_of_weights_needs_sequences(tmp_path):
    session, path = session_of(), tmp_path / "w.safetensors"
    path.write_bytes(safetensors_file(session))
    with pytest.raises(TransferError, match="it reads numbers, and no sequences"):
        rnnviz.open_weights(path)
    again = rnnviz.open_weights(path, examples=sequences(2))
    assert again.dataset.loss is Loss.SQUARED_ERROR
    assert again.inspect().trace.logits.tobytes() == session.inspect().trace.logits.tobytes()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("classes", [True, False])
def test_a_recorded_loop_over_numbers(classes, known, tmp_path):
    module, path = sensor(classes), tmp_path / "run.rnnviz"
    probe = labelled(4, 0, classes) if known else sequences(4)
    with Recorder(
        module, path, inputs=INPUTS, **answers(classes), probe=probe, every=1
    ) as recorder:
        with torch.no_grad():
            module.fc.weight += 0.1
        recorder.step()
    session = rnnviz.open_recording(path)
    assert session.run.stored == [0, 1]
    assert session.dataset.role == "probe"
    close(session.inspect().trace.logits, module(tensor(sequences(1)[0])[None]))
    loss = session.run.history.row(1)["train_loss"]
    assert np.isfinite(loss) is np.bool(known)
