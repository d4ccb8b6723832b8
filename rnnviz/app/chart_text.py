"""Which text explains a chart, depending on data, cell and settings."""

from __future__ import annotations

from rnnviz.config import CellKind, Init, OptimizerKind, OutputAt, TaskName
from rnnviz.session import Session

#: Up to this standard deviation the initial recurrent weights pass almost nothing on.
_SMALL_INIT = 0.02


def text_name(session: Session, key: str) -> str:
    """The name of the text below the chart ``key``."""
    values = "" if session.dataset.answers_classes else "_values"
    every = "_every" if session.dataset.reads is OutputAt.EVERY else ""
    endings = {
        "answers": f"{values}_last" if values and not every else values,
        "norms": values,
        "flow": every,
        "map": every,
        "loss": _loss(session),
        "recurrent": "" if _starts_near_zero(session) else "_strong",
    }
    return key + endings.get(key, "")


def _loss(session: Session) -> str:
    config = session.config
    if config.cell is not CellKind.ELMAN:
        return "_gated"
    sentiment = config.task is TaskName.SENTIMENT and not session.data.own
    plain = _starts_near_zero(session) and config.optimizer is OptimizerKind.SGD
    return "_plateau" if sentiment and plain else ""


def _starts_near_zero(session: Session) -> bool:
    return session.config.init is Init.NORMAL and session.config.init_scale <= _SMALL_INIT
