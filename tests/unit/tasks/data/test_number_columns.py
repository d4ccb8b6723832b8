"""The columns of a table of numbers over time."""

import pytest

from rnnviz.tasks.data.csv_table import TaskError, read_csv
from rnnviz.tasks.data.number_columns import (
    Given,
    is_number_table,
    joined_columns,
    listed_columns,
    series_columns,
)
from rnnviz.tasks.data.rows import Form
from tests.sampling import each_row


def table(header, *rows, count=6):
    """A CSV whose rows are repeated; in them # is the number of the row."""
    lines = (row.replace("#", str(k)) for k in range(1, count + 1) for row in rows)
    return read_csv("\n".join([header, *lines]), "a.csv")


MONTHS = table("month,sales", "2020-0#,1#")
STORES = table("date;store;units;price", "2020-01-0#;north;#;2,5", "2020-01-0#;south;3#;2,#")
STATES = table("t,machine,current,state", "#,a,0.#,ok", "#,b,0.#,broken")
LABELLED = table("t,x,price,activity", "#,1.#,2.#,walk", "#.5,#,3,rest")
STEPS = table("t,x,activity", "#,1.#,walk", "#.5,#,rest")


@each_row(
    ("cells", "expected"),
    [
        (MONTHS, (Form.VALUES, "month", ("sales",), (), "", "", False)),
        (STORES, (Form.VALUES, "date", ("units",), ("price",), "store", "", False)),
        (STATES, (Form.SERIES, "t", ("current",), (), "machine", "state", False)),
        (STEPS, (Form.STEPS, "t", ("x",), (), "", "activity", False)),
        (table("a,b", "#,0.#"), (Form.VALUES, "", ("a", "b"), (), "", "", False)),
        (table("price,date", "#,0#.01.2020"), (Form.VALUES, "date", ("price",), (), "", "", False)),
        (
            table("day,x1,x2,x3,x4", "#,1,2,3,#"),
            (Form.VALUES, "day", ("x1", "x2", "x3", "x4"), (), "", "", True),
        ),
    ],
    ids=["months", "stores", "states", "steps", "numbers", "price", "wide"],
)
def test_columns_are_guessed_by_name_and_content(cells, expected):
    assert is_number_table(cells)
    assert series_columns(cells, Given()) == expected


@each_row(
    "cells",
    [
        table("text,label", "so warm #,#"),
        table("date,review,stars", "2020-01-0#,not bad at all #,#"),
        table("word,count", "w#,#"),
        table("source,target", "a #,b #"),
    ],
)
def test_a_table_with_texts_to_read_is_none_of_numbers(cells):
    assert not is_number_table(cells)


def test_every_column_can_be_chosen():
    given = Given(Form.VALUES, "", "price", "units", "store")
    assert series_columns(STORES, given) == (
        Form.VALUES, "", ("price",), ("units",), "store", "", False
    )  # fmt: skip
    assert series_columns(STATES, Given(Form.STEPS)).form is Form.STEPS
    assert series_columns(STATES, Given(Form.VALUES)).label == ""
    assert series_columns(STORES, Given(value="units,price", input="")).inputs == ()
    assert series_columns(table("day,a,b", "#,#,3"), Given(value="a,b", wide=True)).wide


@each_row(
    ("cells", "said"),
    [
        (STORES, "'store', the column of the series"),
        (LABELLED, "'activity', the column of the label"),
    ],
)
def test_columns_are_no_series_beside_ids_or_labels(cells, said):
    with pytest.raises(TaskError, match=f"each value can't be a series .*{said}. Leave out wide"):
        series_columns(cells, Given(wide=True))


def test_chosen_inputs_are_read_beside_a_label():
    assert series_columns(LABELLED, Given()).numbers == ("x", "price")
    found = series_columns(LABELLED, Given(input="price"))
    assert (found.values, found.inputs) == (("x",), ("price",))


def test_a_list_of_columns_is_read_as_it_is_written():
    cells = table('day,"a, b",c "d",e', "#,1,2,3")
    names = cells.columns[1:]
    assert listed_columns(cells, joined_columns(names)) == names
    assert listed_columns(cells, "a, b") == ("a, b",)


@each_row(
    ("cells", "given", "said"),
    [
        (MONTHS, Given(value="units"), "has no column units. It has: month, sales."),
        (MONTHS, Given(value="month", time="month"), "month is chosen twice"),
        (MONTHS, Given(Form.STEPS), "to learn a class takes a label"),
        (STEPS, Given(Form.SERIES), "takes several, told apart by an id"),
        (table("a,b", "x#,y#"), Given(time="a"), "has no column of numbers to learn"),
    ],
)
def test_columns_that_cannot_be_learned_are_refused(cells, given, said):
    with pytest.raises(TaskError, match=said):
        series_columns(cells, given)


@each_row(
    ("cells", "time"),
    [
        (table("year,month,sales", "2020,#,1#"), "year,month"),
        (table("sales,Month,Year", "1#,#,2020"), "Year,Month"),
        (table("year,month,day,hour,x", "2020,3,1,#,1#"), "year,month,day,hour"),
        (table("date,time,x", "2020-01-01,0#:30,#"), "date,time"),
        (table("date,hour,x", "2020-01-01,#,#.5"), "date,hour"),
        (table("date,hour,x", "2020-01-0#,#,#.5"), "date"),
        (table("date,time,x", "2020-01-01 0#:30,0#:30,#"), "date"),
        (table("year,x,y", "200#,1#,3"), "year"),
    ],
)
def test_a_time_in_several_columns_is_guessed(cells, time):
    assert series_columns(cells, Given()).time == time
    assert series_columns(cells, Given(time=time)).of("time") == tuple(time.split(","))


def test_texts_that_are_known_beforehand_are_inputs_and_no_series():
    cells = table("date,weekday,sales", "2020-01-0#,Mon,#", "2020-02-0#,Tue,#.5")
    assert series_columns(cells, Given())[:5] == (Form.VALUES, "date", ("sales",), ("weekday",), "")


def test_a_table_without_names_of_columns_is_one_of_numbers():
    cells = read_csv("".join(f"2020-01-0{k},{k}.5\n" for k in range(1, 9)), "a.csv")
    assert is_number_table(cells)
    assert series_columns(cells, Given())[:3] == (Form.VALUES, "column 1", ("column 2",))
    assert not is_number_table(read_csv("so warm,1\nso cold,1\n", "a.csv"))


def test_a_column_that_begins_late_or_never_is_one_of_numbers():
    rows = [f"{k},{'n/a' if k < 310 else k},n/a,{k % 5}" for k in range(400)]
    found = series_columns(read_csv("\n".join(["day,x,y,z", *rows]), "a.csv"), Given())
    assert (found.id, found.values) == ("", ("x", "y", "z"))


HOURS = [f"0{day}/01/2011,{hour}" for day in (1, 2, 3) for hour in range(24)]


@each_row(
    ("header", "rows", "expected"),
    [
        (
            "Date,Time,CO(GT)", [f"{hour.replace(',', ',0', 1)[:13]}.00.00,1.{k}" for k, hour in
                                 enumerate(h for h in HOURS if len(h) == 12)],
            (Form.VALUES, "Date,Time", ("CO(GT)",), (), "", ""),
        ),
        (
            "Date,Time,power", [f"16/12/2006,17:{k}:00,4.{k}" for k in range(10, 60)],
            (Form.VALUES, "Date,Time", ("power",), (), "", ""),
        ),
        (
            "dteday,hr,holiday,cnt", [f"{hour},{k // 50},{k * k % 19}" for k, hour in
                                      enumerate(HOURS)],
            (Form.VALUES, "dteday,hr", ("cnt",), ("holiday",), "", ""),
        ),
        (
            "year,month,day,hour,pm2.5,wind", [f"2010,1,{1 + k // 24},{k % 24},{k},{'NS'[k % 2]}"
                                               for k in range(72)],
            (Form.VALUES, "year,month,day,hour", ("pm2.5",), (), "", ""),
        ),
        (
            "code,land,date,cases", [f"{'ab'[k]},{'AB'[k]},2020-01-{d},{k * d}" for k in (0, 1)
                                     for d in range(10, 28)],
            (Form.VALUES, "date", ("cases",), (), "code", ""),
        ),
        (
            "subject,time,acc,activity", [f"{s},{t},{s * t % 7},{'walk' if t % 9 > 4 else 'sit'}"
                                          for s in (1, 2, 3) for t in range(40)],
            (Form.STEPS, "time", ("acc",), (), "subject", "activity"),
        ),
    ],
)  # fmt: skip
def test_tables_as_they_are_published_are_guessed(header, rows, expected):
    cells = read_csv("\n".join([header, *rows]), "a.csv")
    assert is_number_table(cells)
    assert series_columns(cells, Given())[:6] == expected


PANEL = read_csv(
    "date,store_nbr,family,sales\n"
    + "".join(f"2020-01-{d},{s},{f},{d * s % 7}\n" for d in range(10, 30) for s in (1, 2)
              for f in ("beer", "bread")),
    "a.csv",
)  # fmt: skip


def test_several_columns_tell_series_apart_if_one_does_not():
    found = series_columns(PANEL, Given())
    assert (found.form, found.id, found.label) == (Form.VALUES, "store_nbr,family", "")
    assert series_columns(PANEL, Given(id="store_nbr")).of("id") == ("store_nbr",)
    assert series_columns(PANEL, Given(id="family,store_nbr")).id == "family,store_nbr"
