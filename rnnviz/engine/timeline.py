"""Timeline: the moments of one training step, in their order."""

from __future__ import annotations

from collections.abc import Sequence
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

    A loss stands at the token after which there is an answer; clipping and the update stand at
    token 0, where the way back has ended. In symbols token t has the state h_{t+1}, and h_0 is the
    empty memory before the first word.
    """

    phase: Phase
    t: int

    @property
    def number(self) -> int:
        """The token's number in symbols, from 1: h_1 is the state after the first word."""
        return self.t + 1


def timeline(steps: int, answers: Sequence[int] = ()) -> tuple[Moment, ...]:
    """The moments of a sequence of ``steps`` tokens: there, the losses, back, clip, update.

    ``answers`` are the tokens after which there is one; by default that is the last.
    """
    there = [Moment(Phase.FORWARD, t) for t in range(steps)]
    losses = [Moment(Phase.LOSS, t) for t in answers or (steps - 1,)]
    back = [Moment(Phase.BACKWARD, t) for t in reversed(range(steps))]
    return (*there, *losses, *back, Moment(Phase.CLIP, 0), Moment(Phase.UPDATE, 0))
