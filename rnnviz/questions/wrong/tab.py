"""Tab *Where is it wrong?*: every answer to a part of the data, and one of them word by word."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import cast

import numpy as np
import streamlit as st

from rnnviz.charts.answers import class_strip, value_lines
from rnnviz.charts.axes import NowAndPinned
from rnnviz.charts.first_page import words_of, words_row
from rnnviz.charts.hidden_states import running_margin_bars
from rnnviz.charts.pair_story import underlined
from rnnviz.charts.picture import Picture
from rnnviz.charts.sequence_network import Words
from rnnviz.charts.shapes import sentence
from rnnviz.charts.table import class_scores, row_lists
from rnnviz.charts.texts import verdict_html
from rnnviz.charts.theme import plain, shown_token
from rnnviz.charts.training_curves import metric_curve
from rnnviz.config import OutputAt
from rnnviz.probe.comparison import answers as compared_answers
from rnnviz.probe.comparison import second_probe, two_sided
from rnnviz.probe.formatting import number, quoted
from rnnviz.probe.pair import Pair
from rnnviz.probe.results import Answers, Confusion, Values, confusion
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.answer_list import (
    MOST,
    part_name,
    rows_of,
    rows_of_both,
    rows_of_windows,
)
from rnnviz.questions.wrong.answers_source import AnswersSource
from rnnviz.questions.wrong.forecast_charts import (
    charts_of_both,
    errors_of_both,
    forecast_charts,
    in_both,
    judgement,
    verdict_of_window,
)
from rnnviz.questions.wrong.measure import (
    Ahead,
    DataPart,
    ResultFile,
    ResultsLab,
    Section,
    Show,
    apart,
    closer,
    in_common,
    most_confused,
    result_csv,
    result_files,
    whole,
)
from rnnviz.questions.wrong.pictures import (
    answers_of_both,
    class_bars,
    confusion_matrix,
    value_scatter,
)
from rnnviz.tasks.forecasts import expected_values, expects_values
from rnnviz.ui.browser_session import current_tab, first_value, saved, visit
from rnnviz.ui.choices import choose_one
from rnnviz.ui.frame import Frame
from rnnviz.ui.sheet import Chart, Column, Sheet, go_to_click, names_in
from rnnviz.ui.style import sticky_theme, theme
from rnnviz.ui.viewer import Event

#: Maximum number of classes in the matrix.
MOST_CLASSES = 8


# Both networks


def _beside(source: AnswersSource, pair: Pair) -> AnswersSource:
    """The same answers of both networks, to the same phrase."""
    second = pair.second
    if second is None:
        return source
    session, example = source.session, source.example
    lab, own = session.lab(ResultsLab), second.lab(ResultsLab)
    own.fit(second.dataset)
    own.rows, own.ahead, own.column = lab.rows, lab.ahead, lab.column
    if second.phrase_input.typed != session.phrase_input.typed:
        second.ask(session.phrase_input.typed)
    probe = second_probe(session, second)
    if example is not None and source.probe is not session.inspect():
        probe = own.probe(second.state, second.dataset, second.settings, example)
    answers = own.answers(second.state, second.dataset)
    other = AnswersSource(second, answers, probe, example)
    return source._replace(other=other, names=pair.names)


def _alike(source: AnswersSource, other: AnswersSource) -> bool:
    """Whether both networks answer the same sequences."""
    one, two = (s.session.lab(ResultsLab).part(s.session.dataset) for s in (source, other))
    return one is two or [example.text for example in one] == [example.text for example in two]


def _sections_of_both(
    source: AnswersSource, other: AnswersSource, show: Show
) -> tuple[Answers | Values, Answers | Values, list[Section]]:
    """The answers of both to the sequences that both have read, and their sections."""
    one, two = source.listed, other.listed
    if isinstance(one, Values) and isinstance(two, Values):
        values = in_common(one, two)
        return *values, closer(*values, show)
    assert isinstance(one, Answers) and isinstance(two, Answers)
    answers = in_common(one, two)
    return *answers, apart(*answers, show)


def _told_of_both(source: AnswersSource, other: AnswersSource) -> str:
    """How many sequences one network alone has right, or answers more closely."""
    session, names = source.session, [*map(underlined, source.names, (0, 1))]
    if not _alike(source, other):
        if shared := in_both(source, other):
            return errors_of_both(shared, session.lab(ResultsLab).column, names)
        return f"The data of both differ: the list is that of {names[0]}."
    _, _, sections = _sections_of_both(source, other, Show.ERRORS)
    counts = [len(section.answers) for section in sections[:2]]
    one, two = (f"<strong>{count:,}</strong>" for count in counts)
    what = f"{part_name(session)}{session.names.sequence}"
    if not session.dataset.answers_classes:
        closer_by = f"more closely by {names[0]}: {one}; by {names[1]}: {two}"
        return f"Of the {what}s, answered {closer_by}."
    what += "s" * (counts[0] != 1)
    return f"Right in {names[0]} alone: {one} {what}; in {names[1]} alone: {two}."


def _list_of_both(source: AnswersSource) -> Picture:
    """The sequences by who is right; of different data those of the first network."""
    other = source.other
    if not other or not _alike(source, other):
        return _list(source)
    show = source.session.lab(ResultsLab).show
    first, second, sections = _sections_of_both(source, other, show)
    rows = [
        rows_of_both(source.session, source.names, first, second, section, theme=theme())
        for section in sections
        if len(section.answers) or section.name in ("first", "second")
    ]
    return row_lists("Answers of both", rows, source.opened, theme())


def _answers_of_both(source: AnswersSource) -> Picture:
    """What both say after every token: the target's probability, or the error."""
    if source.other is None:
        return _answers(source)
    session, data, probe = source.session, source.session.dataset, source.probe
    colors = sticky_theme(session, "answers of both")
    known = source.example.targets if source.example else probe.known
    found = []
    for one in (source, source.other):
        if not one.probe.finite:
            problem = "The answers of one network are not finite numbers."
            return sentence("Answer after every step", problem, colors)
        passed = one.probe.running_probs if data.one_class_at_end else one.probe.answers
        found.append(compared_answers(one.probe, passed, known).values)
    count = len(probe.words) - len(found[0])
    values = [np.concatenate([np.full(count, np.nan), row]) for row in found]
    both = NowAndPinned(values[0], source.names[1], values[1])
    if not data.answers_classes:
        largest = colors.scale.nice_limit(float(np.nanmax(values)))
        what = "Error after every " + session.names.noun
        return answers_of_both(both, source.names[0], probe.words, what, colors, largest=largest)
    target = data.classes[1] if two_sided(data) else "the target"
    what = f"Probability of {plain(shown_token(target))}"
    guess = None
    if data.one_class_at_end:
        shares, drawn = data.guess.answer, 1 if two_sided(data) else int(known[-1])
        guess = float(shares.max() if drawn < 0 else shares[drawn])
    return answers_of_both(both, source.names[0], probe.words, what, colors, guess=guess)


def _confusion_k(k: int, source: AnswersSource) -> Picture:
    one = (source, source.other)[k] or source
    classes, name = one.session.dataset.classes, source.names[k]
    return confusion_matrix(_confusion_of(one), classes, None, theme(), name=name)


def _scatter_k(k: int, source: AnswersSource) -> Picture:
    one = (source, source.other)[k] or source
    values, colors = cast(Values, one.answers), sticky_theme(source.session, "scatter")
    classes = one.session.dataset.classes
    return value_scatter(values, classes, colors, source.opened, name=source.names[k])


def _of_both(pair: Pair) -> tuple[Column[AnswersSource], Column[AnswersSource]]:
    data = pair.first.dataset
    rows = Chart("list", 5, _list_of_both, click=_open, kind="table", text="list_of_both")
    if expects_values(data):
        return charts_of_both(rows, _open)
    left = [Chart("answers", 3, _answers_of_both, text="answers_of_both"), rows]
    if data.answers_classes:
        return left, [
            Chart(f"confusion_{k}", 5, partial(_confusion_k, k), text="confusion_of_both")
            for k in (0, 1)
        ]
    return left, [
        Chart(f"scatter_{k}", 5, partial(_scatter_k, k), click=_open, text="scatter")
        for k in (0, 1)
    ]


# Choices


def _choose(session: Session) -> None:
    lab, data, tab = session.lab(ResultsLab), session.dataset, current_tab()
    parts = list(DataPart) if data.test else [DataPart.TRAIN]
    if session.player.recorded:
        lab.rows = DataPart.TRAIN
    else:
        lab.rows = DataPart(_segments("Rows", parts, lab.rows if data.test else DataPart.TRAIN))
    shown = list(Show) if data.answers_classes else [Show.ERRORS, Show.ALL]
    if expects_values(data):
        _choose_answers(session)
    lab.show = Show(_segments("Show", shown, lab.show if lab.show in shown else Show.ERRORS))
    # A file is made on a click.
    with st.popover("Save as CSV", width="stretch"):
        for kind in result_files(session):
            st.download_button(
                kind.label, partial(saved, tab, partial(_result, kind)),
                f"answers-{lab.rows}{kind.suffix}.csv", "text/csv",
                key=f"save{kind.suffix or '-answers'}", on_click="ignore", width="stretch",
                help=kind.help,
            )  # fmt: skip


def _choose_answers(session: Session) -> None:
    """Let the reader choose the column, and how far ahead, if there are several."""
    lab, series = session.lab(ResultsLab), expected_values(session.dataset)
    columns = series.columns.expected
    if len(columns) > 1:
        first = first_value("wrong_column", (visit("train"), columns), lab.column)
        column = st.selectbox("Column", range(len(columns)), first, key="wrong_column",
                              format_func=columns.__getitem__)  # fmt: skip
        lab.column = int(column or 0)
    if series.horizon > 1:
        lab.ahead = Ahead(_segments("Ahead", [*Ahead], lab.ahead))


def _result(kind: ResultFile, pair: Pair) -> str:
    """The results of the network whose pages are shown."""
    return result_csv(pair.session, kind)


def _segments(label: str, options: Sequence[str], value: str) -> str:
    key = f"wrong_{label.lower()}"
    edition = visit("train"), tuple(options)
    return choose_one(
        label, options, value, edition, f"{key}_{len(options)}", slot=key, format_func=str
    )


def _choose_cell(session: Session, click: Event) -> None:
    """List the answers of a cell of the confusion matrix, until a second click."""
    target, predicted = (int(k) for k in click["data"])
    if not {target, predicted} <= {*range(len(session.dataset.classes))}:
        raise ValueError("there is no such class")
    lab = session.lab(ResultsLab)
    lab.cell = None if lab.cell == (target, predicted) else (target, predicted)


def _open(session: Session, click: Event) -> None:
    """Make a sequence of the list the phrase, with its own target."""
    lab = session.lab(ResultsLab)
    part = lab.part(session.dataset)
    row = range(len(part))[int(click["data"])]
    session.ask(session.dataset.phrase_of(part[row]))
    lab.choose((lab.rows, row), part[row], session.dataset, session.phrase_input.typed)


def _source(session: Session) -> AnswersSource:
    lab, data, box = session.lab(ResultsLab), session.dataset, session.phrase_input
    lab.fit(data)
    answers, example = lab.answers(session.state, data), lab.current(box.typed)
    probe = session.inspect()
    # Of a sentence with several translations the phrase has the target of one.
    same = example is None or (
        data.phrase_of(example) == box.phrase
        and np.array_equal(example.inputs, probe.example.inputs)
    )
    if example is not None and not same:
        probe = lab.probe(session.state, data, session.settings, example)
    return AnswersSource(session, answers, probe, example)


def _sections(session: Session, answers: Answers | Values) -> list[Section]:
    lab = session.lab(ResultsLab)
    if expects_values(session.dataset):
        return lab.largest(lab.step(session.state, session.dataset))
    return lab.listed(answers) if isinstance(answers, Answers) else lab.largest(answers)


def _text_of_answers(session: Session) -> str:
    data = session.dataset
    if data.one_class_at_end:
        return "margin" if len(data.classes) == 2 else "answers_bars"
    if data.answers_classes:
        return "answers"
    return "answers_values" if data.reads is OutputAt.EVERY else "answers_values_last"


# The answer


def _told(source: AnswersSource) -> str:
    if source.other:
        return f"{_told_of_both(source, source.other)}{_progress_note(source)}"
    if expects_values(source.session.dataset):
        return f"{judgement(source.session)}{_progress_note(source)}"
    score = _score(source.answers, source.session)
    return f"{score} {_worst_error(source)}{_progress_note(source)}"


def _score(answers: Answers | Values, session: Session) -> str:
    data, part = session.dataset, part_name(session)
    if isinstance(answers, Values):
        score = data.metric.score(answers.predicted, answers.targets, answers.owners)
        label = data.metric.label.replace("answers", f"{part}answers")
        return f"The {label} is <strong>{score:.1%}</strong>."
    right, count = int((~answers.wrong).sum()), len(answers.predicted)
    what = f"{session.names.sequence}s" if data.one_class_at_end else "answers"
    sentence = f"<strong>{right:,} of {count:,}</strong> {part}{what} are right"
    if data.one_class_at_end:
        return f"{sentence}."
    owners = answers.owners
    sequences, entire = (len(np.unique(some)) for some in (owners, owners[whole(answers)]))
    return f"{sentence}, {entire:,} of {sequences:,} {session.names.sequence}s as a whole."


def _worst_error(source: AnswersSource) -> str:
    answers, classes = source.answers, source.session.dataset.classes
    if isinstance(answers, Values):
        return f"The largest error is {number(float(answers.errors.max()), 2)}."
    pair = most_confused(answers)
    if pair is None:
        return ""
    target, predicted = (escape(quoted(shown_token(classes[k]))) for k in pair)
    return f"Most often {target} is mistaken for {predicted}."


def _progress_note(source: AnswersSource) -> str:
    part = len(source.session.lab(ResultsLab).part(source.session.dataset))
    done = len(np.unique(source.answers.owners))
    if done == part:
        return ""
    rest = "Pause for all." if source.session.player.running else "The rest is being read."
    return f" Measured on {done:,} of {part:,}. {rest}"


# The pictures


def _words(session: Session, source: AnswersSource) -> Picture:
    probe = source.probe
    own = probe is session.inspect()
    words = words_of(session, probe) if own else Words(probe.step_names, session.names.noun)
    return words_row(words, theme(), steps=probe.step_texts)


def _answers(source: AnswersSource) -> Picture:
    session, probe, data = source.session, source.probe, source.session.dataset
    colors, words = sticky_theme(session, "answers"), probe.words
    if not probe.finite:
        return sentence("Answer after every step", "The answers are not finite numbers.", colors)
    targets = source.example.targets if source.example else probe.known
    if not data.answers_classes:
        return value_lines(probe.running, targets, data.classes, words, colors)
    if not data.one_class_at_end:
        return class_strip(probe.answers, targets, data.classes, words, colors)
    if len(data.classes) == 2:
        label = data.classes[probe.margin_class]
        return running_margin_bars(probe.margin, words, label, colors, session.names.noun)
    target = None if targets[-1] < 0 else int(targets[-1])
    return class_bars(probe.running_probs, target, data.classes, words, colors)


def _list(source: AnswersSource) -> Picture:
    session = source.session
    sections = _sections(session, source.answers)
    if expects_values(session.dataset):
        step = session.lab(ResultsLab).step(session.state, session.dataset)
        rows = [rows_of_windows(session, step, section, theme()) for section in sections]
        return row_lists("Windows", rows, source.opened, theme())
    # The first section is shown even if it is empty: it says that there are no errors.
    shown = [sections[0], *(section for section in sections[1:] if len(section.answers))]
    rows = [rows_of(session, source.answers, section, theme()) for section in shown]
    return row_lists("Answers", rows, source.opened, theme())


def _confusion_of(source: AnswersSource) -> Confusion:
    answers, classes = cast(Answers, source.answers), source.session.dataset.classes
    return confusion(answers, len(classes), MOST_CLASSES)


def _scatter(source: AnswersSource) -> Picture:
    values, session = cast(Values, source.answers), source.session
    colors = sticky_theme(session, "scatter")
    return value_scatter(values, session.dataset.classes, colors, source.opened)


def _confusion(source: AnswersSource) -> Picture:
    classes, cell = source.session.dataset.classes, source.session.lab(ResultsLab).cell
    answers = cast(Answers, source.answers)
    sections = _sections(source.session, answers)
    listed = np.concatenate([answers.owners[section.answers[:MOST]] for section in sections])
    some = np.isin(answers.owners, listed)
    rows = np.stack([answers.owners[some], answers.targets[some], answers.predicted[some]])
    counted, placed = _confusion_of(source), np.unique(rows, axis=1)
    return confusion_matrix(counted, classes, cell, theme(), placed=placed, opened=source.opened)


# The tab


def _controls(session: Session) -> None:
    session.lab(ResultsLab).fit(session.dataset)
    _choose(session)


def _charts(session: Session) -> tuple[Column[AnswersSource], Column[AnswersSource]]:
    data = session.dataset
    session.lab(ResultsLab).fit(data)
    if expects_values(data):
        above, right = forecast_charts(_open)
        rows = Chart("list", 4.2, _list, click=_open, kind="table", text="list_of_windows")
        return [*above, rows], right
    left = [
        Chart("answers", 3, _answers, text=_text_of_answers(session)),
        Chart("list", 5, _list, click=_open, kind="table"),
    ]
    if data.answers_classes:
        right = [
            Chart("confusion", 5.6, _confusion, click=_choose_cell),
            Chart("scores", 3, lambda of: class_scores(
                _confusion_of(of), of.session.dataset.classes, theme()), kind="table"),
        ]  # fmt: skip
    else:
        right = [Chart("scatter", 5, _scatter, click=_open)]
    text = "metric_recording" if session.player.recorded else "metric"
    metric: Chart[AnswersSource] = Chart("metric", 2.6, lambda of: metric_curve(
        of.session.player.course, of.session.dataset.metric, theme()),
        click=go_to_click, text=text)  # fmt: skip
    return left, [*right, metric]


def _verdict(source: AnswersSource, frame: Frame) -> None:
    session, probe = source.session, source.probe
    opened = probe is not session.inspect()
    if expects_values(session.dataset) and probe.finite and not session.phrase_input.problem:
        frame.texts["verdict"] = verdict_of_window(source)
        return
    frame.texts["verdict"] = verdict_html(probe, session.phrase_input.problem, opened)


TAB = Sheet(
    "wrong", _source,
    _told,
    _charts, _controls,
    lambda session: session.lab(ResultsLab).develop(session.state, session.dataset),
    more=_verdict, words=_words, on_words=lambda session: not expects_values(session.dataset),
    probe=lambda of: of.probe, beside=_beside, of_both=_of_both,
    fields=lambda session: {**names_in(session), "label": session.dataset.metric.label},
)  # fmt: skip
