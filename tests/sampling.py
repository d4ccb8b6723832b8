"""How many cases a product of values makes: a sample that is small, or with --exhaustive all."""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence, Set
from itertools import combinations, product

import pytest

#: Whether every product is run in full; tests/conftest.py sets it before tests are collected.
exhaustive = False


def covering(*axes: Sequence) -> list[tuple]:
    """Rows of a product in which any two values of two axes meet; the same rows every time."""

    def pairs(row: Sequence[int]) -> set:
        return set(combinations(enumerate(row), min(2, len(row))))

    every = list(product(*(range(len(axis)) for axis in axes)))
    left, chosen = set().union(*map(pairs, every)), []
    while left:
        row = max(every, key=lambda row: len(pairs(row) & left))
        left -= pairs(row)
        chosen.append(tuple(axis[i] for axis, i in zip(axes, row, strict=True)))
    return chosen


def turns(*axes: Sequence) -> list[tuple]:
    """Rows in which every value of every axis has its turn."""
    count = max(map(len, axes))
    return [tuple(axis[k % len(axis)] for axis in axes) for k in range(count)]


def pairwise(*marks: pytest.MarkDecorator, **axes: Iterable) -> pytest.MarkDecorator:
    """Parametrize with every pair of values: of marks that parametrize, and of axes by name."""
    return _parametrize(covering, marks, axes)


def singly(*marks: pytest.MarkDecorator, **axes: Iterable) -> pytest.MarkDecorator:
    """Parametrize with every value at least once, and not with every pair."""
    return _parametrize(turns, marks, axes)


def each_row(names: str | Sequence[str], rows: Iterable, ids: object = None) -> Callable:
    """Run a test on every row of a table, in one case; a row that fails is named.

    What the test has from fixtures is the same for all rows.
    """
    mark = pytest.mark.parametrize(names, list(rows), ids=ids)
    names, params = _axis(mark)
    if exhaustive:
        return pytest.mark.parametrize(names, params)

    def decorate(test: Callable) -> Callable:
        @functools.wraps(test)
        def on_every_row(**fixtures: object) -> None:
            for param in params:
                try:
                    test(**dict(zip(names, param.values, strict=True)), **fixtures)
                except (Exception, pytest.fail.Exception) as error:
                    error.add_note(f"In the row {param.id}")
                    raise

        signature = inspect.signature(test)
        others = [arg for name, arg in signature.parameters.items() if name not in names]
        on_every_row.__signature__ = signature.replace(parameters=others)
        return on_every_row

    return decorate


def _parametrize(sample: Callable, marks: tuple, axes: dict) -> pytest.MarkDecorator:
    named = [pytest.mark.parametrize(name, _values(axis)) for name, axis in axes.items()]
    names, params = zip(*map(_axis, (*marks, *named)), strict=True)
    rows = list(product(*params)) if exhaustive else sample(*params)
    joined = [
        pytest.param(*(v for p in row for v in p.values), id="-".join(str(p.id) for p in row))
        for row in rows
    ]
    return pytest.mark.parametrize([name for axis in names for name in axis], joined)


def _values(axis: Iterable) -> list:
    """The values of an axis; those of a dict are called by their keys."""
    if isinstance(axis, dict):
        return [pytest.param(value, id=str(key)) for key, value in axis.items()]
    return list(axis)


def _axis(mark: pytest.MarkDecorator) -> tuple[list[str], list]:
    """The names that a mark gives values to, and its rows, each with an id."""
    names, rows = mark.args
    names = names.replace(",", " ").split() if isinstance(names, str) else list(names)
    ids, found = mark.kwargs.get("ids"), []
    rows = list(rows)
    given = list(ids) if ids is not None and not callable(ids) else [None] * len(rows)
    for number, row in enumerate(rows):
        named = getattr(row, "id", None) if hasattr(row, "marks") else None
        values = row.values if hasattr(row, "marks") else row if len(names) > 1 else (row,)
        said = [_id(value, name, number, ids) for name, value in zip(names, values, strict=True)]
        found.append(pytest.param(*values, id=str(named or given[number] or "-".join(said))))
    return names, found


def _id(value: object, name: str, number: int, ids: object) -> str:
    if isinstance(value, Set):  # written in another order by every process
        return f"{name}{number}"
    said = ids(value) if callable(ids) else None
    if said is not None:
        return str(said)
    if isinstance(value, tuple) and value and all(isinstance(part, str) for part in value):
        return "-".join(value)
    said = str(value)
    return said if len(said) <= 40 and "<" not in said else f"{name}{number}"
