"""An upload in a few lines, before it is learned."""

import pytest

from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.preview import preview
from rnnviz.tasks.upload import File, Upload, with_columns

DAYS = File("a.csv", b"day,x\n" + b"".join(b"%d,%d\n" % (k, k * k % 17) for k in range(112)))


def previewed(train, test=None, name="a.csv", **options):
    file = test if test is None else File("b.csv", test)
    return preview(Upload(File(name, train), file, **options))


def test_of_labels_the_classes_are_counted_on_both_sides():
    train = b"text,label\nso warm,sunny\nso cold,rainy\nnot so cold at all,sunny\n"
    sentences, example, notes = previewed(train, b"text,label\nvery very cold,rainy\n")
    assert sentences == [
        "To learn: classes, in words, from 4 rows of 'text' and 'label'",
        "3 sequences to train, 1 to test",
        "6 different words; the longest sequence has 5",
        "Classes (train + test): rainy (1 + 1), sunny (2 + 0)",
        "Words only in the test: 1 (very)",
    ]
    assert example == "For example: so warm → sunny"
    assert [note[-6:] for note in notes] == [" very."]


def test_of_plain_text_the_pieces_are_counted():
    assert previewed(b"abab" * 20, name="a.txt", window=10, test_share=0)[0] == [
        "To learn: what comes next, in characters, from plain text",
        "8 sequences to train, 0 to test",
        "2 different characters; the longest sequence has 10",
    ]


def test_of_pairs_both_vocabularies_are_counted():
    assert previewed(b"source,target\nthe big cat,chat\n", test_share=0)[0] == [
        "To learn: translation, in words, from 1 row of 'source' and 'target'",
        "1 sequences to train, 0 to test",
        "2 different words, 3 in the source; the longest sequence has 3",
    ]


def test_of_many_classes_the_first_are_listed_and_refusals_are_passed_on():
    rows = b"".join(b"so %d,c%d\n" % (i, i % 14) for i in range(140))
    sentences, _, _ = previewed(b"text,label\n" + rows)
    assert sentences[1] == "112 sequences to train, 28 to test"
    assert sentences[3].endswith("c7 (8 + 2) and 2 more")
    with pytest.raises(TaskError, match="all have the label"):
        previewed(b"text,label\nso,1\n")


def test_a_preview_names_the_columns_and_counts_the_windows():
    lines, example, notes = preview(with_columns(Upload(DAYS, window=10, horizon=2)))
    assert lines == [
        "To learn: the next values, from 112 rows (time: day; values: x)",
        "79 windows of 10 steps, 2 ahead to train, 11 to test",
        "1 series, 112 steps",
    ]
    assert example.startswith("For example: 0: ")
    assert notes == ()
