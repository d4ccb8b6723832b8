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

    def __init__(self, **link):
        super().__init__("gradients", **link)

    @property
    def sentences(self):
        return " ".join(box.value for box in self.app.info)

    @property
    def remarks(self):
        return {key: chart["remark"] for key, chart in self.charts.items()}


@pytest.fixture(scope="module")
def small():
    """The page of a small network, only to look at."""
    return Page(**SMALL)


@each_row(
    ("link", "extra", "sentence"),
    [
        (SMALL, STATE | NOTEBOOK, "one output, at the end"),
        ({**SMALL, "phrase": "bad"}, STATE | NOTEBOOK, ""),
        ({**SMALL, "hidden": "1"}, STATE | NOTEBOOK, ""),
        ({**SMALL, "cell": "gru"}, STATE, "for Elman cells only"),
        ({**SMALL, "cell": "lstm"}, STATE, "for Elman cells only"),
        ({"cell": "lstm", "hidden": "256", "layers": "2"}, set(), "512 units in all"),
        *(
            ({"task": task, "cell": "gru", "hidden": "6", "batch": "16"}, other, "")
            for task, other in [
                ("flipflop", STATE | {"connectivity"}),
                ("brackets", STATE | {"connectivity"}),
                ("translation", STATE | {"connectivity"}),
                ("characters", STATE | {"connectivity"}),
            ]
        ),
    ],
    ids=str,
)
def test_a_chart_is_there_where_it_has_a_meaning_and_elsewhere_a_sentence(link, extra, sentence):
    page = Page(**link)
    assert page.charts.keys() == ALWAYS | extra
    assert sentence in page.sentences


@each_row("gradient", ["exact", "notebook"])
def test_the_gradient_check_is_drawn_by_parameter(gradient):
    page = Page(**SMALL, gradient=gradient, phrase="i am not good")
    assert page.chart("checks")["layout"]["annotations"]
    page.click("check")
    dots = page.chart("checks")["data"][0]
    wrong = {n for n, c in zip(dots["y"], dots["marker"]["color"], strict=True) if c == "#b2182b"}
    assert wrong == ({"W_xh", "W_hh", "b_h"} if gradient == "notebook" else set())


def test_objective_and_layer_can_be_chosen():
    page = Page(**SMALL, layers="2")
    seen = [page.chart("over_lag")["data"]]
    assert page.session.layer == 1  # the topmost
    page.choose("Layer", 1)
    assert page.session.layer == 0
    seen.append(page.chart("over_lag")["data"])
    page.choose("Gradient of", Objective.MARGIN)
    assert "margin" in page.chart("over_lag")["layout"]["title"]["text"]
    assert "would change the logit margin of the last output" in page.places["over_lag"]["text"]
    seen.append(page.chart("over_lag")["data"])
    assert seen[0] != seen[1] != seen[2]


ALONG = {
    "of a large state the end": (
        {"task": "characters", "hidden": "256"},
        "Measured on the last 11 of this sequence's 47 characters.",
    ),
    "of an encoder and a decoder the decoder": (
        {"task": "translation", "cell": "gru", "hidden": "6"},
        "Measured on the decoder's 7 of this sequence's 14 words.",
    ),
    "else all": (SMALL, "Measured on this sequence of 4 words."),
}


@each_row(("link", "said"), ALONG.values(), ids=ALONG.keys())
def test_along_which_tokens_the_jacobians_were_found_is_said(link, said):
    remarks = Page(**link).remarks
    assert {remarks[key] for key in STATE} == {said}


def test_what_else_was_measured_on_what_is_said_below_each_chart(small):
    assert "all 58 training sequences" in small.remarks["over_lag"]
    assert "next training steps" in small.remarks["clipping"]
    remarks = Page(task="characters", hidden="6", phrase="the sun " * 9).remarks
    assert "48 of the 72 answers" in remarks["connectivity"]


TRANSLATION = {"task": "translation", "cell": "lstm", "layers": "2", "epoch": "0"}


@each_row("link", [SMALL, {**SMALL, **TRANSLATION}])
def test_every_charts_numbers_can_be_had(link):
    page, key = Page(state={"numbers_gradients": True}, **link), "numbers_of_gradients"
    names = page.app.selectbox(key=key).options
    assert set(names) == {_CHARTS[key].name for key in page.charts}
    for name in names:
        page.app.selectbox(key=key).set_value(name)
        page.run()
        assert len(page.app.dataframe) == 1


def test_the_signs_of_health_stand_in_the_status_with_a_word_and_a_sentence(small):
    for name in ("saturated", "silent", "clipped", "update", "gradient", "reach"):
        assert re.search(rf"{name} +\S+ +(fine|watch|bad)", small.text), name
    lag = {"task": "recall", "lag": "20", "hidden": "16", "batch": "8", "init_scale": "0.02"}
    tiny = "Too little gradient reaches the first token to change the sum"
    assert tiny in Page(**lag, cell="elman").text
    assert tiny not in Page(**lag, cell="lstm", forget_bias="3").text


def test_scores_by_length_are_measured_only_when_asked_for_and_at_rest():
    page = Page(**{**SMALL, "task": "parity"})
    assert "longer" not in page.charts
    page.app.toggle(key="longer_on").set_value(True)
    page.run()
    assert "paused" in page.chart("longer")["layout"]["annotations"][0]["text"]
    page.finish()
    assert page.chart("longer")["data"][0]["x"] == [4, 8, 16, 32]
    assert page.remarks["longer"].startswith("Measured on 3 to 200 new sequences of each length.")
    page.click("step_epoch")
    assert not page.chart("longer")["data"]


@each_row(
    ("link", "charted", "said"),
    [
        ({}, True, "These data can't be made longer, so the phrases at hand"),
        ({"task": "characters"}, False, "have the same length"),
        ({"task": "translation", "cell": "gru"}, True, "the phrases at hand"),
        ({"task": "brackets"}, True, "whether the network does on longer sequences"),
    ],
    ids=str,
)
def test_of_data_that_cannot_be_longer_it_is_said(link, charted, said):
    page = Page(state={"longer_on": True}, hidden="4", epoch="0", **link)
    page.finish()
    assert ("longer" in page.charts) == charted
    assert said in (page.places["longer"]["text"] if charted else page.sentences)


# The sentences


@each_row("cell", ["elman", "gru"])
def test_where_answers_are_values_nothing_is_said_of_a_margin(cell):
    page = Page(**SMALL, task="adding", cell=cell)
    assert "would change the loss of the last output" in page.places["over_lag"]["text"]
    assert "gradient at every step" in page.sentences
    assert "margin" not in page.sentences


def test_tasks_that_are_named_for_their_connectivity_have_it():
    sentence = explanation("gradients_connected")
    named = [task for task in TASKS.values() if f"*{task.label}*" in sentence]
    assert len(named) == 2
    assert {task.build(1, 0).reads for task in named} == {OutputAt.EVERY}
    assert "(" not in sentence


@each_row("cell", ["elman", "gru", "lstm"])
def test_what_feeds_the_weights_is_named_and_before_the_first_token_nothing_does(cell):
    page = Page(**SMALL, cell=cell)
    recurrent, inputs = (page.places[key]["text"] for key in ("feed_hh", "feed_xh"))
    assert "||da_t h_{t−1}ᵀ||" in recurrent
    assert "||da_t x_tᵀ||" in inputs
    assert "before the first the state is zero (h_0 = 0)" in recurrent
    assert "the first, in the strongest purple, is on top" in inputs
    *_, first = page.chart("feed_hh")["data"]
    assert first["name"].startswith("1 ")
    assert {float(share) for share in first["customdata"]} == {0.0}
