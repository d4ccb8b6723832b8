"""What the code of the package costs a reader: files, layers, fragments, and names.

`python -m benchmarks.house` counts; `--list` names each item.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rnnviz"
#: The bases of a class that only holds fields.
RECORDS = ("NamedTuple", "dataclass")
SHORT = 8


def modules() -> dict[str, ast.Module]:
    """Every module of the package by its dotted name."""
    paths = {path: path.relative_to(ROOT).with_suffix("") for path in PACKAGE.rglob("*.py")}
    return {
        ".".join(name.parts).removesuffix(".__init__"): ast.parse(path.read_text(encoding="utf-8"))
        for path, name in paths.items()
    }


def importers(trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    """The modules that import each module."""
    found = defaultdict(set)
    for name, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    found[whole if whole in trees else node.module].add(name)
    return found


def once_used(trees: dict[str, ast.Module]) -> list[str]:
    """The private functions of a module with at most SHORT lines that are read once."""
    found = []
    for name, tree in trees.items():
        read = Counter(
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(tree)
            if isinstance(node, (ast.Name, ast.Attribute))
        )
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and re.match(r"_[a-z]", node.name):
                lines = (node.end_lineno or 0) - node.body[0].lineno + 1
                lines -= ast.get_docstring(node) is not None
                if lines <= SHORT and read[node.name] == 1:
                    found.append(f"{name}.{node.name}")
    return found


def records(trees: dict[str, ast.Module]) -> dict[str, int]:
    """The records without methods, and at how many places each is made."""
    found = {
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(
            word in ast.unparse(part)
            for part in (*node.bases, *node.decorator_list)
            for word in RECORDS
        )
        and not any(isinstance(part, ast.FunctionDef) for part in node.body)
    }
    made = Counter(
        ast.unparse(node.func).rpartition(".")[2]
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    )
    return {name: made[name] for name in found}


def counted() -> dict[str, list[str] | int]:
    """Every count, as a number or as what it counts."""
    trees = modules()
    classes = Counter(
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    names = Counter(path.stem for path in PACKAGE.rglob("*.py") if path.stem != "__init__")
    folders = Counter(path.parent for path in PACKAGE.rglob("*.py") if path.stem != "__init__")
    read = importers(trees)
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    return {
        "product files": sum(1 for _ in PACKAGE.rglob("*.py")),
        "text files": sum(1 for _ in PACKAGE.rglob("*.md")),
        "lines": sum(
            len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")
        ),
        "layers": len(layers["importlinter"]["contracts"][0]["layers"]),
        "folders with over 30 modules": [str(f) for f, count in folders.items() if count > 30],
        f"private functions of at most {SHORT} lines used once": once_used(trees),
        "records made at one place": sorted(k for k, count in records(trees).items() if count == 1),
        "modules with one importer": sorted(
            name for name, by in read.items() if name in trees and len(by) == 1
        ),
        "class names with several meanings": sorted(k for k, count in classes.items() if count > 1),
        "module names in several folders": sorted(k for k, count in names.items() if count > 1),
    }


if __name__ == "__main__":
    for what, found in counted().items():
        print(f"{found if isinstance(found, int) else len(found):7,}  {what}")
        if "--list" in sys.argv and not isinstance(found, int):
            print("         " + "\n         ".join(found))
