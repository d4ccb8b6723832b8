"""One moment in numbers."""

import math
from itertools import pairwise

import numpy as np
import pytest

from rnnviz.analysis.breakdown import Term, Terms, terms
from rnnviz.analysis.formatting import Names
from rnnviz.analysis.parameter_blocks import blocks
from rnnviz.analysis.step_vectors import operation
from rnnviz.analysis.training_step import Focus, panels
from rnnviz.engine.timeline import Moment, Phase, timeline
from rnnviz.figures.step import operation_rows, parameter_mosaic, term_bars
from rnnviz.figures.theme import DARK, LIGHT
from tests.sampling import each_row

PHRASE = "i am not good"
FORWARD, BACKWARD = Moment(Phase.FORWARD, 2), Moment(Phase.BACKWARD, 1)
LOSS, CLIP, UPDATE = Moment(Phase.LOSS, 3), Moment(Phase.CLIP, 0), Moment(Phase.UPDATE, 0)


@pytest.fixture
def step(step_of):
    return step_of(PHRASE)


def rows_at(step, moment, unit=3):
    return operation_rows(operation(step, Focus(moment, 3)), unit=unit).figure


def test_rows_are_shares_of_their_scale_and_summands_share_one_with_their_sum(step):
    rows, drawn = operation(step, Focus(FORWARD, 3)), rows_at(step, FORWARD)
    assert drawn.layout.yaxis.ticktext == (
        "W_xh[:, “not”]", "W_hh h_2", "b_h", "a_3, their sum", "h_3 = tanh(a_3)",
    )  # fmt: skip
    scales = [note.text for note in drawn.layout.annotations]
    assert len(set(scales[:4])) == 1
    for shares, row, scale in zip(np.array(drawn.data[0].z)[::2], rows, scales, strict=True):
        limit = float(scale.removeprefix("±"))
        assert shares == pytest.approx(np.clip(row.values / limit, -1, 1), abs=1e-6)
    (line,) = drawn.layout.shapes
    assert 2 < line.y0 == line.y1 < 3, "the line is above the sum"
    exact = float(step.unrolled(0).of("a")[2, 5])
    assert drawn.data[0].customdata[6][5] == f"a_3, their sum<br>unit 5: {exact!r}"


def test_what_is_never_negative_has_its_own_colours_and_scale(step):
    drawn = rows_at(step, BACKWARD)
    signed, unsigned, _ = drawn.data
    assert (signed.zmin, unsigned.zmin) == (-1, 0)
    filled = [~np.isnan(np.array(kind.z)[::2]).all(axis=1) for kind in (signed, unsigned)]
    assert filled[0].tolist() == [True, True, True, False, True]
    assert (filled[0] ^ filled[1]).all()
    assert [note.text[:1] for note in drawn.layout.annotations] == ["±", "±", "±", "0", "±"]


def test_few_cells_carry_their_numbers_and_the_loss_is_below_its_target(step):
    drawn = rows_at(step, LOSS)
    logit = f"{step.trace.logits[0, 0]:.4g}".replace("-", "−")
    assert drawn.data[0].texttemplate
    assert drawn.data[0].text[0][0] == logit
    assert [text != "" for text in drawn.data[1].text[8]] == [False, True]
    assert not drawn.layout.shapes


def test_the_unit_is_outlined_in_every_row_of_units(step):
    outlines = rows_at(step, FORWARD).data[2]
    assert list(outlines.x).count(None) == 5
    assert list(outlines.x)[:5] == [3, 4, 4, 3, 3]
    assert list(outlines.y)[:3] == [0, 0, 0.72]
    assert not rows_at(step, LOSS).data[2].x
    assert not rows_at(step, FORWARD, unit=None).data[2].x


def test_nothing_moves_between_the_moments(step):
    for draw in (
        lambda moment: rows_at(step, moment),
        lambda moment: term_bars(terms(step, Focus(moment, 3))).figure,
    ):
        layouts = [draw(moment).layout for moment in timeline(4)]
        assert len({(str(d.margin), d.yaxis.range, d.height) for d in layouts}) == 1


def terms_of(*values):
    rows = tuple(Term(f"x[{i}]", (2.0, v / 2), v) for i, v in enumerate(values))
    return Terms("s", rows, sum(values), "t = tanh(s)", chosen="x[1]")


def test_the_sum_is_on_top_and_the_largest_terms_below_with_their_values():
    drawn = term_bars(terms_of(1 / 3, -4.0, 2.0)).figure
    bars, values = drawn.data
    assert list(bars.x) == [1 / 3 - 4.0 + 2.0, -4.0, 2.0, 1 / 3]
    assert list(bars.marker.color) == [LIGHT.negative, LIGHT.negative, *[LIGHT.positive] * 2]
    assert bars.customdata[3] == f"x[0]<br>2.0 · {1 / 6!r} = {1 / 3!r}"
    assert drawn.layout.yaxis.ticktext == ("<b>s</b>", "<b>x[1]</b>", "x[2]", "x[0]")
    assert drawn.layout.yaxis.range[0] > drawn.layout.yaxis.range[1]
    assert 0 < drawn.layout.shapes[0].y0 < 1
    assert list(values.text) == ["−1.667", "−4", "2", "0.3333"]
    assert list(values.y) == list(bars.y)
    assert set(values.x) == {drawn.layout.xaxis.range[1]}, "beside all bars"
    assert drawn.layout.title.text == "s = −1.667, term by term"
    assert drawn.layout.annotations[0].text == "then t = tanh(s)"


@each_row("values", [(1.0, -4.0), (1e-9, 2e-9), (0.0, 0.0), tuple(range(300))])
def test_every_bar_is_in_sight_the_other_terms_as_one_grey_bar(values):
    drawn = term_bars(terms_of(*values)).figure
    low, high = drawn.layout.xaxis.range
    assert low == -high < 0
    assert high > max(map(abs, drawn.data[0].x))
    bars = term_bars(terms_of(*map(float, range(1, 31))), DARK).figure.data[0]
    assert len(bars.x) == 22
    assert bars.x[-1] == sum(range(1, 12)) - 2  # 2 is the chosen term, shown by itself
    assert bars.x[-2] == 2
    assert bars.marker.color[-1] == DARK.muted
    assert math.fsum(bars.x[1:]) == bars.x[0]


def mosaic_at(step, moment):
    return parameter_mosaic(panels(step, moment), blocks(step, Focus(moment))).figure


def test_a_panel_holds_every_parameter_once_where_its_name_is(step):
    (heatmap,) = mosaic_at(step, FORWARD).data
    rows, columns = np.shape(heatmap.z)
    assert (len(heatmap.y), len(heatmap.x)) == (rows + 1, columns + 1)
    assert list(heatmap.x) == sorted(heatmap.x)
    values = dict(zip(np.ravel(heatmap.customdata), np.ravel(heatmap.z), strict=True))
    assert np.isnan(values.pop("")), "gaps"
    assert values == {
        step.names.entry(parameter, index): array[index]
        for parameter, array in step.before.named().items()
        for index in np.ndindex(array.shape)
    }
    assert {"W_xh[3, “not”]", "W_hh[3, 5]", "b_h[3]", "W_hy[“positive”, 3]"} <= values.keys()


@each_row(("moment", "count"), [(FORWARD, 1), (LOSS, 2), (BACKWARD, 2), (CLIP, 3)])
def test_panels_are_side_by_side_at_one_height_with_the_names_of_their_blocks(step, moment, count):
    drawn = mosaic_at(step, moment)
    axes = ["x", *(f"x{i}" for i in range(2, count + 1))]
    assert [heatmap.xaxis for heatmap in drawn.data] == axes
    assert all(heatmap.zmin == -heatmap.zmax for heatmap in drawn.data)
    domains = [drawn.layout[name.replace("x", "xaxis")].domain for name in axes]
    assert all(a[1] < b[0] for a, b in pairwise(domains))
    assert drawn.layout.height == mosaic_at(step, UPDATE).layout.height
    texts = [note.text for note in drawn.layout.annotations]
    names = ("W_xh", "W_hh", "b_h", "W_hyᵀ", "b_y")
    assert [texts.count(name) for name in names] == [count] * 5


def test_words_are_drawn_as_typed(step):
    marked = Names(tuple(f"<b>{w}" for w in step.names.vocabulary), step.names.classes)
    shown = blocks(step, Focus(FORWARD))._replace(names=marked)
    (heatmap,) = parameter_mosaic(panels(step, FORWARD), shown).figure.data
    assert heatmap.customdata[0][0].startswith("W_xh[0, “&lt;b&gt;")
