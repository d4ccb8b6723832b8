"""The folder of the page's scripts, and the path under which a browser gets them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

STATIC = Path(__file__).with_name("static")


def host_path() -> str:
    """The path of the script that hosts the stage in the page, relative to /rnnviz/."""
    return f"static/{version()}/host_streamlit.js"


@cache
def version() -> str:
    """A hash of the scripts. It is part of their path, so a browser never uses older ones."""
    scripts = (path.read_bytes() for path in sorted(STATIC.glob("*.js")))
    return hashlib.md5(b"".join(scripts), usedforsecurity=False).hexdigest()[:8]
