"""Parameters: the weights of a network, and anything of the same shape (a gradient, an update)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import Activation, CellKind, Loss
from rnnviz.engine.buffers import copy_of
from rnnviz.engine.cell import Cell
from rnnviz.engine.cell_kinds import cell_of
from rnnviz.engine.layer_buffers import Array


class Architecture(NamedTuple):
    """What a network is made of: V tokens or channels in, H units a layer, C classes or channels.

    ``source`` is the number of tokens that an encoder reads before, 0 without an encoder; ``loss``
    says whether the outputs are probabilities of classes or the logits themselves.
    """

    inputs: int
    hidden: int
    outputs: int
    kind: CellKind = CellKind.ELMAN
    activation: Activation = Activation.TANH
    layers: int = 1
    source: int = 0
    loss: Loss = Loss.CROSS_ENTROPY

    @property
    def cell(self) -> Cell:
        """The cell of every layer."""
        return cell_of(self.kind, self.activation)

    @property
    def stacks(self) -> dict[str, int]:
        """The stacks, one or an encoder and a decoder, each with how many numbers it reads."""
        return {"enc.": self.source, "dec.": self.inputs} if self.source else {"": self.inputs}

    @property
    def affixes(self) -> list[tuple[str, str]]:
        """Of every layer, in order, what its parameters' names begin and end with."""
        numbers = [f".{n + 1}" if self.layers > 1 else "" for n in range(self.layers)]
        return [(stack, number) for stack in self.stacks for number in numbers]

    @property
    def widths(self) -> list[int]:
        """How many numbers every layer reads, in order."""
        above = [self.hidden] * (self.layers - 1)
        return [width for inputs in self.stacks.values() for width in (inputs, *above)]

    @property
    def shapes(self) -> list[list[tuple[int, ...]]]:
        """The shapes of the fused weights, block by block, of every layer."""
        return [[b.shape(width, self.hidden) for b in self.cell.blocks] for width in self.widths]


class Parameters:
    """All weights as views of one flat ``theta``.

    ``fused`` are the weights of every layer, of each its cell's blocks, (gates, rows [h, 1, x], H):
    the product of a row with one of them is its sum, and so is its gradient. ``readout``
    (H + 1, C): ``[h, 1] @ readout`` is W_hy h + b_y.
    """

    def __init__(
        self, architecture: Architecture, theta: Array | None = None, dtype: Any = float
    ) -> None:
        self.architecture = architecture
        last = architecture.hidden + 1, architecture.outputs
        shapes = architecture.shapes
        size = sum(math.prod(shape) for layer in shapes for shape in layer) + math.prod(last)
        self.theta: Array = np.zeros(size, dtype) if theta is None else theta
        cut = _cutter(self.theta)
        self.fused: list[list[Array]] = [[cut(shape) for shape in layer] for layer in shapes]
        self.readout: Array = cut(last)

    @property
    def W_hy(self) -> Array:
        """The readout's weights, (C, H)."""
        return self.readout[:-1].T

    @property
    def b_y(self) -> Array:
        """The readout's bias, (C,)."""
        bias: Array = self.readout[-1]
        return bias

    @cached_property
    def _by_name(self) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for (before, after), fused in zip(self.architecture.affixes, self.fused, strict=True):
            named = _of_layer(self.architecture, fused)
            found |= {f"{before}{name}{after}": array for name, array in named}
        return {**found, "W_hy": self.W_hy, "b_y": self.b_y}

    def named(self) -> dict[str, Array]:
        """The arrays by their names, in the order of the formulas; views, not copies."""
        return dict(self._by_name)

    def __getitem__(self, name: str) -> Array:
        return self._by_name[name]

    def like(self, theta: Array) -> Parameters:
        """Parameters of the same shape over other numbers."""
        return Parameters(self.architecture, theta)

    def copy(self) -> Parameters:
        """Parameters with the same values and their own memory."""
        return self.like(copy_of(self.theta))


def plain(name: str) -> str:
    """A parameter's name without encoder or decoder, and without the number of the layer."""
    return name.removeprefix("enc.").removeprefix("dec.").partition(".")[0]


def _cutter(flat: Array) -> Callable[[tuple[int, ...]], Array]:
    """A function that cuts arrays from ``flat``, one after the other."""
    start = 0

    def cut(shape: tuple[int, ...]) -> Array:
        nonlocal start
        end = start + math.prod(shape)
        matrix, start = flat[start:end].reshape(shape), end
        return matrix

    return cut


def _of_layer(architecture: Architecture, fused: list[Array]) -> list[tuple[str, Array]]:
    """The named parts of a layer's fused weights, gate by gate in the cell's own order."""
    hidden, cell = architecture.hidden, architecture.cell
    found: list[tuple[int, str, Array]] = []
    for block, matrix in zip(cell.blocks, fused, strict=True):
        bias = hidden * block.state
        for gate, part in zip(block.gates, matrix, strict=True):
            name = gate[-1]
            turn = cell.gates.index(name) if name in cell.gates else 0
            if block.inputs:
                found.append((turn, f"W_x{name}", part[bias + 1 :].T))
            if block.state:
                found.append((turn, f"W_h{name}", part[:hidden].T))
            found.append((turn, f"b_{gate}", part[bias]))
    return [(name, array) for _, name, array in sorted(found, key=lambda row: row[0])]
