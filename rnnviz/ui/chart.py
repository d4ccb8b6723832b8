"""show(figure, key): a Plotly chart that updates in place."""

from __future__ import annotations

import json
from pathlib import Path

import plotly
import plotly.graph_objects as go
import plotly.io
import streamlit as st
from streamlit.components.v1 import declare_component

from rnnviz.ui.text import explanation

_SCRIPT = Path(__file__).with_suffix(".js")
_LIBRARY = Path(plotly.__file__).parent / "package_data"
_HTML = """
<figure class="rnnviz-figure"><div class="rnnviz-chart"></div><figcaption></figcaption></figure>
"""

_chart = st.components.v2.component(
    "rnnviz_chart",
    html=_HTML,
    js=_SCRIPT.read_text(encoding="utf-8").replace("VERSION", json.dumps(plotly.__version__)),
    isolate_styles=False,
)


def serve_library() -> None:
    """Have this server hand out the plotly.min.js of the installed plotly; nothing from outside."""
    declare_component("plotly", path=_LIBRARY)


def show(figure: go.Figure, key: str, remark: str = "") -> None:
    """Draw ``figure`` in the place named ``key``; the next one there replaces its data only.

    Below it stand the explanation of that name and ``remark``, as plain text.
    """
    caption = " ".join(part for part in (explanation(key), remark) if part)
    frame = f'{{"caption":{json.dumps(caption)},"figure":{plotly.io.to_json(figure)}}}'
    _chart(key=key, data=frame.encode())
