"""Sources and their targets."""

import pytest

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.source_target import build_translation
from rnnviz.tasks.table import Row, TaskError
from rnnviz.tasks.vocabulary import END, START, Unit

TRAIN = [Row(2, "the cat", "le chat"), Row(3, "a dog", "un chien")]


def words(vocabulary, numbers):
    return [vocabulary.words[number] for number in numbers]


def test_the_source_is_read_and_the_target_is_said():
    data = build_translation("t", TRAIN, ())
    first = data.train[0]
    assert words(data.source, first.source) == ["the", "cat"]
    assert words(data.vocabulary, first.inputs) == [START, "le", "chat"]
    assert [data.classes[number] for number in first.targets] == ["le", "chat", END]
    assert first.text == "the cat"
    assert (data.reads, data.loss) == (OutputAt.EVERY, Loss.CROSS_ENTROPY)


def test_what_is_said_can_be_read_next_unless_it_is_the_end():
    data = build_translation("t", TRAIN, ())
    assert {*data.classes} - {END} == {*data.vocabulary.words} - {START}
    assert not {START, END} & {*data.source.words}
    for example in data.train:
        read = words(data.vocabulary, example.inputs)
        assert read[1:] == [data.classes[number] for number in example.targets[:-1]]


def test_characters_may_be_translated_too():
    data = build_translation("t", TRAIN, (), Unit.CHARACTERS)
    assert words(data.vocabulary, data.train[0].inputs) == [START, *"le chat"]
    assert words(data.source, data.train[0].source) == [*"the cat"]
    assert not {START, END} & {*data.vocabulary.read(START + END).words}


def test_a_source_may_have_several_targets():
    train = [*TRAIN, Row(4, "the cat", "la chatte")]
    assert len(build_translation("t", train, ()).train) == 3


def test_unknown_words_of_a_test_source_are_skipped_and_noted():
    data = build_translation("t", TRAIN, [Row(2, "the old cat", "le chat")])
    assert words(data.source, data.test[0].source) == ["the", "cat"]
    assert data.unknown == ("old",)
    assert data.notes[0].endswith("skipped: old.")


def test_a_test_target_with_unknown_words_is_left_out_with_a_note():
    test = [Row(2, "the old cat", "le vieux chat"), Row(3, "the dog", "le chien")]
    data = build_translation("t", TRAIN, test)
    assert [example.text for example in data.test] == ["the dog"]
    assert data.unknown == ()
    (note,) = data.notes
    assert note.startswith("Test rows that are left out") and note.endswith("know: 1.")


def test_a_test_source_that_is_unknown_is_refused_with_its_row():
    with pytest.raises(TaskError, match="The test phrases, row 9: no word of 'one bird' occurs"):
        build_translation("t", TRAIN, [Row(9, "one bird", "un chat")])


def test_no_phrase_of_such_data_has_a_class():
    data = build_translation("t", TRAIN, ())
    assert data.lookup(data.train[0].source) is data.train[0]
