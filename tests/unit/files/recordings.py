"""Recordings as the Recorder writes them, without PyTorch: weights that move from step to step."""

import numpy as np

from rnnviz.files.foreign_network import GATES
from rnnviz.files.recording_file import RecordingWriter
from rnnviz.files.tensor_file import TensorFile

WORDS = ("bad", "good", "i", "am", "not", "very", "the")
CLASSES = ("negative", "neutral", "positive")
PROBE = [
    ["i am not bad", "positive"], ["i am good", "positive"], ["the bad", "negative"],
    ["not good", "negative"], ["i am", "neutral"],
]  # fmt: skip
HIDDEN = 5


def arrays(step, kind="lstm", layers=1, hidden=HIDDEN, seed=0):
    """The weights after a step, which grow from nearly nothing."""
    rng, rows = np.random.default_rng(seed), len(GATES[kind]) * hidden
    made = {}
    for k in range(layers):
        inputs = hidden if k else len(WORDS)
        shapes = {"weight_ih": (rows, inputs), "weight_hh": (rows, hidden), "bias_ih": (rows,)}
        shapes["bias_hh"] = (rows,)
        made |= {f"{name}_l{k}": rng.normal(size=shape) for name, shape in shapes.items()}
    made["readout.weight"] = rng.normal(size=(len(CLASSES), hidden))
    made["readout.bias"] = rng.normal(size=len(CLASSES))
    return {name: array * (0.1 + step / 100) for name, array in made.items()}


def header(**changed):
    """What run.json says beside the format."""
    return {
        "number": "1", "name": "Classifier", "cell": "lstm", "activation": "tanh",
        "checked": True, "vocabulary": [*WORDS], "characters": False, "classes": [*CLASSES],
        "reads": "last", "examples": PROBE, "every": 10, **changed,
    }  # fmt: skip


class Loop:
    """Writes a recording, step by step."""

    def __init__(self, path, layers=1, **changed):
        cell = changed.get("cell", "lstm")
        self.path, self.layers = path, layers
        #: Gated cells as those of the LSTM, where a test says something else of them.
        self.kind = cell if cell in ("elman", "gru") and layers > 1 else "lstm"
        self.writer = RecordingWriter(path, header(**changed), 10, 10**9)

    def record(self, *steps, **more):
        for step in steps:
            said = {"loss": repr(2 / (1 + step)), "accuracy": repr(step / 100)} if step else {}
            found = arrays(step, self.kind, self.layers, **more)
            self.writer.add(step, TensorFile(found, {"step": str(step), **said}))
        return self

    def close(self):
        self.writer.close()
        return self.path
