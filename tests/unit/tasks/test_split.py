"""Which rows are test rows."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.table import Form, Row
from rnnviz.tasks.upload import choose, split_rows
from rnnviz.tasks.vocabulary import Unit
from tests.sampling import each_row

shares = st.floats(0, 0.5)
seeds = st.integers(0, 2**31 - 1)
#: A text has one class, as contradictions are refused before.
texts = st.lists(st.integers(0, 12).map(str), min_size=1, max_size=60)


@given(texts, shares, seeds)
def test_equal_texts_stay_together_and_every_class_of_two_texts_is_on_both_sides(
    texts, share, seed
):
    classes = [f"class {int(text) % 3}" for text in texts]
    chosen = choose(classes, texts, share, seed)
    assert chosen == choose(classes, texts, share, seed)
    learned = {i for i in range(len(texts)) if i not in chosen}
    assert not {texts[i] for i in learned} & {texts[i] for i in chosen}
    assert {classes[i] for i in learned} == {*classes}
    for name in {*classes}:
        copies = Counter(t for t, c in zip(texts, classes, strict=True) if c == name)
        tested = sum(classes[i] == name for i in chosen)
        assert (tested > 0) == (share > 0 and len(copies) > 1)
        assert tested <= max(round(share * copies.total()), min(copies.values()))


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=99), shares.filter(bool), seeds)
def test_of_distinct_texts_the_share_of_every_class_is_chosen(classes, share, seed):
    chosen = choose(classes, [*map(str, range(len(classes)))], share, seed)
    for name, count in Counter(classes).items():
        tested = sum(classes[i] == name for i in chosen)
        assert tested == (max(1, round(share * count)) if count > 1 else 0)


def test_the_seed_decides_on_every_machine():
    assert sorted(choose(["a", "b"] * 10, [*map(str, range(20))], 0.2, 0)) == [1, 2, 14, 19]
    texts = [*map(str, range(100))]
    drawn = {frozenset(choose(["a"] * 100, texts, 0.2, seed)) for seed in range(20)}
    assert len(drawn) == 20
    assert len(frozenset.union(*drawn)) > 90
    assert {min(choose("aa", "xy", 0.2, seed)) for seed in range(20)} == {0, 1}


def test_as_many_classes_as_rows_take_one_pass():
    many = [*map(str, range(20_000))]
    assert choose(many, many, 0.5, 0) == set()


def rows(*pairs):
    return [Row(i, *pair) for i, pair in enumerate(pairs, 2)]


TWENTY = rows(*((f"it was {i}", "ab"[i % 2]) for i in range(20)))


@each_row("form", [Form.LABEL, Form.NEXT])
def test_rows_keep_their_order_and_none_is_lost(form):
    learned, tested = split_rows(TWENTY, form, Unit.WORDS, 0.3, 0)
    assert sorted([*learned, *tested]) == TWENTY
    assert (learned, tested) == (sorted(learned), sorted(tested))
    assert len(tested) == 6
    assert split_rows(TWENTY, form, Unit.WORDS, 0.0, 0) == (TWENTY, [])


def test_texts_with_the_same_tokens_stay_together():
    same = rows(*((text, "a") for text in ("So cold!", "so cold", "SO  COLD", "so warm")))
    for seed in range(10):
        _, tested = split_rows(same, Form.LABEL, Unit.WORDS, 0.2, seed)
        assert tested == same[3:]


def test_a_row_with_too_few_known_tokens_is_learned():
    alone = rows(*((f"word{i}", "ab"[i % 2]) for i in range(20)))
    assert split_rows(alone, Form.LABEL, Unit.WORDS, 0.5, 0) == (alone, [])
    pairs = rows(*((f"the word{i}",) for i in range(20)))
    assert split_rows(pairs, Form.NEXT, Unit.WORDS, 0.5, 0) == (pairs, [])
    assert len(split_rows(pairs, Form.LABEL, Unit.WORDS, 0.5, 0)[1]) == 10
    odd = rows(*((f"the {i}", "le") for i in range(6)), ("the end", "le fin"))
    for seed in range(20):
        _, tested = split_rows(odd, Form.TRANSLATION, Unit.WORDS, 0.5, seed)
        assert tested
        assert odd[-1] not in tested


@each_row("seed", range(4))
def test_training_keeps_at_least_two_distinct_tokens(seed):
    two = rows(("a b a",), ("a a",))
    learned, tested = split_rows(two, Form.NEXT, Unit.WORDS, 0.5, seed)
    assert {word for row in learned for word in row.text.split()} == {"a", "b"}
    assert len(learned) + len(tested) == 2
