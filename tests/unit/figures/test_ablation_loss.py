"""The rise of the loss without each unit, and the response of units to words."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.selectivity import Response
from rnnviz.figures.ablation_loss import ablation_heatmap
from rnnviz.figures.axis_limits import StickyScale
from rnnviz.figures.color_math import contrast
from rnnviz.figures.heatmap_labels import tint
from rnnviz.figures.response import response_matrix
from rnnviz.figures.theme import DARK, LIGHT
from tests.sampling import each_row


@each_row(("hidden", "shape"), [(1, (1, 1)), (8, (1, 8)), (20, (3, 8)), (64, (4, 16))])
def test_units_are_in_rows(hidden, shape):
    cells, names = ablation_heatmap(np.arange(hidden) / 10).figure.data
    assert np.shape(cells.z) == shape
    assert np.array(cells.customdata).ravel()[:hidden].tolist() == list(range(hidden))
    assert np.array(cells.z).ravel()[:hidden] == pytest.approx(np.arange(hidden) / 10, abs=1e-6)
    assert names.text[hidden - 1] == str(hidden - 1)
    assert not any(names.text[hidden:])


@each_row("rises", [[np.nan, np.nan], [np.nan, 0.5], [np.inf, 0.5], [np.inf, np.nan], [0.0, 0.0]])
def test_what_is_not_known_yet_or_infinite_can_be_drawn(rises):
    cells, _ = ablation_heatmap(np.array(rises)).figure.data
    assert np.isfinite(np.array(cells.z, float)).all()
    assert cells.zmax > 0
    assert np.abs(cells.z).max() <= cells.zmax


def test_the_scale_does_not_shrink_while_a_unit_is_not_known_yet():
    theme = replace(LIGHT, scale=StickyScale())
    rises = ([0.9, 0.9], [0.01, np.nan], [0.01, 0.01])
    drawn = [ablation_heatmap(np.array(r), theme=theme).figure for r in rises]
    assert [figure.data[0].zmax for figure in drawn] == [1, 1, 0.01]


def test_a_hover_has_the_number_and_a_name_tells_silenced_and_unknown_units():
    rises = np.array([0.25, -0.5, np.nan, np.inf, 0, 0, 0, 0, 0])
    drawn = ablation_heatmap(rises, {4}, unit="nats").figure
    cells, names = drawn.data
    hovers = np.ravel(cells.text).tolist()
    assert cells.hovertemplate == "%{text}<extra></extra>"
    assert hovers[:4] == [
        "unit 0: ΔL = 0.250000 nats", "unit 1: ΔL = -0.500000 nats",
        "unit 2: not measured yet", "unit 3: ΔL = ∞ nats",
    ]  # fmt: skip
    assert hovers[9:] == [""] * 7
    assert names.text[:6] == ("0", "1", "?", "3", "✕", "5")
    assert drawn.layout.yaxis.autorange == "reversed"


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_numbers_are_easy_to_read_on_every_colour(theme):
    rises = np.array([-1.0, -0.4, 0.0, 0.4, 1.0])
    cells, names = ablation_heatmap(rises, theme=theme).figure.data
    for share, color in zip(np.ravel(cells.z), names.textfont.color, strict=True):
        assert contrast(color, tint(float(share), theme)) > 4.5


# Responses

MEANS = np.array([[1.0, -0.5], [0.1, 0.2], [-0.9, 0.4]])
RESPONSE = Response(("not", "<b>"), MEANS, np.array([3, 1]), np.array([0, 2, 1]))


def test_rows_are_in_the_order_of_similarity_with_a_frame_around_the_chosen_unit():
    drawn = response_matrix(RESPONSE, chosen=1).figure
    (cells,), layout = drawn.data, drawn.layout
    assert np.array(cells.z) == pytest.approx(MEANS[[0, 2, 1]], abs=1e-6)
    assert cells.zmin == -cells.zmax < 0
    assert cells.customdata[1][0] == "unit 2, “not” (3 times)"
    assert layout.yaxis.ticktext == ("0", "2", "1")
    assert layout.yaxis.range == (2.5, -0.5)
    assert layout.xaxis.ticktext == ("not", "&lt;b&gt;")
    (frame,) = layout.shapes
    assert (frame.y0, frame.y1) == (1.5, 2.5)
    assert not response_matrix(RESPONSE, chosen=9).figure.layout.shapes


def test_of_many_units_some_are_named_and_units_that_never_change_can_be_drawn():
    still = Response(("a", "b", "c"), np.zeros((256, 3)), np.ones(3, int), np.arange(256))
    drawn = response_matrix(still, 0).figure
    assert len(drawn.layout.yaxis.ticktext) == 24
    assert drawn.data[0].zmax > 0
