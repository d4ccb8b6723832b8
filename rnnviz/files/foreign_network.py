"""ForeignNetwork: the arrays of a network from elsewhere, and the same network here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnnviz.config import SETTINGS, Activation, Loss, Precision, RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters

#: The order of the gates in PyTorch's stacked arrays.
GATES = {"elman": "h", "gru": "rzn", "lstm": "ifgo"}
#: The arrays of a layer that has biases, without the layer's number.
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def write_layers(arrays: Mapping[str, Array], parameters: Parameters) -> None:
    """Write PyTorch's arrays into the parameters; missing biases are 0.

    Two biases become their sum, but for those of GRU's n.
    """
    kind = parameters.architecture.kind
    for number, named in enumerate(parameters.by_layer()):
        layer = {name: arrays.get(f"{name}_l{number}") for name in NAMES}
        weight_ih, weight_hh, *biases = layer.values()
        _unstack(weight_ih, [named[f"W_x{gate}"] for gate in GATES[kind]])
        _unstack(weight_hh, [named[f"W_h{gate}"] for gate in GATES[kind]])
        first, second = (np.zeros(len(_known(weight_hh))) if b is None else b for b in biases)
        hidden = parameters.architecture.hidden
        if kind == "gru":
            named["b_hn"][...] = second[-hidden:]
            second = np.concatenate([second[:-hidden], np.zeros(hidden)])
        # In the precision of the biases, as PyTorch has it: they are summed before they are added.
        _unstack(first + second, [named[name] for name in _biases(kind)])


def torch_layers(parameters: Parameters) -> dict[str, Array]:
    """PyTorch's arrays with the same weights; of bias_hh only GRU's n is not 0."""
    kind, arrays = parameters.architecture.kind, dict[str, Array]()
    for number, named in enumerate(parameters.by_layer()):
        first = np.concatenate([named[name] for name in _biases(kind)])
        second = np.zeros_like(first)
        if kind == "gru":
            second[-parameters.architecture.hidden :] = named["b_hn"]
        stacks = (_stack(named, "W_x", kind), _stack(named, "W_h", kind), first, second)
        arrays |= {f"{name}_l{number}": stack for name, stack in zip(NAMES, stacks, strict=True)}
    return arrays


def _biases(kind: str) -> list[str]:
    """The names of what is PyTorch's first bias here, or the sum of both."""
    return ["b_r", "b_z", "b_xn"] if kind == "gru" else [f"b_{g}" for g in GATES[kind]]


def _stack(named: Mapping[str, Array], prefix: str, kind: str) -> Array:
    return np.concatenate([named[f"{prefix}{gate}"] for gate in GATES[kind]])


def _unstack(stacked: Array | None, parts: Sequence[Array]) -> None:
    """Write the rows of a stack into arrays of equal size."""
    for part, rows in zip(parts, np.split(_known(stacked), len(parts)), strict=True):
        part[...] = rows


def _known(array: Array | None) -> Array:
    assert array is not None, "a layer has weights"
    return array


# The arrays of a network from elsewhere, and the same network here


#: Most rows of an embedding, and so most words; and most numbers at a step.
MAX_INPUTS = 5_000


class TransferError(ValueError):
    """Why a network can't be taken over or given away, in a sentence."""


@dataclass(frozen=True, eq=False)
class ForeignNetwork:
    """The arrays of a recurrent network with PyTorch's names and shapes.

    ``layers`` are the recurrent layers' arrays, see ``torch_layers``; ``readout`` (C, H) and
    ``readout_bias`` (C,) those of the answer; ``embedding`` (V, E) has a row a word. Without it the
    first layer reads words as one-hot vectors, or, without ``tokens``, numbers. The ``loss`` says
    whether it answers classes or values. Raises TransferError for arrays that don't fit.
    """

    kind: str
    layers: Mapping[str, Array]
    readout: Array
    readout_bias: Array | None = None
    embedding: Array | None = None
    activation: Activation = Activation.TANH
    tokens: bool = True
    loss: Loss = Loss.CROSS_ENTROPY

    def __post_init__(self) -> None:
        for sentence in self._problems():
            raise TransferError(sentence)

    # Sizes

    @property
    def count(self) -> int:
        """The number of layers."""
        return sum(name.startswith("weight_hh_l") for name in self.layers)

    @property
    def hidden(self) -> int:
        """The number of units in a layer."""
        return int(self.layers["weight_hh_l0"].shape[-1])

    @property
    def inputs(self) -> int:
        """The number of words, or of numbers at a step."""
        source = self.layers["weight_ih_l0"].T if self.embedding is None else self.embedding
        return len(source)

    @property
    def outputs(self) -> int:
        """The number of classes, or of values."""
        return len(self.readout)

    @property
    def answers_classes(self) -> bool:
        """Whether it answers classes, not values."""
        return self.loss is Loss.CROSS_ENTROPY

    @property
    def precision(self) -> Precision:
        """The number format of its weights."""
        return Precision(str(self.readout.dtype))

    def check_sizes(self, inputs: int, outputs: int) -> None:
        """Raise TransferError unless it has so many inputs, or words, and outputs, or classes."""
        nouns = "words" if self.tokens else "inputs", self._outputs
        pairs = zip((self.inputs, self.outputs), (inputs, outputs), strict=True)
        for noun, (found, given) in zip(nouns, pairs, strict=True):
            if found != given:
                raise TransferError(f"The network has {found:,} {noun}, and {given:,} are given.")

    # The same network here

    def config(self) -> RunConfig:
        """The settings of a run with this network."""
        return RunConfig(
            cell=self.kind, activation=self.activation, hidden=self.hidden, layers=self.count,
            dtype=self.precision,
        )  # fmt: skip

    def parameters(self) -> Parameters:
        """The same weights; an embedding is multiplied into the input weights."""
        of = Architecture(
            self.inputs, self.hidden, self.outputs, self.kind, self.activation, self.count,
            loss=self.loss,
        )  # fmt: skip
        parameters = Parameters(of, dtype=self.precision.value)
        layers = dict(self.layers)
        if self.embedding is not None:
            # In float64, so that it is rounded once.
            words = self.embedding.astype(float)
            layers["weight_ih_l0"] = layers["weight_ih_l0"].astype(float) @ words.T
        write_layers(layers, parameters)
        parameters.W_hy[...] = self.readout
        parameters.b_y[...] = 0 if self.readout_bias is None else self.readout_bias
        return parameters

    @property
    def note(self) -> str:
        """How training on differs from training in PyTorch, in a sentence; empty if it doesn't."""
        reasons = [*self._reasons()]
        if not reasons:
            return ""
        return f"Training on differs from PyTorch: {'; '.join(reasons)}."

    def _reasons(self) -> Iterator[str]:
        if self._biased:
            gates = "of the gates r and z " if self.kind == "gru" else ""
            yield f"its two biases {gates}are one here, which moves half as far a step under sgd"
        else:
            yield "here the cells have biases, which begin at 0"
        if self.embedding is not None:
            yield "embedding and input weights are one matrix here, their product"
        if self.readout_bias is None:
            yield "here the readout has a bias, which begins at 0"

    # What doesn't fit

    def _problems(self) -> Iterator[str]:
        yield from self._kind_problems()
        yield from self._layer_problems()
        yield from self._end_problems()
        for name, array in self._named():
            if not np.isfinite(array).all():
                yield f"{name} has values that are not finite numbers: train the network again."

    def _named(self) -> Iterator[tuple[str, Array]]:
        ends = {
            "The readout": self.readout,
            "The bias of the readout": self.readout_bias,
            "The embedding": self.embedding,
        }
        yield from self.layers.items()
        yield from ((name, array) for name, array in ends.items() if array is not None)

    def _kind_problems(self) -> Iterator[str]:
        for name in ("weight_ih_l0", "weight_hh_l0"):
            if name not in self.layers:
                yield f"There is no {name}."
        for name, array in self._named():
            if not array.ndim or not array.size:
                yield f"{name} has the shape {array.shape}: it is no vector and no matrix."
        found = {str(array.dtype) for _, array in self._named()}
        known = [*map(str, Precision)]
        if found - {*known}:
            name = min(found - {*known})
            yield f"The weights are {name}, not {' or '.join(known)}: convert them with .float()."
        if len(found) > 1:
            yield f"The weights mix {' and '.join(sorted(found))}: convert all to one of them."

    def _layer_problems(self) -> Iterator[str]:
        most, hidden = int(SETTINGS["layers"].high), self.hidden
        if not 1 <= self.count <= most:
            yield f"The network has {self.count} layers; 1 to {most} can be shown."
        if not 1 <= hidden <= SETTINGS["hidden"].high:
            yield f"A layer has {hidden:,} units; 1 to {SETTINGS['hidden'].high} can be shown."
        rows, biases = len(GATES[self.kind]) * hidden, self._biased
        for number in range(self.count):
            shapes: dict[str, tuple[int, ...]] = {"weight_hh": (rows, hidden)}
            shapes["weight_ih"] = rows, hidden if number else self._width
            if biases:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            for name, shape in shapes.items():
                yield from _shape_problems(self.layers, f"{name}_l{number}", shape)

    @property
    def _biased(self) -> bool:
        return any(name.startswith("bias_") for name in self.layers)

    @property
    def _width(self) -> int:
        """The number of inputs of the first layer."""
        first = self.layers["weight_ih_l0"] if self.embedding is None else self.embedding
        return first.shape[-1] if first.ndim == 2 else -1

    def _end_problems(self) -> Iterator[str]:
        if self.readout.ndim != 2 or self.readout.shape[1] != self.hidden:
            yield (
                f"The readout has the shape {self.readout.shape}, and must read the "
                f"{self.hidden} units of the last layer: ({self._outputs}, {self.hidden})."
            )
        if self.readout_bias is not None and self.readout_bias.shape != (self.outputs,):
            yield (
                f"The bias of the readout has the shape {self.readout_bias.shape} beside "
                f"{self.outputs} {self._outputs}."
            )
        if self.outputs == 1 and self.answers_classes:
            yield (
                "The readout has one output, as for a sigmoid. Two classes need two: give it the "
                "rows 0 and w, which answer the same."
            )
        if self.inputs > MAX_INPUTS:
            noun = "words" if self.tokens else "numbers at a step"
            yield f"The network reads {self.inputs:,} {noun}; at most {MAX_INPUTS:,} can be shown."
        if self.embedding is not None and not self.tokens:
            yield (
                "The network has an embedding, so it reads words, not numbers: give vocabulary=, "
                "not inputs=."
            )

    @property
    def _outputs(self) -> str:
        return "classes" if self.answers_classes else "outputs"


def _shape_problems(
    arrays: Mapping[str, Array], name: str, shape: tuple[int, ...]
) -> Iterator[str]:
    if name not in arrays:
        yield f"There is no {name}."
    elif arrays[name].shape != shape:
        yield f"{name} has the shape {arrays[name].shape}, and must have {shape}."
