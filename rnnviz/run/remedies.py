"""Remedies: what to try if the numbers of a run are not finite, as the rest of a sentence."""

from __future__ import annotations

from rnnviz.cells import OWN
from rnnviz.config import SETTINGS, ClipBy, RunConfig


def remedy_for_weights(config: RunConfig) -> str:
    """What to try if the initial weights alone are the cause."""
    scale, remedies = SETTINGS["init_scale"], []
    if config.constants:
        remedies.append("try the cell's default constants")
    if not scale.applies(vars(config)):
        remedies.append("try normal initial weights of a small scale")
    elif config.init_scale > scale.low:
        remedies.append("try a smaller initial scale")
    if config.cell == OWN:
        remedies.append("change the equations")
    return ", or ".join(remedies) or "try another cell"


def remedy_for_training(config: RunConfig) -> str:
    """What to try if training with these settings is the cause."""
    remedies = []
    if config.lower_lr is not None:
        remedies.append(f"try a learning rate of {config.lower_lr:g}")
    if config.clip_by is ClipBy.OFF:
        remedies.append("clip the gradient")
    return ", or ".join(remedies) or remedy_for_weights(config)
