"""The answers to a part of the data, piece by piece, and what of them is listed."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe import work as chunks
from rnnviz.probe.results import read_answers
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.questions.wrong.measure import DataPart, ResultsLab, Show
from tests.sampling import each_row


@pytest.fixture(scope="module")
def session():
    session = Session(RunConfig(hidden=8, init_scale=0.3, lr=0.1))
    session.player.advance(20)
    return session


def test_a_large_part_is_read_piece_by_piece_and_in_the_end_all_of_it(session, monkeypatch):
    state, data = session.state, session.dataset
    expected = read_answers(state.parameters, data.train, np.arange(len(data.train)))
    monkeypatch.setattr(chunks, "_CHUNK", 60 * state.parameters.theta.size)
    lab = ResultsLab()
    lab.rows = DataPart.TRAIN
    first = lab.answers(state, data)
    assert 0 < len(first.predicted) < len(data.train) / 2
    assert spend(0.0, lab.develop(state, data)), "the first call only asks"
    while spend(1e-5, lab.develop(state, data)):
        assert len(lab.answers(state, data).predicted) > len(first.predicted)
    for found, column in zip(lab.answers(state, data), expected, strict=True):
        np.testing.assert_allclose(found, column, rtol=1e-12)
    assert lab.answers(state, data) is lab.answers(state, data)


def test_other_weights_have_other_answers(session):
    lab, data = ResultsLab(), session.dataset
    before = lab.answers(session.state, data)
    session.player.advance(1)
    assert (lab.answers(session.state, data).probability != before.probability).any()


def test_the_parts_of_the_data(session):
    lab, data = ResultsLab(), session.dataset
    parts = {
        DataPart.TEST: data.test,
        DataPart.TRAIN: data.train,
        DataPart.ALL: (*data.test, *data.train),
    }
    for lab.rows, expected in parts.items():
        assert lab.part(data) == expected
        assert len(lab.answers(session.state, data).predicted) == len(expected)
    lab.rows = DataPart.TEST
    assert lab.part(replace(data, test=())) == data.train


def test_what_is_listed(session):
    lab, data = ResultsLab(), session.dataset
    answers = lab.answers(session.state, data)
    wrong, right = lab.listed(answers)
    assert answers.wrong[wrong.answers].all()
    assert not answers.wrong[right.answers].any()
    assert len(wrong.answers) + len(right.answers) == len(data.test)
    assert (np.diff(answers.probability[wrong.answers]) <= 0).all()
    assert (np.diff(answers.probability[right.answers]) >= 0).all()
    lab.show = Show.UNSURE
    (unsure,) = lab.listed(answers)
    assert (np.diff(answers.probability[unsure.answers]) >= 0).all()
    lab.show = Show.ALL
    (every,) = lab.listed(answers)
    assert answers.owners[every.answers].tolist() == [*range(len(data.test))]
    lab.cell = (1, 0)
    (chosen,) = lab.listed(answers)
    pairs = zip(answers.targets.tolist(), answers.predicted.tolist(), strict=True)
    assert len(chosen.answers) == sum(pair == (1, 0) for pair in pairs)


def test_an_opened_sequence_is_shown_until_something_else_is_typed_or_learned(session):
    lab, data = ResultsLab(), session.dataset
    lab.fit(data)
    example = data.test[3]
    lab.choose((DataPart.TRAIN, 0), example, data, "good")
    assert lab.current("good") is example
    probe = lab.probe(session.state, data, session.settings, example)
    assert probe.reading.text == example.text
    assert lab.probe(session.state, data, session.settings, example) is probe
    assert lab.current("bad") is None
    lab.choose((DataPart.TRAIN, 0), replace(example, text="word " * 300), data, "good")
    assert lab.current("good") is example, "one that can't be read is not opened"
    lab.cell = (0, 1)
    lab.fit(replace(data))
    assert (lab.opened, lab.cell) == (None, None)


@each_row("task", ["elnino", "recall"])
def test_a_row_in_a_link_is_open_as_after_a_click(task):
    session = Session(RunConfig(task=task, hidden=2))
    lab, data = session.lab(ResultsLab), session.dataset
    lab.row = DataPart.TRAIN, 5
    lab.fit(data)
    assert lab.current(data.phrase_of(data.train[5])) is data.train[5]
