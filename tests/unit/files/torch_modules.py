"""Modules of PyTorch, as people write them."""

from functools import partial

import torch
from torch import nn

WORDS = ("bad", "good", "i", "am", "not", "very", "the")
CLASSES = ("negative", "neutral", "positive")
HIDDEN, WIDTH = 6, 5
LAYERS = {
    "rnn": nn.RNN,
    "relu": partial(nn.RNN, nonlinearity="relu"),
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}


class Classifier(nn.Module):
    """An embedding, a recurrent layer and a readout of the last state, or of every one."""

    def __init__(self, cell="lstm", layers=1, batch_first=True, every=False, **options):
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), WIDTH)
        self.rnn = LAYERS[cell](WIDTH, HIDDEN, layers, batch_first=batch_first, **options)
        self.fc = nn.Linear(HIDDEN, len(CLASSES))
        self.every = every

    def forward(self, tokens):
        states, _ = self.rnn(self.embed(tokens))
        if self.every:
            return self.fc(states)
        return self.fc(states[:, -1] if self.rnn.batch_first else states[-1])


class OneHot(nn.Module):
    """A recurrent layer over one-hot vectors."""

    def __init__(self, cell="gru", layers=1, batch_first=True, **options):
        super().__init__()
        self.rnn = LAYERS[cell](len(WORDS), HIDDEN, layers, batch_first=batch_first, **options)
        self.fc = nn.Linear(HIDDEN, len(CLASSES))

    def forward(self, inputs):
        states, _ = self.rnn(inputs)
        return self.fc(states[:, -1] if self.rnn.batch_first else states[-1])


def made(kind, *args, seed=0, dtype=torch.float64, **options):
    """A module with random weights far from zero."""
    torch.manual_seed(seed)
    module = kind(*args, **options).to(dtype)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return module
