"""Tokens and their indices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.vocabulary import (
    END,
    MAX_TOKENS,
    START,
    Unit,
    Vocabulary,
    known,
    split_words,
    unknown_notes,
    unknown_tokens,
    vocabulary_of,
)
from tests.sampling import each_row

KNOWN = Vocabulary.of(["this is not bad", "i am happy"])
LETTERS = Vocabulary.of(["ab c", "B"], characters=True)


@each_row(
    ("text", "words"),
    [
        ("  This\tis\n BAD ", ["this", "is", "bad"]),
        ("“Bad”, he said (twice)!", ["bad", "he", "said", "twice"]),
        ("don't", ["don't"]),
        ("well - bad", ["well", "-", "bad"]),
        ("<b>bad</b> $x$ 😀", ["<b>bad</b>", "$x$", "😀"]),
        ("... !? ()", []),
        ("", []),
        (START, [START]),
        (END, [END]),
    ],
)
def test_how_a_phrase_is_split_into_words(text, words):
    assert split_words(text) == words


@given(st.text(), st.sampled_from(Unit))
def test_joined_tokens_are_split_again(text, unit):
    tokens = unit.tokens(text)
    assert unit.tokens(unit.text(tokens)) == unit.tokens(unit.plain(text)) == tokens
    assert unit is Unit.WORDS or unit.plain(text) == text


def test_a_vocabulary_is_sorted_and_an_index_is_a_position():
    assert KNOWN.words == ("am", "bad", "happy", "i", "is", "not", "this")
    assert (len(KNOWN), KNOWN.noun, KNOWN.unit) == (7, "word", Unit.WORDS)
    assert [KNOWN.number(word) for word in KNOWN.words] == [*range(7)]
    assert KNOWN.read("this am").tokens.tolist() == [6, 0]
    assert KNOWN.join(KNOWN.split("This is bad!")) == "this is bad"


@given(st.text() | st.lists(st.sampled_from([*KNOWN.words, "great", "<b>", "!"])).map(" ".join))
def test_known_words_keep_their_order_and_unknown_ones_are_listed_once(text):
    words, reading = split_words(text), KNOWN.read(text)
    assert reading.words == tuple(word for word in words if word in KNOWN.words)
    assert reading.unknown == tuple(dict.fromkeys(w for w in words if w not in KNOWN.words))
    assert [KNOWN.words[token] for token in reading.tokens] == list(reading.words)
    assert np.issubdtype(reading.tokens.dtype, np.integer)


def test_characters_are_read_as_they_are():
    assert LETTERS.words == (" ", "B", "a", "b", "c")
    assert LETTERS.read("Bad cab").words == ("B", "a", " ", "c", "a", "b")
    assert LETTERS.read("Bad cab").unknown == ("d",)
    assert (LETTERS.noun, LETTERS.join(LETTERS.split("Bad cab"))) == ("character", "Bad cab")
    assert not {START, END} & {*LETTERS.split(START + END)}


# From texts to token indices, and what can't be read


SHORT = Vocabulary.of(["so warm", "so cold"])


@each_row(
    ("unit", "said"),
    [
        (Unit.WORDS, r"5,001 different words, more than 5,000.*or characters"),
        (Unit.CHARACTERS, r"5,001 different characters.*Use fewer rows\.$"),
    ],
)
def test_a_vocabulary_may_have_the_most_tokens_but_not_one_more(unit, said):
    signs = [*map(chr, range(0x4E00, 0x4E00 + MAX_TOKENS))]
    assert len(vocabulary_of(signs, unit)) == MAX_TOKENS
    with pytest.raises(TaskError, match=said):
        vocabulary_of([*signs, "a"], unit)


@each_row(
    ("text", "least", "said"),
    [
        ("damp", 1, "Here: no word of 'damp' occurs in the training phrases"),
        ("damp", 2, "no word of 'damp' occurs"),
        ("damp cold", 2, "of 'damp cold' only the word 'cold' occurs"),
    ],
)
def test_a_text_with_too_few_known_tokens_is_refused(text, least, said):
    reading = known("so very cold", SHORT, "Here", least)
    assert (reading.words, reading.unknown) == (("so", "cold"), ("very",))
    with pytest.raises(TaskError) as problem:
        known(text, SHORT, "Here", least)
    assert said in str(problem.value)


def test_unknown_tokens_are_sorted_and_a_space_can_be_seen():
    unknown = unknown_tokens(["very damp", "so damp", "at all"], SHORT)
    assert unknown == ("all", "at", "damp", "very")
    assert unknown_notes((" ", "\n", "x"), Unit.CHARACTERS) == (
        "Characters that only the test phrases have are skipped: ' ', '\\n', 'x'.",
    )
    assert unknown_notes((), Unit.WORDS) == ()
