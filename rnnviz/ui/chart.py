"""What changes in place on the page: charts, texts and sliders; a ``Frame`` brings the newest."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import md5
from pathlib import Path
from typing import Any

import plotly
import streamlit as st
from streamlit.components.v1 import declare_component

from rnnviz.figures.picture import Picture
from rnnviz.ui.press import give_way

Event = dict[str, Any]
#: Lines below each other, each with its class and its text.
Block = Sequence[tuple[str, str]]
ALL: tuple[str, ...] = ()
#: More than the messages of one run.
KEYS = 64

_LIBRARY = Path(plotly.__file__).parent / "package_data"
_SERVED = Path(__file__).with_name("served")
#: The scripts' address names what is in them, so that no browser goes on with an older one.
_SCRIPTS = b"".join(script.read_bytes() for script in sorted(_SERVED.glob("*.js")))
_SCRIPT = (
    f"component/{__name__}.script/chart.js?plotly={plotly.__version__}"
    f"&script={md5(_SCRIPTS).hexdigest()}"
)
_HTML = """
<figure class="rnnviz-figure">
  <div class="rnnviz-frame"><div class="rnnviz-chart"></div><div class="rnnviz-scale"></div></div>
  <figcaption></figcaption>
</figure>
"""

_TEXT_HTML = """
<div class="rnnviz-place">
  <div class="rnnviz-room" aria-hidden="true"></div><div class="rnnviz-text"></div>
</div>
"""

_SLIDER_HTML = """
<div class="rnnviz-slider">
  <div class="track"><input type="range" min="0" step="1" /><div class="bands"></div></div>
  <output></output>
</div>
"""


def _component(name: str, html: str | None = None) -> Callable[..., Any]:
    # Every message brings this along; the script itself comes once.
    script = f"""
const script = await import(new URL("{_SCRIPT}", document.baseURI));
export default script.{name};
"""
    made: Callable[..., Any] = st.components.v2.component(
        f"rnnviz_{name}", html=html, js=script, isolate_styles=False
    )
    return made


_chart = _component("chart", _HTML)
_text = _component("text", _TEXT_HTML)
_slider = _component("slider", _SLIDER_HTML)
_frame = _component("frame")
_ear = _component("ear")


def serve_library() -> None:
    """Have this server hand out the script and the installed plotly.js; nothing from outside."""
    declare_component("script", path=_SERVED)
    declare_component("plotly", path=_LIBRARY)


def place(key: str, height: int, text: str, clicks: bool = False, patient: bool = False) -> None:
    """Put the chart ``key`` here, so many pixels high, with an explanation below.

    With ``clicks`` what is clicked in it is told, see ``send``. A ``patient`` one lets the others
    go first while the browser can't draw them all.
    """
    what = {"key": key, "height": height, "text": text, "clicks": clicks, "patient": patient}
    _chart(key=key, data=what)


def place_text(key: str, room: Sequence[Block] = ()) -> None:
    """Put the text ``key`` here, which changes with the frames.

    Whatever it says, it has as much ``room`` as the tallest of these blocks takes. It comes with
    the frames, and isn't an element of Streamlit's, since what a fragment puts into a place outside
    itself may overtake the layout: the page then loses it (Streamlit 1.67).
    """
    _text(key=f"text_{key}", data={"key": key, "room": room})


def place_slider(key: str, label: str) -> None:
    """Put a slider here that tells each number it is dragged to; ``send`` says where it stands."""
    _slider(key=key, data={"key": key, "label": label})


@dataclass(frozen=True)
class Stand:
    """Where a slider stands, from 0 to ``last``, what it says, and its bands (name, width)."""

    last: int
    shown: int
    text: str
    bands: Sequence[tuple[str, int]] = ()


class Frame:
    """The charts and texts of one message, by their keys; of charts only those that are wanted."""

    def __init__(self, wanted: Collection[str] = ALL) -> None:
        self._wanted = wanted
        self.charts: dict[str, str] = {}
        self.texts: dict[str, str] = {}

    def chart(self, key: str, figure: Callable[..., Picture], *args: Any, remark: str = "") -> None:
        """Draw ``figure(*args)`` in the chart ``key``, with a remark below it.

        May end this run of the script, where a press waits.
        """
        give_way()
        if self._wanted is not ALL and key not in self._wanted:
            return
        drawn = figure(*args).to_json()
        head = f'"mark":"{hash((drawn, remark)):x}","remark":{json.dumps(remark)}'
        self.charts[key] = f'{{{head},"figure":{drawn}}}'

    def text(self, key: str, html: str) -> None:
        """Write HTML in the place ``key``; what isn't our own in it must be escaped."""
        self.texts[key] = html


def send(
    frame: Frame,
    running: bool,
    sliders: Mapping[str, Stand],
    ear: str = "live",
    whole: bool = True,
) -> None:
    """Bring charts, texts and where the sliders stand to the browser, all in one message.

    While ``running`` the drawing is spread over animation frames; ``ear`` listens until the next
    message, see ``hear_from``; ``whole`` says that all of the page has run and not the fragment
    alone. A chart keeps its node, zoom, hover and legend; what hasn't changed, as its mark tells,
    isn't drawn again.
    """
    charts = ",".join(f"{json.dumps(key)}:{drawn}" for key, drawn in frame.charts.items())
    stands = {key: asdict(stand) for key, stand in sliders.items()}
    # Counted in each tab, so that one run of it uses no key twice, and no message is equal to the
    # last: an answer is always noticed.
    number = st.session_state["sent"] = st.session_state.get("sent", 0) + 1
    told = {
        "number": number,
        "ear": ear,
        "heard": st.session_state.get("heard"),
        "whole": whole,
        "running": running,
        "sliders": stands,
        "texts": frame.texts,
    }
    data = f'{json.dumps(told)[:-1]},"charts":{{{charts}}}}}'
    # One run sends many, each under a key of its own; Streamlit forgets no key that it has seen.
    _frame(key=f"frame_{number % KEYS}", data=data.encode())


def hear_from(ear: str, hear: Callable[[Event], None]) -> None:
    """Call ``hear`` with what the reader does in a chart or with a slider.

    That is {"kind": its key, "number": how many things were said, "sight": the keys of the charts
    in sight, ...}. There are two ears: "page", outside the fragment, ends a run of the fragment
    that shows many frames; when "live", inside it, has heard something, the fragment alone runs.
    """
    key = f"ear_{ear}"
    _ear(key=key, data={"ear": ear}, on_heard_change=lambda: _tell(key, hear))


def _tell(key: str, hear: Callable[[Event], None]) -> None:
    # Where the page is changing, what was heard may be gone; the browser then says it again.
    event = getattr(st.session_state.get(key), "heard", None)
    if isinstance(event, dict) and event.get("number", -1) != st.session_state.get("heard"):
        st.session_state.heard = event.get("number")
        hear(event)
