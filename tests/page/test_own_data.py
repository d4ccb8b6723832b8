"""Own data as people have them: what is guessed, chosen, merged and left out."""

import io

import pytest

from rnnviz.engine.evaluation import Evaluator
from rnnviz.page import actor
from rnnviz.probe.questions import TrainQuestion
from rnnviz.questions.wrong.measure import ResultsLab
from rnnviz.tasks.data.csv_table import Encoding
from rnnviz.tasks.data.rows import Form
from rnnviz.ui.viewer import Viewer
from tests.page.tab import App
from tests.sampling import each_row

TICKETS = "id,message,category\n" + "".join(
    f"{4 * k},where is my parcel {k},shipping\n{4 * k + 1},i was charged twice {k},billing\n"
    for k in range(6)
)
UGLY = TICKETS + '90,,billing\n91,the invoice,"Billing "\n92,"a, b",\n93,x,y,z\n'


@pytest.fixture
def page():
    return App(hidden="4")


def box(page, label):
    """The select box, the check box or the choice with this label; None without one."""
    kinds = ("selectbox", "checkbox", "radio", "button")
    return next((b for kind in kinds for b in page.app.get(kind) if b.label == label), None)


def choose(page, label, value=True):
    box(page, label).set_value(value)
    page.run()


def table(page):
    """The rows and the reasons of the list of rows that can't be used."""
    (html,) = (e.proto.body for e in page.app.get("html") if "rnnviz-faults" in e.proto.body)
    return html


def columns(page):
    labels = ("To learn", "Column of the text", "Column of the label")
    return [b and b.value for b in (box(page, label) for label in labels)]


def test_the_columns_are_guessed_shown_and_can_be_changed(page):
    page.upload("train_csv", "tickets.csv", TICKETS.encode())
    assert columns(page) == [Form.LABEL, "message", "category"]
    assert box(page, "Column of the text").options == ["id", "message", "category"]
    assert "from 12 rows of 'message' and 'category'" in page.text
    assert "For example: where is my parcel" in page.text
    page.click("learn")
    upload = page.session.data.upload
    assert (upload.form, upload.text_column, upload.label_column) == (
        "label",
        "message",
        "category",
    )
    choose(page, "Column of the text", "category")
    assert "the column category can't be both" in page.text
    choose(page, "Column of the label", "id")
    assert "10 of 12 rows can’t be used" in page.app.markdown[-1].value
    choose(page, "To learn", Form.NEXT)
    assert columns(page) == [Form.NEXT, "category", None]
    choose(page, "Column of the text", "message")
    assert "To learn: what comes next" in page.text
    page.click("learn")
    assert page.session.dataset.vocabulary.characters
    choose(page, "To learn", Form.TRANSLATION)
    assert box(page, "Column of the source").value == "message"
    page.upload("train_csv", "other.csv", b"english,german\nso warm,so warm\nso cold,so kalt\n")
    assert box(page, "To learn").value == Form.TRANSLATION
    page.click("learn")
    assert page.session.dataset.source


def test_all_rows_that_cannot_be_used_are_listed_and_can_be_skipped(page):
    page.click("step_epoch")
    page.upload("train_csv", "ugly.csv", UGLY.encode())
    said = [m.value for m in page.app.markdown if "rows can’t be used" in m.value]
    assert said == ["**3 of 16 rows can’t be used**"]
    captions = [caption.value for caption in page.app.caption]
    assert "3 rows can’t be used: skip below, or mend the file." in captions, "beside the button"
    html = table(page)
    for row, reason in ((14, "the text is empty"), (16, "the label is empty"), (17, "has 4 cells")):
        assert f"<td>{row}</td><td>{reason}" in html
    assert page.disabled("learn")
    assert "To learn:" not in page.text
    assert page.session.dataset.name == "sentiment"
    assert page.session.state.epoch == 1
    choose(page, "Skip these 3 rows")
    assert "from 13 rows" in page.text
    assert "Rows left out, because they can't be used: 3 of 16." in page.text
    page.click("learn")
    assert page.session.dataset.classes == ("Billing ", "billing", "shipping")
    again = App(**page.link)
    assert again.session.data.upload == page.session.data.upload
    # Other rows that can't be used are not left out unasked.
    page.upload("train_csv", "ugly.csv", UGLY.encode() + b"94,,billing\n")
    assert not box(page, "Skip these 4 rows").value
    assert page.disabled("learn")


def test_labels_that_are_nearly_equal_are_told_and_merged_with_one_click(page):
    page.upload("train_csv", "ugly.csv", (TICKETS + '91,the invoice,"Billing "\n').encode())
    assert "Nearly equal: 'billing' and 'Billing '" in page.text
    assert "Billing  (1 + 0), billing (5 + 1)" in page.text
    choose(page, "Merge nearly equal labels")
    assert "Merged: 'Billing ' becomes 'billing'" in page.text
    page.click("learn")
    assert page.session.dataset.classes == ("billing", "shipping")
    assert "Labels merged: 'Billing ' becomes 'billing'." in page.text
    choose(page, "Merge nearly equal labels", False)
    page.click("learn")
    assert page.session.dataset.classes == ("Billing ", "billing", "shipping")


def test_the_encoding_is_chosen_by_how_it_reads(page):
    content = "text;label\nsehr schön;gut\nganz übel;schlecht\n" * 1
    page.upload("train_csv", "excel.csv", content.encode("windows-1252"))
    radio = box(page, "This file is not UTF-8. Which sample reads correctly?")
    assert radio.value is None
    assert radio.proto.captions[radio.options.index("windows-1252")] == "sehr schön;gut"
    assert box(page, "Column of the text") is None
    choose(page, radio.label, Encoding.WINDOWS_1252)
    page.click("learn")
    assert "schön" in page.session.dataset.vocabulary.words
    page.upload("train_csv", "excel.csv", content.encode("utf-16"))
    assert box(page, radio.label) is None
    assert "To learn: classes" in page.text


def test_rows_of_the_test_file_are_listed_below_it_and_skipped_too(page):
    page.upload("train_csv", "tickets.csv", TICKETS.encode())
    page.upload("test_csv", "test.csv", b"message,category\nmy parcel,shipping\n,x\nparcel,new\n")
    html = table(page)
    assert "<td>test 3</td><td>the text is empty" in html
    assert "<td>test 4</td><td>the label &#x27;new&#x27; is unknown" in html
    choose(page, "Skip these 2 rows")
    page.click("learn")
    assert [example.text for example in page.session.dataset.test] == ["my parcel"]


def test_a_parquet_file_is_learned():
    pa = pytest.importorskip("pyarrow")
    parquet, file = pytest.importorskip("pyarrow.parquet"), io.BytesIO()
    parquet.write_table(pa.table({"text": ["so warm", "so cold"] * 3, "label": [1, 0] * 3}), file)
    page = App(hidden="4")
    page.learn("a.parquet", file.getvalue())
    assert page.session.dataset.classes == ("0", "1")


def test_a_sheet_of_excel_is_learned():
    openpyxl, file = pytest.importorskip("openpyxl"), io.BytesIO()
    book = openpyxl.Workbook()
    for row in [("text", "label"), *[("so warm", "yes"), ("so cold", "no")] * 3]:
        book.active.append(row)
    book.save(file)
    page = App(hidden="4")
    page.learn("a.xlsx", file.getvalue())
    assert page.session.dataset.classes == ("no", "yes")
    assert page.session.data.upload.train.name == "a.xlsx"


@each_row("sign", ["<b>$a$", "*x* [a](http://b.c)", "`:red[x]`"])
def test_signs_of_names_and_labels_are_shown_as_typed(sign):
    page = App(hidden="4")
    rows = f'"{sign}",so\n"{sign.upper()}",we\n,x\n'
    page.upload("train_csv", "a.csv", f'label,"{sign} text"\n{rows}'.encode())
    assert box(page, "Column of the text").value == f"{sign} text"
    assert f"Nearly equal: '{sign}' and '{sign.upper()}'" in page.text.replace("\u2060", "")
    assert "<b>" not in table(page)


def test_of_a_sentence_with_two_translations_each_answer_is_that_of_its_own():
    page = App(hidden="2")
    page.learn("my.csv", b"source,target\na b,x\na b,x y\nb a,y\n")
    page.choose("Question", TrainQuestion.WRONG)
    targets = []
    for row in range(3):
        page.say("click", on="list", data=row)
        assert not page.frame["problem"]
        opened = page.session.lab(ResultsLab).opened
        if opened is not None:
            targets.append(len(opened.targets))
    assert {2, 3} <= set(targets)


def test_data_of_a_tab_that_has_gone_are_not_learned(page, monkeypatch):
    page.click("step_epoch")
    run, tab = page.session.run, page.tab.actor
    page.upload("train_csv", "tickets.csv", TICKETS.encode())
    viewer, score = Viewer(len), Evaluator.score

    def leave(*given):
        tab.detach(viewer)
        return score(*given)

    tab.attach(viewer)
    with monkeypatch.context() as leaving:
        leaving.setattr(actor, "GRACE", -1.0)
        leaving.setattr(Evaluator, "score", leave)
        page.click("learn")
    tab.attach(Viewer(len))
    page.run()
    assert "The connection was lost" in page.bodies["message"]
    assert page.session.run is run
    assert page.session.data.upload is None
    page.click("learn")
    assert page.session.data.upload


def test_numbers_over_time_are_learned_or_their_problems_listed(page):
    rows = [f"2024-{m:02d}-{d:02d},{(7 * m + d) % 19}" for m in (1, 2, 3, 5) for d in range(1, 29)]
    page.upload("train_csv", "gaps.csv", "\n".join(["date,units", *rows, "2024-05-29,x"]).encode())
    assert "30: 3 steps are missing" in table(page).replace("</td><td>", ": ")
    assert "units is &#x27;x&#x27;, which is not a number." in table(page)
    days = "\n".join(f"{k},{k % 7}" for k in range(150))
    page.learn("days.csv", f"day,units\n{days}".encode(), share=0.2)
    assert page.session.dataset.series.columns.values == ("units",)
    page.click("step_epoch")
    assert page.session.state.epoch == 1
    assert (page.session.config.window, page.session.inspect().verdict[0]) == (15, "2")
