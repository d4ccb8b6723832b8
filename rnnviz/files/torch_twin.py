"""The same network as a module of PyTorch; it needs PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from rnnviz.config import OutputAt
from rnnviz.engine.parameters import Parameters
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.torch_layers import GATES, torch_layers

_KINDS = {"elman": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class TorchTwin(nn.Module):
    """A recurrent layer ``rnn`` and a linear ``readout``; it reads batches first.

    ``forward`` takes words (B, T), or values (B, T, D), and returns the logits after the last one
    (B, C), or after every one (B, T, C).
    """

    def __init__(self, rnn: Any, readout: Any, tokens: bool, every: bool) -> None:
        super().__init__()
        self.rnn, self.readout = rnn, readout
        self.tokens, self.every = tokens, every

    def forward(self, inputs: Any) -> Any:
        """The logits of a batch."""
        if self.tokens:
            width = self.rnn.input_size
            inputs = nn.functional.one_hot(inputs, width).to(self.readout.weight.dtype)
        states, _ = self.rnn(inputs)
        return self.readout(states if self.every else states[:, -1])


def twin(parameters: Parameters, reads: OutputAt, tokens: bool) -> TorchTwin:
    """The module with the weights of ``parameters``; raises TransferError if there is none."""
    of = parameters.architecture
    if of.kind not in GATES:
        raise TransferError(f"PyTorch has no layer with the cell {of.kind}.")
    if of.source:
        raise TransferError("An encoder with a decoder has no layer of PyTorch: it has two.")
    options = {"nonlinearity": of.activation.value} if of.kind == "elman" else {}
    rnn = _KINDS[of.kind](of.inputs, of.hidden, of.layers, batch_first=True, **options)
    readout = nn.Linear(of.hidden, of.outputs)
    module = TorchTwin(rnn, readout, tokens, reads is OutputAt.EVERY)
    module.to(getattr(torch, str(parameters.theta.dtype)))
    layers = {f"rnn.{name}": array for name, array in torch_layers(parameters).items()}
    ends = {"readout.weight": parameters.W_hy, "readout.bias": parameters.b_y}
    arrays = (layers | ends).items()
    module.load_state_dict({n: torch.tensor(np.ascontiguousarray(a)) for n, a in arrays})
    return module
