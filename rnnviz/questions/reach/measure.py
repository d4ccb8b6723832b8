"""LengthLab: how a network does on sequences of other lengths."""

from __future__ import annotations

from rnnviz.engine.training import TrainState
from rnnviz.probe.cache import Memo
from rnnviz.probe.length_generalization import LengthProfile, Lengths, by_length, length_profile
from rnnviz.tasks.dataset import Dataset


class LengthLab:
    """Scores by length, cached until the weights or the data change."""

    def __init__(self) -> None:
        #: Whether the reader asked for the scores.
        self.asked = False
        self._memo = Memo()

    def lengths(self, state: TrainState, dataset: Dataset) -> Lengths:
        """The sequences to be scored: the same for all states of a run."""
        architecture = state.parameters.architecture
        key = dataset, architecture
        return self._memo.ask("lengths", key, lambda: by_length(dataset, architecture))

    def profile(self, state: TrainState, dataset: Dataset) -> LengthProfile:
        """Score and loss by length."""
        lengths = self.lengths(state, dataset)
        return self._memo.ask(
            "profile",
            (state, dataset),
            lambda: length_profile(state.parameters, dataset, lengths),
        )

    def known(self, state: TrainState, dataset: Dataset) -> LengthProfile | None:
        """The last profile, if it is of these weights."""
        profile: LengthProfile | None = self._memo.known("profile", (state, dataset))
        return profile
