"""Score by length, of sequences longer and shorter than those learned."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rnnviz.charts.axes import axis
from rnnviz.charts.picture import Picture, Series, exact, scatter
from rnnviz.charts.shapes import PAPER, level, note, upright
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.probe.length_generalization import LengthProfile


def length_curve(
    profile: LengthProfile | None, noun: str, metric: str, theme: Theme = LIGHT
) -> Picture:
    """The score over the length on a log scale, with its 95% intervals; longer is to the left.

    A longer sequence reaches farther back in time, and back is to the left in every picture.

    A vertical line marks the longest length learned, a dotted one guessing. ``noun`` is what the
    length counts. Without a profile it says when it is measured.
    """
    if profile is None:
        return _waiting(_title(None, noun, metric), theme)
    lengths = [*profile.lengths.tolist(), profile.trained]
    ends = [math.log10(max(lengths)) + 0.05, math.log10(min(lengths)) - 0.05]
    ticks = _labelled(profile.lengths.tolist())
    labels = {"tickvals": ticks, "ticktext": list(map(str, ticks))}
    return picture(
        [_points(profile, noun, theme)],
        _title(profile, noun, metric),
        HEIGHTS["longer"],
        theme,
        xaxis=axis(_counted(noun), theme, type="log", range=ends, **labels),
        yaxis=axis(metric, theme, range=[-0.03, 1.08], tickformat=".0%"),
        shapes=_marks(profile, theme),
        annotations=[_learned(profile, theme)],
        margin={"t": 66},
    )


def _waiting(title: str, theme: Theme) -> Picture:
    place = {**PAPER, "x": 0.5, "y": 0.5, "font": {"size": 16}}
    waiting = note("measured when the run is paused", "center middle", **place)
    hidden = {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
    return picture([], title, HEIGHTS["longer"], theme, annotations=[waiting], **hidden)


def _points(profile: LengthProfile, noun: str, theme: Theme) -> Series:
    low, high = profile.intervals.T
    scores = profile.scores
    bars = {"type": "data", "array": high - scores, "arrayminus": scores - low, "thickness": 1.5}
    numbers = [*map(exact, (scores, low, high, profile.losses)), profile.counts.tolist()]
    return scatter(
        x=profile.lengths.astype(np.int32),
        y=scores,
        mode="lines+markers",
        line={"color": theme.test, "width": 2},
        marker={"size": 9, "color": theme.test},
        error_y={**bars, "color": theme.muted, "width": 4},
        customdata=[list(row) for row in zip(*numbers, strict=True)],
        hovertemplate=f"{noun} %{{x}}: %{{customdata[0]}}<br>95% from %{{customdata[1]}} to "
        "%{customdata[2]}<br>loss %{customdata[3]}, %{customdata[4]} sequences<extra></extra>",
    )


def _marks(profile: LengthProfile, theme: Theme) -> list[dict[str, Any]]:
    learned = upright(profile.trained, theme, color=theme.train, dash="solid")
    return [learned, *([] if profile.guess is None else [level(profile.guess, theme)])]


def _learned(profile: LengthProfile, theme: Theme) -> dict[str, Any]:
    text, place = f"longest learned: {profile.trained}", {"x": math.log10(profile.trained)}
    return note(text, "center bottom", **place, yref="paper", y=1, font={"color": theme.train})


def _labelled(lengths: list[int]) -> list[int]:
    """The lengths with a label, the largest first: those that are a tenth of a decade apart."""
    chosen: list[int] = []
    for length in reversed(lengths):
        if not chosen or chosen[-1] / length >= 10**0.1:
            chosen.append(length)
    return chosen


def _title(profile: LengthProfile | None, noun: str, metric: str) -> str:
    """What is drawn; of new sequences, at which length it may be no better than guessing."""
    subject = f"{metric.capitalize()} by {'lag' if noun == 'lag' else 'length'}"
    if profile is None or not profile.new or profile.guess is None:
        return subject
    if profile.failing is None:
        return f"{subject}: better than guessing up to {profile.lengths[-1]}"
    return f"{subject}: at {profile.failing} not clearly better than guessing"


def _counted(noun: str) -> str:
    return "lag (tokens between the first and the answer)" if noun == "lag" else f"length ({noun})"
