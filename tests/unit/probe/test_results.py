"""What is said to every sequence, against a direct computation."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import Loss, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe.results import (
    Answers,
    baselines,
    conditional_entropy,
    confusion,
    read_answers,
    read_last_values,
    read_values,
)
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.measure import least_sure, most_confused, surest, whole
from rnnviz.tasks.data.rows import Row
from rnnviz.tasks.data_source import TASKS
from rnnviz.tasks.flipflop import LENGTH, RATE, flipflop
from rnnviz.tasks.text_datasets import build_dataset
from tests.sampling import each_row

SAMPLED = ["sentiment", "recall", "brackets", "translation", "characters", "adding", "waves"]


def test_the_last_answers_alone_are_those_of_the_last_places():
    session = Session(RunConfig(task="waves", hidden=5))
    parameters, examples = session.state.parameters, session.dataset.test
    every = read_values(parameters, examples, np.array([3, 7]))
    last = read_last_values(parameters, examples, np.array([3, 7]))
    count = len(examples[3].targets)
    assert last.owners.tolist() == [3, 7]
    for name in ("predicted", "targets"):
        found = getattr(every, name)[[count - 1, 2 * count - 1]]
        np.testing.assert_allclose(getattr(last, name), found, rtol=1e-12)


@each_row("task", SAMPLED)
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
        np.testing.assert_array_equal(found.targets[own], examples[k].targets)
        if session.dataset.answers_classes:
            np.testing.assert_array_equal(found.predicted[own], probs.argmax(axis=1))
            np.testing.assert_allclose(found.probability[own], probs.max(axis=1), rtol=1e-12)
        else:
            np.testing.assert_allclose(found.predicted[own], probs, rtol=1e-12)


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
    assert (found.targets.tolist(), found.predicted.tolist()) == ([2, 3], [2, 1])
    assert found.precision.tolist() == [0.5, 0.0]


def test_an_answer_that_is_not_finite_is_wrong_and_counted_nowhere_as_said():
    session = Session(RunConfig(hidden=3))
    parameters = session.state.parameters.copy()
    parameters.theta[...] = np.inf
    found = read_answers(parameters, session.dataset.test, np.arange(4))
    assert found.predicted.tolist() == [-1] * 4
    assert found.wrong.all()
    assert most_confused(found) is None
    matrix = confusion(found, 2, 8)
    assert matrix.counts.sum() == matrix.predicted.sum() == 0
    assert matrix.targets.sum() == 4
    assert len(surest(found, found.wrong)) == 4


# What can be reached with a part of what was read


PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=40)


def counted(pairs):
    """H(class | context) in nats and the share of the likeliest classes, by counting."""
    table = defaultdict(Counter)
    for context, label in pairs:
        table[context][label] += 1
    terms = [n * np.log(n / row.total()) for row in table.values() for n in row.values()]
    right = sum(max(row.values()) for row in table.values())
    return -sum(terms) / len(pairs), right / len(pairs)


@given(PAIRS)
def test_the_entropy_is_that_of_the_counts(pairs):
    contexts, classes = np.array(pairs).T
    assert conditional_entropy(contexts, classes) == pytest.approx(counted(pairs), abs=1e-12)


@given(PAIRS, st.integers(0, 1000))
def test_no_function_of_the_context_has_a_smaller_loss(pairs, seed):
    contexts, classes = np.array(pairs).T
    logits = np.random.default_rng(seed).normal(0, 3, (6, 4))
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -logs[contexts, classes].mean()
    assert conditional_entropy(contexts, classes)[0] <= loss + 1e-12


def of(dataset):
    return {line.name: (line.loss, line.right) for line in baselines(dataset)}


def test_the_sentiment_of_a_phrase_given_its_last_words():
    data = TASKS["sentiment"].build(0, 0)
    lines, rows = of(data), [(e.text.lower().split(), e.target) for e in data.train]
    assert lines == {
        f"last {name}": pytest.approx(
            counted([(tuple(words[-k:]), label) for words, label in rows])
        )
        for k, name in ((1, "word"), (2, "2 words"))
    }
    assert lines["last word"][0] == pytest.approx(0.655, abs=0.001)


@each_row(
    ("task", "noun"), [("brackets", "token"), ("characters", "token"), ("translation", "word")]
)
def test_every_answer_given_the_tokens_before_it(task, noun):
    data = TASKS[task].build(0, 0)
    assert list(of(data))[-2:] == [f"last {noun}", f"last 2 {noun}s"]
    for k, (loss, right) in enumerate(list(of(data).values())[-2:]):
        pairs = [
            (tuple(e.inputs[max(0, t - k) : t + 1]), e.targets[t])
            for e in data.train
            for t in range(len(e.inputs))
        ]
        assert (loss, right) == pytest.approx(counted(pairs))


@pytest.mark.parametrize("task", TASKS)
def test_at_most_three_are_told_from_the_worst_to_the_best_if_they_say_something(task):
    data = TASKS[task].build(20, 0)
    losses = [line.loss for line in baselines(data)]
    assert losses == sorted(losses, reverse=True)
    assert all(0.04 * data.guess.loss < loss < 0.96 * data.guess.loss for loss in losses)
    assert len(losses) == {"recall": 0, "parity": 0, "adding": 1}.get(task, len(losses)) <= 3


def labelled(*rows):
    return build_dataset("own", [Row(k, *row) for k, row in enumerate(rows)])


def test_without_their_order_two_phrases_of_the_same_words_are_one():
    """A network may do better, for it reads the words in their order."""
    data = labelled(("a b c", "x"), ("b a c", "y"), ("d c", "x"), ("d d c", "y"))
    half = pytest.approx((np.log(2) / 2, 0.75))
    assert of(data) == {"last 2 words": half, "bag of words": half}


def test_one_answer_may_be_frequent_and_a_phrase_a_single_word():
    data = labelled(*[("a", "x")] * 8, ("a", "y"), ("b", "y"))
    known = counted([("a", 0)] * 8 + [("a", 1), ("b", 1)])
    assert of(data) == dict.fromkeys(
        ("last word", "last 2 words", "bag of words"), pytest.approx(known)
    )


def test_of_values_the_last_inputs_are_fitted():
    """Without a pulse the answer is 1 or -1, as likely; the first step has one on every channel."""
    silent = (1 - RATE) * (LENGTH - 1) / LENGTH
    before = (1 - RATE) ** 2 * (LENGTH - 2) / LENGTH
    lines = of(flipflop(0))
    assert lines["last input"][0] == pytest.approx(silent, abs=0.02)
    assert before - 0.02 < lines["last 2 inputs"][0] < lines["last input"][0]


def test_of_two_numbers_one_leaves_the_variance_of_the_other():
    data = TASKS["adding"].build(0, 0)
    marked = [e.inputs[e.inputs[:, 1] == 1, 0] for e in data.train]
    (loss, _) = of(data)["one number"]
    assert loss == pytest.approx(np.mean([(first - 0.5) ** 2 for first, _ in marked]))
    assert loss == pytest.approx(1 / 12, abs=0.01)


def test_tokens_answered_with_values_have_none():
    assert baselines(replace(TASKS["brackets"].build(0, 0), loss=Loss.SQUARED_ERROR)) == ()
