"""Commands: what a browser can do to a session."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from reprlib import repr as shortened
from typing import Any

from rnnviz.config import SETTINGS, SettingError
from rnnviz.engine.cell_text import CellError
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import offered, open_lesson
from rnnviz.lessons.play import LessonPlay
from rnnviz.probe.pair import Pair, Role, View
from rnnviz.run.player import SPEEDS
from rnnviz.run.schedule import Position
from rnnviz.run.share_link import MOST_INDEX
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data_source import PRESETS

#: Commands that take no time. All others may train or restore an earlier epoch. (A tuple, because
#: values from a browser may not be hashable.)
QUICK = ("ack", "watch", "play", "pause", "speed", "mark")
#: Seconds that a command trains for an epoch; the host's turns train the rest.
PATIENCE = 0.1
#: Commands that are a pair's methods.
OF_PAIR = (
    "welcome", "show_learning", "show_again", "train_on", "swap", "bring_back", "take_back",
    "show_ghost", "hide_ghost", "ask_for_luck", "stop_luck",
)  # fmt: skip
#: Commands that are a lesson's methods.
OF_LESSON = ("watch", "hurry", "go_on", "attempt", "leave", "resume")
NO_LESSON = (
    "A lesson trains a network of its own. This page shows a recording, opened weights, or data "
    "that a program gave it: open rnnviz without them."
)
#: Maximum number of values of a guess.
MOST_VALUES = 200
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


def _guess(values: Any) -> bool:
    return isinstance(values, list) and len(values) <= MOST_VALUES and all(map(_finite, values))


_NOTHING, _LIST = _instance(type(None)), _instance(list)
_COUNT, _INDEX = _whole(0, MOST_COUNT), _whole(0, MOST_INDEX)
_STEP = _whole(-MOST_COUNT, MOST_COUNT)
_MARK, _PLACE = _any_of(_NOTHING, _STEP, _text), _any_of(_NOTHING, _finite, _text)
#: The checks of the fields, the same in every command. A click is at ``x`` and ``y`` of a chart, on
#: a mark with ``data``.
_FIELDS: Mapping[str, Check] = {
    "do": _text, "what": _text, "label": _text, "text": _text, "on": _text, "move": _text,
    "n": _COUNT, "seq": _COUNT, "epoch": _COUNT, "epochs": _COUNT, "window": _COUNT,
    "settled": _instance(bool),
    "unit": _any_of(_NOTHING, _INDEX), "token": _any_of(_NOTHING, _INDEX),
    "value": _finite, "by": _STEP, "x": _PLACE, "y": _PLACE,
    "data": _any_of(_MARK, lambda v: _LIST(v) and 2 <= len(v) <= 3 and all(map(_PLACE, v))),
    "pictures": _LIST, "new": _LIST, "values": _guess,
}  # fmt: skip


def checked(message: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a message that are known; raises RefusedError if one is invalid."""
    command = {name: value for name, value in message.items() if name in _FIELDS}
    if not all(_FIELDS[name](value) for name, value in command.items()):
        raise not_understood(message)
    return command


def act(pair: Pair, command: Mapping[str, Any]) -> None:
    """Execute a checked command; raises RefusedError."""
    with pair.keeping_replaced_run():
        try:
            _act(pair, command)
        except (CellError, SettingError, TaskError) as problem:
            raise RefusedError(str(problem)) from None


def _act(pair: Pair, command: Mapping[str, Any]) -> None:
    session = pair.first
    match command:
        case {"do": "play" | "pause" | "reset" | "branch" | "pin" as action}:
            getattr(pair, action)()
        case {"do": "step", "what": "epoch" | "phrase" as what}:
            pair.step_epoch(PATIENCE) if what == "epoch" else pair.step_phrase()
        case {"do": "now"}:
            pair.back_to_now()
        case {"do": "seed" | "preset"}:
            _begin(pair, command)
        case {"do": "seek", "epoch": int(epoch)}:
            pair.go_to(Position(epoch))
        case {"do": "speed", "epochs": int(speed)} if speed in SPEEDS:
            pair.set_speed(speed)
        case {"do": "mark", "unit": unit}:
            pair.mark("unit", unit)
        case {"do": "mark", "token": token}:
            pair.mark("token", token)
        case {"do": "open", "window": int(number)} if number < len(session.dataset.windows):
            pair.ask([*session.dataset.windows][number])
        case {"do": "phrase" | "write" | "use" as action, "text": str(text)}:
            # A full text box may end in half a surrogate pair, which is not valid text.
            take = {"phrase": pair.ask, "write": session.write, "use": pair.use}[action]
            take(text.encode(errors="replace").decode())
        case _:
            _compare(pair, command)


def _begin(pair: Pair, command: Mapping[str, Any]) -> None:
    """Begin another run: with the next seed, or of a preset of the task."""
    config = pair.first.config
    match command:
        case {"do": "seed"}:
            pair.configure(replace(config, seed=int((config.seed + 1) % SETTINGS["seed"].high)))
        case {"label": str(label)}:
            preset = next((p for p in PRESETS[config.task] if p.label == label), None)
            if preset is None:
                raise RefusedError(f"there is no preset {label[:40]!r} of this task")
            pair.configure(preset.config(config.seed))
            pair.play()
        case _:
            raise not_understood(command)


def teach(
    play: LessonPlay | None, pair: Pair, command: Mapping[str, Any]
) -> LessonPlay | None:  # fmt: skip
    """Begin a lesson, or execute a command in one; returns the lesson. Raises RefusedError."""
    match command:
        case {"what": "begin", "label": str(name)} if name in offered():
            if pair.problem or pair.first.data.given is not None:
                pair.first.player.message = NO_LESSON
            else:
                return LessonPlay(name, open_lesson(offered()[name]), pair, play)
        case {"what": "lock", "values": list(values)} if play:
            try:
                play.lock(values)
            except LessonError as problem:
                raise RefusedError(str(problem)) from None
        case {"what": "choose", "text": "0" | "1" | "2" | "3" as number} if play:
            play.choose(int(number))
        case {"what": str(name)} if play and name in OF_LESSON:
            getattr(play, name)()
        case _:
            raise not_understood(command)
    return play


def _compare(pair: Pair, command: Mapping[str, Any]) -> None:
    """Execute a command about two networks."""
    match command:
        case {"do": str(action)} if action in OF_PAIR:
            getattr(pair, action)()
        case {"do": "take_seed", "value": seed} if seed == int(seed):
            pair.take_seed(int(seed))
        case {"do": "compare", "what": str(name), "text": str(text)} if name in SETTINGS:
            pair.compare({name: SETTINGS[name].parse(text)})
        case {"do": "ready", "label": str(label)}:
            if not pair.open_ready(label):
                raise RefusedError(f"there is no pair {label[:40]!r}")
        case {"do": "go_on", "what": "A" | "B" as name}:
            pair.go_on(View(name))
        case {"do": "view", "what": "A" | "both" | "B" as name}:
            pair.view = View(name)
        case {"do": "role", "what": "train" | "test" as name}:
            pair.role = Role(name)
        case _:
            raise not_understood(command)
