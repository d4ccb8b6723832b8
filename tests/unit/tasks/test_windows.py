"""Windows of series, their scales and the split."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import Loss, OutputAt, RunConfig
from rnnviz.probe.session import Session
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.data.series import Fill, Series
from rnnviz.tasks.dataset import WITHIN_HALF, Dataset, dataset_of_table, table_of_dataset
from rnnviz.tasks.scales import Units
from rnnviz.tasks.upload import (
    FaultsError,
    File,
    Upload,
    check_rows,
    dataset_of,
    with_columns,
)
from tests.sampling import each_row

RNG = np.random.default_rng(5)


def upload(frame, test=None, **options):
    files = [
        File("a.csv", one.to_csv(index=False).encode()) for one in (frame, test) if one is not None
    ]
    return Upload(*files, **options)


def walk(count, name="x", start="2020-01-01", freq="D"):
    values = RNG.normal(10, 3, count).round(2)
    return pd.DataFrame({"date": pd.date_range(start, periods=count, freq=freq), name: values})


def in_loops(values, known, window, horizon):
    """The windows of a series (N, C) with inputs (N, I): what is read, and what is expected."""
    inputs, targets = [], []
    for start in range(len(values) - window - horizon + 1):
        steps = range(start, start + window)
        inputs.append([[*values[t], *known[t + 1]] for t in steps])
        targets.append([[y for h in range(1, horizon + 1) for y in values[t + h]] for t in steps])
    return np.array(inputs), np.array(targets)


@each_row(("window", "horizon"), [(2, 1), (7, 3), (24, 5)])
def test_windows_are_those_of_a_loop(window, horizon):
    frame = walk(150).assign(y=RNG.normal(size=150).round(3), price=RNG.normal(size=150).round(2))
    data = dataset_of(upload(frame, window=window, horizon=horizon))
    assert data.vocabulary.words == ("x", "y", "next price")
    assert data.classes[:4] == ("x", "y", "x +2", "y +2")[: 2 * min(horizon, 2)]
    assert (data.reads, data.loss) == (OutputAt.EVERY, Loss.SQUARED_ERROR)
    for part, rows in ((data.train, slice(120)), (data.test, slice(120, None))):
        numbers = frame[["x", "y"]].to_numpy()[rows], frame[["price"]].to_numpy()[rows]
        inputs, targets = in_loops(*numbers, window, horizon)
        own = [
            data.units.own(np.array([e.inputs for e in part])),
            data.own_answers(np.array([e.targets for e in part])),
        ]
        assert np.allclose(own[0], inputs)
        assert np.allclose(own[1], targets)
        begin = rows.start or 0
        assert [e.row for e in part] == [begin + 2 + k for k in range(len(part))]


def test_the_scale_is_that_of_the_training_alone():
    frame = walk(200)
    later = frame.assign(x=frame["x"].where(frame.index < 160, 50 + frame["x"]))
    one, other = (dataset_of(upload(f, window=10)) for f in (frame, later))
    trained = frame["x"][:160]
    assert one.units == other.units
    assert one.units.mean[0] == pytest.approx(trained.mean())
    assert one.units.scale[0] == pytest.approx(trained.std(ddof=0))
    assert all(
        np.array_equal(a.inputs, b.inputs) and np.array_equal(a.targets, b.targets)
        for a, b in zip(one.train, other.train, strict=True)
    )
    assert not np.array_equal(one.test[0].inputs, other.test[0].inputs)


@each_row("fill", ["interpolate", "last", None])
def test_nothing_of_the_test_enters_the_training(fill):
    frame = walk(200)
    frame.loc[[20, 159, 160], "x"] = np.nan
    later = frame.assign(x=frame["x"].where(frame.index < 160, -5.5))
    later.loc[199, "x"] = 3
    one, other = (
        dataset_of(upload(f, window=10, fill=fill, skip_bad=True)) for f in (frame, later)
    )
    assert table_of_dataset(one)["train"] == table_of_dataset(other)["train"]


def test_windows_have_steps_of_one_series_on_one_side_of_the_border():
    stores = [walk(60 + 5 * k).assign(store=f"s{k}") for k in range(4)]
    frame = pd.concat(stores).sort_values(["date", "store"])
    data = dataset_of(upload(frame, window=8, horizon=2))
    assert {piece.name for piece in data.series.train} == {"s0", "s1", "s2", "s3"}
    border = min(piece.times.min() for piece in data.series.test)
    for pieces, places, examples in (
        (data.series.train, data.series.train_places, data.train),
        (data.series.test, data.series.test_places, data.test),
    ):
        for (number, start), example in zip(places, examples, strict=True):
            piece = pieces[number]
            steps = slice(start, start + 10)
            own = frame[frame["store"] == piece.name]["x"].to_numpy()
            first = int(
                (frame[frame["store"] == piece.name]["date"].to_numpy() < piece.times[0]).sum()
            )
            assert np.allclose(data.units.own(example.inputs)[:, 0], own[first:][start : start + 8])
            assert len({t < border for t in piece.times[steps]}) == 1
            assert example.key == f"{piece.name} {str(piece.times[start])[:10]}"


def labelled(count=60, steps=(5, 30)):
    rows = []
    for k in range(count):
        for t in range(steps[0] + k % (steps[1] - steps[0])):
            rows.append((f"m{k}", t, round(float(RNG.normal(k % 2)), 2), "ok" if k % 2 else "worn"))
    return pd.DataFrame(rows, columns=["machine", "t", "current", "state"])


def test_the_class_of_a_series_is_learned_from_whole_series():
    frame = labelled()
    data = dataset_of(with_columns(upload(frame, window=12)))
    assert (data.reads, data.loss, data.classes) == (
        OutputAt.LAST,
        Loss.CROSS_ENTROPY,
        ("ok", "worn"),
    )
    trained, tested = ({p.name for p in part} for part in (data.series.train, data.series.test))
    assert not trained & tested
    assert len(tested) == 12
    names = [data.series.train[k].name for k, _ in data.series.train_places]
    for name, example in zip(names, data.train, strict=True):
        own = frame[frame["machine"] == name]
        assert len(example.inputs) == min(12, len(own))
        assert data.classes[example.target] == own["state"].iloc[0]
    for name in trained:
        own = frame[frame["machine"] == name]["current"].to_numpy()
        read = np.concatenate(
            [
                data.units.own(e.inputs)[:, 0]
                for n, e in zip(names, data.train, strict=True)
                if n == name
            ]
        )
        assert {*own} == {*read.round(2)}


def test_a_class_at_every_step():
    frame = walk(200).assign(activity=["walk" if k // 7 % 2 else "rest" for k in range(200)])
    data = dataset_of(with_columns(upload(frame, window=10)))
    assert (data.reads, data.classes, len(data.train)) == (OutputAt.EVERY, ("rest", "walk"), 151)
    for start, example in enumerate(data.train):
        assert [data.classes[k] for k in example.targets] == [
            *frame["activity"][start : start + 10]
        ]


def test_another_seed_draws_other_series_and_no_other_border():
    frame = labelled()
    names = [
        {p.name for p in dataset_of(with_columns(upload(frame, window=12, seed=s))).series.test}
        for s in (0, 1)
    ]
    assert names[0] != names[1]
    one, other = (dataset_of(upload(walk_of_one, window=10, seed=s)) for s in (0, 1))
    assert table_of_dataset(one) == table_of_dataset(other)


walk_of_one = walk(120)


def test_a_test_file_is_the_test_in_the_scale_of_the_training():
    train, test = walk(100), walk(40, start="2021-01-01").assign(x=10.0)
    data = dataset_of(upload(train, test, window=10))
    assert (len(data.train), len(data.test)) == (90, 30)
    assert data.units.mean[0] == pytest.approx(train["x"].mean())
    assert (data.units.own(data.test[0].inputs) == 10).all()
    with pytest.raises(
        TaskError, match=r"has no column x. The test file must have the columns of a.csv"
    ):
        dataset_of(upload(train, test.rename(columns={"x": "y"}), window=10))


def test_the_text_of_a_window_is_in_the_units_of_the_table_and_is_read_as_it_was():
    data = dataset_of(upload(walk(100).assign(y=1e-300 * RNG.normal(size=100)), window=5))
    for example in (*data.train, *data.test):
        assert np.array_equal(data.values_of(example.text, 200), example.inputs)
        assert data.lookup(example.inputs).text == example.text
    with pytest.raises(TaskError, match="is more than 1,000 standard deviations"):
        data.values_of("1000000,0", 200)
    again = dataset_of_table(table_of_dataset(data))
    assert again.units == data.units
    assert np.array_equal(again.values_of(data.train[0].text, 200), data.train[0].inputs)


@each_row(
    "units", [[[0.0], [0.0]], [[0.0]], [[0.0, 1.0], [1.0, 1.0]], "x", [[0.0], [float("nan")]]]
)
def test_units_from_a_file_are_checked(units):
    table = table_of_dataset(dataset_of(upload(walk_of_one, window=10))) | {"units": units}
    with pytest.raises(TaskError):
        dataset_of_table(table)


@each_row(
    ("count", "options", "said"),
    [
        (60, {"window": 30}, "the training has 18 windows of 30 steps, fewer than 30"),
        (
            30,
            {"window": 40},
            "none of its series can be used: the table has 30 steps, and a window",
        ),
        (400, {"window": 201}, "a window of numbers has at most 200 steps"),
        (1, {"window": 2}, "has one row"),
        (
            200,
            {"window": 5, "far": 190},
            "row 192 of the test: x is 1e.06, more than 1,000 standard deviations",
        ),
    ],
)
def test_too_few_steps_are_refused(count, options, said):
    frame = walk(count)
    if (far := options.pop("far", None)) is not None:
        frame.loc[far, "x"] = 1e6
    with pytest.raises(TaskError, match=said):
        dataset_of(upload(frame, skip_bad=True, value="x", time="date", **options))


def test_every_number_of_an_answer_counts():
    found, targets = np.array([[0.4, 0.6], [0.1, -0.2]]), np.zeros((2, 2))
    assert WITHIN_HALF.score(found, targets, np.arange(2)) == 0.75


def test_a_number_infinitely_far_from_tiny_ones_is_told():
    frame = walk(100)
    frame["x"] = np.where(np.arange(100) < 90, np.arange(100) % 2 * 1e-300, 1.5)
    with pytest.raises(TaskError, match=r"x is 1\.5, more than 1,000 standard deviations"):
        dataset_of(upload(frame, window=5))


def test_a_series_shorter_than_a_window_is_a_problem_that_skip_leaves_out():
    frame = pd.concat([walk(90).assign(id="a"), walk(1).assign(id="b"), walk(12).assign(id="c")])
    checked = check_rows(upload(frame, window=10, horizon=3))
    assert [(one.row, one.reason[:24]) for one in checked.faults] == [
        (92, "the series 'b' has 1 ste"), (93, "the series 'c' has 12 st"),
    ]  # fmt: skip
    with pytest.raises(FaultsError):
        dataset_of(upload(frame, window=10, horizon=3))
    data = dataset_of(upload(frame, window=10, horizon=3, skip_bad=True))
    assert data.notes[0] == "Problems that were skipped: 2."


def test_a_test_without_a_window_is_told():
    data = dataset_of(upload(walk(100), window=30))
    assert not data.test
    assert data.notes == (
        "The test has no window: it has at most 20 in a row, and a window with its horizon takes "
        "31 steps. Make the window shorter.",
    )


def test_what_was_filled_is_counted_and_marked():
    frame = walk(100).drop(index=[30, 31])
    frame.loc[50, "x"] = np.nan
    with pytest.raises(FaultsError, match=r"2 steps are missing.* 1 more of 98 rows"):
        dataset_of(upload(frame, window=10))
    data = dataset_of(upload(frame, window=10, fill="last"))
    assert "Problems that were mended: 2." in data.notes
    assert "Numbers filled with the last one: 3." in data.notes
    assert np.flatnonzero(data.series.train[0].filled[:, 0]).tolist() == [30, 31, 50]


def test_many_windows_are_thinned_and_every_step_is_kept():
    data = dataset_of(upload(walk(9_000, freq="h"), window=100))
    assert data.notes == ("Windows read: 1,775 of 7,100, evenly spaced.",)
    covered = {row for e in data.train for row in range(e.row, e.row + 100)}
    assert len(covered) >= 7_190


def test_a_session_takes_window_and_horizon_from_its_data_and_then_from_its_settings():
    session = Session(RunConfig(hidden=4, epochs=2))
    session.load(upload(walk_of_one, window=10, horizon=2))
    assert (session.config.window, session.config.horizon) == (10, 2)
    session.player.advance(2)
    assert np.isfinite(session.run.history.row(-1)["test_loss"])
    session.configure(RunConfig(hidden=4, window=20))
    assert (session.dataset.series.window, len(session.dataset.classes)) == (20, 1)
    session.configure(RunConfig(hidden=4, window=90))
    assert "fewer than 30" in session.player.message
    assert (session.config.window, session.run.position.epoch) == (20, 0)
    assert session.inspect().trace.probs.shape == (20, 1)


cells = st.sampled_from(
    ["", "n/a", "1,5", "1.234,5", "inf", "-1e300", "1e-300", "0", "1", "2", "x", "2020-02-29",
     "29.02.2020", "30/02/2020", "01/02/99", "43831", "2020-03-29 02:30", "2020-10-25T02:30+02:00",
     "2020-10-25T02:30Z", "a", "b", "1900-01-00", "٣"]
) | st.floats(-1e3, 1e3).map(repr)  # fmt: skip
tables = st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=60)


@given(
    tables, st.sampled_from(["time,x,id", "date,a,b", "t,x,label", "a,b,c", "id,t,x"]),
    st.fixed_dictionaries(
        {},
        optional={
            "fill": st.sampled_from(["interpolate", "last"]), "skip_bad": st.booleans(),
            "time": st.sampled_from(["", "a", "t", "time"]),
            "value": st.sampled_from(["x", "b", "a,b"]),
            "id": st.sampled_from(["", "id"]), "label_column": st.sampled_from(["label", "c"]),
            "form": st.sampled_from([form for form in Form if form.numbers]),
            "window": st.integers(2, 9), "horizon": st.integers(1, 4), "wide": st.booleans(),
        },
    ),
)  # fmt: skip
def test_any_table_is_learned_from_or_refused(rows, header, options):
    content = "\n".join([header, *(",".join(f'"{cell}"' for cell in row) for row in rows)])
    one = Upload(File("a.csv", content.encode()), **options)
    try:
        data = dataset_of(with_columns(one))
    except TaskError as problem:
        assert str(problem)
        return
    assert isinstance(data, Dataset)
    for example in (*data.train, *data.test):
        assert np.isfinite(example.inputs).all() if data.series else True


def test_a_window_is_named_by_the_time_at_which_it_begins():
    data = dataset_of(upload(walk(150), window=5))
    names = list(data.windows)
    assert names[0] == "2020-01-01" and len(names) == len(data.train) + len(data.test)
    for number, window in enumerate(data.windows.values()):
        assert window.number == number
        assert window.example is (*data.train, *data.test)[number]
        assert data.units.own(window.example.inputs)[:, 0] == pytest.approx(
            window.piece.values[window.start : window.end, 0]
        )
        assert data.phrase_of(window.example) == names[number]
    assert data.window_at("2020-03-02") is data.windows["2020-03-02"]
    # A month or a year is its first window.
    assert data.window_at("2020-03") is data.windows["2020-03-01"]
    assert data.window_at("2020") is data.windows["2020-01-01"]
    assert data.window_at("2031") is None is data.window_at("")


def test_windows_of_several_series_have_their_names():
    frame = pd.concat([walk(60).assign(shop=name) for name in ("north", "south")])
    data = dataset_of(upload(frame, window=5, id="shop"))
    assert data.window_at("south").example.key == "south 2020-01-01"
    assert data.window_at("south 2020-02-03").piece.name == "south"
    words = Session(RunConfig(hidden=2)).dataset
    assert words.windows == {} and words.window_at("i") is None
    assert words.phrase_of(words.train[0]) == words.train[0].text


WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekly(count=140, week=WEEK):
    frame = walk(count, start="2024-01-01")
    return frame.assign(weekday=[week[k % 7] for k in range(count)], holiday=[0, 1] * (count // 2))


def test_an_input_of_few_texts_is_read_as_a_channel_each():
    data = dataset_of(with_columns(upload(weekly(), window=7)))
    assert data.vocabulary.words == (
        "x", *(f"next weekday={day}" for day in WEEK), "next holiday"
    )  # fmt: skip
    first = data.units.own(data.train[0].inputs).round(6)
    assert first[:, 1:8].argmax(axis=1).tolist() == [1, 2, 3, 4, 5, 6, 0]
    assert {*first[:, 1:8].sum(axis=1)} == {1}


def test_a_text_that_only_the_test_has_is_a_problem():
    test = weekly(30, week=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Holiday"))
    checked = check_rows(with_columns(upload(weekly(), test, window=7)))
    assert next(str(one) for one in checked.unusable) == (
        "a.csv, row 8: weekday is 'Holiday', which the training doesn't have. Fill or skip it."
    )
    assert len(checked.unusable) == 4


def test_a_missing_text_or_flag_is_filled_with_the_last_one():
    frame = weekly()
    frame.loc[[9, 10], "weekday"] = ""
    frame = frame.drop(index=[21])
    data = dataset_of(with_columns(upload(frame, window=7, fill="interpolate")))
    values = data.series.train[0].values
    assert {*values[:, 1:].ravel()} == {0, 1}
    assert [WEEK[k] for k in values[8:12, 1:8].argmax(axis=1)] == ["Tue", "Tue", "Tue", "Fri"]
    assert "weekday is empty. Fill or skip it." in str(check_rows(upload(frame)).unusable)


@each_row(
    ("frame", "options", "said"),
    [
        (
            weekly().assign(place=[f"p{k}" for k in range(140)]), {"input": "place", "value": "x"},
            "the input place has 140 different texts, more than 30. Choose another.",
        ),
        (
            pd.DataFrame({"day": range(99)} | {f"a{k} b": RNG.normal(size=99) for k in range(60)}),
            {"wide": False, "value": ",".join(f"a{k} b" for k in range(60))},
            "60 numbers at each step are more than 50. Choose fewer values or inputs.",
        ),
        (
            pd.DataFrame({"day": range(19_000)} | {f"a{k}": RNG.random(19_000) for k in range(9)}),
            {"horizon": 50, "value": ",".join(f"a{k}" for k in range(9))},
            "a horizon of 50 gives 8,550,000 numbers to expect",
        ),
        (
            pd.DataFrame({"day": range(900)} | {f"a{k}": RNG.random(900) for k in range(49)}),
            {"horizon": 50, "window": 200, "value": ",".join(f"a{k}" for k in range(49))},
            "30 windows of 200 steps have 14,700,000 numbers to expect, more than 8,000,000.",
        ),
    ],
)  # fmt: skip
def test_more_columns_than_can_be_learned_are_refused(frame, options, said):
    with pytest.raises(TaskError, match=said):
        dataset_of(with_columns(upload(frame, **{"window": 20} | options)))


def test_between_neighbours_nothing_is_made_up_before_the_first_number_and_after_the_last():
    known = RNG.normal(size=100)
    known[40:43] = np.nan
    x = [*[np.nan] * 20, *known, *[np.nan] * 5]
    frame = pd.DataFrame({"day": range(125), "x": x})
    data = dataset_of(with_columns(upload(frame, window=5, fill=Fill.INTERPOLATE)))
    every = Series.joined([*data.series.train, *data.series.test])
    assert every.times[0] == 20 and every.times[-1] == 119
    assert every.filled.sum() == 3
    np.testing.assert_allclose(every.values[every.grid == 61][0], (known[39] + known[43]) / 2)


def test_windows_of_many_values_far_ahead_are_thinned_so_that_they_fit():
    frame = pd.DataFrame({"day": range(900)} | {f"a{k}": RNG.random(900) for k in range(49)})
    columns = ",".join(f"a{k}" for k in range(49))
    data = dataset_of(with_columns(upload(frame, window=50, horizon=50, value=columns)))
    for part in (data.train, data.test):
        assert sum(example.targets.size for example in part) <= 8_000_000
    assert len(data.train) >= 30 and "evenly spaced" in " ".join(data.notes)


def test_a_time_in_two_columns_is_learned():
    frame = walk(120, freq="MS")
    apart = pd.DataFrame({"year": frame["date"].dt.year, "month": frame["date"].dt.month,
                          "x": frame["x"]})  # fmt: skip
    one, other = (dataset_of(with_columns(upload(f, window=12))) for f in (frame, apart))
    assert table_of_dataset(one) == table_of_dataset(other)
    assert [e.key for e in one.train] == [e.key for e in other.train]


def test_a_zero_of_the_table_is_zero_again():
    values = np.array([[0.0], [7.3], [1e-9], [50]])
    units = Units.of(values)
    assert units.own(units.standardised(values))[0, 0] == 0
    assert units.own(units.standardised(values))[2, 0] == pytest.approx(1e-9, rel=1e-4)
