"""Commands: what a browser may do to a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rnnviz.config import SETTINGS
from rnnviz.session import Session
from rnnviz.training.player import SPEEDS
from rnnviz.training.schedule import Position

#: What is done in no time; all else may train, or look into the past.
QUICK = frozenset({"ack", "watch", "play", "pause", "speed"})


class RefusedError(ValueError):
    """A command that makes no sense."""


def not_understood(command: Mapping[str, Any]) -> RefusedError:
    """The refusal of a command that nobody knows."""
    return RefusedError(f"not understood: {str(dict(command))[:80]}")


def act(session: Session, command: Mapping[str, Any]) -> None:
    """Do what a command says; raises RefusedError."""
    match command:
        case {"do": "play" | "pause" | "reset" as what}:
            getattr(session.player, what)()
        case {"do": "step", "what": "epoch"}:
            session.player.step_epoch()
        case {"do": "step", "what": "phrase"}:
            session.player.step_phrase()
        case {"do": "now"}:
            session.player.back_to_now()
        case {"do": "branch"}:
            session.player.branch()
        case {"do": "seed"}:
            seed = (session.config.seed + 1) % SETTINGS["seed"].high
            session.configure(replace(session.config, seed=int(seed)))
        case {"do": "seek", "epoch": int(epoch)} if epoch >= 0:
            session.player.pause()
            session.player.go_to(Position(epoch))
        case {"do": "speed", "epochs": int(speed)} if speed in SPEEDS:
            session.player.speed = speed
        case {"do": "phrase", "text": str(text)}:
            # A box that is full may hold half of a sign, which is no text.
            session.ask(text.encode(errors="replace").decode())
        case _:
            raise not_understood(command)
