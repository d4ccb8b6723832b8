"""The page Guide: the docs on the page, and a search through them."""

import pytest

from rnnviz.page.guide import DOCS, search, sections
from rnnviz.tasks import shipped
from tests.page.tab import Page


@pytest.fixture(scope="module")
def page():
    return Page("guide")


def read(page):
    return "\n".join(one.value for one in page.app.main.markdown)


@pytest.mark.parametrize("doc", DOCS)
def test_each_of_the_docs_is_there_with_its_headings_at_the_left(page, doc):
    page.app.segmented_control(key="guide_doc").set_value(doc)
    page.run()
    assert "](tasks.md" not in read(page) and "![" not in read(page)
    pictures = shipped(f"docs/{DOCS[doc]}.md").read_text(encoding="utf-8").count("\n![")
    assert len(page.app.main.get("image")) == pictures
    contents = page.app.sidebar.markdown[-1].value
    if doc != "Glossary":
        assert all(f"[{section.heading}](#" in contents for section in sections(doc))


def test_a_search_shows_the_sections_with_all_words_the_headings_first(page):
    page.app.text_input(key="guide_search").set_value("half-life")
    page.run()
    first = page.app.expander[0]
    assert first.label == r"Glossary: half\-life" and "halved" in first.markdown[0].value
    assert len(page.app.expander) > 1
    page.app.text_input(key="guide_search").set_value("zebra quagga")
    page.run()
    assert "Nothing is found" in page.app.caption[-1].value
    page.app.text_input(key="guide_search").set_value("")
    page.run()


def test_every_section_is_found_by_its_heading():
    for doc in DOCS:
        for section in sections(doc):
            assert section in [*search(section.heading)]
