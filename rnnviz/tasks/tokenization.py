"""Encoding: from texts to token indices."""

from __future__ import annotations

from collections.abc import Iterable

from rnnviz.tasks.csv_table import TaskError, shown
from rnnviz.tasks.vocabulary import Reading, Unit, Vocabulary

#: Maximum size of a vocabulary.
MAX_TOKENS = 5_000


def vocabulary_of(texts: Iterable[str], unit: Unit) -> Vocabulary:
    """The vocabulary of the training texts; raise TaskError for too many tokens."""
    vocabulary = Vocabulary.of(texts, unit is Unit.CHARACTERS)
    if len(vocabulary) > MAX_TOKENS:
        instead = ", or characters instead of words" if unit is Unit.WORDS else ""
        raise TaskError(
            f"The phrases to learn from have {len(vocabulary):,} different {unit}, more than "
            f"{MAX_TOKENS:,}. Use fewer rows{instead}."
        )
    return vocabulary


def known(text: str, vocabulary: Vocabulary, where: str, least: int = 1) -> Reading:
    """Read a text; raise TaskError if fewer than ``least`` of its tokens are known."""
    reading = vocabulary.read(text)
    if problem := unreadable(reading, vocabulary, least):
        raise TaskError(f"{where}: {problem}")
    return reading


def unreadable(reading: Reading, vocabulary: Vocabulary, least: int = 1) -> str:
    """Why a text can't be read; empty if at least ``least`` of its tokens are known."""
    if len(reading.tokens) >= least:
        return ""
    noun = vocabulary.noun
    few = f"no {noun} of {shown(reading.text, 60)} occurs"
    if len(reading.tokens):
        few = f"of {shown(reading.text, 60)} only the {noun} {shown(reading.words[0])} occurs"
    return (
        f"{few} in the training phrases, so the network can't read it. Remove the row or train on "
        f"its {vocabulary.unit}."
    )


def unknown_tokens(texts: Iterable[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    """The tokens of the test texts that aren't in the vocabulary, sorted."""
    return tuple(sorted({token for text in texts for token in vocabulary.read(text).unknown}))


def unknown_notes(unknown: tuple[str, ...], unit: Unit) -> tuple[str, ...]:
    """A sentence that lists the skipped tokens, if there are any."""
    if not unknown:
        return ()
    more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
    # Quotes make a space visible.
    shown = repr if unit is Unit.CHARACTERS else str
    listed = ", ".join(shown(token[:30]) for token in unknown[:8])
    return (
        f"{unit.value.capitalize()} that only the test phrases have are skipped: {listed}{more}.",
    )
