"""Windows: the data set of series of numbers, cut into windows and standardised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.data.csv_table import MAX_CLASSES, MAX_WORDS, TaskError
from rnnviz.tasks.data.number_cells import written
from rnnviz.tasks.data.number_columns import SeriesColumns
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.data.series import Fill, Series, WindowedSeries, mended
from rnnviz.tasks.data.vocabulary import LARGEST, Array, Vocabulary, write_values
from rnnviz.tasks.dataset import WITHIN_HALF, Dataset, Example
from rnnviz.tasks.scales import Units
from rnnviz.tasks.text_datasets import unknown_label

#: The fewest windows that are learned from, and the most steps that all windows have together.
LEAST, MAX_STEPS = 30, 200_000
#: The most values that are expected after all steps, those of each step ahead.
MAX_ANSWERS = 8_000_000


def build_windows(
    name: str, columns: SeriesColumns, train: Sequence[Series], test: Sequence[Series], *,
    window: int, horizon: int = 1, fill: Fill | None = None,
) -> Dataset:  # fmt: skip
    """The data set of training and test series; raise TaskError.

    Scales are those of the training alone, and no window has steps of two series.
    """
    pieces = [tuple(p for one in part for p in mended(one, fill)) for part in (train, test)]
    for k, purpose in enumerate(("to learn from", "of the test")):
        if (train, test)[k] and not pieces[k]:
            raise TaskError(
                f"{name}: no step {purpose} has a number in every column. Fill them, or leave out "
                "a column."
            )
    units = Units.of(np.concatenate([piece.values for piece in pieces[0]]))
    _check_far(name, columns, pieces, units)
    expects = columns.form is Form.VALUES
    places = [_places(part, columns.form, window, horizon * expects) for part in pieces]
    if (count := len(places[0])) < LEAST:
        remedy = "Make the window shorter, or use" if window > 2 else "Use"
        raise TaskError(
            f"{name}: the training has {count} window{'s' * (count != 1)} of {window} steps, fewer "
            f"than {LEAST}. {remedy} more rows."
        )
    steps = sum(len(piece) for part in pieces for piece in part)
    if max(map(len, places)) > MAX_STEPS:
        raise TaskError(f"{name}: has more than {MAX_STEPS:,} steps. Use fewer series or rows.")
    if (answers := steps * horizon * len(columns.expected) * expects) > MAX_ANSWERS:
        raise TaskError(
            f"{name}: a horizon of {horizon} gives {answers:,} numbers to expect, more than "
            f"{MAX_ANSWERS:,}. Use fewer values, or a smaller horizon."
        )
    # Every step of every window has answers of its own.
    each = window * horizon * len(columns.expected) * expects
    if each * LEAST > MAX_ANSWERS:
        raise TaskError(
            f"{name}: {LEAST} windows of {window} steps have {LEAST * each:,} numbers to expect, "
            f"more than {MAX_ANSWERS:,}. Use a shorter window, fewer values, or a smaller horizon."
        )
    limits = (window, MAX_STEPS), (each, MAX_ANSWERS)
    fewer = [
        part[:: max(1, *(-(-len(part) * size // most) for size, most in limits))] for part in places
    ]
    series = WindowedSeries(columns, window, horizon, pieces[0], pieces[1], fewer[0], fewer[1])
    build = _values if expects else _classes
    return build(name, series, units, _notes(series, count, fill))


def fits(series: WindowedSeries, window: int) -> bool:
    """Whether the training could be read in windows of this length, too."""
    if window > min(MAX_WORDS, max(map(len, series.train))):
        return False
    return len(_places(series.train, series.columns.form, window, series.lead)) >= LEAST


def _check_far(
    name: str, columns: SeriesColumns, parts: Sequence[Sequence[Series]], units: Units
) -> None:
    """Raise TaskError for a number that is further from the training than a network can read.

    ``parts`` are the pieces of the training and of the test.
    """
    channels = (*columns.expected, *columns.inputs)
    placed = [*((one, "") for one in parts[0]), *((one, " of the test") for one in parts[1])]
    for piece, where in placed:
        with np.errstate(over="ignore"):
            distances = np.abs(piece.values - np.array(units.mean)) / np.array(units.scale)
        for step, k in np.argwhere(~(distances <= LARGEST))[:1]:
            raise TaskError(
                f"{name}, row {piece.rows[step]}{where}: {channels[k][:30]} is "
                f"{piece.values[step, k]:g}, more than {LARGEST:,.0f} standard deviations from the "
                "mean of the training. Leave it out, or mend it."
            )


def _places(pieces: Sequence[Series], form: Form, window: int, lead: int) -> Array:
    """The piece and the first step of every window, (K, 2)."""
    found = list[tuple[int, int]]()
    for number, piece in enumerate(pieces):
        last = len(piece) - lead - window
        if form is Form.VALUES:
            starts = [*range(last + 1)]
        elif form is Form.STEPS:
            starts = [*range(max(last, 0) + 1)]
        else:
            # The last window ends with the series.
            starts = [*range(0, max(last, 0) + 1, window)]
            starts += [last] * (last > starts[-1])
        found += [(number, start) for start in starts]
    return np.array(found, np.intp).reshape(-1, 2)


def _notes(series: WindowedSeries, count: int, fill: Fill | None) -> tuple[str, ...]:
    notes, every = list[str](), (*series.train, *series.test)
    if filled := sum(int(piece.filled.sum()) for piece in every):
        how = "between their neighbours" if fill is Fill.INTERPOLATE else "with the last one"
        notes.append(f"Numbers filled {how}: {filled:,}.")
    if count > (read := len(series.train_places)):
        notes.append(f"Windows read: {read:,} of {count:,}, evenly spaced.")
    if series.test and not len(series.test_places):
        longest, takes = max(map(len, series.test)), series.window + series.lead
        notes.append(
            f"The test has no window: it has at most {longest:,} in a row, and a window with its "
            f"horizon takes {takes:,} steps. Make the window shorter."
        )
    return tuple(notes)


def _values(name: str, series: WindowedSeries, units: Units, notes: tuple[str, ...]) -> Dataset:
    """The next values after every step, up to the horizon; inputs are those of the next step."""
    columns, horizon, count = series.columns, series.horizon, len(series.columns.expected)

    answers = units.of_channels([*range(count)] * horizon)

    def expected(piece: Series) -> Array:
        following = piece.values[1:, :count]
        if len(following) < horizon:
            return np.empty((0, horizon * count))
        ahead = sliding_window_view(following, horizon, axis=0).swapaxes(1, 2)  # (N, H, C)
        return answers.standardised(ahead.reshape(len(ahead), -1))

    train, test = _examples(series, units, expected)
    steps = ["", *(f" +{k}" for k in range(2, horizon + 1))]
    outputs = tuple(f"{value}{step}" for step in steps for value in columns.expected)
    inputs = (*columns.expected, *(f"next {column}" for column in columns.inputs))
    return Dataset(
        name, Vocabulary(inputs), outputs, train, test, notes, reads=OutputAt.EVERY,
        loss=Loss.SQUARED_ERROR, metric=WITHIN_HALF, units=units,
        answer_units=answers, series=series,
    )  # fmt: skip


def _classes(name: str, series: WindowedSeries, units: Units, notes: tuple[str, ...]) -> Dataset:
    """The class of a series at its end, or one at every step."""
    classes = sorted({str(label) for piece in series.train for label in piece.labels})
    if not 1 < len(classes) <= MAX_CLASSES:
        raise TaskError(
            f"{name}: the training has {len(classes):,} different labels, and must have 2 to "
            f"{MAX_CLASSES}. Choose another column as label."
        )
    for piece in series.test:
        for row, label in zip(piece.rows, piece.labels, strict=True):
            if problem := unknown_label(label, classes):
                raise TaskError(f"{name}, row {row} of the test: {problem}")
    numbers = {label: k for k, label in enumerate(classes)}
    train, test = _examples(
        series, units, lambda piece: np.array([numbers[label] for label in piece.labels], np.intp)
    )
    channels = (*series.columns.expected, *series.columns.inputs)
    return Dataset(
        name, Vocabulary(channels), tuple(classes), train, test, notes,
        reads=OutputAt.EVERY if series.columns.form is Form.STEPS else OutputAt.LAST,
        units=units, series=series,
    )  # fmt: skip


def _examples(
    series: WindowedSeries, units: Units, expected: Callable[[Series], Array]
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """The windows of training and test, with what is ``expected`` at the steps of a piece.

    Their texts are in the units of the table.
    """

    def windows(pieces: Sequence[Series], places: Array) -> Iterator[Example]:
        own = [series.read(piece) for piece in pieces]
        # To write every window by itself would take the time of a window for every step.
        groups = [write_values(values).split(" ") for values in own]
        inputs, targets = [units.standardised(values) for values in own], [*map(expected, pieces)]
        times = [written(piece.times) for piece in pieces]
        first = -1 if series.columns.form is Form.SERIES else 0
        for k, start in places.tolist():
            end = min(start + series.window, len(pieces[k]))
            yield Example(
                " ".join(groups[k][start:end]), inputs[k][start:end],
                targets[k][start:end][first:], row=int(pieces[k].rows[start]),
                key=f"{pieces[k].name} {times[k][start]}".strip(),
                times=pieces[k].times[start:end],
            )  # fmt: skip

    return (
        tuple(windows(series.train, series.train_places)),
        tuple(windows(series.test, series.test_places)),
    )
