"""A window of numbers over time as a curve, and the whole series."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rnnviz.charts.first_page import network, words_of
from rnnviz.charts.series_pictures import MOST_ROWS, continued, series_arrays
from rnnviz.charts.theme import LIGHT
from rnnviz.config import RunConfig
from rnnviz.files.numbers import columns_of
from rnnviz.probe.continuation import Continuation
from rnnviz.probe.session import Session, from_frame

STEPS = np.arange(120)
DAYS = pd.date_range("2024-01-01", periods=len(STEPS), freq="D")
WAVE = 50 + 10 * np.sin(STEPS / 5)


def arrays_of(session, text=None):
    series, meta = series_arrays(session.inspect(text))
    return {one["name"]: one.get("z", one.get("y")) for one in series}, meta["curve"]


@pytest.fixture
def load():
    """A session on the load and the price of 120 days."""
    frame = pd.DataFrame({"day": DAYS, "load": WAVE, "price": STEPS % 7})
    return from_frame(
        frame, RunConfig(hidden=3), value="load", input="price", window=8, horizon=3,
        test_share=0.25,
    )  # fmt: skip


def test_the_curve_has_the_table_s_numbers_and_what_was_expected_for_them(load):
    found, curve = arrays_of(load, "2024-01-11")
    assert found["came"].shape == found["expected"].shape == (2, 11)
    np.testing.assert_allclose(found["came"][0], WAVE[10:21], rtol=1e-6)
    np.testing.assert_allclose(found["came"][1], STEPS[10:21] % 7)
    answers = load.dataset.own_answers(load.inspect("2024-01-11").answers)
    # A step ahead at every step, then up to the horizon.
    expected = [np.nan, *answers[:, 0], *answers[-1, 1:]]
    np.testing.assert_allclose(found["expected"][0], expected, rtol=1e-6)
    assert np.isnan(found["expected"][1]).all()
    assert (curve["names"], curve["joined"], curve["ahead"]) == (["load", "price"], True, 3)
    assert curve["times"][0] == "2024-01-11" and curve["times"][-1] == "01-21"


def test_numbers_that_were_typed_are_at_no_place_of_the_series(load):
    found, curve = arrays_of(load, "51,2 49.5,3")
    assert curve["number"] is None and curve["times"] == ["1", "2", "+1", "+2", "+3"]
    np.testing.assert_allclose(found["came"][:, :2], [[51, 49.5], [2, 3]])
    assert np.isnan(found["came"][:, 2:]).all()
    assert np.isnan(found["expected"][0, 0]) and np.isfinite(found["expected"][0, 1:]).all()


def test_the_whole_series_has_training_and_test_in_the_order_of_time(load):
    found, curve = arrays_of(load)
    (one, other) = curve["pieces"]
    assert [one[0], one[1] + other[1], one[2], other[2]] == [0, 120, 0, 1]
    x, y = found["whole 0"]
    known = ~np.isnan(x)
    np.testing.assert_allclose(y[known], WAVE, rtol=1e-6)
    assert len(found["starts"]) == len(load.dataset.windows)
    shown = list(load.dataset.windows.values())[curve["number"]]
    assert load.phrase_input.phrase == shown.example.key
    assert DAYS[int(found["starts"][curve["number"]])] == shown.piece.times[shown.start]
    assert curve["between"] == ["2024-01-01", "2024-04-29"]


def test_a_long_series_keeps_its_extremes():
    wave = np.sin(np.arange(9000) / 50)
    wave[4321] = 7
    frame = pd.DataFrame({"t": range(9000), "x": wave})
    found, curve = arrays_of(from_frame(frame, RunConfig(hidden=2), window=10))
    x, y = found["whole 0"]
    assert len(x) < 2000
    assert np.nanmax(y) == 7 and x[np.nanargmax(y)] == 4321
    assert curve["limits"][0][1] == 7


def test_curves_that_climb_have_the_height_of_the_steepest_window():
    frame = pd.DataFrame({"t": STEPS, "x": 100.0 * STEPS})
    session = from_frame(frame, RunConfig(hidden=2), window=5)
    for text, middle in (("0", 250), ("50", 5250)):
        ((low, high),) = arrays_of(session, text)[1]["limits"]
        assert high - low == 500 and (low + high) / 2 == middle


def test_series_are_drawn_one_after_the_other_each_with_its_test():
    frame = pd.concat(
        [pd.DataFrame({"shop": name, "day": DAYS, "x": WAVE + k}) for k, name in enumerate("ab")]
    )
    _, curve = arrays_of(from_frame(frame, RunConfig(hidden=2), window=6))
    assert [piece[2] for piece in curve["pieces"]] == [0, 1, 0, 1]
    assert [piece[0] for piece in curve["pieces"]] == sorted(piece[0] for piece in curve["pieces"])
    assert curve["series"] == 2


def test_a_class_is_answered_below_a_curve_that_expects_nothing():
    frame = pd.DataFrame(
        {"t": STEPS, **{f"c{k}": WAVE * k for k in (1, 2, 3, 5, 8)}, "state": STEPS // 20 % 2}
    )
    session = from_frame(frame, RunConfig(hidden=2), label="state", window=6, input=[])
    found, curve = arrays_of(session)
    assert (curve["joined"], curve["ahead"], curve["more"]) == (False, 0, 1)
    assert len(curve["names"]) == MOST_ROWS == len(found["came"])
    assert np.isnan(found["expected"]).all()


def test_what_was_filled_is_marked():
    frame = pd.DataFrame({"t": STEPS, "x": WAVE})
    frame.loc[12, "x"] = np.nan
    session = from_frame(frame, RunConfig(hidden=2), window=6, fill="last")
    assert arrays_of(session, "10")[1]["filled"] == [[2]]


def test_only_numbers_over_time_have_a_curve(load):
    session = Session(RunConfig(hidden=3, task="waves"))
    assert series_arrays(session.inspect()) == ([], {})
    for one, has in ((load, True), (session, False)):
        probe = one.inspect()
        meta = network(one, probe, words_of(one, probe), LIGHT).layout["meta"]
        assert ("curve" in meta) == has


def test_the_continuation_has_a_band_and_what_came(load):
    past = load.dataset.series.train[-1].at(slice(-10, None))
    times, values = past.times[-2:], np.array([[50.0], [51]])
    came = Continuation("", times, values, np.array([[50.5], [np.nan]]), np.full((2, 1), 3.0))
    band, read, real, expected = continued(came, past, ["load"], LIGHT).series
    assert len(read["x"]) == 10 and list(expected["x"]) == [10, 11]
    assert expected["customdata"] == ["expected 50", "expected 51"]
    assert real["customdata"][0] == "came 50.5" and np.isnan(real["y"][1])
    assert (band["y"][0] - band["y"][-1]) / 2 == 3
    two = Continuation("", times, values[:, [0, 0]], came.real[:, [0, 0]], came.spread[:, [0, 0]])
    both = continued(two, past, ["load", "price"], LIGHT)
    below, above = (both.layout[name]["domain"] for name in ("yaxis2", "yaxis"))
    assert below[0] == pytest.approx(0) and below[1] < above[0] and above[1] == 1
    found = {column.name: column.cells for column in columns_of(both)}
    assert found["load came"][0] == found["price came"][0] == "50.5"
    assert found["price read"] == [str(int(value)) for value in past.values[:, 1]]
    assert found["price usual error"] == ["3", "3"]
    assert both.layout["title"]["text"].startswith("On its own: ")
    store = continued(came, replace(past, name="<b>"), ["load"], LIGHT, named=True)
    assert store.layout["title"]["text"].startswith("On its own, &lt;b&gt;: ")
    broken = Continuation("", times, values * np.inf, came.real, came.spread)
    assert not continued(broken, past, ["load"], LIGHT).series
