"""Equations of one's own: typed, used, in the sidebar and in the link."""

import pytest

from rnnviz.cells import CELLS, cell_names
from rnnviz.config import RunConfig
from tests.page.tab import PAGES, App, Page, tabs_of
from tests.sampling import each_row

OWN = "# <b>*mine*</b>\nh = tanh(W @ x + 0.5 * h)"


@pytest.fixture
def page():
    return App(hidden="5", cell="lstm")


def test_the_editor_opens_with_the_equations_of_the_present_cell(page):
    told = page.told("editor")
    assert (told["label"], told["equations"]) == ("Write your own", CELLS["lstm"].standalone)
    for kind in cell_names():
        page.set("cell", kind)
        told = page.told("editor")
        cell = CELLS.get(kind, CELLS["elman"])
        assert cell.standalone.split("\n")[-1] in told["equations"]
        assert told["label"] == ("Edit the equations" if kind == "own" else "Write your own")
    page.set("cell", "elman")
    page.set("activation", "relu")
    assert "h = relu(" in page.told("editor")["equations"]


def test_what_is_typed_is_answered_and_the_page_stays_as_it_is(page):
    page.click("step_epoch")
    before = page.told("wire")["edition"]
    assert "Line 1, column 17" in page.write("h = h + y @ h + y")
    assert "d_h'" in page.write(OWN)
    assert page.told("wire")["edition"] == before
    assert page.session.config == RunConfig(cell="lstm", hidden=5)
    assert page.session.run.position.epoch == 1


def test_the_run_goes_on_while_equations_are_typed(page):
    page.click("play")
    page.write("h = ")
    assert page.session.player.running


def test_what_is_used_is_trained_and_stands_in_the_sidebar_and_in_the_link(page):
    page.say("use", text=OWN)
    own = RunConfig(cell="own", equations=OWN, hidden=5)
    assert page.session.config == own
    assert page.widget("cell").value == "own"
    assert page.told("editor") | {"help": ""} == {
        **page.told("editor"), "help": "", "label": "Edit the equations", "equations": OWN
    }  # fmt: skip
    page.click("step_epoch")
    page.set("hidden", 6)
    assert page.session.config == RunConfig(cell="own", equations=OWN, hidden=6)
    other = App(**page.link)
    assert other.session.config == page.session.config
    assert other.told("editor")["equations"] == OWN


def test_equations_of_ones_own_are_there_again_after_another_cell(page):
    page.say("use", text=OWN)
    page.set("cell", "gru")
    page.click("new_seed")
    page.set("cell", "own")
    config = page.session.config
    assert (config.cell, config.equations, config.seed) == ("own", OWN, 1)


#: Unusual cells: no gate, an output that is no state, two states, no bias and no nonlinearity.
UNUSUAL = (
    OWN,
    's = 0.9 * s + W @ x\ny = tanh(s)\nout = "y"',
    "p = p * cos(L) - q * sin(L) + W @ x\nq = q * cos(L) + p * sin(L)\nh = p * q",
    'i = sigmoid(W_i @ x + U_i @ h)\nc = c * (1 - i) + i * tanh(W_c @ x)\nh = tanh(c)\nkeeps = "i"',
)


@each_row(("page", "question"), [(page, question) for page in PAGES for question in tabs_of(page)])
@pytest.mark.parametrize("text", UNUSUAL)
def test_every_page_shows_a_cell_of_ones_own(text, page, question):
    config = RunConfig(cell="own", equations=text, hidden=4, init="xavier")
    opened = Page(page, **config.to_query(), epoch="2").enter(question)
    opened.finish()
    assert opened.session.config == config
    assert opened.charts


def test_what_makes_no_cell_is_not_used(page):
    page.say("use", text="h = h")
    assert page.session.config == RunConfig(cell="lstm", hidden=5)


def test_a_link_with_wrong_equations_opens_with_a_sentence_as_it_is_typed():
    wrong = RunConfig(cell="own", equations="# fine\nh = <b>$x$</b> @ h", hidden=4)
    page = App(**wrong.to_query())
    assert page.session.config == RunConfig(hidden=4)
    said = "In the link: Equations, line 2, column 5: this can't be read: an operator such as +"
    assert said in page.text
    assert "Using the elman cell." in page.text


#: The same lines, of which others read the state by a matrix; and one pre-activation less.
READS = [
    "r = sigmoid(W_r @ x + U_r @ h)\nz = sigmoid(W_z @ x + U_z @ h)\n"
    "h = z * h + (1 - z) * tanh(W_h @ x + r * b_h)",
    "r = sigmoid(W_r @ x + h)\nz = sigmoid(W_z @ x + U_z @ h)\n"
    "h = z * h + (1 - z) * tanh(W_h @ x + U_h @ h + r * b_h)",
    "r = sigmoid(W_r @ x + U_r @ h)\nz = sigmoid(W_z @ x + U_z @ h)\n"
    "h = tanh(W_h @ x + U_h @ h + r * z)",
]


@each_row(("page", "group"), [("hidden", "threads"), ("step", "step_part")])
def test_choices_of_lines_follow_the_equations(page, group):
    opened = Page(page, cell="own", equations=READS[0], hidden="4", view="cell")
    for text in (*READS[1:], *READS):
        for chosen in (w for w in opened.app.get("button_group") if w.key.startswith(group)):
            chosen.set_value(chosen.options[0])
        with opened.tab.host() as host:
            host.attempt(lambda text=text, host=host: host.session.use(text))
        opened.run()
        assert not opened.app.exception
