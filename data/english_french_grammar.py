"""Grammar: simple English sentences and their French translations.

``python -m data.english_french_grammar`` writes the files in ``data/translation``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

from rnnviz.tasks import shipped
from rnnviz.tasks.task import chance

#: An English sentence and its translation.
Pair = tuple[str, str]

FOLDER = shipped("data/translation")
#: Number of test sentences, and of sentences with a verb and an object, a sample of all of them.
TEST, WITH_OBJECT = 150, 800


class Noun(NamedTuple):
    """A noun, and whether it is feminine in French."""

    english: str
    french: str
    feminine: bool = False


class Adjective(NamedTuple):
    """An adjective; in French it follows the noun, unless ``before``. ``vowel``: before a vowel."""

    english: str
    masculine: str
    feminine: str
    before: bool = False
    vowel: str = ""

    def agree(self, noun: Noun) -> str:
        """The form that agrees with a noun: "vert", "verte"."""
        return self.feminine if noun.feminine else self.masculine


class Person(NamedTuple):
    """A pronoun, the index of its French verb form, and whether the English verb has -s."""

    english: str
    french: str
    form: int
    third: bool = False


class Verb(NamedTuple):
    """A verb: the English infinitive, and the French forms of je, tu, il, nous, ils."""

    english: str
    french: tuple[str, str, str, str, str]


class State(NamedTuple):
    """An adjective for people, with its French forms."""

    english: str
    masculine: str
    feminine: str
    plural: str

    def agree(self, person: Person) -> str:
        """The form that agrees with a pronoun; masculine unless it is "she"."""
        if person.form >= 3:
            return self.plural
        return self.feminine if person.english == "she" else self.masculine


NOUNS = (
    Noun("house", "maison", feminine=True),
    Noun("car", "voiture", feminine=True),
    Noun("flower", "fleur", feminine=True),
    Noun("star", "étoile", feminine=True),
    Noun("cat", "chat"),
    Noun("dog", "chien"),
    Noun("book", "livre"),
    Noun("tree", "arbre"),
)
ADJECTIVES = (
    Adjective("red", "rouge", "rouge"),
    Adjective("green", "vert", "verte"),
    Adjective("black", "noir", "noire"),
    Adjective("white", "blanc", "blanche"),
    Adjective("small", "petit", "petite", before=True),
    Adjective("big", "grand", "grande", before=True),
    Adjective("beautiful", "beau", "belle", before=True, vowel="bel"),
)
PEOPLE = (
    Person("i", "je", 0),
    Person("you", "tu", 1),
    Person("he", "il", 2, third=True),
    Person("she", "elle", 2, third=True),
    Person("we", "nous", 3),
    Person("they", "ils", 4),
)
VERBS = (
    Verb("see", ("vois", "vois", "voit", "voyons", "voient")),
    Verb("love", ("aime", "aimes", "aime", "aimons", "aiment")),
    Verb("want", ("veux", "veux", "veut", "voulons", "veulent")),
    Verb("draw", ("dessine", "dessines", "dessine", "dessinons", "dessinent")),
)
STATES = (
    State("tired", "fatigué", "fatiguée", "fatigués"),
    State("happy", "heureux", "heureuse", "heureux"),
    State("ready", "prêt", "prête", "prêts"),
    State("alone", "seul", "seule", "seuls"),
)
TO_BE = ("suis", "es", "est", "sommes", "sont")
AM = {"i": "am", "he": "is", "she": "is"}


def elide(word: str, following: str) -> str:
    """Join two words; the first loses its vowel before another one: "l'arbre", "j'aime"."""
    if word in ("le", "la", "je", "ne") and following[0] in "aeéiou":
        return f"{word[:-1]}'{following}"
    return f"{word} {following}"


def thing(noun: Noun, adjective: Adjective | None, definite: bool) -> Pair:
    """A noun with its article: "the red house", "la maison rouge"; "a ...", "une ..."."""
    article = ("la" if noun.feminine else "le", "une" if noun.feminine else "un")[not definite]
    english = " ".join(filter(None, (adjective and adjective.english, noun.english)))
    return f"{'the' if definite else 'a'} {english}", elide(article, _with(noun, adjective))


def _with(noun: Noun, adjective: Adjective | None) -> str:
    if adjective is None:
        return noun.french
    if not adjective.before:
        return f"{noun.french} {adjective.agree(noun)}"
    meets_vowel = not noun.feminine and noun.french[0] in "aeéiou"
    return f"{(meets_vowel and adjective.vowel) or adjective.agree(noun)} {noun.french}"


def action(person: Person, verb: Verb, negated: bool) -> Pair:
    """A pronoun and a verb: "i do not see", "je ne vois pas"."""
    if negated:
        english = f"{'does' if person.third else 'do'} not {verb.english}"
    else:
        english = verb.english + "s" * person.third
    french = _negate(verb.french[person.form], negated)
    return f"{person.english} {english}", elide(person.french, french)


def _negate(french: str, negated: bool) -> str:
    return elide("ne", french) + " pas" if negated else french


def things() -> Iterator[Pair]:
    """Noun phrases: "a beautiful tree", "un bel arbre"."""
    for noun, adjective, definite in product(NOUNS, (None, *ADJECTIVES), (True, False)):
        yield thing(noun, adjective, definite)


def qualities() -> Iterator[Pair]:
    """A noun and an adjective: "the star is not red", "l'étoile n'est pas rouge"."""
    for noun, adjective, negated in product(NOUNS, ADJECTIVES, (False, True)):
        english, french = thing(noun, None, definite=True)
        yield (
            f"{english} is {'not ' * negated}{adjective.english}",
            f"{french} {_negate('est', negated)} {adjective.agree(noun)}",
        )


def states() -> Iterator[Pair]:
    """A pronoun and an adjective: "she is not tired", "elle n'est pas fatiguée"."""
    for person, state, negated in product(PEOPLE, STATES, (False, True)):
        french = elide(person.french, _negate(TO_BE[person.form], negated))
        yield (
            f"{person.english} {AM.get(person.english, 'are')} {'not ' * negated}{state.english}",
            f"{french} {state.agree(person)}",
        )


def actions() -> Iterator[Pair]:
    """A pronoun, a verb and an object: "we love the small cat", "nous aimons le petit chat".

    Negated sentences have "the" only: "not ... a" would be "pas de" in French.
    """
    for person, verb, negated in product(PEOPLE, VERBS, (False, True)):
        for noun, adjective, definite in product(NOUNS, (None, *ADJECTIVES), (True, False)):
            if definite or not negated:
                clause, object_ = action(person, verb, negated), thing(noun, adjective, definite)
                yield f"{clause[0]} {object_[0]}", f"{clause[1]} {object_[1]}"


def sentences() -> tuple[list[Pair], list[Pair]]:
    """The training pairs and the test pairs, always the same."""
    rng = chance("translation", 0)
    every = list(actions())
    sample = [every[i] for i in rng.permutation(len(every))[:WITH_OBJECT]]
    pairs = [*things(), *qualities(), *states(), *sample]
    shuffled = [pairs[i] for i in rng.permutation(len(pairs))]
    return shuffled[TEST:], shuffled[:TEST]


def write_files(folder: Path = FOLDER) -> None:
    """Write train.csv and test.csv, with the columns source and target."""
    for part, pairs in zip(("train", "test"), sentences(), strict=True):
        with (folder / f"{part}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("source", "target"), *pairs])


if __name__ == "__main__":
    write_files()
