"""What a run learns from and is tested on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import Loss, Reads
from rnnviz.tasks.dataset import build_dataset, dataset_from, sentiment
from rnnviz.tasks.table import MAX_CLASSES, Row, TaskError
from rnnviz.tasks.vocabulary import Unit

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


@pytest.mark.parametrize(
    ("text", "label"),
    [("so cold", "rainy"), ("So COLD!", "rainy"), ("not warm", "rainy"), ("cold so", None)],
)
def test_a_phrase_of_the_data_word_for_word_has_its_label(text, label):
    data = build_dataset("weather", TRAIN, [Row(2, "not warm", "rainy")])
    target = data.target_of(data.vocabulary.read(text))
    assert (None if target is None else data.classes[target]) == label


def test_a_phrase_with_a_skipped_word_is_not_the_data_s_phrase():
    data = build_dataset("weather", TRAIN)
    assert data.target_of(data.vocabulary.read("so very cold")) is None


@pytest.mark.parametrize(
    "change", [{"reads": Reads.EVERY}, {"loss": Loss.SQUARED_ERROR}], ids=["every", "values"]
)
def test_other_data_have_no_one_class_for_a_phrase(change):
    data = replace(build_dataset("weather", TRAIN), **change)
    assert data.target_of(data.vocabulary.read("so cold")) is None


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


def test_without_files_the_phrases_are_the_built_in_ones():
    assert dataset_from(None, None) is sentiment()


def test_a_training_file_alone_leaves_the_test_set_empty():
    data = dataset_from(("mine.csv", b"text,label\nwarm,1\ncold,0\n"), None)
    assert data.name == "mine.csv"
    assert (len(data.train), len(data.test)) == (2, 0)


def test_a_test_file_alone_tests_the_built_in_phrases():
    data = dataset_from(None, ("mine.csv", b"text,label\nhappy now,positive\n"))
    assert len(data.train) == len(sentiment().train)
    assert [phrase.text for phrase in data.test] == ["happy now"]


rows = st.lists(st.sampled_from(["warm,1", "so cold,0", "damp,2", "so,1", "so,", "?,0"]))
files = st.none() | st.binary(max_size=40) | rows.map(lambda r: "\n".join(["text,label", *r]))


@given(files, files)
def test_any_two_files_are_learned_from_or_refused(train, test):
    contents = [f.encode() if isinstance(f, str) else f for f in (train, test)]
    try:
        data = dataset_from(*(f if f is None else ("a.csv", f) for f in contents))
    except TaskError as problem:
        assert str(problem)
        return
    assert len(data.classes) >= 2
    assert all(len(phrase.inputs) for phrase in (*data.train, *data.test))
