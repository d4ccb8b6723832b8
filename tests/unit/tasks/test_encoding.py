"""From texts to numbers, and what can't be read."""

import pytest

from rnnviz.tasks.encoding import MAX_TOKENS, known, unknown_notes, unknown_tokens, vocabulary_of
from rnnviz.tasks.table import TaskError
from rnnviz.tasks.vocabulary import Unit, Vocabulary
from tests.sampling import each_row

KNOWN = Vocabulary.of(["so warm", "so cold"])


def test_a_vocabulary_may_have_the_most_tokens_but_not_one_more():
    words = [f"word{i}" for i in range(MAX_TOKENS)]
    assert len(vocabulary_of(words, Unit.WORDS)) == MAX_TOKENS
    with pytest.raises(TaskError, match=r"5,001 different words, more than 5,000.*or characters"):
        vocabulary_of([*words, "more"], Unit.WORDS)
    signs = [*map(chr, range(0x4E00, 0x4E00 + MAX_TOKENS))]
    assert len(vocabulary_of(signs, Unit.CHARACTERS)) == MAX_TOKENS
    with pytest.raises(TaskError, match=r"5,001 different characters.*Use fewer rows\.$"):
        vocabulary_of([*signs, "a"], Unit.CHARACTERS)


def test_a_text_is_read_without_what_is_unknown():
    reading = known("so very cold", KNOWN, "Here")
    assert (reading.words, reading.unknown) == (("so", "cold"), ("very",))


@each_row(
    ("text", "least", "said"),
    [
        ("damp", 1, "Here: no word of 'damp' occurs in the training phrases"),
        ("damp", 2, "no word of 'damp' occurs"),
        ("damp cold", 2, "of 'damp cold' only the word 'cold' occurs"),
    ],
)
def test_a_text_of_which_too_little_is_known_is_refused(text, least, said):
    with pytest.raises(TaskError) as problem:
        known(text, KNOWN, "Here", least)
    assert said in str(problem.value)


def test_unknown_tokens_are_sorted_and_named_once():
    assert unknown_tokens(["very damp", "so damp", "at all"], KNOWN) == (
        *("all", "at", "damp", "very"),
    )


def test_an_unknown_space_can_be_seen():
    (note,) = unknown_notes((" ", "\n", "x"), Unit.CHARACTERS)
    assert note == (
        "Characters of the test phrases that training doesn't know are skipped: ' ', '\\n', 'x'."
    )
    assert unknown_notes((), Unit.WORDS) == ()
