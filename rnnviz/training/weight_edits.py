"""Weight edits: manual changes of the weights, as short texts that fit in a link."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rnnviz.config import SettingError
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters, plain

#: The largest absolute value of a weight, a factor or a noise level.
LARGEST = 1e6
#: Noise is drawn from ``np.random.default_rng((seed, NOISE))``.
NOISE = 6


class EditKind(StrEnum):
    """The kind of an edit."""

    SILENCE = "silence"
    SCALE = "scale"
    NOISE = "noise"
    SET = "set"


@dataclass(frozen=True, order=True)
class Edit:
    """One of: ``silence 1 7``, ``scale 0.9``, ``noise 0.1 3``, ``set W_hh 3 4 0.5``.

    Ablate unit 7 of layer 1; multiply all recurrent weights by 0.9; add noise to every matrix, its
    standard deviation 0.1 times the root mean square of the matrix, from seed 3; set row 3,
    column 4 of a matrix to 0.5.
    """

    kind: EditKind
    name: str = ""
    row: int = 0
    column: int = 0
    amount: float = 0.0

    def __str__(self) -> str:
        rest = {
            EditKind.SILENCE: f"{self.row} {self.column}",
            EditKind.SCALE: f"{self.amount!r}",
            EditKind.NOISE: f"{self.amount!r} {self.row}",
            EditKind.SET: f"{self.name} {self.row} {self.column} {self.amount!r}",
        }
        return f"{self.kind} {rest[self.kind]}"

    @classmethod
    def parse(cls, text: str) -> Edit:
        """Parse the output of ``str``; raises SettingError."""
        kind, *rest = text.split()[:6] or [""]
        try:
            return _READERS[kind](*rest)
        except (KeyError, TypeError, ValueError):
            raise SettingError(
                f"{text[:40]!r} is not an edit of the weights: write silence 1 7, scale 0.9, "
                "noise 0.1 3, or set W_hh 3 4 0.5."
            ) from None


def silence(layer: int, unit: int) -> Edit:
    """Ablate a unit of a layer (from 1)."""
    return Edit(EditKind.SILENCE, row=layer, column=unit)


def scale(factor: float) -> Edit:
    """Multiply all recurrent weights, and thus their spectral radius, by ``factor``."""
    return Edit(EditKind.SCALE, amount=factor)


def noise(share: float, seed: int) -> Edit:
    """Add Gaussian noise to each matrix; ``share`` times its root mean square is the deviation."""
    return Edit(EditKind.NOISE, amount=share, row=seed)


def set_weight(name: str, row: int, column: int, value: float) -> Edit:
    """Set one entry of a matrix."""
    return Edit(EditKind.SET, name, row, column, value)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError
    return int(text)


def _amount(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and abs(value) <= LARGEST):
        raise ValueError
    return value


_READERS: dict[str, Callable[..., Edit]] = {
    "silence": lambda layer, unit: silence(_count(layer), _count(unit)),
    "scale": lambda factor: scale(_amount(factor)),
    "noise": lambda share, seed: noise(_amount(share), _count(seed)),
    "set": lambda name, row, column, value: set_weight(
        name, _count(row), _count(column), _amount(value)
    ),
}


def apply_edits(parameters: Parameters, edits: Iterable[Edit]) -> Parameters:
    """A copy of the parameters with the edits applied in order."""
    edited = parameters.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        for edit in edits:
            _OPERATIONS[edit.kind](edited, edit)
    return edited


def problem(edit: Edit, architecture: Architecture) -> str:
    """Why the architecture doesn't allow an edit, as a sentence; empty if it does."""
    if edit.kind is EditKind.SILENCE:
        fits = 1 <= edit.row <= architecture.layers and edit.column < architecture.hidden
        return "" if fits else f"there is no unit {edit.column} in a layer {edit.row}."
    if edit.kind is EditKind.SET:
        array = Parameters(architecture).named().get(edit.name)
        if array is None or array.ndim < 2:
            return f"there is no matrix {edit.name[:20]!r}."
        fits = edit.row < array.shape[0] and edit.column < array.shape[1]
        return "" if fits else f"{edit.name} has only {array.shape[0]} × {array.shape[1]} entries."
    return ""


def outgoing(parameters: Parameters, layer: int, unit: int) -> Iterator[Array]:
    """Views of all outgoing weights of a unit of a layer (from 0), one per matrix.

    These are its columns of the recurrent weights, the input weights of the layer above, and the
    output layer. With an encoder, both stacks are included.
    """
    top = layer + 1 == parameters.architecture.layers
    for name, array in parameters.named().items():
        index = int(name[-1]) - 1 if name[-2] == "." else 0
        kind = plain(name)
        if kind == "W_hy":
            reads = top
        elif kind.startswith("W_h"):
            reads = index == layer
        else:
            reads = kind.startswith("W_x") and index == layer + 1
        if reads:
            yield array[:, unit]


def _silence(parameters: Parameters, edit: Edit) -> None:
    for weights in outgoing(parameters, edit.row - 1, edit.column):
        weights[...] = 0


def _scale(parameters: Parameters, edit: Edit) -> None:
    for name, array in _matrices(parameters):
        if plain(name).startswith("W_h") and name != "W_hy":
            np.multiply(array, edit.amount, array)


def _noise(parameters: Parameters, edit: Edit) -> None:
    rng = np.random.default_rng((edit.row, NOISE))
    for _, array in _matrices(parameters):
        rms = float(np.sqrt(np.mean(array**2)))
        added = edit.amount * rms * rng.standard_normal(array.shape)
        np.add(array, added, array, casting="same_kind")


def _set(parameters: Parameters, edit: Edit) -> None:
    parameters[edit.name][edit.row, edit.column] = edit.amount


def _matrices(parameters: Parameters) -> Iterator[tuple[str, Array]]:
    return ((name, array) for name, array in parameters.named().items() if array.ndim == 2)


_OPERATIONS = {
    EditKind.SILENCE: _silence,
    EditKind.SCALE: _scale,
    EditKind.NOISE: _noise,
    EditKind.SET: _set,
}
