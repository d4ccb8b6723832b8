"""A text is read whole, then another is answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import Loss, Reads
from rnnviz.tasks.pairs import pairs_dataset
from rnnviz.tasks.table import MAX_WORDS, TaskError
from rnnviz.tasks.vocabulary import END, START

PAIRS = [("Good day!", "guten Tag"), ("good night", "gute Nacht"), ("day", "Tag")]


def spoken(example, data):
    """What an example reads and answers, token by token."""
    return (
        [data.source.words[number] for number in example.source],
        [data.vocabulary.words[number] for number in example.inputs],
        [data.classes[number] for number in example.targets],
    )


def test_the_source_is_read_and_the_target_answered_after_a_start_and_with_an_end():
    data = pairs_dataset(PAIRS, [], "greetings")
    assert spoken(data.train[0], data) == (
        ["good", "day"],
        [START, "guten", "tag"],
        ["guten", "tag", END],
    )
    assert [example.text for example in data.train] == ["Good day!", "good night", "day"]
    assert (data.reads, data.loss) == (Reads.EVERY, Loss.CROSS_ENTROPY)


def test_characters_can_be_read_too():
    data = pairs_dataset([("12", "b a")], [], "code", characters=True)
    assert spoken(data.train[0], data) == (["1", "2"], [START, "b", " ", "a"], ["b", " ", "a", END])


def test_unknown_words_of_test_sources_are_skipped_and_noted():
    data = pairs_dataset(PAIRS, [("good old day", "guten Tag")], "greetings")
    assert spoken(data.test[0], data)[0] == ["good", "day"]
    assert data.notes == ("Words of the test sources that training doesn't know are skipped: old.",)


def test_a_note_of_many_unknown_words_stays_short():
    text = "day " + " ".join(f"word{i}" for i in range(100))
    (note,) = pairs_dataset(PAIRS, [(text, "Tag")], "greetings").notes
    assert note.endswith("and 92 more.")
    assert len(note) < 200


def test_test_targets_with_unknown_words_are_left_out_and_noted():
    data = pairs_dataset(PAIRS, [("good", "gut"), ("night", "Nacht")], "greetings")
    assert [example.text for example in data.test] == ["night"]
    (note,) = data.notes
    assert note.startswith("1 of the test pairs can't be answered")


@pytest.mark.parametrize(
    ("pairs", "test_pairs", "said"),
    [
        ([], [], "greetings: there are no pairs"),
        ([*PAIRS, ("", "x")], [], "training pairs, pair 4: the source is empty"),
        ([*PAIRS, ("x", "...")], [], "training pairs, pair 4: the target is empty"),
        (PAIRS, [("day", "")], "test pairs, pair 1: the target is empty"),
        (PAIRS, [("evening", "tag")], "test pairs, pair 1: no word of the source 'evening'"),
        ([("a " * (MAX_WORDS + 1), "x")], [], "the source has 201 words, more than 200"),
        ([("a", "x " * (MAX_WORDS + 1))], [], "the target has 201 words, more than 200"),
        ([("a", f"x {END}")], [], "the target has ⟨start⟩ or ⟨end⟩"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(pairs, test_pairs, said):
    with pytest.raises(TaskError, match=said):
        pairs_dataset(pairs, test_pairs, "greetings")


texts = st.text(max_size=20) | st.lists(st.sampled_from(["a", "b", "c", START, "!"])).map(" ".join)
tables = st.lists(st.tuples(texts, texts), max_size=6)


@given(tables, tables, st.booleans())
def test_any_pairs_are_learned_from_or_refused(pairs, test_pairs, letters):
    try:
        data = pairs_dataset(pairs, test_pairs, "mine", letters)
    except TaskError as problem:
        assert str(problem)
        return
    assert len(data.train) == len(pairs)
    assert {*data.classes} - {END} == {*data.vocabulary.words} - {START}
    for example in (*data.train, *data.test):
        source, read, answered = spoken(example, data)
        assert source
        assert (read[0], answered[-1]) == (START, END)
        assert read[1:] == answered[:-1]
        assert list(data.source.read(example.text).words) == source
