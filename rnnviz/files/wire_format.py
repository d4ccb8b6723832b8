"""The wire format of pictures, for the page, notebooks and files; static/frame.js unpacks it.

uint32 length of the header, little-endian | header (UTF-8 JSON) | bytes
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from struct import pack
from typing import Any

from rnnviz.charts.picture import Parts


def packed(header: Mapping[str, Any], body: Iterable[bytes]) -> bytes:
    """A message: its header, and the bytes that the header describes."""
    head = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    return b"".join([pack("<I", len(head)), head, *body])


class PackedPicture:
    """A picture: its outline, its remark, and (dtype, shape, bytes) of each array by path."""

    def __init__(self, parts: Parts, remark: str = "") -> None:
        self.outline, arrays = parts
        self.remark = remark
        self.arrays = {k: (a.dtype.str[1:], a.shape, a.tobytes()) for k, a in arrays.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PackedPicture) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def entry(self, body: list[bytes], before: PackedPicture | None = None) -> dict[str, Any]:
        """The picture in a header, for a reader that has ``before``; appends new bytes to ``body``.

        It has the remark, the outline (None if unchanged) and, for each array, path, dtype, shape,
        the byte from which it is sent, and how many bytes are sent. An array that extends the one
        before is sent from its end on, so a curve sends only its new rows.
        """
        known = before.arrays if before else {}
        rows = []
        for path, (dtype, shape, content) in self.arrays.items():
            _, _, old = known.get(path, ("", (), b""))
            start = len(old) if content.startswith(old) else 0
            body.append(content[start:])
            rows.append([path, dtype, shape, start, len(body[-1])])
        same = before is not None and before.outline == self.outline
        return {"remark": self.remark, "outline": None if same else self.outline, "arrays": rows}
