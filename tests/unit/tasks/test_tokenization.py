"""From texts to token indices, and what can't be read."""

import pytest

from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.vocabulary import (
    MAX_TOKENS,
    Unit,
    Vocabulary,
    known,
    unknown_notes,
    unknown_tokens,
    vocabulary_of,
)
from tests.sampling import each_row

KNOWN = Vocabulary.of(["so warm", "so cold"])


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
    reading = known("so very cold", KNOWN, "Here", least)
    assert (reading.words, reading.unknown) == (("so", "cold"), ("very",))
    with pytest.raises(TaskError) as problem:
        known(text, KNOWN, "Here", least)
    assert said in str(problem.value)


def test_unknown_tokens_are_sorted_and_a_space_can_be_seen():
    unknown = unknown_tokens(["very damp", "so damp", "at all"], KNOWN)
    assert unknown == ("all", "at", "damp", "very")
    assert unknown_notes((" ", "\n", "x"), Unit.CHARACTERS) == (
        "Characters that only the test phrases have are skipped: ' ', '\\n', 'x'.",
    )
    assert unknown_notes((), Unit.WORDS) == ()
