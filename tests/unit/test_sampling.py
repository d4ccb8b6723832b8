"""The samples of products: every pair, every value, every row; and all with --exhaustive."""

from itertools import combinations, product

import pytest

from tests import sampling
from tests.sampling import covering, each_row, pairwise, singly, turns

AXES = "ab", (1, 2, 3), "wxyz", (False, True)


def pairs(rows):
    return {pair for row in rows for pair in combinations(enumerate(row), 2)}


def rows_of(mark):
    names, params = mark.args
    return list(names), {param.id: param.values for param in params}


@pytest.fixture
def exhaustive(monkeypatch):
    monkeypatch.setattr(sampling, "exhaustive", True)


def test_any_two_values_meet_in_few_rows():
    rows = covering(*AXES)
    assert pairs(rows) == pairs(product(*AXES))
    assert len(rows) == len({*rows}) == 12
    assert rows == covering(*AXES)


def test_of_two_axes_or_one_all_rows_are_taken():
    assert sorted(covering("ab", (1, 2))) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert covering("abc") == [("a",), ("b",), ("c",)]


def test_every_value_has_its_turn():
    assert turns("ab", (1, 2, 3)) == [("a", 1), ("b", 2), ("a", 3)]


def test_rows_are_called_by_their_values_or_the_keys_of_a_dict():
    mark = pytest.mark.parametrize(("x", "y"), [(1, 2), (3, 4)], ids=["low", "high"])
    named = pairwise(mark, cell=[("gru", "tanh")], kind={"none": None})
    assert rows_of(named) == (
        ["x", "y", "cell", "kind"],
        {
            "low-gru-tanh-none": (1, 2, ("gru", "tanh"), None),
            "high-gru-tanh-none": (3, 4, ("gru", "tanh"), None),
        },
    )


def test_exhaustively_products_are_run_in_full(exhaustive):
    assert len(rows_of(pairwise(a="ab", b="cde", c="fg"))[1]) == 12
    assert len(rows_of(singly(a="ab", b="cde"))[1]) == 6
    assert list(rows_of(each_row("a", ["p", {1}]))[1].items()) == [("p", ("p",)), ("a1", ({1},))]


def test_every_row_is_run_and_one_that_fails_is_named(monkeypatch):
    monkeypatch.setattr(sampling, "exhaustive", False)
    seen = []

    @each_row(("a", "b"), [(1, 2), (3, 4), (5, 6)])
    def run(fixture, a, b):
        seen.append((fixture, a, b))
        assert a < 5

    with pytest.raises(AssertionError) as failed:
        run(fixture="f")
    assert seen == [("f", 1, 2), ("f", 3, 4), ("f", 5, 6)]
    assert failed.value.__notes__ == ["In the row 5-6"]
