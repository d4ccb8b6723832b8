"""Tokens and their indices."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data.vocabulary import (
    END,
    LARGEST,
    MAX_TOKENS,
    START,
    Unit,
    Vocabulary,
    known,
    read_values,
    split_words,
    unknown_notes,
    unknown_tokens,
    vocabulary_of,
    write_values,
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
        "Characters that only the test phrases have are skipped: '\\n', ' ', 'x'.",
    )
    assert unknown_notes((), Unit.WORDS) == ()


# Sequences of numbers as text


numbers = st.floats(-LARGEST, LARGEST)
ONE, TWO, THREE = ("value",), ("value", "marker"), ("bit 1", "bit 2", "bit 3")


def named(count):
    return [f"channel {number}" for number in range(count)]


@each_row(
    ("values", "text", "other"),
    [
        ([[0.5], [-1], [2]], "0.5 -1 2", "  .5\n-1.0\t+2. "),
        ([[1000], [-1000]], "1000 -1000", "1000.0 -1000."),
        ([[0.31, 0], [0.7, 1], [1, 1]], "0.31 0.7* 1*", "0.31,0 0.7,1 1*"),
        ([[0.31, 0], [0.7, 0.5]], "0.31,0 0.7,0.5", "0.31 0.7,.5"),
        ([[1, -1, 0], [0, 0, 1]], "1,-1,0 0,0,1", "1.0,-1,0 0,0,01"),
    ],
)
def test_values_are_written_in_one_way_and_read_in_several(values, text, other):
    assert write_values(np.array(values, float)) == text
    for written in (text, other):
        assert read_values(written, named(len(values[0])), 3).tolist() == values


@given(
    st.tuples(st.integers(1, 9), st.integers(1, 5)).flatmap(
        lambda s: arrays(float, s, elements=numbers | st.sampled_from([0.0, 1.0]))
    )
)
def test_what_is_written_is_read_back_exactly(values):
    read = read_values(write_values(values), named(values.shape[1]), len(values))
    assert read.dtype == float
    assert np.array_equal(read, values)


@each_row(
    ("text", "channels", "said"),
    [
        (" \n", TWO, "There are no values"),
        ("0 0 0 0 0 0 0 0 0 0", ONE, "10 groups of values, more than 9"),
        ("0 x", ONE, "Group 2, 'x', can't be read"),
        ("1, 2", ONE, "Group 1, '1,', can't be read"),
        *((text, ONE, "Group 1") for text in ("1,2", "1*", "nan", "-inf", "1e5", "1_0", "٣")),
        *((text, TWO, "Group 1") for text in ("1,*", "1*,1", "1**", "*")),
        ("1,0,0 1,0", THREE, r"Group 2, '1,0', can't be read.*bit 1, bit 2, bit 3.*“1,0,-1”\.$"),
        ("1000.1", ONE, "from −1000 to 1000"),
        ("0,0,0 0,-5000,0", THREE, "Group 2, '0,-5000,0': a number must be from −1000 to 1000"),
        ("9" * 400, ONE, "from −1000 to 1000"),
        ("1" * 200_000 + "x", ONE, "Group 1, '1{30}', can't be read"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text, channels, said):
    with pytest.raises(TaskError, match=said) as problem:
        read_values(text, channels, 9)
    assert len(str(problem.value)) < 300


scraps = st.lists(st.sampled_from(["1", "-0.5", ".", ",", "*", " ", "e", "nan", "9" * 50])).map(
    "".join
)


@given(st.text() | scraps, st.integers(1, 4))
def test_any_text_is_read_or_refused(text, count):
    try:
        values = read_values(text, named(count), 9)
    except TaskError:
        return
    assert values.shape[1] == count
    assert 1 <= len(values) <= 9
    assert np.all(np.abs(values) <= LARGEST)


@each_row("count", range(1, 6))
def test_the_example_of_a_refusal_can_be_read(count):
    with pytest.raises(TaskError) as problem:
        read_values("", named(count), 9)
    (example,) = re.findall(r"such as: “(.+)”\.$", str(problem.value))
    assert read_values(example, named(count), 9).shape[1] == count
