"""The files of weights, written and read; networks from elsewhere as sessions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from rnnviz import __version__
from rnnviz.config import Activation, Loss, OutputAt, RunConfig
from rnnviz.engine.evaluation import Evaluator
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.files.foreign_network import (
    ForeignNetwork,
    TransferError,
    network_of,
    problems_of,
    recurrent_prefix,
)
from rnnviz.files.output import query_of
from rnnviz.files.tensor_file import TensorFile, npz_content, parsed, read_tensors
from rnnviz.probe.session import Session
from rnnviz.run.run import FirstNetwork, architecture_of
from rnnviz.tasks.data.csv_table import TaskError, check_size, name_of
from rnnviz.tasks.data.vocabulary import Unit, Vocabulary
from rnnviz.tasks.data_source import TASKS
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.given_examples import (
    Given,
    GivenExamples,
    Signature,
    Words,
    place_of,
    signature_of,
    texts,
    vocabulary_from,
)


def weights_file(session: Session) -> bytes:
    """The parameters, the vocabulary and the classes as an .npz file, with their metadata.

    ``open_weights`` reads them back, to the last bit.
    """
    data, named = session.dataset, session.state.parameters.named()
    arrays: dict[str, Any] = {name: np.ascontiguousarray(a) for name, a in named.items()}
    arrays |= {"vocabulary": np.array(data.vocabulary.words), "classes": np.array(data.classes)}
    return npz_content(arrays, _metadata(session))


def safetensors_file(session: Session) -> bytes:
    """The parameters as a safetensors file with their metadata; see ``weights_file``."""
    return TensorFile(session.state.parameters.named(), _metadata(session)).content()


def _metadata(session: Session) -> dict[str, str]:
    """Vocabulary, classes, cell, settings, and the origin of the weights."""
    cell, data = session.state.parameters.architecture.cell.text, session.dataset
    words = {"vocabulary": data.vocabulary, "source": data.source}
    listed = {name: list(one.words) for name, one in words.items() if one is not None}
    return {
        "format": "rnnviz", "version": __version__, "cell": cell.name,
        "settings": json.dumps(session.settings.as_dict()), "classes": json.dumps(data.classes),
        "unit": "verbatim" if data.vocabulary.verbatim else data.vocabulary.unit.value,
        "inputs": "tokens" if data.tokens else "numbers",
        "outputs": "classes" if data.answers_classes else "values", "reads": data.reads.value,
        # The settings identify the data of a task.
        "data": "own" if session.data.own else "task", "name": data.name,
        "position": session.player.progress, "axis": session.unit, "link": query_of(session),
        **{name: json.dumps(value) for name, value in listed.items()},
    }  # fmt: skip


def named_weights(tensors: Mapping[str, Array], of: Architecture, dtype: str) -> Parameters:
    """The parameters with exactly these arrays by name; raises TransferError."""
    parameters = Parameters(of, dtype=dtype)
    named = parameters.named()
    for name in [*named, *tensors]:
        if name not in named or name not in tensors:
            lacks = "has" if name in tensors else "lacks"
            raise TransferError(f"it {lacks} {name[:60]}, unlike a network of these settings.")
        given, own = tensors[name], named[name]
        if given.shape != own.shape or given.dtype != own.dtype:
            raise TransferError(
                f"{name} is {given.dtype} of the shape {given.shape}, and must be {own.dtype} of "
                f"{own.shape}."
            )
        own[...] = given
    if not np.isfinite(parameters.theta).all():
        names = (name for name, array in named.items() if not np.isfinite(array).all())
        raise TransferError(f"{next(names)} has values that are not finite numbers.")
    return parameters


def answered(dataset: Dataset, parameters: Parameters) -> Dataset:
    """The dataset with the network's own answers as the targets of its training examples."""
    evaluator = Evaluator(dataset.train, parameters.copy())
    # Examples in order, each with its outputs in the order of its tokens.
    order = np.argsort(evaluator.owners, kind="stable")
    read = evaluator.answers if dataset.answers_classes else evaluator.outputs
    answers = read(parameters)[order]
    ends = np.cumsum([len(example.targets) for example in dataset.train])
    parts = np.split(answers, ends[:-1])
    pairs = zip(dataset.train, parts, strict=True)
    return replace(dataset, train=tuple(replace(one, targets=part) for one, part in pairs))


class ImportedNetwork:
    """A network from elsewhere and its data; every session of it has a run of its own.

    The targets of unlabelled data are the network's own answers.
    """

    def __init__(self, dataset: Dataset, first: FirstNetwork) -> None:
        self.first = first
        self.dataset = dataset if dataset.labelled else answered(dataset, first.parameters)

    @classmethod
    def of(cls, network: ForeignNetwork, dataset: Dataset, source: str) -> ImportedNetwork:
        """A network with PyTorch's arrays; raises TransferError if its sizes aren't the data's."""
        network.check_sizes(len(dataset.vocabulary), len(dataset.classes))
        first = FirstNetwork(network.parameters(), network.config(), source, network.note)
        # The notes have room for the whole sentence; next to Play there is one line for it.
        notes = [network.note] if dataset.labelled else []
        return cls(replace(dataset, notes=(*dataset.notes, *notes)), first)

    def session(self) -> Session:
        """A session that begins with the network."""
        return Session(self.first.config, self.dataset, first=self.first)


def noted(dataset: Dataset, notes: Sequence[str]) -> Dataset:
    """The dataset with these notes before its own."""
    return replace(dataset, notes=(*notes, *dataset.notes))


# A file of rnnviz, or a state_dict of PyTorch


class WordsMissingError(TransferError):
    """A state_dict can't be read without the words of its network."""


@dataclass(frozen=True)
class WeightsHints:
    """Facts that a file of weights may lack.

    A state_dict needs the ``vocabulary``; its ``classes`` are numbered by default, and an Elman
    cell has the ``activation``. ``examples`` replace the data that the file names.
    """

    vocabulary: Words | None = None
    classes: Sequence[str] | None = None
    examples: tuple[Given, ...] = ()
    reads: OutputAt | None = None
    activation: Activation = Activation.TANH
    characters: bool | None = None


def open_weights(
    path: str | Path, vocabulary: Words | None = None, classes: Sequence[str] | None = None, *,
    examples: Iterable[Given] = (), reads: str | None = None, activation: str = "tanh",
    characters: bool | None = None,
) -> Session:  # fmt: skip
    """A session over the weights in a .safetensors or .npz file.

    A file of rnnviz has all that is needed. A state_dict of PyTorch needs the ``vocabulary``; the
    ``classes`` are numbered by default, and an ``nn.RNN`` has the ``activation``. Raises
    TransferError or TaskError.
    """
    try:
        kind = Activation(activation)
    except ValueError:
        raise TaskError(f"The activation {str(activation)[:40]!r} is not tanh or relu.") from None
    hints = WeightsHints(vocabulary, classes, tuple(examples), place_of(reads), kind, characters)
    return read_weights(Path(path), hints).session()


def read_weights(path: Path, hints: WeightsHints) -> ImportedNetwork:
    """The network in a file; raises TransferError or TaskError, with a sentence."""
    return network_in(read_tensors(path), name_of(path), hints)


def words_of(content: bytes, name: str) -> list[str]:
    """The lines of a text, without the empty one at its end; raises TaskError."""
    check_size(content, name)
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise TaskError(f"{name} is not text in UTF-8.") from None
    return text.removesuffix("\n").split("\n")


def network_in(file: TensorFile, name: str, hints: WeightsHints) -> ImportedNetwork:
    """The network in a file that was read; raises TransferError or TaskError."""
    links = f"The weights came from {name[:60]}: a link can't carry them."
    if file.metadata.get("format") != "rnnviz":
        return _state_dict(file, name, hints, links)
    with problems_of(name):
        return _own(file, name, hints, links)


def _state_dict(file: TensorFile, name: str, hints: WeightsHints, links: str) -> ImportedNetwork:
    with problems_of(name):
        recurrent_prefix(file.tensors)
    if hints.vocabulary is None:
        raise WordsMissingError(
            f"{name} has the weights alone: drop its words too, a text file with one word a line "
            "(or give --vocabulary, vocabulary=)."
        )
    vocabulary = vocabulary_from(hints.vocabulary, hints.characters)
    with problems_of(name):
        network = network_of(file.tensors, len(vocabulary), hints.activation)
    names = hints.classes or [f"class {k}" for k in range(network.outputs)]
    signature = Signature(vocabulary, texts(names, "classes"))
    at, said = hints.reads or OutputAt.LAST, "The file doesn't say where the network is read out: "
    notes = [links] if hints.reads else [links, f"{said}it is taken to be after the last word."]
    dataset = GivenExamples(signature, hints.examples).dataset(name, at)
    with problems_of(name):
        return ImportedNetwork.of(network, noted(dataset, notes), name)


def _own(file: TensorFile, name: str, hints: WeightsHints, links: str) -> ImportedNetwork:
    try:
        config = RunConfig(**_table(file.metadata, "settings", dict))
    except TypeError:
        raise TransferError("its settings are not those of this version of rnnviz.") from None
    dataset = _dataset(file.metadata, config, hints, links)
    parameters = named_weights(file.tensors, architecture_of(dataset, config), config.dtype.value)
    position = file.metadata.get("position", "?")[:20]
    unit = file.metadata.get("axis", "epoch")[:20]
    note = (
        f"These are the weights of {unit} {position}; here they begin a run of their own, at epoch "
        "0 and without what the optimizer remembered."
    )
    return ImportedNetwork(dataset, FirstNetwork(parameters, config, name, note))


def _table(metadata: Mapping[str, str], name: str, kind: type) -> Any:
    """A list or a table in the metadata, as JSON."""
    value = parsed(metadata.get(name, "").encode(), kind)
    if value is None:
        raise TransferError(f"its metadata have no {name}.")
    return value


def _dataset(
    metadata: Mapping[str, str], config: RunConfig, hints: WeightsHints, links: str
) -> Dataset:
    """The task's data if the network was trained on them, else the examples of the hints."""
    words, classes = (_table(metadata, name, list) for name in ("vocabulary", "classes"))
    if metadata.get("data") == "task" and not hints.examples:
        dataset = TASKS[config.task].dataset(config)
        if [*dataset.vocabulary.words] == words and [*dataset.classes] == classes:
            return noted(dataset, [links])
    if "source" in metadata or not all(isinstance(word, str) for word in (*words, *classes)):
        raise TransferError("its data are missing; only words and classes need none.")
    tokens, unit = metadata.get("inputs") != "numbers", metadata.get("unit")
    if not (tokens or hints.examples):
        raise TransferError(
            "it reads numbers, and no sequences of them are in the file: save the run as a file, "
            "with its data, or give examples."
        )
    checked = vocabulary_from(words, unit == Unit.CHARACTERS)
    vocabulary = Vocabulary(checked.words, checked.characters, unit == "verbatim")
    reads = place_of(metadata.get("reads", "last")) or OutputAt.LAST
    title = metadata.get("name", "")[:60] or "a file of weights"
    loss = Loss.SQUARED_ERROR if metadata.get("outputs") == "values" else Loss.CROSS_ENTROPY
    signature = Signature(vocabulary, tuple(classes), tokens, loss)
    given = GivenExamples(signature, hints.examples, dtype=config.dtype)
    return noted(given.dataset(title, reads), [links])


# A module of PyTorch as a session, and a session as a module

_LINKS = "This network came from PyTorch: a link can't carry its weights."


def from_torch(
    module: Any, vocabulary: Words | None = None, classes: Sequence[str] | None = None, *,
    inputs: Sequence[str] | None = None, outputs: Sequence[str] | None = None,
    readout: Any = None, embedding: Any = None, examples: Iterable[Given] = (),
    test_examples: Iterable[Given] = (), reads: str | None = None, characters: bool | None = None,
) -> Session:  # fmt: skip
    """A session over an ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM``, or over a module that holds one.

    It reads words of a ``vocabulary``, or numbers named ``inputs``; it answers ``classes``, or
    values named ``outputs``. ``readout`` is an ``nn.Linear`` and ``embedding`` an ``nn.Embedding``,
    if the module holds none.

    ``examples`` are (text, label) or (array (T, D), target), to train on, or texts or arrays alone;
    ``test_examples`` test what was learned. It ``reads`` out after the "last" step or after "every"
    one, by default as the module's forward does. Raises TransferError or TaskError for what can't
    be represented.
    """
    torch_module, name = _torch_module(), type(module).__name__
    signature = signature_of(vocabulary, classes, inputs, outputs, characters)
    parts = torch_module.parts_of(module, signature, readout, embedding)
    parts.network.check_sizes(len(signature.vocabulary), len(signature.classes))
    what = "words" if signature.tokens else "numbers"
    unseen = (
        f"The forward of {name}, called with {what} alone, could not be compared: the recurrent "
        "layer and the readout are shown, and nothing else that it may do."
    )
    notes = (_LINKS,) if parts.checked else (_LINKS, unseen)
    at = place_of(reads) or parts.reads or OutputAt.LAST
    train, test = (map(torch_module.arrays_of, part) for part in (examples, test_examples))
    given = GivenExamples(signature, train, test, parts.network.precision)
    dataset = given.dataset(f"{name} from PyTorch", at)
    return ImportedNetwork.of(parts.network, noted(dataset, notes), "PyTorch").session()


def to_torch(session: Session) -> Any:
    """The network that a session shows as a module of PyTorch: see ``Session.to_torch``."""
    data = session.dataset
    return _torch_module().twin(session.state.parameters, data.reads, data.tokens)


def _torch_module() -> ModuleType:
    try:
        from rnnviz.files import torch_module  # noqa: PLC0415
    except ImportError:
        raise TransferError("PyTorch is not installed: pip install torch.") from None
    return torch_module
