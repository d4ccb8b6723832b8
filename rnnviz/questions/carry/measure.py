"""UnitHistory: the units after one token of a sequence, at every epoch of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.probe.passes import forward_pass
from rnnviz.probe.probe import phrase_key
from rnnviz.probe.units import StateSource
from rnnviz.probe.unrolled import Unrolled
from rnnviz.probe.work import spend
from rnnviz.run.history import EpochCache, coarse_first
from rnnviz.run.run import Run
from rnnviz.run.schedule import Position


class UnitQuery(NamedTuple):
    """A state or a gate after one ``token`` of the traced sequence, by its index."""

    source: StateSource
    trace: Trace
    token: int

    def read(self, parameters: Parameters) -> Array:
        """The units after the token with other parameters, (H,)."""
        return self._units(forward_pass(parameters, self.trace.batch))

    @property
    def shown(self) -> Array:
        """The units after the token now, (H,)."""
        return self._units(self.trace)

    def _units(self, trace: Trace) -> Array:
        row: Array = Unrolled(trace, self.source.layer).of(self.source.part)[self.token].copy()
        return row


class UnitHistory:
    """A cache of the units after one token, at the epochs with a snapshot."""

    def __init__(self) -> None:
        self._rows = EpochCache[Array]()

    def past(self, run: Run, query: UnitQuery, budget: float) -> tuple[Array, Array]:
        """The epochs, (E,), the one shown among them, and the units there, (E, H).

        Evaluates snapshots for about ``budget`` seconds.
        """
        spend(budget, self.develop(run, query))
        rows = {**self._rows, query.source.state.epoch: query.shown}
        epochs = sorted(rows)
        return np.array(epochs), np.array([rows[epoch] for epoch in epochs])

    def develop(self, run: Run, query: UnitQuery) -> Iterator[None]:
        """Evaluate the missing epochs; yields before each."""
        _, data, layer, part = query.source
        subject = data, layer, part, query.token, phrase_key(query.trace)
        self._rows.sync(run.schedule, subject)
        self._rows.retain(run.stored)

        def row(epoch: int) -> Array:
            return query.read(run.replay(Position(epoch), "units").parameters)

        return self._rows.measure(coarse_first(run.stored), row)
