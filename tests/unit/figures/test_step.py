"""One moment in numbers."""

import math
from itertools import pairwise

import numpy as np
import pytest

from rnnviz.analysis.breakdown import Term, Terms, terms
from rnnviz.analysis.moment_vectors import operation
from rnnviz.analysis.notation import Names
from rnnviz.analysis.parameter_blocks import blocks
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


def strips_at(step, moment):
    return operation_rows(operation(step, Focus(moment, 3)), unit=3)


def test_a_row_shows_its_strip_as_a_share_of_its_scale(step):
    strips = operation(step, Focus(FORWARD, 3))
    drawn = operation_rows(strips)
    rows = np.array(drawn.figure.data[0].z)[::2]
    for row, strip, scale in zip(rows, strips, drawn.figure.layout.annotations, strict=True):
        limit = float(scale.text.removeprefix("±"))
        assert row == pytest.approx(np.clip(strip.values / limit, -1, 1), abs=1e-6)


def test_rows_are_named_in_their_order(step):
    labels = strips_at(step, FORWARD).figure.layout.yaxis.ticktext
    assert labels == (
        "W_xh[:, “not”]",
        "W_hh h_2",
        "b_h",
        "a_3, their sum",
        "h_3 = tanh(a_3)",
    )


def test_summands_and_sum_have_one_scale(step):
    scales = [note.text for note in strips_at(step, FORWARD).figure.layout.annotations]
    assert len(set(scales[:4])) == 1


def test_a_line_stands_above_the_sum(step):
    (line,) = strips_at(step, FORWARD).figure.layout.shapes
    assert 2 < line.y0 == line.y1 < 3
    assert not strips_at(step, LOSS).figure.layout.shapes


def test_what_is_never_negative_has_a_scale_of_its_own(step):
    signed, unsigned, _ = strips_at(step, BACKWARD).figure.data
    assert (signed.zmin, unsigned.zmin) == (-1, 0)
    filled = [~np.isnan(np.array(kind.z)[::2]).all(axis=1) for kind in (signed, unsigned)]
    assert filled[0].tolist() == [True, True, True, False, True]
    assert (filled[0] ^ filled[1]).all()


def test_few_cells_carry_their_numbers(step, step_of):
    assert strips_at(step, LOSS).figure.data[0].texttemplate
    assert strips_at(step, LOSS).figure.data[0].text[0][
        0
    ] == f"{step.trace.logits[0, 0]:.4g}".replace("-", "−")


def test_the_loss_stands_below_its_target(step):
    unsigned = strips_at(step, LOSS).figure.data[1]
    assert [text != "" for text in unsigned.text[8]] == [False, True]


def test_a_hover_has_the_exact_number(step):
    hover = strips_at(step, FORWARD).figure.data[0].customdata[6][5]
    assert hover == f"a_3, their sum<br>unit 5: {float(step.unrolled(0).of('a')[2, 5])!r}"


def test_the_unit_is_outlined_in_every_row(step):
    assert list(strips_at(step, FORWARD).figure.data[2].x).count(None) == 5
    assert not strips_at(step, LOSS).figure.data[2].x
    assert not operation_rows(operation(step, Focus(FORWARD, 3))).figure.data[2].x


def test_the_rows_have_their_places_at_every_moment(step):
    drawn = [strips_at(step, moment).figure.layout for moment in timeline(4)]
    places = {(str(d.margin), d.yaxis.range, d.height) for d in drawn}
    assert len(places) == 1


def terms_of(*values):
    rows = tuple(Term(f"x[{i}]", (2.0, v / 2), v) for i, v in enumerate(values))
    return Terms("s", rows, sum(values), "t = tanh(s)", chosen="x[1]")


def test_the_sum_stands_on_top_and_the_largest_terms_below():
    drawn = term_bars(terms_of(1.0, -4.0, 2.0))
    assert list(drawn.figure.data[0].x) == [-1.0, -4.0, 2.0, 1.0]
    assert drawn.figure.layout.yaxis.ticktext == ("<b>s</b>", "<b>x[1]</b>", "x[2]", "x[0]")
    assert drawn.figure.layout.yaxis.range[0] > drawn.figure.layout.yaxis.range[1]


def test_the_others_are_one_grey_bar():
    values = [float(v) for v in range(1, 31)]
    bars = term_bars(terms_of(*values), DARK).figure.data[0]
    assert len(bars.x) == 22
    assert bars.x[-1] == sum(range(1, 12)) - 2  # 2 is the chosen term, shown by itself
    assert bars.x[-2] == 2
    assert bars.marker.color[-1] == DARK.muted
    assert math.fsum(bars.x[1:]) == bars.x[0]


def test_bars_are_red_above_zero_and_blue_below():
    bars = term_bars(terms_of(1.0, -4.0)).figure.data[0]
    assert list(bars.marker.color) == [LIGHT.negative, LIGHT.negative, LIGHT.positive]


def test_a_term_s_hover_has_its_factors():
    bars = term_bars(terms_of(1.0, 1 / 3)).figure.data[0]
    assert bars.customdata[2] == f"x[1]<br>2.0 · {1 / 6!r} = {1 / 3!r}"


def test_the_title_is_the_sum_and_below_it_what_follows():
    layout = term_bars(terms_of(1.0, -4.0)).figure.layout
    assert layout.title.text == "s = −3, term by term"
    assert layout.annotations[0].text == "then t = tanh(s)"


@each_row("values", [(1.0, -4.0), (1e-9, 2e-9), (0.0, 0.0), (300.0,)])
def test_every_bar_is_in_sight(values):
    drawn = term_bars(terms_of(*values))
    low, high = drawn.figure.layout.xaxis.range
    assert low == -high < 0
    assert high > max(map(abs, drawn.figure.data[0].x))


def test_bars_have_their_places_at_every_moment(step):
    drawn = [term_bars(terms(step, Focus(moment, 3))).figure.layout for moment in timeline(4)]
    assert len({(d.yaxis.range, str(d.margin), d.height) for d in drawn}) == 1


def mosaic_at(step, moment, theme=LIGHT):
    return parameter_mosaic(panels(step, moment), blocks(step, Focus(moment)), theme)


def test_a_panel_holds_every_parameter_once(step):
    (heatmap,) = mosaic_at(step, FORWARD).figure.data
    shown = np.array(heatmap.z)
    assert np.sort(shown[~np.isnan(shown)]) == pytest.approx(np.sort(step.before.theta), abs=0)


@each_row("name", ["W_xh[3, “not”]", "W_hh[3, 5]", "b_h[3]", "W_hy[“positive”, 3]"])
def test_an_entry_stands_where_its_name_does(step, name):
    (heatmap,) = mosaic_at(step, FORWARD).figure.data
    values = dict(zip(np.ravel(heatmap.customdata), np.ravel(heatmap.z), strict=True))
    expected = {
        step.names.entry(parameter, index): array[index]
        for parameter, array in step.before.named().items()
        for index in np.ndindex(array.shape)
    }
    assert values[name] == expected[name]
    assert all(values[key] == value for key, value in expected.items())


def test_edges_and_cells_fit_together(step):
    (heatmap,) = mosaic_at(step, FORWARD).figure.data
    rows, columns = np.shape(heatmap.z)
    assert (len(heatmap.y), len(heatmap.x)) == (rows + 1, columns + 1)
    assert list(heatmap.x) == sorted(heatmap.x)


@each_row(("moment", "count"), [(FORWARD, 1), (LOSS, 2), (BACKWARD, 2), (CLIP, 3)])
def test_panels_stand_side_by_side_in_one_height(step, moment, count):
    drawn = mosaic_at(step, moment)
    assert len(drawn.figure.data) == count
    domains = [drawn.figure.layout[f"xaxis{i or ''}"].domain for i in [0, *range(2, count + 1)]]
    assert all(a[1] < b[0] for a, b in pairwise(domains))
    assert drawn.figure.layout.height == mosaic_at(step, UPDATE).figure.layout.height


def test_before_and_after_have_one_scale(step):
    before, change, after = mosaic_at(step, UPDATE).figure.data
    assert before.zmax == after.zmax > change.zmax
    assert all(panel.zmin == -panel.zmax for panel in (before, change, after))


def test_cut_entries_are_shown(step_of):
    step = step_of(PHRASE, clip=0.001)
    *_, cut = mosaic_at(step, CLIP).figure.data
    shown = np.array(cut.z)
    assert set(np.unique(shown[~np.isnan(shown)])) == {-1, 0, 1}
    assert np.nansum(np.abs(shown)) == (np.abs(step.trace.gradient.theta) > 0.001).sum()


def test_blocks_are_named_over_every_panel(step):
    texts = [note.text for note in mosaic_at(step, UPDATE).figure.layout.annotations]
    for name in ("W_xh", "W_hh", "b_h", "W_hyᵀ", "b_y"):
        assert texts.count(name) == 3


def test_words_are_drawn_as_typed(step):
    marked = Names(tuple(f"<b>{w}" for w in step.names.vocabulary), step.names.classes)
    shown = blocks(step, Focus(FORWARD))._replace(names=marked)
    (heatmap,) = parameter_mosaic(panels(step, FORWARD), shown).figure.data
    assert "<" not in heatmap.customdata[0][0]


def test_the_values_stand_in_a_column_of_their_own():
    bars, ledger = term_bars(terms_of(1.0, -4.0)).figure.data
    assert len(set(ledger.x)) == 1
    assert list(ledger.y) == list(bars.y)
    assert max(abs(x) for x in bars.x) <= ledger.x[0]
    assert list(ledger.text) == ["−3", "−4", "1"]
