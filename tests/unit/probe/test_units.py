"""What is looked at and tried on the page Hidden states, without a page."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe import units as module
from rnnviz.probe.memory_gauge import spectrum
from rnnviz.probe.probe import inspect
from rnnviz.probe.session import Session
from rnnviz.probe.units import LIST_PAGE, MOST_EDITS, Sort, StateSource
from rnnviz.probe.work import spend
from rnnviz.questions.rest.measure import DynamicsLab, dynamics_query
from rnnviz.questions.subject import subject_of
from rnnviz.run.share_link import read_link
from rnnviz.run.weight_edits import apply_edits, noise, scale, set_weight, silence
from tests.sampling import each_row

CONFIG = RunConfig(hidden=8, init_scale=0.1, lr=0.05, epochs=200)


def source_of(session, layer=0, part="h"):
    return StateSource(session.state, session.dataset, layer, part)


def basis(session):
    return session.units.basis(source_of(session), session.run)


def plane(session, *source):
    return session.units.plane(source_of(session, *source), session.run)


def preview(session):
    return session.units.preview(session.state, session.run)


@pytest.fixture
def lab(session):
    session.player.advance(5)
    return session.units


# Units


def test_a_corpus_is_read_once_for_each_state(session, lab):
    first = lab.activations(source_of(session))
    assert first.count == 58
    assert lab.activations(source_of(session)) is first
    session.player.advance(1)
    assert lab.activations(source_of(session)) is not first


@each_row("sort", Sort)
def test_units_come_in_the_order_that_is_chosen_and_after_the_last_the_first(sort):
    session = Session(CONFIG)
    session.player.advance(5)
    lab = session.units
    lab.sort, lab.word = sort, "not"
    order = lab.order(source_of(session)).tolist()
    assert sorted(order) == list(range(8))
    spend(9.0, lab.ablate(source_of(session), "not"))
    order = lab.order(source_of(session)).tolist()
    lab.arrange()
    for by, unit in ((0, order[0]), (1, order[1]), (8, order[1]), (-2, order[7])):
        lab.look_at(source_of(session), lab.neighbour(source_of(session), by) if by else None)
        assert lab.unit == unit
    assert lab.response(source_of(session)).units.tolist() == order
    session.player.advance(20)
    assert lab.response(source_of(session)).units.tolist() == order


@each_row("cell", ["elman", "gru", "lstm"])
def test_the_unit_that_carries_negation_is_found_and_without_it_accuracy_falls(cell):
    session = Session(RunConfig(cell=cell, hidden=16, init_scale=0.1, epochs=400))
    session.player.advance(400)
    lab = session.units
    lab.sort, lab.word = Sort.EFFECT, "not"
    lab.look_at(source_of(session))
    assert lab.unit == 0, "not known yet"
    spend(9.0, lab.ablate(source_of(session), "not"))
    lab.arrange()
    lab.look_at(source_of(session))
    lab.toggle(0, lab.unit)
    scores = preview(session)
    assert scores.before[0].metric == 1
    assert scores.after[0].metric < 0.95
    assert scores.after[0].loss > 10 * scores.before[0].loss


def test_the_chosen_unit_is_the_one_that_the_word_changes_most_at_this_epoch():
    """Its row keeps its place, but it is not always the first."""
    session = Session(RunConfig(hidden=16, init_scale=0.1, epochs=400))
    lab, units, rows = session.units, set(), set()
    lab.word = "not"
    for _ in range(8):
        session.player.advance(40)
        source = source_of(session)
        lab.look_at(source)
        assert lab.unit == np.abs(lab.changed(source)[0]).argmax()
        units.add(lab.unit)
        rows.add(tuple(lab.rows(source)))
    assert len(units) > 1
    assert len(rows) == 1


def test_rows_and_columns_keep_their_places_until_they_are_arranged(session, lab):
    first = lab.response(source_of(session))
    session.player.advance(60)
    later = lab.response(source_of(session))
    assert later.words == first.words
    assert later.units.tolist() == first.units.tolist()
    assert not np.allclose(later.means, first.means)
    lab.arrange()
    arranged = lab.response(source_of(session))
    assert arranged.words != first.words
    means = dict(zip(later.words, later.means.T, strict=True))
    assert {*arranged.words} == {*means}
    for word, mean in zip(arranged.words, arranged.means.T, strict=True):
        assert mean == pytest.approx(means[word])


def test_what_a_smaller_network_has_not_is_let_go(session, lab):
    lab.unit, lab.word, lab.list_page = 7, "zebra", 99
    session.configure(RunConfig(hidden=3))
    lab.look_at(source_of(session))
    assert lab.unit == lab.rows(source_of(session))[0] < 3
    assert (lab.word, lab.list_page) == ("not", 57 // LIST_PAGE), "in about half of the phrases"


def test_the_marked_unit_is_the_chosen_one_and_numbers_that_hardly_repeat_have_no_word(lab):
    session = Session(RunConfig(task="waves", hidden=4))
    session.units.look_at(source_of(session), 3)
    assert (session.units.unit, session.units.word) == (3, None)
    assert session.units.changed(source_of(session))[1] == 0


@each_row("task", ["adding", "elnino"])
def test_a_step_that_is_marked_is_no_word_where_numbers_hardly_repeat(task):
    """Else units would be weighed on the few sequences that have this number."""
    session = Session(RunConfig(task=task, hidden=4, window=12))
    session.ask(session.dataset.phrase_of(session.dataset.train[0]))
    session.selection.token = 3
    here = subject_of(session)
    assert (here.lab.word, here.lab.chosen_word, here.token) == (None, None, 3)


def test_sequences_with_the_chosen_word_come_first(session, lab):
    source, lab.word = source_of(session), "happy"
    activations, page = lab.activations(source), lab.listed(source)
    having = ["happy" in activations.words[activations.part(k)] for k in page]
    assert having == sorted(having, reverse=True)
    assert 0 < sum(having) < len(having)
    assert sorted(page) == list(range(58))


def test_what_the_word_changes_is_the_mean_over_its_places(session, lab):
    source, lab.word = source_of(session), "not"
    means, count = lab.changed(source)
    activations, found = lab.activations(source), []
    for k in range(activations.count):
        part = activations.part(k)
        states = np.vstack([np.zeros(8), activations.states[part]])
        found += [states[t + 1] - states[t] for t, w in enumerate(activations.words[part])
                  if w == "not"]  # fmt: skip
    assert count == len(found) == 27
    np.testing.assert_allclose(means, np.mean(found, axis=0), atol=1e-12)
    column = lab.response(source).words.index("not")
    np.testing.assert_allclose(lab.response(source).means[:, column], means, atol=1e-12)


def test_large_data_are_not_read_again_in_every_frame(session, lab, monkeypatch):
    first = source_of(session)
    assert lab.playable(first) is first, "nothing was read yet"
    lab.activations(first)
    session.player.advance(1)
    later = source_of(session)
    assert lab.playable(later) is later
    monkeypatch.setattr(module, "MOST_PLAYED", 100)
    assert lab.playable(later) is first
    session.configure(RunConfig(hidden=3))
    assert lab.playable(source_of(session)).state is session.state


# Trajectories


def test_a_basis_is_fitted_once_and_kept_until_it_is_fitted_again(session, lab):
    """Or until the run begins with other settings."""
    first = basis(session)
    assert first.epoch == 5
    session.player.advance(20)
    assert basis(session) is first
    session.player.reset()
    assert basis(session) is first
    session.player.advance(3)
    lab.refit()
    assert basis(session).epoch == 3
    session.configure(RunConfig(hidden=5))
    assert (basis(session).axes.shape, basis(session).epoch) == ((3, 5), 0)


def test_what_was_seen_on_the_way_of_a_link_does_not_choose_the_axes(session, lab):
    session.follow(read_link({"hidden": "4", "epoch": "9"})[0], patience=0.0)
    session.player.tick(0.0)
    session.lab(DynamicsLab).plane(dynamics_query(session))
    assert basis(session).epoch < 9
    while session.player.running:
        session.player.tick(0.01)
    assert basis(session).epoch == 9
    assert session.lab(DynamicsLab).plane(dynamics_query(session)).basis.epoch == 9


def test_the_plane_says_what_its_axes_carry_now(session, lab):
    first = plane(session)
    variances = first.basis.variances
    assert first.explained == pytest.approx(tuple(variances[:2] / variances.sum()))
    session.player.advance(60)
    assert plane(session).explained != pytest.approx(first.explained)
    assert plane(session).boundary is not None
    assert plane(Session(RunConfig(hidden=1))) is None


def test_where_the_readout_does_not_read_there_is_no_line():
    session = Session(RunConfig(cell="lstm", hidden=4, layers=2))
    sources = [(layer, part) for layer in (0, 1) for part in ("h", "c")]
    assert [s for s in sources if plane(session, *s).boundary] == [(1, "h")]
    assert plane(Session(RunConfig(task="recall", hidden=4))).boundary is None


# Break it


def test_a_preview_leaves_the_run_alone(session, lab):
    before = session.state.parameters.theta.copy()
    lab.add(silence(1, 2), scale(0.5), noise(0.1, 1))
    scores = preview(session)
    assert np.array_equal(session.state.parameters.theta, before)
    edited = apply_edits(session.state.parameters, lab.edits)
    assert np.array_equal(scores.parameters.theta, edited.theta)
    assert scores.before[0].loss == session.run.history.row(5)["train_loss"]
    assert scores.after[0].loss != scores.before[0].loss
    assert preview(session) is scores


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
    lab = session.units
    lab.add(scale(0.5), edit)
    preview(session)
    session.configure(replace(session.config, **change))
    edited = apply_edits(session.state.parameters, [scale(0.5)])
    np.testing.assert_array_equal(preview(session).parameters.theta, edited.theta)
    assert lab.edits == (scale(0.5),)
    assert said in lab.left_out[edit]
    lab.add(scale(0.5))
    assert lab.left_out == {}


def test_edits_may_go_beyond_all_numbers():
    session = Session(RunConfig(hidden=4, dtype="float32"))
    session.units.add(set_weight("W_hh", 0, 0, 1e6), *[scale(10.0)] * 35)
    edited = preview(session).parameters
    assert not np.isfinite(edited.theta).all()
    assert spectrum(edited["W_hh"]) == (math.inf, math.inf)


def test_a_unit_is_silenced_once_and_edits_are_taken_back_one_by_one(lab):
    lab.toggle(0, 3)
    lab.add(silence(1, 3), silence(1, 4), scale(0.5), scale(0.5))
    lab.undo()
    assert lab.edits == (silence(1, 3), silence(1, 4), scale(0.5))
    assert (lab.silenced(0), lab.silenced(1)) == ({3, 4}, frozenset())
    lab.toggle(0, 3)
    assert lab.silenced(0) == {4}
    lab.add(*[scale(0.9)] * (MOST_EDITS + 5))
    assert len(lab.edits) == MOST_EDITS
    lab.clear()
    lab.undo()
    assert lab.edits == ()


@each_row("cell", ["elman", "gru", "lstm"])
def test_a_unit_is_worth_what_the_loss_rises_without_it(cell):
    session = Session(RunConfig(cell=cell, hidden=5, init_scale=0.3, epochs=3))
    session.player.advance(3)
    lab, source = session.units, source_of(session)
    assert np.isnan(lab.ablation_loss(source)).all()
    assert spend(0.0, lab.ablate(source))
    assert np.isnan(lab.ablation_loss(source)).tolist() == [False, True, True, True, True]
    strongest = lab.strongest(source, 2)
    assert not spend(0.0, lab.ablate(source))
    rises = lab.ablation_loss(source)
    for unit in range(5):
        lab.edits = (silence(1, unit),)
        scores = preview(session)
        rise = scores.after[0].loss - scores.before[0].loss
        assert rises[unit] == pytest.approx(rise, abs=1e-12)
    assert [edit.column for edit in strongest] == np.argsort(-rises)[:2].tolist()


def test_the_whole_network_is_scored_once_whatever_the_time(session, lab, monkeypatch):
    scores, score = [], module.Evaluator.score
    monkeypatch.setattr(module.Evaluator, "score", lambda *a: scores.append(1) or score(*a))
    while spend(0.0, lab.ablate(source_of(session))):
        pass
    assert len(scores) == 1 + session.config.hidden


def test_with_a_word_only_the_sequences_that_contain_it_are_weighed(session, lab):
    data, source = session.dataset, source_of(session)
    having = [e for e in data.train if "not" in e.text.split()]
    assert 0 < len(having) < len(data.train)
    spend(9.0, lab.ablate(source, "not"))
    ablated = apply_edits(session.state.parameters, [silence(1, 2)])
    before, after = (
        np.mean([inspect(data, p, e.text, session.config).trace.loss[0] for e in having])
        for p in (session.state.parameters, ablated)
    )
    assert lab.ablation_loss(source, "not")[2] == pytest.approx(after - before, abs=1e-12)
    assert np.isnan(lab.ablation_loss(source)).all()


def test_the_order_of_effects_is_kept_until_all_are_known_again(session, lab):
    first = source_of(session)
    spend(9.0, lab.ablate(first))
    units, epoch = kept = lab.effect_order(first)
    assert epoch == 5
    assert units.tolist() == np.argsort(-lab.ablation_loss(first)).tolist()
    session.player.advance(60)
    later = source_of(session)
    spend(0.0, lab.ablate(later))
    assert lab.effect_order(later) is kept
    spend(9.0, lab.ablate(later))
    assert lab.effect_order(later)[1] == 65
    lab.word = "not"
    assert lab.effect_order(later)[1] is None


def test_where_the_loss_is_not_finite_no_unit_can_be_weighed():
    session = Session(RunConfig(activation="relu", init_scale=0.5))
    assert session.run.history.row(0)["train_loss"] == math.inf
    assert not spend(1.0, session.units.ablate(source_of(session)))
    assert np.isnan(session.units.ablation_loss(source_of(session))).all()
    session.units.sort = Sort.EFFECT
    assert session.units.order(source_of(session)).tolist() == list(range(64))


def test_the_strongest_are_of_those_still_heard_the_known_ones_first(session, lab, monkeypatch):
    monkeypatch.setattr(module, "ABLATION_SECONDS", 0.0)
    spend(0.0, lab.ablate(source_of(session)))
    strongest = lab.strongest(source_of(session), 3)
    assert {edit.column for edit in strongest[:2]} == {0, 1}
    lab.add(strongest[0])
    rest = lab.strongest(source_of(session), 99)
    assert len(rest) == 7
    assert strongest[0] not in rest


def test_an_edited_network_reads_the_probe(session, lab):
    lab.add(*(silence(1, unit) for unit in range(8)))
    edited = preview(session).parameters
    probe = inspect(session.dataset, edited, session.phrase_input.phrase, session.config)
    bias = session.state.parameters.b_y
    assert probe.margin == pytest.approx([bias[1] - bias[0]] * len(probe.words))
