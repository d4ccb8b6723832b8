"""Sunspots: how many there are a year, and what comes in the next years."""

from __future__ import annotations

from functools import partial

from rnnviz.config import TaskName
from rnnviz.tasks.shipped_series import shipped_series
from rnnviz.tasks.task import Preset, Task, adam

WINDOW, HORIZON = 24, 5
TASK = Task(
    TaskName.SUNSPOTS, "Sunspots",
    "A cycle of about 11 years, never twice alike: what can be known from three hundred numbers?",
    lambda lag, seed: shipped_series("sunspots", WINDOW, HORIZON),
    presets=(
        Preset(
            "GRU", "Three hundred numbers are few",
            "A network of 64 units would know the past by heart. This one has eight and recurrent "
            "dropout: its error over five years is 1.27 to 1.43 of the usual change from year to "
            "year; that of a linear autoregression is 1.57, of the same season 1.49 (five seeds).",
            adam(
                TaskName.SUNSPOTS, "gru", window=WINDOW, horizon=HORIZON, hidden=8, lr=0.005,
                batch=16, recurrent_dropout=0.2, epochs=40,
            ),
        ),
    ),
    drawn=False, cut=partial(shipped_series, "sunspots"),
)  # fmt: skip
