"""Three channels, each keeps its last pulse."""

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
    """Step by step: a channel keeps its state unless there is a pulse."""
    state, states = np.zeros(pulses.shape[1]), []
    for row in pulses:
        state = np.array([new or old for new, old in zip(row, state, strict=True)])
        states.append(state)
    return np.array(states)


@given(pulses)
def test_a_channel_keeps_its_last_pulse(pulses):
    assert np.array_equal(last_pulses(pulses), held(pulses))


def test_examples():
    data = flipflop(0)
    assert (len(data.train), len(data.test)) == (120, 40)
    assert data.vocabulary.words == data.classes == ("bit 1", "bit 2", "bit 3")
    assert (data.reads, data.loss) == (OutputAt.EVERY, Loss.SQUARED_ERROR)
    for example in (*data.train, *data.test):
        assert example.inputs.shape == (30, 3)
        assert np.array_equal(example.targets, held(example.inputs))
        assert set(np.unique(example.inputs)) == {-1, 0, 1}
        assert set(np.unique(example.targets)) <= {-1, 1}
        assert "-0," not in f"{example.text} ".replace(" ", ",")


def test_pulses_are_rare_and_balanced_and_all_eight_states_are_visited():
    later = np.concatenate([example.inputs[1:] for example in flipflop(0).train])
    assert 0.17 < np.mean(later != 0) < 0.23
    assert abs(later.mean()) < 0.02
    targets = np.concatenate([example.targets for example in flipflop(0).train])
    states, counts = np.unique(targets, axis=0, return_counts=True)
    assert len(states) == 8
    assert counts.min() > len(targets) / 16
