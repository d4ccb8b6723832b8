"""The reader's own data: files or pasted text, a preview, and the start button."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from html import escape
from itertools import groupby
from typing import Any, Literal
from zlib import crc32

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.series_strips import strips_html
from rnnviz.config import SETTINGS, Setting
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.tasks.data.csv_table import (
    MAX_WORDS,
    Encoding,
    EncodingError,
    RawTable,
    RowError,
    TaskError,
)
from rnnviz.tasks.data.number_columns import (
    Given,
    guessed_columns,
    joined_columns,
    listed_columns,
    possible_forms,
    series_columns,
)
from rnnviz.tasks.data.rows import Form, columns_of, near_listed
from rnnviz.tasks.data.series import Fill
from rnnviz.tasks.data.vocabulary import Unit
from rnnviz.tasks.preview import LEARNED, preview
from rnnviz.tasks.upload import (
    DATA_SETTINGS,
    File,
    Upload,
    cells_of,
    check_rows,
    dataset_of,
    guessed_form,
    usual_unit,
    usual_window,
    with_columns,
)
from rnnviz.ui.browser_session import on_pair
from rnnviz.ui.stage import place_file
from rnnviz.ui.style import escaped, theme

#: Maximum number of problems that are listed.
_MOST_ROWS = 500
#: Maximum number of spans of rows that are listed for one problem.
_MOST_SPANS = 3
_ID = "The column, or columns together, that identify each of several series."
_VALUES = "The columns of numbers that are read, and expected in the next steps."
_TIME = (
    "The column of dates or numbers, or several with the parts of a date, such as year and month. "
    "Without one, each row is a step."
)
_INPUTS = "Columns that are known beforehand, such as a price or the day of the week."
_HELP = (
    "A table (.csv, .tsv, .xlsx, .parquet) with numbers over time, or with a column of texts and, "
    "if you like, one of labels or translations; or a plain text. At most 5 MB and 20,000 rows. It "
    "stays on this machine."
)


def choose_encoding(upload: Upload) -> Upload:
    """The upload with the chosen encoding, if a file isn't UTF-8: until then it can't be read."""
    samples: dict[Encoding, str] = {}
    for file in (upload.train, upload.test):
        try:
            if file:
                cells_of(file)
        except EncodingError as problem:
            samples = problem.samples | samples
        except TaskError:
            continue
    if not samples:
        return upload
    chosen = st.radio(
        "This file is not UTF-8. Which sample reads correctly?", list(samples), None,
        captions=[escaped(sample) for sample in samples.values()], format_func=str,
        key=_key("encoding", _mark(upload.train), _mark(upload.test)),
    )  # fmt: skip
    return replace(upload, encoding=chosen)


def choose_columns(upload: Upload) -> Upload:
    """The upload with the chosen task and columns, at first guessed. Raises TaskError.

    A plain text has no columns. Those of numbers over time are chosen one after the other.
    """
    cells, key = cells_of(upload.train, upload.encoding), _key("", _mark(upload.train))
    if cells.plain:
        return with_columns(upload)
    form = guessed_form(upload)
    if len(cells.columns) > 1:
        forms = possible_forms(cells)
        form = st.selectbox(
            "To learn", forms, forms.index(form), format_func=LEARNED.__getitem__,
            key=f"form{key}",
        ) or form  # fmt: skip
    if form.numbers:
        return _choose_numbers(upload, cells, form)
    guess = columns_of(cells, form)
    chosen = [
        st.selectbox(
            f"Column of the {role}", cells.columns, cells.columns.index(name),
            key=f"{role}_column{key}",
        )
        for role, name in zip(form.columns, guess.names, strict=True)
    ]  # fmt: skip
    text, label = (*chosen, None)[:2]
    return with_columns(replace(upload, form=form, text_column=text, label_column=label))


def _choose_numbers(upload: Upload, cells: RawTable, form: Form) -> Upload:
    """The upload with the chosen columns of numbers over time; raise TaskError.

    What is chosen is not offered again, and the rest is guessed again. A part with no column
    left is not asked for.
    """
    given, mark = Given(form), _mark(upload.train)

    def choose(role: str, label: str, help: str, most: int | None = 1) -> str:
        guess = guessed_columns(cells, given)
        taken = {name for text in given[1:-1] for name in listed_columns(cells, text or "")}
        free = [name for name in cells.columns if name not in taken]
        if not free:
            return ""
        names: list[str] = st.multiselect(
            label, free, guess.of(role), help=help, key=_key(f"{role}_column", mark, given),
            max_selections=most, placeholder="none",
        )  # fmt: skip
        return joined_columns(names)

    given = given._replace(time=choose("time", "Time", _TIME, None))
    given = given._replace(id=choose("id", "Series", _ID, None))
    if form is not Form.VALUES:
        given = given._replace(label=choose("label", "Label", "The column of the classes."))
    wide = guessed_columns(cells, given).wide
    given = given._replace(value=choose("value", "Values", _VALUES, None))
    if form is not Form.VALUES:
        given = given._replace(input="")
    else:
        given = given._replace(input=choose("input", "Inputs", _INPUTS, None))
        several = len(listed_columns(cells, given.value or "")) > 1 and not given.id
        wide = several and st.checkbox("Each value is a series", wide, key=_key("wide", mark, wide))
    found = series_columns(cells, given._replace(wide=wide))
    return replace(
        upload, form=form, time=given.time, value=_listed(cells, given, "value"),
        input=_listed(cells, given, "input"), id=given.id,
        label_column=found.label or None, wide=found.wide,
    )  # fmt: skip


def _listed(cells: RawTable, given: Given, role: Literal["value", "input"]) -> str | None:
    """The chosen columns as a text; None for many long names that are guessed; raise TaskError."""
    text: str = getattr(given, role)
    most = int(DATA_SETTINGS[role].high)
    if len(text) <= most:
        return text
    open_ = given._replace(value=None) if role == "value" else given._replace(input=None)
    if joined_columns(guessed_columns(cells, open_).of(role)) == text:
        return None
    raise TaskError(
        f"{cells.name}: the names of the chosen columns have more than {most:,} characters. "
        "Choose fewer, or shorten them."
    )


def merge_labels(upload: Upload) -> Upload:
    """The upload, with nearly equal labels merged if the reader ticks the box."""
    if not (near := check_rows(upload).near):
        return upload
    merge = st.checkbox("Merge nearly equal labels", key=_key("merge", near))
    what = "Merged" if merge else "Nearly equal"
    st.caption(escaped(f"{what}: {near_listed(near, merge)}"))
    return replace(upload, merge_labels=merge)


def skip_rows(upload: Upload) -> Upload:
    """The upload, without unusable rows if the reader ticks the box; lists them, with reasons."""
    checked = check_rows(upload)
    if not (count := len(checked.unusable)):
        return upload
    problems = f"{count:,} problem{'s' * (count > 1)} in {checked.count:,} rows"
    rows = f"{count:,} of {checked.count:,} rows can’t be used"
    st.markdown(f"**{problems if checked.series else rows}**")
    st.html(_table(checked.faults, checked.test_faults))
    noun = "problem" if checked.series else "row"
    which = f"these {count:,} {noun}s" if count > 1 else f"this {noun}"
    if checked.mendable:
        upload = _fill(upload, checked.unusable)
        count = len(check_rows(upload).unusable)
        if upload.skip_bad or not upload.fill or not count:
            return upload
        which = f"what Fill can’t mend: {count:,}"
    skip = st.checkbox(f"Skip {which}", key=_key("skip", checked.unusable, upload.fill))
    return replace(upload, skip_bad=skip)


def _fill(upload: Upload, problems: tuple[RowError, ...]) -> Upload:
    """The upload, with what is missing filled or skipped as the reader chooses."""
    ways = {
        "Fill: between neighbours": Fill.INTERPOLATE, "Fill: the last value": Fill.LAST,
        "Skip": None,
    }  # fmt: skip
    chosen = st.radio(
        "What is missing", [*ways], None, key=_key("fill", problems),
        help="Fill fills gaps between two numbers, and with the last one those at the end, too. "
        "Skip cuts the series there.",
    ) or ""  # fmt: skip
    return replace(upload, fill=ways.get(chosen), skip_bad=chosen == "Skip")


def _table(train: tuple[RowError, ...], test: tuple[RowError, ...]) -> str:
    """The problems and the rows of each, as a table that scrolls."""
    found: dict[tuple[str, str], list[int]] = {}
    for file, faults in (("", train), ("test ", test)):
        for fault in faults:
            found.setdefault((file, fault.reason), []).append(fault.row)
    cells = [(f"{file}{_spans(rows)}", escape(reason)) for (file, reason), rows in found.items()]
    if len(cells) > _MOST_ROWS:
        cells[_MOST_ROWS:] = [("…", f"{len(cells) - _MOST_ROWS:,} more")]
    rows = "".join(f"<tr><td>{row}</td><td>{reason}</td></tr>" for row, reason in cells)
    return (
        '<div class="rnnviz-faults" role="region" tabindex="0" aria-label="Rows that can’t be '
        f'used"><table><thead><tr><th>row</th><th>reason</th></tr></thead>{rows}</table></div>'
    )


def _spans(rows: Iterable[int]) -> str:
    """Rows in a few characters: 3, 7–12, 40 and 9 more; nothing for the whole file, row 0."""
    ordered = sorted({*rows} - {0})
    runs = [
        [row for _, row in run]
        for _, run in groupby(enumerate(ordered), lambda pair: pair[1] - pair[0])
    ]
    spans = [f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs[:_MOST_SPANS]]
    rest = sum(map(len, runs[_MOST_SPANS:]))
    return ", ".join(spans) + (f" and {rest:,} more" if rest else "")


def _mark(file: File | None) -> tuple[str, int] | None:
    return file and (file.name, crc32(file.content))


def _key(name: str, *about: object) -> str:
    """The key of a widget about these values; about others, the widget is reset."""
    return f"{name}_{crc32(repr(about).encode(errors='replace')):08x}"


def leave_own_data(session: Session) -> None:
    """The button that returns from the reader's own data to the task's, if they are in use."""
    if session.data.upload is None:
        return
    st.caption(
        "Your own data stay on the computer that runs rnnviz. A link can only name them, and only "
        "while this server runs."
    )
    leave = on_pair(Pair.load)
    st.button("Back to the task’s data", key="leave_data", on_click=leave, args=(None,))


def own_data(session: Session) -> None:
    """Let the reader upload or paste data, unless the session was given its data."""
    if session.data.given is not None:
        return
    with st.expander("Use your own data"):
        train = _file("train", "Training file")
        if train is None:
            text = st.text_area(
                "Or paste a text or a table", key="pasted", height=100, max_chars=200_000,
                placeholder="text,label\nthis is fine,good\n…",
            )  # fmt: skip
            train = File("pasted text", text.encode()) if text.strip() else None
        if train is None:
            if session.data.problem:
                st.warning(escaped(session.data.problem))
            return
        below_train = st.container()
        test = _file("test", "Test file (optional)")
        _offer(session, train, test, below_train)


def _file(role: str, label: str) -> File | None:
    chosen = place_file(f"{role}_csv", label, _HELP)
    return File(*chosen) if chosen else None


def _offer(session: Session, train: File, test: File | None, below_train: DeltaGenerator) -> None:
    """The choices, the preview and the start button; or a problem, below the file it is about."""
    below_test = st.container()
    # Next to the file, so that it is in sight.
    start = below_train.container()
    try:
        with below_train:
            upload = choose_columns(
                choose_encoding(Upload(train, test, seed=session.config.dataset_seed))
            )
        upload = replace(upload, **_options(upload))
    except EncodingError:
        return
    except TaskError as problem:
        below_train.warning(escaped(str(problem)))
        return
    try:
        with below_train:
            upload = merge_labels(upload)
        with below_test if not check_rows(upload).faults else below_train:
            upload = skip_rows(upload)
        if (unusable := check_rows(upload).unusable) and not upload.skip_bad:
            with suppress(TaskError):
                _picture(replace(upload, skip_bad=True), start)
            _start(session, None, start)
            many = f"{len(unusable):,} rows can’t" if len(unusable) > 1 else "One row can’t"
            said, ways = f"{many} be used", "skip"
            if upload.form and upload.form.numbers:
                said, ways = "There are problems", "fill or skip"
            start.caption(f"{said}: {ways} below, or mend the file.")
            return
        _show(session, upload, start)
    except TaskError as problem:
        place = below_train
        if test is not None:
            # If it is usable without the test file, the problem is in that file.
            with suppress(TaskError):
                dataset_of(replace(upload, test=None, skip_bad=True))
                place = below_test
        place.warning(escaped(str(problem)))


def _show(session: Session, upload: Upload, start: DeltaGenerator) -> None:
    """The preview and the start button; raise TaskError."""
    sentences, example, notes = preview(upload)
    _picture(upload, start)
    st.caption("  \n".join(map(escaped, [*sentences, example])))
    for note in notes:
        st.caption(escaped(note))
    _start(session, upload, start)


def _picture(upload: Upload, place: DeltaGenerator) -> None:
    """Numbers over time as they will be learned; raise TaskError."""
    if series := dataset_of(upload).series:
        place.html(strips_html(series, theme()))


def _start(session: Session, upload: Upload | None, place: DeltaGenerator) -> None:
    """The button that starts training, and why the upload was refused."""
    used = session.data.upload
    learned = upload is None or (used is not None and upload == used.of_run(session.config))
    place.button(
        "Learn from these data", key="learn", type="secondary" if learned else "primary",
        on_click=on_pair(Pair.load), args=(upload,), disabled=learned,
    )  # fmt: skip
    if session.data.problem:
        st.warning(escaped(session.data.problem))


def _options(upload: Upload) -> dict[str, Any]:
    """The widgets of how the chosen columns are read; raise TaskError."""
    form, share = upload.form or Form.NEXT, DATA_SETTINGS["test_share"]
    chosen: dict[str, Any] = {}
    if not form.numbers:
        unit, usual = DATA_SETTINGS["unit"], usual_unit(form)
        read = st.segmented_control(
            unit.label, list(Unit), default=usual, key=f"unit_choice_{form}", help=unit.help,
            format_func=str, required=True,
        )  # fmt: skip
        chosen["unit"] = None if read == usual else read
    if upload.test is None:
        chosen["test_share"] = st.slider(
            share.label, share.low, share.high, share.default, step=share.step, key="test_share",
            help=share.help,
        )  # fmt: skip
    if form is Form.NEXT:
        window = SETTINGS["window"]
        chosen["window"] = _whole("own_window", window, int(window.high), window.default)
    if form.numbers:
        about = _mark(upload.train), form
        first = usual_window(upload)
        chosen["window"] = _whole(_key("own_window", about), SETTINGS["window"], MAX_WORDS, first)
    if form is Form.VALUES:
        row = SETTINGS["horizon"]
        chosen["horizon"] = _whole(_key("own_horizon", about), row, int(row.high), row.default)
    return chosen


def _whole(key: str, row: Setting, most: int, first: int) -> int:
    """The widget of a setting of whole numbers, up to ``most``."""
    return st.number_input(row.label, int(row.low), most, first, key=key, help=row.help)
