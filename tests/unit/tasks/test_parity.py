"""Even or odd."""

from collections import Counter

from rnnviz.tasks.parity import parity


def every():
    data = parity(0)
    return [*data.train, *data.test]


def test_the_class_is_the_parity_of_the_number_that_the_bits_are():
    for example in every():
        odd = int(example.text, 2).bit_count() % 2 == 1
        assert parity(0).classes[example.target] == ("odd" if odd else "even")


def test_all_strings_of_2_to_8_bits_are_there_once():
    assert Counter(example.text for example in every()) == Counter(
        f"{number:0{length}b}" for length in range(2, 9) for number in range(2**length)
    )


def test_every_length_is_tested_on_a_fifth_of_its_strings():
    counts = Counter(len(example.text) for example in parity(0).test)
    assert counts == {2: 1, 3: 1, 4: 3, 5: 6, 6: 12, 7: 25, 8: 51}
    assert (len(parity(0).train), len(parity(0).test)) == (409, 99)


def test_the_classes_are_balanced():
    for part in (parity(0).train, parity(0).test):
        assert 0.4 < sum(example.target for example in part) / len(part) < 0.6
