"""A sequence and its variant, side by side."""

import numpy as np
import pytest

from rnnviz.analysis.perturbation import Alter, Perturbation, aligned, joined
from tests.sampling import each_row

WORDS = ("i", "am", "not", "good")


@each_row(
    ("variant", "words"),
    [
        (Perturbation(Alter.CHANGE, 2, "very"), "i am very good"),
        (Perturbation(Alter.DROP, 2), "i am good"),
        (Perturbation(Alter.DROP, 0), "am not good"),
        (Perturbation(Alter.SWAP, 1), "i not am good"),
        (Perturbation(Alter.SWAP, 3), "i am not good"),
    ],
)
def test_one_word_is_altered(variant, words):
    assert " ".join(variant.applied(WORDS)) == words


def test_after_a_dropped_word_the_rest_moves_up():
    assert Perturbation(Alter.DROP, 1).pairs(4) == [(0, 0), (1, None), (2, 1), (3, 2)]
    assert Perturbation(Alter.SWAP, 1).pairs(3) == [(0, 0), (1, 1), (2, 2)]


@each_row("alter", list(Alter))
@each_row("place", range(4))
def test_words_outside_the_alteration_stand_beside_themselves(alter, place):
    variant = Perturbation(alter, place, "?")
    after = variant.applied(WORDS)
    touched = {place, place + 1} if alter is Alter.SWAP else {place}
    for mine, other in variant.pairs(4):
        if mine not in touched:
            assert WORDS[mine] == after[other]


def test_a_decoder_s_answers_follow_place_by_place():
    first = Perturbation(Alter.DROP, 0).pairs(2)
    assert joined(first, 4, 4) == [(0, None), (1, 0), (2, 1), (3, 2), (None, 3)]
    assert joined(first, 2, 1) == first


def test_what_has_no_partner_is_no_number():
    rows = np.array([[1.0, 2], [3, 4]])
    found = aligned(rows, [1, None, 0])
    assert found[[0, 2]] == pytest.approx(rows[::-1])
    assert np.isnan(found[1]).all()
