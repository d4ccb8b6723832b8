"""The last answer to each question."""

from rnnviz.probe.cache import Memo


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
