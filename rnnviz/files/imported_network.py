"""ImportedNetwork: a network from elsewhere with data to read; it makes sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rnnviz.files.foreign_network import ForeignNetwork
from rnnviz.files.own_answers import answered
from rnnviz.probe.session import Session
from rnnviz.run.first_network import FirstNetwork
from rnnviz.tasks.dataset import Dataset


@dataclass(frozen=True, eq=False)
class ImportedNetwork:
    """A network from elsewhere and its data; every session of it has a run of its own.

    Without labels its own answers are the targets.
    """

    dataset: Dataset
    first: FirstNetwork

    def __post_init__(self) -> None:
        if not self.dataset.labelled:
            object.__setattr__(self, "dataset", answered(self.dataset, self.first.parameters))

    @classmethod
    def of(cls, network: ForeignNetwork, dataset: Dataset, source: str) -> ImportedNetwork:
        """A network with PyTorch's arrays; raises TransferError if its sizes aren't the data's."""
        network.check_sizes(len(dataset.vocabulary), len(dataset.classes))
        first = FirstNetwork(network.parameters(), network.config(), source, network.note)
        # The page has one line for it where one presses Play, and here room for all of it.
        notes = [network.note] if dataset.labelled and network.note else []
        return cls(replace(dataset, notes=(*dataset.notes, *notes)), first)

    def session(self) -> Session:
        """A session that begins with the network."""
        return Session(self.first.config, self.dataset, first=self.first)


def noted(dataset: Dataset, notes: Sequence[str]) -> Dataset:
    """The dataset with these notes before its own."""
    return replace(dataset, notes=(*notes, *dataset.notes))
