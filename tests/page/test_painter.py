"""A figure that asks for what the painter can't draw is found."""

import pytest

from tests.page.painter import DASHES, FILLS, MODES, SHAPES, SYMBOLS, TYPES, unknown


def test_what_the_scripts_know_is_read():
    assert {"scatter", "bar", "heatmap"} == TYPES
    assert {"lines", "markers", "text"} == MODES
    assert {"circle", "square", "triangle-up", "x", "x-thin"} <= SYMBOLS
    assert {"solid", "dot", "dash", "longdash"} <= DASHES
    assert {"none", "tonexty", "toself"} <= FILLS
    assert {"line", "rect", "circle"} == SHAPES


SCATTER = {"type": "scatter", "mode": "lines+markers", "x": [0, 1], "y": [1, 2]}


@pytest.mark.parametrize(
    ("series", "layout", "expected"),
    [
        ({}, {"title": {"text": "all right"}, "xaxis2": {"type": "log"}}, []),
        ({"type": "violin"}, {}, ["type violin"]),
        ({"mode": "lines+stars"}, {}, ["mode stars"]),
        ({"marker": {"symbol": ["x-open", "star"]}}, {}, ["symbol star"]),
        ({"line": {"dash": "3px"}}, {}, ["dash 3px"]),
        ({"fill": "tonextx"}, {}, ["fill tonextx"]),
        ({"boxmean": True}, {}, ["option boxmean"]),
        ({}, {"shapes": [{"type": "path", "line": {"dash": "3px"}}]}, ["shape path", "dash 3px"]),
        ({}, {"yaxis3": {"rangeslider": {}}}, ["option rangeslider"]),
    ],
)
def test_what_they_do_not_know_is_named(series, layout, expected):
    assert unknown({"data": [SCATTER | series], "layout": layout}) == expected
