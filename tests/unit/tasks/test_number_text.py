"""Sequences of numbers as text."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.vocabulary import LARGEST, read_values, write_values
from tests.sampling import each_row

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
        ("1000.1", ONE, "larger than 1000"),
        ("0,0,0 0,-5000,0", THREE, "Group 2, '0,-5000,0': a number can't be larger than 1000"),
        ("9" * 400, ONE, "larger than 1000"),
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
