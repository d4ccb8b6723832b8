"""PyTorch's own layers on the same batch, as ``benchmarks.engine`` is measured against."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

_LAYERS = {
    "elman": torch.nn.RNN,
    "gru": torch.nn.GRU,
    "lstm": torch.nn.LSTM,
}


class TorchStep:
    """Forward, backward through time, clipping by value and SGD on tokens (T, B), every answer."""

    def __init__(self, kind: str, inputs: int, hidden: int, tokens: Any, targets: Any) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(0)
        self.layer = _LAYERS[kind](inputs, hidden)
        self.readout = torch.nn.Linear(hidden, inputs)
        self.x = torch.tensor(np.eye(inputs, dtype=np.float32)[tokens])
        self.targets = torch.tensor(targets)
        self.parameters = [*self.layer.parameters(), *self.readout.parameters()]
        self.optimizer = torch.optim.SGD(self.parameters, lr=0.01)

    def __call__(self) -> None:
        """Take one step."""
        self.optimizer.zero_grad()
        states, _ = self.layer(self.x)
        logits = self.readout(states).reshape(len(self.targets), -1)
        torch.nn.functional.cross_entropy(logits, self.targets).backward()
        torch.nn.utils.clip_grad_value_(self.parameters, 1.0)
        self.optimizer.step()
