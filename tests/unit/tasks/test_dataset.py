"""Training and test examples of texts and labels."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import OutputAt
from rnnviz.tasks.csv_table import MAX_CLASSES, TaskError
from rnnviz.tasks.dataset import GAP
from rnnviz.tasks.table import Row
from rnnviz.tasks.text_datasets import build_dataset
from rnnviz.tasks.vocabulary import Unit
from tests.sampling import each_row

TRAIN = [Row(2, "so warm", "sunny"), Row(3, "so cold", "rainy"), Row(4, "not cold", "sunny")]
FULL = [Row(i, f"so cold {i}", f"label {i}") for i in range(MAX_CLASSES)]


def test_phrases_keep_their_order_text_tokens_and_class():
    data = build_dataset("weather", TRAIN, TRAIN[:1])
    assert data.vocabulary.words == ("cold", "not", "so", "warm")
    assert (data.classes, data.notes) == (("rainy", "sunny"), ())
    assert [(e.text, e.inputs.tolist(), e.target) for e in (*data.train, *data.test)] == [
        ("so warm", [2, 3], 1),
        ("so cold", [2, 0], 0),
        ("not cold", [1, 0], 1),
        ("so warm", [2, 3], 1),
    ]
    assert len(build_dataset("weather", FULL).classes) == MAX_CLASSES


@each_row(
    ("train", "test", "said"),
    [
        (TRAIN[::2], (), r"label 'sunny': there must be at least two classes"),
        ([*FULL, *TRAIN[:1]], (), "have 201 different labels, more than 200"),
        (TRAIN, [Row(9, "so warm", "foggy")], "row 9: the label 'foggy'.*rainy, sunny"),
        (TRAIN, [Row(9, "damp and grey", "rainy")], "row 9: no word of 'damp and grey'"),
    ],
)
def test_refusals(train, test, said):
    with pytest.raises(TaskError, match=said):
        build_dataset("weather", train, test)


def test_unknown_tokens_of_test_phrases_are_skipped_and_noted():
    data = build_dataset("weather", TRAIN, [Row(2, "awfully cold and damp", "rainy")])
    assert data.test[0].inputs.tolist() == [0]
    assert "and, awfully, damp" in data.notes[0]
    text = "cold " + " ".join(f"word{i}" for i in range(100))
    (note,) = build_dataset("weather", TRAIN, [Row(2, text, "rainy")]).notes
    assert note.endswith("and 92 more.")
    assert len(note) < 200
    data = build_dataset("weather", TRAIN, [Row(2, "warm!", "rainy")], Unit.CHARACTERS)
    assert data.vocabulary.words == tuple(sorted({*"so warmso coldnot cold"}))
    assert (data.unknown, data.test[0].text) == (("!",), "warm!")
    assert data.notes[0].startswith("Characters that only the test phrases have")


@each_row(
    ("text", "label"),
    [("So COLD!", "rainy"), ("not warm", "rainy"), ("cold so", None)],
)
def test_a_phrase_of_the_data_has_its_label(text, label):
    data = build_dataset("weather", TRAIN, [Row(2, "not warm", "rainy")])
    (target,) = data.targets_of(data.vocabulary.read(text).tokens)
    assert (None if target == GAP else data.classes[target]) == label


def test_a_rule_goes_before_the_data_and_what_is_unknown_is_a_gap():
    data = replace(build_dataset("weather", TRAIN), reads=OutputAt.EVERY)
    assert data.targets_of(np.array([1, 1, 1])).tolist() == [GAP] * 3
    ruled = replace(data, rule=lambda inputs: inputs[:1])
    assert ruled.targets_of(np.array([2, 3])).tolist() == [2]
