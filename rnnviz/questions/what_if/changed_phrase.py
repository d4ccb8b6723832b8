"""ChangedPhrase: the phrase before and after a change, and what the change does to the answer."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from rnnviz.charts.side_by_side import percent
from rnnviz.charts.texts import called
from rnnviz.charts.theme import shown_token
from rnnviz.probe.formatting import number, quoted
from rnnviz.probe.probe import Probe, read
from rnnviz.probe.session import Session
from rnnviz.questions.what_if.measure import Alter, Perturbation, WhatIfLab, outcome_of, spelled


class ChangedPhrase(NamedTuple):
    """The phrase before the change and after it, the problem if there is none, and the change."""

    session: Session
    first: Probe
    second: Probe | None
    problem: str
    how: Perturbation

    @property
    def lab(self) -> WhatIfLab:
        """The change, and its measurements."""
        return self.session.lab(WhatIfLab)

    @property
    def pair(self) -> tuple[Probe, Probe]:
        """The phrase before and after; the former twice if nothing changes."""
        return self.first, self.second or self.first


def answer_of(change: ChangedPhrase) -> str:
    """What the change does to the answer, as HTML; or why there is none."""
    session, (first, second) = change.session, change.pair
    problem = escape(_donor_note(change))
    if change.second is None:
        return f"{problem} {escape(change.problem)}"
    if not session.dataset.answers_classes:
        outcome, digits = outcome_of(first, second), 4 if session.dataset.units else 3
        one, other = (
            f"<strong>{number(float(own[outcome.column]), digits)}</strong>"
            for own in (session.dataset.own_answers(probe.answers[-1]) for probe in change.pair)
        )
        goes = f"goes from {one} to {other}" if one != other else f"stays at {one}"
        return f"{problem} {_change_text(change)} {escape(outcome.name)} {goes}."
    one, other = (_verdict(probe) for probe in (first, second))
    turns = "turns" if first.verdict != second.verdict else "stays"
    becomes = f" becomes {other}" if one != other else ""
    return f"{problem} {_change_text(change)} the {first.noun} {turns}: {one}{becomes}."


def _donor_note(change: ChangedPhrase) -> str:
    """Why the other phrase can't be read, or its skipped words."""
    if change.how.alter is not Alter.STATE:
        return ""
    donor, data = change.lab.donor(change.first), change.session.dataset
    unknown = ", ".join(word[:40] for word in read(data, donor.phrase).unknown[:12])
    return donor.problem or (f"Skipped, not in the vocabulary: {unknown}." if unknown else "")


def _verdict(probe: Probe) -> str:
    verdict = shown_token(probe.verdict)
    text = escape(verdict if len(verdict) <= 40 else f"{verdict[:39]}…")
    sure = f"{percent(probe.probability)} " if probe.dataset.one_class_at_end else ""
    return f"<strong>{sure}{text or '(nothing)'}</strong>"


def _new_numbers(change: ChangedPhrase) -> str:
    """The changed numbers of a step, such as 63.8 for 54.2, with the names of several columns."""
    data, how = change.session.dataset, change.how
    assert data.units, "a step with a time has units"
    read = data.values_of(how.word, 1)[0], change.first.example.inputs[how.place]
    new, old = ([*map(number, data.units.own(values).tolist())] for values in read)
    names = [f"{shown_token(name)} " for name in data.vocabulary.words] if len(new) > 1 else [""]
    told = [f"{name}{one} for {two}" for name, one, two in zip(names, new, old, strict=True)]
    differ = [text for text, one, two in zip(told, new, old, strict=True) if one != two]
    return escape(" and ".join(differ or told))


def _change_text(change: ChangedPhrase) -> str:
    """The change as the beginning of a sentence."""
    how, words = change.how, change.first.reading.words
    here = escape(quoted(shown_token(words[how.place])))
    new = escape(quoted(shown_token(how.word)))
    if change.first.step_texts and how.alter is Alter.CHANGE:
        return f"With {_new_numbers(change)} at {escape(called(change.first, how.place))},"
    if how.alter is Alter.DROP:
        return f"Without {here}"
    if how.alter is Alter.ADD:
        return f"With {new} after {here}"
    if how.alter is Alter.SWAP:
        return f"With {here} and {escape(quoted(shown_token(words[how.place + 1])))} swapped"
    if how.alter is Alter.STATE:
        parts = how.donor[: how.after + 1], words[: how.place + 1]
        texts = (spelled(change.session.dataset, part) for part in parts)
        new, here = (escape(f"“{t if len(t) <= 32 else '…' + t[-31:]}”") for t in texts)
        return f"With the state after {new} for that after {here}"
    return f"With {new} for {here}"
