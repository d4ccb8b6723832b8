"""The hidden states of a phrase, its verdict, and the recurrent weights."""

import numpy as np
import pytest

from rnnviz.charts.hidden_states import StateView, running_margin_bars, state_heatmap
from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.probe.probe import RunningMargin
from rnnviz.probe.unrolled import Moment, Phase
from tests.sampling import each_row

WORDS = ["bad", "and", "not", "bad"]


@pytest.fixture
def states(learned):
    return learned.inspect(" ".join(WORDS)).trace.last.h[:, 0]


def margin_bars(*values, words=WORDS, label="positive", theme=LIGHT):
    return running_margin_bars(RunningMargin(1, np.array(values)), words, label, theme).figure


def test_a_column_is_the_state_after_its_word_and_equal_words_keep_their_own(states):
    drawn = state_heatmap(states, WORDS).figure
    assert np.array(drawn.data[0].z) == pytest.approx(states.T, abs=1e-6)
    assert drawn.layout.xaxis.ticktext == ("bad", "and", "not", "bad")
    assert drawn.layout.xaxis.tickvals == (0, 1, 2, 3)
    assert drawn.layout.yaxis.title.text == "unit"
    assert drawn.layout.yaxis.autorange == "reversed"
    assert drawn.layout.xaxis.range == margin_bars(1, 1, 1, 1).layout.xaxis.range


@each_row("scale", [0, 1e-4, 1.0])
def test_states_are_colored_symmetrically_around_zero(states, scale):
    (heatmap,) = state_heatmap(scale * states, WORDS).figure.data
    largest = np.abs(heatmap.z).max()
    assert heatmap.zmin == -heatmap.zmax < 0
    assert largest <= heatmap.zmax <= min(1, 2.5 * largest or 1), "tanh reaches 1"
    assert heatmap.colorscale[1] == (0.5, LIGHT.neutral)


@each_row(
    ("view", "limits"),
    [
        (StateView("i", "Input gate", gate=True), (0, 1)),
        (StateView("c", "Cell state", bounded=False), (-5, 5)),
        (StateView("h", "Hidden state"), (-1, 1)),
    ],
)
def test_a_gate_begins_at_zero_and_a_cell_state_has_no_bound(view, limits):
    drawn = state_heatmap(np.full((4, 3), 4.0), WORDS, view=view).figure
    (heatmap,) = drawn.data
    assert (heatmap.zmin, heatmap.zmax) == limits
    assert heatmap.colorbar.title.text == view.name
    assert drawn.layout.title.text == view.title


@each_row(
    ("text", "drawn"),
    [("<b>bad", "&lt;b&gt;bad"), ("$x$", "$x$"), ("a&amp;b", "a&amp;amp;b"), ("%{x}", "%{x}")],
)
def test_words_and_classes_are_drawn_as_typed(text, drawn):
    words = [text, *WORDS[1:]]
    heatmap = state_heatmap(np.ones((4, 8)), words).figure
    assert heatmap.layout.xaxis.ticktext[0] == drawn
    assert list(heatmap.data[0].customdata[7]) == [drawn, *WORDS[1:]]
    margin = margin_bars(1, -1, 2, 3, words=words, label=text)
    assert margin.layout.xaxis.ticktext[0] == drawn
    assert f"“{drawn}”" in margin.layout.title.text
    assert "margin of %{meta}" in margin.data[0].hovertemplate
    assert margin.data[0].meta == drawn


@each_row("values", [(-3, 1), (1e-6, 2e-6), (0, 0), (1e4, 5)])
def test_a_bar_is_at_every_word_red_above_zero_and_blue_below(values):
    drawn = margin_bars(*values, words=WORDS[:2], theme=DARK)
    (bars,) = drawn.data
    assert list(bars.x) == [0, 1]
    assert list(bars.y) == pytest.approx(values)
    assert list(bars.marker.color) == [DARK.positive if v > 0 else DARK.negative for v in values]
    low, high = drawn.layout.yaxis.range
    assert low == -high < 0
    assert high > max(map(abs, values))
    assert drawn.layout.yaxis.title.text == "margin (logits)"


@each_row(("phase", "t", "shown"), [("forward", 1, 2), ("loss", 3, 4), ("update", 0, 4)])
def test_in_the_forward_pass_later_columns_are_empty_and_nothing_moves(states, phase, t, shown):
    whole = state_heatmap(states, WORDS).figure
    drawn = state_heatmap(states, WORDS, moment=Moment(Phase(phase), t)).figure
    empty = np.isnan(np.array(drawn.data[0].z)).all(axis=0)
    assert empty.tolist() == [column >= shown for column in range(4)]
    assert drawn.data[0].zmax == whole.data[0].zmax
    assert drawn.layout == whole.layout


@each_row(("hidden", "step"), [(1, 1), (5, 1), (64, None)])
def test_of_few_units_none_is_halved_by_a_label_and_long_phrases_are_no_higher(hidden, step):
    short, long = (state_heatmap(np.ones((n, hidden)), ["bad"] * n).figure for n in (1, 100))
    assert short.layout.yaxis.dtick == step
    assert short.layout.height == long.layout.height
    assert (long.data[0].customdata is None) == (hidden == 64), "names would take long to send"


def test_encoder_and_decoder_are_named_at_their_line_below_the_title():
    single, both = (
        state_heatmap(
            np.ones((4, 8)), WORDS, view=StateView("h", "Hidden", bridge=bridge)
        ).figure.layout
        for bridge in (0, 2)
    )
    assert both.margin.t >= single.margin.t + 16
    assert both.shapes[0].x0 == both.shapes[0].x1 == 1.5
    assert [(n.text, n.x, n.xanchor) for n in both.annotations] == [
        ("encoder ", 1.5, "right"), (" decoder", 1.5, "left"),
    ]  # fmt: skip
