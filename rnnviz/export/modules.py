"""The scripts of the page as one ES module, for hosts that can't load others by address.

A notebook takes a module as a text, and a file that is opened from the disk can't import another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import rnnviz

STATIC = Path(rnnviz.__file__).parent / "app" / "static"
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(
    r"^export (?=(?:const|class|async function|function)\b\*? *(\w+|\[[\w, ]+\]))", re.MULTILINE
)


def one_module(host: str) -> str:
    """``host``.js and all that it imports, as one module with the exports of ``host``.

    Each module is a function that returns its exports, so that no two share a name.
    """
    parts = [_as_function(name) for name in _in_order(host)]
    names = ", ".join(_exports(_text(host)))
    return "\n".join(
        [*parts, f"const {{ {names} }} = module_{host};", f"export {{ {names} }};", ""]
    )


def _text(name: str) -> str:
    return (STATIC / f"{name}.js").read_text(encoding="utf-8")


def _exports(text: str) -> list[str]:
    return [name for found in _EXPORT.finditer(text) for name in re.findall(r"\w+", found[1])]


def _in_order(host: str) -> Iterator[str]:
    """The names of the modules, each after those that it imports; raises CycleError."""
    imports: dict[str, list[str]] = {}
    waiting = [host]
    while waiting:
        name = waiting.pop()
        if name not in imports:
            imports[name] = [match[2] for match in _IMPORT.finditer(_text(name))]
            waiting += imports[name]
    return TopologicalSorter(imports).static_order()


def _as_function(name: str) -> str:
    text = _text(name)
    body = _EXPORT.sub("", _IMPORT.sub(r"const \1 = module_\2;", text))
    exports = ", ".join(_exports(text))
    return f"const module_{name} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"
