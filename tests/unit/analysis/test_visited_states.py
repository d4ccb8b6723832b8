"""The states that sequences lead through."""

import numpy as np
import pytest

from rnnviz.analysis import passes
from rnnviz.analysis.flow_map import states_of
from rnnviz.analysis.passes import draw
from rnnviz.analysis.visited_states import visit_states
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from tests.sampling import pairwise
from tests.unit.engine.networks import CELLS, INPUTS, architecture, examples, network


@pairwise(cell=CELLS, layers=[1, 2], encoder={"alone": False, "after an encoder": True})
def test_every_path_is_that_of_its_sequence_alone(cell, layers, encoder):
    of = architecture(cell, layers, encoder)
    parameters, given = network(of), examples(of, [5, 2, 7])
    found = visit_states(parameters, given)
    assert sorted(len(path) for path in found.paths) == [3, 6, 8]
    for example in given:
        path = next(p for p in found.paths if len(p) == len(example.inputs) + 1)
        alone = states_of(record(parameters, collate([example])))
        np.testing.assert_allclose(path[1:], alone.after, rtol=0, atol=1e-14)
        np.testing.assert_allclose(path[0], alone.before[0], rtol=0, atol=1e-14)
    np.testing.assert_array_equal(found.states, np.concatenate(found.paths))


def test_the_mean_input_is_how_often_each_token_comes():
    of = architecture()
    given = examples(of, [5, 2, 7])
    tokens = np.concatenate([example.inputs for example in given])
    wanted = [np.mean(tokens == token) for token in range(INPUTS)]
    assert visit_states(network(of), given).mean_input.tolist() == pytest.approx(wanted)


def test_the_mean_input_of_values_is_their_mean():
    of = architecture(squared=True)
    given = examples(of, [5, 2], values=True)
    wanted = np.concatenate([example.inputs for example in given]).mean(axis=0)
    np.testing.assert_allclose(visit_states(network(of), given).mean_input, wanted)


def test_of_many_sequences_some_are_read(monkeypatch):
    of = architecture()
    given = examples(of, [4] * 10)
    monkeypatch.setattr(passes, "MOST_TOKENS", 16)
    found = visit_states(network(of), given)
    assert (len(found.paths), found.total) == (4, 10)
    drawn = draw(np.full(10, 4), 16)
    last = states_of(record(network(of), collate([given[drawn[-1]]])))
    np.testing.assert_allclose(found.paths[3][1:], last.after, rtol=0, atol=1e-14)


def test_one_long_sequence_is_read_even_so(monkeypatch):
    of = architecture()
    monkeypatch.setattr(passes, "MOST_TOKENS", 3)
    assert len(visit_states(network(of), examples(of, [9])).states) == 10


def test_the_cloud_has_a_centre_and_a_radius():
    of = architecture()
    found = visit_states(network(of), examples(of, [3, 4]))
    np.testing.assert_allclose(found.centre, found.states.mean(axis=0))
    away = [np.linalg.norm(state - found.centre) for state in found.states]
    assert found.radius == pytest.approx(max(away))
