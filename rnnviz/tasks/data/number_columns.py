"""Number columns: which columns of a table are times, values, inputs, ids and labels."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from itertools import chain, groupby, islice
from typing import NamedTuple

from rnnviz.cancellation import check_cancelled
from rnnviz.tasks.data.csv_table import MAX_CLASSES, TEXT, RawTable, TaskError, plain, rank, shown
from rnnviz.tasks.data.number_cells import has_dates, has_numbers, is_missing
from rnnviz.tasks.data.rows import KEYS, Form, found_column
from rnnviz.tasks.data.time_columns import has_clocks, parts_of_time

#: Usual names of columns, the most likely first.
TIME = (
    "time", "date", "datetime", "timestamp", "ds", "day", "month", "year", "week", "quarter",
    "hour", "minute", "second", "period", "step", "t", "when",
)  # fmt: skip
ID = (
    "id", "series", "store", "shop", "machine", "device", "sensor", "station", "item", "product",
    "symbol", "ticker", "country", "region", "city", "patient", "subject", "name", "unique",
)  # fmt: skip
STATE = ("label", "state", "class", "category", "status", "activity", "fault", "event", "kind")
KNOWN = (
    "price", "weekday", "dayofweek", "day of week", "holiday", "promo", "promotion", "month",
    "hour", "season", "workingday",
)  # fmt: skip
#: The rows that a guess reads.
_ROWS = 300
#: With so many numbered columns, "x1" to "x4", each is a series.
_WIDE = 4
#: The share of rows whose time must be the only one of its series.
_ONCE = 0.9


class SeriesColumns(NamedTuple):
    """The form, and the columns of series of numbers; an empty name is no column.

    ``values`` are expected, or read where a label is; ``inputs`` are known beforehand. A ``time``
    or an ``id`` in several columns has all their names, with commas. If the table is ``wide``, each
    of the values is a series of its own.
    """

    form: Form
    time: str
    values: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    id: str = ""
    label: str = ""
    wide: bool = False

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns of numbers."""
        return *self.values, *self.inputs

    @property
    def expected(self) -> tuple[str, ...]:
        """The names of the values at a step."""
        return ("value",) if self.wide else self.values

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are read."""
        return (*self.of("time"), *self.numbers, *self.of("id"), *self.of("label"))

    def of(self, role: str) -> tuple[str, ...]:
        """The columns of a role, as ``Given`` names it."""
        if role in ("value", "input"):
            return self.values if role == "value" else self.inputs
        text: str = getattr(self, role)
        return split_names(text) if role != "label" else tuple(filter(None, (text,)))

    def without(self, name: str) -> SeriesColumns:
        """The same without a column of numbers."""
        values, inputs = (
            tuple(one for one in names if one != name) for names in (self.values, self.inputs)
        )
        return self._replace(values=values, inputs=inputs)


class Given(NamedTuple):
    """The columns that were chosen, as texts; None is guessed, and an empty text is no column."""

    form: Form | None = None
    time: str | None = None
    value: str | None = None
    input: str | None = None
    id: str | None = None
    label: str | None = None
    wide: bool = False

    @property
    def numbers(self) -> bool:
        """Whether only a table of numbers has what was chosen."""
        chosen = (self.time, self.value, self.input, self.id)
        return bool(self.form and self.form.numbers) or any(one is not None for one in chosen)


def split_names(text: str) -> tuple[str, ...]:
    """The names in a text such as "units,price"; quotes enclose one with a comma."""
    names = next(csv.reader([text], skipinitialspace=True), [])
    return tuple(name.strip() for name in names if name.strip())


def listed_columns(cells: RawTable, text: str) -> tuple[str, ...]:
    """The columns of such a text; raise TaskError for a name that is none."""
    if text in cells.columns:
        return (text,)
    return tuple(found_column(cells, name) for name in split_names(text))


def joined_columns(names: Iterable[str]) -> str:
    """The text of some columns, which ``listed_columns`` reads."""
    return ",".join(f'"{name.replace(chr(34), chr(34) * 2)}"' if "," in name or '"' in name
                    else name for name in names)  # fmt: skip


class _Kinds(NamedTuple):
    """The columns of numbers, of dates, of times of day, and of other texts."""

    numbers: tuple[str, ...]
    dates: tuple[str, ...]
    clocks: tuple[str, ...]
    texts: tuple[str, ...]


@lru_cache(maxsize=8)
def _kinds(cells: RawTable) -> _Kinds:
    kinds: dict[str, list[str]] = {field: [] for field in _Kinds._fields}
    for name in cells.columns:
        check_cancelled()
        known = [*islice((cell for cell in cells.column(name) if not is_missing(cell)), _ROWS)]
        if not known:
            kinds["texts" if plain(name) in TEXT else "numbers"].append(name)
        elif has_numbers(known) and not has_dates(known):
            kinds["numbers"].append(name)
        elif has_dates(known):
            # Dates first: 10.12.20 would be a time of day, too.
            kinds["dates"].append(name)
        else:
            kinds["clocks" if has_clocks(known) else "texts"].append(name)
    return _Kinds(*map(tuple, kinds.values()))


def is_number_table(cells: RawTable) -> bool:
    """Whether a table looks like numbers over time: times or steps, numbers, no text to read."""
    kinds = _kinds(cells)
    named = any(plain(name) in TEXT[: TEXT.index("word")] for name in kinds.texts)
    if named or not [name for name in kinds.numbers if not _is_key(name)]:
        return False
    if not all(_values(cells, name) <= max(2, len(cells.lines) / 2) for name in kinds.texts):
        return False
    return bool(kinds.dates or _usual(kinds.numbers, TIME)) or not kinds.texts


def possible_forms(cells: RawTable) -> tuple[Form, ...]:
    """What can be learned from a table: of its texts, if it has any, and of its numbers."""
    kinds = _kinds(cells)
    counted = all(_is_key(name) for name in kinds.numbers)
    return tuple(f for f in Form if (not counted if f.numbers else kinds.texts or counted))


def series_columns(cells: RawTable, given: Given) -> SeriesColumns:
    """The chosen columns, the others guessed; raise TaskError if they can't be learned."""
    found = guessed_columns(cells, given)
    if given.wide and not found.wide:
        column = found.id or found.label
        raise TaskError(
            f"{cells.name}: each value can't be a series of its own beside {shown(column)}, the "
            f"column of {'the series' if found.id else 'the label'}. Leave out wide."
        )
    _check(cells, found)
    return found


def guessed_columns(cells: RawTable, given: Given) -> SeriesColumns:
    """The chosen columns, the others guessed, whatever they are; raise TaskError for a name."""
    kinds = _kinds(cells)
    chosen = {
        field: listed_columns(cells, text)
        for field in ("time", "value", "input", "id", "label")
        if (text := getattr(given, field)) is not None
    }
    if len(labels := chosen.get("label", ())) > 1:
        raise TaskError(f"{cells.name}: takes one label, not {len(labels)}. Choose its column.")
    if given.form is Form.VALUES:
        chosen.setdefault("label", ())
    free = [name for name in cells.columns if name not in {*chain(*chosen.values())}]

    def one(field: str, guess: Callable[[RawTable, list[str], _Kinds], str]) -> str:
        if field in chosen:
            return joined_columns(chosen[field]) if field != "label" else "".join(chosen[field][:1])
        found = guess(cells, free, kinds)
        taken = split_names(found) if field != "label" else (found,)
        free[:] = [name for name in free if name not in taken]
        return found

    time = one("time", _time)
    times = split_names(time)
    id, label = one("id", partial(_id, times)), one("label", partial(_label, times))
    read = [name for name in kinds.numbers if not _is_key(name)]
    read += [name for name in kinds.texts if _is_known(name)]
    values, inputs = _numbers(
        [name for name in free if name in read],
        chosen.get("value"), chosen.get("input", () if label else None),
    )  # fmt: skip
    wide = given.wide or (given.value is None and _is_wide(values))
    form = given.form or _form(cells, id, label)
    return SeriesColumns(form, time, values, inputs, id, label, wide and not (id or label))


def _numbers(
    free: Sequence[str], values: Sequence[str] | None, inputs: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The values and the inputs: those that are chosen, or else by their names."""
    if inputs is None:
        known = [name for name in free if _is_known(name)]
        inputs = known if values or len(known) < len(free) else ()
    if values is None:
        values = [name for name in free if name not in inputs]
    return tuple(values), tuple(inputs)


def _check(cells: RawTable, found: SeriesColumns) -> None:
    """Raise TaskError for columns that can't be learned together."""
    if not found.values:
        raise TaskError(
            f"{cells.name}: has no column of numbers to learn. Choose one as value, and for "
            "nothing else."
        )
    twice = [name for name in found.names if found.names.count(name) > 1]
    if twice:
        raise TaskError(f"{cells.name}: {twice[0][:30]} is chosen twice. Choose another column.")
    if found.form is not Form.VALUES and not found.label:
        raise TaskError(f"{cells.name}: to learn a class takes a label. Choose its column.")
    if found.form is Form.SERIES and not found.id:
        raise TaskError(
            f"{cells.name}: to learn the class of a series takes several, told apart by an id. "
            "Choose its column."
        )


def _form(cells: RawTable, id: str, label: str) -> Form:
    """The class of a series if each has one label; of a step if they change; else the values."""
    if not label:
        return Form.VALUES
    if not id:
        return Form.STEPS
    ids = split_names(id)
    whole = _different(cells, [*ids, label]) == _different(cells, ids)
    return Form.SERIES if whole else Form.STEPS


def _time(cells: RawTable, free: Sequence[str], kinds: _Kinds) -> str:
    """A column of dates, or of numbers with a usual name; or several with the parts of a time."""
    dated = [name for name in kinds.dates if name in free]
    counted = _usual([name for name in kinds.numbers if name in free], TIME)
    dated.sort(key=lambda name: rank(name, TIME))
    parts = parts_of_time(cells, free, dated, kinds.clocks)
    return joined_columns(parts or [*dated, *counted][:1])


def _id(times: Sequence[str], cells: RawTable, free: Sequence[str], kinds: _Kinds) -> str:
    """A column with a usual name; else, if times repeat, the texts with most distinct values."""

    def repeats(name: str) -> bool:
        return 1 < _values(cells, name) <= len(cells.lines) / 2 and not _is_known(name)

    named = [name for name in free if rank(name, ID) < 2 * len(ID) or _is_key(name)]
    fitting = [name for name in named if name not in kinds.dates and repeats(name)]
    texts = [name for name in kinds.texts if name in free and repeats(name)]
    texts = [name for name in texts if rank(name, STATE) >= 2 * len(STATE)]
    if fitting:
        first = min(fitting, key=lambda name: rank(name, ID))
        others = [name for name in (*fitting, *texts) if name != first]
        return joined_columns(_identifying(cells, times, first, others))
    if times and _different(cells, times) > len(cells.lines) / 2:
        return ""
    return joined_columns(sorted(texts, key=lambda name: -_values(cells, name))[:1])


def _identifying(
    cells: RawTable, times: Sequence[str], first: str, others: Sequence[str]
) -> list[str]:  # fmt: skip
    """The one or two columns that identify a series: within one, times hardly repeat."""
    most = _ONCE * len(cells.lines)
    if not times or _different(cells, [*times, first]) >= most:
        return [first]
    second = (name for name in others if _different(cells, [*times, first, name]) >= most)
    return [first, *islice(second, 1)]


def _label(times: Sequence[str], cells: RawTable, free: Sequence[str], kinds: _Kinds) -> str:
    """A column with a usual name; else, if times are numbers, the first with few distinct texts."""
    few = [name for name in free if name not in kinds.dates and not _is_known(name)
           and 1 < _values(cells, name) <= min(MAX_CLASSES, len(cells.lines) / 2)]  # fmt: skip
    named = _usual(few, STATE)
    counted = all(name in kinds.numbers for name in times) and len(times) < 2
    texts = [name for name in kinds.texts if name in few and counted]
    return next(iter([*named, *texts]), "")


def _usual(names: Iterable[str], usual: Sequence[str]) -> list[str]:
    """Those of the names that are usual, the most likely first."""
    known = [name for name in names if rank(name, usual) < len(usual)]
    return sorted(known, key=lambda name: rank(name, usual))


def _is_known(name: str) -> bool:
    return rank(name, KNOWN) < len(KNOWN)


def _is_key(name: str) -> bool:
    return bool(KEYS.fullmatch(plain(name)))


def _is_wide(values: Sequence[str]) -> bool:
    """Whether the names differ in a number alone."""
    stems = [plain(name).rstrip("0123456789 ") for name in values]
    counted = all(plain(name)[-1:].isdigit() for name in values)
    return len(values) >= _WIDE and counted and len([*groupby(stems)]) == 1


def _different(cells: RawTable, names: Sequence[str]) -> int:
    """How many rows differ in these columns."""
    return len({*zip(*map(cells.column, names), strict=True)})


def _values(cells: RawTable, name: str) -> int:
    return len({cell.strip() for cell in {*cells.column(name)}} - {""})
