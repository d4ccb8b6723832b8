"""The Markdown of a lesson: five steps, their answers, and the conditions that make these right."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from rnnviz.lessons.head import LessonError, at_line

#: The steps in their order; only these have answers to choose from. Why is the reason of See, the
#: last one has its own.
STEPS, ASKING = ("Ask", "Predict", "See", "Why", "Transfer"), ("See", "Transfer")
#: The most words in sight at once: a step with its answers, below the question.
MOST_WORDS = 45
#: A measured number in a text: {falls}, or its spread over ten networks: {falls:ten}.
_NUMBER = re.compile(r"\{([A-Za-z]\w*)(:ten)?\}")
_CHOICE = re.compile(r"- (.*?)\s*(?:\{if ([^{}]*)\})?\s*")
_OPERAND = re.compile(
    r"(?:(\d+(?:\.\d+)?(?:e-?\d+)?)(?: \* ([A-Za-z]\w*))?|([A-Za-z]\w*))", re.ASCII
)


class Comparand(NamedTuple):
    """A number, a measure, or a number times a measure: ``factor`` alone if there is no name."""

    factor: float
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Comparand:
        """Parse 0.9, falls, or 0.9 * falls; raises LessonError."""
        if not (found := _OPERAND.fullmatch(text.strip())):
            wrong = f"{text.strip()[:40]!r} is neither a number nor a measure that can stand here"
            raise LessonError(f"{wrong}; write 0.5, falls or 0.9 * falls.")
        factor, scaled, name = found.groups()
        return cls(float(factor or 1), scaled or name or "")

    def value(self, values: Mapping[str, float]) -> float:
        """The number, with the measures' values."""
        return self.factor * values[self.name] if self.name else self.factor


class Condition(NamedTuple):
    """Comparisons that must all hold: in each the first term is less than the second."""

    comparisons: tuple[tuple[Comparand, Comparand], ...]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Parse comparisons by < and >, chained or joined by "and"; raises LessonError."""
        found = []
        for part in re.split(r"\band\b", text):
            tokens = re.split(r"([<>])", part)
            terms = [Comparand.parse(token) for token in tokens[::2]]
            if len(terms) < 2:
                raise LessonError(f"{part.strip()[:40]!r} compares nothing; write falls < 100.")
            for sign, left, right in zip(tokens[1::2], terms, terms[1:], strict=False):
                found.append((left, right) if sign == "<" else (right, left))
        return cls(tuple(found))

    @property
    def names(self) -> list[str]:
        """The measures that it compares."""
        return [term.name for pair in self.comparisons for term in pair if term.name]

    def holds(self, values: Mapping[str, float]) -> bool:
        """Whether it holds with these values of the measures."""
        return all(left.value(values) < right.value(values) for left, right in self.comparisons)


class Choice(NamedTuple):
    """An answer to choose, and when it is right."""

    text: str
    condition: Condition

    def right(self, values: Mapping[str, float]) -> bool | None:
        """Whether it is right with these values of the measures; None if one is missing."""
        known = all(name in values for name in self.condition.names)
        return self.condition.holds(values) if known else None


class Step(NamedTuple):
    """What is in sight at a step; ``line`` is where it begins in the file.

    The ``reason`` replaces the text once an answer is chosen.
    """

    text: str
    choices: tuple[Choice, ...]
    line: int
    reason: str = ""

    @property
    def said(self) -> str:
        """The text, all answers and the reason."""
        return " ".join([self.text, *(choice.text for choice in self.choices), self.reason])

    @property
    def words(self) -> int:
        """The words as they are seen: a number is one, the spread of ten networks three."""
        answers = " ".join(choice.text for choice in self.choices)
        seen = (filled(f"{text} {answers}", _shortest) for text in (self.text, self.reason))
        return max(len(text.split()) for text in seen)

    @property
    def numbers(self) -> list[tuple[str, bool]]:
        """The measures in its texts, and whether their spread over ten networks is meant."""
        return [(found[1], bool(found[2])) for found in _NUMBER.finditer(self.said)]

    def right(self, values: Mapping[str, float]) -> list[bool]:
        """Which answers are right with these values of the measures."""
        return [choice.condition.holds(values) for choice in self.choices]


def _shortest(_: str, ten: bool) -> str:
    return "0 to 0" if ten else "0"


def filled(text: str, written: Callable[[str, bool], str]) -> str:
    """A text with what ``written`` makes of each name, and of whether ten networks are meant."""
    return _NUMBER.sub(lambda found: written(found[1], bool(found[2])), text)


def read_steps(text: str, first: int, measures: Collection[str]) -> dict[str, Step]:
    """The steps of Markdown that begins at line ``first`` of its file; raises LessonError."""
    steps: dict[str, Step] = {}
    for title, line, content in _sections(text, first):
        expected = STEPS[len(steps)] if len(steps) < len(STEPS) else ""
        if title != expected:
            after = f"the next step is ## {expected}" if expected else "Transfer is the last step"
            raise at_line(line, f"there is '## {title[:40]}', but {after}.")
        steps[title] = step = _step(title, line, content)
        _check(title, step, measures)
        in_sight = step.words + (steps["Ask"].words if title != "Ask" else 0)
        if in_sight > MOST_WORDS:
            counted = f"{title} has {in_sight} words with the question"
            raise at_line(line, f"{counted}; the most in sight are {MOST_WORDS}.")
    if len(steps) < len(STEPS):
        raise LessonError(f"the step ## {STEPS[len(steps)]} is missing.")
    return steps


def _sections(text: str, first: int) -> Iterator[tuple[str, int, list[tuple[int, str]]]]:
    """The title, the line and the numbered lines of each section."""
    numbered = [*enumerate(text.splitlines(), first)]
    heads = [k for k, (_, content) in enumerate(numbered) if content.startswith("## ")]
    for line, content in numbered[: heads[0] if heads else None]:
        if content.strip():
            raise at_line(line, "the text begins with ## Ask.")
    for k, end in pairwise([*heads, len(numbered)]):
        line, content = numbered[k]
        yield content.removeprefix("## ").strip(), line, numbered[k + 1 : end]


def _step(title: str, first: int, lines: list[tuple[int, str]]) -> Step:
    words, choices, reason = list[str](), list[Choice](), list[str]()
    for line, content in lines:
        if content.startswith("- ") and not reason:
            found = _CHOICE.fullmatch(" ".join(content.split()))
            if not found or not found[1] or found[2] is None:
                raise at_line(line, "an answer is a line such as - Later {if lstm > falls}.")
            try:
                choices.append(Choice(found[1], Condition.parse(found[2])))
            except LessonError as problem:
                raise at_line(line, str(problem)) from None
        elif content.strip() and choices and (title != STEPS[-1] or content.startswith("- ")):
            raise at_line(line, "the answers come last, a line each.")
        else:
            (reason if choices else words).append(content.strip())
    text, reason_text = (" ".join(filter(None, lines)) for lines in (words, reason))
    step = Step(text, tuple(choices), first, reason_text)
    if not step.text:
        raise at_line(first, f"{title} has no text.")
    if title not in ASKING and choices:
        raise at_line(first, f"{title} can't have answers: only {' and '.join(ASKING)} can.")
    if title in ASKING and len(choices) < 2:
        raise at_line(first, f"{title} needs at least two answers, a line each that begins with -.")
    return step


def _check(title: str, step: Step, measures: Collection[str]) -> None:
    """Raise LessonError unless every name of a step is measured."""
    named = [name for choice in step.choices for name in choice.condition.names]
    for name in [*named, *(name for name, _ in step.numbers)]:
        if name not in measures:
            raise at_line(step.line, f"{title} names {name[:40]!r}, which is not measured.")
    if left := re.search(r"[{}]\S{0,30}", _NUMBER.sub("", step.said)):
        raise at_line(step.line, f"{title} has {left[0]!r}; a measured number is written {{name}}.")
