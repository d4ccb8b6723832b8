"""DataSource: the data of a run, of a built-in task or uploaded."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from importlib import import_module
from threading import Lock

from rnnviz.config import SETTINGS, RunConfig, TaskName
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.task import Preset, Task
from rnnviz.tasks.upload import Upload, dataset_of

TASKS: dict[TaskName, Task] = {
    name: import_module(f"rnnviz.tasks.{name}").TASK for name in TaskName
}
PRESETS: dict[TaskName, tuple[Preset, ...]] = {name: task.presets for name, task in TASKS.items()}


def contrast(config: RunConfig) -> Preset | None:
    """A preset that learns what the preset ``config`` doesn't, with one setting changed."""
    presets = PRESETS[config.task]
    found = (
        other for mine in presets for other in presets
        if not mine.learns and mine.config(config.seed) == config
        and other.learns and len(mine.settings.items() ^ other.settings.items()) == 2
    )  # fmt: skip
    return next(found, None)


class UploadStore:
    """The latest ``most`` uploads, by random names."""

    def __init__(self, most: int = 8) -> None:
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._most, self._lock = most, Lock()

    def put(self, upload: Upload) -> str:
        """Store an upload and return its name; equal uploads have one name."""
        with self._lock:
            same = (name for name, stored in self._uploads.items() if stored == upload)
            name = next(same, "") or secrets.token_hex(8)
            self._uploads[name] = upload
            self._uploads.move_to_end(name)
            if len(self._uploads) > self._most:
                self._uploads.popitem(last=False)
            return name

    def get(self, name: str) -> Upload | None:
        """The upload of that name, if it is still stored."""
        with self._lock:
            return self._uploads.get(name)


_GONE = (
    "In the link: its data are not on this computer, and a link can't carry them. The task's "
    "own data are shown; load yours again."
)


class DataSource:
    """The data of the task, of an upload, or a fixed ``dataset``.

    ``problem`` is the error of the last upload.
    """

    def __init__(self, dataset: Dataset | None = None, store: UploadStore | None = None) -> None:
        self.given = dataset
        self.upload: Upload | None = None
        self.problem = ""
        self._store = store or UploadStore()

    @property
    def own(self) -> bool:
        """Whether the data aren't the task's; a link can't carry them."""
        return self.given is not None or self.upload is not None

    def reads(self, setting: str, task: TaskName) -> bool:
        """Whether a setting has an effect on the data; on own data, only window and horizon can."""
        if not self.own or SETTINGS[setting].group != "Data":
            return TASKS[task].reads(setting)
        form = self.upload and (self.upload.form or Form.NEXT)
        if setting == "window":
            return form is Form.NEXT or bool(form and form.numbers)
        return setting == "horizon" and form is Form.VALUES

    def dataset_for(self, config: RunConfig) -> Dataset:
        """The dataset of a run with these settings; raise TaskError."""
        if self.given is not None:
            return self.given
        if self.upload is not None:
            return dataset_of(self.upload.of_run(config))
        return TASKS[config.task].dataset(config)

    def take(self, upload: Upload | None, config: RunConfig) -> bool:
        """Use an upload, or the task's data (None); False if it is invalid: the old data stay."""
        before, self.upload, self.problem = self.upload, upload, ""
        try:
            self.dataset_for(config)
        except TaskError as error:
            self.upload, self.problem = before, str(error)
            return False
        return True

    def first_phrase(self, config: RunConfig, dataset: Dataset) -> str:
        """The text shown first: the task's probe, or the first example."""
        probe = "" if self.own else TASKS[config.task].probe
        return probe or dataset.phrase_of((*dataset.test, *dataset.train)[0])

    def name(self) -> str | None:
        """The name of the upload for links; None without an upload."""
        return self._store.put(self.upload) if self.upload else None

    def find(self, name: str | None, config: RunConfig) -> list[str]:
        """Use the upload that a link names, or the task's data; return the problems."""
        self.upload = self._store.get(name) if name else None
        try:
            self.dataset_for(config)
        except TaskError as problem:
            self.upload = None
            return [f"In the link: {problem}"]
        return [] if self.upload or not name else [_GONE]
