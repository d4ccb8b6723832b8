"""Sheet: the tab of a question as a list of charts, each declared in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from itertools import chain
from typing import Generic, TypeVar

from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.first_page import words_of, words_row
from rnnviz.charts.pair_story import answer_of_both, answer_of_one
from rnnviz.charts.picture import Picture
from rnnviz.charts.texts import explanation, preset_link, story_line
from rnnviz.probe.pair import Pair
from rnnviz.probe.probe import Probe
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from rnnviz.tasks.data_source import contrast
from rnnviz.ui.frame import Frame
from rnnviz.ui.stage import Panel, place_sheet
from rnnviz.ui.style import theme
from rnnviz.ui.viewer import Event, Scene


def answer_html(pair: Pair, answer: str, probe: Probe | None = None, both: bool = False) -> str:
    """The story line of a tab as HTML: the chapter and the answer, or the problem.

    ``probe`` is the sequence shown, if it isn't the phrase. ``both``: the answer is that of both
    networks.
    """
    session = pair.session
    told, problem = session.story, session.phrase_input.problem
    answer = answer if both else f"{answer} {told.ending}".rstrip()
    if told.ending and not pair.second and (other := contrast(session.config)):
        answer = f"{answer} {preset_link(other)}"
    unknown = ", ".join(word[:40] for word in (probe or session.inspect()).reading.unknown[:12])
    if problem or (told.broken and not both):
        answer = escape(problem or told.sentence)
    elif unknown:
        answer = f"Skipped, as not in the vocabulary: {escape(unknown)}. {answer}"
    broken = bool(problem or told.broken)
    if both and not problem:
        return answer_of_both(pair, answer)
    if pair.second:
        return answer_of_one(pair, answer, broken)
    return story_line(told.chapter, answer, broken)


S = TypeVar("S")
#: What a click or a selection does.
Act = Callable[[Session, Event], None]


@dataclass(frozen=True)
class Chart(Generic[S]):
    """A picture of a subject: its key, its share of the height, and what draws it.

    The ``remark`` says what it was measured on. ``text`` names its explanation, by default the key;
    ``fields`` fill its gaps. For ``kind`` and ``head`` see ``Panel``.
    """

    key: str
    share: float
    picture: Callable[[S], Picture]
    remark: Callable[[S], str] = lambda _: ""
    click: Act | None = None
    text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    kind: str = "chart"
    head: bool = False


#: Charts one below the other; those of a tuple are side by side.
Column = Sequence[Chart[S] | tuple[Chart[S], ...]]


def names_in(session: Session) -> dict[str, str]:
    """The fields of most explanations."""
    return {"noun": session.names.noun, "sequence": session.names.sequence}


def words_in(session: Session, subject: object, shades: Sequence[str] = ()) -> Picture:
    """The words of the phrase, in frames of these ``shades`` if there are any."""
    del subject
    probe = session.inspect()
    words = words_of(session, probe)
    if probe.step_texts:  # Steps have names; what is typed are their values.
        words = words._replace(tokens=probe.step_names, typed=())
    return words_row(words, theme(), shades, probe.step_texts)


@dataclass(frozen=True)
class Sheet(Generic[S]):
    """The tab of a question: the ``charts`` of a ``subject``, left below the words, and right.

    The words are left out unless ``on_words``.

    ``answer`` is the story line, as HTML. ``measure`` returns the remaining work while the run is
    paused: an iterator that yields where it can stop. When the part of it that the widgets show,
    ``shown``, changes, they are drawn again. ``handlers`` and ``more`` handle and draw what is no
    chart. ``probe`` is the subject of the answer, if not the phrase. ``fields`` fill the gaps of
    the explanations, which are in the text.md of the folder ``name``. Of a pair a sheet shows the
    first network; with ``beside`` both are in the subject, with ``of_both`` it has other charts,
    and an answer of both.
    """

    name: str
    subject: Callable[[Session], S]
    answer: Callable[[S], str]
    charts: Callable[[Session], tuple[Column[S], Column[S]]]
    controls: Callable[[Session], None]
    measure: Callable[[Session], Iterator[object]] | None = None
    shown: Callable[[Session], object] = lambda _: None
    handlers: Mapping[str, Act] = field(default_factory=dict)
    more: Callable[[S, Frame], None] = lambda subject, frame: None
    probe: Callable[[S], Probe | None] = lambda _: None
    words: Callable[[Session, S], Picture] = words_in
    on_words: Callable[[Session], bool] = lambda _: True
    fields: Callable[[Session], dict[str, str]] = names_in
    beside: Callable[[S, Pair], S] | None = None
    of_both: Callable[[Pair], tuple[Column[S], Column[S]]] | None = None

    def lay_out(self, pair: Pair, controls: DeltaGenerator) -> Scene:
        """Place the controls and the charts."""
        session = pair.session
        with controls:
            self.controls(session)
        left, right = self._columns(pair)
        fields = self.fields(session)
        words = Panel("words", 0, explanation("words", noun=session.names.noun), kind="words")
        above = [[words]] if self.on_words(session) else []
        place_sheet(self.name, [*above, *self._panels(left, fields)], self._panels(right, fields))
        return self.live(pair)

    def _columns(self, pair: Pair) -> tuple[Column[S], Column[S]]:
        of_both = self.of_both if pair.together else None
        return of_both(pair) if of_both else self.charts(pair.session)

    def live(self, pair: Pair) -> Scene:
        """The scene of the tab, with the last choices of its controls."""
        session = pair.session
        charts = [chart for column in self._columns(pair) for chart in _flat(column)]

        def draw(frame: Frame) -> None:
            subject, both = self.subject(session), bool(self.of_both and pair.together)
            if self.beside and pair.together:
                subject = self.beside(subject, pair)
            answer, probe = self.answer(subject), self.probe(subject)
            frame.texts["story"] = answer_html(pair, answer, probe, both)
            frame.chart("words", self.words, session, subject)
            for chart in charts:
                frame.chart(
                    chart.key, chart.picture, subject, remark=partial(chart.remark, subject)
                )
            self.more(subject, frame)

        acts = dict(self.handlers) | {chart.key: chart.click for chart in charts if chart.click}
        handlers = {key: partial(act, session) for key, act in acts.items()}
        job = partial(self._measured, pair) if self.measure else None
        kinds = {"words": "words"} | {chart.key: chart.kind for chart in charts}
        return Scene(session, draw, handlers, job, partial(self.shown, session), kinds)

    def _measured(self, pair: Pair) -> Iterator[object]:
        assert self.measure
        shown = pair.sessions if self.beside and pair.together else (pair.session,)
        return chain.from_iterable(map(self.measure, shown))

    def _panels(self, column: Column[S], fields: Mapping[str, str]) -> Iterator[list[Panel]]:
        for row in column:
            yield [self._panel(chart, fields) for chart in _flat([row])]

    def _panel(self, chart: Chart[S], fields: Mapping[str, str]) -> Panel:
        name = chart.text or chart.key
        text = explanation(
            name if "/" in name else f"{self.name}/{name}", **{**fields, **chart.fields}
        )
        clicks = chart.click is not None
        return Panel(chart.key, chart.share, text, clicks, chart.kind, chart.head)


def _flat(column: Column[S]) -> Iterator[Chart[S]]:
    for row in column:
        yield from row if isinstance(row, tuple) else (row,)


def go_to_click(session: Session, click: Event) -> None:
    """Show the epoch that was clicked in a chart over the epochs."""
    epoch = Position(round(click["x"]))
    session.player.pause()
    session.player.go_to(epoch)


def no_room(what: str, tokens: int, most: int, noun: str) -> str:
    """What a picture leaves out of more than ``most`` tokens; nothing if it has room."""
    return f"No {what}: there is room for them up to {most} {noun}s." if tokens > most else ""
