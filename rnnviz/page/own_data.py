"""The reader's own data: files or pasted text, a preview, and the start button."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from html import escape
from typing import Any
from zlib import crc32

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.config import SETTINGS
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.tasks.csv_table import Encoding, EncodingError, RowError, TaskError
from rnnviz.tasks.number_columns import SeriesColumns
from rnnviz.tasks.preview import LEARNED, preview
from rnnviz.tasks.rows import TEXT_FORMS, Form, columns_of, near_listed
from rnnviz.tasks.upload import (
    DATA_SETTINGS,
    File,
    Upload,
    cells_of,
    check_rows,
    columns_read,
    dataset_of,
    usual_unit,
    with_columns,
)
from rnnviz.tasks.vocabulary import Unit
from rnnviz.ui.browser_session import on_pair
from rnnviz.ui.stage import place_file
from rnnviz.ui.style import escaped

#: Maximum number of unusable rows that are listed.
_MOST_ROWS = 500
_HELP = (
    "A table (.csv, .tsv, .xlsx, .parquet) with a column of texts and, if you like, one of labels "
    "or translations; or a plain text. At most 5 MB and 20,000 rows. It stays on this machine."
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
        "This file is not UTF-8. How does it read right?", list(samples), None,
        captions=[escaped(sample) for sample in samples.values()], format_func=str,
        key=_key("encoding", _mark(upload.train), _mark(upload.test)),
    )  # fmt: skip
    return replace(upload, encoding=chosen)


def choose_columns(upload: Upload) -> Upload:
    """The upload with the chosen task and columns, at first guessed. Raises TaskError.

    A plain text has no columns.
    """
    if (guess := columns_read(upload)) is None:
        return upload
    if isinstance(guess, SeriesColumns):
        return with_columns(upload)
    cells, key = cells_of(upload.train, upload.encoding), _key("", _mark(upload.train))
    form = guess.form
    if len(cells.columns) > 1:
        form = st.selectbox(
            "To learn", TEXT_FORMS, TEXT_FORMS.index(form), format_func=LEARNED.__getitem__,
            key=f"form{key}",
        ) or form  # fmt: skip
        guess = guess if form is guess.form else columns_of(cells, form)
    chosen = [
        st.selectbox(
            f"Column of the {role}", cells.columns, cells.columns.index(name),
            key=f"{role}_column{key}",
        )
        for role, name in zip(form.columns, guess.names, strict=True)
    ]  # fmt: skip
    text, label = (*chosen, None)[:2]
    return with_columns(replace(upload, form=form, text_column=text, label_column=label))


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
    st.markdown(f"**{count:,} of {checked.count:,} rows can’t be used**")
    st.html(_table(checked.faults, checked.test_faults))
    which = f"these {count:,} rows" if count > 1 else "this row"
    skip = st.checkbox(f"Skip {which}", key=_key("skip", checked.unusable))
    return replace(upload, skip_bad=skip)


def _table(train: tuple[RowError, ...], test: tuple[RowError, ...]) -> str:
    """The unusable rows, as a table that scrolls."""
    named = [("", fault) for fault in train] + [("test ", fault) for fault in test]
    cells = [(f"{file}{fault.row or ''}", escape(fault.reason)) for file, fault in named]
    if len(cells) > _MOST_ROWS:
        cells[_MOST_ROWS:] = [("…", f"{len(cells) - _MOST_ROWS:,} more")]
    rows = "".join(f"<tr><td>{row}</td><td>{reason}</td></tr>" for row, reason in cells)
    return (
        '<div class="rnnviz-faults" role="region" tabindex="0" aria-label="Rows that can’t be '
        f'used"><table><thead><tr><th>row</th><th>reason</th></tr></thead>{rows}</table></div>'
    )


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
    except EncodingError:
        return
    except TaskError as problem:
        below_train.warning(escaped(str(problem)))
        return
    upload = replace(upload, **_options(upload.form or Form.NEXT, test is not None))
    try:
        with below_train:
            upload = merge_labels(upload)
        with below_test if not check_rows(upload).faults else below_train:
            upload = skip_rows(upload)
        if (unusable := check_rows(upload).unusable) and not upload.skip_bad:
            _start(session, None, start)
            many = f"{len(unusable):,} rows can’t" if len(unusable) > 1 else "One row can’t"
            start.caption(f"{many} be used: skip below, or mend the file.")
            return
        sentences, example, notes = preview(upload)
    except TaskError as problem:
        place = below_train
        if test is not None:
            # If it is usable without the test file, the problem is in that file.
            with suppress(TaskError):
                dataset_of(replace(upload, test=None, skip_bad=True))
                place = below_test
        place.warning(escaped(str(problem)))
        return
    st.caption("  \n".join(map(escaped, [*sentences, example])))
    for note in notes:
        st.caption(escaped(note))
    _start(session, upload, start)


def _start(session: Session, upload: Upload | None, place: DeltaGenerator) -> None:
    """The button that starts training, and why the upload was refused."""
    learned = upload is None or upload == session.data.upload
    place.button(
        "Learn from these data", key="learn", type="secondary" if learned else "primary",
        on_click=on_pair(Pair.load), args=(upload,), disabled=learned,
    )  # fmt: skip
    if session.data.problem:
        st.warning(escaped(session.data.problem))


def _options(form: Form, has_test: bool) -> dict[str, Any]:
    """The widgets of the unit, of the test share without a test file, and of a text's window."""
    unit, share = (DATA_SETTINGS[name] for name in ("unit", "test_share"))
    window = SETTINGS["window"]
    usual = usual_unit(form)
    read = st.segmented_control(
        unit.label, list(Unit), default=usual, key=f"unit_choice_{form}", help=unit.help,
        format_func=str, required=True,
    )  # fmt: skip
    chosen: dict[str, Any] = {"unit": None if read == usual else read}
    if not has_test:
        chosen["test_share"] = st.slider(
            share.label, share.low, share.high, share.default, step=share.step, key="test_share",
            help=share.help,
        )  # fmt: skip
    if form is Form.NEXT:
        chosen["window"] = st.number_input(
            window.label, int(window.low), int(window.high), window.default, key="own_window",
            help=window.help,
        )  # fmt: skip
    return chosen
