"""What stands in a CSV, as people have them."""

import csv
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.data.csv_table import (
    MAX_LETTERS,
    Encoding,
    EncodingError,
    TaskError,
    decode,
    looks_like_table,
    read_csv,
)
from tests.sampling import each_row


def cells(text, name="a.csv"):
    read = read_csv(text, name)
    return read.columns, [line.cells for line in read.lines]


@each_row(
    ("text", "columns", "first"),
    [
        ("id;a message;category\n1;so, warm;x\n", ("id", "a message", "category"), "1|so, warm|x"),
        ("a|b\n1|2\n", ("a", "b"), "1|2"),
        ("sep=;\na,b;c\n1,5;2\n", ("a,b", "c"), "1,5|2"),
        ("a\tb\n1, 2\t3\n", ("a", "b"), "1, 2|3"),
        (",text\n0,so\n", ("column 1", "text"), "0|so"),
        ("text,,label,\nso,,1,\n", ("text", "label"), "so|1"),
        ("a,a,a (2)\n1,2,3\n", ("a", "a (2)", "a (2) (2)"), "1|2|3"),
        ("text," + "b" * 900 + "\nso,1\n", ("text", "b" * MAX_LETTERS), "so|1"),
        ('a,b\n"so ""very"" warm,\nand\ncold",1\n', ("a", "b"), 'so "very" warm,\nand\ncold|1'),
        ("text,label\nso,1\n,,\n , \n", ("text", "label"), "so|1"),
        ("text,label\nso\n", ("text", "label"), "so|"),
        ("label\ttext\n0\t\"so\" it is\n", ("label", "text"), '0|"so" it is'),
    ],
)  # fmt: skip
def test_separators_and_names_are_found(text, columns, first):
    assert cells(text) == (columns, [tuple(first.split("|")) if "a|b" not in text else ("1", "2")])


@each_row(
    ("text", "header"),
    [
        ("so warm,sunny\nso cold,rainy\nwarm,sunny\n", False),
        ("0\tso warm\n1\tso cold\n0\twarm\n", False),
        ("words,answer\nso warm,sunny\nwarm,sunny\n", True),
        ("text,label\ntext,label\n", True),
        ("alpha,beta\nso warm,sunny\nwarm,sunny\n", True),
        ("2024-01-01 00:00,5.5\n2024-01-01 01:00,6\n", False),
        ("3,5\n4,6\n", False),
        ("0,1\n4.5,6\n3,2\n", True),
    ],
)
def test_a_first_row_whose_cells_come_again_names_no_columns(text, header):
    read = read_csv(text, "a.csv")
    assert read.header == header
    assert read.columns == (
        tuple(text.split("\n")[0].split(",")) if header else ("column 1", "column 2")
    )
    assert len(read.lines) == text.count("\n") - header


def test_names_of_columns_that_are_equal_and_long_differ_and_are_no_longer():
    long = "A" * (MAX_LETTERS + 9)
    names = read_csv(f"{long},{long},{long}\n1,2,x\n3,4,y\n", "a.csv").columns
    assert len(set(names)) == 3
    assert max(map(len, names)) <= MAX_LETTERS


def test_the_name_of_a_file_with_tabs_says_that_commas_belong_to_the_only_column():
    text = "text\ngood, and bad\nso, so\n"
    assert cells(text, "a.TSV") == (("text",), [("good, and bad",), ("so, so",)])
    assert read_csv(text, "a.csv").faults
    assert cells("a;b\n1;2\n", "a.tsv") == (("a", "b"), [("1", "2")])


def test_a_quote_or_the_end_of_a_line_is_no_separator():
    assert read_csv("sep=\r\na,b\r\n1,2\r\n", "a.csv").columns == ("sep=",)
    assert read_csv('sep="\na,b\n1,2\n', "a.csv").faults


def test_of_a_row_of_a_million_empty_cells_few_are_looked_for():
    # If each were looked for in every row, this would not end within half an hour.
    text = "a,b" + "," * 1_000_000 + "\n" + 10_000 * "x,y\n"
    assert read_csv(text, "a.csv").columns == ("a", "b")


def test_after_a_row_that_cannot_be_read_it_goes_on_with_the_next_line():
    text = 'text,label\n"open,1\nso,1\nwe,0\n"bad"ly,0\nwell, well,1\n"and",0\n'
    read = read_csv(text, "a.csv")
    assert [line.row for line in read.lines] == [3, 4, 7]
    assert [error.row for error in read.faults] == [2, 5, 6]
    assert "has 3 cells, and the header names 2" in read.faults[2].reason


def test_quotes_that_are_open_again_and_again_are_read_in_time_and_told():
    # Each of these lines opens a quote, also after one that has opened one.
    text = "text,label\nso,1\n" + 20_000 * 'a",b,"c\n'
    read = read_csv(text, "a.csv")
    assert [line.row for line in read.lines] == [2]
    assert "this row and all after it aren't read" in read.faults[-1].reason


def test_of_a_million_rows_that_cannot_be_read_not_all_are_listed():
    # If each were, this would take a gigabyte.
    with pytest.raises(TaskError, match="has more than 20,000 rows"):
        read_csv("text,label\nso,1\n" + 1_000_000 * '"a"b\n', "a.csv")
    with pytest.raises(TaskError, match=r"^a\.csv, row 2: can't be read as CSV"):
        read_csv("text,label\n" + 1_000_000 * '"a"b\n', "a.csv")


@each_row(
    ("text", "table"),
    [
        ("text\nso warm\n", True),
        ("Message;Category\na;b\n", True),
        ("id,tweet,sentiment\n1,a,b\n", True),
        ("so warm\t1\nso cold\t0\nwarm\t1\n", True),
        ("so warm;joy\nso cold;anger\nwarm;joy\n", True),
        ("Once upon a time, there was\na king, a queen\nand, a child\n", False),
        ("The text is long.\nIt has a label.\n", False),
        ("one\ttab\nnone\n", False),
        ("", False),
    ],
)
def test_a_text_that_is_a_table_is_recognized(text, table):
    assert looks_like_table(text) == table


cell = st.text(st.sampled_from('ab ,;\t|"\n\r1'), max_size=6).map(str.strip)


@given(
    st.lists(st.tuples(cell, cell), min_size=1, max_size=6), st.sampled_from(",;\t|"), st.booleans()
)
def test_what_is_written_as_csv_is_read_back(rows, separator, quoted):
    file = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(file, delimiter=separator, quoting=quoting)
    writer.writerows([("text", "label"), *rows])
    expected = [row for row in rows if any(map(str.strip, row))]
    try:
        columns, read = cells(file.getvalue())
    except TaskError as problem:
        assert not expected, problem
        return
    assert (columns, read) == (("text", "label"), expected)


@given(st.text(st.sampled_from('ab,;\t|"\n\r '), max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        read = read_csv(text, "a.csv")
    except TaskError as problem:
        assert str(problem).startswith("a.csv")
        return
    assert len({*read.columns}) == len(read.columns)
    assert all(len(line.cells) == len(read.columns) for line in read.lines)
    rows = [*(line.row for line in read.lines), *(error.row for error in read.faults)]
    assert len({*rows}) == len(rows)


# Texts in other encodings than UTF-8


TEXT = "text,label\nsehr schön,gut\närger,übel\n"


@each_row("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_utf_8_and_what_the_first_bytes_say_is_read_at_once(codec):
    mark = b"\xfe\xff" if codec == "utf-16-be" else b""
    for encoding in (None, Encoding.WINDOWS_1251):
        assert decode(mark + TEXT.encode(codec), "a.csv", encoding) == TEXT


@each_row("encoding", [e for e in Encoding if e not in ("windows-1251", "shift-jis", "gb18030")])
def test_else_the_encoding_is_chosen_by_how_it_reads(encoding):
    with pytest.raises(EncodingError, match="line") as problem:
        decode(TEXT.encode(encoding), "a.csv")
    samples = problem.value.samples
    right = [one for one, sample in samples.items() if sample.startswith("sehr schön,gut")]
    assert right
    assert len(samples) <= 5
    assert decode(TEXT.encode(encoding), "a.csv", right[0]) == TEXT


@each_row(
    ("text", "encoding"),
    [("Это тёплый день", "windows-1251"), ("今日は暖かい", "shift-jis"), ("今天很暖和", "gb18030")],
)
def test_other_scripts_are_among_the_choices(text, encoding):
    with pytest.raises(EncodingError) as problem:
        decode(text.encode(encoding), "a.txt")
    assert problem.value.samples[Encoding(encoding)] == text


def test_equal_readings_are_offered_once_and_a_wrong_choice_gets_a_sentence():
    content = "schön".encode("windows-1252")
    with pytest.raises(EncodingError) as problem:
        decode(content, "a.txt")
    readings = [*problem.value.samples.values()]
    assert len({*readings}) == len(readings)
    assert Encoding.WINDOWS_1250 not in problem.value.samples
    with pytest.raises(EncodingError, match=r"^a.txt: can't be read as utf-16-le. Choose another"):
        decode(content, "a.txt", Encoding.UTF_16_LE)


@each_row(
    ("content", "said"),
    [
        (b"a\nb\0c", "is not text, it has a zero byte in line 2. Save it as text in UTF-8."),
        (b"\x00\x01\x02\xff\x7f", "a.csv: is not UTF-8 text, see line 1. Save it"),
        (b"\xff\xfea", "a.csv: is not UTF-16 text"),
        (bytes(range(256)) * 9, "a.csv: is not UTF-8 text"),
    ],
)
def test_what_is_no_text_gets_a_sentence_and_no_choice(content, said):
    with pytest.raises(TaskError) as problem:
        decode(content, "a.csv")
    assert said in str(problem.value)
    assert not isinstance(problem.value, EncodingError)


@given(st.binary(max_size=200), st.none() | st.sampled_from(Encoding))
def test_any_bytes_are_a_text_or_refused(content, encoding):
    try:
        text = decode(content, "a.csv", encoding)
    except EncodingError as problem:
        for one in problem.samples:
            assert "\0" not in decode(content, "a.csv", one)
    except TaskError as problem:
        assert str(problem).startswith("a.csv")
    else:
        assert "\0" not in text


def test_what_stands_around_the_first_letter_is_found_at_once():
    """However long the text is, and however many encodings fit."""
    before = time.process_time()
    with pytest.raises(EncodingError) as found:
        decode(b" " * 4_000_000 + b"caf\xe9 au lait", "a.csv")
    assert found.value.samples[Encoding.WINDOWS_1252] == "caf\xe9 au lait"
    assert time.process_time() - before < 5
