"""Parameters: the weights of a network, or a gradient or update of their shape; initial ones."""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from rnnviz.cells import KEEPING
from rnnviz.config import Activation, Init, Loss, RunConfig
from rnnviz.engine.derived_cell import DerivedCell, cell_of
from rnnviz.engine.layer_buffers import Array

#: Copies of at least this many bytes get their own memory mapping.
_LARGE = 1_000_000
#: A cache line in bytes: products with weights that begin at one take a sixth less time.
_LINE = 64


def zeros(size: int, dtype: Any) -> Array:
    """An array (size,) of zeros that begins at a cache line."""
    nbytes = size * np.dtype(dtype).itemsize
    memory = np.zeros(nbytes + _LINE, np.uint8)
    start = -memory.__array_interface__["data"][0] % _LINE
    return memory[start : start + nbytes].view(dtype)


def copy_of(array: Array) -> Array:
    """A writeable copy of an array (N,).

    A run of a large network makes and drops copies all the time. Freeing a mapping returns its
    memory to the system; the heap would become fragmented.
    """
    if array.nbytes < _LARGE:
        copy = zeros(array.size, array.dtype)
    else:
        copy = np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype)
    copy[...] = array
    return copy


class Architecture(NamedTuple):
    """A network's sizes and kind: V tokens or channels in, H units a layer, C outputs.

    ``source`` is the size of the encoder's vocabulary, 0 without an encoder. The outputs are class
    probabilities or the logits themselves, depending on ``loss``. ``equations`` are those of a cell
    of one's own, ``constants`` numbers in a cell's equations, such as a=0.2.
    """

    inputs: int
    hidden: int
    outputs: int
    kind: str = "elman"
    activation: Activation = Activation.TANH
    layers: int = 1
    source: int = 0
    loss: Loss = Loss.CROSS_ENTROPY
    equations: str = ""
    constants: str = ""

    @property
    def cell(self) -> DerivedCell:
        """The cell of every layer."""
        return cell_of(self.kind, self.activation, self.equations, self.constants)

    @property
    def out(self) -> str:
        """The name of the state that the next layer and the readout read."""
        return self.cell.equations.out

    @property
    def stacks(self) -> dict[str, int]:
        """The input size of each stack: of the only one, or of encoder and decoder."""
        return {"enc.": self.source, "dec.": self.inputs} if self.source else {"": self.inputs}

    @property
    def affixes(self) -> list[tuple[str, str]]:
        """The prefix and the suffix of the parameter names of every layer."""
        numbers = [f".{n + 1}" if self.layers > 1 else "" for n in range(self.layers)]
        return [(stack, number) for stack in self.stacks for number in numbers]

    @property
    def shapes(self) -> list[list[tuple[int, ...]]]:
        """The shapes of every layer's fused weights, one for each block."""
        above = [self.hidden] * (self.layers - 1)
        widths = [width for inputs in self.stacks.values() for width in (inputs, *above)]
        return [[*self.cell.shapes(width, self.hidden)] for width in widths]


class Parameters:
    """All weights as views of one flat ``theta``.

    ``fused`` holds, for every layer and every block of its cell, an array (gates, rows, H):
    [h, 1, x] times it gives the pre-activations. Vectors outside of blocks follow in one array,
    (n, H). ``readout`` is (H + 1, C): ``[h, 1] @ readout`` is W_hy h + b_y.
    """

    def __init__(
        self, architecture: Architecture, theta: Array | None = None, dtype: Any = float
    ) -> None:
        self.architecture = architecture
        readout = architecture.hidden + 1, architecture.outputs
        shapes = architecture.shapes
        size = sum(math.prod(shape) for layer in shapes for shape in layer) + math.prod(readout)
        self.theta: Array = zeros(size, dtype) if theta is None else theta
        cut = _cutter(self.theta)
        self.fused: list[list[Array]] = [[cut(shape) for shape in layer] for layer in shapes]
        self.readout: Array = cut(readout)

    @property
    def W_hy(self) -> Array:
        """The weights of the readout, (C, H)."""
        return self.readout[:-1].T

    @property
    def b_y(self) -> Array:
        """The bias of the readout, (C,)."""
        bias: Array = self.readout[-1]
        return bias

    @cached_property
    def _by_name(self) -> dict[str, Array]:
        arrays: dict[str, Array] = {}
        for (prefix, suffix), fused in zip(self.architecture.affixes, self.fused, strict=True):
            named = _of_layer(self.architecture, fused)
            arrays |= {f"{prefix}{name}{suffix}": array for name, array in named}
        return {**arrays, "W_hy": self.W_hy, "b_y": self.b_y}

    def named(self) -> dict[str, Array]:
        """The arrays by name, in the order of the equations; views, not copies."""
        return dict(self._by_name)

    def by_layer(self) -> list[dict[str, Array]]:
        """The arrays of every layer, an encoder's first, by their plain names; views."""
        return [dict(_of_layer(self.architecture, fused)) for fused in self.fused]

    def __getitem__(self, name: str) -> Array:
        return self._by_name[name]

    def like(self, theta: Array) -> Parameters:
        """Parameters of the same architecture over another ``theta``."""
        return Parameters(self.architecture, theta)

    def copy(self) -> Parameters:
        """An independent copy."""
        return self.like(copy_of(self.theta))

    def times(self, factors: Array | None) -> Parameters:
        """The weights times these factors, (P,); these weights themselves without factors."""
        return self if factors is None else self.like(self.theta * factors)


def plain(name: str) -> str:
    """A parameter's name without its stack and its layer."""
    # A matrix may be called enc; only the number of a layer is not a name.
    return next(part for part in reversed(name.split(".")) if not part.isdigit())


def _cutter(flat: Array) -> Callable[[tuple[int, ...]], Array]:
    """A function that returns consecutive views of ``flat``."""
    start = 0

    def cut(shape: tuple[int, ...]) -> Array:
        nonlocal start
        begin, start = start, start + math.prod(shape)
        return flat[begin:start].reshape(shape)

    return cut


def _of_layer(architecture: Architecture, fused: list[Array]) -> list[tuple[str, Array]]:
    """The named parts of a layer's fused weights, in the order of the cell's equations."""
    named: dict[str, Array] = {}
    cell = architecture.cell
    for block, matrix in zip(cell.blocks, fused, strict=False):
        named |= block.named(matrix, architecture.hidden)
    if cell.vectors:
        named |= zip(cell.vectors, fused[-1], strict=True)
    return [(name, named[name]) for name in cell.equations.shapes]


# Initial weights

#: Streams of ``np.random.default_rng((seed, stream, ...))`` in training. Other uses: 3, with a
#: task's name (tasks/task.py), 4 (questions/learn), 5 (tasks/data/split.py), 6 (tasks/dataset.py;
#: noise of run/weight_edits.py), 7 (probe/fixed_points.py), 10 (sweeps/grid.py). The
#: next new one is 11.
INITIALISATION, SHUFFLING, DROPPING = 1, 2, 3


def initial_parameters(architecture: Architecture, config: RunConfig) -> Parameters:
    """Matrices drawn by ``config.init`` from ``config.seed``, vectors as the cell says, or zero."""
    parameters = Parameters(architecture, dtype=config.dtype.value)
    rng = np.random.default_rng((config.seed, INITIALISATION))
    cell = architecture.cell
    first = first_formulas(cell)
    for name, array in parameters.named().items():
        kind = plain(name)
        if array.ndim == 2:
            recurrent = kind in cell.equations.recurrent
            array[...] = _matrix(rng, config.init, array.shape, config.init_scale, recurrent)
        elif kind in first:
            known = {"np": np, "rng": rng, "HIDDEN": len(array), "FORGET_BIAS": config.forget_bias}
            # A formula of the table of cells; a text of one's own has none.
            array[...] = eval(first[kind], known)
    return parameters


def first_formulas(cell: DerivedCell) -> dict[str, str]:
    """The formulas of the vectors of weights that don't begin at 0, by name."""
    found = {f"b_{cell.equations.keeps}": KEEPING, **cell.text.first}
    return {name: formula for name, formula in found.items() if name in cell.equations.shapes}


def _matrix(
    rng: np.random.Generator, kind: Init, shape: tuple[int, ...], scale: float, recurrent: bool
) -> Array:
    """Draw initial weights; only recurrent ones are orthogonal or the identity.

    normal: standard deviation ``scale``. xavier: uniform in ±sqrt(6 / (fan_in + fan_out)) (Glorot
    and Bengio 2010). orthogonal: Saxe et al. 2014. identity: Le et al. 2015.
    """
    if recurrent and kind is Init.IDENTITY:
        return np.eye(shape[0], shape[1])
    if recurrent and kind is Init.ORTHOGONAL:
        q, r = np.linalg.qr(rng.standard_normal(shape))
        # The signs of R's diagonal make the distribution uniform.
        weights: Array = q * np.sign(np.diag(r))
        return weights
    if kind in (Init.NORMAL, Init.IDENTITY):
        return scale * rng.standard_normal(shape)
    limit = (6 / sum(shape)) ** 0.5
    return rng.uniform(-limit, limit, shape)
