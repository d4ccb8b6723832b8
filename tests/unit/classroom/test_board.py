"""What of each lesson is guessed, and which letter a guess is."""

import math
from types import SimpleNamespace

import pytest

from rnnviz.classroom.board import PLACES, AnswerError, Board
from rnnviz.lessons.curve import Curve
from rnnviz.lessons.lesson import open_lesson, shipped
from tests.sampling import each_row
from tests.unit.classroom.students import quick_lesson

BOARDS = {name: Board.of(open_lesson(path)) for name, path in shipped().items()}


@each_row(
    ("name", "labels", "told"),
    [
        ("words", ["i", "am", "not", "bad"], "not"),
        ("plateau", ["epoch", "loss"], "falls at epoch …"),
        ("reach", ["… at i", "… at am", "… at not"], "… at i"),
        ("bug", ["W_xh", "W_hh", "b_h", "W_hy", "b_y"], "W_xh"),
        ("units", ["… of 64"], "… of 64"),
        ("gate", ["Elman …", "GRU …", "LSTM …"], "GRU …"),
        ("own", ["a = …"], "a = …"),
        ("rule", ["lag", "right by lag"], "… at lag 21"),
    ],
)
def test_every_lesson_has_its_axes(name, labels, told):
    board = BOARDS[name]
    assert [axis.label for axis in board.axes] == labels
    assert board.told.label == told
    assert all(axis.low < axis.high < math.inf for axis in (*board.axes, board.told))
    assert 2 <= len(board.options) <= 5


def test_all_lessons_of_rnnviz_are_looked_at():
    assert BOARDS.keys() == {
        "words", "plateau", "reach", "bug", "units", "gate", "own", "rule",
    }  # fmt: skip


def test_ends_and_units_of_axes():
    plateau, rule, reach, units = (BOARDS[n] for n in ("plateau", "rule", "reach", "units"))
    assert plateau.axes[0][2:5] == (0, 600, "epoch") and plateau.given == (0, 1)
    assert rule.axes[0][2:5] == (1, 40, "epoch") and rule.given == (20, 1)
    assert reach.axes[0].log and reach.axes[0].low == 1e-8
    assert units.axes[0][2:] == (0, 64, "count", False)


@pytest.mark.parametrize("name", ["plateau", "rule"])
def test_a_shape_that_is_drawn_is_its_own_letter(name):
    board = BOARDS[name]
    low, high = board.axes[0].low, board.axes[0].high
    for k, option in enumerate(board.options):
        places = [low + (high - low) * n / (PLACES - 1) for n in range(PLACES)]
        values = Curve.through(option.points, places).values
        guess = board.guess([float(v) for v in values])
        assert guess.votes == (k,)
        assert guess.told == pytest.approx(
            board.lesson.measures[board.told.name].of_curve(
                Curve.through(option.points, range(int(low), int(high) + 1))
            ),
            abs=0.02 * (high - low),
        )


@each_row(
    ("name", "values", "votes"),
    [
        ("words", [0, 0, 0.1, 0], (1,)),
        ("words", [1, 1, 0.09, 1], (0,)),
        ("gate", [0, 0.95, 0], (3,)),
        ("reach", [1e-6, 1e-4, 1e-2], (0,)),
        ("units", [64], (3,)),
        ("bug", [0, 1, 0, 0, 1], (1, 4)),
        ("bug", [0, 0, 0, 0, 0], ()),
    ],
)
def test_numbers_are_counted_by_their_range_and_names_one_by_one(name, values, votes):
    assert BOARDS[name].guess(values).votes == votes


@each_row(
    ("name", "values", "sentence"),
    [
        ("words", [0, 0, 0], "An answer has 4 numbers, this one 3."),
        ("words", [0, 0, 0, 1.1], "1.1 is not on the axis bad."),
        ("plateau", [1.0] * 120, "121 numbers"),
        ("plateau", [1.0] * 120 + [-0.1], "-0.1 is not on the axis loss."),
        ("reach", [0, 1e-4, 1e-2], "not on the axis"),
        ("bug", [0, 1, 0, 0, 0.5], "0.5 is not on the axis b_y."),
        ("units", [1e300], "1e+300 is not on the axis"),
    ],
)
def test_what_is_on_no_axis_is_no_guess(name, values, sentence):
    with pytest.raises(AnswerError) as refused:
        BOARDS[name].guess(values)
    assert sentence in str(refused.value)


def test_the_upper_end_of_a_curve_can_be_guessed_as_a_phone_rounds_it():
    lesson = quick_lesson(**{"[[0, 1], [40, 0.6]": "[[0, 1.0303], [40, 0.6]"})
    board = Board.of(lesson)
    top = board.axes[1].high
    assert top == float(f"{top:.4g}") == pytest.approx(1.08 * 1.0303, rel=1e-3)
    assert board.guess([float(f"{top:.4g}")] * PLACES)


def test_which_options_are_right():
    bug, units = BOARDS["bug"], BOARDS["units"]
    errors = {"W_xh": 0.5, "W_hh": 0.0, "b_h": 0.7, "W_hy": 1e-12, "b_y": 0.0}
    assert bug.right(SimpleNamespace(values=errors)) == [True, False, True, False, False]
    assert units.right(SimpleNamespace(letter="D")) == [False, False, False, True]


def test_without_a_vote_there_is_nothing_to_vote_for():
    lesson = BOARDS["units"].lesson
    object.__setattr__(lesson.prediction, "voted", "")
    board = Board.of(lesson)
    assert board.options == () and board.guess([3]).votes == ()
    object.__setattr__(lesson.prediction, "voted", "harmless")
