"""Training: against the notebook's own loop, and without side effects."""

import gc
from dataclasses import replace

import numpy as np

from benchmarks.notebook import NotebookRNN
from rnnviz.cells import cell_names
from rnnviz.config import ClipBy, OptimizerKind, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.dropout import factors_at
from rnnviz.engine.evaluation import Evaluator
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import (
    TrainBuffers,
    begin,
    descent,
    order,
    record,
    train_epoch,
    train_examples,
    train_on,
)
from rnnviz.tasks.dataset import ACCURACY
from rnnviz.tasks.sentiment import sentiment
from tests.sampling import each_row, pairwise, singly
from tests.unit.engine.networks import CELLS, architecture, examples, phrase

DATA = sentiment()


def network_of(config):
    inputs, outputs = len(DATA.vocabulary), len(DATA.classes)
    return Architecture(inputs, config.hidden, outputs, config.cell, layers=config.layers)


def workspace_for(config, **options):
    return TrainBuffers(DATA.train, network_of(config), config, **options)


def run(config, epochs=3):
    state, workspace = begin(network_of(config), config), workspace_for(config)
    for _ in range(epochs):
        state = train_epoch(state, workspace, config)
    return state


@each_row("scale", [0.001, 0.1])
def test_the_notebooks_gradient_gives_the_notebooks_weights(scale):
    config = RunConfig(gradient="notebook", init_scale=scale)
    phrases = [(p.inputs.tolist(), p.target) for p in DATA.train]
    notebook = NotebookRNN(begin(network_of(config), config).parameters)
    for epoch in range(20):
        notebook.train_epoch(phrases[i] for i in order(config.seed, epoch, len(phrases)))
    weights = run(config, 20).parameters.named().values()
    theirs = notebook.Wxh, notebook.Whh, notebook.bh[:, 0], notebook.Why, notebook.by[:, 0]
    for own, other in zip(weights, theirs, strict=True):
        np.testing.assert_allclose(own, other, rtol=0, atol=1e-12)


def clipped_steps(config, count):
    """Take steps, compare each with its record, and return how many were clipped."""
    state, workspace, clipped = begin(network_of(config), config), workspace_for(config), 0
    for _ in range(count):
        indexes = order(0, state.epoch, 58, config.batch)[state.offset :][: config.batch]
        factors = factors_at(state.parameters, config, state.epoch, state.offset)
        batch = collate([DATA.train[i] for i in indexes])
        trace = record(state.parameters.times(factors), batch)
        step = descent(state.parameters, trace, config, state.slots, factors)
        before, state = state, train_examples(state, workspace, config, config.batch)
        taken = before.parameters.theta - state.parameters.theta
        np.testing.assert_allclose(step.update.theta, taken, rtol=0, atol=1e-13)
        clipped += not np.array_equal(step.gradient.theta, step.clipped.theta)
    assert state.slots.steps == (0 if config.optimizer is OptimizerKind.SGD else count)
    return clipped


@pairwise(
    cell=cell_names(), batch=[1, 4, 58], optimizer=OptimizerKind, by=ClipBy, decay=[0.0, 0.3],
)  # fmt: skip
def test_the_recorded_step_is_the_one_that_training_takes(cell, batch, optimizer, by, decay):
    config = RunConfig(
        hidden=8, init_scale=0.5, cell=cell, layers=2, batch=batch, optimizer=optimizer,
        clip_by=by, clip=0.01, weight_decay=decay,
)  # fmt: skip
    assert (clipped_steps(config, 3) > 0) == (by is not ClipBy.OFF)


@pairwise(
    cell=cell_names(), dropout=[0.0, 0.2, 0.5], between=[0.0, 0.4], batch=[1, 7],
)  # fmt: skip
def test_the_recorded_step_has_the_dropout_of_training(cell, dropout, between, batch):
    config = RunConfig(
        hidden=8, init_scale=0.5, cell=cell, layers=2, batch=batch, clip=0.01,
        dropout=dropout, recurrent_dropout=between,
    )  # fmt: skip
    clipped_steps(config, 3)


def test_the_shortcut_past_clipping_is_taken_only_where_it_changes_nothing():
    assert 0 < clipped_steps(RunConfig(init_scale=0.5), 30) < 30


def test_another_optimizer_begins_with_empty_slots():
    config = RunConfig(hidden=8, optimizer="adam")
    state, workspace = begin(network_of(config), config), workspace_for(config)
    for kind, steps, arrays in (("adam", 3, 2), ("momentum", 2, 1), ("sgd", 0, 0)):
        state = train_examples(state, workspace, replace(config, optimizer=kind), steps or 1)
        slots = state.slots
        assert (slots.kind, slots.steps, len(slots.arrays)) == (kind, steps, arrays)


@singly(cell=cell_names(), batch=[1, 7])
def test_single_precision_follows_double_for_a_while(batch, cell):
    double, single = (
        run(RunConfig(hidden=8, init_scale=0.3, batch=batch, cell=cell, dtype=dtype), 2)
        for dtype in ("float64", "float32")
    )
    assert single.parameters.theta.dtype == np.float32
    np.testing.assert_allclose(single.parameters.theta, double.parameters.theta, rtol=0, atol=1e-4)


def test_training_depends_on_nothing_but_its_arguments_and_leaves_them_as_they_were():
    config = RunConfig(hidden=8, init_scale=0.5)
    state, workspace = begin(network_of(config), config), workspace_for(config)
    before = state.parameters.theta.copy()
    whole = train_epoch(state, workspace, config).parameters.theta
    cut = train_epoch(state, workspace, replace(config, truncate=2)).parameters.theta
    again = train_epoch(state, workspace, config).parameters.theta
    assert not np.array_equal(whole, cut)
    assert whole.tobytes() == again.tobytes() == run(config, 1).parameters.theta.tobytes()
    assert np.array_equal(state.parameters.theta, before)
    assert (state.epoch, state.offset) == (0, 0)


def test_seed_and_epoch_decide_the_order():
    assert sorted(order(1, 0, 58)) == list(range(58))
    assert len({order(1, 0, 58), order(2, 0, 58), order(1, 1, 58)}) == 3
    assert order(1, 0, 58, batch=58) == tuple(range(58))


@each_row(
    ("options", "counts"),
    [
        ({}, (1, 1, 30, 26)),
        ({"optimizer": "adam"}, (1, 1, 30, 26)),
        *(({"batch": 8, "cell": cell}, (8, 16, 34)) for cell in cell_names()),
    ],
)
def test_a_part_of_an_epoch_after_the_other_is_the_same_epoch(options, counts):
    config = RunConfig(hidden=16, init_scale=0.1, **options)
    state = begin(network_of(config), config)
    whole = train_epoch(state, workspace_for(config), config)
    for count in counts:
        state = train_examples(state, workspace_for(config), config, count)
    assert (state.epoch, state.offset) == (1, 0)
    assert state.parameters.theta.tobytes() == whole.parameters.theta.tobytes()


@pairwise(cell=cell_names(), batch=[1, 8, 57], room=[0, 1_000, 20_000])
def test_a_workspace_with_little_room_trains_the_same(cell, batch, room):
    config = RunConfig(hidden=16, init_scale=0.1, cell=cell, batch=batch)
    state, roomy = begin(network_of(config), config), workspace_for(config)
    tight = workspace_for(config, limit=12 * room)
    for _ in range(2):
        first, second = (train_epoch(state, w, config) for w in (roomy, tight))
        assert first.parameters.theta.tobytes() == second.parameters.theta.tobytes()
        state = first
    if batch == 1:
        assert roomy.cache.single.count(None) == 0
        alone = len(tight) - tight.cache.single.count(None)
        assert (alone > 0) == (room > 0)
        assert alone < len(tight)


@pairwise(cell=CELLS, batch=[1, 2], kind=["wide", "encoder", "values"])
def test_training_takes_the_recorded_steps_whatever_is_cached(cell, batch, kind):
    rng, config = np.random.default_rng(2), RunConfig(lr=0.1, batch=batch, init_scale=0.5)
    if kind == "wide":
        of = Architecture(300, 8, 2, *cell)
        # As many tokens in each, but not as many different ones.
        tokens = (rng.integers(0, most, 5) for most in (1, 300, 2, 300, 3))
        given = [phrase(row, k % 2) for k, row in enumerate(tokens)]
    else:
        of = architecture(cell, encoder=kind == "encoder", squared=kind == "values")
        given = examples(of, [3, 5, 3, 5, 3, 5], values=kind == "values")
    state = begin(of, config)
    expected = state.parameters.copy()
    for epoch in (0, 1):
        indexes = order(0, epoch, len(given), batch)
        for start in range(0, len(given), batch):
            step = collate([given[i] for i in indexes[start : start + batch]])
            expected.theta[...] -= descent(expected, record(expected, step), config).update.theta
    for limit in (10**9, 12 * 500, 0):
        space = TrainBuffers(given, of, config, limit)
        after = train_epoch(train_epoch(state, space, config), space, config).parameters.theta
        np.testing.assert_allclose(after, expected.theta, rtol=0, atol=1e-12)


#: Twelve lines with as many matrices as a cell may have, each of which multiplies something else.
BUSY = (
    "\n".join(
        f"{name} = W_{name}x@x + W_{name}h@tanh({n}*h)" for n, name in enumerate("abcdefgijkl", 1)
    )
    + "\nh = tanh(a*b + c*d + e*f + g*i + j*k + l)"
)


@each_row(
    ("cell", "layers", "batch", "vocabulary", "lengths"),
    [
        ("own", 1, 1, 4, [5, 6, 7, 8] * 120),
        ("own", 3, 1, 4, [40] * 20),
        ("own", 1, 1, 300, [5, 6, 7, 8] * 120),
        ("elman", 1, 1, 4, [1, 2] * 1_000),
        ("slstm", 2, 1, 4, [3, 5] * 500),
        ("elman", 1, 1, 300, [1, 2] * 1_000),
        ("elman", 2, 2, 4, [*range(1, 60)] * 20),
    ],
)
def test_garbage_collection_has_few_objects_of_a_run_to_visit(
    cell, layers, batch, vocabulary, lengths
):
    own = {"equations": BUSY} if cell == "own" else {}
    config = RunConfig(hidden=4, cell=cell, layers=layers, batch=batch, **own)
    of = Architecture(vocabulary, 4, 2, cell, layers=layers, **own)
    rng, state = np.random.default_rng(0), begin(of, config)
    given = [phrase(rng.integers(0, vocabulary, length), 1) for length in lengths]
    gc.collect()
    before = len(gc.get_objects())
    space = TrainBuffers(given, of, config)
    train_epoch(state, space, config)
    gc.collect()
    assert len(gc.get_objects()) - before < 50_000


@singly(cell=cell_names(), size=[(16, 1), (64, 1), (16, 3), (32, 3)])
def test_every_phrase_of_the_first_task_is_cached(cell, size):
    hidden, layers = size
    config = RunConfig(cell=cell, hidden=hidden, layers=layers)
    space = workspace_for(config)
    train_epoch(begin(network_of(config), config), space, config)
    assert None not in space.cache.single


def test_a_workspace_goes_on_from_where_it_is():
    config = RunConfig(hidden=16, init_scale=0.1, optimizer="adam")
    state, workspace = begin(network_of(config), config), workspace_for(config)
    before = state.parameters.theta.tobytes()
    workspace.enter(state)
    for count in (20, 30, 8, 58):
        train_on(workspace, config, count)
    other, now = run(config, 2), workspace.now
    assert (now.epoch, now.offset, now.slots.steps) == (2, 0, 116)
    assert now.parameters.theta.tobytes() == other.parameters.theta.tobytes()
    assert [a.tobytes() for a in now.slots.arrays] == [a.tobytes() for a in other.slots.arrays]
    assert now.parameters is workspace.parameters
    assert state.parameters.theta.tobytes() == before


def test_a_learning_rate_of_ten_soon_ends_in_no_number():
    config = RunConfig(lr=10)
    evaluator = Evaluator(DATA.train, Parameters(network_of(config)))
    losses = [evaluator.score(run(config, n).parameters, ACCURACY).loss for n in range(1, 9)]
    assert not np.isfinite(losses).all()
