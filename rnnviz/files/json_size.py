"""JSON size: what a JSON text becomes in memory, before it is read."""

from __future__ import annotations

from rnnviz.files.foreign_network import TransferError

#: The most lists, tables and keys of tables in a JSON text.
MAX_PARTS = 500_000


def check_lists(text: bytes) -> None:
    """Raise TransferError for a text with too many lists, tables and keys.

    Two bytes of it take more than fifty in memory, and no thread runs while they are made.
    """
    if sum(map(text.count, (b"[", b"{", b":"))) > MAX_PARTS:
        raise TransferError(
            f"its JSON has more than {MAX_PARTS:,} lists and keys: use fewer examples."
        )
