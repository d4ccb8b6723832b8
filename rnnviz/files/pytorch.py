"""A module of PyTorch as a session, and a session as a module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rnnviz.config import OutputAt
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.weights_file import ImportedNetwork, noted
from rnnviz.probe.session import Session
from rnnviz.tasks.given_examples import Given, GivenExamples, Words, place_of, signature_of

_LINKS = "This network came from PyTorch: a link can't carry its weights."


def from_torch(
    module: Any,
    vocabulary: Words | None = None,
    classes: Sequence[str] | None = None,
    *,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    readout: Any = None,
    embedding: Any = None,
    examples: Iterable[Given] = (),
    test_examples: Iterable[Given] = (),
    reads: str | None = None,
    characters: bool | None = None,
) -> Session:
    """A session over an ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM``, or over a module that holds one.

    It reads words of a ``vocabulary``, or numbers named ``inputs``; it answers ``classes``, or
    values named ``outputs``. ``readout`` is an ``nn.Linear`` and ``embedding`` an ``nn.Embedding``,
    if the module holds none.

    ``examples`` are (text, label) or (array (T, D), target), to train on, or texts or arrays alone;
    ``test_examples`` test what was learned. It ``reads`` out after the "last" step or after "every"
    one, by default as the module's forward does. Raises TransferError or TaskError for what can't
    be represented.
    """
    try:
        from rnnviz.files.torch_module import arrays_of, parts_of  # noqa: PLC0415
    except ImportError:
        raise TransferError("PyTorch is not installed: pip install torch.") from None
    signature = signature_of(vocabulary, classes, inputs, outputs, characters)
    parts, name = parts_of(module, signature, readout, embedding), type(module).__name__
    parts.network.check_sizes(len(signature.vocabulary), len(signature.classes))
    what = "words" if signature.tokens else "numbers"
    unseen = (
        f"The forward of {name} could not be called with {what} alone: the recurrent layer and the "
        "readout are shown, and nothing else that it may do."
    )
    notes = (_LINKS,) if parts.checked else (_LINKS, unseen)
    at = place_of(reads) or parts.reads or OutputAt.LAST
    train, test = (map(arrays_of, part) for part in (examples, test_examples))
    given = GivenExamples(signature, train, test, parts.network.precision)
    dataset = given.dataset(f"{name} from PyTorch", at)
    return ImportedNetwork.of(parts.network, noted(dataset, notes), "PyTorch").session()


def to_torch(session: Session) -> Any:
    """The network that a session shows as a module of PyTorch: see ``Session.to_torch``."""
    try:
        from rnnviz.files.torch_module import twin  # noqa: PLC0415
    except ImportError:
        raise TransferError("PyTorch is not installed: pip install torch.") from None
    data = session.dataset
    return twin(session.state.parameters, data.reads, data.tokens)
