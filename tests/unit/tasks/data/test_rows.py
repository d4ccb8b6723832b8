"""The rows that are learned from files, and a sentence for everything that is wrong with one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.data.csv_table import (
    MAX_BYTES,
    MAX_CHARACTERS,
    MAX_LETTERS,
    MAX_ROWS,
    MAX_WORDS,
    TaskError,
    read_bytes,
    read_csv,
)
from rnnviz.tasks.data.rows import (
    TEXT_FORMS,
    Columns,
    Form,
    Row,
    Table,
    columns_of,
    near_labels,
    near_listed,
    read_cells,
    read_file,
    relabelled,
    table,
    valid_rows,
)
from rnnviz.tasks.data.vocabulary import END, START, Unit, split_words
from tests.sampling import each_row

GOOD = b"text,label\nvery good,1\nbad,0\n"
CSV = "text,label", "text", "source,target"


def read(content, name="a.csv", unit=Unit.WORDS):
    """The table without blanks around its labels, or the sentence about its first error."""
    try:
        cells = read_cells(content.encode() if isinstance(content, str) else content, name)
        read = table(cells, None if cells.plain else columns_of(cells))
    except TaskError as problem:
        return str(problem)
    read = Table(read.name, read.form, relabelled(read.rows, (), False), read.plain, read.faults)
    rows, faults = valid_rows(read, unit)
    assert len(rows) + len(faults) == len(read.rows) + len(read.faults)
    return str(faults[0]) if faults else read


@each_row(
    "content",
    [
        GOOD,
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"\n", b"\r"),
        GOOD.rstrip(),
        b'text,label\n"very good","1"\n"bad","0"\n',
        b"label,text\n1,very good\n0,bad\n",
        b"id,text,label,note\n7,very good,1,\n8,bad,0,x\n",
        b"text,label\n  very good  , 1\nbad,0 \n",
        b"text,label\n\nvery good,1\n\nbad,0\n\n",
        b' "Text" , LABEL\nvery good,1\nbad,0\n',
        GOOD.replace(b",", b";"),
        GOOD.replace(b",", b"\t"),
        b"\n \n" + GOOD,
        b"text,label,\nvery good,1,\nbad,0,,\n",
        b'text,label\nvery good, "1"\nbad, "0"\n',
    ],
)
def test_common_kinds_of_csv_are_read_alike(content):
    rows = read(content).rows
    assert [(row.text, row.label) for row in rows] == [("very good", "1"), ("bad", "0")]


@each_row(
    ("content", "form", "row"),
    [
        (b"text,label\nso warm,1\n", Form.LABEL, (2, "so warm", "1")),
        (b"label,id,text\n1,7,so warm\n", Form.LABEL, (2, "so warm", "1", "7")),
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
def test_the_header_decides_the_form(content, form, row, name):
    assert read(content, name) == Table(name, form, (Row(*row),))


@each_row(
    ("content", "text"),
    [
        (b"a text\r\nof lines\r", "a text\nof lines"),
        (b"\xef\xbb\xbf\na text\nof lines \n", "a text\nof lines"),
        (b'"Never", he said', '"Never", he said'),
        (b"ab" * (MAX_BYTES // 2), "ab" * (MAX_BYTES // 2)),
    ],
    ids=["crlf", "bom", "quotes", "largest"],
)
@each_row("name", ["a.txt", "pasted text"])
def test_without_a_header_it_is_plain_text(content, text, name):
    table = read(content, name, Unit.CHARACTERS)
    assert table == Table(name, Form.NEXT, (Row(1, text),), plain=True)


LONG = "bad" * 5000


@each_row(
    ("content", "said"),
    [
        ("", "a.csv: is empty"),
        ("so warm\n", "a.csv: has no rows below the header"),
        *((f"{header}\n", "a.csv: has no rows below the header") for header in CSV),
        (",".join("abc" * 67) + "\n1\n", "a.csv: has 201 columns, more than 200"),
        ("text,label\nbad,0\nwell, well,1\n", "row 3: has 3 cells, and the header names 2. Put"),
        ("\ntext;label\nbad;0\nwell; well;1\n", "row 4: has 3 cells, and the header names 2"),
        ("text\nonce, upon a time\n", "a.csv, row 2: has 2 cells, and the header names 1"),
        ("text,label\nbad,0\n  ,1\n", "a.csv, row 3: the text is empty"),
        ("text,label\nbad,0\ngood\n", "row 3: the label is empty"),
        ("text\nso warm\nso\n", "a.csv, row 3: the text 'so' has fewer than two words"),
        ('text\n"..."\n', "a.csv, row 2: the text '...' has fewer than two words"),
        ("source,target\nso,si\n,si\n", "a.csv, row 3: the source is empty"),
        ("source,target\nso\n", "a.csv, row 2: the target is empty"),
        ("source,target\nso,...\n", "a.csv, row 2: the target '...' has no words"),
        (
            f"source,target\nso,{START}\n",
            f"a.csv, row 2: {START} is a symbol that the network uses itself",
        ),
        (f"source,target\nso {END},si\n", f"a.csv, row 2: {END} is a symbol"),
        (
            "text,label\nso,1\nwe,1\nso,0\n",
            "row 4: the same words 'so' have two labels, '1' in row 2 and '0' here. Keep one",
        ),
        ("text,label\nNot  bad!,0\nnot bad,1\n", "row 3: the same words 'not bad' have two labels"),
        (f"text,label\n{LONG},{LONG}\n{LONG},x\n", "a.csv, row 2: the word 'badbad"),
        ('text\nso warm\n"so\n', "a.csv, row 3: can't be read as CSV (unexpected end of data)"),
        ('text,label\nbad,0\n"bad"ly,0\n', "row 3: can't be read as CSV"),
        ('"text\nso warm\n', "a.csv, row 1: can't be read as CSV"),
        ("text\nso warm\0\n", "a.csv: is not text, it has a zero byte in line 2"),
        ("text,label\rbad,0\rba\0d,1\r", "has a zero byte in line 3"),
        (b"text\nso warm\n\xff\xfe\n", "a.csv: is not UTF-8 text, see line 3"),
        ("text,label\r\rschön,1\r".encode("latin-1"), "is not UTF-8 text, see line 3"),
        (GOOD.decode().encode("utf-16")[:-1], "is not UTF-16 text, see line"),
        (GOOD + b"\n" * MAX_BYTES, "a.csv: is larger than 5 MB"),
        (b" \n\t\r\n", "a.txt: has no text"),
        (b"a", "a.txt: the text 'a' has fewer than two characters"),
        (b"a text\xff", "a.txt: is not UTF-8 text, see line 1"),
        (b"a\n\0text", "a.txt: is not text, it has a zero byte in line 2"),
        (b"a" * (MAX_BYTES + 1), "a.txt: is larger than 5 MB"),
    ],
    ids=lambda value: str(value[:40]),
)
def test_a_refusal_says_what_is_wrong_and_where(content, said):
    name, unit = ("a.txt", Unit.CHARACTERS) if "a.txt" in said else ("a.csv", Unit.WORDS)
    message = read(content, name, unit)
    assert said in message
    assert message.startswith(name)
    assert len(message) < 300


def test_files_are_read_like_their_content(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD)
    rows = (Row(2, "very good", "1"), Row(3, "bad", "0"))
    assert read_file(path) == read(GOOD).rows == rows
    path.write_bytes(GOOD + b"\n" * (2 * MAX_BYTES))
    assert len(read_bytes(path)) == MAX_BYTES + 1
    for missing in (tmp_path, tmp_path / "missing.csv"):
        with pytest.raises(TaskError, match="can't be read"):
            read_file(missing)


@each_row("header", CSV)
def test_a_table_may_have_the_most_rows_but_not_one_more(header):
    row = "\n" + ",".join(["so warm"] * len(header.split(",")))
    full = header + row * MAX_ROWS
    assert len(read(full).rows) == MAX_ROWS
    assert "a.csv: has more than 20,000 rows" in read(full + row)


@each_row(
    ("unit", "longest", "more"),
    [(Unit.WORDS, "bad " * MAX_WORDS, "bad"), (Unit.CHARACTERS, "a" * MAX_CHARACTERS, "a")],
)
@each_row("cells", ["text,label\n{},1", "source,target\n{},a", "source,target\na,{}"])
def test_a_text_may_have_the_longest_length_but_not_one_token_more(unit, longest, more, cells):
    assert isinstance(read(cells.format(longest), unit=unit), Table)
    count = len(unit.tokens(longest)) + 1
    assert f"has {count} {unit}, more than" in read(cells.format(longest + more), unit=unit)


@each_row(
    ("cells", "said"),
    [
        ("text,label\nso {},1", "row 2: the word 'aaa"),
        ("text,label\nso,{}", "row 2: the label has 201 characters, more than 200"),
        ("text\nso {}", "has 201 characters, more than 200"),
        ("source,target\nso,{} si", "row 2: the word 'aaa"),
    ],
)
def test_a_word_and_a_label_may_have_the_most_letters_but_not_one_more(cells, said):
    most = "a" * MAX_LETTERS
    assert isinstance(read(cells.format(most)), Table)
    assert said in read(cells.format(most + "a"))


@each_row(
    ("content", "unit"),
    [
        (b"text,label\nbad,0\nbad,0\n", Unit.WORDS),
        (b"text\n" + b"bad " * 10_000, Unit.WORDS),
        (b'text\n"' + b"ab, " * 100_000 + b'"\n', Unit.WORDS),
        (b"text\n" + b"a" * 10_000, Unit.CHARACTERS),
        (b"text,label\n!?,1\n", Unit.CHARACTERS),
        (b"text,label\nBad,1\nbad,0\n", Unit.CHARACTERS),
    ],
    ids=["a row twice", "long", "long cell", "long word", "signs", "capitals"],
)
def test_what_only_looks_wrong_is_accepted(content, unit):
    assert isinstance(read(content, unit=unit), Table)


scraps = st.sampled_from(
    [b"text,label", b"\n", b"\r", b",", b'"', b"\0", b"bad", b"1", b"0", b" ", b"\xff", b"\xc3\xa9"]
)
names = st.sampled_from(["a.csv", "a.txt", "pasted text", ""])
headers = st.sampled_from(["", *(header + "\n" for header in CSV)]).map(str.encode)


@given(
    headers, st.binary() | st.lists(scraps, max_size=30).map(b"".join), names, st.sampled_from(Unit)
)
def test_any_bytes_are_read_or_refused(header, content, name, unit):
    table = read(header + content, name, unit)
    if isinstance(table, str):
        assert table.startswith(name)
        return
    assert table.rows
    assert all(len(unit.tokens(row.text)) >= table.form.least for row in table.rows)
    assert all(row.label or table.form is Form.NEXT for row in table.rows)


words = st.text('abcdé<$😀,"', min_size=1).filter(split_words)
cells = st.lists(words, min_size=1, max_size=5).map(" ".join)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_what_a_spreadsheet_writes_is_read_back(table):
    quoted = ('"{}","{}"'.format(*(c.replace('"', '""') for c in row)) for row in table)
    rows = read("\r\n".join(["source,target", *quoted])).rows
    assert [(row.text, row.label) for row in rows] == table


# Labels


def test_a_label_that_is_too_long_is_not_normalized():
    """Its combining signs would be put in order in the square of their number."""
    long = "x" + "\u0301\u0316" * 100_000
    begun = time.thread_time()
    assert near_labels([long, "a", long + "y"]) == []
    assert time.thread_time() - begun < 1


def test_labels_that_differ_in_case_blanks_or_unicode_form_are_nearly_equal():
    labels = ["billing"] * 3 + [
        "Billing ",
        "BILLING",
        "e\u0301te",
        "\u00e9te",
        "a  b",
        "a b",
        "c",
        "",
        " ",
    ]
    near = near_labels(labels)
    assert near == [("billing", "Billing ", "BILLING"), ("e\u0301te", "\u00e9te"), ("a  b", "a b")]
    rows = [Row(k, "so", label) for k, label in enumerate(labels, 2)]
    assert [row.label for row in relabelled(rows, near, True)][:5] == ["billing"] * 5
    assert [row.label for row in relabelled(rows, near, False)] == [*labels[:-1], ""]


def test_of_many_groups_of_nearly_equal_labels_the_first_are_listed():
    groups = [(f"c{k}", f"C{k}") for k in range(9)]
    assert near_listed(groups[:2]) == "'c0' and 'C0'; 'c1' and 'C1'"
    assert near_listed(groups[:1], merge=True) == "'C0' becomes 'c0'"
    assert near_listed(groups[:8]).count(";") == 7
    assert near_listed(groups).endswith("'c7' and 'C7'; and 1 more")


def test_blanks_around_a_label_that_is_no_other_s_are_dropped():
    assert relabelled([Row(2, "so", " sunny ")], (), False) == (Row(2, "so", "sunny"),)


def test_every_row_that_cannot_be_used_is_told_once_with_the_first_reason():
    content = "text,label\nso,1\n,\nwe,\nwell, well,1\nso,0\nbad,0\n" + LONG + ",2\n"
    cells = read_cells(content.encode(), "a.csv")
    rows, faults = valid_rows(table(cells, columns_of(cells)), Unit.WORDS)
    assert [row.line for row in rows] == [2, 7]
    assert [error.row for error in faults] == [4, 5, 6, 8]
    reasons = ("the label is empty", "has 3 cells", "the same words", "the word")
    for error, reason in zip(faults, reasons, strict=True):
        assert error.reason.startswith(reason)


# The columns that are guessed from what people have


LABEL, NEXT, TRANSLATION = TEXT_FORMS


def repeated(header, *rows, times=3):
    """Rows several times, with a number instead of a star."""
    lines = [",".join(row).replace("*", str(k)) for k in range(times) for row in rows]
    return read_csv("\n".join([header, *lines]), "a.csv")


WARM, COLD = "it is so warm today *", "it is so cold *"


@each_row(
    ("header", "first", "second", "text", "label"),
    [
        ("text,label", (WARM, "1"), (COLD, "0"), "text", "label"),
        ("id,message,category", ("1*", WARM, "sun"), ("2*", COLD, "rain"), "message", "category"),
        ("label,id,text", ("1", "*", WARM), ("0", "*", COLD), "text", "label"),
        ("review,sentiment", (WARM, "positive"), (COLD, "negative"), "review", "sentiment"),
        ("id,keyword,location,text,target", ("*", "", "", WARM, "1"),
         ("*", "fire", "here", COLD, "0"), "text", "target"),
        ("Class Index,Title,Description", ("3", "Warm", WARM), ("2", "Cold", COLD), "Description",
         "Class Index"),
        ("v1,v2,", ("ham", WARM, ""), ("spam", COLD, ""), "v2", "v1"),
        ("tweet_id,airline_sentiment,confidence,tweet", ("1*", "good", "0.*", WARM),
         ("2*", "bad", "0.*", COLD), "tweet", "airline_sentiment"),
        ("Nr,Datum,Bewertung,Stimmung", ("1*", "1.*", WARM, "gut"), ("2*", "2.*", COLD, "übel"),
         "Bewertung", "Stimmung"),
        ("text_id,label_id,body,kind", ("1*", "7", WARM, "a b"), ("2*", "8", COLD, "c"),
         "body", "kind"),
        ("Summary,Text,Score", ("Warm", WARM, "5"), ("Cold", COLD, "1"), "Text", "Score"),
        ("question,answer", (WARM, "yes"), (COLD, "no"), "question", "answer"),
        ("text,0", ("1 0 1 *", "a"), ("0 0 *", "b"), "text", "0"),
    ],
)  # fmt: skip
def test_the_text_and_its_label_are_found(header, first, second, text, label):
    assert columns_of(repeated(header, first, second)) == (LABEL, text, label)


@each_row(
    ("header", "row", "columns"),
    [
        ("source,target", ("so warm *", "si chaud"), (TRANSLATION, "source", "target")),
        ("id,french,English", ("*", "si chaud", "so warm"), (TRANSLATION, "french", "English")),
        ("en,fr", ("so warm", "si chaud"), (TRANSLATION, "en", "fr")),
        ("tgt,src", ("si chaud", "so warm"), (TRANSLATION, "src", "tgt")),
        ("text", ("so warm *",), (NEXT, "text", "")),
        ("line,words", ("*", "so warm it is *"), (NEXT, "words", "")),
    ],
)
def test_translations_and_texts_alone_are_found(header, row, columns):
    assert columns_of(repeated(header, row)) == columns


def test_a_choice_is_kept_and_the_rest_is_guessed():
    cells = repeated(
        "id,message,category,title", ("*", WARM, "sun", "a *"), ("*", COLD, "rain", "b *")
    )
    assert columns_of(cells, text="title") == (LABEL, "title", "category")
    assert columns_of(cells, label="ID") == (LABEL, "message", "id")
    assert columns_of(cells, NEXT) == (NEXT, "message", "")
    assert columns_of(cells, NEXT, "title") == (NEXT, "title", "")
    assert columns_of(cells, TRANSLATION, "title") == (TRANSLATION, "title", "message")
    assert columns_of(cells, LABEL, "category", "title") == (LABEL, "category", "title")


@each_row(
    ("options", "said"),
    [
        ({"text": "txt"}, "a.csv: has no column txt. It has: id, message."),
        ({"label": "<b>" * 99}, "a.csv: has no column <b><b>"),
        ({"text": "id", "label": "id"}, "the column id can't be both"),
        ({"form": NEXT, "label": "id"}, "learning what comes next takes no label"),
    ],
)
def test_a_choice_that_cannot_be_gets_a_sentence(options, said):
    with pytest.raises(TaskError) as problem:
        columns_of(repeated("id,message", ("*", WARM)), **options)
    assert said in str(problem.value)
    assert len(str(problem.value)) < 200


def test_one_column_has_no_label():
    with pytest.raises(TaskError, match=r"has one column, text. To learn text,label takes two"):
        columns_of(repeated("text", (WARM,)), LABEL)


column_names = st.sampled_from(
    ["text", "label", "id", "source", "target", "english", "french", "x", "y z", ""]
)
values = st.sampled_from(["", "1", "2", "a", "so warm", "so very warm indeed"])


@given(
    st.lists(column_names, min_size=1, max_size=5),
    st.lists(st.lists(values, min_size=1, max_size=5), min_size=1, max_size=6),
    st.none() | st.sampled_from(Form),
)
def test_every_table_has_columns_of_its_own(header, rows, form):
    try:
        cells = read_csv("\n".join(",".join(row) for row in (header, *rows)), "a.csv")
        columns = columns_of(cells, form)
    except TaskError:
        return
    assert form in (None, columns.form)
    assert {*columns.names} <= {*cells.columns}
    assert len({*columns.names}) == len(columns.names)
    assert columns == Columns(*columns)
    assert columns_of(cells, *columns[:2], columns.label or None) == columns


def test_a_text_that_is_named_like_a_spreadsheet_is_a_table():
    cells = read_cells(b"t,v\n1,2\n3,4\n", "numbers.xlsx")
    assert cells.columns == ("t", "v")
    with pytest.raises(TaskError, match="is empty"):
        read_cells(b"", "none.xlsx")
    with pytest.raises(TaskError, match="Formulas need values: save the file"):
        read_cells(b"t,v\n", "formulas.xlsx")
