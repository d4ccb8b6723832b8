"""Recurrent neural networks, trained from scratch in NumPy and drawn while they learn."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnviz import figures
    from rnnviz.config import RunConfig
    from rnnviz.files.recording_file import open_recording
    from rnnviz.files.run_file import open_run
    from rnnviz.files.weights_file import from_torch, open_weights
    from rnnviz.notebook import widget
    from rnnviz.probe.session import Session
    from rnnviz.run.schedule import Position

__version__ = "0.1.0"
__all__ = [
    "Position",
    "RunConfig",
    "Session",
    "figures",
    "from_torch",
    "open_recording",
    "open_run",
    "open_weights",
    "widget",
]
#: In which module each short name is.
_HOMES = {
    "Position": "rnnviz.run.schedule",
    "RunConfig": "rnnviz.config",
    "Session": "rnnviz.probe.session",
    "from_torch": "rnnviz.files.weights_file",
    "open_recording": "rnnviz.files.recording_file",
    "open_run": "rnnviz.files.run_file",
    "open_weights": "rnnviz.files.weights_file",
    "widget": "rnnviz.notebook",
}

# Type checkers read the imports above; with this function they would take any name for right.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a short name when it is first used, so that ``import rnnviz`` takes no time."""
        if name == "figures":
            return import_module("rnnviz.figures")
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """What is offered, imported or not."""
        return sorted({*globals(), *__all__})
