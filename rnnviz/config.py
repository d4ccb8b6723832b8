"""The settings of a run: one table, from which the page, the command line and the link are made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
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


class CellKind(StrEnum):
    """How one token changes the memory."""

    ELMAN = "elman"
    GRU = "gru"
    LSTM = "lstm"


class Activation(StrEnum):
    """What an Elman cell does with its sum."""

    TANH = "tanh"
    RELU = "relu"


class Init(StrEnum):
    """How the first weights are drawn."""

    NORMAL = "normal"
    XAVIER = "xavier"
    ORTHOGONAL = "orthogonal"
    IDENTITY = "identity"


class OptimizerKind(StrEnum):
    """How a gradient becomes a step."""

    SGD = "sgd"
    MOMENTUM = "momentum"
    RMSPROP = "rmsprop"
    ADAM = "adam"


class Precision(StrEnum):
    """With how many bits the engine computes."""

    DOUBLE = "float64"
    SINGLE = "float32"


class OutputAt(StrEnum):
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
    only: tuple[str, tuple[StrEnum, ...]] | None = None

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Whether this setting has any effect, given the values of the others."""
        return self.only is None or values[self.only[0]] in self.only[1]

    @property
    def condition(self) -> str:
        """When it has an effect, in words: "Cell is elman"; empty for always."""
        if self.only is None:
            return ""
        name, members = self.only
        return f"{SETTINGS[name].label} is {' or '.join(member.value for member in members)}"

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

    A setting that has no effect, given the others, has its default. Raises SettingError for a
    value outside its range.
    """

    task: TaskName = _setting(
        TaskName.SENTIMENT,
        "Task",
        "Data",
        "What is learned. A change starts the run again.",
        restarts=True,
    )
    lag: int = _setting(
        10,
        "Lag",
        "Data",
        "For how many further tokens the first one must be remembered. A change starts the run "
        "again.",
        low=1,
        high=50,
        restarts=True,
        only=("task", (TaskName.RECALL,)),
    )
    cell: CellKind = _setting(
        CellKind.ELMAN,
        "Cell",
        "Network",
        "How one token changes the memory. elman: one sum through one curve. gru and lstm: gates "
        "decide what is kept and what is written over. A change starts the run again.",
        restarts=True,
    )
    activation: Activation = _setting(
        Activation.TANH,
        "Activation",
        "Network",
        "The curve that an Elman cell's sum goes through: tanh keeps a state between -1 and 1, "
        "relu cuts off what is negative. A change starts the run again.",
        restarts=True,
        only=("cell", (CellKind.ELMAN,)),
    )
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
    layers: int = _setting(
        1,
        "Layers",
        "Network",
        "How many layers of cells lie one above the other; each reads the states of the one below. "
        "A change starts the run again.",
        low=1,
        high=3,
        restarts=True,
    )
    forget_bias: float = _setting(
        1.0,
        "Forget bias",
        "Network",
        "Where the gates begin that keep the memory, an LSTM's forget gate and a GRU's update "
        "gate: at 1 they keep 73 % from token to token, at 3 95 %, at 0 half. "
        "A change starts the run again.",
        low=-5.0,
        high=10.0,
        step=0.5,
        restarts=True,
        only=("cell", (CellKind.GRU, CellKind.LSTM)),
    )
    init: Init = _setting(
        Init.NORMAL,
        "Initial weights",
        "Network",
        "normal: random numbers of the initial scale, as in the notebook. xavier: as large as the "
        "number of connections allows. orthogonal: recurrent weights that turn a state and never "
        "stretch it. identity: recurrent weights that hand it on. A change starts the run again.",
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
        only=("init", (Init.NORMAL, Init.IDENTITY)),
    )
    seed: int = _setting(
        0,
        "Seed",
        "Network",
        "The number that all randomness is drawn from: the initial weights and the order of the "
        "sequences. The same seed gives the same run, always. A change starts the run again.",
        low=0,
        high=2**31 - 1,
        restarts=True,
    )
    optimizer: OptimizerKind = _setting(
        OptimizerKind.SGD,
        "Optimizer",
        "Training",
        "sgd: a step straight down the gradient. momentum: steps gather speed. rmsprop: every "
        "weight has a step of its own size. adam: both. Takes effect at the next step, with "
        "nothing gathered yet.",
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
    batch: int = _setting(
        1,
        "Batch size",
        "Training",
        "How many sequences are read for one step; the loss is the mean over their answers. "
        "1 takes a step after each, as the notebook does. A change starts the run again.",
        low=1,
        high=64,
        restarts=True,
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
        only=("clip_by", (ClipBy.VALUE, ClipBy.NORM)),
    )
    truncate: int = _setting(
        0,
        "Truncate after",
        "Training",
        "The gradient is carried back through at most so many tokens: the sequence is cut into "
        "pieces of this length for the way back, not for the way there. Encoder and decoder are "
        "cut each by itself, the bridge between them never. 0 carries it all the way. "
        "Takes effect at the next step.",
        low=0,
        high=500,
    )
    gradient: Gradient = _setting(
        Gradient.EXACT,
        "Gradient",
        "Training",
        "exact: backpropagation through time with the transposed W_hh, as the chain rule wants it. "
        "notebook: the famous notebook's version, which forgets to transpose. "
        "A change starts the run again.",
        restarts=True,
        only=("cell", (CellKind.ELMAN,)),
    )
    dtype: Precision = _setting(
        Precision.DOUBLE,
        "Precision",
        "Training",
        "With how many bits the engine computes. float32 is faster, and small gradients vanish "
        "sooner. A change starts the run again.",
        restarts=True,
    )
    epochs: int = _setting(
        1000,
        "Epochs",
        "Training",
        "How often all the training sequences are read; the run stops by itself after this many. "
        "Can be raised later to train on.",
        low=0,
        high=100_000,
        step=100,
    )

    def __post_init__(self) -> None:
        for row in SETTINGS.values():
            object.__setattr__(self, row.name, row.parse(getattr(self, row.name)))
        for row in SETTINGS.values():
            if not row.applies(vars(self)):
                object.__setattr__(self, row.name, row.default)

    def idle(self, names: Iterable[str]) -> list[str]:
        """A sentence for each of these settings that has no effect here."""
        rows = (row for name, row in SETTINGS.items() if name in {*names})
        return [
            f"{row.label} ({row.name}) has no effect unless {row.condition}."
            for row in rows
            if not row.applies(vars(self))
        ]

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
        config = cls(**values)
        problems += (f"In the link: {sentence}" for sentence in config.idle(values))
        return config, sorted(problems)

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
