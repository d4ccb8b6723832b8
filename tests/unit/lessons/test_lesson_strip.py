"""A lesson as the browser gets it: the strip, what the pictures show, and the commands."""

import json
import re
from html import unescape

import pytest

from rnnviz.config import RunConfig
from rnnviz.lessons.body import MOST_WORDS
from rnnviz.lessons.lesson import open_lesson, shipped
from rnnviz.lessons.lesson_strip import lesson_list, lesson_texts
from rnnviz.lessons.play import LessonStep
from rnnviz.page.command import MOST_VALUES, RefusedError
from rnnviz.probe.session import Session
from rnnviz.ui.viewer import Scene
from tests.unit.page.browser import Browser
from tests.unit.page.test_session_host import Clock

LINE = [1 - k / 150 for k in range(121)]


def seen(html):
    return unescape(re.sub(r"<[^>]*>", " ", re.sub(r"</?b>", "", html)))


def draw(frame):
    frame.texts |= {"story": "the story", "message": "the message"}


class Learner:
    """A browser in a lesson."""

    def __init__(self, name, session=None):
        self.clock = Clock(session or Session())
        self.browser = Browser(self.clock, Scene(self.clock.session, draw))
        self.say("begin", label=name)
        self.texts = {}

    def say(self, what, **more):
        self.browser.say("lesson", what=what, **more)

    @property
    def play(self):
        return self.clock.host.lesson

    def until(self, holds, seconds=60):
        while not holds() and seconds > 0:
            self.clock.run(0.5, self.browser)
            seconds -= 0.5
        assert holds()
        self.clock.run(0.1, self.browser)
        for frame in self.browser.frames:
            self.texts |= frame["texts"]

    @property
    def strip(self):
        return seen(self.texts["story"])

    @property
    def pictures(self):
        return json.loads(self.texts["lesson"])


def test_a_lesson_speaks_in_the_place_of_the_story_from_guess_to_end():
    learner = Learner("words")
    learner.until(lambda: not learner.play.preparing)
    assert "Predict" in learner.strip and "Drag the four bars." in learner.strip
    assert learner.texts["message"] == ""
    shown = learner.pictures
    assert [one["label"] for one in shown["handles"]] == ["i", "am", "not", "bad"]
    assert all(one["truth"] is None for one in shown["handles"]), "not before the guess"
    learner.say("lock", values=[0.5, 0.4, 0.3, 0.2])
    learner.until(lambda: learner.play.step is LessonStep.SEE and not learner.play.unmeasured)
    assert "Which word turned it to positive?" in learner.strip
    shown = learner.pictures
    assert [one["guess"] for one in shown["handles"]] == [0.5, 0.4, 0.3, 0.2]
    assert shown["handles"][3]["truth"] == learner.play.values["after_bad"] > 0.9
    learner.say("choose", text="2")
    learner.until(lambda: LessonStep.SEE in learner.play.answers)
    assert "✓ you" in re.sub(r"\s+", " ", learner.strip)
    for what in ("go_on", "attempt", "go_on"):
        learner.say(what)
    learner.until(lambda: learner.play.step is LessonStep.TRANSFER)
    assert "What does it say of" in learner.strip and "no proof" not in learner.strip
    learner.say("choose", text="0")
    learner.until(lambda: LessonStep.TRANSFER in learner.play.answers)
    assert "no proof of a rule" in learner.strip and "What does it say of" not in learner.strip
    learner.say("go_on")
    learner.until(lambda: learner.play.done)
    assert learner.texts["story"] == "the story"
    assert "Next lesson: When does it learn?" in learner.texts["message"]
    note = learner.pictures["note"]
    assert note["answers"] == {"See": "bad", "Transfer": "Negative"}
    assert note["guess"]["after_i"] == "50%" and note["right"]["See"] is True


def test_a_drawn_curve_is_judged_in_a_sentence():
    learner = Learner("plateau")
    learner.say("lock", values=LINE)
    learner.say("hurry")
    learner.until(lambda: not learner.play.unmeasured)
    assert re.search(r"Yours falls at epoch \d+, .* The run falls at epoch 36\d,", learner.strip)
    assert len(learner.pictures["drawn"]) == 121
    learner.say("choose", text="0")
    learner.until(lambda: learner.play.answers)
    on = [event["on"] for event in learner.pictures["events"]]
    assert sorted(on) == ["loss", "radius", "right"]


def test_the_address_has_the_lesson_and_opens_it_again():
    learner = Learner("reach")
    learner.until(lambda: not learner.play.preparing)
    links = [frame["link"] for frame in learner.browser.frames if frame["link"]]
    assert links[-1].endswith("&lesson=reach")
    clock = Clock()
    clock.host.follow({"lesson": "reach"}, 0.0)
    assert clock.host.lesson.name == "reach"
    learner.say("leave")
    learner.until(lambda: learner.play.away)
    assert "lesson" not in learner.browser.header["link"]
    assert "Resume “How far back does the error reach?”" in learner.texts["message"]


def test_the_run_before_is_offered_and_ends_the_lesson():
    session = Session(RunConfig(hidden=3, epochs=9))
    session.player.advance(5)
    learner = Learner("words", session)
    learner.say("leave")
    learner.until(lambda: learner.play.away)
    assert "Back to the run before" in learner.texts["message"]
    learner.browser.say("take_back")
    assert learner.play is None
    assert learner.clock.session.config.hidden == 3


def test_a_link_leads_to_what_there_is_to_see():
    clock = Clock()
    clock.host.follow({"lesson": "reach", "step": "see"}, 0.0)
    browser = Browser(clock)
    while clock.host.lesson.step is not LessonStep.SEE:
        clock.run(0.5, browser)
    assert clock.session.run.position.epoch == 300


def test_an_unknown_lesson_in_a_link_is_told():
    clock = Clock()
    clock.host.follow({"lesson": "nonesuch"}, 0.0)
    assert clock.host.lesson is None
    assert "there is no lesson 'nonesuch'" in clock.session.player.message


def test_data_that_a_program_gave_have_no_lesson():
    data = Session().dataset
    learner = Learner("words", Session(dataset=data))
    assert learner.play is None and learner.clock.session.dataset is data
    assert learner.clock.session.player.message.startswith("A lesson trains a network of its own.")


@pytest.mark.parametrize(
    "command",
    [
        {"what": "begin", "label": "nonesuch"},
        {"what": "begin"},
        {"what": "lock", "values": [0.5, float("nan")]},
        {"what": "lock", "values": ["0.5"]},
        {"what": "lock", "values": [0.5] * (MOST_VALUES + 1)},
        {"what": "lock", "values": [0.5]},
        {"what": "choose", "text": "9"},
        {"what": "_prepare"},
        {"what": "__init__"},
        {},
    ],
)
def test_a_wrong_command_is_refused_and_changes_nothing(command):
    learner = Learner("gate")
    step = learner.play.step
    with pytest.raises(RefusedError):
        learner.browser.say("lesson", **command)
    assert learner.play.step is step and learner.play.guess == {}


def test_without_a_lesson_only_its_beginning_is_understood():
    clock = Clock()
    browser = Browser(clock)
    for what in ("watch", "leave", "go_on", "lock"):
        with pytest.raises(RefusedError):
            browser.say("lesson", what=what, values=[])


@pytest.mark.parametrize("name", ["words", "reach", "gate", "rule"])
def test_a_few_words_are_in_sight_at_every_step(name):
    learner = Learner(name)
    learner.until(lambda: not learner.play.preparing)
    guess = (
        LINE
        if learner.play.lesson.prediction.how == "draw"
        else [0.5] * len(learner.play.lesson.prediction.compare)
    )
    learner.say("lock", values=guess)
    learner.until(lambda: not learner.play.unmeasured and learner.play.step is LessonStep.SEE)
    for _ in range(3):
        parts = (r"<strong>.*?</strong>", r"<p .*?</p>", r'<div class="choices">.*')
        found = [re.search(part, learner.texts["story"], re.DOTALL)[0] for part in parts]
        counted = re.sub(r"<kbd>.*?</kbd>|<em>.*?</em>", "", " ".join(found))
        assert 5 < len(seen(counted).split()) <= MOST_WORDS
        learner.say("choose", text="0")
        learner.say("go_on")
        learner.until(lambda: True)


def test_the_menu_has_all_lessons_that_come_with_rnnviz():
    assert [one["name"] for one in lesson_list()] == [*shipped()]
    assert all(one["title"] == open_lesson(shipped()[one["name"]]).title for one in lesson_list())
    assert lesson_texts(None) == {"lesson": ""}
