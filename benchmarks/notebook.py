"""The notebook's way to train, step by step: what ``benchmarks.engine`` is measured against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rnnviz.engine.parameters import Parameters


class NotebookRNN:
    """A many-to-one network of one-hot columns; its backward pass lacks the transpose."""

    def __init__(self, initial: Parameters) -> None:
        columns = {k: np.array(v, order="C", ndmin=1) for k, v in initial.named().items()}
        self.Wxh, self.Whh, self.Why = (columns[name] for name in ("W_xh", "W_hh", "W_hy"))
        self.bh, self.by = columns["b_h"][:, None], columns["b_y"][:, None]

    def forward(self, inputs: list[Any]) -> Any:
        """Logits (C, 1) of one phrase; keeps inputs and states for the way back."""
        h = np.zeros((self.Whh.shape[0], 1))
        self.last_inputs, self.last_hs = inputs, {0: h}
        for i, x in enumerate(inputs):
            h = np.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
            self.last_hs[i + 1] = h
        return self.Why @ h + self.by

    def backward(self, d_y: Any, rate: float = 0.02) -> None:
        """One step of gradient descent from dL/dlogits (C, 1), every entry clipped to +-1."""
        n = len(self.last_inputs)
        d_Why, d_by = d_y @ self.last_hs[n].T, d_y
        d_Whh, d_Wxh = np.zeros(self.Whh.shape), np.zeros(self.Wxh.shape)
        d_bh = np.zeros(self.bh.shape)
        d_h = self.Why.T @ d_y
        for t in reversed(range(n)):
            d_a = (1 - self.last_hs[t + 1] ** 2) * d_h
            d_bh += d_a
            d_Whh += d_a @ self.last_hs[t].T
            d_Wxh += d_a @ self.last_inputs[t].T
            d_h = self.Whh @ d_a
        for d in (d_Wxh, d_Whh, d_Why, d_bh, d_by):
            np.clip(d, -1, 1, out=d)
        self.Whh -= rate * d_Whh
        self.Wxh -= rate * d_Wxh
        self.Why -= rate * d_Why
        self.bh -= rate * d_bh
        self.by -= rate * d_by

    def train_epoch(self, phrases: Iterable[tuple[list[int], int]]) -> tuple[float, float]:
        """One step a phrase; returns mean loss in nats and accuracy on the way."""
        losses, correct = [], 0
        for tokens, target in phrases:
            probs = softmax(self.forward(one_hot(tokens, self.Wxh.shape[1])))
            losses.append(-np.log(probs[target, 0]))
            correct += int(np.argmax(probs) == target)
            probs[target] -= 1
            self.backward(probs)
        return float(np.mean(losses)), correct / len(losses)


def one_hot(tokens: list[int], size: int) -> list[Any]:
    """A column (V, 1) for every token."""
    columns = []
    for token in tokens:
        column = np.zeros((size, 1))
        column[token] = 1
        columns.append(column)
    return columns


def softmax(logits: Any) -> Any:
    """exp(logits) / sum(exp(logits))."""
    exponentials = np.exp(logits - np.max(logits))
    return exponentials / np.sum(exponentials)
