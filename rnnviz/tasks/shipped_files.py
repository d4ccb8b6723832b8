"""Shipped files: what rnnviz reads besides its own modules."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
#: The wheel carries the files inside the package; in a checkout they stand beside it.
_FOLDER = _PACKAGE / "files" if (_PACKAGE / "files").is_dir() else _PACKAGE.parent


def shipped(name: str) -> Path:
    """The file or folder with a name such as "docs/logo.svg", installed or in a checkout."""
    return _FOLDER / name
