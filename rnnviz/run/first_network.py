"""FirstNetwork: weights that a run begins with, instead of random ones."""

from __future__ import annotations

from dataclasses import dataclass

from rnnviz.config import SETTINGS, RunConfig
from rnnviz.engine.parameters import Architecture, Parameters

#: The settings that say which weights a run begins with.
_DRAWN_BY = tuple(name for name, row in SETTINGS.items() if row.group == "Network")


@dataclass(frozen=True, eq=False)
class FirstNetwork:
    """Weights from elsewhere, and the settings they came with.

    ``source`` says where they come from, such as "PyTorch". ``note`` says how training on differs
    from training them there; it may be empty.
    """

    parameters: Parameters
    config: RunConfig
    source: str
    note: str = ""

    def begins(self, config: RunConfig) -> bool:
        """Whether a run with these settings begins with the weights, not with random ones."""
        return all(getattr(config, name) == getattr(self.config, name) for name in _DRAWN_BY)

    def copy_for(self, architecture: Architecture, config: RunConfig) -> Parameters | None:
        """A copy in the precision of the settings; None if the run doesn't begin with them."""
        own = self.parameters
        if own.architecture != architecture or not self.begins(config):
            return None
        return own.like(own.theta.astype(config.dtype.value))
