"""The pictures of the first page of two networks."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from rnnviz.charts.first_page import gradient_rows, words_of
from rnnviz.charts.pair_pictures import Asked, Course, DrawnNetwork, pair_curves, pair_network
from rnnviz.charts.pair_story import Both, same_start
from rnnviz.charts.picture import Picture
from rnnviz.charts.texts import explanation
from rnnviz.charts.theme import Theme
from rnnviz.probe.comparison import RetentionLab, answers, second_probe, two_sided
from rnnviz.probe.pair import Pair
from rnnviz.probe.probe import Probe, target_text
from rnnviz.probe.session import Session
from rnnviz.probe.story import chance_of
from rnnviz.probe.work import spend


def probes_of(pair: Pair) -> tuple[Probe, ...]:
    """The phrase as both networks read it, or the only one."""
    one = pair.first.inspect()
    return (one, second_probe(pair.first, pair.second)) if pair.second else (one,)


def develop(pair: Pair) -> Iterator[None]:
    """Measure what is left, and the memory, at earlier epochs; yields before each."""
    for session, probe in zip(pair.sessions, probes_of(pair), strict=True):
        yield from session.lab(RetentionLab).develop(session, probe, pair.token)
    for session in pair.sessions:
        yield from session.memory.develop(session.run, session.gradient_query())


def both_of(pair: Pair) -> Both:
    """Both networks at the epoch shown."""
    probes = probes_of(pair)
    left = (
        session.lab(RetentionLab).now(session, probe, pair.token)
        for session, probe in zip(pair.sessions, probes, strict=True)
    )
    return Both(pair, probes, tuple(left))


def explained_pair(pair: Pair) -> dict[str, str]:
    """The explanations of both pictures."""
    noun = pair.first.names.noun
    return {
        name: explanation(f"learn/{name}", noun=noun) for name in ("pair_network", "pair_curves")
    }


def networks(both: Both, theme: Theme, typed: bool = True) -> Picture:
    """Both networks over the phrase, whose words can be ``typed``."""
    pair, first = both.pair, both.probes[0]
    drawn = [
        _network(both, k, session, probe)
        for k, (session, probe) in enumerate(zip(pair.sessions, both.probes, strict=True))
    ]
    words = words_of(pair.first, first)._replace(turning=None)
    if not typed:
        words = words._replace(typed=(), vocabulary=())
    asked = _asked(first, drawn, theme)
    token, matched = both.left[0].token, same_start(pair)
    return pair_network(drawn, words, asked, token=token, matched=matched, theme=theme)


def _network(both: Both, k: int, session: Session, probe: Probe) -> DrawnNetwork:
    kept = session.selection.unit_of(probe.parameters.architecture.hidden)
    shown = probe.sequence_pass(session.layer, session.part, kept)
    with np.errstate(all="ignore"):
        found = answers(probe, shown.answers)
    name, turning = both.pair.names[k], session.story.turning
    return DrawnNetwork(name, shown, both.left[k], found, both.standings[k], turning)


def _asked(probe: Probe, networks: list[DrawnNetwork], theme: Theme) -> Asked:
    data, known = probe.dataset, probe.known
    target = "" if probe.gaps[-1] else target_text(data, probe.example.targets)
    if not data.answers_classes:
        errors = np.concatenate([network.answers.values for network in networks])
        largest = float(np.nanmax(np.nan_to_num(errors, posinf=0.0), initial=0.0))
        return Asked("values", data.classes, [], target, limit=theme.scale.nice_limit(largest))
    kind = "verdict" if two_sided(data) else "classes"
    guess = float(data.guess.answer.max()) if data.one_class_at_end else None
    return Asked(kind, data.classes, known.tolist(), target, guess)


def both_curves(both: Both, theme: Theme, budget: float) -> Picture:
    """Both runs over their epochs; earlier epochs are measured for ``budget`` seconds."""
    pair, data = both.pair, both.pair.first.dataset
    seeds = pair.spreads if pair.luck_shown else []
    courses = [
        _course(both, k, session, probe, budget)._replace(seeds=seeds[k] if seeds else None)
        for k, (session, probe) in enumerate(zip(pair.sessions, both.probes, strict=True))
    ]
    return pair_curves(
        courses, epoch=pair.epoch, guess=data.guess, metric=data.metric, role=str(pair.role),
        words=both.probes[0].step_names, rows=gradient_rows(both.probes[0]),
        token=both.left[0].token, noun=pair.first.names.noun, chance=chance_of(data),
        threshold=pair.luck.threshold, theme=theme,
    )  # fmt: skip


def _course(both: Both, k: int, session: Session, probe: Probe, budget: float) -> Course:
    gauge, _ = session.memory.past(session.run, session.gradient_query(probe), budget)
    lab, token = session.lab(RetentionLab), both.pair.token
    if math.isinf(budget):
        spend(budget, lab.develop(session, probe, token))
    left = lab.past(session, probe, token)
    name, course = both.pair.names[k], session.player.course
    seed = session.config.seed
    return Course(name, course, gauge, left, both.standings[k], seed=seed)
