"""The Markdown of a lesson: conditions, words in sight, answers."""

import math

import pytest

from rnnviz.lessons.body import MOST_WORDS, Condition, Step, filled, read_steps
from rnnviz.lessons.head import LessonError

BODY = """
## Ask
When does it
learn?

## Predict
Draw the loss.

## See
It fell at {falls}.
- Early {if falls < 100}
- Late {if falls > 100}

## Why
Ten networks: {falls:ten}.

## Transfer
And this one?
- Sooner {if other < 0.9 * falls}
- Later {if 0.9 * falls < other < 1000 and falls > 1}
"""
MEASURES = ("falls", "other")


def steps(old="", new=""):
    assert old in BODY
    return read_steps(BODY.replace(old, new), 10, MEASURES)


# Conditions


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a < b", True),
        ("b < a", False),
        ("b > a", True),
        ("a < a", False),
        ("a > a", False),
        ("a < 2.5 < b", True),
        ("a < b < 2.5", False),
        ("a > 0.4 * b", True),
        ("1e-3 < a and b < 3.5", True),
        ("1e-3 < a and b < 2", False),
        ("a < never", True),
        ("never < never", False),
        ("a < unknown", False),
        ("a > unknown", False),
    ],
)
def test_a_condition_is_comparisons_that_all_hold(text, holds):
    values = {"a": 2.0, "b": 3.0, "never": math.inf, "unknown": math.nan}
    assert Condition.parse(text).holds(values) is holds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is neither"),
        ("a", "'a' compares nothing"),
        ("a < b and c", "'c' compares nothing"),
        ("a <", "'' is neither"),
        ("a <= b", "'= b' is neither"),
        ("a == b", "'a == b' is neither"),
        ("a + 1 < b", "'a + 1' is neither"),
        ("a * 2 < b", "'a * 2' is neither"),
        ("-1 < a", "'-1' is neither"),
        ("a or b < 2", "'a or b' is neither"),
        ("__import__('os') < 1", "is neither"),
        ("a.b < 1", "'a.b' is neither"),
        ("²5 < a", "is neither"),
    ],
)
def test_nothing_else_is_a_condition(text, said):
    with pytest.raises(LessonError) as problem:
        Condition.parse(text)
    assert said in str(problem.value)


# Steps


def test_the_steps_have_a_text_and_answers():
    found = steps()
    assert [*found] == ["Ask", "Predict", "See", "Why", "Transfer"]
    assert found["Ask"] == Step("When does it learn?", (), 11)
    assert [choice.text for choice in found["See"].choices] == ["Early", "Late"]
    assert found["See"].right({"falls": 50, "other": 0}) == [True, False]
    assert found["Transfer"].right({"falls": 100, "other": 95}) == [False, True]
    assert found["Why"].numbers == [("falls", True)]


def test_a_paragraph_after_the_last_answers_is_their_reason():
    last = "- Later {if 0.9 * falls < other < 1000 and falls > 1}\n"
    found = steps(last, f"{last}\nIt fell at\n{{other:ten}}.\n")["Transfer"]
    assert found.reason == "It fell at {other:ten}." and found.text == "And this one?"
    assert found.numbers == [("other", True)]
    assert found.words == 6 + 2, "the longer of the two, with the answers"
    assert steps()["Transfer"].reason == ""


def test_a_number_in_braces_is_a_word_and_that_of_ten_networks_three():
    found = steps()
    assert found["See"].words == 4 + 2
    assert found["Why"].words == 2 + 3
    assert filled("{a}, {b:ten}.", lambda name, ten: name + "s" * ten) == "a, bs."


@pytest.mark.parametrize("count", [MOST_WORDS - 4, MOST_WORDS - 3])
def test_the_most_words_are_in_sight_with_the_question(count):
    def read():
        return steps("Draw the loss.", "word " * count)

    if count == MOST_WORDS - 4:
        assert read()["Predict"].words == count
        return
    with pytest.raises(LessonError) as problem:
        read()
    assert str(problem.value) == (
        "line 15: Predict has 46 words with the question; the most in sight are 45."
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("## See", "## Look", "line 18: there is '## Look', but the next step is ## See."),
        ("## Predict\nDraw the loss.", "", "line 17: there is '## See', but the next step is"),
        ("## Transfer\nAnd this one?", "## Why", "line 26: there is '## Why', but the next"),
        ("{falls}.", "{fals}.", "line 18: See names 'fals', which is not measured."),
        ("{falls:ten}", "{other:five}", "line 23: Why has '{other:five}.'"),
        ("if falls < 100", "if W_xx < 100", "line 18: See names 'W_xx', which is not measured."),
        ("if falls < 100", "if falls = 100", "line 20: 'falls = 100' is neither a number nor"),
        ("- Early {if falls < 100}\n", "", "line 18: See needs at least two answers"),
        ("- Early {if falls < 100}", "- Early", "line 20: an answer is a line such as"),
        ("- Early {if", "- {if", "line 20: an answer is a line such as"),
        ("Draw the loss.", "- Early {if falls < 1}", "line 15: Predict has no text."),
        ("Draw the loss.", "Draw.\n- Up {if falls < 1}", "line 15: Predict can't have answers"),
        ("\n## Why", "\nMore.\n## Why", "line 23: the answers come last, a line each."),
        (
            "other < 1000 and falls > 1}",
            "other}\nSo.\n- No {if falls < 1}",
            "line 31: the answers come",
        ),
        ("other < 1000 and falls > 1}", "other}\nAt {fals}.", "line 26: Transfer names 'fals'"),
        ("\n## Ask", "Hello.\n## Ask", "line 10: the text begins with ## Ask."),
        ("## Ask", "# Ask", "line 11: the text begins with ## Ask."),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old, new, said):
    with pytest.raises(LessonError) as problem:
        steps(old, new)
    assert said in str(problem.value)


def test_all_steps_are_needed():
    with pytest.raises(LessonError, match="the step ## Ask is missing"):
        read_steps("\n", 1, MEASURES)
    with pytest.raises(LessonError, match="the step ## Transfer is missing"):
        read_steps(BODY.partition("## Transfer")[0], 1, MEASURES)
