"""What is looked at and tried on the page Hidden states, without a page."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.memory_gauge import spectrum
from rnnviz.analysis.perturbation import Alter, Perturbation
from rnnviz.config import RunConfig
from rnnviz.lab import units as module
from rnnviz.lab.probe import inspect
from rnnviz.lab.units import LEAF, MOST_EDITS, Sort, StateSource, beside, signal, spelled
from rnnviz.session import Session
from rnnviz.training.schedule import Position
from rnnviz.training.share_link import read_link
from rnnviz.training.weight_edits import apply_edits, noise, scale, set_weight, silence
from tests.sampling import each_row, singly

CELLS = pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])


def source_of(session, layer=0, part="h"):
    return StateSource(session.state, session.dataset, layer, part)


@pytest.fixture
def lab(session):
    session.player.advance(5)
    return session.units


@pytest.fixture(scope="module", params=["elman", "gru", "lstm"])
def trained(request):
    """A run that has learned; only to look at."""
    session = Session(RunConfig(cell=request.param, hidden=16, init_scale=0.1, epochs=400))
    session.player.advance(400)
    assert session.run.history.row(400)["train_metric"] == 1
    return session


# Units


def test_a_corpus_is_read_once_for_each_state(session, lab):
    found = lab.activations(source_of(session))
    assert lab.activations(source_of(session)) is found
    session.player.advance(1)
    assert lab.activations(source_of(session)) is not found
    assert found.count == 58


@pytest.mark.parametrize("sort", list(Sort))
def test_every_unit_is_reached_and_after_the_last_the_first(session, lab, sort):
    lab.sort = sort
    seen = [lab.unit]
    for _ in range(8):
        lab.step(source_of(session), 1)
        seen.append(lab.unit)
    assert {*seen} == set(range(8))
    assert seen[0] == seen[8]
    lab.step(source_of(session), -1)
    assert lab.unit == seen[7]


def test_the_unit_that_carries_negation_is_found_and_without_it_accuracy_falls(trained):
    lab, source = trained.units, source_of(trained)
    lab.sort, lab.word = Sort.SELECTIVITY, "not"
    unit = int(lab.order(source)[0])
    lab.edits = (silence(1, unit),)
    preview = lab.preview(trained.state, trained.run)
    lab.clear()
    assert preview.before[0].metric == 1
    assert preview.after[0].metric < 0.95
    assert preview.after[0].loss > 10 * preview.before[0].loss


def test_rows_and_columns_keep_their_places_until_they_are_arranged(session, lab):
    first = lab.response(source_of(session))
    session.player.advance(60)
    later = lab.response(source_of(session))
    assert later.words == first.words
    assert later.units.tolist() == first.units.tolist()
    assert not np.allclose(later.means, first.means)
    lab.arrange(source_of(session))
    arranged = lab.response(source_of(session))
    assert {*arranged.words} == {*first.words}
    means = dict(zip(later.words, later.means.T, strict=True))
    for word, mean in zip(arranged.words, arranged.means.T, strict=True):
        assert mean == pytest.approx(means[word])


@pytest.mark.parametrize("sort", Sort)
def test_the_rows_of_the_matrix_stand_in_the_order_that_is_chosen(session, lab, sort):
    lab.sort, lab.word = sort, "not"
    lab.arrange(source_of(session))
    rows = lab.response(source_of(session)).units.tolist()
    assert rows == lab.order(source_of(session)).tolist()
    lab.first(source_of(session))
    assert lab.unit == rows[0]
    session.player.advance(20)
    assert lab.response(source_of(session)).units.tolist() == rows


def test_what_a_smaller_network_has_not_is_let_go(session, lab):
    lab.unit, lab.word, lab.cell, lab.leaf = 7, "zebra", (7, "not"), 99
    session.configure(RunConfig(hidden=3))
    lab.look_at(source_of(session))
    assert (lab.unit, lab.word, lab.cell, lab.leaf) == (2, None, None, 57 // LEAF)


# Trajectories


def test_a_basis_is_fitted_once_and_kept_until_it_is_fitted_again(session, lab):
    basis = lab.basis(source_of(session), session.run)
    assert basis.epoch == 5
    session.player.advance(20)
    assert lab.basis(source_of(session), session.run) is basis
    session.player.go_to(Position(3))
    assert lab.basis(source_of(session), session.run) is basis
    lab.refit()
    assert lab.basis(source_of(session), session.run).epoch == 3


def test_what_was_seen_on_the_way_of_a_link_does_not_choose_the_axes(session, lab):
    session.follow(read_link({"hidden": "4", "epoch": "9"})[0], patience=0.0)
    session.player.tick(0.0)
    on_the_way = (
        lab.basis(source_of(session), session.run),
        session.dynamics.plane(session.dynamics_query),
    )
    assert on_the_way[0].epoch < 9
    while session.player.running:
        session.player.tick(0.01)
    assert lab.basis(source_of(session), session.run).epoch == 9
    assert session.dynamics.plane(session.dynamics_query).basis.epoch == 9


def test_another_network_has_a_basis_of_its_own(session, lab):
    basis = lab.basis(source_of(session), session.run)
    session.player.reset()
    assert lab.basis(source_of(session), session.run) is basis
    session.configure(RunConfig(hidden=5))
    other = lab.basis(source_of(session), session.run)
    assert other.axes.shape == (3, 5)
    assert other.epoch == 0


def shares_of(basis):
    return basis.variances / basis.variances.sum()


def test_the_plane_says_what_its_axes_carry_now(session, lab):
    plane = lab.plane(source_of(session), session.run)
    assert plane.explained == pytest.approx(tuple(shares_of(plane.basis)[:2]))
    session.player.advance(60)
    later = lab.plane(source_of(session), session.run)
    assert later.explained != pytest.approx(plane.explained)
    assert later.boundary is not None


def test_where_the_readout_does_not_read_there_is_no_line():
    session = Session(RunConfig(cell="lstm", hidden=4, layers=2))
    lines = {
        (layer, part): session.units.plane(source_of(session, layer, part), session.run)
        for layer in (0, 1)
        for part in ("h", "c")
    }
    assert {key for key, plane in lines.items() if plane.boundary} == {(1, "h")}
    more = Session(RunConfig(task="recall", hidden=4))
    assert more.units.plane(source_of(more), more.run).boundary is None


def test_one_unit_has_no_plane():
    session = Session(RunConfig(hidden=1))
    assert session.units.plane(source_of(session), session.run) is None


# What if


def test_a_variant_has_a_place_that_the_words_have(lab):
    lab.perturbation = Perturbation(Alter.DROP, 9)
    assert lab.varied(("a", "b")) == ("a",)
    assert lab.perturbation.place == 1


@singly(task=["sentiment", "recall", "flipflop", "brackets", "translation"], alter=list(Alter))
def test_any_variant_can_be_read_and_stands_beside_the_probe(task, alter):
    session = Session(RunConfig(task=task, hidden=4, init_scale=0.3))
    probe = session.inspect()
    perturbation = Perturbation(alter, 1, probe.reading.words[0])
    other = session.inspect(spelled(session.dataset, perturbation.applied(probe.reading.words)))
    assert len(other.reading.words) == len(probe.reading.words) - (alter is Alter.DROP)
    pairs = beside(probe, other, perturbation)
    assert [a for a, _ in pairs if a is not None] == list(range(len(probe.words)))
    assert [b for _, b in pairs if b is not None] == list(range(len(other.words)))
    found = signal(probe, other)
    assert (len(found.first), len(found.second)) == (len(probe.words), len(other.words))


def test_a_verdict_is_compared_by_the_lead_of_one_class(session, lab):
    first, second = session.inspect("i am good"), session.inspect("i am not good")
    found = signal(first, second)
    assert found.first == pytest.approx(first.margin.values)
    assert found.second == pytest.approx(second.margin.values)
    assert found.label == "Lead of “positive”"


def test_values_are_compared_in_the_channel_that_differs_most():
    session = Session(RunConfig(task="flipflop", hidden=4, init_scale=0.3))
    first, second = session.inspect("1,0,0 0,0,0"), session.inspect("0,0,0 0,0,0")
    found = signal(first, second)
    apart = np.abs(first.running - second.running).sum(axis=0)
    assert found.label == f"Answer, bit {apart.argmax() + 1}"
    assert found.first == pytest.approx(first.running[:, apart.argmax()])


# Break it


def test_a_trial_leaves_the_run_alone(session, lab):
    before = session.state.parameters.theta.tobytes()
    lab.add(silence(1, 2), scale(0.5), noise(0.1, 1))
    preview = session.units.preview(session.state, session.run)
    assert session.state.parameters.theta.tobytes() == before
    assert np.array_equal(
        preview.parameters.theta, apply_edits(session.state.parameters, lab.edits).theta
    )
    assert preview.before[0].loss == session.run.history.row(5)["train_loss"]
    assert preview.after[0].loss != preview.before[0].loss
    assert session.units.preview(session.state, session.run) is preview


@each_row(
    ("edit", "change", "said"),
    [
        (silence(1, 7), {"hidden": 3}, "there is no unit 7 in a layer 1."),
        (set_weight("W_hh", 1, 1, 0.5), {"cell": "gru"}, "there is no matrix 'W_hh'."),
        (set_weight("W_xh", 1, 17, 0.5), {"task": "parity"}, "W_xh has only"),
    ],
)
def test_edits_that_another_network_has_no_weights_for_are_left_out(edit, change, said):
    session = Session(RunConfig(hidden=8))
    session.units.add(scale(0.5), edit)
    session.units.preview(session.state, session.run)
    session.configure(replace(session.config, **change))
    preview = session.units.preview(session.state, session.run)
    assert session.units.edits == (scale(0.5),)
    assert said in session.units.left_out[edit]
    np.testing.assert_array_equal(
        preview.parameters.theta, apply_edits(session.state.parameters, [scale(0.5)]).theta
    )
    session.units.add(scale(0.5))
    assert session.units.left_out == {}


def test_edits_may_go_beyond_all_numbers():
    session = Session(RunConfig(hidden=4, dtype="float32"))
    session.units.add(set_weight("W_hh", 0, 0, 1e6), *[scale(10.0)] * 35)
    preview = session.units.preview(session.state, session.run)
    assert not np.isfinite(preview.parameters.theta).all()
    assert spectrum(preview.parameters["W_hh"]) == (math.inf, math.inf)


def test_edits_are_taken_back_one_by_one(lab):
    lab.add(silence(1, 2))
    lab.add(scale(0.5))
    lab.add(scale(0.5))
    lab.undo()
    assert lab.edits == (silence(1, 2), scale(0.5))
    lab.clear()
    lab.undo()
    assert lab.edits == ()


def test_a_unit_is_silenced_once_and_can_be_heard_again(lab):
    lab.toggle(0, 3)
    lab.add(silence(1, 3), silence(1, 4))
    assert lab.edits == (silence(1, 3), silence(1, 4))
    assert lab.silenced(0) == {3, 4}
    assert lab.silenced(1) == frozenset()
    lab.toggle(0, 3)
    assert lab.silenced(0) == {4}


def test_edits_are_bounded(lab):
    for _ in range(MOST_EDITS + 5):
        lab.add(scale(0.9))
    assert len(lab.edits) == MOST_EDITS


@CELLS
def test_a_unit_is_worth_what_the_loss_rises_without_it(cell):
    session = Session(RunConfig(cell=cell, hidden=5, init_scale=0.3, epochs=3))
    session.player.advance(3)
    lab, state, run = session.units, session.state, session.run
    assert np.isnan(lab.ablation_loss(state, 0)).all()
    assert lab.ablate(state, 0, run, 0.0)
    assert np.isnan(lab.ablation_loss(state, 0)).tolist() == [False, True, True, True, True]
    strongest = lab.strongest(state, 0, run, 2)
    assert not np.isnan(lab.ablation_loss(state, 0)).any()
    assert not lab.ablate(state, 0, run, 0.0)
    rises = lab.ablation_loss(state, 0)
    for unit in range(5):
        lab.edits = (silence(1, unit),)
        preview = lab.preview(state, run)
        assert rises[unit] == pytest.approx(
            preview.after[0].loss - preview.before[0].loss, abs=1e-12
        )
    assert [edit.column for edit in strongest] == np.argsort(-rises)[:2].tolist()


def test_where_the_loss_is_not_finite_no_unit_can_be_weighed():
    session = Session(RunConfig(activation="relu", init_scale=0.5))
    assert session.run.history.row(0)["train_loss"] == math.inf
    assert not session.units.ablate(session.state, 0, session.run, 1.0)
    assert np.isnan(session.units.ablation_loss(session.state, 0)).all()


def test_the_strongest_are_of_those_still_heard(session, lab):
    (first,) = lab.strongest(session.state, 0, session.run, 1)
    lab.add(first)
    (second,) = lab.strongest(session.state, 0, session.run, 1)
    assert first != second
    assert len(lab.strongest(session.state, 0, session.run, 99)) == 7


def test_in_a_network_too_large_to_weigh_those_that_are_known_come_first(session, lab, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    lab.ablate(session.state, 0, session.run, 0.0)
    strongest = lab.strongest(session.state, 0, session.run, 3)
    known = np.flatnonzero(np.isfinite(lab.ablation_loss(session.state, 0)))
    assert {edit.column for edit in strongest[:2]} == {*known.tolist()} == {0, 1}


def test_an_edited_network_reads_the_probe(session, lab):
    lab.add(*(silence(1, unit) for unit in range(8)))
    parameters = session.units.preview(session.state, session.run).parameters
    probe = inspect(session.dataset, parameters, session.phrase_input.phrase, session.config)
    bias = session.state.parameters.b_y
    assert probe.margin.values == pytest.approx([bias[1] - bias[0]] * len(probe.words))
