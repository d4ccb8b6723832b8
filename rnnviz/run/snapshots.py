"""Snapshots: states from which a run is replayed, in memory or in a temporary file."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO, FileIO

import numpy as np

from rnnviz.config import OptimizerKind
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import TrainBuffers, TrainState

#: The largest number of snapshots, and their largest total size in memory or in a file, in bytes.
MOST_SNAPSHOTS, MEMORY_BYTES, FILE_BYTES = 200, 16_000_000, 200_000_000


class Snapshots:
    """States at every ``stride``-th epoch, and the last, with weights shaped like ``theta``.

    The stride doubles when the storage is full.
    """

    def __init__(self, theta: Array) -> None:
        self._pages = _Pages(theta)
        #: By epoch, the pages of its arrays, weights first; the optimizer and its steps.
        self._snapshots: dict[int, tuple[tuple[int, ...], OptimizerKind, int]] = {}
        self.stride = 1

    @property
    def epochs(self) -> list[int]:
        """The epochs with a snapshot that are multiples of ``stride``, ascending."""
        return sorted(epoch for epoch in self._snapshots if epoch % self.stride == 0)

    @property
    def nbytes(self) -> int:
        """Total size of the snapshots, in memory or in the file."""
        return self._pages.used * self._pages.nbytes

    def add(self, state: TrainState) -> None:
        """Store the state at the end of an epoch, unless the disk is full."""
        self._drop(state.epoch)
        slots, arrays = state.slots, (state.parameters.theta, *state.slots.arrays)
        if pages := self._write(state.epoch, arrays):
            self._snapshots[state.epoch] = pages, slots.kind, slots.steps

    def _write(self, epoch: int, arrays: Sequence[Array]) -> tuple[int, ...]:
        """Write a state to pages; drop every other snapshot until it fits."""
        while True:
            for stored in [*self._snapshots]:
                if stored % self.stride:
                    self._drop(stored)
            # Epoch 0 is a multiple of every stride.
            only_first = not any(self._snapshots)
            # The last epoch doesn't count as a multiple.
            multiples = len(self._snapshots) + (epoch % self.stride == 0)
            size = self.nbytes + len(arrays) * self._pages.nbytes
            fits = multiples <= MOST_SNAPSHOTS and size <= self._pages.capacity
            pages = self._pages.write(arrays) if fits or only_first else ()
            if pages or only_first:
                return pages
            self.stride *= 2

    def before(self, epoch: int) -> int | None:
        """The last epoch up to ``epoch`` with a snapshot, or None."""
        return max((stored for stored in self._snapshots if stored <= epoch), default=None)

    def restore(self, epoch: int, buffers: TrainBuffers) -> bool:
        """Load the last snapshot up to ``epoch`` into the buffers; return whether there is one.

        A snapshot that can't be read is dropped.
        """
        while (stored := self.before(epoch)) is not None:
            if slots := self._read(stored, buffers.parameters.theta):
                buffers.epoch, buffers.offset, buffers.slots = stored, 0, slots
                return True
            self._drop(stored)
        return False

    def states(self, like: Parameters) -> Iterator[TrainState]:
        """The states of all snapshots that can be read, ascending, as copies."""
        for stored in sorted(self._snapshots):
            theta = np.empty_like(like.theta)
            if slots := self._read(stored, theta):
                yield TrainState(like.like(theta), stored, slots=slots)

    def _read(self, epoch: int, theta: Array) -> Slots | None:
        """Read the weights of a snapshot into ``theta``; None if it can't be read."""
        pages, kind, steps = self._snapshots[epoch]
        arrays = [theta, *(np.empty_like(theta) for _ in pages[1:])]
        if all(map(self._pages.read, pages, arrays)):
            return Slots(kind, tuple(arrays[1:]), steps)
        return None

    def drop_after(self, epoch: int) -> None:
        """Drop all snapshots later than ``epoch``."""
        for stored in [*self._snapshots]:
            if stored > epoch:
                self._drop(stored)

    def _drop(self, epoch: int) -> None:
        if epoch in self._snapshots:
            self._pages.free(self._snapshots.pop(epoch)[0])


class _Pages:
    """Numbered arrays of one shape, in memory or in a temporary file, closed with this object."""

    def __init__(self, like: Array) -> None:
        self.nbytes = like.nbytes
        self.capacity, self._file = _open(MOST_SNAPSHOTS * like.nbytes)
        weakref.finalize(self, self._file.close)
        self._free: list[int] = []
        self._count = 0

    @property
    def used(self) -> int:
        """The number of pages in use."""
        return self._count - len(self._free)

    def write(self, arrays: Sequence[Array]) -> tuple[int, ...]:
        """Write arrays to free pages; return the page numbers, none if the disk is full."""
        reused = [self._free.pop() for _ in arrays[: len(self._free)]]
        first, self._count = self._count, self._count + len(arrays) - len(reused)
        pages, written = (*reused, *range(first, self._count)), False
        try:
            written = all(map(self._write, pages, arrays))
        finally:
            if not written:
                self.free(pages)
        return pages if written else ()

    def _write(self, page: int, array: Array) -> bool:
        return self._transfer(page, lambda: self._file.write(array.data))

    def read(self, page: int, out: Array) -> bool:
        """Read a page into ``out``; return whether that succeeded."""
        return self._transfer(page, lambda: self._file.readinto(out.data))

    def _transfer(self, page: int, transfer: Callable[[], int | None]) -> bool:
        """Read or write a whole page; return whether that succeeded."""
        try:
            self._file.seek(page * self.nbytes)
            return transfer() == self.nbytes
        except OSError:
            return False

    def free(self, pages: Sequence[int]) -> None:
        """Mark pages as free for reuse."""
        self._free += pages


def _open(size: int) -> tuple[int, BytesIO | FileIO]:
    """The capacity in bytes and the storage: memory for at most ``MEMORY_BYTES``, else a file."""
    if size > MEMORY_BYTES:
        try:
            # Unbuffered, so that a write that fails on a full disk is not retried later.
            return FILE_BYTES, tempfile.TemporaryFile("w+b", 0)
        except OSError:
            pass
    return MEMORY_BYTES, BytesIO()
