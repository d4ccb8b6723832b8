"""Numbers over time, checked and mended."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.data import series
from rnnviz.tasks.data.csv_table import TaskError, read_csv
from rnnviz.tasks.data.number_cells import written
from rnnviz.tasks.data.number_columns import Given, series_columns
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.data.series import Fill, mended, read_series
from rnnviz.tasks.upload import File, Upload, check_rows, dataset_of, with_columns
from tests.sampling import each_row

DAYS = [f"2020-01-{day:02d}" for day in range(1, 11)]


def measured(rows, header="date,x", **given):
    cells = read_csv("\n".join([header, *rows]), "a.csv")
    return read_series(cells, series_columns(cells, Given(**given)))


def days(*changes):
    """Ten days with a number each; a change replaces, or with None takes out, a row."""
    rows = {k: f"{day},{k}.5" for k, day in enumerate(DAYS)}
    rows |= dict(changes)
    return [row for row in rows.values() if row is not None]


def reasons(found):
    return [f"{one.row}: {one.reason}" for one in found]


def checked(train, test=None):
    files = [
        File(f"{name}.csv", text.encode()) for name, text in (("a", train), ("b", test)) if text
    ]
    found = check_rows(Upload(*files, window=2)).series
    return [(one.series[0].values[:, -1].tolist(), one.notes) for one in found]


def commas(*cells):
    return "date;x\n" + "\n".join(f"{day};{cell}" for day, cell in zip(DAYS, cells, strict=False))


def test_a_comma_is_the_same_in_both_files():
    whole, parts = commas("3,607", "3,141", "2,718"), commas("6,00", "2,56", "1,414")
    read = [3.607, 3.141, 2.718], [6.0, 2.56, 1.414]
    for first, second, expected in ((whole, parts, read), (parts, whole, read[::-1])):
        assert [values for values, _ in checked(first, second)] == [*expected]


@each_row(
    ("a", "values", "said"),
    [
        ("2,5", [8.65, 7.25, 6.125], "Numbers with decimal commas: a, b (8,650 is 8.65)."),
        ("2.5", [8650, 7250, 6125], "Commas between thousands: b (8,650 is 8650)."),
    ],
)
def test_other_columns_say_what_a_comma_is(a, values, said):
    rows = [f"{DAYS[0]};{a};8,650", f"{DAYS[1]};3;7,250", f"{DAYS[2]};4;6,125"]
    assert checked("date;a;b\n" + "\n".join(rows)) == [(values, [said])]


def test_short_dates_with_dots_are_no_times_of_day():
    found = measured([f"{k:02d}.12.20,{k * k}" for k in range(1, 24)])
    assert written(found.series[0].times[:2]) == ["2020-12-01", "2020-12-02"]


def test_a_table_with_too_many_empty_cells_is_refused(monkeypatch):
    monkeypatch.setattr(series, "MAX_HOLES", 1)
    assert reasons(measured(days((4, "2020-01-05,"))).holes)
    with pytest.raises(TaskError, match="more than 1 cells have no number"):
        measured(days((4, "2020-01-05,"), (6, "2020-01-07,")))


@each_row(
    ("change", "said"),
    [
        ((4, "2020-01-05,"), "6: x is empty. Fill or skip it."),
        ((4, "2020-01-05,n/a"), "6: x is 'n/a'. Fill or skip it."),
        ((4, "2020-01-05,five"), "6: x is 'five', which is not a number. Fill or skip it."),
        ((4, "2020-01-05,inf"), "6: x is 'inf', which is infinite. Fill or skip it."),
        ((4, "2020-01-05,1e300"), "6: x is '1e300', which is beyond ±1e+15. Fill or skip it."),
        ((4, None), "6: a step is missing between 2020-01-04 and 2020-01-06."),
        (
            (4, "2020-01-04,7"),
            "6: has the same time, 2020-01-04, as row 5. Fill and Skip keep the first.",
        ),
        (
            (9, "2019-12-31,7"),
            "11: its time 2019-12-31 is before that of a row above. Fill and Skip sort the rows.",
        ),
    ],
)
def test_what_fill_can_mend_is_told(change, said):
    found = measured(days(change))
    assert reasons(found.holes)[0] == said
    assert not found.faults


@each_row(
    ("change", "said"),
    [
        ((4, "2020-02-30,7"), "6: date is '2020-02-30', which is not a time. Mend it, or skip the"),
        ((4, ",7"), "6: date is '', which is not a time"),
        ((4, "2020-01-05T00:00Z,7"), "2: date is '2020-01-01', which has no time zone, and others"),
    ],
)
def test_what_only_skip_solves_is_told(change, said):
    assert said in reasons(measured(days(change)).faults)[0]


def test_rows_that_go_back_in_time_are_one_problem():
    found = measured(days()[::-1])
    assert reasons(found.holes) == ["2: the rows are in reverse order. Fill and Skip reverse them."]
    (one,) = found.series
    assert written(one.times) == DAYS
    assert one.rows.tolist() == [*range(11, 1, -1)]
    # The last one at the top is another problem of every other row.
    rows = days()
    found = measured([rows[-1], *rows[:-1]])
    assert len(found.holes) == len(rows) - 1
    assert all("is before that of a row above" in reason for reason in reasons(found.holes))


def test_a_constant_column_is_left_out_unless_it_is_the_only_one():
    rows = [f"{day},{k},7" for k, day in enumerate(DAYS)]
    found = measured(rows, "date,x,y")
    assert reasons(found.faults) == ["0: the column y is always 7. Choose another, or skip it."]
    assert found.columns.values == ("x",)
    with pytest.raises(TaskError, match=r"a.csv: the column y is always 7"):
        measured(rows, "date,x,y", value="y")


def test_a_series_has_one_label_and_a_row_its_id():
    rows = [f"{k},{name},{k}.5,{label}" for name, label in ("ax", "by", "cx") for k in range(4)]
    rows += ["4,c,4.5,y", "4,,1,x", "5,b,1,"]
    found = measured(rows, "t,machine,current,state", form=Form.SERIES)
    assert [one.name for one in found.series] == ["a", "b"]
    assert reasons(found.faults) == [
        "14: the series 'c' has different labels, 'x' and 'y'. Mend them, or skip it.",
        "15: machine is empty. Fill it in, or skip the row.",
        "16: state is empty. Fill it in, or skip the row.",
    ]


def test_a_wide_table_has_a_series_a_column():
    found = measured([f"{k},{k},1{k},2" for k in range(5)], "day,a,b,c", wide=True, value="a,b")
    assert [one.name for one in found.series] == ["a", "b"]
    assert found.series[1].values.tolist() == [[10], [11], [12], [13], [14]]


def test_an_hour_that_comes_twice_when_clocks_change_is_told():
    local = [f"2020-10-25 {hour:02d}:00" for hour in (0, 1, 2, 2, 3, 4, 5, 6)]
    found = measured([f"{time},{k}" for k, time in enumerate(local)])
    assert "5: has the same time, 2020-10-25 02:00, as row 4" in reasons(found.holes)[0]
    zoned = [f"{time}+0{2 - (k > 2)}:00" for k, time in enumerate(local)]
    found = measured([f"{time},{k}" for k, time in enumerate(zoned)])
    assert not found.holes and not found.faults
    assert np.array_equal(np.diff(found.series[0].grid), [1] * 7)


def test_a_series_may_be_told_apart_by_two_columns():
    rows = [f"{k},{s},{f},{k * s}" for k in range(4) for s in (1, 2) for f in ("a", "b")]
    found = measured([*rows, "4,1,,9"], "day,shop,kind,x", id="shop,kind")
    assert [(one.name, len(one)) for one in found.series] == [
        ("1 · a", 4), ("1 · b", 4), ("2 · a", 4), ("2 · b", 4)
    ]  # fmt: skip
    assert reasons(found.faults) == ["18: shop,kind is empty. Fill it in, or skip the row."]


# Mended


def pieces(changes, fill):
    (series,) = measured(days(*changes)).series
    return mended(series, fill)


def test_skip_cuts_at_gaps_and_at_missing_numbers():
    found = pieces([(2, None), (6, "2020-01-07,n/a")], None)
    assert [one.values[:, 0].tolist() for one in found] == [
        [0.5, 1.5],
        [3.5, 4.5, 5.5],
        [7.5, 8.5, 9.5],
    ]
    assert not any(one.filled.any() for one in found)


@each_row(
    ("fill", "expected"),
    [(Fill.INTERPOLATE, [1.5, 2.5, 3.5, 4.5]), (Fill.LAST, [1.5, 1.5, 3.5, 3.5])],
)
def test_fill_puts_a_number_where_none_is_and_marks_it(fill, expected):
    (one,) = pieces([(2, None), (4, "2020-01-05,")], fill)
    assert one.values[1:5, 0].tolist() == expected
    assert np.flatnonzero(one.filled[:, 0]).tolist() == [2, 4]
    assert one.rows.tolist() == [2, 3, 0, 4, 5, 6, 7, 8, 9, 10]
    assert written(one.times) == DAYS


def test_at_the_edges_no_number_lies_between_neighbours():
    (one,) = pieces([(0, "2020-01-01,"), (9, "2020-01-10,n/a")], Fill.INTERPOLATE)
    assert one.values[[0, -1], 0].tolist() == [1.5, 8.5]
    assert written(one.times) == DAYS[1:-1] and not one.filled.any()


def test_a_wide_table_without_a_time_has_no_series():
    rows = [f",{k},{2 * k}" for k in range(40)]
    content = "date,x1,x2\n" + "\n".join(rows)
    for wide in (True, False):
        given = Upload(
            File("notime.csv", content.encode()), form=Form.VALUES, time="date", value="x1,x2",
            wide=wide, skip_bad=True,
        )  # fmt: skip
        with pytest.raises(TaskError, match=r"notime\.csv"):
            dataset_of(with_columns(given))


@each_row("last", ["9020-01-01,7", "1e15,7"])
def test_a_gap_that_is_too_long_to_fill_is_refused(last):
    rows = days((9, last)) if "-" in last else [f"{k},{k}" for k in range(9)] + [last]
    (series,) = measured(rows).series
    assert len(mended(series, None)) == 2
    with pytest.raises(TaskError, match="Skip them, or leave out the rows far from the others"):
        mended(series, Fill.LAST)


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.floats(-1e9, 1e9) | st.none()),
        min_size=3,
        unique_by=lambda row: row[0],
    ),
    st.none() | st.sampled_from(Fill),
)
def test_pieces_have_every_number_and_no_gap(rows, fill):
    cells = read_csv(
        "\n".join(["t,x", *(f"{t},{'' if x is None else x!r}" for t, x in rows)]), "a.csv"
    )
    columns = series_columns(cells, Given(time="t", value="x"))
    known = {x for _, x in rows if x is not None}
    if len(known) < 2:
        with pytest.raises(TaskError):
            read_series(cells, columns)
        return
    (series,) = read_series(cells, columns).series
    found = mended(series, fill)
    assert all((np.diff(one.grid) == 1).all() and np.isfinite(one.values).all() for one in found)
    real = {
        (int(row), float(x))
        for one in found
        for row, x, new in zip(one.rows, one.values[:, 0], one.filled[:, 0], strict=True)
        if not new
    }
    assert real == {(k + 2, x) for k, (_, x) in enumerate(rows) if x is not None}
    if fill:
        assert len(found) == 1


def test_filling_a_part_knows_nothing_of_what_comes_after_it():
    (series,) = measured(days((4, "2020-01-05,"))).series
    (other,) = measured(days((4, "2020-01-05,"), (5, "2020-01-06,99"))).series
    parts = [mended(one.at(slice(5)), Fill.INTERPOLATE)[0].values for one in (series, other)]
    assert np.array_equal(*parts)


def test_excel_dates_and_pandas_dates_are_the_same():
    frame = pd.DataFrame({"date": pd.to_datetime(DAYS), "x": range(10)})
    found = measured(frame.to_csv(index=False).splitlines()[1:])
    assert written(found.series[0].times) == DAYS
