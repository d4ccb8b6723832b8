"""What every unit is worth, drawn."""

import numpy as np
import pytest

from rnnviz.figures.ablation_loss import unit_ablation_losses
from rnnviz.figures.colors import contrast
from rnnviz.figures.theme import DARK, LIGHT
from rnnviz.figures.tinted_text import tint
from tests.sampling import each_row


@each_row(("hidden", "shape"), [(1, (1, 1)), (8, (1, 8)), (20, (3, 8)), (64, (4, 16))])
def test_units_stand_row_by_row(hidden, shape):
    grid, written = unit_ablation_losses(np.arange(hidden) / 10).figure.data
    assert np.shape(grid.z) == shape
    assert np.array(grid.customdata).ravel()[:hidden].tolist() == list(range(hidden))
    assert np.array(grid.z).ravel()[:hidden] == pytest.approx(np.arange(hidden) / 10, abs=1e-6)
    names = list(written.text)
    assert names[hidden - 1] == str(hidden - 1)
    assert not any(names[hidden:])


def test_a_silenced_unit_has_a_cross():
    _, written = unit_ablation_losses(np.zeros(8), {3}).figure.data
    assert list(written.text) == ["0", "1", "2", "✕", "4", "5", "6", "7"]


@each_row("rises", [[np.nan, np.nan], [np.nan, 0.5], [np.inf, 0.5], [np.inf, np.nan], [0.0, 0.0]])
def test_what_is_not_known_yet_or_beyond_all_bounds_can_be_drawn(rises):
    grid, _ = unit_ablation_losses(np.array(rises)).figure.data
    assert np.isfinite(np.array(grid.z, float)).all()
    assert grid.zmax > 0
    assert np.abs(grid.z).max() <= grid.zmax


def test_what_is_pointed_at_is_told_as_it_is():
    rises = np.array([0.25, -0.5, np.nan, np.inf, 0, 0, 0, 0, 0])
    grid, written = unit_ablation_losses(rises, unit="nats").figure.data
    told = np.ravel(grid.hovertext).tolist()
    assert grid.hovertemplate == "%{hovertext}<extra></extra>"
    assert told[:4] == [
        "unit 0: ΔL = 0.250000 nats", "unit 1: ΔL = -0.500000 nats",
        "unit 2: not weighed yet", "unit 3: ΔL = ∞ nats",
    ]  # fmt: skip
    assert told[9:] == [""] * 7
    assert list(written.text)[:4] == ["0", "1", "?", "3"]


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_numbers_are_easy_to_read_on_every_colour(theme):
    grid, written = unit_ablation_losses(
        np.array([-1.0, -0.4, 0.0, 0.4, 1.0]), theme=theme
    ).figure.data
    for share, color in zip(np.ravel(grid.z), written.textfont.color, strict=True):
        assert contrast(color, tint(float(share), theme)) > 4.5
