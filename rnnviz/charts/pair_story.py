"""The header of two networks, as HTML: where they differ, in one sentence, and both scores."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

import numpy as np

from rnnviz.charts.texts import score_text, story_line
from rnnviz.probe.comparison import Standing, standing
from rnnviz.probe.formatting import number, quoted, shortened
from rnnviz.probe.pair import Pair, Role
from rnnviz.probe.probe import Probe
from rnnviz.probe.retention import FORGOTTEN, Retention
from rnnviz.probe.session import Session
from rnnviz.probe.story import Chapter, learned_at
from rnnviz.run.schedule import EDIT, Position
from rnnviz.run.timeline import LOOKING_BACK
from rnnviz.sweeps.spread import sooner, when

#: The label of the last chapter.
_LEARNED = Chapter.LEARNED.label
#: A word lasts longer in one network if it does by this share of the words after it.
_LONGER = 0.1
#: A network is sure of an answer with this probability of two classes, or this many times guessing.
_SURE, _TIMES = 0.6, 2
#: Test scores differ by this share.
_SCORE = 0.04
#: Networks differ by how many seeds learned if more of them do.
_MORE = 2
LETTERS = "AB"
_SAME = "Both begin with the same weights."


class Both(NamedTuple):
    """What the two networks have done with the phrase, in the order A, B."""

    pair: Pair
    probes: tuple[Probe, ...]
    left: tuple[Retention, ...]

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Both sessions."""
        return self.pair.sessions

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Where both stand."""
        return tuple(standing(self.pair, session) for session in self.sessions)

    def called(self, k: int) -> str:
        """The name of a network, underlined."""
        return underlined(self.pair.names[k], k)


def underlined(name: str, k: int) -> str:
    """The name of a network in a sentence: A's line is solid, B's dashed."""
    return f'<u class="rnnviz-called {LETTERS[k].lower()}">{escape(name)}</u>'


def disc(k: int) -> str:
    """The disc of a network: A's is filled, B's dashed."""
    return f'<i class="rnnviz-disc {LETTERS[k].lower()}">{LETTERS[k]}</i>'


def story_html(both: Both) -> str:
    """The chapter of both and one sentence."""
    return story_line(*next(_stories(both)), pair=True)


def answer_of_both(pair: Pair, answer: str) -> str:
    """The chapter of both and the answer of a page, unless a run is broken or catches up."""
    both = Both(pair, (), ())
    told = next(_states(both, shown=True), (_chip(both), answer, False))
    return story_line(*told, pair=True)


def answer_of_one(pair: Pair, answer: str, broken: bool) -> str:
    """The chapter of the network whose pages are shown, and the answer of a page."""
    return story_line(shown_disc(pair) + pair.session.story.chapter, answer, broken, pair=True)


def shown_disc(pair: Pair) -> str:
    """The disc of the network whose pages are shown, if there are two."""
    return f"{disc(pair.sessions.index(pair.session))} " if pair.second else ""


def _stories(both: Both) -> Iterator[tuple[str, str, bool]]:
    """Candidate stories: chip, sentence, and whether a run is broken. The first is shown."""
    pair = both.pair
    if told := luck_story(pair):
        yield *told, False
    yield from _states(both)
    chapters = [session.story.chapter for session in both.sessions]
    if pair.epoch == 0 and same_start(pair):
        differ = pair.first.config.changes(pair.sessions[-1].config)
        yield (
            chapters[0],
            _SAME + " Their difference shows only in training." * bool(differ),
            False,
        )
    if chapters == [_LEARNED] * 2:
        yield "Both learned", _both_learned(both), False
    yield _chip(both), _lasts(both) or _right_in_one(both) or _losses(both), False


def _chip(both: Both) -> str:
    """The common chapter, or which network is ahead."""
    chapters = [session.story.chapter for session in both.sessions]
    ranks = [_rank(chapter) for chapter in chapters]
    if ranks[0] == ranks[1]:
        return chapters[0] if chapters[0] == chapters[1] else Chapter(ranks[0]).label
    ahead = int(ranks[1] > ranks[0])
    return f"{disc(ahead)} {'learned' if chapters[ahead] == _LEARNED else 'ahead'}"


def _states(both: Both, shown: bool = False) -> Iterator[tuple[str, str, bool]]:
    """Which run catches up, or is broken: chip, sentence, whether it is broken.

    With the epoch at which a broken one is ``shown``.
    """
    called, broken = both.called, [one.broken for one in both.standings]
    if None not in broken:
        where = f"from epoch {broken[0]} on in {called(0)}, from {broken[1]} on in {called(1)}"
        yield "Both broke", f"The numbers are not finite {where}.", True
    for k, (own, session) in enumerate(zip(both.standings, both.sessions, strict=True)):
        other = called(1 - k)
        if session.player.opening:
            at, reached = (one.player.position.epoch for one in (session, both.sessions[1 - k]))
            goal = other if reached > at else "the link"
            sentence = f"{called(k)} trains up to the epoch of {goal}: it is at {at}."
            yield f"{disc(k)} catches up", sentence, False
        if own.broken is not None:
            what = f"From epoch {own.broken} on the numbers of {called(k)} are not finite."
            stands, over = both.standings[1 - k], both.sessions[1 - k].player.over
            if shown:
                what += f" It is shown at epoch {session.player.position.epoch}."
            elif not over and stands.broken is None and stands.ended is None:
                what += f" {other} goes on."
            yield f"{disc(k)} broke", what, True


def luck_story(pair: Pair) -> tuple[str, str] | None:
    """What other seeds did: the chip, and a sentence. None if they are not shown."""
    spreads = pair.spreads if pair.luck_shown else []
    if not spreads:
        return None
    at, count = pair.luck.threshold, len(spreads[0].members)
    seeds = f"{count} seed{'s' * (count > 1)}"
    chip, goal = f"{seeds}{' each' * (len(spreads) > 1)}", f"reached {at:.0%}"
    epochs = [np.sort(found[np.isfinite(found)]) for found in (one.first(at) for one in spreads)]
    if len(spreads) == 1:
        return chip, f"{len(epochs[0])} of {seeds} {goal}{when(epochs[0])}."
    names = [Both(pair, (), ()).called(k) for k in (0, 1)]
    first, second, _ = sooner(spreads[0], spreads[1], at)
    one, two = (len(known) for known in epochs)
    if abs(one - two) > _MORE:
        counts = f"{names[0]} {goal} with {one} of {seeds}"
        return chip, f"{counts}, {names[1]} with {two}."
    k = int(second > first)
    if not one and not two:
        return chip, f"Neither {goal} with any of {seeds}."
    if first == second:
        each = f"Each {goal} sooner with {first}" if first else f"Neither {goal} sooner with any"
        return chip, f"{each} of {seeds}."
    return chip, f"{names[k]} {goal} sooner with {max(first, second)} of {seeds}."


def _rank(chapter: str) -> int:
    """The number of a chapter; damage, and a warning, count as the plateau that they are on."""
    ranked = (one for one in Chapter if one.label == chapter and one is not Chapter.DAMAGED)
    return next(ranked, Chapter.PLATEAU)


def same_start(pair: Pair) -> bool:
    """Whether both networks began with the same weights."""
    one, two = (session.run.schedule.start for session in pair.sessions)
    edited = any(
        change.name == EDIT and change.position == Position(0)
        for session in pair.sessions
        for change in session.run.schedule.changes
    )
    # Weights of a file, or of PyTorch, are those of one network.
    first = {id(session.player.first) for session in pair.sessions}
    network = all(row.group != "Network" and row.name != "dtype" for row in one.changes(two))
    return (
        network
        and not edited
        and len(first) == 1
        and pair.first.dataset is pair.sessions[-1].dataset
    )


def _both_learned(both: Both) -> str:
    epochs = [learned_at(session.run.history, session.dataset) for session in both.sessions]
    one, two = (epoch if epoch is not None else math.inf for epoch in epochs)
    k = int(two < one)
    first, later = sorted((one, two))
    if not math.isfinite(later) or first == later:
        return _losses(both)
    gap, called = int(later - first), both.called
    sooner = f"{called(k)} learned {gap} epoch{'s' * (gap > 1)} sooner"
    tests = [_score(session, "test_metric") for session in both.sessions]
    if not abs(tests[0] - tests[1]) >= _SCORE:
        return f"{sooner}: at {first:.0f}, {called(1 - k)} at {later:.0f}."
    joined = "but" if tests[k] < tests[1 - k] else "and"
    return (
        f"{sooner}, {joined} has {tests[k]:.0%} of the test answers right, {called(1 - k)} "
        f"{tests[1 - k]:.0%}."
    )


def _lasts(both: Both) -> str:
    """How long the word followed lasts, if that differs."""
    token = both.left[0].token
    every = len(both.left[0].memory) - 1 - token
    one, two = (left.lasts for left in both.left)
    if not every or abs(one - two) < max(1, _LONGER * every):
        return ""
    noun = both.pair.first.names.noun + "s" * (every > 1)
    probe = both.probes[0]
    name = probe.step_names[token]
    word = escape(name if probe.dataset.series else quoted(name))
    first = f"At least {FORGOTTEN:.0%} of {word} is still left {one} of {every} {noun} later"
    return f"{first} in {both.called(0)}, {two} of {every} in {both.called(1)}."


def _right_in_one(both: Both) -> str:
    """Who has the phrase right, if only one is sure of it."""
    data, known = both.probes[0].dataset, both.probes[0].known
    if not data.one_class_at_end or known[-1] < 0:
        return ""
    least = _SURE if len(data.classes) == 2 else _TIMES / len(data.classes)
    said = [int(probe.answers[-1].argmax()) for probe in both.probes]
    sure = [probe.probability >= least for probe in both.probes]
    right = [sure[k] and said[k] == known[-1] for k in (0, 1)]
    if right[0] == right[1]:
        return ""
    k = int(right[1])
    verb = "says" if sure[1 - k] else "guesses"
    other = escape(shortened(data.classes[said[1 - k]]))
    right_one = f"{both.called(k)} has it right, {both.probes[k].probability:.0%}"
    what = "guesses it, too" if said[0] == said[1] else f"{verb} {other}"
    return f"{right_one}; {both.called(1 - k)} {what}, {both.probes[1 - k].probability:.0%}."


def _losses(both: Both) -> str:
    one, two = (_score(session, "train_loss") for session in both.sessions)
    first, second = number(one, 2), number(two, 2)
    if first == second:
        return f"The loss is about the same: {first} in both."
    epochs = [session.player.position.epoch for session in both.sessions]
    at = [f" at {epoch}" * (abs(epochs[0] - epochs[1]) > 1) for epoch in epochs]
    return f"Loss {first} in {both.called(0)}{at[0]}, {second} in {both.called(1)}{at[1]}."


def _score(session: Session, name: str) -> float:
    return session.run.history.row(session.player.position.epoch)[name]


def scores_html(pair: Pair, pressed: bool = True) -> str:
    """The epoch, and the scores of both on the training or on the test sequences.

    If they can be ``pressed``, buttons choose between them.
    """
    player, data, role = pair.furthest, pair.first.dataset, pair.role
    back = pair.looking_back and not pair.running
    what = f"{LOOKING_BACK} at" if back else f"{player.condition} · {pair.first.unit}"
    last, within = max(one.last for one in pair.players), " within" * bool(player.position.offset)
    buttons = "".join(
        f'<button class="rnnviz-press" data-do="role" data-what="{one}" '
        f'aria-pressed="{str(one is role).lower()}">{name}</button>'
        for one, name in zip(Role, pair.first.run.history.roles, strict=True)
    )
    if not pressed:
        what = f"Recorded · {pair.first.unit}"
    chosen = f'<span class="rnnviz-segment">{buttons}</span>' if pressed else str(role)
    rows = "".join(
        f'<tr class="{role}"><th>{disc(k)} <span>{escape(pair.names[k])}</span></th>'
        f"<td>{score_text(_score(session, f'{role}_loss'), '{:.4f}')}</td>"
        f"<td>{score_text(_score(session, f'{role}_metric'), '{:.1%}')}</td></tr>"
        for k, session in enumerate(pair.sessions)
    )
    return (
        f'<div class="rnnviz-status pair"><div class="epoch{within}"><small>{what}</small>'
        f"<b>{player.progress} of {last}</b></div><table>"
        f"<tr><td>{chosen}</td><th>loss</th>"
        f"<th>{escape(data.metric.name)}</th></tr>{rows}</table></div>"
    )
