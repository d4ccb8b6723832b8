"""What travels to the browser, against Plotly's own way of saying it."""

import json

import numpy as np
import plotly.io
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rnnviz.figures.picture import Picture, bar, heatmap, scatter
from tests.sampling import each_row
from tests.unit.figures.unpacked import unpacked

NUMBERS = st.one_of(
    *(
        arrays(kind, array_shapes(max_dims=2, max_side=5), elements=elements)
        for kind, elements in (
            ("f8", st.floats(allow_nan=True, allow_infinity=True)),
            ("f4", st.floats(allow_nan=True, allow_infinity=True, width=32)),
            ("i8", st.integers(-(2**53), 2**53)),
            ("u4", st.integers(0, 2**32 - 1)),
            ("i4", st.integers(-(2**31), 2**31 - 1)),
            ("u1", st.integers(0, 255)),
        )
    )
)


@given(NUMBERS)
def test_numbers_arrive_as_they_are(numbers):
    drawn = Picture([scatter(customdata=numbers)], {})
    found = unpacked(drawn.to_json())["data"][0]["customdata"]
    np.testing.assert_array_equal(np.array(found, float), numbers.astype(float))


@given(NUMBERS)
def test_it_says_what_plotly_says(numbers):
    line = {"color": "red", "width": np.float32(2.5)}
    series = scatter(x=numbers.ravel(), y=numbers.ravel().tolist(), customdata=numbers, line=line)
    cells = heatmap(z=np.atleast_2d(numbers), text=np.array([["a", "b"]]), zmin=np.int64(-1))
    drawn = Picture([series, cells, bar(x=[1, None])], {"title": {"text": "a <b>title</b> …"}})
    assert unpacked(drawn.to_json()) == unpacked(plotly.io.to_json(drawn.figure))


def test_what_is_not_finite_outside_arrays_is_nothing():
    drawn = json.loads(Picture([scatter(y=[1.0, float("nan"), float("inf")])], {}).to_json())
    assert drawn["data"][0]["y"] == [1.0, None, None]


@each_row(
    "picture",
    [
        Picture([scatter(colour="red")], {}),
        Picture([scatter(mode="crosses")], {}),
        Picture([], {"heigth": 100}),
    ],
)
def test_plotly_refuses_what_it_does_not_know(picture):
    with pytest.raises(ValueError):
        assert picture.figure


def test_a_notebook_shows_it(monkeypatch):
    monkeypatch.setattr(plotly.io.renderers, "default", "plotly_mimetype")
    picture = Picture([scatter(y=[1, 2])], {"height": 100})
    (shown,) = picture._repr_mimebundle_().values()
    assert shown["data"][0]["y"] == [1, 2]
    assert shown["layout"]["height"] == 100
