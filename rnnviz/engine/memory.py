"""Memory: the arrays that the calls of a cell read and write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True)
class Vector:
    """Weights of one number for each unit."""

    name: str


@dataclass(frozen=True)
class BlockWeights:
    """The fused weights of a block."""

    block: int


@dataclass(frozen=True)
class TransposedWeights:
    """The weights of some gates of a block for the state that it reads at ``position``."""

    block: int
    first: int
    stop: int
    position: int


@dataclass(frozen=True)
class Stored:
    """An array (T, B, H), or of all gates (gates, T, B, H), among those of the layer."""

    name: str


@dataclass(frozen=True)
class Once(Stored):
    """An array (H,) of the layer: a value that is made from weights alone."""


@dataclass(frozen=True)
class BlockInput:
    """The columns of the rows [states, 1, x] that a block reads."""

    block: int


@dataclass(frozen=True)
class GradientBefore:
    """Where the gradient of a state before the token goes."""

    state: str


@dataclass(frozen=True)
class Arrival:
    """The sums that add the gradient that arrives from the next token to that of a state."""

    state: str


@dataclass(frozen=True)
class Factor:
    """A factor of the backward pass, for all tokens of a chunk."""

    number: int


@dataclass(frozen=True)
class Temporary:
    """An array that lives for a token; ``reused`` says whether ``recycled`` has assigned it."""

    number: int
    reused: bool = False


@dataclass(frozen=True)
class Stack:
    """Products side by side, ``count`` arrays that live for a token."""

    owner: str
    count: int


#: The same at every token.
Constant = Number | Vector | BlockWeights | TransposedWeights | Once
#: Allocated by the pass that uses them.
Scratch = Factor | Temporary | Stack
Array = Constant | Stored | BlockInput | GradientBefore | Arrival | Scratch
