"""Pages in one file: their scripts as one, because a script on disk can't import another."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from string import Template

import rnnviz

PAGE = Path(rnnviz.__file__).with_name("ui")
_IMPORT = re.compile(r'^import \{([^}]*)\} from "((?:\.{1,2}/)+(\w+)\.js)";\n', re.MULTILINE)
#: Comments are for those who read the files themselves, not for every page.
_COMMENT = re.compile(r"^ *//.*\n", re.MULTILINE)
_EXPORT = re.compile(
    r"^export (?=(?:async )?(?:class|const|function\*?) (?:(\w+)|\[([^\]]*)\]))", re.MULTILINE
)


def page_file(name: str) -> str:
    """The text of a file of the page, e.g. "style.css"."""
    return (PAGE / name).read_text(encoding="utf-8")


def script_hash(code: str) -> str:
    """The source of an inline script in a content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}"


def filled_page(template: Path, script: str, **parts: object) -> str:
    """The HTML of a ``template`` with these parts, and with the script static/``script``."""
    code = page_script(script)
    text = Template(template.read_text(encoding="utf-8"))
    return text.substitute(parts, script=code, hash=script_hash(code))


def page_script(name: str) -> str:
    """The script static/``name`` and all its imports, each in its own function.

    Imports and exports must be by name, as in the scripts of the page.
    """
    scripts: dict[str, str] = {}
    _collect(PAGE / "static" / name, scripts)
    return "\n".join(scripts.values())


def _collect(path: Path, scripts: dict[str, str]) -> None:
    """Add a script to ``scripts``, by name, after its imports."""
    text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    for _, imported, name in _IMPORT.findall(text):
        if name not in scripts:
            _collect(path.parent / imported, scripts)
    exported = ", ".join(found or listed for found, listed in _EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub(r"const {\1} = $\3;" + "\n", text))
    scripts[path.stem] = f"const ${path.stem} = (() => {{\n{body}return {{ {exported} }};\n}})();"
