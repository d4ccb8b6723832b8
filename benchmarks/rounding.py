"""How fast rounding grows: ``python -m benchmarks.rounding``, a row for each preset.

Every preset is trained twice with seed 0. In the second run each first weight is moved by one
rounding, up or down. Another kind of processor rounds otherwise in every step. The run's script
adds up in another order: the last column has the largest difference of a weight at its end. It
takes about half an hour, most of it for the scripts of *Next character* and *English to French*.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from typing import Any

import numpy as np

from rnnviz.config import Gradient, RunConfig, TaskName
from rnnviz.engine.evaluation import Evaluator
from rnnviz.engine.training import TrainBuffers, begin, train_epoch
from rnnviz.files.script import script
from rnnviz.probe.session import Session
from rnnviz.run.run import architecture_of
from rnnviz.tasks.data_source import PRESETS, TASKS
from rnnviz.tasks.dataset import Dataset

#: The loss goes another way where it differs by this share.
_APART = 0.01


def measured(config: RunConfig, data: Dataset) -> tuple[float, float, int | None]:
    """The largest difference of a weight after a tenth of the epochs and at the end; the epoch.

    From the epoch on the training losses are apart; None if they never are.
    """
    of = architecture_of(data, config)
    one, other = begin(of, config), begin(of, config)
    signs = np.random.default_rng(1).choice([-1.0, 1.0], other.parameters.theta.size)
    theta = other.parameters.theta
    theta[...] = np.nextafter(theta, signs * np.inf, dtype=theta.dtype)
    buffers = TrainBuffers(data.train, of, config)
    score, early, apart = Evaluator(data.train, one.parameters.copy()), 0.0, None
    for epoch in range(1, config.epochs + 1):
        one, other = (train_epoch(state, buffers, config) for state in (one, other))
        losses = [score.score(s.parameters, data.metric).loss for s in (one, other)]
        if apart is None and abs(losses[0] - losses[1]) > _APART * abs(losses[0]):
            apart = epoch
        difference = float(np.abs(one.parameters.theta - other.parameters.theta).max())
        if epoch == config.epochs // 10:
            early = difference
    return early, difference, apart


def of_script(config: RunConfig) -> float:
    """The largest difference of a weight at the end of the run and of its script."""
    session = Session(config)
    session.player.advance(config.epochs)
    space: dict[str, Any] = {"__name__": "script"}
    exec(compile(script(session), "run.py", "exec"), space)
    with np.errstate(all="ignore"), redirect_stdout(StringIO()):
        found = space["train"]()
    own = session.state.parameters.named()
    return max(float(np.abs(found[name] - array).max()) for name, array in own.items())


def runs() -> Iterator[tuple[TaskName, str, RunConfig]]:
    """The task, the label and the settings of every row."""
    for task, presets in PRESETS.items():
        for preset in presets:
            yield task, preset.label, preset.config()
            if task is TaskName.SENTIMENT:
                rule = replace(preset.config(), gradient=Gradient.NOTEBOOK)
                yield task, f"{preset.label}, with *Gradient: notebook*", rule


def main() -> None:
    """Print the table as Markdown."""
    print("| preset | epochs | after a tenth | at the end | loss differs by 1% | script |")
    print("|---|---|---|---|---|---|")
    for task, label, config in runs():
        early, late, apart = measured(config, TASKS[task].build(config.lag, config.seed))
        when = f"at epoch {apart}" if apart else "never"
        name = f"{TASKS[task].label}: {label}"
        moved = f"| {name} | {config.epochs} | {early:.0e} | {late:.0e} | {when}"
        print(f"{moved} | {of_script(config):.0e} |", flush=True)


if __name__ == "__main__":
    main()
