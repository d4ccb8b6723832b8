"""The weights of a network, as an .npz file or as safetensors."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import numpy as np

from rnnviz import __version__
from rnnviz.exchange.tensor_file import TensorFile
from rnnviz.session import Session


def weights_file(session: Session) -> bytes:
    """The parameters, the vocabulary and the classes as named arrays."""
    named = session.state.parameters.named().items()
    arrays: dict[str, Any] = {name: np.ascontiguousarray(array) for name, array in named}
    arrays["vocabulary"] = np.array(session.dataset.vocabulary.words)
    arrays["classes"] = np.array(session.dataset.classes)
    file = BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def safetensors_file(session: Session) -> bytes:
    """The parameters by name; vocabulary, classes, cell and settings in the metadata.

    ``imports.open_weights`` reads them back, to the last bit.
    """
    parameters, data, player = session.state.parameters, session.dataset, session.player
    words = {"vocabulary": data.vocabulary, "source": data.source}
    listed = {name: list(one.words) for name, one in words.items() if one is not None}
    metadata = {
        "format": "rnnviz",
        "version": __version__,
        "cell": parameters.architecture.cell.text.name,
        "settings": json.dumps(session.settings.as_dict()),
        "classes": json.dumps(data.classes),
        "unit": "verbatim" if data.vocabulary.verbatim else data.vocabulary.unit.value,
        "reads": data.reads.value,
        # What the task's own data are, the settings say.
        "data": "own" if session.data.own else "task",
        "name": data.name,
        "position": player.progress,
        **{name: json.dumps(value) for name, value in listed.items()},
    }
    return TensorFile(parameters.named(), metadata).content()
