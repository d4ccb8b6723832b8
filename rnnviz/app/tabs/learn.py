"""Tab *How does it learn?*: the network over one sequence, and the curves of its run."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from rnnviz.analysis.chapters import chance_of
from rnnviz.app.frame import Frame
from rnnviz.app.heatmap_choice import choose_view, gated
from rnnviz.app.stage import place_canvas, place_chart
from rnnviz.app.style import steady, theme, verdict_html
from rnnviz.app.tabs.tab import Tab
from rnnviz.app.tabs.words import words_of
from rnnviz.app.text import explanation
from rnnviz.app.text_sample import sample_box, sample_html
from rnnviz.figures.answers import free_run
from rnnviz.figures.picture import Picture
from rnnviz.figures.run_curves import Reach, Scored, run_curves
from rnnviz.figures.sequence_network import Targets, sequence_network
from rnnviz.figures.theme import HEIGHTS
from rnnviz.lab.generation import free_values, runs_free, writes
from rnnviz.lab.probe import Probe
from rnnviz.session import Session

#: Seconds per frame for records of earlier epochs.
DEVELOP = 0.001


def learn_tab(
    session: Session, controls: DeltaGenerator, left: DeltaGenerator, right: DeltaGenerator
) -> Tab:
    """Lay out both pictures, and below them what a network writes by itself."""
    with controls:
        choose_view(session, "train")
    with left:
        place_canvas("network", "network", _explained(session))
        sample_box(session)
        if runs_free(session.dataset):
            place_chart("free", HEIGHTS["free"], explanation("free"))
    with right:
        place_canvas("curves", "curves", explanation("curves", noun=session.names.noun))

    def draw(frame: Frame) -> None:
        probe = session.inspect()
        frame.texts["verdict"] = verdict_html(probe, session.phrase_input.problem)
        frame.chart("network", _network, session, probe)
        frame.chart("curves", _curves, session, probe)
        _draw_on(session, probe, frame)

    def develop(budget: float) -> bool:
        return session.memory.develop(session.run, session.gradient_query(), budget)

    return Tab(draw, job=develop)


def _explained(session: Session) -> str:
    name = "network_gated" if gated(session) else "network"
    return explanation(name, noun=session.names.noun)


def _network(session: Session, probe: Probe) -> Picture:
    data = session.dataset
    targets = Targets(data.classes, probe.known, data.one_class_at_end)
    of = probe.parameters.architecture
    kept = session.selection.unit_of(of.hidden)
    passes = [probe.sequence_pass(layer, session.part, kept) for layer in range(of.layers)]
    shown, levels = passes[session.layer], passes if of.layers > 1 else ()
    words = words_of(session, probe)
    return sequence_network(shown, words, targets, steady(session, "network"), levels)


def _curves(session: Session, probe: Probe) -> Picture:
    data, query = session.dataset, session.gradient_query(probe)
    gauge, flows = session.memory.past(session.run, query, DEVELOP)
    scored = Scored(data.guess, data.metric, session.baselines, chance_of(data))
    reach = Reach(gauge, flows, probe.words, session.names.noun)
    return run_curves(session.player.course, scored, reach, theme())


def _draw_on(session: Session, probe: Probe, frame: Frame) -> None:
    """How the network goes on by itself, where it learns what comes next."""
    if writes(session.dataset):
        frame.texts["sample"] = sample_html(session, probe)
    if runs_free(session.dataset):
        colors, values = steady(session, "free"), free_values(probe)
        frame.chart("free", free_run, probe.example.inputs, values, session.dataset.classes, colors)
