"""JSON size: what a JSON text becomes in memory, before it is read."""

from __future__ import annotations

from rnnviz.files.foreign_network import TransferError

#: The most lists, tables and keys of tables in a JSON text, and the most values that a comma ends.
MAX_PARTS, MAX_VALUES = 500_000, 1_500_000


def check_size(text: bytes) -> None:
    """Raise TransferError for a text with too many lists, tables and keys, or values.

    Two bytes of it take more than fifty in memory, and no thread runs while they are made: for at
    most about a fifth of a second.
    """
    for signs, most, what in (
        (b"[{:", MAX_PARTS, "lists and keys"),
        (b",", MAX_VALUES, "values"),
    ):
        if sum(text.count(sign) for sign in signs) > most:
            raise TransferError(f"its JSON has more than {most:,} {what}: use fewer examples.")
