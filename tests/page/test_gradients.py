"""Page *Gradients* without a browser: three questions."""

import re

import numpy as np
import pytest

from rnnviz.charts.texts import LONG, LONGER
from rnnviz.config import Gradient, TaskName
from rnnviz.engine.training import record
from rnnviz.probe import work as chunks
from rnnviz.probe.gradient_flow import Objective, token_contribution
from rnnviz.probe.jacobians import jacobians_along, lyapunov_exponents
from rnnviz.probe.memory_gauge import half_life
from rnnviz.probe.questions import GradientQuestion
from rnnviz.questions.reach.measure import ReachLab
from rnnviz.questions.right.measure import RightLab
from rnnviz.run.schedule import Position
from rnnviz.tasks.data_source import PRESETS
from tests.lag_profile import lag_profile
from tests.page import tab
from tests.page.tab import plain
from tests.sampling import each_row
from tests.written import value_of

REACH, FEED, RIGHT = GradientQuestion
SMALL = {"hidden": "6", "init_scale": "0.3", "epoch": "3"}
STATE = ("products", "state_spectrum", "exponents")
#: The pictures of every question for an Elman cell that answers at the end.
PICTURES = {
    REACH: {"words", "over_lag", *STATE, "gauge", "spectrum", "map"},
    FEED: {"words", "feed_hh", "feed_xh", "ratios", "map_hh", "map_xh", "clipping", "angle"},
    RIGHT: {"words", "directions", "sizes", "by_length", "parameters", "errors", "cosines"},
}


class Page(tab.Page):
    """The page alone, in one tab, at one of its questions."""

    def __init__(self, question=REACH, **link):
        super().__init__("gradients", **link)
        self.enter(question)

    @property
    def remarks(self):
        return {key: chart["remark"] for key, chart in self.charts.items()}

    @property
    def story(self):
        """The answer, without the chapter before it."""
        text = plain(self.bodies["story"].partition("</b>")[2])
        return re.sub(r" (?=[.:])", "", re.sub(r"\s+", " ", text)).strip()

    def series(self, key, name):
        """The first series of a picture whose name begins so."""
        return next(one for one in self.chart(key)["data"] if one["name"].startswith(name))


@pytest.fixture(scope="module")
def small():
    """The page of a small network on its three questions; they are opened in turn."""
    return Page(**SMALL)


# The answer


def test_of_much_data_the_band_is_that_of_a_sample_first_and_of_all_when_the_run_rests(monkeypatch):
    monkeypatch.setattr(chunks, "_CHUNK", 2_000)
    page = Page(**SMALL)
    assert re.search(r"on \d+ of 58 training sequences\. The rest is", page.remarks["over_lag"])
    page.finish()
    assert page.remarks["over_lag"] == "The band is measured on all 58 training sequences."


@each_row("question", [REACH, FEED, RIGHT])
def test_a_run_that_ended_before_the_loss_fell_says_so_beside_the_answer(question):
    page = Page(question, hidden="4", epochs="3", epoch="3")
    said = "The run ended with a loss of at least 75% of guessing."
    assert page.story.endswith(f" {said}")
    size = re.search(r"rnnviz-story ?(\w*)", page.bodies["story"])[1]
    assert size == ("longer" if len(page.story) > LONGER else "long" * (len(page.story) > LONG))
    assert page.session.story.sentence.endswith(said)
    page.session.player.go_to(Position(2))
    page.run()
    assert said not in page.story


def test_a_run_that_learned_nothing_tells_until_when_no_gradient_came_and_what_learns():
    elman = next(card for card in PRESETS[TaskName.RECALL] if not card.learns)
    page = Page(**elman.config().to_query(), epoch="30")
    session = page.session
    page.finish()
    history = session.lab(ReachLab).past.series(session.run, session.gradient_query())
    shares = np.array([row.norms[0] for row in history.rows])
    assert history.epochs.tolist() == [*range(31)]
    last = int(re.match(r"Up to epoch (\d+) of 30 less than 0\.1", page.story)[1])
    assert (shares[: last + 1] < 0.001).all()
    assert shares[last + 1] >= 0.001
    assert page.story.endswith("Train LSTM, lag 20")
    page.session.player.go_to(Position(29))
    page.run()
    assert "halved every" in page.story
    assert "Train" not in page.story


def test_a_run_that_has_learned_leads_back_to_when_no_gradient_came():
    page = Page(epoch="420", phrase="i am not bad")
    page.finish()
    assert "halved every" in page.story
    epoch = int(re.search(r"Epoch (\d+) *: less than 0\.1%\.$", page.story)[1])
    assert f'data-do="seek" data-epoch="{epoch}"' in page.bodies["story"]
    page.say("seek", epoch=epoch)
    shares = page.session.lab(ReachLab).reach(page.session.gradient_query()).norms
    assert shares[0] < 0.001 and "less than" not in page.story


def test_with_fewer_layers_the_choice_of_the_layer_begins_again():
    page = tab.App(layers="3", hidden="4")
    page.set("layers", 2)
    assert not page.app.exception
    assert page.session.layer <= 1


def test_while_the_reader_looks_back_the_present_is_faint():
    page = Page(**{**SMALL, "now": "6"})
    faint = next(one for one in page.chart("over_lag")["data"] if one.get("name") == "at epoch 6")
    page.session.player.back_to_now()
    page.run()
    names = [one.get("name", "") for one in page.chart("over_lag")["data"]]
    assert not any("at epoch" in name for name in names)
    drawn = next(one for one in page.chart("over_lag")["data"] if one.get("name") == "this phrase")
    assert faint["customdata"] == drawn["customdata"]


def test_a_pinned_epoch_is_faint_in_the_place_of_the_present():
    page = Page(**{**SMALL, "now": "6", "pin": "2"})
    assert page.frame["pinned"] == 2
    named = {one.get("name"): one for one in page.chart("over_lag")["data"]}
    assert "at epoch 6" not in named
    faint = named["at epoch 2"]
    kept = {one.get("name"): one for one in page.chart("products")["data"]}["best at epoch 2"]
    marks = [
        s for s in page.chart("gauge")["layout"]["shapes"] if s["line"].get("dash") == "dashdot"
    ]
    assert {mark["x0"] for mark in marks} == {2}
    page.say("seek", epoch=2)
    drawn = {one.get("name"): one for one in page.chart("over_lag")["data"]}
    assert faint["customdata"] == drawn["this phrase"]["customdata"]
    assert "at epoch 2" not in drawn, "nothing is compared with itself"
    best = {one.get("name"): one for one in page.chart("products")["data"]}
    assert kept["customdata"] == best["kept best"]["customdata"]
    assert "best at epoch 2" not in best
    page.say("pin")
    assert page.frame["pinned"] is None
    page.say("seek", epoch=4)
    page.say("pin")
    page.say("now")
    assert any(one.get("name") == "at epoch 4" for one in page.chart("over_lag")["data"])


def test_shares_and_exponents_at_the_second_moment_are_outlined_and_faint():
    page = Page(**{**SMALL, "now": "6", "pin": "2"})
    faint = page.chart("exponents")["data"][1]
    outlined = page.enter(FEED).chart("feed_xh")
    assert outlined["layout"]["title"]["text"].endswith("; outlined: epoch 2")
    page.say("seek", epoch=2)
    session = page.session
    probe, parameters = session.inspect(), session.state.parameters
    shares = token_contribution(probe.unrolled(0), parameters).W_xh
    assert outlined["data"][1]["y"][2::6] == pytest.approx(shares.tolist())
    assert not page.chart("feed_xh")["data"][1]["y"], "nothing is compared with itself"
    exponents = lyapunov_exponents(jacobians_along(parameters, probe.trace))
    assert list(map(float, faint["customdata"])) == exponents.tolist()
    assert len(page.enter(REACH).chart("exponents")["data"]) == 1


def test_the_band_is_that_of_the_training_or_of_the_test_sequences(small):
    page = small.enter(REACH)
    bands = {}
    for band, examples in (
        ("test", page.session.dataset.test),
        ("training", page.session.dataset.train),
    ):
        page.choose("Band of", band)
        names = [one.get("name", "") for one in page.chart("over_lag")["data"]]
        assert f"80% of {len(examples)} {band} phrases" in names
        state = page.session.state
        expected = lag_profile(state.parameters, examples, Objective.LOSS)
        (drawn,) = (
            one for one in page.chart("over_lag")["data"] if one.get("name", "").startswith("80%")
        )
        assert drawn["y"][-1] == pytest.approx(expected.high[0], rel=1e-5)
        bands[band] = drawn["y"]
        assert (
            f"all {len(examples)} {band} sequences" in page.frame["pictures"]["over_lag"]["remark"]
        )
    assert bands["test"] != bands["training"]
    assert not any(
        b.label == "Band of" for b in Page(task="spelling", hidden="4").app.get("button_group")
    )


# The pictures


def test_every_question_has_its_pictures_and_its_place_in_the_link_of_the_page(small):
    for question, pictures in PICTURES.items():
        assert small.enter(question).charts.keys() == pictures
        assert small.session.questions["gradients"] is question


@each_row("cell", ["gru", "lstm"])
def test_a_cell_without_the_notebooks_rule_has_its_gradient_and_the_check(cell):
    page = Page(RIGHT, **SMALL, cell=cell)
    assert page.charts.keys() == {"words", "flow", "parameters"}
    assert "is drawn for elman, and for own cells of one line" in page.places["flow"]["text"]
    said = page.chart("parameters")["layout"]["meta"]["sentence"]
    assert said.startswith("Press G to compare")
    page.click("check")
    assert [one["name"] for one in page.chart("parameters")["data"]] == ["checked"]
    assert "notebook" not in page.story


@each_row("task", ["flipflop", "brackets", "translation", "characters"])
def test_where_every_token_has_an_answer_the_connectivity_takes_the_place_of_one_step(task):
    page = Page(task=task, cell="gru", hidden="6", batch="16", epoch="0")
    assert "connectivity" in page.charts
    assert "state_spectrum" not in page.charts


def test_in_the_place_of_jacobians_that_are_too_large_stands_a_sentence():
    page = Page(cell="lstm", hidden="256", layers="2", epoch="0")
    for key in STATE:
        assert "512 units in all" in page.chart(key)["layout"]["meta"]["sentence"]
    assert not page.chart("over_lag")["layout"]["meta"].get("sentence")


@each_row("phrase", ["bad", "not bad"])
@pytest.mark.parametrize("hidden", ["1", "6"])
def test_the_shortest_phrases_and_the_smallest_network_are_drawn(phrase, hidden):
    page = Page(**{**SMALL, "hidden": hidden}, phrase=phrase)
    for question, pictures in PICTURES.items():
        assert page.enter(question).charts.keys() == pictures


def test_a_click_in_a_picture_over_the_epochs_goes_there():
    page = Page(**SMALL)
    for question, keys in {
        REACH: ["gauge", "map"],
        FEED: ["map_hh", "map_xh", "clipping", "angle"],
        RIGHT: ["errors", "cosines"],
    }.items():
        page.enter(question)
        clickable = {key for key, place in page.places.items() if place["clicks"]}
        assert clickable == set(keys)
        for epoch, key in enumerate(keys):
            page.say("click", on=key, x=epoch + 0.4, y=None, data=None)
            assert page.session.player.position.epoch == epoch


# Their numbers


def test_the_pictures_have_the_numbers_of_their_records(small):
    session = small.enter(REACH).session
    query = session.gradient_query()
    exact = [float(size) for _, size in small.series("over_lag", "this")["customdata"]]
    assert exact == session.lab(ReachLab).reach(query).norms.tolist()
    rings = small.chart("spectrum")["data"][-1]
    weights = np.linalg.eigvals(session.state.parameters["W_hh"])
    np.testing.assert_allclose(sorted(rings["x"]), sorted(weights.real), rtol=1e-6)
    small.enter(FEED)
    shares = token_contribution(session.inspect().unrolled(0), session.state.parameters)
    for key, record_of in (("feed_hh", shares.W_hh), ("feed_xh", shares.W_xh)):
        assert list(map(float, small.series(key, "share")["customdata"])) == record_of.tolist()
        np.testing.assert_allclose(np.array(small.chart(f"map{key[4:]}")["data"][0]["z"])[:, -1],
                                   record_of, rtol=1e-6)  # fmt: skip
    small.enter(RIGHT)
    by_token = session.lab(RightLab).by_token(query)
    for name in ("exact", "notebook"):
        sizes = list(map(float, small.series("sizes", name)["customdata"]))
        assert sizes == getattr(by_token, name).tolist()


@each_row("gradient", ["exact", "notebook"])
def test_the_gradient_check_is_drawn_by_parameter_and_told(gradient):
    page = Page(RIGHT, **SMALL, gradient=gradient, phrase="i am not good")
    assert page.story.endswith("Press G to check this run's rule at these weights.")
    assert page.series("parameters", "checked")["y"] == []
    page.click("check")
    dots = page.series("parameters", "checked")
    names = page.chart("parameters")["layout"]["yaxis"]["ticktext"]
    wrong = {
        names[k] for k, e in zip(dots["y"], dots["customdata"], strict=True) if float(e) > 1e-8
    }
    assert wrong == ({"W_xh", "W_hh", "b_h"} if gradient == "notebook" else set())
    said = "No: 3 parameters are wrong by this run's rule." if wrong else "Yes, to 1"
    assert said in page.story
    page.click("step_epoch")
    assert page.story.endswith("at these weights.")


def test_objective_and_layer_can_be_chosen():
    page = Page(**SMALL, layers="2")
    seen = [page.chart("over_lag")["data"]]
    assert page.session.layer == 1  # the topmost
    page.choose("Layer", 1)
    assert page.session.layer == 0
    seen.append(page.chart("over_lag")["data"])
    assert seen[0] != seen[1]
    of_loss = page.chart("map")["data"]
    page.choose("Gradient of", Objective.MARGIN)
    assert "margin" in page.chart("over_lag")["layout"]["title"]["text"]
    assert page.chart("map")["data"] != of_loss


# What was measured on what


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
    assert Page(**link).remarks["products"] == said


def test_what_else_was_measured_on_what_is_said_below_each_chart(small):
    assert "all 58 training sequences" in small.enter(REACH).remarks["over_lag"]
    assert "next training steps" in small.enter(FEED).remarks["clipping"]
    assert "58 of the 58 training sequences" in small.enter(RIGHT).remarks["errors"]
    remarks = Page(task="characters", hidden="6", phrase="the sun " * 9).remarks
    assert "48 of the 72 answers" in remarks["connectivity"]


def test_the_signs_of_health_stand_in_the_status_with_a_word_and_a_sentence(small):
    for name in ("saturated", "silent", "clipped", "update", "gradient", "reach", "overfit"):
        assert re.search(rf"{name} +\S+ +(fine|watch|bad)", small.text), name
    lag = {"task": "recall", "lag": "20", "hidden": "16", "batch": "8", "init_scale": "0.02"}
    tiny = "The gradient that reaches the first character is lost in rounding"
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
        ({}, True, "These data can't be made longer, so the existing phrases"),
        ({"task": "characters"}, False, "have the same length"),
        ({"task": "translation", "cell": "gru"}, True, "the existing phrases"),
        ({"task": "brackets"}, True, "Does the network do on longer sequences"),
    ],
    ids=str,
)
def test_of_data_that_cannot_be_longer_it_is_said(link, charted, said):
    page = tab.Page("gradients", state={"longer_on": True}, hidden="4", epoch="0", **link)
    page.finish()
    assert ("longer" in page.charts) == charted
    sentences = " ".join(box.value for box in page.app.info)
    assert said in (page.places["longer"]["text"] if charted else sentences)


@each_row("cell", ["elman", "gru", "lstm"])
def test_what_feeds_the_weights_is_named_and_before_the_first_token_nothing_does(cell):
    page = Page(FEED, **SMALL, cell=cell)
    recurrent, inputs = (page.places[key]["text"] for key in ("feed_hh", "feed_xh"))
    assert "the recurrent weights: the norm of its part" in recurrent
    assert "||da_t x_tᵀ||" in inputs
    assert "has no bar where the weights multiply the state, as h_0 = 0" in recurrent
    assert float(page.series("feed_hh", "share")["customdata"][0]) == 0


# The answers


def learned(question):
    return Page(question, hidden="16", init_scale="0.1", lr="0.05", epoch="60")


def dh_of(page, rule=Gradient.EXACT):
    """The gradient at every word, by the engine alone."""
    session = page.session
    trace = record(session.state.parameters, session.inspect().trace.batch, rule)
    return trace.stacks[0].layers[-1].dh[:, 0].astype(float)


def test_how_far_the_gradient_reaches_is_told():
    page = learned(REACH)
    norms = np.linalg.norm(dh_of(page), axis=1)
    share = norms[0] / norms[-1]
    life = (len(norms) - 1) / -np.log2(share)
    first = page.session.inspect().words[0]
    told = f"In this phrase the gradient is halved every {life:.2g} words on average: "
    assert told in page.story
    fitted = page.series("gauge", "half-life, fitted")["y"][-1]
    assert fitted == pytest.approx(half_life(norms), rel=1e-6), "the gauge has that of a fit"
    assert f" of it reaches “{first}”, {len(norms) - 1} words back." in page.story
    told = page.story.partition(": ")[2].split(" of it")[0]
    assert value_of(told) == pytest.approx(share, rel=0.01 if "%" in told else 0.5)


def test_a_gradient_that_arrives_almost_whole_hardly_fades():
    page = Page(REACH, task="recall", lag="2", cell="lstm", forget_bias="8", epoch="0")
    assert "It hardly fades: 100% of it reaches" in page.story


def test_what_the_words_before_the_last_bring_is_told_now_and_at_the_start():
    page = learned(FEED)
    page.finish()
    page.look()
    shares = token_contribution(
        page.session.inspect().unrolled(-1), page.session.state.parameters
    ).W_xh
    told = f"Words before the last contribute {100 * shares[:-1].sum():.0f}% of the input weights'"
    assert page.story.startswith(told)
    assert re.search(r"; at epoch 0 it was \d+%\.$", page.story)


def test_where_the_notebook_begins_to_point_elsewhere_is_told():
    page = learned(RIGHT)
    exact, notebook = dh_of(page), dh_of(page, Gradient.NOTEBOOK)
    cosines = (exact * notebook).sum(1) / np.linalg.norm(exact, axis=1)
    cosines /= np.linalg.norm(notebook, axis=1)
    most = np.degrees(np.arccos(cosines[:-1])).max()
    assert f"wrong from 1 word back, by up to {most:.0f}°." in page.story


SAID = {
    "one word": (
        {"phrase": "bad"},
        "One word: there is nothing to reach back to.",
        "One word: all of the gradient comes from it.",
        "notebook's gradient has the same direction here",
    ),
    "untrained": (
        {"epoch": "0", "init_scale": "0.01"},
        r"In this phrase the gradient is halved every 0\.\d+ words on average: "
        r"\S*10⁻\S+ of it reaches .+\.",
        r"contribute \S+% of the input weights' gradient\.",
        "Press G to check this run's rule at these weights.",
    ),
    "nothing is carried back": (
        {"truncate": "1"},
        "Nothing is carried back: none of it reaches “i”, 3 words back.",
        "contribute 0% of the input weights' gradient",
        "Press G to check",
    ),
    "a word that is unknown": ({"phrase": "<i>so</i> not bad"}, *["Skipped, as not in"] * 3),
    "a phrase that cannot be read": (
        {"phrase": "<script>alert(1)</script>"},
        *["None of these words is in the vocabulary"] * 3,
    ),
}


@each_row("said", SAID.values(), ids=SAID.keys())
def test_whatever_is_read_has_its_answer(said):
    link, *answers = said
    page = Page(**{**SMALL, **link})
    for question, answer in zip(GradientQuestion, answers, strict=True):
        story = page.enter(question).story
        assert re.search(answer, story), story
        assert not re.search(r"\b(nan|inf)\b", story)
        assert "<i>" not in page.bodies["story"]
        assert "<script" not in page.bodies["story"]


def test_of_a_diverged_run_nothing_else_is_told():
    page = Page(hidden="6", lr="100", clip_by="off", init_scale="0.3")
    page.session.player.play()
    page.session.player.advance(50)
    for question in GradientQuestion:
        page.look()
        page.enter(question)
        assert "finite: " in page.story
        assert "rnnviz-story broken" in page.bodies["story"]


@each_row("task", ["characters", "waves", "translation"])
def test_where_every_token_has_an_answer_the_last_one_alone_is_followed_back(task):
    page = Page(task=task, cell="gru", hidden="6", batch="16", epoch="1")
    session = page.session
    norms = np.trim_zeros(session.lab(ReachLab).reach(session.gradient_query()).norms, "b")
    assert f", {len(norms) - 1} {session.names.noun}s back." in page.story
    assert norms[0] < 0.5 * norms[-1], "the own losses of earlier tokens are left out"


@each_row(
    ("link", "said"),
    [
        (
            {"window": "24", "epoch": "2"},
            "23 steps back. A longer window would probably change little.",
        ),
        ({"window": "3", "epoch": "1", "cell": "lstm"}, "2 steps back. A longer window may help."),
        ({"window": "3", "epoch": "0", "cell": "lstm"}, "2 steps back."),
    ],
)
def test_what_is_left_at_the_first_step_of_a_window_tells_whether_a_longer_one_may_help(link, said):
    page = Page(task="elnino", hidden="6", **link)
    story = " ".join(plain(page.bodies["story"]).split())
    assert story.endswith(f"of it reaches 1998-11, {said}")
    assert "steps before the last" in str(page.chart("over_lag")["layout"]["xaxis"]["title"])
    steps = f"finite-time: {link['window']} steps"
    assert page.chart("exponents")["layout"]["xaxis"]["title"]["text"] == steps


@pytest.mark.parametrize(("question", "key"), [(REACH, "map"), (FEED, "map_xh")])
def test_maps_over_the_epochs_of_a_series_count_back_from_the_end(question, key):
    page = Page(question, task="elnino", window="30", hidden="4", epoch="1")
    axis = page.chart(key)["layout"]["yaxis"]
    assert axis["ticktext"] == [f"−{30 - row}" for row in axis["tickvals"]]
