"""What a run learns from and is tested on."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import OutputAt
from rnnviz.tasks.dataset import GAP, build_dataset
from rnnviz.tasks.table import MAX_CLASSES, Row, TaskError
from rnnviz.tasks.vocabulary import Unit
from tests.sampling import each_row

TRAIN = [Row(2, "so warm", "sunny"), Row(3, "so cold", "rainy"), Row(4, "not cold", "sunny")]


def test_words_and_classes_are_those_of_the_training_phrases_sorted():
    data = build_dataset("weather", TRAIN, [Row(2, "not warm", "rainy")])
    assert data.vocabulary.words == ("cold", "not", "so", "warm")
    assert data.classes == ("rainy", "sunny")


def test_phrases_keep_their_order_text_tokens_and_class():
    first, second, third = build_dataset("weather", TRAIN).train
    assert (first.text, first.inputs.tolist(), first.target) == ("so warm", [2, 3], 1)
    assert (second.target, third.target) == (0, 1)


def test_there_may_be_more_than_two_classes():
    assert build_dataset("w", [*TRAIN, Row(5, "warm", "foggy")]).classes == (
        "foggy",
        "rainy",
        "sunny",
    )


def test_a_single_class_is_refused_by_name():
    with pytest.raises(TaskError, match=r"'sunny'.*at least two classes"):
        build_dataset("weather", [TRAIN[0], TRAIN[2]])


def test_a_test_label_that_training_lacks_is_refused_with_its_row():
    with pytest.raises(TaskError, match=r"test phrases, row 9: the label 'foggy'.*rainy, sunny"):
        build_dataset("weather", TRAIN, [Row(9, "so warm", "foggy")])


def test_a_test_phrase_of_unknown_words_only_is_refused_with_its_row():
    with pytest.raises(TaskError, match="test phrases, row 9: no word of 'damp and grey'"):
        build_dataset("weather", TRAIN, [Row(9, "damp and grey", "rainy")])


def test_unknown_words_of_test_phrases_are_skipped_and_noted():
    data = build_dataset("weather", TRAIN, [Row(2, "awfully cold and damp", "rainy")])
    assert data.test[0].inputs.tolist() == [0]
    (note,) = data.notes
    assert "and, awfully, damp" in note


def test_a_note_of_many_unknown_words_stays_short():
    text = "cold " + " ".join(f"word{i}" for i in range(100))
    (note,) = build_dataset("weather", TRAIN, [Row(2, text, "rainy")]).notes
    assert note.endswith("and 92 more.")
    assert len(note) < 200


def test_nothing_is_noted_where_every_word_is_known():
    assert build_dataset("weather", TRAIN, TRAIN).notes == ()


@each_row(
    ("text", "label"),
    [("so cold", "rainy"), ("So COLD!", "rainy"), ("not warm", "rainy"), ("cold so", None)],
)
def test_a_phrase_of_the_data_word_for_word_has_its_label(text, label):
    data = build_dataset("weather", TRAIN, [Row(2, "not warm", "rainy")])
    (target,) = data.wanted(data.vocabulary.read(text).tokens)
    assert (None if target == GAP else data.classes[target]) == label


def test_where_nothing_is_known_there_is_a_gap_for_every_answer():
    data = replace(build_dataset("weather", TRAIN), reads=OutputAt.EVERY)
    assert data.wanted(np.array([1, 1, 1])).tolist() == [GAP] * 3


def test_a_rule_goes_before_the_data():
    data = replace(build_dataset("weather", TRAIN), rule=lambda inputs: inputs[:1])
    assert data.wanted(np.array([2, 3])).tolist() == [2]


def test_there_may_be_the_most_classes_but_not_one_more():
    rows = [Row(i, f"so cold {i}", f"label {i}") for i in range(MAX_CLASSES + 1)]
    assert len(build_dataset("weather", rows[:-1]).classes) == MAX_CLASSES
    with pytest.raises(TaskError, match="have 201 different labels, more than 200"):
        build_dataset("weather", rows)


def test_phrases_may_be_of_characters():
    data = build_dataset("weather", TRAIN, [Row(2, "warm!", "rainy")], Unit.CHARACTERS)
    assert data.vocabulary.words == tuple(sorted({*"so warmso coldnot cold"}))
    assert (data.unknown, data.test[0].text) == (("!",), "warm!")
    assert data.notes[0].startswith("Characters of the test phrases")
