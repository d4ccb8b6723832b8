"""Commands: what a browser can do to a session."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from reprlib import repr as shortened
from typing import Any

from rnnviz.config import SETTINGS
from rnnviz.probe.session import Session
from rnnviz.run.player import SPEEDS
from rnnviz.run.schedule import Position
from rnnviz.run.share_link import MOST_INDEX
from rnnviz.tasks.data_source import PRESETS

#: Commands that take no time. All others may train or restore an earlier epoch. (A tuple, because
#: values from a browser may not be hashable.)
QUICK = ("ack", "watch", "play", "pause", "speed", "mark")
#: Maximum number of characters of any text.
MOST_TEXT = 32_768
#: JavaScript's integers are exact below this.
MOST_COUNT = 2**53

Check = Callable[[Any], bool]


class RefusedError(ValueError):
    """An invalid command."""


def not_understood(command: Mapping[str, Any]) -> RefusedError:
    """The refusal of an unknown command."""
    return RefusedError(f"not understood: {shortened(dict(command))}")


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST_TEXT


def _whole(least: int, most: int) -> Check:
    # bool is a subclass of int.
    return lambda value: type(value) is int and least <= value < most


def _finite(value: Any) -> bool:
    return type(value) in (int, float) and -math.inf < value < math.inf


def _instance(kind: type) -> Check:
    return lambda value: isinstance(value, kind)


def _any_of(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


_NOTHING, _LIST = _instance(type(None)), _instance(list)
_COUNT, _INDEX = _whole(0, MOST_COUNT), _whole(0, MOST_INDEX)
_STEP = _whole(-MOST_COUNT, MOST_COUNT)
_MARK, _PLACE = _any_of(_NOTHING, _STEP, _text), _any_of(_NOTHING, _finite, _text)
#: The checks of the fields, the same in every command. A click is at ``x`` and ``y`` of a chart, on
#: a mark with ``data``.
_FIELDS: Mapping[str, Check] = {
    "do": _text, "what": _text, "label": _text, "text": _text, "on": _text, "move": _text,
    "n": _COUNT, "seq": _COUNT, "epoch": _COUNT, "epochs": _COUNT, "settled": _instance(bool),
    "unit": _any_of(_NOTHING, _INDEX), "token": _any_of(_NOTHING, _INDEX),
    "value": _finite, "by": _STEP, "x": _PLACE, "y": _PLACE,
    "data": _any_of(_MARK, lambda v: _LIST(v) and len(v) == 2 and all(map(_MARK, v))),
    "pictures": _LIST, "new": _LIST,
}  # fmt: skip


def checked(message: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a message that are known; raises RefusedError if one is invalid."""
    command = {name: value for name, value in message.items() if name in _FIELDS}
    if not all(_FIELDS[name](value) for name, value in command.items()):
        raise not_understood(message)
    return command


def act(session: Session, command: Mapping[str, Any]) -> None:
    """Execute a checked command; raises RefusedError."""
    player = session.player
    match command:
        case {"do": "play" | "pause" | "reset" | "branch" | "pin" as action}:
            getattr(player, action)()
        case {"do": "step", "what": "epoch" | "phrase" as what}:
            getattr(player, f"step_{what}")()
        case {"do": "now"}:
            player.back_to_now()
        case {"do": "seed"}:
            seed = (session.config.seed + 1) % SETTINGS["seed"].high
            session.configure(replace(session.config, seed=int(seed)))
        case {"do": "preset", "label": str(label)}:
            preset = next((p for p in PRESETS[session.config.task] if p.label == label), None)
            if preset is None:
                raise RefusedError(f"there is no preset {label[:40]!r} of this task")
            session.configure(preset.config(session.config.seed))
            player.play()
        case {"do": "seek", "epoch": int(epoch)}:
            player.pause()
            player.go_to(Position(epoch))
        case {"do": "speed", "epochs": int(speed)} if speed in SPEEDS:
            player.speed = speed
        case {"do": "mark", "unit": unit}:
            session.selection.unit = unit
        case {"do": "mark", "token": token}:
            session.selection.token = token
        case {"do": "phrase" | "write" | "use" as action, "text": str(text)}:
            # A full text box may end in half a surrogate pair, which is not valid text.
            take = session.ask if action == "phrase" else getattr(session, action)
            take(text.encode(errors="replace").decode())
        case _:
            raise not_understood(command)
