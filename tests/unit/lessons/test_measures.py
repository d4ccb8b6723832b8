"""Every measure is what a computation by hand gives."""

import math
from pathlib import Path

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.lessons import measures
from rnnviz.lessons.head import HeadTable, LessonError
from rnnviz.lessons.measures import (
    CURVES,
    KINDS,
    Curve,
    LessonMeasure,
    MeasureUnit,
    Network,
    tracing,
    train,
    written,
)
from rnnviz.probe.work import completed
from rnnviz.run.schedule import Position

PHRASE = "i am not bad"


def taken(text, runs=("main",)):
    """The measure of a text such as ``first = "loss", below = 0.5``."""
    table = HeadTable.read(f"one = {{ {text}, within = [0, 1] }}", 1).table("one")
    return LessonMeasure.parse("one", table, dict.fromkeys(runs, RunConfig()))


def of_curve(text, *values, places=None):
    places = np.arange(len(values)) if places is None else np.array(places)
    return taken(text).of_curve(Curve(places, np.array(values)))


def on(network, text):
    one = taken(text)
    return one.kind.measure(network, one.of, **one.options)


# Curves


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('first = "loss", below = 0.75', 3),
        ('first = "loss", below = 0.1', math.inf),
        ('first = "loss", above = 1.05', 1),
        ('grows = "loss", times = 1.05', 1),
        ('grows = "loss", times = 2', math.inf),
        ('between = "loss", levels = [0.25, 0.75]', 2),
        ('between = "loss", levels = [0.1, 0.75]', math.inf),
        ('value = "loss"', 0.2),
        ('value = "loss", at = 2', 0.8),
        ('value = "loss", at = 99', 0.2),
        ('mean = "loss"', 3.9 / 6),
        ('mean = "loss", but = 1', 2.8 / 5),
    ],
)
def test_a_curve_is_measured_at_its_places(text, value):
    assert of_curve(text, 1.0, 1.1, 0.8, 0.5, 0.3, 0.2) == pytest.approx(value)


def test_the_places_of_a_curve_are_its_own():
    text = 'first = "right by lag", above = 0.5'
    assert of_curve(text, 0.2, 0.9, 0.3, places=[1, 20, 40]) == 20
    assert of_curve('value = "right by lag", at = 20', 0.2, 0.9, 0.3, places=[1, 20, 40]) == 0.9


def test_a_line_is_drawn_through_points_and_has_a_distance():
    one = Curve.through([(0, 1), (10, 0)], np.arange(11))
    assert one.values == pytest.approx(np.linspace(1, 0, 11))
    assert one.distance(Curve(np.array([0, 10]), np.array([1.5, 0.5]))) == pytest.approx(0.5)


@pytest.fixture(scope="module")
def run():
    """A small run of the phrases that has learned them."""
    return train(RunConfig(hidden=8, init_scale=0.1, lr=0.05, epochs=150))


@pytest.fixture(scope="module")
def network(run):
    return Network(run, run.at(Position(60)))


@pytest.fixture(scope="module")
def recall():
    config = {"task": "recall", "lag": 3, "hidden": 6, "init_scale": 0.3, "lr": 0.1}
    return train(RunConfig(**config, epochs=6))


def test_the_loss_is_a_share_of_that_of_guessing_by_frequency(run):
    share = np.mean([example.targets[0] for example in run.dataset.train])
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    losses = run.history.column("train_loss")
    epochs, values = completed(tracing(run, "loss"))
    assert epochs.tolist() == [*range(151)]
    assert values == pytest.approx(losses / entropy, rel=1e-9)


def test_the_radius_is_the_largest_eigenvalue_at_every_epoch(run):
    radii = completed(tracing(run, "radius")).values
    for epoch in (0, 77, 150):
        W_hh = run.at(Position(epoch)).parameters["W_hh"]
        assert radii[epoch] == pytest.approx(np.abs(np.linalg.eigvals(W_hh)).max())


def test_right_answers_are_those_of_the_history(run):
    for name, column in (("right", "train_metric"), ("test right", "test_metric")):
        assert completed(tracing(run, name)).values.tolist() == run.history.column(column).tolist()


# Networks, by hand


def states(parameters, tokens):
    """h_t of an Elman cell after every token, (T, H)."""
    h, found = np.zeros(parameters.architecture.hidden), []
    for token in tokens:
        h = np.tanh(parameters["W_xh"][:, token] + parameters["W_hh"] @ h + parameters["b_h"])
        found.append(h)
    return np.array(found)


def answer(parameters, h):
    """The probabilities after a state."""
    logits = parameters["W_hy"] @ h + parameters["b_y"]
    return np.exp(logits) / np.exp(logits).sum()


def backward(parameters, tokens, target, transposed=True):
    """dL/dh_t and dL/da_t at every token, (T, H) each."""
    h = states(parameters, tokens)
    probs = answer(parameters, h[-1])
    dh = parameters["W_hy"].T @ (probs - np.eye(len(probs))[target])
    back = parameters["W_hh"].T if transposed else parameters["W_hh"]
    found = []
    for state in h[::-1]:
        da = (1 - state**2) * dh
        found.append((dh, da))
        dh = back @ da
    return np.array(found[::-1]).swapaxes(0, 1)


def tokens_of(network, phrase):
    return network.run.dataset.vocabulary.read(phrase).tokens


def share_right(parameters, examples):
    ends = (states(parameters, example.inputs)[-1] for example in examples)
    pairs = zip(ends, examples, strict=True)
    return np.mean([answer(parameters, h).argmax() == e.targets[0] for h, e in pairs])


def silenced(parameters, *units):
    copy = parameters.copy()
    for unit in units:
        copy["W_hh"][:, unit] = 0
        copy["W_hy"][:, unit] = 0
    return copy


def test_reach_is_the_share_of_the_gradient_that_arrives(network):
    dh, _ = backward(network.parameters, tokens_of(network, PHRASE), 1)
    norms = np.linalg.norm(dh, axis=1)
    for word in (1, 3, 4):
        found = on(network, f'reach = "{PHRASE}", word = {word}')
        assert found == pytest.approx(norms[word - 1] / norms[-1])


def test_fed_is_the_share_of_the_recurrent_gradient(network):
    tokens = tokens_of(network, PHRASE)
    _, da = backward(network.parameters, tokens, 1)
    before = np.vstack([np.zeros(8), states(network.parameters, tokens)[:-1]])
    sizes = np.linalg.norm(da, axis=1) * np.linalg.norm(before, axis=1)
    for word in (1, 2, 4):
        found = on(network, f'fed = "{PHRASE}", word = {word}')
        assert found == pytest.approx(sizes[word - 1] / sizes.sum())


@pytest.mark.parametrize("phrase", ["bad", "not bad", "not very bad"])
def test_error_is_how_far_the_gradient_of_the_notebook_is_off(network, phrase):
    tokens = tokens_of(network, phrase)
    h, known = states(network.parameters, tokens), network.run.dataset.lookup(tokens)
    # A phrase without a label has the network's own answer for a target.
    target = known.targets[0] if known else answer(network.parameters, h[-1]).argmax()
    exact, wrong = (
        backward(network.parameters, tokens, target, transposed)[1] for transposed in (True, False)
    )
    inputs = np.eye(len(network.run.dataset.vocabulary))[tokens]
    read = {"W_xh": inputs, "W_hh": np.vstack([np.zeros(8), h[:-1]]), "b_h": np.ones((len(h), 1))}
    for name, values in read.items():
        size = np.linalg.norm(exact.T @ values)
        error = np.linalg.norm((wrong - exact).T @ values) / size if size else 0
        found = on(network, f'error = "{name}", phrase = "{phrase}"')
        assert found == pytest.approx(error, abs=1e-12)
    assert on(network, f'error = "W_hy", phrase = "{phrase}"') == 0


def test_a_verdict_is_the_probability_of_the_second_class(network):
    h = states(network.parameters, tokens_of(network, PHRASE))
    for word in (1, 3):
        found = on(network, f'verdict = "{PHRASE}", word = {word}')
        assert found == pytest.approx(answer(network.parameters, h[word - 1])[1])
    assert on(network, f'verdict = "{PHRASE}"') == pytest.approx(
        answer(network.parameters, h[-1])[1]
    )


def test_kept_is_the_distance_to_what_other_letters_leave(recall):
    network = Network(recall, recall.state)
    own = tokens_of(network, "Axyz")
    others = [k for k in range(len(recall.dataset.vocabulary)) if k != own[0]]
    reads = [states(network.parameters, [k, *own[1:]]) for k in others]
    apart = np.mean(
        [np.linalg.norm(r - states(network.parameters, own), axis=1) for r in reads], axis=0
    )
    assert on(network, 'kept = "Axyz"') == pytest.approx(apart[-1] / apart[0])


def test_a_gate_without_weights_is_the_sigmoid_of_its_bias():
    run = train(RunConfig(cell="lstm", hidden=4, epochs=0, forget_bias=3.0))
    run.state.parameters.theta[...] = 0
    run.state.parameters["b_f"][...] = 3.0
    network = Network(run, run.state)
    for words in ("first", "later"):
        found = on(network, f'gate = "f", phrase = "{PHRASE}", words = "{words}"')
        assert found == pytest.approx(1 / (1 + math.exp(-3)))
    run.state.parameters["W_xf"][:, tokens_of(network, "i")[0]] = 1.0
    found = on(network, f'gate = "f", phrase = "{PHRASE}", words = "first"')
    assert found == pytest.approx(1 / (1 + math.exp(-4)))


def test_units_are_silenced_alone_and_together(run):
    network, train_set = Network(run, run.state), run.dataset.train
    parameters = network.parameters
    alone = [share_right(silenced(parameters, unit), train_set) for unit in range(8)]
    free = [unit for unit in range(8) if alone[unit] == 1]
    assert on(network, 'harmless = "alone"') == len(free)
    together = share_right(silenced(parameters, *free), train_set)
    assert on(network, 'together = "harmless"') == pytest.approx(together)
    groups = [[e for e in train_set if ("not" in e.text.split()) is has] for has in (True, False)]
    only = 0
    for unit in range(8):
        one, rest = (share_right(silenced(parameters, unit), group) for group in groups)
        only += one <= 0.6 and rest >= 0.97
    assert on(network, 'selective = "not"') == only


def test_the_unit_that_a_word_changes_most_is_silenced(run):
    network, train_set = Network(run, run.state), run.dataset.train
    word, changes = tokens_of(network, "not")[0], []
    for example in train_set:
        h = np.vstack([np.zeros(8), states(network.parameters, example.inputs)])
        changes += [h[t + 1] - h[t] for t, token in enumerate(example.inputs) if token == word]
    unit = int(np.abs(np.mean(changes, axis=0)).argmax())
    edited = silenced(network.parameters, unit)
    groups = {
        "all": train_set,
        "with": [e for e in train_set if word in e.inputs],
        "without": [e for e in train_set if word not in e.inputs],
    }
    for phrases, some in groups.items():
        found = on(network, f'without = "not", phrases = "{phrases}"')
        assert found == pytest.approx(share_right(edited, some))


def test_edited_sets_whole_parameters(run):
    network = Network(run, run.state)
    always = [e.targets[0] == 1 for e in run.dataset.test]
    found = on(network, "edited = { W_hy = 0, b_y = 0.0, W_xh = 0.3 }")
    assert found == pytest.approx(1 - np.mean(always))
    edited = network.parameters.copy()
    edited["W_hh"][...] = 0
    found = on(network, "edited = { W_hh = 0.0 }")
    assert found == pytest.approx(share_right(edited, run.dataset.test))
    assert on(network, "edited = {}") == run.history.column("test_metric")[-1]


def test_right_answers_at_a_lag_are_those_to_new_sequences(recall):
    network, task = Network(recall, recall.state), recall.dataset.extrapolation
    places, values = completed(tracing(recall, "right by lag"))
    assert places.tolist() == [1, 2, 3, 4, 5, 6]
    learned = {example.inputs.tobytes() for example in recall.dataset.train}
    for lag in (2, 5):
        share = share_right(network.parameters, task.new(lag, 200, learned))
        assert values[lag - 1] == pytest.approx(share)
        assert on(network, f"lag = {lag}") == pytest.approx(share)


def test_the_ring_holds_the_eigenvalues_near_the_circle(recall):
    parameters = recall.state.parameters.copy()
    turn = np.array([[math.cos(1), -math.sin(1)], [math.sin(1), math.cos(1)]])
    parameters["W_hh"][...] = 0
    for k, size in enumerate((0.95, 1.2, 0.5)):
        parameters["W_hh"][2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = size * turn
    state = recall.at(Position(0))
    state.parameters.theta[...] = parameters.theta
    network = Network(recall, state)
    assert [on(network, f"ring = {margin}") for margin in (0.01, 0.1, 0.3)] == [0, 2, 4]


def test_the_least_value_with_which_a_run_learns(monkeypatch):
    tried = []

    class Trained:
        def __init__(self, config):
            tried.append(config.equations)
            self.history = self
            self.column = {"test_metric": np.array([0.2, float("a = 0.9" in tried[-1])])}.get

    def training(config):
        yield
        return Trained(config)

    monkeypatch.setattr(measures, "training", training)
    config = RunConfig(cell="own", equations="a = 0.5\nh = a * h + tanh(W @ x + U @ h)")

    def least(*of, **options):
        return completed(KINDS["least"].measure(*of, **options))

    assert least(config, "a", values=(0.7, 0.9, 0.95)) == 0.9
    assert tried == [config.equations.replace("0.5", str(a)) for a in (0.7, 0.9)]
    assert least(config, "a", values=(0.7,)) == math.inf
    with pytest.raises(LessonError, match="no line b = …"):
        least(config, "b", values=(0.7,))


# How they are written


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (361.0, MeasureUnit.EPOCH, "361"),
        (math.inf, MeasureUnit.EPOCH, "never"),
        (62.0, MeasureUnit.COUNT, "62"),
        (math.nan, MeasureUnit.COUNT, "–"),
        (0.8505, MeasureUnit.SHARE, "85%"),
        (0.0, MeasureUnit.SHARE, "0%"),
        (1.0, MeasureUnit.SHARE, "100%"),
        (0.0084, MeasureUnit.SHARE, "0.8%"),
        (5.6e-7, MeasureUnit.SHARE, "6·10⁻⁷"),
        (1e-17, MeasureUnit.SHARE, "10⁻¹⁷"),
        (30.9, MeasureUnit.SHARE, "31 times"),
        (math.inf, MeasureUnit.SHARE, "∞"),
        (0.9526, MeasureUnit.NUMBER, "0.95"),
        (0.00902, MeasureUnit.NUMBER, "0.009"),
    ],
)
def test_a_value_is_written_by_its_unit(value, unit, text):
    assert written(value, unit) == text


def test_every_kind_of_measure_is_tested_here():
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in KINDS if f"{name} = " not in text and f'"{name}"' not in text] == []


def test_every_measure_and_curve_is_explained_to_who_writes_a_lesson():
    text = (Path(__file__).parents[3] / "docs" / "lessons.md").read_text(encoding="utf-8")
    assert [name for name in KINDS if f"`{name} = " not in text] == []
    assert [name for name in CURVES if f"`{name}`" not in text] == []
