"""What the Recorder costs a training loop of PyTorch: ``python -m benchmarks.recorder``.

An LSTM reads batches of 32 sequences of 20 words, on one thread, with Adam; a snapshot is taken in
every 50 steps. Measured is the share of the loop's time that is spent in the Recorder. Two loops
one after the other, with it and without it, differ by more than that for other reasons.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.table import Row, print_table
from rnnviz.torch import Recorder

WORDS = [f"word{k}" for k in range(100)]
CLASSES = ["no", "yes"]
STEPS, EVERY, BATCH, LENGTH = 500, 50, 32, 20


class Classifier(nn.Module):
    """An embedding, an LSTM, and a readout of its last state."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), 64)
        self.lstm = nn.LSTM(64, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, len(CLASSES))

    def forward(self, words: Any) -> Any:
        """The logits (B, 2) of words (B, T)."""
        return self.readout(self.lstm(self.embedding(words))[0][:, -1])


def share(hidden: int, path: Path, megabytes: float = 100) -> tuple[float, float]:
    """The share of the loop's time that the Recorder takes, and the seconds of a step."""
    torch.manual_seed(0)
    model, inside = Classifier(hidden), 0.0
    optimizer = torch.optim.Adam(model.parameters())
    probe = [("word1 word2 word3", "yes"), ("word4 word5", "no")]
    options: dict[str, Any] = {"vocabulary": WORDS, "classes": CLASSES, "probe": probe}
    with Recorder(model, path, every=EVERY, megabytes=megabytes, **options) as recorder:
        begun = time.perf_counter()
        for _ in range(STEPS):
            loss = step(model, optimizer)
            before = time.perf_counter()
            recorder.step(loss=loss)
            inside += time.perf_counter() - before
        whole = time.perf_counter() - begun
    return inside / whole, whole / STEPS


def step(model: nn.Module, optimizer: Any) -> Any:
    """Take one step; return its loss."""
    words = torch.randint(len(WORDS), (BATCH, LENGTH))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(words), words[:, 0] % 2)
    loss.backward()
    optimizer.step()
    return loss


def rows(path: Path) -> Iterator[Row]:
    """A row for each size, and one for a file that is full all the time."""
    for hidden in (64, 256):
        taken, seconds = share(hidden, path)
        name = f"LSTM, H {hidden}, {1000 * seconds:.3g} ms a step"
        yield Row(name, 100 * taken, "%", at_most=2)
    yield Row("H 256, the file is full at 4 MB", 100 * share(256, path, 4)[0], "%", at_most=2)


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        print_table(rows(Path(folder) / "run.rnnviz"))


if __name__ == "__main__":
    main()
