"""Which text explains a chart, depending on data, cell and settings."""

from __future__ import annotations

from collections.abc import Callable

from rnnviz.config import CellKind, Init, OptimizerKind, OutputAt, TaskName
from rnnviz.session import Session

#: Up to this standard deviation the initial recurrent weights pass almost nothing on.
_SMALL_INIT = 0.02


def text_name(session: Session, key: str) -> str:
    """The name of the text below the chart ``key``."""
    return key + (_ENDINGS[key](session) if key in _ENDINGS else "")


def _values(session: Session) -> str:
    return "" if session.dataset.answers_classes else "_values"


def _every(session: Session) -> str:
    return "_every" if session.dataset.reads is OutputAt.EVERY else ""


def _answers(session: Session) -> str:
    values = _values(session)
    return f"{values}_last" if values and not _every(session) else values


def _loss(session: Session) -> str:
    config = session.config
    if config.cell is not CellKind.ELMAN:
        return "_gated"
    sentiment = config.task is TaskName.SENTIMENT and not session.data.own
    plain = _starts_near_zero(session) and config.optimizer is OptimizerKind.SGD
    return "_plateau" if sentiment and plain else ""


def _recurrent(session: Session) -> str:
    return "" if _starts_near_zero(session) else "_strong"


def _starts_near_zero(session: Session) -> bool:
    return session.config.init is Init.NORMAL and session.config.init_scale <= _SMALL_INIT


_ENDINGS: dict[str, Callable[[Session], str]] = {
    "answers": _answers,
    "norms": _values,
    "flow": _every,
    "map": _every,
    "loss": _loss,
    "recurrent": _recurrent,
}
