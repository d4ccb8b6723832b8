"""Phrases for a replay: that on the page, and some of the data that show its range."""

from __future__ import annotations

from collections.abc import Iterator

from rnnviz.probe.probe import readable
from rnnviz.probe.session import Session
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example

#: So many phrases are there unless others are chosen.
USUAL = 3


def usual_phrases(session: Session) -> list[str]:
    """The phrase shown, and some of the data."""
    return offered_phrases(session, USUAL)[:USUAL]


def offered_phrases(session: Session, count: int) -> list[str]:
    """The phrase shown, and up to ``count`` of the data, of which the first show its range."""
    found = dict.fromkeys([session.phrase_input.phrase, *_some(session.dataset, count)])
    return list(found)


def _some(dataset: Dataset, count: int) -> Iterator[str]:
    """``count`` texts of the test data, in turn of each class, from short ones to long ones."""
    examples = sorted(dataset.test or dataset.train, key=lambda one: (len(one.inputs), one.text))
    groups = _by_class(examples) if dataset.one_class_at_end else [examples]
    for k in range(count):
        group = groups[k % len(groups)]
        text = group[int((k + 0.5) / count * len(group))].text
        if readable(dataset, text):
            yield text


def _by_class(examples: list[Example]) -> list[list[Example]]:
    targets = sorted({example.target for example in examples})
    return [[one for one in examples if one.target == target] for target in targets]
