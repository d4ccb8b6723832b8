"""The last answer to each question."""

from rnnviz.config import RunConfig
from rnnviz.probe.cache import Memo
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position


def test_the_last_answer_to_each_question_is_kept_as_long_as_it_is_about_the_same():
    memo, answers = Memo(), iter(range(9))

    def ask(question, key):
        return memo.ask(question, key, lambda: next(answers))

    assert [ask("one", key) for key in "aabba"] == [0, 0, 1, 1, 2]
    assert [ask("two", "a"), ask("one", "a")] == [3, 2]
    assert [memo.known("one", key) for key in "ab"] == [2, None]
    assert memo.known("never asked", "a") is None
    memo.forget("one", "never asked")
    assert [ask("one", "a"), ask("two", "a")] == [4, 3]


# What was measured of a network is there when its epoch is shown again


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
