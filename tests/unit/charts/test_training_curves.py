"""Loss and metric over the epochs, and the curves of the first page."""

import math
from itertools import pairwise

import numpy as np
import pytest

from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.charts.training_curves import loss_curve, metric_curve, run_curves
from rnnviz.config import RunConfig
from rnnviz.engine.evaluation import Score
from rnnviz.probe.memory_gauge import MemoryGauge
from rnnviz.probe.results import Baseline
from rnnviz.probe.session import Session
from rnnviz.probe.story import Chapter
from rnnviz.probe.work import spend
from rnnviz.run.history import History, PreviousRun, RunCurves
from rnnviz.run.schedule import Change, Position, Schedule
from rnnviz.run.weight_edits import noise, scale, set_weight, silence
from rnnviz.tasks.dataset import guess_classes
from tests.sampling import each_row

TWO = guess_classes(np.arange(2), 2)


def curves(drawn):
    """The curves of a figure, without the points at their ends."""
    return [series for series in drawn.figure.data if series.mode == "lines"]


def points(drawn):
    """The points at the ends of the curves, as (axis, epoch, value, colour)."""
    return [
        (series.yaxis or "y", *point)
        for series in drawn.figure.data
        if series.mode == "markers"
        for point in zip(series.x, series.y, series.marker.color, strict=True)
    ]


def test_train_and_test_have_a_curve_each_that_differ_in_more_than_color(history_of):
    course = RunCurves(history_of(3), 10)
    loss, metric = loss_curve(course, TWO), metric_curve(course, theme=DARK)
    train, test = curves(loss)
    assert (train.name, list(train.x), list(train.y)) == ("train", [0, 1, 2, 3], [0, 1, 2, 3])
    assert (test.name, list(test.y)) == ("test", [1000, 1001, 1002, 1003])
    assert train.line.dash != test.line.dash
    assert [list(curve.y) for curve in curves(metric)] == [[0.5] * 4, [0.75] * 4]
    assert [curve.line.color for curve in curves(metric)] == [DARK.train, DARK.test]
    assert loss.figure.layout.yaxis.title.text == "loss (nats)"
    assert metric.figure.layout.title.text == "Accuracy"
    assert {drawn.figure.layout.xaxis.title.text for drawn in (loss, metric)} == {"epoch"}
    untested = RunCurves(history_of(3, tested=False), 10)
    assert [curve.name for curve in curves(loss_curve(untested, TWO))] == ["train"]


@each_row(("epochs", "of"), [(0, 1000), (1, 1000), (29, 1000), (30, 1000), (3, 30)])
def test_only_a_curve_too_short_to_see_ends_in_a_point(history_of, epochs, of):
    course, short = RunCurves(history_of(epochs), of), epochs < 0.03 * of
    losses = [("y", epochs, epochs, LIGHT.train), ("y", epochs, 1000 + epochs, LIGHT.test)]
    assert points(loss_curve(course, TWO)) == losses * short
    assert [point[2] for point in points(metric_curve(course))] == [0.5, 0.75] * short


@each_row("epochs", [500, 999, 1000, 1001, 20_000])
def test_a_long_run_is_thinned_evenly_but_keeps_its_first_and_last_epoch(history_of, epochs):
    train = loss_curve(RunCurves(history_of(epochs), epochs), TWO).figure.data[0]
    x = list(train.x)
    assert len(x) == min(epochs + 1, 1000)
    assert (x[0], x[-1]) == (0, epochs)
    assert max(b - a for a, b in pairwise(x)) <= math.ceil(epochs / 999) + 1
    assert list(train.y) == x


@each_row(
    ("done", "epochs", "end"),
    [(2, 300, 300), (3, 1, 3), (1500, 100_000, 1500), (1500, 1000, 1500), (0, 0, 1)],
)
def test_the_epochs_of_the_run_and_every_loss_are_on_the_axes(history_of, done, epochs, end):
    layout = loss_curve(RunCurves(history_of(done), epochs), TWO).figure.layout
    assert layout.xaxis.range[0] < 0 <= end <= layout.xaxis.range[1]
    assert layout.yaxis.range[0] < 0 < 1000 + done < layout.yaxis.range[1]


def test_the_loss_axis_and_the_height_keep_still_while_the_loss_falls():
    history, layouts = History(), set()
    for i in range(50):
        history.append(Score(0.7 / (i + 1), 0.5), Score(0.69 / (i + 1), 0.5))
        layout = loss_curve(RunCurves(history, 100), TWO).figure.layout
        layouts.add((layout.yaxis.range, layout.height))
    assert len(layouts) == 1


@each_row("classes", [2, 7])
def test_the_loss_of_guessing_is_marked_and_named_beside_the_plot(history_of, classes):
    layout = loss_curve(
        RunCurves(history_of(3), 10), guess_classes(np.arange(classes), classes)
    ).figure.layout
    line, note = layout.shapes[0], layout.annotations[0]
    assert line.y0 == line.y1 == note.y == pytest.approx(math.log(classes))
    assert f"ln {classes} = {math.log(classes):.3f}" in note.text
    assert (note.xref, note.x, note.xanchor) == ("paper", 1, "left")


def lined(course, *losses, gauge=None):
    lines = [
        Baseline(f"last {k}", f"the best from {k}", loss, 0.5) for k, loss in enumerate(losses)
    ]
    return loss_curve(course, TWO, gauge, baselines=lines).figure.layout


def test_a_baseline_has_a_line_a_label_and_says_on_hover_what_it_is(history_of):
    course = RunCurves(history_of(0), 10)
    layout, plain = lined(course, 0.4, 0.1), loss_curve(course, TWO).figure.layout
    assert [line.y0 for line in layout.shapes] == pytest.approx([math.log(2), 0.4, 0.1])
    assert [note.y for note in layout.annotations] == pytest.approx([math.log(2), 0.4, 0.1])
    assert layout.annotations[1].text == "last 0<br>0.4"
    assert layout.annotations[1].hovertext == (
        "On the training sequences,<br>the best from 0: 0.4 nats, 50% right"
    )
    assert layout.yaxis.range == plain.yaxis.range


@each_row("losses", [(0.69, 0.68, 0.67), (0.02, 0.01, 0.0), (0.655, 0.185), (0.5, 0.3, 0.1)])
@each_row("gauged", [False, True])
def test_no_label_covers_another_or_leaves_the_plot(history_of, losses, gauged):
    gauge = gauge_of([0.1, 1.2], [0.2, 3.0]) if gauged else None
    layout = lined(RunCurves(history_of(0), 10), *losses, gauge=gauge)
    low, high = layout.yaxis.range
    share = np.diff(layout.yaxis.domain or (0, 1))[0]
    pixels = (layout.height - layout.margin.t - layout.margin.b) * share
    labels = [note for note in layout.annotations if note.x == 1]
    heights = [pixels * (note.y - low) / (high - low) + note.yshift for note in labels]
    assert len(labels) == len(losses) + 1
    assert all(above - below >= 33 for above, below in pairwise(heights))
    assert heights[-1] >= 0
    assert heights[0] <= pixels + 5


# Changes on the way


def changed(history, *epochs):
    changes = [Change(Position(epoch), "lr", 0.5 + i) for i, epoch in enumerate(epochs)]
    return loss_curve(RunCurves(history, 30, changes=changes), TWO).figure.layout


def test_every_change_has_a_line_and_the_latest_have_their_words(history_of):
    layout = changed(history_of(30), *range(30))
    assert [line.x0 for line in layout.shapes[1:]] == list(range(30))
    assert [note.text for note in layout.annotations[1:]] == [
        f"Learning rate {k + 0.5}" for k in range(24, 30)
    ]
    assert [note.x for note in layout.annotations[1:]] == list(range(24, 30))
    assert len({note.yshift for note in layout.annotations[1:]}) == 6


def edited(history, *edits, epoch=20):
    ghost = PreviousRun(Position(epoch), Position(30), history, Schedule(RunConfig()))
    changes = [Change(Position(epoch), "edit", edit) for edit in edits]
    drawn = loss_curve(RunCurves(history, 30, changes=changes, ghost=ghost), TWO)
    return drawn.figure.layout.annotations[1:]


def test_edits_are_named_from_top_to_bottom_in_the_order_in_which_they_are_applied(history_of):
    notes = edited(history_of(30), silence(1, 34), scale(0.9), noise(0.1, 0))
    assert [note.text for note in notes] == [
        "branched", "Weights: silence 1 34", "Weights: scale 0.9", "Weights: noise 0.1 0",
    ]  # fmt: skip
    assert [note.yshift for note in notes] == sorted((note.yshift for note in notes), reverse=True)


@each_row(("epoch", "side"), [(3, "left"), (29, "right")])
def test_a_label_is_on_the_side_where_it_fits_and_is_no_longer_than_that(history_of, epoch, side):
    note = edited(history_of(30), set_weight("W_hh", 12, 34, -0.123456789), epoch=epoch)[-1]
    assert note.xanchor == side
    assert note.text.startswith("Weights: set W_hh 12 34")
    assert len(note.text) <= 27


# The past and the old run


def test_what_came_after_the_epoch_shown_is_veiled(history_of):
    course = RunCurves(history_of(20), 30, shown=7)
    for drawn in (loss_curve(course, TWO), metric_curve(course)):
        veil, line = drawn.figure.layout.shapes[-2:]
        assert (veil.type, veil.x0, veil.fillcolor) == ("rect", 7, LIGHT.background)
        assert veil.x1 > 30
        assert veil.opacity > 0.5
        assert line.x0 == line.x1 == 7
        assert list(drawn.figure.data[0].x) == list(range(21))
    now = loss_curve(RunCurves(history_of(20), 30), TWO).figure.layout.shapes
    assert "rect" not in {shape.type for shape in now}


def branched(history_of, epoch, last, done, epochs):
    ghost = PreviousRun(Position(epoch), Position(last), history_of(last), Schedule(RunConfig()))
    return loss_curve(RunCurves(history_of(done), epochs, ghost=ghost), TWO)


def test_the_old_run_is_drawn_thin_and_dotted_from_the_marked_branch_on(history_of):
    drawn = branched(history_of, 4, 9, done=6, epochs=30)
    train, test, old_train, old_test = curves(drawn)
    assert (train.name, test.name, old_train.name) == ("train", "test", "old train")
    assert list(old_train.x) == list(range(4, 10))
    assert list(old_test.y) == [1004.0 + i for i in range(6)]
    assert old_train.line.color == train.line.color
    assert old_train.line.width < train.line.width
    assert old_train.opacity < 1
    assert not old_train.showlegend
    assert drawn.figure.layout.shapes[-1].x0 == 4
    short = branched(history_of, 4, 5, done=60, epochs=1000)
    assert [point[1:3] for point in points(short)] == [(5, 5), (5, 1005)]
    assert short.figure.data[-1].marker.opacity == (0.4, 0.4)


# The memory gauge


def gauge_of(radius, half_life):
    numbers = np.arange(len(radius)) * 10
    lives = np.array(half_life)
    return MemoryGauge(numbers, np.array(radius), 2 * np.array(radius), lives)


def gauged(history_of, radius, half_life, done=20, epochs=30):
    return loss_curve(RunCurves(history_of(done), epochs), TWO, gauge_of(radius, half_life))


def test_the_gauge_is_below_the_loss_on_the_same_epochs_with_its_exact_values(history_of):
    drawn = gauged(history_of, [0.01, 0.1, 1.2], [0.2, 3.0, math.inf])
    layout = drawn.figure.layout
    assert layout.yaxis2.domain[1] < layout.yaxis.domain[0]
    assert layout.xaxis.anchor == "y2"
    assert [(curve.name, curve.yaxis) for curve in curves(drawn)] == [
        ("train", None), ("test", None),
        ("radius", "y2"), ("singular value", "y2"), ("half-life", "y2"),
    ]  # fmt: skip
    radius, norm, life = drawn.figure.data[2:5]
    assert list(radius.x) == [0, 10, 20]
    assert list(radius.y) == pytest.approx([0.01, 0.1, 1.2])
    assert list(norm.y) == pytest.approx([0.02, 0.2, 2.4])
    # An infinite half-life is at the upper edge, and infinite on hover.
    assert list(life.y) == pytest.approx([0.2, 3.0, 10.0 ** layout.yaxis2.range[1]])
    np.testing.assert_allclose(life.customdata, [0.2, 3.0, math.inf], rtol=1e-6)
    line, (low, high) = layout.shapes[0], layout.yaxis2.range
    assert (line.yref, line.y0, line.y1) == ("y2", 1, 1)
    assert low < 0 < high


def test_a_short_gauge_ends_in_points_and_may_have_no_half_life(history_of):
    drawn = gauged(history_of, [0.1, 1.2], [0.2, 3.0], done=11, epochs=1000)
    below = [point for point in points(drawn) if point[0] == "y2"]
    assert [point[1] for point in below] == [10, 10, 10]
    assert [point[2] for point in below] == pytest.approx([1.2, 2.4, 3.0])
    drawn = gauged(history_of, [0.1, 0.2], [math.nan, math.nan])
    assert np.isnan(drawn.figure.data[4].y).all()
    assert np.isfinite(drawn.figure.layout.yaxis2.range).all()


# The curves of a run: what is sent is what was measured


def drawn(session):
    data, probe = session.dataset, session.inspect()
    query = session.gradient_query(probe)
    gauge, norms = session.memory.past(session.run, query, 10)
    shown = run_curves(
        session.player.course, guess=data.guess, metric=data.metric, gauge=gauge, gradients=norms,
        words=probe.words, noun="word", baselines=session.baselines,
    )  # fmt: skip
    return shown.layout["meta"], {one["name"]: one for one in shown.series}, gauge, norms


@pytest.fixture
def session():
    session = Session(RunConfig(hidden=6, init_scale=0.3))
    session.player.advance(12)
    return session


def test_scores_gauge_and_gradients_are_those_of_the_run(session):
    meta, series, gauge, norms = drawn(session)
    history = session.run.history
    for name in ("train_loss", "test_loss", "train_metric", "test_metric"):
        assert series[name]["x"].tolist() == list(range(13))
        np.testing.assert_allclose(series[name]["y"], history.column(name), rtol=1e-6)
    np.testing.assert_allclose(series["radius"]["y"], gauge.radius, rtol=1e-6)
    low, high = meta["map"]["span"]
    logs = np.log10(norms.norms.T)
    np.testing.assert_allclose(series["log10 gradient"]["z"], np.maximum(logs, low), rtol=1e-5)
    assert low < high
    assert meta["map"]["words"] == list(session.inspect().words)
    assert meta["loss"]["guess"] == session.dataset.guess.loss
    assert [line["name"] for line in meta["baselines"]] == ["last word", "last 2 words"]
    assert (meta["shown"], meta["last"]) == (None, 1000)


def test_a_past_epoch_a_change_and_a_branch_are_marked(session):
    session.configure(RunConfig(hidden=6, init_scale=0.3, lr=0.05))
    session.player.advance(3)
    session.player.go_to(Position(5))
    assert drawn(session)[0]["shown"] == 5
    assert drawn(session)[0]["changes"] == [12]
    session.player.branch()
    meta, series, *_ = drawn(session)
    assert (meta["shown"], 5 in meta["changes"]) == (None, True)
    assert series["old train_loss"]["x"].tolist() == list(range(5, 16))


def test_the_chapters_cover_the_run_without_gaps_and_are_those_of_the_story():
    session = Session(RunConfig())
    session.player.advance(420)
    while spend(10, session.memory.develop(session.run, session.gradient_query())):
        pass
    told = drawn(session)[0]["chapters"]
    setbacks = (Chapter.MEMORIZED, Chapter.OVERFITTING, Chapter.DAMAGED)
    usual = [chapter.label for chapter in Chapter if chapter not in setbacks]
    assert [name for name, *_ in told] == usual
    ends = [end for *_, end in told]
    assert [start for _, start, _ in told] == [0, *ends[:-1]]
    assert ends[-1] == 420
    for name, start, _ in told:
        session.player.go_to(Position(start))
        assert session.story.chapter == name


def test_in_a_long_run_too_the_last_five_epochs_decide():
    session = Session(RunConfig(hidden=6))
    for loss in [0.69] * 2999 + [0.1] * 3:
        session.run.history.append(Score(loss, 1), Score(loss, 1))
    names = [name for name, *_ in drawn(session)[0]["chapters"]]
    assert names == ["Untrained", "Plateau", "Learned"]


def test_a_run_that_knows_its_training_set_alone_is_called_so():
    session = Session(RunConfig(hidden=6))
    for test in [0.5] * 9 + [1.0] * 9:
        session.run.history.append(Score(0.1, 1), Score(0.6, test))
    data, probe = session.dataset, session.inspect()
    gauge, norms = session.memory.past(session.run, session.gradient_query(probe), 1)
    shown = run_curves(
        session.player.course, guess=data.guess, metric=data.metric, gauge=gauge, gradients=norms,
        words=probe.words, baselines=session.baselines, chance=0.6,
    )  # fmt: skip
    meta = shown.layout["meta"]
    assert [name for name, *_ in meta["chapters"]][-2:] == ["Memorized", "Learned"]
