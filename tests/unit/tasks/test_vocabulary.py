"""Words and their numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.vocabulary import END, START, Unit, Vocabulary, split_words
from tests.sampling import each_row

KNOWN = Vocabulary.of(["this is not bad", "i am happy"])


@each_row(
    ("text", "words"),
    [
        ("this is bad", ["this", "is", "bad"]),
        ("This is BAD", ["this", "is", "bad"]),
        ("  this\tis\n bad ", ["this", "is", "bad"]),
        ("“Bad”, he said (twice)!", ["bad", "he", "said", "twice"]),
        ("don't", ["don't"]),
        ("well - bad", ["well", "-", "bad"]),
        ("<b>bad</b> $x$ 😀", ["<b>bad</b>", "$x$", "😀"]),
        ("... !? ()", []),
        ("", []),
    ],
)
def test_how_a_phrase_falls_into_words(text, words):
    assert split_words(text) == words


@given(st.text())
def test_a_word_is_lower_case_and_has_no_space(text):
    for word in split_words(text):
        assert word
        assert word == word.lower()
        assert len(word.split()) == 1


@given(st.text())
def test_words_are_read_as_themselves(text):
    words = split_words(text)
    assert split_words(" ".join(words)) == words


def test_a_vocabulary_is_sorted_and_has_every_word_once():
    assert KNOWN.words == ("am", "bad", "happy", "i", "is", "not", "this")
    assert len(KNOWN) == 7


def test_a_word_s_number_is_its_place():
    assert KNOWN.read("this am").tokens.tolist() == [6, 0]


def test_unknown_words_are_set_apart_and_named_once():
    reading = KNOWN.read("great this great is odd")
    assert reading.words == ("this", "is")
    assert reading.unknown == ("great", "odd")


def test_a_phrase_without_known_words_has_no_tokens():
    tokens = KNOWN.read("great").tokens
    assert tokens.shape == (0,)
    assert np.issubdtype(tokens.dtype, np.integer)


@given(st.lists(st.sampled_from([*KNOWN.words, "great", "<b>", "!"])))
def test_known_words_keep_their_order(words):
    reading = KNOWN.read(" ".join(words))
    assert [word for word in words if word in KNOWN.words] == list(reading.words)
    assert [KNOWN.words[number] for number in reading.tokens] == list(reading.words)


@given(st.text())
def test_every_word_is_either_known_or_unknown(text):
    reading = KNOWN.read(text)
    assert {*reading.words, *reading.unknown} == set(split_words(text))
    assert not {*reading.words} & {*reading.unknown}


LETTERS = Vocabulary.of(["ab c", "B"], characters=True)


def test_characters_are_read_as_they_are():
    assert LETTERS.words == (" ", "B", "a", "b", "c")
    assert LETTERS.read("Bad cab").words == ("B", "a", " ", "c", "a", "b")
    assert LETTERS.read("Bad cab").unknown == ("d",)
    assert (LETTERS.noun, KNOWN.noun) == ("character", "word")


@given(st.text())
def test_characters_join_to_the_text(text):
    assert LETTERS.join(LETTERS.split(text)) == text
    reading = Vocabulary.of([text], characters=True).read(text)
    assert LETTERS.join(reading.words) == text


def test_a_token_has_the_number_of_its_place():
    assert [KNOWN.words[KNOWN.number(word)] for word in KNOWN.words] == list(KNOWN.words)
    assert KNOWN.join(KNOWN.split("This is bad!")) == "this is bad"


@given(st.text(), st.sampled_from(Unit))
def test_the_text_of_tokens_has_these_tokens(text, unit):
    tokens = unit.tokens(text)
    assert unit.tokens(unit.text(tokens)) == unit.tokens(unit.plain(text)) == tokens


@each_row("vocabulary", [KNOWN, LETTERS], ids=["words", "characters"])
def test_a_vocabulary_splits_and_joins_as_its_unit_does(vocabulary):
    assert vocabulary.split("This bad") == vocabulary.unit.tokens("This bad")
    assert vocabulary.join("ab") == vocabulary.unit.text("ab")


def test_a_unit_has_a_noun():
    assert [unit.noun for unit in Unit] == ["word", "character"]


@each_row("sign", [START, END])
def test_a_sign_is_one_word_but_no_character(sign):
    assert split_words(sign) == [sign]
    assert len(sign) > 1
