"""The numbers of pictures as CSV: the columns of every series, under what made them.

The rules are those of the page's own table, static/numbers.js: points are columns of places and
values, and series over the same places share these; a matrix has its longer side down the page;
axes give the names and the units.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from io import StringIO
from itertools import chain, zip_longest
from typing import Any, Literal, NamedTuple

import numpy as np

from rnnviz.charts.picture import Picture, Series
from rnnviz.files.bounds import zip_content

#: The heading of labels whose axis has no title.
_PLACE = "place"
_TAG = re.compile(r"<[^>]*>")
#: What spreadsheets run as a formula, and the numbers that begin with the same signs.
_FORMULA = re.compile(r"[\s\ufeff\u200b-\u200f]*[=+@-]\s*\S")
_NUMBER = re.compile(
    r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE
)
#: The cells of a cell for a spreadsheet that divides by other signs than a comma.
_PART = re.compile(r"[^;|\t]+")
#: The cells of a line, whatever divides or quotes them.
_CELL = re.compile(r"[^,;|\t\"]+")


class Drawn(NamedTuple):
    """A picture, what it was measured on, and the kind of what draws it, as in static/kinds.js."""

    picture: Picture
    remark: str = ""
    kind: str = "chart"


class Column(NamedTuple):
    """A column of a table: its name, and its cells as text.

    ``place`` is the heading of a column of places, else empty.
    """

    name: str
    cells: list[str]
    place: str = ""


@dataclass(frozen=True)
class _Axis:
    """The title of an axis, the words at some places, or the tokens or units of all."""

    title: str
    words: Mapping[str, str]
    tokens: Sequence[str]
    units: Sequence[int]

    def labels(self, values: Any, count: int) -> list[str]:
        """A label for each place: its number, with its word if there is one."""
        if values is not None:
            return [self._label(text) for text in _texts(values)]
        if len(self.units) == count:
            return [f"unit {unit}" for unit in self.units]
        if len(self.tokens) == count:
            return [*map(str, self.tokens)]
        return [self._label(str(k)) for k in range(count)]

    def _label(self, text: str) -> str:
        word = self.words.get(text, text)
        return text if word == text else f"{text} {word}"


def title_of(picture: Picture) -> str:
    """The title as a plain text."""
    return _plain(picture.layout.get("title", {}).get("text"))


def columns_of(picture: Picture) -> list[Column]:
    """The columns of every series, and those of what is drawn beside them."""
    series, layout = picture.series, picture.layout
    listed = (layout.get("meta") or {}).get("columns") or ()
    beside = [(name, values) for name, values in listed if isinstance(name, str)]
    return [
        *_once(_columns(series, layout)), *(Column(name, _texts(values)) for name, values in beside)
    ]  # fmt: skip


def with_numbers(pictures: Mapping[str, Drawn]) -> dict[str, Drawn]:
    """The pictures that have numbers: a sentence in the place of one has none."""
    return {name: one for name, one in pictures.items() if columns_of(one.picture)}


def csv_of(drawn: Drawn, origin: Mapping[str, str]) -> str:
    """The numbers of a picture as CSV, under what made them."""
    return csv_text(columns_of(drawn.picture), told_of(drawn, origin))


def told_of(drawn: Drawn, origin: Mapping[str, str]) -> dict[str, str]:
    """What made a picture, by name."""
    told = (drawn.picture.layout.get("meta") or {}).get("told", {})
    return {"title": title_of(drawn.picture), **origin, "measured": _plain(drawn.remark), **told}


def told_lines(told: Mapping[str, str]) -> str:
    """What made a file, in lines that begin with #."""
    lines = (f"# {name}: {' '.join(text.split())}" for name, text in told.items() if text)
    return "".join(_CELL.sub(lambda cell: _inert(cell[0]), line) + "\n" for line in lines)


def inert(cell: str) -> str:
    """The cell, with an apostrophe before all that a spreadsheet would run as a formula.

    Where a list is separated by semicolons, the spreadsheet divides the cell there.
    """
    return _PART.sub(lambda part: _inert(part[0]), cell)


def _inert(part: str) -> str:
    runs = _FORMULA.match(part) and not _NUMBER.fullmatch(part.strip())
    return f"'{part}" if runs else part


def csv_text(columns: Sequence[Column], told: Mapping[str, str]) -> str:
    """Columns as CSV. Lines that begin with # stand before them, one for each of ``told``."""
    file = StringIO()
    file.write(told_lines(told))
    whole = [[*map(inert, (column.name, *column.cells))] for column in columns]
    rows = csv.writer(file, lineterminator="\n", quoting=quoting_of(chain.from_iterable(whole)))
    rows.writerows(zip_longest(*whole, fillvalue=""))
    return file.getvalue()


def quoting_of(texts: Iterable[str]) -> Literal[0, 1]:
    """Quote every cell if one has a # or a carriage return: readers mistake these."""
    signs = any("#" in text or "\r" in text for text in texts)
    return csv.QUOTE_ALL if signs else csv.QUOTE_MINIMAL


def _columns(series: Sequence[Series], layout: Mapping[str, Any]) -> Iterator[Column]:
    if series and series[0]["type"] == "table":
        # What it shows in few digits may be told beside it.
        told = "columns" in (layout.get("meta") or {})
        for table in () if told else series:
            for name, cells in zip(
                table["header"]["values"], table["cells"]["values"], strict=True
            ):
                yield Column(_joined(table.get("name"), name), _texts(cells))
        return
    shown = [one for one in series if one.get("hoverinfo") != "skip"]
    for k, one in enumerate(shown):
        name = _plain(one.get("name")) or (f"series {k + 1}" if len(shown) > 1 else "")
        x, y = (_axis(one, layout, letter) for letter in "xy")
        matrix = np.ndim(one.get("z", ())) == 2
        yield from (_cells if matrix else _points)(one, name, x, y)


def _once(columns: Iterable[Column]) -> Iterator[Column]:
    """The columns; series over the same places share one column of these."""
    columns, seen = [*columns], set()
    keys = [(column.place, *column.cells) if column.place else None for column in columns]
    counts = Counter(keys)
    # Two shared columns under one title keep the names of their first series.
    groups = Counter(key[0] for key, count in counts.items() if key and count > 1)
    for column, key in zip(columns, keys, strict=True):
        if key is None:
            yield column
        elif key not in seen:
            seen.add(key)
            shared = counts[key] > 1 and groups[column.place] == 1
            yield Column(column.place if shared else column.name, column.cells)


def _points(series: Series, name: str, x: _Axis, y: _Axis) -> Iterator[Column]:
    values = series.get("y") if series.get("y") is not None else series.get("x")
    count = 0 if values is None else len(values)
    place = x.title or _PLACE
    yield Column(_joined(name, place), x.labels(series.get("x"), count), place)
    yield Column(_joined(name, y.title), _texts(_ends(series)))
    # What is written at a bar is its number.
    for more in ("z",) if series["type"] == "bar" else ("z", "text"):
        if np.ndim(series.get(more, 0)) == 1:
            yield Column(_joined(name, more), _texts(series[more]))


def _ends(series: Series) -> Any:
    """Where bars end, which may begin elsewhere than at 0."""
    y, base = series.get("y", ()), series.get("base")
    upright = base is not None and series.get("orientation") != "h"
    return np.asarray(y) + np.asarray(base, np.float32) if upright else y


def _cells(series: Series, name: str, x: _Axis, y: _Axis) -> Iterator[Column]:
    """A matrix has its longer side down the page."""
    z, rows, columns = np.asarray(series["z"]), ("y", y), ("x", x)
    if z.shape[0] < z.shape[1]:
        z, rows, columns = z.T, columns, rows
    (down, down_axis), (across, across_axis) = rows, columns
    labels = down_axis.labels(series.get(down), len(z))
    place = down_axis.title or _PLACE
    yield Column(_joined(name, place), labels, place)
    names = across_axis.labels(series.get(across), z.shape[1])
    for label, values in zip(names, z.T, strict=True):
        yield Column(_joined(name, label), _texts(values))


def _axis(series: Series, layout: Mapping[str, Any], letter: str) -> _Axis:
    key = str(series.get(f"{letter}axis", letter)).replace(letter, f"{letter}axis", 1)
    axis = layout.get(key) or {}
    ticks = [] if axis.get("type") == "log" else _list(axis.get("ticktext"))
    places = _texts(_list(axis.get("tickvals")))
    words = dict(zip(places, map(_plain, ticks), strict=False))
    title = axis.get("title")
    text = title.get("text") if isinstance(title, dict) else title
    meta = layout.get("meta") or {}
    units = meta.get("units") if letter == "y" else ()
    return _Axis(_plain(text), words, meta.get("words") or (), units or ())


def _list(values: Any) -> Sequence[Any]:
    return () if values is None else values


def _joined(*parts: Any) -> str:
    return ": ".join(str(part) for part in parts if part)


def _plain(html: Any) -> str:
    """Text as a chart shows it: without its tags."""
    return unescape(_TAG.sub("", str(html or "").replace("<br>", " ")))


def _texts(values: Any) -> list[str]:
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    """The shortest text that stands for no other number of its type; a gap is empty."""
    if isinstance(value, str) or value is None:
        return _plain(value)
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    number = float(value)
    if math.isnan(number):
        return ""
    whole = math.isfinite(number) and number == int(number) and abs(number) < 1e15
    return str(int(number)) if whole else str(value)


def zip_of(files: Mapping[str, str]) -> bytes:
    """Texts by name as one zip."""
    return zip_content({name: text.encode() for name, text in files.items()})
