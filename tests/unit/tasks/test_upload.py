"""A user's own data."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import OutputAt, SettingError
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data.rows import TEXT_FORMS, Form, Row
from rnnviz.tasks.data.vocabulary import MAX_TOKENS, START, Unit
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import (
    FaultsError,
    File,
    Upload,
    check_rows,
    choose,
    dataset_of,
    split_rows,
    with_columns,
)
from tests.sampling import each_row, singly

LABELS = "text,label\n" + "".join(f"so {w} {i},{w}\n" for w in ("warm", "cold") for i in range(10))
PAIRS = "source,target\n" + "".join(f"the {i},le {i}\nthe {i} b,le {i} b\n" for i in range(5))
PLAIN = "the cat sat on the mat and looked at the dog\n" * 40


def upload(train, test=None, name="a.csv", tested="b.csv", **options):
    file = test if test is None else File(tested, test.encode())
    return Upload(File(name, train.encode()), file, **options)


def texts(examples):
    return [example.text for example in examples]


@each_row(
    ("content", "name", "form", "unit", "reads"),
    [
        (LABELS, "a.csv", Form.LABEL, Unit.WORDS, OutputAt.LAST),
        (PLAIN, "pasted text", Form.NEXT, Unit.CHARACTERS, OutputAt.EVERY),
        ("text\nanna\nhanna\n", "a.csv", Form.NEXT, Unit.CHARACTERS, OutputAt.EVERY),
        (PAIRS, "a.csv", Form.TRANSLATION, Unit.WORDS, OutputAt.EVERY),
    ],
)
def test_a_file_is_read_as_its_header_says(content, name, form, unit, reads):
    checked = check_rows(upload(content, name=name))
    assert (checked.form, checked.unit) == (form, unit)
    data = dataset_of(upload(content, name=name))
    assert (data.name, data.reads, data.vocabulary.unit) == (name, reads, unit)
    assert (data.source is None) == (form is not Form.TRANSLATION)


@singly(unit=Unit, content={"label": LABELS, "pair": PAIRS, "next": "text\n" + PLAIN})
def test_every_form_can_be_read_in_either_unit(content, unit):
    assert dataset_of(upload(content, unit=unit)).vocabulary.unit is unit
    assert upload(content, unit=unit.value) == upload(content, unit=unit)


def test_a_fifth_of_every_class_is_tested_on():
    data = dataset_of(upload(LABELS))
    assert (len(data.train), len(data.test)) == (16, 4)
    assert sorted(example.target for example in data.test) == [0, 0, 1, 1]
    assert not {*texts(data.train)} & {*texts(data.test)}


def test_the_seed_draws_the_test_rows_and_the_same_upload_is_the_same_dataset():
    first, other, again = (dataset_of(upload(LABELS, seed=seed)) for seed in (0, 1, 0))
    assert first is again
    assert texts(first.test) != texts(other.test)


@each_row("window", [2, 50, 500])
def test_a_text_is_learned_and_tested_in_pieces_of_the_window(window):
    data = dataset_of(upload(PLAIN, name="a.txt", window=window, test_share=0.3))
    pieces = [{(e.text, e.targets[-1]) for e in part} for part in (data.train, data.test)]
    assert max(len(example.inputs) for example in data.train) == window
    assert data.test
    assert not pieces[0] & pieces[1]


def test_a_test_file_is_the_test_whatever_the_share():
    one, other = (upload(LABELS, "text,label\nso warm,cold\n", test_share=s) for s in (0.1, 0.5))
    assert dataset_of(one) is dataset_of(other)
    assert (len(dataset_of(one).train), texts(dataset_of(one).test)) == (20, ["so warm"])


@each_row(
    ("tested", "said"),
    [
        ("text,label\nso very warm,warm\n", "are skipped: very."),
        (
            "text,label\nSo warm 1!,warm\nso warm,warm\n",
            "Test phrases that are training phrases too: 1 of 2. "
            "They say nothing about new phrases.",
        ),
    ],
)
def test_what_is_odd_about_a_test_file_is_noted(tested, said):
    (note,) = dataset_of(upload(LABELS, tested)).notes
    assert note.endswith(said)


@each_row("content", ["text,label\nso warm,1\nso cold,0\n", "text\nso warm\n"])
def test_that_nothing_could_be_set_aside_is_noted(content):
    (note,) = dataset_of(upload(content)).notes
    assert note.startswith("No rows could be set aside for testing")
    assert dataset_of(upload(content, test_share=0)).notes == ()


@each_row(
    ("options", "said"),
    [
        ({"unit": "letters"}, "one of words, characters"),
        ({"test_share": 0.51}, "Test share (test_share) can't be '0.51'"),
        ({"test_share": float("nan")}, "a number from 0 to 0.5"),
        ({"window": 501}, "a whole number from 2 to 500"),
        ({"seed": -1}, "Seed"),
    ],
)
def test_what_an_option_cannot_be_is_said(options, said):
    with pytest.raises(SettingError) as problem:
        upload(LABELS, **options)
    assert said in str(problem.value)


@each_row(
    ("train", "test", "said"),
    [
        ("text,label\nso,1\n,0\n", None, "a.csv, row 3: the text is empty"),
        ("text\na\n", None, "a.csv, row 2: the text 'a' has fewer than two characters"),
        (LABELS, "text,label\n", "b.csv: has no rows below the header"),
        (LABELS, "text,label\nso,warm\nout,warm\n", "b.csv, row 3: no word of 'out'"),
        (
            LABELS,
            "text\nso warm\n",
            "b.csv: has no column label. The test file must have the columns of a.csv",
        ),
        (
            PAIRS,
            LABELS,
            "b.csv: has no column source and no column target. The test file must have",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_where(train, test, said):
    with pytest.raises(TaskError) as problem:
        dataset_of(upload(train, test))
    assert said in str(problem.value)


# Data as people have them

UGLY = LABELS + ",warm\nso cool,\nso mild,Warm\nso warm 0,cold\nso fine,a,b\n"


def test_without_leave_a_row_that_cannot_be_used_refuses_the_whole():
    with pytest.raises(FaultsError) as problem:
        dataset_of(upload(UGLY))
    assert str(problem.value) == (
        "a.csv, row 22: the text is empty. Fill it in, or remove the row. 3 more of 25 rows can't "
        "be used."
    )
    assert [error.row for error in problem.value.faults] == [22, 23, 25, 26]


def test_rows_that_cannot_be_used_are_left_out_and_labels_merged_if_one_says_so():
    data = dataset_of(upload(UGLY, skip_bad=True, test_share=0))
    assert (len(data.train), data.classes) == (21, ("Warm", "cold", "warm"))
    assert data.notes == ("Rows left out, because they can't be used: 4 of 25.",)
    merged = dataset_of(upload(UGLY, skip_bad=True, merge_labels=True, test_share=0))
    assert (len(merged.train), merged.classes) == (21, ("cold", "warm"))
    assert merged.notes[1] == "Labels merged: 'Warm' becomes 'warm'."
    with pytest.raises(TaskError, match="none of its rows can be used"):
        dataset_of(upload("text,label\n,a\n,b\n", skip_bad=True))


def test_a_contradiction_may_be_one_of_spellings_only():
    content = LABELS + "so warm 0,WARM\n"
    assert len(check_rows(upload(content)).faults) == 1
    assert check_rows(upload(content, merge_labels=True)).faults == ()


def test_the_test_file_is_read_in_the_columns_and_spellings_of_the_training():
    train = "id,message,category\n" + "".join(
        f"{k},so {'ab'[k % 2]},{'xy'[k % 2]}\n" for k in range(8)
    )
    tested = "category,message\nX,so a\ny,so b\n"
    with pytest.raises(FaultsError, match=r"b.csv, row 2: the label 'X' is unknown"):
        dataset_of(upload(train, tested))
    data = dataset_of(upload(train, tested, merge_labels=True))
    assert [example.text for example in data.test] == ["so a", "so b"]
    assert data.classes == ("x", "y")


def test_the_way_of_reading_is_a_part_of_the_upload():
    one = upload(UGLY, skip_bad=True)
    others = [upload(UGLY), upload(UGLY, skip_bad=True, merge_labels=True)]
    others += [
        upload(UGLY, skip_bad=True, form="next"),
        upload(UGLY, skip_bad=True, text_column="label"),
    ]
    assert one == upload(UGLY, skip_bad=True)
    assert all(one != other for other in others)
    assert dataset_of(one) is dataset_of(upload(UGLY, skip_bad=True))


def test_what_is_guessed_can_be_made_a_choice():
    chosen = with_columns(upload(PAIRS))
    assert (chosen.form, chosen.text_column, chosen.label_column) == (
        "translation",
        "source",
        "target",
    )
    assert with_columns(upload("text\n" + PLAIN)).label_column is None
    assert with_columns(upload(PLAIN, name="a.txt")) == upload(PLAIN, name="a.txt")


@each_row("options", [{"form": "label"}, {"text_column": "a"}, {"label_column": "a"}])
def test_a_plain_text_has_no_columns(options):
    with pytest.raises(TaskError, match=r"a.txt: is a plain text, without columns."):
        dataset_of(upload(PLAIN, name="a.txt", **options))


scraps = st.sampled_from([*(',\n\n"\0\ré😀 10'), "so", "warm", "...", START, "text,label\n"])
headers = st.sampled_from(["", *(f"{','.join(form.columns)}\n" for form in TEXT_FORMS)])
contents = st.builds(str.__add__, headers, st.lists(scraps, max_size=30).map("".join) | st.text())


ways = st.fixed_dictionaries(
    {"skip_bad": st.booleans(), "merge_labels": st.booleans()},
    optional={
        "form": st.sampled_from(Form),
        "text_column": st.sampled_from(["text", "source", "so"]),
        "label_column": st.sampled_from(["label", "target"]),
    },
)


def test_a_short_window_of_a_long_text_makes_no_more_sequences_than_a_file_may_have():
    text = upload("ab c" * 60_000, name="a.txt", window=2)
    with pytest.raises(TaskError, match="its windows of 2 characters are more than 100,000 sequ"):
        dataset_of(text)


@given(contents, st.none() | contents, st.sampled_from(["a.csv", "a.txt"]), st.floats(0, 0.5), ways)
def test_any_files_are_learned_from_or_refused(train, test, name, share, way):
    try:
        data = dataset_of(upload(train, test, name, name, test_share=share, **way))
    except TaskError:
        return
    check_dataset(data)


rows = st.lists(
    st.tuples(*[st.lists(st.sampled_from("abcdef"), min_size=1, max_size=9).map(" ".join)] * 2),
    min_size=1,
    max_size=30,
)


@each_row("form", TEXT_FORMS)
def test_tokens_are_counted_before_rows_are_set_aside(form):
    lines = [f"so w{2 * i} w{2 * i + 1}" for i in range(MAX_TOKENS // 2)]
    answers = {Form.LABEL: "ab", Form.NEXT: None, Form.TRANSLATION: "oui"}[form]

    def learned(lines):
        cells = [f"{line},{answers[i % len(answers)]}" if answers else line
                 for i, line in enumerate(lines)]  # fmt: skip
        return dataset_of(
            upload("\n".join([",".join(form.columns), *cells]), unit="words", test_share=0.2)
        )

    with pytest.raises(TaskError, match="5,001 different words, more than 5,000"):
        learned(lines)
    data = learned([*lines[:-1], "so w1 w2"])
    if form is not Form.NEXT:  # for that test rows need a word that training knows, beside "so"
        assert len(data.source or data.vocabulary) < MAX_TOKENS - 500


@given(
    st.sampled_from(TEXT_FORMS), rows, st.sampled_from(Unit), st.floats(0, 0.5), st.integers(2, 9)
)
def test_good_files_are_learned_from_row_by_row_with_any_seed(form, rows, unit, share, window):
    if form is Form.LABEL:
        rows = [(text, text[0]) for text, _ in rows] + [("a", "a"), ("b", "b")]
    if form is Form.NEXT:
        rows = [("a b " + text,) for text, _ in rows]
    content = "\n".join([",".join(form.columns), *map(",".join, rows)])
    for seed in range(4):
        options = {"unit": unit, "test_share": share, "window": window, "seed": seed}
        data = dataset_of(upload(content, **options))
        check_dataset(data)
        if form is not Form.NEXT:
            assert sorted(texts([*data.train, *data.test])) == sorted(row[0] for row in rows)


def check_dataset(data: Dataset):
    assert data.train
    assert len(data.classes) >= 2
    for example in (*data.train, *data.test):
        assert len(example.inputs) > 0
        assert len(example.targets) == (1 if data.reads is OutputAt.LAST else len(example.inputs))
        assert 0 <= min(example.inputs) <= max(example.inputs) < len(data.vocabulary)
        assert 0 <= min(example.targets) <= max(example.targets) < len(data.classes)
        if data.source:
            assert 0 <= min(example.source) <= max(example.source) < len(data.source)


# Which rows are test rows


shares = st.floats(0, 0.5)
seeds = st.integers(0, 2**31 - 1)
#: A text has one class, as contradictions are refused before.
drawn_texts = st.lists(st.integers(0, 12).map(str), min_size=1, max_size=60)


@given(drawn_texts, shares, seeds)
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


def numbered(*pairs):
    return [Row(i, *pair) for i, pair in enumerate(pairs, 2)]


TWENTY = numbered(*((f"it was {i}", "ab"[i % 2]) for i in range(20)))


@each_row("form", [Form.LABEL, Form.NEXT])
def test_rows_keep_their_order_and_none_is_lost(form):
    learned, tested = split_rows(TWENTY, form, Unit.WORDS, 0.3, 0)
    assert sorted([*learned, *tested]) == TWENTY
    assert (learned, tested) == (sorted(learned), sorted(tested))
    assert len(tested) == 6
    assert split_rows(TWENTY, form, Unit.WORDS, 0.0, 0) == (TWENTY, [])


def test_texts_with_the_same_tokens_stay_together():
    same = numbered(*((text, "a") for text in ("So cold!", "so cold", "SO  COLD", "so warm")))
    for seed in range(10):
        _, tested = split_rows(same, Form.LABEL, Unit.WORDS, 0.2, seed)
        assert tested == same[3:]


def test_a_row_with_too_few_known_tokens_is_learned():
    alone = numbered(*((f"word{i}", "ab"[i % 2]) for i in range(20)))
    assert split_rows(alone, Form.LABEL, Unit.WORDS, 0.5, 0) == (alone, [])
    pairs = numbered(*((f"the word{i}",) for i in range(20)))
    assert split_rows(pairs, Form.NEXT, Unit.WORDS, 0.5, 0) == (pairs, [])
    assert len(split_rows(pairs, Form.LABEL, Unit.WORDS, 0.5, 0)[1]) == 10
    odd = numbered(*((f"the {i}", "le") for i in range(6)), ("the end", "le fin"))
    for seed in range(20):
        _, tested = split_rows(odd, Form.TRANSLATION, Unit.WORDS, 0.5, seed)
        assert tested
        assert odd[-1] not in tested


@each_row("seed", range(4))
def test_training_keeps_at_least_two_distinct_tokens(seed):
    two = numbered(("a b a",), ("a a",))
    learned, tested = split_rows(two, Form.NEXT, Unit.WORDS, 0.5, seed)
    assert {word for row in learned for word in row.text.split()} == {"a", "b"}
    assert len(learned) + len(tested) == 2
