"""The settings of a run: one table for the sidebar, the command line and the link."""

from __future__ import annotations

import math
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from enum import Enum, StrEnum
from functools import partial
from typing import Any

from rnnviz import cells


class Gradient(StrEnum):
    """How the gradient is backpropagated through W_hh: transposed, or as in the notebook."""

    EXACT = "exact"
    NOTEBOOK = "notebook"


class ClipBy(StrEnum):
    """How the gradient is clipped."""

    VALUE = "value"
    NORM = "norm"
    OFF = "off"


class Activation(StrEnum):
    """The activation function of an Elman cell."""

    TANH = "tanh"
    RELU = "relu"


class Init(StrEnum):
    """How the initial weights are drawn."""

    NORMAL = "normal"
    XAVIER = "xavier"
    ORTHOGONAL = "orthogonal"
    IDENTITY = "identity"


class OptimizerKind(StrEnum):
    """The optimizers."""

    SGD = "sgd"
    MOMENTUM = "momentum"
    RMSPROP = "rmsprop"
    ADAM = "adam"


class Precision(StrEnum):
    """The dtype of the weights."""

    DOUBLE = "float64"
    SINGLE = "float32"


class OutputAt(StrEnum):
    """The tokens after which the network is read out."""

    LAST = "last"
    EVERY = "every"


class Loss(StrEnum):
    """The loss functions."""

    CROSS_ENTROPY = "cross-entropy"
    SQUARED_ERROR = "squared error"


class TaskName(StrEnum):
    """The tasks."""

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
    ELNINO = "elnino"
    SUNSPOTS = "sunspots"


class Widget(Enum):
    """The widget of a setting in the sidebar.

    USUAL is a button for each choice, or a box for a number; CELL a list of cells and the editor
    of equations; CONSTANTS a box for each of the cell's. ELSEWHERE it is part of another widget.
    """

    USUAL, SLIDER, CELL, CONSTANTS, ELSEWHERE = range(5)


class SettingError(ValueError):
    """An invalid value of a setting; the message names the setting and the valid values."""


#: The longest text that a link contains uncompressed, in characters.
_SHORT = 1_000


@dataclass(frozen=True)
class Setting:
    """One row of the table: a setting's name, type, default, range and help.

    ``names`` returns the valid texts, unless any text is valid. ``only`` is another setting and
    the values of it with which this one has an effect. A ``dial`` is always visible; the others
    are under *More settings*.
    """

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
    dial: bool = False
    widget: Widget = Widget.USUAL
    names: Callable[[], tuple[str, ...]] | None = None
    only: tuple[str, tuple[str, ...] | Callable[[], tuple[str, ...]]] | None = None

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Whether the setting has an effect with these values of all settings."""
        return self.only is None or values[self.only[0]] in self.needed

    @property
    def needed(self) -> tuple[str, ...]:
        """The values of the setting in ``only`` with which this one has an effect."""
        values = self.only[1] if self.only else ()
        return values() if callable(values) else values

    @property
    def flag(self) -> str:
        """The option on the command line, e.g. ``--init-scale``."""
        return "--" + self.name.replace("_", "-")

    @property
    def choices(self) -> tuple[str, ...]:
        """The values to choose from; empty for a number or free text."""
        if self.names:
            return self.names()
        return tuple(self.kind) if issubclass(self.kind, StrEnum) else ()

    def to_link(self, value: object) -> str:
        """A value as a text for a link, compressed if it may be long."""
        if not self.packed:
            return str(value)
        content = zlib.compress(str(value).encode(errors="replace"), 9)
        return urlsafe_b64encode(content).decode().rstrip("=")

    def from_link(self, text: str) -> Any:
        """The value of a link's text; raises SettingError."""
        return self.parse(self._unpack(text) if self.packed else text)

    def _unpack(self, packed: str) -> str:
        """Decompress a text, but no more of it than the setting allows."""
        stream = zlib.decompressobj()
        try:
            content = urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
            text = stream.decompress(content, 4 * int(self.high) + 1).decode()
            # A text that is too long is refused later, for its length.
            if len(text) <= self.high and (not stream.eof or stream.unused_data):
                raise ValueError
        except (ValueError, zlib.error):
            raise SettingError(f"{self.label} ({self.name}) can't be read.") from None
        return text

    @property
    def packed(self) -> bool:
        """Whether links compress it: a free text that may be long."""
        return self.kind is str and not self.names and self.high > _SHORT

    @property
    def allowed(self) -> str:
        """The valid values, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind is str:
            return f"a text of at most {self.high:,.0f} characters"
        noun = "a whole number" if self.kind is int else "a number"
        return f"{noun} from {self.low:g} to {self.high:.10g}"

    def parse(self, value: object) -> Any:
        """Convert ``value``, or its text, to the setting's type; raise SettingError."""
        try:
            # A list may be too deep to be written as a text.
            parsed = self.kind(brief(value) if isinstance(value, list | dict) else value)
            size = len(parsed) if self.kind is str else parsed
            fits = parsed in self.choices if self.choices else self.low <= size <= self.high
            whole = self.kind is not int or float(str(value)) == parsed
        except (ValueError, TypeError, OverflowError):
            fits = whole = False
        if self.kind is str and not isinstance(value, str):
            fits = False
        if not (fits and whole) or isinstance(value, bool):
            wrong = f"{self.label} ({self.name}) can't be {brief(value)!r}"
            raise SettingError(f"{wrong}: it is {self.allowed}.")
        return parsed


def parse_constants(cell: cells.CellText, text: str) -> dict[str, float]:
    """The numbers of a text such as "dt=0.1, gamma=1.3"; raises SettingError."""
    found, label = {}, "Constants (constants):"
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, value = map(str.strip, part.partition("="))
        if name not in cell.constants:
            known = ", ".join(cell.constants) or "none"
            raise SettingError(f"{label} {name[:20]!r} is unknown; {cell.name} has {known}.")
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = math.nan
        if not abs(found[name]) <= cells.LARGEST:
            wrong = f"write {name}=0.2, not {name}={value[:20]}"
            most = f"{cells.LARGEST:,.0f}"
            raise SettingError(f"{label} {wrong}: a number between -{most} and {most}.")
    return found


def written_constants(cell: cells.CellText, values: Mapping[str, float]) -> str:
    """The text of the constants that differ from the cell's own, in its order."""
    pairs = ((name, values.get(name, own)) for name, own in cell.constants.items())
    return ", ".join(f"{n}={v!r}" for n, v in pairs if v != cell.constants[n])


def brief(value: object, most: int = 40) -> str:
    """The beginning of a JSON value as text; "a list" or "a table" for these, which may be deep."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    try:
        return str(value)[:most]
    except ValueError:  # of thousands of digits
        return "a long number"


def _setting(
    group: str, default: Any, label: str, help: str, restarts: bool = False, **row: Any
) -> Any:
    help += " A change starts the run again." * restarts
    row |= {"group": group, "label": label, "help": help, "restarts": restarts}
    return field(default=default, metadata=row)


_data = partial(_setting, "Data", restarts=True)
_network = partial(_setting, "Network", restarts=True)
_training = partial(_setting, "Training")


@dataclass(frozen=True)
class RunConfig:
    """The settings of a run; with the data and the epoch they determine every weight.

    A setting without effect is reset to its default, so that ``replace`` can change the cell or the
    task; ``idle`` names these settings. Raises SettingError for an invalid value.
    """

    # fmt: off
    task: TaskName = _data(
        TaskName.SENTIMENT, "Task", dial=True, widget=Widget.ELSEWHERE,
        help="What the network learns.",
    )
    lag: int = _data(
        10, "Lag", dial=True, low=1, high=50, only=("task", (TaskName.RECALL,)),
        widget=Widget.SLIDER,
        help="For how many further tokens the network must remember the first one.",
    )
    data_seed: int = _data(
        -1, "Data seed", low=-1, high=2**31 - 1,
        help="The seed of what is random in the data, such as which of your own texts are the "
        "test. -1 is the Seed. With a fixed one, other seeds have the same data.",
    )
    window: int = _data(
        50, "Window", low=2, high=500,
        help="How many tokens or steps the network reads in one piece, of your own texts where it "
        "learns what comes next, and of numbers over time. Every piece begins with a hidden state "
        "of zero. Of numbers at most 200.",
    )
    horizon: int = _data(
        1, "Horizon", low=1, high=50,
        help="How many steps ahead numbers over time are expected.",
    )
    cell: str = _network(
        "elman", "Cell", dial=True, names=cells.cell_names, widget=Widget.CELL,
        help="How one token changes the hidden state. elman: one sum and one activation function. "
        "gru, lstm: gates decide what is kept and what is overwritten. peephole: an LSTM whose "
        "gates see the cell state. mgu: one gate. leaky: a share of the state leaks away. mingru, "
        "rglru, lru: no matrix between states. slstm: an exponential input gate. cornn: "
        "oscillators. own: your equations.",
    )
    equations: str = _network(
        "", "Equations", high=2000, only=("cell", (cells.OWN,)), widget=Widget.ELSEWHERE,
        help="A cell of your own: one equation a line. A name that is read before it is written "
        "is a state.",
    )
    constants: str = _network(
        "", "Constants", high=100, only=("cell", cells.with_constants), widget=Widget.CONSTANTS,
        help="Numbers in the equations of the cell. Written as a text: a=0.2, b=1.",
    )
    activation: Activation = _network(
        Activation.TANH, "Activation", only=("cell", ("elman",)),
        help="The activation function of an Elman cell: tanh keeps a state between -1 and 1, relu "
        "sets negative values to 0.",
    )
    hidden: int = _network(
        64, "Hidden units", dial=True, low=1, high=256, widget=Widget.SLIDER,
        help="The number of units in the hidden state of a layer. More units can remember more "
        "and take more arithmetic.",
    )
    layers: int = _network(
        1, "Layers", low=1, high=3, widget=Widget.SLIDER,
        help="The number of layers of cells. Each one above the first reads the output "
        "of the one below.",
    )
    forget_bias: float = _network(
        1.0, "Forget bias", low=-5.0, high=10.0, step=0.5, only=("cell", cells.gated),
        help="The initial bias of the gates that keep the memory, such as an LSTM's forget gate; "
        "gates that let it go begin at its negative. "
        "At 0 a sigmoid keeps half from token to token, at 1 73%, at 3 95%; an "
        "sLSTM weighs the old against the new.",
    )
    init: Init = _network(
        Init.NORMAL, "Initial weights",
        help="normal: random numbers of the initial scale, as in the notebook. xavier: random "
        "numbers scaled by the number of connections. orthogonal: recurrent weights that keep the "
        "length of a state. identity: recurrent weights that copy a state.",
    )
    init_scale: float = _network(
        0.001, "Initial scale", low=0.000001, high=2.0, step=0.001,
        only=("init", (Init.NORMAL, Init.IDENTITY)),
        help="The standard deviation of the random entries of the initial matrices. The notebook's "
        "0.001 is tiny and makes the long plateau; with 0.1 and all else as on the first page "
        "training accuracy is 100% at epoch 87, not 398 (medians of 40 seeds).",
    )
    seed: int = _network(
        0, "Seed", low=0, high=2**31 - 1,
        help="The seed of the run's random numbers: the initial weights, the order of the "
        "sequences, dropout and, unless they have a seed of their own, the data. The same seed "
        "gives the same run; another kind of processor may round differently, which can grow.",
    )
    optimizer: OptimizerKind = _training(
        OptimizerKind.SGD, "Optimizer",
        help="sgd: a step against the gradient. momentum: past gradients add up. rmsprop: every "
        "weight has its own step size. adam: both. A change takes effect at the next step and "
        "starts with its averages at zero.",
    )
    lr: float = _training(
        0.02, "Learning rate", dial=True, low=0.00001, high=100.0, step=0.01,
        help="How far one step moves the weights. Too small: learning is slow. Too large: the loss "
        "jumps, or is no longer finite. A change takes effect at the next step.",
    )
    weight_decay: float = _training(
        0.0, "Weight decay", low=0.0, high=1.0, step=0.001,
        help="Pulls every weight towards zero, against overfitting: the gradient of λ/2 W² "
        "is added to the clipped one; with adam each step multiplies W by 1 − learning rate · λ "
        "instead (AdamW). 0 means none. A change takes effect at the next step.",
    )
    dropout: float = _training(
        0.0, "Dropout", low=0.0, high=0.9, step=0.1,
        help="Against overfitting: every training step leaves out each input of a layer with this "
        "probability, and multiplies the weights of the others by 1/(1 − dropout). Of a text "
        "the first layer leaves out tokens of the vocabulary, wherever they occur. The scores are "
        "those of the whole network. A change takes effect at the next step.",
    )
    recurrent_dropout: float = _training(
        0.0, "Recurrent dropout", low=0.0, high=0.9, step=0.1, only=("cell", cells.recurrent),
        help="The same for the units that a layer's recurrent matrices read: the same ones are "
        "left out at every token of a step.",
    )
    batch: int = _training(
        1, "Batch size", low=1, high=64, restarts=True,
        help="The number of sequences per step; the last of an epoch may have fewer. The loss "
        "is the mean over their outputs. With 1 the network takes a step after each sequence, as "
        "the notebook does.",
    )
    clip_by: ClipBy = _training(
        ClipBy.VALUE, "Clip by",
        help="value: every entry of the gradient is cut to ± the limit, as the notebook does. "
        "norm: a longer gradient is shortened to the limit and keeps its direction. off: "
        "neither. A change takes effect at the next step.",
    )
    clip: float = _training(
        1.0, "Clip limit", low=0.0001, high=1000.0, step=0.1,
        only=("clip_by", (ClipBy.VALUE, ClipBy.NORM)),
        help="The limit of clipping, for each entry (value) or for the length of the whole "
        "gradient (norm). A change takes effect at the next step.",
    )
    truncate: int = _training(
        0, "Truncate after", low=0, high=500,
        help="The backward pass is cut into pieces of this many tokens; the forward pass is not "
        "cut. Encoder and decoder are cut separately, the bridge between them never. 0 means no "
        "truncation. A change takes effect at the next step.",
    )
    gradient: Gradient = _training(
        Gradient.EXACT, "Gradient", dial=True, only=("cell", ("elman",)), restarts=True,
        help="exact: backpropagation through time with the transposed W_hh, as the chain rule "
        "requires. notebook: the version of the well-known notebook, without the transpose.",
    )
    dtype: Precision = _training(
        Precision.DOUBLE, "Precision", restarts=True,
        help="The number format of the weights and of training. float32 is faster in large "
        "networks, but small gradients vanish sooner.",
    )
    epochs: int = _training(
        1000, "Epochs", low=0, high=100_000, step=100,
        help="How often the network reads all training sequences. The run stops after this many "
        "epochs; raise the number later to train on.",
    )
    patience: int = _training(
        0, "Patience", low=0, high=100_000, step=10,
        help="Early stopping: the run ends when the test loss has not fallen below its lowest "
        "value for this many epochs, and shows the epoch of that value. Without a test set the "
        "training loss counts. 0 means none.",
    )
    # fmt: on

    def __post_init__(self) -> None:
        for row in SETTINGS.values():
            object.__setattr__(self, row.name, row.parse(getattr(self, row.name)))
        for row in SETTINGS.values():
            if not row.applies(vars(self)):
                object.__setattr__(self, row.name, row.default)
        if self.constants:
            # The same numbers are the same setting; an invalid text gets its sentence elsewhere.
            cell = cells.CELLS[self.cell]
            with suppress(SettingError):
                text = written_constants(cell, parse_constants(cell, self.constants))
                object.__setattr__(self, "constants", text)

    @property
    def drops(self) -> bool:
        """Whether there is dropout."""
        return self.dropout > 0 or self.recurrent_dropout > 0

    @property
    def dataset_seed(self) -> int:
        """The seed of the data."""
        return self.seed if self.data_seed < 0 else self.data_seed

    def idle(self, names: Iterable[str]) -> list[str]:
        """A sentence for each of these settings that has no effect in this run."""
        wanted = {*names}
        return [
            f"{row.label} ({row.name}) has no effect unless {SETTINGS[row.only[0]].label} is "
            f"{' or '.join(row.needed)}."
            for row in SETTINGS.values()
            if row.name in wanted and row.only and not row.applies(vars(self))
        ]

    @property
    def lower_lr(self) -> float | None:
        """The learning rate to try when training fails: a tenth, and at most the default.

        None if there is no lower one.
        """
        row = SETTINGS["lr"]
        lower = float(max(row.low, min(row.default, self.lr / 10)))
        return lower if lower < self.lr else None

    def as_dict(self) -> dict[str, Any]:
        """All settings as numbers and strings."""
        return {name: getattr(value, "value", value) for name, value in asdict(self).items()}

    def to_query(self) -> dict[str, str]:
        """The settings that differ from their defaults, as strings for a link."""
        changed = {n: v for n, v in self.as_dict().items() if v != SETTINGS[n].default}
        return {name: SETTINGS[name].to_link(value) for name, value in changed.items()}

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> tuple[RunConfig, list[str]]:
        """Parse a link; return the run, and a sentence for each setting that can't be used."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        for name in SETTINGS.keys() & query.keys():
            try:
                values[name] = SETTINGS[name].from_link(query[name])
            except SettingError as problem:
                default = getattr(SETTINGS[name].default, "value", SETTINGS[name].default)
                problems.append(f"In the link: {problem} Using {str(default) or 'the default'}.")
        config = cls(**values)
        problems += (f"In the link: {sentence}" for sentence in config.idle(values))
        return config, sorted(problems)

    def restarts(self, other: RunConfig) -> list[Setting]:
        """The settings that differ in ``other`` and need new initial weights."""
        return [row for row in self.changes(other) if row.restarts]

    def changes(self, other: RunConfig) -> list[Setting]:
        """The settings that differ in ``other``."""
        return [r for r in SETTINGS.values() if getattr(self, r.name) != getattr(other, r.name)]


SETTINGS = {
    f.name: Setting(f.name, type(f.default), f.default, **f.metadata) for f in fields(RunConfig)
}
GROUPS = ("Data", "Network", "Training")
