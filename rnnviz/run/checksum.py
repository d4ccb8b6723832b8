"""Checksum: tells whoever repeats a run whether it is the same run."""

from __future__ import annotations

import math
import os
import platform
import re
import zlib
from dataclasses import dataclass
from functools import cache

import numpy as np

from rnnviz.config import SettingError
from rnnviz.engine.parameters import Parameters
from rnnviz.run.history import History
from rnnviz.run.run import Run

#: The most training losses that a checksum has.
_LOSSES = 16
#: The relative difference above which losses differ.
_DIFFERENT = 0.01
_FORMAT = re.compile(r"([0-9a-f]{8})_([A-Za-z0-9.-]{1,40})((?:_[0-9.e+-]{1,12}){0,16})")


def checksum_of(parameters: Parameters) -> str:
    """The CRC-32 of all weights, in the order of their names: eight hexadecimal digits."""
    total, named = 0, parameters.named()
    for name in sorted(named):
        total = zlib.crc32(named[name].tobytes(), total)
    return f"{total:08x}"


def losses_of(history: History, last: int) -> tuple[float, ...]:
    """At most 16 training losses up to the epoch ``last``, in nats, to four digits."""
    column = history.column("train_loss")
    return tuple(float(f"{column[epoch]:.4g}") for epoch in epochs_of(last))


@cache
def processor() -> str:
    """The kind of processor by which NumPy chooses how to round, such as "x86-64-AVX512-ICL"."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    kind = os.environ.get("OPENBLAS_CORETYPE") or (found[-1] if found else "")
    return (
        re.sub(r"[^A-Za-z0-9.-]", "-", f"{platform.machine()}-{kind}")[:40].strip("-") or "unknown"
    )


@dataclass(frozen=True)
class Checksum:
    """The checksum of the weights at the present of a run, and where and how it got there.

    ``losses`` (K,) are those on the training set after ``epochs_of`` the present, in nats, to four
    digits.
    """

    weights: str
    processor: str
    losses: tuple[float, ...]

    @classmethod
    def of(cls, run: Run) -> Checksum:
        """The checksum of a run at its present."""
        losses = losses_of(run.history, run.position.epoch)
        return cls(checksum_of(run.state.parameters), processor(), losses)

    def __str__(self) -> str:
        return "_".join([self.weights, self.processor, *(f"{loss:.4g}" for loss in self.losses)])

    @classmethod
    def parse(cls, text: str) -> Checksum:
        """Parse what ``str`` writes; raises SettingError."""
        if not (match := _FORMAT.fullmatch(text)):
            raise SettingError(f"{text[:40]!r} is not the checksum of a run.")
        try:
            losses = tuple(float(loss) for loss in match[3].split("_")[1:])
        except ValueError:
            raise SettingError(f"{text[:40]!r} has a loss that is not a number.") from None
        if not all(map(math.isfinite, losses)):
            raise SettingError(f"{text[:40]!r} has a loss that is too large.")
        return cls(match[1], match[2], losses)

    def verdict(self, run: Run) -> str:
        """Whether a retrained run matches this checksum, in a sentence."""
        own, epochs = Checksum.of(run), (0, *epochs_of(run.position.epoch))
        if own.weights == self.weights:
            return "The run is the same to the last bit."
        if not self.losses or len(self.losses) != len(own.losses):
            return f"Here its weights are not the same: {self.elsewhere}."
        pairs = zip(self.losses, own.losses, strict=True)
        apart = [abs(a - b) > _DIFFERENT * max(abs(a), abs(b)) for a, b in pairs]
        if True not in apart:
            which = "Here last digits differ, but none of the losses in the link by more than 1%"
            return f"{which}: {self.elsewhere}."
        first = apart.index(True)
        return (
            f"Here the run goes another way between epochs {epochs[first]} and "
            f"{epochs[first + 1]}: {self.elsewhere}."
        )

    def repeated(self, same: bool | None) -> str:
        """Whether the last epochs, trained again, are the ``same``: a sentence; None: unknown."""
        if same:
            return "Trained again, its last epochs are the same here, to the last bit."
        if same is None and self.processor == processor():
            return ""
        may = "may not" if same is None else "do not"
        return f"Here epochs between stored ones {may} repeat to the last bit: {self.elsewhere}."

    @property
    def elsewhere(self) -> str:
        """Where the run was made, after a colon."""
        if self.processor == processor():
            return "it was made where products round differently (another NumPy?), or was changed"
        return f"it was made on another kind of processor ({self.processor}, not {processor()})"


def epochs_of(last: int) -> tuple[int, ...]:
    """At most 16 epochs, equally spaced up to ``last``."""
    spaced = np.linspace(0, last, min(last, _LOSSES) + 1)[1:]
    return tuple(spaced.round().astype(int).tolist())
