"""What begins and ends a comparison, as HTML: the menu *Compare*, offers, and the views."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from rnnviz.charts.pair_page import both_of
from rnnviz.charts.pair_story import (
    LETTERS,
    answer_of_one,
    disc,
    luck_story,
    scores_html,
    story_html,
)
from rnnviz.charts.texts import story_line
from rnnviz.config import SETTINGS, ClipBy, Gradient, Init
from rnnviz.probe.pair import (
    ALIKE,
    GOING_ON,
    LEARNED_IN,
    MORE,
    MOST_EPOCHS,
    READY,
    WELCOME,
    Pair,
    View,
    called_by_changes,
)
from rnnviz.probe.session import Session
from rnnviz.run.player import OPENED, TRAIN_ON
from rnnviz.tasks.windows import fits

#: The message after a change that starts the run again.
_AGAIN = "Started again"


def pair_texts(pair: Pair, own_story: str | None = None) -> dict[str, str]:
    """The texts that replace those of one network; a page may have a story of its own."""
    texts = {"compare": _menu(pair), "message": _message(pair), "luck": _luck(pair)}
    shows_luck = pair.luck_shown and not pair.second and not own_story
    if shows_luck and (luck := luck_story(pair)):
        texts["story"] = story_line(*luck, pair=True)
    if pair.second:
        texts |= {"status": scores_html(pair), "view": _view(pair)}
        told = pair.session.story
        texts["story"] = own_story or (
            story_html(both_of(pair)) if pair.together
            else answer_of_one(pair, escape(told.sentence), told.broken)
        )  # fmt: skip
    return texts


def button(text: str, do: str, what: str = "", value: str = "", kind: str = "") -> str:
    """A button that sends a command; ``text`` is HTML."""
    data = f'data-do="{do}" data-what="{escape(what)}" data-text="{escape(value)}"'
    return f'<button class="rnnviz-press {kind}" {data}>{text}</button>'


def _message(pair: Pair) -> str:
    """The message, with what can be done about a run that was replaced."""
    # While a network catches up, show its message.
    opening = [session.player for session in pair.sessions if session.player.opening]
    problem = pair.first.phrase_input.problem if pair.second else ""
    said = problem or (opening or [pair.session.player])[0].message
    text, offers = escape(said), ""
    if (kept := pair.offered) and (not said or said.startswith((_AGAIN, GOING_ON))):
        starts = kept.run.schedule.start, pair.first.run.schedule.start
        name = escape(called_by_changes((kept.config, pair.first.config), starts)[0])
        offers = button(f"Keep {name} beside it", "bring_back", kind="rnnviz-go")
        if pair.first.player.course.ghost is None:
            offers += " " + button("Show its curves", "show_ghost", kind="rnnviz-go")
    replaced = said.endswith(ALIKE) or said.startswith(_AGAIN) or ": " + _AGAIN in said
    if pair.before and (replaced or OPENED in said or said.endswith(TRAIN_ON)):
        which = "runs" if len(pair.before) > 1 else "run"
        offers = button(f"Back to the {which} before", "take_back", kind="rnnviz-go")
    if said == WELCOME:
        offers = (
            '<button class="rnnviz-go rnnviz-tour">Show me</button> '
            '<button class="rnnviz-press rnnviz-go" data-do="lesson" data-what="begin" '
            'data-label="plateau">Guess first</button>'
        )
    if said.startswith(LEARNED_IN):
        offers = button("Watch it slowly", "show_again", kind="rnnviz-go")
    if said.endswith(TRAIN_ON) and pair.first.config.epochs < MOST_EPOCHS:
        offers += " " + button(f"{MORE} more epochs", "train_on", kind="rnnviz-go")
    line = f"<span>{text}</span> {offers}"
    return f'<div class="rnnviz-message" role="status" title="{text}">{line}</div>'


def _luck(pair: Pair) -> str:
    """The button *Is it luck?*; while seeds are trained it stops them."""
    luck, tip = pair.luck, "Trains other seeds of this run, or of both (S)"
    if luck.problem:
        tip = escape(luck.problem)
    if luck.running:
        ended = sum(len(spread.members) for spread in pair.spreads)
        every = luck.count * len(pair.sessions)
        return _pressed("stop_luck", f"{ended} of {every}, stop", "Keeps what has been trained (S)")
    if pair.luck_complete:
        return _pressed("ask_for_luck", f"{luck.count} seeds ✓", "Hides them again (S)")
    return (
        f'<button class="rnnviz-press rnnviz-luck" data-do="ask_for_luck" title="{tip}">'
        "Is it luck?</button>"
    )


def _pressed(do: str, text: str, tip: str) -> str:
    return (
        f'<button class="rnnviz-press rnnviz-luck" data-do="{do}" aria-pressed="true" '
        f'title="{tip}">{text}</button>'
    )


def _view(pair: Pair) -> str:
    """A | both | B."""
    buttons = "".join(
        f'<button class="rnnviz-press" data-do="view" data-what="{view}" '
        f'aria-pressed="{str(view is pair.view).lower()}" title="{_shows(pair, view)}">'
        f"{view}</button>"
        for view in View
    )
    return f'<span class="rnnviz-segment" role="group" aria-label="Network">{buttons}</span>'


def _shows(pair: Pair, view: View) -> str:
    if view is View.BOTH:
        return "Both networks where a page can show two; the first elsewhere (3)"
    k = LETTERS.index(view)
    return f"{escape(pair.names[k])} alone, on every page ({k + 1})"


def _menu(pair: Pair) -> str:
    """The menu *Compare*: what should differ, ready pairs; of two networks which one goes on."""
    if pair.problem:
        return f"<p>{escape(pair.problem)}</p>"
    ready = "".join(
        f'<button class="rnnviz-press ready" data-do="ready" data-label="{escape(one.label)}">'
        f"<b>{escape(one.label)}</b> <small>{escape(one.note)}</small></button>"
        for one in ([] if pair.first.data.given else READY)
    )
    if pair.second:
        ends = "".join(
            button(f"Go on with {disc(k)} <b>{escape(name)}</b>", "go_on", LETTERS[k])
            for k, name in enumerate(pair.names)
        )
        ends += button("Swap A and B", "swap")
        return f"<h4>End it</h4><div>{ends}</div>{ready and f'<h4>Another pair</h4>{ready}'}"
    others = "".join(
        button(f"{SETTINGS[name].label}: <b>{escape(value)}</b>", "compare", name, value)
        for name, value in _others(pair.first)
    )
    at = pair.first.run.position.epoch
    upto = f", and trains up to epoch {at}, where this run is" if at else ""
    ready = ready and f"<h4>Or open a pair</h4>{ready}"
    if pair.first.player.faint:
        hide = button("Hide the curves of the run before", "hide_ghost")
        ready += f"<h4>The run before is dotted</h4><div>{hide}</div>"
    return (
        f"<h4>This run becomes {disc(0)}. What should differ in {disc(1)}?</h4><div>{others}</div>"
        f"<p>B has the same seed and data, unless they differ{upto}.</p>{ready}"
    )


def _others(session: Session) -> Iterator[tuple[str, str]]:
    """Another value to compare with, for the settings that matter most."""
    config = session.config
    if series := session.dataset.series:
        yield "window", str(max(2, config.window // 2))
        if fits(series, 2 * config.window):
            yield "window", str(2 * config.window)
    yield "cell", "lstm" if config.cell == "elman" else "elman"
    if config.cell == "elman":
        yield "gradient", str(next(one for one in Gradient if one is not config.gradient))
    yield "lr", f"{min(SETTINGS['lr'].high, config.lr * 5):g}"
    yield "init", str(Init.ORTHOGONAL if config.init is not Init.ORTHOGONAL else Init.XAVIER)
    yield "hidden", str(config.hidden // 2 if config.hidden > 1 else 2)
    yield "optimizer", "adam" if config.optimizer != "adam" else "sgd"
    yield "clip_by", str(ClipBy.OFF if config.clip_by is not ClipBy.OFF else ClipBy.NORM)
    yield "seed", str((config.seed + 1) % int(SETTINGS["seed"].high))
