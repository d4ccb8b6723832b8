"""The numbers behind the pictures."""

import json

import numpy as np
from streamlit.testing.v1 import AppTest

from rnnviz.app.numbers_table import table_of
from rnnviz.figures.picture import Picture, heatmap, scatter


def columns(*series):
    return table_of(Picture([*series], {})).to_dict("list")


def test_every_point_is_a_row_with_its_exact_numbers():
    table = columns(
        scatter(x=[1, 2], y=[0.5, 0.25], name="one", customdata=["a", "b"]),
        scatter(x=[3], y=[7.0], customdata=[["c", 1e-300]]),
    )
    assert table.pop("exact 2")[2] == "1e-300"
    assert table == {
        "series": ["one", "one", "2"],
        "x": [1, 2, 3],
        "y": [0.5, 0.25, 7.0],
        "exact 1": ["a", "b", "c"],
    }
    assert columns() == {}
    assert not columns(scatter(x=[], y=[])).get("x")


def test_every_cell_of_a_heatmap_is_a_row():
    table = columns(heatmap(z=np.array([[1.0, 2, 3], [4, 5, 6]]), y=["a", "b"]))
    assert (table["z"], table["x"]) == ([1, 2, 3, 4, 5, 6], [0, 1, 2] * 2)
    assert table["y"] == ["a"] * 3 + ["b"] * 3


SCRIPT = """
import streamlit as st
from rnnviz.figures.picture import Picture, scatter
from rnnviz.app.numbers_table import numbers
def drawn():
    st.session_state.made = True
    return Picture([scatter(x=[1], y=[1.25e-9])], {{}})
st.session_state.numbers_here = {opened}
numbers("here", {{"A chart": drawn}})
"""


def test_nothing_is_made_until_the_box_is_opened_and_then_all_digits_are_shown():
    app = AppTest.from_string(SCRIPT.format(opened=False)).run()
    assert "made" not in app.session_state and not app.dataframe
    app = AppTest.from_string(SCRIPT.format(opened=True)).run()
    formats = json.loads(app.dataframe[0].proto.columns)
    assert formats["y"]["type_config"]["format"] == "%g"
    assert "x" not in formats
