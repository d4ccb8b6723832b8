"""One step: against training itself, and its parts against the whole."""

import numpy as np
import pytest

from rnnviz.analysis.training_step import clipping, largest_changes, panels, share
from rnnviz.config import ClipBy
from rnnviz.engine.timeline import Moment, Phase, timeline
from rnnviz.engine.training import TrainBuffers, TrainState, order, train_examples
from tests.sampling import each_row, singly
from tests.unit.analysis.conftest import TEXTS

PHRASES = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def moments_of(step):
    return timeline(len(step.words))


@singly(
    pytest.mark.parametrize(("by", "limit"), [("value", 0.01), ("norm", 0.05), ("off", 1.0)]),
    gradient=["exact", "notebook"],
)
def test_the_weights_after_are_those_that_training_gives(halfway, step_of, gradient, by, limit):
    run = halfway[gradient]
    example = run.dataset.train[order(run.config.seed, 0, run.run.examples)[0]]
    step = step_of(example.text, gradient, example.target, clip_by=by, clip=limit)
    state = TrainState(run.state.parameters)
    workspace = TrainBuffers(run.dataset.train, state.parameters.architecture, step.config)
    trained = train_examples(state, workspace, step.config, 1).parameters
    np.testing.assert_allclose(step.after.theta, trained.theta, rtol=0, atol=1e-15)
    assert not np.array_equal(step.after.theta, step.before.theta)


def test_a_record_keeps_its_own_weights(halfway, step_of):
    assert not np.shares_memory(
        step_of("bad").before.theta, halfway["exact"].state.parameters.theta
    )


def test_the_words_are_those_that_were_read(step_of):
    assert step_of("I am NOT good!").words == ("i", "am", "not", "good")


@singly(PHRASES, gradient=["exact", "notebook"])
def test_the_shares_add_up_to_the_gradient(step_of, text, gradient):
    step = step_of(text, gradient)
    so_far = np.zeros_like(step.before.theta)
    for moment in moments_of(step):
        here, total = share(step, moment)
        so_far += here.theta
        np.testing.assert_allclose(total.theta, so_far, rtol=0, atol=1e-12)
    np.testing.assert_allclose(so_far, step.trace.gradient.theta, rtol=0, atol=1e-12)


def test_a_share_is_that_of_the_formula(step_of):
    step = step_of(TEXTS[4])
    layer = step.unrolled(0)
    for t in range(4):
        here, _ = share(step, Moment(Phase.BACKWARD, t))
        da = layer.of("da")[t]
        np.testing.assert_allclose(here["b_h"], da, rtol=0, atol=1e-15)
        wanted = np.outer(da, layer.of("h_before")[t])
        np.testing.assert_allclose(here["W_hh"], wanted, rtol=0, atol=1e-15)
        np.testing.assert_allclose(here["W_xh"], np.outer(da, layer.x(t)), rtol=0, atol=1e-15)


def test_on_the_way_there_the_gradient_is_empty(step_of):
    here, total = share(step_of("not good"), Moment(Phase.FORWARD, 1))
    assert not here.theta.any()
    assert not total.theta.any()


def test_the_loss_gives_the_readout_its_gradient(step_of):
    step = step_of("not good")
    here, total = share(step, Moment(Phase.LOSS, 1))
    np.testing.assert_allclose(here.readout, step.trace.gradient.readout, rtol=0, atol=1e-15)
    assert not any(block.any() for layer in total.fused for block in layer)


def test_clipping_by_value_touches_what_is_too_large(step_of):
    step = step_of(TEXTS[4], clip=0.01)
    found = clipping(step)
    assert np.array_equal(found.mask, np.abs(step.trace.gradient.theta) > 0.01)
    assert found.count == found.mask.sum() > 0
    assert found.total == step.before.theta.size
    assert 0 < found.lost == 1 - found.after / found.before < 1
    assert set(np.unique(found.signs.theta)) == {-1, 0, 1}
    assert np.array_equal(found.signs.theta != 0, found.mask)


def test_clipping_by_norm_shortens_everything(step_of):
    step = step_of(TEXTS[4], clip_by="norm", clip=0.05)
    found = clipping(step)
    assert found.count == np.count_nonzero(step.trace.gradient.theta)
    assert found.after == pytest.approx(0.05)


@each_row("by", ClipBy)
def test_a_small_gradient_is_left_alone(step_of, by):
    found = clipping(step_of(TEXTS[4], clip_by=by, clip=100.0))
    assert (found.count, found.lost) == (0, 0)


def test_the_largest_changes_come_first(step_of):
    step = step_of(TEXTS[4])
    rows = largest_changes(step, 12)
    changes = [abs(row.change) for row in rows]
    assert changes == sorted(changes, reverse=True)
    np.testing.assert_allclose(changes, np.sort(np.abs(step.descent.update.theta))[::-1][:12])
    assert all(row.before + row.change == pytest.approx(row.after, abs=1e-15) for row in rows)


def test_a_changed_weight_has_its_name(step_of):
    step = step_of("bad")
    names = {row.name: row for row in largest_changes(step, 10**6)}
    assert len(names) == step.before.theta.size
    column = step.names.vocabulary.index("bad")
    assert names["W_xh[3, “bad”]"].before == step.before["W_xh"][3, column]
    assert names["W_hh[3, 12]"].after == step.after["W_hh"][3, 12]
    assert names["W_hy[“positive”, 5]"].change == -step.descent.update.W_hy[1, 5]


def test_one_kind_of_moment_keeps_its_panels_and_limits(step_of):
    step = step_of(TEXTS[8])
    for phase in Phase:
        found = {
            tuple((panel.title, panel.limit) for panel in panels(step, moment))
            for moment in moments_of(step)
            if moment.phase is phase
        }
        assert len(found) == 1


def test_the_panels_of_the_update_are_before_change_and_after(step_of):
    step = step_of(TEXTS[4])
    before, change, after = panels(step, Moment(Phase.UPDATE, 0))
    total = before.values.theta + change.values.theta
    assert np.array_equal(total, after.values.theta)
    assert before.limit == after.limit > change.limit


@each_row("length", TEXTS)
def test_the_phrases_looked_into_have_their_lengths_in_words(step_of, length):
    assert len(step_of(TEXTS[length]).words) == length


@pytest.mark.parametrize("gradient", ["exact", "notebook"])
def test_the_runs_looked_into_are_in_the_middle_of_learning(halfway, gradient):
    assert 0.1 < halfway[gradient].run.history.row(40)["train_loss"] < 0.65
