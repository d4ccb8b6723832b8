"""Page *Dynamics*, *What path does it take?*, without a browser."""

import re

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.page.command import RefusedError
from rnnviz.probe.questions import DynamicsQuestion
from rnnviz.probe.session import Session
from rnnviz.tasks.upload import File, Upload
from tests.page import tab
from tests.page.tab import plain
from tests.sampling import each_row

CHARTS = ("trajectories", "separation", "components")


class Page(tab.Page):
    """The tab alone."""

    def __init__(self, **link):
        super().__init__("dynamics", **link)
        self.enter(DynamicsQuestion.PATH)

    @property
    def story(self):
        return " ".join(plain(self.bodies["story"]).split())

    def sentences(self):
        return [self.chart(key)["layout"].get("meta", {}).get("sentence") for key in CHARTS]


@pytest.fixture
def page():
    return Page(hidden="6", init_scale="0.3", epoch="3", phrase="i am not good")


@each_row(
    ("task", "said"),
    [
        ("sentiment", "the readout is undecided"),
        ("adding", "along a line, the states carry the value itself"),
        ("waves", "along a line, the states carry the value itself"),
        ("flipflop", "States of one colour that stand together"),
        ("brackets", "States of one colour that stand together"),
    ],
)
def test_what_is_said_of_the_colours_is_true_of_what_is_wanted(task, said):
    page = Page(hidden="4", task=task, epoch="0")
    assert said in page.places["trajectories"]["text"]


def test_the_axes_stay_until_they_are_fitted_again_and_others_can_be_chosen(page):
    for epoch, button in ((3, None), (3, None), (7, "refit")):
        if button:
            page.click(button)
        assert f"Axes fitted at epoch {epoch} to the" in page.charts["trajectories"]["remark"]
        page.session.player.advance(7 - page.session.state.epoch)
        page.run()
    page.choose("Plane of components", "2 and 3")
    layout = page.chart("trajectories")["layout"]
    assert layout["xaxis"]["title"]["text"].startswith("component 2: ")
    assert list(page.chart("components")["data"][1]["x"]) == [2, 3]


def test_the_phrases_way_begins_at_the_start_and_a_gates_at_its_first_word(page):
    def way(shown):
        return next(s for s in shown if "token" in s.get("meta", {}))

    data = page.chart("trajectories")["data"]
    assert way(data)["text"] == ["i", "am", "not", "good"]
    assert data[data.index(way(data)) + 1]["x"] != [None]
    lstm = Page(hidden="6", epoch="3", cell="lstm", phrase="i am not good")
    lstm.choose("Show", "f")
    data = lstm.chart("trajectories")["data"]
    assert np.isnan(data[data.index(way(data)) + 1]["x"]).all()
    assert len(way(data)["x"]) == 4


def test_a_learned_task_is_separated_in_what_is_read():
    page = Page(hidden="8", epoch="0")
    session = page.session
    before = float(re.search(r"(\d+)% of what is read", page.story)[1])
    session.player.advance(400)
    page.run()
    told = re.search(
        r"After the last word, (\d+)% of what is read separates the classes; of all units (\d+)%, "
        r"in this plane (\d+)%",
        page.story,
    )
    read, whole, _ = (float(number) for number in told.groups())
    assert read > 60 > before
    assert read > whole
    lines = {s["name"]: s["y"] for s in page.chart("separation")["data"]}
    assert 100 * lines["as read"][0] == pytest.approx(read, abs=0.6)
    assert page.chart("separation")["layout"]["xaxis"]["title"]["text"] == "words before the end"


def test_an_answer_after_every_token_is_told_from_the_start():
    page = Page(task="flipflop", hidden="6", epoch="1", cell="gru")
    assert "At all steps together" in page.story
    assert page.chart("separation")["layout"]["xaxis"]["title"]["text"] == "steps after the first"


def test_with_one_unit_or_states_beyond_all_numbers_there_are_sentences():
    assert all("on a line" in said for said in Page(hidden="1").sentences())
    session = Session(RunConfig(activation="relu", hidden=4))
    for name in ("W_hh", "b_h"):
        session.state.parameters[name][...] = 1e100
    assert all("not finite" in said for said in Page(session=session).sentences())


def test_few_data_have_a_sentence():
    session = Session(RunConfig(hidden=5))
    session.load(Upload(File("a.csv", b"text\nab\n")))
    assert "one state makes no trajectory" in Page(session=session).story
    session.load(Upload(File("a.csv", b"text,label\na b,x\nb a,y\n")))
    page = Page(session=session)
    assert "fewer than 5 states for each" in page.story
    assert [bool(said) for said in page.sentences()] == [False, True, False]


def test_a_click_on_a_state_makes_its_sequence_the_phrase(page):
    page.say("click", on="trajectories", x=0, y=0, data=7)
    assert page.frame["typed"] == page.session.dataset.train[7].text
    for data in (-1, 10**6, "x", None):
        page.say("click", on="trajectories", x=0, y=0, data=data)
        assert page.frame["typed"] == page.session.dataset.train[7].text
    with pytest.raises(RefusedError):
        page.say("click", on="trajectories", x=0, y=0, data=True)
    assert page.frame["typed"] == page.session.dataset.train[7].text
