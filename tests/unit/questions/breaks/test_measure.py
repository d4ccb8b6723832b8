"""Units silenced one after the other, and the sequences that turn."""

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.probe.passes import forward_pass
from rnnviz.probe.session import Session
from rnnviz.probe.units import StateSource
from rnnviz.probe.work import spend
from rnnviz.questions.breaks import measure as module
from rnnviz.questions.breaks.measure import SilencingLab
from rnnviz.run.weight_edits import apply_edits, silence
from tests.sampling import each_row


def source_of(session, layer=0):
    return StateSource(session.state, session.dataset, layer)


def rises_of(session, layer=0):
    while spend(1.0, session.units.ablate(source_of(session, layer))):
        pass
    return session.units.ablation_loss(source_of(session, layer))


@each_row(("cell", "layers"), [("elman", 1), ("gru", 2), ("lstm", 1)])
def test_the_strongest_and_the_weakest_are_silenced_one_after_the_other(cell, layers):
    session = Session(RunConfig(cell=cell, layers=layers, hidden=5, init_scale=0.3, lr=0.05))
    session.player.advance(30)
    rises, source = rises_of(session, layers - 1), source_of(session, layers - 1)
    lab, order = session.lab(SilencingLab), np.argsort(-rises, kind="stable")
    while spend(0.01, lab.remove(source, rises)):
        pass
    removal = lab.removal(source, rises)
    assert removal.units.tolist() == order.tolist()
    assert removal.sequences == len(session.dataset.train)
    for curve, units in ((removal.strongest, order), (removal.weakest, order[::-1])):
        for count in range(6):
            edits = [silence(layers, unit) for unit in units[:count].tolist()]
            edited = apply_edits(session.state.parameters, edits)
            assert curve[count] == pytest.approx(session.run.examine(edited)[0].metric)
    assert removal.strongest[0] == removal.weakest[0]
    assert removal.strongest[-1] == removal.weakest[-1]


def test_nothing_is_measured_before_the_worth_of_all_units_is_known(session):
    unknown = np.array([1.0, np.nan] * 4)
    assert session.lab(SilencingLab).removal(source_of(session), unknown) is None
    assert not spend(1.0, session.lab(SilencingLab).remove(source_of(session), unknown))


def test_the_ends_and_the_first_unit_are_measured_first(session):
    rises, source = rises_of(session), source_of(session)
    removal = session.lab(SilencingLab).removal(source, rises)
    assert removal.missing[:3] == [0, 8, 1]
    assert spend(0.0, session.lab(SilencingLab).remove(source, rises))
    session.player.advance(1)
    assert session.lab(SilencingLab).removal(source_of(session), rises_of(session)) is not removal


def test_rows_stay_in_their_order_until_the_worth_of_all_units_is_known_again(session):
    lab, source = session.lab(SilencingLab), source_of(session)
    order = lab.order(source, np.arange(8.0))
    assert order.tolist() == [7, 6, 5, 4, 3, 2, 1, 0]
    assert lab.order(source, np.array([np.nan, *range(7)])) is order
    assert lab.order(source, -np.arange(8.0)).tolist() == [*range(8)]


def test_large_data_are_measured_on_a_sample(session, monkeypatch):
    monkeypatch.setattr(module, "sample", lambda examples: np.arange(0, len(examples), 2))
    removal = session.lab(SilencingLab).removal(source_of(session), rises_of(session))
    assert removal.sequences == 29


@each_row("task", ["sentiment", "brackets", "translation"])
def test_sequences_turn_whose_answer_is_another_class(task):
    session = Session(RunConfig(task=task, hidden=6, init_scale=0.5, epochs=3))
    session.player.advance(1)
    edited = apply_edits(session.state.parameters, [silence(1, unit) for unit in range(3)])
    every, sequences = session.lab(SilencingLab).turns(source_of(session), edited)
    examples = [*session.dataset.train, *session.dataset.test]
    if task == "sentiment":
        assert sequences == len(examples)
    before, after = ({}, {})
    for parameters, classes in ((session.state.parameters, before), (edited, after)):
        for example in examples:
            classes[example.text] = answers_of(parameters, example)
    for turned in every:
        one, other = before[turned.text], after[turned.text]
        assert turned.changed == (one.argmax(axis=1) != other.argmax(axis=1)).sum() > 0
        assert turned.answers == len(one)
        assert session.dataset.classes.index(turned.answer) == turned.side == other[-1].argmax()
        assert turned.probability == pytest.approx(other[-1].max())
    if task == "sentiment":
        differ = [t for t in before if before[t].argmax() != after[t].argmax()]
        assert {turned.text for turned in every} == set(differ)


def test_an_answer_that_was_no_number_before_the_edit_has_not_turned():
    square = "h = (W @ x + U @ h + b_h) * (W @ x + U @ h + b_h)"
    session = Session(RunConfig(cell="own", equations=square, init_scale=2.0))
    edited = apply_edits(session.state.parameters, [silence(1, 3)])
    every, _ = session.lab(SilencingLab).turns(source_of(session), edited)
    examples = {e.text: e for e in (*session.dataset.train, *session.dataset.test)}
    known = [np.isfinite(answers_of(session.state.parameters, e)).all() for e in examples.values()]
    assert any(known) and not all(known)
    for turned in every:
        before, after = (
            answers_of(parameters, examples[turned.text])
            for parameters in (session.state.parameters, edited)
        )
        assert np.isfinite(before).all() or np.isfinite(after).all()


def answers_of(parameters, example):
    return forward_pass(parameters, collate([example])).probs
