"""How much the widgets of a kernel may send."""

import pytest

from rnnviz.notebook.session_widget import MOST, DataRate


def test_what_was_sent_takes_its_time():
    rate = DataRate()
    assert rate.wait(5.0) == 0
    rate.add(5.0, MOST // 10)
    rate.add(5.05, MOST // 10)
    assert rate.wait(5.05) == pytest.approx(0.15)
    assert rate.wait(6.0) == 0
    rate.add(6.0, MOST)
    assert rate.wait(6.0) == pytest.approx(1.0), "a rest is not saved up"


def test_the_limit_is_below_that_of_jupyter_s_server():
    assert MOST < 1_000_000
