"""Commands: what a browser can do to a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rnnviz.config import SETTINGS
from rnnviz.presets import PRESETS
from rnnviz.session import Session
from rnnviz.training.player import SPEEDS
from rnnviz.training.schedule import Position

#: Commands that take no time. All others may train or restore an earlier epoch.
QUICK = frozenset({"ack", "watch", "play", "pause", "speed", "mark"})


class RefusedError(ValueError):
    """An invalid command."""


def not_understood(command: Mapping[str, Any]) -> RefusedError:
    """The refusal of an unknown command."""
    return RefusedError(f"not understood: {str(dict(command))[:80]}")


def act(session: Session, command: Mapping[str, Any]) -> None:
    """Execute a command; raises RefusedError."""
    player = session.player
    match command:
        case {"do": "play" | "pause" | "reset" | "branch" | "pin" as action}:
            getattr(player, action)()
        case {"do": "step", "what": "epoch"}:
            player.step_epoch()
        case {"do": "step", "what": "phrase"}:
            player.step_phrase()
        case {"do": "now"}:
            player.back_to_now()
        case {"do": "seed"}:
            seed = (session.config.seed + 1) % SETTINGS["seed"].high
            session.configure(replace(session.config, seed=int(seed)))
        case {"do": "preset", "label": str(label)}:
            _train_with(session, label)
        case {"do": "seek", "epoch": int(epoch)} if epoch >= 0:
            player.pause()
            player.go_to(Position(epoch))
        case {"do": "speed", "epochs": int(speed)} if speed in SPEEDS:
            player.speed = speed
        case {"do": "mark", "unit": int() | None as unit} if unit is None or unit >= 0:
            session.selection.unit = unit
        case {"do": "mark", "token": int() | None as token} if token is None or token >= 0:
            session.selection.token = token
        case {"do": "phrase" | "write" | "use" as action, "text": str(text)}:
            # A full text box may end in half a surrogate pair, which is not valid text.
            take = session.ask if action == "phrase" else getattr(session, action)
            take(text.encode(errors="replace").decode())
        case _:
            raise not_understood(command)


def _train_with(session: Session, label: str) -> None:
    """Train with a preset of the task, from its beginning."""
    for preset in PRESETS[session.config.task]:
        if preset.label == label:
            session.configure(preset.config(session.config.seed))
            return session.player.play()
    raise RefusedError(f"there is no preset {label[:40]!r} of this task")
