"""Training: against the notebook's own loop, and pure."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.notebook import NotebookRNN
from rnnviz.config import ClipBy, Gradient, RunConfig
from rnnviz.engine.gradcheck import analytic_gradient
from rnnviz.engine.parameters import Sizes
from rnnviz.engine.training import (
    Workspace,
    batches,
    begin,
    descent,
    evaluate,
    order,
    record,
    train_epoch,
    train_phrases,
)
from rnnviz.tasks.dataset import sentiment

DATA = sentiment()


def sizes_of(config):
    return Sizes(len(DATA.vocabulary), config.hidden, len(DATA.classes))


def run(config, epochs=3):
    state = begin(sizes_of(config), config)
    workspace = Workspace(DATA.train, state.parameters.sizes, config.gradient)
    for _ in range(epochs):
        state = train_epoch(state, workspace, config)
    return state


@pytest.mark.parametrize("scale", [0.001, 0.1])
def test_the_notebooks_gradient_gives_the_notebooks_weights(scale):
    config = RunConfig(gradient="notebook", init_scale=scale)
    phrases = [(p.inputs.tolist(), p.target) for p in DATA.train]
    notebook = NotebookRNN(begin(sizes_of(config), config).parameters)
    for epoch in range(20):
        notebook.train_epoch(phrases[i] for i in order(config.seed, epoch, len(phrases)))
    found = run(config, 20).parameters
    assert np.abs(found.W_xh - notebook.Wxh).max() < 1e-12
    assert np.abs(found.W_hh - notebook.Whh).max() < 1e-12
    assert np.abs(found.b_h - notebook.bh[:, 0]).max() < 1e-12
    assert np.abs(found.W_hy - notebook.Why).max() < 1e-12
    assert np.abs(found.b_y - notebook.by[:, 0]).max() < 1e-12


@pytest.mark.parametrize("gradient", Gradient)
@pytest.mark.parametrize(
    ("by", "limit"),
    [("value", 1.0), ("value", 0.01), ("value", 3.0), ("norm", 0.1), ("norm", 50.0), ("off", 1.0)],
)
def test_one_step_goes_down_the_clipped_gradient(gradient, by, limit):
    config = RunConfig(gradient=gradient, clip_by=by, clip=limit, init_scale=0.5, lr=0.3)
    state = begin(sizes_of(config), config)
    workspace = Workspace(DATA.train, state.parameters.sizes, gradient)
    after = train_phrases(state, workspace, config, 1)
    example = DATA.train[order(config.seed, 0, len(DATA.train))[0]]
    tokens, targets = example.inputs[:, None], np.array([example.target])
    step = analytic_gradient(state.parameters, tokens, targets, gradient).theta
    if by == ClipBy.VALUE:
        step = np.clip(step, -limit, limit)
    elif by == ClipBy.NORM:
        step = step * min(1, limit / np.linalg.norm(step))
    expected = state.parameters.theta - 0.3 * step
    np.testing.assert_allclose(after.parameters.theta, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("by", ClipBy)
def test_the_recorded_step_is_the_one_that_training_takes(by):
    config = RunConfig(clip_by=by, clip=0.05, init_scale=0.5)
    state = begin(sizes_of(config), config)
    workspace = Workspace(DATA.train, state.parameters.sizes)
    after = train_phrases(state, workspace, config, 1)
    example = DATA.train[order(config.seed, 0, len(DATA.train))[0]]
    step = descent(record(state.parameters, example.inputs, example.target), config)
    taken = state.parameters.theta - after.parameters.theta
    np.testing.assert_allclose(step.update.theta, taken, rtol=0, atol=1e-15)
    changed = not np.array_equal(step.gradient.theta, step.clipped.theta)
    assert changed == (by is not ClipBy.OFF)


def test_the_same_run_twice_has_the_same_bytes():
    config = RunConfig(hidden=16, seed=7)
    assert run(config).parameters.theta.tobytes() == run(config).parameters.theta.tobytes()


def test_another_seed_has_other_weights_and_another_order():
    first, second = RunConfig(hidden=16, seed=1), RunConfig(hidden=16, seed=2)
    assert not np.array_equal(run(first, 0).parameters.W_hh, run(second, 0).parameters.W_hh)
    assert order(1, 0, 58) != order(2, 0, 58)
    assert order(1, 0, 58) != order(1, 1, 58)
    assert sorted(order(1, 0, 58)) == list(range(58))


def test_training_leaves_the_old_state_as_it_was():
    config = RunConfig(hidden=16)
    state = begin(sizes_of(config), config)
    before = state.parameters.theta.copy()
    train_epoch(state, Workspace(DATA.train, state.parameters.sizes), config)
    assert np.array_equal(state.parameters.theta, before)
    assert (state.epoch, state.position) == (0, 0)


def test_phrase_by_phrase_is_the_same_epoch():
    config = RunConfig(hidden=16, init_scale=0.1)
    state = begin(sizes_of(config), config)
    workspace = Workspace(DATA.train, state.parameters.sizes)
    whole = train_epoch(state, workspace, config)
    for count in (1, 1, 30, 26):
        state = train_phrases(state, workspace, config, count)
    assert (state.epoch, state.position) == (1, 0)
    assert state.parameters.theta.tobytes() == whole.parameters.theta.tobytes()


def test_a_workspace_without_room_trains_the_same():
    config = RunConfig(hidden=16, init_scale=0.1)
    state = begin(sizes_of(config), config)
    roomy = Workspace(DATA.train, state.parameters.sizes)
    tight = Workspace(DATA.train, state.parameters.sizes, limit=0)
    first, second = (train_epoch(state, w, config) for w in (roomy, tight))
    assert first.parameters.theta.tobytes() == second.parameters.theta.tobytes()
    assert tight.steps.count(None) == len(tight)


@pytest.mark.parametrize("seed", range(3))
def test_a_learning_rate_of_ten_soon_ends_in_no_number(seed):
    config = RunConfig(lr=10, seed=seed)
    losses = [evaluate(run(config, n).parameters, batches(DATA.train)).loss for n in range(1, 9)]
    assert not np.isfinite(losses).all()


def test_batches_hold_every_phrase_once():
    groups = batches(DATA.train, size=5)
    assert sum(len(targets) for _, targets in groups) == len(DATA.train)
    assert max(len(targets) for _, targets in groups) == 5
    assert all(tokens.shape[1] == len(targets) for tokens, targets in groups)


def test_the_state_after_an_epoch_can_go_on_with_another_rate():
    config = RunConfig(hidden=16)
    state = run(config, 2)
    workspace = Workspace(DATA.train, state.parameters.sizes)
    slow, fast = (train_epoch(state, workspace, replace(config, lr=lr)) for lr in (1e-5, 0.5))
    moved = [np.abs(s.parameters.theta - state.parameters.theta).max() for s in (slow, fast)]
    assert moved[0] < moved[1]
