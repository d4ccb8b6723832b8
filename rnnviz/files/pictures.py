"""Pictures as SVG: an installed browser draws them with the scripts of the page."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from struct import pack

from rnnviz.charts.theme import LIGHT, css_variables
from rnnviz.files.browser import BrowserError, document_of
from rnnviz.files.numbers import Drawn, told_of, with_numbers
from rnnviz.files.origin import origin
from rnnviz.files.page_script import page_file, page_script, script_hash
from rnnviz.probe.session import Session

#: The width of each picture, in pixels; its layout has its height.
WIDTH = 960
_TEMPLATE = Path(__file__).with_name("pictures.html")
_ANSWER = re.compile(r'<pre id="answer"( class="problem")?>([A-Za-z0-9+/=]+)</pre>')


def pictures(
    session: Session, drawn: Mapping[str, Drawn], browser: str, folder: Path
) -> dict[str, str]:
    """Every picture that has numbers, as SVG, by the names of files.

    ``browser`` is the path of a program; ``folder`` is where it may work, and is left as it was.
    Raises BrowserError.
    """
    document = document_of(pictures_page(session, with_numbers(drawn)), browser, folder)
    answer = _ANSWER.search(document)
    if answer is None:
        raise BrowserError(
            f"{browser} has not drawn the pictures: it may be too old. "
            "Name another browser with --browser."
        )
    content = base64.b64decode(answer[2]).decode()
    if answer[1]:
        raise BrowserError(f"{browser} has not drawn the pictures: {content}.")
    return {f"{name}.svg": svg for name, svg in json.loads(content).items()}


def pictures_page(session: Session, drawn: Mapping[str, Drawn]) -> str:
    """A page that draws the pictures when it is opened; it asks for nothing."""
    code = page_script("pictures/host_pictures.js")
    parts = {
        "style": f"{css_variables(LIGHT, LIGHT.background)}\n{page_file('style.css')}",
        "width": WIDTH,
        "content": base64.b64encode(content_of(session, drawn)).decode(),
        "script": code,
        "hash": script_hash(code),
    }
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(parts)


def content_of(session: Session, drawn: Mapping[str, Drawn]) -> bytes:
    """The pictures, whole, as the message that static/frame.js reads, each with what made it.

    uint32 length of the header | header (JSON) | bytes of the arrays
    """
    made, body, entries = origin(session), list[bytes](), dict[str, object]()
    for name, one in drawn.items():
        outline, arrays = one.picture.parts()
        rows = [[path, a.dtype.str[1:], a.shape, 0, a.nbytes] for path, a in arrays.items()]
        told = told_of(one, made)
        entries[name] = {"kind": one.kind, "told": told, "outline": outline, "arrays": rows}
        body += [array.tobytes() for array in arrays.values()]
    head = json.dumps({"pictures": entries}, separators=(",", ":"), allow_nan=False).encode()
    return b"".join([pack("<I", len(head)), head, *body])
