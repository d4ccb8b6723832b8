"""Preview: an upload in a few lines, before it is learned."""

from __future__ import annotations

from collections import Counter

from rnnviz.tasks.data.csv_table import shown
from rnnviz.tasks.data.number_columns import SeriesColumns, joined_columns
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import Upload, check_rows, dataset_of, split_upload

#: The targets of each form, in words.
LEARNED = {
    Form.LABEL: "classes", Form.NEXT: "what comes next", Form.TRANSLATION: "translation",
    Form.VALUES: "the next values", Form.SERIES: "the class of a series",
    Form.STEPS: "a class at every step",
}  # fmt: skip
#: Maximum number of classes that are listed.
_MOST_LISTED = 12


def preview(upload: Upload) -> tuple[list[str], str, tuple[str, ...]]:
    """The summary of an upload, line by line, an example, and the notes; raise TaskError."""
    data, checked = dataset_of(upload), check_rows(upload)
    if isinstance(checked.columns, SeriesColumns):
        return _series_preview(data, checked.columns, checked.count)
    form, unit, row = checked.form, checked.unit, split_upload(upload)[0][0]
    size = "plain text"
    if checked.columns is not None:
        rows = len(checked.train) + len(checked.test or ())
        names = " and ".join(shown(name) for name in checked.columns.names)
        size = f"{rows:,} row{'s' * (rows != 1)} of {names}"
    source = f", {len(data.source):,} in the source" if data.source else ""
    arrays = (a for e in (*data.train, *data.test) for a in (e.inputs, e.source) if a is not None)
    lines = [
        f"To learn: {LEARNED[form]}, in {unit}, from {size}",
        f"{len(data.train):,} sequences to train, {len(data.test):,} to test",
        f"{len(data.vocabulary):,} different {unit}{source}; the longest sequence has "
        f"{max(map(len, arrays)):,}",
    ]
    if form is Form.LABEL:
        train, test = (Counter(e.target for e in part) for part in (data.train, data.test))
        listed = ", ".join(
            f"{name[:30]} ({train[k]:,} + {test[k]:,})"
            for k, name in enumerate(data.classes[:_MOST_LISTED])
        )
        more = len(data.classes) - _MOST_LISTED
        rest = f" and {more} more" if more > 0 else ""
        lines.append(f"Classes (train + test): {listed}{rest}")
    if data.unknown:
        words = ", ".join(word[:30] for word in data.unknown[:8])
        lines.append(f"{unit.capitalize()} only in the test: {len(data.unknown):,} ({words})")
    text = f"{' '.join(row.text[:100].split())}{'…' * (len(row.text) > 100)}"
    said = f" → {row.label[:60]}" if row.label else ""
    return lines, f"For example: {text}{said}", data.notes


def _series_preview(
    data: Dataset, columns: SeriesColumns, count: int
) -> tuple[list[str], str, tuple[str, ...]]:
    series = data.series
    assert series, "only series have this preview"
    every = (*series.train, *series.test)
    lengths = [len(one.inputs) for one in (*data.train, *data.test)]
    # Without those that were skipped; an input of texts is read as several.
    read = {part for name in series.columns.numbers for part in (name, name.rpartition("=")[0])}
    values, inputs = (
        [name for name in names if name in read] for names in (columns.values, columns.inputs)
    )
    roles = {
        "time": columns.time, "values": joined_columns(values), "inputs": joined_columns(inputs),
        "series": columns.id, "label": columns.label,
    }  # fmt: skip
    least, most = min(lengths), max(lengths)
    long = f"{most}" if least == most else f"{least} to {most}"
    told = "; ".join(f"{role}: {names[:100]}" for role, names in roles.items() if names)
    ahead = f", {series.horizon} ahead" if columns.form is Form.VALUES else ""
    lines = [
        f"To learn: {LEARNED[columns.form]}, from {count:,} rows ({told})",
        f"{len(data.train):,} windows of {long} steps{ahead} to train, {len(data.test):,} to test",
        f"{len({piece.name for piece in every}):,} series, {sum(map(len, every)):,} steps",
    ]
    if data.answers_classes:
        lines.append(f"Classes: {', '.join(name[:30] for name in data.classes[:_MOST_LISTED])}")
    first = data.train[0]
    return lines, f"For example: {first.key}: {first.text[:100]}", data.notes
