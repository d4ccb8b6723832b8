"""The numbers over time that come with rnnviz, a file each, read as a user's own are."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from rnnviz.tasks import shipped
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import File, Upload, dataset_of

#: The longest window: with any horizon it leaves enough windows of the shorter series.
LONGEST = 100
SERIES = shipped("data/series")


@lru_cache(maxsize=32)
def shipped_series(name: str, window: int, horizon: int) -> Dataset:
    """The next values of a series, the last fifth of which is the test.

    A longer window than the series has room for is shortened, with a note.
    """
    longest = min(window, LONGEST)
    content = (SERIES / f"{name}.csv").read_bytes()
    file = File(f"{name}.csv", content)
    data = dataset_of(Upload(file, window=longest, horizon=horizon))
    notes = (f"The window is {LONGEST}, the longest for this series.",) * (window > LONGEST)
    return replace(data, name=name, notes=(*notes, *data.notes))
