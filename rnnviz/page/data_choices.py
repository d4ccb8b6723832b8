"""How the reader's own data are read: encoding, columns, labels that are merged, rows left out."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from zlib import crc32

import streamlit as st

from rnnviz.tasks.columns import Form, columns_of
from rnnviz.tasks.csv_table import Fault, TaskError
from rnnviz.tasks.encoding import Encoding, EncodingError
from rnnviz.tasks.table import near_listed
from rnnviz.tasks.upload import File, Upload, cells_of, check_rows, columns_read, with_columns
from rnnviz.tasks.upload_preview import LEARNED
from rnnviz.ui.style import escaped

#: At most so many rows that can't be used are listed.
_MOST_ROWS = 500


def choose_encoding(upload: Upload) -> Upload:
    """The upload with the encoding that is chosen, if a file of it isn't UTF-8.

    Until one is chosen, the upload can't be read.
    """
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
    """The upload with what is to be learned, from the columns that are chosen.

    At first they are guessed. A plain text has none. Raises TaskError.
    """
    guess = columns_read(upload)
    if guess is None:
        return upload
    cells, key = cells_of(upload.train, upload.encoding), _key("", _mark(upload.train))
    form = guess.form
    if len(cells.columns) > 1:
        form = st.selectbox(
            "To learn", list(Form), list(Form).index(form), format_func=LEARNED.__getitem__,
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
    """The upload, which makes labels one that are nearly equal if the reader says so."""
    near = check_rows(upload).near
    if not near:
        return upload
    merge = st.checkbox("Merge nearly equal labels", key=_key("merge", near))
    what = "Merged" if merge else "Nearly equal"
    st.caption(escaped(f"{what}: {near_listed(near, merge)}"))
    return replace(upload, merge_labels=merge)


def skip_rows(upload: Upload) -> Upload:
    """The upload, which leaves out the rows that can't be used if the reader says so.

    They are listed, with their reasons.
    """
    checked = check_rows(upload)
    count = len(checked.unusable)
    if not count:
        return upload
    st.markdown(f"**{count:,} of {checked.count:,} rows can’t be used**")
    st.html(_table(checked.faults, checked.test_faults))
    which = f"these {count:,} rows" if count > 1 else "this row"
    skip = st.checkbox(f"Skip {which}", key=_key("skip", checked.unusable))
    return replace(upload, skip_bad=skip)


def _table(train: tuple[Fault, ...], test: tuple[Fault, ...]) -> str:
    """The rows that can't be used, as a table that scrolls."""
    named = [(fault, "") for fault in train] + [(fault, "test ") for fault in test]
    rows = "".join(
        f"<tr><td>{whose}{fault.row or ''}</td><td>{escape(fault.reason)}</td></tr>"
        for fault, whose in named[:_MOST_ROWS]
    )
    if len(named) > _MOST_ROWS:
        rows += f"<tr><td>…</td><td>{len(named) - _MOST_ROWS:,} more</td></tr>"
    return (
        '<div class="rnnviz-faults" role="region" tabindex="0" aria-label="Rows that can’t be '
        f'used"><table><thead><tr><th>row</th><th>reason</th></tr></thead>{rows}</table></div>'
    )


def _mark(file: File | None) -> tuple[str, int] | None:
    """What tells a file from others."""
    return file and (file.name, crc32(file.content))


def _key(name: str, *about: object) -> str:
    """The key of a widget about these things: it begins anew with others."""
    return f"{name}_{crc32(repr(about).encode(errors='replace')):08x}"
