"""The numbers of pictures as columns and CSV, under their origin.

The page has the same rule in static/numbers.js, because its table follows a run that plays, and a
replay has no server. Points are columns of places and values, and series over the same places share
theirs; the longer side of a matrix is down the page; axes give names and units. The test
``test_page_and_export_have_the_same_numbers`` compares both.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
#: The parts of a cell, for a spreadsheet with another separator than a comma.
_PART = re.compile(r"[^;|\t\r\n\"]+")
#: The cells of a line, whatever divides or quotes them.
_CELL = re.compile(r"[^,;|\t\"]+")


class Drawn(NamedTuple):
    """A picture, its remark, and its kind as in static/kinds.js."""

    picture: Picture
    remark: str = ""
    kind: str = "chart"

    def told(self, origin: Mapping[str, str]) -> dict[str, str]:
        """The origin of the picture, by name."""
        layout = self.picture.layout
        own = (layout.get("meta") or {}).get("told", {})
        title = _plain(layout.get("title", {}).get("text"))
        return {"title": title, **origin, "measured": _plain(self.remark), **own}


class Column(NamedTuple):
    """A column of a table: its name, and its cells as text.

    ``place`` is the heading of a column of places, else empty.
    """

    name: str
    cells: list[str]
    place: str = ""


def columns_of(picture: Picture) -> list[Column]:
    """The columns of every series, then those that the picture lists in ``meta``."""
    series, meta = picture.series, picture.layout.get("meta") or {}
    found: list[Column] = []
    if series and series[0]["type"] == "table":
        # A table of rounded numbers lists the exact ones.
        for table in () if "columns" in meta else series:
            cells = zip(table["header"]["values"], table["cells"]["values"], strict=True)
            found += [Column(_joined(table.get("name"), name), _texts(own)) for name, own in cells]
    else:
        shown = [one for one in series if one.get("hoverinfo") != "skip"]
        for k, one in enumerate(shown):
            name = _plain(one.get("name")) or (f"series {k + 1}" if len(shown) > 1 else "")
            columns = _cells if np.ndim(one.get("z", ())) == 2 else _points
            found += columns(one, name, picture.layout)
    listed = [(name, own) for name, own in meta.get("columns") or () if isinstance(name, str)]
    return [*_without_repeats(found), *(Column(name, _texts(own)) for name, own in listed)]


def with_numbers(pictures: Mapping[str, Drawn]) -> dict[str, Drawn]:
    """The pictures that have numbers; a sentence instead of a picture has none."""
    return {name: one for name, one in pictures.items() if columns_of(one.picture)}


def csv_of(drawn: Drawn, origin: Mapping[str, str]) -> str:
    """The numbers of a picture as CSV, under their origin."""
    return csv_text(columns_of(drawn.picture), drawn.told(origin))


def told_lines(told: Mapping[str, str]) -> str:
    """The origin of a file, in lines that begin with #."""
    lines = (f"# {name}: {' '.join(text.split())}" for name, text in told.items() if text)
    return "".join(_CELL.sub(lambda cell: _inert(cell[0]), line) + "\n" for line in lines)


def inert(cell: str) -> str:
    """The cell, with an apostrophe before all that a spreadsheet would run as a formula.

    Where a list is separated by semicolons, the spreadsheet divides the cell there.
    """
    return _inert(_PART.sub(lambda part: _inert(part[0]), cell))


def _inert(part: str) -> str:
    runs = _FORMULA.match(part) and not _NUMBER.fullmatch(part.strip())
    return f"'{part}" if runs else part


def csv_text(columns: Sequence[Column], told: Mapping[str, str]) -> str:
    """Columns as CSV, below one line that begins with # for each of ``told``."""
    file = StringIO()
    file.write(told_lines(told))
    whole = [[*map(inert, (column.name, *column.cells))] for column in columns]
    rows = csv.writer(file, lineterminator="\n", quoting=quoting_of(chain.from_iterable(whole)))
    # All rows at once would stop every other thread.
    for row in zip_longest(*whole, fillvalue=""):
        rows.writerow(row)
    return file.getvalue()


def quoting_of(texts: Iterable[str]) -> Literal[0, 1]:
    """Quote every cell if one has a # or a carriage return, which readers misread."""
    signs = any("#" in text or "\r" in text for text in texts)
    return csv.QUOTE_ALL if signs else csv.QUOTE_MINIMAL


def _without_repeats(columns: Sequence[Column]) -> Iterator[Column]:
    """The columns; series over the same places share one column of places."""
    seen = set()
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


def _points(series: Series, name: str, layout: Mapping[str, Any]) -> Iterator[Column]:
    y, base = series.get("y"), series.get("base")
    values = series.get("x") if y is None else y
    place = _title(series, layout, "x") or _PLACE
    labels = _labels(series, layout, "x", 0 if values is None else len(values))
    yield Column(_joined(name, place), labels, place)
    ends = () if y is None else y
    if base is not None and series.get("orientation") != "h":  # Bars may begin elsewhere than at 0.
        ends = np.asarray(ends) + np.asarray(base, np.float32)
    yield Column(_joined(name, _title(series, layout, "y")), _texts(ends))
    # The text at a bar is its number.
    for more in ("z",) if series["type"] == "bar" else ("z", "text"):
        if np.ndim(series.get(more, 0)) == 1:
            yield Column(_joined(name, more), _texts(series[more]))


def _cells(series: Series, name: str, layout: Mapping[str, Any]) -> Iterator[Column]:
    """A matrix has its longer side down the page."""
    z, down, across = np.asarray(series["z"]), "y", "x"
    if z.shape[0] < z.shape[1]:
        z, down, across = z.T, across, down
    place = _title(series, layout, down) or _PLACE
    yield Column(_joined(name, place), _labels(series, layout, down, len(z)), place)
    names = _labels(series, layout, across, z.shape[1])
    for label, values in zip(names, z.T, strict=True):
        yield Column(_joined(name, label), _texts(values))


def _axis(series: Series, layout: Mapping[str, Any], letter: str) -> Mapping[str, Any]:
    key = str(series.get(f"{letter}axis", letter)).replace(letter, f"{letter}axis", 1)
    return layout.get(key) or {}


def _title(series: Series, layout: Mapping[str, Any], letter: str) -> str:
    title = _axis(series, layout, letter).get("title")
    return _plain(title.get("text") if isinstance(title, dict) else title)


def _labels(series: Series, layout: Mapping[str, Any], letter: str, count: int) -> list[str]:
    """A label for each place on an axis: its number, with its word if there is one."""
    axis, meta = _axis(series, layout, letter), layout.get("meta") or {}
    units = (meta.get("units") or ()) if letter == "y" else ()
    tokens = meta.get("words") or ()
    texts = [*map(str, range(count))]
    if series.get(letter) is not None:
        texts = _texts(series[letter])
    elif len(units) == count:
        return [f"unit {unit}" for unit in units]
    elif len(tokens) == count:
        return [*map(str, tokens)]
    ticks, places = axis.get("ticktext"), axis.get("tickvals")
    if ticks is None or places is None or axis.get("type") == "log":
        return texts
    words = dict(zip(_texts(places), map(_plain, ticks), strict=False))
    return [text if words.get(text, text) == text else f"{text} {words[text]}" for text in texts]


def _joined(*parts: Any) -> str:
    return ": ".join(str(part) for part in parts if part)


def _plain(html: Any) -> str:
    """Text without its tags."""
    return unescape(_TAG.sub("", str(html or "").replace("<br>", " ")))


def _texts(values: Any) -> list[str]:
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    """The shortest text that identifies a number of its type; a gap is empty."""
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
    """Texts by name as a zip."""
    return zip_content({name: text.encode() for name, text in files.items()})
