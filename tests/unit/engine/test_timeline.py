"""The order of the moments of one step."""

from rnnviz.engine.timeline import Moment, Phase, timeline
from tests.sampling import each_row


def test_one_word_has_five_moments():
    assert timeline(1) == (
        (Phase.FORWARD, 0),
        (Phase.LOSS, 0),
        (Phase.BACKWARD, 0),
        (Phase.CLIP, 0),
        (Phase.UPDATE, 0),
    )


@each_row("steps", [2, 4, 200])
def test_there_to_the_last_token_and_back_to_the_first(steps):
    moments = timeline(steps)
    assert len(moments) == 2 * steps + 3
    assert [m.t for m in moments if m.phase is Phase.FORWARD] == list(range(steps))
    assert [m.t for m in moments if m.phase is Phase.BACKWARD] == list(range(steps))[::-1]
    assert moments[steps] == Moment(Phase.LOSS, steps - 1)
    assert [m.phase for m in moments[-2:]] == [Phase.CLIP, Phase.UPDATE]


def test_no_moment_comes_twice():
    assert len(set(timeline(10))) == 23


def test_symbols_count_from_one():
    assert timeline(3)[0].number == 1
