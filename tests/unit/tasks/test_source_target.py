"""Sources and their targets."""

import pytest

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.table import Row
from rnnviz.tasks.text_datasets import build_translation
from rnnviz.tasks.vocabulary import END, START, Unit
from tests.sampling import each_row

TRAIN = [Row(2, "the cat", "le chat"), Row(3, "a dog", "un chien"), Row(4, "the cat", "la chatte")]


def words(vocabulary, tokens):
    return [vocabulary.words[token] for token in tokens]


@each_row("unit", Unit)
def test_the_source_is_read_and_the_target_is_written(unit):
    data = build_translation("t", TRAIN, (), unit)
    assert len(data.train) == 3
    assert (data.reads, data.loss) == (OutputAt.EVERY, Loss.CROSS_ENTROPY)
    assert {*data.classes} - {END} == {*data.vocabulary.words} - {START}
    assert not {START, END} & {*data.source.words}
    first, source, target = data.train[0], unit.tokens("the cat"), unit.tokens("le chat")
    assert first.text == "the cat"
    assert words(data.source, first.source) == source
    assert words(data.vocabulary, first.inputs) == [START, *target]
    assert [data.classes[token] for token in first.targets] == [*target, END]
    assert data.lookup(data.train[1].source) is data.train[1]


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
    assert note.startswith("Test rows left out") and note.endswith("training: 1.")


def test_an_unknown_test_source_is_refused_with_its_row():
    with pytest.raises(TaskError, match="The test phrases, row 9: no word of 'one bird' occurs"):
        build_translation("t", TRAIN, [Row(9, "one bird", "un chat")])
