"""Room *Units*: text tinted by a unit, and what words do to all units."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from rnnviz.analysis.activations import Corpus
from rnnviz.analysis.selectivity import MOST_WORDS, selectivity
from rnnviz.app.frame import Frame, Position
from rnnviz.app.numbers_table import numbers
from rnnviz.app.stage import Step, place, place_stepper, place_text
from rnnviz.app.style import steady, theme
from rnnviz.app.tab_state import first_value
from rnnviz.app.tabs.tab import MOST_CHOICES, Furnished, edition, region_of
from rnnviz.app.text import explanation
from rnnviz.app.viewer import Event
from rnnviz.figures.response import Labels, response_matrix
from rnnviz.figures.theme import HEIGHTS, shown_token
from rnnviz.figures.tinted_text import Line, tint, tinted_text
from rnnviz.lab.units import LEAF, Region, Sort
from rnnviz.session import Session

#: What the rows of the matrix are.
_ROWS = {
    Sort.INDEX: "unit",
    Sort.SELECTIVITY: "unit, the most selective first",
    Sort.SIMILARITY: "unit, alike ones together",
}
#: The most sequences behind a cell.
_MOST_BEHIND = 12


def units_room(session: Session) -> Furnished:
    """Lay out the controls, the tinted text on the left, the matrix on the right."""
    region = region_of(session)
    session.dissection.look_at(region)
    # While it runs, rows and columns keep their places.
    if not session.running:
        session.dissection.arrange(region)
    _controls(session, region)
    left, right = st.columns(2, gap="medium")
    with left:
        place_text("tinted")
        st.caption(explanation("tinted", noun=session.names.noun))
        _leaves(session, region)
    with right:
        matrix = _matrix(session, region)
    tables = {"Text": lambda: _unit_table(session)}
    if matrix:
        tables["Words and units"] = lambda: _response_table(session)
    numbers("hidden_units", tables)

    def draw(frame: Frame) -> None:
        here, lab = region_of(session), session.dissection
        frame.position("unit", Position(session.config.hidden - 1, lab.unit))
        frame.position("leaf", Position(lab.last_leaf(here), lab.leaf))
        frame.text("tinted", _text_html(session, here))
        if matrix:
            frame.chart("response", _figure, session, here)
            frame.text("behind", _behind_html(session, here))

    acts = {"response": _choose_cell, "unit": _choose_unit, "leaf": _turn}
    return Furnished(draw, {key: partial(act, session) for key, act in acts.items()})


def _figure(session: Session, region: Region) -> Any:
    found = session.dissection.response(region)
    lab, noun = session.dissection, session.names.noun
    labels = Labels(region.part, noun, _ROWS[lab.sort])
    return response_matrix(found, lab.unit, labels, steady(session, "response", region.part))


# Controls


def _controls(session: Session, region: Region) -> None:
    lab = session.dissection
    with st.container(horizontal=True, vertical_alignment="bottom", key="units_bar"):
        before = lab.sort, lab.word
        lab.sort = _sort(session)
        if lab.sort is Sort.SELECTIVITY:
            lab.word = _word(session, region)
        if before != (lab.sort, lab.word) and lab.sort is not Sort.INDEX:
            lab.first(region)
        _unit()


def _sort(session: Session) -> Sort:
    chosen = st.segmented_control(
        "Units in the order of", list(Sort), key="unit_sort", required=True,
        default=first_value("unit_sort", edition(session), session.dissection.sort),
        help="index: as they are numbered. selectivity: first the unit whose change depends "
        "most on the word. similarity: alike ones next to each other.",
    )  # fmt: skip
    return Sort(chosen or session.dissection.sort)


def _unit() -> None:
    """Which unit, by its number or on from the last one in the order."""
    back, on = Step("Previous", -1, "ArrowLeft"), Step("Next", 1, "ArrowRight")
    place_stepper("unit", back, on, label="Unit", wraps=True)


def _word(session: Session, region: Region) -> str | None:
    """For which word a unit should be selective."""
    noun = session.names.noun
    known = [None, *session.dissection.corpus(region).vocabulary[:MOST_CHOICES]]
    first = session.dissection.word if session.dissection.word in known else None
    first = first_value("unit_word", (edition(session), session.dataset), first)
    return st.selectbox(
        f"Selective for the {noun}", known, known.index(first) if first in known else 0,
        key="unit_word", width=200,
        format_func=lambda word: f"any {noun}" if word is None else shown_token(word),
    )  # fmt: skip


def _leaves(session: Session, region: Region) -> None:
    if session.dissection.last_leaf(region):
        what = session.names.sequence
        place_stepper("leaf", Step(f"Earlier {what}s", -1), Step(f"Later {what}s", 1))


def _choose_unit(session: Session, event: Event) -> None:
    """Look at the unit whose number was typed, or go on to the next in the order."""
    lab = session.dissection
    if "by" in event:
        lab.step(region_of(session), int(event["by"]))
    else:
        lab.unit = min(max(int(event["value"]), 0), session.config.hidden - 1)


def _turn(session: Session, event: Event) -> None:
    lab = session.dissection
    lab.leaf = min(max(lab.leaf + int(event["by"]), 0), lab.last_leaf(region_of(session)))


def _choose_cell(session: Session, event: Event) -> None:
    found = session.dissection.response(region_of(session))
    row, column = round(event["y"]), round(event["x"])
    unit, word = int(found.units[row]), found.words[column]
    session.dissection.unit, session.dissection.cell = unit, (unit, word)


# Texts


def _text_html(session: Session, region: Region) -> str:
    """The probe and one leaf of the training sequences, tinted by the unit."""
    lab, probe = session.dissection, session.inspect()
    corpus, unit = lab.corpus(region), lab.unit
    mine = probe.unrolled(region.layer).of(region.part)[:, unit]
    limit = _limit(session, corpus, unit, mine)
    first = lab.leaf * LEAF
    leaf = range(first, min(first + LEAF, corpus.count))
    what = f"unit {unit}: {region.part}"
    gap = _gap(session)
    parts = [
        _heading(session, region, limit),
        tinted_text([Line(probe.words, mine)], what, limit, theme(), gap),
        f"<h4>Training sequences {first + 1} to {leaf[-1] + 1} of {_count(session, corpus)}</h4>",
        tinted_text([_line(session, corpus, k) for k in leaf], what, limit, theme(), gap),
    ]
    return f'<div class="rnnviz-unit">{"".join(parts)}</div>'


def _gap(session: Session) -> str:
    return "" if session.names.noun == "character" else " "


def _count(session: Session, corpus: Corpus) -> str:
    every = len(session.dataset.train)
    return str(every) if every == corpus.count else f"{corpus.count} (drawn by chance) of {every}"


def _limit(session: Session, corpus: Corpus, unit: int, mine: Any) -> float:
    """Where the colours end: at a rung above the largest value that the unit ever has."""
    largest = max(np.abs(corpus.states[:, unit]).max(), np.abs(mine).max())
    return steady(session, "tint", session.part, str(unit)).scale.ladder(float(largest))


def _line(session: Session, corpus: Corpus, k: int) -> Line:
    part, example = corpus.part(k), session.dataset.train[corpus.examples[k]]
    verdicts = session.dataset.verdicts
    note = f" → {shown_token(session.dataset.classes[example.target])}" if verdicts else ""
    return Line(corpus.words[part], corpus.states[part, session.dissection.unit], note)


def _heading(session: Session, region: Region, limit: float) -> str:
    """Which unit it is, its rank, and the scale of the colours."""
    lab, colors = session.dissection, theme()
    ends = (tint(-1, colors), colors.neutral, tint(1, colors))
    bar = f'<i style="background:linear-gradient(to right,{",".join(ends)})"></i>'
    scale = f'<span class="scale">−{limit:g} {bar} {limit:g}</span>'
    return f"<h4>Unit {lab.unit}{escape(_rank(session, region))} {scale}</h4>"


def _rank(session: Session, region: Region) -> str:
    lab = session.dissection
    if lab.sort is Sort.INDEX:
        return ""
    order = lab.order(region).tolist()
    rank = f", number {order.index(lab.unit) + 1} of {len(order)} by {lab.sort.value}"
    if lab.sort is Sort.SIMILARITY:
        return rank
    value = selectivity(lab.corpus(region), lab.word)[lab.unit]
    whom = f" for “{shown_token(lab.word)}”" if lab.word else ""
    return f"{rank}{whom} ({value:.3g})"


# The matrix


def _matrix(session: Session, region: Region) -> bool:
    """Put the matrix here and what is behind its cells, if there is one; or say why not."""
    corpus = session.dissection.corpus(region)
    if not session.dataset.tokens and len(corpus.vocabulary) > MOST_WORDS:
        st.info(
            "What is read here are numbers that hardly ever come twice, so there is no mean "
            "change to show for each of them."
        )
        return False
    if not len(corpus.moved):
        st.info(
            f"A gate is nothing before the first {session.names.noun}, and no sequence has a "
            "second one: so there is no change to show. Choose h."
        )
        return False
    text = explanation("response", noun=session.names.noun, part=region.part)
    place("response", HEIGHTS["response"], text, clicks=True)
    place_text("behind")
    return True


def _behind_html(session: Session, region: Region) -> str:
    """The sequences in which the chosen word makes its change, the largest change first."""
    corpus, cell = session.dissection.corpus(region), session.dissection.cell
    places = corpus.occurrences(cell[1]) if cell else ()
    if not cell or not len(places):
        return f"<p>Click a cell to see the {session.names.sequence}s behind it.</p>"
    unit, word = cell
    changes = corpus.changes[places, unit]
    order = np.argsort(-np.abs(changes), kind="stable")[:_MOST_BEHIND]
    limit = _limit(session, corpus, unit, np.zeros(1))
    lines = [_behind(corpus, int(places[k]), unit, float(changes[k])) for k in order]
    text = tinted_text(lines, f"unit {unit}: {region.part}", limit, theme(), _gap(session))
    of = f", the {len(order)} largest" if len(order) < len(places) else ""
    mean = f"{changes.mean():+.4f}".replace("-", "−")
    head = f"“{shown_token(word)}” changes unit {unit} by {mean} on average"
    head += f", at {len(places)} places{of}:"
    return f'<div class="rnnviz-unit"><h4>{escape(head)}</h4>{text}</div>'


def _behind(corpus: Corpus, place: int, unit: int, change: float) -> Line:
    part, step = corpus.around(place), int(corpus.steps[place])
    note = f" {change:+.3f}".replace("-", "−")
    return Line(corpus.words[part], corpus.states[part, unit], note, frozenset({step}))


# Numbers


def _unit_table(session: Session) -> pd.DataFrame:
    region, unit = region_of(session), session.dissection.unit
    corpus = session.dissection.corpus(region)
    return pd.DataFrame(
        {
            "sequence": corpus.owners + 1,
            "place": corpus.steps + 1,
            session.names.noun: corpus.words,
            f"{region.part} of unit {unit}": corpus.states[:, unit],
            "change": corpus.changes[:, unit],
        }
    )


def _response_table(session: Session) -> pd.DataFrame:
    found = session.dissection.response(region_of(session))
    rows = {"unit": found.units}
    return pd.DataFrame(rows | dict(zip(found.words, found.means[found.units].T, strict=True)))
