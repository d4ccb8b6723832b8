"""The gradient over the lag on whole sets of sequences, read at once."""

from rnnviz.probe.memory_gauge import EXACTLY, lag_norms, profile_of


def lag_profile(parameters, examples, objective, carried=EXACTLY):
    """The profile of all ``examples``, from the last answer of each."""
    norms = lag_norms(parameters, examples, objective, carried)
    return profile_of(parameters, norms, objective, carried.layer)
