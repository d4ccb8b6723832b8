"""How well a network does on many examples, against each alone."""

import math

import numpy as np
import pytest

from rnnviz.engine.batch import collate
from rnnviz.engine.evaluation import Evaluator, batches
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from rnnviz.tasks.dataset import sentiment
from rnnviz.tasks.metrics import share_right
from tests.sampling import each_row, singly
from tests.unit.engine.networks import CELLS, architecture, examples, network, phrase


@each_row("classes", [2, 3, 10])
def test_a_network_of_zeros_loses_the_logarithm_of_the_classes(classes):
    zeros = Parameters(Architecture(4, 3, classes))
    evaluator = Evaluator([phrase([0], 1), phrase([1], 1)], Parameters(zeros.architecture))
    score = evaluator.score(zeros, share_right)
    assert score.loss == pytest.approx(math.log(classes))


@singly(every=[False, True], cell=CELLS)
def test_it_agrees_with_each_example_alone(cell, every):
    of = architecture(cell, 2)
    parameters, given = network(of), examples(of, [3, 1, 4, 1, 5], every)
    losses = [record(parameters, collate([example])).loss for example in given]
    for limit in (10**9, 0):
        evaluator = Evaluator(given, Parameters(of), limit=limit)
        evaluator.score(network(of, seed=9), share_right)
        score = evaluator.score(parameters, share_right)
        assert score.loss == pytest.approx(np.concatenate(losses).mean())


def test_a_pass_that_has_room_is_kept_even_after_one_that_has_none():
    given = [phrase([0] * 1_500, 0), phrase([0] * 1_400, 0), phrase([0, 1], 1)]
    parameters = Parameters(architecture(CELLS[0]))
    evaluator = Evaluator(given, parameters, limit=100_000)
    evaluator.score(parameters, share_right)
    assert [*evaluator._cache] == [2]


def test_batches_hold_every_example_once_and_name_it():
    given = sentiment().train
    groups = batches(given)
    owners = np.concatenate([batch.owners for batch in groups])
    assert sorted(owners.tolist()) == list(range(len(given)))
    wanted = np.concatenate([batch.targets for batch in groups])
    assert [given[i].target for i in owners] == wanted.tolist()


def test_many_tokens_are_read_in_several_batches():
    groups = batches([phrase([0] * 300, 0)] * 20)
    assert [batch.read.shape for batch in groups] == [(300, 6), (300, 6), (300, 6), (300, 2)]
