"""The engine against the notebook's own loop and PyTorch: ``python -m benchmarks.engine``.

Ratios of one run, CPU time on one BLAS thread, medians of alternating repetitions. The rows with
PyTorch are there where it is installed (``requirements-parity.txt``).
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from benchmarks.layers import against_pytorch
from benchmarks.notebook import NotebookRNN
from benchmarks.table import Row, print_table
from rnnviz.cells import cell_names
from rnnviz.config import Precision, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import TrainBuffers, TrainState, begin, order, record, train_epoch
from rnnviz.tasks.sentiment import sentiment

DATA = sentiment()
NETWORK = Architecture(len(DATA.vocabulary), 64, len(DATA.classes))
CONFIG = RunConfig(gradient="notebook")  # type: ignore[arg-type]
WORKSPACE = TrainBuffers(DATA.train, NETWORK, CONFIG)
START = begin(NETWORK, CONFIG)
REPETITIONS, EPOCHS = 21, 20
_LARGE = "hidden=256, layers=3, init='xavier', "


def notebook(epochs: int = EPOCHS) -> NotebookRNN:
    """The notebook's network after ``epochs`` epochs."""
    network = NotebookRNN(START.parameters)
    phrases = [(phrase.inputs.tolist(), phrase.target) for phrase in DATA.train]
    for epoch in range(epochs):
        network.train_epoch(phrases[i] for i in order(CONFIG.seed, epoch, len(phrases)))
    return network


def engine(epochs: int = EPOCHS) -> TrainState:
    """The engine's state after the same epochs."""
    state = START
    for _ in range(epochs):
        state = train_epoch(state, WORKSPACE, CONFIG)
    return state


BATCHED = RunConfig(batch=58)
TOGETHER = TrainBuffers(DATA.train, NETWORK, BATCHED)


def batched(epochs: int = EPOCHS) -> TrainState:
    """As many epochs with all the phrases in one batch."""
    state = begin(NETWORK, BATCHED)
    for _ in range(epochs):
        state = train_epoch(state, TOGETHER, BATCHED)
    return state


def recording(epochs: int = EPOCHS) -> TrainState:
    """The same, with the full trace of one phrase, each in turn, recorded in every epoch."""
    state = START
    for epoch in range(epochs):
        state = train_epoch(state, WORKSPACE, CONFIG)
        phrase = DATA.train[epoch * 7 % len(DATA.train)]
        record(state.parameters, collate([phrase]), CONFIG.gradient)
    return state


def difference(network: NotebookRNN, parameters: Parameters) -> float:
    """The largest difference of any weight."""
    pairs = (
        (network.Wxh, parameters["W_xh"]),
        (network.Whh, parameters["W_hh"]),
        (network.bh[:, 0], parameters["b_h"]),
        (network.Why, parameters.W_hy),
        (network.by[:, 0], parameters.b_y),
    )
    return max(float(np.abs(theirs - ours).max()) for theirs, ours in pairs)


def cpu_seconds(run: Callable[[], object]) -> float:
    """CPU time of one call."""
    before = time.process_time()
    run()
    return time.process_time() - before


def alternating(*runs: Callable[[], object]) -> list[float]:
    """The median CPU time of each, measured in turns so that a slow moment meets all."""
    times = [[cpu_seconds(run) for run in runs] for _ in range(REPETITIONS)]
    return [median(column) for column in zip(*times, strict=True)]


_MEMORY = """
import resource
from rnnviz.config import RunConfig
from rnnviz.run.schedule import Position
from rnnviz.probe.session import Session
import rnnviz.cli
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
session = Session(RunConfig(epochs={epochs}, {settings}))
session.player.play()
while session.player.running:
    session.player.tick(0.05)
    query = session.gradient_query(session.inspect(), session.objective)
    session.memory.past(session.run, query, 0.002)
session.player.go_to(Position({epochs} // 2, 7))
query = session.gradient_query(session.inspect(), session.objective)
session.memory.past(session.run, query, 0.1)
print(peak() - before)
"""


def memory(settings: str, epochs: int) -> float:
    """MB that a run played and looked back at needs above the imports, at most, by itself."""
    command = [sys.executable, "-c", _MEMORY.format(settings=settings, epochs=epochs)]
    printed = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    unit = 1 if sys.platform == "darwin" else 1024
    return int(printed) * unit / 1e6


def sizes() -> list[Row]:
    """What runs need in memory; asked first, for what this process has loaded would count."""
    large = {
        f"memory, {cell}, H 256, 3 layers, {dtype}": f"{_LARGE}cell='{cell}', dtype='{dtype}'"
        for dtype in Precision
        for cell in cell_names()
    }
    return [
        Row("memory of 1000 epochs above imports", memory("", 1000), "MB", at_most=40),
        *(Row(name, memory(settings, 12), "MB", at_most=60) for name, settings in large.items()),
    ]


def main() -> None:
    """Measure, and print the results with their targets."""
    memories = sizes()
    theirs, ours, recorded, together = alternating(notebook, engine, recording, batched)
    apart = difference(notebook(), engine().parameters)
    rows = [
        Row("speed, times the notebook's loop", theirs / ours, "x", at_least=6.5),
        Row("cost of recording a full trace an epoch", 100 * (recorded / ours - 1), "%", at_most=5),
        Row(f"largest difference, {EPOCHS} epochs", apart, "", at_most=1e-12),
        Row("speed with batch 58, times the notebook's", theirs / together, "x", at_least=18),
        *against_pytorch(),
        *memories,
    ]
    print_table(rows)
    print(f"\nan epoch of the notebook's loop: {1e3 * theirs / EPOCHS:.2f} ms; ", end="")
    print(f"of the engine: {1e3 * ours / EPOCHS:.2f} ms")


if __name__ == "__main__":
    main()
