"""Timeline: the moments of one training step on one phrase, in the order in which they happen."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Phase(StrEnum):
    """What a training step is doing."""

    FORWARD = "forward"
    LOSS = "loss"
    BACKWARD = "backward"
    CLIP = "clip"
    UPDATE = "update"


class Moment(NamedTuple):
    """A place in the timeline: a phase, and the token (from 0) where it happens.

    The loss stands at the last token, which alone has an output; clipping and the update stand at
    token 0, where the way back has ended. In symbols token t has the state h_{t+1}, and h_0 is the
    empty memory before the first word.
    """

    phase: Phase
    t: int

    @property
    def number(self) -> int:
        """The token's number in symbols, from 1: h_1 is the state after the first word."""
        return self.t + 1


def timeline(steps: int) -> tuple[Moment, ...]:
    """The 2 T + 3 moments of a phrase of ``steps`` = T tokens: there, loss, back, clip, update."""
    there = [Moment(Phase.FORWARD, t) for t in range(steps)]
    back = [Moment(Phase.BACKWARD, t) for t in reversed(range(steps))]
    loss = Moment(Phase.LOSS, steps - 1)
    return (*there, loss, *back, Moment(Phase.CLIP, 0), Moment(Phase.UPDATE, 0))
