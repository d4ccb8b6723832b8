"""Script: a run as one Python file that trains the same network with only NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pprint import pformat
from string import Template

import numpy as np

from rnnviz import __version__
from rnnviz.config import Gradient, OutputAt, RunConfig
from rnnviz.engine.cell_source import passes, plain_name, understood
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.parameters import Architecture, first_formulas
from rnnviz.files import script_parts as parts
from rnnviz.files.output import query_of
from rnnviz.probe.session import Session
from rnnviz.run.checksum import checksum_of, processor
from rnnviz.run.schedule import EDIT, Schedule
from rnnviz.tasks.data.series import WindowedSeries
from rnnviz.tasks.data.vocabulary import Array
from rnnviz.tasks.dataset import Dataset, Example


class ScriptError(ValueError):
    """Why a run can't be written as a script, in one sentence."""


def problem_of(session: Session) -> str:
    """Why the run can't be written as a script, in a sentence; empty if it can."""
    schedule, of = session.run.schedule, session.state.parameters.architecture
    instead = "Write the weights to a file instead."
    if first := session.player.imported:
        return (
            f"This network's first weights came from {first.source}, and a script draws them "
            f"from the seed. {instead}"
        )
    if not session.dataset.labelled:
        return f"There are no labelled examples, so a script has nothing to train on. {instead}"
    if any(change.name == EDIT for change in schedule.changes):
        return (
            f"The weights of this run were edited by hand, which a script can't repeat. {instead}"
        )
    if of.source and any(stage.truncate for stage in schedule.stages):
        return "A truncated run of an encoder and a decoder has no script."
    return ""


def script(session: Session) -> str:
    """The script of the run up to the position shown; raises ScriptError."""
    if problem := problem_of(session):
        raise ScriptError(problem)
    schedule, state, data = session.run.schedule, session.state, session.dataset
    of, config = state.parameters.architecture, schedule.start
    sections = [
        _heading(session),
        _settings(of, schedule, (state.epoch, state.offset)) + _page(session),
        *_data(data),
        *passes(
            of.cell.text,
            inputs=of.layers > 1,
            ends=bool(of.source),
            transposes=config.gradient is Gradient.EXACT,
        ),
        *_network(of, schedule, data),
        _filled(parts.DRAWS[config.init], {"scale": repr(config.init_scale)}),
        _initial(config, of.cell),
        *_training(schedule, data),
    ]
    return "\n\n\n".join(section.strip("\n") for section in sections) + "\n"


def _heading(session: Session) -> str:
    """The origin of the file as a docstring, which no text of the user may end."""
    cell = session.state.parameters.architecture.cell.text
    changed = session.run.schedule.start.to_query()
    changed.pop("equations", None)
    pairs = (f"{name}={plain_name(value)}" for name, value in changed.items())
    equations = "\n".join(f"    {line}" for line in understood(cell))
    return (
        f'"""{plain_name(session.dataset.name)}: a recurrent network ({plain_name(cell.name)}).\n\n'
        f"{equations}\n\n"
        f"It is trained with NumPy alone. Written by rnnviz {__version__}.\n"
        f"Settings that differ from the default: {', '.join(pairs) or 'none'}.\n"
        f"Seed {session.run.schedule.start.seed}, up to epoch {session.player.progress}; "
        f"the link to it is {query_of(session)}\n"
        'Run it with --weights own.npz to write the weights.\n"""\n\n'
        "import os\nimport sys\nimport zlib\n\n"
        'os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # another number rounds otherwise\n'
        "import numpy as np"
    )


def _settings(of: Architecture, schedule: Schedule, end: tuple[int, int]) -> str:
    """The sizes of the network, and the settings that may change during the run."""
    config, names = schedule.start, ["lr", "clip", "clip_by", "optimizer", "truncate"]
    if _decays(schedule):
        names.append("weight_decay")
    if _drops(schedule):
        names += ["dropout", "recurrent_dropout"]
    values = config.as_dict()
    changing = {name: values[name] for name in names}
    changes: dict[tuple[int, int], dict[str, object]] = {}
    for change in schedule.changes:
        value = getattr(change.value, "value", change.value)
        epoch, offset = change.position
        changes.setdefault((epoch, offset), {})[change.name] = value
    layers = [f".{n + 1}" if of.layers > 1 else "" for n in range(of.layers)]
    return (
        f"SEED, BATCH, HIDDEN, DTYPE = {config.seed}, {config.batch}, {of.hidden}, "
        f'"{config.dtype.value}"\n'
        f"LAYERS = {layers}  # suffixes of the names of each layer's weights\n"
        f"STACKS = {dict(of.stacks)}  # their prefixes, and the numbers of inputs\n"
        f"settings = {changing}\n"
        f"CHANGES = {changes}  # at (epoch, examples of the next one)\n"
        f"END = {end}"
    )


def _page(session: Session) -> str:
    """What the run of the page was like at ``END``."""
    train, _ = session.run.scores(session.state)
    checksum = checksum_of(session.state.parameters)
    loss = f"{train.loss:.6g}" if np.isfinite(train.loss) else f'float("{train.loss}")'
    return f'\nCHECKSUM, PROCESSOR, LOSS = "{checksum}", "{processor()}", {loss}  # on the page'


def _data(dataset: Dataset) -> Iterator[str]:
    """The data as words if they have no white space, else as numbers."""
    words = [*dataset.vocabulary.words, *(dataset.source.words if dataset.source else ())]
    named = dataset.tokens and all(word.split() == [word] for word in words)
    lists = {"VOCABULARY": dataset.vocabulary.words, "CLASSES": dataset.classes}
    if dataset.source is not None:
        lists["SOURCE"] = dataset.source.words
    listed = [f"{k} = {pformat(list(v), width=98, compact=True)}" for k, v in lists.items()]
    if dataset.series is not None:
        yield "\n".join([*listed, *_series(dataset, dataset.series)])
        yield _READ_VALUES
        return
    for name, examples in (("TRAIN", dataset.train), ("TEST", dataset.test)):
        rows = "".join(f"    {_row(example, dataset, named)},\n" for example in examples)
        listed.append(f"{name} = [\n{rows}]")
    yield "\n".join(listed)
    yield _READ_WORDS if named else _READ_NUMBERS if dataset.tokens else _READ_VALUES


def _series(dataset: Dataset, series: WindowedSeries) -> Iterator[str]:
    """The series in their own units, and the windows as the places where they begin."""
    assert dataset.units, "windows are standardised"
    expects = not dataset.answers_classes
    yield f"MEAN, SCALE = {list(dataset.units.mean)}, {list(dataset.units.scale)}"
    yield f"WINDOW, HORIZON = {series.window}, {series.horizon}"
    for part, pieces, places in (
        ("TRAIN", series.train, series.train_places), ("TEST", series.test, series.test_places)
    ):  # fmt: skip
        read = [series.read(piece).tolist() for piece in pieces]
        known = [] if expects else [piece.labels.tolist() for piece in pieces]
        rows = "".join(f"    {one},\n" for one in read)
        yield f"{part}_SERIES = [\n{rows}]"
        if not expects:
            yield f"{part}_LABELS = {pformat(known, width=98, compact=True)}"
        yield f"{part}_PLACES = {places.tolist()}  # the series and the step where a window begins"
    targets = _AHEAD if expects else _LABELS[dataset.reads]
    count = len(series.columns.expected)
    labels = ("", "") if expects else (", TRAIN_LABELS", ", TEST_LABELS")
    yield _filled(_WINDOWS, {
        "labels": ", labels" * (not expects), "targets": _filled(targets, {"count": str(count)}),
        "train": labels[0], "test": labels[1],
    })  # fmt: skip


_AHEAD = "[sum((row[:$count] for row in read[t + 1 : t + HORIZON + 1]), []) for t in steps]"
_LABELS = {
    OutputAt.EVERY: "[CLASSES.index(labels[k][t]) for t in steps]",
    OutputAt.LAST: "labels[k][steps[-1]]",
}
_WINDOWS = '''

def windows(series, places$labels):
    """What is read in each window, standardised, and what is expected."""
    standardised = [((np.array(one) - MEAN) / SCALE).tolist() for one in series]
    found = []
    for k, start in places:
        read = standardised[k]
        steps = range(start, min(start + WINDOW, len(read)))
        found.append(([read[t] for t in steps], $targets))
    return found


TRAIN = windows(TRAIN_SERIES, TRAIN_PLACES$train)
TEST = windows(TEST_SERIES, TEST_PLACES$test)'''


def _row(example: Example, dataset: Dataset, named: bool) -> str:
    """One example: the input, the targets, and the input of an encoder."""

    def tokens(inputs: Array, words: Sequence[str]) -> object:
        return " ".join(words[int(k)] for k in inputs) if named else inputs.tolist()

    one = dataset.one_class_at_end
    targets: object = dataset.classes[example.target] if one else example.targets.tolist()
    row = [tokens(example.inputs, dataset.vocabulary.words), targets]
    if example.source is not None and dataset.source is not None:
        row.append(tokens(example.source, dataset.source.words))
    return repr(tuple(row))


_READ_WORDS = '''
def rows(text, names):
    """A text as rows (T, D): 1 at the word that is read, else 0."""
    tokens = [names.index(word) for word in text.split()]
    return np.eye(len(names), dtype=DTYPE)[tokens]
'''
_READ_NUMBERS = '''
def rows(tokens, names):
    """Tokens as rows (T, D): 1 at the one that is read, else 0."""
    return np.eye(len(names), dtype=DTYPE)[tokens]
'''
_READ_VALUES = '''
def rows(values, names):
    """Values as rows (T, D)."""
    return np.array(values, DTYPE)
'''


def _network(of: Architecture, schedule: Schedule, dataset: Dataset) -> Iterator[str]:
    """The passes through all layers, the gradient, the loss and the score."""
    deep, every = of.layers > 1, dataset.reads is OutputAt.EVERY
    truncates = any(stage.truncate for stage in schedule.stages)
    fields = {
        "at": ":" if every else "-1:",
        "more": (", d_x[part]" if truncates else ", d_x") * deep,
        "input": "d_x" if deep else "None",
    }
    yield parts.STACK
    if not of.source:
        yield _filled(parts.TRUNCATED if truncates else parts.WHOLE, fields)
    yield _filled(parts.TRANSLATION if of.source else parts.NETWORK, fields)
    yield parts.LOSSES[of.loss]
    if dataset.metric.name in parts.METRICS:
        yield parts.METRICS[dataset.metric.name]
    else:
        yield _filled(parts.WITHIN, {"tolerance": repr(dataset.metric.tolerance)})


def _filled(text: str, fields: dict[str, str]) -> str:
    return Template(text).substitute(fields)


def _initial(config: RunConfig, cell: DerivedCell) -> str:
    lines = [
        f'"{name}": lambda rng: {formula.replace("FORGET_BIAS", repr(config.forget_bias))}'
        for name, formula in first_formulas(cell).items()
    ]
    recurrent = repr(list(cell.equations.recurrent))
    return _filled(parts.INITIAL, {"recurrent": recurrent, "first": ", ".join(lines)})


def _decays(schedule: Schedule) -> bool:
    """Whether there is weight decay at some time."""
    return any(stage.weight_decay for stage in schedule.stages)


def _drops(schedule: Schedule) -> bool:
    """Whether there is dropout at some time."""
    return any(stage.drops for stage in schedule.stages)


def _training(schedule: Schedule, dataset: Dataset) -> Iterator[str]:
    """The optimizers that are used, and the loop over the epochs."""
    kinds = dict.fromkeys(stage.optimizer for stage in schedule.stages)
    yield from (parts.OPTIMIZERS[kind] for kind in kinds)
    drops = _drops(schedule)
    if drops:
        yield parts.DROPOUT
    target = "[CLASSES.index(example[1])]" if dataset.one_class_at_end else "example[1]"
    fields = {
        "optimizers": ", ".join(f'"{kind}": {kind}' for kind in kinds),
        "target": target if dataset.answers_classes else f"{target}, DTYPE",
        "metric": dataset.metric.name.capitalize(),
        "decay": parts.DECAY if _decays(schedule) else "",
        "dropped": parts.DROPPED * drops,
        "undropped": parts.UNDROPPED * drops,
        "read": "thinned" if drops else "weights",
        "position": ", epoch, done" * drops,
    }
    yield _filled(parts.TRAINING, fields)
