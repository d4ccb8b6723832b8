"""A digit, and its name letter by letter."""

from rnnviz.config import OutputAt
from rnnviz.tasks.spelling import spelling
from rnnviz.tasks.vocabulary import END

ENGLISH = {"0": "zero", "1": "one", "2": "two", "3": "three", "4": "four"} | {
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
}


def test_every_digit_is_there_once_with_its_name():
    assert [example.text for example in spelling().train] == [d + n for d, n in ENGLISH.items()]


def test_the_answers_are_the_letters_and_the_end():
    data = spelling()
    for example in data.train:
        answers = [data.classes[target] for target in example.targets]
        assert answers == [*ENGLISH[example.text[0]], END]


def test_what_is_answered_is_read_next():
    data = spelling()
    for example in data.train:
        read = [data.vocabulary.words[number] for number in example.inputs[1:]]
        assert read == [data.classes[target] for target in example.targets[:-1]]


def test_the_contract():
    data = spelling()
    assert len(data.vocabulary) == 25
    assert (len(data.classes), data.classes[-1]) == (16, END)
    assert data.test == ()
    assert data.reads is OutputAt.EVERY
    assert data.vocabulary.characters
