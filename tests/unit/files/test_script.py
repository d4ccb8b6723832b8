"""A run as a script: the same weights, the same report, with NumPy alone."""

import builtins
import keyword
import re
import subprocess
import sys
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnnviz.cli.train import report
from rnnviz.config import SETTINGS, RunConfig
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.gradcheck import own_cell
from rnnviz.engine.training import begin
from rnnviz.files.script import ScriptError, problem_of, script
from rnnviz.files.tensor_file import read_npz
from rnnviz.files.weights_file import weights_file
from rnnviz.probe.session import Session, from_frame
from rnnviz.run.checksum import checksum_of, processor
from rnnviz.run.run import FirstNetwork, architecture_of
from rnnviz.run.weight_edits import silence
from rnnviz.tasks.data.vocabulary import Unit, Vocabulary
from rnnviz.tasks.dataset import Dataset, Example
from rnnviz.tasks.given_examples import GivenExamples, signature_of
from rnnviz.tasks.upload import File, Upload
from tests.sampling import each_row
from tests.unit.changed_setting import STRANGE, changed_setting

#: Every cell and every kind of task once, with other settings each time.
RUNS = [
    {"epochs": 20, "hidden": 12, "init_scale": 0.1, "weight_decay": 0.01},
    {"epochs": 4, "gradient": "notebook", "truncate": 2, "hidden": 6, "init_scale": 0.1},
    {"epochs": 3, "activation": "relu", "init": "identity", "hidden": 6, "clip": 0.01},
    {"epochs": 3, "cell": "gru", "layers": 2, "hidden": 6, "init_scale": 0.1, "batch": 7},
    {"epochs": 3, "cell": "own", "equations": STRANGE, "layers": 2, "hidden": 5, "init": "xavier"},
    {
        "task": "recall", "lag": 3, "epochs": 2, "cell": "lstm", "hidden": 6, "batch": 8,
        "optimizer": "adam", "lr": 0.01, "clip_by": "norm", "init": "xavier", "weight_decay": 0.1,
        "dropout": 0.3, "recurrent_dropout": 0.5,
    },
    {"task": "parity", "epochs": 1, "cell": "rglru", "hidden": 5, "batch": 8, "clip_by": "off"},
    {
        "task": "adding", "epochs": 1, "cell": "lru", "hidden": 6, "batch": 16,
        "optimizer": "momentum", "init": "orthogonal", "weight_decay": 0.02,
    },
    {"task": "waves", "epochs": 1, "cell": "slstm", "layers": 2, "truncate": 3, "hidden": 4,
     "recurrent_dropout": 0.4},
    {"task": "spelling", "epochs": 1, "cell": "peephole", "hidden": 5, "init": "identity"},
    {"task": "brackets", "epochs": 1, "cell": "mgu", "hidden": 5, "batch": 8},
    {"task": "flipflop", "epochs": 1, "cell": "cornn", "hidden": 5, "batch": 8},
    {"task": "characters", "epochs": 1, "cell": "mingru", "hidden": 5, "batch": 8},
    {
        "task": "translation", "epochs": 1, "cell": "leaky", "constants": "a=0.7", "layers": 2,
        "hidden": 4, "optimizer": "rmsprop", "lr": 0.003, "batch": 40, "weight_decay": 0.05,
        "dropout": 0.2, "recurrent_dropout": 0.2,
    },
    {"task": "translation", "epochs": 1, "cell": "lru", "hidden": 4, "batch": 40},
]  # fmt: skip


def run_of(**settings):
    session = Session(RunConfig(**settings))
    session.player.advance(session.config.epochs)
    return session


def trained(text):
    """The weights that a script ends with."""
    space = {"__name__": "script"}
    exec(compile(text, "run.py", "exec"), space)
    return space["train"]()


def sum_of(path):
    """The checksum of the weights in a file of NumPy."""
    with np.load(path) as found:
        return f"{zlib.crc32(b''.join(found[name].tobytes() for name in sorted(found))):08x}"


def furthest(found, session):
    named = session.state.parameters.named()
    assert found.keys() == named.keys()
    return max(float(np.abs(found[name] - array).max()) for name, array in named.items())


@pytest.mark.parametrize("settings", RUNS, ids=lambda run: f"{run.get('task')}-{run.get('cell')}")
def test_a_script_ends_with_the_weights_of_the_run(settings):
    session = run_of(**settings)
    assert furthest(trained(script(session)), session) < 1e-12


@pytest.mark.parametrize("name", SETTINGS)
def test_a_script_has_the_effect_of_every_setting(name):
    """Also of one that is new: a script must not train another network in silence."""
    session = run_of(**changed_setting(name))
    allowed = 1e-12 if session.config.dtype == "float64" else 1e-4
    assert furthest(trained(script(session)), session) < allowed


def test_a_script_of_own_data_has_them_and_ends_with_the_weights_of_the_run():
    rows = "text,label\n" + '"so ""warm""\'\'\' \\n",yes\nso cold,no\n' * 3
    session = Session(RunConfig(hidden=5, epochs=9))
    session.load(Upload(File("sky.csv", rows.encode()), test_share=0.3))
    session.player.advance(9)
    assert furthest(trained(script(session)), session) < 1e-12


def test_a_script_follows_the_changes_of_a_run_to_where_it_stands():
    session = run_of(epochs=2, hidden=5, init_scale=0.1, batch=4)
    settings = {**session.config.as_dict(), "epochs": 9, "lr": 0.1}
    session.configure(RunConfig(**settings))
    session.player.step_phrase()
    session.configure(RunConfig(**{**settings, "optimizer": "adam", "lr": 0.01}))
    session.player.advance(2)
    session.player.step_phrase()
    assert len(session.run.schedule.changes) == 3
    assert session.state.offset
    assert furthest(trained(script(session)), session) < 1e-12


def test_tokens_that_are_white_space_are_read_too():
    """As the characters of a text without a space are, which has lines."""
    words = Vocabulary(("a", "\n", "b\u00a0"), Unit.CHARACTERS)
    train = tuple(Example("", np.array(tokens), np.array([tokens[0] % 2]))
                  for tokens in ([0, 1, 2], [1, 0, 0], [2, 2, 1]))  # fmt: skip
    dataset = Dataset("lines", words, ("no", "yes"), train, ())
    session = Session(RunConfig(hidden=3, epochs=2), dataset)
    session.player.advance(2)
    assert furthest(trained(script(session)), session) < 1e-12


def test_it_runs_with_numpy_alone_prints_the_report_and_writes_the_weights(tmp_path):
    session = run_of(epochs=3, hidden=5, init_scale=0.1, dtype="float32", clip_by="norm", clip=0.01)
    path, own = tmp_path / "run.py", tmp_path / "own.npz"
    path.write_text(script(session), encoding="utf-8")
    imported = re.findall(r"^(?:import|from) (\w+)", path.read_text("utf-8"), re.MULTILINE)
    assert imported == ["os", "sys", "zlib", "numpy"]
    command = [sys.executable, "-I", str(path), "--weights", str(own)]
    said = subprocess.run(
        command, capture_output=True, encoding="utf-8", check=True, timeout=60
    ).stdout
    assert said.startswith(report(session) + "\n")
    loss = session.run.history.row(3)["train_loss"]
    assert (
        f"\nThe page, on {processor()}: Loss {loss:.3f}; the loss is within 1%; the weights differ"
        in said
    )
    text = path.read_text(encoding="utf-8")
    text = text.replace(checksum_of(session.state.parameters), sum_of(own))
    path.write_text(text, encoding="utf-8")
    again = subprocess.run(
        command, capture_output=True, encoding="utf-8", check=True, timeout=60
    ).stdout
    assert again.endswith("the weights are the same to the last bit\n")
    with np.load(own) as found:
        assert {array.dtype.name for array in found.values()} == {"float32"}
        assert furthest(dict(found), session) < 1e-5


def test_a_script_of_a_run_whose_loss_is_not_finite_runs(tmp_path):
    session = run_of(epochs=0, layers=3, activation="relu", init_scale=2.0, dtype="float32")
    assert not np.isfinite(session.run.history.row(0)["train_loss"])
    path = tmp_path / "run.py"
    path.write_text(script(session), encoding="utf-8")
    done = subprocess.run([sys.executable, "-W", "error", "-I", path], capture_output=True,
                          encoding="utf-8", check=True, timeout=60)  # fmt: skip
    assert re.search(r"The page, on \S+: Loss (nan|inf); the weights are", done.stdout)


@each_row(
    ("settings", "edits", "said"),
    [
        ({}, (silence(1, 0),), "edited by hand"),
        ({"task": "translation", "truncate": 2, "batch": 40}, (), "encoder"),
    ],
)
def test_what_a_script_cannot_repeat_is_said(settings, edits, said):
    session = run_of(epochs=1, hidden=4, **settings)
    if edits:
        session.player.branch_with(edits)
    with pytest.raises(ScriptError, match=said):
        script(session)


def opened(**changed):
    """A session over weights from a file, on data of its own."""
    data, config = Session().dataset, RunConfig(hidden=4, init_scale=0.2, epochs=2)
    parameters = begin(architecture_of(data, config), replace(config, seed=9)).parameters
    first = FirstNetwork(parameters, config, "weights.npz")
    return Session(config, replace(data, **changed), first=first)


def test_weights_from_a_file_have_no_script_until_others_are_drawn():
    session = opened()
    with pytest.raises(ScriptError, match=r"first weights came from weights\.npz"):
        script(session)
    session.configure(replace(session.config, seed=3))
    assert "The weights are new" in session.player.message
    assert problem_of(session) == ""
    session.player.advance(2)
    assert furthest(trained(script(session)), session) < 1e-12
    session.configure(replace(session.config, seed=0))
    assert "weights.npz" in problem_of(session)


def test_data_without_labels_have_no_script():
    session = opened(labelled=False)
    session.configure(replace(session.config, seed=3))
    with pytest.raises(ScriptError, match="no labelled examples"):
        script(session)


@each_row(("largest", "off"), [(0.1, "0.003"), (1.0, "0.03"), (900.0, "30")])
def test_values_that_were_given_are_scored_as_in_the_run(largest, off, capsys):
    rng = np.random.default_rng(0)
    examples = [(rng.normal(size=(3, 2)), [largest * k / 20]) for k in range(21)]
    named = signature_of(inputs=("a", "b"), outputs=("y",))
    data = GivenExamples(named, examples).dataset("numbers")
    session = Session(RunConfig(hidden=4, epochs=3, lr=0.01), data)
    session.player.advance(3)
    text = script(session)
    assert furthest(trained(text), session) < 1e-12
    assert f"within {float(off)} of the target" in text
    score = session.run.history.row(3)["train_metric"]
    assert f"Within {off}: {score:.3f}" in capsys.readouterr().out


#: Where a name may stand in a cell: a line, a state, weights of every kind, a number.
PLACES = [
    "{0} = sigmoid(W_1 @ x + U_1 @ h)\nh = (1 - {0}) * h + {0} * tanh(W_2 @ x)",
    '{0} = 0.5 * {0} + tanh(W_1 @ x)\nq = softplus(U_1 @ {0}) + relu({0})\nout = "q"',
    "h = tanh({0} @ x + U_1 @ h + b_1)",
    "h = tanh(W_1 @ x + {0} @ h + b_1)",
    "h = tanh(W_1 @ x + U_1 @ h + {0})",
    "{0} = 0.3\nh = (1 - {0}) * h + {0} * tanh(W_2 @ x + U_1 @ h)",
]
WORDS = Vocabulary(("a", "b"), Unit.WORDS)
TINY = Dataset("tiny", WORDS, ("no", "yes"), (Example("", np.array([0, 1, 1]), np.array([1])),), ())
#: What a script reads, what Python has, and what a file of weights has besides weights.
NAMES = sorted(
    {*re.findall(r"[A-Za-z]\w*", script(Session(RunConfig(cell="lstm"), TINY)))}
    | {*dir(builtins), *keyword.kwlist, *keyword.softkwlist}
    | {"file", "args", "kwds", "allow_pickle", "rnnviz", "vocabulary", "classes", "arr_0"}
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(PLACES), st.integers(1, 2))
@example("file", PLACES[4], 1)
@example("allow_pickle", PLACES[4], 1)
@example("rnnviz", PLACES[2], 1)
@example("vocabulary", PLACES[3], 1)
@example("classes", PLACES[4], 1)
def test_a_name_in_a_cell_is_refused_or_can_be_written(tmp_path_factory, name, place, layers):
    equations = place.format(name)
    try:
        own_cell(equations)
    except CellError as refused:
        assert refused.sentence
        return
    config = RunConfig(cell="own", equations=equations, hidden=2, epochs=1, layers=layers)
    session = Session(config, TINY)
    session.player.advance(1)
    path = tmp_path_factory.mktemp("names") / "own.npz"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["run.py", "--weights", str(path)])
        exec(compile(script(session), "run.py", "exec"), {"__name__": "__main__"})
    with np.load(path) as found:
        assert furthest(dict(found), session) < 1e-12
    assert furthest(read_npz(weights_file(session), 10**6)[0], session) == 0


def test_no_text_of_the_user_s_can_end_the_quotation_of_a_script():
    text = 'h = tanh(W_xh @ x + W_hh @ h + b_h)  # """; boom() \\N{'
    session = run_of(epochs=1, cell="own", equations=text, hidden=3)
    assert "boom" not in script(session)
    assert furthest(trained(script(session)), session) < 1e-12


@each_row("task", ["recall", "translation", "adding", "flipflop"])
@each_row("wrong", [np.nan, np.inf])
def test_its_score_counts_no_answer_that_is_not_a_number(task, wrong):
    session = Session(RunConfig(task=task, hidden=4, epochs=0))
    space = {"__name__": "script"}
    exec(compile(script(session), "run.py", "exec"), space)
    data = session.dataset
    targets = np.concatenate([example.targets for example in data.train[:3]])
    owners = np.repeat(np.arange(3), [len(example.targets) for example in data.train[:3]])
    for filled in (np.nan, wrong):
        found = np.zeros((len(targets), len(data.classes)))
        found[:, 0], found[1:] = wrong, filled
        with np.errstate(invalid="ignore"):
            expected = data.metric.score(found, targets, owners)
            assert space["metric"](found, targets, owners) == expected


# Numbers over time


def numbers_over_time(**columns):
    rng = np.random.default_rng(2)
    wave = 1_000 + 200 * np.sin(np.arange(90) / 2) + rng.normal(size=90)
    return pd.DataFrame({"t": range(90), "units": wave.round(1), **columns})


@each_row(
    ("columns", "options"),
    [
        ({}, {"horizon": 3}),
        ({"price": np.arange(90) % 7 / 4, "b": np.arange(90) % 11}, {"horizon": 2}),
        ({"b": np.arange(90) % 11}, {"wide": True, "value": "units,b"}),
        ({"label": ["x" if k % 9 < 4 else 'y"' for k in range(90)]}, {}),
        ({"id": [f"m{k // 2}" for k in range(90)], "label": [f"{k // 2 % 2}" for k in range(90)]},
         {"label": "label", "form": "series"}),
    ],
    ids=["values", "inputs", "wide", "steps", "series"],
)  # fmt: skip
def test_a_script_makes_the_windows_of_numbers_over_time_itself(columns, options):
    config = RunConfig(cell="gru", hidden=5, batch=8, optimizer="adam", epochs=2)
    session = from_frame(numbers_over_time(**columns), config, window=6, **options)
    session.player.advance(2)
    text = script(session)
    assert furthest(trained(text), session) < 1e-12
    space = {"__name__": "script"}
    exec(compile(text, "run.py", "exec"), space)
    for part, examples in (("TRAIN", session.dataset.train), ("TEST", session.dataset.test)):
        assert len(space[part]) == len(examples)
        for (read, _), one in zip(space[part], examples, strict=True):
            assert np.array_equal(read, one.inputs)
