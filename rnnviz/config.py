"""The settings of a run: one table, from which the page, the command line and the link are made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any


class Gradient(StrEnum):
    """How the gradient is carried one token back in time."""

    EXACT = "exact"
    NOTEBOOK = "notebook"


class ClipBy(StrEnum):
    """What is bounded before a step is taken."""

    VALUE = "value"
    NORM = "norm"
    OFF = "off"


class Reads(StrEnum):
    """After which tokens the network answers."""

    LAST = "last"
    EVERY = "every"


class Loss(StrEnum):
    """How far an answer is from the one that is wanted."""

    CROSS_ENTROPY = "cross-entropy"
    SQUARED_ERROR = "squared error"


class TaskName(StrEnum):
    """What is learned."""

    SENTIMENT = "sentiment"
    RECALL = "recall"
    PARITY = "parity"
    ADDING = "adding"
    CHARACTERS = "characters"
    FLIPFLOP = "flipflop"
    BRACKETS = "brackets"
    WAVES = "waves"
    SPELLING = "spelling"
    TRANSLATION = "translation"


class SettingError(ValueError):
    """A setting has a value that it can't have; the message says which, what and what to do."""


@dataclass(frozen=True)
class Setting:
    """One row of the table: how a setting is named, shown, bounded and explained."""

    name: str
    kind: type
    default: Any
    label: str
    group: str
    help: str
    low: float = -math.inf
    high: float = math.inf
    step: float = 1.0
    restarts: bool = False

    @property
    def flag(self) -> str:
        """The option on the command line, e.g. ``--init-scale``."""
        return "--" + self.name.replace("_", "-")

    @property
    def options(self) -> tuple[StrEnum, ...]:
        """The members to choose from; empty for a number."""
        return tuple(self.kind) if issubclass(self.kind, StrEnum) else ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The words to choose from; empty for a number."""
        return tuple(member.value for member in self.options)

    @property
    def allowed(self) -> str:
        """The values it can have, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        noun = "a whole number" if self.kind is int else "a number"
        return f"{noun} from {self.low:g} to {self.high:.10g}"

    def parse(self, value: object) -> Any:
        """Return ``value``, or the text of it, as this setting's kind; raise SettingError."""
        try:
            parsed = self.kind(value)
            fits = bool(self.choices) or self.low <= parsed <= self.high
            whole = self.kind is not int or float(str(value)) == parsed
        except (ValueError, TypeError, OverflowError):
            fits = whole = False
        if not (fits and whole) or isinstance(value, bool):
            shown = str(value)[:40]
            raise SettingError(
                f"{self.label} ({self.name}) can't be {shown!r}: it is {self.allowed}."
            )
        return parsed


def _setting(default: Any, label: str, group: str, help: str, **bounds: Any) -> Any:
    row = {"default": default, "label": label, "group": group, "help": help, **bounds}
    return field(default=default, metadata=row)


@dataclass(frozen=True)
class RunConfig:
    """A run: together with the data and the epoch these settings determine every weight.

    Raises SettingError for a value outside its range.
    """

    hidden: int = _setting(
        64,
        "Hidden units",
        "Network",
        "How many numbers the network has to remember the words read so far. "
        "More units remember more and are slower. A change starts the run again.",
        low=1,
        high=256,
        restarts=True,
    )
    init_scale: float = _setting(
        0.001,
        "Initial scale",
        "Network",
        "Standard deviation of the random weights at the start. The notebook's 0.001 is tiny, "
        "which makes the long plateau; 0.1 learns much sooner. A change starts the run again.",
        low=0.000001,
        high=2.0,
        step=0.001,
        restarts=True,
    )
    seed: int = _setting(
        0,
        "Seed",
        "Network",
        "The number that all randomness is drawn from: the initial weights and the order of the "
        "phrases. The same seed gives the same run, always. A change starts the run again.",
        low=0,
        high=2**31 - 1,
        restarts=True,
    )
    lr: float = _setting(
        0.02,
        "Learning rate",
        "Training",
        "How far one step goes down the gradient. Too small: nothing happens; too large: the loss "
        "jumps, or stops being a number. Takes effect at the next step.",
        low=0.00001,
        high=100.0,
        step=0.01,
    )
    clip_by: ClipBy = _setting(
        ClipBy.VALUE,
        "Clip by",
        "Training",
        "value: every entry of the gradient is cut to ± the limit (as the notebook does). "
        "norm: the whole gradient is shortened to the limit, its direction kept. off: neither. "
        "Takes effect at the next step.",
    )
    clip: float = _setting(
        1.0,
        "Clip limit",
        "Training",
        "The bound of clipping, for each entry (value) or for the length of the whole gradient "
        "(norm). Takes effect at the next step.",
        low=0.0001,
        high=1000.0,
        step=0.1,
    )
    gradient: Gradient = _setting(
        Gradient.EXACT,
        "Gradient",
        "Training",
        "exact: backpropagation through time with the transposed W_hh, as the chain rule wants it. "
        "notebook: the famous notebook's version, which forgets to transpose. "
        "A change starts the run again.",
        restarts=True,
    )
    epochs: int = _setting(
        1000,
        "Epochs",
        "Training",
        "How often all the training phrases are read; the run stops by itself after this many. "
        "Can be raised later to train on.",
        low=0,
        high=100_000,
        step=100,
    )

    def __post_init__(self) -> None:
        for row in SETTINGS.values():
            object.__setattr__(self, row.name, row.parse(getattr(self, row.name)))

    def as_dict(self) -> dict[str, Any]:
        """Every setting by name, as plain numbers and words."""
        return {name: getattr(value, "value", value) for name, value in asdict(self).items()}

    def to_query(self) -> dict[str, str]:
        """The settings that differ from their defaults, as texts for a link."""
        changed = {n: v for n, v in self.as_dict().items() if v != SETTINGS[n].default}
        return {name: str(value) for name, value in changed.items()}

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> tuple[RunConfig, list[str]]:
        """Read a link: the run, and one sentence for each setting that had to keep its default."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        for name in SETTINGS.keys() & query.keys():
            try:
                values[name] = SETTINGS[name].parse(query[name])
            except SettingError as problem:
                default = getattr(SETTINGS[name].default, "value", SETTINGS[name].default)
                problems.append(f"In the link: {problem} Using {default}.")
        return cls(**values), sorted(problems)

    def restarts(self, other: RunConfig) -> list[Setting]:
        """The settings in which ``other`` differs and that need new initial weights."""
        return [row for row in self.changes(other) if row.restarts]

    def changes(self, other: RunConfig) -> list[Setting]:
        """The settings in which ``other`` differs."""
        return [r for r in SETTINGS.values() if getattr(self, r.name) != getattr(other, r.name)]


SETTINGS: dict[str, Setting] = {
    f.name: Setting(name=f.name, kind=type(f.default), **f.metadata) for f in fields(RunConfig)
}

GROUPS: tuple[str, ...] = ("Data", "Network", "Training")
