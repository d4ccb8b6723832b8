"""Tokens and their indices."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.vocabulary import END, START, Unit, Vocabulary, split_words
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
