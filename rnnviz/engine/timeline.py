"""Timeline: the moments of one training step, in order."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Phase(StrEnum):
    """A phase of a training step."""

    FORWARD = "forward"
    LOSS = "loss"
    BACKWARD = "backward"
    CLIP = "clip"
    UPDATE = "update"


class Moment(NamedTuple):
    """A phase and its token index t, from 0.

    A loss belongs to the token that is read out; clipping and the update belong to token 0, where
    the backward pass ends.
    """

    phase: Phase
    t: int

    @property
    def number(self) -> int:
        """The subscript in formulas, from 1: h_1 is the state after the first token."""
        return self.t + 1


def timeline(steps: int, answers: Sequence[int] = ()) -> tuple[Moment, ...]:
    """The moments of ``steps`` tokens: forward, losses, backward, clip, update.

    ``answers`` are the tokens that are read out, by default the last.
    """
    forward = [Moment(Phase.FORWARD, t) for t in range(steps)]
    losses = [Moment(Phase.LOSS, t) for t in answers or (steps - 1,)]
    backward = [Moment(Phase.BACKWARD, t) for t in reversed(range(steps))]
    return (*forward, *losses, *backward, Moment(Phase.CLIP, 0), Moment(Phase.UPDATE, 0))
