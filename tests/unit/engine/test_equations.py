"""Texts of cells: what is read, what is refused and where, and that nothing else is ever raised."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.engine.cell_text import CHARACTERS, LINE_CHARACTERS, LINES, CellError
from rnnviz.engine.equations import MATRICES, NAMED, parse
from tests.sampling import each_row

#: A string with an escape that Python warns of.
ESCAPE = r"h = '\d' + W @ x"
LEAK = "h = 0.5 * h + W @ x"
#: One state and gate too many.
CHAIN = [f"s{k + 1} = s{k} + s{k + 1}" for k in range(NAMED - 1)]
MANY = "\n".join(["s0 = s0 + W @ x", *CHAIN, f"h = h + s{NAMED - 1}"])
#: One matrix too many.
ROWS = [f"s{k} = " + " + ".join(f"W_{k}{c} @ x" for c in "abcd") for k in range(MATRICES // 4)]
WIDE = "\n".join([*ROWS, f"h = h + V @ x + {' + '.join(f's{k}' for k in range(len(ROWS)))}"])


def refused(text, **options):
    with pytest.raises(CellError) as found:
        parse(text, **options)
    return str(found.value)


def test_what_is_read():
    found = parse(
        "a = 0.2\ns = (1 - a) * s + a * (W_xs @ x + W_rs @ r + b_s)\nr = relu(s)", out="r"
    )
    assert found.states == ("s", "r")
    assert found.constants == {"a": 0.2}
    assert found.shapes == {"W_xs": ("H", "D"), "W_rs": ("H", "H"), "b_s": ("H",)}
    assert [line.name for line in found.lines] == ["s", "r"]
    assert (found.out, found.keeps) == ("r", "")


def test_constants_and_options_can_be_given_or_written():
    text = "a = 0.2\n\n  # a comment\nz = sigmoid(W_z @ x)\n  y = a * z * y + W_y @ x  # here, too"
    found = parse(f'{text}\nkeeps = "z"\nout = "y"')
    assert (found.out, found.keeps, found.constants) == ("y", "z", {"a": 0.2})
    assert parse(text, {"a": 0.7}, "y").constants == {"a": 0.7}


def test_what_python_warns_of_is_a_refusal_alone(recwarn):
    assert "line 1, column 6: '\\' can't be read here" in refused(ESCAPE)
    assert "line 2, column 10: '\\' can't be read here" in refused(f'{LEAK}\nkeeps = "\\x68"')
    assert [*recwarn] == []


def test_equal_values_are_one_and_numbers_are_worked_out():
    found = parse("a = 2 * 3 - 1\nu = W @ x\nv = W @ x + 0 * b_v\nh = h + u + a * v")
    assert found.nodes["u"] is found.nodes["v"]
    assert found.constants == {"a": 5}


@each_row(
    ("text", "said"),
    [
        ("", "line 1, column 1: an equation is expected here"),
        ("h == 3", "line 1, column 1: an equation is expected here"),
        ("h, g = W @ x, h", "line 1, column 1: an equation is expected here"),
        ("h += W @ x", "line 1, column 1: an equation is expected here"),
        ("h = h + W @ x; import os", "line 1, column 1: an equation is expected here"),
        ("  h = tanh(W @ x + h", "line 1, column 11: a ( is never closed"),
        ("h = h + W @ x)", "line 1, column 14: there is one ) too many"),
        ("lambda = 3", "line 1, column 8: this can't be read"),
        ("h = h × W @ x", "line 1, column 7: '×' can't be read here: write *"),
        ("h = h + 1\u00a0", "line 1, column 10: the invisible character U+00A0 can't be read here"),
        ("h = h + W_q @ x % U_q @ h", "line 1, column 9: % can't be used here; there are + - * /"),
        ("x = h", "line 1, column 1: x is the input; take another name"),
        ("tanh = h", "line 1, column 1: tanh is a function; take another name"),
        ("slots = h", "line 1, column 1: slots is no weight in a file of weights"),
        ("d_h = h", "line 1, column 1: names that begin with d_ are gradients"),
        ("h_before = h", "names that end in _before are states before the token"),
        ("_h = h", "line 1, column 1: _h is an invalid name"),
        (f"{LEAK}\nh = h", "line 2, column 1: h is written in line 1 already"),
        (f"{LEAK}\nkeeps = 3", "line 2, column 9: keeps takes the name of a line"),
        (f'{LEAK}\nkeeps = "q"', "line 2, column 1: keeps names q, but no line writes it"),
        (f'{LEAK} # \u2028\x0c\r\nkeeps = "q"', "line 2, column 1: keeps names q, but no line"),
        (f'{LEAK}\nout = "q"', "line 2, column 1: no line writes q, which the next layer reads"),
        ("s = s + W @ x", 'another line is named by out = "y"'),
        ("h = x + h", "multiply x by a matrix first, as in W_hx @ x"),
        ("i = sigmoid(h)\nh = h + i * x", "line 2, column 9: i has one number for each unit, x"),
        ("i = sigmoid(h)\nh = h + i * x", "multiply x by a matrix first, as in W_ix @ x"),
        ("h = 0,05 * h", "line 1, column 5: a number is written with a point: 0.05, not 0,05"),
        ("a = 0,2\nh = a * h", "line 1, column 5: a number is written with a point: 0.2"),
        (" h = tanh(1,5 * h + W @ x)", "line 1, column 11: a number is written with a point: 1.5"),
        ("h = tanh(1, 5)", "tanh takes 1 argument, not 2"),
        ("h = tanh(h, 0.5)", "tanh takes 1 argument, not 2"),
        ("u = x * 2\nh = h + W @ u", "line 1, column 5: u would have as many numbers as x"),
        ("h = h + W @ -x", "line 1, column 13: the right operand of @ is x alone: write W @ x"),
        ("h = h + W @ tanh(x)", "line 1, column 13: the right operand of @ is x alone"),
        ("h = h + W @ where(x > 0, x, 2)", "line 1, column 13: the right operand of @ is x alone"),
        ("h = h + where(x > 0, x, 2) + W @ x", "each unit, where(x > 0, x, 2) one for each"),
        ("h = where(x > 0, 1, 2)", "h would have as many numbers as x"),
        ("h = h + 3 @ x", "line 1, column 9: the left operand of @ is the name of a matrix"),
        ("h = h + h @ x", "line 1, column 9: h is a vector; the left operand of @ is a matrix"),
        ("a = 2\nh = h + a @ x", "line 2, column 9: a is a number; the left operand of @"),
        ("h = h + b_h + b_h @ x", "line 1, column 15: b_h is a vector; the left operand of @"),
        ("h = h + W @ x + W", "line 1, column 17: W is a matrix: multiply a vector with it"),
        ("h = h + W @ (b_h * 2)", "b_h * 2 is the same at every token: a vector"),
        ("h = h + W @ 2", "line 1, column 13: the right operand of @ is a vector, not a number"),
        ("h = h + W @ x + W @ h", "line 1, column 17: W @ h is H x D times H: multiply x, or call"),
        ("h = U_h @ h + U_h @ (h * h) + W @ x", "multiplies h in line 1: multiply h, or call it"),
        ("h = tanh(W @ x + U @ hh)", "line 1, column 22: hh is unknown; did you mean h?"),
        ("h = sigmod(h) + W @ x", "line 1, column 5: sigmod is not a function here; did you mean"),
        ("h = f(h) + W @ x", "line 1, column 5: f is not a function here. There are sigmoid, tanh"),
        ("h = np.tanh(h) + W @ x", "line 1, column 5: a dot can't be used here: write tanh(...)"),
        ("h = __import__('os')", "line 1, column 5: __import__ is not a function here"),
        ("h = (lambda: 1)() + h", "line 1, column 6: lambda can't be used here"),
        ("h = h.shape + W @ x", "line 1, column 5: a dot can't be used here"),
        ("h = [h for h in x]", "line 1, column 5: for can't be used here"),
        ("h = tanh + W @ x", "line 1, column 5: tanh is a function: write tanh(...)"),
        ("h = tanh(h, h) + W @ x", "line 1, column 5: tanh takes 1 argument, not 2"),
        ("h = max(h) + W @ x", "line 1, column 5: max takes 2 arguments, not 1"),
        ("h = tanh(a=h) + W @ x", "line 1, column 5: tanh takes plain arguments"),
        ("h = exp(2) * h + W @ x", "line 1, column 5: exp(2) is the same for all units"),
        ("h = where(h, h, W @ x)", "column 11: the first argument of where has one of < <= > >="),
        ("h = where(1 > 2, h, W @ x)", "line 1, column 11: this comparison is the same for all"),
        ("h = (h > 0) * h + W @ x", "line 1, column 6: a comparison can't be used here"),
        ("h = h % 2 + W @ x", "line 1, column 5: % can't be used here"),
        ("h = h ^ 2 + W @ x", "^ (a power is **) can't be used here"),
        ("h = ~h + W @ x", "line 1, column 5: ~ can't be used here"),
        ("h = 'a' + h", "line 1, column 5: a number between -1,000,000 and 1,000,000 is"),
        ("h = True + h", "line 1, column 5: a number between"),
        ("h = 1e9 * h", "line 1, column 5: a number between"),
        ("h = 1e5 * 1e5 * h", "line 1, column 5: 100000.0 * 100000.0 is too large a number"),
        (f"h = 1{'0' * 190} * h", "line 1, column 5: a number between"),
        ("h = h / 0 + W @ x", "line 1, column 9: h / 0 is not a number"),
        ("h = h / (1 - 1) + W @ x", "is not a number"),
        ("h = h + (0 - 2) ** 0.5", "is not a number"),
        ("h = h + 9 ** 9 ** 9", "line 1, column 19: an exponent is a number between -8 and 8"),
        ("h = h ** h + W @ x", "line 1, column 10: an exponent is a number between -8 and 8"),
        ("h = tanh(W @ x)", "there is no state: one name must be read before it is written"),
        ("h = h + a\na = 3", "line 1, column 9: a is read before it is written, but is always"),
        ("h = 0.5 * h", "line 1, column 1: x has no effect, so the cell has no input"),
        (f"r = U @ x\n{LEAK}", "line 1, column 1: h never depends on r: delete this line"),
        (f"{LEAK}\ns = s + h", "line 2, column 1: h never depends on s: delete this line"),
        (f"h = {'(' * 95}h{')' * 95}", "x has no effect"),
        (f"h = {'-' * 196}", "this can't be read"),
        (f"h = {'h + ' * 60}h", f"line 1, column {LINE_CHARACTERS}: a line may have"),
        ("\n".join(f"a{k} = {k}" for k in range(LINES + 1)), f"line {LINES + 1}, column 1: a cell"),
        ("#" * (CHARACTERS + 1), f"a text may have {CHARACTERS:,} characters"),
        (WIDE, f"line {len(ROWS) + 1}, column 9: a cell may have {MATRICES} matrices"),
        (MANY, f"line {NAMED + 1}, column 1: a cell may have {NAMED} states and gates"),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_with_line_and_column(text, said):
    assert said in refused(text)


def test_sizes_are_numbers_where_they_are_known():
    text = "z = tanh(W_z @ x)\nh = z * h + W_z @ h"
    said = "line 2, column 13: W_z @ h is 64 x 18 times 64: multiply x, or call it U_z"
    assert refused(text, sizes={"H": 64, "D": 18}) == said


PIECES = [
    "h", "x", "z", "W", "b_z", "tanh", "sigmoid", "where", "max", "(", ")", " ", "=", "+", "-", "*",
    "/", "@", "**", ",", "\n", ">", "0", "1", "2.5", "1e99", "#", '"', "'", ".", ":", "[", "]", "{",
    "lambda", "if", "else", "for", "in", "import", "__class__", "keeps", "out", "σ", "\t", "\x00",
]  # fmt: skip


@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.text(max_size=60)))
def test_whatever_is_written_is_read_or_refused_in_a_sentence(text):
    try:
        parse(text)
    except CellError as problem:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.sentence


@each_row("text", ["h = 2inner * h + W @ x", "h = 0.5if", "h = 1or"])
def test_python_does_not_warn_of_what_can_t_be_read(text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(CellError):
            parse(text)
