"""The cache of the scores by length, and the epochs with too small a gradient."""

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.probe.epoch_series import EpochSeries
from rnnviz.probe.gradient_flow import Flow, Objective
from rnnviz.probe.session import Session
from rnnviz.questions.reach.measure import LengthLab, last_starved
from tests.sampling import each_row


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


@each_row(
    ("shares", "last"),
    [([1e-9, 1e-4, 0.1], 20), ([0.1, 1e-9, 0.1], None), ([0, 1e-9, 1e-8], 30), ([0, 1, 0], 10)],
)
def test_until_when_the_first_token_gets_too_little(shares, last):
    rows = tuple(Flow(Objective.LOSS, np.array([share, 0.1, 1])) for share in shares)
    assert last_starved(EpochSeries(np.array([10, 20, 30]), rows), 1e-3) == last
