"""Scores by length, and what is kept of them."""

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.questions.reach.measure import LengthLab


def test_a_profile_is_kept_while_the_weights_are_the_same_and_the_sequences_for_the_run():
    session = Session(RunConfig(task="parity", hidden=4))
    lab, data, state = session.lab(LengthLab), session.dataset, session.state
    assert lab.known(state, data) is None
    profile, sequences = lab.profile(state, data), lab.lengths(state, data)
    assert lab.known(state, data) is lab.profile(state, data) is profile
    session.player.advance(1)
    assert lab.known(session.state, data) is None
    assert lab.profile(session.state, data) is not profile
    assert lab.lengths(session.state, data) is sequences
