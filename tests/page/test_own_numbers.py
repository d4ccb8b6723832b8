"""Own numbers over time: what is guessed, chosen, filled and skipped."""

import html
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.preview import LEARNED
from tests.page.tab import App
from tests.sampling import each_row

HOURS = [f"2024-03-{d:02d} {h:02d}:00,{(7 * h + d) % 19},{d}" for d in (1, 2, 3) for h in range(24)]
STATES = "\n".join(
    ["machine,t,current,load,state"]
    + [f"m{k},{t},{(k * t) % 7},{t % 3},{'ok' if k % 2 else 'worn'}"
       for k in range(60) for t in range(12)]
)  # fmt: skip


@pytest.fixture
def page():
    return App(hidden="4")


def box(page, label):
    """The widget with this label; None without one."""
    kinds = ("selectbox", "multiselect", "checkbox", "radio", "number_input")
    return next((b for kind in kinds for b in page.app.get(kind) if b.label == label), None)


def choose(page, label, value=True):
    box(page, label).set_value(value)
    page.run()


def hours(page, rows=HOURS, header="time,load,day of the month"):
    page.upload("train_csv", "hours.csv", "\n".join([header, *rows]).encode())


def columns(page):
    labels = ("Time", "Series", "Label", "Values", "Inputs")
    return [b and b.value for b in (box(page, label) for label in labels)]


def listed(page):
    """The rows and the reasons of the list of problems."""
    html = (e.proto.body for e in page.app.get("html") if "rnnviz-faults" in e.proto.body)
    return next(html, "").replace("</td><td>", ": ")


def strips(page):
    """The curves of the preview, as HTML."""
    return next(e.proto.body for e in page.app.get("html") if "rnnviz-strips" in e.proto.body)


def test_roles_of_columns_are_guessed_and_chosen_one_after_the_other(page):
    hours(page)
    assert box(page, "To learn").value is Form.VALUES
    assert box(page, "To learn").options == [
        "the next values", "the class of a series", "a class at every step"
    ]  # fmt: skip
    assert columns(page) == [["time"], [], None, ["load", "day of the month"], None]
    choose(page, "Values", ["load"])
    choose(page, "Inputs", ["day of the month"])
    assert "time" not in box(page, "Values").options
    assert box(page, "Each value is a series") is None
    page.click("learn")
    found = page.session.dataset.series.columns
    assert (found.time, found.values, found.inputs) == ("time", ("load",), ("day of the month",))
    assert page.disabled("learn")
    choose(page, "Time", [])
    assert "time" in box(page, "Values").options
    assert not page.disabled("learn")


def test_no_column_is_offered_twice_and_no_part_is_asked_for_without_columns(page):
    hours(page)
    assert box(page, "Inputs") is None
    choose(page, "Values", ["load"])
    assert "load" not in box(page, "Inputs").options


def test_one_cause_is_one_problem_with_its_rows(page):
    rows = [row.rpartition(",")[0] + "," if k in (3, 7, 8, 9, 20) else row
            for k, row in enumerate(HOURS)]  # fmt: skip
    hours(page, rows)
    assert "<td>5, 9–11, 22: " in listed(page)
    assert listed(page).count("<tr>") == 2


def test_each_value_can_be_a_series(page):
    hours(page)
    choose(page, "Each value is a series")
    page.click("learn")
    assert {piece.name for piece in page.session.dataset.series.train} == {
        "load", "day of the month"
    }  # fmt: skip


def test_columns_that_cannot_be_learned_get_a_sentence_beside_them(page):
    hours(page)
    page.click("step_epoch")
    choose(page, "To learn", Form.STEPS)
    assert columns(page)[2:] == [[], ["load", "day of the month"], None]
    assert "to learn a class takes a label. Choose its column." in page.text
    choose(page, "Label", ["day of the month"])
    assert "takes a label" not in page.text
    choose(page, "To learn", Form.SERIES)
    choose(page, "Label", ["day of the month"])
    assert "takes several, told apart by an id. Choose its column." in page.text
    choose(page, "To learn", Form.VALUES)
    choose(page, "Values", [])
    assert "has no column of numbers to learn" in page.text
    assert not [button for button in page.app.button if button.key == "learn"]
    assert (page.session.dataset.name, page.session.state.epoch) == ("sentiment", 1)


def test_the_class_of_a_series_is_learned_from_all_its_steps(page):
    page.upload("train_csv", "states.csv", STATES.encode())
    assert box(page, "To learn").value is Form.SERIES
    assert columns(page) == [["t"], ["machine"], ["state"], ["current", "load"], None]
    assert (box(page, "Window").value, box(page, "Horizon")) == (12, None)
    page.click("learn")
    assert page.session.dataset.classes == ("ok", "worn")


def test_a_table_of_texts_and_numbers_can_be_either(page):
    rows = "\n".join(f"2024-01-{d:02d},the weather was like day {d},{d % 5}" for d in range(1, 29))
    page.upload("train_csv", "diary.csv", f"date,diary,mood\n{rows}".encode())
    assert box(page, "To learn").value is Form.LABEL
    choose(page, "To learn", Form.VALUES)
    assert columns(page)[0] == ["date"]
    assert box(page, "Unit") is None


def test_window_horizon_and_test_share_are_those_of_the_run(page):
    hours(page)
    assert (box(page, "Window").value, box(page, "Window").max) == (7, 200)
    choose(page, "Window", 5)
    choose(page, "Horizon", 3)
    page.set("test_share", 0.25)
    page.click("learn")
    config, series = page.session.config, page.session.dataset.series
    assert (config.window, config.horizon, series.window, series.horizon) == (5, 3, 5, 3)
    assert len(series.test[0]) == 18


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("Fill: between neighbours", "Numbers filled between their neighbours: 7."),
        ("Fill: the last value", "Numbers filled with the last one: 7."),
        ("Skip", "Problems that were skipped: 3."),
    ],
)
def test_what_is_missing_is_filled_or_skipped_and_told(page, way, said):
    page.click("step_epoch")
    hours(page, [*HOURS[:9], "2024-03-01 09:00,n/a,1", *HOURS[10:20], *HOURS[23:], HOURS[-1]])
    assert "11: load is &#x27;n/a&#x27;. Fill or skip it." in listed(page)
    assert "22: 3 steps are missing between 2024-03-01 19:00 and 2024-03-01 23:00" in listed(page)
    assert "3 problems in 70 rows" in page.app.markdown[-1].value
    assert page.disabled("learn")
    assert "There are problems: fill or skip below, or mend the file." in page.text
    assert "training, 36 windows" in strips(page), "the gaps are seen before they are filled"
    choose(page, "What is missing", way)
    assert said in page.text
    assert ("filled, 4 steps" in strips(page)) == (way != "Skip")
    page.click("learn")
    assert page.session.dataset.name == "hours.csv"
    assert said in page.session.dataset.notes


def test_what_fill_cannot_mend_is_skipped(page):
    hours(page, [*HOURS[:50], "soon,1,2", *HOURS[51:]])
    choose(page, "What is missing", "Fill: the last value")
    assert page.disabled("learn")
    choose(page, "Skip what Fill can’t mend: 1")
    page.click("learn")
    assert page.session.dataset.name == "hours.csv"


def test_another_file_is_not_filled_unasked(page):
    hours(page, HOURS[:30] + HOURS[33:])
    choose(page, "What is missing", "Fill: the last value")
    assert not page.disabled("learn")
    hours(page, HOURS[:30] + HOURS[34:])
    assert box(page, "What is missing").value is None
    assert page.disabled("learn")


def test_window_and_horizon_are_settings_of_a_run_that_has_them(page):
    assert (page.widget("window"), page.widget("horizon")) == (None, None)
    hours(page)
    page.click("learn")
    assert (page.widget("window").value, page.widget("horizon").value) == (7, 1)
    page.click("step_epoch")
    page.set("window", 9)
    assert (page.session.dataset.series.window, page.session.state.epoch) == (9, 0)
    page.set("horizon", 2)
    assert page.session.dataset.series.horizon == 2
    assert not page.disabled("learn"), "the box has another window"
    page.click("step_epoch")
    page.set("window", 300)
    assert "a window of numbers has at most 200 steps" in page.bodies["message"]
    assert (page.session.config.window, page.session.state.epoch) == (9, 1)
    assert page.widget("window").value == 9
    page.click("step_epoch")
    assert page.session.state.epoch == 2
    page.upload("train_csv", "states.csv", STATES.encode())
    page.click("learn")
    assert (page.widget("window").value, page.widget("horizon")) == (12, None)
    page.click("leave_data")
    assert (page.widget("window"), page.widget("horizon")) == (None, None)


def test_the_window_of_a_text_that_is_cut_is_a_setting_too(page):
    page.learn("tale.txt", b"the cat sat on the mat and looked at the dog\n" * 40)
    assert (page.widget("window").value, page.widget("horizon")) == (50, None)
    page.set("window", 20)
    assert max(len(example.inputs) for example in page.session.dataset.train) == 20


def test_a_time_in_two_columns_and_a_weekday_are_guessed_and_shown(page):
    week = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    rows = "\n".join(
        f"2024-01-{1 + k // 24:02d},{k % 24}:00,{week[k // 24 % 7]},{k % 5}" for k in range(480)
    )
    page.upload("train_csv", "shop.csv", f"date,time,weekday,guests\n{rows}".encode())
    assert columns(page) == [["date", "time"], [], None, ["guests"], ["weekday"]]
    assert "(time: date,time; values: guests; inputs: weekday)" in page.text
    page.click("learn")
    assert page.session.dataset.vocabulary.words[:2] == ("guests", "next weekday=Mon")


def test_many_columns_with_long_names_can_be_learned_as_they_are_guessed(page):
    names = [f"number of guests in the restaurant of town {k}" for k in range(40)]
    rows = "\n".join(f"{t},{','.join(str((t * k) % 7 + t % 3) for k in range(40))}"
                     for t in range(1, 60))  # fmt: skip
    page.upload("train_csv", "towns.csv", f"day,{','.join(names)}\n{rows}".encode())
    assert box(page, "Each value is a series").value
    page.click("learn")
    assert page.session.dataset.name == "towns.csv"
    choose(page, "Values", names[1:])
    assert "have more than 1,000 characters. Choose fewer, or shorten them." in page.text
    choose(page, "Values", names[:9])
    page.click("learn")
    assert len(page.session.dataset.series.columns.values) == 9


# Files as they come


DAYS = pd.date_range("2024-01-01", periods=80)
BERLIN = pd.date_range("2024-10-25", periods=80, freq="h", tz="Europe/Berlin")
VALUES = np.arange(80) * 7 % 19 + 0.5


def csv(times, values=VALUES, header="time,x"):
    rows = (f"{time},{value}" for time, value in zip(times, values, strict=True))
    return "\n".join([header, *rows]).encode()


def changed(place, value):
    return [value if k == place else one for k, one in enumerate(VALUES.tolist())]


def workbook():
    file = io.BytesIO()
    pd.DataFrame({"date": DAYS, "x": VALUES}).to_excel(file, index=False, engine="openpyxl")
    return file.getvalue()


@pytest.fixture(scope="module")
def long_page():
    page = App(hidden="4")
    page.click("step_epoch")
    return page


@each_row(
    "content",
    [
        csv([f"{time:%d.%m.%y}" for time in pd.date_range("1999-11-01", periods=80)]),
        csv([f"{time:%Y-%m-%d}" for time in pd.date_range("2024-02-01", periods=80)]),
        csv([time.isoformat() for time in BERLIN]),
        csv([45292 + k for k in range(80)]),
        csv(DAYS, VALUES * 1e-300),
        csv(DAYS, [f"{value}%" for value in VALUES]),
        b"x\n" + b"\n".join(b"%d" % (k % 7) for k in range(80)),
        workbook(),
    ],
)
def test_what_people_have_is_learned(long_page, content):
    long_page.upload("train_csv", "my.xlsx" if content[:2] == b"PK" else "my.csv", content)
    assert box(long_page, "Values").value in (["x"], ["column 2"])
    long_page.click("learn")
    assert long_page.session.dataset.name.startswith("my")
    long_page.click("leave_data")


@each_row(
    ("content", "said"),
    [
        (
            csv([f"{time:%Y-%m-%d %H:%M}" for time in BERLIN]),
            "53: has the same time, 2024-10-27 02",
        ),
        (
            csv([f"2024-01-01 {k // 60:02d}:{k % 60:02d}+0{k % 2}:00" for k in range(80)]),
            "81: its time 2024-01-01 00:19 is before that of a row above",
        ),
        (
            csv([f"2024-01-01 {k // 60:02d}:{k % 60:02d}{'Z' * (k > 3)}" for k in range(80)]),
            "2: time is '2024-01-01 00:00', which has no time zone, and others have one.",
        ),
        (
            csv([f"{d:%Y-%m-%d}".replace("-03-01", "-02-30") for d in DAYS]),
            "'2024-02-30', which is",
        ),
        (csv(DAYS, changed(5, "inf")), "7: x is 'inf', which is infinite. Fill or skip it."),
        (csv(DAYS, changed(5, 1e300)), "7: x is '1e+300', which is beyond ±1e+15."),
        (
            csv(DAYS, changed(75, 1e14)),
            "row 77 of the test: x is 1e+14, more than 1,000 standard deviations",
        ),
        (csv(DAYS, [7] * 80), "the column x is always 7. Choose another."),
        (csv(DAYS, ["n/a"] * 80), "the column x has no number. Choose another."),
        (csv(DAYS[:1], [7]), "has one row. Numbers over time take a row for each step."),
        (
            csv(DAYS, [1e300] * 80),
            "(row 2: x is '1e+300', which is beyond ±1e+15).",
        ),
        (csv(DAYS[:2], [7, 8]), "the table has 2 steps, and a window with its horizon takes 3."),
        (csv(DAYS[::-1]), "2: the rows are in reverse order. Fill and Skip reverse them."),
        (
            csv([f"2024-01-01,s{k // 2}" for k in range(80)], header="time,id,x"),
            "the series 's0' has 1 step, and a window with its horizon takes 3.",
        ),
        (b"x\n" + b"1\n2\n" * 500_000, "has more than 20,000 rows. Use fewer."),
    ],
)
def test_what_is_wrong_is_said_and_the_run_goes_on(long_page, content, said):
    before = long_page.session.run, long_page.session.state.epoch
    long_page.upload("train_csv", "my.csv", content)
    assert said in f"{long_page.text} {html.unescape(listed(long_page))}"
    assert all(long_page.disabled(b.key) for b in long_page.app.button if b.key == "learn")
    long_page.click("step_epoch")
    assert (long_page.session.run, long_page.session.state.epoch) == (before[0], before[1] + 1)


def test_an_input_that_the_test_file_lacks_is_said_below_it(page):
    rows = "\n".join(f"{k},{k % 7},{k % 3}" for k in range(80))
    page.upload("train_csv", "my.csv", f"day,x,price\n{rows}".encode())
    page.upload("test_csv", "later.csv", b"day,x\n" + b"\n".join(b"%d,%d" % (k, k) for k in (1, 2)))
    assert "later.csv: has no column price. The test file must have the columns of my" in page.text


cells = st.sampled_from(
    ["", "n/a", "1,5", "1.234,5", "inf", "-1e300", "1e-300", "0", "1", "2", "x", "2020-02-29",
     "29.02.2020", "30/02/2020", "01/02/99", "43831", "2020-03-29 02:30", "2020-10-25T02:30+02:00",
     "2020-10-25T02:30Z", "a", "<b>", "1900-01-00", "10:30", "€5", "3%"]
) | st.integers(0, 99).map(str)  # fmt: skip


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=60),
    st.sampled_from(["time,x,id", "date,a,b", "t,x,label", "year,month,x", "id,date,hour"]),
    st.sampled_from([form for form in Form if form.numbers]),
    st.sampled_from(["Fill: between neighbours", "Fill: the last value", "Skip"]),
)
def test_any_table_is_learned_or_refused_by_the_page(long_page, rows, header, form, way):
    content = "\n".join([header, *(",".join(f'"{cell}"' for cell in row) for row in rows)])
    long_page.upload("train_csv", "any.csv", content.encode())
    if (learned := box(long_page, "To learn")) and LEARNED[form] in learned.options:
        choose(long_page, "To learn", form)
    if box(long_page, "What is missing"):
        choose(long_page, "What is missing", way)
    for skip in [box for box in long_page.app.checkbox if box.label.startswith("Skip")]:
        choose(long_page, skip.label)
    if any(b.key == "learn" and not b.disabled for b in long_page.app.button):
        long_page.click("learn")
        assert long_page.session.dataset.name == "any.csv"
        long_page.click("leave_data")
