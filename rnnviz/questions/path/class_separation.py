"""How much of what varies lies between classes, and how much each component holds."""

from __future__ import annotations

import numpy as np

from rnnviz.charts.axes import axis, whole
from rnnviz.charts.picture import Picture, bar, compact, exact, scatter
from rnnviz.charts.shapes import LEGEND
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.projection import Plane, participation_ratio
from rnnviz.questions.path.measure import Separation

#: At most this many components have a bar.
MOST_BARS = 12


def separation_curve(
    separation: Separation, what: str, noun: str = "word", theme: Theme = LIGHT
) -> Picture:
    """The share of the variance that lies between classes, word by word; ``what`` names them."""
    side = "before the end" if separation.from_end else "after the first"
    styles = (
        {"color": theme.text, "width": 2.5},
        {"color": theme.forward, "width": 2, "dash": "dash"},
        {"color": theme.muted, "width": 2},
    )
    lines = [
        *(
            (name, values, line)
            for (name, values), line in zip(
                separation.shares.items(), styles[-len(separation.shares) :], strict=True
            )
        ),
        ("chance", separation.by_chance, {"color": theme.muted, "width": 1.5, "dash": "dot"}),
    ]
    last = float(separation.places[-1])
    ends = [last + 0.4, -0.4] if separation.from_end else [-0.4, last + 0.4]
    return picture(
        [
            scatter(
                x=separation.places.astype(np.int32),
                y=compact(values),
                name=name,
                mode="lines" if name == "chance" else "lines+markers",
                line=line,
                marker={"size": 6, "color": line["color"]},
                customdata=[*zip(exact(values), separation.counts.tolist(), strict=True)],
                hovertemplate=f"{name}: %{{customdata[0]}}, of %{{customdata[1]}} sequences"
                "<extra></extra>",
            )
            for name, values, line in lines
        ],
        f"How far {what} are apart",
        HEIGHTS["separation"],
        theme,
        xaxis=axis(f"{noun}s {side}", theme, range=ends, **whole(last)),
        yaxis=axis("", theme, range=[0, 1.03], tickvals=[0, 0.5, 1], tickformat=".0%"),
        **LEGEND,
    )


def component_bars(variances: Array, plane: Plane, theme: Theme = LIGHT) -> Picture:
    """The share of each principal component of the states now, (K,); rings: that of the plane."""
    total = float(variances.sum()) or 1.0
    shares = np.maximum(variances[:MOST_BARS], 0) / total
    numbers = np.arange(1, len(shares) + 1, dtype=np.int32)
    ratio = f"participation ratio {participation_ratio(variances):.2f} of {len(variances)}"
    ring = {"symbol": "circle-open", "size": 11, "color": theme.forward, "line": {"width": 2}}
    return picture(
        [
            bar(x=numbers, y=compact(shares), name="component", marker={"color": theme.muted},
                customdata=exact(shares), hovertemplate="%{customdata}<extra></extra>",
                text=[f"{share:.0%}" if share >= 0.01 else "" for share in shares],
                textposition="outside"),
            scatter(x=np.array(plane.axes) + 1, y=compact(np.array(plane.explained)),
                    name="axis of the plane", mode="markers", marker=ring,
                    customdata=exact(plane.explained),
                    hovertemplate="%{customdata}<extra></extra>"),
        ],
        "How much each component holds",
        HEIGHTS["components"],
        theme,
        xaxis=axis(f"component; {ratio}", theme, **whole(len(shares))),
        yaxis=axis("", theme, range=[0, 1.15], tickvals=[0, 0.5, 1], tickformat=".0%"),
        **LEGEND,
    )  # fmt: skip
