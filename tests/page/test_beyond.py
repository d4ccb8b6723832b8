"""Numbers beyond all bounds: every page says so, and none breaks."""

import re

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.run.run import FirstNetwork
from tests.page.tab import PAGES, Page, tabs_of
from tests.sampling import each_row, singly

#: States that grow a hundredfold with every token: in the whole data set, or in one long phrase.
GROWING = {"activation": "relu", "hidden": "64", "dtype": "float32"}
CASES = {
    "from the start": {"activation": "relu", "init_scale": "0.5"},
    "in single precision": {**GROWING, "init_scale": "9"},
    "in one long phrase": {**GROWING, "init_scale": "0.3", "phrase": "good " * 195},
}


#: Cells of one's own that divide, or grow without bound.
OWN = {
    "divides": "h = W @ x / (U @ h + b_0 + 0.0001)",
    "has a pole": "h = W @ x / (0.0001 + h * h)",
    "exponential": "h = exp(W @ x + U @ h)",
    "cubic": "h = W @ x + (U @ h) ** 3",
    "logarithm": "h = W @ x + log(0.000001 + relu(U @ h))",
}


def walk(page, session=None, **link):
    """Look at the page in all its tabs."""
    opened = Page(page, session, **link)
    for view in tabs_of(page):
        opened.enter(view)
        assert not re.search(r"\b(nan|inf)\b", opened.text)
    return opened


@singly(page=PAGES, link=CASES)
def test_a_network_whose_states_overflow_can_be_looked_at(page, link):
    walk(page, **link)


@each_row("page", PAGES)
def test_so_can_one_that_diverges_inside_an_epoch_and_its_signs_say_what_to_try(page):
    config = RunConfig(activation="relu", dtype="float32", lr=10, init_scale=0.1, clip_by="off")
    session = Session(config)
    for _ in range(5):
        session.player.step_phrase()
    assert session.player.position.offset == 5
    assert np.isfinite(session.state.parameters.theta).all()
    assert not np.isfinite(session.inspect().unrolled(0).h).all()
    text = walk(page, session).text
    for name in ("silent", "clipped", "update", "gradient", "reach"):
        assert re.search(rf"{name} +– +bad", text), name
    assert "smaller learning rate" in text


@singly(page=PAGES, text=OWN, dtype=["float32", "float64"], task=["sentiment", "adding", "waves"])
def test_so_can_an_own_cell_that_overflows_and_nothing_is_said_on_the_terminal(
    page, text, dtype, task
):
    """A warning of NumPy would fail the test."""
    config = RunConfig(
        cell="own", equations=text, task=task, dtype=dtype, lr=100, init_scale=2, hidden=4,
        clip_by="off",
    )  # fmt: skip
    session = Session(config)
    for _ in range(5):
        session.player.step_phrase()
    walk(page, session)


def test_a_sign_without_a_meaning_has_a_dash_and_no_word():
    assert re.search(r"reach +– +The gradient at the first word", Page("train", phrase="good").text)


@singly(page=PAGES, name=["b_h", "W_xh"], size=[1e80, 1e300, 1.7e308])
def test_so_can_one_of_finite_weights_of_any_size(page, name, size):
    config = RunConfig(activation="relu", hidden=4)
    parameters = Session(config).state.parameters.copy()
    parameters[name].flat[0] = size
    first = FirstNetwork(parameters, config, "a file", "")
    walk(page, Session(config, first=first))


def test_a_gradient_whose_squares_overflow_is_told_as_it_is():
    link = {"task": "adding", "hidden": "24", "layers": "3", "init_scale": "2"}
    opened = Page("gradients", **link, activation="relu", dtype="float32", ask="reach")
    assert re.search(r"It doesn't fade *: +\d", opened.text)
