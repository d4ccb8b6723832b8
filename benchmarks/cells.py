"""Cells from equations: ``python -m benchmarks.cells``.

How long it takes until a text is a cell that trains: read, derived, checked by complex steps,
planned. And how many times the speed of a loop in PyTorch it has, forward and backward on one
sequence of 50 tokens, where PyTorch is installed.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

from benchmarks.table import Row, print_table
from rnnviz.cells import CELLS, CellText
from rnnviz.engine.cell_check import define
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.equations import equations_of
from rnnviz.engine.layer_buffers import Array, BackwardOptions, Dims, Layer

T, D, H, REPETITIONS = 50, 18, 64, 15


def milliseconds(run: Callable[[], object]) -> float:
    """The median of some repetitions."""
    times = []
    for _ in range(REPETITIONS):
        before = time.perf_counter()
        run()
        times.append(time.perf_counter() - before)
    return 1000 * median(times)


def ready(cell: CellText) -> DerivedCell:
    """A cell that trains, from nothing but its text."""
    constants = "".join(f"{name} = {value}\n" for name, value in cell.constants.items())
    return DerivedCell(define(f'{constants}{cell.lines}\nout = "{cell.out}"'))


def weights_of(cell: CellText) -> dict[str, Array]:
    """Small random weights by name."""
    rng, sizes = np.random.default_rng(0), {"H": H, "D": D}
    shapes = equations_of(cell).shapes.items()
    return {name: 0.1 * rng.normal(size=[sizes[s] for s in shape]) for name, shape in shapes}


def our_pass(text: CellText) -> Callable[[], object]:
    """Forward and backward of the engine; the gradient is that of the last output."""
    cell, rng = DerivedCell(text), np.random.default_rng(0)
    layer = Layer(Dims(T, 1, H, D), (1,) * T, float, rows=cell.layout.rows)
    cell.allocate(layer)
    weights = [0.1 * rng.normal(size=shape) for shape in cell.shapes(D, H)]
    layer.x[...] = rng.normal(size=layer.x.shape)
    forward = cell.bind_forward(weights, layer)
    layer.dh[...] = 0
    backward = cell.bind_backward(weights, layer, BackwardOptions(adds=True))

    read = [cell.read(block, layer) for block in cell.blocks]
    rows = [
        layer.rows[:, block.columns(H)] if value is None else value.reshape(-1, H)
        for block, value in zip(cell.blocks, read, strict=True)
    ]

    def both() -> None:
        forward()
        layer.dh[:-1] = 0
        layer.dh[-1] = 1
        backward()
        for left, errors, out in zip(rows, cell.errors(layer), weights, strict=False):
            np.matmul(left.T, errors.reshape(len(errors), -1, H), np.empty_like(out))

    return both


def their_pass(text: CellText) -> Callable[[], object]:
    """The same in PyTorch, with the loop that the tests compare with."""
    import torch  # noqa: PLC0415 - it may not be there

    from tests.unit.engine import test_cells_torch as loops  # noqa: PLC0415

    weights: dict[str, Any] = {
        name: torch.tensor(value, requires_grad=True) for name, value in weights_of(text).items()
    }
    x = torch.tensor(np.random.default_rng(0).normal(size=(T, D)))
    step: Callable[..., Any] = loops.STEPS[text.name]  # type: ignore[assignment]
    loops.H = H

    def both() -> None:
        state = [torch.ones(H, dtype=torch.float64) for _ in equations_of(text).states]
        for token in x:
            output, state = step(weights, token, *state)
        output.sum().backward()

    torch.set_num_threads(1)
    return both


def rows() -> Iterator[Row]:
    """The time of every cell, and its speed relative to PyTorch's."""
    for name, cell in CELLS.items():
        took = milliseconds(partial(ready, cell))
        yield Row(f"{name}, from text to a cell", took, "ms", at_most=50)
    for name, cell in CELLS.items() if find_spec("torch") else ():
        ratio = milliseconds(their_pass(cell)) / milliseconds(our_pass(cell))
        yield Row(f"{name}, {T} tokens, H {H}, times PyTorch's loop", ratio, "x", at_least=1)


if __name__ == "__main__":
    print_table(rows())
