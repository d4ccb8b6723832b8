"""A dataset as a table for JSON, and back: its words, its classes and its examples."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np

from rnnviz.config import Loss, OutputAt, brief
from rnnviz.tasks.csv_table import MAX_LETTERS, MAX_ROWS, TaskError
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.metrics import ACCURACY, EXACT, metric_named
from rnnviz.tasks.vocabulary import MAX_TOKENS, Array, Vocabulary

M = TypeVar("M", bound=StrEnum)
#: The longest sequence, and the longest text of one.
_MOST_TOKENS, _MOST_TEXT = 10_000, 200_000


def table_of_dataset(dataset: Dataset) -> dict[str, Any]:
    """All of a dataset but what computes: its rule, its reference and its extrapolation."""
    return {
        "name": dataset.name,
        "notes": list(dataset.notes),
        "vocabulary": _table(dataset.vocabulary),
        "source": dataset.source and _table(dataset.source),
        "classes": list(dataset.classes),
        "reads": dataset.reads.value,
        "loss": dataset.loss.value,
        "metric": dataset.metric.name,
        "labelled": dataset.labelled,
        "unknown": list(dataset.unknown),
        "train": [_row(example) for example in dataset.train],
        "test": [_row(example) for example in dataset.test],
    }


def _table(vocabulary: Vocabulary) -> dict[str, Any]:
    words, characters, verbatim = vocabulary.words, vocabulary.characters, vocabulary.verbatim
    return {"words": list(words), "characters": characters, "verbatim": verbatim}


def _row(example: Example) -> list[Any]:
    arrays = example.inputs, example.targets, example.source
    return [example.text, *(None if array is None else array.tolist() for array in arrays)]


def notes_of(table: Mapping[str, Any]) -> tuple[str, ...]:
    """The notes of a dataset in its table; raises TaskError."""
    return tuple(_text(note, "notes", 2_000) for note in _list(table.get("notes"), "notes", 99))


def dataset_of_table(table: Mapping[str, Any]) -> Dataset:
    """The dataset of ``table_of_dataset``; raises TaskError for anything else."""
    loss = _member(Loss, table.get("loss"), "loss")
    name = brief(table.get("metric"))
    metric = metric_named(name)
    if metric is None or (metric in (ACCURACY, EXACT)) != (loss is Loss.CROSS_ENTROPY):
        raise TaskError(f"Its metric can't be {name!r}.")
    source = table.get("source")
    bare = Dataset(
        name=_text(table.get("name"), "name", MAX_LETTERS),
        vocabulary=_vocabulary(table.get("vocabulary")),
        classes=_texts(table.get("classes"), "classes"),
        train=(),
        test=(),
        notes=notes_of(table),
        reads=_member(OutputAt, table.get("reads"), "reads"),
        loss=loss,
        source=None if source is None else _vocabulary(source),
        unknown=_texts(table.get("unknown"), "unknown", least=0),
        metric=metric,
        labelled=table.get("labelled") is True,
    )
    return _filled(bare, table)


def _filled(bare: Dataset, table: Mapping[str, Any]) -> Dataset:
    """The dataset with its examples."""
    read = {}
    for part in ("train", "test"):
        rows = _list(table.get(part), part, MAX_ROWS)
        read[part] = tuple(_example(row, bare) for row in rows)
    if not read["train"]:
        raise TaskError("It has no examples to train on.")
    if len({example.inputs.ndim for examples in read.values() for example in examples}) > 1:
        raise TaskError("Its examples are words and values.")
    return Dataset(**{**vars(bare), **read})


def _example(row: Any, of: Dataset) -> Example:
    if not (isinstance(row, list) and len(row) == 4):
        raise TaskError("An example is not a text, its inputs, its targets and its source.")
    text, inputs, targets, source = row
    values = isinstance(inputs, list) and bool(inputs) and isinstance(inputs[0], list)
    read = (_values if values else _numbers)(inputs, len(of.vocabulary))
    answers = (_numbers if of.answers_classes else _values)(targets, len(of.classes))
    wanted = len(read) if of.reads is OutputAt.EVERY else 1
    if len(answers) != wanted or (source is None) != (of.source is None):
        raise TaskError("An example has other targets than its inputs need, or another source.")
    tokens = None if of.source is None else _numbers(source, len(of.source))
    return Example(_text(text, "text", _MOST_TEXT), read, answers, tokens)


def _numbers(given: Any, count: int) -> Array:
    """The numbers of words or classes, each less than ``count``."""
    array = _array(given)
    if array.ndim != 1 or array.dtype.kind != "i" or array.min() < 0 or array.max() >= count:
        raise TaskError(f"An example has other numbers than 0 to {count - 1:,}.")
    return array.astype(np.intp)


def _values(given: Any, count: int) -> Array:
    """Rows of ``count`` numbers."""
    array = _array(given)
    if array.ndim != 2 or array.shape[1] != count or not np.isfinite(array).all():
        raise TaskError(f"An example has other values than {count} finite numbers a row.")
    return array.astype(float)


def _array(given: Any) -> Array:
    """An array of a list of numbers, or of rows of them."""
    listed = _list(given, "example", _MOST_TOKENS)
    entries = (entry for row in listed for entry in (row if isinstance(row, list) else [row]))
    # An array of texts has room for the longest one at every place: a short list can fill memory.
    numbers = {*map(type, entries)} <= {int, float}
    try:
        array = np.array(listed if numbers else ())
    except (ValueError, OverflowError):
        array = np.array(())
    if not array.size or array.dtype.kind not in "if":
        raise TaskError("An example is empty, or not made of numbers.")
    return array


def _vocabulary(table: Any) -> Vocabulary:
    if not isinstance(table, dict):
        raise TaskError("Its vocabulary is not a table.")
    words = _texts(table.get("words"), "vocabulary")
    characters, verbatim = (table.get(name) is True for name in ("characters", "verbatim"))
    if characters and any(len(word) != 1 for word in words):
        raise TaskError("Its vocabulary has words of several characters among its characters.")
    return Vocabulary(words, characters, verbatim)


def _texts(values: Any, what: str, least: int = 1) -> tuple[str, ...]:
    """Distinct texts, at least ``least``."""
    texts = tuple(_text(value, what, MAX_LETTERS) for value in _list(values, what, MAX_TOKENS))
    if len(texts) < least or len({*texts}) < len(texts):
        raise TaskError(f"Its {what} must be different texts, at least {least}.")
    return texts


def _text(value: Any, what: str, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise TaskError(f"Its {what} must be a text of at most {most:,} characters.")
    return value


def _list(values: Any, what: str, most: int) -> list[Any]:
    if not isinstance(values, list) or len(values) > most:
        raise TaskError(f"Its {what} must be a list of at most {most:,}.")
    return values


def _member(kind: type[M], value: Any, what: str) -> M:
    try:
        return kind(value)
    except ValueError:
        raise TaskError(f"Its {what} can't be {brief(value)!r}.") from None
