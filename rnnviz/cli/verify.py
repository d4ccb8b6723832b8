"""The command ``rnnviz verify``: all that NumPy alone can check, on a run."""

from __future__ import annotations

import argparse
from itertools import chain
from typing import Any

from rnnviz.cli.checks import (
    OVERFLOW,
    NetworkChecks,
    notebook_check,
    overflows,
    run_checks,
    step_check,
    train_in_halves,
)
from rnnviz.cli.run_options import RunOptions, add_run_options
from rnnviz.config import Gradient
from rnnviz.probe.probe import read
from rnnviz.probe.session import Session
from rnnviz.terminal import printable, say, show


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--phrase", help="what to read; the first phrase of the task by default")
    add_run_options(parser)


def verify(*, phrase: str | None, **settings: Any) -> int:
    """Train, and print every check; return 1 if one failed or could not be made."""
    given = RunOptions(**settings)
    config, session = given.config, Session(given.config, given.dataset())
    phrase = session.first_phrase if phrase is None else phrase
    read(session.dataset, phrase)
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
