"""Example: one sequence and its targets."""

from __future__ import annotations

from dataclasses import dataclass

from rnnviz.tasks.vocabulary import Array


@dataclass(frozen=True, eq=False)
class Example:
    """One sequence, as text and as arrays.

    ``inputs`` are token indices (T,) or values (T, D). ``targets`` are class indices (N,) or values
    (N, C): N = 1 after the last token, or N = T after every token. ``source`` (S,) are the token
    indices of the encoder.
    """

    text: str
    inputs: Array
    targets: Array
    source: Array | None = None

    @property
    def read(self) -> Array:
        """The array of the text: the source of a decoder, else the inputs."""
        return self.inputs if self.source is None else self.source

    @property
    def target(self) -> int:
        """The target class of the first, or only, output."""
        return int(self.targets[0])
