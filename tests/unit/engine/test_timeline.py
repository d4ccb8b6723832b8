"""The order of the moments of one step."""

from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.measure import timeline
from tests.sampling import each_row


@each_row("steps", [1, 2, 4, 200])
def test_forward_to_the_last_token_and_back_to_the_first(steps):
    moments = timeline(steps)
    assert len({*moments}) == len(moments) == 2 * steps + 3
    assert [m.t for m in moments if m.phase is Phase.FORWARD] == list(range(steps))
    assert [m.t for m in moments if m.phase is Phase.BACKWARD] == list(range(steps))[::-1]
    assert moments[steps] == Moment(Phase.LOSS, steps - 1)
    assert moments[-2:] == ((Phase.CLIP, 0), (Phase.UPDATE, 0))
    assert moments[0].number == 1
    several = timeline(steps, range(steps))
    assert [m.t for m in several if m.phase is Phase.LOSS] == list(range(steps))
