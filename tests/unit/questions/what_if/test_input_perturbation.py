"""A sequence and its variant, side by side."""

import numpy as np

from rnnviz.questions.what_if.measure import Alter, Perturbation, aligned, joined
from tests.sampling import each_row

IDENTITY = [(t, t) for t in range(4)]


@each_row(
    ("variant", "words", "pairs"),
    [
        (Perturbation(Alter.CHANGE, 2, "very"), "i am very good", IDENTITY),
        (Perturbation(Alter.DROP, 2), "i am good", [(0, 0), (1, 1), (2, None), (3, 2)]),
        (Perturbation(Alter.DROP, 0), "am not good", [(0, None), (1, 0), (2, 1), (3, 2)]),
        (
            Perturbation(Alter.ADD, 2, "very"),
            "i am not very good",
            [(0, 0), (1, 1), (2, 3), (3, 4)],
        ),
        (Perturbation(Alter.ADD, 3, "<b>"), "i am not good <b>", [*IDENTITY[:3], (3, 4)]),
        (Perturbation(Alter.SWAP, 1), "i not am good", IDENTITY),
        (Perturbation(Alter.SWAP, 3), "i am not good", IDENTITY),
        (Perturbation(Alter.STATE, 2, "", ("so", "bad"), 0), "so good", IDENTITY),
        (Perturbation(Alter.STATE, 3, "", ("so", "bad"), 9), "so bad", IDENTITY),
    ],
)
def test_one_word_is_changed_and_the_others_are_matched(variant, words, pairs):
    assert " ".join(variant.applied(("i", "am", "not", "good"))) == words
    assert variant.pairs(4) == pairs


def test_a_decoder_s_answers_are_matched_in_order():
    first = Perturbation(Alter.DROP, 0).pairs(2)
    assert joined(first, 4, 4) == [(0, None), (1, 0), (2, 1), (3, 2), (None, 3)]
    assert joined(first, 2, 1) == first


def test_the_rows_of_another_state_begin_where_it_is_put_in():
    first, second = np.arange(4), np.arange(10, 13)
    variant = Perturbation(Alter.STATE, 2, donor=("so", "bad"), after=1)
    assert variant.continued(first, second).tolist() == [0, 1, 11, 12]
    assert Perturbation(Alter.SWAP, 2).continued(first, second) is second


def test_rows_without_a_match_are_nan():
    found = aligned(np.array([[1.0, 2], [3, 4]]), [1, None, 0])
    np.testing.assert_array_equal(found, [[3, 4], [np.nan, np.nan], [1, 2]])
