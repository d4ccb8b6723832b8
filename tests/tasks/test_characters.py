"""What comes next, in a tale or in a text of the reader's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import Reads
from rnnviz.tasks.characters import HELD_OUT, MAX_DISTINCT, MAX_TOKENS, MOON, characters, next_token
from rnnviz.tasks.table import TaskError
from rnnviz.tasks.vocabulary import split_words

TALE = MOON.read_text(encoding="utf-8")


def pieces(examples, data):
    """The windows with what follows their last token, as text."""
    words = data.vocabulary.words
    return [data.vocabulary.join([e.text, words[e.targets[-1]]]) for e in examples]


def test_the_tale_is_small_and_plain():
    assert 2500 < len(TALE) < 4000
    assert set(TALE) <= set("abcdefghijklmnopqrstuvwxyz .,\n")
    assert not TALE.isspace() and "  " not in TALE and "\n\n\n" not in TALE


@pytest.mark.parametrize("seed", range(4))
def test_the_windows_are_the_text_cut_up_in_order(seed):
    data = characters(seed)
    cut = [*pieces(data.train, data)]
    held_out = pieces(data.test, data)
    start = next(k for k in range(len(cut) + 1) if TALE.startswith("".join([*cut[:k], *held_out])))
    assert "".join([*cut[:start], *held_out, *cut[start:]]) == TALE.rstrip("\n")


def test_the_seed_chooses_what_is_held_out():
    assert len({characters(seed).test[0].text for seed in range(8)}) > 3


def test_the_contract():
    data = characters(0)
    assert (len(data.train), len(data.test)) == (49, 7)
    assert {len(e.inputs) for e in data.test} == {50}
    assert data.classes == data.vocabulary.words
    assert len(data.classes) == 28
    assert data.reads is Reads.EVERY


def test_words_can_be_read_too():
    data = next_token("The cat, the dog. The hen!", "mine", 0, characters=False, window=3)
    assert data.classes == ("cat", "dog", "hen", "the")
    assert [example.text for example in data.train] == ["the cat the", "the"]
    assert [example.targets.tolist() for example in data.train] == [[0, 3, 1], [2]]


def test_line_ends_of_every_kind_are_one():
    assert next_token("ab\r\nba\r", "mine", 0).vocabulary.words == ("\n", "a", "b")


def test_what_repeats_is_not_tested():
    data = next_token("ab" * 500, "mine", 0, window=9)
    assert len(data.train) > 80
    assert data.test == ()


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", {}, "has 0 different characters: there must be at least two"),
        ("", {"characters": False}, "has 0 different words"),
        ("!?", {"characters": False}, "has 0 different words"),
        ("aaa", {}, "has 1 different character:"),
        ("hey hey", {"characters": False}, "has 1 different word:"),
        ("ab" * MAX_TOKENS, {}, "has 400,000 characters, more than 200,000"),
        ("".join(map(chr, range(0x4E00, 0x4E01 + MAX_DISTINCT))), {}, "2,001 different characters"),
        ("abc", {"window": 0}, "A window can't have 0 tokens"),
        ("abc", {"window": 201}, "A window can't have 201 tokens"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text, options, said):
    with pytest.raises(TaskError, match=said):
        next_token(text, "mine", 0, **options)


@given(st.text(max_size=200), st.integers(0, 99), st.booleans(), st.integers(1, 20))
def test_any_text_is_learned_from_or_refused(text, seed, letters, window):
    tokens = list("\n".join(text.splitlines())) if letters else split_words(text)
    try:
        data = next_token(text, "mine", seed, letters, window)
    except TaskError:
        assert len(set(tokens)) < 2
        return
    windows = -(-len(tokens) // (window + 1))
    assert windows - 1 <= len(data.train) + windows // HELD_OUT
    assert data.train
    assert not {e.inputs.tobytes() for e in data.train} & {e.inputs.tobytes() for e in data.test}
    for example in (*data.train, *data.test):
        assert 1 <= len(example.inputs) == len(example.targets) <= window
        assert example.targets[:-1].tolist() == example.inputs[1:].tolist()
        assert data.vocabulary.read(example.text).tokens.tolist() == example.inputs.tolist()
