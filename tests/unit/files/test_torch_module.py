"""Networks of PyTorch as sessions: the same answers and gradients, and the way back."""

import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import rnnviz
from rnnviz.config import OutputAt
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.files.foreign_network import NAMES, TransferError, torch_layers
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.dataset import Example

torch = pytest.importorskip("torch")
nn = torch.nn

from tests.unit.files.torch_modules import (  # noqa: E402
    CLASSES,
    HIDDEN,
    LAYERS,
    WIDTH,
    WORDS,
    Classifier,
    OneHot,
    made,
)

ROOT = Path(__file__).resolve().parents[3]
TOKENS, TARGET = [2, 3, 4, 5, 0, 4, 1], 1
EXAMPLES = [("i am not bad", "positive"), ("the good", "positive"), ("i am bad", "negative")]
#: Absolute error of logits and gradients, by precision.
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


def close(ours, theirs, tolerance=1e-10):
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=tolerance)


def same(session, module, inputs, every=False):
    """Logits, loss and gradients of one sequence, here and in PyTorch."""
    dtype = next(module.parameters()).dtype
    parameters, tolerance = session.state.parameters, TOLERANCE[dtype]
    targets = np.arange(len(TOKENS)) % len(CLASSES) if every else np.array([TARGET])
    ours = record(parameters, collate([Example("", np.array(TOKENS), targets)]))
    module.zero_grad()
    logits = module(inputs).reshape(-1, len(CLASSES))
    torch.nn.functional.cross_entropy(logits, torch.tensor(targets)).backward()
    close(ours.logits, logits, tolerance)
    close(ours.gradient.W_hy, module.fc.weight.grad, tolerance)
    close(ours.gradient.b_y, module.fc.bias.grad, tolerance)
    same_layers(ours.gradient, module, tolerance)


def same_layers(gradient, module, tolerance):
    ours, words = torch_layers(gradient), getattr(module, "embed", None)
    if words is not None:
        # dL/dW = dL/d(W E') E, and dL/dE is its other half.
        product_of = ours["weight_ih_l0"]
        close(product_of.T @ module.rnn.weight_ih_l0.detach().numpy(), words.weight.grad, tolerance)
        ours["weight_ih_l0"] = product_of @ words.weight.detach().numpy()
    for number, name in product(range(module.rnn.num_layers), NAMES):
        grad = getattr(module.rnn, f"{name}_l{number}").grad
        found = ours[f"{name}_l{number}"]
        if name == "bias_hh":
            # Of the second bias only that of GRU's n stands apart.
            found, grad = (part[-HIDDEN:] for part in (found, grad))
            if not isinstance(module.rnn, nn.GRU):
                continue
        close(found, grad, tolerance)


def placed(module, tokens):
    """A batch of one sequence, as the module wants it."""
    return tokens[None] if module.rnn.batch_first else tokens[:, None]


# The same numbers


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", LAYERS)
def test_a_module_with_an_embedding(cell, layers, batch_first, dtype):
    module = made(Classifier, cell, layers, batch_first, dtype=dtype)
    session = rnnviz.from_torch(module, WORDS, CLASSES)
    assert session.config.dtype == str(dtype).removeprefix("torch.")
    assert session.dataset.reads is OutputAt.LAST
    same(session, module, placed(module, torch.tensor(TOKENS)))


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", LAYERS)
def test_a_module_over_one_hot_vectors(cell, layers, batch_first):
    module = made(OneHot, cell, layers, batch_first)
    rows = nn.functional.one_hot(torch.tensor(TOKENS), len(WORDS)).double()
    same(rnnviz.from_torch(module, WORDS, CLASSES), module, placed(module, rows))


@pytest.mark.parametrize("cell", LAYERS)
def test_a_module_that_answers_every_word(cell):
    module = made(Classifier, cell, 2, every=True)
    session = rnnviz.from_torch(module, WORDS, CLASSES)
    assert session.dataset.reads is OutputAt.EVERY
    same(session, module, placed(module, torch.tensor(TOKENS)), every=True)
    last = rnnviz.from_torch(module, WORDS, CLASSES, reads="last")
    close(last.inspect("i am bad").trace.logits, module(torch.tensor([[2, 3, 0]]))[0, -1:])


@pytest.mark.parametrize("embedded", [True, False])
@pytest.mark.parametrize("cell", LAYERS)
def test_parts_that_are_given_one_by_one(cell, embedded):
    module = made(Classifier if embedded else OneHot, cell)
    embedding = module.embed if embedded else None
    session = rnnviz.from_torch(module.rnn, WORDS, CLASSES, readout=module.fc, embedding=embedding)
    whole = rnnviz.from_torch(module, WORDS, CLASSES)
    assert session.state.parameters.theta.tobytes() == whole.state.parameters.theta.tobytes()


def test_a_container_without_a_forward_has_nothing_to_be_checked():
    module = made(OneHot)
    held = nn.ModuleDict({"rnn": module.rnn, "fc": module.fc})
    session = rnnviz.from_torch(held, WORDS, CLASSES, examples=["i am"])
    assert not any("could not be called" in note for note in session.dataset.notes)


@pytest.mark.parametrize("cell", LAYERS)
def test_without_biases(cell):
    module = made(OneHot, cell, 2, bias=False)
    module.fc = nn.Linear(HIDDEN, len(CLASSES), bias=False).double()
    session = rnnviz.from_torch(module, WORDS, CLASSES, examples=EXAMPLES)
    rows = nn.functional.one_hot(torch.tensor([2, 3, 0]), len(WORDS)).double()
    close(session.inspect("i am bad").trace.logits, module(rows[None]))
    assert "here the cells have biases" in session.player.message
    assert "here the readout has a bias" in session.player.message


def test_logarithms_and_probabilities_are_known_for_what_they_are():
    for end in (nn.LogSoftmax(-1), nn.Softmax(-1)):
        module = made(Classifier)
        whole = nn.Sequential(module, end)
        session = rnnviz.from_torch(whole, WORDS, CLASSES)
        close(session.inspect("i am bad").trace.logits, module(torch.tensor([[2, 3, 0]])))


def test_dropout_is_no_matter_once_training_is_over():
    module = made(Classifier, layers=2, dropout=0.5)
    module.drop = nn.Dropout(0.5)
    module.eval()
    same(rnnviz.from_torch(module, WORDS, CLASSES), module, torch.tensor([TOKENS]))


# Biases and training on


def test_the_two_biases_of_the_grus_candidate_stay_apart():
    module = made(OneHot, "gru", 2)
    named = rnnviz.from_torch(module, WORDS, CLASSES).state.parameters.named()
    for layer in (0, 1):
        first, second = (getattr(module.rnn, f"bias_{k}h_l{layer}") for k in "ih")
        for gate, rows in zip(
            "rzn", zip(first.split(HIDDEN), second.split(HIDDEN), strict=True), strict=True
        ):
            if gate == "n":
                close(named[f"b_xn.{layer + 1}"], rows[0], 0)
                close(named[f"b_hn.{layer + 1}"], rows[1], 0)
            else:
                close(named[f"b_{gate}.{layer + 1}"], sum(rows), 0)


@pytest.mark.parametrize("cell", LAYERS)
def test_training_on_differs_by_what_is_said(cell):
    """One step of SGD: the sum of two biases moves half as far here; all else moves alike."""
    module = made(OneHot, cell)
    session = rnnviz.from_torch(module, WORDS, CLASSES, examples=EXAMPLES[:1])
    assert "moves half as far a step under sgd" in session.player.message
    before = {name: a.copy() for name, a in session.state.parameters.named().items()}
    optimizer = torch.optim.SGD(module.parameters(), session.config.lr)
    rows = nn.functional.one_hot(torch.tensor([2, 3, 4, 0]), len(WORDS)).double()
    nn.functional.cross_entropy(module(rows[None]), torch.tensor([2])).backward()
    optimizer.step()
    session.player.advance(1)
    theirs = rnnviz.from_torch(module, WORDS, CLASSES).state.parameters.named()
    for name, ours in session.state.parameters.named().items():
        summed = name.startswith("b_") and name not in ("b_y", "b_xn", "b_hn")
        moved = (theirs[name] - before[name]) / (2 if summed else 1)
        np.testing.assert_allclose(ours - before[name], moved, rtol=0, atol=1e-12)


def test_the_embedding_is_said_to_be_one_matrix_here():
    session = rnnviz.from_torch(made(Classifier), WORDS, CLASSES, examples=EXAMPLES)
    assert "embedding and input weights are one matrix here" in session.player.message
    session.player.play()
    assert "embedding and input weights" in session.player.message


# Data


def test_labelled_examples_are_trained_on():
    session = rnnviz.from_torch(made(Classifier), WORDS, CLASSES, examples=EXAMPLES)
    assert session.dataset.labelled
    links, training = session.dataset.notes
    assert links == "This network came from PyTorch: a link can't carry its weights."
    assert training == session.player.message
    assert session.first_phrase == "i am not bad"
    assert session.inspect("the good").label == "positive"
    before = session.run.history.row(0)["train_loss"]
    session.player.advance(30)
    assert session.run.history.row(30)["train_loss"] < before
    assert session.story.chapter != "Opened"


def test_texts_alone_are_read_but_not_trained_on():
    session = rnnviz.from_torch(made(Classifier), WORDS, CLASSES, examples=["i am bad", "good"])
    assert [example.text for example in session.dataset.train] == ["i am bad", "good"]
    answers = [session.inspect(example.text).verdict for example in session.dataset.train]
    assert answers == [CLASSES[example.target] for example in session.dataset.train]
    session.player.play()
    assert "no labelled examples" in session.player.message
    assert any("own answers are the targets" in note for note in session.dataset.notes)


def test_without_examples_every_word_is_one():
    session = rnnviz.from_torch(made(Classifier), WORDS, CLASSES)
    assert [example.text for example in session.dataset.train] == [*WORDS]
    assert session.inspect("good").label is None


def test_a_table_of_numbers_is_a_vocabulary():
    numbers = {word: k for k, word in enumerate(WORDS)}
    backwards = dict(reversed(numbers.items()))
    session = rnnviz.from_torch(made(Classifier), backwards, CLASSES)
    assert session.dataset.vocabulary.words == WORDS


def test_words_are_read_verbatim_where_they_must_be():
    words = ("<pad>", "I", "am", "bad.", ".", "Bad", "bad")
    session = rnnviz.from_torch(made(Classifier), words, CLASSES)
    assert session.inspect("I am Bad .").words == ("I", "am", "Bad", ".")
    assert session.inspect("I am bad").trace.batch.read.inputs.ravel().tolist() == [1, 2, 6]


def test_single_characters_are_read_one_by_one_unless_they_are_words():
    module, letters = made(Classifier), list("abcdefg")
    session = rnnviz.from_torch(module, letters, CLASSES)
    assert session.inspect("abg").words == ("a", "b", "g")
    words = rnnviz.from_torch(module, letters, CLASSES, characters=False)
    assert words.inspect("a b").words == ("a", "b")


def test_labels_after_every_word():
    module = made(Classifier, every=True)
    examples = [("i am bad", ["neutral", "neutral", "negative"])]
    session = rnnviz.from_torch(module, WORDS, CLASSES, examples=examples)
    assert session.dataset.train[0].targets.tolist() == [1, 1, 0]
    session.player.advance(1)
    assert session.run.history.row(1)["train_loss"] > 0


def test_what_the_vocabulary_lacks_is_said():
    examples = [("i am happy", "positive"), ("bad", "negative")]
    session = rnnviz.from_torch(made(Classifier), WORDS, CLASSES, examples=examples)
    assert session.dataset.notes[1] == (
        "Words outside of the vocabulary are skipped in the examples: happy."
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"vocabulary": WORDS[:-1]}, "has 7 words, and 6 are given"),
        ({"classes": CLASSES[:-1]}, "has 3 classes, and 2 are given"),
        ({"classes": ["good"]}, "at least two classes"),
        ({"classes": ["a", "a", "b"]}, "'a' appears twice"),
        ({"vocabulary": []}, "vocabulary is empty"),
        ({"vocabulary": "some words"}, "must be a list of texts"),
        ({"vocabulary": 7}, "must be a list of texts"),
        ({"vocabulary": [*WORDS[:-1], "bad"]}, "'bad' appears twice"),
        ({"vocabulary": [*WORDS[:-1], "\ud83d"]}, "has half of a character"),
        ({"vocabulary": [*WORDS[:-1], ""]}, "must have 1 to 200 characters"),
        ({"vocabulary": {"a": 0, "b": 2}}, "must be 0 to 1, each once"),
        ({"vocabulary": [f"a {k}" for k in range(7)]}, "none can be typed"),
        ({"vocabulary": WORDS, "characters": True}, "it can't be characters"),
        ({"vocabulary": [str(k) for k in range(5001)]}, "more than 5,000"),
        ({"examples": [("i am", "sad")]}, "unknown label 'sad'"),
        ({"examples": [("hello", "neutral")]}, "no word of the vocabulary"),
        ({"examples": ["i am", ("bad", "negative")]}, "Give all of them one"),
        ({"examples": [3]}, "'3' is not an example"),
        ({"examples": [(3, "negative")]}, "is not an example"),
        ({"examples": ["i " * 201]}, "more than 200 words"),
        ({"examples": ["i " + "they " * 200]}, "more than 200 words"),
        ({"examples": ["i"] * 20_001}, "more than 20,000"),
        ({"reads": "often"}, "reads can't be 'often'"),
        ({"reads": "every", "examples": [("i am", ["neutral"])]}, "has 1 label, and"),
    ],
)  # fmt: skip
def test_wrong_data_get_a_sentence(given, said):
    options = {"vocabulary": WORDS, "classes": CLASSES, **given}
    with pytest.raises((TaskError, TransferError), match=said):
        rnnviz.from_torch(made(Classifier), **options)


# What can't be represented


class Pooling(Classifier):
    def forward(self, tokens):
        return self.fc(self.rnn(self.embed(tokens))[0].mean(dim=1))


class Lengths(Classifier):
    def forward(self, tokens, lengths):
        return super().forward(tokens)


class Learned(Classifier):
    def __init__(self):
        super().__init__()
        self.first = nn.Parameter(torch.zeros(1, 1, HIDDEN))


def holding(**more):
    module = made(Classifier)
    for name, part in more.items():
        setattr(module, name, part)
    return module


def refused():
    norm = made(Classifier)
    nn.utils.parametrizations.weight_norm(norm.rnn, "weight_hh_l0")
    broken = made(Classifier)
    broken.fc.weight.data[0, 0] = torch.nan
    readout = nn.Linear(HIDDEN, 3)
    mixed = made(Classifier)
    mixed.fc.float()
    bare = nn.GRU(len(WORDS), HIDDEN)
    return {
        "bidirectional": (made(Classifier, bidirectional=True), {}, "GRU|LSTM is bidirectional"),
        "projections": (made(Classifier, proj_size=3), {}, "projections"),
        "dropout between": (made(Classifier, layers=2, dropout=0.5), {}, "module.eval"),
        "dropout": (holding(drop=nn.Dropout(0.5)), {}, "Dropout .drop. drops units"),
        "norm": (holding(norm=nn.LayerNorm(6)), {}, "LayerNorm .norm. can't be represented"),
        "attention": (holding(a=nn.MultiheadAttention(6, 2)), {}, "MultiheadAttention|linear"),
        "convolution": (nn.Sequential(nn.Conv1d(3, 3, 3)), {}, "holds no nn.RNN"),
        "cell": (nn.Sequential(nn.LSTMCell(3, 3)), {}, "holds no nn.RNN"),
        "two layers": (holding(other=nn.GRU(3, 3)), {}, "holds 2 recurrent layers: rnn, other"),
        "two readouts": (holding(other=nn.Linear(3, 3)), {}, "holds 2 linear layers: fc, other"),
        "two embeddings": (holding(other=nn.Embedding(3, 3)), {}, "2 embeddings: embed, other"),
        "own weights": (made(Learned), {}, "weights of its own, first"),
        "parametrized": (norm, {}, "remove_parametrizations"),
        "max norm": (holding(embed=nn.Embedding(7, 5, max_norm=1.0).double()), {}, "max_norm"),
        "pooling": (made(Pooling), {}, "forward of Pooling gives other answers"),
        "no readout": (bare, {}, "no readout: give the nn.Linear"),
        "no such readout": (bare, {"readout": nn.ReLU()}, "A ReLU can't replace an nn.Linear"),
        "other width": (bare, {"readout": nn.Linear(9, 3)}, "must read the 6 units"),
        "one output": (bare, {"readout": nn.Linear(HIDDEN, 1)}, "one output, as for a sigmoid"),
        "embedding": (
            bare, {"readout": readout, "embedding": nn.Embedding(7, 4)}, "weight_ih_l0 has the"
        ),
        "half": (made(Classifier, dtype=torch.bfloat16), {}, "bfloat16, not float32 or float64"),
        "mixed": (mixed, {}, "mix float32 and float64"),
        "not finite": (broken, {}, "The readout has values that are not finite"),
        "nowhere": (Classifier().to("meta"), {}, "on the device meta"),
        "four layers": (made(Classifier, layers=4), {}, "4 layers; 1 to 3"),
        "too wide": (nn.RNN(7, 257), {"readout": nn.Linear(257, 3)}, "257 units; 1 to 256"),
        "no module": ({"a": 1}, {}, "This is a dict, not a module"),
        "a class": (nn.GRU, {}, "This is a type, not a module"),
    }  # fmt: skip


@pytest.mark.parametrize("name", refused())
def test_what_can_not_be_represented_gets_a_sentence_that_names_it(name):
    module, options, said = refused()[name]
    with pytest.raises(TransferError, match=said) as refusal:
        rnnviz.from_torch(module, WORDS, CLASSES, **options)
    assert str(refusal.value).endswith(".")


def test_a_forward_that_needs_more_than_words_is_named():
    session = rnnviz.from_torch(made(Lengths), WORDS, CLASSES)
    assert "The forward of Lengths, called with words alone, could not" in session.dataset.notes[1]


def test_nothing_of_the_module_changes():
    module = made(Classifier)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    session = rnnviz.from_torch(module, WORDS, CLASSES, examples=EXAMPLES)
    session.player.advance(2)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert module.training


# The way back


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", LAYERS)
def test_there_and_back_again(cell, layers):
    session = rnnviz.from_torch(made(Classifier, cell, layers), WORDS, CLASSES, examples=EXAMPLES)
    session.player.advance(2)
    back = session.to_torch()
    close(session.inspect("i am not bad").trace.logits, back(torch.tensor([[2, 3, 4, 0]])))
    again = rnnviz.from_torch(back, WORDS, CLASSES)
    assert again.state.parameters.theta.tobytes() == session.state.parameters.theta.tobytes()
    assert again.config.cell is session.config.cell
    assert again.dataset.reads is session.dataset.reads


@pytest.mark.parametrize("task", ["sentiment", "characters", "brackets", "flipflop", "adding"])
def test_networks_of_every_kind_of_task_go_to_pytorch(task):
    session = rnnviz.Session(rnnviz.RunConfig(task=task, hidden=5, init_scale=0.4, cell="gru"))
    probe = session.inspect()
    inputs = torch.tensor(probe.example.inputs)[None]
    answers = session.to_torch()(inputs if session.dataset.tokens else inputs.double())
    close(probe.trace.logits, answers.reshape(-1, len(session.dataset.classes)))


def test_float32_stays_float32():
    module = made(Classifier, dtype=torch.float32)
    back = rnnviz.from_torch(module, WORDS, CLASSES).to_torch()
    assert {p.dtype for p in back.parameters()} == {torch.float32}
    close(module(torch.tensor([TOKENS])).detach().numpy(), back(torch.tensor([TOKENS])), 1e-5)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"cell": "mgu"}, "no layer with the cell mgu"), ({"task": "translation"}, "encoder")],
)
def test_what_pytorch_lacks_gets_a_sentence(settings, said):
    with pytest.raises(TransferError, match=said):
        rnnviz.Session(rnnviz.RunConfig(hidden=3, **settings)).to_torch()


def test_the_names_fit():
    assert WIDTH < HIDDEN < len(WORDS)  # so that no two matrices have the same shape


def test_nothing_but_this_imports_pytorch():
    code = (
        "import sys, rnnviz; from rnnviz import Session, figures, open_weights, from_torch;"
        "import rnnviz.cli; Session(); print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "False"


def test_without_pytorch_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "rnnviz.files.torch_module", raising=False)
    monkeypatch.delattr(rnnviz.files, "torch_module", raising=False)
    for use in (lambda: rnnviz.from_torch(None, WORDS, CLASSES), rnnviz.Session().to_torch):
        with pytest.raises(TransferError, match="pip install torch"):
            use()
