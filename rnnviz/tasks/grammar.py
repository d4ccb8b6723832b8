"""Grammar: a little English, the same in French, and the files of pairs that are made of both.

``python -m rnnviz.tasks.grammar`` writes the files again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

from rnnviz.tasks.rng import chance
from rnnviz.tasks.shipped_files import shipped

#: A sentence, and its translation.
Pair = tuple[str, str]

FOLDER = shipped("data/translation")
#: Sentences to be tested on; the others are to be learned.
TEST = 150
#: Sentences with a verb and an object: a part of all that there are.
WITH_OBJECT = 800


class Noun(NamedTuple):
    """A thing, and whether it is feminine in French."""

    english: str
    french: str
    feminine: bool = False


class Adjective(NamedTuple):
    """A quality: before or after the noun in French, and as it is before a vowel."""

    english: str
    masculine: str
    feminine: str
    before: bool = False
    vowel: str = ""

    def agree(self, noun: Noun) -> str:
        """The form that goes with a noun: "vert", "verte"."""
        return self.feminine if noun.feminine else self.masculine


class Person(NamedTuple):
    """Who: the English and the French pronoun, which French form, and whether the verb has -s."""

    english: str
    french: str
    form: int
    third: bool = False


class Verb(NamedTuple):
    """What is done: plain English, and the French forms of je, tu, il, nous, ils."""

    english: str
    french: tuple[str, str, str, str, str]


class State(NamedTuple):
    """How somebody is: the French forms of he, she and several."""

    english: str
    masculine: str
    feminine: str
    plural: str

    def agree(self, person: Person) -> str:
        """The form that goes with a person; masculine where the pronoun doesn't tell."""
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
    """Two words in a row, the first without its vowel before another one: "l'arbre", "j'aime"."""
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
    """Somebody does something, or doesn't: "i do not see", "je ne vois pas"."""
    if negated:
        english = f"{'does' if person.third else 'do'} not {verb.english}"
    else:
        english = verb.english + "s" * person.third
    french = _negate(verb.french[person.form], negated)
    return f"{person.english} {english}", elide(person.french, french)


def _negate(french: str, negated: bool) -> str:
    return elide("ne", french) + " pas" if negated else french


def things() -> Iterator[Pair]:
    """A thing alone: "a beautiful tree", "un bel arbre"."""
    for noun, adjective, definite in product(NOUNS, (None, *ADJECTIVES), (True, False)):
        yield thing(noun, adjective, definite)


def qualities() -> Iterator[Pair]:
    """How a thing is, or isn't: "the star is not red", "l'étoile n'est pas rouge"."""
    for noun, adjective, negated in product(NOUNS, ADJECTIVES, (False, True)):
        english, french = thing(noun, None, definite=True)
        yield (
            f"{english} is {'not ' * negated}{adjective.english}",
            f"{french} {_negate('est', negated)} {adjective.agree(noun)}",
        )


def states() -> Iterator[Pair]:
    """How somebody is, or isn't: "she is not tired", "elle n'est pas fatiguée"."""
    for person, state, negated in product(PEOPLE, STATES, (False, True)):
        french = elide(person.french, _negate(TO_BE[person.form], negated))
        yield (
            f"{person.english} {AM.get(person.english, 'are')} {'not ' * negated}{state.english}",
            f"{french} {state.agree(person)}",
        )


def actions() -> Iterator[Pair]:
    """Somebody, a verb and an object: "we love the small cat", "nous aimons le petit chat".

    What isn't seen, loved or wanted is always "the" thing: "not ... a" would be "pas de".
    """
    for person, verb, negated in product(PEOPLE, VERBS, (False, True)):
        for noun, adjective, definite in product(NOUNS, (None, *ADJECTIVES), (True, False)):
            if definite or not negated:
                does, it = action(person, verb, negated), thing(noun, adjective, definite)
                yield f"{does[0]} {it[0]}", f"{does[1]} {it[1]}"


def sentences() -> tuple[list[Pair], list[Pair]]:
    """The pairs to learn and those to be tested on, drawn once and for all."""
    rng = chance("translation", 0)
    every = list(actions())
    chosen = [every[place] for place in rng.permutation(len(every))[:WITH_OBJECT]]
    found = [*things(), *qualities(), *states(), *chosen]
    drawn = [found[place] for place in rng.permutation(len(found))]
    return drawn[TEST:], drawn[:TEST]


def as_csv(pairs: list[Pair]) -> str:
    """The pairs as a table with the columns source and target."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("source", "target"), *pairs])
    return text.getvalue()


def write_files(folder: Path = FOLDER) -> None:
    """Write train.csv and test.csv."""
    for part, pairs in zip(("train", "test"), sentences(), strict=True):
        (folder / f"{part}.csv").write_bytes(as_csv(pairs).encode())


if __name__ == "__main__":
    write_files()
