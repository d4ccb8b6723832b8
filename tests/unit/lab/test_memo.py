"""The last answer to each question."""

from rnnviz.lab.memo import Memo


def test_an_answer_is_kept_as_long_as_it_is_about_the_same():
    memo, asked = Memo(), []

    def answer():
        asked.append(len(asked))
        return asked[-1]

    assert [memo.ask("how many", key, answer) for key in "aabba"] == [0, 0, 1, 1, 2]


def test_each_question_has_its_own_answer():
    memo = Memo()
    assert memo.ask("one", "a", lambda: 1) == 1
    assert memo.ask("two", "a", lambda: 2) == 2
    assert memo.ask("one", "a", lambda: 3) == 1


def test_what_is_known_is_told_without_asking():
    memo = Memo()
    assert memo.known("one", "a") is None
    memo.ask("one", "a", lambda: 1)
    assert (memo.known("one", "a"), memo.known("one", "b")) == (1, None)


def test_an_answer_can_be_forgotten():
    memo = Memo()
    memo.ask("one", "a", lambda: 1)
    memo.forget("one", "never asked")
    assert memo.ask("one", "a", lambda: 2) == 2
