"""The hidden states of a phrase and its verdict."""

import numpy as np
import pytest

from rnnviz.analysis.logit_margin import RunningMargin
from rnnviz.engine.timeline import Moment, Phase
from rnnviz.figures.hidden_states import View, running_margin_bars, state_heatmap
from rnnviz.figures.theme import DARK, LIGHT
from tests.sampling import each_row

PHRASE = "bad and not bad"
WORDS = PHRASE.split()


@pytest.fixture
def states(learned):
    return states_of(learned)


def states_of(session):
    return session.inspect(PHRASE).trace.last.h[:, 0]


def margin_of(*values):
    return RunningMargin(1, np.array(values))


def test_a_column_is_the_state_after_its_word(states):
    (heatmap,) = state_heatmap(states, WORDS).figure.data
    assert np.shape(heatmap.z) == (8, 4)
    for t in range(4):
        assert np.array(heatmap.z)[:, t] == pytest.approx(states[t], abs=1e-6)


def test_equal_words_keep_their_own_columns(states):
    drawn = state_heatmap(states, WORDS)
    assert drawn.figure.layout.xaxis.ticktext == ("bad", "and", "not", "bad")
    assert drawn.figure.layout.xaxis.tickvals == (0, 1, 2, 3)
    assert not np.allclose(
        np.array(drawn.figure.data[0].z)[:, 0], np.array(drawn.figure.data[0].z)[:, 3]
    )


@pytest.mark.parametrize("scale", [1e-4, 1.0])
def test_states_are_colored_symmetrically_around_zero(session, scale):
    session.state.parameters.theta[:] *= scale
    (heatmap,) = state_heatmap(states_of(session), WORDS).figure.data
    largest = np.abs(heatmap.z).max()
    assert heatmap.zmin == -heatmap.zmax < 0
    assert largest <= heatmap.zmax <= 2.5 * largest
    assert heatmap.colorscale[1] == (0.5, LIGHT.neutral)


def test_the_scale_of_the_states_never_exceeds_what_tanh_can_reach(states):
    assert state_heatmap(states, WORDS).figure.data[0].zmax <= 1


def test_states_of_zero_can_be_drawn(session):
    session.state.parameters.theta[:] = 0
    (heatmap,) = state_heatmap(states_of(session), WORDS).figure.data
    assert heatmap.zmin < 0 < heatmap.zmax


@each_row(
    ("word", "drawn"),
    [
        ("<b>bad</b>", "&lt;b&gt;bad&lt;/b&gt;"),
        ("$x$", "$x$"),
        ("a&amp;b", "a&amp;amp;b"),
        ("😀", "😀"),
    ],
)
def test_words_are_drawn_as_typed(states, word, drawn):
    words = [word, *WORDS[1:]]
    assert state_heatmap(states, words).figure.layout.xaxis.ticktext[0] == drawn
    margin = running_margin_bars(margin_of(1, -1, 2, 3), words, "positive")
    assert margin.figure.layout.xaxis.ticktext[0] == drawn


def test_a_hover_names_the_word_as_typed(states):
    names = state_heatmap(states, ["<i>", *WORDS[1:]]).figure.data[0].customdata
    assert list(names[0]) == ["&lt;i&gt;", "and", "not", "bad"]
    assert np.shape(names) == (8, 4)


def test_a_bar_stands_at_every_word():
    (bars,) = running_margin_bars(margin_of(-1, 0.5, 2, 3), WORDS, "positive").figure.data
    assert list(bars.x) == [0, 1, 2, 3]
    assert list(bars.y) == [-1, 0.5, 2, 3]


def test_a_lead_is_red_and_a_lag_is_blue():
    (bars,) = running_margin_bars(margin_of(-1, 2), WORDS[:2], "positive", DARK).figure.data
    assert list(bars.marker.color) == [DARK.negative, DARK.positive]


@each_row("values", [(-3, 1), (1e-6, 2e-6), (0, 0), (1e4, 5)])
def test_the_margin_s_axis_is_symmetric_and_has_room_for_every_bar(values):
    low, high = running_margin_bars(
        margin_of(*values), WORDS[:2], "positive"
    ).figure.layout.yaxis.range
    assert low == -high < 0
    assert high > max(map(abs, values))


@each_row(
    ("label", "drawn"), [("sunny", "sunny"), ("<b>sunny", "&lt;b&gt;sunny"), ("%{x}", "%{x}")]
)
def test_title_and_hover_say_as_typed_whose_lead_it_is(label, drawn):
    picture = running_margin_bars(margin_of(1), ["bad"], label)
    assert f"“{drawn}”" in picture.figure.layout.title.text
    assert "lead of %{meta}" in picture.figure.data[0].hovertemplate
    assert picture.figure.data[0].meta == drawn


def test_axes_are_titled(states):
    assert state_heatmap(states, WORDS).figure.layout.yaxis.title.text == "unit"
    margin = running_margin_bars(margin_of(1, 1, 1, 1), WORDS, "positive")
    assert margin.figure.layout.yaxis.title.text == "margin (logits)"


def test_the_pictures_of_one_phrase_have_their_columns_below_each_other(states):
    states = state_heatmap(states, WORDS).figure.layout
    margin = running_margin_bars(margin_of(1, 1, 1, 1), WORDS, "positive").figure.layout
    assert states.xaxis.range == margin.xaxis.range


def test_the_height_does_not_depend_on_the_phrase(learned):
    heights = set()
    for text in ("bad", PHRASE, "bad " * 100):
        probe = learned.inspect(text)
        heights.add(state_heatmap(probe.trace.last.h[:, 0], probe.words).figure.layout.height)
    assert len(heights) == 1


@pytest.mark.parametrize(
    ("phase", "t", "shown"), [("forward", 1, 2), ("loss", 3, 4), ("update", 0, 4)]
)
def test_on_the_way_there_later_columns_are_empty(states, phase, t, shown):
    whole = state_heatmap(states, WORDS)
    drawn = state_heatmap(states, WORDS, moment=Moment(Phase(phase), t))
    empty = np.isnan(np.array(drawn.figure.data[0].z)).all(axis=0)
    assert empty.tolist() == [column >= shown for column in range(4)]
    assert drawn.figure.data[0].zmax == whole.figure.data[0].zmax
    assert drawn.figure.layout == whole.figure.layout


@each_row(("hidden", "step"), [(1, 1), (5, 1), (64, None)])
def test_of_few_units_none_is_halved_by_a_label(hidden, step):
    drawn = state_heatmap(np.ones((4, hidden)), WORDS)
    assert drawn.figure.layout.yaxis.dtick == step


def test_encoder_and_decoder_have_room_below_the_title():
    single, both = (
        state_heatmap(np.ones((4, 8)), WORDS, view=View("h", "Hidden state", bridge=bridge))
        for bridge in (0, 2)
    )
    assert both.figure.layout.margin.t >= single.figure.layout.margin.t + 16
