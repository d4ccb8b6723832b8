"""The command ``rnnviz gradcheck``: the gradient of every parameter, by complex steps."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from rnnviz.cells import ELMAN
from rnnviz.cli.checks import overflows
from rnnviz.cli.options import add_cell_file, add_settings
from rnnviz.cli.run_options import RunOptions
from rnnviz.config import SETTINGS, Gradient
from rnnviz.engine.gradcheck import GradientCheck, complex_step_gradient, relative_errors
from rnnviz.engine.training import record
from rnnviz.probe.probe import read
from rnnviz.probe.session import Session
from rnnviz.terminal import say, show


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--phrase", default="this is not very bad at all", help="what to read")
    add_settings(parser, (SETTINGS[name] for name in ("cell", "hidden", "init_scale", "seed")))
    add_cell_file(parser)
    parser.add_argument(
        "--after", dest="epochs", default=300, metavar="N", help="epochs of training before"
    )


def gradcheck(*, phrase: str, **settings: Any) -> int:
    """Print the relative error of every parameter's gradient; return 1 if one is wrong."""
    config = RunOptions(**settings).config
    session = Session(config)
    read(session.dataset, phrase)
    session.player.advance(config.epochs)
    parameters, probe = session.state.parameters, session.inspect(phrase)
    batch = probe.trace.batch
    truth = complex_step_gradient(parameters, batch)
    kinds = [*Gradient] if config.cell == ELMAN.name else [Gradient.EXACT]
    errors = {k: relative_errors(record(parameters, batch, k).gradient, truth) for k in kinds}
    show(f"Relative error against complex-step differences, after {session.state.epoch} epochs,")
    show(f"on the {len(probe.words)} words: {' '.join(probe.words)}")
    show(f"{'parameter':<12}" + "".join(f"{kind:>12}" for kind in kinds))
    for name in truth.named():
        show(f"{name:<12}" + "".join(f"{errors[kind][name]:12.1e}" for kind in kinds))
    if overflows(probe, float(np.linalg.norm(truth.theta))):
        return 1
    size = truth.theta.size
    if not (wrong := GradientCheck(errors[Gradient.EXACT], size, size).wrong):
        return 0
    say(f"The gradient is wrong in {', '.join(wrong)}.")
    return 1
