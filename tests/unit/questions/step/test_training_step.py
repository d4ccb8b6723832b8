"""One step: against training itself, and its parts against the whole."""

import numpy as np
import pytest

from rnnviz.config import SETTINGS, ClipBy, RunConfig
from rnnviz.engine.training import TrainBuffers, TrainState, order, train_examples
from rnnviz.probe.session import Session
from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.arithmetic import terms
from rnnviz.questions.step.measure import StepLab, largest_changes, step_query, timeline
from rnnviz.questions.step.pictures import panels, share
from tests.sampling import each_row, singly
from tests.unit.changed_setting import changed_setting
from tests.unit.conftest import TEXTS


@singly(
    pytest.mark.parametrize(("by", "limit"), [("value", 0.01), ("norm", 0.05), ("off", 1.0)]),
    gradient=["exact", "notebook"],
)
def test_the_weights_after_are_those_that_training_gives(halfway, step_of, gradient, by, limit):
    run = halfway[gradient]
    # A run that has not begun to learn, or has learned all, would test little.
    assert 0.1 < run.run.history.row(40)["train_loss"] < 0.65
    example = run.dataset.train[order(run.config.seed, 0, run.run.examples)[0]]
    step = step_of(example.text, gradient, example.target, clip_by=by, clip=limit)
    assert not np.shares_memory(step.before.theta, run.state.parameters.theta)
    state = TrainState(run.state.parameters)
    buffers = TrainBuffers(run.dataset.train, state.parameters.architecture, step.config)
    trained = train_examples(state, buffers, step.config, 1).parameters
    np.testing.assert_allclose(step.after.theta, trained.theta, rtol=0, atol=1e-15)
    assert not np.array_equal(step.after.theta, step.before.theta)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_step_has_the_effect_of_every_setting(name):
    """Also of one that is new: the step shown is the next one of the run, and its terms add up."""
    session = Session(RunConfig(**changed_setting(name)))
    session.player.advance(1)
    lab = session.lab(StepLab)
    step = lab.record(step_query(session))
    lab.moment = Moment(Phase.UPDATE, 0)
    update = terms(step, lab.focus)
    session.player.step_phrase()
    trained, rounding = session.state.parameters, 1e-6 if name == "dtype" else 1e-15
    np.testing.assert_allclose(step.after.theta, trained.theta, rtol=0, atol=rounding)
    assert sum(row.value for row in update.rows) == pytest.approx(update.recorded, abs=rounding)


def test_the_share_of_a_moment_is_that_of_the_formula(step_of):
    step = step_of(TEXTS[4])
    layer = step.unrolled(0)
    for t in range(4):
        here, _ = share(step, Moment(Phase.BACKWARD, t))
        da = layer.error(0)[t]
        np.testing.assert_allclose(here["b_h"], da, rtol=0, atol=1e-15)
        expected = np.outer(da, layer.of("h_before")[t])
        np.testing.assert_allclose(here["W_hh"], expected, rtol=0, atol=1e-15)
        np.testing.assert_allclose(here["W_xh"], np.outer(da, layer.x(t)), rtol=0, atol=1e-15)
        here, total = share(step, Moment(Phase.FORWARD, t))
        assert not here.theta.any() | total.theta.any()
    here, total = share(step, Moment(Phase.LOSS, 3))
    np.testing.assert_allclose(here.readout, step.trace.gradient.readout, rtol=0, atol=1e-15)
    assert not any(block.any() for fused in total.fused for block in fused)


@each_row(
    ("by", "limit"), [("value", 0.01), ("norm", 0.05), *((by, 100.0) for by in ClipBy)], ids=str
)
def test_clipping_has_the_changed_entries_and_the_lost_share_of_the_norm(step_of, by, limit):
    step = step_of(TEXTS[4], clip_by=by, clip=limit)
    gradient, found = step.trace.gradient.theta, step.descent
    norm = np.linalg.norm(gradient)
    changed = np.abs(gradient) > (limit if by == "value" or norm < limit else 0)
    np.testing.assert_array_equal(step.clipped_signs.theta, np.sign(gradient) * changed)
    assert (found.changed.sum(), found.changed.any()) == (changed.sum(), limit < 1)
    left = np.linalg.norm(gradient.clip(-limit, limit)) if by == "value" else min(norm, limit)
    assert found.lost == pytest.approx(1 - left / norm)


def test_the_largest_changes_come_first_and_have_names(step_of):
    step = step_of("bad")
    rows = largest_changes(step, 12)
    changes = [abs(change) for _, change in rows]
    np.testing.assert_allclose(changes, np.sort(np.abs(step.descent.update.theta))[::-1][:12])
    names = dict(largest_changes(step, 10**6))
    assert len(names) == step.before.theta.size
    update, column = step.descent.update, step.names.vocabulary.index("bad")
    assert names["W_xh[3, “bad”]"] == -update["W_xh"][3, column]
    assert names["W_hh[3, 12]"] == -update["W_hh"][3, 12]
    assert names["W_hy[“positive”, 5]"] == -update.W_hy[1, 5]


def test_every_phase_has_the_same_panels_and_limits_at_all_moments(step_of):
    step = step_of(TEXTS[8])
    titles = {
        moment.phase: {tuple((p.title, p.limit) for p in panels(step, m)) for m in step.moments
                       if m.phase is moment.phase}
        for moment in step.moments
    }  # fmt: skip
    assert [len(titles[phase]) for phase in Phase] == [1] * 5
    before, change, after = panels(step, Moment(Phase.UPDATE, 0))
    np.testing.assert_array_equal(before.values.theta + change.values.theta, after.values.theta)
    assert before.limit == after.limit > change.limit
    _, clipped, cut = panels(step_of(TEXTS[8], clip=0.01), Moment(Phase.CLIP, 0))
    assert np.abs(clipped.values.theta).max() == pytest.approx(0.01)
    assert (cut.limit, set(np.unique(cut.values.theta))) == (1, {-1, 0, 1})


# The order of the moments of one step


@each_row("steps", [1, 2, 4, 200])
def test_forward_to_the_last_token_and_back_to_the_first(steps):
    moments = timeline(steps)
    assert len({*moments}) == len(moments) == 2 * steps + 3
    assert [m.t for m in moments if m.phase is Phase.FORWARD] == list(range(steps))
    assert [m.t for m in moments if m.phase is Phase.BACKWARD] == list(range(steps))[::-1]
    assert moments[steps] == Moment(Phase.LOSS, steps - 1)
    assert moments[-2:] == ((Phase.CLIP, 0), (Phase.UPDATE, 0))
    assert moments[0].number == 1
    several = timeline(steps, range(steps))
    assert [m.t for m in several if m.phase is Phase.LOSS] == list(range(steps))
