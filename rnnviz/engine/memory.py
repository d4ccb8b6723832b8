"""Memory: the arrays that the calls of a cell read and write."""

from __future__ import annotations

from dataclasses import dataclass


class Array:
    """An array, by what it holds."""


class Constant(Array):
    """An array that is the same at every token."""


class Scratch(Array):
    """An array that is allocated by the pass that uses it."""


@dataclass(frozen=True)
class Number(Constant):
    """A number."""

    value: float


@dataclass(frozen=True)
class Vector(Constant):
    """Weights of one number for each unit."""

    name: str


@dataclass(frozen=True)
class BlockWeights(Constant):
    """The fused weights of a block."""

    block: int


@dataclass(frozen=True)
class TransposedWeights(Constant):
    """The weights of some gates of a block for the state that it reads at ``position``."""

    block: int
    first: int
    stop: int
    position: int


@dataclass(frozen=True)
class Stored(Array):
    """An array (T, B, H), or of all gates (gates, T, B, H), among those of the layer."""

    name: str


@dataclass(frozen=True)
class Once(Stored, Constant):
    """An array (H,) of the layer: a value that is made from weights alone."""


@dataclass(frozen=True)
class BlockInput(Array):
    """The columns of the rows [states, 1, x] that a block reads."""

    block: int


@dataclass(frozen=True)
class GradientBefore(Array):
    """Where the gradient of a state before the token goes."""

    state: str


@dataclass(frozen=True)
class Arrival(Array):
    """The sums that add the gradient that arrives from the next token to that of a state."""

    state: str


@dataclass(frozen=True)
class Factor(Scratch):
    """A factor of the backward pass, for all tokens of a chunk."""

    number: int


@dataclass(frozen=True)
class Temporary(Scratch):
    """An array that lives for a token; ``reused`` says whether ``recycled`` has assigned it."""

    number: int
    reused: bool = False


@dataclass(frozen=True)
class SideBySide(Scratch):
    """Products side by side, ``count`` arrays that live for a token."""

    owner: str
    count: int
