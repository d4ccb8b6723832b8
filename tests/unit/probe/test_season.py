"""The season of series, and which units follow their steps."""

import numpy as np
import pandas as pd
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.activations import Activations
from rnnviz.probe.season import followed, following, properties_of, rows_of, season_of
from rnnviz.probe.session import Session, from_frame
from rnnviz.probe.units import StateSource
from tests.sampling import each_row

RNG = np.random.default_rng(3)


def wave(count, period, freq="D", start="2021-01-01", **columns):
    """A table of times with a wave of some period and noise."""
    times = pd.date_range(start, periods=count, freq=freq)
    values = np.sin(2 * np.pi * np.arange(count) / period) + 0.05 * RNG.normal(size=count)
    return pd.DataFrame({"time": times, "load": values.round(4), **columns})


def data_of(frame, **options):
    return from_frame(frame, RunConfig(hidden=3), window=8, **options).dataset


@each_row(
    ("count", "period", "freq", "cycle", "others"),
    [
        (240, 12, "MS", "year", []),
        (400, 7, "D", "week", []),
        (600, 24, "h", "day", ["week"]),
        (400, 10, "D", "", ["week"]),
        (2000, 11, "D", "", ["year", "week"]),
        (90, 5, "YS", "", []),
    ],
)
def test_a_season_that_is_the_calendar_s_has_its_name_and_other_cycles_are_properties(
    count, period, freq, cycle, others
):
    data = data_of(wave(count, period, freq))
    season = season_of(data)
    assert season.period == period
    assert (season.cycle.name if season.cycle else "") == cycle
    names = [one.name for one in properties_of(data, season)]
    assert names == ["season", "trend", "load", *others]


def test_the_phase_of_a_season_of_months_weeks_and_hours_is_that_of_the_date():
    data = data_of(wave(240, 12, "MS", "2000-05-01"))
    season = season_of(data)
    np.testing.assert_allclose(season.phases[:9] * 12, [4, 5, 6, 7, 8, 9, 10, 11, 0], atol=1e-9)
    assert season.quarters(season.phases).labels[:6] == (
        "Apr–Jun", "Apr–Jun", "Jul–Sep", "Jul–Sep", "Jul–Sep", "Oct–Dec"
    )  # fmt: skip
    week = season_of(data_of(wave(400, 7, "D", "2021-02-01")))  # a Monday
    np.testing.assert_allclose(week.phases[:8] * 7, [0, 1, 2, 3, 4, 5, 6, 0], atol=1e-9)
    assert week.quarters(week.phases).classes == ("Mon–Tue", "Wed–Thu", "Fri", "Sat–Sun")
    day = season_of(data_of(wave(400, 24, "h", "2021-02-01 06:00")))
    np.testing.assert_allclose(day.phases[:3] * 24, [6, 7, 8], atol=1e-9)


def test_a_season_without_a_date_counts_its_steps_on_one_grid_for_all_series():
    late = wave(150, 10).assign(time=np.arange(150) + 3, id="b")
    frame = pd.concat([wave(150, 10).assign(time=np.arange(150), id="a"), late])
    data = data_of(frame, id="id", time="time", value="load")
    season = season_of(data)
    begins = len(data.series.train[0])
    assert season.period == 10
    np.testing.assert_allclose(season.phases[:3], [0, 0.1, 0.2])
    np.testing.assert_allclose(season.phases[begins : begins + 3], [0.3, 0.4, 0.5])
    np.testing.assert_allclose(season.at(np.array([155, 170, 171])), [0.5, 0, 0.1])


def test_what_is_no_series_and_what_has_no_peak_has_no_season():
    assert season_of(Session(RunConfig()).dataset) is None
    straight = wave(200, 10).assign(load=np.arange(200.0))
    assert season_of(data_of(straight)) is None
    names = [one.name for one in properties_of(data_of(straight), None)]
    assert names == ["trend", "load", "week"]


def test_a_trend_is_the_mean_over_the_last_season_in_each_piece():
    data = data_of(wave(200, 10))
    (trend,) = (one for one in properties_of(data, season_of(data)) if one.name == "trend")
    values = data.series.train[0].values[:, 0]
    for k in (0, 4, 9, 57):
        assert trend.values[k, 0] == pytest.approx(values[max(0, k - 9) : k + 1].mean())


def test_of_several_series_the_level_is_no_trend():
    rows = [wave(100, 10).assign(id=name, load=np.arange(100) + level)
            for name, level in (("a", 0), ("b", 5000))]  # fmt: skip
    data = data_of(pd.concat(rows), id="id", time="time", value="load")
    found = {one.name: one.values[:, 0] for one in properties_of(data, None)}
    first = len(data.series.train[0])
    means = pd.Series(np.arange(first)).rolling(8, 1).mean()
    for part in (slice(first), slice(first, None)):
        np.testing.assert_allclose(found["trend"][part], means - means.mean())
    np.testing.assert_allclose(found["level"][first:] - found["level"][:first], 5000)


def test_rows_are_the_steps_of_the_pieces_that_the_windows_read():
    frame = pd.concat([wave(60, 9).assign(id="a"), wave(60, 9).assign(id="b")])
    session = from_frame(frame, RunConfig(hidden=3), id="id", value="load", window=8)
    data = session.dataset
    source = StateSource(session.state, data)
    activations = session.units.activations(source)
    values = np.concatenate([data.series.read(piece) for piece in data.series.train])
    read = values[rows_of(data, activations), 0]
    assert [f"{value:.4g}".replace("-", "−") for value in read] == list(activations.words)


def test_a_unit_that_is_a_property_follows_it_whatever_its_size_and_a_constant_one_nothing():
    data = data_of(wave(200, 10))
    season = season_of(data)
    cosine = np.cos(2 * np.pi * season.phases)
    noise = RNG.normal(size=len(cosine))
    states = np.column_stack([1e-150 * cosine + 1e-152, 1e200 * cosine, 0.7 + 0 * cosine, noise])
    found = following(states, np.arange(len(cosine)), data, season)
    shares = found.shares[0]
    assert found.properties[0].name == "season"
    assert shares[:3] == pytest.approx([1, 1, 0], abs=1e-6)
    assert shares[3] < 0.3
    load = data.series.train[0].values[:, 0]
    expected = [abs(np.corrcoef(column, load)[0, 1]) for column in (cosine, noise)]
    assert found.shares[2][[0, 3]] == pytest.approx(expected)


@pytest.mark.parametrize("count", [1, 2])
def test_the_multiple_correlation_is_that_of_least_squares(count):
    values, states = RNG.normal(size=(50, count)), RNG.normal(size=(50, 4)) + 3
    design = np.column_stack([np.ones(50), values])
    rest = states - design @ np.linalg.lstsq(design, states)[0]
    expected = np.sqrt(1 - rest.var(axis=0) / states.var(axis=0))
    np.testing.assert_allclose(followed(states, values), expected)


def test_values_that_depend_on_each_other_or_never_change_are_no_problem():
    values = RNG.normal(size=(50, 1))
    states = RNG.normal(size=(50, 2))
    doubled = np.column_stack([values, 2 * values, np.full(50, 0.1)])
    np.testing.assert_allclose(followed(states, doubled), followed(states, values))
    assert followed(states, np.full((50, 1), 0.1)).tolist() == [0, 0]


def test_states_of_some_windows_are_measured_at_their_own_steps():
    data = data_of(wave(200, 10))
    season = season_of(data)
    owners = np.repeat([5, 80], 8)
    states = np.tile(np.arange(8.0), 2)[:, None]
    part = Activations(("",) * 16, states, owners, np.tile(np.arange(8), 2))
    assert rows_of(data, part).tolist() == [*range(5, 13), *range(80, 88)]
    assert following(states, rows_of(data, part), data, season).shares.shape == (4, 1)
