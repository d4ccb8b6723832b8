"""A class: its phases, its answers, and when the truth is told."""

import math
import time

import pytest

from rnnviz.classroom import class_lesson
from rnnviz.classroom.board import AnswerError
from rnnviz.classroom.class_lesson import MOST_NUMBERS, MOST_STUDENTS
from rnnviz.classroom.classroom import Classroom
from rnnviz.classroom.truth import Truth, truth_of
from rnnviz.lessons.lesson import opened, shipped
from tests.sampling import each_row
from tests.unit.classroom.students import (
    FLAT,
    QUICK,
    falling_at,
    measured,
    quick_lesson,
    room_of,
    said,
    token,
    turned,
)


def test_a_class_goes_from_guesses_to_what_was_seen_and_back():
    room = room_of()
    phases = [room.state()["phase"]]
    for by in (1, 1, 1, 1, -1, -1, -1, -1):
        room.do({"do": "turn", "by": by})
        phases.append(room.state()["phase"])
    forward = ["collect", "guesses", "run", "seen", "seen"]
    assert phases == [*forward, "run", "guesses", "collect", "collect"]


def test_guesses_are_shown_once_the_vote_is_closed_and_back_opens_it_again():
    room, mine = room_of(), token()
    assert said(room, mine, guess=FLAT)["guessed"]
    assert {"guesses", "votes", "truth"}.isdisjoint(room.state())
    assert (room.state()["here"], room.state()["locked"]) == (1, 1)
    turned(room, 1)
    assert room.state()["guesses"] == [tuple(FLAT)]
    assert room.state()["told"] == [None]  # it never falls
    said(room, mine, guess=falling_at(100))
    assert room.state()["guesses"] == [tuple(FLAT)], "the vote is closed"
    room.do({"do": "turn", "by": -1})
    said(room, mine, guess=falling_at(100))
    assert turned(room, 1).state()["told"] == [pytest.approx(100, abs=5)]


def test_the_last_answer_of_a_tab_counts_and_one_that_says_nothing_is_there():
    room, mine = room_of(), token()
    for epoch in (50, 350):
        said(room, mine, guess=falling_at(epoch))
    assert not said(room)["guessed"]
    state = turned(room, 1).state()
    assert (state["here"], state["locked"], state["votes"]) == (2, 1, [0, 1])


def test_who_left_without_an_answer_is_not_waited_for(monkeypatch):
    room, now = room_of(), [1_000.0]
    monkeypatch.setattr(class_lesson.time, "monotonic", lambda: now[0])
    said(room, token(), guess=FLAT)
    left, stays = token(), token()
    for student in (left, stays):
        said(room, student)
    now[0] += class_lesson.AWAY - 1
    said(room, stays)
    assert room.state()["here"] == 3
    now[0] += 2
    assert (room.state()["here"], room.state()["locked"]) == (2, 1)
    said(room, left)
    assert room.state()["here"] == 3, "it is back"


def test_the_truth_is_told_from_the_run_on():
    room = measured(room_of())
    for phase, knows in (("collect", False), ("guesses", False), ("run", True), ("seen", True)):
        state = room.state()
        assert state["phase"] == phase
        assert ("truth" in state, "choices" in state) == (knows, phase == "seen")
        shown = said(room)
        assert ("choices" in shown) == (phase == "seen")
        assert shown.keys() <= {"lesson", "phase", "guessed", "text", "choices", "seen"}
        turned(room, 1)
    truth = room.state()["truth"]
    assert truth["written"] == "never" and truth["told"] is None
    assert [*map(len, truth["curve"])] == [3, 3]
    assert len(truth["right"]) == 2 and len(truth["right_choices"]) == 2


def test_until_it_is_measured_the_run_is_waited_for(monkeypatch):
    monkeypatch.setattr(Truth, "_measure", lambda _: None)
    room = turned(room_of(), 2)
    assert room.state()["text"] == "The runs are being trained …"
    assert "choices" not in said(turned(room, 1))
    truth_of(room.now.lesson).problem = "measure.falls: it can't be taken."
    room.do({"do": "turn", "by": -1})
    assert room.state()["text"] == "measure.falls: it can't be taken."


def test_a_lesson_that_can_not_be_measured_says_so():
    lesson = quick_lesson(
        **{'right_moves = { first = "right", above = 0.6': "right_moves = { lag = 3"}
    )
    room = turned(room_of(lesson), 3)
    until = time.monotonic() + 30
    while not truth_of(lesson).problem and time.monotonic() < until:
        time.sleep(0.01)
    assert "truth" in room.state(), "what was guessed is known"
    assert "choices" not in said(room)
    assert truth_of(lesson).problem.startswith("measure.right_moves: this task draws no")


def test_numbers_in_the_question_are_filled_in_when_they_are_measured(monkeypatch):
    text = "Draw how its loss will fall."
    with_number = {text: f"{text} Right: {{right_moves}}."}
    with monkeypatch.context() as patch:
        patch.setattr(Truth, "_measure", lambda _: None)
        assert room_of(quick_lesson(**with_number)).state()["text"].endswith("Right: **…**.")
    room = measured(room_of(quick_lesson(**with_number)))
    assert room.state()["text"].endswith("Right: **never**.")


def test_what_ten_networks_do_is_told_with_what_the_run_did():
    falls = 'falls = { first = "loss", below = 0.75, within = [320, 390]'
    lesson = quick_lesson(**{falls: f"{falls}, ten = [341, 369]"})
    room = turned(measured(room_of(lesson)), 2)
    said = "The run: falls at epoch **never**. Ten networks: falls at epoch 341 to 369."
    assert room.state()["text"] == said


def test_a_lesson_is_measured_once():
    lesson = quick_lesson()
    assert truth_of(lesson) is truth_of(lesson)


def test_what_was_seen_is_counted_in_the_last_phase_alone():
    room, mine = measured(room_of()), token()
    said(room, mine, seen=[1])
    assert said(turned(room, 3), mine)["seen"] is None
    for choice in (1, 0):
        assert said(room, mine, seen=[choice])["seen"] == choice
    assert room.state()["seen"] == [1, 0]


def test_hands_are_counted_before_the_run_and_after_it():
    room = room_of()
    for option, by in ((0, 1), (1, 1), (1, 1), (1, -1), (0, -1), (0, -1), (9, 1), (-1, 1)):
        room.do({"do": "hand", "option": option, "by": by})
    assert room.state()["hands"] == [0, 1]
    turned(room, 3)
    assert room.state()["hands"] == [0, 0]
    room.do({"do": "hand", "option": 0, "by": 1})
    assert room.state()["hands"] == [1, 0]


@each_row(
    "nonsense",
    [{}, {"do": "turn"}, {"do": "turn", "by": 7}, {"do": "hand", "option": "A", "by": 1},
     {"do": "hand", "option": 0, "by": 1e9}, {"do": "turn", "by": 1.0}, {"do": "turn", "by": True},
     {"do": "hand", "option": True, "by": 1}, {"do": "hand", "option": 0, "by": 1.0},
     {"do": ["turn"], "by": 1}, {"do": "fly"}],
    ids=str,
)  # fmt: skip
def test_nonsense_of_the_page_changes_nothing(nonsense):
    room = room_of()
    before = room.state()
    room.do(nonsense)
    assert room.state() == before


@each_row(
    ("answer", "sentence"),
    [
        ({"student": "short"}, "16 to 40 letters"),
        ({"student": "<script>alert(1)</script>"}, "16 to 40 letters"),
        ({"student": 7}, "16 to 40 letters"),
        ({"guess": [0.0] * (MOST_NUMBERS + 1)}, f"at most {MOST_NUMBERS} numbers"),
        ({"guess": []}, "at most"),
        ({"guess": "1"}, "at most"),
        ({"guess": [math.inf] * 121}, "finite numbers"),
        ({"guess": [math.nan] * 121}, "finite numbers"),
        ({"guess": [10**400] * 121}, "finite numbers"),
        ({"guess": [True] * 121}, "finite numbers"),
        ({"guess": ["1"] * 121}, "finite numbers"),
        ({"guess": [[1]] * 121}, "finite numbers"),
        ({"guess": [2.0] * 121}, "not on the axis"),
        ({"seen": [2]}, "no such choice"),
        ({"seen": [0.5]}, "no such choice"),
        ({"seen": [-1]}, "no such choice"),
    ],
    ids=str,
)  # fmt: skip
def test_an_answer_that_is_none_is_refused_and_kept_nowhere(answer, sentence):
    room = room_of()
    with pytest.raises(AnswerError) as refused:
        room.hear({"student": token(), "lesson": room.now.number, **answer})
    assert sentence in str(refused.value)
    assert room.state()["here"] == 0


def test_a_class_has_so_many_students_and_those_who_are_there_go_on():
    room, first = room_of(), token()
    said(room, first)
    for _ in range(MOST_STUDENTS - 1):
        said(room, guess=FLAT)
    with pytest.raises(AnswerError, match=f"it has {MOST_STUDENTS} students"):
        said(room)
    assert said(room, first, guess=FLAT)["guessed"]
    assert room.state()["here"] == room.state()["locked"] == MOST_STUDENTS


@pytest.fixture
def quick_offered(monkeypatch, tmp_path):
    """The quick lesson is one of the page."""
    path = tmp_path / "quick.lesson.md"
    path.write_text(QUICK, encoding="utf-8")
    monkeypatch.setitem(opened, "quick", path)


def test_another_lesson_forgets_the_answers_and_an_old_page_answers_no_more(quick_offered):
    room, mine = room_of(), token()
    said(room, mine, guess=FLAT)
    old = room.now.number
    assert room.begin("quick") and room.now.number == old, "it goes on"
    assert room.begin("plateau") and room.state()["here"] == 0
    shown = room.hear({"student": mine, "lesson": old, "guess": [5] * 300})
    assert shown["lesson"] == room.now.number != old and not shown["guessed"]
    assert not room.begin("nothing") and room.now.name == "plateau"


def test_the_lessons_follow_each_other():
    names, room = [], Classroom()
    follows = next(iter(shipped()))
    while follows:
        assert room.begin(follows)
        names.append(follows)
        follows = room.state()["next"]
    assert names == [*shipped()]
    assert room_of().state()["next"] is None


def test_a_class_that_is_closed_has_forgotten_everything(quick_offered):
    room = room_of()
    said(room, guess=FLAT)
    room.close()
    assert room.state() is None and room.hear({"student": token()}) is None
    assert room.begin("quick") and room.state()["here"] == 0
