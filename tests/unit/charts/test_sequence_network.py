"""The network over one sequence: what the page is given to draw."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.charts.sequence_network import BROKEN, Targets, Words, sequence_network
from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name


def drawn(phrase=None, theme=LIGHT, **settings):
    """A probe and its picture."""
    session = Session(RunConfig(**settings))
    probe, data = session.inspect(phrase), session.dataset
    targets = Targets(data.classes, probe.known, data.one_class_at_end)
    return probe, sequence_network(probe.sequence_pass(), Words(probe.words), targets, theme=theme)


def test_it_has_the_numbers_of_the_pass_and_the_colours_of_the_theme():
    probe, picture = drawn("i am not good", theme=DARK, init_scale=0.3)
    series, meta = by_name(picture), picture.layout["meta"]
    assert np.array(series["h"].z) == pytest.approx(probe.sequence_pass().states.T)
    assert np.array(series["W_hh 0"].z) == pytest.approx(probe.parameters["W_hh"])
    assert series["share"].y == pytest.approx(probe.sequence_pass().share)
    running = np.array(series["probability"].y)
    assert running[-1] == pytest.approx(probe.probability)
    assert meta["names"][series["predicted"].y[-1]] == probe.verdict
    assert meta["names"][series["targets"].y[-1]] == "negative"
    assert meta["theme"]["positive"] == DARK.positive
    assert (meta["answers"], meta["words"]) == ("verdict", ["i", "am", "not", "good"])


def test_of_a_large_vocabulary_only_the_names_that_occur_are_sent():
    probe, picture = drawn(task="translation", cell="gru", hidden=8)
    series, meta = by_name(picture), picture.layout["meta"]
    predicted = [meta["names"][k] for k in series["predicted"].y]
    assert predicted == [probe.dataset.classes[k] for k in probe.answers.argmax(axis=1)]
    targets = [meta["names"][k] if k >= 0 else None for k in series["targets"].y]
    assert targets == [probe.dataset.classes[k] if k >= 0 else None for k in probe.known]
    assert len(meta["names"]) < len(probe.dataset.classes)
    assert meta["bridge"] == len(meta["words"]) - len(predicted) > 0


def test_values_are_lines_and_an_unknown_target_has_no_place():
    probe, picture = drawn(task="flipflop", hidden=8)
    series = by_name(picture)
    assert np.array(series["predicted"].z) == pytest.approx(probe.running.T, rel=1e-6)
    assert np.array(series["targets"].z) == pytest.approx(probe.known.T)
    _, picture = drawn("hello hello", task="characters", hidden=8)
    assert picture.layout["meta"]["answers"] == "every"
    assert by_name(picture)["targets"].y[-1] == -1


def test_a_network_that_has_diverged_gets_a_sentence():
    probe, picture = drawn()
    broken = replace(probe.sequence_pass(), gradients=np.array([np.nan, 1, 1, 1]))
    large = replace(broken, gradients=np.array([np.inf, 1e99, 1, 1]))
    targets = Targets(probe.dataset.classes, probe.known, at_end=True)
    exploding = by_name(sequence_network(large, Words(probe.words), targets))
    assert list(exploding["gradient"].y) == [np.inf, np.inf, 1, 1]
    picture = sequence_network(broken, Words(probe.words), targets)
    assert not picture.series
    assert picture.layout["meta"]["sentence"] == BROKEN


def test_layers_are_rows_with_arrays_of_their_own():
    session = Session(RunConfig(layers=3, hidden=8, cell="gru"))
    probe, data = session.inspect(), session.dataset
    passes = [probe.sequence_pass(layer) for layer in range(3)]
    targets = Targets(data.classes, probe.known, data.one_class_at_end)
    picture = sequence_network(passes[2], Words(probe.words), targets, levels=passes)
    series = by_name(picture)
    assert picture.layout["meta"]["levels"] == 3
    assert "h @2" not in series, "the layer shown is sent once"
    for k, level in enumerate(passes[:2]):
        assert np.array(series[f"h @{k}"].z) == pytest.approx(level.states.T)
        assert series[f"share @{k}"].y == pytest.approx(level.share)
    assert np.array(series["h"].z) == pytest.approx(passes[2].states.T)
    broken = replace(passes[0], states=np.full_like(passes[0].states, np.inf))
    picture = sequence_network(passes[2], Words(probe.words), targets, levels=[broken, *passes[1:]])
    assert picture.layout["meta"]["sentence"] == BROKEN


@each_row(
    ("cell", "part", "memory", "remembers"),
    [
        ("elman", "h", "W_hh h", True), ("gru", "z", "z·h", False), ("lstm", "c", "f·c", True),
        ("cornn", "y", "z", True), ("mingru", "h", "h", True), ("lru", "a", "p", False),
    ],
)  # fmt: skip
def test_the_labels_of_the_memory_have_room_and_a_state_is_no_gate(cell, part, memory, remembers):
    session = Session(RunConfig(cell=cell, hidden=4))
    shown = session.inspect().sequence_pass(part=part)
    targets = Targets(("no", "yes"), np.array([1]), True)
    meta = sequence_network(shown, Words(["w"] * 4), targets).layout["meta"]
    assert (meta["labels"]["memory"], meta["remembers"]) == (memory, remembers)
