"""Simple English into French."""

from rnnviz.config import OutputAt
from rnnviz.tasks.english_french import translation
from rnnviz.tasks.grammar import sentences
from rnnviz.tasks.vocabulary import END, START


def test_the_examples_are_the_sentences_of_the_grammar():
    data = translation()

    def pair(example):
        source = data.source.join(data.source.words[token] for token in example.source)
        return source, data.vocabulary.join(data.classes[t] for t in example.targets[:-1])

    assert ([*map(pair, data.train)], [*map(pair, data.test)]) == sentences()
    assert (len(data.source), len(data.vocabulary), len(data.classes)) == (41, 76, 76)
    assert START in data.vocabulary.words and data.classes[-1] == END
    assert max(len(example.source) for example in data.train) == 7
    assert max(len(example.inputs) for example in data.train) == 8
    assert (data.notes, data.reads) == ((), OutputAt.EVERY)
