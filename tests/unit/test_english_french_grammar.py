"""Simple English sentences and their French translations."""

import re

from data.english_french_grammar import (
    FOLDER,
    actions,
    qualities,
    sentences,
    states,
    things,
    write_files,
)
from rnnviz.tasks.data.vocabulary import split_words
from rnnviz.tasks.translation import translation
from tests.sampling import each_row

ALL = [*things(), *qualities(), *states(), *actions()]
FRENCH = dict(ALL)


@each_row(
    ("english", "french"),
    [
        ("the red house", "la maison rouge"),
        ("a white flower", "une fleur blanche"),
        ("the tree", "l'arbre"),
        ("the green star", "l'étoile verte"),
        ("the beautiful tree", "le bel arbre"),
        ("a beautiful cat", "un beau chat"),
        ("a beautiful star", "une belle étoile"),
        ("the tree is beautiful", "l'arbre est beau"),
        ("i am tired", "je suis fatigué"),
        ("you are not ready", "tu n'es pas prêt"),
        ("she is not happy", "elle n'est pas heureuse"),
        ("we are not alone", "nous ne sommes pas seuls"),
        ("i love a dog", "j'aime un chien"),
        ("i do not love the dog", "je n'aime pas le chien"),
        ("we love the small cat", "nous aimons le petit chat"),
        ("she does not see the star", "elle ne voit pas l'étoile"),
        ("he wants the book", "il veut le livre"),
        ("they draw a beautiful tree", "ils dessinent un bel arbre"),
    ],
)
def test_translations(english, french):
    assert FRENCH[english] == french


def test_every_sentence_is_made_once():
    kinds = [len(list(kind())) for kind in (things, qualities, states, actions)]
    assert kinds == [128, 112, 48, 6 * 4 * (128 + 64)]
    assert len(FRENCH) == len(ALL)


def test_vowels_are_elided_where_they_must_and_nowhere_else():
    wrong = r"\b(le|la|je|ne|beau) [aeéiou]|\w'[^aeéiou]|\bbel [^a]"
    assert not [french for french in FRENCH.values() if re.search(wrong, french)]


def test_adjectives_agree_with_their_nouns():
    feminine = r"\b(petite|grande|belle|verte|noire|blanche)\b"
    masculine = r"\b(petit|grand|beau|bel|vert|noir|blanc)\b"
    for french in FRENCH.values():
        if re.search(r"maison|voiture|fleur|étoile", french):
            assert not re.search(masculine, french)
        elif re.search(r"chat|chien|livre|arbre", french):
            assert not re.search(feminine, french)


def test_negation_goes_around_the_verb_and_words_are_read_as_they_are_written():
    for english, french in ALL:
        assert bool(re.search(r"\bn(e |')\w+ pas\b", french)) == (" not " in english)
        assert all(" ".join(split_words(text)) == text for text in (english, french))


def test_no_test_sentence_is_learned_but_all_of_its_words_are():
    train, test = sentences()
    data = translation()
    for pairs, examples in ((train, data.train), (test, data.test)):
        assert [english for english, _ in pairs] == [example.text for example in examples]
    assert (len(train), len(test)) == (938, 150)
    for side in (0, 1):
        learned, tested = ({pair[side] for pair in pairs} for pairs in (train, test))
        assert not learned & tested
        assert {*" ".join(tested).split()} <= {*" ".join(learned).split()}


def test_the_files_are_what_the_grammar_makes(tmp_path):
    write_files(tmp_path)
    for part in ("train.csv", "test.csv"):
        assert (tmp_path / part).read_bytes() == (FOLDER / part).read_bytes()
