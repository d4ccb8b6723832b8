"""DataSource: where the data of a run come from: a task, or the reader's own."""

from __future__ import annotations

from dataclasses import replace

from rnnviz.config import RunConfig
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.registry import TASKS
from rnnviz.tasks.table import TaskError
from rnnviz.tasks.upload import Upload, dataset_of
from rnnviz.tasks.upload_store import UploadStore

_GONE = (
    "In the link: its data are not on this computer any more, or never were: a link can't carry "
    "them. The task's own data are shown; load yours again."
)


class DataSource:
    """The task's data, those of an upload, or a ``dataset`` that was given.

    ``problem`` says why the last upload could not be used.
    """

    def __init__(self, dataset: Dataset | None = None, store: UploadStore | None = None) -> None:
        self.given = dataset
        self.upload: Upload | None = None
        self.problem = ""
        self._store = store or UploadStore()

    @property
    def own(self) -> bool:
        """Whether the data are the reader's own, which a link can't carry."""
        return self.given is not None or self.upload is not None

    def dataset_for(self, config: RunConfig) -> Dataset:
        """The data that are learned with these settings; raise TaskError if they can't be used."""
        if self.given is not None:
            return self.given
        if self.upload is not None:
            return dataset_of(replace(self.upload, seed=config.seed))
        return TASKS[config.task].build(config.lag, config.seed)

    def take(self, upload: Upload | None, config: RunConfig) -> bool:
        """Use an upload, or, with None, the task's data; return whether they can be used.

        If they can't, all stays as it is and ``problem`` says why.
        """
        before, self.upload, self.problem = self.upload, upload, ""
        try:
            self.dataset_for(config)
        except TaskError as problem:
            self.upload, self.problem = before, str(problem)
            return False
        return True

    def first_phrase(self, config: RunConfig, dataset: Dataset) -> str:
        """What is looked at to begin with: the task's probe, or the first example there is."""
        usual = "" if self.own else TASKS[config.task].probe
        return usual or (*dataset.test, *dataset.train)[0].text

    def name(self) -> str | None:
        """The name under which the upload is kept for links; None if there is none."""
        return self._store.put(self.upload) if self.upload else None

    def find(self, name: str | None) -> list[str]:
        """Use the upload that a link names, or the task's data; return what went wrong."""
        self.upload = self._store.get(name) if name else None
        return [] if self.upload or not name else [_GONE]
