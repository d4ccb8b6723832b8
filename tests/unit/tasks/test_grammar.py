"""A little English and the same in French."""

import re

from rnnviz.tasks.grammar import (
    FOLDER,
    actions,
    as_csv,
    elide,
    qualities,
    sentences,
    states,
    things,
    write_files,
)
from rnnviz.tasks.vocabulary import split_words
from tests.sampling import each_row

ALL = [*things(), *qualities(), *states(), *actions()]
FRENCH = dict(ALL)
TRAIN, TEST = sentences()


@each_row(
    ("english", "french"),
    [
        ("the red house", "la maison rouge"),
        ("a house", "une maison"),
        ("the cat", "le chat"),
        ("a white flower", "une fleur blanche"),
        ("a white book", "un livre blanc"),
        ("the big dog", "le grand chien"),
        ("the small car", "la petite voiture"),
        ("the tree", "l'arbre"),
        ("the green tree", "l'arbre vert"),
        ("the small tree", "le petit arbre"),
        ("the beautiful tree", "le bel arbre"),
        ("a beautiful tree", "un bel arbre"),
        ("a beautiful cat", "un beau chat"),
        ("a beautiful star", "une belle étoile"),
        ("the star", "l'étoile"),
        ("the green star", "l'étoile verte"),
        ("the big star", "la grande étoile"),
        ("the tree is beautiful", "l'arbre est beau"),
        ("the house is not black", "la maison n'est pas noire"),
        ("i am tired", "je suis fatigué"),
        ("she is tired", "elle est fatiguée"),
        ("you are not ready", "tu n'es pas prêt"),
        ("he is happy", "il est heureux"),
        ("she is not happy", "elle n'est pas heureuse"),
        ("we are not alone", "nous ne sommes pas seuls"),
        ("they are happy", "ils sont heureux"),
        ("i love a dog", "j'aime un chien"),
        ("i do not love the dog", "je n'aime pas le chien"),
        ("we love the small cat", "nous aimons le petit chat"),
        ("she does not see the star", "elle ne voit pas l'étoile"),
        ("you see a red car", "tu vois une voiture rouge"),
        ("he wants the book", "il veut le livre"),
        ("we do not want the book", "nous ne voulons pas le livre"),
        ("they draw a beautiful tree", "ils dessinent un bel arbre"),
        ("they do not see the white star", "ils ne voient pas l'étoile blanche"),
    ],
)
def test_what_is_said_in_french(english, french):
    assert FRENCH[english] == french


def test_there_are_so_many_of_each_kind():
    kinds = [len(list(kind())) for kind in (things, qualities, states, actions)]
    assert kinds == [128, 112, 48, 6 * 4 * (128 + 64)]


def test_every_english_sentence_is_made_once():
    assert len(FRENCH) == len(ALL)


@each_row(
    ("word", "following", "french"),
    [
        ("le", "arbre", "l'arbre"),
        ("la", "étoile", "l'étoile"),
        ("je", "aime", "j'aime"),
        ("ne", "est", "n'est"),
        ("la", "belle étoile", "la belle étoile"),
        ("une", "étoile", "une étoile"),
        ("elle", "aime", "elle aime"),
    ],
)
def test_where_a_vowel_is_left_out(word, following, french):
    assert elide(word, following) == french


def test_no_two_vowels_meet_that_must_not():
    assert not [
        french for french in FRENCH.values() if re.search(r"\b(le|la|je|ne|beau) [aeéiou]", french)
    ]
    assert not [
        french for french in FRENCH.values() if re.search(r"\w'[^aeéiou]|\bbel [^a]", french)
    ]


def test_adjectives_agree_with_their_nouns():
    feminine = r"\b(petite|grande|belle|verte|noire|blanche)\b"
    masculine = r"\b(petit|grand|beau|bel|vert|noir|blanc)\b"
    for french in FRENCH.values():
        if re.search(r"maison|voiture|fleur|étoile", french):
            assert not re.search(masculine, french)
        elif re.search(r"chat|chien|livre|arbre", french):
            assert not re.search(feminine, french)


def test_negation_goes_around_the_verb_and_nowhere_else():
    for english, french in ALL:
        assert bool(re.search(r"\bn(e |')\w+ pas\b", french)) == (" not " in english)


def test_words_are_read_as_they_are_written():
    for pair in ALL:
        assert all(" ".join(split_words(text)) == text for text in pair)


def test_no_sentence_is_learned_and_tested():
    assert not {english for english, _ in TRAIN} & {english for english, _ in TEST}
    assert not {french for _, french in TRAIN} & {french for _, french in TEST}
    assert (len(TRAIN), len(TEST)) == (938, 150)


def test_every_tested_word_is_learned():
    for side in (0, 1):
        learned = {word for pair in TRAIN for word in pair[side].split()}
        assert {word for pair in TEST for word in pair[side].split()} <= learned


@each_row(("part", "pairs"), [("train", TRAIN), ("test", TEST)])
def test_the_files_are_what_the_grammar_makes(part, pairs):
    assert (FOLDER / f"{part}.csv").read_bytes().decode() == as_csv(pairs)


def test_the_files_can_be_written_again(tmp_path):
    write_files(tmp_path)
    for part in ("train.csv", "test.csv"):
        assert (tmp_path / part).read_bytes() == (FOLDER / part).read_bytes()
