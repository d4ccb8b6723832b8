"""The command ``rnnviz verify``: it passes on every network, and finds what is wrong."""

from itertools import chain

import numpy as np
import pytest

from rnnviz import cli
from rnnviz.cli import checks, textbook
from rnnviz.cli.checks import Check, apart
from rnnviz.config import SETTINGS, Gradient, RunConfig, TaskName
from rnnviz.engine import optimizers
from rnnviz.engine.trace import Trace
from rnnviz.run.run import TrainingRun
from tests.sampling import each_row, singly
from tests.unit.changed_setting import changed_setting

QUICK = ("--hidden", "5", "--epochs", "2", "--lr", "0.01")


@pytest.fixture
def verify(capsys):
    """Runs the command; its code, and the lines under each mark."""

    def verify(*options):
        code = cli.main(["verify", *map(str, options)], open_page=None, every_picture=None)
        lines = capsys.readouterr().out.splitlines()
        return code, {
            mark: [line[9:] for line in lines if line.startswith(mark)]
            for mark in ("ok", "FAILED", "skipped", "note")
        }

    return verify


def test_differences_are_relative():
    assert apart([1.0, 2.5], [1.0, 2.0]) == 0.25
    assert apart([0.0, 1.0], [-np.inf, 1.0]) == np.inf
    assert apart(1e-6, 0.0) == pytest.approx(1e-3)
    assert not Check("", why="it has no meaning").failed


@each_row("number", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_fails_even_if_it_is_the_same(number):
    assert Check("", apart([number, 1.0], [number, 1.0]), 1.0).failed
    assert Check("", apart([number, 1.0], [0.0, 1.0]), 1.0).failed
    assert Check("", apart([0.0, 1.0], [number, 1.0]), 1.0).failed
    assert Check("", number, np.inf).failed


def nan_in(name):
    """A gradient with a NaN in a parameter."""

    def gradient(trace, right=Trace.gradient.fget):
        found = right(trace)
        found[name].flat[0] = np.nan
        return found

    return property(gradient)


@each_row("name", ["W_xh", "b_h", "b_y"])
def test_a_nan_in_a_gradient_is_found_and_its_parameter_named(verify, name):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trace, "gradient", nan_in(name))
        code, lines = verify(*QUICK)
    assert code == 1
    for method in ("the complex step", "central differences"):
        assert any(f"gradient, by {method}; worst {name}" in line for line in lines["FAILED"])


@each_row("command", ["verify", "gradcheck"])
def test_a_phrase_of_unknown_words_is_named_by_its_option(capsys, command):
    assert cli.main([command, "--phrase", "zzz"], open_page=None, every_picture=None) == 2
    assert "--phrase: None of these words" in capsys.readouterr().err


def test_the_default_run_passes_every_check(verify):
    code, lines = verify("--epochs", 300)
    assert (code, lines["FAILED"], lines["skipped"]) == (0, [], [])
    assert len(lines["ok"]) == 21


#: The options of every cell.
CELLS = {
    "elman": ("--cell", "elman"),
    "relu": ("--cell", "elman", "--activation", "relu"),
    "gru": ("--cell", "gru"),
    "lstm": ("--cell", "lstm"),
}


@singly(
    task=TaskName,
    cell=CELLS,
    layers=["1", "2", "3"],
    how=[
        ("sgd", "float64", "xavier"),
        ("momentum", "float32", "identity"),
        ("rmsprop", "float64", "orthogonal"),
        ("adam", "float32", "normal"),
    ],
)
def test_every_network_passes(verify, task, cell, layers, how):
    optimizer, dtype, init = how
    code, lines = verify(
        *QUICK, "--task", task, *cell, "--layers", layers, "--batch", 16,
        "--optimizer", optimizer, "--dtype", dtype, "--init", init, "--clip-by", "norm",
    )  # fmt: skip
    assert (code, lines["FAILED"]) == (0, [])
    assert len(lines["ok"]) + len(lines["skipped"]) == 21


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "equations"])
def test_every_setting_passes(verify, name):
    """Also one that is new: the formulas of the command have to know it."""
    settings = changed_setting(name)
    values = vars(RunConfig(**settings))
    options = [
        (f"--{key.replace('_', '-')}", value)
        for key, value in settings.items()
        if SETTINGS[key].applies(values)
    ]
    code, lines = verify(*chain.from_iterable(options))
    assert (code, lines["FAILED"]) == (0, [])


def test_what_only_rounding_error_lets_through_closed_relus_is_no_exponent(verify):
    """The product has rank 2; as computed, its third direction is not quite lost."""
    code, lines = verify(
        *QUICK, "--task", "waves", *CELLS["relu"], "--layers", 3, "--batch", 16,
        "--optimizer", "momentum", "--dtype", "float32", "--init", "identity", "--clip-by", "norm",
    )  # fmt: skip
    assert (code, lines["FAILED"]) == (0, [])


def test_the_notebooks_gradient_is_told_and_the_exact_one_checked(verify):
    code, lines = verify("--epochs", 60, "--init-scale", 0.1, "--gradient", Gradient.NOTEBOOK)
    assert (code, lines["FAILED"]) == (0, [])
    (note,) = lines["note"]
    assert note.startswith("the notebook's gradient is wrong in W_xh, W_hh, b_h: ")


def test_a_gradient_of_zero_is_not_clipped():
    step = textbook.update(np.ones(3), np.zeros(3), (), 1, RunConfig(clip_by="norm"))
    assert step.tolist() == [0] * 3


def test_a_run_that_broke_is_checked_where_it_was_left(verify):
    code, lines = verify("--lr", 10)
    assert (code, lines["FAILED"]) == (0, [])
    assert any(line.startswith("epoch 1 revisited") for line in lines["ok"])


def test_weights_that_are_singular_to_rounding_have_no_determinant(verify):
    code, lines = verify(
        "--lr", 10, "--clip-by", "off", *CELLS["relu"], "--epochs", 5, "--init-scale", 0.5
    )
    assert (code, lines["FAILED"]) == (0, [])
    assert any("eigenvalues is det: a matrix is singular, to" in line for line in lines["skipped"])


def _nearly_singular(condition, seed):
    rng = np.random.default_rng(seed)
    (left, _), (right, _) = (np.linalg.qr(rng.normal(size=(8, 8))) for _ in range(2))
    return left * np.geomspace(1, 1 / condition, 8) @ right


def test_zeros_have_no_determinant():
    assert "singular" in checks.determined("", -np.inf, -np.inf, [np.zeros((3, 3))]).why


@each_row("condition", [1e6, 1e9, 1e11, 1e13, 1e16])
def test_a_determinant_is_as_certain_as_the_matrix_allows(condition):
    for seed in range(20):
        matrix = _nearly_singular(condition, seed)
        sizes, (_, log) = np.abs(np.linalg.eigvals(matrix)), np.linalg.slogdet(matrix)
        assert not checks.determined("", np.log(sizes).sum(), log, [matrix]).failed
        wrong = checks.determined("", np.log(sizes[1:]).sum(), log, [matrix])
        assert wrong.failed != bool(wrong.why)
        assert bool(wrong.why) == (condition > 1e11)


@each_row(
    "options",
    [
        (),
        ("--task", "waves", "--init-scale", 2, "--lr", 100),
        ("--task", "adding", "--dtype", "float32"),
        ("--task", "characters", "--layers", 2),
    ],
)
def test_where_the_numbers_overflow_nothing_fails_and_nothing_passes(capsys, growing, options):
    command = ["verify", "--epochs", 2, "--cell-file", growing, *options]
    code = cli.main([*map(str, command)], open_page=None, every_picture=None)
    said = capsys.readouterr()
    assert (code, said.out) == (1, "")
    assert said.err.endswith("rnnviz: Nothing can be checked, as the numbers overflow.\n")


@pytest.fixture
def growing(tmp_path):
    """A cell whose state grows beyond all numbers."""
    path = tmp_path / "growing.txt"
    path.write_text("h = W @ x + U @ h + 1e6 * h", encoding="utf-8")
    return path


@each_row("number", [np.nan, np.inf])
def test_a_check_whose_measure_is_not_finite_is_told_and_is_no_success(verify, number):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(textbook, "logits", lambda *_: np.array([[number, 0.0]]))
        code, lines = verify(*QUICK)
    assert code == 1
    assert "outputs, from the equations: the numbers overflow" in lines["skipped"]


def flipped(trace, right=Trace.gradient.fget):
    """The gradient with a wrong sign."""
    gradient = right(trace)
    np.negative(gradient["W_hh"], gradient["W_hh"])
    return gradient


def doubled(right):
    return lambda *given: 2 * right(*given)


def planted(name):
    """A fault of the engine or of an analysis."""
    at, jacobian = TrainingRun.at, checks.StateTransition.jacobian
    read = checks.record
    return {
        "gradient": (Trace, "gradient", property(flipped)),
        "momentum": (optimizers, "MOMENTUM", 0.8),
        "jacobian": (checks.StateTransition, "jacobian", doubled(jacobian)),
        "eigenvalues": (checks.np.linalg, "eigvals", doubled(np.linalg.eigvals)),
        "exponents": (checks, "lyapunov_exponents", doubled(checks.lyapunov_exponents)),
        "replay": (TrainingRun, "at", lambda run, position: at(run, position._replace(offset=0))),
        "weights": (
            checks,
            "record",
            lambda own, *more: read(own.like(2 * own.theta), *more),
        ),
    }[name]


@each_row(
    ("name", "found"),
    [
        ("gradient", "gradient, by the complex step; worst W_hh"),
        ("gradient", "gradient, by central differences; worst W_hh"),
        ("momentum", "one step of momentum"),
        ("jacobian", "product of the last"),
        ("eigenvalues", "recurrent weights: the product"),
        ("exponents", "Lyapunov exponents: their sum"),
        ("replay", "revisited: bytes that differ"),
        ("weights", "outputs, from the equations"),
    ],
)
def test_a_planted_fault_is_found(verify, name, found):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*planted(name))
        code, lines = verify(*QUICK, "--init-scale", 0.3, "--optimizer", "momentum")
    assert code == 1
    assert any(found in line for line in lines["FAILED"])
