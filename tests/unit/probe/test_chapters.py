"""The chapters of a run."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import RunConfig, TaskName
from rnnviz.probe import story as turning_word
from rnnviz.probe.session import Session
from rnnviz.probe.story import (
    FALLING,
    GROWN,
    GROWS,
    LEARNED,
    OPENS,
    RIGHT,
    WINDOW,
    Chapter,
    Scores,
    chance_of,
    chapters,
)

GUESS = 1.0
STAYS, FALLS, KNOWS = (0.9, 0.5), (0.6, 0.7), (0.1, 0.99)


def told(*scores, radii=None, test=np.nan, chance=np.nan):
    losses, metrics = np.array(scores).T
    course = Scores(losses, metrics, np.full(len(scores), test), GUESS, chance)
    radii = np.full(len(scores), np.nan) if radii is None else np.array(radii, float)
    numbers = chapters(course, radii, np.arange(len(scores)))
    return [Chapter(number) for number in numbers]


def by_radius(*radii, loss=0.9):
    return told(*[(loss, 0.5)] * len(radii), radii=radii)


def test_a_chapter_begins_with_the_second_epoch_in_a_row_that_asks_for_it():
    scores = [STAYS] * 6 + [FALLS] * 3 + [KNOWS] * 3
    names = [chapter.label for chapter in told(*scores)]
    assert names == ["Untrained"] + ["Plateau"] * 6 + ["Falling"] * 3 + ["Learned"] * 2


def test_a_chapter_ends_when_most_of_five_epochs_ask_for_an_earlier_one():
    found = told(*[KNOWS] * 6, *[FALLS] * 2, *[STAYS] * 3)
    assert found[:8] == [Chapter.UNTRAINED, *[Chapter.LEARNED] * 7]
    names = [chapter.label for chapter in found[8:]]
    assert names == ["Falling", "Falling", "Plateau"]


def test_one_odd_epoch_begins_no_chapter():
    assert Chapter.FALLING not in told(*[STAYS] * 6, KNOWS, *[STAYS] * 6)
    assert told(*[KNOWS] * 6, (np.nan, 0.0), *[KNOWS] * 2)[-1] is Chapter.LEARNED
    assert Chapter.MEMORY_OPENS not in by_radius(0.01, *[0.9] * 4, 1.1, *[0.9] * 4, 1.1, 0.9)


def test_a_low_loss_with_wrong_answers_is_not_learned():
    assert told(*[(0.1, 0.9)] * 9)[-1] is Chapter.FALLING


@pytest.mark.parametrize(
    ("test", "chance", "chapter"),
    [
        (0.5, 0.61, Chapter.MEMORIZED),
        (0.7, 0.61, Chapter.LEARNED),
        (np.nan, 0.61, Chapter.LEARNED),  # without a test set
        (0.5, np.nan, Chapter.LEARNED),  # without a chance that is known
    ],
)
def test_what_is_right_in_training_alone_is_memorized(test, chance, chapter):
    assert told(*[KNOWS] * 6, test=test, chance=chance)[-1] is chapter
    assert told(*[FALLS] * 6, test=test, chance=chance)[-1] is Chapter.FALLING


def test_chance_is_the_commonest_class_and_one_standard_error():
    data = Session(RunConfig()).dataset
    targets = [int(example.targets[0]) for example in data.test]
    share = max(targets.count(0), targets.count(1)) / len(targets)
    assert chance_of(data) == pytest.approx(share + (share * (1 - share) / len(targets)) ** 0.5)
    for other in ("adding", "flipflop", "brackets"):
        task = Session(RunConfig(task=TaskName(other))).dataset
        assert np.isnan(chance_of(task)) == (task.metric.name != "accuracy")


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), min_size=6, max_size=30))
def test_the_last_five_epochs_decide(scores):
    assert told(*scores)[-1] == told(*scores[-5:])[-1]


def test_on_the_plateau_the_radius_tells_when_memory_grows_and_opens():
    found = by_radius(0.01, *[0.05] * 4, *[0.3] * 4, *[1.2] * 4)
    names = [chapter.label for chapter in found]
    assert names == (
        ["Untrained"] + ["Plateau"] * 5 + ["Memory grows"] * 4 + ["Memory opens"] * 3
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "later", "chapter"),
    [
        (0.9, 1.1, Chapter.PLATEAU),  # as it began
        (0.06, 0.11, Chapter.PLATEAU),
        (0.05, 0.11, Chapter.MEMORY_GROWS),
        (np.nan, 1.1, Chapter.PLATEAU),  # as with gates, or not yet measured
    ],
)
def test_only_a_radius_that_has_doubled_tells_of_memory(first, later, chapter):
    assert by_radius(first, *[later] * 6)[-1] is chapter


def test_far_above_guessing_a_large_radius_is_no_memory():
    assert by_radius(0.01, *[9] * 6, loss=1.05)[-1] is Chapter.MEMORY_OPENS
    assert by_radius(0.01, *[9] * 6, loss=1.2)[-1] is Chapter.PLATEAU


def test_between_two_measurements_the_earlier_one_holds():
    gap = [np.nan] * 9
    found = by_radius(0.01, *gap, 0.5, *gap, 1.5, *gap)
    starts = [found.index(chapter) for chapter in (Chapter.MEMORY_GROWS, Chapter.MEMORY_OPENS)]
    assert starts == [10, 20]
    # Of two in one window the smaller counts.
    assert by_radius(0.01, *gap, 1.1, np.nan, 0.9)[-1] is Chapter.MEMORY_GROWS


def test_the_default_run_tells_its_story_once_from_the_plateau_to_learned():
    session = Session(RunConfig())
    names = [session.story.chapter]
    for _ in range(420):
        session.player.advance(1)
        names.append(session.story.chapter)
    first = {name: names.index(name) for name in names}
    assert [*first] == [one.label for one in Chapter if one is not Chapter.MEMORIZED]
    assert names == sorted(names, key=list(first).index)
    assert (first["Untrained"], first["Plateau"]) == (0, 1)
    assert 120 < first["Memory grows"] < 140
    assert 265 < first["Memory opens"] < 280
    assert 350 < first["Falling"] < 380 < first["Learned"] < 410


def test_the_guide_has_the_limits_of_the_chapters():
    guide = (Path(__file__).parents[3] / "docs" / "guide.md").read_text(encoding="utf-8")
    section = " ".join(guide.partition("### The story")[2].partition("\n###")[0].split())
    words = {0.75: "three quarters", 0.25: "a quarter", 2.0: "twice", 5: "five"}
    for sentence in (
        f"below {words[FALLING]} of that of guessing",
        f"below {words[LEARNED]} of that of guessing, and {100 * RIGHT:g}% of the training set",
        f"is at least {GROWS:g} and {words[GROWN]} that of epoch 0",
        f"is at least {OPENS:g} and {words[GROWN]} that of epoch 0",
        f"most of the last {words[WINDOW]} epochs",
        f"with at least {100 * turning_word.SURE:g}%",
        f"2 to {turning_word.LONGEST} tokens",
    ):
        assert sentence in section
