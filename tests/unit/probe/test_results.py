"""What is said to every sequence, against a direct computation."""

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe.results import Answers, confusion, read_answers, read_values
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.measure import least_sure, most_confused, surest, whole
from tests.sampling import each_row

TASKS = ["sentiment", "recall", "brackets", "translation", "characters", "adding", "waves"]


@each_row("task", TASKS)
def test_every_answer_is_that_of_its_sequence_read_alone(task):
    session = Session(RunConfig(task=task, hidden=5, lag=3, init_scale=0.5))
    parameters, examples = session.state.parameters, session.dataset.train
    indexes = np.random.default_rng(1).permutation(len(examples))[:30]
    read = read_answers if session.dataset.answers_classes else read_values
    found = read(parameters, examples, indexes)
    assert found.owners.tolist() == sorted(found.owners.tolist())
    assert {*found.owners.tolist()} == {*indexes.tolist()}
    for k in indexes.tolist():
        probs, own = record(parameters, collate([examples[k]])).probs, found.owners == k
        assert found.places[own].tolist() == list(range(len(examples[k].targets)))
        np.testing.assert_array_equal(found.wanted[own], examples[k].targets)
        if session.dataset.answers_classes:
            np.testing.assert_array_equal(found.said[own], probs.argmax(axis=1))
            np.testing.assert_allclose(found.sure[own], probs.max(axis=1), rtol=1e-12)
        else:
            np.testing.assert_allclose(found.said[own], probs, rtol=1e-12)


def answers(rows):
    """Answers of rows (owner, wanted, said, sure), whose places count within each owner."""
    owners, wanted, said, sure = map(np.array, zip(*rows, strict=True))
    places = np.array([list(owners[:k]).count(o) for k, o in enumerate(owners)])
    return Answers(said, sure, wanted, owners, places)


ROWS = answers([
    (0, 0, 0, 0.9), (0, 1, 0, 0.6), (0, 1, 0, 0.8),
    (1, 1, 1, 0.7), (1, 1, 1, 0.5),
    (2, 2, 1, 0.95),
    (3, 0, 0, 0.99),
])  # fmt: skip


def test_the_surest_errors_come_first_and_a_sequence_once():
    assert surest(ROWS, ROWS.wrong).tolist() == [5, 2]
    right = least_sure(ROWS, whole(ROWS))
    assert right.tolist() == [4, 6]
    assert most_confused(ROWS) == (1, 0)
    assert most_confused(answers([(0, 1, 1, 0.9)])) is None
    once = answers([(0, 1, 0, 0.9), (1, 0, 2, 0.8)])
    assert most_confused(once) is None, "none is taken for another twice"


def test_recall_precision_and_f1_are_what_they_are_called():
    rng = np.random.default_rng(0)
    wanted, said = rng.integers(0, 5, 400), rng.integers(0, 4, 400)
    zeros = np.zeros(400)
    found = confusion(Answers(said, zeros, wanted, zeros, zeros), 6, 6)
    assert found.classes.tolist() == [*range(6)]
    for c in range(6):
        hits = int(((wanted == c) & (said == c)).sum())
        for d in range(6):
            assert found.counts[c, d] == ((wanted == c) & (said == d)).sum()
        if c < 5:
            assert found.recall[c] == hits / (wanted == c).sum()
        if c < 4:
            assert found.precision[c] == hits / (said == c).sum()
            recall, precision = found.recall[c], found.precision[c]
            assert found.f1[c] == pytest.approx(2 * recall * precision / (recall + precision))
    # Class 4 is never said, class 5 is neither said nor wanted.
    assert np.isnan(found.precision[4])
    assert found.f1[4] == 0
    assert np.isnan([found.recall[5], found.precision[5], found.f1[5]]).all()


def test_of_many_classes_those_that_are_wanted_most_often_are_shown_and_the_others_counted():
    rows = [(k, 2, 0, 0.5) for k in range(3)] + [(3, 1, 2, 0.5), (4, 1, 1, 0.5), (5, 0, 1, 0.5)]
    found = confusion(answers(rows), 3, 2)
    assert found.classes.tolist() == [1, 2]
    assert found.counts.tolist() == [[1, 1], [0, 0]]
    assert (found.wanted.tolist(), found.said.tolist()) == ([2, 3], [2, 1])
    assert found.precision.tolist() == [0.5, 0.0]


def test_an_answer_that_is_not_finite_is_wrong_and_counted_nowhere_as_said():
    session = Session(RunConfig(hidden=3))
    parameters = session.state.parameters.copy()
    parameters.theta[...] = np.inf
    found = read_answers(parameters, session.dataset.test, np.arange(4))
    assert found.said.tolist() == [-1] * 4
    assert found.wrong.all()
    assert most_confused(found) is None
    matrix = confusion(found, 2, 8)
    assert matrix.counts.sum() == matrix.said.sum() == 0
    assert matrix.wanted.sum() == 4
    assert len(surest(found, found.wrong)) == 4
