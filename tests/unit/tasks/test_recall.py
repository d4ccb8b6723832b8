"""Which token came first."""

from collections import Counter

from rnnviz.tasks.recall import CUES, DISTRACTORS, recall
from tests.sampling import each_row


@each_row(
    ("lag", "train", "test"), [(1, 8, 4), (2, 24, 12), (3, 72, 36), (4, 216, 108), (50, 280, 140)]
)
def test_a_sequence_is_a_cue_and_its_distractors_and_the_class_is_the_cue(lag, train, test):
    data = recall(lag, 0)
    assert (len(data.train), len(data.test)) == (train, test)
    for part in (data.train, data.test):
        for example in part:
            assert len(example.inputs) == len(example.text) == lag + 1
            assert data.classes[example.target] == example.text[0]
            assert set(example.text[1:]) <= set(DISTRACTORS)
        counts = Counter(example.target for example in part)
        assert counts == dict.fromkeys(range(len(CUES)), len(part) // len(CUES))


def test_distractors_do_not_tell_the_cue():
    data = recall(20, 0)
    assert data.vocabulary.words == tuple(sorted({*CUES, *DISTRACTORS}))
    assert len(data.vocabulary) == 7
    for token in DISTRACTORS:
        shares = [
            sum(e.text.count(token) for e in data.train if e.target == target) / (70 * 20)
            for target in range(len(CUES))
        ]
        assert max(shares) - min(shares) < 0.08
