"""Own answers: what a network answers to examples, as their targets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnnviz.engine.evaluation import Evaluator
from rnnviz.engine.parameters import Parameters
from rnnviz.tasks.dataset import Dataset


def answered(dataset: Dataset, parameters: Parameters) -> Dataset:
    """The dataset with the network's own answers as the targets of its training examples."""
    evaluator = Evaluator(dataset.train, parameters.copy())
    # The outputs of an example are in the order of its tokens.
    order = np.argsort(evaluator.owners, kind="stable")
    outputs = evaluator.outputs(parameters)[order]
    answers = outputs.argmax(axis=1) if dataset.answers_classes else outputs
    ends = np.cumsum([len(example.targets) for example in dataset.train])
    parts = np.split(answers, ends[:-1])
    pairs = zip(dataset.train, parts, strict=True)
    return replace(dataset, train=tuple(replace(one, targets=part) for one, part in pairs))
