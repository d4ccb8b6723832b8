"""Edits of the weights as texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import SettingError
from rnnviz.training.weight_edits import LARGEST, Edit, noise, scale, set_weight, silence
from tests.sampling import each_row

AMOUNTS = st.floats(-LARGEST, LARGEST)
COUNTS = st.integers(0, 999_999_999)
NAMES = st.sampled_from(["W_hh", "enc.W_xh.2", "W_hy"])
EDITS = st.one_of(
    st.builds(silence, COUNTS, COUNTS),
    st.builds(scale, AMOUNTS),
    st.builds(noise, AMOUNTS, COUNTS),
    st.builds(set_weight, NAMES, COUNTS, COUNTS, AMOUNTS),
)


@given(EDITS)
def test_what_is_written_is_read_again(edit):
    assert Edit.parse(str(edit)) == edit
    assert "," not in str(edit)


@each_row(
    ("text", "edit"),
    [
        ("silence 1 7", silence(1, 7)),
        ("scale 0.9", scale(0.9)),
        ("noise 0.1 3", noise(0.1, 3)),
        ("set W_hh 3 4 0.5", set_weight("W_hh", 3, 4, 0.5)),
    ],
)
def test_edits_are_short(text, edit):
    assert str(edit) == text
    assert Edit.parse(text) == edit


@each_row(
    "text",
    [
        "",
        "silence",
        "silence 1",
        "silence 1 2 3",
        "silence -1 2",
        "silence 1.5 2",
        "silence ٣ 1",
        "scale",
        "scale nan",
        "scale inf",
        "scale 1e7",
        "noise 0.1",
        "noise x 1",
        "set W_hh 1 1",
        "set W_hh 1 1 1 1 1 1 1 1",
        "kill 1 2",
        "<b>",
        "silence 1 9999999999",
    ],
)
def test_anything_else_gets_a_sentence(text):
    with pytest.raises(SettingError, match="is not an edit of the weights"):
        Edit.parse(text)
