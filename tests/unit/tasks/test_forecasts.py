"""Simple models of numbers over time, against closed forms."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.cancellation import cancellable
from rnnviz.tasks.data_source import TASKS
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.forecasts import (
    ForecastErrors,
    Outcomes,
    expected_values,
    forecasts,
    naive_error,
    outcomes,
    period_of,
    simple_answers,
    windows_of,
)
from rnnviz.tasks.upload import File, Upload, dataset_of
from tests.sampling import each_row

RNG = np.random.default_rng(7)


def dataset(values, **options) -> Dataset:
    """A data set of columns of numbers (N, C) or (N,)."""
    columns = {f"v{k}": column for k, column in enumerate(np.atleast_2d(np.array(values).T))}
    frame = pd.DataFrame({"t": range(len(values)), **columns})
    return dataset_of(Upload(File("a.csv", frame.to_csv(index=False).encode()), **options))


def test_simple_models_that_nobody_waits_for_are_not_fitted_to_the_end():
    def cancel():
        raise KeyboardInterrupt

    data = dataset(np.random.default_rng(1).normal(size=200), window=5)
    for _ in range(2):
        with cancellable(cancel), pytest.raises(KeyboardInterrupt):
            simple_answers(data)
    forecasts(data)
    with cancellable(cancel), pytest.raises(KeyboardInterrupt):
        simple_answers(data)
    assert len(simple_answers(data)) >= 3


def errors(data, name, test=True):
    ((model, answers),) = [
        pair for pair in simple_answers(data, test).items() if pair[0].name == name
    ]
    found, naive = outcomes(data, test).errors(answers), naive_error(data.series)
    return ForecastErrors(name, model.text, found, naive)


def test_of_a_straight_line_the_last_value_is_as_far_off_as_one_looks_ahead():
    found = errors(dataset(3 * np.arange(200.0), window=10, horizon=4), "last value")
    assert found.errors.shape == (27, 4, 1)
    assert np.allclose(found.mae[:, 0], [3, 6, 9, 12])
    assert np.allclose(found.mase[:, 0], [1, 2, 3, 4])


def test_a_season_is_repeated_exactly():
    wave = np.tile([1.0, 5, 2, 8, 3, 0, 7], 40)
    data = dataset(wave, window=10, horizon=9)
    assert period_of(data.series.train, 1) == 7
    assert np.allclose(errors(data, "same season").mae, 0)
    assert not [one for one in forecasts(dataset(wave, window=6)) if one.name == "same season"]


@each_row(("period", "trend"), [(12, 0.0), (12, 0.5), (7, 0.1), (24, 0.0)])
def test_a_period_is_found_below_noise_and_a_trend(period, trend):
    steps = np.arange(400)
    values = (
        np.sin(2 * np.pi * steps / period)
        + trend * steps
        + 0.3 * np.random.default_rng(7).normal(size=400)
    )
    assert period_of(dataset(values, window=5).series.train, 1) == period


def test_noise_and_lines_have_no_period():
    assert period_of(dataset(np.arange(200.0), window=5).series.train, 1) == 0
    walk = np.cumsum(np.random.default_rng(0).normal(size=40))
    assert period_of(dataset(walk, window=2).series.train, 1) in range(14)


def test_the_mean_is_that_of_the_training():
    values = RNG.normal(5, 2, 200)
    found = errors(dataset(values, window=10), "mean")
    assert np.allclose(found.errors[:, 0, 0], values[:160].mean() - values[170:])


def test_a_linear_recursion_is_found_exactly():
    """x_{t+1} = 1.6 x_t - 0.99 x_{t-1}, of which the autoregression is the formula."""
    values = [1.0, 0.5]
    for _ in range(198):
        values.append(1.6 * values[-1] - 0.99 * values[-2] + 0.001 * RNG.normal())
    found = errors(dataset(np.array(values), window=2), "linear autoregression")
    last = errors(dataset(np.array(values), window=2), "last value")
    assert found.mae[0, 0] < 0.002
    assert last.mae[0, 0] > 50 * found.mae[0, 0]


def test_the_autoregression_is_the_least_squares_fit_to_the_training():
    data = dataset(np.cumsum(RNG.normal(size=(200, 2)), axis=0), window=6, horizon=2)
    model = forecasts(data)[-1]
    windows, after = windows_of(data.train)
    rest = model.predict(windows) - after
    read = np.column_stack([np.ones(len(windows)), windows.reshape(len(windows), -1)])
    assert np.allclose(read.T @ rest, 0, atol=1e-8)


def test_a_linear_model_that_would_learn_the_training_by_heart_is_left_out():
    """Where two windows of each number read are not to be had."""
    values = np.random.default_rng(3).normal(size=(100, 3)).round(3)
    table = pd.DataFrame(values, columns=["a", "b", "c"]).to_csv(index=False).encode()
    names = [
        [one.name for one in forecasts(dataset_of(Upload(File("s.csv", table), window=window)))]
        for window in (5, 24)
    ]
    assert "linear autoregression" in names[0]
    assert "linear autoregression" not in names[1]


def test_errors_are_in_the_units_of_the_table_and_scaled_by_the_change_of_a_step():
    values = np.column_stack([1_000 * RNG.normal(size=200), 1e-6 * RNG.normal(size=200)])
    data = dataset(values, window=5, horizon=2)
    found = errors(data, "last value")
    loops = np.array([[values[t] - values[t + h] for h in (1, 2)] for t in range(164, 198)])
    assert np.allclose(found.errors, loops)
    naive = np.abs(np.diff(values[:160], axis=0)).mean(axis=0)
    assert np.allclose(found.naive, naive)
    assert np.allclose(found.mase, np.abs(loops).mean(axis=0) / naive)


def test_nothing_of_the_test_enters_a_simple_model():
    values = RNG.normal(size=200)
    later = np.where(np.arange(200) < 160, values, 9 + values)
    windows = RNG.normal(size=(4, 5, 1))
    one, other = (forecasts(dataset(v, window=5)) for v in (values, later))
    assert [model.name for model in one] == [model.name for model in other]
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a.predict(windows), b.predict(windows))


def test_what_was_filled_in_is_not_compared():
    frame = pd.DataFrame({"t": range(200), "v": RNG.normal(size=200).round(3)}).drop(index=[180])
    upload = Upload(File("a.csv", frame.to_csv(index=False).encode()), window=5, fill="last")
    found = errors(dataset_of(upload), "last value")
    assert np.flatnonzero(np.isnan(found.errors[:, 0, 0])).tolist() == [16]
    assert np.isfinite(found.mae).all()


def test_the_scale_of_errors_is_that_of_steps_that_were_not_filled_in():
    values = np.tile([0.0, 1.0], 100)
    frame = pd.DataFrame({"t": range(200), "v": values})
    frame.loc[50:89, "v"] = np.nan
    content = frame.to_csv(index=False).encode()
    data = dataset_of(Upload(File("a.csv", content), window=5, fill="last"))
    assert naive_error(data.series).tolist() == [1.0]


def test_what_came_has_the_series_and_the_times_of_the_table():
    days = pd.date_range("2024-01-01", periods=60)
    shops = [("north", 1.0), ("south", 10.0)]
    frame = pd.concat(
        pd.DataFrame({"day": days, "shop": shop, "units": scale * np.arange(60.0)})
        for shop, scale in shops
    )
    upload = Upload(File("a.csv", frame.to_csv(index=False).encode()), window=4, horizon=3)
    data = dataset_of(upload)
    for test, first, last in ((False, 4, 45), (True, 52, 57)):
        found = outcomes(data, test)
        per = last - first + 1
        assert found.series.tolist() == ["north"] * per + ["south"] * per
        assert found.values[-1, :, 0].tolist() == [10.0 * (last + k) for k in range(3)]
        assert found.times[0].tolist() == days[first : first + 3].tolist()
        assert not found.filled.any()
    both = found.joined([outcomes(data, False), found])
    assert both.at(np.array([-1])).times.tolist() == found.times[-1:].tolist()


def test_an_answer_that_is_no_number_is_infinitely_wrong_unless_nobody_knows_what_came():
    came = Outcomes(
        *(np.zeros(shape) for shape in ((2,), (2, 1), (2, 1, 1))), np.array([[[0]], [[1]]])
    )
    found = came.errors(np.full((2, 1, 1), np.nan))
    assert found.ravel().tolist() == pytest.approx([np.inf, np.nan], nan_ok=True)


def test_models_are_fitted_once_for_a_data_set_that_is_forgotten_with_it():
    # Files that were read before are kept elsewhere.
    data = replace(dataset(RNG.normal(size=200), window=5))
    assert forecasts(data) is forecasts(data)
    assert [*simple_answers(data)] == [*simple_answers(data, False)] == [*forecasts(data)]
    gone = weakref.ref(data)
    del data
    gc.collect()
    assert gone() is None


def test_other_data_have_none():
    with pytest.raises(ValueError, match="next values"):
        expected_values(TASKS["waves"].build(1, 0))


@given(st.integers(2, 12), st.integers(1, 20))
def test_the_same_season_is_the_latest_value_of_its_phase(window, horizon):
    wave = np.tile([1.0, 5, 2, 8], 60)
    data = dataset(wave, window=window, horizon=horizon)
    found = [model for model in forecasts(data) if model.name == "same season"]
    assert bool(found) == (window >= 4)
    for model in found:
        windows, after = windows_of(data.test)
        assert np.allclose(model.predict(windows), after)
