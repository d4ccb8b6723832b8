"""What a change of a phrase is called."""

import numpy as np
import pandas as pd
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.session import from_frame
from rnnviz.questions.what_if.changed_phrase import answer_of
from rnnviz.questions.what_if.tab import TAB


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("51.5,0", "With load 51.5 for 53 at"),
        ("51.5,6", "With load 51.5 for 53 and price 6 for 0 at"),
        ("53,0", "With load 53 for 53 and price 0 for 0 at"),
    ],
)
def test_of_a_step_with_several_numbers_those_that_changed_are_named(word, said):
    steps = np.arange(120)
    columns = {"load": 50 + steps % 7, "price": steps % 5 * 2}
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=120), **columns})
    session = from_frame(frame, RunConfig(hidden=3), value=["load", "price"], window=8)
    session.ask("2024-01-11")
    change = TAB.subject(session)
    assert change.first.words[0] == "53, 0"
    how = change.how._replace(place=0, word=word)
    assert said in answer_of(change._replace(how=how))
