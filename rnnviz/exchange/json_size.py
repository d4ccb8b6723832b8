"""JSON size: what a JSON text becomes in memory, before it is read."""

from __future__ import annotations

from rnnviz.exchange.foreign_network import TransferError

#: The most lists and tables in a JSON text.
MAX_LISTS = 500_000


def check_lists(text: bytes) -> None:
    """Raise TransferError for a text with too many lists and tables.

    Two bytes of it take more than fifty in memory, and no thread runs while they are made.
    """
    if text.count(b"[") + text.count(b"{") > MAX_LISTS:
        raise TransferError(f"its JSON has more than {MAX_LISTS:,} lists: use fewer examples.")
