"""Tab *How does it learn?* of two networks: both over one sequence, and both runs."""

from __future__ import annotations

from functools import partial

from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.pair_page import both_curves, both_of, develop, explained_pair, networks
from rnnviz.probe.pair import Pair
from rnnviz.ui.frame import Frame
from rnnviz.ui.stage import place_canvas
from rnnviz.ui.style import sticky_theme, theme
from rnnviz.ui.viewer import Scene


def lay_out(pair: Pair, left: DeltaGenerator, right: DeltaGenerator) -> Scene:
    """Place both pictures."""
    for (name, text), place in zip(explained_pair(pair).items(), (left, right), strict=True):
        with place:
            place_canvas(name, name, text)
    return live(pair)


def live(pair: Pair) -> Scene:
    """The scene of both networks, for the session host to draw and to measure."""

    def click(event: dict[str, object]) -> None:
        pair.token = int(str(event["x"]))

    kinds = {key: key for key in ("pair_network", "pair_curves")}
    return Scene(
        pair.first,
        partial(_draw, pair),
        {"pair_network": click},
        job=partial(develop, pair),
        kinds=kinds,
    )


def _draw(pair: Pair, frame: Frame) -> None:
    if pair.second is None:  # The page is about to be laid out for one network.
        return
    both = both_of(pair)
    frame.chart("pair_network", networks, both, sticky_theme(pair.first, "pair"))
    frame.chart("pair_curves", both_curves, both, theme())
