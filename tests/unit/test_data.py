"""The phrases that rnnviz comes with."""

import re
import subprocess
import sys
from pathlib import Path

from data import test_data as tested
from data import train_data as learned
from rnnviz.tasks.data.rows import read_file
from tests.sampling import each_row

ROOT = Path(__file__).resolve().parents[2]
WORDS = {
    *("good", "bad", "happy", "sad", "not", "very", "i", "am", "this"),
    *("is", "at", "all", "right", "now", "was", "earlier", "and", "or"),
}
EVERY = {**learned, **tested}
VERBS = ("am", "is", "was")
TONE = {"good": True, "happy": True, "bad": False, "sad": False}
ALIKE = dict.fromkeys(TONE, "A") | dict.fromkeys(("i", "this"), "S") | dict.fromkeys(VERBS, "V")


def construction(phrase):
    return " ".join(ALIKE.get(word, word) for word in phrase.split())


def tones(phrase):
    """What each adjective says: "not" turns it, and reaches over "or" but not over "and"."""
    negated = False
    for word in phrase.split():
        negated = word == "not" or (negated and word != "and")
        if word in TONE:
            yield TONE[word] != negated


def test_there_are_58_phrases_to_learn_and_20_to_be_tested_on():
    assert (len(learned), sum(learned.values())) == (58, 26)
    assert (len(tested), sum(tested.values())) == (20, 10)


def test_no_test_phrase_is_learned():
    assert not learned.keys() & tested.keys()


@each_row("phrases", [learned, tested], ids=["train", "test"])
def test_the_words_are_the_18_of_the_task(phrases):
    assert {word for phrase in phrases for word in phrase.split()} <= WORDS


def test_every_one_of_the_18_words_is_learned():
    assert {word for phrase in learned for word in phrase.split()} == WORDS


def test_phrases_have_from_1_to_10_words():
    lengths = {len(phrase.split()) for phrase in EVERY}
    assert (min(lengths), max(lengths)) == (1, 10)


@each_row("phrase", EVERY)
def test_a_label_follows_from_the_words(phrase):
    assert set(tones(phrase)) == {EVERY[phrase]}


def test_negation_flips():
    assert learned["bad"] is False and learned["not bad"] is True
    assert learned["good"] is True and learned["not at all good"] is False


@each_row("phrase", tested)
def test_a_test_phrase_is_built_like_one_that_is_learned(phrase):
    assert construction(phrase) in {construction(other) for other in learned}


@each_row(("part", "phrases"), [("train", learned), ("test", tested)])
def test_the_dicts_say_what_the_files_say(part, phrases):
    rows = read_file(ROOT / "data" / "sentiment" / f"{part}.csv")
    assert {row.text: row.label == "positive" for row in rows} == phrases
    assert len(rows) == len(phrases)


@each_row("part", ["train", "test"])
def test_the_files_are_plain(part):
    lines = (ROOT / "data" / "sentiment" / f"{part}.csv").read_bytes().decode("ascii").splitlines()
    assert lines[0] == "text,label"
    assert all(re.fullmatch(r"[a-z ]+,(positive|negative)", line) for line in lines[1:])


def test_a_notebook_in_the_root_can_import_them():
    code = "from data import train_data, test_data; print(len(train_data), len(test_data))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == "58 20\n"
