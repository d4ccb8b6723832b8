"""The commands ``rnnviz gradcheck`` and ``rnnviz verify``: what NumPy alone can check."""

from __future__ import annotations

import argparse
from itertools import chain
from typing import Any

import numpy as np

from rnnviz.cells import ELMAN
from rnnviz.cli.checks import (
    OVERFLOW,
    NetworkChecks,
    notebook_check,
    overflows,
    run_checks,
    step_check,
    train_in_halves,
)
from rnnviz.cli.options import RunOptions, add_cell_file, add_run_options, add_settings
from rnnviz.config import SETTINGS, Gradient
from rnnviz.engine.gradcheck import GradientCheck, complex_step_gradient, relative_errors
from rnnviz.engine.training import record
from rnnviz.probe.probe import read
from rnnviz.probe.session import Session
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.terminal import printable, say, show


def add_verify_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz verify``."""
    parser.add_argument("--phrase", help="what to read; the first phrase of the task by default")
    add_run_options(parser)


def verify(*, phrase: str | None, **settings: Any) -> int:
    """Train, and print every check; return 1 if one failed or could not be made."""
    given = RunOptions(**settings)
    config, session = given.config, Session(given.config, given.dataset())
    phrase = session.first_phrase if phrase is None else phrase
    _check_phrase(session, phrase)
    halfway, weights = train_in_halves(session.player)
    if not session.player.finished:
        say(session.player.message)
    probe = session.inspect(phrase)
    if overflows(probe, session.run.history.row(-1)["train_loss"]):
        return 1
    show(f"After {session.state.epoch} epochs, on: {printable(phrase)}")
    results = []
    for check in chain(
        NetworkChecks(session.state.parameters, probe.example, session.dataset, config.seed),
        [notebook_check(probe)] if config.gradient is Gradient.NOTEBOOK else [],
        [step_check(session.state, config, session.dataset)],
        run_checks(session.player, halfway, weights),
    ):
        show(str(check))
        results.append(check)
    failed = sum(check.failed for check in results)
    unknown = sum(check.why == OVERFLOW for check in results)
    show(f"{failed} failed." if failed else "None failed.")
    if unknown:
        say(f"{unknown} of {len(results)} can't be checked, as {OVERFLOW}.")
    return 1 if failed or unknown else 0


def _check_phrase(session: Session, phrase: str) -> None:
    try:
        read(session.dataset, phrase)
    except TaskError as problem:
        raise TaskError(f"--phrase: {problem}") from None


# The command ``rnnviz gradcheck``: the gradient of every parameter, by complex steps


def add_gradcheck_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz gradcheck``."""
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
    _check_phrase(session, phrase)
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
