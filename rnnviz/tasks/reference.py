"""Reference: a predictor that a task can be compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rnnviz.tasks.vocabulary import Array


@dataclass(frozen=True)
class Reference:
    """A predictor of values: its short ``name``, what it is, and its formula.

    ``predict`` takes inputs (T, D) and returns outputs (N, C), one after the last step or one
    after every step; an output depends on no later input.
    """

    name: str
    text: str
    predict: Callable[[Array], Array]
