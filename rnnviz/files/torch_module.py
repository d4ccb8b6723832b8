"""What a PyTorch module holds: recurrent layers, a readout, an embedding; it needs PyTorch."""

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
from rnnviz.tasks.example import Example
from rnnviz.tasks.signature import Signature

_KINDS = {nn.RNN: "elman", nn.GRU: "gru", nn.LSTM: "lstm"}
_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.AlphaDropout)
#: Modules that change no answer: of a network of classes, and of one of values.
_PASSIVE = (*_DROPOUTS, nn.Identity)
_OF_CLASSES = (*_PASSIVE, nn.Softmax, nn.LogSoftmax, nn.CrossEntropyLoss, nn.NLLLoss)
_OF_VALUES = (*_PASSIVE, nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss)
#: The number of steps that a module reads to show how it answers.
_READ = 5
#: How far its answers may be off, as a share of the largest, by the precision of the weights.
_TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


class TorchParts(NamedTuple):
    """The parts of a module, and where it answers; None where that was not seen."""

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
        """Their weights by name as they are now, on the CPU, without a copy if they are there.

        The names are those of a state_dict: weight_hh_l0, readout.weight, embedding.weight.
        """
        named = dict(self.recurrent.named_parameters(recurse=False))
        for name, layer in (("readout", self.readout), ("embedding", self.embedding)):
            if layer is not None:
                own = layer.named_parameters(recurse=False)
                named |= {f"{name}.{which}": tensor for which, tensor in own}
        return {name: tensor.detach().cpu().numpy() for name, tensor in named.items()}


def parts_of(
    module: Any,
    signature: Signature,
    readout: Any = None,
    embedding: Any = None,
    training: bool = False,
) -> TorchParts:
    """The parts of a recurrent layer or of a module that holds one; raises TransferError.

    The ``signature`` says what it reads and answers.

    ``readout`` is an ``nn.Linear`` and ``embedding`` an ``nn.Embedding``, if the module holds none.
    Its own ``forward``, if it has one, must give the answers of these parts. One that is in
    ``training`` may drop units then, and is left as it is: a copy in evaluation is called.
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
    parts = held_layers(module, readout, embedding)
    passive = _OF_CLASSES if signature.answers_classes else _OF_VALUES
    for sentence in _problems(module, parts, training, passive):
        raise TransferError(sentence)
    network = _network(parts, signature)
    # A container such as nn.ModuleDict has no forward that could do anything else.
    if isinstance(module, nn.RNNBase) or type(module).forward is nn.Module.forward:
        return TorchParts(network, None, True)
    called = _copy_in_evaluation(module) if training else module
    return TorchParts(network, *_watched(called, network, parts))


# What it holds


def held_layers(module: nn.Module, readout: Any = None, embedding: Any = None) -> HeldLayers:
    """The layers themselves, not copies; raises TransferError if there are none, or several."""
    held = [*module.named_modules()]
    recurrent = _only(held, nn.RNNBase, "recurrent layer", "nn.RNN, nn.GRU or nn.LSTM")
    if recurrent is None:
        raise TransferError(
            f"{type(module).__name__} holds no nn.RNN, nn.GRU or nn.LSTM: only these can be shown."
        )
    readout = readout or _only(held, nn.Linear, "linear layer", "readout=")
    if readout is None:
        raise TransferError("There is no readout: give the nn.Linear that answers, as readout=.")
    embedding = embedding or _only(held, nn.Embedding, "embedding", "embedding=")
    for given, kind in ((readout, nn.Linear), (embedding, nn.Embedding)):
        if given is not None and not isinstance(given, kind):
            raise TransferError(f"A {type(given).__name__} can't stand for an nn.{kind.__name__}.")
    return HeldLayers(recurrent, readout, embedding)


def _only(held: list[tuple[str, nn.Module]], kind: type, noun: str, instead: str) -> Any:
    """The only module of a kind; None if there is none."""
    found = {name or type(one).__name__: one for name, one in held if isinstance(one, kind)}
    if len(found) > 1:
        raise TransferError(
            f"The module holds {len(found)} {noun}s: {', '.join(found)}. One can be shown: "
            f"give it alone, or as {instead}."
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
        yield f"{name} is none of nn.RNN, nn.GRU and nn.LSTM: only these can be shown."
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


def _network(parts: HeldLayers, signature: Signature) -> ForeignNetwork:
    recurrent, readout, embedding = parts
    kind = _kind(recurrent)
    assert kind is not None, "another layer is refused"
    layers = {name: _array(name, p) for name, p in recurrent.named_parameters(recurse=False)}
    relu = getattr(recurrent, "nonlinearity", "tanh") == "relu"
    return ForeignNetwork(
        kind,
        layers,
        _array("The readout", readout.weight),
        None if readout.bias is None else _array("The readout", readout.bias),
        None if embedding is None else _array("The embedding", embedding.weight),
        Activation.RELU if relu else Activation.TANH,
        signature.tokens,
        signature.loss,
    )


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


# Arrays


def arrays_of(given: Any) -> Any:
    """An example with its tensors as arrays."""
    if isinstance(given, tuple):
        return tuple(map(arrays_of, given))
    if not isinstance(given, torch.Tensor):
        return given
    found = given.detach().cpu()
    return (found.double() if found.is_floating_point() else found).numpy()


# How it answers


def _copy_in_evaluation(module: nn.Module) -> nn.Module | None:
    """A copy that drops no units; None if the module can't be copied."""
    try:
        return copy.deepcopy(module).eval()
    except Exception:  # Whatever another's module raises: one may hold the graph of its last step.
        return None


def _watched(
    module: nn.Module | None, network: ForeignNetwork, parts: HeldLayers
) -> tuple[OutputAt | None, bool]:
    """Where the module answers, and whether its own forward could be called.

    Raises TransferError if it gives other answers than its parts.
    """
    if module is None:
        return None, False
    read = _some_inputs(network)
    expected = record(network.parameters(), collate([_example(read, network)])).logits
    answers = [*_answers(module, read, network, parts)]
    for answer in answers:
        for logits, reads in ((expected, OutputAt.EVERY), (expected[-1:], OutputAt.LAST)):
            if _same(answer, logits, _TOLERANCE[network.precision.value], network.answers_classes):
                return reads, True
    if answers:
        raise TransferError(
            f"The forward of {type(module).__name__} gives other answers than its layers alone: "
            "a recurrent layer that begins at 0, and a linear readout of its states, can be shown."
        )
    return None, False


def _some_inputs(network: ForeignNetwork) -> Array:
    """A few different words (T,), or rows of numbers (T, D)."""
    if network.tokens:
        return np.arange(_READ) * 7 % network.inputs
    places = np.arange(_READ * network.inputs).reshape(_READ, network.inputs)
    rows: Array = np.cos(2.0 * places + 1).astype(network.precision.value)
    return rows


def _example(inputs: Array, network: ForeignNetwork) -> Example:
    shape = (_READ,) if network.answers_classes else (_READ, network.outputs)
    return Example("", inputs, np.zeros(shape, int if network.answers_classes else float))


def _answers(
    module: nn.Module, read: Array, network: ForeignNetwork, parts: HeldLayers
) -> Iterator[Array]:
    """The module's outputs (N, C) for a batch of one sequence, first or second, and for one alone.

    Inputs that it refuses are left out.
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
        except Exception:  # Whatever the forward of another's module raises.
            continue
        found = found[0] if isinstance(found, tuple | list) and found else found
        if not isinstance(found, torch.Tensor) or found.numel() % network.outputs:
            continue
        if network.outputs == 1 or found.shape[-1:] == (network.outputs,):
            yield found.detach().cpu().numpy().reshape(-1, network.outputs)


def _same(answer: Array, logits: Array, tolerance: float, classes: bool) -> bool:
    """Whether an answer are these logits; of classes, also their probabilities or log of these.

    Logits that are not finite are no one's answer.
    """
    if answer.shape != logits.shape or not np.isfinite(logits).all():
        return False
    logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    largest = max(1.0, float(np.abs(logits).max()))
    forms = (logits, logs, np.exp(logs)) if classes else (logits,)
    return any(np.abs(answer - form).max() <= tolerance * largest for form in forms)


# The same network as a module of PyTorch; it needs PyTorch


_LAYERS = {"elman": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class TorchTwin(nn.Module):
    """A recurrent layer ``rnn`` and a linear ``readout``; it reads batches first.

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
        raise TransferError("An encoder with a decoder has no layer of PyTorch: it has two.")
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
