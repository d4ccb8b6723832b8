"""Files of weights as sessions: those of rnnviz to the last bit, and state_dicts of PyTorch."""

import json
from io import BytesIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rnnviz
from rnnviz.cells import cell_names
from rnnviz.config import RunConfig, TaskName
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.tensor_file import TensorFile, read_npz
from rnnviz.files.weights_file import open_weights, safetensors_file, weights_file
from rnnviz.run.schedule import Position
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.upload import File, Upload, dataset_of
from tests.sampling import each_row

OWN = "h = tanh(W_x @ x + 0.5 * h + U @ h + b)  # state"
WORDS, CLASSES = ("bad", "good", "i", "am", "not", "very", "the"), ("no", "maybe", "yes")
CSV = b"text,label\nso warm,sunny\nso cold,rainy\nso mild,sunny\nso wet,rainy\n"
#: More than the few examples that are drawn by default.
FEW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def run_of(epochs=2, dataset=None, **changed):
    changed = {"hidden": 5, "init_scale": 0.2, "epochs": 9, **changed}
    session = rnnviz.Session(RunConfig(**changed), dataset)
    session.player.advance(epochs)
    return session


@pytest.fixture
def saved(tmp_path):
    """Writes a session in both formats, which are opened as the same, and opens it again."""

    def saved(session, **more):
        path, arrays = tmp_path / "w.safetensors", tmp_path / "w.npz"
        path.write_bytes(safetensors_file(session))
        arrays.write_bytes(weights_file(session))
        opened, other = (open_weights(file, **more) for file in (path, arrays))
        same(opened, other)
        assert opened.config == other.config
        assert opened.dataset.vocabulary == other.dataset.vocabulary
        assert opened.dataset.labelled == other.dataset.labelled
        return opened

    return saved


def same(one, other):
    assert one.state.parameters.architecture == other.state.parameters.architecture
    assert one.state.parameters.theta.dtype == other.state.parameters.theta.dtype
    assert one.state.parameters.theta.tobytes() == other.state.parameters.theta.tobytes()


# Files of rnnviz


@pytest.mark.parametrize("cell", cell_names())
def test_every_cell_is_read_back_to_the_last_bit(cell, saved):
    own = {"equations": OWN} if cell == "own" else {}
    session = run_of(cell=cell, layers=2, **own)
    opened = saved(session)
    same(opened, session)
    assert opened.config == session.config
    opened.player.advance(1)
    assert opened.run.history.row(1)["train_loss"] > 0


@pytest.mark.parametrize("task", TaskName)
def test_every_task_is_read_back_with_its_data(task, saved):
    session = run_of(1, task=task, lag=4, seed=3)
    opened = saved(session)
    same(opened, session)
    assert opened.dataset.labelled
    assert opened.dataset.classes == session.dataset.classes
    assert opened.inspect(opened.first_phrase).trace.logits.shape[1] == len(session.dataset.classes)
    rows = [*opened.run.history.row(0).values()], [*session.run.history.row(1).values()]
    np.testing.assert_array_equal(*rows)  # NaN where there is no test set


def test_float32_is_read_back(saved):
    session = run_of(dtype="float32", cell="lstm")
    same(saved(session), session)


def test_an_earlier_epoch_is_saved_as_it_is_shown(saved):
    session = run_of(4)
    session.player.go_to(Position(2, 7))
    opened = saved(session)
    same(opened, session)
    assert "the weights of epoch 2 + 7/58" in opened.player.message
    assert "without what the optimizer remembered" in opened.player.message


def test_the_page_says_that_a_link_can_not_carry_them(saved):
    opened = saved(run_of())
    assert opened.dataset.notes[-1] == (
        "The weights came from w.safetensors: a link can't carry them."
    )
    assert opened.story.sentence.startswith("The weights came from w.safetensors.")


def test_own_data_are_not_in_the_file_but_can_be_given_again(saved):
    session = run_of(dataset=dataset_of(Upload(File("sky.csv", CSV), test_share=0)))
    opened = saved(session)
    same(opened, session)
    assert not opened.dataset.labelled
    assert opened.dataset.name == "sky.csv"
    assert "no labelled examples" in opened.player.message
    given = saved(session, examples=[("so warm", "sunny"), ("so wet", "rainy")])
    same(given, session)
    given.player.advance(1)
    assert given.run.position == Position(1)


def test_what_is_saved_again_is_the_same(saved):
    opened = saved(run_of(cell="gru"))
    same(saved(opened), opened)


def test_networks_of_pytorch_can_be_saved(saved):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    words = ("<pad>", "I", "am", "not.")
    session = rnnviz.from_torch(torch.nn.LSTM(4, 6), words, CLASSES, readout=torch.nn.Linear(6, 3))
    opened = saved(session)
    same(opened, session)
    assert opened.inspect("I am not.").words == ("I", "am", "not.")


def test_pairs_of_sentences_of_ones_own_are_not_in_the_file(saved):
    csv = b"source,target\nso warm,si chaud\nso cold,si froid\n"
    session = run_of(dataset=dataset_of(Upload(File("own.csv", csv), test_share=0)))
    with pytest.raises(TransferError, match="its data are missing"):
        saved(session)


def changed(session, tensors=lambda t: t, **metadata):
    file = TensorFile.of(safetensors_file(session))
    known = {**file.metadata, **metadata}
    known = {name: value for name, value in known.items() if value is not None}
    return TensorFile(tensors({n: a.copy() for n, a in file.tensors.items()}), known).content()


def without(name):
    return lambda tensors: {n: a for n, a in tensors.items() if n != name}


def put(name, value):
    return lambda tensors: {**tensors, name: value}


SETTINGS = RunConfig(hidden=5).as_dict()


def settings_with(**more):
    return json.dumps({**SETTINGS, **more})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tensors": without("W_hh")}, "lacks W_hh"),
        ({"tensors": put("W_zz", np.ones(2))}, "has W_zz"),
        ({"tensors": put("W_hh", np.ones((5, 4)))}, r"of the shape \(5, 4\), and must be"),
        ({"tensors": put("W_hh", np.ones((5, 5), "float32"))}, "W_hh is float32"),
        ({"tensors": put("W_hh", np.full((5, 5), np.nan))}, "W_hh has values that are not finite"),
        ({"tensors": put("b_h", np.full(5, np.inf))}, "b_h has values that are not finite"),
        ({"settings": None}, "have no settings"),
        ({"settings": "{"}, "have no settings"),
        ({"settings": "[]"}, "have no settings"),
        ({"settings": "[" * 100_000}, "have no settings"),
        ({"settings": settings_with(hidden=1000)}, "Hidden units"),
        ({"settings": settings_with(hidden="a")}, "Hidden units"),
        ({"settings": settings_with(wings=2)}, "not those of this version"),
        ({"settings": settings_with(cell="own", equations="h = = x")}, "settings can't be used"),
        ({"settings": settings_with(cell="gru")}, "lacks W_xr"),
        ({"vocabulary": None}, "have no vocabulary"),
        ({"classes": "{}"}, "have no classes"),
        ({"classes": "[1, 2]"}, "its data are missing"),
        ({"vocabulary": '[["a"]]'}, "its data are missing"),
        ({"vocabulary": '["a", "a"]'}, "'a' appears twice"),
        ({"vocabulary": '["a", "b"]'}, "W_xh is float64 of the shape"),
        ({"data": "own", "reads": "never"}, "reads can't be 'never'"),
    ],
)
def test_what_does_not_fit_gets_a_sentence(change, said, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(changed(run_of(), **change))
    with pytest.raises((TransferError, TaskError), match=said) as refusal:
        open_weights(path)
    assert str(refusal.value).startswith("w.safetensors: ")


@FEW
@given(data=st.data())
def test_a_damaged_file_gives_a_session_or_a_sentence(data, tmp_path):
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    try:
        open_weights(path)
    except (TransferError, TaskError) as problem:
        assert str(problem)


WHOLE = safetensors_file(run_of(0, hidden=1, dtype="float32"))


# State_dicts of PyTorch


def state_dict(gates=4, layers=1, embedded=True, *, prefix="rnn.", dtype="float64", width=3):
    """Arrays with PyTorch's names; no two of them have the same shape."""
    rng, hidden = np.random.default_rng(0), 6
    inputs = width if embedded else len(WORDS)
    arrays = {"embed.weight": rng.normal(size=(len(WORDS), width))} if embedded else {}
    for n in range(layers):
        wide = hidden if n else inputs
        arrays |= {
            f"{prefix}weight_ih_l{n}": rng.normal(size=(gates * hidden, wide)),
            f"{prefix}weight_hh_l{n}": rng.normal(size=(gates * hidden, hidden)),
            f"{prefix}bias_ih_l{n}": rng.normal(size=gates * hidden),
            f"{prefix}bias_hh_l{n}": rng.normal(size=gates * hidden),
        }
    ends = {"fc.weight": rng.normal(size=(3, hidden)), "fc.bias": rng.normal(size=3)}
    return {name: array.astype(dtype) for name, array in {**arrays, **ends}.items()}


@pytest.fixture
def opened(tmp_path):
    """Opens arrays as PyTorch saves them."""

    def opened(arrays, vocabulary=WORDS, metadata=None, **more):
        path = tmp_path / "net.safetensors"
        path.write_bytes(TensorFile(arrays, metadata or {"format": "pt"}).content())
        return open_weights(path, vocabulary, **more)

    return opened


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("embedded", [True, False])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("kind", [(1, "elman"), (3, "gru"), (4, "lstm")])
def test_a_state_dict_is_told_by_its_shapes(kind, layers, embedded, dtype, opened):
    gates, cell = kind
    session = opened(state_dict(gates, layers, embedded, dtype=dtype))
    config = session.config
    assert (config.cell, config.layers, config.hidden, config.dtype) == (cell, layers, 6, dtype)
    assert session.dataset.classes == ("class 0", "class 1", "class 2")
    assert any("taken to be after the last word" in note for note in session.dataset.notes)


@each_row("names", [("embed.weight", "rnn.weight_ih_l0"), ("rnn.bias_ih_l0", "rnn.bias_hh_l0")])
def test_arrays_whose_product_or_sum_is_not_finite_get_a_sentence(names, opened):
    arrays = state_dict(dtype="float32")
    for name in names:
        arrays[name] += np.float32(3e38 if "bias" in name else 1e30)
    with pytest.raises(TransferError, match="its numbers are too large for float32"):
        opened(arrays)


def test_the_numbers_of_a_state_dict_are_pytorchs(opened, tmp_path):
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("safetensors.torch")
    from tests.unit.files.torch_modules import Classifier, made  # noqa: PLC0415

    for cell in ("rnn", "relu", "gru", "lstm"):
        module, path = made(Classifier, cell, 2), tmp_path / "theirs.safetensors"
        library.save_file(module.state_dict(), path)
        activation = "relu" if cell == "relu" else "tanh"
        session = open_weights(path, WORDS, CLASSES, activation=activation)
        expected = module(torch.tensor([[2, 3, 0]])).detach().numpy()
        found = session.inspect("i am bad").trace.logits
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
        assert session.dataset.classes == CLASSES


def test_a_layer_alone_and_a_readout_without_bias(opened):
    arrays = state_dict(prefix="", embedded=False)
    del arrays["fc.bias"]
    assert "the readout has a bias" in opened(arrays, examples=[("i am", "class 0")]).player.message


def test_a_readout_of_all_words_is_told_from_an_embedding(opened):
    arrays = state_dict(width=6)
    arrays["fc.weight"], arrays["fc.bias"] = np.ones((len(WORDS), 6)), np.zeros(len(WORDS))
    session = opened(arrays, reads="every")
    assert session.dataset.classes[-1] == "class 6"


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({}, "there are 0 among: no arrays"),
        ({"a.weight_hh_l0": np.ones((6, 6))}, "no weight_ih_l0"),
        ({**state_dict(), "b.weight_hh_l0": np.ones((6, 6))}, "there are 2"),
        ({**state_dict(), "rnn.weight_hh_l0_reverse": np.ones((6, 6))}, "bidirectional"),
        ({**state_dict(), "rnn.weight_hr_l0": np.ones((6, 6))}, "projections"),
        (
            {"rnn.parametrizations.weight_hh_l0.original0": np.ones((6, 6))},
            "remove_parametrizations",
        ),
        ({**state_dict(), "norm.scale": np.ones(6)}, "norm.scale is not part of"),
        ({**state_dict(), "rnn.weight_hh_l0": np.ones((12, 6))}, "1, 3 or 4 times"),
        ({**state_dict(), "rnn.weight_hh_l0": np.ones(12)}, "1, 3 or 4 times"),
        ({**state_dict(), "rnn.weight_hh_l0": np.array(1.0)}, "1, 3 or 4 times"),
        ({**state_dict(), "rnn.weight_ih_l0": np.array(1.0)}, "first layer 0 inputs"),
        ({**state_dict(), "rnn.bias_ih_l0": np.ones(3)}, r"bias_ih_l0 has the shape \(3,\)"),
        ({**state_dict(), "rnn.bias_ih_l0": np.full(24, np.nan)}, "bias_ih_l0 has values"),
        ({**state_dict(), "fc.bias": np.ones(2)}, "for 3 classes"),
        ({**state_dict(), "fc.bias": np.array(1.0)}, "a single number"),
        ({**state_dict(), "fc.weight": np.ones((3, 5))}, "no readout"),
        ({**state_dict(), "fc.weight": np.ones((1, 6)), "fc.bias": np.ones(1)}, "one output"),
        ({**state_dict(), "two.weight": np.ones((3, 6))}, "Any of these could be the readout"),
        ({**state_dict(), "two.weight": np.ones((7, 3))}, "is not part of|could be the embedding"),
        ({**state_dict(), "fc.bias": np.ones(3, "float32")}, "mix float32 and float64"),
    ],
)
def test_what_is_no_such_network_gets_a_sentence(arrays, said, opened):
    with pytest.raises(TransferError, match=said) as refusal:
        opened(arrays)
    assert str(refusal.value).startswith("net.safetensors: ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"vocabulary": None}, "drop its words too"),
        ({"vocabulary": WORDS[1:]}, "has 6 words, and the first layer 3 inputs, and an embedding"),
        ({"classes": ["a", "b"]}, "3 classes, and 2 are given"),
        ({"activation": "sine"}, "not tanh or relu"),
        ({"reads": "x"}, "reads can't be"),
    ],
)
def test_what_is_said_of_it_must_fit(given, said, opened):
    with pytest.raises((TransferError, TaskError), match=said):
        opened(state_dict(), **given)


@FEW
@given(data=st.data())
def test_arrays_of_any_shape_give_a_session_or_a_sentence(data, opened):
    arrays = state_dict(data.draw(st.sampled_from([1, 3, 4])), data.draw(st.integers(1, 2)))
    name = data.draw(st.sampled_from([*arrays]))
    shape = data.draw(st.lists(st.integers(0, 8), max_size=3))
    value = data.draw(st.sampled_from([0.5, np.nan, np.inf]))
    arrays[name] = np.full(shape, value)
    if data.draw(st.booleans()):
        del arrays[data.draw(st.sampled_from([*arrays]))]
    try:
        opened(arrays)
    except (TransferError, TaskError) as problem:
        assert str(problem).endswith(".")


def test_a_description_in_bytes_is_refused_before_it_is_written_out():
    """Zeros pack well: a few kilobytes would become hundreds of megabytes of text."""
    file = BytesIO()
    np.savez_compressed(file, rnnviz=np.array(b"x" * 1_000_000), W_hy=np.zeros((2, 2)))
    with pytest.raises(TransferError, match="not a table of texts"):
        read_npz(file.getvalue(), 10_000_000)
