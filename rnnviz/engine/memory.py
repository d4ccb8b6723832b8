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
class _Named(Array):
    name: str


@dataclass(frozen=True)
class _Numbered(Array):
    number: int


@dataclass(frozen=True)
class Number(Constant):
    """A number."""

    value: float


class Vector(_Named, Constant):
    """Weights of one number for each unit."""


class BlockWeights(_Numbered, Constant):
    """The fused weights of a block."""


@dataclass(frozen=True)
class TransposedWeights(Constant):
    """The weights of some gates of a block for the state that it reads at ``position``."""

    block: int
    first: int
    stop: int
    position: int


class Stored(_Named):
    """An array (T, B, H), or of all gates (gates, T, B, H), among those of the layer."""


class Once(Stored, Constant):
    """An array (H,) of the layer: a value that is made from weights alone."""


class BlockInput(_Numbered):
    """The columns of the rows [states, 1, x] that a block reads."""


class GradientBefore(_Named):
    """The gradient of a state before the token."""


class Arrival(_Named):
    """The sums that add the gradient from the next token to that of a state."""


class Factor(_Numbered, Scratch):
    """A factor of the backward pass, for all tokens of a chunk."""


@dataclass(frozen=True)
class Temporary(Scratch):
    """An array that lives for a token; ``recycled`` assigns ``reused`` ones."""

    number: int
    reused: bool = False


@dataclass(frozen=True)
class SideBySide(Scratch):
    """Products side by side, ``count`` arrays that live for a token."""

    owner: str
    count: int
