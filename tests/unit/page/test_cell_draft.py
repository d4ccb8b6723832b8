"""What the editor shows of equations: the backward pass, or what is wrong, as it was typed."""

import re
from dataclasses import replace
from html import unescape
from urllib.parse import unquote

import pytest

from rnnviz.cells import CELLS
from rnnviz.engine.cell_source import backward_equations
from rnnviz.page.question_page import draft_html
from rnnviz.probe.session import checked


def shown(text):
    return draft_html(checked(text))


def told(text):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", shown(text))).split())


@pytest.mark.parametrize("name", CELLS)
def test_every_derived_equation_stands_there(name):
    found = told(CELLS[name].standalone)
    assert all(" ".join(line.split()) in found for line in backward_equations(replace(CELLS[name])))


def test_states_gates_and_the_shapes_of_the_weights_are_named():
    found = told(CELLS["gru"].standalone)
    assert "States h. Gates r, z, n. W_xr, W_xz, W_xn: H × D. W_hr, W_hz, W_hn: H × H. b_r" in found
    assert "States s, r. W_xs: H × D. W_rs: H × H. b_s: H." in told(CELLS["leaky"].standalone)


def test_the_script_that_can_be_saved_runs():
    (script,) = re.findall(r'download="cell.py" href="data:[^,]*,([^"]*)"', shown("h = h + W @ x"))
    space = {"__name__": "cell"}
    exec(unquote(script), space)
    assert space["check"]() < 1e-12


def test_what_is_wrong_stands_there_with_the_line_and_a_caret_below_the_column():
    found = shown("# <i>\n\th = h < <b>x</b> @ h")
    assert "<i>" not in found
    assert 'data-line="2" data-column="10"' in found
    (line, caret) = re.search(r"<pre>(.*)\n<b>(.*)</b></pre>", found).groups()
    assert unescape(line) == " h = h < <b>x</b> @ h"
    assert caret == "         ^"
    assert "Line 2, column 10" in found


def test_of_a_long_line_the_column_is_in_sight():
    found = shown(f"h = {'h + ' * 30}hh + W @ x")
    (line, caret) = re.search(r"<pre>(.*)\n<b>(.*)</b></pre>", found).groups()
    assert line[0] == "…"
    assert line[len(caret) - 1 :] == "hh + W @ x"


def test_after_an_error_what_was_derived_before_it_is_kept_until_the_next_that_is_right():
    right = checked("h = tanh(W @ x + U @ h)")
    wrong = checked("h = tanh(W @ x + U @", right)
    again = checked("h = tanh(W @ x +", wrong)
    for draft in (wrong, again):
        found = draft_html(draft)
        assert 'class="fine"' not in found
        assert found.index('class="wrong"') < found.index('class="before"')
        kept = unescape(re.sub(r"<[^>]+>", " ", found.partition('class="before"')[2]))
        assert all(line.partition(" ")[2] in kept for line in backward_equations(right.cell.text))
    assert 'class="before"' not in draft_html(checked("h = h + W @ x", again))
    assert 'class="before"' not in shown("h = ")
