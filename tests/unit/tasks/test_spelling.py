"""A digit, and its name letter by letter."""

from rnnviz.config import OutputAt
from rnnviz.tasks.data.vocabulary import END
from rnnviz.tasks.dataset import GAP
from rnnviz.tasks.spelling import letters, spelling

ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def test_a_digit_is_followed_by_the_letters_of_its_name_and_the_end():
    data = spelling()
    assert [example.text for example in data.train] == [f"{d}{n}" for d, n in enumerate(ENGLISH)]
    assert (data.test, data.reads) == ((), OutputAt.EVERY)
    assert (len(data.vocabulary), data.vocabulary.characters, len(data.classes)) == (25, True, 16)
    for name, example in zip(ENGLISH, data.train, strict=True):
        answers = [data.classes[target] for target in example.targets]
        assert answers == [*name, END]
        read = [data.vocabulary.words[token] for token in example.inputs[1:]]
        assert read == answers[:-1]


def test_after_a_wrong_letter_nothing_is_right():
    data = spelling()
    targets = letters(data.vocabulary.read("7soe").tokens)
    assert [data.classes[t] if t != GAP else "" for t in targets] == ["s", "e", "", ""]
    assert set(letters(data.vocabulary.read("seven").tokens)) == {GAP}
    assert letters(data.vocabulary.read("2twoo").tokens)[-1] == GAP
