"""Plotly charts that update in place: ``place`` puts one on the page, ``frame`` brings figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import plotly
import plotly.graph_objects as go
import plotly.io
import streamlit as st
from streamlit.components.v1 import declare_component

from rnnviz.ui.text import explanation

Show = Callable[..., None]

_LIBRARY = Path(plotly.__file__).parent / "package_data"
_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_SCRIPT = _SCRIPT.replace("VERSION", json.dumps(plotly.__version__))
_HTML = """
<figure class="rnnviz-figure">
  <div class="rnnviz-frame"><div class="rnnviz-chart"></div><div class="rnnviz-scale"></div></div>
  <figcaption></figcaption>
</figure>
"""

_slot = st.components.v2.component(
    "rnnviz_chart", html=_HTML, js=_SCRIPT + "\nexport default slot;\n", isolate_styles=False
)
_courier = st.components.v2.component(
    "rnnviz_frame", js=_SCRIPT + "\nexport default courier;\n", isolate_styles=False
)


def serve_library() -> None:
    """Have this server hand out the plotly.min.js of the installed plotly; nothing from outside."""
    declare_component("plotly", path=_LIBRARY)


def place(key: str, height: int) -> None:
    """Put the chart ``key`` here, so many pixels high, with the explanation of that name below."""
    _slot(key=key, data={"key": key, "height": height, "text": explanation(key)})


@contextmanager
def frame(running: bool) -> Iterator[Show]:
    """Collect figures with the function given, ``show(figure, key, remark="")``, and send them.

    All go in one message; while ``running`` their drawing is spread over animation frames. A chart
    keeps its node, zoom, hover and legend; its remark stands below it; what hasn't changed, as its
    mark tells, isn't drawn again.
    """
    figures: dict[str, str] = {}

    def show(figure: go.Figure, key: str, remark: str = "") -> None:
        drawn = plotly.io.to_json(figure)
        head = f'"mark":"{hash((drawn, remark)):x}","remark":{json.dumps(remark)}'
        figures[key] = f'{json.dumps(key)}:{{{head},"figure":{drawn}}}'

    yield show
    charts = ",".join(figures.values())
    data = f'{{"running":{json.dumps(running)},"charts":{{{charts}}}}}'
    _courier(key="frame", data=data.encode())
