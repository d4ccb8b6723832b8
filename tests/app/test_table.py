"""The numbers behind the pictures."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.app.numbers_table import table_of
from rnnviz.figures.picture import Picture, heatmap, scatter


def test_every_point_is_a_row_with_its_exact_numbers():
    figure = Picture(
        [
            scatter(x=[1, 2], y=[0.5, 0.25], name="one", customdata=["a", "b"]),
            scatter(x=[3], y=[7.0], customdata=[["c", 1e-300]]),
        ],
        {},
    )
    table = table_of(figure)
    assert table["series"].tolist() == ["one", "one", "2"]
    assert table["x"].tolist() == [1, 2, 3]
    assert table["y"].tolist() == [0.5, 0.25, 7.0]
    assert table["exact 1"].tolist() == ["a", "b", "c"]
    assert table["exact 2"].tolist()[2] == "1e-300"


def test_every_cell_of_a_heatmap_is_a_row():
    table = table_of(Picture([heatmap(z=np.array([[1.0, 2, 3], [4, 5, 6]]), y=["a", "b"])], {}))
    assert table["z"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table["x"].tolist() == [0, 1, 2, 0, 1, 2]
    assert table["y"].tolist() == ["a"] * 3 + ["b"] * 3


def test_an_empty_figure_is_an_empty_table():
    assert table_of(Picture([], {})).empty
    assert table_of(Picture([scatter(x=[], y=[])], {})).empty


SCRIPT = """
import streamlit as st
from rnnviz.figures.picture import Picture, scatter
from rnnviz.app.numbers_table import numbers
def drawn():
    st.session_state.made = st.session_state.get("made", 0) + 1
    return Picture([scatter(x=[1], y=[2])], {{}})
if {opened}:
    st.session_state.numbers_here = True
numbers("here", {{"A chart": drawn}})
"""


@pytest.mark.parametrize("opened", [False, True])
def test_nothing_is_made_until_the_box_is_opened(opened):
    app = AppTest.from_string(SCRIPT.format(opened=opened)).run()
    assert not app.exception
    assert ("made" in app.session_state) == opened
    assert len(app.dataframe) == opened


def test_small_numbers_are_shown_with_all_their_digits():
    app = AppTest.from_string(SCRIPT.format(opened=True).replace("y=[2]", "y=[1.25e-9]")).run()
    columns = json.loads(app.dataframe[0].proto.columns)
    assert columns["y"]["type_config"]["format"] == "%g"
    assert "x" not in columns
