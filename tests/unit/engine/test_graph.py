"""Values that are read many times: each is visited once, so work grows with the size of a cell."""

import sys

import pytest
from hypothesis import given, settings

from rnnviz.cells import OWN, CellText
from rnnviz.config import RunConfig
from rnnviz.engine.cell_check import define
from rnnviz.engine.cell_source import source
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.equations import DEPTH
from rnnviz.engine.graph import Graph, fold, topological
from rnnviz.probe.cell_parts import bounded_states, cell_parts, nonnegative, untimed
from rnnviz.probe.sequence_pass import readers
from rnnviz.probe.session import Session
from rnnviz.questions.step.cell_layout import cell_layout
from tests import sampling
from tests.shared_cells import FIRST, cells, powers


def calls(work) -> int:
    """How many functions of Python are called."""
    count = 0

    def profile(_frame, event, _arg):
        nonlocal count
        count += event == "call"

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def draw(cell: DerivedCell) -> None:
    """All that the pages make of the graph of a cell."""
    parts = cell_parts(cell)
    written = untimed({node: name for name, node in cell.equations.nodes.items()})
    for part in parts.by_name.values():
        parts.summands(part)
        nonnegative(part.node)
        written.value(part.node, 0, whole=True)
    bounded_states(cell.equations)
    cell_layout(cell.equations)
    assert parts.memory and (readers(cell).entries or not parts.recurrent_matrix)


def test_values_below_others_come_first_and_once():
    graph = Graph()
    a = graph.make("state", name="h", size="H")
    b = graph.mul(a, graph.make("tanh", a))
    c = graph.add(b, graph.make("sin", b))
    order = topological([c, b])
    assert [node.kind for node in order] == ["state", "tanh", "mul", "sin", "add"]
    assert topological([c], ends=lambda node: node is b) == [b, c.args[1], c]
    assert fold(c, lambda node, known: 1 + sum(known[arg] for arg in node.args)) == 10


def test_work_grows_with_the_number_of_lines():
    def work(lines):
        cell = CellText("powers", powers(lines))

        def check_and_draw():
            source(cell)
            draw(DerivedCell(cell))

        return calls(check_and_draw)

    few, many = work(4), work(9)
    assert many < 3 * few


def test_a_refused_text_takes_no_longer():
    # Values without input, which no matrix may multiply.
    def work(lines):
        text = "a = b_a * b_c\n" + "\n".join(powers(lines).split("\n")[1:-1])
        last = f"h = tanh(W_a @ p{lines - 1} + W_x @ x + U_h @ h)"
        said = []

        def check():
            with pytest.raises(CellError, match="is the same at every token") as found:
                define(f"{text}\n{last}")
            said.append(found)

        return calls(check)

    assert work(9) < 3 * work(4)


def test_a_product_of_hundreds_of_factors_is_refused():
    with pytest.raises(CellError, match=f"operations; at most {DEPTH} are allowed"):
        define(powers(4, factors=30))


def test_a_gradient_that_is_too_long_to_be_written_is_refused():
    # Every max compares all that is inside it, and each of its slopes is a product of these.
    text = "b = " + "max(" * 20 + "tanh(a)" + ", a)" * 20
    with pytest.raises(CellError, match=r"line 2.* the gradient through b is too long"):
        define(f"{FIRST}\n{text}\nh = tanh(W @ x + U @ h) * b")


def test_gradients_that_are_too_long_together_are_told_of_the_whole_cell():
    lines = [f"p{k} = " + "max(" * 12 + f"tanh({k} * a)" + ", a)" * 12 for k in range(2, 10)]
    total = " + ".join(f"p{k}" for k in range(2, 10))
    text = "\n".join([FIRST, *lines, f"h = tanh(W @ x + U @ h) * ({total})"])
    with pytest.raises(CellError, match=r"line 1, .* through all lines are together too long"):
        define(text)


@settings(max_examples=300 if sampling.exhaustive else 25)
@given(cells())
def test_cells_with_shared_values_are_checked_drawn_and_trained(text):
    try:
        session = Session(RunConfig(cell=OWN, equations=text, hidden=3, epochs=1))
    except CellError as refused:
        assert "differs from the complex step" not in str(refused)
        return
    cell = session.state.parameters.architecture.cell
    size = len(cell.equations.graph.nodes)
    assert calls(lambda: draw(cell)) < 1500 * size
    session.player.advance(1)
    assert session.player.position.epoch == 1 or session.player.remedy
