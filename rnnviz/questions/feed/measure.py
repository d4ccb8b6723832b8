"""FeedLab: the words and the training steps behind the gradient of the weights."""

from __future__ import annotations

from rnnviz.probe.cache import Memo
from rnnviz.probe.epoch_series import Record
from rnnviz.probe.gradient_flow import (
    GradientQuery,
    NextStepStats,
    TokenContribution,
    flow_key,
    next_steps,
    token_shares,
)

#: Number of next steps to evaluate at the epoch shown.
STEPS = 32
#: Number of next steps to evaluate at each epoch.
EPOCH_STEPS = 8


class FeedLab:
    """Each word's shares, and the next training steps, cached until their input changes."""

    def __init__(self) -> None:
        self._memo = Memo()
        self.shares = Record(token_shares)
        self.clipping = Record(lambda query: next_steps(query, EPOCH_STEPS))

    def second_shares(self, query: GradientQuery) -> TokenContribution:
        """Each token's share in the gradients of the weights, in a state that has no record."""
        return self._memo.ask("second shares", flow_key(query), lambda: token_shares(query))

    def next_steps(self, query: GradientQuery) -> NextStepStats:
        """Statistics of the next training steps from these weights, each on its own batch."""
        key = query.state, query.config
        return self._memo.ask("next steps", key, lambda: next_steps(query, STEPS))
