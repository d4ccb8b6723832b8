"""Cross-entropy, margin and accuracy."""

import math

import numpy as np
import pytest

from rnnviz.engine.losses import accuracy, cross_entropy, margin, margin_gradient
from rnnviz.engine.parameters import Parameters, Sizes
from rnnviz.engine.training import evaluate, record


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_network_of_zeros_loses_the_logarithm_of_the_classes(classes):
    zeros = Parameters(Sizes(4, 3, classes))
    score = evaluate(zeros, [(np.array([[0], [1]]), np.array([1]))])
    assert score.loss == pytest.approx(math.log(classes))


def test_the_loss_is_infinite_where_the_answer_is_ruled_out():
    with np.errstate(divide="ignore"):
        assert cross_entropy(np.array([[0.0, 1.0]]), np.array([0]))[0] == np.inf


def test_the_margin_is_the_lead_over_the_best_other():
    logits = np.array([[3.0, 1.0, 2.5], [0.0, -1.0, 4.0]])
    assert margin(logits, np.array([0, 1])).tolist() == [0.5, -5.0]


def test_the_gradient_of_the_margin_is_its_slope():
    logits, targets = np.array([[3.0, 1.0, 2.5]]), np.array([0])
    found = np.empty_like(logits)
    margin_gradient(logits, targets, found)
    for k in range(3):
        moved = logits + 1e-6 * np.eye(3)[k]
        slope = (margin(moved, targets) - margin(logits, targets))[0] / 1e-6
        assert found[0, k] == pytest.approx(slope, abs=1e-6)


def test_accuracy_is_the_share_answered_rightly():
    probs = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.3, 0.7]])
    assert accuracy(probs, np.array([0, 1, 1, 1])) == 0.75


def test_evaluate_agrees_with_each_phrase_alone():
    parameters = Parameters(Sizes(4, 3, 2))
    parameters.theta[:] = np.random.default_rng(0).standard_normal(parameters.theta.shape)
    phrases = [np.array([0]), np.array([1]), np.array([2, 3, 1])]
    losses = [-math.log(record(parameters, tokens, 1).probs[0, 1]) for tokens in phrases]
    groups = [(np.array([[0, 1]]), np.array([1, 1])), (np.array([[2], [3], [1]]), np.array([1]))]
    assert evaluate(parameters, groups).loss == pytest.approx(np.mean(losses))
