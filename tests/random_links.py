"""Random links over all that they can carry: settings, cells, edits, marks, and nonsense."""

import numpy as np

from rnnviz.cells import OWN
from rnnviz.config import SETTINGS, TaskName
from rnnviz.probe.questions import DynamicsQuestion, GradientQuestion, StateQuestion, TrainQuestion
from rnnviz.tasks.data_source import PRESETS

#: Cells of one's own whose numbers grow, vanish or are none.
HOSTILE = (
    "h = (W@x + U@h)/h",
    "h = tanh(W@x + U@h + b_h)",
    "h = W@x + U@h",
    "h = exp(exp(W@x + U@h))",
    "h = exp(W@x + U@h)",
    "h = log(W@x + U@h)",
    "h = sqrt(W@x + U@h)",
    "h = 1/(W@x + U@h)",
    "h = (W@x + U@h)**8",
    "h = (W@x + U@h)**-8",
    "h = h*h + W@x",
    "h = h/(h - h) + W@x",
    "h = where(h > 0, exp(8*h), W@x) + 1000000*h",
    "s = sigmoid(W@x + V@h)\nh = s*h/(1 - s) + (1 - s)*tanh(U@x)",
    "c = c/h + W@x\nh = tanh(c)*exp(c)",
    "h = max(W@x, U@h)",
    "h = tanh(enc@x + dec@h)",
    "h = relu(W@x + U@h) + abs(h)",
    "h = a*h + W@x\na = 2",
    "h = ",
    "",
)
#: What can't be the value of anything.
JUNK = (
    "", " ", "0", "-1", "1.5", "1e999", "-1e999", "NaN", "inf", "-inf", "True", "None", "٣", "²",
    "９", "1_000", "0x10", "+1", "-0", "1e-400", "\x00", "a\x00b", "\ud800", "\udcff x", "é", "🔁",
    "<script>", "W_hh", "a,b", ":", "/", "=", "1/", "/1", "0:edit=", "0:edit=silence",
    "9" * 5000, "0" * 5000, "1" * 4301, "-" + "1" * 5000, "1." + "0" * 5000, "1/" + "9" * 5000,
    "x" * 5000, ",".join("0" * 500), "0:edit=scale " + "9" * 5000, "not " * 600,
)  # fmt: skip
PAGES = (TrainQuestion, GradientQuestion, StateQuestion, DynamicsQuestion)
QUESTIONS = [question.name.lower() for page in PAGES for question in page]
AMOUNTS = ("1000000", "-1e6", "1e308", "1e-300", "0", "-0.0", "1e5", "30", "0.5", "-1")
PHRASES = ("i am not bad", "a", "1 2 3", "0.5 -0.5", "1e300 1", "(())", "the cat", "bad " * 40)
#: More than these take too long for a test of many.
MOST_UNITS = (*[1, 1, 2, 3, 4, 5, 8, 16, 32] * 20, 256)


def random_link(number: int) -> dict[str, str]:
    """The link of this number: the same in every process."""
    rng = np.random.default_rng(number)
    link = _settings(rng) if rng.random() < 0.85 else _preset(rng)
    link |= _course(rng)
    for name in [*SETTINGS, *_MARKS, "epoch", "now", "changes", "ghost", "ghost_changes", "x"]:
        if rng.random() < 0.02:
            link[name] = _one(rng, JUNK)
    return link


def _one(rng, values):
    return values[rng.integers(len(values))]


def _settings(rng):
    """Valid settings, most of them at an end of their range."""
    chosen = {name: _value(rng, row) for name, row in SETTINGS.items() if rng.random() < 0.4}
    chosen |= {"task": _one(rng, [*TaskName]), "hidden": _one(rng, MOST_UNITS)}
    if rng.random() < 0.35:
        chosen |= {"cell": OWN, "equations": _one(rng, HOSTILE)}
    if rng.random() < 0.4:
        chosen |= {"init": "normal", "init_scale": 2.0, "activation": "relu", "dtype": "float32"}
    if rng.random() < 0.3:
        chosen |= {"lr": 100.0, "clip_by": "off"}
    if chosen["hidden"] > 16:
        chosen |= {"layers": 1}
    return {name: SETTINGS[name].to_link(value) for name, value in chosen.items()}


def _value(rng, row):
    if row.choices:
        return _one(rng, row.choices)
    if row.kind is str:
        return _one(rng, ["dt=1000000", "a=0", "a=2", "gamma=-1e6", "eps=0,dt=100", "c=1", ""])
    inner = np.exp(rng.uniform(*np.log([max(row.low, 1e-6), row.high])))
    ends = (row.low, row.high, row.default, inner)
    return row.kind(_one(rng, ends))


def _preset(rng):
    """A preset, with one setting of its own."""
    preset = _one(rng, PRESETS[_one(rng, [*TaskName])])
    other = _settings(rng)
    return preset.config(int(rng.integers(9))).to_query() | dict([_one(rng, [*other.items()])])


_MARKS = {
    "unit": ("0", "1", "255", "999999"),
    "token": ("1", "2", "40", "999999"),
    "view": ("cell",),
    "pin": ("0", "1", "0/3"),
    "phrase": PHRASES,
    "ask": (*QUESTIONS, ",".join(QUESTIONS)),
    "data": ("0123abcd",),
}


def _course(rng):
    """Where the run is, what was changed on the way, and what is marked."""
    now = _one(rng, ("0", "0/1", "0/7", "1", "1/3", "2"))
    link = {name: _one(rng, values) for name, values in _MARKS.items() if rng.random() < 0.25}
    link["now"] = now
    if rng.random() < 0.3:
        link["epoch"] = "0"
    if rng.random() < 0.5:
        link["changes"] = ",".join(_change(rng) for _ in range(rng.integers(1, 4)))
    if rng.random() < 0.15:
        link |= {"ghost": f"0:{now}", "ghost_changes": _change(rng)}
    return link


def _change(rng):
    at, amount = _one(rng, ("0", "0/1", "1")), _one(rng, AMOUNTS)
    matrices = ("W_hh", "W_xh", "W_hy", "W_hh.2", "enc.W_hh", "enc.W", "W", "U", "V", "b_h")
    return at + ":" + _one(rng, (
        f"edit=scale {amount}", f"edit=noise {amount} 3", "edit=silence 1 0", "edit=silence 2 0",
        f"edit=set {_one(rng, matrices)} 0 0 {amount}", "lr=100", "clip_by=off", "optimizer=adam",
    ))  # fmt: skip
