"""Numbers and times, as people write them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.cancellation import cancellable
from rnnviz.tasks.data.number_cells import dates, has_dates, numbers, short_times, written
from tests.sampling import each_row

NAN = np.nan


@each_row(
    ("cells", "expected", "comma"),
    [
        (["1", " 2.5 ", "-3e-2", "1e-300"], [1, 2.5, -0.03, 1e-300], False),
        (["12,5", "1.234,5", "1.234", "7"], [12.5, 1234.5, 1234, 7], True),
        (["1,234", "1,234.5", "12"], [1234, 1234.5, 12], False),
        (["0,125", "0,250"], [0.125, 0.25], True),
        (["1 234,5", "4'000,25", "−3"], [1234.5, 4000.25, -3], True),
        (["n/a", "", "NaN", "-", "?", "None", "5"], [NAN] * 6 + [5], False),
        (["five", "5 km", "5"], [NAN, NAN, 5], False),
        (["3.4%", "-5 %", "7"], [3.4, -5, 7], False),
        (["€1.234,50", "-€2", "7,25 €", "$5"], [1234.5, -2, 7.25, 5], True),
        (["inf", "-1e999", "5"], [np.inf, -np.inf, 5], False),
        (["1,234,567", "1,234,567.89", "12,345,678"], [1234567, 1234567.89, 12345678], False),
        (["1.234.567,89", "1.234.567"], [1234567.89, 1234567], True),
        (["1.234.567", "12"], [1234567, 12], True),
        (["1010,000", "1011,125", "998,250"], [1010, 1011.125, 998.25], True),
        (["-12345,678", "12.345"], [-12345.678, 12345], True),
        (["1234.567", "5000.986,5", "0,5"], [1234.567, NAN, 0.5], True),
        (["1234,567,890", "5"], [NAN, 5], False),
        # A leading zero divides no thousands, and the more frequent sign decides the rest.
        (["0.715", "0.566", "0,5"], [0.715, 0.566, 0.5], True),
        (["12.5", "0.25", "1.234", "0,5", "1,234"], [12.5, 0.25, 1.234, 0.5, 1234], True),
        (["0,715", "7,25", "1.234", "0.5"], [0.715, 7.25, 1234, 0.5], True),
        (
            ["5" + 100_000 * " " + "x", "5" + 100_000 * " ", "1" * 50_000 + "x"],
            [NAN, 5, NAN],
            False,
        ),
    ],
)
def test_the_column_says_what_a_comma_means(cells, expected, comma):
    found, decimal = numbers(cells)
    assert np.array_equal(found, expected, equal_nan=True)
    assert decimal == comma


@given(st.lists(st.floats(-1e15, 1e15), min_size=1))
def test_what_is_written_with_a_decimal_comma_is_read_as_it_was(values):
    found, _ = numbers([f"{value!r}".replace(".", ",") for value in [*values, 0.5]])
    assert found.tolist() == [*values, 0.5]


@each_row(
    ("cells", "expected"),
    [
        (["29.02.2020", "1.3.2020"], ["2020-02-29", "2020-03-01"]),
        (["13/01/2020", "14/01/2020", "01/02/2020"], ["2020-01-13", "2020-01-14", "2020-02-01"]),
        (["01/02/99", "01/03/99", "01/04/99"], ["1999-01-02", "1999-01-03", "1999-01-04"]),
        (["Jan 2020", "feb 2020"], ["2020-01-01", "2020-02-01"]),
        (["2020Q1", "2020-Q4"], ["2020-01-01", "2020-10-01"]),
        (["Mon, 3 Feb 2020", "Feb. 4, 2020"], ["2020-02-03", "2020-02-04"]),
        (["31-Dec-99", "1-Jan-00"], ["1999-12-31", "2000-01-01"]),
        (["20200131", "20200201"], ["2020-01-31", "2020-02-01"]),
        (
            [f"24-01-0{k}" for k in range(2, 8)],
            [f"2024-01-0{k}" for k in range(2, 8)],
        ),
        (["2020-01-31 5:00 PM", "31/01/2020 18:00"], ["2020-01-31 17:00", "2020-01-31 18:00"]),
        # Months and quarters, with the month first or last.
        (
            [f"{k % 12 + 1}/1/{2010 + k // 12}" for k in range(30)],
            [f"{2010 + k // 12}-{k % 12 + 1:02d}" for k in range(30)],
        ),
        (
            [f"01.{k % 12 + 1:02d}.{2010 + k // 12}" for k in range(30)],
            [f"{2010 + k // 12}-{k % 12 + 1:02d}" for k in range(30)],
        ),
        (
            ["1/1/2000", "4/1/2000", "7/1/2000", "10/1/2000", "1/1/2001"],
            ["2000-01", "2000-04", "2000-07", "2000-10", "2001-01"],
        ),
        (["202011", "202012", "202101", "202102"], ["2020-11", "2020-12", "2021-01", "2021-02"]),
        (
            ["2020.11", "2020.12", "2021.01", "2021.02"],
            ["2020-11", "2020-12", "2021-01", "2021-02"],
        ),
        (
            ["11.2020", "12.2020", "01.2021", "02.2021"],
            ["2020-11", "2020-12", "2021-01", "2021-02"],
        ),
        # What a spreadsheet's dates are read as.
        (["2020-01-31 00:00:00", "2020-02-29 00:00:00"], ["2020-01-31", "2020-02-29"]),
    ],
)
def test_dates_of_the_usual_forms_are_read(cells, expected):
    found, zones = dates(cells)
    assert written(found.to_numpy()) == expected
    assert not zones.any()


@each_row(
    ("start", "count", "every", "expected"),
    [
        ("2020-12-01", 3, "MS", ["2020-12", "2021-01", "2021-02"]),
        ("2020-12-31", 2, "ME", ["2020-12", "2021-01"]),
        ("2020-01-01", 2, "YS", ["2020", "2021"]),
        ("2020-01-01", 1, "YS", ["2020-01"]),
        ("2020-12-30", 3, "D", ["2020-12-30", "12-31", "2021-01-01"]),
        ("2020-12-01", 3, "366D", ["2020-12-01", "2021-12-02", "2022-12-03"]),
        ("2020-12-31 22:00", 3, "h", ["12-31 22:00", "23:00", "01-01 00:00"]),
        ("2020-12-31 22:00", 27, "h", ["12-31 22:00", "12-31 23:00", "01-01 00:00", "01-01 01:00"]),
        ("2020-12-31 22:00:10", 2, "s", ["12-31 22:00:10", "22:00:11"]),
        ("2020-12-31 22:00", 2, "366D", ["12-31 22:00", "01-01 22:00"]),
        (
            "2020-12-31 22:00",
            3,
            "365D",
            ["2020-12-31 22:00", "2021-12-31 22:00", "2022-12-31 22:00"],
        ),
    ],
)
def test_short_times_are_different_and_leave_out_what_the_time_before_has(
    start, count, every, expected
):
    found = short_times(pd.date_range(start, periods=count, freq=every).to_numpy())
    assert found[: len(expected)] == expected
    assert len({*found}) == count


def test_short_times_that_are_numbers_are_written():
    assert short_times(np.array([1700.0, 1701.5])) == ["1700", "1701.5"]


@each_row(
    ("cells", "expected"),
    [
        (["202011", "202012"], True),
        (["202011", "202013"], False),
        (["11.2020", "12.2020"], True),
        (["1.2020", "2.2020"], False),
        (["2020.11", "2020.12"], True),
        (["2020.50", "2020.12"], False),
    ],
)
def test_digits_are_months_if_every_cell_is_one(cells, expected):
    assert has_dates(cells) == expected


@each_row("cell", ["2019-02-29", "30.2.2020", "", "soon", "5", "99:99", "2020-13-01"])
def test_what_is_no_date_is_none(cell):
    found, _ = dates([cell, "2020-01-01"])
    assert found.isna().tolist()[1] is False
    assert found.isna().tolist()[0] or cell == "5"


def test_a_number_of_many_digits_is_one_beside_cells_that_are_none():
    long = "0." + "3" * 70
    assert numbers([long, "km"])[0].tolist()[0] == float(long)


def test_a_zone_may_have_hours_alone():
    found, zones = dates(["2024-01-01T10:30+02", "2024-01-01T12:30"])
    assert written(found.to_numpy()) == ["2024-01-01 08:30", "2024-01-01 12:30"]
    assert zones.tolist() == [True, False]


def test_texts_with_other_letters_than_a_date_has_are_not_tried_in_each_format():
    tried = 0

    def count():
        nonlocal tried
        tried += 1

    with cancellable(count):
        assert dates([f"b{k}" for k in range(80_000, 80_300)])[0].isna().all()
    assert tried == 1, "only as ISO 8601"


def test_a_column_has_one_order_of_day_and_month():
    found, _ = dates(["01/13/2020", "01/14/2020", "15/01/2020", "01/16/2020 12:00"])
    assert found.isna().tolist() == [False, False, True, False]


def test_times_of_several_zones_are_one_time():
    cells = ["2020-03-29T01:30:00+01:00", "2020-03-29 03:30:00+02:00", "2020-03-29T02:30Z", "2020"]
    found, zones = dates(cells)
    assert written(found.to_numpy()[:3]) == [
        "2020-03-29 00:30", "2020-03-29 01:30", "2020-03-29 02:30"
    ]  # fmt: skip
    assert zones.tolist() == [True, True, True, False]


@given(st.lists(st.datetimes().map(lambda t: t.replace(microsecond=0)), min_size=1, max_size=20))
def test_any_date_is_read_as_it_is_written(times):
    cells = [time.isoformat(" ") for time in times]
    assert dates(cells)[0].tolist() == times


@pytest.mark.parametrize("value", [0.1, 2020.0, -3.5, 1e9])
def test_numbers_are_written_without_needless_digits(value):
    assert float(written(np.array([value]))[0]) == value
