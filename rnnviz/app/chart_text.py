"""Which text explains a chart, by data, cell and settings."""

from __future__ import annotations

from collections.abc import Callable

from rnnviz.config import CellKind, Init, OptimizerKind, OutputAt, TaskName
from rnnviz.session import Session

#: Up to this standard deviation the first weights carry next to nothing on.
_FAINT = 0.02


def text_name(session: Session, key: str) -> str:
    """The name of the text under a chart."""
    return key + (_ENDINGS[key](session) if key in _ENDINGS else "")


def _values(session: Session) -> str:
    return "" if session.dataset.answers_classes else "_values"


def _every(session: Session) -> str:
    return "_every" if session.dataset.reads is OutputAt.EVERY else ""


def _answers(session: Session) -> str:
    """Of values one alone may be wanted, at the end."""
    values = _values(session)
    return f"{values}_last" if values and not _every(session) else values


def _loss(session: Session) -> str:
    config = session.config
    if config.cell is not CellKind.ELMAN:
        return "_gated"
    own = session.data.own or config.task is not TaskName.SENTIMENT
    plain = _faint(session) and config.optimizer is OptimizerKind.SGD
    return "_plateau" if plain and not own else ""


def _recurrent(session: Session) -> str:
    return "" if _faint(session) else "_strong"


def _faint(session: Session) -> bool:
    """Whether the recurrent weights begin near zero."""
    return session.config.init is Init.NORMAL and session.config.init_scale <= _FAINT


_ENDINGS: dict[str, Callable[[Session], str]] = {
    "answers": _answers,
    "norms": _values,
    "flow": _every,
    "map": _every,
    "loss": _loss,
    "recurrent": _recurrent,
}
