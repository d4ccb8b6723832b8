"""Three switches, each holds its last pulse."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.flipflop import flipflop, last_pulses

pulses = arrays(
    float,
    st.tuples(st.integers(1, 12), st.integers(1, 4)),
    elements=st.sampled_from([-1.0, 0.0, 1.0]),
)


def held(pulses):
    """One by one: a switch is what it was, unless there is a pulse."""
    state, found = np.zeros(pulses.shape[1]), []
    for row in pulses:
        state = np.array([new or old for new, old in zip(row, state, strict=True)])
        found.append(state)
    return np.array(found)


@given(pulses)
def test_a_switch_holds_its_last_pulse(pulses):
    assert np.array_equal(last_pulses(pulses), held(pulses))


def test_targets_are_what_the_switches_hold():
    data = flipflop(0)
    for example in (*data.train, *data.test):
        assert np.array_equal(example.targets, held(example.inputs))
        assert set(np.unique(example.inputs)) == {-1, 0, 1}
        assert set(np.unique(example.targets)) <= {-1, 1}


def test_no_zero_has_a_sign():
    assert not any("-0," in f"{example.text} ".replace(" ", ",") for example in flipflop(0).train)


def test_pulses_are_rare_and_as_often_up_as_down():
    later = np.concatenate([example.inputs[1:] for example in flipflop(0).train])
    assert 0.17 < np.mean(later != 0) < 0.23
    assert abs(later.mean()) < 0.02


def test_all_eight_states_are_visited():
    targets = np.concatenate([example.targets for example in flipflop(0).train])
    states, counts = np.unique(targets, axis=0, return_counts=True)
    assert len(states) == 8
    assert counts.min() > len(targets) / 16


def test_the_contract():
    data = flipflop(0)
    assert (len(data.train), len(data.test)) == (120, 40)
    assert {example.inputs.shape for example in data.train} == {(30, 3)}
    assert data.vocabulary.words == data.classes == ("bit 1", "bit 2", "bit 3")
    assert (data.reads, data.loss) == (OutputAt.EVERY, Loss.SQUARED_ERROR)
