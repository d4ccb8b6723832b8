"""The places of charts, texts and controls that the browser draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import streamlit as st

from rnnviz.app.tab_registry import Seat
from rnnviz.app.wire import PLOTLY_PATH, host_path
from rnnviz.training.player import SPEEDS

#: Lines below each other, each with its class and its text.
TextBlock = Sequence[tuple[str, str]]

_CHART = """
<figure class="rnnviz-figure">
  <div class="rnnviz-frame"><div class="rnnviz-chart"></div><div class="rnnviz-scale"></div></div>
  <figcaption></figcaption>
</figure>
"""
_TEXT = """
<div class="rnnviz-place">
  <div class="rnnviz-reserve" aria-hidden="true"></div><div class="rnnviz-text"></div>
</div>
"""
_CONTROL = '<div class="rnnviz-control"></div>'
_STEPPER = '<div class="rnnviz-control rnnviz-stepper"></div>'
#: All of the script that Streamlit holds: the rest comes from the wire's own routes. A component is
#: called with every run of Streamlit's script, and may be gone before the script is there. All
#: pages lie side by side, so each finds the wire's routes, below any path of a proxy's too.
_SCRIPT = """
export default function (component) {{
  let gone = false, leave;
  import(new URL(component.data.script, document.baseURI)).then(
    (host) => {{ if (!gone) leave = host.{name}(component); }},
    (problem) => console.error("A part of the page could not be loaded.", problem),
  );
  return () => {{ gone = true; leave?.(); }};
}}
"""


def _component(name: str, html: str = "") -> Callable[..., Any]:
    made: Callable[..., Any] = st.components.v2.component(
        f"rnnviz_{name}", html=html, js=_SCRIPT.format(name=name), isolate_styles=False
    )
    return made


_wire = _component("wire")
_end = _component("end")
_chart = _component("chart", _CHART)
_text = _component("text", _TEXT)
_bar = _component("bar", _CONTROL)
_cursor = _component("cursor", _CONTROL)
_stepper = _component("stepper", _STEPPER)
_phrase = _component("phrase", _CONTROL)


def connect(seat: Seat, edition: int) -> None:
    """Open the wire of this tab.

    ``edition`` says what Streamlit's part of the page shows, see ``SessionHost.edition``.
    """
    data = {
        "wire": "rnnviz/wire",
        "plotly": f"rnnviz/{PLOTLY_PATH}",
        "ticket": seat.ticket,
        "edition": edition,
    }
    _place(_wire, "wire", data, on_stale_change=lambda: None)


def place_end() -> None:
    """Mark the end of the page: a run of the script that is cut short never comes to it."""
    _place(_end, "end", {})


def place_chart(key: str, height: int, text: str, clicks: bool = False) -> None:
    """Put the picture ``key`` here, so many pixels high, with an explanation below.

    With ``clicks`` what is clicked in it is told to the page's handlers.
    """
    _place(_chart, key, {"key": key, "height": height, "text": text, "clicks": clicks})


def place_text(key: str, reserve: Sequence[TextBlock] = ()) -> None:
    """Put the text ``key`` here, which changes with the frames.

    Whatever it says, it has as much ``reserve`` as the tallest of these blocks takes.
    """
    _place(_text, f"text_{key}", {"key": key, "reserve": reserve})


def place_bar() -> None:
    """Put the bar here: play, pause, step, the time machine."""
    _place(_bar, "bar", {"speeds": SPEEDS})


def place_cursor(key: str, label: str) -> None:
    """Put a slider of moments here, with buttons that go from one to another."""
    _place(_cursor, key, {"key": key, "label": label})


class Step(NamedTuple):
    """A button of a stepper: what it says, how far it goes, and the key that presses it."""

    text: str
    by: int
    key: str = ""


def place_stepper(
    key: str,
    *steps: Step,
    label: str = "",
    wraps: bool = False,
    disabled: bool = False,
    tip: str = "",
) -> None:
    """Put buttons here that lead on and back from one number to another.

    With a ``label`` the number can be typed too. One that ``wraps`` goes on from the last number to
    the first.
    """
    data = {
        "key": key,
        "label": label,
        "steps": [step._asdict() for step in steps],
        "wraps": wraps,
        "disabled": disabled,
        "help": tip,
    }
    _place(_stepper, key, data, width="content")


def place_phrase(label: str, placeholder: str, disabled: bool, tip: str) -> None:
    """Put the box here in which the reader types a phrase."""
    data = {"label": label, "placeholder": placeholder, "disabled": disabled, "help": tip}
    _place(_phrase, "phrase", data)


def _place(component: Callable[..., Any], key: str, data: dict[str, Any], **more: Any) -> None:
    component(key=key, data={**data, "script": f"rnnviz/{host_path()}"}, **more)
