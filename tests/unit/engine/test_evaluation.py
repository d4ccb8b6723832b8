"""How well a network does on many examples, against each alone."""

import math
import tracemalloc

import numpy as np
import pytest

from rnnviz.cancellation import cancellable
from rnnviz.engine.batch import collate
from rnnviz.engine.evaluation import Evaluator, StepDecoder, batches
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import WIDE
from rnnviz.engine.training import record
from rnnviz.tasks.dataset import ACCURACY
from tests.sampling import each_row, pairwise, singly
from tests.unit.engine.networks import CELLS, architecture, examples, network, phrase


@each_row("classes", [2, 3, 10])
def test_the_loss_of_zeros_is_the_logarithm_of_the_classes(classes):
    zeros = Parameters(Architecture(4, 3, classes))
    evaluator = Evaluator([phrase([0], 1), phrase([1], 1)], Parameters(zeros.architecture))
    assert evaluator.score(zeros, ACCURACY).loss == pytest.approx(math.log(classes))


@singly(every=[False, True], cell=CELLS)
def test_it_agrees_with_each_example_alone(cell, every):
    of = architecture(cell, 2)
    parameters, given = network(of), examples(of, [3, 1, 4, 1, 5], every)
    traces = [record(parameters, collate([example])) for example in given]
    losses = np.concatenate([trace.loss for trace in traces])
    right = [trace.probs.argmax(1) == trace.targets for trace in traces]
    for limit in (10**9, 0):
        evaluator = Evaluator(given, Parameters(of), limit=limit)
        evaluator.score(network(of, seed=9), ACCURACY)
        score = evaluator.score(parameters, ACCURACY)
        assert score == pytest.approx((losses.mean(), np.concatenate(right).mean()))


def test_scoring_is_cancelled_between_two_batches_also_cached_ones():
    given, parameters = [phrase([0, 1, 2], 1)] * 2_000, network(architecture())
    evaluator = Evaluator(given, Parameters(parameters.architecture))
    expected, calls = evaluator.score(parameters, ACCURACY), 0

    def cancel():
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt

    with cancellable(cancel), pytest.raises(KeyboardInterrupt):
        evaluator.score(network(architecture(), seed=9), ACCURACY)
    assert len(evaluator._cache) == len(batches(given)) > calls == 2
    assert evaluator.score(parameters, ACCURACY) == expected


def test_many_answers_over_many_classes_take_little_memory():
    """One number for each answer and class would be 240 MB."""
    parameters = network(Architecture(4, 3, 3_000))
    given = [phrase([0, 1], 1) for _ in range(10_000)]
    evaluator = Evaluator(given, Parameters(parameters.architecture))
    tracemalloc.start()
    evaluator.score(parameters, ACCURACY)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 150_000_000


def test_a_small_pass_is_cached_even_after_large_ones():
    given = [phrase([0] * 1_500, 0), phrase([0] * 1_400, 0), phrase([0, 1], 1)]
    parameters = Parameters(architecture(CELLS[0]))
    evaluator = Evaluator(given, parameters, limit=100_000)
    evaluator.score(parameters, ACCURACY)
    assert [*evaluator._cache] == [2]


def test_batches_are_small_and_hold_every_example_once():
    groups = batches([phrase([0] * 300, i) for i in range(20)])
    assert [batch.read.shape for batch in groups] == [(300, 6), (300, 6), (300, 6), (300, 2)]
    owners = np.concatenate([batch.owners for batch in groups])
    assert owners.tolist() == np.concatenate([b.targets for b in groups]).tolist()
    assert sorted(owners) == [*range(20)]


def test_the_outputs_of_all_examples_come_with_their_owners_in_the_order_of_the_tokens():
    of = architecture(CELLS[0], 1)
    parameters, given = network(of), examples(of, [3, 1, 4], every=True)
    evaluator = Evaluator(given, Parameters(of))
    outputs = evaluator.outputs(parameters)
    for k, example in enumerate(given):
        alone = record(parameters, collate([example])).probs
        assert outputs[evaluator.owners == k] == pytest.approx(alone)


# A network that reads token by token answers as one that reads the whole


@pairwise(
    encoder={"alone": False, "after an encoder": True},
    values={"tokens": False, "values": True},
    layers=[1, 3],
    cell=CELLS,
)
def test_it_answers_as_the_whole_pass_does(cell, layers, values, encoder):
    of = architecture(cell, layers, encoder, squared=values)
    parameters, (example,) = network(of), examples(of, [7], every=True, values=values)
    whole = record(parameters, collate([example]))
    reader = StepDecoder(parameters, whole if encoder else None)
    answers = [reader.read(one) for one in example.inputs]
    np.testing.assert_allclose(answers, whole.probs, rtol=0, atol=1e-14)


@pytest.mark.parametrize("encoder", [False, True])
def test_so_does_one_with_a_wide_vocabulary(encoder):
    """Of which x has only the columns of the tokens that occur."""
    of = architecture(encoder=encoder)._replace(inputs=WIDE + 20)
    parameters, (example,) = network(of), examples(of, [7], every=True)
    whole = record(parameters, collate([example]))
    reader = StepDecoder(parameters, whole if encoder else None)
    answers = [reader.read(one) for one in example.inputs]
    np.testing.assert_allclose(answers, whole.probs, rtol=0, atol=1e-14)
