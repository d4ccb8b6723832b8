"""What was measured of a network is there when its epoch is shown again."""

from rnnviz.config import RunConfig
from rnnviz.probe.cache import Memo
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position


def test_equal_weights_have_one_result_and_the_oldest_is_dropped():
    session, archive = Session(RunConfig(hidden=3)), Memo(2)
    first, answers = session.state, iter(range(9))
    network = Memo().network

    def ask(state, question="worth"):
        return archive.ask("rises", (network(state), question), lambda: next(answers))

    assert [ask(first), ask(first), ask(first, "other")] == [0, 0, 1]
    session.player.advance(2)
    session.player.go_to(Position(0))
    assert session.state is not first
    assert ask(session.state) == 0, "the same weights"
    session.player.back_to_now()
    assert ask(session.state) == 2
    assert ask(first) == 0, "asked for last, so it was kept"
    assert ask(first, "other") == 3
