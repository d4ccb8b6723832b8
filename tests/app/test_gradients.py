"""Page *Gradients* without a browser."""

import re

import pytest

from rnnviz.analysis.gradients import Objective
from rnnviz.app.pages.gradients import _CHARTS
from rnnviz.app.text import explanation
from rnnviz.config import OutputAt
from rnnviz.tasks.registry import TASKS
from tests.app import tab
from tests.sampling import each_row

ALWAYS = {"over_lag", "spectrum", "feed_hh", "feed_xh", "clipping", "ratios", "checks"}
STATE = {"products", "state_spectrum", "exponents"}
NOTEBOOK = {"pairs", "by_length", "errors"}
SMALL = {"hidden": "6", "init_scale": "0.3", "epoch": "3"}


class Page(tab.Page):
    """The page alone, in one tab."""

    def __init__(self, page="gradients", **link):
        super().__init__(page, **link)

    @property
    def sentences(self):
        return " ".join(box.value for box in self.app.info)


@pytest.fixture(scope="module")
def small():
    """The page of a small network, only to look at."""
    return Page(**SMALL)


def test_an_elman_network_has_all_but_connectivity(small):
    assert small.charts.keys() == ALWAYS | STATE | NOTEBOOK
    assert "one answer, at the end" in small.sentences


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gated_cells_have_no_notebook_and_a_sentence_says_so(cell):
    page = Page(**SMALL, cell=cell)
    assert page.charts.keys() == ALWAYS | STATE
    assert "for Elman cells only" in page.sentences


@pytest.mark.parametrize("task", ["flipflop", "brackets", "translation", "characters"])
def test_with_an_answer_after_every_token_there_is_connectivity(task):
    page = Page(task=task, cell="gru", hidden="6", batch="16")
    assert page.charts.keys() == ALWAYS | STATE | {"connectivity"}


@each_row("link", [{"phrase": "bad"}, {"hidden": "1"}, {"epoch": "0"}])
def test_the_smallest_that_can_be_looked_at(link):
    page = Page(**{**SMALL, **link})
    assert page.charts.keys() == ALWAYS | STATE | NOTEBOOK


def test_where_the_state_is_too_large_a_sentence_stands_for_its_pictures():
    page = Page(cell="lstm", hidden="256", layers="2")
    assert page.charts.keys() == ALWAYS
    assert "512 units in all" in page.sentences


@pytest.mark.parametrize("gradient", ["exact", "notebook"])
def test_the_gradient_check_is_drawn_by_parameter(gradient):
    page = Page(**SMALL, gradient=gradient, phrase="i am not good")
    assert page.charts["checks"]["figure"]["layout"]["annotations"]
    page.click("check")
    dots = page.charts["checks"]["figure"]["data"][0]
    wrong = {n for n, c in zip(dots["y"], dots["marker"]["color"], strict=True) if c == "#b2182b"}
    assert wrong == ({"W_xh", "W_hh", "b_h"} if gradient == "notebook" else set())


def test_of_the_margin_another_gradient_is_drawn():
    page = Page(**SMALL)
    loss = page.charts["over_lag"]["figure"]
    next(c for c in page.app.get("button_group") if c.key == "objective").set_value("logit margin")
    page.run()
    margin = page.charts["over_lag"]["figure"]
    assert "margin" in margin["layout"]["title"]["text"]
    assert loss["data"] != margin["data"]


def test_the_layer_can_be_chosen():
    page = Page(**SMALL, layers="2")
    lower = page.charts["over_lag"]["figure"]["data"]
    next(c for c in page.app.get("button_group") if c.key == "layer_2").set_value(2)
    page.run()
    assert page.session.layer == 1
    assert page.charts["over_lag"]["figure"]["data"] != lower


def test_what_was_measured_on_what_is_said_below_each_chart(small):
    remarks = {key: chart["remark"] for key, chart in small.charts.items()}
    assert "all 58 training sequences" in remarks["over_lag"]
    assert "this sequence of 8 words" in remarks["products"]
    assert "next steps of training" in remarks["clipping"]


ALONG = {
    "of a large state the end": (
        {"task": "characters", "hidden": "256"},
        "Measured on the last 11 of this sequence's 47 characters.",
    ),
    "of an encoder and a decoder the decoder": (
        {"task": "translation", "cell": "gru", "hidden": "6"},
        "Measured on the decoder's 7 of this sequence's 14 words.",
    ),
}


@pytest.mark.parametrize(("link", "said"), ALONG.values(), ids=ALONG.keys())
def test_along_which_tokens_the_jacobians_were_found_is_said(link, said):
    remarks = {key: chart["remark"] for key, chart in Page(**link).charts.items()}
    assert {remarks[key] for key in STATE} == {said}


def test_of_very_many_answers_how_many_are_followed_is_said():
    remarks = Page(task="characters", hidden="6", phrase="the sun " * 9).charts
    assert "48 of the 72 answers" in remarks["connectivity"]["remark"]


@pytest.mark.parametrize("cell", ["elman", "gru"])
def test_what_feeds_the_weights_is_called_by_its_name(cell):
    placed = Page(**SMALL, cell=cell).places
    assert "||da_t h_{t−1}ᵀ||" in placed["feed_hh"]["text"]
    assert "||da_t x_tᵀ||" in placed["feed_xh"]["text"]


TRANSLATION = {"task": "translation", "cell": "lstm", "layers": "2", "epoch": "0"}


@pytest.mark.parametrize("link", [{}, TRANSLATION])
def test_every_charts_numbers_can_be_had(link):
    page = Page(state={"numbers_gradients": True}, **{**SMALL, **link})
    box = next(b for b in page.app.selectbox if b.key == "numbers_of_gradients")
    assert set(box.options) == {_CHARTS[key].name for key in page.charts}
    for name in box.options:
        next(b for b in page.app.selectbox if b.key == "numbers_of_gradients").set_value(name)
        page.run()
        assert not page.app.exception
        assert len(page.app.dataframe) == 1


# The health strip


def test_the_signs_stand_in_the_status_with_a_word_and_a_sentence(small):
    for name in ("saturated", "dead", "clipped", "update", "gradient", "reach"):
        assert re.search(rf"{name} +\S+ +(fine|watch|bad)", small.text), name


def test_of_a_hopeless_lag_the_strip_says_what_to_try():
    lag = {"task": "recall", "lag": "20", "hidden": "16", "batch": "8", "init_scale": "0.02"}
    assert "Nothing of the gradient reaches the first token" in Page(**lag, cell="elman").text
    assert "Nothing of" not in Page(**lag, cell="lstm", forget_bias="3").text


# The sentences


@pytest.mark.parametrize(("task", "cell"), [("adding", "elman"), ("adding", "gru")])
def test_where_answers_are_values_nothing_is_said_of_a_margin(task, cell):
    page = Page(**SMALL, task=task, cell=cell)
    assert "would change the loss of the last answer" in page.places["over_lag"]["text"]
    assert "in the gradient at every step" in page.sentences
    assert "margin" not in page.sentences


def test_below_the_gradient_over_the_lag_stands_of_what_it_is():
    page = Page(**SMALL)
    page.choose("Gradient of", Objective.MARGIN)
    assert "would change the logit margin of the last answer" in page.places["over_lag"]["text"]


def test_tasks_that_are_named_for_their_connectivity_have_it():
    sentence = explanation("gradients_connected")
    named = [task for task in TASKS.values() if f"*{task.label}*" in sentence]
    assert len(named) == 2
    assert {task.build(1, 0).reads for task in named} == {OutputAt.EVERY}
    assert "(" not in sentence


@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_before_the_first_token_there_is_no_memory_to_feed_the_recurrent_weights(cell):
    page = Page(**SMALL, cell=cell)
    assert "before the first there is no memory (h_0 = 0)" in page.places["feed_hh"]["text"]
    assert "the first, strongest purple, on top" in page.places["feed_xh"]["text"]
    *_, first = page.charts["feed_hh"]["figure"]["data"]
    assert first["name"].startswith("1 ")
    assert {float(share) for share in first["customdata"]} == {0.0}
