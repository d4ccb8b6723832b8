"""Modules of PyTorch that read numbers, and examples for them."""

import numpy as np
import torch
from torch import nn

from tests.unit.files.torch_modules import HIDDEN, LAYERS

INPUTS, OUTPUTS = ("speed", "load", "heat"), ("force", "wear")
CLASSES = ("rest", "rise", "fall")
STEPS = 7


class Sensor(nn.Module):
    """A recurrent layer over numbers and a readout of the last state, or of every one."""

    def __init__(self, cell="gru", layers=1, *, batch_first=True, every=False, inputs=3, outputs=2):
        super().__init__()
        self.rnn = LAYERS[cell](inputs, HIDDEN, layers, batch_first=batch_first)
        self.fc = nn.Linear(HIDDEN, outputs)
        self.every = every

    def forward(self, inputs):
        states, _ = self.rnn(inputs)
        if self.every:
            return self.fc(states)
        return self.fc(states[:, -1] if self.rnn.batch_first else states[-1])


def sequences(count, seed=0, width=3, steps=STEPS):
    """Arrays (T, D) of random numbers."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(steps, width)) for _ in range(count)]


def labelled(count, seed=0, classes=True, every=False):
    """Sequences with random targets: the number of a class, or values."""
    rng = np.random.default_rng(seed + 100)
    shape = (STEPS,) if every else ()
    targets = [
        rng.integers(len(CLASSES), size=shape) if classes else rng.normal(size=(*shape, 2))
        for _ in range(count)
    ]
    return list(zip(sequences(count, seed), targets, strict=True))


def answers(classes):
    """The keyword of what is answered."""
    return {"classes": CLASSES} if classes else {"outputs": OUTPUTS}


def tensor(sequence, dtype=torch.float64):
    return torch.tensor(sequence, dtype=dtype)
