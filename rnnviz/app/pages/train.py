"""Page *Train*: the network over one sequence, and its run; below, both in detail."""

from __future__ import annotations

import streamlit as st

from rnnviz.analysis.gradients import Objective, parameter_norms
from rnnviz.analysis.memory_gauge import recurrent, recurrent_name
from rnnviz.app.chart_text import text_name
from rnnviz.app.frame import Frame
from rnnviz.app.gradient_check import objective_and_check
from rnnviz.app.heatmap_choice import choose_view, view_of
from rnnviz.app.page_scene import go_to_click, live
from rnnviz.app.stage import place_canvas, place_chart, place_phrase, place_text
from rnnviz.app.style import check_html, steady, theme, verdict_html
from rnnviz.app.text import explanation
from rnnviz.app.text_sample import sample_box, sample_html
from rnnviz.config import CellKind
from rnnviz.figures.answers import class_strip, free_run, value_lines
from rnnviz.figures.gradients import (
    SYMBOL,
    bptt_profile,
    gradient_map,
    norms_height,
    parameter_norm_dots,
)
from rnnviz.figures.hidden_states import running_margin_bars, state_heatmap
from rnnviz.figures.picture import Picture
from rnnviz.figures.run_curves import Reach, Scored, run_curves
from rnnviz.figures.sequence_network import Targets, Words, sequence_network
from rnnviz.figures.theme import HEIGHTS
from rnnviz.figures.training_curves import loss_curve, metric_curve
from rnnviz.figures.weights import recurrent_heatmap
from rnnviz.lab.generation import free_values, runs_free, writes
from rnnviz.lab.memory_gauge import flow
from rnnviz.lab.probe import Probe
from rnnviz.session import Session

#: Seconds per frame for records of earlier epochs.
DEVELOP = 0.001


def train_page(session: Session) -> None:
    """Draw the page."""
    _lay_out(session)
    objective = session.objective

    def draw(frame: Frame) -> None:
        probe = session.inspect()
        frame.texts["verdict"] = verdict_html(probe, session.phrase_input.problem)
        check = session.gradients.checked(session.gradient_query(probe))
        frame.texts["badge"] = check_html(check, session.names)
        if writes(session.dataset):
            frame.texts["sample"] = sample_html(session, probe)
        _draw_probe(session, probe, objective, frame)
        _draw_run(session, probe, objective, frame)

    def develop(budget: float) -> bool:
        query = session.gradient_query(None, objective)
        return session.memory.develop(session.run, query, budget)

    handlers = {"map": lambda click: go_to_click(session, click)}
    live(session, draw, handlers, develop)


def _lay_out(session: Session) -> None:
    """The first screen, and below it the charts in detail."""
    left, right = st.columns([2, 1], gap="medium")
    with left:
        with st.container(horizontal=True, key="asked"):
            place_phrase(session)
            choose_view(session)
            place_text("verdict")
        place_canvas("network", "network", _explained(session))
    with right:
        place_canvas("curves", "curves", explanation("curves", noun=session.names.noun))
    left, right = st.columns(2, gap="medium")
    with left:
        sample_box(session)
        # Bars of the verdict if there is one, else the answers token by token.
        _places(session, "margin" if session.dataset.one_class_at_end else "answers")
        if runs_free(session.dataset):
            _places(session, "free")
        _places(session, "states")
        objective_and_check(session, "train")
        _places(session, "flow", "norms")
    with right:
        _places(session, "loss", "metric", "map", "recurrent")


def _explained(session: Session) -> str:
    name = "network" if session.config.cell is CellKind.ELMAN else "network_gated"
    return explanation(name, noun=session.names.noun)


def _network(session: Session, probe: Probe) -> Picture:
    data = session.dataset
    targets = Targets(data.classes, probe.known, data.one_class_at_end)
    of = probe.parameters.architecture
    kept = session.selection.unit_of(of.hidden)
    passes = [probe.sequence_pass(layer, session.part, kept) for layer in range(of.layers)]
    shown, levels = passes[session.layer], passes if of.layers > 1 else ()
    noun, turning = session.names.noun, session.story.turning
    words = Words(probe.words, noun, probe.typed, probe.offered, turning)
    return sequence_network(shown, words, targets, steady(session, "network"), levels)


def _places(session: Session, *keys: str) -> None:
    parameters = session.state.parameters
    for key in keys:
        weights = recurrent_name(parameters)
        name = "gates" if key == "states" and view_of(session).gate else text_name(session, key)
        text = explanation(name, noun=session.names.noun, weights=weights)
        height = norms_height(len(parameters.named())) if key == "norms" else HEIGHTS[key]
        place_chart(key, height, text, clicks=key == "map")


def _draw_probe(session: Session, probe: Probe, objective: Objective, frame: Frame) -> None:
    words, noun = probe.words, session.names.noun
    layer, view = session.layer, view_of(session)
    flow_now = flow(session.gradient_query(probe, objective))
    norms = parameter_norms(probe.trace)
    frame.chart("network", _network, session, probe)
    _draw_answers(session, probe, frame)
    unrolled = probe.unrolled(layer)
    view = view._replace(bridge=unrolled.bridge)
    colors = steady(session, "states", view.name)
    frame.chart("states", state_heatmap, unrolled.of(view.name), words, colors, None, view)
    colors = steady(session, "flow", objective)
    frame.chart("flow", bptt_profile, flow_now, words, colors, 0, noun, remark=probe.basis)
    frame.chart("norms", parameter_norm_dots, norms, steady(session, "norms"), remark=probe.basis)


def _draw_answers(session: Session, probe: Probe, frame: Frame) -> None:
    colors, words, data = steady(session, "answers"), probe.words, session.dataset
    if data.one_class_at_end:
        label = data.classes[probe.margin.target]
        frame.chart(
            "margin", running_margin_bars, probe.margin, words, label, colors, session.names.noun
        )
    elif data.answers_classes:
        read = words[-len(probe.answers) :]
        frame.chart("answers", class_strip, probe.answers, probe.known, data.classes, read, colors)
    else:
        targets = probe.example.targets
        frame.chart("answers", value_lines, probe.running, targets, data.classes, words, colors)
    if runs_free(session.dataset):
        colors, values = steady(session, "free"), free_values(probe)
        frame.chart("free", free_run, probe.example.inputs, values, data.classes, colors)


def _draw_run(session: Session, probe: Probe, objective: Objective, frame: Frame) -> None:
    colors, course, data = theme(), session.player.course, session.dataset
    query = session.gradient_query(probe, objective)
    gauge, flows = session.memory.past(session.run, query, DEVELOP)
    scored = Scored(data.guess, data.metric, session.baselines)
    reach = Reach(gauge, flows, probe.words, session.names.noun)
    frame.chart("curves", run_curves, course, scored, reach, colors)
    frame.chart("map", gradient_map, flows, course, probe.words, SYMBOL[objective], colors)
    remark = explanation("loss_baselines") if session.baselines else ""
    lines = session.baselines
    frame.chart("loss", loss_curve, course, data.guess, gauge, colors, lines, remark=remark)
    frame.chart("metric", metric_curve, course, data.metric, colors)
    weights, parameters = steady(session, "recurrent"), session.state.parameters
    name = recurrent_name(parameters)
    frame.chart("recurrent", recurrent_heatmap, recurrent(parameters), weights, name)
