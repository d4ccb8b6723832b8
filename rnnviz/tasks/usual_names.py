"""Usual names: what people call the columns of their files."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Names of columns, those that are most surely right first.
TEXT = (
    "text", "message", "review", "sentence", "tweet", "comment", "content", "body", "phrase",
    "utterance", "query", "question", "document", "post", "description", "abstract", "article",
    "statement", "summary", "title", "headline", "subject", "word", "sequence", "input",
)  # fmt: skip
LABEL = (
    "label", "category", "class", "sentiment", "target", "intent", "emotion", "topic", "tag",
    "polarity", "rating", "score", "stars", "mood", "genre", "type", "kind", "spam", "answer",
    "output", "y",
)  # fmt: skip
SOURCE, TARGET = ("source", "src"), ("target", "tgt")
#: Two of them are a translation.
LANGUAGES = (
    "english", "french", "german", "spanish", "italian", "portuguese", "dutch", "polish",
    "russian", "turkish", "arabic", "chinese", "japanese", "korean", "hindi", "swedish",
    "en", "fr", "de", "es", "it", "pt", "nl", "pl", "ru", "tr", "ar", "zh", "ja", "ko", "hi", "sv",
)  # fmt: skip
_ALL = frozenset((*TEXT, *LABEL, *SOURCE, *TARGET, *LANGUAGES, "id", "index"))


def plain(name: str) -> str:
    """A name in lower case, its words with single spaces between them."""
    return " ".join(re.split(r"[\W_]+", name.lower())).strip()


def rank(name: str, usual: Sequence[str]) -> int:
    """The place of a name among usual ones; names that only contain one come after them."""
    name = plain(name)
    if name in usual:
        return usual.index(name)
    words = {word.removesuffix("s") for word in name.split()} | {*name.split()}
    inside = (place for place, one in enumerate(usual) if len(one) > 2 and one in words)
    return len(usual) + next(inside, len(usual))


def is_usual(name: str) -> bool:
    """Whether a column is often called so."""
    return plain(name) in _ALL
