"""Pairs: a text is read whole, then another is answered token by token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnviz.config import Reads
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.table import MAX_WORDS, TaskError
from rnnviz.tasks.vocabulary import END, START, Vocabulary

#: A source and its target.
Pair = tuple[str, str]


def pairs_dataset(
    pairs: Sequence[Pair], test_pairs: Sequence[Pair], name: str, characters: bool = False
) -> Dataset:
    """Sources that an encoder reads, and the targets that a decoder answers.

    The decoder reads the start sign and the target, and answers the target and the end sign.
    The text of an example is its source. Words of test sources that training doesn't know are
    skipped, test targets with unknown words are left out, each with a note. Raises TaskError.
    """
    if not pairs:
        raise TaskError(f"{name}: there are no pairs to learn from.")
    source = Vocabulary.of((source for source, _ in pairs), characters)
    learned = Vocabulary.of((target for _, target in pairs), characters)
    _check(pairs, "training", source, learned)
    _check(test_pairs, "test", source, learned)
    vocabulary = Vocabulary(tuple(sorted((*learned.words, START))), characters)
    answers = Vocabulary((*learned.words, END), characters)
    kept = [pair for pair in test_pairs if not learned.read(pair[1]).unknown]
    return Dataset(
        name,
        vocabulary,
        answers.words,
        train=tuple(_example(pair, source, vocabulary, answers) for pair in pairs),
        test=tuple(_example(pair, source, vocabulary, answers) for pair in kept),
        notes=(*_skipped(kept, source), *_left_out(len(test_pairs) - len(kept))),
        reads=Reads.EVERY,
        source=source,
    )


def _check(pairs: Sequence[Pair], role: str, source: Vocabulary, target: Vocabulary) -> None:
    for place, pair in enumerate(pairs, 1):
        where = f"The {role} pairs, pair {place}:"
        _check_text(pair[0], source, f"{where} the source")
        _check_text(pair[1], target, f"{where} the target")
        if not len(source.read(pair[0]).tokens):
            raise TaskError(
                f"{where} no {source.noun} of the source {pair[0][:60]!r} occurs in training, "
                "so the network can't read it. Remove the pair or train on its words."
            )


def _check_text(text: str, vocabulary: Vocabulary, where: str) -> None:
    tokens = vocabulary.split(text)
    if not tokens:
        raise TaskError(f"{where} is empty.")
    if len(tokens) > MAX_WORDS:
        raise TaskError(f"{where} has {len(tokens)} {vocabulary.noun}s, more than {MAX_WORDS}.")
    if {START, END} & {*tokens}:
        raise TaskError(
            f"{where} has {START} or {END}, the signs of where a target begins or ends."
        )


def _example(
    pair: Pair, source: Vocabulary, vocabulary: Vocabulary, answers: Vocabulary
) -> Example:
    tokens = vocabulary.split(pair[1])
    return Example(
        pair[0],
        inputs=np.array([vocabulary.number(token) for token in (START, *tokens)]),
        targets=np.array([answers.number(token) for token in (*tokens, END)]),
        source=source.read(pair[0]).tokens,
    )


def _skipped(pairs: Sequence[Pair], source: Vocabulary) -> tuple[str, ...]:
    unknown = sorted({token for text, _ in pairs for token in source.read(text).unknown})
    if not unknown:
        return ()
    more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
    listed = ", ".join(token[:30] for token in unknown[:8])
    noun = source.noun.capitalize()
    return (f"{noun}s of the test sources that training doesn't know are skipped: {listed}{more}.",)


def _left_out(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    return (
        f"{count} of the test pairs can't be answered and are left out: "
        "training doesn't know all that is in their targets.",
    )
