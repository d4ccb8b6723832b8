"""A file as people have it, learned by its owner: encoding, columns, labels, rows, results."""

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

ROWS = [
    f"{k};1.{k};{text} {k};{label}"
    for k in range(8)
    for text, label in (("sehr schön und gut", "positiv"), ("leider zu spät", "negativ"))
]
UGLY = "\r\n".join(
    [
        "Nr;Datum;Bewertung;Stimmung",
        *ROWS,
        "90;;;positiv",
        '91;;"<b>grün</b>";Positiv ',
        "92;;gut;",
        ";;;",
    ]
)


@pytest.fixture
def page(opened, server):
    page = opened(f"{server.url}/?hidden=4&epochs=100000")
    page.open_data()
    return page


@pytest.mark.story
def test_an_export_of_a_spreadsheet_is_learned_and_its_results_are_saved(page):
    page.play()
    page.upload(UGLY.encode("windows-1252"), "bewertungen.csv")
    right = page.page.get_by_role("radio", name="windows-1252")
    expect(right).not_to_be_checked()
    expect(page.page.get_by_text("sehr schön und gut 0;positiv")).to_be_visible()
    page.page.get_by_text("windows-1252", exact=True).click()
    expect(page.page.get_by_role("combobox", name="Column of the text")).to_have_value("Bewertung")
    expect(page.page.get_by_role("combobox", name="Column of the label")).to_have_value("Stimmung")
    faults = page.page.get_by_role("region", name="Rows that can’t be used")
    expect(faults.get_by_role("row")).to_have_count(3)
    expect(faults.get_by_role("row").nth(1)).to_contain_text("the text is empty")
    expect(page.page.get_by_text("2 of 19 rows can’t be used")).to_be_visible()
    expect(page.at("learn").get_by_role("button")).to_be_disabled()
    found = Axe().run(page.page, context="section[data-testid=stSidebar]")
    assert found.violations_count == 0, found.generate_report()
    page.page.get_by_text("Merge nearly equal labels").click()
    expect(page.page.get_by_text("Merged: 'Positiv ' becomes 'positiv'")).to_be_visible()
    page.page.get_by_text("Skip these 2 rows").click()
    expect(page.page.get_by_text("from 17 rows of 'Bewertung' and 'Stimmung'")).to_be_visible()
    page.expect_epoch_above(page.epoch + 1)  # the run in progress goes on
    page.start()
    page.expect_said("message", "with the data bewertungen.csv")
    page.step_to("1")
    page.ask("Where is it wrong?")
    page.expect_drawn_above("list", 0)
    page.page.get_by_role("button", name="Save as CSV").click()
    with page.page.expect_download() as download:
        page.press("save-classes")
    text = Path(download.value.path()).read_text("utf-8")
    assert "# data: bewertungen.csv\n" in text
    table = csv.DictReader(line for line in io.StringIO(text) if not line.startswith("# "))
    assert [row["class"] for row in table] == ["negativ", "positiv"]


def test_a_run_takes_its_data_with_it_where_that_is_ticked(page):
    page.upload(("text,label\n" + "so warm,1\nso cold,0\n" * 8).encode(), "sky.csv")
    page.start()
    page.expect_said("message", "with the data sky.csv")

    def saved(name):
        with page.page.expect_download() as download:
            page.page.get_by_role("button", name=name, exact=True).click()
        return zipfile.ZipFile(download.value.path()).namelist()

    page.open_export()
    assert "data/train" not in saved("Run (.rnnviz)")
    page.page.get_by_text("The run with my data, sky.csv").click()
    assert "data/train" in saved("Run with my data (.rnnviz)")
    expect(page.page.get_by_role("button", name="Run (.rnnviz)", exact=True)).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bomb.xlsx", b"PK\x03\x04" + bytes(100), "can't be read as an Excel file"),
        ("large.csv", b"text,label\n" + b"so warm,1\n" * 600_000, "is larger than 5 MB"),
        ("cut.parquet", b"PAR1" + bytes(500), "can't be read as a Parquet file"),
    ],
    ids=["xlsx", "large", "parquet"],
)
def test_files_that_are_damaged_or_too_large_get_a_sentence(page, name, content, said):
    page.upload(content, name)
    expect(page.page.get_by_text(re.compile(re.escape(said)))).to_be_visible()
    expect(page.at("learn")).to_have_count(0)
