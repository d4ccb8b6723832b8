"""The tasks and their data: generated, shipped with rnnviz or uploaded."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
#: In a wheel the files are inside the package, in a checkout next to it.
_FOLDER = _PACKAGE / "shipped" if (_PACKAGE / "shipped").is_dir() else _PACKAGE.parent


def shipped(name: str) -> Path:
    """The path of a file or folder that comes with rnnviz, e.g. "docs/logo.svg"."""
    return _FOLDER / name
