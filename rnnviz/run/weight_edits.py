"""Weight edits: manual changes of the weights, as short texts that fit in a link."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np

from rnnviz.config import SettingError
from rnnviz.engine.graph import INPUTS, UNITS
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters, plain

#: The largest absolute value of a weight, a factor or a noise level.
LARGEST = 1e6
#: Most digits of a row, a column, a unit or a seed.
_DIGITS = 9
#: Most random numbers of all noise in a link: they take about two seconds.
MOST_DRAWN = 100_000_000
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
        values = (getattr(self, field) for field in _FIELDS[self.kind])
        return " ".join(map(str, (self.kind, *values)))

    @classmethod
    def parse(cls, text: str) -> Edit:
        """Parse the output of ``str``; raises SettingError."""
        kind, *words = text.split()[:6] or [""]
        try:
            fields = _FIELDS[EditKind(kind)]
            pairs = zip(fields, words, strict=True)
            return cls(EditKind(kind), **{field: _PARSERS[field](word) for field, word in pairs})
        except ValueError:
            raise SettingError(
                f"{text[:40]!r} is not an edit of the weights: write silence 1 7, scale 0.9, "
                f"noise 0.1 3, or set W_hh 3 4 0.5, with amounts of at most {LARGEST:,.0f} and "
                f"whole numbers of at most {_DIGITS} digits."
            ) from None


def read_edits(text: str) -> tuple[Edit, ...]:
    """Parse edits with commas between them; raises SettingError."""
    return tuple(map(Edit.parse, text.split(",")))


def written_edits(edits: Iterable[Edit]) -> str:
    """The text that ``read_edits`` reads."""
    return ",".join(map(str, edits))


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
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise ValueError
    return int(text)


def _amount(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and abs(value) <= LARGEST):
        raise ValueError
    return value


_PARSERS: dict[str, Callable[[str], Any]] = {
    "name": str, "row": _count, "column": _count, "amount": _amount,
}  # fmt: skip
#: The fields of an edit in the order of its text.
_FIELDS = {
    EditKind.SILENCE: ("row", "column"),
    EditKind.SCALE: ("amount",),
    EditKind.NOISE: ("amount", "row"),
    EditKind.SET: ("name", "row", "column", "amount"),
}


def apply_edits(parameters: Parameters, edits: Iterable[Edit]) -> Parameters:
    """A copy of the parameters with the edits applied in order."""
    edited = parameters.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        for edit in edits:
            _apply(edited, edit)
    return edited


def _apply(parameters: Parameters, edit: Edit) -> None:
    matrices = {name: array for name, array in parameters.named().items() if array.ndim == 2}
    match edit.kind:
        case EditKind.SILENCE:
            for weights in outgoing(parameters, edit.row - 1, edit.column):
                weights[...] = 0
        case EditKind.SCALE:
            recurrent = parameters.architecture.cell.equations.recurrent
            for name, array in matrices.items():
                if plain(name) in recurrent:
                    array[...] *= edit.amount
        case EditKind.NOISE:
            rng = np.random.default_rng((edit.row, NOISE))
            for array in matrices.values():
                rms = float(np.sqrt(np.mean(array**2)))
                array[...] += edit.amount * rms * rng.standard_normal(array.shape)
        case EditKind.SET:
            matrices[edit.name][edit.row, edit.column] = edit.amount


def problem(edit: Edit, architecture: Architecture) -> str:
    """Why the architecture doesn't allow an edit, as a sentence; empty if it does."""
    if edit.kind is EditKind.SILENCE:
        fits = 1 <= edit.row <= architecture.layers and edit.column < architecture.hidden
        return "" if fits else f"there is no unit {edit.column} in a layer {edit.row}."
    if edit.kind is EditKind.SET:
        shape = _shapes(architecture).get(edit.name, ())
        if len(shape) < 2:
            return f"there is no matrix {edit.name[:20]!r}."
        fits = edit.row < shape[0] and edit.column < shape[1]
        return "" if fits else f"{edit.name} has only {shape[0]} × {shape[1]} entries."
    return ""


@lru_cache(maxsize=4)
def _shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter: a file may have thousands of edits."""
    return {name: array.shape for name, array in Parameters(architecture).named().items()}


def outgoing(parameters: Parameters, layer: int, unit: int) -> Iterator[Array]:
    """Views of all outgoing weights of a unit of a layer (from 0), one per matrix.

    These are its columns of the recurrent weights, the input weights of the layer above, and the
    output layer. With an encoder, both stacks are included. If the output is no state (LRU), a unit
    is one of the output: the states behind it have an order of their own, and keep their weights.
    """
    layers, equations = parameters.architecture.layers, parameters.architecture.cell.equations
    shapes, read_by = equations.shapes, dict[tuple[str, ...], int]({(UNITS, INPUTS): layer + 1})
    if equations.out in equations.states:
        read_by[UNITS, UNITS] = layer
    for index, arrays in enumerate(parameters.by_layer()):
        for name, array in arrays.items():
            of_states = shapes[name] != (UNITS, UNITS) or name in equations.recurrent
            if of_states and read_by.get(shapes[name]) == index % layers:
                yield array[:, unit]
    if layer + 1 == layers:
        yield parameters.W_hy[:, unit]
