"""A figure's JSON and arrays as they are sent to the browser, against Plotly's own JSON."""

import json

import numpy as np
import plotly.io

from rnnviz.charts.picture import Picture, bar, compact, heatmap, scatter
from tests.sampling import each_row
from tests.unit.charts.unpacked import unpacked

NUMBERS = {
    "float64": np.array([1 / 3, 1e-300, np.nan, np.inf, -np.inf]),
    "float32": np.array([[1 / 3, np.nan], [-np.inf, 1e30]], np.float32),
    "small int64": np.array([-(2**31), 2**31 - 1]),
    "large int64": np.array([2**53, -(2**53)]),
    "uint32": np.array([0, 2**32 - 1], np.uint32),
    "uint8": np.array([[0, 255]], np.uint8),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "three axes": np.arange(8).reshape(2, 2, 2),
    "empty": np.zeros(0),
}


def received(picture):
    """The figure as the browser reassembles it, as JSON."""
    text, arrays = picture.parts()
    figure = json.loads(text)
    for path, array in arrays.items():
        assert array.dtype.itemsize < 8 or array.dtype.kind == "f", "JavaScript has no such array"
        series, name = path.split(".")
        figure["data"][int(series)][name] = array.tolist()
    return json.dumps(figure)


@each_row("numbers", NUMBERS.values(), ids=list(NUMBERS))
def test_what_is_sent_is_what_plotly_would_send(numbers):
    line = {"color": "red", "width": np.float32(2.5)}
    flat = numbers.ravel()
    series = scatter(
        x=flat, y=flat.tolist(), customdata=numbers, line=line, marker={"color": np.arange(3)}
    )
    cells = heatmap(z=np.atleast_2d(flat), text=np.array([["a", "b"]]), zmin=np.int64(-1))
    drawn = Picture([series, cells, bar(x=[1, None])], {"title": {"text": "a <b>title</b> …"}})
    assert unpacked(received(drawn)) == unpacked(plotly.io.to_json(drawn.figure))
    sent = json.loads(received(drawn))["data"][0]["customdata"]
    exact = np.array(sent, float)
    finite = np.isfinite(numbers)
    np.testing.assert_array_equal(exact[finite], numbers[finite].astype(float))


def test_numbers_are_packed_as_contiguous_float32_and_not_finite_ones_in_lists_are_null():
    numbers = compact(np.arange(6.0).reshape(2, 3).T)
    text, arrays = Picture([scatter(x=numbers, y=[1.0, float("nan"), float("inf")])], {}).parts()
    assert list(arrays) == ["0.x"]
    assert arrays["0.x"].dtype == np.float32
    assert arrays["0.x"].flags.c_contiguous
    assert arrays["0.x"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert json.loads(text)["data"][0] == {"type": "scatter", "y": [1.0, None, None]}


def test_a_notebook_shows_it(monkeypatch):
    monkeypatch.setattr(plotly.io.renderers, "default", "plotly_mimetype")
    (shown,) = Picture([scatter(y=[1, 2])], {"height": 100})._repr_mimebundle_().values()
    assert shown["data"][0]["y"] == [1, 2]
    assert shown["layout"]["height"] == 100
