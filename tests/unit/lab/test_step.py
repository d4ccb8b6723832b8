"""The cursor over the moments of a step."""

import pytest

from rnnviz.engine.timeline import Moment, Phase, timeline
from rnnviz.lab.step import StepLab, Subject
from rnnviz.training.schedule import Position
from tests.sampling import each_row

FORWARD, BACKWARD = Phase.FORWARD, Phase.BACKWARD


@pytest.fixture
def scope():
    scope = StepLab()
    scope.moments = timeline(4)
    return scope


def test_it_walks_over_all_moments_and_back(scope):
    seen = [scope.moment]
    while scope.cursor < scope.last:
        scope.step(1)
        seen.append(scope.moment)
    assert tuple(seen) == timeline(4)
    back = [scope.moment]
    while scope.cursor:
        scope.step(-1)
        back.append(scope.moment)
    assert back == seen[::-1]


def test_it_stops_at_both_ends(scope):
    scope.step(-1)
    assert scope.cursor == 0
    scope.go_to(10**9)
    scope.step(1)
    assert scope.moment.phase is Phase.UPDATE


def test_phases_are_walked_by_their_beginnings(scope):
    seen = [scope.moment]
    for _ in range(4):
        scope.step_phase(1)
        seen.append(scope.moment)
    starts = [(FORWARD, 0), (Phase.LOSS, 3), (BACKWARD, 3), (Phase.CLIP, 0), (Phase.UPDATE, 0)]
    assert seen == [Moment(*start) for start in starts]
    scope.step(-2)
    scope.step_phase(-1)
    assert scope.moment == (BACKWARD, 3)
    scope.step_phase(-1)
    assert scope.moment.phase is Phase.LOSS
    for _ in range(3):
        scope.step_phase(-1)
    assert scope.cursor == 0


def test_phases_are_as_wide_as_they_have_moments(scope):
    assert scope.phases == [
        (FORWARD, 4), (Phase.LOSS, 1), (BACKWARD, 4), (Phase.CLIP, 1), (Phase.UPDATE, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((FORWARD, 3), (FORWARD, 1)),
        ((FORWARD, 1), (FORWARD, 1)),
        ((Phase.LOSS, 3), (Phase.LOSS, 1)),
        ((BACKWARD, 2), (BACKWARD, 1)),
        ((Phase.UPDATE, 0), (Phase.UPDATE, 0)),
    ],
)
def test_on_another_phrase_the_cursor_keeps_its_moment(session, before, after):
    lab = session.step
    lab.subject = Subject.OWN
    session.ask("this is not bad")
    lab.record(session.step_query())
    lab.go_to(lab.moments.index(Moment(*before)))
    session.ask("not bad")
    lab.record(session.step_query())
    assert lab.moment == after


def test_a_column_is_pointed_at_on_the_way_there_and_on_the_way_back(scope):
    scope.point_at(2, 5)
    assert (scope.moment, scope.unit) == ((FORWARD, 2), 5)
    scope.go_to(scope.last)
    scope.point_at(1, 7)
    assert (scope.moment, scope.unit) == ((BACKWARD, 1), 7)


@each_row(("t", "unit"), [(99, 3), (-1, 3), (1, 10**9), (1, -4)])
def test_what_is_not_there_can_not_be_pointed_at(session, t, unit):
    lab = session.step
    lab.record(session.step_query())
    lab.point_at(t, unit)
    lab.record(session.step_query())
    assert lab.moment in lab.moments
    assert 0 <= lab.unit < 8


# The step under it


def test_the_next_step_is_the_one_that_training_takes(session):
    session.player.advance(2)
    step = session.step.record(session.step_query())
    phrase = session.step_query().next_examples[0]
    assert step.words == tuple(phrase.text.split())
    session.player.step_phrase()
    taken = session.state.parameters.theta
    assert abs(step.after.theta - taken).max() < 1e-15


def test_after_a_step_the_next_phrase_is_looked_at(session):
    first = session.step_query().next_examples[0]
    session.player.step_phrase()
    assert session.run.position == Position(0, 1)
    assert session.step_query().next_examples[0] is not first


def test_in_an_epoch_every_phrase_has_its_turn(session):
    texts = set()
    for _ in range(session.run.examples):
        texts.add(session.step_query().next_examples[0].text)
        session.player.step_phrase()
    assert texts == {phrase.text for phrase in session.dataset.train}


def test_the_step_in_the_past_has_the_settings_of_then(session, config):
    session.player.advance(5)
    session.configure(type(config)(**{**config.as_dict(), "lr": 0.5}))
    session.player.advance(1)
    assert session.step.record(session.step_query()).config.lr == 0.5
    session.player.go_to(Position(3))
    assert session.step.record(session.step_query()).config.lr == config.lr


def test_a_phrase_of_ones_own_is_looked_at_and_never_learned(session):
    session.step.subject = Subject.OWN
    session.ask("happy and not good")
    before = session.state.parameters.theta.tobytes()
    step = session.step.record(session.step_query())
    assert step.words == ("happy", "and", "not", "good")
    assert session.state.parameters.theta.tobytes() == before


def test_a_step_is_recorded_once(session):
    probe = session.inspect()
    first = session.step.record(session.step_query(probe))
    assert session.step.record(session.step_query(probe)) is first
    session.player.step_phrase()
    assert session.step.record(session.step_query()) is not first


def test_the_unit_is_one_of_the_network(session, config):
    session.step.unit = 7
    session.configure(type(config)(**{**config.as_dict(), "hidden": 3}))
    session.step.record(session.step_query())
    assert session.step.unit == 2
