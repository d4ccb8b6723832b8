"""The cursor over the moments of a step."""

from dataclasses import replace

import pytest

from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.measure import StepLab, StepSubject, step_query, timeline
from rnnviz.run.schedule import Position
from tests.sampling import each_row

FORWARD, LOSS, BACKWARD = Phase.FORWARD, Phase.LOSS, Phase.BACKWARD


@pytest.fixture
def lab():
    lab = StepLab()
    lab.moments = timeline(4)
    return lab


def moments_along(lab, move, count):
    moments = [lab.moment]
    for _ in range(count):
        move()
        moments.append(lab.moment)
    return moments


def test_it_walks_over_all_moments_and_back_and_stops_at_both_ends(lab):
    every = list(timeline(4))
    assert moments_along(lab, lambda: lab.step(1), lab.last + 1) == [*every, every[-1]]
    assert moments_along(lab, lambda: lab.step(-1), lab.last + 1) == [*every[::-1], every[0]]
    lab.go_to(10**9)
    assert lab.moment.phase is Phase.UPDATE


def test_phases_are_walked_by_their_beginnings(lab):
    assert [count for _, count in lab.phases] == [4, 1, 4, 1, 1]
    starts = [(FORWARD, 0), (LOSS, 3), (BACKWARD, 3), (Phase.CLIP, 0), (Phase.UPDATE, 0)]
    assert [phase for phase, _ in lab.phases] == [phase for phase, _ in starts]
    moments = moments_along(lab, lambda: lab.step_phase(1), 5)
    assert moments == [Moment(*start) for start in (*starts, starts[-1])]
    lab.step(-2)
    back = moments_along(lab, lambda: lab.step_phase(-1), 4)
    assert back == [Moment(BACKWARD, 0), *(Moment(*s) for s in (starts[2::-1])), Moment(FORWARD, 0)]


@each_row(
    ("before", "after"),
    [
        ((FORWARD, 3), (FORWARD, 1)),
        ((FORWARD, 1), (FORWARD, 1)),
        ((LOSS, 3), (LOSS, 1)),
        ((BACKWARD, 2), (BACKWARD, 1)),
        ((Phase.UPDATE, 0), (Phase.UPDATE, 0)),
    ],
)
def test_on_another_phrase_the_cursor_keeps_its_moment(session, before, after):
    lab = session.lab(StepLab)
    lab.subject = StepSubject.OWN
    session.ask("this is not bad")
    lab.record(step_query(session))
    lab.go_to(lab.moments.index(Moment(*before)))
    session.ask("not bad")
    lab.record(step_query(session))
    assert lab.moment == after


def test_a_column_is_pointed_at_in_the_forward_and_in_the_backward_pass(lab):
    lab.point_at(2, 5)
    assert (lab.moment, lab.unit) == ((FORWARD, 2), 5)
    lab.go_to(lab.last)
    lab.point_at(1, 7)
    assert (lab.moment, lab.unit) == ((BACKWARD, 1), 7)


@each_row(("t", "unit"), [(99, 3), (-1, 3), (1, 10**9), (1, -4)])
def test_what_is_not_there_can_not_be_pointed_at(session, t, unit):
    lab = session.lab(StepLab)
    lab.record(step_query(session))
    lab.point_at(t, unit)
    lab.record(step_query(session))
    assert lab.moment in lab.moments
    assert 0 <= lab.unit < 8


# The step under it


def test_the_next_step_is_the_one_that_training_takes(session):
    """In an epoch every phrase has its turn."""
    texts = set()
    for _ in range(session.run.examples):
        (phrase,) = step_query(session).next_examples
        step = session.lab(StepLab).record(step_query(session))
        assert step.words == tuple(phrase.text.split())
        texts.add(phrase.text)
        session.player.step_phrase()
        assert abs(step.after.theta - session.state.parameters.theta).max() < 1e-15
    assert texts == {phrase.text for phrase in session.dataset.train}


def test_the_step_in_the_past_has_the_settings_of_then(session, config):
    session.player.advance(5)
    session.configure(replace(config, lr=0.5))
    session.player.advance(1)
    assert session.lab(StepLab).record(step_query(session)).config.lr == 0.5
    session.player.go_to(Position(3))
    assert session.lab(StepLab).record(step_query(session)).config.lr == config.lr


def test_a_phrase_of_ones_own_is_looked_at_and_never_learned(session):
    session.lab(StepLab).subject = StepSubject.OWN
    session.ask("happy and not good")
    before = session.state.parameters.theta.tobytes()
    step = session.lab(StepLab).record(step_query(session))
    assert step.words == ("happy", "and", "not", "good")
    assert session.state.parameters.theta.tobytes() == before


def test_a_step_is_recorded_once(session):
    probe = session.inspect()
    first = session.lab(StepLab).record(step_query(session, probe))
    assert session.lab(StepLab).record(step_query(session, probe)) is first
    session.player.step_phrase()
    assert session.lab(StepLab).record(step_query(session)) is not first


def test_the_selection_is_one_that_the_network_has(session, config):
    lab = session.lab(StepLab)
    lab.unit, lab.layer, lab.part = 7, 1, "c"
    session.configure(replace(config, hidden=3))
    lab.record(step_query(session))
    assert lab.focus[1:] == (2, 0, "h")
