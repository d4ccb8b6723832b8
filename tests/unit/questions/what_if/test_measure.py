"""A changed sequence, every word in one place, and both over the epochs, without a page."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.probe.passes import forward_pass
from rnnviz.probe.session import Session, from_frame
from rnnviz.probe.state_transition import StateTransition, states_of
from rnnviz.probe.work import spend
from rnnviz.questions.what_if.measure import (
    Alter,
    Perturbation,
    WhatIfLab,
    aligned,
    answers_of_values,
    between,
    joined,
    outcome_of,
    running_answers,
    spelled,
)
from rnnviz.run.schedule import Position
from rnnviz.tasks.upload import File, Upload
from tests import sampling
from tests.sampling import each_row, singly


def test_a_variant_has_a_position_that_the_words_have(session):
    session.lab(WhatIfLab).perturbation = Perturbation(Alter.DROP, 9)
    assert session.lab(WhatIfLab).clipped(("a", "b")).applied(("a", "b")) == ("a",)
    assert session.lab(WhatIfLab).perturbation.place == 1


LONGER = {Alter.DROP: -1, Alter.STATE: -1, Alter.ADD: 1}


@singly(task=["sentiment", "recall", "flipflop", "brackets", "translation"], alter=list(Alter))
def test_any_variant_can_be_read_and_stands_beside_the_probe(task, alter):
    session = Session(RunConfig(task=task, hidden=4, init_scale=0.3))
    probe = session.inspect()
    words = probe.reading.words
    perturbation = Perturbation(alter, 1, words[0], words[::-1], 0)
    other = session.inspect(spelled(session.dataset, perturbation.applied(words)))
    assert len(other.reading.words) == len(words) + LONGER.get(alter, 0)
    outcome = outcome_of(probe, other)
    for one in (probe, other):
        assert len(running_answers(one, outcome)) == len(one.words)


@sampling.pairwise(
    task=["sentiment", "recall", "flipflop", "adding", "brackets", "waves", "spelling"],
    cell=["elman", "gru", "lstm"],
    layers=[1, 2],
)
def test_a_state_that_is_put_in_is_all_that_the_rest_is_read_on_from(task, cell, layers):
    """The whole state after a token of one phrase is stepped through the rest of another."""
    session = Session(RunConfig(task=task, cell=cell, layers=layers, hidden=5, init_scale=0.5))
    probe, donor = session.inspect(), session.inspect(session.dataset.train[-1].text)
    last = len(probe.words) - 1
    place, after = min(1, last), min(2, len(donor.words) - 1)
    how = Perturbation(Alter.STATE, place, "", donor.reading.words, after)
    other = session.inspect(spelled(session.dataset, how.applied(probe.reading.words)))
    shown = how.continued(states_of(probe.trace).whole[1:], states_of(other.trace).whole[1:])
    flow = StateTransition(session.state.parameters)
    state = states_of(donor.trace).whole[after + 1]
    for t in range(place, last + 1):
        if t > place:
            state = flow.step(state[None], states_of(probe.trace).inputs[t])[0]
        assert shown[t] == pytest.approx(state, abs=1e-12)
    assert np.array_equal(shown[:place], states_of(probe.trace).whole[1:][:place])
    assert len(shown) == last + 1


# Answers


def test_two_classes_are_compared_by_the_probability_of_the_second(session):
    first, second = session.inspect("i am good"), session.inspect("i am not good")
    outcome = outcome_of(first, second)
    assert (outcome.name, outcome.two, outcome.base) == ("positive", True, 0.5)
    for text, probe in (("i am", first), ("i am not", second)):
        answers = running_answers(probe, outcome)
        assert answers[-1] == pytest.approx(probe.answers[-1, 1])
        assert answers[-2] == pytest.approx(session.inspect(text).answers[-1, 1])


def test_of_more_classes_it_is_that_of_the_first_one_s_verdict():
    session = Session(RunConfig(task="recall", hidden=4, init_scale=0.3))
    first = session.inspect()
    outcome = outcome_of(first, first)
    assert outcome.name == first.verdict
    assert not outcome.two
    assert running_answers(first, outcome)[-1] == pytest.approx(first.probability)


def test_answers_after_every_token_are_compared_by_the_probability_of_the_target():
    session = Session(RunConfig(task="brackets", hidden=4, init_scale=0.3))
    probe = session.inspect()
    answers = running_answers(probe, outcome_of(probe, probe))
    assert answers == pytest.approx(np.exp(-probe.trace.loss))


def test_values_are_compared_and_explained_in_the_channel_that_differs_most():
    session = Session(RunConfig(task="flipflop", hidden=4, init_scale=0.3, seed=2))
    first, second = session.inspect("0,0,1 0,0,0"), session.inspect("0,0,0 0,0,0")
    outcome = outcome_of(first, second)
    assert np.abs(first.running - second.running).sum(axis=0).argmax() == 2
    assert (outcome.name, outcome.probability) == ("bit 3", False)
    assert running_answers(first, outcome) == pytest.approx(first.running[:, 2])
    assert "bit 3" in session.lab(WhatIfLab).saliency(first, second)[1]


# Every word


def choices_of(session, probe, how, seconds=9.0):
    """What is known of the choices after some seconds of reading."""
    lab = session.lab(WhatIfLab)
    spend(seconds, lab.read_choices(probe, how))
    return lab.choices(probe, how)


@sampling.pairwise(
    task=["sentiment", "recall", "brackets", "characters"],
    cell=["elman", "gru", "lstm"],
    alter=[Alter.CHANGE, Alter.ADD],
)
def test_every_word_in_a_place_is_answered_as_if_it_were_typed(task, cell, alter):
    session = Session(RunConfig(task=task, cell=cell, hidden=4, init_scale=0.3))
    probe, how = session.inspect(), Perturbation(alter, 1)
    answers = choices_of(session, probe, how).answers
    for token, word in enumerate(probe.vocabulary.words[:5]):
        words = how._replace(word=word).applied(probe.reading.words)
        typed = session.inspect(spelled(session.dataset, words))
        if typed.reading.words == words:
            np.testing.assert_allclose(answers[token], typed.answers[-1], atol=1e-12)


@singly(alter=[Alter.CHANGE, Alter.ADD], cell=["elman", "gru", "lstm"])
def test_of_a_decoder_it_is_the_probability_of_the_whole_target(alter, cell):
    session = Session(RunConfig(task="translation", cell=cell, hidden=4, init_scale=0.3))
    probe, how = session.inspect(), Perturbation(alter, 1)
    targets, answers = probe.example.targets, choices_of(session, probe, how).answers
    assert outcome_of(probe, probe).name == probe.label
    assert answers.shape == (len(session.dataset.source), 1)
    for token, word in enumerate(probe.vocabulary.words[:5]):
        words = how._replace(word=word).applied(probe.reading.words)
        typed = session.inspect(spelled(session.dataset, words))
        typed = replace(probe.example, source=typed.example.source)
        probabilities = forward_pass(probe.parameters, collate([typed])).probs
        product = np.prod([row[target] for row, target in zip(probabilities, targets, strict=True)])
        assert answers[token, 0] == pytest.approx(product, rel=1e-9)


def test_of_a_large_vocabulary_some_words_are_read_at_a_time():
    words = [f"w{k}" for k in range(600)]
    rows = "\n".join(f"{a} {b},{k % 2}" for k, (a, b) in enumerate(pairwise(words)))
    session = Session(RunConfig(hidden=3))
    session.load(Upload(File("a.csv", f"text,label\n{rows}".encode())))
    probe = session.inspect(session.dataset.train[0].text)
    how = Perturbation(Alter.CHANGE, 0)
    counts = [choices_of(session, probe, how, 0.0).read for _ in range(4)]
    count = len(session.dataset.vocabulary)
    assert counts == [256, 512, count, count]
    assert np.isfinite(choices_of(session, probe, how, 0.0).answers).all()
    assert choices_of(session, probe, how._replace(place=1), 0.0).read == 256


# Over the epochs


def test_both_answers_are_those_of_the_network_at_every_epoch(session):
    session.player.advance(9)
    pair = session.inspect("i am good"), session.inspect("i am not very good")
    lab = session.lab(WhatIfLab)
    epochs, _ = lab.past(session.run, session.state, pair, 0.0)
    assert epochs.tolist() == [9], "the epoch shown, whatever the time"
    while spend(0.001, lab.develop(session.run, pair)):
        pass
    epochs, both = lab.past(session.run, session.state, pair, 0.0)
    assert set(epochs) == {*session.run.snapshots.epochs, 9}
    for epoch, *answers in zip(epochs.tolist(), *both, strict=True):
        session.player.go_to(Position(epoch))
        now = [session.inspect(probe.reading.text).answers[-1, 1] for probe in pair]
        assert answers == pytest.approx(now)
    other = session.inspect("i am good"), session.inspect("i am bad")
    assert len(lab.past(session.run, session.state, other, 0.0)[0]) == 1


@each_row("phrase", ["i am not bad", "this is bad", "now i am bad"])
def test_the_other_phrase_has_another_target_and_few_of_the_same_words(phrase):
    session = Session(RunConfig(hidden=4))
    session.phrase_input.ask(phrase, session.dataset)
    probe = session.inspect()
    donor = session.lab(WhatIfLab).donor(probe)
    other = session.inspect(donor.phrase)
    assert len(other.words) >= len(probe.words)
    assert other.label != probe.label
    assert not set(other.words) & set(probe.words)


# A sequence and its variant, side by side


IDENTITY = [(t, t) for t in range(4)]


@each_row(
    ("variant", "words", "pairs"),
    [
        (Perturbation(Alter.CHANGE, 2, "very"), "i am very good", IDENTITY),
        (Perturbation(Alter.DROP, 2), "i am good", [(0, 0), (1, 1), (2, None), (3, 2)]),
        (Perturbation(Alter.DROP, 0), "am not good", [(0, None), (1, 0), (2, 1), (3, 2)]),
        (
            Perturbation(Alter.ADD, 2, "very"),
            "i am not very good",
            [(0, 0), (1, 1), (2, 3), (3, 4)],
        ),
        (Perturbation(Alter.ADD, 3, "<b>"), "i am not good <b>", [*IDENTITY[:3], (3, 4)]),
        (Perturbation(Alter.SWAP, 1), "i not am good", IDENTITY),
        (Perturbation(Alter.SWAP, 3), "i am not good", IDENTITY),
        (Perturbation(Alter.STATE, 2, "", ("so", "bad"), 0), "so good", IDENTITY),
        (Perturbation(Alter.STATE, 3, "", ("so", "bad"), 9), "so bad", IDENTITY),
    ],
)
def test_one_word_is_changed_and_the_others_are_matched(variant, words, pairs):
    assert " ".join(variant.applied(("i", "am", "not", "good"))) == words
    assert variant.pairs(4) == pairs


def test_a_decoder_s_answers_are_matched_in_order():
    first = Perturbation(Alter.DROP, 0).pairs(2)
    assert joined(first, 4, 4) == [(0, None), (1, 0), (2, 1), (3, 2), (None, 3)]
    assert joined(first, 2, 1) == first


def test_the_rows_of_another_state_begin_where_it_is_put_in():
    first, second = np.arange(4), np.arange(10, 13)
    variant = Perturbation(Alter.STATE, 2, donor=("so", "bad"), after=1)
    assert variant.continued(first, second).tolist() == [0, 1, 11, 12]
    assert Perturbation(Alter.SWAP, 2).continued(first, second) is second


def test_rows_without_a_match_are_nan():
    found = aligned(np.array([[1.0, 2], [3, 4]]), [1, None, 0])
    np.testing.assert_array_equal(found, [[3, 4], [np.nan, np.nan], [1, 2]])


# Steps of a series


def of_series(horizon=1):
    """A session that learns load, of about 100, with a price that is known beforehand."""
    steps = np.arange(90)
    frame = pd.DataFrame({"t": steps, "load": 100 + 10 * np.sin(steps), "price": steps % 7})
    return from_frame(
        frame.round(3), RunConfig(hidden=3, init_scale=0.4), value="load", input="price", window=6,
        horizon=horizon,
    )  # fmt: skip


def test_between_its_neighbours_a_step_has_the_mean_of_both_and_at_an_end_that_of_one():
    data = of_series().dataset
    words = ("1,5", "99.5,3", "4,6")
    assert between(data, words, 1) == "2.5,5.5"
    assert between(data, words, 0) == "99.5,3"
    assert between(data, words, 2) == "99.5,3"


@pytest.mark.parametrize("horizon", [1, 3])
def test_the_answer_for_each_value_is_that_of_the_window_with_this_value(horizon):
    session = of_series(horizon)
    probe = session.inspect(session.dataset.train[4].text)
    outcome = outcome_of(probe, probe)._replace(column=horizon - 1)
    values, answers = answers_of_values(probe, 2, outcome)
    load = np.concatenate([piece.values[:, 0] for piece in session.dataset.series.train])
    assert (values[0], values[-1]) == pytest.approx((load.min(), load.max()))
    for k in (0, 17, 40):
        words = [*probe.reading.words]
        words[2] = f"{values[k]:.12f},{words[2].partition(',')[2]}"
        other = session.inspect(" ".join(words))
        own = session.dataset.own_answers(other.answers[-1])
        assert answers[k] == pytest.approx(own[horizon - 1])
    assert np.ptp(answers) > 0.001
    assert answers.mean() > 50, "in the units of the table"


def test_answers_of_a_series_are_in_its_units_now_and_over_the_epochs_and_say_how_far_ahead():
    session = of_series(horizon=2)
    session.player.advance(2)
    first, second = session.inspect(), session.inspect("90,1 110,2 90,3")
    outcome = outcome_of(first, second)
    assert outcome.name in ("load 1 step ahead", "load 2 steps ahead")
    running = running_answers(first, outcome)
    np.testing.assert_allclose(
        running, session.dataset.own_answers(first.running)[:, outcome.column]
    )
    epochs, (before, _) = session.lab(WhatIfLab).past(
        session.run, session.state, (first, second), 9.0
    )
    assert before[epochs == 2] == pytest.approx(running[-1])
    assert outcome_of(*[of_series().inspect()] * 2).name == "load"
    assert session.lab(WhatIfLab).saliency(first, second)[1] == f"the answer {outcome.name}"
