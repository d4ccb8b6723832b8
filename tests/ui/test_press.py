"""What a button does, once for every press."""

from types import SimpleNamespace

import pytest

from rnnviz.ui import press


@pytest.mark.parametrize(
    ("context", "done"),
    [
        (None, ["a"]),
        (SimpleNamespace(fragment_ids_this_run=None), ["a"]),
        (SimpleNamespace(fragment_ids_this_run=[]), ["a"]),
        (SimpleNamespace(fragment_ids_this_run=["live"]), []),
    ],
    ids=["no page", "the page", "all of the page", "a tick"],
)
def test_a_press_that_comes_with_a_tick_is_left_to_the_one_that_comes_by_itself(
    monkeypatch, context, done
):
    monkeypatch.setattr(press, "get_script_run_ctx", lambda: context)
    heard = []
    press.pressed(heard.append)("a")
    assert heard == done
