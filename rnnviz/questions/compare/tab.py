"""Two networks on the page *Train*: both over one sequence, and both runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain

import numpy as np
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.first_page import DEVELOP, words_of
from rnnviz.charts.picture import Picture
from rnnviz.charts.texts import explanation
from rnnviz.charts.theme import Theme
from rnnviz.probe.pair import Pair
from rnnviz.probe.probe import Probe, target_text
from rnnviz.probe.session import Session
from rnnviz.probe.story import chance_of
from rnnviz.questions.compare.measure import (
    RetentionLab,
    answers,
    second_probe,
    two_sided,
)
from rnnviz.questions.compare.pictures import Asked, Course, Network, pair_curves, pair_network
from rnnviz.questions.compare.story import Both, same_start, scores_html, story_html
from rnnviz.ui.frame import Frame
from rnnviz.ui.stage import place_canvas
from rnnviz.ui.style import sticky_theme, theme
from rnnviz.ui.viewer import Scene


def lay_out(pair: Pair, left: DeltaGenerator, right: DeltaGenerator) -> Scene:
    """Place both pictures."""
    noun = pair.first.names.noun
    with left:
        place_canvas("pair_network", "pair_network", explanation("compare/network", noun=noun))
    with right:
        place_canvas("pair_curves", "pair_curves", explanation("compare/curves", noun=noun))
    return live(pair)


def live(pair: Pair) -> Scene:
    """The scene of both networks, for the session host to draw and to measure."""

    def job() -> Iterator[None]:
        return chain.from_iterable(
            session.lab(RetentionLab).develop(session, probe, pair.token)
            for session, probe in zip(pair.sessions, probes_of(pair), strict=True)
        )

    def click(event: dict[str, object]) -> None:
        pair.token = int(str(event["x"]))

    kinds = {key: key for key in ("pair_network", "pair_curves")}
    return Scene(pair.first, partial(_draw, pair), {"pair_network": click}, job=job, kinds=kinds)


def probes_of(pair: Pair) -> tuple[Probe, Probe]:
    """The phrase as both networks read it."""
    assert pair.second
    return pair.first.inspect(), second_probe(pair.first, pair.second)


def both_of(pair: Pair) -> Both:
    """Both networks at the epoch shown."""
    probes = probes_of(pair)
    one, two = (
        session.lab(RetentionLab).now(session, probe, pair.token)
        for session, probe in zip(pair.sessions, probes, strict=True)
    )
    return Both(pair, probes, (one, two))


def header_texts(pair: Pair) -> dict[str, str]:
    """Scores and story of both."""
    return {"status": scores_html(pair), "story": story_html(both_of(pair))}


def network_picture(both: Both, theme: Theme) -> Picture:
    """Both networks over the phrase."""
    pair, first = both.pair, both.probes[0]
    networks = [
        _network(both, k, session, probe)
        for k, (session, probe) in enumerate(zip(pair.sessions, both.probes, strict=True))
    ]
    words = words_of(pair.first, first)._replace(turning=None)
    asked = _asked(first, networks, theme)
    token, matched = both.left[0].token, same_start(pair)
    return pair_network(networks, words, asked, token=token, matched=matched, theme=theme)


def _network(both: Both, k: int, session: Session, probe: Probe) -> Network:
    kept = session.selection.unit_of(probe.parameters.architecture.hidden)
    shown = probe.sequence_pass(session.layer, session.part, kept)
    with np.errstate(all="ignore"):
        found = answers(probe, shown.answers)
    name, turning = both.pair.names[k], session.story.turning
    return Network(name, shown, both.left[k], found, both.standings[k], turning)


def _asked(probe: Probe, networks: list[Network], theme: Theme) -> Asked:
    data, known = probe.dataset, probe.known
    target = "" if probe.gaps[-1] else target_text(data, probe.example.targets)
    if not data.answers_classes:
        errors = np.concatenate([network.answers.values for network in networks])
        largest = float(np.nanmax(np.nan_to_num(errors, posinf=0.0), initial=0.0))
        return Asked("values", data.classes, [], target, limit=theme.scale.nice_limit(largest))
    kind = "verdict" if two_sided(data) else "classes"
    guess = float(data.guess.answer.max()) if data.one_class_at_end else None
    return Asked(kind, data.classes, known.tolist(), target, guess)


def curves_picture(both: Both, theme: Theme, budget: float = DEVELOP) -> Picture:
    """Both runs over their epochs."""
    pair, data = both.pair, both.pair.first.dataset
    courses = [
        _course(both, k, session, probe, budget)
        for k, (session, probe) in enumerate(zip(pair.sessions, both.probes, strict=True))
    ]
    return pair_curves(
        courses, epoch=pair.epoch, guess=data.guess, metric=data.metric, role=str(pair.role),
        words=both.probes[0].words, token=both.left[0].token, noun=pair.first.names.noun,
        chance=chance_of(data), theme=theme,
    )  # fmt: skip


def _course(both: Both, k: int, session: Session, probe: Probe, budget: float) -> Course:
    gauge, _ = session.memory.past(session.run, session.gradient_query(probe), budget)
    left = session.lab(RetentionLab).past(session, probe, both.pair.token)
    name, course = both.pair.names[k], session.player.course
    return Course(name, course, gauge, left, both.standings[k])


def _draw(pair: Pair, frame: Frame) -> None:
    if pair.second is None:  # The page is about to be laid out for one network.
        return
    both = both_of(pair)
    frame.chart("pair_network", network_picture, both, sticky_theme(pair.first, "pair"))
    frame.chart("pair_curves", curves_picture, both, theme())
