"""The weights of a network, as an .npz file."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

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
