"""Packed: arrays over the epochs as whole numbers that change little, so that they compress well.

static/replay/recording.js reads them back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnviz.engine.layer_buffers import Array

#: A float32 keeps 12 bits of its significand: it is at most one 8192nd part off.
SHIFT = 11
_NAN = 0x7FC00000


@dataclass(eq=False)
class Blocks:
    """Arrays as ``content``, one after the other, and what each is; equal ones are stored once."""

    headers: list[dict[str, Any]] = field(default_factory=list)
    content: list[bytes] = field(default_factory=list)
    _known: dict[tuple[str, bytes], int] = field(default_factory=dict)

    def add(self, frames: Array, levels: int = 0, shift: int = 0) -> int:
        """Store ``frames`` (N, ...) and return their number.

        With ``levels`` a number is a whole multiple of a step, at least so many of which make up
        the largest of its frame. Otherwise the last ``shift`` bits of a float are rounded away.
        """
        steps: list[float] = []
        if frames.dtype.kind == "i":
            codes = frames.astype(np.int32)
        elif levels and np.isfinite(frames).all():
            codes, steps = _multiples(frames, levels)
        else:
            codes = _bits(frames, shift)
        planes, count = _planes(codes)
        kind = "whole" if frames.dtype.kind == "i" else "float"
        header = {"kind": kind, "shape": frames.shape[1:], "frames": len(frames), "planes": count}
        return self._store(header | ({"steps": steps} if steps else {"shift": shift}), planes)

    def _store(self, header: dict[str, Any], content: bytes) -> int:
        key = repr(header), content
        if key not in self._known:
            self._known[key] = len(self.headers)
            self.headers.append(header)
            self.content.append(content)
        return self._known[key]


def _multiples(frames: Array, levels: int) -> tuple[Array, list[float]]:
    """The frames as multiples of a step each, and these steps."""
    steps = [step_of(float(np.abs(frame).max(initial=0)), levels) for frame in frames]
    sized = np.array(steps).reshape(-1, *(1 for _ in frames.shape[1:]))
    return np.rint(frames / sized).astype(np.int32), steps


def step_of(largest: float, levels: int) -> float:
    """The largest of 1, 2, 5 times a power of ten that fits ``levels`` times into ``largest``."""
    most = max(largest, 1e-30) / levels * (1 + 1e-9)
    exponent = math.floor(math.log10(most))
    digit = max(digit for digit in (1, 2, 5) if digit * 10.0**exponent <= most)
    return float(f"{digit}e{exponent}")


def _bits(frames: Array, shift: int) -> Array:
    """The bits of float32 numbers without the last ``shift``, rounded; NaN is one number."""
    numbers = np.ascontiguousarray(frames, np.float32)
    bits = numbers.view(np.int32).astype(np.int64) + ((1 << shift) >> 1)
    bits = np.where(np.isnan(numbers), _NAN, bits)
    return (bits >> shift).astype(np.int32)


def _planes(codes: Array) -> tuple[bytes, int]:
    """Differences from frame to frame, first the lowest byte of all, then the next; how many."""
    flat = codes.reshape(len(codes), -1)
    changes = np.diff(flat, axis=0, prepend=np.zeros((1, flat.shape[1]), np.int32))
    # The sign comes last, so that small changes have small bytes.
    unsigned = ((changes << 1) ^ (changes >> 31)).view(np.uint32)
    count = max(1, (int(unsigned.max(initial=0)).bit_length() + 7) // 8)
    parts = (((unsigned >> 8 * k) & 255).astype(np.uint8).tobytes() for k in range(count))
    return b"".join(parts), count
