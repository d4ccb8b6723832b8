"""The chapters of a run."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.analysis.chapters import Chapter, chapters
from rnnviz.config import RunConfig
from rnnviz.session import Session

GUESS = 1.0
STAYS, FALLS, KNOWS = (0.9, 0.5), (0.6, 0.7), (0.1, 0.99)


def told(*scores):
    losses, metrics = np.array(scores).T
    return [Chapter(number) for number in chapters(losses, metrics, GUESS)]


def test_a_chapter_begins_when_most_of_five_epochs_ask_for_it():
    scores = [STAYS] * 6 + [FALLS] * 3 + [KNOWS] * 3
    names = [chapter.label for chapter in told(*scores)]
    assert names == ["Untrained"] + ["Plateau"] * 7 + ["Falling"] * 3 + ["Learned"]


def test_one_odd_epoch_begins_no_chapter():
    assert Chapter.FALLING not in told(*[STAYS] * 6, KNOWS, *[STAYS] * 6)
    assert told(*[KNOWS] * 6, (np.nan, 0.0), *[KNOWS] * 2)[-1] is Chapter.LEARNED


def test_a_low_loss_with_wrong_answers_is_not_learned():
    assert told(*[(0.1, 0.9)] * 9)[-1] is Chapter.FALLING


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), min_size=6, max_size=30))
def test_the_last_five_epochs_decide(scores):
    assert told(*scores)[-1] == told(*scores[-5:])[-1]


def test_the_default_run_has_a_long_plateau_and_ends_learned():
    session = Session(RunConfig())
    session.player.advance(450)
    losses, metrics = (session.run.history.column(f"train_{name}") for name in ("loss", "metric"))
    numbers = chapters(losses, metrics, session.dataset.guess.loss)
    assert (np.diff(numbers) >= 0).all()
    first = {Chapter(n).label: int(np.argmax(numbers == n)) for n in np.unique(numbers)}
    assert (first["Untrained"], first["Plateau"]) == (0, 1)
    assert 350 < first["Falling"] < 380 < first["Learned"] < 410
