"""What comes next, in pieces."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.next_token import build_next, cut
from rnnviz.tasks.table import Row, TaskError
from rnnviz.tasks.vocabulary import Unit

texts = st.text("ab c\n", min_size=2, max_size=80)
lengths = st.integers(2, 12)


def letters(*texts, test=(), window=50):
    test = [Row(i, text) for i, text in enumerate(test, 2)]
    return build_next("t", [Row(1, text) for text in texts], test, Unit.CHARACTERS, window)


@given(texts, lengths)
def test_whatever_follows_on_something_is_learned_once(text, window):
    pieces = [row.text for row in cut([Row(7, text)], Unit.CHARACTERS, window)]
    assert sum((Counter(pairwise(piece)) for piece in pieces), Counter()) == Counter(pairwise(text))
    assert all(2 <= len(piece) <= window + 1 for piece in pieces)


@given(st.lists(texts, max_size=4), lengths, st.sampled_from(Unit))
def test_what_is_cut_is_not_cut_again(texts, window, unit):
    pieces = list(cut([Row(i, text) for i, text in enumerate(texts)], unit, window))
    assert list(cut(pieces, unit, window)) == pieces


def test_a_piece_has_the_line_of_its_text_and_a_short_text_stays_as_it_is():
    rows = [Row(2, "One, two, three, four, five."), Row(3, "Six, seven!")]
    assert list(cut(rows, Unit.WORDS, 2)) == [
        Row(2, "one two three"),
        Row(2, "three four five"),
        Row(3, "Six, seven!"),
    ]


def test_after_every_token_the_next_is_wanted():
    data = letters("abca", "cb")
    assert data.vocabulary.words == data.classes == ("a", "b", "c")
    first, second = data.train
    assert (first.inputs.tolist(), first.targets.tolist()) == ([0, 1, 2], [1, 2, 0])
    assert (second.inputs.tolist(), second.targets.tolist()) == ([2], [1])
    assert (data.reads, data.loss, data.source) == (OutputAt.EVERY, Loss.CROSS_ENTROPY, None)


def test_no_phrase_of_such_data_has_a_class():
    data = letters("abca", "cb")
    assert data.wanted(np.array([0, 1, 2])).tolist() == [1, 2, -1]


def test_long_texts_are_learned_and_tested_in_pieces():
    data = letters("ab" * 10, test=["ba" * 10], window=5)
    assert [len(example.inputs) for example in (*data.train, *data.test)] == [5, 5, 5, 4] * 2


def test_unknown_characters_of_the_test_are_skipped_and_noted():
    data = letters("abcd", test=["a?b!", "cd"])
    assert [example.text for example in data.test] == ["a", "c"]
    assert data.unknown == ("!", "?")
    assert "skipped: '!', '?'." in data.notes[0]


def test_a_test_row_with_fewer_than_two_known_tokens_is_refused_with_its_row():
    with pytest.raises(TaskError, match="The test phrases, row 3: of 'a!' only the character 'a'"):
        letters("abcd", test=["ab", "a!"])


def test_one_distinct_token_is_refused():
    with pytest.raises(TaskError, match="have only one character, 'a': there must be at least two"):
        letters("aaaa")


@given(st.lists(texts.filter(lambda text: len({*text}) > 1), min_size=1, max_size=4), lengths)
def test_the_pieces_are_those_of_the_text_and_each_is_named_by_what_is_read(texts, window):
    data = letters(*texts, window=window)
    pieces = list(cut([Row(1, text) for text in texts], Unit.CHARACTERS, window))
    for example, piece in zip(data.train, pieces, strict=True):
        assert data.vocabulary.read(piece.text[:-1]).tokens.tolist() == example.inputs.tolist()
        assert data.vocabulary.read(piece.text[1:]).tokens.tolist() == example.targets.tolist()
        assert example.text == piece.text[:-1]
