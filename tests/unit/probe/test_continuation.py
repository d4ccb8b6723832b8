"""Numbers that a network continues."""

import numpy as np
import pandas as pd
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.probe.continuation import compared, continuation, judged, told_beside
from rnnviz.probe.passes import forward_pass
from rnnviz.probe.questions import TrainQuestion
from rnnviz.probe.session import Session
from rnnviz.tasks.data.number_cells import written
from rnnviz.tasks.data_source import PRESETS
from rnnviz.tasks.dataset import Example
from rnnviz.tasks.forecasts import ForecastErrors
from rnnviz.tasks.upload import File, Upload

RNG = np.random.default_rng(3)
STEPS = np.arange(240)
SETTINGS = {"cell": "gru", "hidden": 12, "optimizer": "adam", "lr": 0.02, "batch": 16}


def session(frame, epochs=0, **options):
    made = Session(RunConfig(**SETTINGS, epochs=200))
    made.load(Upload(File("a.csv", frame.to_csv(index=False).encode()), **options))
    assert not made.data.problem
    made.player.advance(epochs)
    return made


def months(**columns):
    dates = pd.date_range("2000-01-01", periods=len(STEPS), freq="MS")
    wave = 20 + 5 * np.sin(2 * np.pi * STEPS / 12) + 0.3 * RNG.normal(size=len(STEPS))
    return pd.DataFrame({"date": dates, "x": wave.round(3), **columns})


def test_a_network_fed_with_its_own_answers_is_one_that_reads_them():
    made = session(months(price=RNG.normal(size=240).round(2)), window=10, horizon=3)
    data, network = made.dataset, made.state.parameters
    found = continuation(data, network, 6)
    read = data.units.standardised(data.series.read(data.series.train[0]))[-10:]
    prices = data.units.standardised(data.series.read(data.series.test[0]))[:, 1]
    # The price that the last step of the training has read is the first one of the test.
    first = months_price(made)
    read[-1, 1] = first
    expected = []
    for k in range(6):
        trace = forward_pass(network, collate([Example("", read, np.zeros((1, 3)))]))
        expected.append(trace.probs[-1, 0])
        read = np.vstack([read, [expected[-1], prices[k]]])
    own = data.units.of_channels([0]).own(np.array(expected)[:, None])
    assert np.allclose(found.values, own)
    assert np.allclose(found.real[:, 0], data.series.test[0].values[:6, 0])


def months_price(made):
    price = made.dataset.series.test[0].values[0, 1]
    return (price - made.dataset.units.mean[1]) / made.dataset.units.scale[1]


def test_it_goes_on_beyond_the_data_in_their_rhythm():
    made = session(months(), window=12)
    found = continuation(made.dataset, made.state.parameters, 60)
    assert found.values.shape == found.real.shape == found.spread.shape == (60, 1)
    assert np.isnan(found.real[:, 0]).tolist() == [False] * 48 + [True] * 12
    assert written(found.times)[0] == "2016-01"
    assert written(found.times)[-1] == "2020-12"
    assert (np.diff(found.times.astype("datetime64[M]")).astype(int) == 1).all()


def test_with_inputs_it_ends_where_they_are_known():
    made = session(months(price=RNG.normal(size=240)), window=12)
    assert len(continuation(made.dataset, made.state.parameters, 60).values) == 48


def test_a_trained_network_continues_a_wave_and_knows_how_far_it_was_off():
    made = session(months(), epochs=40, window=24)
    found = continuation(made.dataset, made.state.parameters, 24)
    off = np.abs(found.values - found.real)
    assert off.mean() < 1.5
    assert (found.spread > 0).all()
    assert 0.1 < found.spread.mean() < 2


def test_the_spread_is_measured_on_the_training_alone():
    frame = months()
    later = frame.assign(x=frame["x"].where(frame.index < 192, 1.0 + frame["x"]))
    one, other = (session(f, epochs=2, window=12) for f in (frame, later))
    found = [continuation(s.dataset, s.state.parameters, 10) for s in (one, other)]
    assert np.array_equal(found[0].spread, found[1].spread)
    assert np.array_equal(found[0].values, found[1].values)
    assert not np.array_equal(found[0].real, found[1].real)


def test_a_network_is_compared_with_simple_models_after_the_same_windows():
    made = session(months(), epochs=40, window=24, horizon=3)
    found = {one.name: one for one in compared(made.dataset, made.state.parameters)}
    assert [*found] == ["network", "last value", "same season", "mean", "linear autoregression"]
    assert {one.errors.shape for one in found.values()} == {(22, 3, 1)}
    assert (found["network"].mase < found["last value"].mase).all()
    last = made.dataset.test[-1]
    trace = forward_pass(made.state.parameters, collate([last]))
    assert np.allclose(
        found["network"].errors[-1].ravel() / made.dataset.units.scale[0],
        trace.probs[-1] - last.targets[-1],
    )


def test_without_windows_there_is_nothing_to_compare():
    made = session(months(), window=100)
    with pytest.raises(ValueError, match="no window"):
        compared(made.dataset, made.state.parameters)


@pytest.mark.parametrize(("task", "low", "high"), [("elnino", 0.6, 0.75), ("sunspots", 1.2, 1.5)])
def test_the_presets_of_the_shipped_series_are_better_than_simple_models(task, low, high):
    made = Session(PRESETS[task][0].config())
    made.player.advance(made.config.epochs)
    network, *others = compared(made.dataset, made.state.parameters)
    assert low < network.mase.mean() < high
    assert network.mase.mean() < min(one.mase.mean() for one in others)


def errors(name, scaled, own):
    """Errors of two columns, one step ahead; the second is 100 times as large."""
    found = np.array([[[own, 100 * own]], [[-own, np.nan]]])
    return ForecastErrors(name, f"the {name}", found, np.array([own, 100 * own]) / scaled)


@pytest.mark.parametrize(
    ("column", "network", "sentence"),
    [
        (0, 0.4, "Mean error of sea 0.400 on the test; mean: 0.500."),
        (1, 0.4, "Mean error of air 40 on the test; mean: 50."),
        (1, 0.6, "The mean is better: 50 against 60 on the test."),
        (None, 0.4, "Mean scaled error 0.400 on the test; mean: 0.500."),
        (0, 0.50001, "Mean error of sea 0.500 on the test; mean: 0.500."),
        (None, 0.6, "The mean is better: scaled error 0.500 against 0.600 on the test."),
        (0, np.nan, ""),
    ],
)
def test_a_network_is_judged_beside_the_best_simple_model(column, network, sentence):
    found = [
        errors("network", network, network), errors("last value", 0.7, 0.7),
        errors("mean", 0.5, 0.5),
    ]  # fmt: skip
    assert judged(found, ("sea", "air"), "on the test", column) == sentence


def test_a_story_of_numbers_says_what_is_better():
    made = session(months(), window=24)
    made.player.advance(40)
    network, *others = compared(made.dataset, made.state.parameters)
    best = min(others, key=lambda one: one.mase.mean())
    said = told_beside(made.dataset, made.state.parameters)
    assert made.story.sentence.startswith(said)
    assert made.story.question is TrainQuestion.WRONG
    if best.mae.mean() < network.mae.mean():
        assert said.startswith(f"{best.text[0].upper()}{best.text[1:]} is better: ")
    else:
        assert said.startswith("Mean error of x ")
        assert best.name in said
    assert f"{best.mae.mean():.3g}" in said
    assert f"{network.mae.mean():.3g}" in said


def test_the_story_of_other_data_has_no_such_sentence():
    made = Session(RunConfig(task="waves"))
    assert not told_beside(made.dataset, made.state.parameters)


def test_without_a_test_the_training_is_judged():
    made = session(months(), window=100)
    assert not made.dataset.test
    assert "on the training" in told_beside(made.dataset, made.state.parameters)
