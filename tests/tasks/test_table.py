"""Phrases and labels from CSV, and a sentence for everything that is wrong with one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.table import MAX_BYTES, MAX_WORDS, TaskError, read_file, read_table
from rnnviz.tasks.vocabulary import split_words

GOOD = b"text,label\nvery good,1\nbad,0\n"


def pairs(content):
    return [(row.text, row.label) for row in read_table(content, "a.csv")]


def refusal(content):
    with pytest.raises(TaskError) as problem:
        read_table(content, "a.csv")
    return str(problem.value)


def test_rows_are_read_in_their_order_with_their_lines():
    assert read_table(GOOD, "a.csv") == [(2, "very good", "1"), (3, "bad", "0")]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.rstrip(),
        b'text,label\n"very good","1"\n"bad","0"\n',
        b"label,text\n1,very good\n0,bad\n",
        b"id,text,label,note\n7,very good,1,\n8,bad,0,x\n",
        b"text,label\n  very good  , 1\nbad,0 \n",
        b"text,label\n\nvery good,1\n\nbad,0\n\n",
    ],
    ids=["bom", "crlf", "no last newline", "quoted", "swapped", "more columns", "spaces", "blanks"],
)
def test_the_usual_kinds_of_csv_are_read_alike(content):
    assert pairs(content) == [("very good", "1"), ("bad", "0")]


def test_a_quoted_text_may_hold_commas_and_quotes():
    assert pairs(b'text,label\n"bad, ""very"" bad",0\n') == [('bad, "very" bad', "0")]


def test_the_same_row_twice_is_no_contradiction():
    assert len(pairs(b"text,label\nbad,0\nbad,0\n")) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no column text and no column label"),
        (b"text,lbel\nbad,0\n", "has no column label"),
        (b"phrase,label\nbad,0\n", "has no column text"),
        (b"text,label\n", "has no rows below the header"),
        (b"text,label\nbad,0\n,1\n", "row 3: the text is empty"),
        (b"text,label\nbad,0\n  ,1\n", "row 3: the text is empty"),
        (b"text,label\nbad,0\n...,1\n", "row 3: the text is empty"),
        (b"text,label\nbad,0\ngood,\n", "row 3: the label is empty"),
        (b"text,label\nbad,0\ngood\n", "row 3: the label is empty"),
        (b"text,label\nbad,0\ngood,1\nbad,1\n", "rows 2 and 4"),
        (b"text,label\nNot  bad!,0\nnot bad,1\n", "rows 2 and 3"),
        ("text,label\nschön,1\n".encode("latin-1"), "is not UTF-8"),
        (GOOD.decode().encode("utf-16"), "is not UTF-8"),
        (b'text,label\n"bad,0\n', "row 2: can't be read as CSV"),
        (b'text,label\nbad,0\n"bad"ly,0\n', "row 3: can't be read as CSV"),
        (b"text,label\n" + b"a" * 200_000 + b",0\n", "row 2: can't be read as CSV"),
    ],
)
def test_what_is_wrong_is_said_and_where(content, said):
    message = refusal(content)
    assert message.startswith("a.csv")
    assert said in message


def test_a_contradiction_names_both_labels():
    message = refusal(b"text,label\nbad,mood\nbad,weather\n")
    assert "'mood'" in message and "'weather'" in message


def test_a_file_may_have_the_largest_size_but_not_a_byte_more():
    full = b"text,label\nbad,0\n"
    full += b"\n" * (MAX_BYTES - len(full))
    assert len(read_table(full, "a.csv")) == 1
    assert "is larger than 5 MB" in refusal(full + b"\n")


def test_a_phrase_may_have_the_most_words_but_not_one_more():
    most = b"bad " * MAX_WORDS
    assert len(pairs(b"text,label\n" + most + b",0\n")) == 1
    assert f"row 2: the text has {MAX_WORDS + 1} words" in refusal(
        b"text,label\n" + most + b"bad,0\n"
    )


def test_long_texts_and_labels_make_no_long_message():
    long = b"bad" * 5000
    message = refusal(b"text,label\n%s,%s\n%s,x\n" % (long, long, long))
    assert len(message) < 300


@pytest.mark.parametrize("name", ["", "missing.csv"], ids=["a folder", "no file"])
def test_what_cannot_be_opened_is_said(tmp_path, name):
    with pytest.raises(TaskError, match="can't be read"):
        read_file(tmp_path / name)


def test_a_file_is_read_like_its_content(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD)
    assert read_file(path) == read_table(GOOD, "a.csv")


def test_a_file_that_is_too_large_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD + b"\n" * MAX_BYTES)
    with pytest.raises(TaskError, match="is larger than 5 MB"):
        read_file(path)


scraps = st.sampled_from(
    [b"text,label", b"\n", b"\r", b",", b'"', b"\0", b"bad", b"1", b"0", b" ", b"\xff", b"\xc3\xa9"]
)


@given(st.binary() | st.lists(scraps, max_size=30).map(b"".join))
def test_any_bytes_are_read_or_refused(content):
    check_read_or_refused(content)


@given(st.lists(scraps, max_size=30).map(b"".join))
def test_anything_below_a_header_is_read_or_refused(content):
    check_read_or_refused(b"text,label\n" + content)


def check_read_or_refused(content):
    try:
        rows = read_table(content, "a.csv")
    except TaskError as problem:
        assert str(problem).startswith("a.csv")
        return
    assert rows
    assert all(split_words(row.text) and row.label for row in rows)


words = st.text("abcdé<$😀", min_size=1).filter(split_words)
cells = st.lists(words, min_size=1, max_size=5).map(" ".join)


@given(st.dictionaries(cells, st.sampled_from(["0", "1", "a, b", 'say "yes"']), min_size=1))
def test_what_a_spreadsheet_writes_is_read_back(table):
    quoted = ('"{}","{}"'.format(*(c.replace('"', '""') for c in row)) for row in table.items())
    content = "\r\n".join(["text,label", *quoted])
    assert pairs(content.encode()) == list(table.items())
