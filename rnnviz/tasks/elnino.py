"""El Niño: the monthly temperature of the sea, and what comes in the next months."""

from __future__ import annotations

from functools import partial

from rnnviz.config import TaskName
from rnnviz.tasks.shipped_series import shipped_series
from rnnviz.tasks.task import Preset, Task, adam

WINDOW, HORIZON = 24, 12
TASK = Task(
    TaskName.ELNINO, "Sea temperature",
    "A season is soon learned. The rest is what the sea does besides: warm years and cold ones.",
    lambda lag, seed: shipped_series("elnino", WINDOW, HORIZON),
    presets=(
        Preset(
            "GRU", "Closer than the same month a year ago",
            "After 10 epochs the mean error over twelve months is 0.68 to 0.73 of the usual change "
            "from month to month; that of the same month a year ago is 0.92, of a linear "
            "autoregression 0.78 (five seeds). Train on: the test loss soon rises.",
            adam(
                TaskName.ELNINO, "gru", window=WINDOW, horizon=HORIZON, hidden=16, lr=0.005,
                batch=16, epochs=10,
            ),
        ),
    ),
    drawn=False, cut=partial(shipped_series, "elnino"),
)  # fmt: skip
