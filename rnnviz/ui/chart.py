"""Plotly charts that update in place: ``place`` puts one on the page, ``frame`` brings figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import plotly
import streamlit as st
from streamlit.components.v1 import declare_component

from rnnviz.figures.picture import Picture

Show = Callable[..., None]
Event = dict[str, Any]
ALL: tuple[str, ...] = ()
_count = count()

_LIBRARY = Path(plotly.__file__).parent / "package_data"
_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_SCRIPT = _SCRIPT.replace("VERSION", json.dumps(plotly.__version__))
_HTML = """
<figure class="rnnviz-figure">
  <div class="rnnviz-frame"><div class="rnnviz-chart"></div><div class="rnnviz-scale"></div></div>
  <figcaption></figcaption>
</figure>
"""

_SLIDER_HTML = """
<div class="rnnviz-slider">
  <div class="track"><input type="range" min="0" step="1" /><div class="bands"></div></div>
  <output></output>
</div>
"""


def _component(name: str, html: str | None = None) -> Callable[..., Any]:
    script = f"{_SCRIPT}\nexport default {name};\n"
    made: Callable[..., Any] = st.components.v2.component(
        f"rnnviz_{name}", html=html, js=script, isolate_styles=False
    )
    return made


_chart = _component("chart", _HTML)
_slider = _component("slider", _SLIDER_HTML)
_frame = _component("frame")


def serve_library() -> None:
    """Have this server hand out the plotly.min.js of the installed plotly; nothing from outside."""
    declare_component("plotly", path=_LIBRARY)


def place(key: str, height: int, text: str, clicks: bool = False) -> None:
    """Put the chart ``key`` here, so many pixels high, with an explanation below.

    With ``clicks`` what is clicked in it is told, see ``frame``.
    """
    _chart(key=key, data={"key": key, "height": height, "text": text, "clicks": clicks})


def place_slider(key: str, label: str) -> None:
    """Put a slider here that tells each number it is dragged to; ``frame`` says where it stands."""
    _slider(key=key, data={"key": key, "label": label})


@dataclass(frozen=True)
class Stand:
    """Where a slider stands, from 0 to ``last``, what it says, and its bands (name, width)."""

    last: int
    shown: int
    text: str
    bands: Sequence[tuple[str, int]] = ()


@contextmanager
def frame(
    running: bool,
    hear: Callable[[Event], None],
    sliders: Callable[[], Mapping[str, Stand]],
    wanted: Collection[str] = ALL,
) -> Iterator[Show]:
    """Collect figures with the function given, ``show(key, figure, *args, remark="")``; send them.

    ``figure(*args)`` makes a figure, if its key is ``wanted``. All go in one message, with where
    the sliders stand; while ``running`` their drawing is spread over animation frames. A chart
    keeps its node, zoom, hover and legend; its remark stands below it; what hasn't changed, as its
    mark tells, isn't drawn again. On the way back ``hear`` is called with what the reader did in a
    chart or with a slider: {"kind": its key, "sight": the keys of the charts in sight, ...}.
    """
    figures: dict[str, str] = {}

    def show(key: str, figure: Callable[..., Picture], *args: Any, remark: str = "") -> None:
        if wanted is not ALL and key not in wanted:
            return
        drawn = figure(*args).to_json()
        head = f'"mark":"{hash((drawn, remark)):x}","remark":{json.dumps(remark)}'
        figures[key] = f'{json.dumps(key)}:{{{head},"figure":{drawn}}}'

    yield show
    charts = ",".join(figures.values())
    stands = {key: asdict(stand) for key, stand in sliders().items()}
    # Counted, so that no message is equal to the last and an answer is always noticed.
    head = json.dumps({"number": next(_count), "running": running, "sliders": stands})[:-1]
    data = f'{head},"charts":{{{charts}}}}}'
    _frame(key="frame", data=data.encode(), on_heard_change=lambda: _tell(hear))


def _tell(hear: Callable[[Event], None]) -> None:
    # Where the page is changing, what was heard may be gone; the browser then says it again.
    event = getattr(st.session_state.get("frame"), "heard", None)
    if isinstance(event, dict) and event.get("number", -1) != st.session_state.get("heard"):
        st.session_state.heard = event.get("number")
        hear(event)
