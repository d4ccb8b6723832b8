"""A module of PyTorch as a session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rnnviz.config import OutputAt
from rnnviz.exchange.foreign_network import TransferError
from rnnviz.imports.imported_network import ImportedNetwork, noted
from rnnviz.session import Session
from rnnviz.tasks.given_examples import Given, Words, given_dataset, place_of, vocabulary_from

_LINKS = "This network came from PyTorch: a link can't carry its weights."


def from_torch(  # noqa: PLR0913  (the parts of a network)
    module: Any,
    vocabulary: Words,
    classes: Sequence[str],
    *,
    readout: Any = None,
    embedding: Any = None,
    examples: Iterable[Given] = (),
    reads: str | None = None,
    characters: bool | None = None,
) -> Session:
    """A session over an ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM``, or over a module that holds one.

    ``readout`` is the ``nn.Linear`` that answers and ``embedding`` an ``nn.Embedding``, if the
    module holds none. ``examples`` are (text, label), to train on, or texts alone. It ``reads`` out
    after the "last" word or after "every" one, by default as the module's forward does. Raises
    TransferError or TaskError for what can't be represented.
    """
    try:
        from rnnviz.exchange.torch_module import parts_of  # noqa: PLC0415
    except ImportError:
        raise TransferError("PyTorch is not installed: pip install torch.") from None
    parts, name = parts_of(module, readout, embedding), type(module).__name__
    unseen = (
        f"The forward of {name} could not be called with words alone: the recurrent layer and the "
        "readout are shown, and nothing else that it may do."
    )
    notes = (_LINKS,) if parts.checked else (_LINKS, unseen)
    words, at = vocabulary_from(vocabulary, characters), place_of(reads) or parts.reads
    shown = f"{name} from PyTorch"
    dataset = given_dataset(shown, words, classes, examples, at or OutputAt.LAST)
    return ImportedNetwork.of(parts.network, noted(dataset, notes), "PyTorch").session()
