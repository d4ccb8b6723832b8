"""Streamlit components that the browser fills: charts, texts and controls."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from rnnviz.files.run_archive import MAX_RUN
from rnnviz.probe.probe import most_typed
from rnnviz.probe.session import Session
from rnnviz.run.player import SPEEDS
from rnnviz.tasks.csv_table import MAX_BYTES

#: The folder of the page's scripts.
STATIC = Path(__file__).with_name("static")
#: Lines of text, each as (CSS class, text).
TextBlock = Sequence[tuple[str, str]]

_CHART = """
<figure class="rnnviz-figure">
  <div class="rnnviz-frame"><div class="rnnviz-chart"></div></div>
  <button class="rnnviz-ask" aria-label="What is this?">?</button><figcaption popover></figcaption>
  <button class="rnnviz-enlarge" aria-label="Enlarge" title="Enlarge; its numbers">⤢</button>
</figure>
"""
_TEXT = """
<div class="rnnviz-place">
  <div class="rnnviz-reserve" aria-hidden="true"></div><div class="rnnviz-text"></div>
</div>
"""
_HEALTH = """
<button class="rnnviz-health-button"></button><div class="rnnviz-signs" popover></div>
"""
_CONTROL = '<div class="rnnviz-control"></div>'
_FILE = '<div class="rnnviz-control rnnviz-file"></div>'
_LINK = '<button class="rnnviz-link" title="It opens the page as it is now.">Copy link</button>'
_STEPPER = '<div class="rnnviz-control rnnviz-stepper"></div>'


def host_path() -> str:
    """The path of the script that hosts the stage in the page, relative to /rnnviz/."""
    return f"static/{version()}/host_streamlit.js"


@cache
def version() -> str:
    """A hash of the scripts. It is part of their path, so a browser never uses older ones."""
    scripts = (path.read_bytes() for path in sorted(STATIC.glob("*.js")))
    return hashlib.md5(b"".join(scripts), usedforsecurity=False).hexdigest()[:8]


#: The script that Streamlit loads; it imports the rest from our own routes. A component is called
#: in every run of Streamlit's script, and may be removed before the import ends. Its path is
#: relative to the page, so it also works below a proxy's path.
_SCRIPT = """
export default function (component) {{
  let gone = false, leave;
  import(new URL(component.data.script, document.baseURI)).then(
    (host) => host.styled(() => {{ if (!gone) leave = host.{name}(component); }}),
    (problem) => console.error("A part of the page could not be loaded.", problem),
  );
  return () => {{ gone = true; leave?.(); }};
}}
"""


def _component(name: str, html: str = "") -> Callable[..., Any]:
    component: Callable[..., Any] = st.components.v2.component(
        f"rnnviz_{name}", html=html, js=_SCRIPT.format(name=name), isolate_styles=False
    )
    return component


_wire = _component("wire")
_end = _component("end")
_chart = _component("chart", _CHART)
_sheet = _component("sheet", '<div class="rnnviz-sheet"></div>')
_text = _component("text", _TEXT)
_health = _component("health", _HEALTH)
_bar = _component("bar", _CONTROL)
_time = _component("time", _CONTROL)
_moments = _component("moments", _CONTROL)
_chips = _component("chips", _CONTROL)
_stepper = _component("stepper", _STEPPER)
_phrase = _component("phrase", _CONTROL)
_editor = _component("editor", _CONTROL)
_file = _component("file", _FILE)
_open = _component("open", _FILE)
_link = _component("link", _LINK)


def connect(ticket: str, edition: int) -> str:
    """Open the wire of this tab; returns the question whose link was pressed, or "".

    For ``edition`` see ``SessionHost.edition``.
    """
    data = {
        "wire": "rnnviz/wire",
        "open": "rnnviz/open",
        "limit": MAX_RUN,
        "ticket": ticket,
        "edition": edition,
    }
    pressed = {"on_stale_change": lambda: None, "on_question_change": lambda: None}
    return str(_place(_wire, "wire", data, **pressed).question or "")


def place_end() -> None:
    """Mark the end of the page. Its absence shows that a run of the script was cut short."""
    _place(_end, "end", {})


def place_chart(key: str, height: int, text: str, clicks: bool = False) -> None:
    """Place the picture ``key``, ``height`` pixels high, with an explanation below.

    With ``clicks``, clicks in it are sent to the page's handlers.
    """
    data = {"key": key, "kind": "chart", "height": height, "text": text, "clicks": clicks}
    _place(_chart, key, data)


def place_canvas(kind: str, key: str, text: str) -> None:
    """Place the picture ``key``, which static/``kind``.js draws as high as the window allows."""
    _place(_chart, key, {"key": key, "kind": kind, "text": text})


class Panel(NamedTuple):
    """A picture of a sheet: its key, its share of the height, and its explanation.

    ``kind`` names its script. A share of 0 is one line high. One with a ``head`` begins next to the
    words of the other column: with equal shares, the plots of both are at the same height.
    """

    key: str
    share: float
    text: str
    clicks: bool = False
    kind: str = "chart"
    head: bool = False


#: Panels one below the other; those of a tuple are side by side.
Column = Sequence[Panel | tuple[Panel, ...]]


def place_sheet(key: str, left: Column, right: Column) -> None:
    """Place two columns of pictures, together as high as the window allows."""
    rows = [[(row,) if isinstance(row, Panel) else row for row in side] for side in (left, right)]
    columns = [[[panel._asdict() for panel in row] for row in side] for side in rows]
    _place(_sheet, key, {"columns": columns})


def place_text(key: str, reserve: Sequence[TextBlock] = ()) -> None:
    """Place the text ``key``; frames change it. It is as tall as the tallest ``reserve``."""
    _place(_text, f"text_{key}", {"key": key, "reserve": reserve})


def place_health() -> None:
    """Place the worst sign of health, which opens all signs: the texts health and signs."""
    _place(_health, "health", {}, width="content")


def place_bar() -> None:
    """Place the bar: play, pause, step, and the speed."""
    _place(_bar, "bar", {"speeds": SPEEDS})


def place_time() -> None:
    """Place the slider of epochs, with the buttons for an earlier epoch."""
    _place(_time, "time", {})


def place_link() -> None:
    """Place the button that copies the address of the page as it is."""
    _place(_link, "link", {}, width="content")


def place_moments(key: str, label: str) -> None:
    """Place the moments, side by side, with buttons that go through them."""
    _place(_moments, key, {"key": key, "label": label})


def place_chips(key: str, label: str) -> None:
    """Place the names of the frame's slider ``key``, to choose one."""
    _place(_chips, key, {"key": key, "label": label})


class StepButton(NamedTuple):
    """A button of a stepper: its label, its increment, and its keyboard key."""

    text: str
    by: int
    key: str = ""


def place_stepper(
    key: str,
    *steps: StepButton,
    label: str = "",
    wraps: bool = False,
    disabled: bool = False,
    tip: str = "",
) -> None:
    """Place buttons that change a number.

    With a ``label``, the number can be typed too. If it ``wraps``, the first follows the last.
    """
    data = {"key": key, "label": label, "wraps": wraps, "disabled": disabled, "help": tip}
    _place(_stepper, key, {**data, "steps": [s._asdict() for s in steps]}, width="content")


def place_phrase(session: Session, disabled: bool = False) -> None:
    """Place the box in which the reader types the probe."""
    data = {
        "label": session.names.sequence.capitalize(),
        "placeholder": session.first_phrase[:60],
        "disabled": disabled,
        # One more than can be read, so that a longer phrase is noticed.
        "most": most_typed(session.dataset) + 1,
        "help": f"Any input like the {session.dataset.role} data. "
        "The pictures show how the network reads it.",
    }
    _place(_phrase, "phrase", data)


def place_editor(label: str, equations: str) -> None:
    """Place the button that opens the editor with these equations of a cell.

    Text typed there is checked at once; the answer is the text "draft" of the frames.
    """
    tip = "Write the equations of a cell. The backward pass is derived from them."
    _place(_editor, "editor", {"label": label, "equations": equations, "help": tip})


class Choice(NamedTuple):
    """A file that the reader has chosen, as the browser sends it: a data URL (RFC 2397).

    ``number`` counts the choices. Without a ``name`` the file is removed.
    """

    name: str
    content: str
    number: int


def place_file(key: str, label: str, tip: str) -> Choice | None:
    """Place a drop zone for one file; returns the last choice.

    Of a file that is too large, the first ``MAX_BYTES + 1`` bytes arrive.
    """
    slot = f"chosen_{key}"

    def keep() -> None:
        match st.session_state[key].file:
            case {"name": str(name), "content": str(content), "number": int(number)}:
                st.session_state[slot] = Choice(name, content, number)

    choice: Choice | None = st.session_state.get(slot)
    name, heard = (choice.name, choice.number) if choice else ("", 0)
    data = {"label": label, "name": name, "heard": heard, "limit": MAX_BYTES, "help": tip}
    _place(_file, key, data, on_file_change=keep)
    return choice


def place_open(label: str, tip: str) -> None:
    """Place a drop zone for a file that is opened at once: a run or weights."""
    _place(_open, "open", {"label": label, "help": tip, "limit": MAX_RUN})


def _place(component: Callable[..., Any], key: str, data: dict[str, Any], **more: Any) -> Any:
    return component(key=key, data={**data, "script": f"rnnviz/{host_path()}"}, **more)
