"""A file of weights as a session: one of rnnviz, or a state_dict of PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from rnnviz.config import Activation, Loss, OutputAt, RunConfig, SettingError
from rnnviz.engine.cell_text import CellError
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.imported_network import ImportedNetwork, noted
from rnnviz.files.json_size import check_size
from rnnviz.files.named_weights import named_weights
from rnnviz.files.state_dict import network_of
from rnnviz.files.tensor_file import TensorFile, read_tensors
from rnnviz.probe.session import Session
from rnnviz.run.first_network import FirstNetwork
from rnnviz.run.run import architecture_of
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.given_examples import Given, GivenExamples
from rnnviz.tasks.registry import TASKS
from rnnviz.tasks.signature import Signature, Words, place_of, texts, vocabulary_from
from rnnviz.tasks.vocabulary import Unit, Vocabulary


class WordsMissingError(TransferError):
    """A state_dict can't be read without the words of its network."""


@dataclass(frozen=True)
class Known:
    """What is known of a file of weights beside the file.

    A state_dict needs the ``vocabulary``; its ``classes`` are numbered by default, and an Elman
    cell has the ``activation``. ``examples`` replace what the file says of its data.
    """

    vocabulary: Words | None = None
    classes: Sequence[str] | None = None
    examples: tuple[Given, ...] = ()
    reads: OutputAt | None = None
    activation: Activation = Activation.TANH
    characters: bool | None = None


def open_weights(  # noqa: PLR0913  (what a file may not say)
    path: str | Path,
    vocabulary: Words | None = None,
    classes: Sequence[str] | None = None,
    *,
    examples: Iterable[Given] = (),
    reads: str | None = None,
    activation: str = "tanh",
    characters: bool | None = None,
) -> Session:
    """A session over the weights in a .safetensors or .npz file.

    A file of rnnviz says all that is needed. A state_dict of PyTorch needs the ``vocabulary``; the
    ``classes`` are numbered by default, and an ``nn.RNN`` has the ``activation``. Raises
    TransferError or TaskError.
    """
    try:
        kind = Activation(activation)
    except ValueError:
        raise TaskError(f"The activation {str(activation)[:40]!r} is none of tanh, relu.") from None
    known = Known(vocabulary, classes, tuple(examples), place_of(reads), kind, characters)
    return read_weights(Path(path), known).session()


def read_weights(path: Path, known: Known) -> ImportedNetwork:
    """The network in a file; raises TransferError or TaskError, with a sentence."""
    return network_in(read_tensors(path), path.name, known)


def words_of(content: bytes, name: str) -> list[str]:
    """The lines of a text, without the empty one at its end; raises TaskError."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise TaskError(f"{name} is no text in UTF-8.") from None
    return text.removesuffix("\n").split("\n")


def network_in(file: TensorFile, name: str, known: Known) -> ImportedNetwork:
    """The network in a file that was read; raises TransferError or TaskError."""
    links = f"The weights came from {name[:60]}: a link can't carry them."
    if file.metadata.get("format") != "rnnviz":
        return _state_dict(file, name, known, links)
    try:
        return _own(file, name, known, links)
    except (TransferError, TaskError) as problem:
        raise TransferError(f"{name}: {problem}") from None
    except (SettingError, CellError) as problem:
        raise TransferError(f"{name}: its settings can't be used. {problem}") from None


# A state_dict of PyTorch


def _state_dict(file: TensorFile, name: str, known: Known, links: str) -> ImportedNetwork:
    if known.vocabulary is None:
        raise WordsMissingError(
            f"{name} has the weights alone: drop its words too, a text file with one word a line "
            "(or give --vocabulary, vocabulary=)."
        )
    vocabulary = vocabulary_from(known.vocabulary, known.characters)
    try:
        network = network_of(file.tensors, len(vocabulary), known.activation)
    except TransferError as problem:
        raise TransferError(f"{name}: {problem}") from None
    names = known.classes or [f"class {k}" for k in range(network.outputs)]
    signature = Signature(vocabulary, texts(names, "classes"))
    at, said = known.reads or OutputAt.LAST, "The file doesn't say where the network is read out: "
    notes = [links] if known.reads else [links, f"{said}it is taken to be after the last word."]
    dataset = GivenExamples(signature, known.examples).dataset(name, at)
    return ImportedNetwork.of(network, noted(dataset, notes), name)


# A file of rnnviz


def _own(file: TensorFile, name: str, known: Known, links: str) -> ImportedNetwork:
    config = _config(file.metadata)
    dataset = _dataset(file.metadata, config, known, links)
    parameters = named_weights(file.tensors, architecture_of(dataset, config), config.dtype.value)
    position = file.metadata.get("position", "?")[:20]
    note = (
        f"These are the weights of epoch {position}; here they begin a run of their own, at epoch "
        "0 and without what the optimizer remembered."
    )
    return ImportedNetwork(dataset, FirstNetwork(parameters, config, name, note))


def _config(metadata: Mapping[str, str]) -> RunConfig:
    settings = _table(metadata, "settings", dict)
    try:
        return RunConfig(**settings)
    except TypeError:
        raise TransferError("its settings are none of this version of rnnviz.") from None


def _table(metadata: Mapping[str, str], name: str, kind: type) -> Any:
    """A list or a table that stands in the metadata as JSON."""
    text = metadata.get(name, "").encode()
    check_size(text)
    try:
        value = orjson.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, kind):
        raise TransferError(f"its metadata have no {name}.")
    return value


def _dataset(metadata: Mapping[str, str], config: RunConfig, known: Known, links: str) -> Dataset:
    """The task's own data if the network was trained on them, else the examples that are given."""
    words, classes = (_table(metadata, name, list) for name in ("vocabulary", "classes"))
    if metadata.get("data") == "task" and not known.examples:
        dataset = TASKS[config.task].build(config.lag, config.seed)
        same = [*dataset.vocabulary.words] == words and [*dataset.classes] == classes
        if same:
            return noted(dataset, [links])
    if "source" in metadata or not all(isinstance(word, str) for word in (*words, *classes)):
        raise TransferError("its data are not here: only words and classes can be read without.")
    tokens, unit = metadata.get("inputs") != "numbers", metadata.get("unit")
    if not (tokens or known.examples):
        raise TransferError(
            "it reads numbers, and no sequences of them are in the file: save the run as a file, "
            "with its data, or give examples."
        )
    checked = vocabulary_from(words, unit == Unit.CHARACTERS)
    vocabulary = Vocabulary(checked.words, checked.characters, unit == "verbatim")
    reads = place_of(metadata.get("reads", "last")) or OutputAt.LAST
    title = metadata.get("name", "")[:60] or "a file of weights"
    values = metadata.get("outputs") == "values"
    loss = Loss.SQUARED_ERROR if values else Loss.CROSS_ENTROPY
    signature = Signature(vocabulary, tuple(classes), tokens, loss)
    given = GivenExamples(signature, known.examples, dtype=config.dtype)
    return noted(given.dataset(title, reads), [links])
