"""Number cells: the numbers and the times in a column of texts, as people write them."""

from __future__ import annotations

import re
from calendar import month_abbr, month_name
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rnnviz.cancellation import check_cancelled
from rnnviz.tasks.data.rhythm import months_of
from rnnviz.tasks.data.vocabulary import Array

#: Cells without a number, in lower case.
MISSING = frozenset(
    ("", "n/a", "na", "nan", "null", "none", "-", "–", "—", "?", ".", "#n/a", "nil")
)
#: The largest absolute value; a larger one is a mistake of a sensor or of a file.
MOST = 1e15
#: Currencies and per cent, around a number.
_SIGNS = r"^([+-]?)\s*[€$£¥]\s*|\s*[%€$£¥]$"
#: Blanks and apostrophes between groups of three digits.
_GROUPS = r"(?<=\d)[\s'’](?=\d{3}(?:\D|$))"
#: Numbers whose decimal mark is a comma, or a point, whatever the others of the column are.
_DECIMAL_COMMA, _DECIMAL_POINT = (
    rf"[+-]?(?:\d*{mark}(?:\d{{1,2}}|\d{{4,}})|\d{{4,}}{mark}\d+|0*{mark}\d+"
    rf"|\d{{1,3}}(?:{group}\d{{3}})+{mark}\d+|\d{{1,3}}(?:{group}\d{{3}}){{2,}})"
    for mark, group in ((",", r"\."), (r"\.", ","))
)
#: Numbers that are either: 1,234 is 1.234 or 1234.
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
#: Numbers with dots, or commas, between groups of three digits.
_DOTS, _COMMAS = (
    rf"[+-]?\d{{1,3}}(?:{mark}\d{{3}})+(?:{decimal}\d*)?"
    for mark, decimal in ((r"\.", ","), (",", r"\."))
)
#: Maximum characters of a number or a time: the patterns are slow on longer ones.
_LONGEST = 60


def is_missing(cell: str) -> bool:
    """Whether a cell has nothing, or a word for it."""
    return cell.strip().lower() in MISSING


def is_either(cell: str, comma: bool) -> bool:
    """Whether a cell has a comma, or a dot among decimal commas, for decimals or for thousands."""
    return ("," in cell or comma) and bool(_EITHER.fullmatch(cell.strip()))


def comma_lead(cells: Sequence[str]) -> int:
    """How many more cells have a decimal comma for certain than a decimal point."""
    commas, points = _decimals(_plain(cells))
    return int(commas.sum() - points.sum())


def numbers(cells: Sequence[str], comma: bool | None = None) -> tuple[pd.Series, bool]:
    """The numbers (N,) of texts, NaN where there is none, and whether some have decimal commas.

    "12,5", "1.234,5", "1,234.5" and "1 234.5" are read as they are; "1,234" and "1.234" have a
    decimal ``comma`` or none, as more of the other cells have unless it is given. Signs of
    currencies and per cent are left out.
    """
    found = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").astype(float)
    left = [k for k in np.flatnonzero(found.isna()).tolist() if not is_missing(cells[k])]
    if not (left or comma):
        return found, False
    plain = _plain(cells)
    commas, points = _decimals(plain)
    comma = bool(commas.sum() > points.sum()) if comma is None else comma
    with_comma = commas | (~points & comma)
    for groups, mark, those in ((_DOTS, ".", with_comma), (_COMMAS, ",", ~with_comma)):
        grouped = those & plain.str.fullmatch(groups).astype(bool)
        plain = plain.where(~grouped, plain.str.replace(mark, "", regex=False))
    # A dot that is left before a comma is not between groups of three digits.
    invalid = with_comma & plain.str.contains(r"\..*,", regex=True)
    plain = plain.where(~invalid, "").where(~with_comma, plain.str.replace(",", "."))
    read = pd.to_numeric(plain, errors="coerce").astype(float)
    return read.where(plain != "", found), bool(with_comma.any())


def _plain(cells: Sequence[str]) -> pd.Series:
    """Texts without the signs of currencies and blanks between digits; empty if too long."""
    texts = pd.Series(cells, dtype=object).str.strip()
    texts = texts.where(texts.str.len() <= _LONGEST, "").str.replace("−", "-")
    return texts.str.replace(_SIGNS, r"\1", regex=True).str.replace(_GROUPS, "", regex=True)


def _decimals(plain: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Which of such texts have a decimal comma for certain, and which a decimal point."""
    commas, points = (
        plain.str.fullmatch(form).astype(bool) for form in (_DECIMAL_COMMA, _DECIMAL_POINT)
    )
    return commas, points


# Times


#: The share of numbers or dates above which a column is one of them.
_MOST = 0.5
#: Numbers that are dates: 20201231, and the months 202012, 2020.12 and 12.2020.
_DIGITS = re.compile(
    r"\d{8}|(?:1[6-9]|2[01])\d\d\.?(?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])\.(?:1[6-9]|2[01])\d\d"
)
#: So many cells show whether a column has dates.
_MANY = 1000


def known_cells(cells: Sequence[str]) -> list[str]:
    """The cells that aren't empty."""
    return [cell for cell in cells if not is_missing(cell)]


def has_numbers(known: Sequence[str]) -> bool:
    """Whether cells that aren't empty are numbers, most of them."""
    return bool(numbers(known)[0].notna().sum() > _MOST * len(known))


def has_dates(known: Sequence[str]) -> bool:
    """Whether cells that aren't empty are dates, most of them; digits if all can be a date."""
    known = known[:: 1 + len(known) // _MANY]
    digits = all(_DIGITS.fullmatch(cell.strip()) for cell in known)
    if has_numbers(known) and not digits:
        return False
    return bool(dates(known)[0].notna().sum() > _MOST * len(known))


_DATES = (
    "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y", "%m-%d-%y", "%Y-%m-%d", "%d %b %Y", "%d %B %Y",
    "%b %d %Y", "%B %d %Y", "%b %Y", "%B %Y", "%m-%Y", "%Y%m", "%d-%b-%y", "%d-%b-%Y", "%b-%y",
    "%y-%m-%d",
)  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
FORMATS = ("ISO8601", *(date + clock for date in _DATES for clock in _CLOCKS))
#: The same dates with day and month exchanged, by how their formats begin.
_EXCHANGED = {"%d-%m": "%m-%d", "%m-%d": "%d-%m"}
#: The cells that choose the formats, and the most formats in one column.
_SAMPLE, _MOST_FORMATS = 200, 8
_QUARTERS = {f"-{3 * k + 1:02d}": rf"(\d{{4}})[ -]?q{k + 1}" for k in range(4)}
#: The only letters in these date formats: names of months, am and pm.
_LETTERS = re.compile(
    f"(?:[^a-z]|{'|'.join(filter(None, (*month_name, *month_abbr))).lower()}|am|pm)*"
)
#: A time with a UTC offset.
_ZONE = re.compile(r"\d:\d\d(?::\d\d(?:\.\d+)?)?\s*(?:z|[+-]\d\d(?::?\d\d)?)\s*$", re.IGNORECASE)


def dates(cells: Sequence[str]) -> tuple[pd.Series, pd.Series]:
    """The times (N,) of texts in UTC without a zone, NaT where there is none; and which have zones.

    Where day and month can be exchanged, the order is that in which most times follow each other.
    """
    texts = pd.Series(cells, dtype=object).str.strip()
    texts = texts.where(texts.str.len() <= _LONGEST, "")
    zones = pd.Series([bool(_ZONE.search(cell)) for cell in texts], dtype=bool)
    found = _parsed(texts, FORMATS[0])
    left = texts[found.isna() & texts.str.contains(r"\d", regex=True)].str.strip().str.lower()
    left = left.str.replace(r"(?<=\d)[./](?=[\da-z])", "-", regex=True)
    left = left.str.replace(r"^[a-z]{2,9},\s*|(?<=[a-z])\.|,(?= )", "", regex=True)
    for month, quarter in _QUARTERS.items():
        left = left.str.replace(f"{quarter}$", rf"\1{month}", regex=True)
    left, forms = left[left.str.fullmatch(_LETTERS)], FORMATS
    for _ in range(_MOST_FORMATS):
        if left.empty:
            break
        form, best = _best(left, forms)
        found.loc[best.index] = best
        left = left.drop(best.index)
        if best.empty:
            break
        # Where a column has exchanged day and month in one cell, that is a mistake.
        other = _EXCHANGED.get(form[:5], form)
        forms = tuple(one for one in forms if not one.startswith(other))
    return found, zones


def _best(texts: pd.Series, forms: Sequence[str]) -> tuple[str, pd.Series]:
    """The best format, and the times of the cells that it reads; empty if none fits a sample."""
    sample = texts.iloc[:_SAMPLE]
    fits = {form: _parsed(sample, form).notna().sum() for form in forms}
    most = max(fits.values())
    every = [(form, _parsed(texts, form)) for form, count in fits.items() if count == most > 0]

    def order(times: pd.Series) -> tuple[int, int, int]:
        """How many cells are read, and how many the usual time, or months, after the last."""
        known = times.dropna().to_numpy()
        if len(known) < 2:
            return len(known), 0, 0
        months = months_of(known)
        usual = [
            int(np.unique_counts(np.diff(one.astype(int))).counts.max())
            for one in (known, known if months is None else months)
        ]
        return len(known), max(usual), usual[0]

    form, times = max(every, key=lambda one: order(one[1]), default=("", texts.iloc[:0]))
    return form, times.dropna()


def _parsed(texts: pd.Series, form: str) -> pd.Series:
    check_cancelled()
    times = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
    return times.dt.tz_localize(None).astype("datetime64[us]")


#: So few times don't show that they are months or years.
_FEW = 3


def written(times: Array) -> list[str]:
    """Times (N,), dates or numbers, as texts without needless digits: months as 2024-12."""
    if times.dtype.kind != "M":
        return [f"{value:.12g}" for value in times.tolist()]
    texts = _texts(times)
    # A few days may all be the first of a month.
    for ending in (":00", " 00:00", "-01", "-01")[: 4 if len(times) > _FEW else 2]:
        if all(text.endswith(ending) for text in texts):
            texts = [text.removesuffix(ending) for text in texts]
    return texts


#: The parts of 2024-12-31 23:59:59 that are written, by resolution: of every time, and of one in
#: the same year or day as the time before it.
_DAYS, _CLOCK = (slice(10), slice(5, 10)), (slice(5, 16), slice(11, 16))
_SECONDS = slice(5, 19), slice(11, 19)


def short_times(times: Array) -> list[str]:
    """Increasing times (N,) as different texts of few characters, such as the ticks of an axis.

    Of equal years or days the first is written: 2024-12-31, 01-01; 12-31 23:00, 00:00. Months and
    years are written alone where times are no more than that.
    """
    if times.dtype.kind != "M":
        return written(times)
    whole_texts, days = _texts(times), times.astype("datetime64[D]")
    months, whole = times.astype("datetime64[M]"), bool((times == days.astype(times.dtype)).all())
    ends = (days + 1 == (months + 1).astype(days.dtype)).all()
    if whole and ((days == months.astype(days.dtype)).all() or ends):
        yearly = len(times) > 1 and not np.diff(months.astype(int) % 12).any()
        return [text[: 4 if yearly else 7] for text in whole_texts]
    minutes = (times == times.astype("datetime64[m]").astype(times.dtype)).all()
    long, short = _DAYS if whole else _CLOCK if minutes else _SECONDS
    groups = times.astype("datetime64[Y]") if whole else days
    first = [True, *(groups[1:] != groups[:-1]).tolist()]
    mixed = [text[long if new else short] for text, new in zip(whole_texts, first, strict=True)]
    full = [text[long] for text in whole_texts]
    different = (texts for texts in (mixed, full) if len({*texts}) == len(texts))
    return next(different, written(times))


def _texts(times: Array) -> list[str]:
    # strftime of pandas takes milliseconds.
    return [text.replace("T", " ") for text in np.datetime_as_string(times, unit="s").tolist()]
