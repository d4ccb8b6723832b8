"""What units follow, and one of them over the season."""

import numpy as np
import pytest

from rnnviz.charts.hidden_states import STATE, UnitRows
from rnnviz.charts.theme import LIGHT
from rnnviz.probe.season import Following, Property, Season
from rnnviz.questions.carry.season_pictures import OverSeason, following_map, unit_season

NAMES = ("season", "trend", "<b>")
SHARES = np.array([[0.1, 0.9, 0.3], [0.8, 0.2, 0.1], [0.5, 0.4, 0.6]])


def following(names=NAMES, shares=SHARES):
    properties = (Property(name, f"the {name}", np.zeros((0, 1))) for name in names)
    return Following(tuple(properties), shares)


def test_every_property_has_its_column_with_the_best_unit_above_it_and_its_cell_framed():
    drawn = following_map(following(), UnitRows(np.array([2, 1, 0]), 1), "What").figure
    (cells,), layout = drawn.data, drawn.layout
    np.testing.assert_allclose(np.array(cells.z), SHARES.T[[2, 1, 0]], atol=1e-6)
    assert (cells.zmin, cells.zmax) == (0, 1)
    assert list(cells.x) == ["season", "trend", "&lt;b&gt;"]
    texts = [(one.x, one.text) for one in layout.annotations]
    assert texts == [
        ("season", "unit 1"), ("season", "season"), ("trend", "unit 0"), ("trend", "trend"),
        ("&lt;b&gt;", "unit 2"), ("&lt;b&gt;", "&lt;b&gt;"),
    ]  # fmt: skip
    frames = [(one.x0, one.y0) for one in layout.shapes if one.x0 is not None][:3]
    assert frames == [(-0.5, 0.5), (0.5, 1.5), (1.5, -0.5)]


def test_of_many_units_the_best_have_a_row_and_of_many_columns_the_heads_are_short():
    shares = np.zeros((9, 200))
    shares[np.arange(9), [133] * 9] = 1
    rows = UnitRows(np.arange(200), 7)
    drawn = following_map(following([f"a long name {k}" for k in range(9)], shares), rows, "W")
    assert {"133", "7"} <= {*drawn.series[0]["y"]}
    assert "1 in" in drawn.layout["title"]["text"]
    texts = [one["text"] for one in drawn.layout["annotations"]]
    assert texts[:2] == ["133", "a l…"]


@pytest.mark.parametrize("period", [1, 4])
def test_a_unit_over_the_season_has_its_points_its_means_and_the_own_window(period):
    season = Season(period, np.arange(12))
    phases, values = season.phases, np.arange(12.0)
    own = OverSeason(phases[:3], np.array([-1.0, -2, -3]))
    every, means, rings = unit_season(
        OverSeason(phases, values), own, season, "Unit", view=STATE
    ).figure.data
    assert len(every.x) == 12
    assert np.array(every.x) == pytest.approx(np.arange(12) % period)
    expected = [values[k::period].mean() for k in range(period)]
    assert np.array(means.y) == pytest.approx(expected)
    assert list(means.text) == [f"{k + 1}" for k in range(period)]
    assert means.line.color == LIGHT.forward
    assert list(rings.y) == [-1, -2, -3]


def test_a_part_of_the_season_without_a_step_has_no_mean():
    season = Season(3, np.arange(9))
    every = OverSeason(season.phases[[0, 1, 3]], np.array([1.0, 2, 3]))
    none = OverSeason(np.empty(0), np.empty(0))
    drawn = unit_season(every, none, season, "Unit", view=STATE).figure.data
    np.testing.assert_allclose(np.array(drawn[1].y), [2, 2, np.nan])
