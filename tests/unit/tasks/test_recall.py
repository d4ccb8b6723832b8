"""Which token came first."""

from collections import Counter

from rnnviz.tasks.recall import CUES, DISTRACTORS, recall
from tests.sampling import each_row

LAGS = [1, 2, 3, 4, 5, 20, 50]


@each_row("lag", LAGS)
def test_a_sequence_is_a_cue_and_so_many_distractors(lag):
    data = recall(lag, 0)
    for example in (*data.train, *data.test):
        assert len(example.inputs) == len(example.text) == lag + 1
        assert example.text[0] in CUES
        assert set(example.text[1:]) <= set(DISTRACTORS)


@each_row("lag", LAGS)
def test_the_class_is_the_cue(lag):
    data = recall(lag, 0)
    for example in (*data.train, *data.test):
        assert data.classes[example.target] == example.text[0]


@each_row("lag", LAGS)
def test_every_cue_is_as_frequent_as_any_other(lag):
    data = recall(lag, 0)
    for part in (data.train, data.test):
        counts = Counter(example.target for example in part)
        assert len(counts) == len(CUES)
        assert len(set(counts.values())) == 1


@each_row(
    ("lag", "train", "test"), [(1, 8, 4), (2, 24, 12), (3, 72, 36), (4, 216, 108), (50, 280, 140)]
)
def test_short_lags_have_fewer_sequences(lag, train, test):
    data = recall(lag, 0)
    assert (len(data.train), len(data.test)) == (train, test)


def test_cues_and_distractors_have_nothing_in_common():
    assert not set(CUES) & set(DISTRACTORS)
    assert recall(9, 0).vocabulary.words == tuple(sorted(CUES + DISTRACTORS))


def test_distractors_do_not_tell_the_cue():
    data = recall(20, 0)
    for token in DISTRACTORS:
        shares = [
            sum(e.text.count(token) for e in data.train if e.target == target) / (70 * 20)
            for target in range(len(CUES))
        ]
        assert max(shares) - min(shares) < 0.08
