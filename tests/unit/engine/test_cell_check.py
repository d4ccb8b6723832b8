"""Every cell's derived gradients against complex steps, and those of cells that nobody wrote."""

import ast
import builtins
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rnnviz.cells import CELLS, CellText
from rnnviz.engine import cell_check
from rnnviz.engine.cell_check import compiled, define, gradient_error
from rnnviz.engine.cell_source import Writer, backward_equations, description, source
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.equations import equations_of
from tests.sampling import each_row

#: What once went wrong in a first version: a new state multiplied in the same step, states that
#: the output hardly reads, a name for an old state, and names that a script uses itself.
ODD = (
    "c = tanh(W_xc @ x + W_hc @ h)\nh = tanh(W_ch @ c + U_c @ h) + 0.1 * c * h",
    "a = 0.5 * a + W_a @ x\nb = 0.5 * b + a\nc = 0.5 * c + b * a\nh = tanh(c) + 0.1 * h",
    "d = h\nh = tanh(W_x @ x + W_h @ d) + d * 0.5\n",
    "p = W_x @ x - q\nq = 0.5 * p * q + p\nh = p",
    "add = sigmoid(W_a @ x + W_b @ memory)\nmemory = add * memory - tanh(add)\nh = memory",
    "v1 = W_x @ x\nh = v1 * (h - a_h) + a_h ** 2 * tanh(U @ (v1 * h) + (R @ h) * h)",
    "h = 0.5 * h - W_x @ x - U @ (h * h) + 2 * (W_h @ h) / (1 + h ** 2) - b_h ** 3",
    "s = h\nh = W_x @ x + tanh(s) * s\n",
    "h = tanh(W_a @ x + h) / -((2 + h ** 2) * (2 + cos(b_z)))",
    "p = 0.5 * p + W_p @ x\nh = 0.5 * h + (1 - (1 - max(b_1, 2 * (W_2 @ x)))) + 0.1 * p + W_1 @ x",
    "u = W_u @ x\nh = max(u, h) + where(h > u, u * h, -h) + relu(u - h)",
    "h = where(h > 0, 1, 2) ** -1 + W_xh @ x + 0.1 * relu(-relu(h) * h) * max(h, 3) ** -2",
    "h = exp(-softplus(L_a)) * h + cos(b_c) * (W_x @ x) + log(1 + h ** 2) + sqrt(1 + h ** -2)",
)  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("steps", [1, 2, 5, 10])
def test_the_gradient_of_every_parameter_is_that_of_the_complex_step(name, steps):
    assert compiled(CELLS[name])["check"](T=steps) < 1e-8


@each_row("text", ODD)
def test_so_it_is_for_unusual_texts(text):
    assert gradient_error(CellText("odd", text)) < 1e-12


def test_a_derived_gradient_that_is_wrong_is_refused(monkeypatch):
    monkeypatch.setattr(cell_check, "gradient_error", lambda cell: 0.1)
    with pytest.raises(CellError, match="differs from the complex step by 1e-01"):
        define(ODD[0])
    monkeypatch.undo()
    with pytest.raises(CellError, match="not finite numbers: sqrt needs arguments that"):
        define("h = sqrt(-1 - h ** 2) + W @ x")
    assert equations_of(define(ODD[0])).states == ("h",)
    with pytest.raises(CellError, match="not finite numbers"):
        define("h = tanh((W_1 @ x + U_1 @ h) / 5e-324)")
    assert define("a = W_1 @ x + U_1 @ h\nh = where(a > 0, 0, 0)").text


def test_a_long_product_is_written_in_time_linear_in_its_length(monkeypatch):
    texts, written = [], Writer._text

    def counted(self, node):
        texts.append(node)
        return written(self, node)

    monkeypatch.setattr(Writer, "_text", counted)
    source(CellText("long", "h = tanh((W_1 @ x)" + " * h" * 8 + ")"))
    short = len(texts)
    source(CellText("longer", "h = tanh((W_1 @ x)" + " * h" * 16 + ")"))
    assert len(texts) - short < 6 * short


@pytest.mark.parametrize(
    "end",
    ['  # """; escaped(); """', '  # """\n# """; escaped(); """', "  # \\N{", "  # a\rescaped()",
     '\nout = """h"""', "  # \x0cescaped()", "  # \u2028escaped()"],
)  # fmt: skip
def test_no_comment_and_no_quote_of_a_text_comes_into_the_script(monkeypatch, end):
    """The script of a text is run to check it: nothing of the text may be more than an equation."""
    monkeypatch.setattr(builtins, "escaped", lambda: pytest.fail("It was run."), raising=False)
    cell = define(f"h = tanh(W @ x + h){end}", 'a"""; 1 / 0; """')
    assert "escaped" not in source(cell)
    assert compiled(cell)["check"]() < 1e-8


@pytest.mark.parametrize("name", CELLS)
def test_the_text_of_a_cell_stands_alone(name):
    """With comments, constants and options it says the same without all that is given beside it."""
    # A fresh copy: the order of factors is that in which a graph came to know them.
    cell, alone = replace(CELLS[name]), define(CELLS[name].standalone)
    ours, theirs = equations_of(cell), equations_of(alone)
    for part in ("states", "shapes", "constants", "out", "keeps"):
        assert getattr(ours, part) == getattr(theirs, part), part
    assert [(line.name, ast.dump(line.tree)) for line in ours.lines] == [
        (line.name, ast.dump(line.tree)) for line in theirs.lines
    ]
    assert backward_equations(alone) == backward_equations(cell)
    assert alone.standalone == cell.standalone


def test_what_a_text_of_ones_own_cannot_say_stands_in_a_comment():
    assert "# Here L_a begins at 0." in CELLS["rglru"].standalone
    lines = CELLS["leaky"].standalone.split("\n")
    comments = [line for line in lines if line.startswith("# ")]
    assert (lines[0][:7], lines[-1]) == ("# leaky", 'out = "r"')
    assert lines[len(comments)] == "a = 0.2"
    assert max(map(len, comments)) <= 56, "the editor shows them whole"


def test_the_constants_of_a_script_are_exact():
    assert "    a = 0.123456789\n" in source(define("a = 0.123456789\nh = a * h + W @ x"))


def test_what_is_wrong_with_a_text_is_said_of_the_line_as_it_is_written():
    with pytest.raises(CellError, match="line 3, column 9: this can't be read"):
        define("\n\n  h = h h")


def test_the_notebooks_bug_is_one_marked_line_of_its_cell():
    (marked,) = (line for line in source(CELLS["elman"]).split("\n") if "bug" in line)
    assert marked == "        d_h[t - 1] += W_hh.T @ d_a_h  # the notebook's bug: W_hh without .T"
    wrong = source(CELLS["elman"]).replace("W_hh.T @", "W_hh @")
    space = {"__name__": "cell"}
    exec(wrong, space)
    assert space["check"](T=5) > 0.1


def test_the_derived_equations_of_a_gru():
    found = backward_equations(CELLS["gru"])
    assert "d_h' += d_h * z + W_hn.T @ d_m + W_hz.T @ d_a_z + W_hr.T @ d_a_r" in found
    assert "d_z = d_h * (h' - n)" in found
    assert "d_W_hn += outer(d_m, h')" in found
    shown = description(CELLS["gru"])
    assert all(line in shown for line in (*found, "W_xr    H x D", "b_hn    H"))


def test_a_script_runs_with_numpy_alone(tmp_path):
    path = tmp_path / "cell.py"
    path.write_text(source(CELLS["slstm"]), encoding="utf-8")
    tree = ast.parse(source(CELLS["slstm"]))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    assert [alias.name for node in imports for alias in node.names] == ["numpy"]
    done = subprocess.run([sys.executable, "-I", path], capture_output=True, check=True)
    assert float(done.stdout.split()[-1]) < 1e-12


# Cells that nobody wrote

NAMES = ["p", "q", "r", "h"]


def values(names):
    """Texts of values of the units, from these names."""
    leaves = st.sampled_from([*names, "b_1", "L_2", "(W_1 @ x)", "(W_2 @ x)", "(U_1 @ h)"])
    functions = st.sampled_from(["tanh", "sigmoid", "relu", "softplus", "sin", "cos"])

    def larger(inner):
        pairs = st.tuples(inner, inner)
        return st.one_of(
            st.tuples(functions, inner).map("{0[0]}({0[1]})".format),
            st.tuples(inner, st.sampled_from("+-*"), inner).map("({0[0]} {0[1]} {0[2]})".format),
            pairs.map("({0[0]} / (1 + {0[1]} ** 2))".format),
            pairs.map("max({0[0]}, 2 * {0[1]})".format),
            pairs.map("where({0[0]} > 0.1, {0[0]}, {0[1]})".format),
            inner.map("sqrt(1 + {} ** 2)".format),
            inner.map("(1 - {})".format),
            st.tuples(st.sampled_from("VR"), inner).map("({0[0]}_{{}} @ {0[1]})".format),
        )

    return st.recursive(leaves, larger, max_leaves=6)


@st.composite
def texts(draw):
    """Lines that write h last; every V_ and R_ has a number of its own."""
    names = [*draw(st.lists(st.sampled_from(NAMES[:-1]), unique=True, max_size=3)), "h"]
    lines = [f"{name} = 0.5 * {name} + {draw(values(names))}" for name in names]
    lines[-1] += "".join(f" + 0.1 * {name}" for name in names[:-1]) + " + W_1 @ x"
    parts = "\n".join(lines).split("{}")
    return "".join(f"{part}{k}" for k, part in enumerate(parts[:-1])) + parts[-1]


def cell_of(text):
    """A cell of this text; one that is refused is not tried."""
    cell = CellText("random", text)
    try:
        equations_of(cell)
    except CellError:
        assume(False)
    return cell


@settings(max_examples=60, derandomize=True)
@given(texts())
def test_random_cells_have_the_gradient_of_the_complex_step(text):
    cell = cell_of(text)
    error = gradient_error(cell)
    assert np.isnan(error) or error < 1e-8
