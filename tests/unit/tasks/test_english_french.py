"""Simple English into French."""

from rnnviz.config import OutputAt
from rnnviz.tasks.english_french import translation
from rnnviz.tasks.grammar import sentences
from rnnviz.tasks.vocabulary import END, START


def said(example, data):
    return (
        data.source.join(data.source.words[number] for number in example.source),
        data.vocabulary.join(data.classes[number] for number in example.targets[:-1]),
    )


def test_the_examples_are_the_sentences_of_the_grammar():
    data = translation()
    learned, tested = sentences()
    assert [said(example, data) for example in data.train] == learned
    assert [said(example, data) for example in data.test] == tested


def test_the_contract():
    data = translation()
    assert (len(data.train), len(data.test)) == (938, 150)
    assert (len(data.source), len(data.vocabulary), len(data.classes)) == (41, 76, 76)
    assert START in data.vocabulary.words and data.classes[-1] == END
    assert max(len(example.source) for example in data.train) == 7
    assert max(len(example.inputs) for example in data.train) == 8
    assert data.notes == ()
    assert data.reads is OutputAt.EVERY
