"""What a step has computed at a moment."""

from itertools import pairwise

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.sequence_pass import sequence_pass
from rnnviz.probe.session import Session
from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.measure import Focus, StepLab, StepSubject, step_query
from rnnviz.questions.step.pictures import step_pass, window
from tests.sampling import each_row


@each_row("length", [1, 12, 13, 14, 22, 23, 40, 200])
def test_a_window_has_twelve_tokens_with_both_neighbours_and_moves_like_a_page(length):
    windows = [window(length, t) for t in range(length)]
    for t, shown in enumerate(windows):
        assert len(shown) == min(length, 12)
        assert {max(0, t - 1), t, min(length - 1, t + 1)} <= set(shown) <= set(range(length))
    assert sum(one != other for one, other in pairwise(windows)) <= length / 10


def test_nothing_is_shown_before_it_is_computed(step_of):
    step = step_of("i am not good")
    whole = sequence_pass(step.before, step.trace)
    for moment in step.moments:
        phase, t = moment
        shown, tokens, targets = step_pass(step, Focus(moment, 3))
        read = t + 1 if phase is Phase.FORWARD else 4
        came = {Phase.FORWARD: 4, Phase.LOSS: 4, Phase.BACKWARD: t}.get(phase, 0)
        assert tokens == range(4)
        assert targets.tolist() == [1]
        for name in ("states", "share", "answers"):
            part, all_of_it = getattr(shown, name), getattr(whole, name)
            assert part[:read] == pytest.approx(all_of_it[:read]), (moment, name)
            assert np.isnan(part[read:]).all(), (moment, name)
        assert shown.gradients[came:] == pytest.approx(whole.gradients[came:])
        assert np.isnan(shown.gradients[:came]).all()


def test_of_a_batch_the_first_example_is_shown():
    session = Session(RunConfig(task="brackets", batch=8, hidden=6, cell="gru"))
    step = session.lab(StepLab).record(step_query(session))
    rows = step.unrolled(0).rows
    shown, tokens, targets = step_pass(step, Focus(Moment(Phase.UPDATE, 0)))
    assert tokens == range(12)
    assert shown.answers == pytest.approx(step.trace.probs[rows][:12])
    assert targets.tolist() == step.trace.targets[rows][:12].tolist()
    assert shown.loss == pytest.approx(step.trace.loss[rows].mean())


def test_in_a_window_the_answers_are_those_of_its_tokens_and_the_bridge_moves():
    session = Session(RunConfig(task="translation", hidden=6, cell="gru"))
    session.ask(" ".join(session.dataset.source.words[:14]))
    session.lab(StepLab).subject = StepSubject.OWN
    step = session.lab(StepLab).record(step_query(session))
    bridge, length = step.unrolled(0).bridge, len(step.words)
    assert length > 12
    for t in (0, length - 1):
        shown, tokens, targets = step_pass(step, Focus(Moment(Phase.FORWARD, t)))
        answered = max(0, tokens.stop - max(bridge, tokens.start))
        assert len(shown.answers) == len(targets) == answered
        assert shown.bridge == max(0, bridge - tokens.start)


def test_the_unit_that_is_worked_out_is_among_those_shown():
    session = Session(RunConfig(hidden=150))
    step = session.lab(StepLab).record(step_query(session))
    for unit in (0, 77, 149):
        shown = step_pass(step, Focus(Moment(Phase.FORWARD, 1), unit))[0]
        assert unit in shown.units
        assert len(set(shown.units.tolist())) == len(shown.units) == 50
