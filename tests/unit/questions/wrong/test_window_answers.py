"""What is expected after windows of series, against loops over the table."""

import csv
import io
import math

import numpy as np
import pandas as pd
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe import work
from rnnviz.probe.session import from_frame
from rnnviz.probe.work import spend
from rnnviz.questions.wrong.measure import ANSWERS, Ahead, DataPart, ResultsLab, result_csv
from rnnviz.tasks.forecasts import Forecast
from tests.sampling import each_row

DAYS = pd.date_range("2024-01-01", periods=60)
WINDOW, HORIZON = 4, 3


def shop(name, scale, seed):
    rng = np.random.default_rng(seed)
    units = (scale * (5 + np.sin(np.arange(60)) + 0.1 * rng.normal(size=60))).round(3)
    return pd.DataFrame(
        {"day": DAYS, "store": name, "units": units, "visits": (7 * units - 3).round(2)}
    )


FRAME = pd.concat([shop("north", 1, 0), shop("south", 100, 1)])
VALUES = ["units", "visits"]


def opened(frame=FRAME, **options):
    config = RunConfig(cell="gru", hidden=4, epochs=9)
    given = {"time": "day", "id": "store", "value": VALUES, "fill": "last"} | options
    made = from_frame(frame, config, window=WINDOW, horizon=HORIZON, **given)
    made.player.advance(1)
    return made


@pytest.fixture(scope="module")
def session():
    return opened()


def windows_by_hand(part):
    """The store, the values of the window, and the days and values after it, in their order."""
    for test in {DataPart.TEST: (True,), DataPart.TRAIN: (False,)}.get(part, (True, False)):
        for name in ("north", "south"):
            rows = FRAME[FRAME["store"] == name].reset_index(drop=True)
            rows = rows[48:] if test else rows[:48]
            for start in range(len(rows) - WINDOW - HORIZON + 1):
                after = rows[start + WINDOW : start + WINDOW + HORIZON]
                yield test, name, rows[start : start + WINDOW][VALUES], after


@each_row("part", DataPart)
def test_each_answer_stands_beside_what_came_at_its_time(session, part):
    lab, data = session.lab(ResultsLab), session.dataset
    lab.rows = part
    known = [*windows_by_hand(part)]
    for lab.column in (0, 1):
        for lab.ahead, ahead in zip(Ahead, (0, HORIZON - 1), strict=True):
            found = lab.step(session.state, data)
            assert found.owners.tolist() == [*range(len(known))]
            assert found.test.tolist() == [test for test, *_ in known]
            assert found.series.tolist() == [name for _, name, *_ in known]
            days = [after["day"].iloc[ahead] for *_, after in known]
            assert pd.DatetimeIndex(found.times).tolist() == days
            came = [after[VALUES[lab.column]].iloc[ahead] for *_, after in known]
            np.testing.assert_allclose(found.came, came)
            for k in (0, -1):
                text = " ".join(f"{u!r},{v!r}" for u, v in known[k][2].to_numpy().tolist())
                answers = data.own_answers(session.inspect(text).answers[-1])
                expected = answers.reshape(HORIZON, 2)[ahead, lab.column]
                assert found.expected[k] == pytest.approx(expected)
            np.testing.assert_allclose(found.errors, np.abs(found.expected - found.came))
            assert (np.diff(found.errors[found.largest]) <= 0).all()


def test_the_last_value_is_that_of_the_window(session):
    lab, data = session.lab(ResultsLab), session.dataset
    lab.rows = DataPart.ALL
    found = lab.windows(session.state, data)
    (last,) = [one for model, one in found.simple.items() if model.name == "last value"]
    for answers, (*_, read, _) in zip(last, windows_by_hand(DataPart.ALL), strict=True):
        np.testing.assert_allclose(answers, np.tile(read.to_numpy()[-1], (HORIZON, 1)))
    assert all(isinstance(model, Forecast) for model in found.simple)
    names = [one.name for one in found.compared()]
    assert names[:2] == ["network", "last value"]


def test_what_was_filled_in_is_listed_nowhere_and_is_no_error():
    frame = FRAME.assign(units=FRAME["units"].where(np.arange(120) != 55))
    made = opened(frame, value="units", input=())
    lab = made.lab(ResultsLab)
    found = lab.step(made.state, made.dataset)
    unknown = np.flatnonzero(np.isnan(found.errors))
    assert pd.DatetimeIndex(found.times[unknown]).tolist() == [DAYS[55]]
    assert unknown[0] not in found.largest
    (section,) = lab.largest(found)
    assert len(section.answers) == len(found.owners) - 1


def test_the_file_has_times_targets_and_the_answers_of_all_models(session):
    lab = session.lab(ResultsLab)
    lab.rows = DataPart.ALL
    text = result_csv(session, ANSWERS)
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("# ")]
    rows = [*csv.DictReader(io.StringIO("".join(lines)))]
    known = [*windows_by_hand(DataPart.ALL)]
    assert len(rows) == HORIZON * len(known)
    simple = ["last value", "mean", "linear autoregression"]
    for row, (test, name, read, after) in zip(rows[::HORIZON], known, strict=True):
        assert (row["part"], row["store"]) == ("test" if test else "train", name)
        assert (row["day"], row["ahead"]) == (f"{after['day'].iloc[0]:%Y-%m-%d}", "1")
        for column in VALUES:
            assert float(row[f"target {column}"]) == pytest.approx(after[column].iloc[0])
            assert float(row[f"last value {column}"]) == pytest.approx(read[column].iloc[-1])
            assert {f"{model} {column}" for model in ("predicted", *simple)} <= row.keys()
    found = lab.windows(session.state, session.dataset)
    predicted = [float(row["predicted visits"]) for row in rows]
    np.testing.assert_allclose(predicted, found.network[..., 1].ravel())


@each_row("part", [DataPart.TRAIN, DataPart.ALL])
def test_while_it_is_read_piece_by_piece_the_models_answer_the_same_windows(
    session, monkeypatch, part
):
    monkeypatch.setattr(work, "_CHUNK", 40 * session.state.parameters.theta.size)
    lab = ResultsLab()
    lab.rows = part
    some = lab.step(session.state, session.dataset)
    assert 0 < len(some.owners) < len(session.dataset.train) / 2
    assert spend(math.inf, lab.develop(session.state, session.dataset)) is False
    every = lab.step(session.state, session.dataset)
    assert every.owners.tolist() == [*range(len(lab.part(session.dataset)))]
    assert np.array_equal(some.test, every.test[some.owners])
    assert np.allclose(some.expected, every.expected[some.owners])
    assert np.allclose(some.came, every.came[some.owners])
