"""What can be reached with a part of what was read."""

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import Loss
from rnnviz.probe.results import baselines, conditional_entropy
from rnnviz.tasks.data_source import TASKS
from rnnviz.tasks.flipflop import LENGTH, RATE, flipflop
from rnnviz.tasks.table import Row
from rnnviz.tasks.text_datasets import build_dataset
from tests.sampling import each_row

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
    assert all(0.05 * data.guess.loss < loss < 0.95 * data.guess.loss for loss in losses)
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
    frequencies = -(0.8 * np.log(0.8) + 0.2 * np.log(0.2)), 0.8
    known = counted([("a", 0)] * 8 + [("a", 1), ("b", 1)])
    assert of(data) == {
        "frequencies": pytest.approx(frequencies),
        "last word": pytest.approx(known),
        "last 2 words": pytest.approx(known),
    }


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
