"""Equations as they are typed: read, checked, and used or not."""

import math

import pytest

from rnnviz.cells import CELLS
from rnnviz.config import RunConfig
from rnnviz.engine.cell_text import CHARACTERS
from rnnviz.engine.equations import equations_of
from rnnviz.probe.session import Session, checked
from tests.sampling import each_row

OWN = "h = tanh(W @ x + 0.5 * h)"


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_can_be_typed(name):
    draft = checked(CELLS[name].standalone)
    assert draft.problem is None
    assert draft.cell.states == equations_of(CELLS[name]).states


@each_row(
    ("text", "said"),
    [
        ("", "line 1, column 1: an equation is expected here"),
        ("\n", "line 1, column 1: an equation is expected here"),
        ("h = h +\n", "line 1, column 8: this can't be read"),
        (
            "#" * 9 * CHARACTERS,
            "line 1, column 1: a text may have 2,000 characters, this has 2,001",
        ),
        ("h = log(-1 - h ** 2) + W @ x", "its values are not finite numbers"),
    ],
)
def test_what_makes_no_cell_is_told_and_not_used(text, said):
    session = Session(RunConfig(hidden=3))
    session.player.advance(2)
    before = session.run
    for take in (session.write, session.use):
        take(text)
        assert said in str(session.draft.problem)
        assert session.draft.cell is None
    assert (session.run, session.config) == (before, RunConfig(hidden=3))


def test_typing_leaves_the_run_alone_and_use_starts_it_again():
    session = Session(RunConfig(hidden=3, lr=0.5, gradient="notebook"))
    session.player.advance(2)
    session.write(OWN)
    assert session.run.position.epoch == 2
    session.use(OWN)
    assert session.config == RunConfig(hidden=3, lr=0.5, cell="own", equations=OWN)
    assert session.run.position.epoch == 0
    assert session.player.message.startswith("Started again at epoch 0, because Cell")
    session.player.advance(2)
    assert {"W"} <= {*session.state.parameters.named()}
    again = Session()
    again.follow(session.link(), patience=math.inf)
    assert again.state.parameters.theta.tobytes() == session.state.parameters.theta.tobytes()


@each_row("text", ["h = h ** 8 + 2 + W @ x", "h = 1e6 * h + 1e6 * (W @ x)"])
def test_a_cell_that_explodes_says_so(text):
    session = Session(RunConfig(hidden=3, init_scale=1))
    session.use(text)
    session.player.advance(2)
    assert session.run.position.epoch == 0
    assert "with these initial weights the loss is not finite" in session.player.message
