"""Selection: the unit and the token that are marked in all pictures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Selection:
    """The number of a unit and the index of a token, both from 0; None if none is selected."""

    unit: int | None = None
    token: int | None = None

    def unit_of(self, hidden: int) -> int | None:
        """The unit, if a layer of ``hidden`` units has it."""
        return self.unit if self.unit is not None and self.unit < hidden else None
