"""Even or odd."""

from collections import Counter

from rnnviz.tasks.parity import parity


def test_all_strings_of_2_to_8_bits_have_the_parity_of_their_ones():
    data = parity(0)
    every = [*data.train, *data.test]
    for example in every:
        odd = int(example.text, 2).bit_count() % 2 == 1
        assert data.classes[example.target] == ("odd" if odd else "even")
    assert Counter(example.text for example in every) == Counter(
        f"{number:0{length}b}" for length in range(2, 9) for number in range(2**length)
    )


def test_a_fifth_of_every_length_is_tested_and_both_classes_are_frequent():
    data = parity(0)
    counts = Counter(len(example.text) for example in data.test)
    assert counts == {2: 1, 3: 1, 4: 3, 5: 6, 6: 12, 7: 25, 8: 51}
    for part in (data.train, data.test):
        assert 0.4 < sum(example.target for example in part) / len(part) < 0.6
