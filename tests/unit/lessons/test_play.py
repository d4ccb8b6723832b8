"""A lesson on its way: the run that is watched, the guess, what is measured, and the answers."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.lessons.curve import Curve
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import example, open_lesson, read_lesson, shipped
from rnnviz.lessons.lesson_runs import LessonRuns, measured
from rnnviz.lessons.play import LessonPlay, LessonStep
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from tests import sampling

SLOW = {"plateau", "bug", "units", "own"}
QUICK = (
    ("epochs = 500 ", "epochs = 30\nhidden = 6\ninit_scale = 0.2\nlr = 0.1 "),
    ("epochs = 200", "epochs = 20\nhidden = 6"),
)


def lesson_of(*changes):
    text = example()
    for old, new in (*QUICK, *changes):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return read_lesson(text)


def begun(lesson=None, pair=None):
    return LessonPlay("example", lesson or lesson_of(), pair or Pair(Session()))


def drive(play, until=lambda play: False, turns=3000):
    """Train and measure, as the host of a session does, until nothing is left to do."""
    for _ in range(turns):
        if until(play):
            return
        if play.pair.running:
            play.pair.tick(0.02, 5)
        elif play.at_work:
            next(play.rest(), None)
        elif not play.advance():
            return
        play.advance()
    raise AssertionError("it does not end")


LINE = [1 - k / 120 for k in range(121)]


def test_a_drawn_curve_and_the_run_are_measured_alike():
    play = begun()
    assert play.player.position == Position(0) and not play.pair.running
    play.lock(LINE)
    assert play.step is LessonStep.RUN and play.pair.running
    drive(play, lambda play: play.step is LessonStep.SEE)
    places = np.linspace(0, 30, 121)
    falls = play.lesson.measures["falls"]
    assert play.guess == {"falls": falls.of_curve(Curve(places, np.array(LINE)))}
    assert play.guess["falls"] == pytest.approx(7.75)  # the first of 121 places below 3/4
    drive(play)
    assert play.values == measured(play.lesson).values
    assert play.truth.values[-1] == play.player.run.history.column("train_loss")[-1] / (
        play.pair.first.dataset.guess.loss
    )


def test_other_runs_are_measured_before_the_guess_and_the_run_itself_after_it():
    play = begun()
    drive(play)
    assert {*play.values} == {"large_falls"} and play.step is LessonStep.PREDICT
    play.watch()
    drive(play)
    assert play.unmeasured == 0 and play.guess == {}


def test_the_first_answer_counts_and_every_question_must_be_answered():
    play = begun()
    play.watch()
    play.choose(0)
    drive(play)
    assert play.answers == {}, "there is no question while it runs"
    play.go_on()
    assert play.step is LessonStep.SEE
    right = [right for _, right in play.choices]
    assert sum(right) == 1
    for k in (7, 0, 1):
        play.choose(k)
    assert play.answers == {LessonStep.SEE: 0}
    play.go_on()
    play.go_on()
    assert play.step is LessonStep.TRANSFER and not play.done
    play.go_on()
    play.choose(1)
    play.go_on()
    assert play.away and play.done


def test_an_answer_can_be_given_before_all_is_measured():
    play = begun(lesson_of(("{if falls < right_moves}", "{if large_falls < right_moves}")))
    play.watch()
    drive(play, lambda play: play.step is LessonStep.SEE)
    while play.unmeasured:
        assert [right for _, right in play.choices] == [None, None]
        play.choose(0)
        next(play.rest(), None)
    assert None not in [right for _, right in play.choices]


def test_the_readers_own_run_is_judged():
    play = begun()
    assert play.changed == []
    config = replace(play.pair.first.config, lr=0.4)
    play.pair.configure(config)
    assert play.changed == play.judged == ["Learning rate"]
    play.watch()
    drive(play)
    assert play.judged == ["Learning rate"]
    assert play.values != measured(play.lesson).values
    own = LessonRuns(play.lesson, runs={"main": play.pair.first.run})
    assert play.values == own.measured().values


def test_a_change_after_the_run_was_measured_is_not_judged():
    play = begun()
    play.watch()
    drive(play)
    play.pair.configure(replace(play.pair.first.config, seed=7))
    assert (play.changed, play.judged) == (["Seed"], [])


def test_a_run_that_cannot_answer_says_why():
    more = '[measure]\nbug = { error = "W_hh", phrase = "not bad", within = [0, 2] }\n#'
    play = begun(lesson_of(("[measure]", more)))
    play.pair.configure(RunConfig(cell="mingru", hidden=4, epochs=5))
    play.watch()
    drive(play)
    assert play.problem.startswith("measure.bug: there is no parameter 'W_hh'")
    assert play.choices == [] and play.unmeasured == 0


def test_a_guess_that_does_not_fit_is_refused():
    play = begun()
    with pytest.raises(LessonError, match="at least two values"):
        play.lock([0.5])
    play = begun(open_lesson(shipped()["reach"]))
    play.lock([0.5, 0.5, 0.5])
    assert play.step is LessonStep.PREDICT, "the network is still being trained"
    drive(play, lambda play: not play.preparing)
    assert play.player.position == Position(50)
    with pytest.raises(LessonError, match="3 values"):
        play.lock([0.5])


def test_the_network_is_shown_where_it_was_guessed_and_measured_at_its_end():
    play = begun(open_lesson(shipped()["reach"]))
    drive(play, lambda play: not play.preparing)
    play.lock([0.1, 0.2, 0.3])
    drive(play)
    assert play.player.run.position == Position(300)
    assert play.player.position == Position(50)
    assert play.guess == {"i_50": 0.1, "am_50": 0.2, "not_50": 0.3}


def at_why(play):
    play.watch()
    drive(play)
    play.choose(0)
    play.go_on()
    return play


def test_an_experiment_shows_another_run_and_hides_it_again():
    change = ("[measure]", '[experiment]\nlabel = "Show it"\nrun = "large"\n\n[measure]')
    play = begun(lesson_of(change))
    play.attempt()
    assert not play.trying, "it is tried at Why"
    at_why(play).attempt()
    ((label, curve),) = play.lines
    history = LessonRuns(play.lesson).config("large")
    assert label == "scale 0.1" and curve.places[-1] == history.epochs
    play.attempt()
    assert play.lines == []


@pytest.mark.parametrize(
    ("setting", "shown"),
    [('phrase = "bad"', ("bad", 12)), ("epoch = 4", ("i am not bad", 4))],
)
def test_an_experiment_shows_a_phrase_or_an_epoch_and_comes_back(setting, shown):
    change = ("[measure]", f'[experiment]\nlabel = "Show it"\n{setting}\n\n[measure]')
    play = at_why(begun(lesson_of(change)))

    def seen():
        return play.pair.first.phrase_input.phrase, play.player.position.epoch

    play.pair.go_to(Position(12))
    play.attempt()
    assert seen() == shown
    play.attempt()
    assert seen() == ("i am not bad", 12)


def test_a_lesson_is_left_where_it_is_and_resumed():
    play = begun()
    play.lock(LINE)
    play.leave()
    assert play.away and not play.done and not play.pair.running
    play.resume()
    assert not play.away and play.step is LessonStep.RUN
    play.hurry()
    drive(play)
    assert play.step is LessonStep.SEE


def test_the_run_before_can_be_taken_back():
    session = Session(RunConfig(hidden=3, epochs=9))
    session.player.advance(5)
    pair = Pair(session)
    play = begun(pair=pair)
    assert play.player.position == Position(0)
    pair.take_back()
    assert pair.first.run.position == Position(5) and pair.first.config.hidden == 3


def test_after_two_lessons_the_readers_own_run_is_taken_back():
    session = Session(RunConfig(hidden=3, epochs=9))
    session.player.advance(5)
    pair = Pair(session)
    first = begun(pair=pair)
    assert first.player.position == Position(0)
    LessonPlay("again", lesson_of(), pair, first)
    pair.take_back()
    assert pair.first.run.position == Position(5) and pair.first.config.hidden == 3
    assert pair.before == ()


def test_a_run_of_ones_own_between_two_lessons_is_taken_back():
    pair = Pair(Session(RunConfig(hidden=3, epochs=9)))
    first = begun(pair=pair)
    pair.open_run(RunConfig(hidden=7, epochs=9))
    pair.first.player.advance(2)
    LessonPlay("again", lesson_of(), pair, first)
    pair.take_back()
    assert pair.first.run.position == Position(2) and pair.first.config.hidden == 7


@pytest.mark.parametrize("name", [n for n in shipped() if sampling.exhaustive or n not in SLOW])
def test_every_lesson_is_gone_through(name):
    play = begun(open_lesson(shipped()[name]))
    play.settle()
    play.watch()
    play.settle()
    for step in (LessonStep.SEE, LessonStep.WHY, LessonStep.TRANSFER):
        assert play.step is step and play.problem == ""
        if play.choices:
            play.choose([right for _, right in play.choices].index(True))
        play.attempt()
        play.go_on()
    assert play.done
