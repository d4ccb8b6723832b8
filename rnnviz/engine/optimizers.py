"""From a gradient to a step: clipping by value and by norm."""

from __future__ import annotations

import numpy as np

from rnnviz.config import ClipBy
from rnnviz.engine.parameters import Array


def clip(theta: Array, by: ClipBy, limit: float) -> None:
    """Bound a gradient of any shape in place: every entry, or its L2 length, to ``limit``."""
    if by is ClipBy.VALUE:
        clip_by_value(theta, limit)
    elif by is ClipBy.NORM:
        clip_by_norm(theta, limit)


def clip_by_value(theta: Array, limit: float) -> None:
    """Cut every entry to [-limit, limit], in place; this may turn the gradient's direction."""
    np.maximum(theta, -limit, out=theta)
    np.minimum(theta, limit, out=theta)


def clip_by_norm(theta: Array, limit: float) -> None:
    """Shorten (N,) in place to length ``limit``, direction kept (Pascanu et al. 2013)."""
    length = float(np.sqrt(theta.dot(theta)))
    if length > limit:
        np.multiply(theta, limit / length, out=theta)
