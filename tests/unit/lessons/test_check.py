"""What a check finds: bounds, answers, the spread that is told."""

import math

import pytest

from rnnviz.lessons.check import problems, report
from rnnviz.lessons.lesson import example, read_lesson
from rnnviz.lessons.lesson_runs import LessonRuns, MeasuredLesson, measured
from rnnviz.probe.session import Session
from rnnviz.probe.work import completed

GOOD = {"falls": 361.0, "right_moves": 150.0, "large_falls": 61.0}


def lesson_of(*changes):
    text = example()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read_lesson(text)


def row(seed=None, **values):
    return MeasuredLesson(seed, GOOD | values, "B")


def found(lesson, own, *others):
    return [*problems(lesson, own, others)]


def test_a_lesson_that_holds_has_no_problems():
    assert found(lesson_of(), row(), row(0), row(1)) == []


def test_a_measure_outside_its_bounds_is_told_with_its_seed():
    said = found(lesson_of(), row(), row(0, falls=391.0), row(1, falls=float("nan")))
    assert said[:1] == [
        "falls should be between 320 and 390; it is 391 with seed 0, nan with seed 1."
    ]
    said = found(lesson_of(), row(large_falls=20.0), row(0))
    assert said == ["large_falls should be between 40 and 75; it is 20 with the lesson's own seed."]


@pytest.mark.parametrize(
    ("answer", "now", "count"),
    [("right_moves < falls", "falls < 1", 0), ("falls < right_moves", "falls > 1", 2)],
)
def test_exactly_one_answer_is_right_with_every_seed(answer, now, count):
    said = found(lesson_of((answer, now)), row(), row(7))
    assert said == [
        f"See: {count} answers are right {one}, not 1."
        for one in ("with the lesson's own seed", "with seed 7")
    ]


def test_the_spread_that_is_told_is_that_of_ten_networks():
    told = ("epoch {falls}.", "epoch {falls:ten}.")
    rows = [row(seed, falls=341.0 + 3 * seed) for seed in range(10)]
    said = ["{falls:ten} is to be told: write ten = [341, 368] at falls."]
    assert found(lesson_of(told), row(), *rows) == said
    for ten, wrong in (("[341, 368.2]", []), ("[341, 370]", []), ("[341, 374]", said)):
        lesson = lesson_of(told, ("[320, 390]", f"[320, 390], ten = {ten}"))
        assert found(lesson, row(), *rows) == wrong
        assert found(lesson, row(), *rows[:9]) == []
    # A class is told it, too.
    untold = lesson_of(("[320, 390]", "[320, 390], ten = [341, 374]"))
    assert found(untold, row(), *rows) == said
    unknown = ["{falls:ten} is not known: check with 10 seeds."]
    assert found(lesson_of(told), row(), *rows[:9]) == unknown


def test_the_report_has_all_measures_answers_votes_and_words():
    lines = [*report(lesson_of(), row(), [row(0), row(1, falls=370.0)])]
    assert lines[0].split() == ["falls", "361", "361", "to", "370", "within", "320", "to", "390"]
    assert "  See: (x) The right answers, right with 2 of 2 seeds" in lines
    assert "  Transfer: ( ) Later, right with 0 of 2 seeds" in lines
    assert lines[-2] == "  A class should vote for B; with the seeds for BB."
    assert lines[-1] == "  Words in sight: Ask 4, Predict 23, See 12, Why 29, Transfer 25."


QUICK = (("epochs = 500 ", "epochs = 3\nhidden = 4 "), ("epochs = 200", "epochs = 2\nseed = 5"))


def test_all_runs_have_the_seed_that_is_asked_for_or_their_own():
    lesson = lesson_of(*QUICK)
    own, other = LessonRuns(lesson), LessonRuns(lesson, 9)
    assert [own.config(name).seed for name in ("main", "large")] == [0, 5]
    assert [other.config(name).seed for name in ("main", "large")] == [9, 9]
    one, again, large = (completed(own.run(name)) for name in ("main", "main", "large"))
    assert one.position.epoch == 3
    assert one is again and one is not large


def test_a_measure_is_taken_at_its_epoch_or_at_the_end_of_its_run():
    asked = {"a": ("main", 1), "b": ("main", 3), "c": ("large", 0)}
    more = [
        f'{name} = {{ verdict = "bad", run = "{run}", epoch = {epoch}, within = [0, 1] }}\n'
        for name, (run, epoch) in asked.items()
    ]
    # Without an epoch it is the last one.
    more[1] = more[1].replace(" epoch = 3,", "")
    lesson = lesson_of(*QUICK, ("[measure]", f"[measure]\n{''.join(more)}#"))
    values = measured(lesson).values
    for name, (run, epoch) in asked.items():
        session = Session(lesson.runs[run])
        session.player.advance(epoch)
        assert values[name] == pytest.approx(session.inspect("bad").answers[-1][1])
    assert len({values[name] for name in asked}) == 3


def test_a_run_that_diverges_is_measured_where_it_still_was_finite():
    wild = 'epochs = 5\nactivation = "relu"\ninit_scale = 1.0\nlr = 100.0\nclip_by = "off"\n'
    more = "[measure]\nring = { ring = 0.1, within = [0, 1] }\n#"
    lesson = lesson_of(("epochs = 500 ", wild), QUICK[1], ("[measure]", more))
    runs = LessonRuns(lesson)
    own = runs.measured()
    assert not runs.runs["main"].finished and math.isinf(own.values["falls"])
    assert found(lesson, own)[0] == (
        "falls should be between 320 and 390; it is inf with the lesson's own seed."
    )
