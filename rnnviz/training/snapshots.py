"""Snapshots: states from which a run is replayed, in memory or in a file."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Sequence
from io import BytesIO, FileIO
from typing import NamedTuple

import numpy as np

from rnnviz.config import OptimizerKind
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.training import TrainBuffers, TrainState

#: The most snapshots that are kept, and their bytes in memory, or else in a temporary file.
MOST_SNAPSHOTS, MEMORY_BYTES, FILE_BYTES = 200, 16_000_000, 200_000_000


class _Kept(NamedTuple):
    """The pages on which the arrays of a state are, weights first, and what its optimizer was."""

    pages: tuple[int, ...]
    kind: OptimizerKind
    steps: int


class Snapshots:
    """States at every ``stride``-th epoch, and the last, with weights like ``theta``.

    When full the stride doubles.
    """

    def __init__(self, theta: Array) -> None:
        self._pages = _Pages(theta)
        self._kept: dict[int, _Kept] = {}
        self.stride = 1

    @property
    def epochs(self) -> list[int]:
        """Every ``stride``-th epoch that is kept, ascending."""
        return sorted(epoch for epoch in self._kept if epoch % self.stride == 0)

    @property
    def nbytes(self) -> int:
        """How large what is kept is, in memory or in the file."""
        return sum(len(kept.pages) for kept in self._kept.values()) * self._pages.nbytes

    def add(self, state: TrainState) -> None:
        """Keep the state, which ends an epoch, as the last one; without room it is left out."""
        self._drop(state.epoch)
        slots, arrays = state.slots, (state.parameters.theta, *state.slots.arrays)
        pages = self._written(state.epoch, arrays)
        if pages:
            self._kept[state.epoch] = _Kept(pages, slots.kind, slots.steps)

    def _written(self, epoch: int, arrays: Sequence[Array]) -> tuple[int, ...]:
        """The pages of a state, for which every other turn goes until there is room."""
        while True:
            for kept in [*self._kept]:
                if kept % self.stride:
                    self._drop(kept)
            # Epoch 0 has its turn at every stride.
            least = not any(self._kept)
            pages = self._pages.write(arrays) if least or self._has_room(epoch, len(arrays)) else ()
            if pages or least:
                return pages
            self.stride *= 2

    def _has_room(self, epoch: int, count: int) -> bool:
        """Whether one more state, of so many arrays, is not too much; the last needs no turn."""
        turns = len(self._kept) + (epoch % self.stride == 0)
        return (
            turns <= MOST_SNAPSHOTS and self.nbytes + count * self._pages.nbytes <= self._pages.room
        )

    def before(self, epoch: int) -> int | None:
        """The last epoch, not after this one, that is kept, if there is one."""
        return max((kept for kept in self._kept if kept <= epoch), default=None)

    def restore(self, epoch: int, workspace: TrainBuffers) -> bool:
        """Go on in ``workspace`` from the last epoch kept, not after this one; whether one is.

        One that can't be read is forgotten.
        """
        while (found := self.before(epoch)) is not None:
            (first, *others), kind, steps = self._kept[found]
            theta = workspace.parameters.theta
            arrays = [theta, *(np.empty_like(theta) for _ in others)]
            if all(map(self._pages.read, (first, *others), arrays)):
                workspace.epoch, workspace.offset = found, 0
                workspace.slots = Slots(kind, tuple(arrays[1:]), steps)
                return True
            self._drop(found)
        return False

    def drop_after(self, epoch: int) -> None:
        """Forget all that are later than ``epoch``."""
        for later in [kept for kept in self._kept if kept > epoch]:
            self._drop(later)

    def _drop(self, epoch: int) -> None:
        if epoch in self._kept:
            self._pages.free(self._kept.pop(epoch).pages)


class _Pages:
    """Arrays of one shape, by number: in memory, or in a temporary file that goes with them."""

    def __init__(self, like: Array) -> None:
        self.nbytes = like.nbytes
        self.room, self._file = _opened(MOST_SNAPSHOTS * like.nbytes)
        weakref.finalize(self, self._file.close)
        self._free: list[int] = []
        self._count = 0

    def write(self, arrays: Sequence[Array]) -> tuple[int, ...]:
        """The numbers of the pages on which the arrays now are; none where there is no room."""
        pages, written = tuple(self._next() for _ in arrays), False
        try:
            written = all(map(self._write, pages, arrays))
        finally:
            if not written:
                self.free(pages)
        return pages if written else ()

    def _next(self) -> int:
        if self._free:
            return self._free.pop()
        self._count += 1
        return self._count - 1

    def _write(self, page: int, array: Array) -> bool:
        return self._whole(page, lambda: self._file.write(array.data))

    def read(self, page: int, out: Array) -> bool:
        """Write the array on a page into ``out``; whether it could be read."""
        return self._whole(page, lambda: self._file.readinto(out.data))

    def _whole(self, page: int, act: Callable[[], int | None]) -> bool:
        """Do something with a whole page; whether that was possible."""
        try:
            self._file.seek(page * self.nbytes)
            return act() == self.nbytes
        except OSError:
            return False

    def free(self, pages: Sequence[int]) -> None:
        """Let these pages be written on again."""
        self._free += pages


def _opened(wanted: int) -> tuple[int, BytesIO | FileIO]:
    """So many bytes at most, and where to write them: no more than is wanted in memory."""
    if wanted > MEMORY_BYTES:
        try:
            # Unbuffered: what doesn't fit on a full disk is not tried again later.
            return FILE_BYTES, tempfile.TemporaryFile("w+b", 0)
        except OSError:
            pass
    return MEMORY_BYTES, BytesIO()
