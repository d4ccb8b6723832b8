"""Example: one sequence to learn, and what is wanted from it."""

from __future__ import annotations

from dataclasses import dataclass

from rnnviz.tasks.vocabulary import Array


@dataclass(frozen=True, eq=False)
class Example:
    """One sequence: as written, as the network reads it, and the answers that are wanted.

    ``inputs`` are token numbers (T,) or values (T, D). ``targets`` are class numbers (N,) or values
    (N, C), one for each output: N = 1 after the last token, or N = T, one after every token.
    ``source`` (S,) are the token numbers that an encoder reads first.
    """

    text: str
    inputs: Array
    targets: Array
    source: Array | None = None

    @property
    def target(self) -> int:
        """The first, or only, class that is wanted."""
        return int(self.targets[0])
