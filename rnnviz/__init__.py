"""Recurrent neural networks, trained from scratch in NumPy and drawn while they learn."""

import os
from importlib import import_module
from typing import TYPE_CHECKING

# One thread is fastest for such small matrices, and another number of them rounds otherwise. NumPy
# reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if TYPE_CHECKING:
    from rnnviz import figures
    from rnnviz.config import RunConfig
    from rnnviz.files.numbers import columns_of, csv_of
    from rnnviz.files.pictures import pictures
    from rnnviz.files.recording_file import open_recording
    from rnnviz.files.replay import replay
    from rnnviz.files.run_file import open_pair, open_run, run_file
    from rnnviz.files.weights_file import from_torch, open_weights, safetensors_file, weights_file
    from rnnviz.notebook import widget
    from rnnviz.probe.pair import Pair, compare
    from rnnviz.probe.session import Session, from_frame
    from rnnviz.questions.wrong.measure import result_csv
    from rnnviz.run.schedule import Position
    from rnnviz.sweeps.many_runs import sweep
    from rnnviz.tasks.upload import File, Upload, check_rows

__version__ = "0.1.0"
__all__ = [
    "File", "Pair", "Position", "RunConfig", "Session", "Upload", "check_rows", "columns_of",
    "compare", "csv_of", "figures", "from_frame", "from_torch", "open_pair", "open_recording",
    "open_run", "open_weights", "pictures", "replay", "result_csv", "run_file",
    "safetensors_file", "sweep", "weights_file", "widget",
]  # fmt: skip
#: In which module each short name is.
_HOMES = {
    "File": "rnnviz.tasks.upload",
    "Pair": "rnnviz.probe.pair",
    "Position": "rnnviz.run.schedule",
    "RunConfig": "rnnviz.config",
    "Session": "rnnviz.probe.session",
    "Upload": "rnnviz.tasks.upload",
    "check_rows": "rnnviz.tasks.upload",
    "columns_of": "rnnviz.files.numbers",
    "compare": "rnnviz.probe.pair",
    "csv_of": "rnnviz.files.numbers",
    "from_frame": "rnnviz.probe.session",
    "from_torch": "rnnviz.files.weights_file",
    "open_pair": "rnnviz.files.run_file",
    "open_recording": "rnnviz.files.recording_file",
    "open_run": "rnnviz.files.run_file",
    "open_weights": "rnnviz.files.weights_file",
    "pictures": "rnnviz.files.pictures",
    "replay": "rnnviz.files.replay",
    "result_csv": "rnnviz.questions.wrong.measure",
    "run_file": "rnnviz.files.run_file",
    "safetensors_file": "rnnviz.files.weights_file",
    "sweep": "rnnviz.sweeps.many_runs",
    "weights_file": "rnnviz.files.weights_file",
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
        """The public names, imported or not."""
        return sorted({*globals(), *__all__})
