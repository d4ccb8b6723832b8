"""Which rows are set aside for testing."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.split import choose, split_rows
from rnnviz.tasks.table import Form, Row
from rnnviz.tasks.vocabulary import Unit
from tests.sampling import each_row

shares = st.floats(0, 0.5)
seeds = st.integers(0, 2**31 - 1)
#: A text has one class, as contradictions are refused before.
texts = st.lists(st.integers(0, 12).map(str), min_size=1, max_size=60)


def class_of(text):
    return f"class {int(text) % 3}"


@given(texts, shares, seeds)
def test_equal_texts_are_on_one_side(texts, share, seed):
    chosen = choose([*map(class_of, texts)], texts, share, seed)
    learned = {text for i, text in enumerate(texts) if i not in chosen}
    assert not learned & {texts[i] for i in chosen}


@given(texts, shares, seeds)
def test_every_class_is_learned_and_tested_on_if_it_has_two_texts(texts, share, seed):
    classes = [*map(class_of, texts)]
    chosen = choose(classes, texts, share, seed)
    assert {c for i, c in enumerate(classes) if i not in chosen} == {*classes}
    different = Counter(map(class_of, {*texts}))
    testable = {name for name, count in different.items() if count > 1} if share else set()
    assert {classes[i] for i in chosen} == testable


@given(st.lists(st.integers(0, 2), min_size=1, max_size=99), shares.filter(bool), seeds)
def test_the_share_of_every_class_is_as_near_as_its_rows_allow(numbers, share, seed):
    classes = [*map(str, numbers)]
    chosen = choose(classes, [*map(str, range(len(classes)))], share, seed)
    for name, count in Counter(classes).items():
        tested = sum(classes[i] == name for i in chosen)
        assert tested == (max(1, round(share * count)) if count > 1 else 0)


@given(texts, shares, seeds)
def test_no_more_rows_are_tested_on_than_wanted_but_for_a_class_s_smallest_text(texts, share, seed):
    classes = [*map(class_of, texts)]
    chosen = choose(classes, texts, share, seed)
    for name in {*classes}:
        rows = [text for text in texts if class_of(text) == name]
        most = max(round(share * len(rows)), min(Counter(rows).values()))
        assert sum(classes[i] == name for i in chosen) <= most


@given(texts, shares, seeds)
def test_the_same_seed_draws_the_same_rows(texts, share, seed):
    classes = [*map(class_of, texts)]
    assert choose(classes, texts, share, seed) == choose(classes, texts, share, seed)


def test_another_seed_draws_other_rows():
    texts = [*map(str, range(100))]
    drawn = {frozenset(choose(["a"] * 100, texts, 0.2, seed)) for seed in range(20)}
    assert len(drawn) == 20
    assert len(frozenset.union(*drawn)) > 90


def test_of_two_rows_either_may_be_tested_on():
    assert {*map(frozenset, (choose("aa", "xy", 0.2, seed) for seed in range(20)))} == {
        frozenset({0}),
        frozenset({1}),
    }


def test_these_rows_are_drawn_on_any_machine():
    assert sorted(choose(["a", "b"] * 10, [*map(str, range(20))], 0.2, 0)) == [1, 2, 14, 19]


def rows(*pairs):
    return [Row(i, *pair) for i, pair in enumerate(pairs, 2)]


TWENTY = rows(*((f"it was {i}", "ab"[i % 2]) for i in range(20)))


@each_row("form", [Form.LABEL, Form.NEXT])
def test_rows_keep_their_order_and_none_is_lost(form):
    learned, tested = split_rows(TWENTY, form, Unit.WORDS, 0.3, 0)
    assert sorted([*learned, *tested]) == TWENTY
    assert (learned, tested) == (sorted(learned), sorted(tested))
    assert len(tested) == 6


def test_without_a_share_all_is_learned():
    assert split_rows(TWENTY, Form.LABEL, Unit.WORDS, 0.0, 0) == (TWENTY, [])


def test_texts_that_are_read_alike_are_on_one_side():
    same = rows(*((text, "a") for text in ("So cold!", "so cold", "SO  COLD", "so warm")))
    for seed in range(10):
        _, tested = split_rows(same, Form.LABEL, Unit.WORDS, 0.2, seed)
        assert tested == same[3:]


def test_a_row_of_words_that_no_other_has_is_learned():
    alone = rows(*((f"word{i}", "ab"[i % 2]) for i in range(20)))
    assert split_rows(alone, Form.LABEL, Unit.WORDS, 0.5, 0) == (alone, [])


def test_a_row_of_which_only_one_token_is_known_has_nothing_to_predict():
    pairs = rows(*((f"the word{i}",) for i in range(20)))
    assert split_rows(pairs, Form.NEXT, Unit.WORDS, 0.5, 0) == (pairs, [])
    assert len(split_rows(pairs, Form.LABEL, Unit.WORDS, 0.5, 0)[1]) == 10


@each_row("seed", range(4))
def test_training_keeps_the_rows_without_which_it_had_a_single_token(seed):
    two = rows(("a b a",), ("a a",))
    learned, tested = split_rows(two, Form.NEXT, Unit.WORDS, 0.5, seed)
    assert {word for row in learned for word in row.text.split()} == {"a", "b"}
    assert len(learned) + len(tested) == 2


def test_as_many_classes_as_rows_are_looked_through_in_one_pass():
    many = [*map(str, range(20_000))]
    assert choose(many, many, 0.5, 0) == set()


def test_a_translation_is_tested_on_if_all_of_its_target_is_known():
    odd = rows(*((f"the {i}", "le") for i in range(6)), ("the end", "le fin"))
    for seed in range(20):
        _, tested = split_rows(odd, Form.TRANSLATION, Unit.WORDS, 0.5, seed)
        assert tested
        assert odd[-1] not in tested


sentences = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4).map(" ".join)


@given(st.lists(sentences, min_size=1, max_size=20), shares, seeds, st.sampled_from(Form))
def test_what_is_tested_on_can_be_read(texts, share, seed, form):
    learned, tested = split_rows([Row(1, t, t) for t in texts], form, Unit.WORDS, share, seed)
    known = {word for row in learned for word in row.text.split()}
    for row in tested:
        assert sum(word in known for word in row.text.split()) >= form.least
