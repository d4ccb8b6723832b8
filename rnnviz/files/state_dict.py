"""A state_dict: the arrays of a network by the names that PyTorch saved them with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rnnviz.config import Activation
from rnnviz.engine.layer_buffers import Array
from rnnviz.files.foreign_network import GATES, ForeignNetwork, TransferError

#: How many gates the rows of a layer's weights have.
_KINDS = {len(gates): kind for kind, gates in GATES.items()}
_FIRST = re.compile(r"(.*?)weight_hh_l0")
_LAYER = re.compile(r"(weight|bias)_(ih|hh)_l\d")
_REFUSED = {
    "_reverse": (
        "The network is bidirectional: only one that reads from left to right can be shown."
    ),
    "weight_hr": "The network has projections (proj_size): only one without them can be shown.",
    "parametrizations": (
        "The weights are parametrized, such as by a weight norm: call "
        "torch.nn.utils.parametrize.remove_parametrizations before they are saved."
    ),
}


def network_of(
    tensors: Mapping[str, Array], words: int, activation: Activation = Activation.TANH
) -> ForeignNetwork:
    """The network whose arrays these are; raises TransferError.

    ``words`` is the size of the vocabulary, by which an embedding is told. The arrays don't say the
    ``activation`` of an Elman cell.
    """
    for part, sentence in _REFUSED.items():
        if any(part in name for name in tensors):
            raise TransferError(sentence)
    prefix = _prefix(tensors)
    own = {n.removeprefix(prefix): a for n, a in tensors.items() if n.startswith(prefix)}
    layers = {name: array for name, array in own.items() if _LAYER.fullmatch(name)}
    kind = _kind(layers)
    others = {n: a for n, a in tensors.items() if n.removeprefix(prefix) not in layers}
    hidden = layers["weight_hh_l0"].shape[1]
    embedding = _embedding(others, layers, words)
    readout = _readout(others, hidden, embedding)
    bias = f"{readout.removesuffix('weight')}bias"
    for name in others.keys() - {embedding, readout, bias}:
        raise TransferError(f"{name[:60]} belongs to no recurrent layer, embedding or readout.")
    return ForeignNetwork(
        kind, layers, others[readout], others.get(bias),
        others[embedding] if embedding else None, activation,
    )  # fmt: skip


def _prefix(tensors: Mapping[str, Array]) -> str:
    """What stands before the names of the only recurrent layers."""
    found = [match[1] for name in tensors if (match := _FIRST.fullmatch(name))]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(sorted(tensors))[:120] or "no arrays"
    raise TransferError(
        f"There must be one weight_hh_l0, the recurrent weights of an nn.RNN, nn.GRU or nn.LSTM; "
        f"there are {len(found)} among: {listed}."
    )


def _kind(layers: Mapping[str, Array]) -> str:
    """The cell, by the number of its gates."""
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
        raise TransferError(_unread(others, wide, words))
    return found[0] if found and not _is_readout_alone(others, found[0]) else ""


def _is_readout_alone(others: Mapping[str, Array], name: str) -> bool:
    """Whether it is the only matrix, so that it must be the readout."""
    return [n for n, a in others.items() if a.ndim == 2] == [name]


def _unread(others: Mapping[str, Array], wide: tuple[int, ...], words: int) -> str:
    rows = sorted({a.shape[0] for a in others.values() if a.ndim == 2 and a.shape[1:] == wide})
    also = f", and an embedding could have {' or '.join(map(str, rows))}" if rows else ""
    inputs = wide[0] if wide else 0
    return (
        f"The vocabulary has {words:,} words, and the first layer {inputs:,} inputs{also}: give "
        "the words it was trained with, one a line, in their order."
    )


def _readout(others: Mapping[str, Array], hidden: int, embedding: str) -> str:
    """The name of the readout's weights."""
    found = [*_matrices(others, hidden, embedding)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise TransferError(
            f"There is no readout: no matrix has the shape (classes, {hidden}). Save it with the "
            "layers."
        )
    raise TransferError(f"Any of these could be the readout: {', '.join(sorted(found))}.")


def _matrices(others: Mapping[str, Array], hidden: int, embedding: str) -> Iterator[str]:
    for name, array in others.items():
        if name != embedding and array.ndim == 2 and array.shape[1] == hidden:
            yield name
