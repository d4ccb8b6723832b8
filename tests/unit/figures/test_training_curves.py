"""The curves over the epochs."""

import math
from itertools import pairwise

import numpy as np
import pytest

from rnnviz.analysis.memory_gauge import MemoryGauge
from rnnviz.config import RunConfig
from rnnviz.engine.evaluation import Score
from rnnviz.figures.theme import DARK, LIGHT
from rnnviz.figures.training_curves import loss_curve, metric_curve
from rnnviz.tasks.metrics import guess_classes
from rnnviz.training.history import Course, Ghost, History
from rnnviz.training.schedule import Change, Position, Schedule
from rnnviz.training.weight_edits import noise, scale, set_weight, silence
from tests.sampling import each_row

TWO = guess_classes(2)


def curves(drawn):
    """The curves of a figure, without the points at their ends."""
    return [series for series in drawn.figure.data if series.mode == "lines"]


def points(drawn):
    """The points at the ends of the curves, as (scale, epoch, value, colour)."""
    return [
        (series.yaxis or "y", *point)
        for series in drawn.figure.data
        if series.mode == "markers"
        for point in zip(series.x, series.y, series.marker.color, strict=True)
    ]


def test_there_is_one_curve_for_training_and_one_for_the_test(history_of):
    train, test = curves(loss_curve(Course(history_of(3), 10), TWO))
    assert (train.name, list(train.x), list(train.y)) == ("train", [0, 1, 2, 3], [0, 1, 2, 3])
    assert (test.name, list(test.y)) == ("test", [1000, 1001, 1002, 1003])


def test_accuracy_has_its_own_two_curves(history_of):
    train, test = curves(metric_curve(Course(history_of(1), 10)))
    assert list(train.y) == [0.5, 0.5]
    assert list(test.y) == [0.75, 0.75]


def test_without_a_test_set_there_is_no_test_curve(history_of):
    history = history_of(3, tested=False)
    for drawn in (loss_curve(Course(history, 10), TWO), metric_curve(Course(history, 10))):
        assert [curve.name for curve in curves(drawn)] == ["train"]


def test_the_two_curves_differ_in_more_than_color(history_of):
    train, test = curves(loss_curve(Course(history_of(3), 10), TWO))
    assert train.line.dash != test.line.dash
    assert train.line.color != test.line.color


@each_row("epochs", [0, 1, 2, 29])
def test_a_curve_of_a_few_epochs_of_many_ends_in_a_point(history_of, epochs):
    course = Course(history_of(epochs), 1000)
    assert points(loss_curve(course, TWO)) == [
        ("y", epochs, epochs, LIGHT.train), ("y", epochs, 1000 + epochs, LIGHT.test),
    ]  # fmt: skip
    assert [point[2] for point in points(metric_curve(course))] == [0.5, 0.75]


def test_a_curve_that_can_be_seen_costs_no_point(history_of):
    assert not points(loss_curve(Course(history_of(30), 1000), TWO))
    assert not points(metric_curve(Course(history_of(3), 30)))


@each_row("epochs", [999, 1000, 1001, 5000, 20_000])
def test_a_long_run_is_thinned_but_keeps_its_first_and_last_epoch(history_of, epochs):
    x = list(loss_curve(Course(history_of(epochs), epochs), TWO).figure.data[0].x)
    assert len(x) <= 1000
    assert (x[0], x[-1]) == (0, epochs)
    assert max(b - a for a, b in pairwise(x)) <= math.ceil(epochs / 999) + 1


def test_thinning_keeps_every_point_at_its_epoch(history_of):
    train = loss_curve(Course(history_of(5000), 5000), TWO).figure.data[0]
    assert list(train.y) == list(train.x)


def test_a_run_of_at_most_1000_epochs_is_drawn_in_full(history_of):
    assert len(loss_curve(Course(history_of(500), 1000), TWO).figure.data[0].x) == 501


def test_the_epochs_to_come_are_in_sight_from_the_start(history_of):
    assert loss_curve(Course(history_of(2), 300), TWO).figure.layout.xaxis.range[1] >= 300


@each_row(("done", "epochs"), [(3, 1), (1500, 100_000), (1500, 1000), (0, 0)])
def test_no_epoch_falls_outside_the_axis(history_of, done, epochs):
    low, high = metric_curve(Course(history_of(done), epochs)).figure.layout.xaxis.range
    assert low < 0
    assert high > done


def test_no_loss_falls_outside_the_axis(history_of):
    low, high = loss_curve(Course(history_of(3), 10), TWO).figure.layout.yaxis.range
    assert low < 0
    assert high > 1003


def test_the_loss_axis_keeps_still_while_the_loss_falls():
    history = History()
    axes = []
    for i in range(50):
        history.append(Score(0.7 / (i + 1), 0.5), Score(0.69 / (i + 1), 0.5))
        axes.append(loss_curve(Course(history, 100), TWO).figure.layout.yaxis.range)
    assert len(set(axes)) == 1


@each_row("classes", [2, 7])
def test_the_loss_of_guessing_is_marked(history_of, classes):
    drawn = loss_curve(Course(history_of(3), 10), guess_classes(classes))
    line, note = drawn.figure.layout.shapes[0], drawn.figure.layout.annotations[0]
    assert line.y0 == line.y1 == note.y == pytest.approx(math.log(classes))
    assert f"ln {classes} = {math.log(classes):.3f}" in note.text


def changed(history, *epochs):
    changes = [Change(Position(epoch), "lr", 0.5 + i) for i, epoch in enumerate(epochs)]
    return Course(history, 30, changes=changes)


def test_a_changed_setting_is_marked_at_its_epoch(history_of):
    drawn = loss_curve(changed(history_of(3), 2), TWO)
    line, note = drawn.figure.layout.shapes[-1], drawn.figure.layout.annotations[-1]
    assert line.x0 == line.x1 == note.x == 2
    assert "Learning rate 0.5" in note.text


def test_every_change_has_a_line_and_the_latest_have_their_words(history_of):
    drawn = loss_curve(changed(history_of(30), *range(30)), TWO).figure.layout
    assert [line.x0 for line in drawn.shapes[1:]] == list(range(30))
    assert 1 <= len(drawn.annotations[1:]) <= 10
    assert "Learning rate 29.5" in drawn.annotations[-1].text


def test_neighbouring_changes_have_their_words_at_different_heights(history_of):
    drawn = loss_curve(changed(history_of(3), 2, 2, 2), TWO)
    assert len({note.yshift for note in drawn.figure.layout.annotations[1:]}) == 3


def edited(history, *edits, epoch=20):
    ghost = Ghost(Position(epoch), Position(30), history, Schedule(RunConfig()))
    changes = [Change(Position(epoch), "edit", edit) for edit in edits]
    drawn = loss_curve(Course(history, 30, changes=changes, ghost=ghost), TWO)
    return drawn.figure.layout.annotations[1:]


def test_edits_are_named_in_the_order_in_which_they_are_applied(history_of):
    edits = silence(1, 34), scale(0.9), noise(0.1, 0)
    notes = edited(history_of(30), *edits)
    assert [note.text for note in notes] == [
        "branched", "Weights: silence 1 34", "Weights: scale 0.9", "Weights: noise 0.1 0",
    ]  # fmt: skip
    assert [note.yshift for note in notes] == sorted((note.yshift for note in notes), reverse=True)


def test_a_label_stands_on_the_side_where_it_has_room_and_is_no_longer_than_that(history_of):
    long = set_weight("W_hh", 12, 34, -0.123456789)
    for epoch, side in ((3, "left"), (29, "right")):
        note = edited(history_of(30), long, epoch=epoch)[-1]
        assert note.xanchor == side
        assert note.text.startswith("Weights: set W_hh 12 34")
        assert len(note.text) <= 27


def test_guessing_is_named_beside_the_plot_where_no_change_is(history_of):
    note = loss_curve(Course(history_of(3), 10), TWO).figure.layout.annotations[0]
    assert (note.xref, note.x, note.xanchor) == ("paper", 1, "left")


def test_of_few_epochs_none_is_halved_by_a_label(history_of):
    assert loss_curve(Course(history_of(1), 1), TWO).figure.layout.xaxis.dtick == 1


def test_axes_are_titled_with_their_units(history_of):
    loss, accuracy = (
        loss_curve(Course(history_of(1), 10), TWO),
        metric_curve(Course(history_of(1), 10)),
    )
    assert loss.figure.layout.yaxis.title.text == "loss (nats)"
    assert accuracy.figure.layout.yaxis.title.text == "accuracy"
    assert loss.figure.layout.xaxis.title.text == accuracy.figure.layout.xaxis.title.text == "epoch"


def test_curves_wear_the_colors_of_the_theme(history_of):
    train, test = curves(metric_curve(Course(history_of(1), 10), theme=DARK))
    assert (train.line.color, test.line.color) == (DARK.train, DARK.test)


def test_the_height_does_not_depend_on_the_data(history_of):
    heights = {
        loss_curve(Course(history_of(n), n), TWO).figure.layout.height for n in (0, 10, 2000)
    }
    assert len(heights) == 1
    assert heights.pop() > 0


# The past and the old run


def test_what_came_after_the_epoch_shown_is_veiled(history_of):
    for drawn in (
        loss_curve(Course(history_of(20), 30, shown=7), TWO),
        metric_curve(Course(history_of(20), 30, shown=7)),
    ):
        veil, line = drawn.figure.layout.shapes[-2:]
        assert (veil.type, veil.x0, veil.fillcolor) == ("rect", 7, LIGHT.background)
        assert veil.x1 > 30
        assert line.x0 == line.x1 == 7
        assert list(drawn.figure.data[0].x) == list(range(21))


def test_at_the_present_nothing_is_veiled(history_of):
    shapes = loss_curve(Course(history_of(20), 30), TWO).figure.layout.shapes
    assert "rect" not in {shape.type for shape in shapes}


def test_the_old_run_is_drawn_thin_and_dotted_from_where_it_was_left(history_of):
    ghost = Ghost(Position(4), Position(9), history_of(9), Schedule(RunConfig()))
    drawn = loss_curve(Course(history_of(6), 30, ghost=ghost), TWO)
    train, test, old_train, old_test = curves(drawn)
    assert list(old_train.x) == list(range(4, 10))
    assert list(old_test.y) == [1004.0 + i for i in range(6)]
    assert old_train.line.color == train.line.color
    assert old_train.line.width < train.line.width
    assert old_train.opacity < 1
    assert not old_train.showlegend
    assert (train.name, test.name, old_train.name) == ("train", "test", "old train")


def test_an_old_run_that_is_too_short_to_be_seen_ends_in_a_faint_point(history_of):
    ghost = Ghost(Position(4), Position(5), history_of(5), Schedule(RunConfig()))
    drawn = loss_curve(Course(history_of(60), 1000, ghost=ghost), TWO)
    assert [point[1:3] for point in points(drawn)] == [(5, 5), (5, 1005)]
    assert drawn.figure.data[-1].marker.opacity == (0.4, 0.4)


def test_the_place_of_the_branch_is_marked(history_of):
    ghost = Ghost(Position(4), Position(9), history_of(9), Schedule(RunConfig()))
    drawn = loss_curve(Course(history_of(6), 30, ghost=ghost), TWO).figure.layout
    assert drawn.shapes[-1].x0 == 4
    assert "branched" in drawn.annotations[-1].text


# The memory gauge


def gauge_of(radius, half_life):
    epochs = np.arange(len(radius)) * 10
    return MemoryGauge(epochs, np.array(radius), 2 * np.array(radius), np.array(half_life))


@pytest.fixture
def gauged(history_of):
    gauge = gauge_of([0.01, 0.1, 1.2], [0.2, 3.0, math.inf])
    return loss_curve(Course(history_of(20), 30), TWO, gauge)


def test_the_gauge_stands_under_the_loss_on_the_same_axis(gauged):
    assert {curve.xaxis or "x" for curve in gauged.figure.data} == {"x"}
    loss, below = gauged.figure.layout.yaxis.domain, gauged.figure.layout.yaxis2.domain
    assert below[1] < loss[0]
    assert gauged.figure.layout.xaxis.anchor == "y2"
    assert [curve.yaxis for curve in curves(gauged)] == [None, None, "y2", "y2", "y2"]


def test_the_gauge_shows_radius_norm_and_half_life_as_they_are(gauged):
    radius, norm, life = gauged.figure.data[2:5]
    assert [curve.name for curve in (radius, norm, life)] == [
        "radius", "singular value", "half-life",
    ]  # fmt: skip
    assert list(radius.x) == [0, 10, 20]
    assert list(radius.y) == pytest.approx([0.01, 0.1, 1.2])
    assert list(norm.y) == pytest.approx([0.02, 0.2, 2.4])
    assert list(life.y[:2]) == pytest.approx([0.2, 3.0])
    assert list(life.customdata) == pytest.approx([0.2, 3.0, math.inf])


def test_a_short_gauge_ends_in_points_too(history_of):
    drawn = loss_curve(Course(history_of(11), 1000), TWO, gauge_of([0.1, 1.2], [0.2, 3.0]))
    below = [point for point in points(drawn) if point[0] == "y2"]
    assert [point[1] for point in below] == [10, 10, 10]
    assert [point[2] for point in below] == pytest.approx([1.2, 2.4, 3.0])


def test_a_half_life_without_end_stands_at_the_upper_edge(gauged):
    assert gauged.figure.data[4].y[2] == pytest.approx(10.0 ** gauged.figure.layout.yaxis2.range[1])


def test_a_line_marks_radius_1(gauged):
    line = gauged.figure.layout.shapes[0]
    assert (line.yref, line.y0, line.y1) == ("y2", 1, 1)
    low, high = gauged.figure.layout.yaxis2.range
    assert low < 0 < high


def test_the_loss_keeps_its_curves_first_with_a_gauge(gauged):
    assert [curve.name for curve in gauged.figure.data[:2]] == ["train", "test"]


def test_a_gauge_of_a_phrase_of_one_word_has_no_half_life(history_of):
    drawn = loss_curve(Course(history_of(2), 30), TWO, gauge_of([0.1, 0.2], [math.nan, math.nan]))
    assert np.isnan(drawn.figure.data[4].y).all()
    assert np.isfinite(drawn.figure.layout.yaxis2.range).all()
