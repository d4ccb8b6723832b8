"""The summary of an upload."""

import pytest

from rnnviz.tasks.table import Form, TaskError
from rnnviz.tasks.upload import File, Upload
from rnnviz.tasks.upload_preview import ClassCount, preview
from rnnviz.tasks.vocabulary import END, Unit


def previewed(train, test=None, name="a.csv", **options):
    file = test if test is None else File("b.csv", test)
    return preview(Upload(File(name, train), file, **options))


def test_of_labels_the_classes_are_counted_on_both_sides():
    train = b"text,label\nso warm,sunny\nso cold,rainy\nnot so cold at all,sunny\n"
    seen = previewed(train, b"text,label\nvery very cold,rainy\n")
    assert (seen.name, seen.form, seen.unit, seen.source) == ("a.csv", Form.LABEL, Unit.WORDS, 0)
    assert seen.sentences == [
        "Learned: classes, in words, from 4 rows",
        "3 sequences to train, 1 to test",
        "6 different words; the longest sequence has 5",
        "Classes (train + test): rainy (1 + 1), sunny (2 + 0)",
        "Unknown in the test: 1 (very)",
    ]
    assert seen.classes == (ClassCount("rainy", 1, 1), ClassCount("sunny", 2, 0))
    assert [note[-6:] for note in seen.notes] == [" very."]


def test_of_text_its_tokens_are_counted_by_how_often_they_are_targets():
    seen = previewed(b"abab" * 20, name="a.txt", window=10, test_share=0)
    assert (seen.form, seen.unit) == (Form.NEXT, Unit.CHARACTERS)
    assert (seen.train, seen.test, seen.longest, seen.vocabulary) == (8, 0, 10, 2)
    assert seen.sentences[0] == "Learned: what comes next, in characters, from plain text"
    assert seen.classes == (ClassCount("a", 39, 0), ClassCount("b", 40, 0))


def test_of_pairs_both_vocabularies_are_counted():
    seen = previewed(b"source,target\nthe big cat,chat\n", test_share=0)
    assert (seen.form, seen.source, seen.vocabulary, seen.longest) == (Form.TRANSLATION, 3, 2, 3)
    assert seen.classes == (ClassCount("chat", 1, 0), ClassCount(END, 1, 0))
    assert seen.sentences[0].endswith("from 1 row")
    assert seen.sentences[2] == "2 different words, 3 in the source; the longest sequence has 3"


def test_of_many_classes_the_first_are_listed_and_refusals_are_passed_on():
    seen = previewed(b"text,label\n" + b"".join(b"so %d,c%d\n" % (i, i % 14) for i in range(140)))
    assert (seen.train, seen.test) == (112, 28)
    assert seen.sentences[3].endswith("c7 (8 + 2) and 2 more")
    with pytest.raises(TaskError, match="all have the label"):
        previewed(b"text,label\nso,1\n")
