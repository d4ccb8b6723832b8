"""The states of many sequences: activations, and the states that a network visits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe import activations as projection
from rnnviz.probe import passes
from rnnviz.probe.activations import (
    BANDS,
    MOST_CLASSES,
    OTHERS,
    Activations,
    Plane,
    Projection,
    boundary,
    fit,
    label_tokens,
    participation_ratio,
    plane_of,
    read_activations,
    response,
    selectivity,
    seriation,
    svd,
    token_targets,
    variances_of,
)
from rnnviz.probe.passes import draw
from rnnviz.probe.state_transition import states_of, visit_states
from rnnviz.probe.unrolled import Unrolled
from rnnviz.tasks.dataset import Example
from tests.sampling import each_row, pairwise
from tests.unit.engine.networks import CELLS, HIDDEN, INPUTS, architecture, examples, network
from tests.unit.probe.known import LETTERS, NAMES, letters, tally


def activations(*texts):
    return read_activations(tally(0.5), [letters(text) for text in texts], NAMES)


def test_sequences_are_concatenated():
    found = activations("b", "aac", "ca")
    assert ("".join(found.words), found.vocabulary) == ("baacca", ("a", "b", "c"))
    assert found.numbers.tolist() == [1, 0, 0, 2, 2, 0]
    assert found.owners.tolist() == [0, 1, 1, 1, 2, 2]
    assert found.steps.tolist() == [0, 0, 1, 2, 0, 1]
    assert (found.count, found.part(1)) == (3, slice(1, 4))
    assert found.states[1:4].tolist() == [[1, 0, 0], [1.5, 0, 0], [0.75, 0, 1]]
    assert found.changes[1:5].tolist() == [[1, 0, 0], [0.5, 0, 0], [-0.75, 0, 1], [0, 0, 1]]
    assert [found.occurrences(word).tolist() for word in ("c", "zebra")] == [[3, 4], []]


@each_row("most", range(8))
def test_whole_sequences_are_drawn(most):
    whole = activations("b", "aac", "ca")
    found = whole.drawn(most)
    assert 1 <= len(found.words) <= max(most, 3)
    assert (found.count == 3) == (most >= 6)
    for k, index in enumerate(found.examples):
        part, original = found.part(k), whole.part(index)
        assert found.words[part] == whole.words[original]
        np.testing.assert_array_equal(found.states[part], whole.states[original])


@pairwise(cell=CELLS, encoder=[False, True], layer=[0, 1])
def test_in_a_batch_every_sequence_is_read_as_it_is_alone(cell, encoder, layer):
    of = architecture(cell, 2, encoder)
    parameters, given = network(of), examples(of, [3, 1, 5, 3], every=encoder)
    alone = [record(parameters, collate([example])) for example in given]
    for part in (*of.cell.states, *of.cell.gates):
        found = read_activations(parameters, given, LETTERS, layer, part)
        assert found.zero == (part in of.cell.states)
        for k, trace in enumerate(alone):
            states = Unrolled(trace, layer).of(part)
            assert found.states[found.part(k)] == pytest.approx(states, abs=1e-14)
            assert found.words[found.part(k)] == Unrolled(trace).words(LETTERS)
    visited = visit_states(parameters, given)
    np.testing.assert_array_equal(visited.states, np.concatenate(visited.paths))
    expected = sorted((states_of(trace).whole for trace in alone), key=np.sum)
    for path, whole in zip(sorted(visited.paths, key=np.sum), expected, strict=True):
        np.testing.assert_allclose(path, whole, rtol=0, atol=1e-14)
    distances = np.linalg.norm(visited.states - visited.states.mean(axis=0), axis=1)
    assert visited.radius == pytest.approx(distances.max())


def test_the_mean_input_is_the_frequency_of_tokens_or_the_mean_of_values():
    of = architecture()
    given = examples(of, [5, 2, 7])
    tokens = np.concatenate([example.inputs for example in given])
    frequencies = [np.mean(tokens == token) for token in range(INPUTS)]
    assert visit_states(network(of), given).mean_input == pytest.approx(frequencies)
    of = architecture(squared=True)
    given = examples(of, [5, 2], values=True)
    mean = np.concatenate([example.inputs for example in given]).mean(axis=0)
    assert visit_states(network(of), given).mean_input == pytest.approx(mean)


def test_a_sample_is_random_and_always_the_same():
    lengths = np.full(1_000, 3)
    assert draw(lengths, 3_000).tolist() == [*range(1_000)]
    some = draw(lengths, 302)
    assert (len(some), len({*some})) == (100, 100)
    assert (np.diff(some) > 0).all()
    assert some.tolist() == draw(lengths, 302).tolist()
    assert np.histogram(some, 4, (0, 1_000))[0].min() > 15
    # Neither are all of one kind if two kinds alternate.
    assert 30 < (some % 2).sum() < 70
    assert len(draw(lengths, 1)) == 1


def test_of_many_examples_a_sample_is_read(monkeypatch):
    of = architecture()
    given = examples(of, [3] * 20)
    whole = read_activations(network(of), given, LETTERS)
    monkeypatch.setattr(passes, "MOST_TOKENS", 12)
    found, visited = read_activations(network(of), given, LETTERS), visit_states(network(of), given)
    assert (found.count, whole.count, len(visited.paths), visited.total) == (4, 20, 4, 20)
    assert visited.partial
    for k, index in enumerate(found.examples):
        assert found.words[found.part(k)] == whole.words[whole.part(index)]
        np.testing.assert_allclose(visited.paths[k][1:], whole.states[whole.part(index)])
    assert len(visit_states(network(of), examples(of, [15])).states) == 16


# What units respond to, by hand


def by_word(found):
    return dict(zip(found.words, found.means.T, strict=True))


def single_tokens(words, *units):
    """Sequences of one token, so that the state is the change."""
    states = np.array(units, float).T
    return Activations(tuple(words), states, np.arange(len(words)), np.zeros(len(words), int))


def test_the_response_to_a_word_is_its_mean_change():
    """With W = c I: the unit of a word gains 1 - (1 - c) h, all others lose (1 - c) h."""
    found = response(read_activations(tally(0.5), [letters("ab"), letters("aa")], NAMES))
    means = by_word(found)
    assert means["a"] == pytest.approx([(1 + 1 + 0.5) / 3, 0, 0])
    assert means["b"] == pytest.approx([-0.5, 1, 0])
    assert dict(zip(found.words, found.counts, strict=True)) == {"a": 3, "b": 1}
    assert sorted(found.units) == [0, 1, 2]


def test_the_first_change_of_a_state_is_from_zero_and_that_of_a_gate_unknown():
    states = np.array([[0.5], [0.75], [0.25], [1.0]])
    of = ("a", "b", "a", "a"), states, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    state, gate = Activations(*of), Activations(*of, zero=False)
    assert state.changes.ravel().tolist() == [0.5, 0.25, 0.25, 0.75]
    np.testing.assert_array_equal(gate.changes.ravel(), [np.nan, 0.25, np.nan, 0.75])
    assert [gate.occurrences(word).tolist() for word in "ab"] == [[3], [1]]
    assert by_word(response(state)) == {"a": pytest.approx([0.5]), "b": [0.25]}
    assert by_word(response(gate)) == {"a": [0.75], "b": [0.25]}
    assert response(gate).counts.tolist() == [1, 1]
    # Two groups of one, each a quarter from their mean.
    assert selectivity(gate) == selectivity(gate, "a") == pytest.approx([0.25])
    single = Activations(("a", "b"), np.ones((2, 3)), np.arange(2), np.zeros(2, int), zero=False)
    assert (response(single).words, response(single).units.tolist()) == ((), [0, 1, 2])
    assert selectivity(single).tolist() == [0, 0, 0]


def test_the_most_frequent_words_are_shown_in_the_order_of_another_response():
    texts = [letters(text) for text in ("abc", "ab", "a")]
    activations = read_activations(tally(0), texts, NAMES)
    assert set(response(activations, most=2).words) == {"a", "b"}
    whole = response(activations)
    same = response(activations, like=whole)
    assert same.words == whole.words
    np.testing.assert_array_equal(same.means, whole.means)


@each_row(
    ("words", "units", "word", "expected"),
    [
        # Groups (0, 2) and (4, 6): means 1 and 5, each 2 from the middle.
        ("aabb", [[0, 2, 4, 6]], None, [2]),
        ("aabbcc", [[1, 1, 2, 2, 3, 3], [3] * 6, [0, 1] * 3], None, [math.sqrt(2 / 3), 0, 0]),
        # Two of six: sqrt(1/3 2/3) times the distance of the means.
        ("aabbcc", [[7, 7, 0, 0, 0, 0], [0, 0, 1, 1, 2, 2]], "a", [7 * 2**0.5 / 3, 0.5 * 2**0.5]),
        ("aabbcc", [[7, 7, 0, 0, 0, 0], [0, 0, 1, 1, 2, 2]], "c", [3.5 * 2**0.5 / 3, 0.5 * 2**0.5]),
        ("aabb", [[0, 2, 4, 6]], "zebra", [0]),
    ],
)
def test_selectivity_is_the_deviation_between_groups(words, units, word, expected):
    assert selectivity(single_tokens(words, *units), word) == pytest.approx(expected)


def test_similar_rows_become_neighbors_and_opposite_rows_ends():
    one, two = np.array([1.0, 0, 0.1]), np.array([0, 1.0, 0.1])
    order = seriation(np.array([one, two, 2 * one, 3 * two, one])).tolist()
    assert ({*order[:3]}, {*order[3:]}) == ({0, 2, 4}, {1, 3})
    row, other = np.array([1.0, 0.2]), np.array([0.2, -1.0])
    order = seriation(np.array([row, -row, other, 2 * row, -3 * row])).tolist()
    assert ({*order[:2]}, order[2], {*order[3:]}) == ({0, 3}, 2, {1, 4})


def test_entries_that_are_not_finite_are_ordered_as_zero():
    rows = np.array([[1.0, np.nan], [np.inf, 1.0], [1.0, 0.0], [0.0, 1.0]])
    zeros = np.where(np.isfinite(rows), rows, 0)
    assert seriation(rows).tolist() == seriation(zeros).tolist()


@each_row("rows", [np.zeros((5, 3)), np.ones((1, 3)), np.eye(2)])
def test_without_similarities_the_order_stays(rows):
    assert seriation(rows).tolist() == list(range(len(rows)))


# Sequences in a plane: their targets and labels


def counted(*lengths):
    """Sequences of these lengths, whose states count through the tokens."""
    count = sum(lengths)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    steps = np.concatenate([np.arange(length) for length in lengths])
    return Activations(("a",) * count, np.arange(3.0 * count).reshape(count, 3), owners, steps)


def example(length, *targets, source=None):
    return Example("", np.zeros(length, int), np.array(targets), source)


@each_row(
    ("lengths", "examples", "targets"),
    [
        ([2, 3], [example(2, 1), example(3, 0)], [1, 1, 0, 0, 0]),
        ([3], [example(3, 0, 1, 0)], [0, 1, 0]),
        ([4], [example(2, 1, 0, source=np.zeros(2, int))], [1, 1, 1, 0]),
        ([2], [example(2, 1), example(5, 0)], [1, 1]),
    ],
    ids=["at the end", "every token", "encoder", "not read"],
)
def test_every_token_has_a_target(lengths, examples, targets):
    assert token_targets(counted(*lengths), examples) == targets


def test_few_classes_or_values_are_labels():
    found = label_tokens([0, 1], ("no", "yes"))
    assert found.labels == found.classes == ("no", "yes")
    assert label_tokens([1, 0, 1], ("no", "yes")).numbers.tolist() == [1, 0, 1]
    found = label_tokens([np.array([0.5]), np.array([-1.0])], ("out",))
    assert (found.labels, found.ordered) == (("0.5", "−1"), False)


def test_many_values_are_bands_of_the_first_channel():
    values = np.linspace(-1, 1, 21)[::-1]
    found = label_tokens([np.array([v, 7.0]) for v in values], ("x", "y"))
    bands = "−1 … −0.6", "−0.6 … −0.2", "−0.2 … 0.2", "0.2 … 0.6", "0.6 … 1"
    assert (found.classes, found.ordered, len(bands)) == (bands, True, BANDS)
    for value, label in zip(values, found.labels, strict=True):
        low, high = (float(end.replace("−", "-")) for end in label.split(" … "))
        assert low - 1e-9 <= value <= high + 1e-9


def test_of_many_classes_the_most_frequent_are_labels():
    names = [f"class {number:02}" for number in range(MOST_CLASSES + 3)]
    targets = [*reversed(range(MOST_CLASSES))] * 2 + [*range(MOST_CLASSES, len(names))]
    found = label_tokens(targets, names)
    assert found.classes == (*names[:MOST_CLASSES], OTHERS)
    assert found.labels[-3:] == (OTHERS,) * 3


# Principal components: known ellipsoids, planes, and the decision boundary


def ellipsoid(*halves):
    """Two points on every axis, at this distance from the center (1, 1, ...): variances h^2 / n."""
    eye = np.eye(len(halves)) * np.array(halves)
    return np.concatenate([eye, -eye]) + 1


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def shares(states, basis):
    """The share of variance along all three axes."""
    return [
        *plane_of(basis, (0, 1), states).explained,
        plane_of(basis, (2, 0), states).explained[0],
    ]


def test_the_axes_of_an_ellipsoid_are_found_longest_first():
    basis = fit(ellipsoid(1.0, 3.0, 2.0, 0.5), epoch=7)
    assert basis.epoch == 7
    assert basis.mean == pytest.approx(np.ones(4))
    assert basis.axes == pytest.approx(np.eye(4)[[1, 2, 0]])
    assert basis.variances == pytest.approx(np.array([9.0, 4.0, 1.0, 0.25]) / 4)
    assert variances_of(ellipsoid(1.0, 3.0, 2.0, 0.5)) == pytest.approx(basis.variances)


@each_row(("halves", "ratio"), [((2, 0, 0), 1), ((3, 3, 0), 2), ((1, 1, 1), 3), ((0, 0, 0), 0)])
def test_the_participation_ratio_counts_the_dimensions_in_use(halves, ratio):
    assert fit(ellipsoid(*halves)).participation == pytest.approx(ratio)
    assert participation_ratio(variances_of(ellipsoid(*halves))) == pytest.approx(ratio)
    assert participation_ratio(np.array([3.0, 1.0])) == pytest.approx(16 / 10)


def test_points_of_a_plane_are_lifted_and_projected_back():
    basis, points = fit(normal(50, 5)), normal(7, 2, seed=1)
    lifted = Plane(basis).lift(points)
    assert basis.project(lifted) == pytest.approx(np.column_stack([points, np.zeros(7)]))
    assert basis.axes @ basis.axes.T == pytest.approx(np.eye(3))


def test_a_plane_loses_the_variance_of_the_other_axes():
    states = normal(40, 6, seed=2) * [5, 3, 2, 1, 1, 1]
    basis = fit(states)
    plane = Plane(basis, (0, 2))
    lost = states - plane.lift(plane.project(states))
    assert (lost**2).sum() / 40 == pytest.approx(basis.variances[[1, 3, 4, 5]].sum())
    assert basis.variances.sum() == pytest.approx(states.var(axis=0).sum())


def test_signs_do_not_depend_on_the_order_or_sign_of_the_states():
    states = normal(30, 4, seed=3) * [4, 3, 2, 1]
    basis = fit(states)
    assert fit(-states[::-1]).axes == pytest.approx(basis.axes)
    assert (basis.axes.max(axis=1) == np.abs(basis.axes).max(axis=1)).all()


@each_row(("count", "hidden", "axes"), [(20, 1, 1), (20, 2, 2), (1, 8, 1)])
def test_few_units_or_states_have_fewer_axes(count, hidden, axes):
    assert fit(normal(count, hidden)).axes.shape == (axes, hidden)


def test_of_wide_states_a_sample_is_decomposed(monkeypatch):
    states = normal(60, 7) * np.arange(1, 8)
    monkeypatch.setattr(projection, "_SAMPLE", 6)
    found = fit(states)
    assert found.variances == pytest.approx(fit(states[::10]).variances)
    assert len(found.variances) == 6


def test_the_boundary_is_where_two_logits_are_equal():
    parameters, basis = network(architecture(outputs=2)), fit(normal(40, HIDDEN))
    line = boundary(parameters, basis, (0, 2))
    for point in normal(5, 2, seed=6):
        logits = parameters.W_hy @ Plane(basis, (0, 2)).lift(point) + parameters.b_y
        assert line.normal @ point + line.offset == pytest.approx(logits[1] - logits[0])
    # By hand: the margin is x - 1/2.
    parameters["W_hy"][...], parameters["b_y"][...] = 0, [0.5, 0]
    parameters["W_hy"][1, 0] = 1
    units = Projection(np.zeros(HIDDEN), np.eye(HIDDEN)[:2], np.ones(2))
    line = boundary(parameters, units, (0, 1))
    assert (line.normal.tolist(), line.offset) == ([1, 0], -0.5)


def test_a_plane_has_the_shares_of_the_current_variance():
    basis = fit(ellipsoid(3.0, 2.0, 1.0, 0.5))
    assert shares(ellipsoid(3.0, 2.0, 1.0, 0.5), basis) == pytest.approx(
        [9 / 14.25, 4 / 14.25, 1 / 14.25]
    )
    assert shares(ellipsoid(1.0, 1.0, 1.0, 1.0), basis) == pytest.approx([0.25] * 3)
    assert shares(np.ones((5, 4)), basis) == pytest.approx([0] * 3)


@each_row("value", [np.nan, np.inf, -np.inf, 1e100, -1e300])
def test_states_without_a_finite_variance_are_left_out(value):
    states = ellipsoid(3.0, 2.0, 1.0, 0.5)
    more = np.vstack([states, np.full(4, value), [0, value, 0, 0]])
    assert fit(more).axes == pytest.approx(fit(states).axes)
    assert variances_of(more) == pytest.approx(variances_of(states))
    assert shares(more, fit(states)) == pytest.approx(shares(states, fit(states)))
    nothing = np.full((3, 4), value)
    assert not fit(nothing).mean.any()
    assert not variances_of(nothing).any()


def test_states_of_any_size_have_finite_numbers():
    for size in 10.0 ** np.arange(-300, 300, 20):
        basis = fit(size * ellipsoid(3.0, 2.0, 1.0, 0.5))
        assert np.isfinite([*basis.variances, basis.participation]).all()


# The singular value decomposition, and matrices for which LAPACK's does not converge


@pytest.mark.parametrize("fails", [False, True])
def test_the_parts_multiply_to_the_matrix(fails, monkeypatch):
    matrix = np.random.default_rng(0).normal(size=(5, 3))
    true_svd = np.linalg.svd

    def lapack(given, **options):
        if fails and given.shape == matrix.shape:
            raise np.linalg.LinAlgError("SVD did not converge")
        return true_svd(given, **options)

    monkeypatch.setattr(np.linalg, "svd", lapack)
    left, sizes, right = svd(matrix)
    assert (left.shape, sizes.shape, right.shape) == ((5, 3), (3,), (3, 3))
    assert left * sizes @ right == pytest.approx(matrix)
    assert sizes.tolist() == sorted(sizes, reverse=True)
