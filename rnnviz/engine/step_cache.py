"""StepCache: bound steps of a training run, each on the arrays of its examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rnnviz.config import RunConfig
from rnnviz.engine.batch import Batch, ExampleLike, collate
from rnnviz.engine.bptt import bind
from rnnviz.engine.layer_buffers import Array, Kernel
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import WIDE, Trace

#: Networks with more weights write each example into a shared trace, at 1% of a step's time.
_SMALL = 200_000
#: Most objects of cached steps. Garbage collection visits all of them and stops every thread.
_OBJECTS = 50_000


class BoundStep(NamedTuple):
    """A batch with this number of outputs, bound for training.

    If ||da||^2 <= idle * limit^2, clipping has no effect.
    """

    forward: Kernel
    backward: Callable[[float], None]
    gradient: Kernel
    outputs: int
    idle: float
    da: Array


class StepCache:
    """Steps that read ``parameters`` and write their gradient to ``update``.

    In small networks, steps on single examples are cached, up to ``limit`` / 12 bytes of states;
    examples of equal length share what a pass overwrites. All other examples and batches are
    loaded into a trace for their lengths. With a wide vocabulary nothing can be shared: up to
    ``limit`` bytes are cached, and all other steps are bound each time. The number of objects that
    garbage collection visits is limited too.
    """

    def __init__(
        self, examples: Sequence[ExampleLike], parameters: Parameters, update: Parameters,
        config: RunConfig, limit: int,
    ) -> None:  # fmt: skip
        self._examples, self._architecture = examples, parameters.architecture
        self._parameters, self._update = parameters, update
        self._gradient, self.truncate, self._limit = config.gradient, config.truncate, limit
        # Whether a trace has only the columns of tokens that occur in it.
        self._wide = max(self._architecture.stacks.values()) > WIDE
        self._clear()

    def _clear(self) -> None:
        self.single: list[BoundStep | None] = [None] * len(self._examples)
        small = self._parameters.theta.size < _SMALL
        self._free_bytes = self._limit if self._wide else small * self._limit // 12
        self._free_objects = _OBJECTS if self._wide else _OBJECTS // 2
        self._scratch: dict[object, Trace] = {}
        #: By the lengths of a batch, the oldest first: trace, step, bytes and objects.
        self._batches: dict[object, tuple[Trace, BoundStep, int, int]] = {}

        self._last: tuple[Sequence[int], BoundStep] | None = None

    def steps(self, indexes: Sequence[int], batch: int, truncate: int) -> Iterable[BoundStep]:
        """The steps on these examples, ``batch`` at a time; use each before taking the next."""
        if truncate != self.truncate:
            self.truncate = truncate
            self._clear()
        if batch == 1:
            return map(self._single, indexes)
        starts = range(0, len(indexes), batch)
        return (self._batch(indexes[start : start + batch]) for start in starts)

    def _single(self, index: int) -> BoundStep:
        if (step := self.single[index]) is not None:
            return step
        if self._free_bytes <= 0 or self._free_objects <= 0:
            return self._load([index])
        trace, step = self._bind(collate([self._examples[index]]))
        # A trace with the columns of its own tokens can't share its memory.
        if not self._wide:
            self._scratch.setdefault(trace.batch.shape, trace)
        self.single[index] = step
        self._free_bytes -= sum(layer.z.nbytes for layer in trace.layers)
        self._free_objects -= _objects(trace)
        return step

    def _batch(self, indexes: Sequence[int]) -> BoundStep:
        if len(indexes) == 1:
            return self._single(indexes[0])
        if self._last is None or self._last[0] != indexes:
            self._last = None  # Loading may overwrite its trace.
            self._last = indexes, self._load(indexes)
        return self._last[1]

    def _bind(self, batch: Batch) -> tuple[Trace, BoundStep]:
        dtype, share = self._parameters.theta.dtype, self._scratch.get(batch.shape)
        trace = Trace(self._architecture, batch, dtype, share)
        bound = bind(self._parameters, trace, self._gradient, self.truncate)
        da = self._architecture.cell.all_errors(trace.layers[0])
        gradient = trace.bind_gradient(self._update)
        outputs, idle = len(trace.logits), 1 / sum(batch.read.counts)
        return trace, BoundStep(bound.forward, bound.backward, gradient, outputs, idle, da)

    def _load(self, indexes: Sequence[int]) -> BoundStep:
        """The step on these examples, in a cached trace of the same lengths if there is one."""
        batch = collate([self._examples[i] for i in indexes])
        if batch.shape in self._batches:
            trace, step, *_ = self._batches[batch.shape]
            trace.load(batch)
            return step
        trace, step = self._bind(batch)
        if all(columns is None for columns in trace.columns):
            self._batches[batch.shape] = trace, step, trace.nbytes, _objects(trace)
            while len(self._batches) > 1 and (
                sum(nbytes for *_, nbytes, _ in self._batches.values()) > self._limit
                or sum(objects for *_, objects in self._batches.values()) > _OBJECTS // 2
            ):
                del self._batches[next(iter(self._batches))]
        return step


def _objects(trace: Trace) -> int:
    """An upper estimate of the objects of a bound step that garbage collection visits."""
    # Those of each layer, of each product, and of each chunk of tokens.
    layer_objects = 40 + 2 * len(trace.architecture.cell.blocks)
    return sum(layer_objects + layer.extent.steps for layer in trace.layers)
