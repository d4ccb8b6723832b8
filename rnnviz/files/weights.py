"""The weights of a network, as an .npz file or as safetensors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from rnnviz import __version__
from rnnviz.files.npz_file import npz_content
from rnnviz.files.origin import query_of
from rnnviz.files.tensor_file import TensorFile
from rnnviz.probe.session import Session


def weights_file(session: Session) -> bytes:
    """The parameters, the vocabulary and the classes as named arrays, and all that is told of them.

    ``imports.open_weights`` reads them back, to the last bit.
    """
    named = session.state.parameters.named().items()
    arrays: dict[str, Any] = {name: np.ascontiguousarray(array) for name, array in named}
    arrays["vocabulary"] = np.array(session.dataset.vocabulary.words)
    arrays["classes"] = np.array(session.dataset.classes)
    return npz_content(arrays, _told(session))


def safetensors_file(session: Session) -> bytes:
    """The parameters by name; what is told of them in the metadata.

    ``imports.open_weights`` reads them back, to the last bit.
    """
    return TensorFile(session.state.parameters.named(), _told(session)).content()


def _told(session: Session) -> dict[str, str]:
    """Vocabulary, classes, cell, settings, and what made the weights."""
    cell, data = session.state.parameters.architecture.cell.text, session.dataset
    words = {"vocabulary": data.vocabulary, "source": data.source}
    listed = {name: list(one.words) for name, one in words.items() if one is not None}
    return {
        "format": "rnnviz",
        "version": __version__,
        "cell": cell.name,
        "settings": json.dumps(session.settings.as_dict()),
        "classes": json.dumps(data.classes),
        "unit": "verbatim" if data.vocabulary.verbatim else data.vocabulary.unit.value,
        "inputs": "tokens" if data.tokens else "numbers",
        "outputs": "classes" if data.answers_classes else "values",
        "reads": data.reads.value,
        # What the task's own data are, the settings say.
        "data": "own" if session.data.own else "task",
        "name": data.name,
        "position": session.player.progress,
        "link": query_of(session),
        **{name: json.dumps(value) for name, value in listed.items()},
    }
