"""The network unrolled: what is filled, lit and clickable at every moment."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.notation import Names
from rnnviz.analysis.training_step import Focus
from rnnviz.config import RunConfig
from rnnviz.engine.timeline import Moment, Phase, timeline
from rnnviz.figures.axis_limits import nice_limit
from rnnviz.figures.network import unrolled_network
from rnnviz.figures.network_grid import window
from rnnviz.figures.theme import DARK, LIGHT
from rnnviz.session import Session
from tests.sampling import each_row

PHRASE = "i am not good"
LONG = "i am not good " * 10


def drawn_at(step, phase, t, theme=LIGHT):
    return unrolled_network(step, Focus(Moment(phase, t), 3), theme)


def filled(series):
    """Of which columns the strip is filled."""
    return (~np.isnan(np.array(series.z)[:, ::2])).all(axis=0).tolist()


def arrows(drawn):
    return [note for note in drawn.figure.layout.annotations if note.showarrow]


def texts(drawn):
    return [note.text for note in drawn.figure.layout.annotations if not note.showarrow]


def horizontal(drawn):
    return [arrow for arrow in arrows(drawn) if arrow.y == arrow.ay]


@pytest.fixture
def step(step_of):
    return step_of(PHRASE)


@each_row("t", range(4))
def test_states_fill_from_the_left(step, t):
    h, dh, *_ = drawn_at(step, Phase.FORWARD, t).figure.data
    assert filled(h) == [column <= t for column in range(4)]
    assert not any(filled(dh))


@each_row("t", range(4))
def test_gradients_fill_from_the_right(step, t):
    h, dh, *_ = drawn_at(step, Phase.BACKWARD, t).figure.data
    assert all(filled(h))
    assert filled(dh) == [column >= t for column in range(4)]


@each_row("phase", [Phase.CLIP, Phase.UPDATE])
def test_after_the_way_back_everything_is_there(step, phase):
    h, dh, *_ = drawn_at(step, phase, 0).figure.data
    assert all(filled(h))
    assert all(filled(dh))


def test_a_strip_has_the_numbers_of_the_record(step):
    h, dh, *_ = drawn_at(step, Phase.BACKWARD, 0).figure.data
    layer = step.unrolled(0)
    limits = nice_limit(np.abs(layer.h).max()), nice_limit(typical(layer.dh))
    for strip, values, limit in zip((h, dh), (layer.h, layer.dh), limits, strict=True):
        expected = np.clip(values.T / limit, -1, 1)
        assert np.array(strip.z)[:, ::2] == pytest.approx(expected, abs=1e-6)


def test_the_scales_are_written_above(step):
    scales = texts(drawn_at(step, Phase.BACKWARD, 0))[-1]
    assert scales.startswith("dh: ")
    assert f"+{nice_limit(typical(step.unrolled(0).dh)):g}" in scales
    assert "dh" not in texts(drawn_at(step, Phase.FORWARD, 0))[-1]


def test_there_are_gaps_between_the_strips(step):
    h, dh, *_ = drawn_at(step, Phase.BACKWARD, 0).figure.data
    for strip in (h, dh):
        assert np.isnan(np.array(strip.z)[:, 1::2]).all()
        assert list(strip.x) == sorted(strip.x)
        assert len(strip.x) == np.shape(strip.z)[1] + 1


def test_the_answer_appears_with_the_loss(step):
    before, after = (drawn_at(step, phase, 3) for phase in (Phase.FORWARD, Phase.LOSS))
    assert not before.figure.data[4].y
    width = np.array(after.figure.data[4].x) / step.trace.probs[0]
    assert width == pytest.approx(width[0])
    assert any(text.startswith("p ") for text in texts(after))
    assert not any(text.startswith("p ") for text in texts(before))


def test_the_target_is_named(step):
    assert "<b>positive</b> = target" in texts(drawn_at(step, Phase.FORWARD, 0))


def strongest(drawn):
    widest = max(arrow.arrowwidth for arrow in arrows(drawn))
    return [arrow for arrow in arrows(drawn) if arrow.arrowwidth == widest]


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_word_and_the_memory_light_up_on_the_way_there(step, theme):
    found = strongest(drawn_at(step, Phase.FORWARD, 2, theme))
    assert {arrow.arrowcolor for arrow in found} == {theme.forward}
    upward, right = sorted(found, key=lambda arrow: arrow.y == arrow.ay)
    assert upward.y < upward.ay  # the axis runs downwards
    assert 1 < right.ax < right.x < 2


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_way_back_points_left_and_down(step, theme):
    drawn = drawn_at(step, Phase.BACKWARD, 1, theme)
    found = strongest(drawn)
    assert {arrow.arrowcolor for arrow in found} == {theme.magnitude}
    downward, left = sorted(found, key=lambda arrow: arrow.y == arrow.ay)
    assert downward.y > downward.ay
    assert 1 < left.x < left.ax < 2
    assert all(arrow.x < arrow.ax for arrow in horizontal(drawn))


def test_loss_and_the_first_moment_back_light_the_output_layer(step):
    (there,) = strongest(drawn_at(step, Phase.LOSS, 3))
    back = strongest(drawn_at(step, Phase.BACKWARD, 3))
    assert there.x > there.ax > 3
    assert any(arrow.ax > arrow.x > 3 for arrow in back)


@each_row(
    ("phase", "t", "touched"),
    [
        (Phase.FORWARD, 0, False),
        (Phase.FORWARD, 1, True),
        (Phase.FORWARD, 3, True),
        (Phase.LOSS, 3, False),
        (Phase.BACKWARD, 3, False),
        (Phase.BACKWARD, 2, True),
        (Phase.BACKWARD, 0, True),
        (Phase.CLIP, 0, False),
        (Phase.UPDATE, 0, True),
    ],
)
def test_the_shared_weight_lights_up_everywhere_when_it_is_touched(step, phase, t, touched):
    drawn = drawn_at(step, phase, t)
    named = [arrow for arrow in arrows(drawn) if arrow.name == "touched"]
    assert len(named) == (3 if touched else 0)
    assert all(arrow.arrowcolor != LIGHT.muted for arrow in named)


def test_one_word_has_no_shared_weight_to_touch(step_of):
    step = step_of("bad")
    for moment in timeline(1):
        drawn = unrolled_network(step, Focus(moment))
        assert not [arrow for arrow in arrows(drawn) if arrow.name]
        assert len(arrows(drawn)) == 2


def test_every_place_can_be_clicked_for_its_token_and_unit(step):
    for phase, t in ((Phase.FORWARD, 0), (Phase.BACKWARD, 3)):
        hits = drawn_at(step, phase, t).figure.data[-1]
        assert hits.opacity == 0
        assert np.shape(hits.z) == (9, 4)
        assert hits.hoverongaps is not False
        places = [[cell[:2] for cell in row] for row in hits.customdata]
        assert places[:8] == [[[t, unit] for t in range(4)] for unit in range(8)]
        assert places[8] == [[t, 3] for t in range(4)]


def test_in_a_window_too_a_click_gives_the_token(step_of):
    hits = drawn_at(step_of(LONG), Phase.FORWARD, 25).figure.data[-1]
    assert [cell[0] for cell in hits.customdata[0]] == list(window(40, 25))


def test_a_hover_shows_only_what_is_computed(step):
    hits = drawn_at(step, Phase.FORWARD, 1).figure.data[-1]
    assert "h_2 = " in hits.customdata[5][1][2]
    assert "=" not in hits.customdata[5][2][2]
    assert "dh_" not in hits.customdata[5][1][2]


def test_only_the_hit_layer_answers_a_click_with_a_place(step):
    series = drawn_at(step, Phase.BACKWARD, 1).figure.data
    assert [s.customdata is not None for s in series] == [False] * 5 + [True]


@each_row("text", ["bad", PHRASE, LONG])
def test_nothing_moves_between_the_moments_of_a_phrase(step_of, text):
    step = step_of(text)
    frames = set()
    for moment in timeline(len(step.words)):
        drawn = unrolled_network(step, Focus(moment))
        layout = drawn.figure.layout
        place = layout.xaxis.range, layout.yaxis.range, str(layout.margin), layout.height
        frames.add((*place, len(drawn.figure.data)))
    assert len(frames) == 1


@each_row("steps", [1, 12, 13, 14, 22, 23, 40, 200])
def test_a_window_has_twelve_columns_and_the_neighbours_of_the_moment(steps):
    for t in range(steps):
        shown = window(steps, t)
        assert len(shown) == min(steps, 12)
        assert {max(0, t - 1), t, min(steps - 1, t + 1)} <= set(shown) <= set(range(steps))


def test_a_window_seldom_moves():
    windows = [window(200, t) for t in range(200)]
    moves = sum(one != other for one, other in pairwise(windows))
    assert moves <= 20


def test_a_title_says_what_is_shown_of_a_long_phrase(step_of):
    title = drawn_at(step_of(LONG), Phase.FORWARD, 15).figure.layout.title.text
    assert "word 16 of 40, “good”" in title
    assert "words 11–22 of 40" in title


def test_the_answer_is_joined_to_the_last_word_alone(step_of):
    step = step_of(LONG)
    first, last = (drawn_at(step, Phase.FORWARD, t) for t in (0, 39))
    assert not any("W_hy" in text for text in texts(first))
    assert any("W_hy" in text for text in texts(last))


@each_row("columns", [4, 40])
def test_arrows_have_the_names_of_their_weights(step_of, columns):
    drawn = drawn_at(step_of(PHRASE if columns == 4 else LONG), Phase.FORWARD, columns - 2)
    names = [text for text in texts(drawn) if "W_" in text]
    assert {"<b>W_xh</b>", "<b>W_hh</b>", "W_hy"} <= set(names)
    assert len(names) <= 8


def test_the_unit_is_outlined_in_every_strip(step):
    there, back = (
        drawn_at(step, phase, 3).figure.data[3] for phase in (Phase.LOSS, Phase.BACKWARD)
    )
    assert list(there.x).count(None) == 4
    assert list(back.x).count(None) == 8
    ys = [y for y in back.y if y is not None]
    assert min(ys) == pytest.approx(3 / 8)
    assert max(ys) == pytest.approx(4 / 8)


def test_words_and_classes_are_drawn_as_typed(step):
    words = tuple("<b>not" if word == "not" else word for word in step.names.vocabulary)
    marked = replace(step, names=Names(words, ("<i>no", "yes")))
    drawn = drawn_at(marked, Phase.FORWARD, 2)
    assert drawn.figure.layout.xaxis.ticktext[2] == "<b>&lt;b&gt;not</b>"
    assert "&lt;b&gt;not" in drawn.figure.layout.title.text
    assert "&lt;b&gt;not" in drawn.figure.data[-1].customdata[0][2][2]
    assert any("&lt;i&gt;no" in text for text in texts(drawn))


# An encoder and a decoder


@pytest.fixture(scope="module")
def pair():
    """A step of a translation, and where its decoder begins."""
    session = Session(RunConfig(task="translation", cell="gru", hidden=6, init="xavier"))
    step = session.step.record(session.step_query())
    return step, step.unrolled(0).bridge


def test_encoder_and_decoder_are_named_at_the_line_between_them(pair):
    step, bridge = pair
    drawn = drawn_at(step, Phase.FORWARD, 0)
    place = bridge - 0.5
    sides = {note.text.strip(): note for note in drawn.figure.layout.annotations if note.x == place}
    assert set(sides) == {"encoder", "decoder"}
    assert [sides[name].xanchor for name in ("encoder", "decoder")] == ["right", "left"]


def test_between_many_columns_the_names_of_weights_are_short_and_leave_the_line_alone(pair):
    step, bridge = pair
    drawn = drawn_at(step, Phase.FORWARD, 0)
    names = [note for note in drawn.figure.layout.annotations if "W_" in note.text]
    assert {note.text for note in names} == {"<b>W_x·</b>", "W_x·", "W_h·"}
    assert not [note for note in names if "h" in note.text and bridge - 1 < note.x < bridge]
