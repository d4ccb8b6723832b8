"""The sentiment phrases as dicts, for a notebook: text -> whether it is positive."""

from rnnviz.tasks.dataset import Dataset, Example
from rnnviz.tasks.sentiment import sentiment


def _as_dict(phrases: tuple[Example, ...], dataset: Dataset) -> dict[str, bool]:
    return {p.text: dataset.classes[p.target] == "positive" for p in phrases}


train_data: dict[str, bool] = _as_dict(sentiment().train, sentiment())
test_data: dict[str, bool] = _as_dict(sentiment().test, sentiment())
