"""ForeignNetwork: a network with PyTorch's arrays, and the same network here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import numpy as np

from rnnviz.config import SETTINGS, Activation, Loss, Precision, RunConfig, SettingError
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.tasks.data.csv_table import TaskError

#: The order of the gates in PyTorch's stacked arrays.
GATES = {"elman": "h", "gru": "rzn", "lstm": "ifgo"}
#: The arrays of a layer with biases, without the layer's number.
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def write_layers(arrays: Mapping[str, Array], parameters: Parameters) -> None:
    """Write PyTorch's arrays into the parameters; missing biases are 0.

    Two biases become their sum, except those of a GRU's n.
    """
    kind, hidden = parameters.architecture.kind, parameters.architecture.hidden
    for number, named in enumerate(parameters.by_layer()):
        weight_ih, weight_hh = (arrays[f"{name}_l{number}"] for name in NAMES[:2])
        none = np.zeros(len(weight_hh))
        first, second = (arrays.get(f"{name}_l{number}", none) for name in NAMES[2:])
        if kind == "gru":
            named["b_hn"][...] = second[-hidden:]
            second = np.concatenate([second[:-hidden], np.zeros(hidden)])
        # The biases are summed in their own precision, as in PyTorch.
        for stacked, names in (
            (weight_ih, [f"W_x{gate}" for gate in GATES[kind]]),
            (weight_hh, [f"W_h{gate}" for gate in GATES[kind]]),
            (first + second, _biases(kind)),
        ):
            for name, rows in zip(names, np.split(stacked, len(names)), strict=True):
                named[name][...] = rows


def torch_layers(parameters: Parameters) -> dict[str, Array]:
    """PyTorch's arrays with the same weights; bias_hh is 0, except for a GRU's n."""
    kind, arrays = parameters.architecture.kind, dict[str, Array]()
    for number, named in enumerate(parameters.by_layer()):
        first = np.concatenate([named[name] for name in _biases(kind)])
        second = np.zeros_like(first)
        if kind == "gru":
            second[-parameters.architecture.hidden :] = named["b_hn"]
        weights = (
            np.concatenate([named[f"{prefix}{gate}"] for gate in GATES[kind]])
            for prefix in ("W_x", "W_h")
        )
        stacks = zip(NAMES, (*weights, first, second), strict=True)
        arrays |= {f"{name}_l{number}": stack for name, stack in stacks}
    return arrays


def _biases(kind: str) -> list[str]:
    """Our biases that PyTorch has in its first bias, or in the sum of both."""
    return ["b_r", "b_z", "b_xn"] if kind == "gru" else [f"b_{g}" for g in GATES[kind]]


#: The most words, which are the rows of an embedding, and the most numbers at a step.
MAX_INPUTS = 5_000


class TransferError(ValueError):
    """Why a network can't be imported or exported, in a sentence."""


@contextmanager
def problems_of(name: str) -> Iterator[None]:
    """A block in which invalid content raises TransferError, beginning with ``name``."""
    try:
        yield
    except TransferError as problem:
        problem.args = (f"{name}: {problem}",)
        raise
    except TaskError as problem:
        raise TransferError(f"{name}: {problem}") from None
    except (SettingError, CellError) as problem:
        raise TransferError(f"{name}: its settings can't be used. {problem}") from None


@dataclass(frozen=True, eq=False)
class ForeignNetwork:
    """The arrays of a recurrent network with PyTorch's names and shapes.

    ``layers`` are the recurrent layers' arrays, see ``torch_layers``; ``readout`` (C, H) and
    ``readout_bias`` (C,) are those of the readout; ``embedding`` (V, E) has a row a word. Without
    it the first layer reads one-hot words, or numbers without ``tokens``. The ``loss`` is that
    of classes or of values. Raises TransferError for arrays that don't fit.
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
        for sentence in chain(self._kind_problems(), self._layer_problems(), self._end_problems()):
            raise TransferError(sentence)
        for name, array in self._named():
            if not np.isfinite(array).all():
                raise TransferError(
                    f"{name} has values that are not finite numbers: train the network again."
                )

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
        """Raise TransferError unless it has these numbers of inputs and outputs."""
        for noun, found, given in (
            ("words" if self.tokens else "inputs", self.inputs, inputs),
            (self._outputs, self.outputs, outputs),
        ):
            if found != given:
                has = f"{found:,} {noun.removesuffix('s') if found == 1 else noun}"
                are = "is" if given == 1 else "are"
                raise TransferError(f"The network has {has}, and {given:,} {are} given.")

    # The same network here

    def config(self) -> RunConfig:
        """The settings of a run with this network."""
        return RunConfig(
            cell=self.kind, activation=self.activation, hidden=self.hidden, layers=self.count,
            dtype=self.precision,
        )  # fmt: skip

    def parameters(self) -> Parameters:
        """The same weights; the input weights are multiplied by the embedding."""
        of = Architecture(
            self.inputs, self.hidden, self.outputs, self.kind, self.activation, self.count,
            loss=self.loss,
        )  # fmt: skip
        parameters = Parameters(of, dtype=self.precision.value)
        layers = dict(self.layers)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.embedding is not None:
                # In float64, so that the product is rounded only once.
                words = self.embedding.astype(float)
                layers["weight_ih_l0"] = layers["weight_ih_l0"].astype(float) @ words.T
            write_layers(layers, parameters)
        if not np.isfinite(parameters.theta).all():
            raise TransferError(
                f"its numbers are too large for {self.precision.value}: the sum of two biases, or "
                "a product with the embedding, is not finite. Train the network again."
            )
        parameters.W_hy[...] = self.readout
        parameters.b_y[...] = 0 if self.readout_bias is None else self.readout_bias
        return parameters

    @property
    def note(self) -> str:
        """How further training differs from PyTorch, in a sentence."""
        gates = "of the gates r and z " if self.kind == "gru" else ""
        reasons = [
            f"its two biases {gates}are one here, which moves half as far a step under sgd"
            if self._biased
            else "here the cells have biases, which begin at 0"
        ]
        if self.embedding is not None:
            reasons.append("embedding and input weights are one matrix here, their product")
        if self.readout_bias is None:
            reasons.append("here the readout has a bias, which begins at 0")
        return f"Training on differs from PyTorch: {'; '.join(reasons)}."

    # What doesn't fit

    def _named(self) -> Iterator[tuple[str, Array]]:
        ends = {
            "The readout": self.readout, "The bias of the readout": self.readout_bias,
            "The embedding": self.embedding,
        }  # fmt: skip
        yield from self.layers.items()
        yield from ((name, array) for name, array in ends.items() if array is not None)

    def _kind_problems(self) -> Iterator[str]:
        for name in ("weight_ih_l0", "weight_hh_l0"):
            if name not in self.layers:
                yield f"There is no {name}."
        for name, array in self._named():
            if not array.ndim or not array.size:
                yield f"{name} has the shape {array.shape}: it is empty, or a single number."
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
        first = self.layers["weight_ih_l0"] if self.embedding is None else self.embedding
        width = first.shape[-1] if first.ndim == 2 else -1
        rows = len(GATES[self.kind]) * hidden
        for number in range(self.count):
            shapes: dict[str, tuple[int, ...]] = {"weight_hh": (rows, hidden)}
            shapes["weight_ih"] = rows, hidden if number else width
            if self._biased:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            for name, shape in shapes.items():
                array = self.layers.get(f"{name}_l{number}")
                if array is None:
                    yield f"There is no {name}_l{number}."
                elif array.shape != shape:
                    yield f"{name}_l{number} has the shape {array.shape}, and must have {shape}."

    @property
    def _biased(self) -> bool:
        return any(name.startswith("bias_") for name in self.layers)

    def _end_problems(self) -> Iterator[str]:
        if self.readout.ndim != 2 or self.readout.shape[1] != self.hidden:
            yield (
                f"The readout has the shape {self.readout.shape}, and must read the "
                f"{self.hidden} units of the last layer: ({self._outputs}, {self.hidden})."
            )
        if self.readout_bias is not None and self.readout_bias.shape != (self.outputs,):
            yield (
                f"The bias of the readout has the shape {self.readout_bias.shape}, for "
                f"{self.outputs} {self._outputs}."
            )
        if self.outputs == 1 and self.answers_classes:
            yield (
                "The readout has one output, as for a sigmoid. Two classes need two: give it the "
                "rows 0 and w, which give the same answers."
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


# A state_dict: the arrays by the names in PyTorch

#: The cells by their number of gates.
_KINDS = {len(gates): kind for kind, gates in GATES.items()}
_FIRST = re.compile(r"(.*?)weight_hh_l0")
#: The names of a layer's arrays.
LAYER = re.compile(r"(weight|bias)_(ih|hh)_l\d+", re.ASCII)
_REFUSED = {
    "_reverse": "The network is bidirectional: only one that reads from left to right can be "
    "shown.",
    "weight_hr": "The network has projections (proj_size): only one without them can be shown.",
    "parametrizations": (
        "The weights are parametrized, such as by a weight norm: call "
        "torch.nn.utils.parametrize.remove_parametrizations before you save them."
    ),
}


def recurrent_prefix(tensors: Collection[str]) -> str:
    """The text before weight_hh_l0 among these names; raises TransferError unless there is one."""
    for part, sentence in _REFUSED.items():
        if any(part in name for name in tensors):
            raise TransferError(sentence)
    found = [match[1] for name in tensors if (match := _FIRST.fullmatch(name))]
    if len(found) != 1:
        listed = ", ".join(sorted(tensors))[:120] or "no arrays"
        raise TransferError(
            "There must be one weight_hh_l0, the recurrent weights of an nn.RNN, nn.GRU or "
            f"nn.LSTM; there are {len(found)} among: {listed}."
        )
    return found[0]


def network_of(
    tensors: Mapping[str, Array], words: int, activation: Activation = Activation.TANH
) -> ForeignNetwork:
    """The network whose arrays these are; raises TransferError.

    ``words`` is the size of the vocabulary, which identifies an embedding. The ``activation`` of an
    Elman cell is not in the arrays.
    """
    prefix = recurrent_prefix(tensors)
    own = {n.removeprefix(prefix): a for n, a in tensors.items() if n.startswith(prefix)}
    layers = {name: array for name, array in own.items() if LAYER.fullmatch(name)}
    kind = _kind(layers)
    others = {n: a for n, a in tensors.items() if n.removeprefix(prefix) not in layers}
    hidden = layers["weight_hh_l0"].shape[1]
    embedding = _embedding(others, layers, words)
    readout = _readout(others, hidden, embedding)
    bias = f"{readout.removesuffix('weight')}bias"
    for name in others.keys() - {embedding, readout, bias}:
        raise TransferError(f"{name[:60]} is not part of a recurrent layer, embedding or readout.")
    return ForeignNetwork(
        kind, layers, others[readout], others.get(bias),
        others[embedding] if embedding else None, activation,
    )  # fmt: skip


def _kind(layers: Mapping[str, Array]) -> str:
    shape = layers["weight_hh_l0"].shape
    gates = shape[0] / shape[1] if len(shape) == 2 and shape[1] else 0
    if "weight_ih_l0" not in layers:
        raise TransferError("There is no weight_ih_l0.")
    if gates not in _KINDS:
        raise TransferError(
            f"weight_hh_l0 has the shape {shape}: it must have 1, 3 or 4 times as many rows as "
            "columns."
        )
    return _KINDS[int(gates)]


def _embedding(others: Mapping[str, Array], layers: Mapping[str, Array], words: int) -> str:
    """The name of the embedding; empty if the layers read words as one-hot vectors."""
    wide = layers["weight_ih_l0"].shape[-1:]
    named = [n for n, a in others.items() if a.ndim == 2 and a.shape == (words, *wide)]
    # An embedding has no bias; a readout of all words could have its shape.
    found = [n for n in named if f"{n.removesuffix('weight')}bias" not in others]
    if len(found) > 1:
        found = [n for n in found if "emb" in n.lower()] or found
    if len(found) > 1:
        raise TransferError(f"Any of these could be the embedding: {', '.join(sorted(found))}.")
    if not found and wide != (words,):
        rows = sorted({a.shape[0] for a in others.values() if a.ndim == 2 and a.shape[1:] == wide})
        also = f", and an embedding could have {' or '.join(map(str, rows))}" if rows else ""
        inputs = wide[0] if wide else 0
        raise TransferError(
            f"The vocabulary has {words:,} words, and the first layer {inputs:,} inputs{also}: "
            "give the words it was trained with, one a line, in their order."
        )
    # The only matrix must be the readout.
    matrices = [name for name, array in others.items() if array.ndim == 2]
    return found[0] if found and matrices != found[:1] else ""


def _readout(others: Mapping[str, Array], hidden: int, embedding: str) -> str:
    found = [
        name for name, array in others.items()
        if name != embedding and array.ndim == 2 and array.shape[1] == hidden
    ]  # fmt: skip
    if not found:
        raise TransferError(
            f"There is no readout: no matrix has the shape (classes, {hidden}). Save it with the "
            "layers."
        )
    if len(found) > 1:
        raise TransferError(f"Any of these could be the readout: {', '.join(sorted(found))}.")
    return found[0]
