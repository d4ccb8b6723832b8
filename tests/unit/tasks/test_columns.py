"""The columns that are guessed from what people have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.csv_table import TaskError, read_csv
from rnnviz.tasks.table import Columns, Form, columns_of
from tests.sampling import each_row

LABEL, NEXT, TRANSLATION = Form


def table(header, *rows, times=3):
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
    assert columns_of(table(header, first, second)) == (LABEL, text, label)


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
    assert columns_of(table(header, row)) == columns


def test_a_choice_is_kept_and_the_rest_is_guessed():
    cells = table(
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
        ({"form": NEXT, "label": "id"}, "to learn what comes next takes no label"),
    ],
)
def test_a_choice_that_cannot_be_gets_a_sentence(options, said):
    with pytest.raises(TaskError) as problem:
        columns_of(table("id,message", ("*", WARM)), **options)
    assert said in str(problem.value)
    assert len(str(problem.value)) < 200


def test_one_column_has_no_label():
    with pytest.raises(TaskError, match=r"has one column, text. To learn text,label takes two"):
        columns_of(table("text", (WARM,)), LABEL)


names = st.sampled_from(
    ["text", "label", "id", "source", "target", "english", "french", "x", "y z", ""]
)
values = st.sampled_from(["", "1", "2", "a", "so warm", "so very warm indeed"])


@given(
    st.lists(names, min_size=1, max_size=5),
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
