"""Phrases and labels from CSV, and a sentence for everything that is wrong with one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.table import (
    MAX_BYTES,
    MAX_CHARACTERS,
    MAX_LETTERS,
    MAX_ROWS,
    MAX_WORDS,
    Form,
    Row,
    Table,
    TaskError,
    check,
    read_any,
    read_file,
    read_table,
)
from rnnviz.tasks.vocabulary import END, START, Unit, split_words
from tests.sampling import each_row, singly

GOOD = b"text,label\nvery good,1\nbad,0\n"


def pairs(content):
    return [(row.text, row.label) for row in read_table(content, "a.csv")]


def refusal(content):
    with pytest.raises(TaskError) as problem:
        read_table(content, "a.csv")
    return str(problem.value)


def test_rows_are_read_in_their_order_with_their_lines():
    assert read_table(GOOD, "a.csv") == [(2, "very good", "1"), (3, "bad", "0")]


@each_row(
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
        b' "Text" , LABEL\nvery good,1\nbad,0\n',
        GOOD.replace(b"\n", b"\r"),
        GOOD.replace(b",", b";"),
        GOOD.replace(b",", b"\t"),
        b"\n \n" + GOOD,
        b"text,label,\nvery good,1,\nbad,0,,\n",
        b'text,label\nvery good, "1"\nbad, "0"\n',
    ],
    ids=[
        *("bom", "crlf", "no last newline", "quoted", "swapped", "more columns", "spaces"),
        *("blanks", "capitals", "cr", "semicolons", "tabs", "blank lines first"),
        *("empty cells beyond the header", "quotes after a space"),
    ],
)
def test_the_usual_kinds_of_csv_are_read_alike(content):
    assert pairs(content) == [("very good", "1"), ("bad", "0")]


def test_a_quoted_text_may_hold_commas_and_quotes():
    assert pairs(b'text,label\n"bad, ""very"" bad",0\n') == [('bad, "very" bad', "0")]


def test_the_same_row_twice_is_no_contradiction():
    assert len(pairs(b"text,label\nbad,0\nbad,0\n")) == 2


@each_row(
    ("content", "said"),
    [
        (b"", "has no column text and no column label"),
        (b"text,lbel\nbad,0\n", "has no column label"),
        (b"phrase,label\nbad,0\n", "has no column text"),
        (b"text\nbad\n", "has no column label. The first line must be: text,label"),
        (b"source,target\nbad,good\n", "has no column text and no column label"),
        (b"text|label\nbad|0\n", "has no column text and no column label"),
        (b"text,label\nbad,0\nwell, well,1\n", "row 3: has 3 cells, and the header names 2. Put"),
        (b"\ntext;label\nbad;0\nwell; well;1\n", "row 4: has 3 cells, and the header names 2"),
        (b"text,label,label\nbad,0,1\n", "has two columns label"),
        (b"text,label\nbad,0\nba\0d,1\n", "has a zero byte in line 3"),
        (b"text,label\n", "has no rows below the header"),
        (b"text,label\nbad,0\n,1\n", "row 3: the text is empty"),
        (b"text,label\nbad,0\n  ,1\n", "row 3: the text is empty"),
        (b"text,label\nbad,0\n...,1\n", "row 3: the text '...' has no words"),
        (b"text,label\nbad,0\ngood,\n", "row 3: the label is empty"),
        (b"text,label\nbad,0\ngood\n", "row 3: the label is empty"),
        (b"text,label\nbad,0\ngood,1\nbad,1\n", "rows 2 and 4"),
        (b"text,label\nNot  bad!,0\nnot bad,1\n", "rows 2 and 3"),
        ("text,label\nschön,1\n".encode("latin-1"), "is not UTF-8 text, see line 2"),
        ("text,label\r\rschön,1\r".encode("latin-1"), "is not UTF-8 text, see line 3"),
        (b"text,label\rbad,0\rba\0d,1\r", "has a zero byte in line 3"),
        (GOOD.decode().encode("utf-16"), "is not UTF-8"),
        (b'text,label\n"bad,0\n', "row 2: can't be read as CSV"),
        (b'text,label\nbad,0\n"bad"ly,0\n', "row 3: can't be read as CSV"),
        (b"text,label\n" + b"a" * 200_000 + b",0\n", "row 2: the word 'aaaaaa"),
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


# Any form


def found(content, name="a.csv", unit=Unit.WORDS):
    """What is read, and checked, with what is wrong as a text."""
    try:
        table = read_any(content, name)
        check(table, unit)
    except TaskError as problem:
        return str(problem)
    return table


@each_row(
    ("content", "form", "row"),
    [
        (b"text,label\nso warm,1\n", Form.LABEL, (2, "so warm", "1")),
        (b"label,id,text\n1,7,so warm\n", Form.LABEL, (2, "so warm", "1")),
        (b"text\nso warm\n", Form.NEXT, (2, "so warm", "")),
        (b'"text"\n"so, warm"\n', Form.NEXT, (2, "so, warm", "")),
        (b"source,target\nso warm,si chaud\n", Form.TRANSLATION, (2, "so warm", "si chaud")),
        (b"target,source\nsi chaud,so warm\n", Form.TRANSLATION, (2, "so warm", "si chaud")),
        (b"text\tlabel\nso, warm\t1\n", Form.LABEL, (2, "so, warm", "1")),
        (b"source;target\nso;si, si\n", Form.TRANSLATION, (2, "so", "si, si")),
        (b"\n\ntext\nso warm\n", Form.NEXT, (4, "so warm", "")),
    ],
)
@each_row("name", ["a.csv", "A.CSV", "a.txt", "pasted text"])
def test_the_form_is_found_from_the_header(content, form, row, name):
    assert found(content, name) == Table(name, form, (Row(*row),))


@each_row("content", [b"a text\r\nof lines\r", b"\xef\xbb\xbf\na text\nof lines \n"])
@each_row("name", ["a.txt", "pasted text"])
def test_what_has_no_header_is_plain_text(content, name):
    assert found(content, name) == Table(name, Form.NEXT, (Row(1, "a text\nof lines"),), plain=True)


def test_a_text_in_a_cell_may_be_as_long_as_its_file():
    long = "ab, " * 100_000
    assert found(f'text\n"{long}"\n'.encode()).rows[0].text == long.strip()


def test_plain_text_may_have_any_quotes():
    assert found(b'"Never", he said', "a.txt").rows == (Row(1, '"Never", he said'),)


CSV = "text,label", "text", "source,target"


@each_row(
    ("content", "said"),
    [
        ("", "a.csv: has no column text and no column label"),
        ("so warm\n", "must be: text,label, or: text, or: source,target"),
        ("text,lable\nso warm,1\n", "a.csv: has no column label"),
        ("source,traget\nso,si\n", "a.csv: has no column target"),
        ("target\nsi\n", "a.csv: has no column source"),
        ("text,target\nsi,so\n", "a.csv: has no column source"),
        *((f"{header}\n", "a.csv: has no rows below the header") for header in CSV),
        ("text\nso warm\nso\n", "a.csv, row 3: the text 'so' has fewer than two words"),
        ('text\n"..."\n', "a.csv, row 2: the text '...' has fewer than two words"),
        ("source,target\nso,si\n,si\n", "a.csv, row 3: the source is empty"),
        ("source,target\nso,\n", "a.csv, row 2: the target is empty"),
        ("source,target\nso\n", "a.csv, row 2: the target is empty"),
        ("source,target\nso,...\n", "a.csv, row 2: the target '...' has no words"),
        ("source,target\nyes, please,oui\n", "a.csv, row 2: has 3 cells, and the header names 2"),
        ("text\nonce, upon a time\n", "a.csv, row 2: has 2 cells, and the header names 1"),
        ("text,label\n,1\n", "a.csv, row 2: the text is empty"),
        ("text,label\nso,\n", "a.csv, row 2: the label is empty"),
        ("text,label\nso,1\nso,0\n", "a.csv, rows 2 and 3: the same text 'so' has two labels"),
        (f"source,target\nso,{START}\n", f"a.csv, row 2: {START} is a sign of the network's own"),
        (f"source,target\nso {END},si\n", f"a.csv, row 2: {END} is a sign"),
        ("source,target\nso,si\n" + "a " * 201 + ",si\n", "row 3: the source has 201 words"),
        (
            "source,target\nso," + "a " * 201 + "\n",
            "row 2: the target has 201 words, more than 200",
        ),
        ('text\nso warm\n"so\n', "a.csv, row 3: can't be read as CSV (unexpected end of data)"),
        ('text\n"so" warm\n', "a.csv, row 2: can't be read as CSV"),
        ('"text\nso warm\n', "a.csv, row 1: can't be read as CSV"),
        ("text\nso warm\0\n", "a.csv: is not text, it has a zero byte in line 2"),
        (b"text\nso warm\n\xff\xfe\n", "a.csv: is not UTF-8 text, see line 3"),
    ],
)
def test_what_is_wrong_with_any_form_is_said_and_where(content, said):
    message = found(content.encode() if isinstance(content, str) else content)
    assert said in message
    assert message.startswith("a.csv")
    assert len(message) < 300


@each_row(
    ("content", "said"),
    [
        (b"", "a.txt: has no text"),
        (b" \n\t\r\n", "a.txt: has no text"),
        (b"a", "a.txt: the text 'a' has fewer than two characters"),
        (b"a text\xff", "a.txt: is not UTF-8 text, see line 1"),
        (b"a\n\0text", "a.txt: is not text, it has a zero byte in line 2"),
        (b"a" * (MAX_BYTES + 1), "a.txt: is larger than 5 MB"),
    ],
    ids=["nothing", "spaces", "one", "latin", "zero", "large"],
)
def test_what_is_wrong_with_plain_text_is_said(content, said):
    assert said in found(content, "a.txt", Unit.CHARACTERS)


def test_plain_text_may_have_the_largest_size():
    assert len(found(b"ab" * (MAX_BYTES // 2), "a.txt", Unit.CHARACTERS).rows[0].text) == MAX_BYTES


@each_row("header", CSV)
def test_a_table_may_have_the_most_rows_but_not_one_more(header):
    row = "\n" + ",".join(["so warm"] * len(header.split(",")))
    full = header + row * MAX_ROWS
    assert len(found(full.encode()).rows) == MAX_ROWS
    assert "a.csv: has more than 20,000 rows" in found((full + row).encode())


@singly(
    pytest.mark.parametrize(
        ("unit", "longest"),
        [(Unit.WORDS, "bad " * (MAX_WORDS - 1) + "bad"), (Unit.CHARACTERS, "a" * MAX_CHARACTERS)],
    ),
    cells=["text,label\n{},1", "source,target\n{},a", "source,target\na,{}"],
)
def test_a_text_may_have_the_longest_length_but_not_one_token_more(unit, longest, cells):
    longer = longest + (" bad" if unit is Unit.WORDS else "a")
    assert isinstance(found(cells.format(longest).encode(), unit=unit), Table)
    assert f"has {len(unit.tokens(longer))} {unit}, more than" in found(
        cells.format(longer).encode(), unit=unit
    )


@each_row(
    ("cells", "said"),
    [
        ("text,label\nso {},1", "row 2: the word 'aaa"),
        ("text,label\nso,{}", "row 2: the label has 201 characters, more than 200"),
        ("text\nso {}", "row 2: the word 'aaa"),
        ("source,target\nso,{} si", "row 2: the word 'aaa"),
    ],
)
def test_a_word_and_a_label_may_have_the_most_letters_but_not_one_more(cells, said):
    most = "a" * MAX_LETTERS
    assert isinstance(found(cells.format(most).encode()), Table)
    assert said in found(cells.format(most + "a").encode())


def test_in_characters_no_word_is_too_long():
    assert isinstance(found(b"a" * 10_000, "a.txt", Unit.CHARACTERS), Table)
    assert "has 10,000 characters, more than 200" in found(b"so " + b"a" * 10_000, "a.txt")


def test_a_text_to_go_on_with_may_be_longer():
    assert isinstance(found(b"text\n" + b"bad " * 10_000), Table)


def test_in_characters_a_text_of_signs_alone_is_one():
    assert isinstance(found(b"text,label\n!?,1\n", unit=Unit.CHARACTERS), Table)
    assert "row 2: the text '!?' has no words" in found(b"text,label\n!?,1\n")


def test_in_characters_other_capitals_are_another_text():
    content = b"text,label\nBad,1\nbad,0\n"
    assert isinstance(found(content, unit=Unit.CHARACTERS), Table)
    assert "two labels" in found(content)


names = st.sampled_from(["a.csv", "a.txt", "pasted text", ""])
headers = st.sampled_from(["", *(header + "\n" for header in CSV)]).map(str.encode)


@given(
    headers, st.binary() | st.lists(scraps, max_size=30).map(b"".join), names, st.sampled_from(Unit)
)
def test_any_bytes_of_any_form_are_read_or_refused(header, content, name, unit):
    table = found(header + content, name, unit)
    if isinstance(table, str):
        assert table.startswith(name)
        return
    assert table.rows
    assert all(len(unit.tokens(row.text)) >= table.form.least for row in table.rows)
    assert all(row.label or table.form is Form.NEXT for row in table.rows)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_pairs_that_a_spreadsheet_writes_are_read_back(table):
    content = "".join(f'"{source}","{target}"\r\n' for source, target in table)
    rows = found(("source,target\r\n" + content).encode()).rows
    assert [(row.text, row.label) for row in rows] == table
