"""Streamlit components that the browser fills: charts, texts and controls."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

import streamlit as st

from rnnviz.charts.glossary import with_terms
from rnnviz.charts.plotly_script import plotly_path
from rnnviz.files.page_script import page_script
from rnnviz.files.run_archive import MAX_RUN
from rnnviz.probe.probe import most_typed
from rnnviz.probe.session import Session
from rnnviz.run.player import SPEEDS
from rnnviz.tasks.data.csv_table import MAX_BYTES

#: The HTML of the components, by name.
_HTML = {
    "wire": "",
    "end": "",
    "chart": """
<figure class="rnnviz-figure">
  <div class="rnnviz-frame"><div class="rnnviz-chart"></div></div>
  <button class="rnnviz-ask" aria-label="What is this?">?</button><figcaption popover></figcaption>
  <button class="rnnviz-enlarge" aria-label="Enlarge" title="Enlarge; its numbers">⤢</button>
</figure>
""",
    "sheet": '<div class="rnnviz-sheet"></div>',
    "text": '<div class="rnnviz-place"><div class="rnnviz-text"></div></div>',
    "health": '<button class="rnnviz-health-button"></button>'
    '<div class="rnnviz-signs" popover></div>',
    "link": '<div class="rnnviz-links"><button class="rnnviz-link rnnviz-copy" title="It opens the '
    "page as it is now. Not in it: the speed, and what is measured on a press, like points found "
    'or a gradient check.">Copy link</button>'
    '<button class="rnnviz-link rnnviz-turn" data-turn="previous" title="The page before (PageUp)">'
    '‹ Page</button><button class="rnnviz-link rnnviz-turn" data-turn="next" '
    'title="The next page (PageDown)">Page ›</button>'
    '<button class="rnnviz-link rnnviz-presents rnnviz-usual" title="Large, for a projector (L)">'
    'Present</button><button class="rnnviz-link rnnviz-presents rnnviz-turn" title="Back (L)">'
    "Close ✕</button></div>",
    "stepper": '<div class="rnnviz-control rnnviz-stepper"></div>',
    **dict.fromkeys(("file", "open"), '<div class="rnnviz-control rnnviz-file"></div>'),
    **dict.fromkeys(
        ("bar", "time", "moments", "chips", "phrase", "editor"),
        '<div class="rnnviz-control"></div>',
    ),
}


@cache
def page_module() -> str:
    """The scripts of the page as one module: one request, where each import would be another."""
    return f"{page_script('host_streamlit.js')}\nexport default $host_streamlit;\n"


@cache
def module_path() -> str:
    """The path of the module. A hash is part of it, so a browser never uses an older one."""
    digest = hashlib.md5(page_module().encode(), usedforsecurity=False).hexdigest()
    return f"rnnviz/static/{digest[:8]}/page.js"


#: The script that Streamlit loads; it imports the rest from our own route. A component is called
#: in every run of Streamlit's script, and may be removed before the import ends. Its path is
#: relative to the page, so it also works below a proxy's path.
_SCRIPT = """
export default function (component) {{
  let gone = false, leave;
  import(new URL(component.data.script, document.baseURI)).then(
    ({{ default: host }}) => host.styled(() => {{ if (!gone) leave = host.{name}(component); }}),
    (problem) => console.error("A part of the page could not be loaded.", problem),
  );
  return () => {{ gone = true; leave?.(); }};
}}
"""


_components: dict[str, Callable[..., Any]] = {
    name: st.components.v2.component(
        f"rnnviz_{name}", html=html, js=_SCRIPT.format(name=name), isolate_styles=False
    )
    for name, html in _HTML.items()
}


def connect(
    ticket: str, edition: int, lessons: Sequence[Mapping[str, object]] = (), lesson: str = ""
) -> str:
    """Open the wire of this tab; returns the question whose link was pressed, or "".

    For ``edition`` see ``SessionHost.edition``. The menu offers ``lessons``: names, titles,
    minutes. The class of this server has a ``lesson``.
    """
    paths = {name: f"rnnviz/{name}" for name in ("wire", "open", "class")}
    data = {**paths, "plotly": plotly_path(), "limit": MAX_RUN, "lesson": lesson}
    data |= {"ticket": ticket, "edition": edition, "lessons": [*lessons]}
    wire = _place("wire", data, on_stale_change=lambda: None, on_question_change=lambda: None)
    return str(wire.question or "")


def place_end() -> None:
    """Mark the end of the page. Its absence shows that a run of the script was cut short."""
    _place("end", {})


def place_chart(key: str, height: int, text: str) -> None:
    """Place the chart ``key``, ``height`` pixels high, with an explanation below."""
    data = {"key": key, "kind": "chart", "height": height, "text": with_terms(text)}
    _place("chart", data, key)


def place_canvas(kind: str, key: str, text: str, clicks: bool = False) -> None:
    """Place the picture ``key``, which static/``kind``.js draws as high as the window allows."""
    data = {"key": key, "kind": kind, "text": with_terms(text), "clicks": clicks}
    _place("chart", data, key)


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


#: Rows of panels, one below the other; the panels of a row are side by side.
Column = Iterable[Sequence[Panel]]


def place_sheet(key: str, left: Column, right: Column) -> None:
    """Place two columns of pictures, together as high as the window allows."""
    columns = [
        [[panel._replace(text=with_terms(panel.text))._asdict() for panel in row] for row in side]
        for side in (left, right)
    ]
    _place("sheet", {"columns": columns}, key)


def place_text(key: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """Place the text ``key``; frames change it."""
    _place("text", {"key": key}, f"text_{key}", width=width)


def place_health() -> None:
    """Place the worst sign of health, which opens all signs: the texts health and signs."""
    _place("health", {}, width="content")


def place_bar() -> None:
    """Place the bar: play, pause, step, and the speed."""
    _place("bar", {"speeds": SPEEDS, "compares": True})


def place_time() -> None:
    """Place the slider of epochs, with the buttons for an earlier epoch."""
    _place("time", {})


def place_link() -> None:
    """Place the button that copies the address of the page as it is."""
    _place("link", {}, width="content")


def place_moments(key: str, label: str) -> None:
    """Place the moments, side by side, with buttons that go through them."""
    _place("moments", {"key": key, "label": label}, key)


def place_chips(key: str, label: str) -> None:
    """Place the names of the frame's slider ``key``, to choose one."""
    _place("chips", {"key": key, "label": label}, key)


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
    data["steps"] = [step._asdict() for step in steps]
    _place("stepper", data, key, width="content")


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
    _place("phrase", data)


def place_editor(label: str, equations: str) -> None:
    """Place the button that opens the editor with these equations of a cell.

    Text typed there is checked at once; the answer is the text "draft" of the frames.
    """
    tip = "Write the equations of a cell. The backward pass is derived from them."
    _place("editor", {"label": label, "equations": equations, "help": tip})


def place_file(key: str, label: str, tip: str) -> tuple[str, bytes] | None:
    """Place a drop zone for one file; returns its name and its content.

    Of a file that is too large, the first ``MAX_BYTES + 1`` bytes arrive.
    """
    slot = f"chosen_{key}"

    def keep() -> None:
        # The box may have left with its page.
        match getattr(st.session_state.get(key), "file", None):
            case {"name": str(), "content": str(), "number": int()} as file:
                st.session_state[slot] = file

    # The content is a data URL (RFC 2397). ``number`` counts the choices of the browser. Without a
    # name the file was removed.
    file = st.session_state.get(slot, {"name": "", "content": "", "number": 0})
    data = {"label": label, "name": file["name"], "heard": file["number"], "limit": MAX_BYTES}
    _place("file", {**data, "help": tip}, key, on_file_change=keep)
    name, content = file["name"], file["content"].partition(",")[2]
    try:  # Half a surrogate pair is not valid text.
        name.encode()
        return (name, b64decode(content)) if name else None
    except ValueError:  # A browser sends neither.
        return None


def place_open(label: str, tip: str) -> None:
    """Place a drop zone for a file that is opened at once: a run or weights."""
    _place("open", {"label": label, "help": tip, "limit": MAX_RUN})


def _place(name: str, data: dict[str, Any], key: str = "", **more: Any) -> Any:
    data = {**data, "script": module_path()}
    return _components[name](key=key or name, data=data, **more)
