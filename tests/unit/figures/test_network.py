"""The unrolled network: what is filled, active and clickable at every moment."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.formatting import Names
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
    return unrolled_network(step, Focus(Moment(phase, t), 3), theme).figure


def filled(series):
    """Which columns of the strip are filled."""
    return (~np.isnan(np.array(series.z)[:, ::2])).all(axis=0).tolist()


def arrows(drawn):
    return [note for note in drawn.layout.annotations if note.showarrow]


def texts(drawn):
    return [note.text for note in drawn.layout.annotations if not note.showarrow]


@pytest.fixture
def step(step_of):
    return step_of(PHRASE)


@each_row("t", range(4))
def test_states_fill_from_the_left_and_gradients_from_the_right(step, t):
    h, dh, *_ = drawn_at(step, Phase.FORWARD, t).data
    assert filled(h) == [column <= t for column in range(4)]
    assert not any(filled(dh))
    h, dh, *_ = drawn_at(step, Phase.BACKWARD, t).data
    assert all(filled(h))
    assert filled(dh) == [column >= t for column in range(4)]


@each_row("phase", [Phase.BACKWARD, Phase.CLIP, Phase.UPDATE])
def test_strips_have_the_numbers_of_the_record_on_the_scales_that_are_written_above(step, phase):
    drawn, layer = drawn_at(step, phase, 0), step.unrolled(0)
    limits = nice_limit(np.abs(layer.h).max()), nice_limit(typical(layer.dh))
    for strip, values, limit in zip(drawn.data, (layer.h, layer.dh), limits, strict=False):
        expected = np.clip(values.T / limit, -1, 1)
        assert np.array(strip.z)[:, ::2] == pytest.approx(expected, abs=1e-6)
        assert np.isnan(np.array(strip.z)[:, 1::2]).all(), "there are gaps between the strips"
        assert list(strip.x) == sorted(strip.x)
        assert len(strip.x) == np.shape(strip.z)[1] + 1
    scale, no_gradient = texts(drawn)[-1], texts(drawn_at(step, Phase.FORWARD, 0))[-1]
    assert re.findall(r"(\w+): .*?\+(\S+)", scale) == [
        ("dh", f"{limits[1]:g}"),
        ("h", f"{limits[0]:g}"),
    ]
    assert "dh" not in no_gradient


def test_the_answer_appears_with_the_loss_beside_the_name_of_the_target(step):
    before, after = (drawn_at(step, phase, 3) for phase in (Phase.FORWARD, Phase.LOSS))
    probs, errors = step.trace.probs[0].tolist(), step.trace.dlogits[0].tolist()
    bars = after.data[4]
    assert np.ptp(np.array(bars.x) / probs) == pytest.approx(0)
    assert list(bars.hovertext) == [
        f"p of {name} = {p!r}" for name, p in zip(step.names.classes, probs, strict=True)
    ]
    numbers = {f"p  {p:.3f}" for p in probs} | {
        f"error  {e:+.2g}".replace("-", "−") for e in errors
    }
    assert numbers <= set(texts(after))
    assert not numbers & set(texts(before))
    sides = {n.text[:2]: (n.xanchor, n.x) for n in after.layout.annotations if n.text in numbers}
    assert sides == {"p ": ("left", bars.base), "er": ("right", max(after.data[2].x[-6:-1]))}
    assert not before.data[4].y
    assert "<b>positive</b> = target" in texts(before)


def directions(drawn):
    """The directions of the strongest arrows (right, up), where they start, and their colour."""
    widest = max(arrow.arrowwidth for arrow in arrows(drawn))
    active = [arrow for arrow in arrows(drawn) if arrow.arrowwidth == widest]
    assert len({arrow.arrowcolor for arrow in active}) == 1
    # The y axis runs downwards.
    found = [(np.sign(a.x - a.ax), np.sign(a.ay - a.y), round(a.ax)) for a in active]
    return sorted(found), active[0].arrowcolor


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_active_arrows_point_up_and_right_and_in_the_backward_pass_down_and_left(step, theme):
    up, right, down, left = (0, 1), (1, 0), (0, -1), (-1, 0)
    for phase, t, expected, color in (
        (Phase.FORWARD, 2, [(*up, 2), (*right, 1)], theme.forward),
        (Phase.LOSS, 3, [(*right, 3)], theme.forward),
        (Phase.BACKWARD, 3, [(*left, 4), (*down, 3)], theme.magnitude),
        (Phase.BACKWARD, 1, [(*left, 2), (*down, 1)], theme.magnitude),
    ):
        drawn = drawn_at(step, phase, t, theme)
        assert directions(drawn) == (sorted(expected), color)
        across = [arrow.x > arrow.ax for arrow in arrows(drawn) if arrow.y == arrow.ay]
        assert set(across) == {phase is not Phase.BACKWARD}


def test_the_shared_weight_lights_up_everywhere_when_it_is_touched(step):
    touched = {("forward", 1), ("forward", 2), ("forward", 3), ("update", 0)}
    touched |= {("backward", 0), ("backward", 1), ("backward", 2)}
    for phase, t in timeline(4):
        named = [arrow for arrow in arrows(drawn_at(step, phase, t)) if arrow.name == "touched"]
        assert len(named) == (3 if (phase, t) in touched else 0)
        assert all(arrow.arrowcolor != LIGHT.muted for arrow in named)


def test_every_position_can_be_clicked_for_its_token_and_unit(step, step_of):
    for phase, t in ((Phase.FORWARD, 0), (Phase.BACKWARD, 3)):
        *others, targets = drawn_at(step, phase, t).data
        assert targets.opacity == 0
        assert targets.hoverongaps is not False
        assert np.shape(targets.z) == (9, 4)
        clicks = [[cell[:2] for cell in row] for row in targets.customdata]
        assert clicks[:8] == [[[t, unit] for t in range(4)] for unit in range(8)]
        assert clicks[8] == [[t, 3] for t in range(4)]
        assert not [series for series in others if series.customdata]
    targets = drawn_at(step_of(LONG), Phase.FORWARD, 25).data[-1]
    assert [cell[0] for cell in targets.customdata[0]] == list(window(40, 25))


def test_a_hover_shows_only_what_is_computed(step):
    h, dh = (float(array[1, 5]) for array in (step.unrolled(0).h, step.unrolled(0).dh))
    forward, backward = (
        [row[2] for row in drawn_at(step, phase, 1).data[-1].customdata[5]]
        for phase in (Phase.FORWARD, Phase.BACKWARD)
    )
    assert forward[1:3] == [f"unit 5 after “am”<br>h_2 = {h:.6g}", "unit 5 after “not”"]
    assert backward[1] == f"{forward[1]}<br>dh_2 = {dh:.6g}"
    assert "dh_" not in backward[0]


@each_row("text", ["bad", PHRASE, LONG])
def test_nothing_moves_between_the_moments_of_a_phrase(step_of, text):
    step, frames = step_of(text), set()
    for moment in timeline(len(step.words)):
        drawn = unrolled_network(step, Focus(moment)).figure
        layout = drawn.layout
        frame = layout.xaxis.range, layout.yaxis.range, str(layout.margin), layout.height
        frames.add((*frame, len(drawn.data)))
        if text == "bad":
            assert [arrow.name for arrow in arrows(drawn)] == [None, None]
    assert len(frames) == 1


@each_row("length", [1, 12, 13, 14, 22, 23, 40, 200])
def test_a_window_has_twelve_columns_with_both_neighbours_and_moves_like_a_page(length):
    windows = [window(length, t) for t in range(length)]
    for t, shown in enumerate(windows):
        assert len(shown) == min(length, 12)
        assert {max(0, t - 1), t, min(length - 1, t + 1)} <= set(shown) <= set(range(length))
    assert sum(one != other for one, other in pairwise(windows)) <= length / 10


def test_a_long_phrase_shows_a_window_and_joins_the_answer_to_the_last_word_alone(step_of):
    step = step_of(LONG)
    title = drawn_at(step, Phase.FORWARD, 15).layout.title.text
    assert "word 16 of 40, “good”" in title
    assert "words 11–22 of 40" in title
    first, last = (drawn_at(step, Phase.FORWARD, t) for t in (0, 39))
    assert not any("W_hy" in text for text in texts(first))
    assert any("W_hy" in text for text in texts(last))


@each_row(("text", "t"), [(PHRASE, 2), (LONG, 38)])
def test_arrows_have_the_names_of_their_weights(step_of, text, t):
    names = [text for text in texts(drawn_at(step_of(text), Phase.FORWARD, t)) if "W_" in text]
    assert {"<b>W_xh</b>", "<b>W_hh</b>", "W_hy"} <= set(names)
    assert len(names) <= 8


def test_the_unit_is_outlined_in_every_strip(step):
    loss, backward = (drawn_at(step, phase, 3).data[3] for phase in (Phase.LOSS, Phase.BACKWARD))
    assert list(loss.x).count(None) == 4
    assert list(backward.x).count(None) == 8
    ys = [y for y in backward.y if y is not None]
    assert (min(ys), max(ys)) == pytest.approx((3 / 8, 4 / 8))


def test_words_and_classes_are_drawn_as_typed(step):
    words = tuple("<b>not" if word == "not" else word for word in step.names.vocabulary)
    marked = replace(step, names=Names(words, ("<i>no", "yes")))
    drawn = drawn_at(marked, Phase.FORWARD, 2)
    assert drawn.layout.xaxis.ticktext[2] == "<b>&lt;b&gt;not</b>"
    assert "&lt;b&gt;not" in drawn.layout.title.text
    assert "&lt;b&gt;not" in drawn.data[-1].customdata[0][2][2]
    assert any("&lt;i&gt;no" in text for text in texts(drawn))


@each_row("layer", [0, 1])
def test_a_title_names_the_layer_and_only_the_upper_one_is_joined_to_the_answer(layer):
    session = Session(RunConfig(layers=2, hidden=6))
    step = session.step.record(session.step_query())
    last = Moment(Phase.LOSS, len(step.words) - 1)
    drawn = unrolled_network(step, Focus(last, layer=layer)).figure
    assert drawn.layout.title.text.endswith(f"(layer {layer + 1})")
    assert any("W_hy" in text for text in texts(drawn)) == (layer == 1)


def test_values_after_every_token_are_drawn_to_both_sides_of_the_middle_with_their_targets():
    session = Session(RunConfig(task="flipflop", hidden=6))
    step = session.step.record(session.step_query())
    for phase, color in (
        (Phase.FORWARD, LIGHT.muted),
        (Phase.LOSS, LIGHT.forward),
        (Phase.BACKWARD, LIGHT.magnitude),
    ):
        drawn = drawn_at(step, phase, 1)
        notes = {note.text: note.font.color for note in drawn.layout.annotations}
        assert notes[f"answer after h_2, “{step.words[1]}”"] == color
    answers = zip(step.names.classes, step.trace.targets[1], step.trace.probs[1], strict=True)
    for name, target, value in answers:
        assert {f"<b>{name}</b> → {target:.3g}", f"y  {value:.3f}"} <= notes.keys()
    assert np.sign(drawn.data[4].x).tolist() == np.sign(step.trace.probs[1]).tolist()


def test_encoder_and_decoder_are_named_at_the_line_that_no_name_of_weights_crosses():
    session = Session(RunConfig(task="translation", cell="gru", hidden=6, init="xavier"))
    step = session.step.record(session.step_query())
    bridge = step.unrolled(0).bridge
    notes = drawn_at(step, Phase.FORWARD, 0).layout.annotations
    sides = {note.text: note.xanchor for note in notes if note.x == bridge - 0.5}
    assert sides == {"encoder ": "right", " decoder": "left"}
    names = [note for note in notes if "W_" in note.text]
    assert {note.text for note in names} == {"<b>W_x·</b>", "W_x·", "W_h·"}
    assert not [note for note in names if "h" in note.text and bridge - 1 < note.x < bridge]
