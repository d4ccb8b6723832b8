"""What a button does, once for every press."""

from types import SimpleNamespace

import pytest

from rnnviz.ui import press


@pytest.fixture
def page(monkeypatch):
    """Says what of the page runs: all of it, or these fragments."""
    monkeypatch.setattr(press, "st", SimpleNamespace(session_state={}))
    context = SimpleNamespace(fragment_ids_this_run=None)
    monkeypatch.setattr(press, "get_script_run_ctx", lambda: context)
    return context


@pytest.mark.parametrize("fragments", [None, []])
def test_a_press_is_done_when_the_page_runs(page, fragments):
    page.fragment_ids_this_run, done = fragments, []
    press.pressed(done.append)("a")
    assert done == ["a"]
    assert press.put_aside() == []


def test_without_a_page_it_is_done_too(page, monkeypatch):
    monkeypatch.setattr(press, "get_script_run_ctx", lambda: None)
    done = []
    press.pressed(done.append)("a")
    assert done == ["a"]


def test_a_press_that_comes_with_a_tick_is_left_to_the_one_that_comes_by_itself(page):
    page.fragment_ids_this_run, done = ["live"], []
    press.pressed(done.append)("a")
    assert done == press.put_aside() == []
    press.inside(done.append)("b")
    assert press.put_aside() == []
    assert done == ["b"]


@pytest.mark.parametrize("first", ["press", "inside"])
def test_a_press_that_comes_with_something_done_inside_does_not_come_again(page, first):
    page.fragment_ids_this_run, done = ["live"], []
    acts = [lambda: press.pressed(done.append)("a"), lambda: press.inside(done.append)("b")]
    for act in acts if first == "press" else reversed(acts):
        act()
    for put in (press.put_aside(), press.put_aside()):
        for each in put:
            each()
    assert done == ["b", "a"]
