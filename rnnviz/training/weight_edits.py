"""Surgery: what edits make of a network's weights, always on a copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters, plain
from rnnviz.training.edit import Edit, Verb

#: The stream of ``np.random.default_rng((seed, stream))`` that noise is drawn from.
NOISE = 6


def apply_edits(parameters: Parameters, edits: Iterable[Edit]) -> Parameters:
    """The parameters after these edits, one after the other; those given stay as they are."""
    found = parameters.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        for edit in edits:
            _OPERATIONS[edit.verb](found, edit)
    return found


def problem(edit: Edit, architecture: Architecture) -> str:
    """Why an edit can't be made in such a network, as a sentence; empty if it can."""
    if edit.verb is Verb.SILENCE:
        fits = 1 <= edit.row <= architecture.layers and edit.column < architecture.hidden
        return "" if fits else f"there is no unit {edit.column} in a layer {edit.row}."
    if edit.verb is Verb.SET:
        array = Parameters(architecture).named().get(edit.name)
        if array is None or array.ndim < 2:
            return f"there is no matrix {edit.name[:20]!r}."
        fits = edit.row < array.shape[0] and edit.column < array.shape[1]
        return "" if fits else f"{edit.name} has only {array.shape[0]} × {array.shape[1]} entries."
    return ""


def outgoing(parameters: Parameters, layer: int, unit: int) -> Iterator[Array]:
    """All weights by which a unit of a layer (from 0) is heard: views, one for each matrix.

    They are its columns of the recurrent weights, of what the layer above reads, and of the
    readout; with an encoder those of the unit that it hands its state over to as well.
    """
    top = layer + 1 == parameters.architecture.layers
    for name, array in parameters.named().items():
        number = int(name[-1]) - 1 if name[-2] == "." else 0
        kind = plain(name)
        if kind == "W_hy":
            heard = top
        elif kind.startswith("W_h"):
            heard = number == layer
        else:
            heard = kind.startswith("W_x") and number == layer + 1
        if heard:
            yield array[:, unit]


def _silence(parameters: Parameters, edit: Edit) -> None:
    for weights in outgoing(parameters, edit.row - 1, edit.column):
        weights[...] = 0


def _scale(parameters: Parameters, edit: Edit) -> None:
    for name, array in _matrices(parameters):
        if plain(name).startswith("W_h") and name != "W_hy":
            np.multiply(array, edit.amount, array)


def _noise(parameters: Parameters, edit: Edit) -> None:
    rng = np.random.default_rng((edit.row, NOISE))
    for _, array in _matrices(parameters):
        size = float(np.sqrt(np.mean(array**2)))
        np.add(
            array, edit.amount * size * rng.standard_normal(array.shape), array, casting="same_kind"
        )


def _set(parameters: Parameters, edit: Edit) -> None:
    parameters[edit.name][edit.row, edit.column] = edit.amount


def _matrices(parameters: Parameters) -> Iterator[tuple[str, Array]]:
    return ((name, array) for name, array in parameters.named().items() if array.ndim == 2)


_OPERATIONS = {
    Verb.SILENCE: _silence,
    Verb.SCALE: _scale,
    Verb.NOISE: _noise,
    Verb.SET: _set,
}
