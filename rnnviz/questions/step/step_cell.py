"""StepCell: one layer's cell in a training step: its values, its gradients, and how they look."""

from __future__ import annotations

from functools import cached_property, partial

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import Node
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.cell_parts import Notation, Part, at_token, cell_parts
from rnnviz.probe.cell_values import CellGradients, CellValues
from rnnviz.probe.training_step import Focus, StepRecord


class StepCell:
    """The cell of a layer (from 0) on the first example of a step."""

    def __init__(self, step: StepRecord, layer: int) -> None:
        self.step, self.layer, self.unrolled = step, layer, step.unrolled(layer)
        self.parts = cell_parts(step.before.architecture.cell)
        self.values = CellValues(self.parts, self.unrolled, step.before)
        self.notation = Notation(self.parts.named, self.unrolled.name)

    def value_at(self, node: Node, t: int, unit: int) -> float:
        """One number of a value."""
        values = self.values(node)
        return float(values[t, unit] if values.ndim else values)

    def inputs_at(self, t: int) -> Array:
        """What the lowest layer reads at a token: its index, (), or values (D,)."""
        batch, (span, k) = self.step.trace.batch, self.unrolled.at(t)
        source = batch.source if span.stack == 0 and self.unrolled.bridge else None
        inputs: Array = (source or batch.read).inputs[k, span.column]
        return inputs

    def total_name(self, part: Part, t: int) -> str:
        """How the total of a part is written at a token; that of a line itself is its name."""
        if not part.functions:
            return at_token(part.name, t)
        return self.notation.inner(part.total, t)

    def weights(self, part: Part) -> list[str]:
        """The plain names of a part's weights: recurrent matrices, its bias, then the others."""
        affine = self.parts.affine_of(part)
        recurrent = [p.name for p in affine.products if p.remembers]
        others = [p.name for p in affine.products if p.name not in recurrent]
        bias = [name for name in [self.parts.cell.layout.bias_of(affine)] if name]
        return [*recurrent, *bias, *others] if recurrent else [*others, *bias]

    def matrix(self, part: Part) -> str:
        """The first of a part's matrices."""
        shapes = self.parts.equations.shapes
        return next(name for name in self.weights(part) if len(shapes[name]) > 1)

    def multiplied(self, name: str, part: Part) -> tuple[Node | None, Adjoint]:
        """The product with the matrix of this name, and its gradient; None for a bias."""
        for product, adjoint in self.parts.back.multiplied:
            if product.name == name:
                return product, adjoint
        return None, self.parts.back.of_affine[self.parts.affine_of(part).node]

    def outer(self, part: Part, t: int) -> str:
        """What a part's first matrix gains at a token, in symbols."""
        affine = self.parts.affine_of(part)
        product, adjoint = self.multiplied(self.matrix(part), part)
        if product is None or affine.node is not part.total:
            return ""
        error, read = self.notation.gradient(adjoint, t), self.notation.inner(product.args[0], t)
        return f"d{self.unrolled.name(t, product.name)} += {error} {read}ᵀ"

    @cached_property
    def gradients(self) -> CellGradients:
        """The gradients of all values."""
        exact = self.step.config.gradient is Gradient.EXACT
        return CellGradients(self.values, self.above, self.step.continues, exact)

    @cached_property
    def above(self) -> Array:
        """The part of dL/dh_t from the answer after the token, or from the layer above, (T, H)."""
        if self.upper is not None:
            rows = map(self.upper.from_input, range(len(self.unrolled)))
            return np.array([sum(terms.values()) for terms in rows])
        above = np.zeros((len(self.unrolled), self.step.hidden))
        for t, row in self.step.outputs.items():
            above[t] = self.step.trace.dlogits[row] @ self.step.before.W_hy
        return above

    @property
    def upper(self) -> StepCell | None:
        """The cell of the layer above."""
        last = self.layer + 1 == self.step.before.architecture.layers
        return None if last else step_cell(self.step, self.layer + 1)

    @property
    def input_gradient(self) -> Adjoint:
        """The gradient of what the layer reads."""
        return next(a for a in self.parts.back.adjoints if a.node and a.node.kind == "input")

    def from_input(self, t: int) -> dict[tuple[str, Adjoint], Array]:
        """The parts of the gradient of what the layer reads at a token, by matrix and gradient."""
        read = self.input_gradient
        through = partial(self.gradients.through, read, t=t)
        return {(name, one): through(name, one) for name, one in read.products}

    def recorded(self, adjoint: Adjoint) -> Array:
        """A gradient as the engine has recorded it; else as it is computed here, (T, H)."""
        node, cell = adjoint.node, self.parts.cell
        if node in cell.layout.slots:
            return self.unrolled.error(cell.layout.slots[node])
        arriving = self.parts.back.arriving[self.parts.out]
        own = adjoint.node and self.parts.cell.layout.adjoints.get(adjoint.node)
        whole = isinstance(own, Adjoint) and own.arrives is not None
        # What the engine has added up in dL/dh_t.
        added = adjoint is arriving or (whole and adjoint.arrives is arriving)
        return self.unrolled.dh if added else self.gradients(adjoint)


def step_cell(step: StepRecord, layer: int) -> StepCell:
    """The cell of a layer in a step; made once."""
    if layer not in step.cells:
        step.cells[layer] = StepCell(step, layer)
    cell: StepCell = step.cells[layer]
    return cell


def part_of(step: StepRecord, focus: Focus) -> Part:
    """The part of the cell that is selected."""
    return step_cell(step, focus.layer).parts.by_name[focus.part]


def output_name(step: StepRecord, t: int) -> str:
    """How the state that is read out is written at a token."""
    return at_token(step.before.architecture.cell.equations.out, t)
