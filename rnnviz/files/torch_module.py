"""The layers of a PyTorch module, and a network as a module; needs PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from rnnviz.config import Activation, OutputAt
from rnnviz.engine.batch import collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import record
from rnnviz.files.foreign_network import GATES, ForeignNetwork, TransferError, torch_layers
from rnnviz.tasks.dataset import Example
from rnnviz.tasks.given_examples import Signature

_KINDS = {nn.RNN: "elman", nn.GRU: "gru", nn.LSTM: "lstm"}
_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.AlphaDropout)
#: Modules that change no answer, of classes and of values.
_PASSIVE = (*_DROPOUTS, nn.Identity)
_OF_CLASSES = (*_PASSIVE, nn.Softmax, nn.LogSoftmax, nn.CrossEntropyLoss, nn.NLLLoss)
_OF_VALUES = (*_PASSIVE, nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss)
#: The number of steps a module reads in the check of its forward.
_READ = 5
#: The relative error of its answers, by the precision of the weights.
_TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


class TorchParts(NamedTuple):
    """The network of a module, where it is read out, and whether its forward was checked."""

    network: ForeignNetwork
    reads: OutputAt | None
    checked: bool


class HeldLayers(NamedTuple):
    """The layers that a module holds; ``embedding`` may be None."""

    recurrent: Any
    readout: Any
    embedding: Any

    @property
    def arrays(self) -> dict[str, Array]:
        """Their current weights by the names of a state_dict, such as weight_hh_l0, readout.weight.

        Weights on the CPU are not copied.
        """
        named = dict(self.recurrent.named_parameters(recurse=False))
        for name, layer in (("readout", self.readout), ("embedding", self.embedding)):
            if layer is not None:
                own = layer.named_parameters(recurse=False)
                named |= {f"{name}.{which}": tensor for which, tensor in own}
        return {name: tensor.detach().cpu().numpy() for name, tensor in named.items()}


def parts_of(
    module: Any, signature: Signature, readout: Any = None, embedding: Any = None,
    training: bool = False,
) -> TorchParts:  # fmt: skip
    """The parts of a recurrent layer or of a module that holds one; raises TransferError.

    The ``signature`` has its inputs and answers. ``readout`` is an ``nn.Linear`` and ``embedding``
    an ``nn.Embedding``, if the module holds none. Its own ``forward``, if it has one, must give the
    answers of these parts. A module in ``training`` is left as it is, and may drop units: a copy in
    evaluation mode is called.
    """
    if not isinstance(module, nn.Module):
        raise TransferError(
            f"This is a {type(module).__name__}, not a module of PyTorch: give an nn.RNN, nn.GRU "
            "or nn.LSTM, or a module that holds one."
        )
    if type(module).__name__ == "OptimizedModule":
        raise TransferError(
            "The module is compiled: give the one that went into torch.compile. Their weights are "
            "the same."
        )
    parts = recurrent, readout, embedding = held_layers(module, readout, embedding)
    passive = _OF_CLASSES if signature.answers_classes else _OF_VALUES
    for sentence in _problems(module, parts, training, passive):
        raise TransferError(sentence)
    kind = _kind(recurrent)
    assert kind is not None, "another layer is refused"
    relu = getattr(recurrent, "nonlinearity", "tanh") == "relu"
    network = ForeignNetwork(
        kind, {name: _array(name, p) for name, p in recurrent.named_parameters(recurse=False)},
        _array("The readout", readout.weight),
        None if readout.bias is None else _array("The readout", readout.bias),
        None if embedding is None else _array("The embedding", embedding.weight),
        Activation.RELU if relu else Activation.TANH, signature.tokens, signature.loss,
    )  # fmt: skip
    # A container such as nn.ModuleDict has no forward that could do anything else.
    if isinstance(module, nn.RNNBase) or type(module).forward is nn.Module.forward:
        return TorchParts(network, None, True)
    try:
        called = copy.deepcopy(module).eval() if training else module
    except Exception:  # Any error of the user's module: it may hold the graph of its last step.
        return TorchParts(network, None, False)
    return TorchParts(network, *_checked(called, network, parts))


def held_layers(module: nn.Module, readout: Any = None, embedding: Any = None) -> HeldLayers:
    """The layers themselves, not copies; raises TransferError if there are none, or several."""
    held = [*module.named_modules()]
    recurrent = _only(held, nn.RNNBase, "recurrent layer")
    if recurrent is None:
        raise TransferError(
            f"{type(module).__name__} holds no nn.RNN, nn.GRU or nn.LSTM: only these can be shown."
        )
    readout = readout or _only(held, nn.Linear, "linear layer")
    if readout is None:
        raise TransferError("There is no readout: give the nn.Linear that answers, as readout=.")
    embedding = embedding or _only(held, nn.Embedding, "embedding")
    for given, kind in ((readout, nn.Linear), (embedding, nn.Embedding)):
        if given is not None and not isinstance(given, kind):
            raise TransferError(f"A {type(given).__name__} can't replace an nn.{kind.__name__}.")
    return HeldLayers(recurrent, readout, embedding)


def _only(held: list[tuple[str, nn.Module]], kind: type, noun: str) -> Any:
    """The only module of a kind; None if there is none."""
    found = {name or type(one).__name__: one for name, one in held if isinstance(one, kind)}
    if len(found) > 1:
        raise TransferError(
            f"The module holds {len(found)} {noun}s: {', '.join(found)}. One can be shown: give "
            "the recurrent layer alone, with its linear layer as readout= and, if it has one, its "
            "embedding as embedding=."
        )
    return next(iter(found.values()), None)


def _problems(
    module: nn.Module, parts: HeldLayers, training: bool, passive: tuple[type, ...]
) -> Iterator[str]:
    """Why the parts can't be represented, as sentences."""
    yield from _recurrent_problems(parts.recurrent, training)
    if parts.embedding is not None and parts.embedding.max_norm is not None:
        yield "The embedding has a max_norm, which changes its rows as they are read: leave it out."
    for name, one in module.named_modules():
        where = f" ({name})" if name else ""
        if nn.utils.parametrize.is_parametrized(one):
            yield (
                f"{type(one).__name__}{where} has parametrized weights, such as a weight norm: "
                "call torch.nn.utils.parametrize.remove_parametrizations first."
            )
        if isinstance(one, _DROPOUTS) and one.training and one.p and not training:
            yield f"{type(one).__name__}{where} drops units while training: call module.eval()."
        container = any(one.children()) or one is module
        if not (container or one in parts or isinstance(one, passive)):
            yield f"{type(one).__name__}{where} can't be represented: only {_ALLOWED}."
        if one not in parts and (own := dict(one.named_parameters(recurse=False))):
            yield (
                f"{type(one).__name__}{where} has weights of its own, {', '.join(own)}, which "
                f"can't be represented: only {_ALLOWED}."
            )


_ALLOWED = "a recurrent layer, an embedding and a linear readout can be"


def _recurrent_problems(recurrent: Any, training: bool) -> Iterator[str]:
    name = type(recurrent).__name__
    if _kind(recurrent) is None:
        yield f"{name} is not an nn.RNN, nn.GRU or nn.LSTM: only these can be shown."
        return
    if recurrent.bidirectional:
        yield f"The {name} is bidirectional: only one that reads from left to right can be shown."
    if recurrent.proj_size:
        yield f"The {name} has projections (proj_size): only one without them can be shown."
    drops = recurrent.dropout and recurrent.num_layers > 1 and recurrent.training
    if drops and not training:
        yield f"The {name} has dropout between its layers while training: call module.eval()."


def _kind(recurrent: Any) -> str | None:
    return next((kind for of, kind in _KINDS.items() if isinstance(recurrent, of)), None)


def _array(name: str, tensor: Any) -> Array:
    if tensor.is_meta:
        raise TransferError(f"{name} has no values: it is on the device meta.")
    if tensor.dtype not in (torch.float32, torch.float64):
        kind = str(tensor.dtype).removeprefix("torch.")
        raise TransferError(
            f"{name} is {kind}, not float32 or float64: convert the module with .float()."
        )
    array: Array = tensor.detach().cpu().numpy().copy()
    return array


def arrays_of(given: Any) -> Any:
    """An example with its tensors as arrays."""
    if isinstance(given, tuple):
        return tuple(map(arrays_of, given))
    if not isinstance(given, torch.Tensor):
        return given
    found = given.detach().cpu()
    return (found.double() if found.is_floating_point() else found).numpy()


def _checked(
    module: nn.Module, network: ForeignNetwork, parts: HeldLayers
) -> tuple[OutputAt | None, bool]:
    """Where the module is read out, and whether its own forward could be called.

    Raises TransferError if it gives other answers than its parts.
    """
    classes = network.answers_classes
    if network.tokens:  # A few different words (T,), or rows of numbers (T, D).
        read: Array = np.arange(_READ) * 7 % network.inputs
    else:
        places = np.arange(_READ * network.inputs).reshape(_READ, network.inputs)
        read = np.cos(2.0 * places + 1).astype(network.precision.value)
    targets = np.zeros((_READ,), int) if classes else np.zeros((_READ, network.outputs))
    example = Example("", read, targets)
    expected = record(network.parameters(), collate([example])).logits
    answers = [*_answers(module, read, network, parts)]
    for answer in answers:
        for logits, reads in ((expected, OutputAt.EVERY), (expected[-1:], OutputAt.LAST)):
            if _same(answer, logits, _TOLERANCE[network.precision.value], classes):
                return reads, True
    if answers:
        raise TransferError(
            f"The forward of {type(module).__name__} gives other answers than its layers alone: "
            "a recurrent layer that begins at 0, and a linear readout of its states, can be shown."
        )
    return None, False


def _answers(
    module: nn.Module, read: Array, network: ForeignNetwork, parts: HeldLayers
) -> Iterator[Array]:
    """The module's outputs (N, C) for one sequence: batch first, batch second, and without a batch.

    Inputs that raise an error are left out.
    """
    given = torch.tensor(read)
    if network.tokens and parts.embedding is None:
        given = nn.functional.one_hot(given, network.inputs).to(parts.readout.weight.dtype)
    given = given.to(parts.readout.weight.device)
    batches = [given[None], given[:, None], given]
    if not network.tokens and network.inputs == 1:
        batches += [given.T, given, given[:, 0]]  # the module may add the last axis
    for one in batches:
        try:
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                found = module(one)
        except Exception:  # Any error of the user's module.
            continue
        found = found[0] if isinstance(found, tuple | list) and found else found
        if not isinstance(found, torch.Tensor) or found.numel() % network.outputs:
            continue
        if network.outputs == 1 or found.shape[-1:] == (network.outputs,):
            yield found.detach().cpu().numpy().reshape(-1, network.outputs)


def _same(answer: Array, logits: Array, tolerance: float, classes: bool) -> bool:
    """Whether an answer equals finite logits, or for classes their softmax or log-softmax."""
    if answer.shape != logits.shape or not np.isfinite(logits).all():
        return False
    logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    largest = max(1.0, float(np.abs(logits).max()))
    forms = (logits, logs, np.exp(logs)) if classes else (logits,)
    return any(np.abs(answer - form).max() <= tolerance * largest for form in forms)


# The same network as a module

_LAYERS = {"elman": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class TorchTwin(nn.Module):
    """A recurrent layer ``rnn`` and a linear ``readout``, batch first.

    ``forward`` takes words (B, T), or values (B, T, D), and returns the logits after the last one
    (B, C), or after every one (B, T, C).
    """

    def __init__(self, rnn: Any, readout: Any, tokens: bool, every: bool) -> None:
        super().__init__()
        self.rnn, self.readout = rnn, readout
        self.tokens, self.every = tokens, every

    def forward(self, inputs: Any) -> Any:
        """The logits of a batch."""
        if self.tokens:
            width = self.rnn.input_size
            inputs = nn.functional.one_hot(inputs, width).to(self.readout.weight.dtype)
        states, _ = self.rnn(inputs)
        return self.readout(states if self.every else states[:, -1])


def twin(parameters: Parameters, reads: OutputAt, tokens: bool) -> TorchTwin:
    """The module with the weights of ``parameters``; raises TransferError if there is none."""
    of = parameters.architecture
    if of.kind not in GATES:
        raise TransferError(f"PyTorch has no layer with the cell {of.kind}.")
    if of.source:
        raise TransferError("An encoder with a decoder is not one layer of PyTorch.")
    options = {"nonlinearity": of.activation.value} if of.kind == "elman" else {}
    rnn = _LAYERS[of.kind](of.inputs, of.hidden, of.layers, batch_first=True, **options)
    readout = nn.Linear(of.hidden, of.outputs)
    module = TorchTwin(rnn, readout, tokens, reads is OutputAt.EVERY)
    module.to(getattr(torch, str(parameters.theta.dtype)))
    layers = {f"rnn.{name}": array for name, array in torch_layers(parameters).items()}
    ends = {"readout.weight": parameters.W_hy, "readout.bias": parameters.b_y}
    arrays = (layers | ends).items()
    module.load_state_dict({n: torch.tensor(np.ascontiguousarray(a)) for n, a in arrays})
    return module
