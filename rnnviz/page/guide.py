"""The page *Guide*: the docs as they are shipped, to read and to search."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.glossary import entries
from rnnviz.tasks import shipped
from rnnviz.ui.style import escaped

#: The docs by their titles on the page.
DOCS = {
    "Guide": "guide", "Glossary": "glossary", "Tasks": "tasks", "Time machine": "time-machine",
    "Command line": "command-line", "Library": "library",
}  # fmt: skip
#: The most sections that a search shows.
_MOST = 12
_HEADING = re.compile(r"^(#{2,3}) (.+)$", re.MULTILINE)
_IMAGE = re.compile(r"^!\[.*\]\((.+\.png)\)$", re.MULTILINE)
#: A link to another of the docs, which would leave the page; not a picture.
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!#|https?:)[^)]*\)")


class DocSection(NamedTuple):
    """A part of the docs: which one, its heading, and its text in Markdown."""

    doc: str
    heading: str
    text: str


def guide_page(controls: DeltaGenerator) -> None:
    """Lay out one of the docs, or the sections in which all words of a search are."""
    with controls:
        words = st.text_input("Search the guide", key="guide_search", placeholder="half-life")
        doc = st.segmented_control(
            "Read", DOCS, default="Guide", key="guide_doc", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
    if words.strip():
        found = [*search(words)][:_MOST]
        st.caption(f"Sections: {len(found)}." if found else "Nothing is found.")
        for k, section in enumerate(found):
            with st.expander(f"{section.doc}: {escaped(section.heading)}", expanded=k == 0):
                _show(section.text)
        return
    contents = "  \n".join(_contents(str(doc)))
    controls.markdown(contents)
    _show(_doc(str(doc)))


def search(words: str) -> Iterator[DocSection]:
    """The sections that have all these words, those with them in the heading first."""
    wanted = words.lower().split()
    every = [section for doc in DOCS for section in sections(doc)]
    in_heading = [s for s in every if all(word in s.heading.lower() for word in wanted)]
    yield from in_heading
    for section in every:
        text = f"{section.heading} {section.text}".lower()
        if section not in in_heading and all(word in text for word in wanted):
            yield section


@cache
def sections(doc: str) -> tuple[DocSection, ...]:
    """The sections of one of the docs; each entry of the glossary is one."""
    if doc == "Glossary":
        return tuple(DocSection(doc, names, said) for names, said in entries().items())
    parts = _HEADING.split(_doc(doc))
    return tuple(
        DocSection(doc, heading, body.strip())
        for heading, body in zip(parts[2::3], parts[3::3], strict=True)
    )


@cache
def _doc(doc: str) -> str:
    """The Markdown of one of the docs; links to the others are plain text."""
    text = shipped(f"docs/{DOCS[doc]}.md").read_text(encoding="utf-8")
    return _LINK.sub(r"\1", text)


def _contents(doc: str) -> Iterator[str]:
    """The headings of one of the docs, as links to them."""
    for level, heading in _HEADING.findall(_doc(doc)):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        yield f"{'&emsp;' * (len(level) - 2)}[{heading}](#{anchor})"


def _show(text: str) -> None:
    """Markdown with its pictures, where they are shipped."""
    for k, from_docs in enumerate(_IMAGE.split(text)):
        if k % 2 == 0:
            st.markdown(from_docs)
        elif (path := shipped(f"docs/{from_docs}")).exists():
            st.image(path)
