"""The next token of texts, cut into pieces."""

from collections import Counter
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.cancellation import cancellable
from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data.rows import Row
from rnnviz.tasks.data.vocabulary import END, START, Unit
from rnnviz.tasks.text_datasets import build_dataset, build_next, build_translation, cut
from tests.sampling import each_row

ROWS = [Row(i, f"good day {i % 9}", "ab"[i % 2]) for i in range(300)]
texts = st.text("ab c\n", min_size=2, max_size=80)
lengths = st.integers(2, 12)


def letters(*texts, test=(), window=50):
    test = [Row(i, text) for i, text in enumerate(test, 2)]
    return build_next("t", [Row(1, text) for text in texts], test, Unit.CHARACTERS, window)


@each_row("build", [build_dataset, build_next, build_translation])
def test_a_dataset_that_nobody_waits_for_is_not_built_to_the_end(build):
    def cancel_at(most):
        calls = count()

        def cancel():
            if next(calls) == most:
                raise KeyboardInterrupt

        return cancel

    for most in range(0, 2 * len(ROWS), 100):
        with cancellable(cancel_at(most)), pytest.raises(KeyboardInterrupt):
            build("t", ROWS, ROWS[:5], unit=Unit.WORDS)


@given(texts, lengths)
def test_every_pair_of_tokens_is_in_one_piece(text, window):
    rows = list(cut([Row(7, text)], Unit.CHARACTERS, window))
    pieces = [row.text for row in rows]
    assert sum((Counter(pairwise(piece)) for piece in pieces), Counter()) == Counter(pairwise(text))
    assert all(2 <= len(piece) <= window + 1 for piece in pieces)
    assert list(cut(rows, Unit.CHARACTERS, window)) == rows


def test_a_piece_has_the_line_of_its_text_and_a_short_text_stays_as_it_is():
    rows = [Row(2, "One, two, three, four, five."), Row(3, "Six, seven!")]
    assert list(cut(rows, Unit.WORDS, 2)) == [
        Row(2, "one two three"),
        Row(2, "three four five"),
        Row(3, "Six, seven!"),
    ]


def test_the_target_of_every_token_is_the_next():
    data = letters("abca", "cb")
    assert data.vocabulary.words == data.classes == ("a", "b", "c")
    assert [(e.text, e.inputs.tolist(), e.targets.tolist()) for e in data.train] == [
        ("abc", [0, 1, 2], [1, 2, 0]),
        ("c", [2], [1]),
    ]
    assert (data.reads, data.loss, data.source) == (OutputAt.EVERY, Loss.CROSS_ENTROPY, None)
    assert data.targets_of(data.train[0].inputs).tolist() == [1, 2, -1]


def test_unknown_characters_of_the_test_are_skipped_and_noted():
    data = letters("abcd", test=["a?b!", "cd"])
    assert [example.text for example in data.test] == ["a", "c"]
    assert data.unknown == ("!", "?")
    assert "skipped: '!', '?'." in data.notes[0]


@each_row(
    ("train", "test", "said"),
    [
        ("abcd", ["ab", "a!"], "The test phrases, row 3: of 'a!' only the character 'a'"),
        ("aaaa", [], "have only one character, 'a': there must be at least two"),
    ],
)
def test_refusals(train, test, said):
    with pytest.raises(TaskError, match=said):
        letters(train, test=test)


# Sources and their targets


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
